"""A server and two users, each behind an access of its own. Linux, as root.

The accesses are a box on the router that all packets pass (``tests.network``): the kernel's own
queues that lose and delay (``netem``) are not in every kernel.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from scripts.benchmark.lines import CLEAN, Line, Treatment
from tests.browser.namespace import Place, ip
from tests.network.middlebox import Middlebox
from tests.network.routed import SERVER, Routed

HOSTS = "10.79.1.2", "10.79.2.2"
PROMPTLY = -10
"""The niceness of what carries packets: Chromium gives the same to what plays sound."""


class Accesses(Routed):
    """As :class:`Routed`, but that the way by ``mobile`` is another user's."""

    box: Middlebox

    def __init__(self) -> None:
        super().__init__()
        self.other = Place(f"relay-other-{os.getpid()}")

    @property
    def users(self) -> tuple[Place, Place]:
        """Where the two are."""
        return self.client, self.other

    def become(self, line: Line, seed: int) -> None:
        """Be such a line from now on; what is on its way arrives as it would have."""
        self.box.when = Treatment(HOSTS, line, time.monotonic(), seed)

    def _make(self) -> None:
        super()._make()
        other = self.other.name
        ip("netns", "add", other)
        self._stack.callback(ip, "netns", "del", other)
        ip("-n", other, "link", "set", "lo", "up")
        ip("-n", self.client.name, "link", "set", "mobile", "netns", other)
        self._address(self.other, "mobile", ".2")
        ip("-n", other, "route", "add", "default", "via", "10.79.2.1")
        with prompt():  # threads inherit it
            self.box = self._stack.enter_context(self.middlebox())
        self.become(CLEAN, 0)


@contextlib.contextmanager
def prompt() -> Iterator[None]:
    """What is started meanwhile need not wait for its turn while browsers work."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, PROMPTLY)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


__all__ = ["HOSTS", "SERVER", "Accesses", "prompt"]
