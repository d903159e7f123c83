"""A thousand meetings over two workers leave nothing behind, in none of the processes."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.integration.test_workers import House, house
from tests.support.exchange import talk
from tests.support.thin import ThinPeer

pytestmark = pytest.mark.timeout(300)

USERS = 12
MEETINGS = 1000
ROUND = USERS // 2
RENEWED_EVERY = 25
"""After so many rounds one user leaves and another one comes."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "run"
    made.mkdir(mode=0o700)
    return made


async def descriptors(here: House) -> list[int]:
    """Of each worker."""
    return [len(os.listdir(f"/proc/{pid}/fd")) for pid in await here.processes()]  # noqa: PTH208


async def meet(here: House, peers: dict[str, ThinPeer], dice: random.Random, number: int) -> int:
    """Everybody meets somebody, and they talk; returns how many pairs were of two workers."""
    names = list(peers)
    dice.shuffle(names)
    pairs = list(zip(names[::2], names[1::2], strict=True))
    for a, b in pairs:
        here.plane.pair(a, b)
    await here.plane.stats()  # it is carried out by then
    await asyncio.gather(*(talk(peers[a], peers[b], number) for a, b in pairs))
    worker_of = here.plane._homes.worker_of
    return sum(worker_of[a] != worker_of[b] for a, b in pairs)


async def test_a_thousand_meetings_over_two_workers(place: Path) -> None:
    before = asyncio.all_tasks()
    dice = random.Random(3)
    async with house(place, 2) as here:
        peers = {f"user {number}": await here.join(f"user {number}") for number in range(USERS)}
        bridged = await meet(here, peers, dice, 1)
        held = await descriptors(here)
        for number in range(2, MEETINGS // ROUND + 2):
            bridged += await meet(here, peers, dice, number)
            while not here.events.empty():
                here.events.get_nowait()
            if number % RENEWED_EVERY == 0:
                leaver = dice.choice(list(peers))
                here.plane.unpair(leaver)
                here.plane.close_link(leaver)
                await peers.pop(leaver).close()
                peers[f"user {number} of later"] = await here.join(f"user {number} of later")
        assert bridged > MEETINGS / 4
        assert await descriptors(here) == held
        seen = await here.plane.look()
        assert len(seen.links) == USERS
        assert seen.stats.packets_bridged["in"] >= 2 * bridged
        assert seen.stats.drops.get("bridge_full", 0) == 0
        for user in list(peers):
            here.plane.unpair(user)
            here.plane.close_link(user)
        rest = await here.plane.look()
        assert (rest.links, rest.tracks, rest.stats.links) == ([], [], 0)
        homes = here.plane._homes
        tables = homes.worker_of, homes.partner_of, homes.link_of, homes.card_of, homes.joined_at
        assert not any((*tables, homes._number_of, here.plane._taps, here.plane._unclaimed))
    assert asyncio.all_tasks() == before
