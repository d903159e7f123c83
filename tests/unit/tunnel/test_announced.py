"""What clients are told of TURN servers."""

import base64
import hashlib
import hmac

import pytest
from aiohttp.test_utils import make_mocked_request

from relay.tunnel.announced import IceServers, Own

STUN = {"urls": ["stun:stun.example.org"]}
COTURN = {"urls": ["turn:turn.example.org"]}


def told(own: Own, **headers: str) -> list[dict[str, object]]:
    servers = IceServers([STUN])
    servers.own = own
    return servers(make_mocked_request("GET", "/ws", headers=headers), "user")


def by_page(port: int = 8080) -> Own:
    return Own(b"secret", port, lambda: 1000.0, is_chosen=False)


def chosen(port: int = 7443) -> Own:
    return Own(b"secret", port, lambda: 1000.0, is_chosen=True)


def test_it_is_at_the_host_that_was_asked_for() -> None:
    stun, own = told(by_page(), Host="chat.example.org:8080")
    assert stun == STUN
    assert own["urls"] == ["turn:chat.example.org:8080?transport=tcp"]
    assert own["username"] == "87400:user"
    expected = hmac.digest(b"secret", b"87400:user", hashlib.sha1)
    assert own["credential"] == base64.b64encode(expected).decode()


def test_an_address_of_ipv6_has_its_brackets() -> None:
    assert told(by_page(), Host="[2001:db8::1]:8080")[1]["urls"] == [
        "turn:[2001:db8::1]:8080?transport=tcp"
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "chat.example.org"},
        {"Host": "chat.example.org:8443"},
        {"Host": "chat.example.org:8080", "X-Forwarded-For": "192.0.2.1"},
        {"Host": "chat.example.org:8080?x"},
        {"Host": "a b:8080"},
        {"Host": "chat.example.org:99999"},
        {"Host": "[::1:8080"},
    ],
)
def test_where_it_may_not_be_reached_by_the_pages_port_it_is_not_named(
    headers: dict[str, str],
) -> None:
    assert told(by_page(), **headers) == [STUN]


def test_a_port_that_was_chosen_is_named_behind_a_proxy_as_well() -> None:
    headers = {"Host": "chat.example.org", "X-Forwarded-For": "192.0.2.1"}
    assert told(chosen(), **headers)[1]["urls"] == ["turn:chat.example.org:7443?transport=tcp"]


@pytest.mark.parametrize("nameless", [COTURN, {**COTURN, "username": "", "credential": ""}])
def test_operators_servers_without_a_name_are_given_one(nameless: dict[str, object]) -> None:
    given = {**COTURN, "username": "u", "credential": "p"}
    servers = IceServers([STUN, nameless, given], b"shared")
    request = make_mocked_request("GET", "/ws")

    first, second, third = servers(request, "user")

    assert (first, third) == (STUN, given)
    until, _, user_id = second["username"].partition(":")
    assert until.isdigit()
    assert user_id == "user"
    expected = hmac.digest(b"shared", second["username"].encode(), hashlib.sha1)
    assert second["credential"] == base64.b64encode(expected).decode()
