"""The parts of an RTP packet that a relay touches."""

import pytest

from relay.media.packets.clocks import SenderClock, ntp
from relay.media.packets.numbering import TransportNumbers
from relay.media.packets.rtp import (
    MAX_LAYOUTS,
    RTCP_BITS,
    RTCP_MASK,
    ExtensionMap,
    Numbers,
    transport_number,
)
from tests.support.packets import raw_extension, rtp

MID, LEVEL, TIME, TRANSPORT, SEND_TIME = "mid", "level", "time", "transport-cc", "send-time"
NOW = 100.0


def table(
    sending: dict[str, int], receiving: dict[str, int], numbers: Numbers | None = None
) -> ExtensionMap:
    return ExtensionMap(
        sending,
        receiving,
        blanked=MID,
        transport_cc=(TRANSPORT, numbers or TransportNumbers(100)),
        send_time=(SEND_TIME, SenderClock()),
    )


def applied(extensions: ExtensionMap, block: str, *, ok: bool = True) -> str:
    """The block (hex) after rewriting, inside a larger buffer that must stay as it is."""
    body = bytes.fromhex(block)
    buffer = bytearray(b"\xaa" * 8 + body + b"\xbb" * 8)
    assert extensions.apply(memoryview(buffer), 8, 8 + len(body), NOW) is ok
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
    assert applied(extensions, "31 00 04 00") == "00 00 00 00", "100 was another sender's"
    assert applied(extensions, "31 00 06 00") == "71 00 66 00"


def test_a_transport_wide_number_of_another_size_begins_nothing() -> None:
    numbers = TransportNumbers(100)
    applied(table({TRANSPORT: 3}, {TRANSPORT: 7}, numbers), "30 05 00 00")
    assert not numbers.begun


class Unshown:
    """Where numbers go that the receiver does not know."""

    def __init__(self) -> None:
        self.noted: list[tuple[int, float]] = []

    def pass_on(self, number: int, now: float) -> int:
        self.noted.append((number, now))
        return -1


def test_a_receiver_without_transport_wide_numbers_gets_padding_and_they_are_noted() -> None:
    numbers = Unshown()
    extensions = table({TRANSPORT: 3}, {}, numbers)
    for _ in range(2):
        assert applied(extensions, "31 00 05 00") == "00 00 00 00"
    assert numbers.noted == [(5, NOW), (5, NOW)]


# abs-send-time


def test_a_senders_time_becomes_the_relays_and_distances_stay() -> None:
    extensions = table({SEND_TIME: 2}, {SEND_TIME: 9})
    times = []
    for sent in ("22 ff ff fe", "22 ff ff ff", "22 00 00 05"):
        element = bytes.fromhex(applied(extensions, sent))
        assert element[0] == 0x92
        times.append(int.from_bytes(element[1:], "big"))
    ours = ntp(NOW) >> 14 & 0xFFFFFF
    assert times == [ours, (ours + 1) & 0xFFFFFF, (ours + 7) & 0xFFFFFF]


def test_a_time_that_the_receiver_does_not_know_becomes_padding() -> None:
    assert applied(table({SEND_TIME: 2}, {}), "22 01 02 03") == "00 00 00 00"


def test_a_second_time_or_number_becomes_padding() -> None:
    both = {SEND_TIME: 2, TRANSPORT: 3}
    out = applied(table(both, both), "22 01 02 03 22 01 02 03 31 00 05 31 00 05 00 00")
    assert out[12:24] == "00 00 00 00 "
    assert out.endswith("00 00 00 00 00")


def test_an_element_of_no_number_is_nobodys_time_or_number() -> None:
    assert applied(table({}, {}), "01 02 03 02 01 02 03 00") == "00 00 00 00 00 00 00 00"


# the number of a packet that goes nowhere


@pytest.mark.parametrize(
    ("packet", "number"),
    [
        (rtp(1, 1, elements=((1, b"a"), (3, b"\1\2"))), 0x102),
        (rtp(1, 1, csrcs=(3, 4), elements=((0, b""), (3, b"\1\2"))), 0x102),
        (rtp(1, 1, elements=((4, b"\1\2"),)), -1),
        (rtp(1, 1, elements=((3, b"\1\2\3"),)), -1),
        (rtp(1, 1, extension=raw_extension(b"\xf0\x31\x01\x02")), -1),
        (rtp(1, 1, extension=raw_extension(b"\x1f\x31\x01\x02")), -1),
        (rtp(1, 1, extension=raw_extension(b"\0\0\0\x31")), -1),
        (rtp(1, 1, extension=raw_extension(b"\x31\1\2\0", profile=0x1000)), -1),
        (rtp(1, 1, extension=raw_extension(b"\x31\1\2\0", words=100)), -1),
        (rtp(1, 1, extension=b"\xbe"), -1),
        (rtp(1, 1), -1),
    ],
)
def test_the_transport_wide_number_of_a_packet(packet: bytes, number: int) -> None:
    view = memoryview(b"\xff" * 3 + packet + b"\x31\1\2")
    assert transport_number(view, 3, 3 + len(packet), 3) == number


@pytest.mark.parametrize(
    ("second", "rtcp"),
    [(0, False), (96, False), (127, False), (191, False), (192, True), (223, True), (224, False)],
)
def test_rtcp_is_told_by_the_second_byte(second: int, rtcp: bool) -> None:
    assert (second & RTCP_MASK == RTCP_BITS) is rtcp
