"""From a fresh Debian 12 to a call between two browsers, and what only systemd itself can show.

The lines that are typed are those of ``docs/``. One machine is for all the tests, which run in the
order in which they stand here; it takes minutes, so ``scripts/test --slow`` runs it.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import re
import shutil
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from tests.support.certificates import write_certificate
from tests.support.machine import INSTALL_S, NAME, Machine, Typed
from tests.support.recipes import recipe
from tests.support.two_browsers import call

ROOT = Path(__file__).parents[2]
MOST_LINES = 4
WORKERS = "grep -lsa 'relay.workers.mai[n]' /proc/[0-9]*/cmdline"  # and not grep itself
DOCTOR = recipe("To ask the doctor", "sh", page="install").strip()

pytestmark = pytest.mark.timeout(900)


@dataclass
class Fresh:
    """A machine, and what was typed there."""

    machine: Machine
    typed: dict[str, Typed] = field(default_factory=dict)
    took_s: dict[str, float] = field(default_factory=dict)

    def types(self, line: str) -> None:
        began_s = time.monotonic()
        self.typed[line] = self.machine.types(line, timeout_s=INSTALL_S)
        self.took_s[line] = time.monotonic() - began_s


def lines(title: str, page: str) -> list[str]:
    """What a section has typed."""
    return [line for line in recipe(title, "sh", page=page).splitlines() if line]


@pytest.fixture(scope="module")
def fresh(booted: Machine) -> Fresh:
    """A machine on which the relay was installed as told."""
    found = Fresh(booted)
    for line in lines("On a fresh server", "install"):
        found.types(line)
    return found


@pytest.fixture
def chat(fresh: Fresh) -> Machine:
    """The machine, with a server that runs."""
    fresh.machine.until("systemctl is-active relay", "active")
    return fresh.machine


# what is typed


async def test_two_browsers_meet_after_four_lines(fresh: Fresh) -> None:
    for line, typed in fresh.typed.items():
        assert typed.code == 0, f"{line}: {typed.out}"
    began_s = time.monotonic()
    await call(NAME, fresh.machine.address)
    met_s = time.monotonic() - began_s
    print()
    for line, took_s in fresh.took_s.items():
        print(f"{took_s:6.1f} s  {line}")
    whole_s = sum(fresh.took_s.values()) + met_s
    print(f"{met_s:6.1f} s  two browsers come, and see each other")
    print(f"{whole_s / 60:.1f} minutes, {len(fresh.typed)} lines")
    assert len(fresh.typed) <= MOST_LINES


def test_init_again_changes_nothing(chat: Machine) -> None:
    look = "sha256sum /etc/relay/* /etc/systemd/system/relay.* /etc/sysusers.d/relay.conf"
    before = chat.says(look)
    said = chat.says("/opt/relay/bin/relay init --yes")
    assert re.findall(r"(?m)^(\w+) +/etc/", said) == ["unchanged"] * 5
    assert chat.says(look) == before


# what systemd shows


def shown(chat: Machine, *names: str, unit: str = "relay.service") -> dict[str, str]:
    """What systemd knows of a unit."""
    said = chat.says(f"systemctl show {unit} -p {','.join(names)}")
    return dict(line.split("=", 1) for line in said.splitlines())


def journal(chat: Machine, since: str = "") -> str:
    """What the server has said, or since a cursor."""
    after = f"--after-cursor '{since}'" if since else ""
    return chat.says(f"journalctl --unit relay --output cat --no-pager {after}")


def cursor(chat: Machine) -> str:
    """Where the journal ends now."""
    found = re.search(r"-- cursor: (\S+)", chat.says("journalctl -n 1 --show-cursor --no-pager"))
    assert found
    return found[1]


def test_systemd_knows_that_it_runs(chat: Machine) -> None:
    found = shown(chat, "Type", "ActiveState", "StatusText", "NRestarts")
    assert found == {
        "Type": "notify",
        "ActiveState": "active",
        "StatusText": "takes new users",
        "NRestarts": "0",
    }
    assert 'Status: "takes new users"' in chat.says("systemctl status relay")
    said = journal(chat)
    assert re.search(r"(?m)^timestamp=\S+ level=info event=server_started port=443 ", said)
    assert not re.search("level=(warning|error)", said)


def test_little_is_exposed(chat: Machine) -> None:
    said = chat.says("systemd-analyze security relay.service --no-pager")
    found = re.search(r"Overall exposure level for relay.service: ([\d.]+)", said)
    assert found
    print(f"\nsystemd-analyze security: {found[1]}")
    assert float(found[1]) <= 1.2, "docs/install.md says so"


def test_the_doctor_finds_nothing_bad_when_asked_as_told(chat: Machine) -> None:
    said = chat.says(DOCTOR)
    assert "443 on :: is held by a relay that runs" in said
    assert "it runs, and takes new users" in said
    assert "✗" not in said
    assert re.search("operator token +it is set", said)
    assert f"{NAME} leads to this machine" in said


# starts, stops and deaths


@asynccontextmanager
async def asking(chat: Machine) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody elsewhere, who knows the server by its name and believes any certificate."""
    connector = aiohttp.TCPConnector(ssl=False, force_close=True)
    base = f"https://{chat.address}"
    async with aiohttp.ClientSession(base, connector=connector, headers={"Host": NAME}) as http:
        yield http


