"""What both kinds of datagram socket do alike, and the one without a network."""

import errno
import gc
import itertools
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from relay.media.paths import mmsg
from relay.media.paths.batch import BatchSocket
from relay.media.paths.dual import DualSocket, open_socket
from relay.media.paths.transport import (
    MAX_DATAGRAM_BYTES,
    SLOT_BYTES,
    SLOTS,
    Address,
    DatagramSocket,
    PlainSocket,
)
from tests.support.fake_socket import FakeSocket
from tests.support.families import needs_ipv6

LINUX = sys.platform == "linux"
KINDS: list[type[DatagramSocket]] = [PlainSocket, *([BatchSocket] if LINUX else [])]


ADDRESSES = {
    "IPv4": ("127.0.0.1", "127.0.0.1"),
    "any IPv4": ("0.0.0.0", "127.0.0.1"),
    "IPv6": ("::1", "::1"),
    "any, from IPv6": ("::", "::1"),
    "any, from IPv4": ("::", "127.0.0.1"),
}
"""What a socket is bound to, and where its peers find it."""


def marks(host: str) -> list[pytest.MarkDecorator]:
    return [needs_ipv6] if ":" in host else []


HOSTS = [pytest.param(hosts, id=name, marks=marks(hosts[0])) for name, hosts in ADDRESSES.items()]


