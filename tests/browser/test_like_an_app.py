"""On a phone like an app: installed, swiped, the sound where it belongs, pictures as one likes."""

import json

import aiohttp
from playwright.async_api import Page, expect

from tests.browser.conftest import Arrive, Meet
from tests.browser.server import Server
from tests.browser.visitor import heard, until

PHONE: dict[str, object] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
# A headset that can be taken off, a phone that trembles, a camera that can blur by itself.
HARDWARE = """
    window.seen = { sinks: [], buzzes: [], blurs: [], played: 0 };
    const setSinkId = HTMLMediaElement.prototype.setSinkId;
    HTMLMediaElement.prototype.setSinkId = async function (id) {
        if (this.id === "sound") window.seen.sinks.push(id);
    };
    navigator.vibrate = (ms) => window.seen.buzzes.push(ms);
    window.speakers = ["usual", "headset"];
    const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
    navigator.mediaDevices.enumerateDevices = async () => [
        ...(await list()).filter(({ kind }) => kind !== "audiooutput"),
        ...window.speakers.map((deviceId) => ({ kind: "audiooutput", deviceId, label: deviceId })),
    ];
    window.plug = (...ids) => {
        window.speakers = ids;
        navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    };
    MediaStreamTrack.prototype.getCapabilities = () => ({ backgroundBlur: [true, false] });
    const apply = MediaStreamTrack.prototype.applyConstraints;
    MediaStreamTrack.prototype.applyConstraints = function (wanted) {
        if ("backgroundBlur" in wanted) window.seen.blurs.push(wanted.backgroundBlur);
        return apply.call(this, wanted);
    };
    localStorage["relay.settings"] ??= JSON.stringify({ speakerId: "headset" });
"""
SWIPE = """([fromY, toY]) => {
    const stage = document.getElementById("stage");
    const at = (type, clientY) => stage.dispatchEvent(new PointerEvent(type, {
        pointerId: 7, pointerType: "touch", clientX: 180, clientY, bubbles: true, isPrimary: true,
    }));
    at("pointerdown", fromY);
    for (let y = fromY; y > toY; y -= 20) at("pointermove", y);
    at("pointermove", toY);
    at("pointerup", toY);
}"""


async def test_a_swipe_is_next_and_can_be_undone(meet: Meet) -> None:
    anna, berta = await meet(options={**PHONE, "spell": HARDWARE})
    undo = anna.page.get_by_role("button", name="Undo")
    await anna.page.evaluate(SWIPE, [400, 330])  # a finger that has slipped
    await expect(undo).to_be_hidden()
    await anna.page.evaluate(SWIPE, [500, 250])
    await anna.page.evaluate("document.getElementById('undo').click()")
    await expect(undo).to_be_hidden()
    await anna.sees_somebody()
    assert heard(berta, "partner_left") == 0

    await anna.page.evaluate(SWIPE, [500, 250])
    await expect(undo).to_be_hidden()

    async def left() -> int:
        return heard(berta, "partner_left")

    await until(left, bool)
    await anna.sees_somebody()
    buzzes = "seen.buzzes"
    await until(lambda: anna.page.evaluate(buzzes), lambda seen: seen == [60, 60])


async def test_the_sound_goes_where_the_headset_is(meet: Meet) -> None:
    anna, _ = await meet(options={**PHONE, "spell": HARDWARE})

    async def sinks() -> list[str]:
        found: list[str] = await anna.page.evaluate("seen.sinks")
        return found

    await until(sinks, lambda seen: seen == ["headset"])
    await anna.page.evaluate("plug('usual')")
    await until(sinks, lambda seen: seen == ["headset", ""])
    await anna.page.evaluate("plug('usual', 'headset')")
    await until(sinks, lambda seen: seen == ["headset", "", "headset"])


