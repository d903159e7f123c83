"""Who is let in at the dashboard, with which cookie, and who may use it."""

import json
from http.cookies import Morsel
from typing import Any, cast

import pytest
from aiohttp import StreamReader, web
from aiohttp.test_utils import make_mocked_request
from pydantic import SecretStr
from structlog.testing import capture_logs

from relay.api.admin import MAX_BODY_BYTES, Admin
from relay.api.attempts import BURST, REFILL_S
from relay.api.operator import Bearer, is_own_page, only_for_operators
from relay.api.operators import Operators
from relay.api.sessions import COOKIE, SECURE_COOKIE, Sessions
from tests.support.memory_records import MemoryRecords

SECRET = "the-operators-token"
TOKEN = SecretStr(SECRET)
OWN = {"Host": "chat.example.org", "Origin": "https://chat.example.org"}
RIGHT = json.dumps({"token": SECRET}).encode()
WRONG = json.dumps({"token": "a-guess-of-somebodys"}).encode()


def request(
    method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> web.Request:
    content = StreamReader(cast("Any", _Protocol()), 2**16)
    content.feed_data(body)
    content.feed_eof()
    return make_mocked_request(method, path, headers=headers or {}, payload=content)


class _Protocol:
    _reading_paused = False

    def pause_reading(self) -> None:
        """Called by aiohttp."""

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Called by aiohttp."""


class Door:
    """The dashboard's door, on a clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sessions = Sessions(100.0, lambda: self.now)
        self.admin = Admin(
            Operators(TOKEN, MemoryRecords()),
            self.sessions,
            taps_allowed=True,
            clock=lambda: self.now,
        )

    async def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> web.Response:
        handlers = {(route.method, route.path): route.handler for route in self.admin.routes()}
        handler = cast("Any", handlers[method, path])
        response = await handler(request(method, path, headers, body))
        assert isinstance(response, web.Response)
        return response

    async def login(self, body: bytes = RIGHT, headers: dict[str, str] = OWN) -> web.Response:
        return await self.ask("POST", "/admin/login", headers, body)

    async def cookie(self) -> "Morsel[str]":
        return (await self.login()).cookies[SECURE_COOKIE]


async def test_the_token_gives_a_cookie_that_is_not_the_token() -> None:
    door = Door()
    response = await door.login()
    assert (response.status, response.headers["Cache-Control"]) == (204, "no-store")
    cookie = response.cookies[SECURE_COOKIE]
    assert door.sessions.find(cookie.value) is not None
    assert SECRET not in cookie.value
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert (cookie["max-age"], cookie["secure"]) == ("100", True)


async def test_each_login_is_a_session_of_its_own() -> None:
    door = Door()
    assert (await door.cookie()).value != (await door.cookie()).value


async def test_without_tls_the_cookie_is_not_kept_to_it() -> None:
    plain = OWN | {"Origin": "http://chat.example.org"}
    door = Door()
    response = await door.login(headers=plain)
    assert list(response.cookies) == [COOKIE]
    assert not response.cookies[COOKIE]["secure"]
    with_cookie = {"Cookie": f"{COOKIE}={response.cookies[COOKIE].value}"}
    assert await asked_with(door, "GET", with_cookie) == 200


async def test_a_cookie_that_a_neighbour_has_set_does_not_hide_ours() -> None:
    door = Door()
    ours = f"{SECURE_COOKIE}={(await door.cookie()).value}"
    assert await asked_with(door, "GET", {"Cookie": f"{COOKIE}=somebodys; {ours}"}) == 200


async def test_a_wrong_token_gives_nothing_and_is_not_logged() -> None:
    door = Door()
    with capture_logs() as events:
        response = await door.login(WRONG)
    assert response.status == 401
    assert not response.cookies
    told = [(each["event"], each["reason"], each["suppressed"]) for each in events]
    assert told == [("login_refused", "wrong_token", 0)]
    assert len(door.sessions) == 0


async def test_who_tries_for_ever_does_not_fill_the_log() -> None:
    door = Door()
    with capture_logs() as events:
        for _ in range(100):
            await door.login(WRONG)
    assert len(events) == 2 * BURST, "of each of the two reasons"


async def test_guessing_is_slow_and_the_right_guess_waits_too() -> None:
    door = Door()
    for _ in range(BURST):
        assert (await door.login(WRONG)).status == 401
    with capture_logs() as events:
        refused = await door.login(RIGHT)
    assert (refused.status, refused.headers["Retry-After"]) == (429, str(int(REFILL_S)))
    assert [event["reason"] for event in events] == ["too_many"]
    door.now += REFILL_S
    assert (await door.login(RIGHT)).status == 204


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"the-operators-token"',
        b'{"token": 5}',
        b'{"token": "x", "more": 1}',
        b"\xff",
        b"[" * 2000,
    ],
)
async def test_a_body_that_is_none(body: bytes) -> None:
    with pytest.raises(web.HTTPUnprocessableEntity) as refused:
        await Door().login(body)
    assert refused.value.text == 'the body has to be {"token": "..."}, as JSON'


