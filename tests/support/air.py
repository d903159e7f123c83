"""The relay and its users in virtual time, with weather on all hops: no sockets, but real SRTP.

The forwarder, the links and the plane's pairing and clock are the real ones; the socket is not, and
instead of DTLS both ends are handed keys.
"""

from __future__ import annotations

import secrets
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
from pylibsrtp import Error

from relay.bots.picture import read
from relay.media.plane import TICK_S, RelayPlane
from relay.plane import LinkState
from tests.support.camera import Camera, Numbers, Sent, bare
from tests.support.fake_socket import FakeSocket
from tests.support.forwarding import Caller, srtp_session
from tests.support.packets import Rtp, read_rtcp, read_rtp
from tests.support.screen import Screen
from tests.support.sides import AUDIO, REPAIR, VIDEO
from tests.support.weather import Timeline, Weather

FEEDBACK_S = 0.01
CHECK_S = 4.0


class Air:
    """A relay, and the network around it."""

    def __init__(self, weather: Weather) -> None:
        self.weather = weather
        self.timeline = Timeline()
        self.socket = FakeSocket()
        self.plane = RelayPlane("127.0.0.1", 0, clock=lambda: self.now)
        self.forwarder = self.plane._begin(self.socket)
        self.forwarder.repairs.wake = self._look_in
        self.visitors: dict[object, Visitor] = {}
        self.arriving: tuple[int, int | None] = 0, None
        """Whose packet the relay has before it, and its transport-wide number."""
        self.timeline.every(TICK_S, self._tick)

    @property
    def now(self) -> float:
        return self.timeline.now

    def join(self, source: int, offer: str, numbers: Numbers | None = None) -> Visitor:
        """A user whose link is up, and whose camera rolls."""
        visitor = Visitor(self, source, offer, numbers or Numbers())
        self.visitors[visitor.address] = visitor
        visitor.camera.roll()
        return visitor

    def hear(self, address: object, *datagrams: bytes) -> list[tuple[object, bytes]]:
        """Have datagrams arrive at the relay, whatever the weather; what it sends goes out."""
        self.socket.waiting += [(address, data) for data in datagrams]
        self.forwarder.on_readable()
        sent = list(self.socket.taken())
        for target, data in sent:
            if target in self.visitors:
                self.visitors[target].is_sent(data)
        return sent

    def pair(self, a: Visitor, b: Visitor) -> Meeting:
        """Make them partners; whoever was a partner before is none any more. What ``a`` gets."""
        self.part(a)
        self.part(b)
        self.plane.pair(a.name, b.name)
        for user, partner in ((a, b), (b, a)):
            user.meeting = Meeting(user, partner)
            user.meetings.append(user.meeting)
        self._drain()
        return a.meetings[-1]

    def part(self, user: Visitor) -> None:
        """End what a user has of its partner, if there is one, and the other way round."""
        if user.meeting is not None:
            for one in (user, user.meeting.partner):
                one.end_meeting()
        self.plane.unpair(user.name)

    def _tick(self) -> None:
        self.plane.tick()
        self._drain()

    def _look_in(self, seconds: float) -> None:
        def look() -> None:
            self.forwarder.repairs.look(self.now)
            self._drain()

        self.timeline.at(self.now + seconds, look)

    def _drain(self) -> None:
        """What the relay sends on its own."""
        self.hear(None)


