"""All that one user sends to another while the two are paired: a route for each stream.

A room has two flows, one each way. Feedback about a flow's streams travels in the opposite
direction, and is mapped back with the same constants.
"""

from __future__ import annotations

from relay.media.downlink import Downlink
from relay.media.negotiation.sdp import ABS_SEND_TIME, KINDS, MID, TRANSPORT_CC, MediaTerms
from relay.media.packets.clocks import SenderClock
from relay.media.packets.gaps import Gaps
from relay.media.packets.numbering import TransportNumbers
from relay.media.packets.rtp import ExtensionMap
from relay.media.repeats import Repeats
from relay.media.restoring import RepairRoute
from relay.media.route import Route
from relay.media.stream import Stream, Way
from relay.media.tapped import TappedRoute
from relay.media.unwrapping import RedRoute
from relay.media.uplink import Uplink

SILENT_REPORTS = 3
"""A user who has reported so often of one source, and given no transport-wide feedback meanwhile,
though it agreed to, never will: a browser gives it some ten times as often."""


class Flow:
    """The routes from one user's uplink to another's downlink."""

    def __init__(self, uplink: Uplink, downlink: Downlink) -> None:
        """Prepare the routes and attach the streams that are running already.

        A flow that either of the two had ends.
        """
        for former in (uplink.flow, downlink.flow):
            if former is not None:
                former.end()
        self.uplink = uplink
        self.downlink = downlink
        self.transport_cc = TransportNumbers(downlink.transport_cc)
        self.clock = SenderClock()
        self._terms = self._agreed()
        self.routes: dict[tuple[str, bool], Route] = {}
        self._by_ssrc: dict[int, Route] = {}
        for kind in KINDS:
            self._prepare(kind)
        uplink.flow = self
        downlink.flow = self
        downlink.flowing = downlink.shown = False
        downlink.begins = True
        self._note_history()
        for stream in uplink.current.values():
            self.attach(stream)

    def attach(self, stream: Stream) -> None:
        """Have ``stream`` feed its route, afresh when another one fed it before."""
        route = self.routes.get((stream.kind, stream.rtx))
        if route is not None and route.source is not None and route.source is not stream:
            route.source.route = None
            if stream.rtx:
                self._prepare_repair(stream.kind)
            else:
                self._prepare(stream.kind)
                repair = self.uplink.current.get((stream.kind, True))
                if repair is not None:
                    self.attach(repair)
            route = self.routes.get((stream.kind, stream.rtx))
        if route is None:
            stream.route = None
        else:
            route.source = stream
            stream.route = self._shown(route)
            if self.uplink.keeper is not None:
                self.uplink.keeper.attached(stream)

    def renew(self) -> None:
        """Follow a renegotiation of either side; a kind whose format has stayed flows on."""
        former, self._terms = self._terms, self._agreed()
        for kind in KINDS:
            if _formats(former.get(kind)) != _formats(self._terms.get(kind)):
                self._remove(kind)
                self._prepare(kind)
                for rtx in (False, True):
                    stream = self.uplink.current.get((kind, rtx))
                    if stream is not None:
                        self.attach(stream)
        self._note_history()

    def show(self) -> None:
        """Follow a change of the taps on either side."""
        for route in self.routes.values():
            if route.source is not None and route.source.route is not None:
                route.source.route = self._shown(route)

    def keep(self) -> None:
        """Follow the sender's uplink in whether its pictures are kept."""
        video = self.video
        if video is not None:
            video.keeper = self.uplink.keeper

    def fit(self, now: float) -> None:
        """Have as much kept as is needed of what is sent, and as much sent again as is fair.

        To be called about once a second; ``now`` in seconds of the plane's clock.
        """
        sent = 0
        for route in self.routes.values():
            if route.media is None:
                sent += route.outlet.progress.bytes
            if route.repeats is not None and route.repeats.history.is_short:
                route.repeats.history.fit()
        self.downlink.repairs.earn(sent, now)

    def end(self) -> None:
        """Detach every stream: from now on its packets go nowhere."""
        for route in self.routes.values():
            route.outlet.leave(route)
        if self.uplink.flow is self:
            self.uplink.flow = None
            for stream in self.uplink.streams.values():
                stream.route = None
        if self.downlink.flow is self:
            self.downlink.flow = None
            self.downlink.transport_cc = self.transport_cc.last

    def route_of(self, ssrc: int) -> Route | None:
        """The route of one of the sender's SSRCs, when packets have passed on it."""
        stream = self.uplink.streams.get(ssrc)
        if stream is None or stream.route is None:
            return None
        route = self.routes[stream.kind, stream.rtx]  # its own, whoever looks at it
        return route if route.numbers.begun else None

    def route_to(self, ssrc: int) -> Route | None:
        """The route that feeds one of the receiver's SSRCs, when packets have passed on it."""
        route = self._by_ssrc.get(ssrc)
        return route if route is not None and route.numbers.begun else None

    @property
    def shown_numbers(self) -> TransportNumbers | None:
        """What the receiver is shown of the sender's transport-wide numbers; None for nothing."""
        shown = self.downlink.tells is not False and any(
            TRANSPORT_CC in ours.extensions and TRANSPORT_CC in theirs.extensions
            for ours, theirs in self._terms.values()
        )
        return self.transport_cc if shown else None

    def look_for_feedback(self) -> None:
        """Show the receiver no more transport-wide numbers if it reports, but never about these.

        To be called while it is not known.
        """
        reports = (route.outlet.reception.reports for route in self.routes.values())
        if self.transport_cc.begun and max(reports, default=0) >= SILENT_REPORTS:
            self.downlink.tells = False
            for (kind, _), route in self.routes.items():
                route.extensions = self._extensions(kind)

    @property
    def has_bandwidth_caps(self) -> bool:
        """Whether both have agreed to REMB for the picture; some send it without.

        Of a user who gives transport-wide feedback it is about the packets without such a number:
        those that the relay has sent again, a trickle that says nothing of the way.
        """
        return (
            not self.downlink.tells
            and "video" in self._terms
            and all("goog-remb" in terms.feedback for terms in self._terms["video"])
        )

    def note_arrival(self, number: int, now: float) -> None:
        """Note a transport-wide number of the sender's that the receiver is not shown."""
        self.transport_cc.withhold(number)
        self.uplink.feedback.unseen(number, now)

    def told(self, packet: bytes, now: float, ssrcs: tuple[int, int]) -> bytes | None:
        """The receiver's transport-wide feedback as the sender is to have it.

        See :meth:`relay.media.feedback.transport_wide.TransportFeedback.translate`.
        """
        told = self.uplink.feedback.translate(packet, self.transport_cc, now, ssrcs)
        if told and self.downlink.tells is None:
            self.downlink.tells = True
        return told

    @property
    def video(self) -> Route | None:
        """The route of the picture, when the receiver takes one."""
        return self.routes.get(("video", False))

    def _agreed(self) -> dict[str, tuple[MediaTerms, MediaTerms]]:
        """By kind, where the one sends and where the other receives."""
        sending, receiving = self.uplink.terms.sending, self.downlink.terms.receiving
        return {k: (sending[k], receiving[k]) for k in KINDS if k in sending and k in receiving}

    def _remove(self, kind: str) -> None:
        """Take down the routes of one kind."""
        for rtx in (False, True):
            route = self.routes.pop((kind, rtx), None)
            if route is not None:
                route.outlet.leave(route)
                del self._by_ssrc[route.outlet.ssrc]
                if route.source is not None:
                    route.source.route = None

    def _prepare(self, kind: str) -> None:
        """Make the routes of one kind; their first packets will fix their constants."""
        if kind not in self._terms:
            return
        ours, theirs = self._terms[kind]
        outlet, extensions = self.downlink.outlets[kind, False], self._extensions(kind)
        if ours.red_payload_type is None:
            numbers = (ours.payload_type, theirs.payload_type)
            media = Route(self.downlink, outlet, numbers, extensions)
        else:
            media = RedRoute(self.downlink, outlet, (ours, theirs), extensions)
        media.keeper = self.uplink.keeper if kind == "video" else None
        if "nack" in ours.feedback:
            media.gaps = Gaps()
        if "nack" in theirs.feedback:
            repeats = media.repeats = Repeats(theirs, self.downlink.outlets[kind, True])
            if repeats.is_sealed:
                media.sealed = repeats.history
            else:
                media.keep = repeats.history.keep
        self._install(media)
        self._prepare_repair(kind)

    def _prepare_repair(self, kind: str) -> None:
        """Make the RTX route for the present media route of a kind, if the sender has RTX."""
        ours, theirs = self._terms[kind]
        outlet, media = self.downlink.outlets[kind, True], self.routes[kind, False]
        if ours.rtx_payload_type is None:
            return
        out = theirs.payload_type if theirs.rtx_payload_type is None else theirs.rtx_payload_type
        numbers = (ours.rtx_payload_type, out)
        repair = RepairRoute(self.downlink, outlet, numbers, self._extensions(kind), media)
        repair.sealed = media.sealed
        self._install(repair)

    def _note_history(self) -> None:
        """Tell the forwarder whether packets have to be kept as they are encrypted."""
        downlink = self.downlink
        downlink.keeps_history = any(r.sealed is not None for r in self.routes.values())
        downlink.plain = not (downlink.begins or downlink.keeps_history)

    def _shown(self, route: Route) -> Way:
        """The route as a stream is to have it: tapped when one of the two users is."""
        if not self.uplink.taps and not self.downlink.taps:
            return route
        terms = self._terms[route.outlet.kind]
        return TappedRoute(route, self.uplink.taps, self.downlink.taps, terms)

    def _extensions(self, kind: str) -> ExtensionMap:
        ours, theirs = self._terms[kind]
        is_shown = TRANSPORT_CC in theirs.extensions and self.downlink.tells is not False
        return ExtensionMap(
            ours.extensions,
            theirs.extensions,
            blanked=MID,
            transport_cc=(TRANSPORT_CC, self.transport_cc if is_shown else _Unshown(self)),
            send_time=(ABS_SEND_TIME, self.clock),
        )

    def _install(self, route: Route) -> None:
        key = route.outlet.kind, route.outlet.rtx
        if key in self.routes:
            route.outlet.leave(self.routes[key])
        self.routes[key] = route
        self._by_ssrc[route.outlet.ssrc] = route


class _Unshown:
    """Where the transport-wide numbers go that the receiver did not agree to."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow

    def pass_on(self, number: int, now: float) -> int:
        """See :class:`relay.media.packets.rtp.Numbers`."""
        self._flow.note_arrival(number, now)
        return -1


def _formats(terms: tuple[MediaTerms, MediaTerms] | None) -> tuple[object, ...]:
    return () if terms is None else (terms[0].format, terms[1].format)
