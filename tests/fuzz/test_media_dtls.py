"""Whatever claims to be DTLS: only sound records pass, and a handshake goes on after it."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.media.paths.dtls import (
    AHEAD,
    MAX_EARLY,
    MAX_MESSAGE_BYTES,
    MAX_PARTIAL,
    MAX_STRETCHES,
    Sieve,
)
from tests.support.dtls import FINGERPRINTS, FORGERIES, End, fragment, record, records

steady = settings(derandomize=True, deadline=None, max_examples=300)

sizes = st.integers(0, 70) | st.sampled_from([MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES + 1, 0xFFFFFF])
fragments = st.builds(
    fragment,
    st.integers(0, 25),
    st.binary(max_size=60),
    number=st.integers(0, AHEAD + 1) | st.integers(0, 0xFFFF),
    size=st.none() | sizes,
    offset=st.just(0) | sizes,
    own=st.none() | sizes,
)
bodies = st.lists(fragments, max_size=3).map(b"".join) | st.binary(max_size=40)
odd_records = st.builds(
    record,
    bodies,
    st.just(22) | st.integers(18, 26),
    epoch=st.just(0) | st.integers(0, 3),
    number=st.integers(0, (1 << 48) - 1),
    version=st.sampled_from([0xFEFD, 0xFEFD, 0xFEFF, 0xFEFC, 0x0303]),
    length=st.none() | st.none() | st.integers(0, 99),
)
datagrams = (
    st.lists(odd_records | st.sampled_from(sorted(FORGERIES.values())), max_size=4).map(b"".join)
    | st.binary(max_size=60)
    | st.builds(lambda a, b: a + b, odd_records, st.binary(max_size=20))
)


def check_record(data: bytes) -> None:
    kind, version, epoch, length = struct.unpack("!BHH6xH", data[:13])
    assert 20 <= kind <= 23
    assert version in (0xFEFD, 0xFEFF)
    assert epoch in (0, 1)
    assert len(data) == 13 + length
    if epoch == 0 and kind == 22:
        assert data[14:17] == data[22:25], "a whole message"
        assert int.from_bytes(data[14:17], "big") == length - 12 <= MAX_MESSAGE_BYTES


@steady
@given(st.sampled_from(["client", "server"]), st.lists(datagrams, max_size=12))
def test_any_dtls(role: str, arriving: list[bytes]) -> None:
    sieve = Sieve()
    sieve.role, sieve.fingerprints = role, FINGERPRINTS
    clear = []
    for data in arriving:
        kept, _ = sieve.sift(data)
        for each in kept:
            check_record(each)
        clear += [each for each in kept if each[3:5] == b"\0\0"]
        assert len(sieve._partial) <= MAX_PARTIAL
        assert len(sieve._early) <= MAX_EARLY
        for (_, _, size), partial in sieve._partial.items():
            edges = [0, *(edge for each in partial.stretches for edge in each), size]
            assert edges == sorted(edges)
            assert len(partial.stretches) <= MAX_STRETCHES
    assert [int.from_bytes(each[5:11], "big") for each in clear] == list(range(len(clear)))
    assert [each[17:19] for each in clear] == [
        number.to_bytes(2, "big") for number in range(len(clear))
    ], "each message once, in turn"


@steady
@given(st.lists(st.lists(datagrams, max_size=2), min_size=8, max_size=8))
def test_no_noise_ends_a_handshake(noise: list[list[bytes]]) -> None:
    """After the hello, of which there is one of noise that OpenSSL would have to refuse."""
    client, server, sieve = End("client"), End("server"), Sieve()
    sieve.fingerprints = FINGERPRINTS
    answer = server.hear(*sieve.sift(client.hear())[0])
    for before, each in zip(noise, records(client.hear(*records(answer))), strict=False):
        for datagram in [*before, each]:
            for kept in sieve.sift(datagram)[0]:
                answer = server.hear(kept)
    client.hear(*records(answer))
    assert server.done
    assert client.done
