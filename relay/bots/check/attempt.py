"""One way: a link that can come about by it alone, and media that goes there and comes back."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from relay.bots.check.probe import NUMBERING, Measured, Probe
from relay.bots.check.streams import StreamIce, over_tcp, over_turn
from relay.bots.check.ways import Address, Way, plain
from relay.bots.client import Client
from relay.bots.thin import ThinPeer
from relay.errors import BotError
from relay.protocol.messages import Echo, EchoState, StopChat, WebrtcAnswer, WebrtcOffer

UP_S = 4.0
"""How long a link may take to come up; an address that has not answered by then will not."""
MEASURED_S = 3.0
LAST_S = 0.5
"""How long the last packets are waited for."""

_STEP_S = 0.005


@dataclass(slots=True)
class Tried:
    """What came of a way."""

    way: Way
    up_s: float | None = None
    """How long it took until the link was up; None when it never was."""
    measured: Measured | None = None
    reason: str | None = None
    """Why it does not work; None when it does."""


async def attempt(client: Client, way: Way, fingerprint: bytes | None) -> Tried:
    """Try a way; whatever goes wrong is in what is returned."""
    tried, began_s = Tried(way), time.monotonic()
    try:
        async with _linked(client, way, fingerprint) as (peer, took):
            tried.up_s = time.monotonic() - began_s
            tried.measured = await _measure(client, peer, took)
        if tried.measured is None:
            tried.reason = "the link is up, and no media comes back"
    except TimeoutError:
        tried.reason = "no answer"
    except BotError as error:
        tried.reason = plain(str(error))
    return tried


class _Ears:
    """Where packets go that come, once somebody listens."""

    def __init__(self) -> None:
        self.take: Callable[[bytes, float], None] = lambda _, __: None

    def on_rtp(self, packet: bytes) -> None:
        self.take(packet, time.monotonic())


@asynccontextmanager
async def _linked(
    client: Client, way: Way, fingerprint: bytes | None
) -> AsyncIterator[tuple[ThinPeer, _Ears]]:
    """A link that is up; :raises BotError: or TimeoutError when it does not come up."""
    ears, peer = _Ears(), None
    async with asyncio.timeout(UP_S) as patience, _wire(way, fingerprint) as (open_ice, targets):
        try:
            peer = ThinPeer(
                host="::" if way.family == "ipv6" else "0.0.0.0",  # noqa: S104 - the kernel's choice
                numbering=NUMBERING,
                on_rtp=ears.on_rtp,
                on_rtcp=lambda _: None,
                open_ice=open_ice,
            )
            await client.send(WebrtcOffer(sdp=peer.offer()))
            peer.take_answer((await client.expect(WebrtcAnswer)).sdp)
            peer.ice.choose(targets)
            await peer.connect(UP_S)
            patience.reschedule(None)
            yield peer, ears
        finally:
            with suppress(BotError):
                await client.send(StopChat())  # the link ends, whatever has come of it
            if peer is not None:
                await peer.close()


_OpenIce = Callable[[Callable[[bytes], None]], StreamIce] | None


@asynccontextmanager
async def _wire(
    way: Way, fingerprint: bytes | None
) -> AsyncIterator[tuple[_OpenIce, tuple[Address, ...]]]:
    """What a peer is to send by, and to which addresses; None for a UDP socket of its own."""
    if way.kind == "udp":
        yield None, way.addresses
    elif way.turn is None:
        async with over_tcp(way.addresses) as (wire, address):
            yield (lambda on_srtp: StreamIce(wire, on_srtp)), (address,)
    else:
        async with over_turn(way.turn, fingerprint) as relayed:
            yield (lambda on_srtp: StreamIce(relayed, on_srtp)), way.addresses


async def _measure(client: Client, peer: ThinPeer, ears: _Ears) -> Measured | None:
    await client.send(Echo(on=True))
    while not (await client.expect(EchoState, UP_S)).on:
        pass  # the end of one before
    probe = Probe(peer.ssrcs, peer.send_rtp)
    ears.take = probe.take
    until_s = time.monotonic() + MEASURED_S
    while (now_s := time.monotonic()) < until_s:
        probe.play(now_s)
        await asyncio.sleep(_STEP_S)
    while not probe.is_complete and time.monotonic() < until_s + LAST_S:  # noqa: ASYNC110
        await asyncio.sleep(_STEP_S)
    return probe.measured()
