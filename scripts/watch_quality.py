#!/usr/bin/env python3
"""Watch all calls; tell a webhook when one goes bad, and exit with 3: an example to copy.

A call is bad when it has had a problem for --for seconds on end. With --forever it goes on.
"""

import argparse
import asyncio
import os
import sys

import aiohttp

from relay.errors import RelayError
from relay.ops.client import Client
from relay.ops.models import Room


async def tell(webhook: str | None, room: Room) -> None:
    """Print it, and post it."""
    print(f"room {room.id}: {', '.join(room.problems)}", flush=True)
    if webhook is not None:
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as http:
            await http.post(webhook, json={"room": room.id, "problems": room.problems})


async def watch(relay: Client, options: argparse.Namespace) -> int:
    """Follow the event stream; each bad call is told once, until it is well again."""
    bad_for: dict[str, int] = {}  # seconds on end: a snapshot comes each second
    async for snapshot in relay.events():
        bad = {room.id: room for room in snapshot.rooms if room.problems}
        bad_for = {room_id: bad_for.get(room_id, 0) + 1 for room_id in bad}
        for room_id, seconds in bad_for.items():
            if seconds == options.seconds:
                await tell(options.webhook, bad[room_id])
                if not options.forever:
                    return 3
    return 1  # the relay has ended the stream


async def main() -> int:
    """Read the command line and connect."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--for", dest="seconds", type=int, default=5, metavar="SECONDS")
    parser.add_argument("--webhook", metavar="URL", help="gets a POST with JSON")
    parser.add_argument("--forever", action="store_true")
    parser.add_argument("--url", default=os.environ.get("RELAY_URL", "http://localhost:8080"))
    parser.add_argument("--token", default=os.environ.get("RELAY_OPERATOR_TOKEN", ""))
    options = parser.parse_args()
    async with Client(options.url, options.token) as relay:
        return await watch(relay, options)


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except (RelayError, aiohttp.ClientError, TimeoutError) as error:
        sys.exit(f"watch_quality: {error}")
