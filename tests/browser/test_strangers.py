"""Reports, blocks and blurred pictures, as people meet them."""

import json
import re
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import DEVNULL
from pathlib import Path

from playwright.async_api import expect

from tests.browser.axe import violations
from tests.browser.conftest import Arrive, Meet, StartServer
from tests.browser.server import RELAY, ROOT, SERVE_STRICT, Server
from tests.browser.visitor import NOT_REACHED, Visitor, heard, together, until
from tests.support.scoring import saying

BLURS = """
    if (!localStorage["relay.settings"])
        localStorage["relay.settings"] = JSON.stringify({ blur: "%s" });
"""
ARRIVED = "Your report has arrived. You will not meet this person again."


def rooms(person: Visitor) -> list[str]:
    """The rooms that somebody was in, in order."""
    messages = [json.loads(frame) for frame in person.received]
    return [each["roomId"] for each in messages if each["type"] == "partner_found"]


def reports(server: Server) -> list[tuple[str, str]]:
    """The reason and the room of every report that has arrived."""
    return re.findall(r"event=report_received .*?reason=(\w+).*? room=(\w+)", server.log)


async def has_arrived(server: Server, reason: str, room: str) -> None:
    async def look() -> list[tuple[str, str]]:
        return reports(server)

    await until(look, lambda seen: (reason, room) in seen)


async def test_whoever_is_reported_is_left_at_once_and_never_met_again(
    server: Server, meet: Meet, arrive: Arrive
) -> None:
    anna, berta = await meet()
    await anna.press("Report or block")
    dialog = anna.page.get_by_role("dialog", name="Report somebody")
    await expect(dialog).to_contain_text("The person you are talking with.")
    assert await violations(anna.page) == []
    await anna.page.get_by_label("Anything to add?").fill("<b>was unkind</b>")
    await anna.press("Hate")
    await expect(dialog).to_be_hidden()
    news = anna.page.get_by_role("log", name="News")
    await expect(news).to_contain_text(ARRIVED)
    assert await violations(anna.page) == []
    await berta.reads("Your partner left.")
    assert "report" not in str(berta.received), "who is reported learns nothing of it"
    await has_arrived(server, "hate", rooms(anna)[0])
    carla = await arrive(server)
    await carla.press("Start")
    # The two wait, and not for each other.
    await carla.sees_somebody()
    assert len(rooms(anna)) + len(rooms(berta)) == 3
    await news.get_by_role("button", name="Close").click()
    await expect(news).to_be_empty()


async def test_with_the_keyboard_alone_and_back_to_where_one_was(
    server: Server, meet: Meet
) -> None:
    anna, _ = await meet()
    dialog = anna.page.get_by_role("dialog", name="Report somebody")
    await anna.page.locator("#stop").focus()
    await anna.key("r")
    await expect(anna.page.get_by_role("heading", name="Report somebody")).to_be_focused()
    await anna.key("Escape")
    await expect(dialog).to_be_hidden()
    await expect(anna.page.locator("#stop")).to_be_focused()
    await anna.key("r", "Enter")
    await expect(dialog).to_be_visible()  # whoever presses too soon has reported nobody
    await anna.key("Tab")
    await anna.page.keyboard.type("rrr")
    await anna.key("Tab", "Tab", "Enter")
    await expect(dialog).to_be_hidden()
    await has_arrived(server, "minor", rooms(anna)[0])
    await expect(anna.page.locator("#stop")).to_be_focused()
    await anna.key("?")
    await expect(anna.page.get_by_role("dialog", name="Keys")).to_contain_text("Report or block")


