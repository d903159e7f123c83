"""The parts of an RTP packet that a relay touches."""

import pytest

from relay.media.numbering import TransportNumbers
from relay.media.rtp import MAX_LAYOUTS, RTCP_BITS, RTCP_MASK, ExtensionMap, is_vp8_keyframe_start

MID, LEVEL, TIME, TRANSPORT = "mid", "level", "time", "transport-cc"


def table(
    source: dict[str, int], sink: dict[str, int], numbers: TransportNumbers | None = None
) -> ExtensionMap:
    return ExtensionMap(source, sink, MID, TRANSPORT, numbers or TransportNumbers(100))


def applied(extensions: ExtensionMap, block: str, *, ok: bool = True) -> str:
    """The block (hex) after rewriting, inside a larger buffer that must stay as it is."""
    body = bytes.fromhex(block)
    buffer = bytearray(b"\xaa" * 8 + body + b"\xbb" * 8)
    assert extensions.apply(memoryview(buffer), 8, 8 + len(body)) is ok
    assert buffer[:8] == b"\xaa" * 8
    assert buffer[-8:] == b"\xbb" * 8
    return buffer[8:-8].hex(" ")


def test_ids_are_mapped() -> None:
    extensions = table({LEVEL: 1, TIME: 2}, {LEVEL: 5, TIME: 14})
    assert applied(extensions, "10 85  22 01 02 03  00 00") == "50 85 e2 01 02 03 00 00"


def test_ids_may_be_exchanged() -> None:
    extensions = table({LEVEL: 1, TIME: 2}, {LEVEL: 2, TIME: 1})
    assert applied(extensions, "10 85 22 01 02 03 00 00") == "20 85 12 01 02 03 00 00"


def test_an_extension_that_the_receiver_lacks_becomes_padding() -> None:
    extensions = table({LEVEL: 1, TIME: 2}, {TIME: 2})
    assert applied(extensions, "10 85 22 01 02 03 00 00") == "00 00 22 01 02 03 00 00"


def test_an_id_that_was_never_negotiated_becomes_padding() -> None:
    assert applied(table({LEVEL: 1}, {LEVEL: 1}), "71 ff ff 00") == "00 00 00 00"


def test_mid_never_passes() -> None:
    assert applied(table({MID: 4}, {MID: 4}), "40 30 00 00") == "00 00 00 00"


def test_sixteen_bytes_are_the_longest_element() -> None:
    body = "3f" + "11" * 16 + "00 00 00"
    assert applied(table({TIME: 3}, {TIME: 4}), body)[:5] == "4f 11"
    assert applied(table({TIME: 3}, {}), body) == " ".join(["00"] * 20)


def test_padding_between_elements_stays() -> None:
    extensions = table({LEVEL: 1}, {LEVEL: 9})
    assert applied(extensions, "00 00 10 85 00 10 86 00") == "00 00 90 85 00 90 86 00"


def test_an_empty_block() -> None:
    assert applied(table({}, {}), "") == ""


@pytest.mark.parametrize("block", ["11 85", "1f 00 00 00", "10 85 00 10"])
def test_a_lying_length_is_refused(block: str) -> None:
    applied(table({LEVEL: 1}, {LEVEL: 1}), block, ok=False)


def test_what_follows_the_reserved_id_is_not_read_but_blanked() -> None:
    extensions = table({LEVEL: 1}, {LEVEL: 5})
    assert applied(extensions, "10 85 f0 01 10 85 1f 00") == "50 85 00 00 00 00 00 00"


def test_a_layout_that_is_known_maps_other_values() -> None:
    extensions = table({LEVEL: 1, TIME: 2, MID: 4}, {LEVEL: 5, TIME: 2, MID: 3})
    assert applied(extensions, "10 85 22 01 02 03 40 30") == "50 85 22 01 02 03 00 00"
    assert applied(extensions, "10 7f 22 04 05 06 40 31") == "50 7f 22 04 05 06 00 00"


def test_another_layout_of_the_same_size_is_read_anew() -> None:
    extensions = table({LEVEL: 1, TIME: 2}, {LEVEL: 5, TIME: 14})
    for _ in range(2):
        assert applied(extensions, "10 85 22 01 02 03 00 00") == "50 85 e2 01 02 03 00 00"
        assert applied(extensions, "22 01 02 03 10 85 00 00") == "e2 01 02 03 50 85 00 00"
        assert applied(extensions, "10 85 00 22 01 02 03 00") == "50 85 00 e2 01 02 03 00"
        applied(extensions, "10 85 26 01 02 03 00 00", ok=False)


def test_only_so_many_layouts_are_remembered() -> None:
    extensions = table({LEVEL: 1}, {LEVEL: 5})
    for words in range(1, 100):
        assert applied(extensions, "10 85" + "00" * (4 * words - 2))[:5] == "50 85"
    assert len(extensions._layouts) <= MAX_LAYOUTS


