"""Connectivity checks: read, verified and answered; nothing else gets an answer."""

import struct

import pytest
from aioice import stun

from relay.media.ice import MAX_CHECK_BYTES, Credentials, answer_check, read_check
from tests.support.packets import check

OURS = Credentials("ufrag", "password")
PEER = ("192.0.2.7", 40000)


def answer(data: bytes, credentials: Credentials = OURS) -> bytes | None:
    found = read_check(data)
    assert found is not None
    return answer_check(found, credentials, *PEER)


def test_a_good_check_is_answered() -> None:
    data = answer(check("ufrag:theirs", "password"))
    assert data is not None
    response = stun.parse_message(data)
    assert response.message_class == stun.Class.RESPONSE
    assert response.message_method == stun.Method.BINDING
    assert response.transaction_id == b"0123456789ab"
    assert response.attributes["XOR-MAPPED-ADDRESS"] == PEER
    assert response.check_message_integrity(b"password")
    assert "FINGERPRINT" in response.attributes


def test_an_answer_to_ipv6() -> None:
    found = read_check(check("ufrag:theirs", "password"))
    assert found is not None
    data = answer_check(found, OURS, "2001:db8::7", 40000)
    assert data is not None
    assert stun.parse_message(data).attributes["XOR-MAPPED-ADDRESS"] == ("2001:db8::7", 40000)


def test_what_a_check_says() -> None:
    found = read_check(check("ufrag:theirs", "password"))
    assert found is not None
    assert (found.local_ufrag, found.nominates) == ("ufrag", True)
    found = read_check(check("lonely", "password", nominate=False))
    assert found is not None
    assert (found.local_ufrag, found.nominates) == ("lonely", False)


def test_a_bad_signature_gets_no_answer() -> None:
    assert answer(check("ufrag:theirs", "wrong")) is None


def test_a_changed_check_gets_no_answer() -> None:
    data = bytearray(check("ufrag:theirs", "password"))
    data[30] ^= 1  # inside USERNAME; the FINGERPRINT no longer fits either
    assert read_check(bytes(data)) is None


def test_a_check_without_signature_gets_no_answer() -> None:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, bytes(12))
    message.attributes["USERNAME"] = "ufrag:theirs"
    assert answer(bytes(message)) is None


def test_a_nomination_that_follows_the_signature_does_not_count() -> None:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, bytes(12))
    message.attributes["USERNAME"] = "ufrag:theirs"
    message.add_message_integrity(b"password")
    del message.attributes["FINGERPRINT"]
    data = bytearray(bytes(message) + struct.pack("!HH", 0x0025, 0))
    struct.pack_into("!H", data, 2, len(data) - 20)
    found = read_check(bytes(data))
    assert found is not None
    assert not found.nominates


def test_a_check_without_username_is_none_of_ours() -> None:
    assert read_check(check(None, "password")) is None


def test_every_truncation_is_refused() -> None:
    data = check("ufrag:theirs", "password")
    assert not [size for size in range(len(data)) if read_check(data[:size]) is not None]


def test_a_check_with_something_behind_it_is_refused() -> None:
    assert read_check(check("ufrag:theirs", "password") + b"\0\0\0\0") is None


def test_the_largest_check_and_a_larger_one() -> None:
    filler = MAX_CHECK_BYTES - len(check("ufrag:theirs", "password", filler=4)) + 4
    largest = check("ufrag:theirs", "password", filler=filler)
    assert len(largest) == MAX_CHECK_BYTES
    assert answer(largest) is not None
    assert read_check(check("ufrag:theirs", "password", filler=filler + 4)) is None


@pytest.mark.parametrize("kind", [stun.Class.INDICATION, stun.Class.RESPONSE, stun.Class.ERROR])
def test_other_messages_are_refused(kind: stun.Class) -> None:
    message = stun.Message(stun.Method.BINDING, kind, bytes(12), {"USERNAME": "ufrag:theirs"})
    message.add_message_integrity(b"password")
    assert read_check(bytes(message)) is None


def test_other_methods_are_refused() -> None:
    message = stun.Message(
        stun.Method.ALLOCATE, stun.Class.REQUEST, bytes(12), {"USERNAME": "ufrag:theirs"}
    )
    message.add_message_integrity(b"password")
    assert read_check(bytes(message)) is None


def with_attribute(kind: int, value: bytes) -> bytes:
    body = struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
    return struct.pack("!HHI12s", 1, len(body), stun.COOKIE, bytes(12)) + body


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (0x0006, b"\xff\xfe\xfd"),  # USERNAME that is not UTF-8
        (0x0024, b"\0"),  # PRIORITY of one byte
        (0x802A, b"\0" * 7),  # ICE-CONTROLLING of seven
        (0x0020, b"\0\1\0"),  # XOR-MAPPED-ADDRESS cut
        (0x0020, b"\0\1" + b"\0" * 7),
        (0x0020, b"\0\2" + b"\0" * 6),
        (0x0020, b"\0\3" + b"\0" * 6),
        (0x000C, b""),  # CHANNEL-NUMBER of none
        (0x0009, b"\0"),  # ERROR-CODE cut
        (0x8028, b"\0\0\0\0"),  # a wrong FINGERPRINT
    ],
)
def test_malformed_attributes_are_refused(kind: int, value: bytes) -> None:
    assert read_check(with_attribute(kind, value)) is None


def test_an_attribute_that_is_longer_than_the_message() -> None:
    data = struct.pack("!HHI12sHH", 1, 8, stun.COOKIE, bytes(12), 0x0006, 500) + b"ufra"
    found = read_check(data)
    assert found is None or answer_check(found, OURS, *PEER) is None


def test_credentials_differ_and_are_as_long_as_ice_wants() -> None:
    one, other = Credentials(), Credentials()
    assert one.ufrag != other.ufrag
    assert one.password != other.password
    assert len(one.ufrag) >= 4  # RFC 8445 section 5.3: 24 bits
    assert len(one.password) >= 22  # and 128 bits
    assert one.password not in repr(one)