class Peer:
    """A plain socket at the other end."""

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((host, 0))
        self.socket.settimeout(5)
        self.target = (host, port)
        self.host, self.port = self.socket.getsockname()[:2]

    def send(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self.socket.sendto(datagram, self.target)

    def heard(self, count: int) -> list[bytes]:
        return [self.socket.recv(4096) for _ in range(count)]

    def hears_nothing_more(self) -> bool:
        self.socket.setblocking(False)
        try:
            self.socket.recv(4096)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(5)
        return False

    def close(self) -> None:
        self.socket.close()


class FakePeer:
    """The other end where there is no network."""

    _ports = itertools.count(40_000)

    def __init__(self, theirs: FakeSocket) -> None:
        self._theirs = theirs
        self.host, self.port = "192.0.2.7", next(self._ports)

    def send(self, *datagrams: bytes) -> None:
        self._theirs.waiting += [((self.host, self.port), datagram) for datagram in datagrams]

    def heard(self, count: int) -> list[bytes]:
        mine = [entry for entry in self._theirs.sent if entry[0] == (self.host, self.port)][:count]
        assert len(mine) == count
        for entry in mine:
            self._theirs.sent.remove(entry)
        return [datagram for _, datagram in mine]

    def hears_nothing_more(self) -> bool:
        return all(address != (self.host, self.port) for address, _ in self._theirs.sent)

    def close(self) -> None:
        """There is nothing to close."""


AnyPeer = Peer | FakePeer


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> type[DatagramSocket]:
    found: type[DatagramSocket] = request.param
    return found


@pytest.fixture(params=HOSTS)
def hosts(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


Ends = tuple[type[DatagramSocket], str, str]
"""A kind of socket, the address it is bound to, and the one at which peers find it."""
ENDS = [
    *(
        pytest.param((kind, *hosts), id=f"{kind.__name__}, {name}", marks=marks(hosts[0]))
        for kind in KINDS
        for name, hosts in ADDRESSES.items()
    ),
    *(
        [pytest.param((DualSocket, "::", "127.0.0.1"), id="DualSocket", marks=needs_ipv6)]
        if LINUX
        else []
    ),
    pytest.param((FakeSocket, "", ""), id="FakeSocket"),
]


@pytest.fixture(params=ENDS)
def ends(request: pytest.FixtureRequest) -> Ends:
    found: Ends = request.param
    return found


@pytest.fixture
def ours(ends: Ends) -> Iterator[DatagramSocket]:
    kind, host, _ = ends
    bound: DatagramSocket
    if kind is FakeSocket:
        bound = FakeSocket()
    else:
        bound = DualSocket(0) if kind is DualSocket else kind(host, 0)
    yield bound
    bound.close()


def meet(ours: DatagramSocket, host: str) -> AnyPeer:
    return FakePeer(ours) if isinstance(ours, FakeSocket) else Peer(host, ours.port)


@pytest.fixture
def peer(ours: DatagramSocket, ends: Ends) -> Iterator[AnyPeer]:
    found = meet(ours, ends[2])
    yield found
    found.close()


@pytest.fixture
def other(ours: DatagramSocket, ends: Ends) -> Iterator[AnyPeer]:
    found = meet(ours, ends[2])
    yield found
    found.close()


def contents(ours: DatagramSocket, count: int) -> list[bytes]:
    return [
        bytes(ours.view[slot * SLOT_BYTES : slot * SLOT_BYTES + ours.size(slot)])
        for slot in range(count)
    ]


def write(ours: DatagramSocket, slot: int, data: bytes) -> int:
    ours.view[slot * SLOT_BYTES : slot * SLOT_BYTES + len(data)] = data
    return len(data)


def address_of(ours: DatagramSocket, peer: AnyPeer) -> Address:
    """The address by which the socket knows this peer: learnt from a datagram."""
    peer.send(b"hello")
    assert ours.receive() == 1
    return ours.address(0)


def unreachable(ours: DatagramSocket, address: Address) -> Address:
    """The same host with port 0, to which nothing can be sent."""
    if isinstance(address, int):  # the significant bytes of an IPv4 sockaddr
        return int.from_bytes(unreachable(ours, address.to_bytes(8, sys.byteorder)), sys.byteorder)
    if isinstance(address, bytes):
        return address[:2] + b"\0\0" + address[4:]
    return address[0], 0, *address[2:]


# receiving


def test_nothing_has_arrived(ours: DatagramSocket) -> None:
    assert ours.receive() == 0
    assert ours.receive() == 0


def test_datagrams_arrive_in_slots(ours: DatagramSocket, peer: AnyPeer, other: AnyPeer) -> None:
    peer.send(b"one", b"", b"three" * 100)
    other.send(b"four")
    assert ours.receive() == 4
    assert contents(ours, 4) == [b"one", b"", b"three" * 100, b"four"]
    assert [ours.size(slot) for slot in range(4)] == [3, 0, 500, 4]
    assert ours.receive() == 0


def test_addresses_tell_peers_apart(ours: DatagramSocket, peer: AnyPeer, other: AnyPeer) -> None:
    peer.send(b"1")
    other.send(b"2")
    peer.send(b"3")
    assert ours.receive() == 3
    first, second, third = (ours.address(slot) for slot in range(3))
    assert first == third != second
    assert len({first, second, third}) == 2


def test_addresses_outlive_their_slots(ours: DatagramSocket, peer: AnyPeer, other: AnyPeer) -> None:
    first = address_of(ours, peer)
    second = address_of(ours, other)
    assert address_of(ours, peer) == first != second


def test_addresses_are_written_as_stun_wants_them(ours: DatagramSocket, peer: AnyPeer) -> None:
    assert ours.host_port(address_of(ours, peer)) == (peer.host, peer.port)


def test_many_datagrams_take_many_batches(ours: DatagramSocket, peer: AnyPeer) -> None:
    sent = [b"%d" % number for number in range(2 * SLOTS + 10)]
    peer.send(*sent)
    got = []
    counts = []
    while count := ours.receive():
        counts.append(count)
        got += contents(ours, count)
    assert got == sent
    assert counts == [SLOTS, SLOTS, 10]


def test_an_oversized_datagram_is_cut_and_harms_no_other(
    ours: DatagramSocket, peer: AnyPeer
) -> None:
    largest = bytes(range(256)) * 8
    peer.send(b"before", largest[:MAX_DATAGRAM_BYTES], largest + b"more", b"after")
    assert ours.receive() == 4
    cut = largest[:MAX_DATAGRAM_BYTES]
    assert contents(ours, 4) == [b"before", cut, cut, b"after"]


def test_a_cut_datagram_leaves_room_for_srtps_trailer(ours: DatagramSocket, peer: AnyPeer) -> None:
    peer.send(b"x" * 4000)
    assert ours.receive() == 1
    assert SLOT_BYTES - ours.size(0) >= 144


def test_each_slot_has_its_pointer(ours: DatagramSocket, peer: AnyPeer) -> None:
    peer.send(b"one", b"two")
    ours.receive()
    ours.pointers[1][0] = ord("T")
    assert contents(ours, 2) == [b"one", b"Two"]


# sending


def test_staged_datagrams_go_out_in_order_on_flush(
    ours: DatagramSocket, peer: AnyPeer, other: AnyPeer
) -> None:
    peer.send(b"one", b"two", b"three")
    other.send(b"four")
    ours.receive()
    to_peer = ours.destination(ours.address(0))
    to_other = ours.destination(ours.address(3))
    for slot, destination in ((2, to_peer), (0, to_other), (3, to_peer)):
        ours.stage(slot, ours.size(slot), destination)
    ours.stage(1, write(ours, 1, b"written"), to_peer)
    assert peer.hears_nothing_more()
    ours.flush()
    assert peer.heard(3) == [b"three", b"four", b"written"]
    assert other.heard(1) == [b"one"]
    assert ours.send_drops == 0


def test_slots_that_are_not_staged_are_left_out(ours: DatagramSocket, peer: AnyPeer) -> None:
    destination = ours.destination(address_of(ours, peer))
    for slot in range(SLOTS):
        size = write(ours, slot, b"%02d" % slot)
        if slot % 4 != 1:
            ours.stage(slot, size, destination)
    ours.flush()
    assert peer.heard(48) == [b"%02d" % slot for slot in range(SLOTS) if slot % 4 != 1]
    assert peer.hears_nothing_more()


def test_a_flush_sends_each_datagram_once(ours: DatagramSocket, peer: AnyPeer) -> None:
    destination = ours.destination(address_of(ours, peer))
    ours.flush()
    ours.stage(0, 5, destination)
    ours.flush()
    ours.flush()
    assert peer.heard(1) == [b"hello"]
    assert peer.hears_nothing_more()


def test_only_the_staged_size_is_sent(ours: DatagramSocket, peer: AnyPeer) -> None:
    destination = ours.destination(address_of(ours, peer))
    ours.stage(0, 2, destination)
    ours.flush()
    assert peer.heard(1) == [b"he"]


@pytest.mark.parametrize(
    "sizes",
    [
        [1000] * SLOTS,
        [1000, 1000, 300, 1000, 1000],
        [300, 1000, 1000, 300, 300],
        [1200] * 60 + [1],
        [1, 1, 1, 2, 2, 1],
        [2000] * 40,
        [500, 400, 300, 200, 100],
        [MAX_DATAGRAM_BYTES + 144] * SLOTS,
    ],
    ids=lambda sizes: f"{len(sizes)} from {sizes[0]} to {sizes[-1]}",
)
def test_sizes_stay_apart_whatever_their_order(
    ours: DatagramSocket, peer: AnyPeer, sizes: list[int]
) -> None:
    destination = ours.destination(address_of(ours, peer))
    segmenting = getattr(ours, "segmenting", None)
    for _ in range(2):
        sent = []
        for slot, size in enumerate(sizes):
            sent.append(bytes([slot]) * size)
            ours.stage(slot, write(ours, slot, sent[-1]), destination)
        ours.flush()
        assert peer.heard(len(sizes)) == sent
    assert ours.send_drops == 0
    assert getattr(ours, "segmenting", None) is segmenting, "no message was too large"


def test_places_are_known_by_what_comes_from_them(ours: DatagramSocket, peer: AnyPeer) -> None:
    address = address_of(ours, peer)
    assert ours.at(peer.host, peer.port) == address
    assert ours.at(peer.host, peer.port + 1) != address
    assert ours.at("localhost", peer.port) is None, "names are not looked up"
    assert ours.at(peer.host, 1 << 16) is None
    if ours.family == socket.AF_INET:
        assert ours.at("::1", peer.port) is None


def test_to_an_address_without_a_port_nothing_goes(ours: DatagramSocket, peer: AnyPeer) -> None:
    destination = ours.destination(ours.portless(address_of(ours, peer)))
    for slot in range(2):
        ours.stage(slot, 5, destination)
    ours.flush()
    assert ours.send_drops == 2


def test_destinations_may_alternate(ours: DatagramSocket, peer: AnyPeer, other: AnyPeer) -> None:
    to_peer = ours.destination(address_of(ours, peer))
    to_other = ours.destination(address_of(ours, other))
    for slot in range(SLOTS):
        ours.stage(slot, write(ours, slot, b"%02d" % slot), (to_peer, to_other)[slot % 3 == 0])
    ours.flush()
    assert peer.heard(42) == [b"%02d" % slot for slot in range(SLOTS) if slot % 3]
    assert other.heard(22) == [b"%02d" % slot for slot in range(0, SLOTS, 3)]


def test_a_destination_may_be_forgotten_before_the_flush(
    ours: DatagramSocket, peer: AnyPeer, other: AnyPeer
) -> None:
    """A link that moves within a batch drops its former destination."""
    first, second = address_of(ours, peer), address_of(ours, other)
    destinations = [ours.destination(first) for _ in range(32)]
    to_other = ours.destination(second)
    for slot in range(32):
        ours.stage(2 * slot, write(ours, 2 * slot, b"peer"), destinations.pop(0))
        ours.stage(2 * slot + 1, write(ours, 2 * slot + 1, b"other"), to_other)
    gc.collect()
    kept = [ours.destination(second) for _ in range(1000)]
    ours.flush()
    assert peer.heard(32) == [b"peer"] * 32
    assert other.heard(32) == [b"other"] * 32
    assert len(kept) == 1000


def test_one_datagram_at_once(ours: DatagramSocket, peer: AnyPeer) -> None:
    ours.send(b"at once", address_of(ours, peer))
    assert peer.heard(1) == [b"at once"]


def test_nothing_to_flush(ours: DatagramSocket) -> None:
    ours.flush()
    assert ours.send_drops == 0


# what the kernel does not take


def test_a_datagram_that_cannot_be_sent_is_counted_and_the_others_pass(
    ours: DatagramSocket, peer: AnyPeer
) -> None:
    address = address_of(ours, peer)
    good = ours.destination(address)
    bad = ours.destination(unreachable(ours, address))
    for slot, destination in enumerate((good, bad, good, good, bad, bad, good)):
        ours.stage(slot, write(ours, slot, b"%d" % slot), destination)
    ours.flush()
    assert peer.heard(4) == [b"0", b"2", b"3", b"6"]
    assert ours.send_drops == 3
    for slot in range(3):
        ours.stage(slot, write(ours, slot, b"again"), good)
    ours.flush()
    assert peer.heard(3) == [b"again"] * 3


def test_sending_at_once_counts_what_cannot_be_sent(ours: DatagramSocket, peer: AnyPeer) -> None:
    ours.send(b"x", unreachable(ours, address_of(ours, peer)))
    assert ours.send_drops == 1


class _FullSocket:
    """A socket whose send buffer is full; loopback never fills a real one."""

    def __init__(self, real: socket.socket) -> None:
        self._real = real

    def sendto(self, *_: Any) -> int:
        raise BlockingIOError(errno.EAGAIN, "full")

    def sendmmsg(self, *_: Any) -> int:
        mmsg.ffi.errno = errno.EAGAIN
        return -1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_full_send_buffer_is_counted_and_never_waited_for(
    kind: type[DatagramSocket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = kind("127.0.0.1", 0)
    peer = Peer("127.0.0.1", ours.port)
    destination = ours.destination(address_of(ours, peer))
    full = _FullSocket(ours._socket)
    with monkeypatch.context() as patch:
        patch.setattr(ours, "_socket", full)
        if isinstance(ours, BatchSocket):
            patch.setattr(ours, "_libc", full)
        for slot in range(10):
            ours.stage(slot, write(ours, slot, b"x" * (slot % 3 + 1)), destination)
        ours.flush()
        assert ours.send_drops == 10
    ours.stage(0, write(ours, 0, b"there is room again"), destination)
    ours.flush()
    assert peer.heard(1) == [b"there is room again"]
    assert ours.send_drops == 10
    ours.close()
    peer.close()


# life


def test_the_port_can_be_chosen_and_is_then_taken(
    kind: type[DatagramSocket], hosts: tuple[str, str]
) -> None:
    first = kind(hosts[0], 0)
    with pytest.raises(OSError, match="in use"):
        kind(hosts[0], first.port)
    first.close()
    again = kind(hosts[0], first.port)
    assert again.port == first.port
    again.close()


@pytest.mark.parametrize("host", ["192.0.2.1", "not an address", "2001:db8::1"])
def test_an_address_that_is_not_ours(kind: type[DatagramSocket], host: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 -- the message is the system's
        kind(host, 0)


def test_the_quickest_kind_is_chosen() -> None:
    chosen = open_socket("127.0.0.1", 0)
    assert isinstance(chosen, BatchSocket if LINUX and struct.calcsize("P") == 8 else PlainSocket)
    chosen.close()


@pytest.mark.skipif(not LINUX, reason="Linux cuts messages up")
def test_a_batch_socket_on_a_kernel_that_cannot_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BatchSocket, "_prepare_segmenting", lambda _: False)
    ours = BatchSocket("127.0.0.1", 0)
    peer = Peer("127.0.0.1", ours.port)
    destination = ours.destination(address_of(ours, peer))
    for slot in range(5):
        ours.stage(slot, write(ours, slot, b"%d" % slot), destination)
    ours.flush()
    assert peer.heard(5) == [b"0", b"1", b"2", b"3", b"4"]
    ours.close()
    peer.close()


# both families on one port


@pytest.fixture
def dual() -> Iterator[DatagramSocket]:
    bound = open_socket("::", 0)
    yield bound
    bound.close()


@pytest.fixture
def both(dual: DatagramSocket) -> Iterator[tuple[Peer, Peer]]:
    peers = Peer("127.0.0.1", dual.port), Peer("::1", dual.port)
    yield peers
    for each in peers:
        each.close()


@needs_ipv6
@pytest.mark.skipif(not LINUX, reason="one socket does both elsewhere")
def test_each_family_is_read_by_itself_and_sent_to_in_one_batch(
    dual: DatagramSocket, both: tuple[Peer, Peer]
) -> None:
    four, six = both
    destinations = []
    for part, peer in zip(dual.parts, both, strict=True):
        peer.send(b"hello")
        assert part.receive() == 1
        sizes, (address,) = part.headings(1)
        assert (sizes, bytes(dual.view[:5])) == ([5], b"hello")
        assert dual.host_port(address) == (peer.host, peer.port)
        assert len(dual.network(address)) == (4 if peer is four else 8)
        dual.send(b"at once", address)
        destinations.append(dual.destination(address))
    to_four, to_six = destinations
    for slot, destination in enumerate([to_four, to_six, to_six, to_four]):
        dual.stage(slot, write(dual, slot, f"slot {slot}".encode()), destination)
    dual.flush()
    assert four.heard(3) == [b"at once", b"slot 0", b"slot 3"]
    assert six.heard(3) == [b"at once", b"slot 1", b"slot 2"]
    assert (dual.receive(), dual.send_drops) == (0, 0)


@needs_ipv6
@pytest.mark.skipif(not LINUX, reason="one socket does both elsewhere")
def test_what_cannot_be_sent_counts_whichever_family_it_is(
    dual: DatagramSocket, both: tuple[Peer, Peer]
) -> None:
    for part, peer in zip(dual.parts, both, strict=True):
        peer.send(b"hello")
        assert part.receive() == 1
        nowhere = unreachable(dual, part.headings(1)[1][0])
        dual.send(b"lost", nowhere)
        for slot in (0, 1):
            dual.stage(slot, 5, dual.destination(nowhere))
        dual.flush()
    assert dual.send_drops == 6


@needs_ipv6
def test_a_port_that_one_family_has_lost_cannot_be_had(dual: DatagramSocket) -> None:
    with pytest.raises(OSError, match="in use"):
        open_socket("::", dual.port)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
        taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind(("::", 0))
        with pytest.raises(OSError, match="in use"):
            open_socket("::", taken.getsockname()[1])
    gc.collect()


def test_a_machine_without_ipv6_has_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_ipv6(family: int, *rest: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, *rest)

    real = socket.socket
    monkeypatch.setattr(socket, "socket", no_ipv6)
    bound = open_socket("::", 0)
    assert bound.family == socket.AF_INET
    bound.close()
