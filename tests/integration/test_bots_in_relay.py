"""Bots meet through the real server, over real sockets: the whole way, in both media modes."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

import pytest

from relay.bots.tone import frequency_of
from tests.support.bots import Bot, relay
from tests.support.watching import sees

pytestmark = pytest.mark.timeout(180)

WAYS = [("relay", True), ("relay", False), ("direct", False)]
"""Media mode, and whether bots open their link early; in direct mode nobody can."""


@contextlib.asynccontextmanager
async def bots(
    url: str, count: int, *, early_link: bool = True, searching: int | None = None
) -> AsyncIterator[list[Bot]]:
    """So many bots, of which the first ``searching`` (else all) look for partners."""
    async with contextlib.AsyncExitStack() as stack:
        joined = [
            await stack.enter_async_context(Bot(url, number, early_link=early_link))
            for number in range(1, count + 1)
        ]
        for bot in joined[:searching]:
            await bot.find_partner()
        yield joined


def number(bot: Bot) -> int:
    return bot.report.number


async def enters(bot: Bot, what: str, *former_rooms: str | None) -> None:
    await bot.until(lambda: bot.room_id not in {None, *former_rooms}, 20, what)


async def meet(*pair: Bot) -> None:
    for bot in pair:
        await enters(bot, "partner")


async def meet_again(bots: list[Bot], former_rooms: set[str | None]) -> None:
    for bot in bots:
        await enters(bot, "new room", *former_rooms)


def partner_of(bot: Bot, others: list[Bot]) -> Bot:
    return next(other for other in others if other is not bot and other.room_id == bot.room_id)


async def all_see_their_partners(bots: list[Bot]) -> None:
    await asyncio.gather(*(sees(bot, partner_of(bot, bots), 3) for bot in bots))


async def hears(bot: Bot, partner: Bot) -> None:
    expected = frequency_of(number(partner))
    await bot.until(
        lambda: (
            abs(bot.report.sound.frequency_hz - expected) < 3
            and abs(bot.report.sound.level_dbfs + 20) < 2
        ),
        20,
        f"tone of bot {number(partner)}",
    )


@pytest.mark.parametrize(("media_mode", "early_link"), WAYS)
async def test_two_bots_see_and_hear_each_other(media_mode: str, early_link: bool) -> None:
    async with (
        relay(media_mode=media_mode, rematch_after_s=0.5) as url,
        bots(url, 2, early_link=early_link) as (one, two),
    ):
        await meet(one, two)
        for bot, partner in ((one, two), (two, one)):
            numbers = await sees(bot, partner, 30)
            assert numbers == sorted(set(numbers))
            assert len(numbers) >= 0.95 * (numbers[-1] - numbers[0] + 1)
            await hears(bot, partner)
            assert (bot.report.width, bot.report.height) == (320, 240)
            latency_ms = bot.report.latency_ms(50)
            assert latency_ms is not None
            assert latency_ms < 2000
            assert bot.report.unreadable <= 0.05 * bot.report.frames
            assert {seen.source for seen in bot.report.seen} == {number(partner)}


@pytest.mark.parametrize(("media_mode", "early_link"), WAYS)
async def test_two_bots_chat(media_mode: str, early_link: bool) -> None:
    async with (
        relay(media_mode=media_mode, rematch_after_s=0.5) as url,
        bots(url, 2, early_link=early_link) as (one, two),
    ):
        await meet(one, two)
        await one.say("good evening")
        await two.until(lambda: two.chats, what="message")
        await two.say("hello 🙂 <b>")
        await one.until(lambda: one.chats, what="message")
        assert [chat.text for chat in two.chats] == ["good evening"]
        assert [chat.text for chat in one.chats] == ["hello 🙂 <b>"]


@pytest.mark.parametrize(
    ("media_mode", "early_link", "rounds"), [(*way, 20 if way[1] else 5) for way in WAYS]
)
async def test_four_bots_rotate_partners(media_mode: str, early_link: bool, rounds: int) -> None:
    async with (
        relay(media_mode=media_mode, rematch_after_s=0.5, hasty_nexts=0) as url,
        bots(url, 4, early_link=early_link) as all_four,
    ):
        await meet(*all_four)
        await all_see_their_partners(all_four)
        for turn in range(rounds):
            leaver = all_four[turn % 4]
            left = partner_of(leaver, all_four)
            other = next(bot for bot in all_four if bot not in (leaver, left))
            rooms = {bot.room_id for bot in all_four}
            await leaver.next_partner()
            await other.next_partner()
            await meet_again(all_four, rooms)
            assert partner_of(leaver, all_four) is not left
            await all_see_their_partners(all_four)
        for bot in all_four:
            assert bot.report.partners == rounds + 1
            assert bot.report.links == (1 if early_link else rounds + 1)
            assert bot.report.out_of_order == 0
            assert not bot.report.errors


async def test_each_swap_also_brings_the_new_partners_tone() -> None:
    async with relay(rematch_after_s=0.5) as url, bots(url, 4) as all_four:
        await meet(*all_four)
        before = {bot: partner_of(bot, all_four) for bot in all_four}
        for bot, partner in before.items():
            await hears(bot, partner)
        first, second = all_four[0], next(b for b in all_four[1:] if b is not before[all_four[0]])
        rooms = {bot.room_id for bot in all_four}
        await first.next_partner()
        await second.next_partner()
        await meet_again(all_four, rooms)
        for bot in all_four:
            assert partner_of(bot, all_four) is not before[bot]
            await hears(bot, partner_of(bot, all_four))


@pytest.mark.parametrize("early_first", [True, False])
async def test_an_early_and_a_plain_bot_meet(early_first: bool) -> None:
    async with relay(rematch_after_s=0.5) as url, contextlib.AsyncExitStack() as stack:
        one, two = [
            await stack.enter_async_context(Bot(url, number, early_link=early))
            for number, early in ((1, early_first), (2, not early_first))
        ]
        await one.find_partner()
        await two.find_partner()
        await meet(one, two)
        await sees(one, two, 10)
        await sees(two, one, 10)


@pytest.mark.parametrize(("media_mode", "early_link"), WAYS)
@pytest.mark.parametrize("goodbye", ["stop", "vanish"])
async def test_a_bot_whose_partner_goes_finds_another(
    media_mode: str, early_link: bool, goodbye: str
) -> None:
    async with (
        relay(media_mode=media_mode, rematch_after_s=0.5) as url,
        bots(url, 3, early_link=early_link, searching=2) as (leaver, left, third),
    ):
        await meet(leaver, left)
        await all_see_their_partners([leaver, left])
        former = left.room_id
        await third.find_partner()
        await getattr(leaver, goodbye)()
        await meet_again([left, third], {former})
        assert left.room_id == third.room_id
        await all_see_their_partners([left, third])


async def test_a_stopped_bot_can_start_again() -> None:
    async with relay(rematch_after_s=0.5) as url, bots(url, 2) as (one, two):
        await meet(one, two)
        await sees(one, two, 3)
        await one.stop()
        await two.until(lambda: two.room_id is None)
        assert one.link_state == "none"
        await one.find_partner()
        await meet(one, two)
        await sees(one, two, 3)
        await sees(two, one, 3)


async def test_nothing_is_sent_to_a_bot_that_waits() -> None:
    async with relay(rematch_after_s=0.5) as url, bots(url, 3, searching=2) as (one, two, waiting):
        await meet(one, two)
        await waiting.find_partner()
        await all_see_their_partners([one, two])
        await waiting.until(lambda: waiting.link_state == "connected")
        await sees(one, two, 5)
        assert waiting.room_id is None
        assert not waiting.report.saw_media


async def test_many_early_joiners_all_get_partners() -> None:
    async with relay(rematch_after_s=0.5) as url, bots(url, 6) as six:
        await meet(*six)
        for bot, partner in itertools.permutations(six, 2):
            if bot.room_id == partner.room_id:
                await sees(bot, partner, 2)


async def test_two_meet_by_an_invitation_and_a_third_is_left_alone() -> None:
    async with relay() as url, bots(url, 3, searching=0) as (host, guest, other):
        await other.find_partner()
        invitation = await host.invite()
        await host.find_partner()
        guest.code = invitation.guest_code
        await guest.find_partner()
        await meet(host, guest)
        assert (host.room_id, other.room_id) == (guest.room_id, None)
        await all_see_their_partners([host, guest])