class Meeting:
    """What one user gets of one partner, between two swaps."""

    def __init__(self, user: Visitor, partner: Visitor) -> None:
        self.user, self.partner = user, partner
        self.began_at = self._now()
        self.ended_at = float("inf")
        self.reached: Counter[int] = Counter()
        """Of each of the partner's frames: how many packets came to the relay meanwhile."""
        self.shown: list[tuple[float, int]] = []
        """The partner's pictures: when, and the frame's number."""
        self.spoken: list[tuple[int, bytes]] = []
        """The partner's Opus packets as they left the relay: number and payload."""
        self._first, self._end = partner.camera.next_frame, 0
        self._first_word, self._last_word = len(partner.camera.spoken), 0

    def _now(self) -> float:
        return self.user.air.now

    def end(self) -> None:
        self.ended_at = self._now()
        self._end, self._last_word = self.partner.camera.next_frame, len(self.partner.camera.spoken)

    @property
    def said(self) -> int:
        """How many Opus packets the partner sent meanwhile."""
        return self._last_word - self._first_word

    @property
    def keyframes(self) -> list[int]:
        """The frames that the partner made key frames meanwhile."""
        return [n for n in self.partner.camera.keyframes if self._first <= n < self._end]

    @property
    def numbers(self) -> list[int]:
        return [number for _, number in self.shown]

    @property
    def shot(self) -> list[int]:
        """What the partner shot since its first key frame for this user."""
        return list(range(self.keyframes[0], self._end))

    @property
    def whole(self) -> list[int]:
        """Of those, the frames that came to the relay whole, up to the first that did not."""
        sizes, found = self.partner.camera.sizes, []
        for number in self.shot:
            if self.reached[number] < sizes[number]:
                break
            found.append(number)
        return found

    @property
    def longest_pause_s(self) -> float:
        """Without a new picture, also at the beginning and at the end."""
        times = [self.began_at, *(at for at, _ in self.shown), self.ended_at]
        return max(after - before for before, after in pairwise(times))

    @property
    def cut(self) -> bool:
        """Whether a frame was under way when it ended."""
        last, sizes = max(self.reached), self.partner.camera.sizes
        return self.reached[last] < sizes[last]


