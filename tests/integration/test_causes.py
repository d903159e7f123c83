"""Links that do not come up though their users were reached: all who look see the same cause.

The causes that lie in the network between are in tests/network.
"""

import re
from collections.abc import Callable
from contextlib import suppress

import aiohttp
from structlog.testing import capture_logs

from relay.bots.client import Client
from relay.errors import BotError
from relay.protocol.messages import Error, LinkCause, LinkReport, WebrtcAnswer, WebrtcOffer
from tests.support.bots import relay
from tests.support.thin import ThinPeer

LINK_TIMEOUT_S = 2.0
"""Enough for a handshake to go as far as it can."""
Prepare = Callable[[ThinPeer], str]
"""Makes an offer, of a peer that is not as it should be."""


async def cause_of(prepare: Prepare, *reports: LinkReport) -> LinkCause | None:
    """What a client is told of its link, when log and metric have the same."""
    with capture_logs() as logs:
        async with relay(link_timeout_s=LINK_TIMEOUT_S, metrics_public=True) as url:
            peer, client = ThinPeer(), Client(url)
            try:
                await client.connect()
                await client.send(WebrtcOffer(sdp=prepare(peer)))
                peer.take_answer((await client.expect(WebrtcAnswer)).sdp)
                for report in reports:
                    await client.send(report)
                with suppress(BotError):
                    await peer.connect(timeout_s=LINK_TIMEOUT_S)
                error = await client.expect(Error)
            finally:
                await peer.vanish()
                await client.close()
            counted = await failures(url)
    [logged] = [each["cause"] for each in logs if each["event"] == "media_failed"]
    assert (error.code, logged, counted) == ("media_failed", error.cause, {error.cause: 1})
    return error.cause


async def failures(url: str) -> dict[str, int]:
    """What the metric says, without its zeros."""
    address = url.replace("ws", "http", 1).removesuffix("ws") + "metrics"
    async with aiohttp.ClientSession() as http, http.get(address) as response:
        text = await response.text()
    found = re.findall(r'^relay_link_failures_total\{cause="(\w+)"\} (\d+)', text, re.MULTILINE)
    return {cause: int(count) for cause, count in found if int(count)}


def with_another_certificate(peer: ThinPeer) -> str:
    offer = peer.offer()
    found = re.search(r"a=fingerprint:sha-256 (\w\w)", offer)
    assert found
    other = "00" if found[1] != "00" else "FF"
    return offer.replace(found[0], f"a=fingerprint:sha-256 {other}")


def who_goes_silent(peer: ThinPeer) -> str:
    """After the first word of its handshake, as if all else took too long."""
    said: list[bytes] = []

    def change(datagram: bytes) -> list[bytes]:
        said.append(datagram)
        return [datagram] if len(said) == 1 else []

    peer.forge(change)
    return peer.offer()


def without_a_handshake(peer: ThinPeer) -> str:
    peer.forge(lambda _: [])
    return peer.offer()


async def test_a_certificate_that_was_not_announced() -> None:
    """It may be somebody else's: the peer's own has until the end of the time."""
    assert await cause_of(with_another_certificate) == "dtls_failed"


async def test_a_handshake_that_does_not_get_through() -> None:
    assert await cause_of(without_a_handshake) == "dtls_failed"


async def test_a_handshake_that_takes_too_long() -> None:
    assert await cause_of(who_goes_silent) == "slow"


async def test_a_client_that_measures_how_far_away_it_is() -> None:
    far = LinkReport(state="connecting", round_trip_ms=3000)
    assert await cause_of(without_a_handshake, far) == "slow"
