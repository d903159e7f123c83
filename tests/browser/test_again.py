"""Media that is gone, for a while or with the link, while the two stay in their room."""

import os
import signal

import pytest

from tests.browser.conftest import Arrive, Meet, StartServer
from tests.browser.server import SERVE_MORTAL, Server
from tests.browser.visitor import Visitor, heard, together, until
from tests.support import commands

WATCH = """() => {
    const stage = document.getElementById("stage");
    window.pictures = [];
    const look = () => window.pictures.push(stage.dataset.picture);
    new MutationObserver(look).observe(stage, { attributeFilter: ["data-picture"] });
    look();
}"""
BRIGHTNESS = """() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 24 });
    const context = canvas.getContext("2d");
    context.drawImage(document.getElementById("remote"), 0, 0, 32, 24);
    return context.getImageData(0, 0, 32, 24).data.filter((_, at) => at % 4 < 3)
        .reduce((sum, value) => sum + value, 0);
}"""


@pytest.mark.parametrize("whose", [signal.SIGUSR1, signal.SIGUSR2], ids=["both", "one"])
async def test_after_a_restart_of_media_the_same_two_see_each_other_again(
    start_server: StartServer, meet: Meet, whose: signal.Signals
) -> None:
    server = await start_server(program=SERVE_MORTAL)
    pair = anna, _ = await meet(server)
    await anna.says("hello")
    await together(*(person.hears("hello") for person in pair))
    for person in pair:
        await person.page.evaluate(WATCH)
    for time in (1, 2):
        server.signal(whose)

        async def asked() -> int:
            return sum(heard(person, "offer_again") for person in pair)

        count = time * (2 if whose is signal.SIGUSR1 else 1)
        await until(asked, lambda seen: seen == count)  # noqa: B023
        await together(*(person.sees_somebody() for person in pair))
        await together(*(person.reads("Connected") for person in pair))
        links = sum([len(await person.links()) for person in pair])
        assert links == 2 + count, "no link was made, and none offered, twice"
    for person in pair:
        assert heard(person, "partner_found") == 1
        assert heard(person, "partner_left") + heard(person, "partner_disconnected") == 0
        assert heard(person, "error") == 0
        assert await person.page.evaluate("window.pictures") == ["true"], (
            "it was there all the time"
        )
        await person.hears("hello")


async def test_the_last_picture_stays_until_there_is_another(
    start_server: StartServer, meet: Meet
) -> None:
    server = await start_server(program=SERVE_MORTAL)
    anna, _ = await meet(server)
    watch = (
        "(function watch() { (window.seen ??= []).push((%s)()); requestAnimationFrame(watch); })()"
    )
    await anna.page.evaluate(watch % BRIGHTNESS)
    server.signal(signal.SIGUSR1)
    await until(anna.links, lambda links: len(links) == 2)
    await anna.sees_somebody()
    seen = await anna.page.evaluate("window.seen")
    assert len(seen) > 10
    assert min(seen) > 0, f"{seen.count(0)} of {len(seen)} were black"


async def test_a_partner_that_is_frozen_is_said_to_be_and_comes_back(
    server: Server, arrive: Arrive
) -> None:
    anna = await arrive(server)
    await anna.press("Start")
    url = server.url.replace("http", "ws") + "/ws"
    bot = ("bot", "--url", url, "--count", "1", "--duration", "90")
    async with commands.started(*bot, env=os.environ) as process:
        await anna.sees_somebody()
        process.send_signal(signal.SIGSTOP)
        await anna.reads("Their connection is interrupted… It may come back by itself.")
        process.send_signal(signal.SIGCONT)
        await together(anna.sees_somebody(), anna.reads("Connected"))
        process.send_signal(signal.SIGINT)  # who was killed would be waited for
        await process.wait()
    assert heard(anna, "partner_connection") == 2
    assert heard(anna, "partner_found") == 1


@pytest.mark.parametrize("count", ["1", "2"])
async def test_the_same_two_see_each_other_again_when_a_media_process_is_killed(
    start_server: StartServer, meet: Meet, count: str
) -> None:
    server = await start_server("--workers", count)
    pair = anna, _ = await meet(server)
    await anna.says("hello")
    await together(*(person.hears("hello") for person in pair))
    for process in server.workers:
        os.kill(process, signal.SIGKILL)
    await until(lambda: told_to_offer(pair), lambda seen: seen == 2)
    await together(*(person.sees_somebody() for person in pair))
    await together(*(person.reads("Connected") for person in pair))
    for person in pair:
        assert heard(person, "partner_found") == 1
        assert heard(person, "partner_left") + heard(person, "partner_disconnected") == 0
        await person.hears("hello")


async def told_to_offer(people: tuple[Visitor, ...]) -> int:
    """How many were told to offer again."""
    return sum(heard(person, "offer_again") for person in people)
