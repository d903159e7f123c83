"""Bots whose media is gone, for a while or with their link, and who stay in their room."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Collection

import pytest

from relay.bots.load.clip import encode
from relay.bots.load.tally import Tally
from relay.bots.load.user import LoadUser
from tests.support import commands
from tests.support.bots import Bot, relay
from tests.support.mortal import MortalPlane
from tests.support.watching import receives, sees

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize(
    ("early_link", "whose"),
    [(True, (0, 1)), (True, (0,)), (False, (0, 1)), (False, (1,))],
    ids=["both, keeping links", "one, keeping links", "both, plain", "one, plain"],
)
async def test_whose_links_are_lost_by_a_restart_see_each_other_again_in_the_same_room(
    early_link: bool, whose: tuple[int, ...]
) -> None:
    plane = MortalPlane("127.0.0.1", 0)
    async with (
        relay(plane=plane) as url,
        Bot(url, 1, early_link=early_link) as one,
        Bot(url, 2, early_link=early_link) as two,
    ):
        pair = (one, two)
        for bot in pair:
            await bot.find_partner()
        await sees(one, two, 3)
        await sees(two, one, 3)
        room = one.room_id
        for time in (1, 2):
            links = [bot.report.links for bot in pair]
            plane.die(*(pair[index].user_id for index in whose))
            for index in whose:
                await pair[index].until(lambda: pair[index].report.links > links[index], 30)  # noqa: B023
            await sees(one, two, 10)
            await sees(two, one, 10)
            assert [bot.report.links for bot in pair] == [1 + time * (i in whose) for i in (0, 1)]
        assert (one.room_id, two.room_id) == (room, room)
        assert [bot.report.partners for bot in pair] == [1, 1]
        assert [list(bot.report.errors) for bot in pair] == [[], []]


async def test_a_bot_that_waits_is_matched_when_it_has_another_link() -> None:
    plane = MortalPlane("127.0.0.1", 0)
    async with relay(plane=plane) as url, Bot(url, 1) as one, Bot(url, 2) as two:
        await one.find_partner()
        await one.until(lambda: one.link_state == "connected", 30)
        plane.die(one.user_id)
        await one.until(lambda: one.report.links == 2, 30)
        await two.find_partner()
        await sees(one, two, 3)
        await sees(two, one, 3)
        assert list(one.report.errors) == []


async def test_a_bot_that_has_stopped_makes_no_other_link() -> None:
    plane = MortalPlane("127.0.0.1", 0)
    async with relay(plane=plane) as url, Bot(url, 1) as one:
        await one.until(lambda: one.link_state == "connected", 30)
        plane.die(one.user_id)  # what follows is on its way when the bot stops
        await one.stop()
        await one.find_partner()
        await one.until(lambda: one.link_state == "connected", 30)
        assert list(one.report.errors) == []


async def play(users: list[LoadUser], former: Collection[object] = ()) -> list[object]:
    """Have them send until each receives sound and pictures on another link; returns these."""
    async with asyncio.timeout(30):
        while not all(
            user._peer not in former and all(stream.received for stream in user._streams)
            for user in users
        ):
            for user in users:
                user.play(time.monotonic())
            await asyncio.sleep(0.005)
    return [user._peer for user in users]


async def test_a_load_goes_on_over_other_links() -> None:
    plane = MortalPlane("127.0.0.1", 0)
    clip, tally = encode(0.5, settled=False), Tally()
    async with relay(plane=plane) as url:
        users = [LoadUser(url, clip, tally) for _ in range(2)]
        try:
            for user in users:
                await user.join()
                await user.search()
            former = await play(users)
            plane.die(*plane.users)
            await play(users, former)
        finally:
            for user in users:
                await user.leave()
    assert tally.errors == {}
    assert (tally.joined, tally.matches) == (2, 2)


async def test_a_bot_that_is_stopped_for_a_while_is_told_of_and_keeps_its_partner() -> None:
    async with relay() as url, Bot(url, 9) as watching:
        await watching.find_partner()
        arguments = ("bot", "--url", url, "--count", "1", "--duration", "60", "--json")
        async with commands.started(*arguments, env=os.environ) as process:
            await receives(watching, 5)
            room = watching.room_id
            process.send_signal(signal.SIGSTOP)
            await watching.until(lambda: watching.partner_is_interrupted, 60, "interruption")
            process.send_signal(signal.SIGCONT)
            await watching.until(lambda: not watching.partner_is_interrupted, 60, "end of it")
            await receives(watching, watching.report.frames + 5)
            assert watching.room_id == room
            assert watching.report.interruptions == 1
            process.send_signal(signal.SIGINT)
            out, _ = await process.communicate()
    report = json.loads(out)
    assert (report["partners"], report["links"], report["errors"]) == (1, 1, [])
    assert report["interruptions"] in (0, 1), "what it was told of us while it was away"
