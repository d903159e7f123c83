"""Browsers that keep nothing, that kept nonsense, that freeze a page, whose devices come and go."""

import json

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive, Meet
from tests.browser.server import Server
from tests.browser.visitor import heard, together, until

KEEPS_NOTHING = {
    "it is forbidden": """
        Object.defineProperty(window, "localStorage", {
            get() { throw new DOMException("for tests", "SecurityError"); },
        });
    """,
    "it is full": """
        Storage.prototype.setItem = () => {
            throw new DOMException("for tests", "QuotaExceededError");
        };
    """,
}
NONSENSE = {
    "mode": "smell",
    "blur": "twice",
    "language": "../../admin",
    "speaks": "<b>all</b>",
    "interests": ["<img src=x onerror=alert(1)>", "\u202egnirts", "\0"],
    "volume": 1e9,
    "agreedTo": {"toString": "x"},
}


@pytest.mark.parametrize("why", KEEPS_NOTHING)
async def test_where_nothing_is_kept_all_holds_for_this_visit(meet: Meet, why: str) -> None:
    anna, berta = await meet(options={"spell": KEEPS_NOTHING[why]})
    await anna.says("hello")
    await berta.hears("hello")
    await anna.press("Settings")
    await anna.page.get_by_role("combobox", name="Language").select_option("Español")
    await expect(anna.page.get_by_role("dialog", name="Ajustes")).to_be_visible()


async def test_what_was_kept_and_is_nonsense_is_as_if_it_had_never_been(
    server: Server, arrive: Arrive
) -> None:
    kept = json.dumps(json.dumps(NONSENSE))
    names = ("settings", "again", "left", "ways")
    spell = "".join(f'localStorage["relay.{name}"] = {kept};' for name in names)
    anna, berta = await together(arrive(server, spell=spell), arrive(server))
    await expect(anna.page.locator("#interest-list img")).to_have_count(0)
    await together(anna.press("Start"), berta.press("Start"))
    await together(anna.sees_somebody(), berta.sees_somebody())


async def test_a_page_that_was_frozen_goes_on(meet: Meet) -> None:
    anna, berta = await meet()
    devtools = await anna.page.context.new_cdp_session(anna.page)
    await devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    await berta.says("are you there?")
    await devtools.send("Page.setWebLifecycleState", {"state": "active"})
    await anna.hears("are you there?")
    await together(anna.sees_somebody(), berta.sees_somebody())
    await together(anna.reads("Connected"), berta.reads("Connected"))
    assert heard(anna, "partner_found") == 1


async def test_devices_that_change_while_they_are_listed(server: Server, arrive: Arrive) -> None:
    """The first answer, with a camera that has gone, comes after the second."""
    spell = """
        let gone = "";
        const answers = [];
        const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
        navigator.mediaDevices.enumerateDevices = async () => {
            const all = (await list()).filter(({ deviceId }) => deviceId !== gone);
            if (window.isLate) await new Promise((resolve) => answers.push(resolve));
            return all;
        };
        const tell = () => navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
        window.take = async (camera) => {
            window.isLate = true;
            tell();
            while (answers.length < 1) await new Promise((resolve) => setTimeout(resolve));
            gone = camera;
            tell();
            while (answers.length < 2) await new Promise((resolve) => setTimeout(resolve));
            answers[1]();
            await new Promise((resolve) => setTimeout(resolve));
            answers[0]();
            await new Promise((resolve) => setTimeout(resolve));
        };
    """
    anna = await arrive(server, spell=spell)
    cameras = anna.page.get_by_role("combobox", name="Camera").locator("option")

    async def listed() -> list[str]:
        values: list[str] = await cameras.evaluate_all("all => all.map(({ value }) => value)")
        return [value for value in values if value]

    before = await until(listed, lambda seen: len(seen) > 0)
    await anna.page.evaluate("(camera) => window.take(camera)", before[-1])
    await until(listed, lambda seen: seen == before[:-1])
