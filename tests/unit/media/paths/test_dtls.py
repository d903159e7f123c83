"""What of a peer's DTLS gets through to OpenSSL, whoever else writes with the peer's address."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from OpenSSL import SSL

from relay.media.paths.dtls import (
    AHEAD,
    MAX_EARLY,
    MAX_MESSAGE_BYTES,
    MAX_PARTIAL,
    MAX_PARTS,
    MAX_STRETCHES,
    Fingerprint,
    Sieve,
)
from relay.seam import LinkCertificate
from tests.support.dtls import (
    FINGERPRINTS,
    FORGERIES,
    End,
    fingerprints,
    fragment,
    messages,
    record,
    records,
)

HELLO = bytes(range(142))


def sieve(role: str = "client") -> Sieve:
    made = Sieve()
    made.role, made.fingerprints = role, FINGERPRINTS[:1]
    return made


def kept(one: Sieve, *datagrams: bytes) -> list[bytes]:
    return list(itertools.chain.from_iterable(one.sift(each)[0] for each in datagrams))


def hello(offset: int = 0, end: int = 142) -> bytes:
    return record(fragment(1, HELLO[offset:end], size=142, offset=offset))


WHOLE = [record(fragment(1, HELLO), number=0)]


class Wire:
    """Two ends and the sieve before one of them; every record is a datagram of its own."""

    def __init__(self, victim: str) -> None:
        self.ends = {"client": End("client"), "server": End("server")}
        self.victim = victim
        self.sieve = sieve("server" if victim == "client" else "client")
        self.arrived = 0

    def deliver(self, heard: Iterable[bytes], at: str, forged: bytes, when: int) -> bytes:
        said = b""
        for each in heard:
            if at != self.victim:
                said += self.ends[at].hear(each)
                continue
            for datagram in [forged, each] if self.arrived == when else [each]:
                for one in self.sieve.sift(datagram)[0]:
                    said += self.ends[at].hear(one)
            self.arrived += 1
        return said

    def shake_hands(self, forged: bytes, when: int) -> None:
        said = self.ends["client"].hear()
        for at in itertools.cycle(("server", "client")):
            said = self.deliver(records(said), at, forged, when)
            if not said:
                break
        assert self.ends["client"].done
        assert self.ends["server"].done


RESTARTED = {"a hello of junk"}
"""OpenSSL has to say that it refuses it; the transport then begins again."""


@pytest.mark.parametrize("name", sorted(FORGERIES.keys() - RESTARTED))
@pytest.mark.parametrize("when", range(7))
def test_no_forged_datagram_ends_a_handshake(name: str, when: int) -> None:
    wire = Wire("server")
    wire.shake_hands(FORGERIES[name], when)
    assert wire.arrived >= 7


@pytest.mark.parametrize(
    "name", ["fatal alert", "close_notify", "16 MB", "junk", "a hello of junk"]
)
@pytest.mark.parametrize("when", range(7))
def test_nor_where_the_relay_is_the_client(name: str, when: int) -> None:
    wire = Wire("client")
    wire.shake_hands(FORGERIES[name], when)
    assert wire.arrived >= 7


def test_what_is_expected_of_a_server() -> None:
    one = sieve("server")
    for number, kind in ((1, 11), (2, 12), (3, 13), (4, 14)):
        assert not kept(one, record(fragment(kind, b"\0", number=0))), "not the first"
        assert not kept(one, record(fragment(kind, b"", number=number)))
    assert len(kept(one, record(fragment(3, bytes(9), number=0)))) == 1, "HelloVerifyRequest"
    assert len(kept(one, record(fragment(2, bytes(9), number=1)))) == 1


def test_a_client_may_not_say_what_a_server_does() -> None:
    assert sieve("client").sift(record(fragment(2, HELLO))) == ([], False)
    assert sieve("server").sift(record(fragment(1, HELLO))) == ([], False)


# fragments


def test_a_hello_in_one_piece_is_written_anew() -> None:
    one = sieve()
    odd = record(fragment(1, HELLO), version=0xFEFF, number=1234567890123)
    assert one.sift(odd) == (WHOLE, True)
    assert one.sift(odd) == ([], True), "and goes through once"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_fragments_in_any_order(order: tuple[int, ...]) -> None:
    pieces = [hello(0, 50), hello(50, 100), hello(100, 142)]
    assert kept(sieve(), *[pieces[each] for each in order]) == WHOLE


def test_fragments_that_overlap_and_come_twice() -> None:
    one = sieve()
    assert kept(one, hello(0, 60), hello(0, 60), hello(40, 100), hello(100, 120)) == []
    assert kept(one, hello(90, 142)) == WHOLE


def test_fragments_in_one_record_and_in_one_datagram() -> None:
    body = fragment(1, HELLO[:50], size=142) + fragment(1, HELLO[50:], size=142, offset=50)
    assert kept(sieve(), record(body)) == WHOLE
    assert kept(sieve(), hello(0, 50) + hello(50, 142)) == WHOLE


def test_a_long_hello_with_its_end_first() -> None:
    """As Firefox's with a key share of ML-KEM, which is longer than a datagram."""
    long = bytes(range(256)) * 6
    first, second = (
        record(fragment(1, long[:1180], size=1536)),
        record(fragment(1, long[1180:], size=1536, offset=1180)),
    )
    assert kept(sieve(), second, first) == [record(fragment(1, long), number=0)]


