"""Several operators, each with a token and a role of its own."""

import asyncio

import pytest
from pydantic import SecretStr

from relay.api import operators as module
from relay.api.operators import Operators, hash_of, may
from relay.errors import RecordsAway
from relay.records import Operator, Role
from tests.support.memory_records import MemoryRecords

TOKEN = SecretStr("the-operators-token")


def table() -> tuple[Operators, MemoryRecords]:
    records = MemoryRecords()
    return Operators(TOKEN, records, lambda: 1000.0), records


def test_each_role_may_what_those_before_it_may() -> None:
    ladder = [Role.VIEWER, Role.MODERATOR, Role.ADMIN]
    assert [[may(role, needed) for needed in ladder] for role in ladder] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_the_servers_own_token_is_an_admins() -> None:
    operators, _ = table()
    found = operators.who("the-operators-token")
    assert found is not None
    assert (found.name, found.role) == ("operator", Role.ADMIN)


async def test_who_is_added_is_known_by_a_token_that_is_told_once() -> None:
    operators, records = table()
    token = await operators.add("ann", Role.MODERATOR)
    assert token is not None
    assert len(token) >= 32, "192 bits"
    found = operators.who(token)
    assert found == Operator("ann", Role.MODERATOR, hash_of(token), 1000.0)
    assert token not in repr(await records.operators())
    for wrong in ("", token[:-1], token.upper(), hash_of(token), "ü\udcff"):
        assert operators.who(wrong) is None


async def test_a_name_is_given_once_and_some_never() -> None:
    operators, _ = table()
    assert await operators.add("ann", Role.VIEWER) is not None
    for taken in ("ann", "operator", "rules", "classifier"):
        assert await operators.add(taken, Role.VIEWER) is None


async def test_who_is_removed_opens_nothing_and_listeners_are_told() -> None:
    operators, _ = table()
    changes: list[int] = []
    operators.listen(lambda: changes.append(len(operators.all())))
    token = await operators.add("ann", Role.VIEWER)
    assert token is not None
    ann = operators.who(token)
    assert ann is not None
    assert operators.present(ann) == ann
    assert await operators.remove("ann")
    assert operators.who(token) is None
    assert operators.present(ann) is None
    assert not await operators.remove("ann")
    assert not await operators.remove("operator"), "the server's own stays"
    assert changes == [2, 1]


async def test_a_name_that_is_given_anew_is_somebody_elses() -> None:
    operators, _ = table()
    token = await operators.add("ann", Role.ADMIN)
    assert token is not None
    former = operators.who(token)
    assert former is not None
    await operators.remove("ann")
    await operators.add("ann", Role.ADMIN)
    assert operators.present(former) is None


async def test_when_the_records_are_away_who_was_known_stays_known() -> None:
    operators, records = table()
    token = await operators.add("ann", Role.VIEWER)
    assert token is not None
    records.away = True
    with pytest.raises(RecordsAway):
        await operators.refresh()
    with pytest.raises(RecordsAway):
        await operators.add("bob", Role.VIEWER)
    assert operators.who(token) is not None


async def test_what_another_process_has_changed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REFRESH_S", 0.0)
    operators, records = table()
    changed = asyncio.Event()
    operators.listen(changed.set)
    records.away = True
    operators.start()
    await asyncio.sleep(0)
    records.away = False
    await records.add_operator(Operator("ann", Role.VIEWER, hash_of("anns"), 0.0))
    async with asyncio.timeout(10):
        await changed.wait()
    assert operators.who("anns") is not None
    await operators.close()
