"""What one user sends: the streams that were seen on its link, and which of them are current."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.media.feedback.transport_wide import TransportFeedback
from relay.media.keeper import Keeper
from relay.media.negotiation.sdp import TRANSPORT_CC, Terms
from relay.media.packets.rtp import transport_number
from relay.media.stream import Stream
from relay.plane import Tap

if TYPE_CHECKING:
    from relay.media.crossing import Crossing
    from relay.media.flow import Flow

MAX_STREAMS = 16
"""SSRCs a link may send from; each costs SRTP state, so the packets of further ones are dropped."""

TAKEOVER_S = 1.0
"""A new SSRC becomes the current one of its kind when the old one has been silent for this long."""


class Uplink:
    """The streams of one user."""

    __slots__ = (
        "_kinds",
        "_numbered",
        "current",
        "feedback",
        "flow",
        "keeper",
        "reported_at",
        "rtcp_at",
        "rtcp_ssrcs",
        "rx",
        "strangers",
        "streams",
        "taps",
        "terms",
    )

    terms: Terms
    """What the user's description says; unset before it came."""

    def __init__(self) -> None:
        self.rx: Any = None
        """The ``srtp_t`` for what comes in; None while DTLS is not done."""
        self.rtcp_ssrcs: set[int] = set()
        """SSRCs that RTCP came from and that are no streams; bounded as those are."""
        self.rtcp_at = self.reported_at = float("-inf")
        """When RTCP came last, in seconds of the plane's clock, and when a report did."""
        self.streams: dict[int, Stream] = {}
        self.strangers: set[int] = set()
        """SSRCs of authenticated packets that were of no negotiated type: SRTP keeps state for them
        too, so they count as streams do."""
        self.current: dict[tuple[str, bool], Stream] = {}
        """The stream that is forwarded, for each kind and for its RTX."""
        self.flow: Flow | Crossing | None = None
        """Where the streams go while the user is paired, with somebody here or elsewhere."""
        self.taps: tuple[Tap, ...] = ()
        """Who is shown what the user sends."""
        self.keeper: Keeper | None = None
        """Who keeps the user's last picture, while evidence is kept."""
        self.feedback = TransportFeedback()
        """What the user is told of its transport-wide numbers."""
        self._kinds: dict[int, tuple[str, bool]] = {}
        self._numbered: dict[str, int] = {}
        """The id of the extension with the transport-wide number, for each kind that has it."""

    def agree(self, terms: Terms) -> None:
        """Take the terms of a first or a later negotiation."""
        self.terms = terms
        self._kinds, self._numbered = {}, {}
        for media in terms.sending.values():
            if TRANSPORT_CC in media.extensions:
                self._numbered[media.kind] = media.extensions[TRANSPORT_CC]
            self._kinds[media.payload_type] = (media.kind, False)
            if media.red_payload_type is not None:
                self._kinds[media.red_payload_type] = (media.kind, False)
            if media.rtx_payload_type is not None:
                self._kinds[media.rtx_payload_type] = (media.kind, True)

    @property
    def heard_at(self) -> float:
        """When something authentic came last, in seconds of the plane's clock."""
        heard_at = self.rtcp_at
        for stream in self.streams.values():
            heard_at = max(heard_at, stream.last_at)
        return heard_at

    def has_room(self, ssrc: int) -> bool:
        """Whether packets from ``ssrc``, which is no stream yet, may be decrypted."""
        return ssrc in self.strangers or len(self.streams) + len(self.strangers) < MAX_STREAMS

    def has_rtcp_room(self, ssrc: int) -> bool:
        """Whether RTCP from ``ssrc`` may be decrypted."""
        known = ssrc in self.streams or ssrc in self.rtcp_ssrcs
        return known or len(self.rtcp_ssrcs) < MAX_STREAMS

    def learn(self, ssrc: int, payload_type: int, number: int) -> Stream | None:
        """Take up the SSRC of an authenticated packet; None for an unknown payload type.

        To be called only when there is room for it; ``number`` is its sequence number.
        """
        kind = self._kinds.get(payload_type)
        if kind is None:
            self.strangers.add(ssrc)
            return None
        self.strangers.discard(ssrc)
        stream = self.streams[ssrc] = Stream(ssrc, kind[0], rtx=kind[1], first=number)
        return stream

    def kept(self, view: memoryview, at: int, end: int, stream: Stream, now: float) -> None:
        """Note that the packet ``view[at:end]`` came, which goes nowhere: it is not lost."""
        extension = self._numbered.get(stream.kind)
        if extension is None:
            return
        number = transport_number(view, at, end, extension)
        if number < 0:
            return
        if self.flow is None:
            self.feedback.unseen(number, now)
        else:
            self.flow.note_arrival(number, now)

    def forget_idle(self, now: float) -> list[int]:
        """Make room for new SSRCs, as a renegotiation may bring them.

        :param now: seconds of the plane's clock.
        :returns: the SSRCs that are in use no longer, so that SRTP forgets them too.
        """
        before = self.streams.keys() | self.strangers | self.rtcp_ssrcs
        current = self.current.values()
        self.streams = {
            ssrc: stream
            for ssrc, stream in self.streams.items()
            if stream in current or now - stream.last_at <= TAKEOVER_S
        }
        self.strangers.clear()
        self.rtcp_ssrcs.clear()
        return sorted(before - self.streams.keys())

    def take_over(self, stream: Stream, now: float) -> bool:
        """Make ``stream`` the current one of its kind when the present one has fallen silent."""
        key = (stream.kind, stream.rtx)
        present = self.current.get(key)
        if present is stream:
            return True
        if present is not None and now - present.last_at < TAKEOVER_S:
            return False
        self.current[key] = stream
        if self.flow is not None:
            self.flow.attach(stream)
        return True
