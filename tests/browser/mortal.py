"""The server with a media plane that loses links as a process does that dies: SIGUSR1 for all of
them, SIGUSR2 for the oldest."""

import argparse
import asyncio
import signal

import uvloop

from relay import logs
from relay.app import running
from relay.config import Settings
from tests.support.mortal import MortalPlane


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--udp-port", type=int, required=True)
    settings = Settings.model_validate(vars(parser.parse_args()))
    plane = MortalPlane(settings.host, settings.udp_port)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: plane.die(*plane.users))
    loop.add_signal_handler(signal.SIGUSR2, lambda: plane.die(plane.users[0]))
    logs.configure(settings.log_level)
    async with running(settings, plane=plane) as relay:
        print("page", relay.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