async def test_a_body_that_is_too_long() -> None:
    with pytest.raises(web.HTTPRequestEntityTooLarge):
        await Door().login(b" " * MAX_BODY_BYTES + RIGHT)


@pytest.mark.parametrize("path", ["/admin/login", "/admin/logout"])
async def test_other_sites_can_log_nobody_in_or_out(path: str) -> None:
    door = Door()
    cookie = await door.cookie()
    headers = {"Host": "chat.example.org", "Origin": "https://evil.example"}
    with pytest.raises(web.HTTPForbidden):
        await door.ask("POST", path, headers | {"Cookie": f"{SECURE_COOKIE}={cookie.value}"}, RIGHT)
    assert door.sessions.find(cookie.value) is not None


async def test_logging_out_ends_the_session() -> None:
    door = Door()
    cookie = await door.cookie()
    headers = OWN | {"Cookie": f"{SECURE_COOKIE}={cookie.value}"}
    with capture_logs() as logged:
        response = await door.ask("POST", "/admin/logout", headers)
    assert response.status == 204
    assert [each["event"] for each in logged] == ["operator_logged_out"]
    assert [response.cookies[name]["max-age"] for name in (COOKIE, SECURE_COOKIE)] == ["0", "0"]
    assert response.cookies[SECURE_COOKIE]["secure"]
    assert door.sessions.find(cookie.value) is None
    with capture_logs() as logged:
        assert (await door.ask("POST", "/admin/logout", OWN)).status == 204, "harmless"
    assert logged == [], "a stranger could fill the log"


async def test_the_page_can_ask_who_it_is() -> None:
    door = Door()
    cookie = await door.cookie()
    door.now += 40
    headers = {"Cookie": f"{SECURE_COOKIE}={cookie.value}"}
    known = await door.ask("GET", "/admin/session", headers)
    assert json.loads(known.text or "") == {
        "loggedIn": True,
        "tapsAllowed": True,
        "name": "operator",
        "role": "admin",
    }
    door.now += 60
    for asked in (headers, {}, {"Cookie": "relay_session=x"}):
        unknown = await door.ask("GET", "/admin/session", asked)
        assert (unknown.status, json.loads(unknown.text or "")) == (200, {"loggedIn": False})


async def test_the_folder_has_its_slash() -> None:
    with pytest.raises(web.HTTPPermanentRedirect) as moved:
        await Door().ask("GET", "/admin")
    assert moved.value.location == "admin/"


# the cookie beside the token


async def asked_with(door: Door, method: str, headers: dict[str, str]) -> int:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="done")

    guarded = only_for_operators(Bearer(Operators(TOKEN, MemoryRecords())), handler, door.sessions)
    response = await guarded(request(method, "/api/v1/drain", headers))
    return response.status


async def test_the_cookie_opens_what_the_token_opens() -> None:
    door = Door()
    with_cookie = {"Cookie": f"{SECURE_COOKIE}={(await door.cookie()).value}"}
    assert await asked_with(door, "GET", with_cookie) == 200
    assert await asked_with(door, "POST", with_cookie | OWN) == 200
    assert await asked_with(door, "GET", {"Authorization": f"Bearer {SECRET}"}) == 200
    assert await asked_with(door, "GET", {}) == 401
    assert await asked_with(door, "GET", {"Cookie": f"{SECURE_COOKIE}={SECRET}"}) == 401
    door.now += 100
    assert await asked_with(door, "GET", with_cookie) == 401


async def test_a_wrong_token_is_wrong_whatever_the_cookie() -> None:
    door = Door()
    cookie = f"{SECURE_COOKIE}={(await door.cookie()).value}"
    headers = {"Cookie": cookie, "Authorization": "Bearer wrong"}
    assert await asked_with(door, "GET", headers) == 401


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "chat.example.org"},
        OWN | {"Origin": "null"},
        OWN | {"Origin": "https://evil.example"},
        OWN | {"Origin": "https://chat.example.org:8443"},
        OWN | {"Sec-Fetch-Site": "cross-site"},
        OWN | {"Sec-Fetch-Site": "same-site"},
        OWN | {"Sec-Fetch-Site": "none"},
    ],
)
async def test_other_pages_can_change_nothing_with_it(method: str, headers: dict[str, str]) -> None:
    door = Door()
    cookie = {"Cookie": f"{SECURE_COOKIE}={(await door.cookie()).value}"}
    with pytest.raises(web.HTTPForbidden):
        await asked_with(door, method, headers | cookie)


@pytest.mark.parametrize(
    "headers", [OWN, OWN | {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "same-origin"}]
)
async def test_what_the_own_page_looks_like(headers: dict[str, str]) -> None:
    assert is_own_page(request("POST", "/api/v1/drain", headers))
