"""What puts the parts together: their order, their limits, and where the page is then."""

import subprocess
import sys
from dataclasses import fields
from ipaddress import ip_address
from typing import cast

import pytest
from aiohttp import web
from pydantic import SecretStr

from relay.app import Relay, running
from relay.application import limits_of
from relay.config import Settings
from relay.media.paths.idle import IdleCores
from relay.media.plane import RelayPlane
from relay.reloading import Reloading
from relay.signaling import Gateway, Limits

NO_GATEWAY = cast("Gateway", None)
NO_RELOADING = cast("Reloading", None)


def test_a_front_without_media_of_its_own_does_without_aiortc() -> None:
    code = "import sys, relay.app; print(sorted({'aiortc', 'av', 'OpenSSL'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://localhost:8080"),
        ("::", "http://localhost:8080"),
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("::1", "http://[::1]:8080"),
    ],
)
def test_the_page_is_where_a_browser_on_this_machine_finds_it(host: str, url: str) -> None:
    relay = Relay(
        Settings(host=host), 8080, (), SecretStr("a-token-of-the-tests"), NO_GATEWAY, NO_RELOADING
    )
    assert relay.url == url


@pytest.mark.parametrize(
    "tls", [{"tls_self_signed": True}, {"tls_cert": "cert.pem", "tls_key": "key.pem"}]
)
def test_with_tls_it_is_there_over_https(tls: dict[str, object]) -> None:
    settings = Settings.model_validate({"host": "::"} | tls)
    relay = Relay(settings, 443, (), SecretStr("a-token"), NO_GATEWAY, NO_RELOADING)
    assert relay.url == "https://localhost:443"


@pytest.mark.parametrize(
    ("host", "there"),
    [
        (
            "::",
            [
                "https://chat.lan:8443/chat",
                "https://192.0.2.7:8443/chat",
                "https://[2001:db8::7]:8443/chat",
            ],
        ),
        ("0.0.0.0", ["https://chat.lan:8443/chat", "https://192.0.2.7:8443/chat"]),
        ("192.0.2.7", ["https://chat.lan:8443/chat", "https://192.0.2.7:8443/chat"]),
        ("127.0.0.1", ["https://chat.lan:8443/chat"]),
    ],
)
def test_a_trial_s_page_is_told_by_the_addresses_that_others_reach(
    host: str, there: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [ip_address(each) for each in ("127.0.0.1", "192.0.2.7", "::1", "2001:db8::7")]
    monkeypatch.setattr("relay.families.own_addresses", lambda: own)
    wanted = {"host": host, "public_ip": "chat.lan", "base_path": "chat"}
    settings = Settings.model_validate({**wanted, "tls_self_signed": True})
    relay = Relay(settings, 8443, (), SecretStr("a-token"), NO_GATEWAY, NO_RELOADING)
    assert relay.urls_elsewhere == there
    plain = Relay(
        Settings.model_validate(wanted), 80, (), SecretStr("a-token"), NO_GATEWAY, NO_RELOADING
    )
    assert plain.urls_elsewhere == []


async def test_media_can_pass_before_the_page_is_there_and_until_it_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happened = []

    class Plane(RelayPlane):
        async def start(self) -> None:
            happened.append("media starts")
            await super().start()

        async def close(self, *, silently: bool = False) -> None:
            happened.append("media ends")
            await super().close(silently=silently)

    class Runner(web.AppRunner):
        async def setup(self) -> None:
            happened.append("page starts")
            await super().setup()

        async def cleanup(self) -> None:
            await super().cleanup()
            happened.append("page ends")

    monkeypatch.setattr("aiohttp.web.AppRunner", Runner)
    settings = Settings(host="127.0.0.1", port=0, udp_port=0, workers=0)
    async with running(settings, plane=Plane("127.0.0.1", 0)):
        pass
    assert happened == ["media starts", "page starts", "page ends", "media ends"]


async def test_idle_cores_are_let_go_of_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []

    class Cores(IdleCores):
        def __init__(self) -> None:
            pass

        def close(self) -> None:
            closed.append(self)

    monkeypatch.setattr("relay.carrier.IdleCores", Cores)
    async with running(Settings(host="127.0.0.1", port=0, udp_port=0, workers=0, poll_idle=True)):
        assert not closed
    assert len(closed) == 1


def test_every_limit_that_can_be_set_is_the_one_that_was_set() -> None:
    chosen = Settings(
        max_users=2,
        rematch_after_s=3,
        interest_wait_s=4,
        link_timeout_s=6,
        messages_per_s=7,
        resume_s=8,
        users_per_visitor=9,
        users_per_address=10,
        arrivals_per_minute_visitor=11,
        arrivals_per_minute_address=12,
        nexts_per_minute=13,
        links_after_s=14,
        hasty_nexts=15,
        same_texts=16,
    )
    shared = {each.name for each in fields(Limits)} & set(Settings.model_fields)
    assert len(shared) == 14
    assert all(getattr(limits_of(chosen), name) == getattr(chosen, name) for name in shared)
