"""What another node tells of a link is read, or is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from relay.media.negotiation.description import Ssrcs
from relay.workers.told import MAX_BYTES, Told, read, write
from tests.support.cards import card


def test_it_is_read_as_it_was_written() -> None:
    told = Told(card(), 2)
    assert read(write(told), "bob", 3) == told


def test_of_somebody_else_or_of_no_worker() -> None:
    assert read(write(Told(card(), 2)), "ann", 3) is None
    assert read(write(Told(card(), 3)), "bob", 3) is None
    assert read(write(Told(card(), -1)), "bob", 3) is None


@pytest.mark.parametrize("text", ["", "null", "{}", "[1]", '{"card": {}, "worker": 1}', "\0", "{"])
def test_what_is_nothing_of_the_kind(text: str) -> None:
    assert read(text, "bob", 3) is None


def test_what_is_too_long() -> None:
    padded = write(Told(card(), 0))[:-1] + " " * MAX_BYTES + "}"
    assert json.loads(padded)
    assert read(padded, "bob", 1) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"link_id": "xyz"},
        {"link_id": "0123456789AB"},
        {"link_id": "0123456789ab\n"},
        {"cname": ""},
        {"cname": "a" * 300},
        {"cname": "two\nlines"},
        {"ssrcs": {"audio": Ssrcs(1, 2)}},
        {"ssrcs": {"audio": Ssrcs(1, 2), "video": Ssrcs(1 << 32, 2)}},
        {"ssrcs": {"audio": Ssrcs(1, 2), "video": Ssrcs(3, -1)}},
    ],
    ids=str,
)
def test_a_card_that_cannot_be_used(wrong: dict[str, Any]) -> None:
    assert read(write(Told(replace(card(), **wrong), 0)), "bob", 1) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "video"},
        {"direction": "both"},
        {"payload_type": 128},
        {"rtx_payload_type": -1},
        {"extensions": {"urn:a": 15}},
    ],
    ids=str,
)
def test_terms_that_cannot_be_used(wrong: dict[str, Any]) -> None:
    good = card()
    bad = replace(good.sending["audio"], **wrong)
    for changed in (
        replace(good, sending={**good.sending, "audio": bad}),
        replace(good, receiving={**good.receiving, "audio": bad}),
    ):
        assert read(write(Told(changed, 0)), "bob", 1) is None
    assert read(write(Told(replace(good, sending={"smell": bad}), 0)), "bob", 1) is None
