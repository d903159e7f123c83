"""Workers in this very process: real desks and real channels, and no processes."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from relay.media.paths.candidates import Public
from relay.media.plane import RelayPlane
from relay.workers import messages
from relay.workers.channel import Channel
from relay.workers.colleague import Colleague
from relay.workers.crew import Crew
from relay.workers.desk import Desk
from tests.support.exchange import until


class Neighbours(Crew):
    """A crew of planes that are started already."""

    def __init__(self, planes: Sequence[RelayPlane]) -> None:
        self.restarts = [0] * len(planes)
        self.replaced: list[str] = []
        self._planes = planes
        self._folder = tempfile.TemporaryDirectory(prefix="relay-")  # not longer than names may be
        self.desks: list[Desk] = []
        self.colleagues: list[Colleague] = []

    async def start(
        self,
        joined: Callable[[Colleague, messages.Hello], None],
        told: Callable[[Colleague, Any, int], None],
        lost: Callable[[Colleague, str], None],
    ) -> None:
        indexes = range(len(self._planes))
        for index, plane in enumerate(self._planes):
            plane.open_bridges(Path(self._folder.name), index, (i for i in indexes if i != index))
        await until(lambda: all(map(_has_bridges, self._planes)))
        for index, plane in enumerate(self._planes):
            orders = messages.Orders(index, "127.0.0.1", plane.udp_port, Public(), "/nowhere")
            desk = Desk(plane, orders)
            await desk.open()
            ours, theirs = socket.socketpair()
            await desk.attend(theirs)
            channel = await Channel.over(ours)
            hello, _ = await channel.receive()
            colleague = Colleague(channel, cast("messages.Hello", hello))
            joined(colleague, hello)
            colleague.begin(told, lost)
            self.desks.append(desk)
            self.colleagues.append(colleague)

    async def close(self) -> None:
        for desk in self.desks:
            await desk.close()
        for colleague in self.colleagues:
            assert await colleague.ended(5)
        self._folder.cleanup()

    def replace(self, member: Colleague, reason: str) -> None:
        self.replaced.append(reason)


def _has_bridges(plane: RelayPlane) -> bool:
    plane.tick()
    return all(bridge.is_up for bridge in plane._pairs.elsewhere._bridges.values())