def test_a_fragment_that_lies_about_the_message_is_another_message() -> None:
    one = sieve()
    lies = record(fragment(1, b"x" * 50, size=999)), record(fragment(11, b"x" * 50, size=142))
    assert kept(one, hello(0, 50), *lies, hello(50, 142)) == WHOLE


def test_a_message_whose_turn_has_not_come_waits() -> None:
    one = sieve()
    key = b"\x20" + bytes(32)
    flight = End("client").hear()
    answer = End("server").hear(*records(flight))
    assert messages(answer)[2]
    certificate = fragment(11, messages(answer)[11], number=1)
    assert kept(one, record(fragment(16, key, number=2))) == []
    assert kept(one, record(certificate)) == []
    assert kept(one, hello()) == [
        *WHOLE,
        record(certificate, number=1),
        record(fragment(16, key, number=2), number=2),
    ]


def test_partial_messages_are_bounded() -> None:
    one = sieve()
    kept(one, hello(0, 50))
    for size in range(200, 200 + MAX_PARTIAL):
        kept(one, record(fragment(1, b"x", size=size)))
    assert len(one._partial) == MAX_PARTIAL
    assert kept(one, hello(50, 142)) == [], "its beginning had to make room"
    assert kept(one, hello(0, 50)) == WHOLE, "and has come again"


def test_stretches_are_bounded_and_a_crowded_message_recovers() -> None:
    one = sieve()
    for at in range(1, 142, 2):
        kept(one, record(fragment(1, b"x", size=142, offset=at)))
        assert 1 <= len(one._partial[0, 1, 142].stretches) <= MAX_STRETCHES
    assert kept(one, hello(100, 142), hello(0, 50), hello(50, 100)) == WHOLE


