"""The chain of evidence: what breaks it, and what does not."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from relay.records import Evidence
from relay.records.chain import broken_at, linked
from tests.support.records import evidence, report


def chain(length: int) -> list[Evidence]:
    made: list[Evidence] = []
    for number in range(length):
        last = made[-1] if made else None
        made.append(linked(last, evidence(report(), b"%d" % number)))
    return made


def test_a_digest_can_be_worked_out_by_others() -> None:
    first, second = chain(2)
    sealed = sha256(b"1").hexdigest()
    fields = [first.digest, 2, second.id, second.report_id, second.at, sealed]
    written = json.dumps(fields, separators=(",", ":")).encode()
    assert second.sealed_digest == sealed
    assert second.digest == sha256(written).hexdigest()


def test_a_chain_is_whole() -> None:
    made = chain(5)
    assert [each.number for each in made] == [1, 2, 3, 4, 5]
    assert broken_at([]) is broken_at(made) is broken_at(made[2:], made[1]) is None


def test_what_is_sealed_may_go_and_who_holds_it_may_change() -> None:
    made = chain(3)
    made[1] = replace(made[1], sealed=None, keep_until=0.0, held_by="olga")
    assert broken_at(made) is None


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other"},
        {"report_id": "other"},
        {"at": 1.0},
        {"sealed": b"other"},
        {"sealed_digest": sha256(b"other").hexdigest()},
        {"sealed": b"other", "sealed_digest": sha256(b"other").hexdigest()},
        {"number": 7},
        {"digest": "0" * 64},
    ],
)
def test_a_change_is_found(change: dict[str, object]) -> None:
    made = chain(4)
    made[1] = replace(made[1], **change)  # type: ignore[arg-type]
    assert broken_at(made) == 2


def test_a_piece_that_is_removed_or_moved_is_found() -> None:
    made = chain(4)
    assert broken_at(made[1:]) == 1
    assert broken_at([made[0], *made[2:]]) == 2
    assert broken_at([made[0], made[2], made[1], made[3]]) == 2
