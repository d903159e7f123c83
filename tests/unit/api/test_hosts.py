"""Which names the server answers to."""

from collections import Counter

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs

from relay.api.hosts import HostCheck, Hosts


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Box.example.org")


OWN = [
    "localhost",
    "LOCALHOST:8080",
    "chat.localhost",
    "127.0.0.1:8080",
    "192.168.1.5",
    "[::1]:8080",
    "[fe80::1%eth0]",
    "box",
    "box.local:8080",
    "box.example.org",
    "BOX.example.org.",
]
EVIL = ["evil.example", "evil.example:8080", "localhost.evil.example", "192.168.1.5.evil.example"]
BROKEN = ["[::1", "a b", "x:y:z", "///", "user@evil.example"]


@pytest.mark.parametrize("host", OWN)
@pytest.mark.parametrize("allowed", [(), ("chat.example.org",)])
def test_this_machine_is_known_by_its_addresses_and_its_name(
    host: str, allowed: tuple[str, ...]
) -> None:
    assert Hosts(allowed).serves(host, f"http://{host}")


@pytest.mark.parametrize("host", EVIL + BROKEN)
def test_a_page_of_another_name_cannot_pass_for_ours(host: str) -> None:
    assert not Hosts(()).serves(host, f"http://{host}")
    assert not Hosts(()).serves(host, "null")


def test_a_page_behind_a_proxy_with_tls_needs_no_setting() -> None:
    assert Hosts(()).serves("chat.example.org", "https://chat.example.org")
    assert Hosts(()).serves("chat.example.org:8443", "https://chat.example.org:8443")


def test_who_is_no_page_needs_none_either() -> None:
    assert Hosts(()).serves("relay:8080", None)
    assert Hosts(()).serves(None, None)


def test_a_page_from_elsewhere_that_is_known_is_not_rebound() -> None:
    assert Hosts((), ("http://dev.example:3000",)).serves("relay", "http://dev.example:3000")
    assert Hosts(()).serves("relay", "http://localhost:3000")
    assert Hosts((), ("*",)).serves("relay", "http://anybody.example")


@pytest.mark.parametrize("origin", [None, "https://other.example", "http://other.example"])
def test_with_names_each_request_has_to_go_to_one_of_them(origin: str | None) -> None:
    hosts = Hosts(("chat.example.org",), ("https://dev.example",))
    assert hosts.serves("chat.example.org:443", origin)
    assert hosts.serves("dev.example", origin)
    assert not hosts.serves("other.example", origin)
    assert not hosts.serves("www.chat.example.org", origin)
    assert hosts.serves(None, origin), "no browser"
    assert Hosts(("*",)).serves("other.example", origin)


async def test_who_is_turned_away_is_counted_and_logged_but_not_each() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="here")

    refusals: Counter[str] = Counter()
    check = HostCheck(Hosts(("chat.example.org",)), refusals)
    evil = {"Host": "evil.example", "Upgrade": "websocket"}
    with capture_logs() as events:
        for _ in range(50):
            with pytest.raises(web.HTTPMisdirectedRequest):
                await check.check(make_mocked_request("GET", "/ws", headers=evil), handler)
    assert refusals == {"host": 50}
    assert {event["event"] for event in events} == {"host_refused"}
    assert len(events) < 10
    good = make_mocked_request("GET", "/", headers={"Host": "chat.example.org"})
    assert (await check.check(good, handler)).status == 200