async def health(http: aiohttp.ClientSession) -> int:
    async with http.get("/health") as answer:
        return answer.status


async def lives(user: aiohttp.ClientWebSocketResponse) -> None:
    """Wait until the server has answered."""
    await user.send_json({"type": "ping"})
    async with asyncio.timeout(30):
        while (await user.receive_json())["type"] != "pong":
            pass


def main_process(chat: Machine) -> int:
    return int(shown(chat, "MainPID")["MainPID"])


async def until(chat: Machine, line: str, wanted: str) -> None:
    await asyncio.to_thread(chat.until, line, wanted)


async def test_a_restart_waits_for_its_users_and_refuses_nobody(chat: Machine) -> None:
    before = main_process(chat)
    answers: list[int] = []
    async with asking(chat) as http, http.ws_connect("/ws") as user:
        await lives(user)

        async def come_and_go() -> None:
            while True:
                answers.append(await health(http))

        others = asyncio.create_task(come_and_go())
        try:
            chat.says("systemctl restart --no-block relay")
            await until(
                chat,
                "systemctl show relay -P StatusText",
                "draining: takes nobody new, ends within 600 s",
            )
            assert main_process(chat) == before
            await lives(user)
            await user.close()
            await until(chat, "systemctl show relay -P StatusText", "takes new users")
        finally:
            others.cancel()
            await asyncio.wait({others})
    assert others.cancelled(), others.exception()
    assert set(answers) == {200}
    assert main_process(chat) != before
    assert shown(chat, "NRestarts")["NRestarts"] == "0"


async def test_a_server_that_is_killed_is_started_again_with_its_workers(chat: Machine) -> None:
    before, at_work = main_process(chat), chat.says(WORKERS)
    async with asking(chat) as http:
        chat.says("systemctl kill --kill-whom=main --signal=KILL relay")
        assert await health(http) == 200  # systemd has the port, so this has waited
    assert main_process(chat) != before
    assert shown(chat, "NRestarts")["NRestarts"] == "1"
    assert chat.says(WORKERS) == at_work


async def test_a_server_that_stands_still_is_started_again(chat: Machine) -> None:
    drop_in = "/etc/systemd/system/relay.service.d"
    chat.says(f"mkdir {drop_in} && printf '[Service]\\nWatchdogSec=5\\n' > {drop_in}/soon.conf")
    try:
        chat.says("systemctl daemon-reload && systemctl restart relay")
        before, since = main_process(chat), cursor(chat)
        chat.says(f"kill -STOP {before}")
        async with asking(chat) as http:
            assert await health(http) == 200
        assert main_process(chat) != before
        said = journal(chat, since)
        assert "Watchdog timeout" in said
        assert "most recent call first" in said  # where it stood
    finally:
        chat.says(f"rm -r {drop_in} && systemctl daemon-reload && systemctl restart relay")


async def test_a_wrong_setting_is_one_line_until_it_is_mended(chat: Machine) -> None:
    toml = chat.root / "etc/relay/relay.toml"
    good, since = toml.read_text(), cursor(chat)
    toml.write_text(good.replace("port = 443", "port = true", 1))
    try:
        assert chat.types("systemctl restart relay").code != 0
        assert shown(chat, "ExecMainStatus")["ExecMainStatus"] == "2"
        told = "port in /etc/relay/relay.toml: should be a whole number, not true"
        await until(chat, "systemctl show relay -P StatusText", re.escape(told))
        async with asking(chat) as http:
            visit = asyncio.create_task(health(http))  # who knocks does not make it start faster
            await until(chat, "systemctl show relay -P NRestarts", "[3-9]")
            toml.write_text(good)
            assert await visit == 200
        own = [line for line in journal(chat, since).splitlines() if line.startswith("relay: ")]
        assert set(own) == {f"relay: {told}"}
        assert "Traceback" not in journal(chat, since)
        starts = chat.says(
            f"journalctl -u relay -o short-monotonic --no-pager --after-cursor '{since}'"
        )
        times_s = [float(found) for found in re.findall(r"\[ *([\d.]+)\].* relay: port", starts)]
        gaps_s = [later - former for former, later in itertools.pairwise(times_s)]
        assert min(gaps_s) >= 2, "RestartSec="
    finally:
        toml.write_text(good)


