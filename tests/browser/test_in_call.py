"""In the call: controls and keys, marks, oneself, and room for all of it."""

from functools import partial
from operator import ne
from typing import Any

from playwright.async_api import expect

from tests.browser.conftest import Meet
from tests.browser.visitor import Visitor, until

SIZES = [
    (320, 480),
    (320, 658),
    (360, 640),
    (390, 844),
    (568, 320),
    (740, 360),
    (768, 1024),
    (1024, 600),
    (1280, 800),
    (1339, 700),
    (1366, 680),
    (1920, 1080),
    (2560, 1440),
]

LAYOUT = """() => {
    const shown = [...document.querySelectorAll(
        "#call button, #call input, #stage, #chat, #self"
    )].filter((element) => element.checkVisibility());
    const boxes = shown.map((element) => [element.id, element.getBoundingClientRect()]);
    const outside = boxes.filter(([, { left, right, top, bottom }]) =>
        left < 0 || top < 0 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5);
    const small = boxes.filter(([id, { width, height }]) =>
        Math.min(width, height) < (id === "volume" ? 14 : 36));
    const buttons = [...document.querySelectorAll(".controls > button")]
        .filter((element) => element.checkVisibility())
        .map((element) => element.getBoundingClientRect());
    const overlapping = buttons.some((a) => buttons.some((b) =>
        a !== b && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
    const page = document.scrollingElement;
    return {
        outside: outside.map(([id]) => id),
        small: small.map(([id]) => id),
        overlapping,
        scrolls: page.scrollWidth > innerWidth || page.scrollHeight > innerHeight,
    };
}"""

ASKED = """
    window.asked = [];
    navigator.mediaDevices.getUserMedia = ({ audio, video }) => {
        window.asked.push([video.width, video.height]);
        const usual = { width: { ideal: 640 }, height: { ideal: 480 } };
        const wanted = { audio, video: { ...video, ...usual } };
        return MediaDevices.prototype.getUserMedia.call(navigator.mediaDevices, wanted);
    };
"""
"""Notes what the camera is asked for, and has it give less: still more than in other tests."""

LIMITS = """() => spy.links.map((link) => {
    const { maxFramerate, maxBitrate } = link.getSenders()[1].getParameters().encodings[0];
    return [link.localDescription.sdp, maxFramerate, maxBitrate ?? null];
})"""
"""Of each link: what was negotiated, and what the picture may take."""

FITS = {"outside": [], "small": [], "overlapping": False, "scrolls": False}


async def fits(person: Visitor) -> None:
    """Wait until all is laid out, whole and large enough."""

    async def look() -> dict[str, Any]:
        page = person.page
        found: dict[str, Any] = await page.evaluate(LAYOUT)
        return found | {
            "of": await page.evaluate("[document.dir, innerWidth, innerHeight].join(' ')")
        }

    await until(look, lambda seen: FITS.items() <= seen.items())


async def test_everything_fits_on_every_screen(meet: Meet) -> None:
    anna, _ = await meet(options={"has_touch": True})
    for direction in ("ltr", "rtl"):
        await anna.page.evaluate("(dir) => { document.documentElement.dir = dir; }", direction)
        for width, height in SIZES:
            await anna.page.set_viewport_size({"width": width, "height": height})
            await fits(anna)
            more = anna.page.get_by_role("button", name="More")
            if await more.is_visible():
                await more.click()
                await fits(anna)
                await more.click()


async def test_mute_and_camera_off_show_on_the_other_side(meet: Meet) -> None:
    anna, berta = await meet()
    await anna.press("Mute microphone")
    await berta.sees_marks("Their microphone is muted")
    await anna.press("Turn camera off")
    await berta.sees_marks("Their microphone is muted", "Their camera is off")
    await expect(berta.page.locator("#avatar")).to_be_visible()
    assert not (await berta.look()).visible
    live = "spy.tracks.filter((t) => t.readyState === 'live').map((t) => t.kind)"
    await until(lambda: anna.page.evaluate(live), lambda kinds: kinds == ["audio"])
    await anna.press("Turn camera on")
    await anna.press("Unmute microphone")
    await berta.sees_marks()
    await berta.sees_somebody()


async def test_keys_do_what_the_buttons_do(meet: Meet) -> None:
    anna, berta = await meet()
    camera = "spy.tracks.findLast((t) => t.kind === 'video').getSettings().deviceId"
    first = await anna.page.evaluate(camera)
    await anna.key("m")
    await berta.sees_marks("Their microphone is muted")
    await anna.key("m", "c")
    await berta.sees_marks("Their camera is off")
    await anna.key("c")
    await berta.sees_marks()
    for _ in range(2):
        before = await anna.page.evaluate(camera)
        await anna.key("s")
        await until(lambda: anna.page.evaluate(camera), partial(ne, before))
    assert await anna.page.evaluate(camera) != first
    await berta.sees_somebody()

    await anna.key("ArrowDown", "ArrowDown")
    sound = anna.page.locator("#sound")
    await until(lambda: sound.evaluate("audio => audio.volume"), lambda v: abs(v - 0.8) < 0.01)
    await anna.key("i")
    await expect(anna.page.locator("#figures")).to_be_visible()
    await anna.key("i")
    await expect(anna.page.locator("#figures")).to_be_hidden()
    await anna.key("f")
    await until(lambda: anna.page.evaluate("document.fullscreenElement !== null"), bool)
    await anna.page.evaluate("document.exitFullscreen()")

    await anna.key("/")
    await anna.page.keyboard.type("mcq?")  # letters, while one writes
    await expect(anna.page.get_by_label("Message", exact=True)).to_have_value("mcq?")
    await expect(anna.page.get_by_role("button", name="Mute microphone")).to_be_visible()