async def test_pictures_are_shown_as_one_likes_and_that_is_kept(meet: Meet) -> None:
    anna, _ = await meet(options={**PHONE, "spell": HARDWARE})
    looks = "getComputedStyle(document.getElementById('remote')).objectFit"
    mirror = "getComputedStyle(document.getElementById('local')).transform"
    assert await anna.page.evaluate(looks) == "cover"
    box = await anna.page.locator("#remote").bounding_box()
    assert box
    assert (box["width"], box["height"]) == (360, 740)
    await anna.press("More")
    await anna.press("Settings")
    settings = anna.page.get_by_role("dialog", name="Settings")
    await settings.get_by_role("switch", name="Show the whole picture").check()
    await settings.get_by_role("switch", name="Show me as in a mirror").uncheck()
    await settings.get_by_role("switch", name="Blur what is behind me").check()
    assert await anna.page.evaluate(looks) == "contain"
    assert await anna.page.evaluate(mirror) == "none"
    assert await anna.page.evaluate("seen.blurs") == [True]
    notes = await anna.page.evaluate("spy.chimes()")
    await anna.press("Test the speaker")
    await until(lambda: anna.page.evaluate("spy.chimes()"), lambda now: now == notes + 2)
    await anna.press("Close")
    await anna.page.locator("#remote").dblclick(position={"x": 180, "y": 200})
    assert await anna.page.evaluate(looks) == "cover"
    kept = json.loads(await anna.page.evaluate("localStorage['relay.settings']"))
    assert (kept["showsWhole"], kept["mirrors"], kept["blursBackground"]) == (False, False, True)
    await anna.press("Turn camera off")
    await anna.press("Turn camera on")
    await until(lambda: anna.page.evaluate("seen.blurs"), lambda seen: seen[1:] == [True])


# What Safari says of a keyboard: the page is as tall as before, and less of it is seen.
KEYBOARD = """
    const seen = new EventTarget();
    Object.assign(seen, { height: innerHeight, width: innerWidth, scale: 1 });
    Object.defineProperty(window, "visualViewport", { get: () => seen });
    window.openKeyboard = (height, scale = 1) => {
        Object.assign(seen, { height, scale });
        seen.dispatchEvent(new Event("resize"));
    };
"""


async def test_what_a_keyboard_leaves_is_used(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server, spell=KEYBOARD, **PHONE)
    await anna.press("Start")
    await anna.reads("Looking for someone")

    async def bottom(page: Page = anna.page) -> float:
        box = await page.locator("#next").bounding_box()
        assert box
        return box["y"] + box["height"]

    assert await bottom() > 700
    await anna.page.evaluate("openKeyboard(420)")
    assert 380 < await bottom() <= 420
    await anna.page.evaluate("openKeyboard(300, 2.5)")  # made larger by two fingers
    assert 380 < await bottom() <= 420
    await anna.page.evaluate("openKeyboard(740)")
    assert await bottom() > 700


async def test_the_page_can_be_installed(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server)
    href = await anna.page.locator("link[rel=manifest]").evaluate("link => link.href")
    async with aiohttp.ClientSession(server.url) as http:
        async with http.get(href) as answer:
            assert answer.content_type == "application/manifest+json"
            manifest = json.loads(await answer.text())
        for icon in manifest["icons"]:
            async with http.get(f"/{icon['src']}") as answer:
                assert (answer.status, answer.content_type) == (200, icon["type"])
                assert len(await answer.read()) < 8_000
    sizes = {icon["sizes"] for icon in manifest["icons"]}
    assert {"192x192", "512x512"} <= sizes
    assert manifest["display"] == "standalone"
    session = await anna.page.context.new_cdp_session(anna.page)
    errors = await session.send("Page.getInstallabilityErrors")
    ids = {error["errorId"] for error in errors["installabilityErrors"]}
    assert ids <= {"in-incognito"}

    install = anna.page.get_by_role("button", name="Install as an app")
    await expect(install).to_be_hidden()
    await anna.page.evaluate("""() => {
        const offer = new Event("beforeinstallprompt", { cancelable: true });
        offer.prompt = async () => { window.wasAsked = true; };
        dispatchEvent(offer);
    }""")
    await install.click()
    await until(lambda: anna.page.evaluate("window.wasAsked"), bool)
    await expect(install).to_be_hidden()
