"""Who passes for an operator."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from pydantic import SecretStr

from relay.api.operator import is_token, only_for_operators

TOKEN = SecretStr("the-operators-token")


async def asked_with(authorization: str | None) -> web.Response:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="the rooms")

    headers = {} if authorization is None else {"Authorization": authorization}
    request = make_mocked_request("GET", "/rooms", headers=headers)
    response = await only_for_operators(TOKEN, handler)(request)
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
    assert not is_token("the-operators-token\udcff", TOKEN)
