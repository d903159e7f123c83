"""What becomes of a packet."""

from enum import IntEnum


class Verdict(IntEnum):
    """What became of a packet: it goes out, or there is a reason to drop it."""

    FORWARD = 0
    RESTORED = 1  # a retransmission that has become the packet that it repeats, two bytes shorter
    MALFORMED = 2
    UNKNOWN_PAYLOAD_TYPE = 3
    HELD = 4  # video before this source's first key frame, or RTX before its media
    STALE = 5  # sent before the packet with which this source began, or impossibly far ahead
    CROSSED = 6  # to the plane on which the partner's link is, which decides
    AHEAD = 7  # it goes out, and some before it did not come
    ANSWER = 8  # it goes out, and was asked for
    UNWRAPPED = 9  # of a packet with others in it its own went out: see Way.unwrapped


GOES_ON = Verdict.FORWARD, Verdict.AHEAD, Verdict.ANSWER
"""It goes out as it came but for what a route rewrites."""
GOES_OUT = *GOES_ON, Verdict.RESTORED, Verdict.UNWRAPPED, Verdict.CROSSED
