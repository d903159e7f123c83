"""A bot's share of the work, and servers that ask for too much of it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from relay.bots.work import MAX_KEY_BYTES, MAX_ROUNDS, Refusal, solve
from relay.errors import BotError
from relay.safety.work import Work


async def test_the_work_that_a_server_asks_for_is_done() -> None:
    work = Work(cost=1)
    assert work.is_done(await solve(work.challenge(time.time())), time.time())


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "SCRYPT"},
        {"algorithm": None},
        {"cost": MAX_ROUNDS + 1},
        {"cost": "1"},
        {"cost": 0},
        {"keyPrefix": "0000"},
        {"keyPrefix": None},
        {"keyPrefix": "xy"},
        {"keyLength": MAX_KEY_BYTES + 1},
        {"nonce": "xyz"},
        {"nonce": None},
        {"salt": 7},
    ],
)
async def test_work_that_is_too_much_or_makes_no_sense_is_not_done(change: dict[str, Any]) -> None:
    challenge = Work(cost=1).challenge(time.time())
    challenge["parameters"] |= change
    with pytest.raises(BotError, match="work that is not known here"):
        await solve(challenge)


@pytest.mark.parametrize("challenge", [{}, {"parameters": None}, {"parameters": {}}])
async def test_what_is_no_challenge_is_not_done(challenge: dict[str, Any]) -> None:
    with pytest.raises(BotError, match="not known here"):
        await solve(challenge)


def test_a_refusal_is_told_in_words() -> None:
    assert str(Refusal(404, "")) == "HTTP 404"
    assert (
        str(Refusal(503, "the server is full (in 10 s)"))
        == "HTTP 503: the server is full (in 10 s)"
    )
