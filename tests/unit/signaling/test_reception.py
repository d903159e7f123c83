"""Requests that never become a WebSocket, and what operators are told of them."""

from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs

from relay.signaling.limits import Limits
from relay.signaling.reception import Reception
from relay.signaling.tally import Tally

KEY = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version": "13"}


@pytest.fixture
def reception() -> Reception:
    return Reception(Limits(), frozenset(), cast("Any", None), Tally())


def test_what_a_proxy_has_left_of_an_upgrade_is_told_once(reception: Reception) -> None:
    with capture_logs() as logged:
        for _ in range(3):
            with pytest.raises(web.HTTPUpgradeRequired, match="Upgrade Required") as refused:
                reception.require_upgrade(make_mocked_request("GET", "/ws", headers=KEY))
    assert refused.value.headers["Upgrade"] == "websocket"
    assert [(entry["event"], entry["headers"]) for entry in logged] == [
        ("upgrade_missing", "Upgrade, Connection")
    ]


def test_a_whole_request_and_one_that_only_asks_why_are_let_through(reception: Reception) -> None:
    whole = {**KEY, "Upgrade": "websocket", "Connection": "Upgrade"}
    with capture_logs() as logged:
        reception.require_upgrade(make_mocked_request("GET", "/ws", headers=whole))
        reception.require_upgrade(make_mocked_request("GET", "/ws"))
    assert logged == []


def test_a_proxy_that_does_not_pass_the_host_on_is_told_by_both_names(reception: Reception) -> None:
    headers = {"Origin": "https://chat.example.org", "Host": "127.0.0.1:8080"}
    with capture_logs() as logged, pytest.raises(web.HTTPForbidden):
        reception.require_origin(make_mocked_request("GET", "/ws", headers=headers))
    [entry] = logged
    assert (entry["origin"], entry["host"]) == ("https://chat.example.org", "127.0.0.1:8080")


def test_pages_of_other_sites_are_counted_and_logged_but_not_each() -> None:
    tally = Tally()
    reception = Reception(Limits(), frozenset(), cast("Any", None), tally)
    headers = {"Host": "chat.example.org", "Origin": "https://evil.example/" + "x" * 4000}
    with capture_logs() as events:
        for _ in range(50):
            with pytest.raises(web.HTTPForbidden):
                reception.require_origin(make_mocked_request("GET", "/ws", headers=headers))
    assert tally.refusals["origin"] == 50
    assert {event["event"] for event in events} == {"origin_refused"}
    assert len(events) < 10
    assert all(len(event["origin"]) < 200 for event in events)
