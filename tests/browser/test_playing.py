"""What comes of a partner is played: the sound without a picture, and all of it after a pause."""

from collections.abc import Awaitable, Callable

import pytest

from tests.browser.conftest import Arrive, Meet
from tests.browser.server import Server
from tests.browser.visitor import Visitor, together, until

WITHOUT = """
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        if (wanted.%s) throw new DOMException("none for tests", "NotFoundError");
        return real(wanted);
    };
"""
# A phone call: what plays is paused, and nothing plays before it is over.
CALLED = """
    const play = HTMLMediaElement.prototype.play;
    window.call = { isOn: false, tries: 0 };
    HTMLMediaElement.prototype.play = async function () {
        if (!window.call.isOn) return play.call(this);
        window.call.tries += 1;
        throw new DOMException("none for tests", "AbortError");
    };
"""
ELEMENTS = "['remote', 'sound', 'local'].map((id) => document.getElementById(id))"
PAUSE = f"{ELEMENTS}.forEach((element) => element.pause())"
UNMUTE = f"{ELEMENTS}.forEach((e) => e.srcObject.getTracks()[0].dispatchEvent(new Event('unmute')))"
PLAYING = f"{ELEMENTS}.map((element) => !element.paused)"


async def plays(person: Visitor) -> None:
    """Wait until everything plays."""
    await until(lambda: person.page.evaluate(PLAYING), all)


@pytest.mark.parametrize("kind", ["its camera off", "no camera"])
async def test_a_first_partner_without_a_camera_is_heard(
    server: Server, arrive: Arrive, kind: str
) -> None:
    spell = WITHOUT % "video" if kind == "no camera" else ""
    anna, berta = await together(arrive(server, spell=spell), arrive(server))
    if not spell:
        await anna.press("Turn camera off")
    start = "Start with sound only" if spell else "Start"
    await together(anna.press(start), berta.press("Start"))
    await berta.sees_marks("Their camera is off")
    await until(berta.look, lambda now: now.audioEnergy > 0)
    await plays(berta)


async def test_a_first_partner_without_a_microphone_is_seen(server: Server, arrive: Arrive) -> None:
    anna, berta = await together(arrive(server, spell=WITHOUT % "audio"), arrive(server))
    await together(anna.press("Start without sound"), berta.press("Start"))
    await berta.sees_marks("Their microphone is muted")
    await until(berta.look, lambda now: now.visible and now.presented > 10)


async def test_the_volume_and_the_silence_between_partners_are_the_sounds(meet: Meet) -> None:
    anna, berta = await meet()
    await anna.key("ArrowDown", "ArrowDown")
    sound = "(({ volume, muted }) => [volume, muted])(document.getElementById('sound'))"
    await until(lambda: anna.page.evaluate(sound), lambda seen: seen == [0.8, False])
    await berta.press("Stop")
    await until(lambda: anna.page.evaluate(sound), lambda seen: seen == [0.8, True])


async def test_the_chosen_speaker_gets_the_sound(server: Server, arrive: Arrive) -> None:
    spell = """
        window.asked = [];
        HTMLMediaElement.prototype.setSinkId = async function (id) {
            window.asked.push([this.id, id]);
        };
    """
    anna = await arrive(server, spell=spell)
    speaker = anna.page.locator("#lobby-pickers label").filter(has_text="Speaker")
    options, values = speaker.locator("option"), "all => all.map(({ value }) => value)"
    choices = await until(lambda: options.evaluate_all(values), lambda seen: len(seen) > 2)
    wanted = next(choice for choice in choices if choice not in ("", "default"))
    await speaker.locator("select").select_option(wanted)
    await until(lambda: anna.page.evaluate("asked"), lambda seen: seen == [["sound", wanted]])


async def test_what_the_system_has_paused_plays_on(meet: Meet) -> None:
    anna, _ = await meet()
    await anna.page.evaluate(PAUSE)
    await plays(anna)
    await anna.sees_somebody()


async def test_after_a_phone_call_everything_plays_at_the_next_chance(meet: Meet) -> None:
    anna, berta = await meet(options={"spell": CALLED})
    chances: dict[str, Callable[[], Awaitable[None]]] = {
        "a track that comes again": lambda: anna.page.evaluate(UNMUTE),
        "a touch": lambda: anna.page.mouse.click(5, 5),
        "a key": lambda: anna.key("Shift"),
        "the page is looked at": lambda: anna.hide(False),
    }
    for name, take in chances.items():
        await is_called(anna)
        await take()
        assert await anna.page.evaluate(PLAYING) == [True, True, True], name
    await is_called(anna)
    await berta.press("Next")
    await together(anna.sees_somebody(), berta.sees_somebody())


async def is_called(person: Visitor) -> None:
    """Have a phone call come and go, in which the page tries in vain to play on."""
    await person.page.evaluate(f"window.call = {{ isOn: true, tries: 0 }}; {PAUSE}")
    await until(lambda: person.page.evaluate("window.call.tries"), lambda tries: tries >= 3)
    assert await person.page.evaluate(PLAYING) == [False, False, False]
    await person.page.evaluate("window.call.isOn = false")
