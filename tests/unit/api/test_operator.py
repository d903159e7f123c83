"""Who passes for an operator."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from pydantic import SecretStr
from structlog.testing import capture_logs

from relay.api.attempts import BURST, REFILL_S
from relay.api.operator import KNOWN_S, OPERATOR, Bearer, only_for_operators
from relay.api.operators import Operators
from relay.records import Role
from tests.support.memory_records import MemoryRecords

SECRET = "the-operators-token"
TOKEN = SecretStr(SECRET)


async def asked_with(authorization: str | None) -> web.Response:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="the rooms")

    headers = {} if authorization is None else {"Authorization": authorization}
    request = make_mocked_request("GET", "/rooms", headers=headers)
    response = await only_for_operators(Bearer(Operators(TOKEN, MemoryRecords())), handler)(request)
    assert isinstance(response, web.Response)
    return response


@pytest.mark.parametrize(
    "authorization", ["Bearer the-operators-token", "bearer  the-operators-token"]
)
async def test_the_token_opens(authorization: str) -> None:
    response = await asked_with(authorization)
    assert (response.status, response.text) == (200, "the rooms")


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer the-operators-toke",
        "Bearer the-operators-tokens",
        "Bearer THE-OPERATORS-TOKEN",
        "Basic the-operators-token",
        "the-operators-token",
        "Bearer tökén",
    ],
)
async def test_anything_else_is_refused(authorization: str | None) -> None:
    response = await asked_with(authorization)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert json.loads(response.text or "") == {
        "error": {"code": "unauthorized", "message": "the operator's token is needed"}
    }


def test_what_came_as_no_utf_8_is_no_token() -> None:
    assert Operators(TOKEN, MemoryRecords()).who("the-operators-token\udcff") is None


# guessing


class Guarded:
    """Something behind the token, on a clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.bearer = Bearer(Operators(TOKEN, MemoryRecords()), lambda: self.now)

    async def ask(self, token: str | None, remote: str = "192.0.2.1") -> int:
        async def handler(_: web.Request) -> web.Response:
            return web.Response(text="the rooms")

        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        request = make_mocked_request("GET", "/rooms", headers=headers).clone(remote=remote)
        response = await only_for_operators(self.bearer, handler)(request)
        if response.status == 429:
            assert response.headers["Retry-After"] == "5"
        return response.status

    async def guess(self, times: int, remote: str = "192.0.2.1") -> set[int]:
        return {await self.ask("a-guess", remote) for _ in range(times)}


async def test_who_guesses_has_to_wait_and_even_the_right_token_is_not_looked_at() -> None:
    door = Guarded()
    assert await door.guess(BURST) == {401}
    assert await door.guess(3) == {429}
    assert await door.ask(SECRET) == 429
    assert door.bearer.refusals == {"wrong_token": BURST, "too_many": 4}
    door.now += REFILL_S
    assert await door.ask(SECRET) == 200


async def test_others_do_not_have_to_wait_nor_who_shows_nothing() -> None:
    door = Guarded()
    await door.guess(BURST)
    assert await door.ask(None) == 401
    assert await door.ask(SECRET, "192.0.2.2") == 200
    assert await door.ask(SECRET, "2001:db8::1") == 200
    assert await door.guess(BURST, "2001:db8::2") == {401}
    assert await door.guess(1, "2001:db8::3") == {401}, "the operator's network"


async def test_without_a_token_nobody_is_guessing() -> None:
    door = Guarded()
    assert {await door.ask(None) for _ in range(3 * BURST)} == {401}
    assert await door.ask(SECRET) == 200


async def test_nobody_can_lock_out_who_has_shown_the_token_lately() -> None:
    door = Guarded()
    assert await door.ask(SECRET) == 200
    assert await door.guess(3 * BURST) == {401}
    assert await door.ask(SECRET) == 200
    door.now += KNOWN_S
    await door.guess(BURST)
    assert await door.ask(SECRET) == 429


async def test_guesses_are_logged_but_not_each() -> None:
    door = Guarded()
    with capture_logs() as events:
        await door.guess(100)
    assert [event["event"] for event in events] == ["token_refused"] * BURST
    assert "a-guess" not in str(events)


# roles


@pytest.mark.parametrize(
    ("role", "needed", "status"),
    [
        (Role.VIEWER, Role.VIEWER, 200),
        (Role.VIEWER, Role.MODERATOR, 403),
        (Role.MODERATOR, Role.MODERATOR, 200),
        (Role.MODERATOR, Role.ADMIN, 403),
        (Role.ADMIN, Role.ADMIN, 200),
    ],
)
async def test_a_role_opens_what_it_may(role: Role, needed: Role, status: int) -> None:
    operators = Operators(TOKEN, MemoryRecords())
    token = await operators.add("ann", role)

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=request[OPERATOR].name)

    guarded = only_for_operators(Bearer(operators), handler, role=needed)
    headers = {"Authorization": f"Bearer {token}"}
    request = make_mocked_request("POST", "/api/v1/drain", headers=headers)
    if status == 200:
        response = await guarded(request)
        assert isinstance(response, web.Response)
        assert response.text == "ann"
    else:
        with pytest.raises(web.HTTPForbidden) as refused:
            await guarded(request)
        text = f"this needs the role {needed}; ann has the role {role}"
        assert refused.value.text == text