async def test_who_has_gone_can_be_reported_and_nobody_else_is(
    server: Server, meet: Meet, arrive: Arrive
) -> None:
    anna, berta = await meet()
    carla = await arrive(server)
    await carla.press("Start")
    await carla.reads("Looking for someone…")
    await anna.press("Next")
    await together(anna.sees_somebody(), carla.sees_somebody())
    await expect(anna.page.get_by_text("Report the last person").first).to_be_hidden()
    await anna.key("r")
    await expect(anna.page.get_by_label("This person")).to_be_checked()
    assert await violations(anna.page) == []
    await anna.page.get_by_label("The one before").check()
    await expect(anna.page.locator("#report-about")).to_contain_text("The person you met before.")
    await anna.press("Threat")
    await has_arrived(server, "threat", rooms(anna)[0])
    await together(anna.sees_somebody(), carla.sees_somebody())
    await berta.press("Stop")
    # The form is about whom it was opened for, whoever goes and comes meanwhile.
    await anna.key("r")
    await carla.press("Stop")
    await expect(anna.page.locator("#report-about")).to_contain_text("The person you met before.")
    dora = await arrive(server)
    await dora.press("Start")
    await together(anna.sees_somebody(), dora.sees_somebody())
    await anna.press("Spam or a bot")
    await has_arrived(server, "spam", rooms(anna)[1])
    await together(anna.sees_somebody(), dora.sees_somebody())
    assert len(rooms(anna)) == 3


async def test_after_stop_the_last_one_can_be_reported_and_nobody_is_looked_for(
    server: Server, meet: Meet
) -> None:
    anna, _ = await meet()
    await anna.press("Stop")
    await anna.press("Report the last person")
    await anna.press("Something else")
    await has_arrived(server, "other", rooms(anna)[0])
    await expect(anna.page.get_by_role("log", name="News")).to_contain_text(ARRIVED)
    await expect(anna.page.get_by_role("button", name="Start", exact=True)).to_be_focused()
    await expect(anna.page.get_by_text("Report the last person").first).to_be_hidden()
    await anna.reads("Meet someone new")


async def test_a_block_parts_two_without_a_report(server: Server, meet: Meet) -> None:
    anna, berta = await meet()
    before = len(reports(server))
    await anna.press("Report or block")
    await anna.press("Block without reporting")
    await berta.reads("Your partner left.")
    news = anna.page.get_by_role("log", name="News")
    await expect(news).to_contain_text("Blocked. You will not meet this person again.")
    assert len(reports(server)) == before


async def sees_blurred(person: Visitor, words: str, timeout_s: float = 20) -> None:
    text = person.page.locator("#veil-text")
    await expect(text).to_have_text(re.compile(words), timeout=timeout_s * 1000)
    style = "video => getComputedStyle(video).filter"
    assert "blur(" in await person.page.locator("#remote").evaluate(style)
    await expect(person.page.locator("#pip")).to_be_disabled()
    await person.key("p")
    assert await person.page.evaluate("document.pictureInPictureElement") is None


async def sees_clearly(person: Visitor) -> None:
    style = "video => getComputedStyle(video).filter"
    remote = person.page.locator("#remote")
    await until(lambda: remote.evaluate(style), lambda used: used == "none")
    await expect(person.page.locator("#veil-text")).to_be_empty()
    await expect(person.page.get_by_role("button", name="Show", exact=True)).to_be_hidden()
    await expect(person.page.locator("#pip")).to_be_enabled()


async def test_pictures_are_blurred_until_both_have_pressed_show(
    server: Server, meet: Meet
) -> None:
    anna, berta = await meet(options={"spell": BLURS % "both"}, other={"spell": BLURS % "both"})
    await together(*(sees_blurred(each, "until you both press Show") for each in (anna, berta)))
    assert await violations(anna.page) == []
    await anna.press("Show")
    await sees_blurred(anna, "Waiting until they press Show, too")
    await sees_blurred(berta, "until you press Show")
    await berta.press("Show")
    await together(sees_clearly(anna), sees_clearly(berta))
    await together(anna.sees_somebody(), berta.sees_somebody())


