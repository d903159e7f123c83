"""Machines at one switch, each of which may lose the way to another. Linux, as root.

```
home 10.80.0.1, with the switch --- 10.80.0.2   one
                               \\-- 10.80.0.3   another
```

Whoever runs the test may be at home, too: nothing of the machine's own network is touched.
"""

import os
from contextlib import ExitStack

from tests.browser.namespace import Place, ip, settle_at_once

HOME = "10.80.0.1"
_NET, _MAC = "10.80.0.{}", "02:00:00:00:00:{:02x}"
_NOBODY = _MAC.format(255)
"""What is sent there is lost."""


class Switched:
    """The home and so many others, by their names, which are short."""

    def __init__(self, *names: str) -> None:
        self.home = Place(f"relay-home-{os.getpid()}")
        self.places = {name: Place(f"relay-{name}-{os.getpid()}") for name in names}
        self._numbers = {name: number for number, name in enumerate(names, 2)}
        self._stack = ExitStack()

    def __enter__(self) -> "Switched":
        with self._stack:
            self._make()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def address(self, name: str) -> str:
        """Where a machine is."""
        return _NET.format(self._numbers[name])

    def cut(self, name: str, to: str) -> None:
        """Lose all that one sends to another; nobody is told, and the other direction is as before.

        Harmless when repeated, as :meth:`mend` is.
        """
        self._send(name, to, _NOBODY)

    def mend(self, name: str, to: str) -> None:
        """Have it arrive again."""
        self._send(name, to, _MAC.format(self._numbers[to]))

    def _send(self, name: str, to: str, mac: str) -> None:
        words = (self.address(to), "lladdr", mac, "dev", "lan", "nud", "permanent")
        ip("-n", self.places[name].name, "neigh", "replace", *words)

    def _make(self) -> None:
        for place in (self.home, *self.places.values()):
            ip("netns", "add", place.name)
            self._stack.callback(ip, "netns", "del", place.name)
            settle_at_once(place.name)
            ip("-n", place.name, "link", "set", "lo", "up")
        home = self.home.name
        ip("-n", home, "link", "add", "lan", "address", _MAC.format(1), "type", "bridge")
        self._settle(self.home, HOME)
        for name, place in self.places.items():
            cable = ("type", "veth", "peer", "lan", "netns", place.name)
            ip("-n", home, "link", "add", name, *cable)
            ip("-n", home, "link", "set", name, "master", "lan", "up")
            mac = _MAC.format(self._numbers[name])
            ip("-n", place.name, "link", "set", "lan", "address", mac)
            self._settle(place, self.address(name))

    def _settle(self, place: Place, address: str) -> None:
        ip("-n", place.name, "addr", "add", f"{address}/24", "dev", "lan")
        ip("-n", place.name, "link", "set", "lan", "up")
