"""Two who know each other: an invitation's link, meeting again, being told when somebody comes."""

import re
from collections.abc import Awaitable, Callable

from playwright.async_api import Page

from tests.browser.conftest import Arrive, Meet
from tests.browser.server import Server
from tests.browser.visitor import Visitor, heard, together, until

NOTIFIED = """() => {
    window.notified = [];
    window.Notification = class {
        static permission = "default";
        static requestPermission = async () => (window.asked = true, "granted");
        constructor(text) { window.notified.push(text); }
        close() {}
    };
}"""


async def link_of(page: Page) -> str:
    """The link in the window that is open, once it is there."""
    link = page.locator("#invitation > input")
    await until(link.input_value, lambda url: "/with/" in url)
    return await link.input_value()


def contacts_of(visitor: Visitor) -> Callable[[], Awaitable[int]]:
    """How many the browser keeps whom one wants to meet again."""
    kept = "JSON.parse(localStorage.getItem('relay.again') ?? '[]').length"
    return lambda: visitor.page.evaluate(kept)


async def rests_with(visitor: Visitor, words: str) -> None:
    await visitor.reads(words)
    await visitor.reads("Ready when you are")


async def test_two_meet_by_a_link_which_serves_once(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server)
    await anna.page.get_by_role("button", name="Invite a friend").click()
    url = await link_of(anna.page)
    assert re.fullmatch(re.escape(server.url.rstrip("/")) + r"/with/[A-Za-z0-9_-]{40}", url)
    assert await anna.page.locator("#invitation svg path").get_attribute("d")
    await anna.page.get_by_role("button", name="Wait for them").click()
    await anna.reads("Waiting for your guest…")
    await anna.page.reload()  # as a phone does with a page that it has put away
    await anna.page.get_by_role("button", name="Show the link").click()
    assert await link_of(anna.page) == url
    await anna.page.get_by_role("button", name="Wait for them").click()
    await anna.reads("Waiting for your guest…")
    stranger = await arrive(server)
    await stranger.press("Start")
    await stranger.reads("Looking for someone…")
    bob = await arrive(server)
    await bob.page.goto(url)
    await bob.reads("You are invited")
    await bob.press("Start")
    await together(anna.sees_somebody(), bob.sees_somebody())
    assert "with=" not in bob.page.url
    assert heard(stranger, "partner_found") == 0
    late = await arrive(server)
    await late.page.goto(url)
    await late.press("Start")
    await rests_with(late, "This invitation has been used already. Ask for a new one.")
    await bob.press("Stop")
    await anna.reads("Ready when you are")
    assert heard(stranger, "partner_found") == 0, "no stranger comes in place of a friend"


async def test_a_link_that_is_made_up_is_said_to_be_and_one_may_go_on(
    server: Server, arrive: Arrive
) -> None:
    anna = await arrive(server)
    await anna.page.goto(f"{server.url.rstrip('/')}/with/made-up")
    await anna.reads("You are invited")
    await anna.press("Start")
    await rests_with(anna, "This invitation is not valid. Ask for a new one.")
    await anna.press("Next")
    await anna.reads("Looking for someone…")


async def test_two_who_both_want_to_meet_again_do(server: Server, meet: Meet) -> None:
    anna, bob = await meet(server)
    for person in (anna, bob):
        await person.page.evaluate("document.getElementById('again').click()")
    for person in (anna, bob):
        await until(contacts_of(person), lambda kept: kept == 1)
        await person.press("Stop")
        await person.page.reload()
        await person.page.locator("#contacts button").first.click()
    await together(anna.sees_somebody(), bob.sees_somebody())
    await anna.press("Stop")
    await anna.page.get_by_role("button", name="Forget: Met on").click()
    await until(contacts_of(anna), lambda kept: kept == 0)


async def test_who_looks_elsewhere_is_told_when_somebody_comes(
    server: Server, arrive: Arrive
) -> None:
    anna = await arrive(server)
    await anna.page.evaluate(NOTIFIED)
    await anna.press("Start")
    await anna.reads("Looking for someone…")
    assert not await anna.page.evaluate("window.asked"), "nobody is asked who has not pressed"
    await anna.page.get_by_role("button", name="Notify me").click()
    await until(anna.page.locator("#tell-me").text_content, lambda text: text == "You will be told")
    await anna.hide()
    bob = await arrive(server)
    await bob.press("Start")
    await until(lambda: anna.page.evaluate("window.notified"), lambda told: len(told) == 1)
    assert await anna.page.evaluate("window.notified[0]") == "Someone is here!"
    assert "Someone is here!" in await anna.page.title()
