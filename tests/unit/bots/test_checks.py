from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from relay.bots.checks import (
    Checked,
    Confirmed,
    Credentials,
    read_stun,
    write_check,
    write_success,
)

OURS = Credentials("ours", "o" * 24, "theirs", "t" * 24)
THEIRS = Credentials("theirs", "t" * 24, "ours", "o" * 24)
STRANGERS = Credentials("stranger", "s" * 24, "ours", "x" * 24)
ID = bytes(range(12))


def test_a_nominating_check_is_understood_by_the_other_side() -> None:
    check = write_check(OURS, ID, 7, controlling=True)
    assert read_stun(check, THEIRS) == Checked(ID, nominated=True)


def test_a_controlled_side_does_not_nominate() -> None:
    check = write_check(OURS, ID, 7, controlling=False)
    assert read_stun(check, THEIRS) == Checked(ID, nominated=False)
    assert stun.parse_message(check).attributes["ICE-CONTROLLED"] == 7


def test_a_check_says_what_rfc_8445_asks_for() -> None:
    attributes = stun.parse_message(write_check(OURS, ID, 7, controlling=True)).attributes
    assert attributes["USERNAME"] == "theirs:ours"
    assert attributes["ICE-CONTROLLING"] == 7
    assert {"PRIORITY", "USE-CANDIDATE", "MESSAGE-INTEGRITY", "FINGERPRINT"} <= set(attributes)


def test_a_success_confirms_the_check_and_tells_the_address() -> None:
    success = write_success(THEIRS, ID, ("192.0.2.1", 5000))
    assert read_stun(success, OURS) == Confirmed(ID)
    assert stun.parse_message(success).attributes["XOR-MAPPED-ADDRESS"] == ("192.0.2.1", 5000)


def test_a_strangers_check_is_nothing() -> None:
    assert read_stun(write_check(STRANGERS, ID, 7, controlling=True), OURS) is None


def test_a_check_for_somebody_else_is_nothing() -> None:
    assert read_stun(write_check(OURS, ID, 7, controlling=True), STRANGERS) is None


def test_a_check_under_another_name_is_nothing_even_with_the_password() -> None:
    other = Credentials("theirs", "t" * 24, "another", OURS.password)
    assert read_stun(write_check(other, ID, 7, controlling=True), OURS) is None


def test_a_strangers_success_is_nothing() -> None:
    assert read_stun(write_success(STRANGERS, ID, ("192.0.2.1", 5000)), OURS) is None


def test_an_error_response_is_nothing() -> None:
    error = stun.Message(stun.Method.BINDING, stun.Class.ERROR, ID)
    error.attributes["ERROR-CODE"] = (487, "Role Conflict")
    error.add_message_integrity(b"t" * 24)
    assert read_stun(bytes(error), OURS) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_nothing(datagram: bytes) -> None:
    assert read_stun(datagram, OURS) is None


@given(st.integers(0, 99), st.integers(0, 255))
def test_a_damaged_check_is_nothing(at: int, byte: int) -> None:
    check = bytearray(write_check(OURS, ID, 7, controlling=True))
    at %= len(check) - 8  # what follows is FINGERPRINT, which nobody needs
    if check[at] == byte:
        return
    check[at] = byte
    assert read_stun(bytes(check), THEIRS) is None
    assert read_stun(bytes(check[:at]), THEIRS) is None
