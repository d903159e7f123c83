"""A peer of which nothing comes any more: what counts as a sign of life, and what does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from relay.media.upkeep import LATE_S
from tests.support.exchange import PATIENCE_S, Exchange, audio, until
from tests.support.news import Interrupted, Resumed
from tests.support.packets import check, nack, rr
from tests.support.thin import ThinPeer

STEP_S = 0.5
assert STEP_S < LATE_S

Sign = Callable[[ThinPeer, int], None]


def report(peer: ThinPeer, _: int) -> None:
    peer.send_rtcp(rr(peer.ssrcs.video))


def feedback(peer: ThinPeer, _: int) -> None:
    peer.send_rtcp(nack(peer.ssrcs.video, 1, (1, 0)))


def sound(peer: ThinPeer, number: int) -> None:
    peer.send_rtp(audio(peer, number))


def look(peer: ThinPeer, _: int) -> None:
    peer.send_raw(check(f"{peer.remote.ufrag}:x", peer.remote.password))


def forged_sound(peer: ThinPeer, number: int) -> None:
    peer.send_raw(audio(peer, number) + bytes(16))


def forged_report(peer: ThinPeer, _: int) -> None:
    peer.send_raw(rr(peer.ssrcs.video) + bytes(20))


def forged_check(peer: ThinPeer, _: int) -> None:
    peer.send_raw(check(f"{peer.remote.ufrag}:x", "a wrong password"))


class Life:
    """One peer's link, half a second after the other."""

    def __init__(self, exchange: Exchange, peer: ThinPeer) -> None:
        self._exchange = exchange
        self._peer = peer
        self._number = 0

    async def go_on(self, seconds: float, sign: Sign | None) -> None:
        """Time passes, and nothing comes but this, as long as nothing is told."""
        for _ in range(round(seconds / STEP_S)):
            if not self._exchange.heard_nothing:
                return
            self._number += 1
            self._exchange.skew_s += STEP_S
            if sign is not None:
                before = self._exchange.stats().packets_received
                sign(self._peer, self._number)
                await until(lambda: self._exchange.stats().packets_received > before)  # noqa: B023
            self._exchange.plane.tick()

    async def stay(self, seconds: float, sign: Sign | None) -> None:
        """As :meth:`go_on`; nothing is told meanwhile."""
        await self.go_on(seconds, sign)
        assert self._exchange.heard_nothing


@pytest.fixture
async def life(exchange: Exchange) -> Life:
    """Of a peer that has reported for a while."""
    peer = await exchange.join("a")
    peer.ice.stop_consent()
    exchange.plane.tick()
    life = Life(exchange, peer)
    await life.stay(7, report)
    await life.stay(STEP_S, look)
    await life.stay(7, report)
    return life


@pytest.mark.parametrize("sign", [report, feedback, sound, look])
async def test_whatever_is_authenticated_is_a_sign_of_life(
    exchange: Exchange, life: Life, sign: Sign
) -> None:
    await life.stay(10, sign)
    await life.go_on(PATIENCE_S, None)
    await exchange.hears(Interrupted("a"))
    await life.stay(2, None)
    await life.go_on(STEP_S, sign)
    await exchange.hears(Resumed("a"))


@pytest.mark.parametrize("sign", [forged_sound, forged_report, forged_check])
async def test_what_is_not_authenticated_is_none(
    exchange: Exchange, life: Life, sign: Sign
) -> None:
    await life.go_on(PATIENCE_S, sign)
    await exchange.hears(Interrupted("a"))
    await life.stay(2, sign)


async def test_a_clock_that_is_late_calls_nobody_interrupted_or_back(
    exchange: Exchange, life: Life
) -> None:
    """What has come meanwhile may not have been read."""
    exchange.skew_s += 8
    exchange.plane.tick()
    await life.stay(3, None)
    await life.go_on(PATIENCE_S, None)
    await exchange.hears(Interrupted("a"))
    exchange.skew_s += 8
    exchange.plane.tick()
    assert exchange.heard_nothing


async def test_a_link_that_is_not_up_is_not_interrupted(exchange: Exchange) -> None:
    await exchange.answer("a", exchange.peer().offer())
    for _ in range(50):
        exchange.skew_s += STEP_S
        exchange.plane.tick()
    assert exchange.heard_nothing
