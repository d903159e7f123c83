"""A fresh Debian 12 with systemd as its first process, in a network of its own. Linux, as root.

What this machine gets packages with (the lists of apt, pip's settings, authorities) is lent to it,
so that no test names a registry. It ends with the context, and nothing of it stays.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.namespace import Namespace
from tests.support.lending import lent

SUITE = "bookworm"
NAME = "chat.example.org"
"""Leads to the machine, for itself; there is no name server."""
_CHECKOUT = Path(__file__).parents[2]
_LIKE_A_SERVER = "systemd,systemd-sysv,dbus,ca-certificates,iproute2,nftables,openssl"
"""What each has beyond the least; more would only take longer."""
_LISTS = Path("/etc/apt")
_AUTHORITIES = ("/etc/ssl/certs/ca-certificates.crt", "/usr/local/share/ca-certificates")
_PIP = [Path("/etc/pip.conf"), *(Path.home() / each for each in (".pip", ".config/pip"))]
_ENVIRONMENT = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "TERM": "dumb",
    "DEBIAN_FRONTEND": "noninteractive",
}
"""Of somebody who has logged in."""
INSTALL_S = 900
"""How long a line may take that installs something."""
_BOOT_S, _POWER_OFF_S = 60, 60


@dataclass(frozen=True, slots=True)
class Typed:
    """What became of a line."""

    code: int
    out: str
    """All that it said."""


class Machine:
    """One that runs."""

    def __init__(self, root: Path, address: str, leader: int) -> None:
        self.root, self.address = root, address
        self._leader = leader

    def types(self, line: str, *, timeout_s: float = 60, folder: str = "/root") -> Typed:
        """Have root type a line; whatever becomes of it."""
        done = subprocess.run(
            [*self.prefix, "bash", "-c", f"cd {folder} && {line}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
        )
        return Typed(done.returncode, done.stdout.decode(errors="replace"))

    def says(self, line: str, *, timeout_s: float = 60, folder: str = "/root") -> str:
        """What a line says that has to go well."""
        typed = self.types(line, timeout_s=timeout_s, folder=folder)
        assert typed.code == 0, f"{line}: {typed}"
        return typed.out

    def until(self, line: str, wanted: str, timeout_s: float = 60) -> str:
        """Type a line again and again, until it says what is wanted: a pattern for all of it."""
        deadline_s = time.monotonic() + timeout_s
        while not re.fullmatch(wanted, said := self.types(line).out.strip(), re.DOTALL):
            assert time.monotonic() < deadline_s, f"after {timeout_s} s {line} still says: {said}"
            time.sleep(0.2)
        return said

    @property
    def prefix(self) -> tuple[str, ...]:
        """What goes before a command that is to run inside."""
        given = (f"{name}={value}" for name, value in _ENVIRONMENT.items())
        return ("nsenter", f"--target={self._leader}", "--all", "--", "env", "-i", *given)


def why_no_machine() -> str | None:
    """None where one can be made, as far as may be seen before."""
    if os.geteuid() != 0:
        return "a machine of its own needs root"
    needed = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container"}
    missing = [package for command, package in needed.items() if not shutil.which(command)]
    if missing:
        return f"missing: {', '.join(missing)}"
    if _mirror() is None:
        return f"apt knows no place where Debian's {SUITE} is"
    return None


def made(folder: Path) -> Path:
    """Put a fresh system into a folder, with what ``scripts/release`` builds in root's home."""
    root = folder / "root"
    subprocess.run(
        [
            *("debootstrap", "--variant=minbase", f"--include={_LIKE_A_SERVER}"),
            *(SUITE, root, str(_mirror())),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    subprocess.run([_CHECKOUT / "scripts/release", root / "root"], check=True)
    return root


def copied(root: Path, folder: Path) -> Path:
    """Another one of the same."""
    subprocess.run(["cp", "--archive", root, folder], check=True)
    return folder / root.name


@contextmanager
def running(root: Path, network: Namespace) -> Iterator[Machine]:
    """Boot a system that is there; it is powered off in the end."""
    with lent(network.gateway) as proxy, (root.parent / "console.log").open("wb") as console:
        _lend(root, proxy)
        hosts = f"127.0.0.1 localhost\n::1 localhost\n{network.address} {NAME}\n"
        (root / "etc/hosts").write_text(hosts)
        (root / "etc/hostname").write_text("chat\n")
        process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig=TERM"),  # it ends with this process, too
                *("systemd-nspawn", "--quiet", "--boot", "--keep-unit", "--register=no"),
                *(f"--directory={root}", f"--machine={network.name}"),
                *(f"--network-namespace-path=/run/netns/{network.name}",),
                *("--capability=CAP_NET_ADMIN", "--console=read-only", "--link-journal=no"),
                *("--resolv-conf=off", "--timezone=off"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
        )
        try:
            machine = Machine(root, network.address, _leader(process))
            machine.until("systemctl is-system-running", "running", _BOOT_S)
            yield machine
        finally:
            _power_off(process)


def _mirror() -> str | None:
    """Where apt has the suite from: in a line, or in a paragraph (sources.list(5))."""
    for file in [_LISTS / "sources.list", *sorted((_LISTS / "sources.list.d").glob("*"))]:
        text = file.read_text() if file.suffix in (".list", ".sources") and file.is_file() else ""
        for found in re.finditer(rf"(?m)^deb (?:\[.*\] )?(\S+) {SUITE} ", text):
            return found[1]
        for paragraph in text.split("\n\n"):
            fields = dict(re.findall(r"(?m)^(\w+): *(.+)$", paragraph))
            if SUITE in fields.get("Suites", "").split():
                return str(fields["URIs"]).split()[0]
    return None


def _lend(root: Path, proxy: str) -> None:
    """Let the machine install what this one can."""
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for file in [_LISTS / "sources.list", *(_LISTS / "sources.list.d").glob("*")]:
        if file.suffix in (".list", ".sources") and file.is_file():
            shutil.copy(file, root / file.relative_to("/"))
    way = "".join(f'Acquire::{kind}::Proxy "{proxy}";\n' for kind in ("http", "https"))
    (root / "etc/apt/apt.conf.d/90lent").write_text(way)
    for path in map(Path, _AUTHORITIES):
        place = root / path.relative_to("/")
        if path.is_dir():
            shutil.copytree(path, place, dirs_exist_ok=True)
        elif path.is_file():
            shutil.copy(path, place)
    there = RawConfigParser()
    there.read([path / "pip.conf" if path.is_dir() else path for path in _PIP])
    settings = RawConfigParser()
    settings["global"] = {"proxy": proxy}
    for name, value in there.items("global") if there.has_section("global") else ():
        if "file:" not in value and name != "find-links":  # which are folders of this machine
            settings["global"][name] = value
    with (root / "etc/pip.conf").open("w") as written:
        settings.write(written)


def _leader(process: subprocess.Popen[bytes]) -> int:
    """The machine's first process, as this one knows it."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline_s = time.monotonic() + _BOOT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        for child in children.read_text().split():
            with suppress(FileNotFoundError):
                if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                    return int(child)
        time.sleep(0.05)
    pytest.skip("systemd-nspawn boots no machine here")


def _power_off(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)  # which powers it off in order
    try:
        process.wait(_POWER_OFF_S)
    except subprocess.TimeoutExpired:
        process.kill()  # and with it all that is inside
        process.wait()
