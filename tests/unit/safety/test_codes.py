"""Codes that bring two together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.safety import codes
from relay.safety.codes import AGAIN_S, CODE_CHARS, INVITATION_S, Code
from relay.safety.keys import ROTATE_S, Keys

NOW = 1_700_000_000.0
KEYS = Keys.new(NOW)


def known(text: str, now: float = NOW) -> Code:
    found = codes.read(text, KEYS, now)
    assert isinstance(found, Code), found
    return found


def test_the_two_codes_of_an_invitation_fit_and_no_others() -> None:
    mine, theirs = (known(code) for code in codes.invitation(KEYS, NOW))
    assert mine.tryst.fits(theirs.tryst)
    assert theirs.tryst.fits(mine.tryst)
    assert not mine.tryst.fits(mine.tryst), "who opens a window twice does not meet itself"
    assert mine.tryst.is_single
    assert theirs.tryst.is_single
    other, _ = (known(code) for code in codes.invitation(KEYS, NOW))
    assert not theirs.tryst.fits(other.tryst)


def test_an_invitation_ends_after_an_hour() -> None:
    code, _ = codes.invitation(KEYS, NOW)
    assert INVITATION_S - 60 <= known(code).until - NOW <= INVITATION_S
    assert isinstance(codes.read(code, KEYS, NOW + INVITATION_S - 60), Code)
    assert codes.read(code, KEYS, NOW + INVITATION_S) == "over"


def test_the_codes_of_two_who_want_to_meet_again_are_of_their_room() -> None:
    one, other = (known(codes.again(KEYS, "room", side, NOW)) for side in (0, 1))
    assert one.tryst.fits(other.tryst)
    assert not one.tryst.is_single
    assert one.until - NOW > AGAIN_S - 60
    assert not one.tryst.fits(known(codes.again(KEYS, "another", 1, NOW)).tryst)


def test_a_code_outlives_its_key_as_the_one_in_use() -> None:
    code = codes.again(KEYS, "room", 0, NOW)
    later = KEYS.rotated(NOW + ROTATE_S)
    assert later.cookies[0] != KEYS.cookies[0]
    assert isinstance(codes.read(code, later, NOW + AGAIN_S - 60), Code)
    assert codes.read(code, Keys.new(NOW), NOW) == "unknown", "another server's"


@pytest.mark.parametrize("at", range(CODE_CHARS))
def test_a_code_with_another_letter_is_none(at: int) -> None:
    code, _ = codes.invitation(KEYS, NOW)
    changed = code[:at] + ("A" if code[at] != "A" else "B") + code[at + 1 :]
    assert codes.read(changed, KEYS, NOW) == "unknown"


@given(st.text(max_size=64) | st.text("AZaz09-_=+/ \n", min_size=38, max_size=42))
def test_what_is_made_up_is_unknown(text: str) -> None:
    assert codes.read(text, KEYS, NOW) == "unknown"


def test_a_code_has_letters_that_an_address_may_have() -> None:
    for code in (*codes.invitation(KEYS, NOW), codes.again(KEYS, "room", 1, NOW)):
        assert len(code) == CODE_CHARS
        assert code.replace("-", "a").replace("_", "a").isalnum()
