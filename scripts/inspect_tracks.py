#!/usr/bin/env python3
"""Print each live call with both users' streams, the worst first: an example to copy."""

import argparse
import asyncio
import os
import sys

from relay.errors import RelayError
from relay.ops import figures
from relay.ops.client import Client, Wanted
from relay.ops.models import Track


def line(track: Track) -> str:
    """One stream, for people."""
    way = "sends" if track.direction == "up" else "receives"
    return (
        f"  {track.user_id} {way} {figures.media(track)}: {figures.bitrate(track.bitrate_bps)},"
        f" loss {figures.ratio(track.loss_ratio)}, jitter {figures.milliseconds(track.jitter_ms)},"
        f" round trip {figures.milliseconds(track.round_trip_ms)}"
        f" {figures.problems(track.problems)}"
    )


async def inspect(relay: Client) -> None:
    """Ask for the rooms, then for the streams of each."""
    rooms = sorted(await relay.rooms(), key=lambda room: -room.loss_ratio)
    for room in rooms:
        print(f"room {room.id}, {room.state}, since {figures.duration(room.age_s)}")
        for track in await relay.tracks(Wanted(room=room.id)):
            print(line(track))
    if not rooms:
        print("nobody is in a call")


async def main() -> None:
    """Read the command line and connect."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("RELAY_URL", "http://localhost:8080"))
    parser.add_argument("--token", default=os.environ.get("RELAY_OPERATOR_TOKEN", ""))
    options = parser.parse_args()
    async with Client(options.url, options.token) as relay:
        await inspect(relay)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except RelayError as error:
        sys.exit(f"inspect_tracks: {error}")
