"""``relay check`` against a real server."""

from __future__ import annotations

import json
import os
import socket

import pytest

from relay.app import running
from relay.bots import address
from relay.bots.check import attempt, run, ways
from relay.bots.check.findings import Found
from relay.bots.check.remedies import remedy
from relay.bots.client import Client, TurnedAway
from relay.config import Settings
from relay.errors import BotError
from tests.support import commands
from tests.support.bots import relay

NOWHERE = "192.0.2.55"


@pytest.fixture
def shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure no longer than it takes to see that something comes back; lose patience late."""
    monkeypatch.setattr(attempt, "MEASURED_S", 0.5)
    monkeypatch.setattr(attempt, "UP_S", 20.0)
    monkeypatch.setattr(attempt, "LAST_S", 20.0)
    monkeypatch.setattr(run, "ALL_S", 120.0)


async def checked(url: str, fingerprint: str | None = None) -> Found:
    return await run.check(address.read(url, fingerprint))


def results(found: Found) -> dict[str, bool]:
    return {each.way.name: each.reason is None for each in found.tried}


@pytest.mark.usefixtures("shortly")
@pytest.mark.parametrize("workers", [0, 2])
async def test_all_ways_work(workers: int) -> None:
    async with relay(workers=workers) as url:
        found = await checked(url)
    assert results(found) == {"UDP (IPv4)": True, "TCP (IPv4)": True, "TURN (TCP)": True}
    assert not found.is_bad
    for each in found.tried:
        assert each.measured is not None
        assert each.measured.sent > 20
    assert found.socket.round_trip_ms > 0


@pytest.mark.usefixtures("shortly")
async def test_all_ways_work_over_tls_with_a_certificate_that_is_known() -> None:
    settings = Settings(host="127.0.0.1", port=0, udp_port=0, workers=0, tls_self_signed=True)
    async with running(settings) as server:
        found = await checked(server.url, server.fingerprint)
        with pytest.raises(BotError, match="cannot reach") as raised:
            await checked(server.url)
        assert "--fingerprint" in remedy(raised.value)
        with pytest.raises(BotError, match="its certificate has another fingerprint"):
            await checked(server.url, "00" * 32)
    assert results(found) == {"UDP (IPv4)": True, "TCP (IPv4)": True, "TURN (TLS)": True}


@pytest.mark.usefixtures("shortly")
async def test_both_families_are_tried() -> None:
    async with relay(host="::", public_ip="127.0.0.1,::1", tcp_media=False) as url:
        port = url.split(":")[-1].removesuffix("/ws")
        found = await checked(f"ws://[::1]:{port}")
    assert found.server_host == "::1"
    assert results(found)["UDP (IPv6)"]


async def test_an_address_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "UP_S", 1.0)
    async with relay(public_ip=NOWHERE, tcp_media=False) as url:
        found = await checked(url)
    assert results(found) == {"UDP (IPv4)": False}
    (problem,) = found.problems()
    assert (problem.cause, NOWHERE in problem.text) == ("server_unreachable", True)
    assert "--public-ip" in problem.advice
    assert found.is_bad


async def test_a_server_that_goes_away_is_said_to_and_nothing_is_concluded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def cut_off(client: Client, way: ways.Way, _: bytes | None) -> attempt.Tried:
        await client.close()
        return attempt.Tried(way, reason="the connection is lost")

    monkeypatch.setattr(run, "attempt", cut_off)
    async with relay(tcp_media=False) as url:
        with pytest.raises(BotError, match="the server went away during the check"):
            await checked(url)


async def test_a_server_that_leaves_media_to_the_browsers_is_only_looked_at() -> None:
    async with relay(media_mode="direct") as url:
        found = await checked(url)
        with pytest.raises(TurnedAway) as raised:  # as with a proxy that sends a Host of its own
            await Client(url, origin="https://chat.example.org").connect()
    assert (found.tried, found.is_bad) == ([], False)
    assert "does not pass 'Host' on" in remedy(raised.value)


async def test_the_command_tells_what_it_has_found() -> None:
    async with relay(tcp_media=False) as url:
        code, out, err = await commands.run("check", url, "--json", env=os.environ)
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert [(each["way"], each["works"]) for each in told["ways"]] == [("udp", True)]
    assert told["works"] is True


async def test_the_command_says_in_one_line_that_there_is_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    code, out, err = await commands.run("check", f"http://127.0.0.1:{port}", env=os.environ)
    assert (code, out) == (2, "")
    assert err.startswith(f"relay check: cannot reach ws://127.0.0.1:{port}/ws: ")
    assert err.count("\n") == 1


async def test_the_command_says_that_an_address_is_none() -> None:
    code, out, err = await commands.run("check", "nonsense", env=os.environ)
    assert (code, out) == (2, "")
    assert err == "relay: URL: should be such as https://chat.example.org, not 'nonsense'\n"
