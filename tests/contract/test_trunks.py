"""What trunks do over both kinds of socket, between two of one kind and between one of each."""

from __future__ import annotations

import itertools
import secrets
import socket
import sys
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from relay.media.paths.batch import BatchSocket
from relay.media.paths.bridge import Cargo, head
from relay.media.paths.transport import SLOT_BYTES, SLOTS, DatagramSocket, PlainSocket
from relay.media.paths.trunk import MOST_BYTES, OVERHEAD_BYTES, Place, Terminal, Trunk
from tests.support.fake_socket import FakeSocket
from tests.support.families import needs_ipv6
from tests.support.ports import free_ports

Kind = type[DatagramSocket]
KINDS: list[Kind] = [PlainSocket, *([BatchSocket] if sys.platform == "linux" else [])]
LEFT, RIGHT = "127.0.0.1", "127.0.0.2"
HEAD = head(Cargo.RTP, 0xABCDEF012345)


class End:
    """One worker's: its slots, its terminal, and a trunk."""

    def __init__(self, kind: Kind, near: Place, far: Place) -> None:
        self.slots = FakeSocket()
        self.kind, self.near = kind, near
        self.terminal = Terminal(self.slots)
        with patch("relay.media.paths.trunk.open_single", kind):
            assert self.terminal.open(near)
        self.trunk = self.terminal.lead(far)

    def stage(
        self, slot: int, packet: bytes, heading: int = HEAD, trunk: Trunk | None = None
    ) -> None:
        self.slots.view[slot * SLOT_BYTES : slot * SLOT_BYTES + len(packet)] = packet
        (trunk or self.trunk).stage(slot, len(packet), heading)

    def say(self, packet: bytes) -> None:
        self.stage(0, packet)
        self.terminal.flush()

    def send_raw(self, datagram: bytes, far: Place) -> None:
        """Something that is not made by a trunk, from where a trunk's comes."""
        opened = self.terminal._socket
        assert opened is not None
        opened.send(datagram, opened.at(*far))

    def last_wire(self, size: int) -> bytes:
        """The datagram that went out of the first slot last."""
        return bytes(self.terminal.view[: size + OVERHEAD_BYTES])

    def heard(self) -> list[tuple[int, bytes]]:
        """What has come at once: heads, and what is in the slots."""
        found = self.terminal.receive()
        return [
            (
                heading & (1 << 64) - 1,
                bytes(self.slots.view[slot * SLOT_BYTES : slot * SLOT_BYTES + size]),
            )
            for slot, (heading, size) in enumerate(found)
        ]

    @property
    def drops(self) -> dict[str, int]:
        return dict(self.terminal.drops)

    def close(self) -> None:
        self.terminal.close()


def ends_of(ours: Kind, theirs: Kind, hosts: tuple[str, str]) -> tuple[End, End]:
    places = list(zip(hosts, free_ports(2), strict=True))
    left, right = End(ours, places[0], places[1]), End(theirs, places[1], places[0])
    change_key(left, right, 0)
    change_key(right, left, 0)
    return left, right


def change_key(sender: End, receiver: End, epoch: int, key: bytes | None = None) -> bytes:
    key = key or secrets.token_bytes(16)
    receiver.trunk.decrypt_with(key, epoch)
    sender.trunk.encrypt_with(key, epoch)
    return key


@pytest.fixture(params=itertools.product(KINDS, KINDS), ids=lambda kinds: kinds[0].__name__)
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[End, End]]:
    ours, theirs = request.param
    left, right = ends_of(ours, theirs, (LEFT, RIGHT))
    yield left, right
    left.close()
    right.close()


def test_packets_come_as_they_were_in_slots_of_a_row(ends: tuple[End, End]) -> None:
    left, right = ends
    packets = [bytes([slot]) * (slot + 1) for slot in (3, 0, 60)]
    for slot, packet in zip((3, 0, 60), packets, strict=True):
        left.stage(slot, packet)
    left.terminal.flush()
    assert right.heard() == [(HEAD, packet) for packet in packets]
    assert right.heard() == []
    sent = left.terminal.packets_sent, left.terminal.bytes_sent
    assert sent == (3, sum(map(len, packets)))
    left.terminal.flush()
    assert right.heard() == []
    assert right.trunk.heard == 3