def test_a_reserved_id_that_was_negotiated_is_reserved_all_the_same() -> None:
    extensions = table({LEVEL: 15}, {LEVEL: 1})
    assert applied(extensions, "f0 85 f0 85") == "00 00 00 00"


def test_a_second_transport_wide_number_becomes_padding() -> None:
    extensions = table({TRANSPORT: 3}, {TRANSPORT: 7}, TransportNumbers(100))
    assert applied(extensions, "31 00 05 31 00 06 00 00") == "71 00 65 00 00 00 00 00"


def test_transport_wide_numbers_go_on_per_receiver() -> None:
    numbers = TransportNumbers(100)
    extensions = table({TRANSPORT: 3}, {TRANSPORT: 7}, numbers)
    assert applied(extensions, "31 ff ff 00") == "71 00 65 00"  # 65535 became 101
    assert applied(extensions, "31 00 00 00") == "71 00 66 00"
    assert applied(extensions, "31 00 01 00") == "71 00 67 00"


def test_transport_wide_numbers_wrap_at_the_receiver() -> None:
    extensions = table({TRANSPORT: 3}, {TRANSPORT: 7}, TransportNumbers(65534))
    assert applied(extensions, "31 00 05 00") == "71 ff ff 00"
    assert applied(extensions, "31 00 06 00") == "71 00 00 00"


def test_both_kinds_share_one_transport_wide_numbering() -> None:
    numbers = TransportNumbers(100)
    audio = table({TRANSPORT: 3}, {TRANSPORT: 7}, numbers)
    video = table({TRANSPORT: 3}, {TRANSPORT: 8}, numbers)
    assert applied(audio, "31 00 05 00") == "71 00 65 00"
    assert applied(video, "31 00 06 00") == "81 00 66 00"


def test_a_transport_wide_number_from_before_the_switch_is_blanked() -> None:
    extensions = table({TRANSPORT: 3}, {TRANSPORT: 7}, TransportNumbers(100))
    assert applied(extensions, "31 00 05 00") == "71 00 65 00"
    assert applied(extensions, "31 00 04 00") == "00 00 00 00", "100 was another source's"
    assert applied(extensions, "31 00 06 00") == "71 00 66 00"


def test_a_transport_wide_number_of_another_size_begins_nothing() -> None:
    numbers = TransportNumbers(100)
    applied(table({TRANSPORT: 3}, {TRANSPORT: 7}, numbers), "30 05 00 00")
    assert not numbers.begun


def test_a_receiver_without_transport_wide_numbers_uses_none_up() -> None:
    numbers = TransportNumbers(100)
    assert applied(table({TRANSPORT: 3}, {}, numbers), "31 00 05 00") == "00 00 00 00"
    assert not numbers.begun


@pytest.mark.parametrize(
    ("second", "rtcp"),
    [(0, False), (96, False), (127, False), (191, False), (192, True), (223, True), (224, False)],
)
def test_rtcp_is_told_by_the_second_byte(second: int, rtcp: bool) -> None:
    assert (second & RTCP_MASK == RTCP_BITS) is rtcp


KEYFRAMES = {
    "plain": "10 00",
    "non-reference bit": "30 00",
    "extension without fields": "90 00 00",
    "picture id of 7 bits": "90 80 7f 00",
    "picture id of 15 bits": "90 80 ff ff 00",
    "TL0PICIDX": "90 40 05 00",
    "T": "90 20 05 00",
    "K": "90 10 05 00",
    "T and K share a byte": "90 30 05 00",
    "all": "90 f0 81 02 03 04 00",
    "all but a long picture id": "90 f0 01 03 04 00",
    "other header bits": "10 fe",
}


@pytest.mark.parametrize("payload", KEYFRAMES.values(), ids=KEYFRAMES.keys())
def test_a_key_frames_start(payload: str) -> None:
    assert keyframe(payload)
    last = bytes.fromhex(payload)
    other = last[:-1] + bytes([last[-1] | 1])
    assert not keyframe(other.hex()), "the P bit says: no key frame"
    assert not keyframe(last[:-1].hex()), "cut before the frame's first byte"


@pytest.mark.parametrize(
    "payload",
    ["", "00 00", "11 00", "17 00", "07 00", "10", "90", "90 80", "90 80 80", "90 f0 81 02 03"],
)
def test_no_key_frames_start(payload: str) -> None:
    assert not keyframe(payload)


def keyframe(payload: str) -> bool:
    """Ask about a payload that is followed by zeros which do not belong to it."""
    body = bytes.fromhex(payload)
    return is_vp8_keyframe_start(memoryview(b"\xff" * 4 + body + bytes(8)), 4, 4 + len(body))
