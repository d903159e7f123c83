"""Ids that each node can read."""

import pytest

from relay.api.passes import MAX_CHARS, Passes, mark_of
from relay.records import Operator, Role

ANN = Operator("ann", Role.MODERATOR, "0" * 64, 0.0)


class Clock:
    now = 1e9

    def __call__(self) -> float:
        return self.now


def test_an_id_is_read_where_the_key_is_known() -> None:
    clock = Clock()
    id_ = Passes(b"k" * 32, clock).write(ANN, 100.0)
    found = Passes(b"k" * 32, clock).read(id_)
    assert found is not None
    assert (found.name, found.mark, found.ends_at) == ("ann", mark_of(ANN), 1e9 + 100)
    assert Passes(b"l" * 32, clock).read(id_) is None
    clock.now += 100
    assert Passes(b"k" * 32, clock).read(id_) is None


def test_no_two_are_the_same_and_none_tells_the_token() -> None:
    passes = Passes(b"k" * 32)
    first, second = passes.write(ANN, 100.0), passes.write(ANN, 100.0)
    assert first != second
    assert ANN.token_hash[:16] not in first
    assert mark_of(ANN) != ANN.token_hash[:16]


@pytest.mark.parametrize("junk", ["", ".", "a.b", "a.b.c", "ü.ü", "\udcff.x", "A" * 2000, "=.="])
def test_what_nobody_has_signed_is_none(junk: str) -> None:
    assert Passes(b"k" * 32).read(junk) is None


def test_nothing_of_an_id_can_be_changed() -> None:
    passes = Passes(b"k" * 32)
    id_ = passes.write(ANN, 100.0)
    assert len(id_) < MAX_CHARS
    body, _, signature = id_.partition(".")
    other = passes.write(Operator("bob", Role.ADMIN, "1" * 64, 0.0), 100.0)
    assert passes.read(f"{other.partition('.')[0]}.{signature}") is None
    for at in range(len(body)):
        changed = f"{body[:at]}{'A' if body[at] != 'A' else 'B'}{body[at + 1 :]}.{signature}"
        assert passes.read(changed) is None
