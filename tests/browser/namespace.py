"""A network of its own, for browsers that refuse loopback addresses in ICE. Linux, as root."""

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from shutil import rmtree
from typing import BinaryIO, TypeVar

import pytest

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000


class Place:
    """A network by its name, which somebody else makes and removes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.prefix = ("ip", "netns", "exec", name)

    def connection(self, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
        """A socket that lives inside, whoever uses it: of TCP, or of UDP."""
        made = self.inside(lambda: socket.socket(socket.AF_INET, kind))
        made.setblocking(False)
        return made

    @contextmanager
    def asking(self, *servers: str) -> Iterator[None]:
        """Have whoever is started inside ask these name servers (ip-netns(8))."""
        folder = Path("/etc/netns", self.name)
        folder.mkdir(parents=True)
        try:
            lines = "".join(f"nameserver {server}\n" for server in servers)
            (folder / "resolv.conf").write_text(lines)
            yield
        finally:
            rmtree(folder)

    def inside(self, make: Callable[[], T]) -> T:
        """Make something there that stays there."""
        with ThreadPoolExecutor(1) as pool:  # a thread's namespace ends with it
            return pool.submit(self._enter_and, make).result()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have this thread be there, with each socket and process that it makes meanwhile."""
        with Path("/proc/thread-self/ns/net").open("rb") as outside:
            self._enter()
            try:
                yield
            finally:
                _go_to(outside)

    def _enter_and(self, make: Callable[[], T]) -> T:
        self._enter()
        return make()

    def _enter(self) -> None:
        with Path("/run/netns", self.name).open("rb") as namespace:
            _go_to(namespace)


class Namespace(Place):
    """One end of a cable between two addresses; the other end stays outside.

    Both are those of this process alone: others may have some, too, at the same time.
    """

    def __init__(self) -> None:
        super().__init__(f"relay-test-{os.getpid()}")
        self._outside = f"rt{os.getpid()}"
        first = int(IPv4Address("10.77.0.0")) + 4 * (os.getpid() % 2**14)
        self.address, self.gateway = str(IPv4Address(first + 1)), str(IPv4Address(first + 2))

    def __enter__(self) -> "Namespace":
        inside, outside = "veth0", self._outside
        ip("netns", "add", self.name)
        try:
            settle_at_once(self.name)
            ip("link", "add", outside, "type", "veth", "peer", inside, "netns", self.name)
            ip("addr", "add", f"{self.gateway}/30", "dev", outside)
            ip("link", "set", outside, "up")
            ip("-n", self.name, "addr", "add", f"{self.address}/30", "dev", inside)
            ip("-n", self.name, "link", "set", inside, "up")
            ip("-n", self.name, "link", "set", "lo", "up")
            ip("-n", self.name, "route", "add", "default", "via", self.gateway)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # The cable goes with the network, but later: its name may be wanted at once.
        subprocess.run(["ip", "link", "del", self._outside], check=False, capture_output=True)
        ip("netns", "del", self.name)


def _go_to(namespace: BinaryIO) -> None:
    """Have this thread be in another network."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns failed")


def settle_at_once(name: str) -> None:
    """Have a network's IPv6 addresses be good when they are made (RFC 4862 section 5.4 takes 1 s).

    Chromium breaks off what it loads when they become so.
    """
    for which in ("all", "default"):
        switch = f"/proc/sys/net/ipv6/conf/{which}/accept_dad"
        command = ("ip", "netns", "exec", name, "sh", "-c", f"echo 0 > {switch}")
        subprocess.run(command, check=False, capture_output=True)  # without IPv6 there is none


def ip(*words: str) -> None:
    """Do it; what it says is in the error."""
    subprocess.run(["ip", *words], check=True, capture_output=True)


def need_namespaces() -> None:
    """Skip the test where none can be made."""
    reason = why_no_namespaces()
    if reason is not None:
        pytest.skip(reason)


@cache
def why_no_namespaces() -> str | None:
    """None where they can be made."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    name = f"relay-try-{os.getpid()}"  # with a cable inside: browsers outside see no change
    try:
        ip("netns", "add", name)
        try:
            ip("-n", name, "link", "add", "veth0", "type", "veth", "peer", "veth1")
        finally:
            ip("netns", "del", name)
    except FileNotFoundError:
        return "ip is missing (Debian and Ubuntu: apt-get install iproute2)"
    except subprocess.CalledProcessError as error:
        return f"no network namespace: {error.stderr.decode().strip()}"
    return None
