"""A server, a router, and somebody with two ways to it. Linux, as root.

```
server 203.0.113.1 --- router --- wifi 10.79.1.2   client
                          \\---- mobile 10.79.2.2
```

Each has an IPv6 address, too, once that is asked for: `2001:db8:1::2` is the client's by wifi.

What the router does not pass on is gone, and nobody is told: so are most firewalls. Nothing of the
machine's own network is touched.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from typing import Literal, Self

from tests.browser.namespace import Place, ip, settle_at_once
from tests.network.middlebox import Middlebox

Way = Literal["wifi", "mobile"]
SERVER, SERVER_IPV6 = "203.0.113.1", "2001:db8::1"
"""Public ones: browsers send nothing to the low ports of others."""
ROUTER = "10.79.1.1"
"""As the client finds it."""
NAME = "chat.test"
"""The server's, for who is in one of the three places."""
UDP = ("ipproto", "udp")
"""What may be blocked."""
_CABLES = {"core": "203.0.113", "wifi": "10.79.1", "mobile": "10.79.2"}
_FAMILIES = ("-4", "-6")
_IPV6 = {"core": "2001:db8:0", "wifi": "2001:db8:1"}


class Routed:
    """The three of them; the client begins with its wifi alone."""

    def __init__(self) -> None:
        self.router, self.server, self.client = (
            Place(f"relay-{role}-{os.getpid()}") for role in ("router", "server", "client")
        )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            self._make()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def block(self, *what: str) -> None:
        """Pass nothing of this on, in either direction: such as ``ipproto udp``; nothing, all."""
        for family in _FAMILIES:
            self._on_router(family, "rule", "add", "pref", "10", *what, "blackhole")

    def unblock(self, *what: str) -> None:
        """Pass it on again."""
        for family in _FAMILIES:
            self._on_router(family, "rule", "del", "pref", "10", *what, "blackhole")

    def go_by(self, way: Way) -> None:
        """Leave the other network, and its address, for this one."""
        self.go_offline()
        self._address(self.client, way, ".2")
        ip("-n", self.client.name, "route", "add", "default", "via", f"{_CABLES[way]}.1")

    def go_offline(self) -> None:
        """Have no network at all."""
        for way in ("wifi", "mobile"):
            ip("-n", self.client.name, "link", "set", way, "down")
            # Else what comes from a former address goes out by the other way.
            ip("-n", self.client.name, "addr", "flush", "dev", way)

    def have_ipv6(self) -> None:
        """Give everybody an address of that family, too; the client by its wifi."""
        for place, cable, last in (
            (self.router, "core", "2"),
            (self.server, "core", "1"),
            (self.router, "wifi", "1"),
            (self.client, "wifi", "2"),
        ):
            address = f"{_IPV6[cable]}::{last}/64"
            ip("-n", place.name, "addr", "add", address, "dev", cable, "nodad")
        for place, cable, router in ((self.server, "core", "2"), (self.client, "wifi", "1")):
            ip("-n", place.name, "route", "add", "default", "via", f"{_IPV6[cable]}::{router}")
        self._forward("ipv6")

    def have_address(self, address: str) -> None:
        """Give the server one more."""
        ip("-n", self.server.name, "addr", "add", f"{address}/24", "dev", "core")

    def lose_ipv4(self) -> None:
        """Leave the client with IPv6 alone."""
        ip("-n", self.client.name, "-4", "addr", "flush", "dev", "wifi")

    def regain_ipv4(self) -> None:
        self._address(self.client, "wifi", ".2")
        ip("-n", self.client.name, "route", "add", "default", "via", f"{_CABLES['wifi']}.1")

    @contextmanager
    def middlebox(self) -> Iterator[Middlebox]:
        """A box on the router that all packets pass which it sends on."""
        box = Middlebox(self.router, "box")
        try:
            self._on_router("link", "set", "box", "up")
            for family in _FAMILIES:
                self._on_router(family, "route", "add", "default", "dev", "box", "table", "20")
            self._send_to_box("add")
            try:
                yield box
            finally:
                self._send_to_box("del")
        finally:
            box.close()

    def _send_to_box(self, change: Literal["add", "del"]) -> None:
        for family, cable in product(_FAMILIES, _CABLES):
            rule = ("pref", "20", "iif", cable, "lookup", "20")
            self._on_router(family, "rule", change, *rule)

    def _make(self) -> None:
        for place in (self.router, self.server, self.client):
            ip("netns", "add", place.name)
            self._stack.callback(ip, "netns", "del", place.name)
            settle_at_once(place.name)
            self._stack.enter_context(place.asking(ROUTER, f"{_IPV6['wifi']}::1"))
            ip("-n", place.name, "link", "set", "lo", "up")
        self._cable("core", ".2", self.server)
        self._address(self.server, "core", ".1")
        self._cable("wifi", ".1", self.client)
        self._cable("mobile", ".1", self.client)
        ip("-n", self.server.name, "route", "add", "default", "via", f"{_CABLES['core']}.2")
        self.go_by("wifi")
        self._forward("ipv4")

    def _forward(self, family: Literal["ipv4", "ipv6"]) -> None:
        switch = {"ipv4": "ip_forward", "ipv6": "conf/all/forwarding"}[family]
        forward = f"echo 1 > /proc/sys/net/{family}/{switch}"
        subprocess.run([*self.router.prefix, "sh", "-c", forward], check=True, capture_output=True)

    def _cable(self, name: str, here: str, to: Place) -> None:
        self._on_router("link", "add", name, "type", "veth", "peer", name, "netns", to.name)
        self._address(self.router, name, here)

    def _address(self, place: Place, cable: str, last: str) -> None:
        ip("-n", place.name, "addr", "add", f"{_CABLES[cable]}{last}/24", "dev", cable)
        ip("-n", place.name, "link", "set", cable, "up")

    def _on_router(self, *words: str) -> None:
        ip("-n", self.router.name, *words)
