"""A user with everything by which it could be known again: counters, names and a clock."""

from __future__ import annotations

import struct
from collections import Counter

from relay.transport_cc import TICKS_PER_S, Feedback, write
from tests.support.packets import (
    Rtp,
    block,
    fir,
    nack,
    pli,
    remb,
    rr,
    rtcp,
    rtp,
    sdes,
)
from tests.support.sides import AUDIO, REPAIR, VIDEO

Kind = tuple[str, bool]

MARK = b"mine"
"""In every place where bytes of a sender's own fit that no receiver needs."""
SSRCS = {AUDIO: 0xA0A1A2A3, VIDEO: 0xB0B1B2B3, REPAIR: 0xC0C1C2C3}
TYPES = {AUDIO: 111, VIDEO: 96, REPAIR: 97}
KEYFRAME = b"\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01" + bytes(20)
DELTA = b"\1" + bytes(29)
_SR, _APP, _XR = 200, 204, 207


class Person:
    """Sends as a browser with Chromium's numbering does, and with all that a sender may add.

    :param clock_s: how wrong its clock is.
    """

    def __init__(self, clock_s: float) -> None:
        self._clock_s = clock_s
        self._numbers: Counter[Kind] = Counter({AUDIO: 1_000, VIDEO: 2_000, REPAIR: 3_000})
        self._rtp_ts: Counter[Kind] = Counter({AUDIO: 100_000, VIDEO: 200_000})
        self._packets: Counter[Kind] = Counter()
        self._wide, self._picture, self._layer, self._key = 4_000, 5_000, 60, 7
        self.told, self.lost, self.command = 80, 900, 90
        """Numbers of its last feedback and command for a key frame, and what it has lost."""

    def sound(self, now: float) -> bytes:
        self._rtp_ts[AUDIO] += 960
        return self._packet(AUDIO, now, b"\xfc" + bytes(20))

    def picture(self, now: float, *, key: bool) -> bytes:
        """A frame in one packet, with every field that a descriptor can have (RFC 7741)."""
        self._rtp_ts[VIDEO] += 1800
        self._picture += 1
        self._layer += 1
        self._key += key
        self._shown = struct.pack(
            "!HHBB", 0x90F0, 0x8000 | self._picture, self._layer, self._key & 31
        ) + (KEYFRAME if key else DELTA)
        return self._packet(VIDEO, now, self._shown)

    def repeat(self, now: float) -> bytes:
        """The last picture again."""
        original = (self._numbers[VIDEO] - 1 & 0xFFFF).to_bytes(2)
        return self._packet(REPAIR, now, original + self._shown)

    def reports(self, now: float, heard: dict[Kind, Rtp]) -> bytes:
        """All that it can say of what it sends and has heard, in one compound packet.

        :param heard: the last packet of each kind; of the picture's, three or more have come.
        """
        self.told += 1
        self.lost += 1
        self.command += 1
        me, audio, video = SSRCS[VIDEO], heard[AUDIO], heard[VIDEO]
        wide = int.from_bytes(dict(video.elements or ())[3])
        ticks = int((self._clock_s + now) * TICKS_PER_S)
        arrivals = Feedback(wide - 2, (ticks, ticks + 1, ticks + 2), self.told)
        lsr = self._ntp(now) >> 16 & 0xFFFFFFFF
        blocks = [block(one.ssrc, one.number, lost=self.lost, lsr=lsr) for one in (audio, video)]
        return b"".join(
            (
                self._report(AUDIO, now),
                self._report(VIDEO, now),
                rr(me, *blocks),
                sdes(me, b"name of " + MARK),
                nack(me, video.ssrc, (video.number - 1, 0)),
                write(arrivals, me, video.ssrc),
                pli(me, video.ssrc),
                fir(me, (video.ssrc, self.command & 0xFF)),
                remb(me, video.ssrc, audio.ssrc),
                rtcp(_APP, 1, struct.pack("!I4s", me, MARK)),
                rtcp(_XR, 0, struct.pack("!IBBHQ", me, 4, 0, 2, self._ntp(now))),
            )
        )

    def _report(self, kind: Kind, now: float) -> bytes:
        count, rtp_ts = self._packets[kind], self._rtp_ts[kind]
        own = (SSRCS[kind], self._ntp(now), rtp_ts, 10_000 + count, 1_000_000 + 40 * count)
        return rtcp(_SR, 0, struct.pack("!IQIII", *own))

    def _ntp(self, now: float) -> int:
        return int((3_900_000_000 + self._clock_s + now) * 2**32)

    def _packet(self, kind: Kind, now: float, payload: bytes) -> bytes:
        self._numbers[kind] += 1
        self._packets[kind] += 1
        self._wide += 1
        send_time = int((self._clock_s + now) * 2**18) & 0xFFFFFF
        return rtp(
            SSRCS[kind],
            self._numbers[kind],
            payload_type=TYPES[kind],
            rtp_ts=self._rtp_ts[AUDIO if kind == AUDIO else VIDEO],
            payload=payload,
            elements=(
                (2, send_time.to_bytes(3)),
                (3, self._wide.to_bytes(2)),
                (4, MARK),
                (9, MARK),
            ),
            csrcs=(int.from_bytes(MARK),),
        )
