"""What becomes of a packet."""

from enum import IntEnum


class Verdict(IntEnum):
    """What became of a packet: those that go out first, then the reasons to drop it."""

    FORWARD = 0
    RESTORED = 1  # a retransmission that has become the packet that it repeats, two bytes shorter
    MALFORMED = 2
    UNKNOWN_PAYLOAD_TYPE = 3
    HELD = 4  # video before this source's first key frame, or RTX before its media
    STALE = 5  # sent before the packet with which this source began, or impossibly far ahead


GOES_OUT = Verdict.FORWARD, Verdict.RESTORED
