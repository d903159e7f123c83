"""Who is asked of the nodes of a cluster, and what becomes of their answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from relay.api import models, queries
from relay.api.asked import Asked
from relay.api.nodes import MAX_ROWS, PAGE_ROWS, Answer, Nodes
from relay.cluster.messages import Call, Done
from relay.errors import RecordsAway
from relay.records import Role
from tests.support.nodes import Between


class Node:
    """One node, with so many users, the oldest of whom has come ``age_s`` ago."""

    def __init__(self, between: Between, name: str, users: int, age_s: float = 1000.0) -> None:
        self.name, self.count, self.age_s = name, users, age_s
        self.asked: list[Asked] = []
        self.fault: Exception | None = None
        self.cluster = between.node(name)
        self.nodes = Nodes(self.answer, self.cluster, dict)

    async def answer(self, what: Asked) -> Answer:
        self.asked.append(what)
        if self.fault is not None:
            raise self.fault
        if what.operation in {"disconnectUser", "takeSnapshot"}:
            if what.id.startswith(self.name):
                return None
            raise web.HTTPNotFound(text=f"there is no user at {self.name}")
        page = what.parameters(queries.Page)
        rows = [self._user(n) for n in range(self.count)][page.offset :][: page.limit]
        return models.Users(users=rows, total=self.count)

    def _user(self, number: int) -> models.User:
        told: dict[str, Any] = dict.fromkeys(models.User.model_fields)
        return models.User.model_construct(
            **told
            | {
                "id": f"{self.name}{number}",
                "state": "waiting",
                "age_s": self.age_s - number,
                "over_budget": [],
                "node": self.name,
            }
        )


def users(**query: object) -> Asked:
    return Asked(
        "listUsers", "vera", Role.VIEWER, query={name: str(value) for name, value in query.items()}
    )


def kick(user: str, role: Role = Role.MODERATOR) -> Asked:
    return Asked("disconnectUser", "mo", role, user)


async def listed(by: Node, **query: object) -> models.Users:
    found = await by.nodes.ask(users(**query))
    assert isinstance(found, models.Users)
    return found


async def test_pages_of_all_nodes_are_each_row_once_and_in_order() -> None:
    between = Between()
    one, two = Node(between, "a", 450), Node(between, "b", 3, age_s=990.5)
    ids: list[str] = []
    for offset in range(0, 453, 150):
        page = await listed(one, offset=offset, limit=150)
        assert page.total == 453
        ids += [user.id for user in page.users]
    assert len(ids) == len(set(ids)) == 453
    assert ids[9:14] == ["a9", "b0", "a10", "b1", "a11"]
    assert all(int(asked.query["limit"]) <= PAGE_ROWS for asked in (*one.asked, *two.asked))


async def test_nobody_is_asked_for_more_than_is_wanted() -> None:
    between = Between()
    one, two = Node(between, "a", 5000), Node(between, "b", 5000)
    assert len((await listed(one, limit=10)).users) == 10
    assert [dict(asked.query) for asked in two.asked] == [{"offset": "0", "limit": "10"}]
    with pytest.raises(web.HTTPUnprocessableEntity) as refused:
        await listed(one, offset=MAX_ROWS, limit=1)
    assert str(MAX_ROWS) in str(refused.value.text)
    assert (await listed(one, offset=MAX_ROWS, limit=1, node="b")).total == 5000


async def test_an_order_goes_on_to_whoever_has_the_user() -> None:
    between = Between()
    one, two, three = (Node(between, name, 0) for name in "abc")
    assert await one.nodes.ask(kick("a7")) is None
    assert (len(one.asked), two.asked, three.asked) == (1, [], [])
    assert await one.nodes.ask(kick("b7/../?%")) is None
    assert (two.asked[0].id, two.asked[0].by, two.asked[0].role) == (
        "b7/../?%",
        "mo",
        Role.MODERATOR,
    )
    with pytest.raises(web.HTTPNotFound) as nowhere:
        await one.nodes.ask(kick("x"))
    assert nowhere.value.text == "there is no user at a"
    three.fault = RecordsAway("away")
    with pytest.raises(web.HTTPServiceUnavailable):
        await one.nodes.ask(kick("c7"))


async def test_who_has_what_is_looked_into_is_asked_of_the_others_alone() -> None:
    between = Between()
    one, *_ = (Node(between, name, 0) for name in "abc")
    nowhere = web.HTTPNotFound(text="it is not at a")
    look = Asked("takeSnapshot", "ada", Role.ADMIN, "c7")
    assert await one.nodes.elsewhere(look, nowhere) == ("c", None)
    assert one.asked == [], "it has said that it does not have it"
    with pytest.raises(web.HTTPNotFound) as refused:
        await one.nodes.elsewhere(Asked("takeSnapshot", "ada", Role.ADMIN, "x"), nowhere)
    assert refused.value is nowhere
    between.cut.add(frozenset("ac"))
    with pytest.raises(web.HTTPServiceUnavailable) as silent:
        await one.nodes.elsewhere(look, nowhere)
    assert silent.value.text == "no node that answers has it; c did not answer"


async def test_who_may_not_order_here_may_not_there() -> None:
    between = Between()
    one, two = Node(between, "a", 0), Node(between, "b", 0)
    with pytest.raises(web.HTTPForbidden):
        await one.nodes.ask(kick("b7", Role.VIEWER))
    assert two.asked == []


@pytest.mark.parametrize(
    "fault",
    [None, web.HTTPServiceUnavailable(), RecordsAway("away")],
)
async def test_a_node_that_cannot_answer_is_named(fault: Exception | None) -> None:
    """:param fault: None for an answer that nobody understands."""
    between = Between()
    one, two = Node(between, "a", 2), Node(between, "b", 2)
    two.fault = fault

    if fault is None:
        two.cluster.serve(Call, _garbage)
    found = await listed(one)
    assert (found.total, found.silent_nodes) == (2, ["b"])
    with pytest.raises(web.HTTPServiceUnavailable):
        await listed(one, node="b")


async def test_nodes_of_the_last_and_the_next_version_are_understood() -> None:
    between = Between()
    one, two = Node(between, "a", 0), Node(between, "b", 1)
    row = two._user(0).model_dump(by_alias=True)
    del row["node"]

    async def other_version(_: str, call: Call) -> Done:
        return Done(200, json.dumps({"users": [row | {"mood": "good"}], "total": 1, "new": {}}))

    two.cluster.serve(Call, other_version)
    found = await listed(one)
    assert [(user.id, user.node) for user in found.users] == [("b0", None)]
    assert found.silent_nodes == []


async def _garbage(_: str, call: Call) -> Done:
    return Done(200, '{"users": "some"}')


async def test_what_goes_wrong_here_is_no_silence() -> None:
    between = Between()
    one, _ = Node(between, "a", 2), Node(between, "b", 2)
    one.fault = web.HTTPServiceUnavailable(text="not now")
    with pytest.raises(web.HTTPServiceUnavailable) as refused:
        await listed(one)
    assert refused.value.text == "not now"


async def test_without_a_cluster_only_this_server_is_asked() -> None:
    alone = Node(Between(), "a", 600)
    alone.nodes = Nodes(alone.answer, None, dict)
    assert len((await listed(alone, limit=500)).users) == 500
    assert [dict(asked.query) for asked in alone.asked] == [{"limit": "500"}]
    with pytest.raises(web.HTTPUnprocessableEntity):
        await listed(alone, node="a")
    found = await alone.nodes.ask(Asked("listNodes", "vera", Role.VIEWER))
    assert found == models.Nodes(nodes=[])
