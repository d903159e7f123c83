"""What stands in a stream's way for a while, without a cost when it does not.

A stream's way is replaced by it, and by the way itself again afterwards; so the packets of other
streams meet no branch and no call more.
"""

from __future__ import annotations

from relay.media.stream import Unwrapped, Way


class StandIn:
    """In all but how packets are rewritten, the way that it stands for."""

    __slots__ = (
        "downlink",
        "dropped",
        "hold_to_clock",
        "outlet",
        "sealed",
        "takes_late",
        "way",
    )

    def __init__(self, way: Way) -> None:
        self.way = way
        self.downlink, self.outlet, self.sealed = way.downlink, way.outlet, way.sealed
        self.dropped = way.dropped
        self.takes_late, self.hold_to_clock = way.takes_late, way.hold_to_clock

    @property
    def unwrapped(self) -> Unwrapped:
        """See :class:`relay.media.stream.Way`."""
        return self.way.unwrapped

    @property
    def waits_for_keyframe(self) -> bool:
        """See :attr:`relay.media.route.Route.waits_for_keyframe`."""
        return self.way.waits_for_keyframe