def test_full_batches_of_the_longest_packets(ends: tuple[End, End]) -> None:
    left, right = ends
    for turn in range(3):
        for slot in range(SLOTS):
            left.stage(slot, bytes([turn, slot]) * (MOST_BYTES // 2))
        left.terminal.flush()
        came = right.heard()
        assert [packet[:2] for _, packet in came] == [bytes([turn, n]) for n in range(SLOTS)]
        assert {len(packet) for _, packet in came} == {MOST_BYTES}
    left.stage(0, bytes(MOST_BYTES + 1))
    left.trunk.send(HEAD, bytes(MOST_BYTES + 1))
    left.terminal.flush()
    assert right.heard() == []
    assert (left.drops, right.drops) == ({"trunk_too_long": 2}, {})


def test_sizes_stay_apart_whatever_their_order(ends: tuple[End, End]) -> None:
    left, right = ends
    sizes = [1200, 1200, 700, 1200, 12, 12, 1200, 1200]
    for slot, size in enumerate(sizes):
        left.stage(slot, bytes([slot]) * size)
    left.terminal.flush()
    assert right.heard() == [(HEAD, bytes([slot]) * size) for slot, size in enumerate(sizes)]


def test_what_is_in_no_slot_goes_at_once_beside_what_is_staged(ends: tuple[End, End]) -> None:
    left, right = ends
    for slot in range(SLOTS):
        left.stage(slot, bytes([slot]))
    left.trunk.send(head(Cargo.NEWS, 9), b"news")
    right.trunk.send(head(Cargo.PROBE, 0))
    assert right.heard() == [(head(Cargo.NEWS, 9), b"news")]
    left.terminal.flush()
    assert right.heard() == [(HEAD, bytes([slot])) for slot in range(SLOTS)]
    assert left.heard() == [(head(Cargo.PROBE, 0), b"")]


def test_nobody_else_reads_it(ends: tuple[End, End]) -> None:
    left, right = ends
    left.say(b"a secret of twenty by")
    sent = left.last_wire(21)
    assert b"secret" not in sent
    assert len(right.heard()) == 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as spy:
        spy.bind((RIGHT, 0))
        trunk = left.terminal.lead((RIGHT, spy.getsockname()[1]))
        trunk.encrypt_with(bytes(16), 0)
        trunk.send(HEAD, b"a secret of twenty by")
        sent = spy.recv(2048)
    assert len(sent) == 21 + OVERHEAD_BYTES
    assert b"secret" not in sent


def test_no_stamp_is_used_twice_whatever_keys_are_told(ends: tuple[End, End]) -> None:
    left, right = ends
    key = change_key(left, right, 7)
    stamps = []
    for turn in range(4):
        left.stage(turn, b"packet")
        left.trunk.send(HEAD, b"other")
        stamps.append(left.trunk._stamp)
        left.terminal.flush()
        assert len(right.heard()) == 2
        if turn < 2:
            change_key(left, right, 7, key)  # the same once more
        else:
            change_key(left, right, turn)
    assert [stamp & (1 << 56) - 1 for stamp in stamps] == [2, 4, 6, 8]
    assert right.drops == {}


def test_both_ends_change_keys_while_packets_are_on_their_way(ends: tuple[End, End]) -> None:
    left, right = ends
    for epoch in range(1, 260):
        left.say(b"before")
        key = secrets.token_bytes(16)
        right.trunk.decrypt_with(key, epoch % 256)
        left.say(b"between")
        left.trunk.encrypt_with(key, epoch % 256)
        left.say(b"after")
        assert [packet for _, packet in right.heard()] == [b"before", b"between", b"after"]
    assert right.drops == {}


def test_of_more_than_two_keys_the_first_is_forgotten(ends: tuple[End, End]) -> None:
    left, right = ends
    for epoch in (1, 2):
        right.trunk.decrypt_with(secrets.token_bytes(16), epoch)
    left.say(b"late")
    assert right.heard() == []
    assert right.drops == {"trunk_keyless": 1}


def test_a_key_that_is_told_again_does_not_take_anything_twice(ends: tuple[End, End]) -> None:
    left, right = ends
    key = change_key(left, right, 1)
    left.say(b"once")
    wire = left.last_wire(4)
    assert len(right.heard()) == 1
    right.trunk.decrypt_with(key, 1)
    left.send_raw(wire, right.near)
    assert right.heard() == []
    assert right.drops == {"trunk_replayed": 1}


def test_what_is_forged_damaged_or_cut_is_dropped(ends: tuple[End, End]) -> None:
    left, right = ends
    left.say(b"packet")
    wire = left.last_wire(6)
    right.heard()

    def send(datagram: bytes) -> None:
        left.send_raw(datagram, right.near)

    fresh = (99).to_bytes(7, "little") + wire[7:]
    send(fresh)
    for at in range(8, len(wire)):
        send(fresh[:at] + bytes([fresh[at] ^ 1]) + fresh[at + 1 :])
    assert [right.heard() for _ in range(2)] == [[], []]
    forged = len(wire) - 8 + 1
    assert right.drops == {"trunk_forged": forged}
    send(fresh[:7] + b"\x05" + fresh[8:])
    for cut in (b"", fresh[:1], fresh[: OVERHEAD_BYTES - 1]):
        send(cut)
    send(fresh[:8] + bytes(2040))
    assert right.heard() == []
    assert right.drops == {
        "trunk_forged": forged + 1,
        "trunk_keyless": 1,
        "trunk_malformed": 3,
    }
    send(wire)
    left.say(b"good")
    assert right.heard() == [(HEAD, b"good")]
    assert right.drops["trunk_replayed"] == 1


def test_what_comes_from_elsewhere_is_not_looked_at(ends: tuple[End, End]) -> None:
    left, right = ends
    left.say(b"packet")
    right.heard()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((LEFT, 0))
        stranger.sendto(left.last_wire(6), right.near)
    assert right.heard() == []
    assert right.drops == {"trunk_unknown": 1}


def test_what_the_system_does_not_take_is_counted(ends: tuple[End, End]) -> None:
    left, _ = ends
    nowhere = left.terminal.lead((RIGHT, 0))
    nowhere.encrypt_with(bytes(16), 0)
    for slot in range(3):
        left.stage(slot, b"packet", trunk=nowhere)
    left.terminal.flush()
    nowhere.send(HEAD)
    assert left.drops == {"trunk_full": 4}


def test_the_other_end_comes_and_goes(ends: tuple[End, End]) -> None:
    """The system may say that nobody is there, and the socket hears nothing of it."""
    left, right = ends
    right.close()
    for _ in range(3):
        for slot in range(3):
            left.stage(slot, b"to nobody")
        left.terminal.flush()
        assert left.heard() == []
    again = End(right.kind, right.near, left.near)
    change_key(left, again, 1)
    left.say(b"to somebody")
    assert again.heard() == [(HEAD, b"to somebody")]
    assert left.drops == {}
    again.close()


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_key_or_a_socket_nothing_goes(kind: Kind) -> None:
    port, other = free_ports(2)
    end = End(kind, (LEFT, port), (RIGHT, other))
    end.stage(0, b"packet")
    end.trunk.send(HEAD)
    assert (end.trunk.is_up, end.drops) == (False, {"trunk_keyless": 2})
    end.trunk.encrypt_with(bytes(16), 0)
    assert end.trunk.is_up
    end.stage(0, b"packet")
    end.close()
    end.terminal.flush()
    assert (end.terminal.fileno(), end.heard()) == (-1, [])
    early = end.terminal.lead((RIGHT, other))
    early.encrypt_with(bytes(16), 1)
    end.stage(0, b"packet", trunk=early)
    early.send(HEAD)
    assert (early.is_up, end.drops) == (False, {"trunk_keyless": 2, "trunk_down": 2})
    assert end.terminal.open((LEFT, port))
    end.terminal.join(early)
    assert early.is_up
    end.terminal.part(early)
    end.stage(0, b"packet", trunk=early)
    assert (early.is_up, end.drops["trunk_keyless"]) == (False, 3)
    end.close()


def test_a_port_that_is_taken() -> None:
    (port,) = free_ports()
    terminal = Terminal(FakeSocket())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((LEFT, port))
        assert not terminal.open((LEFT, port))
        assert (terminal.refusal, terminal.fileno()) == ("Address already in use", -1)
    assert terminal.open((LEFT, port))
    assert terminal.refusal == ""
    assert terminal.open((LEFT, port)), "it is"
    terminal.close()
    assert not terminal.open((LEFT, 1 << 16))
    assert terminal.refusal == "there is no such port"


def test_an_address_that_is_none_of_this_machines() -> None:
    """As behind a NAT: others reach the node by it, and the port is bound on all."""
    (port,) = free_ports()
    terminal = Terminal(FakeSocket())
    assert terminal.open(("192.0.2.7", port))
    terminal.close()


@needs_ipv6
@pytest.mark.parametrize("kind", KINDS)
def test_over_ipv6(kind: Kind) -> None:
    left, right = ends_of(kind, kind, ("::1", "::1"))
    left.say(b"packet")
    assert right.heard() == [(HEAD, b"packet")]
    left.close()
    right.close()


@pytest.mark.parametrize("kind", KINDS)
def test_an_address_of_the_other_family_is_not_reached(kind: Kind) -> None:
    (port,) = free_ports()
    end = End(kind, (LEFT, port), ("::1", 9))
    end.trunk.encrypt_with(bytes(16), 0)
    assert not end.trunk.is_up
    end.trunk.send(HEAD)
    assert end.drops == {"trunk_down": 1}
    end.close()


@pytest.mark.parametrize("kind", KINDS)
def test_several_trunks_of_one_worker_end_at_one_terminal(kind: Kind) -> None:
    """What is staged on all of them goes with one flush, and each takes only what is its own."""
    ports = free_ports(3)
    near = LEFT, ports[0]
    here = End(kind, near, (RIGHT, ports[1]))
    trunks = [here.trunk, here.terminal.lead((RIGHT, ports[2]))]
    others = [End(kind, (RIGHT, port), near) for port in ports[1:]]
    for trunk, other in zip(trunks, others, strict=True):
        key = secrets.token_bytes(16)
        trunk.encrypt_with(key, 0)
        other.trunk.decrypt_with(key, 0)
        other.trunk.encrypt_with(key[::-1], 0)
        trunk.decrypt_with(key[::-1], 0)
    for slot in range(6):
        here.stage(slot, bytes([slot]), trunk=trunks[slot % 2])
    here.terminal.flush()
    assert [[packet for _, packet in other.heard()] for other in others] == [
        [b"\0", b"\2", b"\4"],
        [b"\1", b"\3", b"\5"],
    ]
    for number, other in enumerate(others):
        other.trunk.send(head(Cargo.NEWS, number))
    assert here.terminal.receive() == [
        (head(Cargo.NEWS, number) | trunk.mark, 0) for number, trunk in enumerate(trunks)
    ], "it is known of each whose it is"
    assert [trunk.heard for trunk in trunks] == [1, 1]
    others[0].say(b"own")
    others[1].send_raw(others[0].last_wire(3), near)  # another node's, which has no such key
    assert [packet for _, packet in here.heard()] == [b"own"]
    assert here.drops == {"trunk_forged": 1}
    for each in (here, *others):
        each.close()
