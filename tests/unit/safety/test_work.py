"""The work that is asked for: done once, looked at once."""

import base64
import json
import time
from typing import Any

import pytest
from altcha import Challenge, Payload, Solution, solve_challenge
from hypothesis import given
from hypothesis import strategies as st

from relay.safety.work import LASTS_S, MAX_PAYLOAD_CHARS, Work


@pytest.fixture
def work() -> Work:
    return Work(cost=1)


def now() -> float:
    return time.time()


def solved(challenge: dict[str, Any]) -> str:
    given = Challenge.from_dict(challenge)
    solution = solve_challenge(given)
    assert solution is not None
    text: str = Payload(given, solution).to_base64()
    return text.replace("+", "-").replace("/", "_").rstrip("=")


def test_work_serves_once(work: Work) -> None:
    payload = solved(work.challenge(now()))
    assert work.is_done(payload, now())
    assert not work.is_done(payload, now())
    assert work.tally["solved"] == work.tally["used"] == work.tally["asked"] == 1


def test_base64_as_altchas_clients_write_it_is_read_too(work: Work) -> None:
    given = Challenge.from_dict(work.challenge(now()))
    solution = solve_challenge(given)
    assert solution is not None
    assert work.is_done(Payload(given, solution).to_base64(), now())


def test_a_challenge_is_what_the_document_says_and_tells_of_nobody(work: Work) -> None:
    challenge = work.challenge(now())
    assert set(challenge) == {"parameters", "signature"}
    assert challenge["parameters"]["algorithm"] == "PBKDF2/SHA-256"
    assert set(challenge["parameters"]) == {
        "algorithm", "cost", "keyLength", "keyPrefix", "nonce", "salt", "expiresAt",
    }  # fmt: skip
    assert len(solved(challenge)) < MAX_PAYLOAD_CHARS / 2


def test_after_five_minutes_it_is_too_late(work: Work) -> None:
    begun = now()
    payload = solved(work.challenge(begun))
    assert not work.is_done(payload, begun + LASTS_S + 1)
    assert work.tally["expired"] == 1


def test_an_old_challenge_is_too_old_by_the_real_clock_as_well(work: Work) -> None:
    payload = solved(work.challenge(now() - LASTS_S - 2))
    assert not work.is_done(payload, now() - LASTS_S - 2)


def test_another_servers_challenge_does_not_serve(work: Work) -> None:
    assert not work.is_done(solved(Work(cost=1).challenge(now())), now())
    assert work.tally["wrong"] == 1


def test_a_wrong_solution_uses_the_challenge_up(work: Work) -> None:
    challenge = work.challenge(now())
    wrong = Payload(Challenge.from_dict(challenge), Solution(0, "00" * 32)).to_base64()
    assert not work.is_done(wrong, now())
    assert not work.is_done(solved(challenge), now())
    assert work.tally["wrong"] == work.tally["used"] == 1


@pytest.mark.parametrize("change", [{"cost": 1, "keyPrefix": ""}, {"expiresAt": 2**40}])
def test_a_challenge_that_was_made_easier_does_not_serve(
    work: Work, change: dict[str, Any]
) -> None:
    challenge = work.challenge(now())
    challenge["parameters"] |= change
    assert not work.is_done(solved(challenge), now())


def test_what_is_remembered_is_bounded_and_what_is_forgotten_does_not_serve_again() -> None:
    work = Work(cost=1, max_spent=2)
    begun = now()
    payloads = [solved(work.challenge(begun + later)) for later in range(4)]
    assert [work.is_done(payload, begun) for payload in payloads] == [True] * 4
    assert len(work._spent) == len(work._by_expiry) == 2
    assert not any(work.is_done(payload, begun) for payload in payloads)
    assert work.is_done(solved(work.challenge(begun + 10)), begun)


def test_what_has_expired_is_not_remembered(work: Work) -> None:
    begun = now()
    assert work.is_done(solved(work.challenge(begun)), begun)
    late = begun + LASTS_S + 5
    assert work.is_done(solved(work.challenge(late)), late)
    assert len(work._spent) == 1


@given(st.one_of(st.text(), st.binary().map(lambda data: base64.b64encode(data).decode())))
def test_nonsense_is_malformed(text: str) -> None:
    work = Work(cost=1)
    assert not work.is_done(text, now())
    assert work.tally["malformed"] == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON, st.sampled_from(["challenge", "parameters", "signature", "solution"]))
def test_json_with_anything_in_it_is_refused(one: Any, other: Any, where: str) -> None:
    work = Work(cost=1)
    challenge = work.challenge(now())
    payload: dict[str, Any] = {"challenge": challenge, "solution": {"counter": 1, "derivedKey": ""}}
    if where in payload:
        payload[where] = one
    elif where in challenge:
        challenge[where] = one
    challenge["parameters"] = challenge["parameters"] if where == "parameters" else other
    text = base64.b64encode(json.dumps(payload).encode()).decode()
    assert not work.is_done(text, now())
    assert not work.is_done("A" * (MAX_PAYLOAD_CHARS + 1), now())
