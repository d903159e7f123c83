"""Two users in a call, as far as RTCP is concerned."""

from dataclasses import dataclass

from relay.media.flow import Flow
from relay.media.translation import Translation, translate
from tests.support.packets import (
    KEYFRAME,
    Rtcp,
    Rtp,
    read_rtcp,
    rtp,
    rtx,
)
from tests.support.sides import AUDIO, REPAIR, VIDEO, Side, pair

A_AUDIO, A_VIDEO, A_RTX = 1001, 2001, 2002
B_AUDIO, B_VIDEO, B_RTX = 9000, 9001, 9002
SR, RR, SDES, RTPFB, PSFB = 200, 201, 202, 205, 206


@dataclass
class Call:
    """Two users who have sent each other a packet of every stream."""

    a: Side
    b: Side
    there: Flow
    back: Flow
    a_sent: dict[tuple[str, bool], Rtp]
    b_sent: dict[tuple[str, bool], Rtp]

    def from_a(self, *packets: bytes) -> list[Rtcp]:
        """What the partner gets when a sends this compound."""
        return read_rtcp(self.translation(*packets).data)

    def translation(self, *packets: bytes) -> Translation:
        return translate(b"".join(packets), self.there, self.back, 100.0)

    def outlet(self, key: tuple[str, bool]) -> int:
        """The SSRC on which a hears b."""
        return self.a.outlet(key).ssrc


def begin(a: Side, b: Side, now: float = 100.0) -> Call:
    there, back = pair(a, b)
    key = ((3, b"\0\7"),)
    a_sent = {
        AUDIO: a.sent(rtp(A_AUDIO, 100, payload_type=111, rtp_ts=50), now),
        VIDEO: a.sent(rtp(A_VIDEO, 200, payload=KEYFRAME, rtp_ts=60, elements=key), now),
        REPAIR: a.sent(rtx(A_RTX, 300, 200, rtp_ts=60), now),
    }
    key = ((7, b"\xff\xfe"),)
    b_sent = {
        AUDIO: b.sent(rtp(B_AUDIO, 65530, payload_type=109), now),
        VIDEO: b.sent(rtp(B_VIDEO, 40000, payload_type=120, payload=KEYFRAME, elements=key), now),
        REPAIR: b.sent(rtx(B_RTX, 5, 40000, payload_type=124), now),
    }
    return Call(a, b, there, back, a_sent, b_sent)
