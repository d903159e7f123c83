"""The server with a socket that loses packets, seeded, each way.

SIGUSR1 turns that on and off. After SIGUSR2 it spares whoever comes before it is turned on next.
"""

import argparse
import asyncio
import random
import signal

import uvloop

from relay import logs
from relay.app import running
from relay.config import Settings
from relay.media.paths.candidates import Public
from relay.media.paths.transport import Address, Destination, PlainSocket
from relay.media.plane import RelayPlane


class LossySocket(PlainSocket):
    """Loses datagrams of both directions; one that arrives lost looks empty."""

    def __init__(self, host: str, port: int, losses: "Losses") -> None:
        super().__init__(host, port)
        self._losses = losses
        self._lost: set[int] = set()

    def receive(self) -> int:
        count = super().receive()
        self._lost = {slot for slot in range(count) if self._losses.hits(self.address(slot))}
        return count

    def size(self, slot: int) -> int:
        return 0 if slot in self._lost else super().size(slot)

    def stage(self, slot: int, size: int, destination: Destination) -> None:
        if not self._losses.hits(destination):
            super().stage(slot, size, destination)

    def send(self, data: bytes, address: Address) -> None:
        if not self._losses.hits(address):
            super().send(data, address)


class Losses:
    """How much is lost, while any is, and of whose."""

    def __init__(self, part: float, on: bool) -> None:
        self.part = part
        self.on = on
        self._random = random.Random(20)
        self._seen: set[Address] = set()
        self._poor: frozenset[Address] | None = None
        self._spared: frozenset[Address] = frozenset()

    def toggle(self) -> None:
        self.on = not self.on
        if self.on and self._poor is not None:
            self._spared = frozenset(self._seen - self._poor)

    def spare_who_comes(self) -> None:
        self._poor = frozenset(self._seen)

    def hits(self, address: Address) -> bool:
        """Whether a datagram from an address, or to it, is lost."""
        self._seen.add(address)
        return self.on and address not in self._spared and self._random.random() < self.part


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--loss", type=float, required=True)
    parser.add_argument("--starts-clean", action="store_true")
    parser.add_argument("--link-timeout-s", type=float, default=10)
    parser.add_argument("--public-ip", default="")
    parser.add_argument("--metrics-public", action="store_true")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--udp-port", type=int, required=True)
    flags = vars(parser.parse_args())
    losses = Losses(flags.pop("loss"), on=not flags.pop("starts_clean"))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, losses.toggle)
    loop.add_signal_handler(signal.SIGUSR2, losses.spare_who_comes)
    settings = Settings.model_validate(flags)
    plane = RelayPlane(
        settings.host,
        settings.udp_port,
        Public(settings.public_ip),
        bind=lambda host, port: LossySocket(host, port, losses),
    )
    logs.configure(settings.log_level)
    async with running(settings, plane=plane) as relay:
        print("page", relay.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
