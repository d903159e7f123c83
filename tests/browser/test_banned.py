"""Who is banned or warned, and who has to work or to wait before it is let in."""

import re

from playwright.async_api import expect

from tests.browser.axe import violations
from tests.browser.conftest import Arrive, Meet, StartServer
from tests.browser.opening import open_page
from tests.browser.server import SERVE_STRICT
from tests.browser.visitor import REFUSED, Visitor, together, until


async def report_berta(anna: Visitor, words: str) -> None:
    await anna.key("r")
    await anna.page.get_by_label("Anything to add?").fill(words)
    await anna.press("Nudity or sex")


async def test_a_banned_person_is_told_why_and_appeals_and_comes_back(
    start_server: StartServer, meet: Meet, arrive: Arrive
) -> None:
    server = await start_server(program=SERVE_STRICT)
    anna, berta = await meet(server)
    berta.expected_complaints = REFUSED
    await report_berta(anna, "ban")
    screen = berta.page.get_by_role("region", name="You have been banned")
    await expect(screen).to_contain_text("For ever.")
    await expect(screen).to_contain_text("The reason: Nudity or sex.")
    # What operators write is text, and nothing in it turns round what is read.
    await expect(screen).to_contain_text("No <b>such</b> thing⟦U+202E⟧ here.")
    await expect(berta.page.get_by_role("heading", name="You have been banned")).to_be_focused()
    await expect(berta.page.locator("#lobby")).to_be_hidden()
    live = "spy.tracks.filter((track) => track.readyState === 'live').length"
    assert await berta.page.evaluate(live) == 0
    assert await violations(berta.page) == []
    news = anna.page.get_by_role("log", name="News")
    await expect(news).to_contain_text("(Nudity or sex): the person was banned. Thank you.")
    await berta.page.reload()
    await expect(screen).to_contain_text("For ever.")
    appeal = berta.page.get_by_label("Why should they look again?")
    await appeal.fill("<i>please lift it</i>")
    await berta.page.keyboard.press("Tab")
    await berta.page.keyboard.press("Enter")
    await expect(screen).to_contain_text("Your appeal has arrived.")
    await expect(berta.page.locator("#appeal-state")).to_be_focused()
    await expect(berta.page.locator("#appeal-words")).to_have_text("<i>please lift it</i>")
    assert await violations(berta.page) == []
    await berta.page.reload()  # rather than to wait for a minute until the page asks
    await berta.reads("Meet someone new")
    await expect(screen).to_be_hidden()
    carla = await arrive(server)
    await together(berta.press("Start"), carla.press("Start"), anna.press("Stop"))
    await together(berta.sees_somebody(), carla.sees_somebody())


async def test_an_appeal_that_is_refused_is_answered_and_is_the_only_one(
    start_server: StartServer, meet: Meet
) -> None:
    server = await start_server(program=SERVE_STRICT)
    anna, berta = await meet(server)
    berta.expected_complaints = REFUSED
    await report_berta(anna, "ban")
    other = await berta.page.context.new_page()  # the same visitor, in another tab
    await open_page(other, server.url)
    await expect(other.locator("#banned-until")).to_have_text("For ever.")
    await berta.page.get_by_label("Why should they look again?").fill("refuse it")
    await berta.press("Send the appeal")
    await expect(berta.page.locator("#appeal-state")).to_have_text(re.compile("arrived"))
    await other.get_by_label("Why should they look again?").fill("once more")
    await other.get_by_role("button", name="Send the appeal").click()
    await expect(other.locator("#appeal-state")).to_have_text("Your appeal was refused.")
    await expect(other.locator("#appeal-answer")).to_have_text("We have looked.")
    await expect(other.locator("#appeal-words")).to_have_text("refuse it")
    await expect(other.get_by_role("button", name="Send the appeal")).to_be_hidden()


async def test_when_a_ban_ends_the_page_comes_back_by_itself(
    start_server: StartServer, meet: Meet
) -> None:
    server = await start_server(program=SERVE_STRICT)
    anna, berta = await meet(server)
    berta.expected_complaints = REFUSED
    await report_berta(anna, "ban 8")
    await expect(berta.page.locator("#banned-left")).to_have_text(re.compile(r"^\d seconds? left"))
    await berta.reads("Meet someone new")
    await expect(berta.page.get_by_role("log", name="News")).to_contain_text("Your ban is over.")


async def test_a_warning_has_to_be_taken_notice_of(start_server: StartServer, meet: Meet) -> None:
    server = await start_server(program=SERVE_STRICT)
    anna, berta = await meet(server)
    berta.expected_complaints = REFUSED
    await report_berta(anna, "warn")
    warning = berta.page.get_by_role("alertdialog", name="A warning")
    await expect(warning).to_contain_text("The reason: Nudity or sex.")
    assert await violations(berta.page) == []
    await berta.key("Escape", "Escape")
    await expect(warning).to_be_visible()
    await warning.get_by_role("button", name="I understand").click()
    await expect(warning).to_be_hidden()
    news = anna.page.get_by_role("log", name="News")
    await expect(news).to_contain_text("the person was warned. Thank you.")


async def test_who_comes_too_often_works_for_it_and_then_waits(
    start_server: StartServer, arrive: Arrive
) -> None:
    server = await start_server("--arrivals-per-minute-visitor", "1")
    anna = await arrive(server)
    anna.expected_complaints = REFUSED
    workers: list[str] = []
    anna.page.on("worker", lambda worker: workers.append(worker.url))
    start = anna.page.get_by_role("button", name="Start", exact=True)

    async def is_let_in() -> None:
        await start.click()
        await anna.reads("Looking for someone…")

    await is_let_in()
    assert workers == []
    await anna.page.reload()
    await is_let_in()
    assert workers == [f"{server.url.rstrip('/')}/vendor/altcha/pbkdf2.js"]
    for _ in range(6):
        await anna.page.reload()
        await start.click()
        seen = await until(anna.words, lambda seen: re.search("Looking for|too many", seen))
        if "too many" in seen:  # beyond the hard limit no work helps
            break
    assert "There are too many connections from you or your network Trying again in" in seen