async def test_esc_twice_is_next_and_once_is_not(meet: Meet) -> None:
    anna, berta = await meet()
    await anna.key("Escape")
    await anna.reads("Press Esc again for the next person.")
    await anna.reads("Connected")
    await until(anna.words, lambda seen: "Press Esc" not in seen)
    await berta.reads("Connected")
    assert not [frame for frame in berta.received if "partner_left" in frame]
    await anna.key("Escape", "Escape")

    async def heard() -> list[str]:
        return [frame for frame in berta.received if "partner_left" in frame]

    await until(heard, bool)
    await anna.sees_somebody()
    await anna.key("q")
    await anna.reads("Meet someone new")


async def test_the_help_panel_names_every_key_and_can_switch_them_off(meet: Meet) -> None:
    anna, berta = await meet()
    await anna.key("?")
    panel = anna.page.get_by_role("dialog", name="Keys")
    keys = await panel.locator("kbd").all_inner_texts()
    assert keys == ["Esc", "Esc", "Q", "M", "C", "S", "↑", "↓", "P", "F", "/", "I", "A", "R", "?"]
    await panel.get_by_role("switch", name="Use single letters as keys").uncheck()
    await anna.press("Close")
    await anna.key("q", "m")
    await anna.says("still here")
    await berta.hears("still here")
    await berta.sees_marks()


async def test_picture_in_picture_is_asked_for(meet: Meet) -> None:
    spell = """
        window.asked = [];
        HTMLVideoElement.prototype.requestPictureInPicture = async function () {
            window.asked.push(this.id);
        };
    """
    anna, _ = await meet(options={"spell": spell})
    await anna.press("Picture in picture")
    await anna.key("p")
    asked = ["remote", "remote"]
    await until(lambda: anna.page.evaluate("asked"), lambda so_far: so_far == asked)


async def test_oneself_is_moved_out_of_the_way(meet: Meet) -> None:
    anna, _ = await meet()
    await moves_by_keys(anna)
    me, stage = anna.page.locator("#self"), anna.page.locator("#stage")
    mine, room = await me.bounding_box(), await stage.bounding_box()
    assert mine
    assert room
    await anna.page.mouse.move(mine["x"] + 20, mine["y"] + 20)
    await anna.page.mouse.down()
    await anna.page.mouse.move(room["x"] + room["width"] - 30, room["y"] + room["height"] - 30)
    await anna.page.mouse.up()
    await expect(me).to_have_attribute("data-corner", "bottom-end")
    transform = await anna.page.locator("#local").evaluate("v => getComputedStyle(v).transform")
    assert transform.startswith("matrix(-1,")  # as in a mirror


async def moves_by_keys(anna: Visitor) -> None:
    me = anna.page.locator("#self")
    await me.focus()
    for key, corner in (
        ("ArrowUp", "top-end"),
        ("ArrowLeft", "top-start"),
        ("ArrowDown", "bottom-start"),
        ("ArrowRight", "bottom-end"),
        ("ArrowUp", "top-end"),
    ):
        await anna.key(key)
        await expect(me).to_have_attribute("data-corner", corner)


async def test_who_does_not_search_on_rests_until_next(meet: Meet) -> None:
    anna, berta = await meet()
    await anna.press("Settings")
    await anna.page.get_by_role("switch", name="Keep looking when somebody leaves").uncheck()
    await anna.press("Close")
    await berta.press("Next")
    await anna.reads("Your partner left. Ready when you are Press Next to meet someone else.")
    await berta.reads("Looking for someone…")
    await anna.press("Next")
    await anna.sees_somebody()


async def test_saving_data_makes_the_picture_smaller_and_interrupts_nothing(meet: Meet) -> None:
    anna, berta = await meet(options={"spell": ASKED})
    ((before, *_),) = await anna.page.evaluate(LIMITS)
    await anna.press("Settings")
    await anna.page.get_by_role("switch", name="Save data: send a smaller picture").check()

    async def limits() -> list[list[Any]]:
        found: list[list[Any]] = await anna.page.evaluate(LIMITS)
        return found

    await until(limits, lambda seen: seen[0][2] == 300_000)
    assert [(sdp == before, pictures <= 15) for sdp, pictures, _ in await limits()] == [
        (True, True)
    ]
    await until(berta.look, lambda seen: 0 < seen.width <= 480)
    await berta.sees_somebody()
    assert await anna.page.evaluate("asked") == [[{"ideal": 1280}, {"ideal": 720}]]
    kept = "JSON.parse(localStorage.getItem('relay.settings')).saver"
    assert await anna.page.evaluate(kept) == "on"
