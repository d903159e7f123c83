"""A bridge that keeps what would cross."""

from __future__ import annotations

from collections import Counter

from relay.media.paths.bridge import Bridge, Cargo, cargo_and_number
from relay.media.paths.transport import SLOT_BYTES


class FakeBridge(Bridge):
    """Nothing comes from its other end but what tests say."""

    is_up = True

    def __init__(self) -> None:
        self.inlet = self
        self.drops: Counter[str] = Counter()
        self.packets_received = self.bytes_received = 0
        self.sent: list[tuple[Cargo, int, bytes]] = []
        self.staged: list[tuple[int, int, int]] = []

    def mend(self) -> None:
        """It is always up."""

    def send(self, heading: int, data: bytes = b"") -> None:
        cargo, number = cargo_and_number(heading) or (Cargo.PROBE, -1)
        self.sent.append((cargo, number, data))

    def stage(self, slot: int, size: int, heading: int) -> None:
        assert size <= SLOT_BYTES
        self.staged.append((slot, size, heading))

    def flush(self) -> None:
        self.staged.clear()

    def receive(self) -> list[tuple[int, int]]:
        return []

    def taken(self) -> list[tuple[Cargo, int, bytes]]:
        """What was sent since the last call."""
        sent, self.sent = self.sent, []
        return sent