class Visitor:
    """A user: a camera, a screen, and the relay's link between them."""

    def __init__(self, air: Air, source: int, offer: str, numbers: Numbers) -> None:
        self.air, self.source, self.name = air, source, f"user {source}"
        self.address = (f"192.0.2.{source}", 40_000 + source)
        self.meeting: Meeting | None = None
        self.meetings: list[Meeting] = []
        self.shown: dict[int, tuple[int, int | None]] = {}
        """Of each transport-wide number that the relay sent to this user: what it was before."""
        self.doubled = 0
        """Datagrams that came a second time."""
        self.up = self.down = air.weather
        """On the two ways of its own hop."""
        self.repeats: Counter[int] = Counter()
        """How often the relay has sent it which packet of the picture again."""
        self._datagrams: dict[int, tuple[bytes, int | None]] = {}
        self._sealed: dict[bytes, Meeting | None] = {}
        """What the relay has sent it, and in which meeting."""
        self._caller = caller = Caller(air, self.name, offer)  # type: ignore[arg-type]
        self.link = caller.link
        air.plane._links[self.name] = self.link
        caller.check(self.address)
        self._secure()
        self._wind_up()
        terms = self.link.uplink.terms
        self.camera = Camera(source, terms, air.timeline, self._send_rtp, numbers, self._send_again)
        self.screen = Screen(self.link.downlink, self._show, self._send_rtcp)
        air.timeline.every(FEEDBACK_S, lambda: self.screen.tick(air.now))
        air.timeline.every(CHECK_S, lambda: caller.check(self.address))

    def end_meeting(self) -> None:
        if self.meeting is not None:
            self.meeting.end()
            self.meeting = None

    def _secure(self) -> None:
        """What DTLS does; and a third end of SRTP that sees what leaves the relay."""
        keys = [secrets.token_bytes(28) for _ in range(2)]
        self._out, self._in, self._spy = (
            srtp_session(key, out=out)
            for key, out in ((keys[0], True), (keys[1], False), (keys[1], False))
        )
        self._relays = [srtp_session(keys[0], out=False), srtp_session(keys[1], out=True)]
        link = self.link
        link.uplink.rx, link.downlink.tx = (session._srtp[0] for session in self._relays)
        link.downlink.send_rtcp = self._tell
        link.state = LinkState.UP

    def _wind_up(self) -> None:
        """The link has been in use for long: all numbers are about to wrap."""
        downlink = self.link.downlink
        for key, last in ((AUDIO, 65_500), (VIDEO, 65_470), (REPAIR, 65_529)):
            downlink.outlets[key].resume(last, rtp_ts=0xFFFFFF00)
        downlink.transport_cc = 65_450

    def _tell(self, packet: bytes) -> None:
        self.air.socket.send(self._relays[1].protect_rtcp(packet), self.link.address)

    # up

    def _send_rtp(self, packet: bytes, piece: Sent | None) -> None:
        read, datagram = read_rtp(packet), self._out.protect(packet)
        if piece is not None:
            self._datagrams[read.number] = datagram, _transport_number(read)
        self._send(datagram, piece, _transport_number(read))

    def _send_again(self, number: int) -> None:
        datagram, transport = self._datagrams[number]
        self._send(datagram, None, transport)

    def _send_rtcp(self, packet: bytes) -> None:
        self._send(self._out.protect_rtcp(packet), None)

    def _send(self, datagram: bytes, piece: Sent | None, number: int | None = None) -> None:
        arrived: list[float] = []

        def arrive() -> None:
            partner = self.meeting.partner if self.meeting is not None else None
            if piece is not None and partner is not None and not arrived:
                assert partner.meeting is not None
                partner.meeting.reached[piece.frame] += 1
            arrived.append(self.air.now)
            self.air.arriving = self.source, number
            self.air.hear(self.address, datagram)

        self.up.carry(self.air.timeline, arrive)

    # down

    def is_sent(self, datagram: bytes) -> None:
        """The relay sends it: look at it, then let the network have it."""
        if not _is_stun(datagram):
            if not _is_rtcp(datagram):
                self._inspect(datagram)
            self.down.carry(self.air.timeline, lambda: self._take(datagram))

    def _inspect(self, datagram: bytes) -> None:
        """Whatever leaves the relay is the present partner's, to the last bit."""
        try:
            packet = read_rtp(self._spy.unprotect(datagram))
        except Error:
            assert self._sealed.get(datagram) is self.meeting, "the very same as before"
            self.repeats[int.from_bytes(datagram[2:4])] += 1
            return
        self._sealed[datagram] = self.meeting
        is_repair = packet.ssrc == self.link.downlink.outlets[REPAIR].ssrc
        if is_repair and not packet.elements:
            self.repeats[int.from_bytes(packet.payload[:2])] += 1
        payload = packet.payload[2:] if is_repair else packet.payload
        assert self.meeting is not None
        assert bare(payload) in self.meeting.partner.camera.payloads
        number = _transport_number(packet)
        if number is not None:
            self.shown[number] = self.air.arriving
        if packet.ssrc == self.link.downlink.outlets[AUDIO].ssrc:
            self.meeting.spoken.append((packet.number, payload))

    def _take(self, datagram: bytes) -> None:
        try:
            if _is_rtcp(datagram):
                for part in read_rtcp(self._in.unprotect_rtcp(datagram)):
                    self.camera.heed(part)
                self._check_told()
            else:
                self.screen.take(read_rtp(self._in.unprotect(datagram)), self.air.now)
        except Error as error:
            if "replay" not in str(error):
                raise
            self.doubled += 1

    def _check_told(self) -> None:
        """Feedback is about what a partner told of, or about what no partner was shown."""
        shown = {
            came: number in visitor.screen.told
            for visitor in self.air.visitors.values()
            for number, came in visitor.shown.items()
        }
        assert all(shown.get((self.source, number), True) for number in self.camera.told)
        self.camera.told.clear()

    # what is seen

    def _show(self, frame: Any) -> None:
        seen = frame.to_ndarray(format="yuv420p")
        stamp = read(seen[: frame.height])
        assert stamp is not None, "a picture is damaged"
        meeting = self._meeting_of(stamp.source)
        expected = meeting.partner.camera.picture(stamp.number)
        assert np.abs(seen.astype(np.int16) - expected).mean() < 2, "a picture is not what was shot"
        meeting.shown.append((self.air.now, stamp.number))

    def _meeting_of(self, source: int) -> Meeting:
        """Whose picture may be shown now.

        The partner's; or the former one's, while its last packets are still on their way and
        nothing of the new one has been shown.
        """
        *_, present = self.meetings
        if source == present.partner.source:
            return present
        former = self.meetings[-2]
        assert source == former.partner.source, "a stranger's picture"
        assert not present.shown, "a former partner's picture comes back"
        assert self.air.now <= present.began_at + self.air.weather.longest_s
        return former


def _transport_number(packet: Rtp) -> int | None:
    """Cameras send no other extension."""
    return int.from_bytes(packet.elements[0][1]) if packet.elements else None


def _is_rtcp(datagram: bytes) -> bool:
    return 192 <= datagram[1] <= 223


def _is_stun(datagram: bytes) -> bool:
    return datagram[0] < 4