# certificates


def fingerprint(chat: Machine) -> str:
    """SHA-256 of what a client is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((chat.address, 443), 30) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as tls,
    ):
        return hashlib.sha256(tls.getpeercert(binary_form=True) or b"").hexdigest()


def certified(chat: Machine, folder: Path) -> None:
    """Give the server a new certificate, as docs/install.md says."""
    files = write_certificate(folder, names=[NAME])
    shutil.copy(files.cert, chat.root / "root/fullchain.pem")
    shutil.copy(files.key, chat.root / "root/privkey.pem")
    chat.says("install -D -g relay -m 640 -t /etc/relay fullchain.pem privkey.pem")


async def test_a_reload_takes_a_new_certificate_and_cuts_nobody(
    chat: Machine, tmp_path: Path
) -> None:
    certified(chat, tmp_path)
    chat.says(
        "/opt/relay/bin/relay init --tls-cert /etc/relay/fullchain.pem --yes --force"
        " && sed -i 's/^#log_json/log_json/' /etc/relay/relay.toml && systemctl restart relay"
    )
    before = fingerprint(chat)
    async with asking(chat) as http, http.ws_connect("/ws") as user:
        await lives(user)
        certified(chat, tmp_path)
        since, process = cursor(chat), main_process(chat)
        chat.says("systemctl reload relay")
        await until(
            chat,
            f"journalctl -u relay -o cat --no-pager --after-cursor '{since}' | grep tls_reloaded",
            ".+",
        )
        assert fingerprint(chat) != before
        await lives(user)
    assert main_process(chat) == process
    found = [json.loads(line) for line in journal(chat, since).splitlines() if line[:1] == "{"]
    [taken] = [each for each in found if each["event"] == "tls_reloaded"]
    assert taken["fingerprint"].replace(":", "").lower() == fingerprint(chat)


# the firewall


CLOSED = """
nft -f /etc/nftables.conf
nft add rule inet filter input ct state established,related accept
nft add rule inet filter input iif lo accept
nft chain inet filter input '{ policy drop; }'
"""
"""As an operator has it who lets in what is named, and nothing else."""


def comes_through(address: str, port: int) -> bool:
    """Whether a connection is taken; what a firewall drops gets no answer."""
    try:
        socket.create_connection((address, port), 2).close()
    except TimeoutError:
        return False
    return True


def firewall_lines(chat: Machine, program: str) -> list[str]:
    """Those that ``relay init`` has typed."""
    said = chat.says("/opt/relay/bin/relay init --yes")
    return re.findall(rf"(?m)^    ({program} .*)$", said)


async def only_what_is_needed_comes_through(chat: Machine, program: str) -> None:
    """Once a program that lets nobody in has got the lines for it."""
    assert not comes_through(chat.address, 443)
    given = firewall_lines(chat, program)
    assert len(given) == 2
    for line in given:
        chat.says(line)
    assert comes_through(chat.address, 443)
    assert not comes_through(chat.address, 22)
    assert [way[1] for way in await call(NAME, chat.address)] == ["udp", "udp"]


async def test_the_lines_for_nft_let_in_what_is_needed_and_nothing_else(chat: Machine) -> None:
    for line in CLOSED.strip().splitlines():
        chat.says(line)
    try:
        await only_what_is_needed_comes_through(chat, "nft")
    finally:
        chat.says("nft flush ruleset")


async def test_the_lines_for_ufw_do_so_as_well(chat: Machine) -> None:
    chat.says("apt-get install --yes ufw", timeout_s=INSTALL_S)
    chat.types("ufw --force enable")  # what it says of sysctl is the namespace's
    try:
        await only_what_is_needed_comes_through(chat, "ufw")
    finally:
        chat.says("ufw disable && nft flush ruleset")


# the end


async def test_it_stays_down_when_it_is_stopped_as_told(chat: Machine) -> None:
    chat.says("systemctl stop relay.service")
    async with asking(chat) as http:
        assert await health(http) == 200  # whoever knocks has it started
    chat.says("systemctl stop relay.socket relay.service")
    assert shown(chat, "ActiveState")["ActiveState"] == "inactive"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((chat.address, 443), 30)
