"""All that ``docs/tutorial.md`` types, in order, on a fresh Debian 12.

What stands for the rest of the world: Pebble for Let's Encrypt, and a file of hosts for its DNS.
``scripts/test --slow`` runs it.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.machine import INSTALL_S, NAME, Machine
from tests.support.recipes import recipe
from tests.support.two_browsers import call

ROOT = Path(__file__).parents[2]
CERTBOT = """server = https://127.0.0.1:14000/dir
no-verify-ssl = true
agree-tos = true
register-unsafely-without-email = true
"""
"""What somebody answers who runs it for the first time, and where the authority is."""
_RELAY = ("-c", "from relay.cli import main; main()")
ROOTS = "curl -sk https://127.0.0.1:15000/roots/0"

pytestmark = pytest.mark.timeout(900)


def typed(machine: Machine, title: str) -> str:
    """What a step's first block says, all of which has to go well, as typed in one shell."""
    return machine.says(f"set -e; {recipe(title, 'sh', page='tutorial')}", timeout_s=INSTALL_S)


def authority(machine: Machine) -> None:
    """Have one in the machine, which proves by port 80 as the real one does."""
    machine.says("apt-get install --yes pebble curl", timeout_s=INSTALL_S)
    place = machine.root / "etc/pebble"
    place.mkdir()
    machine.says(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=x",
        folder="/etc/pebble",
    )
    config = {
        "listenAddress": "127.0.0.1:14000",
        "managementListenAddress": "127.0.0.1:15000",
        "certificate": "/etc/pebble/cert.pem",
        "privateKey": "/etc/pebble/key.pem",
        "httpPort": 80,
        "tlsPort": 443,
    }
    (place / "config.json").write_text(json.dumps({"pebble": config}))
    with (machine.root / "etc/letsencrypt/cli.ini").open("a") as file:
        file.write(CERTBOT)
    run = "systemd-run --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1"
    machine.says(f"{run} pebble -config /etc/pebble/config.json")
    machine.until(f"{ROOTS} | head -n 1", "-----BEGIN CERTIFICATE-----")


def asked(machine: Machine, line: str) -> str:
    """Type a line at a terminal, and Return at each question."""
    answers = "printf '\\n%.0s' $(seq 20)"
    return machine.says(f"{answers} | script --quiet --return --command '{line}' /dev/null")


def shown(machine: Machine, trusted: Path) -> str:
    """The serial number of the certificate that a browser takes without a warning."""
    context = ssl.create_default_context(cafile=trusted)
    with (
        socket.create_connection((machine.address, 443), 30) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as tls,
    ):
        return str((tls.getpeercert() or {})["serialNumber"])


def from_elsewhere(
    machine: Machine, trusted: Path, *words: str
) -> subprocess.CompletedProcess[str]:
    """A command of this machine, where the name leads to the other one."""
    hosts = trusted.with_name("hosts")
    hosts.write_text(f"127.0.0.1 localhost\n{machine.address} {NAME}\n")
    seen = f'mount --bind {hosts} /etc/hosts && exec "$@"'
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", seen, "sh", sys.executable, *_RELAY, *words],
        cwd=ROOT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SSL_CERT_FILE": str(trusted)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


async def test_from_nothing_to_a_service(booted: Machine, tmp_path: Path) -> None:
    trusted = tmp_path / "roots.pem"

    assert booted.address in typed(booted, "1. The name")
    assert "relay 0.1.0" in typed(booted, "3. The program")
    authority(booted)
    trusted.write_text(booted.says(ROOTS))
    assert "Successfully received certificate" in typed(booted, "4. The certificate")

    said = asked(booted, recipe("5. The settings", "sh", page="tutorial").strip())
    assert len(re.findall(r"\bnew +/", said)) == 5
    assert "TLS" in said
    assert "✗" not in said
    question = "Certificate (files, self-signed for a trial, proxy when one here ends TLS) [files]:"
    assert question in said

    booted.says("nft -f /etc/nftables.conf")
    typed(booted, "6. The firewall")

    said = typed(booted, "7. Start")
    assert 'Status: "takes new users"' in said
    assert "✗" not in said
    checked = from_elsewhere(booted, trusted, "check", f"https://{NAME}")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    await call(NAME, booted.address)

    before = shown(booted, trusted)
    booted.says("certbot renew --force-renewal", timeout_s=INSTALL_S)  # as its timer does
    booted.until("journalctl -u relay -o cat --no-pager | grep tls_reloaded", ".+")
    assert shown(booted, trusted) != before

    token = "export $(grep TOKEN /etc/relay/relay.env)"
    where = f"export RELAY_URL=https://{NAME} SSL_CERT_FILE=/root/roots.pem"
    booted.says(f"{ROOTS} > roots.pem")
    for line in ("relay rooms", "relay tracks"):
        booted.says(f"{token}; {where}; {line}")
