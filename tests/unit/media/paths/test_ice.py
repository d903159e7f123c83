"""Connectivity checks: read, verified and answered; nothing else gets an answer."""

import struct

import pytest
from aioice import stun

from relay.media.paths.ice import (
    CHECK_BYTES,
    Credentials,
    answer_check,
    is_answer,
    is_signed,
    read_answer,
    read_check,
    write_check,
)
from relay.media.paths.transport import MAX_DATAGRAM_BYTES
from tests.support.packets import binding_request, check, success

OURS = Credentials("ufrag", "password")
PEER = ("192.0.2.7", 40000)


def answer(data: bytes, credentials: Credentials = OURS) -> bytes | None:
    found = read_check(data)
    assert found is not None
    return (
        answer_check(found, credentials, *PEER) if is_signed(found, credentials.password) else None
    )


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


@pytest.mark.parametrize("size", [544, 548, 552, 1200, MAX_DATAGRAM_BYTES])
def test_checks_of_any_size(size: int) -> None:
    filler = size - len(check("ufrag:theirs", "password", filler=4)) + 4
    data = check("ufrag:theirs", "password", filler=filler)
    assert len(data) == size
    assert answer(data) is not None


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


USERNAME = (0x0006, b"ufrag:theirs")


def refused(*attributes: tuple[int, bytes]) -> tuple[int, bytes]:
    """The error that a check with these attributes gets: its code and its last own attribute."""
    data = binding_request("password", USERNAME, *attributes)
    found = read_check(data)
    assert found is not None
    assert found.refusal is not None
    assert is_signed(found, OURS.password)
    answered = answer_check(found, OURS, *PEER)
    response = stun.parse_message(answered)
    assert response.message_class == stun.Class.ERROR
    assert response.transaction_id == data[8:20]
    assert response.check_message_integrity(b"password")
    assert response.attributes["ERROR-CODE"] == found.refusal
    assert "XOR-MAPPED-ADDRESS" not in response.attributes
    return found.refusal[0], answered[20:-32]


def test_a_peer_that_says_controlled_too_is_in_conflict() -> None:
    assert refused((0x8029, bytes(8)))[0] == 487
    assert refused((0x8029, bytes(8)), (0x0025, b""))[0] == 487
    found = read_check(binding_request("password", USERNAME, (0x802A, bytes(8))))
    assert found is not None
    assert found.refusal is None


def test_what_must_be_understood_and_is_not() -> None:
    code, attributes = refused((0x7F00, b"abc"), (0x0026, bytes(9)), (0xC070, b""))
    assert code == 420
    assert attributes.endswith(struct.pack("!4H", 0x000A, 4, 0x7F00, 0x0026))
    assert refused((0x0026, b""), (0x8029, bytes(8)))[0] == 420, "first things first"


def test_an_answer_is_never_much_longer_than_its_check() -> None:
    many = [(kind, b"") for kind in range(0x4000, 0x4100)]
    _, attributes = refused(*many)
    assert len(attributes) < 4 * len(many)
    assert struct.unpack_from("!HH", attributes[-36:]) == (0x000A, 2 * 16), "so many are told"


def test_what_may_be_ignored_is() -> None:
    ignored = [(0xC057, b"12345"), (0xC070, bytes(1000)), (0xFF00, b""), (0x8022, b"\xff\xfe")]
    malformed = [(0x0020, b"\0\1\0"), (0x0024, b"\0"), (0x802A, bytes(7)), (0x0009, b"\0")]
    for attribute in ignored + malformed:
        data = binding_request("password", USERNAME, attribute)
        found = read_check(data)
        assert found is not None
        assert found.refusal is None
        assert answer(data) is not None


# DTLS inside checks


@pytest.mark.parametrize(
    ("attributes", "dtls"),
    [
        ([], None),
        ([(0xC070, b"a datagram")], b"a datagram"),
        ([(0xC070, b""), (0xC071, b"abcd")], b""),
        ([(0xC071, b"")], b""),
    ],
)
def test_who_sends_dtls_in_checks_is_told_what_was_heard(
    attributes: list[tuple[int, bytes]], dtls: bytes | None
) -> None:
    found = read_check(binding_request("password", USERNAME, *attributes))
    assert found is not None
    assert found.dtls == dtls
    data = answer_check(found, OURS, *PEER, [0x01020304, 0xFFFFFFFE])
    told = b"\xc0\x71\0\x08\1\2\3\4\xff\xff\xff\xfe"
    assert (told in data) == (dtls is not None)
    assert (b"\xc0\x71\0\0" in answer_check(found, OURS, *PEER)) == (dtls is not None)


