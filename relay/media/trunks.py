"""The trunks of one plane: which there are, and whether anything comes from their other ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from relay.media.paths.bridge import Cargo, Inlet, head
from relay.media.paths.transport import DatagramSocket
from relay.media.paths.trunk import Place, Terminal, Trunk

SILENT_S = 5
"""A trunk on which nothing comes for so long leads nowhere: each end sends something every second.
"""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _End:
    """A trunk, and what is known of its other end."""

    trunk: Trunk
    count: int = 0
    """Of datagrams that had come when it was looked at last."""
    silent_s: int = 0


class Trunks:
    """They are known by their other ends: the node's name, and the worker's index.

    :param socket: of the plane, whose slots are used.
    :param on_readable: called when something has come on one of them.
    """

    def __init__(self, socket: DatagramSocket, on_readable: Callable[[Inlet], None]) -> None:
        self.terminal = Terminal(socket)
        self._on_readable = on_readable
        self._near: Place | None = None
        self._refusal = ""
        self._ends: dict[tuple[str, int], _End] = {}

    def __getitem__(self, end: tuple[str, int]) -> Trunk:
        """The trunk to a worker of another node.

        :raises KeyError: when there is none.
        """
        return self._ends[end].trunk

    def get(self, node: str, worker: int) -> Trunk | None:
        """The same; None when there is none."""
        end = self._ends.get((node, worker))
        return None if end is None else end.trunk

    def open(self, node: str, worker: int, near: Place, far: Place) -> None:
        """Build a trunk, in place of the former one if there is one.

        :param near: where what is for this plane comes to; the same for all trunks.
        """
        if (node, worker) in self._ends:
            self.terminal.part(self._ends[node, worker].trunk)
        if self._near is None:
            self._near = near
            self._mend()
        self._ends[node, worker] = _End(self.terminal.lead(far))

    def to(self, node: str | None = None) -> list[Trunk]:
        """Those to a node, or all."""
        return [each.trunk for end, each in self._ends.items() if node in (None, end[0])]

    def close(self, node: str | None = None) -> None:
        """Take down those to a node, or all."""
        for end in [end for end in self._ends if node in (None, end[0])]:
            self.terminal.part(self._ends.pop(end).trunk)
        if not self._ends:
            self._near = None
            if self.terminal.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(self.terminal.fileno())
            self.terminal.close()

    def tick(self) -> None:
        """Tell the other ends of this one, and see which are there; to be called every second."""
        self._mend()
        for (node, worker), end in self._ends.items():
            if end.trunk.is_up:
                end.trunk.send(head(Cargo.PROBE, 0))
            if end.trunk.heard != end.count or not end.trunk.is_up:
                if end.silent_s >= SILENT_S:
                    log.info("trunk_heard", node=node, worker=worker)
                end.count, end.silent_s = end.trunk.heard, 0
                continue
            end.silent_s += 1
            if end.silent_s == SILENT_S:
                log.warning("trunk_silent", node=node, worker=worker)

    @property
    def drops(self) -> Counter[str]:
        """What was dropped at trunks, by reason."""
        return self.terminal.drops

    @property
    def packets(self) -> dict[str, int]:
        """Packets that have crossed, by direction."""
        return {"out": self.terminal.packets_sent, "in": self.terminal.packets_received}

    @property
    def bytes(self) -> dict[str, int]:
        """Their bytes."""
        return {"out": self.terminal.bytes_sent, "in": self.terminal.bytes_received}

    def _mend(self) -> None:
        """Have a socket: its port may have been taken."""
        terminal = self.terminal
        if self._near is None or terminal.fileno() >= 0:
            return
        if terminal.open(self._near):
            asyncio.get_running_loop().add_reader(terminal.fileno(), self._on_readable, terminal)
            for end in self._ends.values():
                terminal.join(end.trunk)
        elif terminal.refusal != self._refusal:
            log.warning("trunks_not_opened", port=self._near[1], reason=terminal.refusal)
        self._refusal = terminal.refusal
