"""A server, a router, and somebody with two ways to it. Linux, as root.

```
server 10.79.0.1 --- router --- wifi 10.79.1.2   client
                          \\---- mobile 10.79.2.2
```

What the router does not pass on is gone, and nobody is told: so are most firewalls. Nothing of the
machine's own network is touched.
"""

import os
import subprocess
from contextlib import ExitStack
from typing import Literal

from tests.browser.namespace import Place, ip

Way = Literal["wifi", "mobile"]
SERVER = "10.79.0.1"
UDP = ("ipproto", "udp")
"""What may be blocked."""
SERVER_6 = "fd79::1"
_CABLES = {"core": "10.79.0", "wifi": "10.79.1", "mobile": "10.79.2"}
_CABLES_6 = {"core": "fd79::", "wifi": "fd79:1::"}


class Routed:
    """The three of them; the client begins with its wifi alone."""

    def __init__(self) -> None:
        self._router, self.server, self.client = (
            Place(f"relay-{role}-{os.getpid()}") for role in ("router", "server", "client")
        )
        self._stack = ExitStack()

    def __enter__(self) -> "Routed":
        with self._stack:
            self._make()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def block(self, *what: str) -> None:
        """Pass nothing of this on, in either direction: such as ``ipproto udp``; nothing, all."""
        self._on_router("rule", "add", "pref", "10", *what, "blackhole")

    def unblock(self, *what: str) -> None:
        """Pass it on again."""
        self._on_router("rule", "del", "pref", "10", *what, "blackhole")

    def go_ipv6_only(self) -> None:
        """Have the wifi, with IPv6 and nothing else; the server is at ``SERVER_6``, too."""
        self.go_offline()
        forward = "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding"
        subprocess.run([*self._router.prefix, "sh", "-c", forward], check=True, capture_output=True)
        for place, cable, last in (
            (self._router, "core", "2"),
            (self._router, "wifi", "1"),
            (self.server, "core", "1"),
            (self.client, "wifi", "2"),
        ):
            ip("-n", place.name, "link", "set", cable, "up")
            address = f"{_CABLES_6[cable]}{last}/64"
            ip("-n", place.name, "addr", "add", address, "dev", cable, "nodad")
        for place, cable, last in ((self.server, "core", "2"), (self.client, "wifi", "1")):
            ip("-n", place.name, "route", "add", "default", "via", f"{_CABLES_6[cable]}{last}")

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

    def _make(self) -> None:
        for place in (self._router, self.server, self.client):
            ip("netns", "add", place.name)
            self._stack.callback(ip, "netns", "del", place.name)
            ip("-n", place.name, "link", "set", "lo", "up")
        self._cable("core", ".2", self.server)
        self._address(self.server, "core", ".1")
        self._cable("wifi", ".1", self.client)
        self._cable("mobile", ".1", self.client)
        ip("-n", self.server.name, "route", "add", "default", "via", f"{_CABLES['core']}.2")
        self.go_by("wifi")
        forward = "echo 1 > /proc/sys/net/ipv4/ip_forward"
        subprocess.run([*self._router.prefix, "sh", "-c", forward], check=True, capture_output=True)

    def _cable(self, name: str, here: str, to: Place) -> None:
        self._on_router("link", "add", name, "type", "veth", "peer", name, "netns", to.name)
        self._address(self._router, name, here)

    def _address(self, place: Place, cable: str, last: str) -> None:
        ip("-n", place.name, "addr", "add", f"{_CABLES[cable]}{last}/24", "dev", cable)
        ip("-n", place.name, "link", "set", cable, "up")

    def _on_router(self, *words: str) -> None:
        ip("-n", self._router.name, *words)
