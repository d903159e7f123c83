"""Compound packets, taken apart and put together."""

import pytest

from relay.errors import MalformedPacket
from relay.media.feedback.rtcp import (
    MAX_BYTES,
    RR,
    RTPFB,
    SDES,
    TRANSPORT_CC,
    compound,
    feedback,
    part,
    parts,
)
from tests.support.packets import read_rtcp, rtcp

REPORT = part(RR, 0, bytes(4))


def test_parts_go_together_and_apart() -> None:
    nack = feedback(RTPFB, 1, (7, 9), b"\0\1\0\2")
    assert list(parts(REPORT + nack)) == [(RR, 0, REPORT), (RTPFB, 1, nack)]
    assert compound([REPORT, b"", nack], 5) == REPORT + nack


def test_a_compound_begins_with_a_report() -> None:
    pli = feedback(206, 1, (7, 9))
    report, name, rest = read_rtcp(compound([pli], 5, "us"))
    assert (report.kind, report.ssrc) == (RR, 5)
    assert (name.kind, name.body) == (SDES, b"\0\0\0\5\1\2us\0\0\0\0")
    assert (rest.ssrc, rest.media) == (7, 9)
    assert compound([b""], 5, "us") == b""


def test_a_compound_may_be_just_so_long() -> None:
    most = part(203, 0, bytes(MAX_BYTES - 12))
    assert len(compound([REPORT, most], 1)) == MAX_BYTES
    assert compound([REPORT, most + bytes(4)], 1) == REPORT


def test_padding_is_no_part_of_a_part_but_of_transport_wide_feedback() -> None:
    body = bytes(8) + b"\0\0\0\4"
    padded = rtcp(206, 1, body, padded=True)
    assert list(parts(padded)) == [(206, 1, padded[:-4])]
    told = rtcp(RTPFB, TRANSPORT_CC, body, padded=True)
    assert list(parts(told)) == [(RTPFB, TRANSPORT_CC, told)]


@pytest.mark.parametrize("lie", [b"\x80", b"\x80\xc9\0", b"\x40\xc9\0\0", b"\x80\xc9\0\1"])
def test_lengths_and_versions_that_lie(lie: bytes) -> None:
    with pytest.raises(MalformedPacket):
        list(parts(REPORT + lie))


def test_a_part_that_names_nobody_is_passed_over() -> None:
    assert list(parts(rtcp(RR, 0, b"") + REPORT)) == [(RR, 0, REPORT)]