async def test_for_a_moment_by_the_settings_and_only_for_who_wants_it(
    server: Server, meet: Meet
) -> None:
    anna, berta = await meet()
    await together(sees_clearly(anna), sees_clearly(berta))
    await anna.page.locator(".controls [data-opens=settings]").click()
    settings = anna.page.get_by_role("dialog", name="Settings")
    blur = settings.get_by_role("combobox", name="Blur each new partner")
    await blur.select_option("For 3 seconds")
    await settings.get_by_role("button", name="Close").click()
    await sees_clearly(anna)  # nobody is hidden whom one sees
    await anna.press("Next")
    await sees_blurred(anna, "for a moment")
    await sees_clearly(berta)
    await sees_clearly(anna)

    async def shown() -> int:
        return heard(berta, "shown")

    await until(shown, lambda count: count == 1)
    await anna.page.reload()
    await anna.press("Return")
    await expect(anna.page.locator("#blur")).to_have_value("brief")


async def test_a_block_holds_after_a_reload_until_it_is_undone(
    start_server: StartServer, meet: Meet
) -> None:
    server = await start_server(program=SERVE_STRICT)
    anna, berta = await meet(server)
    await anna.key("r")
    await anna.press("Block without reporting")
    await anna.press("Stop")
    await anna.page.reload()
    await anna.press("Start")
    await together(*(person.reads("Looking for someone…") for person in (anna, berta)))
    await anna.page.locator(".controls [data-opens=settings]").click()
    blocks = anna.page.get_by_role("region", name="Blocked people")
    await expect(blocks.get_by_role("listitem")).to_have_count(1)
    assert await violations(anna.page) == []
    assert len(rooms(anna)) == 1, "who is blocked is not met"
    await blocks.get_by_role("button", name="Undo").click()
    await expect(blocks).to_be_hidden()
    await anna.key("Escape")
    await anna.page.reload()  # it holds from the next visit on
    await anna.press("Start")
    await together(anna.sees_somebody(), berta.sees_somebody())


async def test_a_server_that_keeps_evidence_says_so_before_anybody_agrees(
    start_server: StartServer, arrive: Arrive, tmp_path: Path
) -> None:
    data = ("--data-dir", str(tmp_path / "data"))
    key = ("--out", str(tmp_path / "key.pem"))
    init = (sys.executable, *RELAY, "evidence", "init", *key, *data)
    made = await create_subprocess_exec(*init, cwd=ROOT, stdout=DEVNULL)
    assert await made.wait() == 0
    server = await start_server(*data, "--start-blurred")
    anna = await arrive(server)
    anna.expected_complaints = NOT_REACHED
    await anna.reads("Meet someone new")
    await server.stop()
    server = await start_server(*data, "--evidence", "--start-blurred")
    berta = await arrive(server, agree=False)
    kept = berta.page.get_by_text("its last pictures and its chat are kept, encrypted")
    await expect(kept).to_be_visible()
    await berta.press("I am 18 or older and agree")
    await berta.page.reload()
    await berta.reads("Meet someone new")
    await expect(kept).to_be_hidden()
    # Who has agreed to the text alone, on another day, is asked again.
    settings = "(kept) => localStorage.setItem('relay.settings', kept)"
    alone = await anna.page.evaluate("localStorage.getItem('relay.settings')")
    await berta.page.evaluate(settings, alone)
    await berta.page.reload()
    await expect(kept).to_be_visible()
    await berta.press("I am 18 or older and agree")
    carla = await arrive(server)
    await together(*(person.press("Start") for person in (berta, carla)))
    await together(*(sees_blurred(each, "until you both press Show") for each in (berta, carla)))
    await berta.key("r")
    form = berta.page.get_by_role("dialog", name="Report somebody")
    await expect(form).to_contain_text(
        "The last pictures and the chat go to the operators with it."
    )


async def test_what_a_program_takes_for_nudity_is_blurred_with_the_reason(
    start_server: StartServer, meet: Meet, tmp_path: Path
) -> None:
    command = ("--classify-command", saying(tmp_path, "0.99"))
    looks = ("--classify", "--classify-every-s", "0.5", *command)
    server = await start_server(*looks)
    anna, berta = await meet(server)
    for person in (anna, berta):
        await sees_blurred(person, "a program thinks it shows this: Nudity or sex", 120)
    assert await violations(anna.page) == []
    await anna.press("Show anyway")
    await sees_clearly(anna)
    await sees_blurred(berta, "a program thinks it shows this")