def test_what_thousands_of_fragments_of_one_byte_leave_behind() -> None:
    """In order and with gaps between them, for as many messages as there may be."""
    one = sieve()
    sizes = range(MAX_MESSAGE_BYTES - MAX_PARTIAL, MAX_MESSAGE_BYTES)
    most = 0
    for step in (1, 2):
        for at in range(0, MAX_MESSAGE_BYTES // 2, step):
            size = sizes[at % MAX_PARTIAL]
            assert one.sift(record(fragment(1, b"x", size=size, offset=at))) == ([], True)
            most = max(most, *(len(each.stretches) for each in one._partial.values()))
    assert len(one._partial) == MAX_PARTIAL
    assert most == MAX_STRETCHES
    assert kept(one, hello()) == WHOLE


def test_neighbours_become_one_stretch() -> None:
    one = sieve()
    for at in range(141):
        kept(one, hello(at, at + 1))
        assert one._partial[0, 1, 142].stretches == [(0, at + 1)]
    assert kept(one, hello(141, 142)) == WHOLE


@pytest.mark.parametrize("in_one_record", [True, False])
def test_only_the_first_parts_of_a_datagram_are_looked_at(in_one_record: bool) -> None:
    one = sieve()
    pieces = [fragment(1, HELLO[at : at + 1], size=142, offset=at) for at in range(142)]
    for count, sound in ((MAX_PARTS, True), (MAX_PARTS + 1, False), (142, False)):
        few = pieces[:count]
        datagram = record(b"".join(few)) if in_one_record else b"".join(map(record, few))
        assert one.sift(datagram) == ([], sound)
        assert one._partial[0, 1, 142].stretches == [(0, MAX_PARTS)]


def test_the_largest_message_and_a_larger_one() -> None:
    assert sieve().sift(record(fragment(1, b"x", size=MAX_MESSAGE_BYTES))) == ([], True)
    assert sieve().sift(record(fragment(1, b"x", size=MAX_MESSAGE_BYTES + 1))) == ([], False)


def test_how_far_ahead_a_message_may_be() -> None:
    assert sieve().sift(record(fragment(16, b"x", number=AHEAD - 1))) == ([], True)
    assert sieve().sift(record(fragment(16, b"x", number=AHEAD))) == ([], False)


# certificates


def client_flight() -> tuple[Wire, bytes]:
    wire = Wire("server")
    answer = wire.deliver(records(wire.ends["client"].hear()), "server", b"", -1)
    return wire, wire.ends["client"].hear(*records(answer))


def test_only_the_certificate_of_the_description_passes() -> None:
    wire, flight = client_flight()
    stranger = LinkCertificate.generateCertificate()
    wire.sieve.fingerprints = fingerprints(stranger)
    certificate = record(fragment(11, messages(flight)[11], number=1))
    assert wire.sieve.sift(certificate) == ([], False)
    wire.sieve.fingerprints = [Fingerprint("md5", "00"), Fingerprint("sha-256", "?")]
    assert wire.sieve.sift(certificate) == ([], False)
    wire.sieve.fingerprints = [
        Fingerprint(each.algorithm.upper(), each.value.lower()) for each in FINGERPRINTS[1:2]
    ]
    assert len(kept(wire.sieve, certificate)) == 1


@pytest.mark.parametrize("cut", range(8))
def test_a_certificate_message_that_is_cut(cut: int) -> None:
    wire, flight = client_flight()
    forged = record(fragment(11, messages(flight)[11][:cut], number=1))
    assert wire.sieve.sift(forged) == ([], False)
    true = record(fragment(11, messages(flight)[11], number=1))
    assert len(kept(wire.sieve, true)) == 1


# the change of cipher, and later


def test_a_change_of_cipher_that_overtakes_waits_and_passes_once() -> None:
    wire, flight = client_flight()
    change = [each for each in records(flight) if each[0] == 20]
    rest = [each for each in records(flight) if each[0] != 20]
    assert wire.sieve.sift(change[0]) == ([], True)
    passed = kept(wire.sieve, *rest, *change)
    assert [each[0] for each in passed].count(20) == 1
    assert wire.ends["server"].hear(*passed)
    assert wire.ends["server"].done


def test_a_finished_that_overtakes_waits_for_the_change_of_cipher() -> None:
    """Given to OpenSSL at once, one that is forged would take the place of the true one."""
    wire, flight = client_flight()
    *clear, change, finished = records(flight)
    forged = record(bytes(40), epoch=1, number=0)
    passed = kept(wire.sieve, forged, finished, *[forged] * (MAX_EARLY - 1), *clear, change)
    assert [each[0] for each in passed[3:]] == [20] + [22] * MAX_EARLY
    assert wire.ends["server"].hear(*passed)
    assert wire.ends["server"].done


def test_after_the_handshake_only_what_is_authenticated_passes() -> None:
    wire = Wire("server")
    wire.shake_hands(b"", -1)
    for name, forged in FORGERIES.items():
        assert all(each[3:5] == b"\0\1" for each in wire.sieve.sift(forged)[0]), name
        for each in wire.sieve.sift(forged)[0]:
            wire.ends["server"].ssl.bio_write(each)
            with pytest.raises(SSL.WantReadError):
                wire.ends["server"].ssl.recv(100)
    assert not wire.sieve._partial
    wire.ends["client"].ssl.send(b"still here")
    for each in kept(wire.sieve, wire.ends["client"].ssl.bio_read(999)):
        wire.ends["server"].ssl.bio_write(each)
    assert wire.ends["server"].ssl.recv(99) == b"still here"


@pytest.mark.parametrize("epoch", [2, 3, 0xFFFF])
def test_there_are_two_epochs(epoch: int) -> None:
    one = sieve()
    assert one.sift(record(bytes(40), epoch=1))[1]
    assert not one.sift(record(bytes(40), epoch=epoch))[1]


# beginning again


def test_a_hello_that_was_refused_can_be_forgotten_but_nothing_else() -> None:
    one = sieve()
    assert one.forget_hello() is None, "there is none"
    kept(one, record(fragment(1, bytes(60))))
    assert one.forget_hello() == []
    assert one.forget_hello() is None
    assert kept(one, hello()) == WHOLE
    wire, flight = client_flight()
    kept(wire.sieve, *records(flight)[:2])
    assert wire.sieve.forget_hello() is None
    server = sieve("server")
    kept(server, record(fragment(2, bytes(60))))
    assert server.forget_hello() is None, "a client cannot take back its own hello"


def test_a_hello_that_came_behind_the_refused_one_is_taken_then() -> None:
    one = sieve()
    assert kept(one, hello(0, 50)) == []
    assert kept(one, record(fragment(1, bytes(60)))) == [record(fragment(1, bytes(60)), number=0)]
    assert kept(one, hello(50, 142)) == []
    assert one.forget_hello() == WHOLE
    assert one.forget_hello() == []
    assert kept(one, hello()) == WHOLE


# records


@pytest.mark.parametrize(
    "name",
    ["half a head", "a record longer than its datagram", "a record type that is none", "TLS"],
)
def test_sound_records_before_an_unsound_one_are_kept(name: str) -> None:
    assert sieve().sift(hello() + FORGERIES[name]) == (WHOLE, False)


def test_a_sound_record_behind_one_that_is_only_wrong() -> None:
    assert sieve().sift(FORGERIES["fatal alert"] + hello()) == (WHOLE, False)


def test_an_empty_datagram_is_not_sound() -> None:
    assert sieve().sift(b"") == ([], False)