def test_what_follows_the_signature_is_not_looked_at() -> None:
    for kind in (0x7F00, 0x8029, 0x0025, 0x0006):
        data = binding_request("password", USERNAME, behind=[(kind, b"ufra")])
        found = read_check(data)
        assert found is not None
        assert (found.local_ufrag, found.refusal, found.nominates) == ("ufrag", None, False)
        assert answer(data) is not None


def test_the_first_of_two_counts() -> None:
    found = read_check(binding_request("password", USERNAME, (0x0006, b"other:theirs")))
    assert found is not None
    assert found.local_ufrag == "ufrag"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        binding_request("password", (0x0006, b"\xff\xfe\xfd")),  # not UTF-8
        binding_request("password", USERNAME)[:-8] + b"\x80\x28\0\4\0\0\0\0",  # FINGERPRINT
        binding_request("password", USERNAME, cookie=0x2112A443),
        binding_request("password", USERNAME, fingerprint=False) + bytes(2),
        binding_request("password", USERNAME, (0x8028, b"1234")),
    ],
)
def test_malformed_checks_are_refused(data: bytes) -> None:
    assert read_check(data) is None


def test_a_fingerprint_may_be_missing_but_not_be_followed() -> None:
    assert answer(binding_request("password", USERNAME, fingerprint=False)) is not None
    data = bytearray(binding_request("password", USERNAME) + struct.pack("!HH", 0xC000, 0))
    struct.pack_into("!H", data, 2, len(data) - 20)
    assert read_check(bytes(data)) is None


def test_a_check_that_says_it_is_shorter_is_refused() -> None:
    data = binding_request("password", USERNAME, fingerprint=False)
    assert read_check(stun.set_body_length(data, len(data) - 20)) is not None
    assert read_check(stun.set_body_length(data, len(data) - 24)) is None


def test_an_attribute_that_is_longer_than_the_message() -> None:
    data = struct.pack("!HHI12sHH", 1, 8, stun.COOKIE, bytes(12), 0x0006, 500) + b"ufra"
    found = read_check(data)
    assert found is None or not is_signed(found, OURS.password)


def test_credentials_differ_and_are_as_long_as_ice_wants() -> None:
    one, other = Credentials(), Credentials()
    assert one.ufrag != other.ufrag
    assert one.password != other.password
    assert len(one.ufrag) >= 4  # RFC 8445 section 5.3: 24 bits
    assert len(one.password) >= 22  # and 128 bits
    assert one.password not in repr(one)


# our own checks


@pytest.mark.parametrize("length", [*range(4, 12), 256])
def test_a_check_of_ours_is_as_long_as_it_says(length: int) -> None:
    data = write_check(b"0123456789ab", "ourufrag", "x" * length, "theirs")
    assert CHECK_BYTES + 8 + length - 3 <= len(data) <= CHECK_BYTES + 8 + length
    message = stun.parse_message(data)
    assert message.attributes["USERNAME"] == f"{'x' * length}:ourufrag"
    assert message.check_message_integrity(b"theirs")
    assert (message.attributes["ICE-CONTROLLED"], message.transaction_id) == (0, b"0123456789ab")
    assert "USE-CANDIDATE" not in message.attributes


def test_an_answer_to_ours() -> None:
    data = success(b"\0\1" + bytes(6) + b"0123456789ab", "theirs")
    assert is_answer(data)
    found = read_answer(data)
    assert found is not None
    assert found.transaction_id == b"0123456789ab"
    assert is_signed(found, "theirs")
    assert not is_signed(found, OURS.password)
    bare = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, b"0123456789ab")
    unsigned = read_answer(bytes(bare))
    assert unsigned is not None
    assert not is_signed(unsigned, "theirs")


def test_what_is_no_answer() -> None:
    check_ = check("ufrag:x", "pwd")
    assert not is_answer(check_)
    assert not is_answer(b"\1")
    assert read_answer(check_) is None
    failed = stun.Message(stun.Method.BINDING, stun.Class.ERROR, b"0123456789ab")
    assert read_answer(bytes(failed)) is None
