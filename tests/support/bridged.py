"""Two planes with a bridge between them, and users at each."""

from __future__ import annotations

import itertools
import secrets
import tempfile
from pathlib import Path
from typing import Any

from relay.media.card import Card
from relay.media.paths.trunk import Trunk
from relay.plane import MediaView
from relay.plane.sight import summed
from tests.support.exchange import CHROMIUM, FIREFOX, Exchange, until
from tests.support.holdings import table_sizes
from tests.support.ports import free_ports
from tests.support.thin import ThinPeer

NODES = "left", "right"


class Bridged:
    """Planes 0 and 1, and what a front does: it brings their users together."""

    def __init__(self, **options: Any) -> None:
        self._directory = tempfile.TemporaryDirectory()  # a socket's name may have 107 bytes
        self.path = Path(self._directory.name)
        self.planes = [Exchange(**options), Exchange(**options)]
        self._numbers = itertools.count(7)

    @property
    def left(self) -> Exchange:
        return self.planes[0]

    @property
    def right(self) -> Exchange:
        return self.planes[1]

    async def start(self) -> None:
        for index, exchange in enumerate(self.planes):
            await exchange.plane.start()
            exchange.plane.open_bridges(self.path, index, [1 - index])
        await self.is_up()

    async def is_up(self) -> None:
        """Wait until each end has found the other."""
        await until(
            lambda: all(
                bridge.is_up
                for exchange in self.planes
                for bridge in exchange.plane._pairs.elsewhere._bridges.values()
            )
        )

    def pair(self, a: str, b: str) -> int:
        """Pair a user of the left plane with one of the right; returns the pairing's number."""
        number = next(self._numbers)
        self.introduce(a, b, number)
        return number

    def introduce(self, a: str, b: str, number: int) -> None:
        """Give each plane the other user's card, as it is now."""
        self.left.plane.pair_far(a, self.card(1, b), number, 1)
        self.right.plane.pair_far(b, self.card(0, a), number, 0)

    def card(self, index: int, user: str) -> Card:
        card = self.planes[index].plane.card(user)
        assert card is not None
        return card

    def unpair(self, a: str, b: str) -> None:
        self.left.plane.unpair(a)
        self.right.plane.unpair(b)

    @property
    def crossed(self) -> dict[str, int]:
        """Packets that have crossed, by direction."""
        return self.look().stats.packets_bridged

    @property
    def bytes_crossed(self) -> dict[str, int]:
        return self.look().stats.bytes_bridged

    @property
    def tables(self) -> list[dict[str, int]]:
        """The sizes of all tables that a pairing has entries in, for each plane."""
        names = ("_bridges", "_fars", "_by_head", "_by_near")
        sizes = [table_sizes(exchange.plane._pairs.elsewhere) for exchange in self.planes]
        return [{name: each[name] for name in names} for each in sizes]

    async def couple(self) -> tuple[ThinPeer, ThinPeer]:
        """Two users, a at the left and b at the right, in one room."""
        a, b = await self.left.join("a", CHROMIUM), await self.right.join("b", FIREFOX)
        self.pair("a", "b")
        return a, b

    def look(self) -> MediaView:
        """What the two tell together."""
        seen = [exchange.look() for exchange in self.planes]
        return MediaView(
            [link for view in seen for link in view.links],
            [track for view in seen for track in view.tracks],
            summed((view.stats for view in seen), listening=True),
        )

    @property
    def drops(self) -> dict[str, int]:
        return {reason: count for reason, count in self.look().stats.drops.items() if count}

    def pass_time(self, seconds: float) -> None:
        """Put both planes' clocks forward."""
        for exchange in self.planes:
            exchange.skew_s += seconds

    def stop_time(self) -> None:
        """From now on it passes by :meth:`pass_time` alone."""
        for exchange in self.planes:
            exchange.stop_time()

    async def close(self) -> None:
        for exchange in self.planes:
            await exchange.close()
        assert list(self.path.iterdir()) == []
        self._directory.cleanup()


class Trunked(Bridged):
    """The same on two nodes, each with one worker."""

    hosts = "127.0.0.1", "127.0.0.2"

    async def start(self) -> None:
        places = list(zip(self.hosts, free_ports(2), strict=True))
        for index, exchange in enumerate(self.planes):
            await exchange.plane.start()
            exchange.plane.pairs.open_trunk(NODES[1 - index], 0, places[index], places[1 - index])
        for index in range(2):
            self.change_key(index, epoch=0)
        await self.is_up()

    def change_key(self, index: int, epoch: int, key: bytes | None = None) -> None:
        """Have a plane send under another key."""
        key = key or secrets.token_bytes(16)
        self.trunk(1 - index).decrypt_with(key, epoch)
        self.trunk(index).encrypt_with(key, epoch)

    def trunk(self, index: int) -> Trunk:
        """A plane's end."""
        found = self.planes[index].plane.pairs.trunk(NODES[1 - index], 0)
        assert found is not None
        return found

    async def is_up(self) -> None:
        assert all(self.trunk(index).is_up for index in range(2))

    def introduce(self, a: str, b: str, number: int) -> None:
        self.left.plane.pair_far(a, self.card(1, b), number, 0, NODES[1])
        self.right.plane.pair_far(b, self.card(0, a), number, 0, NODES[0])

    @property
    def crossed(self) -> dict[str, int]:
        return self.look().stats.packets_trunked

    @property
    def bytes_crossed(self) -> dict[str, int]:
        return self.look().stats.bytes_trunked
