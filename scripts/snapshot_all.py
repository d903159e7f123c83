#!/usr/bin/env python3
"""Save one picture of every video that users send now: an example to copy.

The server has to run with RELAY_ALLOW_TAPS, and writes each picture down in its audit log.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from relay.errors import Refused, RelayError
from relay.ops.client import Client, Wanted


async def save(relay: Client, track_id: str, directory: Path) -> bool:
    """Save one picture; returns whether there was one."""
    try:
        async with relay.snapshot(track_id) as chunks:
            picture = b"".join([chunk async for chunk in chunks])
    except Refused as error:
        if error.status in {401, 403}:
            raise  # it would be so for every other
        print(f"{track_id}: {error}", file=sys.stderr)
        return False
    path = directory / f"{track_id}.png"
    path.write_bytes(picture)
    print(path)
    return True


async def main() -> int:
    """Read the command line, and take the pictures one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path, help="where the pictures go; made if need be")
    parser.add_argument("--url", default=os.environ.get("RELAY_URL", "http://localhost:8080"))
    parser.add_argument("--token", default=os.environ.get("RELAY_OPERATOR_TOKEN", ""))
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    async with Client(options.url, options.token) as relay:
        videos = await relay.tracks(Wanted(kind="video", direction="up"))
        in_rooms = [track.id for track in videos if track.room_id is not None]
        saved = [await save(relay, track_id, options.directory) for track_id in in_rooms]
    return 0 if all(saved) else 1


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except (RelayError, OSError) as error:
        sys.exit(f"snapshot_all: {error}")
