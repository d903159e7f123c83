"""What both kinds of bridge do alike, between two of one kind and between one of each."""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.media.paths.batch_bridge import BatchBridge, open_bridge
from relay.media.paths.bridge import HEAD, Cargo, LocalBridge, PlainBridge, cargo_and_number, head
from relay.media.paths.transport import MAX_DATAGRAM_BYTES, SLOT_BYTES, SLOTS
from tests.support.fake_socket import FakeSocket

KINDS: list[type[LocalBridge]] = [PlainBridge, *([BatchBridge] if sys.platform == "linux" else [])]
MORE_THAN_FIT = 100_000


class End:
    """One process's: its slots, and its bridge."""

    def __init__(self, kind: type[LocalBridge], directory: Path, near: str, far: str) -> None:
        self.slots = FakeSocket()
        self.bridge = kind(self.slots, directory / near, directory / far)

    def stage(self, slot: int, packet: bytes, number: int = 7) -> None:
        self.slots.view[slot * SLOT_BYTES : slot * SLOT_BYTES + len(packet)] = packet
        self.bridge.stage(slot, len(packet), head(Cargo.RTP, number))

    def heard(self) -> list[tuple[int, bytes]]:
        """What has come at once: heads, and what is in the slots."""
        found = self.bridge.receive()
        return [
            (heading, bytes(self.slots.view[slot * SLOT_BYTES : slot * SLOT_BYTES + size]))
            for slot, (heading, size) in enumerate(found)
        ]


@pytest.fixture(params=itertools.product(KINDS, KINDS), ids=lambda kinds: kinds[0].__name__)
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[End, End]]:
    """Two ends that have found each other."""
    ours, theirs = request.param
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        left, right = End(ours, directory, "0-1", "1-0"), End(theirs, directory, "1-0", "0-1")
        left.bridge.mend()
        right.bridge.mend()
        yield left, right
        left.bridge.close()
        right.bridge.close()
        assert list(directory.iterdir()) == []


def test_a_head_says_what_and_whose() -> None:
    for cargo in Cargo:
        assert cargo_and_number(head(cargo, 0xFFFFFFFFFFFF)) == (cargo, 0xFFFFFFFFFFFF)
    for version, cargo_number in ((0, 1), (1, 1), (2, 200)):
        raw = HEAD.pack(version << 56 | cargo_number << 48 | 5)
        assert cargo_and_number(int.from_bytes(raw, sys.byteorder)) is None


def test_packets_come_as_they_were_in_their_slots(ends: tuple[End, End]) -> None:
    left, right = ends
    packets = [bytes([slot]) * (slot + 1) for slot in (3, 0, 60)]
    for slot, packet, number in zip((3, 0, 60), packets, (7, 8, 7), strict=True):
        left.stage(slot, packet, number)
    assert left.bridge.has_staged
    left.bridge.flush()
    assert not left.bridge.has_staged
    expected = [
        (head(Cargo.RTP, number), packet) for number, packet in zip((7, 8, 7), packets, strict=True)
    ]
    assert right.heard() == expected
    assert right.heard() == []
    assert (left.bridge.packets_sent, left.bridge.bytes_sent) == (3, sum(map(len, packets)))
    left.bridge.flush()
    assert right.heard() == []


def test_full_batches_of_the_longest_packets(ends: tuple[End, End]) -> None:
    left, right = ends
    for turn in range(3):
        for slot in range(SLOTS):
            left.stage(slot, bytes([turn, slot]) * (MAX_DATAGRAM_BYTES // 2))
        left.bridge.flush()
        came = right.heard()
        assert [packet[:2] for _, packet in came] == [bytes([turn, n]) for n in range(SLOTS)]
        assert {len(packet) for _, packet in came} == {MAX_DATAGRAM_BYTES}
    assert not left.bridge.drops


def test_more_waits_than_the_system_lets_strangers_send(ends: tuple[End, End]) -> None:
    """net.unix.max_dgram_qlen, which bounds what comes from who is not the other end."""
    left, right = ends
    for number in range(5 * SLOTS):
        left.bridge.send(head(Cargo.KEPT, number))
    assert not left.bridge.drops
    came = [heading for _ in range(5) for heading, _ in right.heard()]
    assert came == [head(Cargo.KEPT, number) for number in range(5 * SLOTS)]


def test_what_is_in_no_slot_goes_at_once(ends: tuple[End, End]) -> None:
    left, right = ends
    left.bridge.send(head(Cargo.NEWS, 9), b"news")
    right.bridge.send(head(Cargo.PROBE, 0))
    assert right.heard() == [(head(Cargo.NEWS, 9), b"news")]
    assert left.heard() == [(head(Cargo.PROBE, 0), b"")]


def test_a_head_that_is_cut(ends: tuple[End, End]) -> None:
    left, right = ends
    left.bridge._socket.send(b"cut")
    left.bridge._socket.send(b"")
    assert [size < 0 for _, size in right.bridge.receive()] == [True, True]


def test_what_does_not_fit_is_dropped(ends: tuple[End, End]) -> None:
    left, right = ends
    for _ in range(MORE_THAN_FIT // SLOTS):
        for slot in range(SLOTS):
            left.stage(slot, bytes(1000))
        left.bridge.flush()
        if left.bridge.drops:
            break
    assert set(left.bridge.drops) == {"bridge_full"}
    assert left.bridge.is_up
    before = left.bridge.drops["bridge_full"]
    while any(len(right.heard()) for _ in range(2)):
        pass
    left.stage(0, b"again")
    left.bridge.flush()
    assert right.heard() == [(head(Cargo.RTP, 7), b"again")]
    assert left.bridge.drops["bridge_full"] == before


@pytest.mark.parametrize("kind", KINDS)
def test_the_other_end_comes_and_goes(kind: type[LocalBridge]) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        left = End(kind, directory, "0-1", "1-0")
        for slot in range(3):
            left.stage(slot, b"to nobody")
        left.bridge.mend()
        left.bridge.flush()
        left.bridge.send(head(Cargo.PROBE, 0))
        assert (left.bridge.is_up, left.bridge.drops) == (False, {"bridge_down": 4})
        for turn in range(3):
            right = End(kind, directory, "1-0", "0-1")
            right.bridge.mend()
            left.bridge.mend()
            right.bridge.mend()
            assert left.bridge.is_up, turn
            assert right.bridge.is_up, turn
            left.stage(5, b"packet")
            left.bridge.flush()
            right.bridge.send(head(Cargo.NEWS, turn))
            assert right.heard() == [(head(Cargo.RTP, 7), b"packet")]
            assert left.heard() == [(head(Cargo.NEWS, turn), b"")]
            if turn == 1:
                right.bridge._socket.close()  # killed: the name stays
            else:
                right.bridge.close()
            for slot in range(2):
                left.stage(slot, b"lost")
            left.bridge.flush()
            assert not left.bridge.is_up
            assert left.heard() == []
        assert left.bridge.drops == {"bridge_down": 4 + 3 * 2}
        left.bridge.close()


def test_a_name_that_cannot_be_bound(tmp_path: Path) -> None:
    for kind in KINDS:
        with pytest.raises(OSError, match="No such file"):
            kind(FakeSocket(), tmp_path / "none" / "0-1", tmp_path / "1-0")


def test_the_quickest_kind_is_opened() -> None:
    with tempfile.TemporaryDirectory() as name:
        bridge = open_bridge(FakeSocket(), Path(name) / "0-1", Path(name) / "1-0")
        assert type(bridge) is KINDS[-1]
        bridge.close()
