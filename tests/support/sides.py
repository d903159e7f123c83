"""Two users' uplinks and downlinks without sockets, DTLS or SRTP between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from relay.media.downlink import Downlink
from relay.media.flow import Flow
from relay.media.negotiation.sdp import read
from relay.media.outlet import Outlet
from relay.media.uplink import Uplink
from relay.media.verdict import GOES_ON, GOES_OUT, Verdict
from tests.support.packets import Rtp, beginning, read_rtp

AUDIO, VIDEO, REPAIR = ("audio", False), ("video", False), ("video", True)


@dataclass
class Side:
    """One user: what it sends (uplink), what it receives (downlink)."""

    offer: str
    uplink: Uplink = field(init=False)
    downlink: Downlink = field(init=False)
    told: list[bytes] = field(default_factory=list)
    """RTCP that the relay sent on its own."""
    filled: list[Rtp] = field(default_factory=list)
    """What was in the user's packets beside their own, and went out."""

    def __post_init__(self) -> None:
        self.uplink = Uplink()
        self.downlink = Downlink("user", self.told.append)
        self.agree(self.offer)

    def agree(self, offer: str) -> None:
        """Negotiate, or negotiate again."""
        self.offer = offer
        terms = read(offer)
        self.downlink.agree(terms)
        self.uplink.agree(terms)

    def outlet(self, key: tuple[str, bool]) -> Outlet:
        """The outlet on which this user receives."""
        return self.downlink.outlets[key]

    def send(self, packet: bytes, now: float = 100.0) -> Rtp | Verdict | str:
        """Have the relay take one packet of this user: what went out, or why none did."""
        buffer = bytearray(b"\xee" * 16 + packet + b"\xee" * 160)
        view, at, end = memoryview(buffer), 16, 16 + len(packet)
        wire = read_header(packet)
        stream = self.uplink.streams.get(wire.ssrc)
        if stream is None:
            if not self.uplink.has_room(wire.ssrc):
                return "no room"
            stream = self.uplink.learn(wire.ssrc, wire.payload_type, wire.number)
            if stream is None:
                return "unknown payload type"
        extended = stream.arrived(wire.number, wire.rtp_ts, len(packet), now)
        took_over = stream.route is not None or self.uplink.take_over(stream, now)
        if stream.route is None:
            self.uplink.kept(view, at, end, stream, now)
            return "unpaired" if took_over else "superseded"
        verdict = stream.route.rewrite(view, at, end, beginning(packet), extended, now)
        if verdict is Verdict.RESTORED:
            return read_rtp(bytes(buffer[at : end - 2]))
        if verdict is Verdict.UNWRAPPED:
            unwrapped = stream.route.unwrapped
            self.filled += map(read_rtp, unwrapped.fills)
            return read_rtp(bytes(buffer[at : end - unwrapped.cut]))
        if verdict not in GOES_OUT:
            stream.route.dropped(len(packet))
            self.uplink.kept(view, at, end, stream, now)
        assert buffer[:at] == b"\xee" * at
        assert buffer[end:] == b"\xee" * 160
        return read_rtp(bytes(buffer[at:end])) if verdict in GOES_ON else verdict

    def sent(self, packet: bytes, now: float = 100.0) -> Rtp:
        """As :meth:`send`, of a packet that must go out."""
        out = self.send(packet, now)
        assert isinstance(out, Rtp), out
        return out


def read_header(packet: bytes) -> Rtp:
    """The fixed header alone, of a packet whose rest may lie."""
    return read_rtp(bytes([0x80]) + packet[1:12])


def flow(sender: Side, receiver: Side) -> Flow:
    """Pair one way."""
    return Flow(sender.uplink, receiver.downlink)


def pair(a: Side, b: Side) -> tuple[Flow, Flow]:
    """Pair both ways: (a to b, b to a)."""
    return flow(a, b), flow(b, a)


def part(a: Side) -> None:
    """End both flows of a user."""
    for ended in (a.uplink.flow, a.downlink.flow):
        if ended is not None:
            ended.end()
