"""Requests for key frames: sent to whoever has the picture, now or as soon as it is time."""

from __future__ import annotations

from collections import Counter

from relay.media.downlink import Downlink
from relay.media.far import FarDownlink
from relay.media.feedback.rtcp import PLI
from relay.media.link import Link
from relay.media.route import KEYFRAME_REQUEST_INTERVAL_S, Route
from relay.media.translation import keyframe_request


class KeyframeRequests:
    """Those of one plane, the relay's own and those passed on."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter(pli=0, fir=0)
        self.put_off: dict[Route, Downlink] = {}
        """Routes whose receivers wait for a key frame, and whom to ask."""

    def request(self, sender: Downlink, route: Route, now: float, kind: int = PLI) -> None:
        """Ask the user behind ``sender`` for a key frame on ``route``, now or a little later."""
        source = route.source
        if source is None:
            if isinstance(sender, FarDownlink):  # its plane may know one that has not crossed yet
                sender.ask(kind, route.fir_number)
        elif sender.tx is None:
            return
        elif not route.keyframe_due(now):
            route.put_off(kind)
            self.put_off[route] = sender
        elif isinstance(sender, FarDownlink):
            sender.ask(kind, route.fir_number)
        else:
            self.sent["pli" if kind == PLI else "fir"] += 1
            sender.send_rtcp(keyframe_request(kind, sender.reporter, source))

    def ask(self, link: Link, kind: int = PLI, *, is_new: bool = False) -> None:
        """Ask a user for a key frame at once, on the stream that has its picture, if one has.

        :param is_new: whether it is another command than the last one (FIR).
        """
        stream = link.uplink.current.get(("video", False))
        if stream is not None and link.downlink.tx is not None:
            stream.fir_number += is_new
            self.sent["pli" if kind == PLI else "fir"] += 1
            link.downlink.send_rtcp(keyframe_request(kind, link.downlink.reporter, stream))

    def ask_again(self, now: float) -> None:
        """Send the requests for key frames that came too early, as far as they are due now."""
        for route, sender in list(self.put_off.items()):
            stream = route.source
            if not route.wanted or stream is None or stream.route is None or sender.tx is None:
                del self.put_off[route]
            elif now - route.requested_at >= KEYFRAME_REQUEST_INTERVAL_S:
                del self.put_off[route]
                self.request(sender, route, now, route.wanted)
