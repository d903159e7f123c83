"""Every state, on a phone and on a desktop, in light and in dark: nothing that axe minds.

With ``RELAY_SCREENSHOTS=1`` the pictures in ``docs/screenshots`` are made on the way.
"""

import os
from pathlib import Path
from typing import Literal

from playwright.async_api import expect

from tests.browser.axe import violations
from tests.browser.conftest import Arrive, StartServer
from tests.browser.pictures import save
from tests.browser.server import SERVE_STRICT, Server
from tests.browser.visitor import NOT_REACHED, REFUSED, Visitor, together, until

SCREENSHOTS = Path(__file__).parents[2] / "docs" / "screenshots"
SIZES = {"phone": (390, 780), "desktop": (1366, 700)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

# The browser's test picture is glaring, and large as a file.
CALM = """
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await real(wanted);
        const [camera] = stream.getVideoTracks();
        if (!camera) return stream;
        camera.stop();
        const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
        const brush = canvas.getContext("2d");
        const draw = () => {
            brush.fillStyle = `hsl(220 30% 62%)`;
            brush.fillRect(0, 0, 640, 480);
            brush.fillStyle = `hsl(220 35% 36%)`;
            brush.beginPath();
            brush.ellipse(320, 500, 200, 190, 0, 0, 7);
            brush.fill();
            brush.fillStyle = "hsl(28 45% 72%)";
            brush.beginPath();
            brush.ellipse(320, 215 + 2 * Math.sin(Date.now() / 300), 92, 112, 0, 0, 7);
            brush.fill();
        };
        draw();
        setInterval(draw, 66);
        return new MediaStream([...canvas.captureStream(15).getVideoTracks(),
            ...stream.getAudioTracks()]);
    };
"""


async def shows(person: Visitor, state: str) -> None:
    """Look at a state in every size and in both schemes; end with a desktop."""
    page = person.page
    for device, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            # What fades or slides is looked at as it is before.
            await page.evaluate("document.getAnimations().forEach((moving) => moving.cancel())")
            assert await violations(page) == [], (state, device, scheme)
            if os.environ.get("RELAY_SCREENSHOTS"):
                SCREENSHOTS.mkdir(parents=True, exist_ok=True)
                path = SCREENSHOTS / f"{state}-{device}-{scheme}.png"
                save(await page.screenshot(), path)


async def test_every_state_is_for_everybody(start_server: StartServer, arrive: Arrive) -> None:
    server = await start_server("--rematch-after-s", "0", "--links-after-s", "0")
    anna = await arrive(server, agree=False, spell=CALM)
    anna.expected_complaints = NOT_REACHED
    await expect(anna.page.get_by_role("dialog", name="Welcome")).to_contain_text("Be kind.")
    await shows(anna, "welcome")
    await anna.press("I am 18 or older and agree")
    await expect(anna.page.locator("#preview-off")).to_be_empty()
    await anna.likes("music", "cats")
    await anna.press("Start")
    await anna.reads("Looking for someone…")
    await shows(anna, "searching")

    berta = await arrive(server, spell=CALM.replace("220", "165"))
    berta.expected_complaints = NOT_REACHED
    await berta.likes("cats", "films")
    await berta.press("Start")
    await together(anna.sees_somebody(), berta.sees_somebody())
    await berta.says("Hello! Where are you?")
    await anna.says("Hi! In Lisbon. And you?")
    await berta.says("In Oslo. Look: https://example.org/fjord")
    await together(*(until(each.chat, lambda seen: len(seen) == 3) for each in (anna, berta)))
    await shows(anna, "call")
    await anna.page.locator("#quality").click()
    await expect(anna.page.locator("#figure-list dt")).to_have_count(7)
    await shows(anna, "figures")
    await anna.page.locator("#quality").click()
    await anna.press("Report or block")
    await shows(anna, "report")
    await anna.press("Cancel")
    await anna.press("Settings")
    await shows(anna, "settings")
    await anna.page.get_by_role("switch", name="Keep looking when somebody leaves").uncheck()
    await anna.press("Close")
    await anna.key("?")
    await shows(anna, "keys")
    await anna.press("Close")
    await anna.page.get_by_role("link").click()
    await shows(anna, "address")
    await anna.press("Cancel")

    await berta.press("Turn camera off")
    await berta.press("Mute microphone")
    await anna.sees_marks("Their microphone is muted", "Their camera is off")
    await anna.page.set_viewport_size({"width": 390, "height": 780})
    await anna.press("More")
    await shows(anna, "muted")
    await berta.press("Stop")
    await anna.reads("Your partner left. Ready when you are")
    await shows(anna, "left")
    await server.stop()
    await anna.reads("Connection lost Trying again in")
    await shows(anna, "lost")


async def test_what_is_there_before_a_call_is_for_everybody(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server, spell=CALM)
    await expect(anna.page.locator("#preview-off")).to_be_empty()
    await anna.likes("music", "cats")
    await shows(anna, "lobby")
    await anna.press("Test my connection")
    rows = anna.page.locator("#trial-rows")
    await expect(rows).to_have_attribute("aria-busy", "false", timeout=60_000)
    await shows(anna, "tested")


async def test_what_strangers_see_of_each_other_and_of_a_ban_is_for_everybody(
    start_server: StartServer, arrive: Arrive
) -> None:
    server = await start_server(program=SERVE_STRICT)
    blurs = """localStorage["relay.settings"] ??= JSON.stringify({ blur: "both" });"""
    anna = await arrive(server, spell=CALM + blurs)
    berta = await arrive(server, spell=CALM.replace("220", "165"))
    await together(*(person.press("Start") for person in (anna, berta)))
    await together(anna.sees_somebody(), berta.sees_somebody())
    await shows(anna, "blurred")
    berta.expected_complaints = REFUSED
    await anna.key("r")
    await anna.page.get_by_label("Anything to add?").fill("ban")
    await anna.press("Nudity or sex")
    await expect(anna.page.get_by_role("log", name="News")).to_contain_text("was banned")
    await shows(anna, "outcome")
    await expect(berta.page.get_by_role("heading", name="You have been banned")).to_be_focused()
    await shows(berta, "banned")


async def test_a_problem_with_the_devices_is_for_everybody(server: Server, arrive: Arrive) -> None:
    refuse = """
        navigator.mediaDevices.getUserMedia = async () => {
            throw new DOMException("none for tests", "NotAllowedError");
        };
    """
    anna = await arrive(server, spell=refuse)
    await anna.reads("No access to camera and microphone")
    await shows(anna, "refused")
