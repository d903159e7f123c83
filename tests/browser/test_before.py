"""Before the call: the rules, the devices and what is wrong with them, the interests."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Route, expect

from tests.browser.conftest import Arrive, Meet
from tests.browser.server import Server
from tests.browser.visitor import Visitor, together, until

NO_DEVICE = """
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    const without = %s;  // kinds, and what the browser says of them
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        for (const kind of Object.keys(wanted)) {
            if (without[kind]) throw new DOMException("none for tests", without[kind]);
        }
        return real(wanted);
    };
    window.plugIn = (kind) => {
        delete without[kind];
        navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    };
    const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
    navigator.mediaDevices.enumerateDevices = async () =>
        (await list()).filter((device) => !without[device.kind.replace("input", "")]);
"""


async def test_nobody_comes_in_without_agreeing_once(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server, agree=False)
    welcome = anna.page.get_by_role("dialog", name="Welcome")
    await expect(welcome).to_contain_text("Be kind.")
    await anna.key("Escape", "Escape")
    await expect(welcome).to_be_visible()
    assert await anna.page.evaluate("spy.tracks.length") == 0
    await anna.press("I am 18 or older and agree")
    await expect(welcome).to_be_hidden()
    await until(lambda: anna.page.evaluate("spy.tracks.length"), lambda count: count == 2)
    await anna.page.reload()
    await anna.reads("Meet someone new")
    await expect(anna.page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    await expect(welcome).to_be_hidden()


NO_RULES: dict[str, Callable[[Route], Awaitable[None]]] = {
    "the server is not reached": lambda route: route.abort(),
    "the server has trouble": lambda route: route.fulfill(status=502, body="Bad gateway"),
    "there is none": lambda route: route.fulfill(content_type="text/plain", body="\n"),
    "a portal answers": lambda route: route.fulfill(content_type="text/html", body="<p>Log in!"),
}


@pytest.mark.parametrize("trouble", NO_RULES)
async def test_rules_that_did_not_come_cannot_be_agreed_to(
    server: Server, chromium: Browser, trouble: str
) -> None:
    async with await chromium.new_context(locale="en-GB") as context:
        await context.route("**/welcome.txt", NO_RULES[trouble])
        anna = await Visitor.arrive(context, server.url, agree=False)
        welcome = anna.page.get_by_role("dialog", name="Welcome")
        agree = anna.page.get_by_role("button", name="I am 18 or older and agree")
        await expect(welcome).to_contain_text("The rules could not be loaded.")
        await expect(agree).to_be_hidden()
        await anna.key("Escape", "Escape")
        await anna.press("Try again")
        await expect(anna.page.get_by_role("button", name="Try again")).to_be_enabled()
        await expect(welcome).to_contain_text("The rules could not be loaded.")
        assert await anna.page.evaluate("localStorage.length") == 0
        await context.unroute("**/welcome.txt")
        await anna.press("Try again")
        await expect(welcome).to_contain_text("Be kind.")
        await expect(anna.page.get_by_role("heading", name="Welcome")).to_be_focused()
        await agree.click()
        await expect(welcome).to_be_hidden()


async def test_the_preview_shows_oneself_and_how_loud_one_is(
    server: Server, arrive: Arrive
) -> None:
    anna = await arrive(server)
    preview = anna.page.locator("#preview")
    await until(lambda: preview.evaluate("video => video.videoWidth"), lambda width: width > 0)
    meter = anna.page.get_by_role("meter", name="Microphone level")
    await until(lambda: meter.evaluate("meter => meter.value"), lambda level: level > 0.2)
    await anna.press("Mute microphone")
    await until(lambda: meter.evaluate("meter => meter.value"), lambda level: level == 0)
    await anna.press("Turn camera off")
    await expect(anna.page.locator("#preview-off")).to_have_text("Your camera is off")
    live = "spy.tracks.filter((t) => t.readyState === 'live').length"
    await until(lambda: anna.page.evaluate(live), lambda count: count == 1)


async def test_devices_are_chosen_and_remembered(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server)
    camera = anna.page.locator("#lobby").get_by_role("combobox", name="Camera")
    await expect(camera.locator("option")).to_have_count(3)
    await camera.select_option(index=2)
    chosen = await camera.input_value()

    async def camera_id() -> str:
        script = "spy.tracks.findLast((t) => t.kind === 'video').getSettings().deviceId"
        return str(await anna.page.evaluate(script))

    await until(camera_id, lambda used: used == chosen)
    await anna.likes("cats")
    await anna.page.reload()
    await until(lambda: anna.page.evaluate("spy.tracks.length"), lambda count: count == 2)
    assert await camera_id() == chosen
    await expect(anna.page.locator("#interest-list")).to_have_text("cats")


async def test_refused_devices_are_explained_and_can_be_tried_again(
    server: Server, arrive: Arrive, wary_chromium: Browser
) -> None:
    anna = await arrive(server, wary_chromium)
    await anna.reads("No access to camera and microphone Allow it for this page")
    await anna.page.context.grant_permissions(["camera", "microphone"])
    await anna.press("Try again")
    await anna.reads("Meet someone new")
    await anna.press("Start")
    await anna.reads("Looking for someone…")


@pytest.mark.parametrize(
    ("without", "words", "start", "marks"),
    [
        (
            '{video: "NotFoundError"}',
            "No camera found Connect one",
            "Start with sound only",
            ["Their camera is off"],
        ),
        (
            '{audio: "NotReadableError"}',
            "Your microphone is busy Another program",
            "Start without sound",
            ["Their microphone is muted"],
        ),
        (
            '{audio: "NotFoundError", video: "NotFoundError"}',
            "No camera and no microphone found",
            "Start with text only",
            ["Their microphone is muted", "Their camera is off"],
        ),
    ],
)
async def test_one_can_go_on_without(
    server: Server,
    arrive: Arrive,
    without: str,
    words: str,
    start: str,
    marks: list[str],
) -> None:
    anna, berta = await together(arrive(server, spell=NO_DEVICE % without), arrive(server))
    await anna.reads(words)
    await together(anna.press(start), berta.press("Start"))
    await together(anna.sees_somebody(), berta.reads("Connected"))
    await berta.sees_marks(*marks)
    await expect(berta.page.locator("#avatar")).to_be_visible(visible="video" in without)
    await anna.says("I can still write")
    await berta.hears("I can still write")
    if "NotFoundError" in without:  # it is plugged in during the call
        await anna.page.evaluate("plugIn('audio'); plugIn('video')")
        await together(berta.sees_marks(), berta.sees_somebody())


async def test_shared_interests_are_said(server: Server, arrive: Arrive) -> None:
    people = [await arrive(server) for _ in range(2)]
    await people[0].likes("Cats", "chess", "old films")
    await people[1].likes("cats", "gardens", "chess")
    await together(*(person.press("Start") for person in people))
    await people[0].reads("Connected You both like: ")
    words = await people[0].words()
    assert "Cats" in words
    assert "chess" in words
    assert "films" not in words


async def test_the_camera_is_explained_where_browsers_give_none(
    server: Server, arrive: Arrive
) -> None:
    spell = "Object.defineProperty(navigator, 'mediaDevices', { get: () => undefined });"
    anna = await arrive(server, spell=spell)
    await anna.reads("Camera and microphone cannot be used here Browsers give pages a camera only")
    await anna.press("Start with text only")
    await anna.reads("Looking for someone…")


async def test_a_camera_that_rests_after_stop_is_not_said_to_be_off(meet: Meet) -> None:
    anna, _ = await meet()
    await anna.press("Stop")
    await expect(anna.page.locator("#preview-off")).to_have_text("Your camera comes on with Start")
    await expect(anna.page.locator("#preview-camera")).to_have_attribute("aria-pressed", "false")
    await anna.page.locator("#preview-camera").click()
    await expect(anna.page.locator("#preview-off")).to_have_text("Your camera is off")
    await expect(anna.page.locator("#preview-camera")).to_have_attribute("aria-pressed", "true")
