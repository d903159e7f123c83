"""The server with a socket that loses packets, seeded, each way; SIGUSR1 turns that on and off."""

import argparse
import asyncio
import random
import signal

import uvloop

from relay import logs
from relay.app import running
from relay.config import Settings
from relay.media import RelayPlane
from relay.media.paths.transport import Address, Destination, PlainSocket


class LossySocket(PlainSocket):
    """Loses datagrams of both directions; one that arrives lost looks empty."""

    def __init__(self, host: str, port: int, losses: "Losses") -> None:
        super().__init__(host, port)
        self._losses = losses
        self._random = random.Random(20)
        self._lost: set[int] = set()

    def receive(self) -> int:
        count = super().receive()
        self._lost = {slot for slot in range(count) if self._loses()}
        return count

    def size(self, slot: int) -> int:
        return 0 if slot in self._lost else super().size(slot)

    def stage(self, slot: int, size: int, destination: Destination) -> None:
        if not self._loses():
            super().stage(slot, size, destination)

    def send(self, data: bytes, address: Address) -> None:
        if not self._loses():
            super().send(data, address)

    def _loses(self) -> bool:
        return self._losses.on and self._random.random() < self._losses.part


class Losses:
    """How much is lost, while any is."""

    def __init__(self, part: float, on: bool) -> None:
        self.part = part
        self.on = on

    def toggle(self) -> None:
        self.on = not self.on


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--loss", type=float, required=True)
    parser.add_argument("--starts-clean", action="store_true")
    parser.add_argument("--link-timeout-s", type=float, default=10)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--udp-port", type=int, required=True)
    flags = vars(parser.parse_args())
    losses = Losses(flags.pop("loss"), on=not flags.pop("starts_clean"))
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, losses.toggle)
    settings = Settings.model_validate(flags)
    plane = RelayPlane(
        settings.host, settings.udp_port, bind=lambda host, port: LossySocket(host, port, losses)
    )
    logs.configure(settings.log_level)
    async with running(settings, plane=plane) as relay:
        print("page", relay.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
