"""Who asks, as a request tells."""

import re

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from relay.safety import NOBODY
from relay.safety.keyfile import Keyring
from relay.safety.keys import DAY_S, ROTATE_S
from relay.safety.visitors import COOKIE, SECURE_COOKIE, Visitors

NOW = 1_764_547_200.0


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visitors(clock: Clock) -> Visitors:
    return Visitors(Keyring(None, NOW), clock)


def asking(
    remote: str = "127.0.0.1", *, cookies: dict[str, str] | None = None, proto: str = ""
) -> web.Request:
    headers = {"X-Forwarded-Proto": proto} if proto else {}
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return make_mocked_request("GET", "/", headers=headers).clone(remote=remote)


def given(visitors: Visitors, request: web.Request) -> dict[str, str]:
    """The cookies that a page view sets."""
    response = web.Response()
    visitors.welcome(request, response)
    return {name: morsel.value for name, morsel in response.cookies.items()}


def test_nothing_is_known_of_a_plain_client_on_this_machine(visitors: Visitors) -> None:
    assert visitors.identity_of(asking()) == NOBODY


@pytest.mark.parametrize(
    "remote", ["10.1.2.3", "192.168.0.9", "::1", "fd00::1", "fe80::1%eth0", ""]
)
def test_an_address_that_many_may_share_has_no_hash(visitors: Visitors, remote: str) -> None:
    assert visitors.identity_of(asking(remote)).addresses == ()


def test_an_address_is_known_by_a_hash_that_does_not_tell_it(visitors: Visitors) -> None:
    (hashed,) = visitors.identity_of(asking("8.8.8.8")).addresses
    assert re.fullmatch(r"[\w-]{22}", hashed)
    assert visitors.identity_of(asking("8.8.8.8")).addresses == (hashed,)
    assert visitors.identity_of(asking("8.8.8.9")).addresses != (hashed,)
    assert Visitors(Keyring(None, NOW)).identity_of(asking("8.8.8.8")).addresses != (hashed,)


def test_ipv6_counts_by_its_network_and_mapped_ipv4_as_what_it_is(visitors: Visitors) -> None:
    def hashes(remote: str) -> tuple[str, ...]:
        return visitors.identity_of(asking(remote)).addresses

    assert hashes("2a00:1:2:3::1") == hashes("2a00:1:2:3:ffff::9")
    assert hashes("2a00:1:2:3::1") != hashes("2a00:1:2:4::1")
    assert hashes("::ffff:8.8.8.8") == hashes("8.8.8.8")


def test_after_a_rotation_both_hashes_are_there_and_then_the_former_means_nothing(
    visitors: Visitors, clock: Clock
) -> None:
    (first,) = visitors.identity_of(asking("8.8.8.8")).addresses
    clock.now += ROTATE_S
    second, former = visitors.identity_of(asking("8.8.8.8")).addresses
    assert former == first
    clock.now += ROTATE_S
    assert visitors.identity_of(asking("8.8.8.8")).addresses[1:] == (second,)


def test_a_page_view_makes_a_visitor_who_is_known_from_then_on(visitors: Visitors) -> None:
    cookies = given(visitors, asking())
    assert [*cookies] == [COOKIE]
    visitor = visitors.identity_of(asking(cookies=cookies)).visitor
    assert len(visitor) == 22
    assert given(visitors, asking(cookies=cookies)) == {}


def test_what_a_browser_is_told_of_the_cookie(visitors: Visitors) -> None:
    response = web.Response()
    visitors.welcome(asking(), response)
    told = response.cookies[COOKIE].OutputString()
    assert {part.strip() for part in told.split(";")[1:]} == {
        "HttpOnly", "Max-Age=15552000", "Path=/", "SameSite=Lax",
    }  # fmt: skip


@pytest.mark.parametrize("proto", ["https", "wss", "http, https"])
def test_over_https_no_neighbour_can_set_it(visitors: Visitors, proto: str) -> None:
    response = web.Response()
    visitors.welcome(asking(proto=proto), response)
    assert "Secure" in response.cookies[SECURE_COOKIE].OutputString()
    value = response.cookies[SECURE_COOKIE].value
    assert visitors.identity_of(asking(cookies={SECURE_COOKIE: value}, proto=proto)).visitor
    assert not visitors.identity_of(asking(cookies={COOKIE: value}, proto=proto)).visitor


def test_who_comes_back_on_another_day_stays_who_it_is(visitors: Visitors, clock: Clock) -> None:
    first = given(visitors, asking())
    visitor = visitors.identity_of(asking(cookies=first)).visitor
    for _ in range(12):
        clock.now += 100 * DAY_S
        renewed = given(visitors, asking(cookies=first))
        assert renewed != first
        assert visitors.identity_of(asking(cookies=renewed)).visitor == visitor
        first = renewed


def test_a_cookie_that_is_not_believed_is_counted_and_replaced(
    visitors: Visitors, clock: Clock
) -> None:
    good = given(visitors, asking())[COOKIE]
    bad = {COOKIE: f"{good[:-1]}{'A' if good[-1] != 'A' else 'B'}"}
    # The last character of a mac has bits that mean nothing, and still only one is ours.
    assert visitors.identity_of(asking(cookies=bad)) == NOBODY
    assert visitors.identity_of(asking(cookies={COOKIE: "nonsense"})) == NOBODY
    assert dict(visitors.refusals) == {"malformed": 1, "unknown_key": 0, "forged": 1, "expired": 0}
    assert given(visitors, asking(cookies=bad))[COOKIE] != good
    clock.now += 181 * DAY_S
    assert visitors.identity_of(asking(cookies={COOKIE: good})) == NOBODY
    assert visitors.refusals["expired"] == 1
