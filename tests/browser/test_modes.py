"""Three ways to talk: each meets its own, looks like it, and two agree before it changes."""

from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.server import Server
from tests.browser.visitor import Visitor, together, until


async def choose(person: Visitor, mode: str) -> None:
    await person.page.get_by_role("radio", name=mode).check(force=True)


async def wants(person: Visitor, mode: str) -> None:
    """Ask the partner to go on like that; on a small screen the choice is behind More."""
    await person.page.locator("#mode").select_option(mode, force=True)


async def asks(person: Visitor, words: str) -> None:
    await expect(person.page.locator("#ask-text")).to_have_text(words)


async def is_in(person: Visitor, mode: str) -> None:
    await expect(person.page.locator("#call")).to_have_attribute("data-mode", mode)


async def test_two_who_write_need_no_camera_no_link_and_see_the_chat(
    server: Server, arrive: Arrive
) -> None:
    pair = anna, bert = await arrive(server), await arrive(server)
    for person in pair:
        await choose(person, "Text")
    await expect(anna.page.locator(".mirror")).to_be_hidden()
    await anna.press("Start writing")
    await anna.reads("Nobody else is")
    await bert.press("Start writing")
    await together(*(person.reads("You can write to each other.") for person in pair))
    await anna.says("Good evening")
    await bert.hears("Good evening")
    await expect(anna.page.locator("#microphone")).to_be_hidden()
    await anna.page.reload()
    await expect(anna.page.get_by_role("radio", name="Text")).to_be_checked()


async def test_two_who_talk_see_nothing_and_see_how_loud_it_is(
    server: Server, arrive: Arrive
) -> None:
    pair = _, bert = await arrive(server), await arrive(server)
    for person in pair:
        await choose(person, "Voice")
        await person.press("Start talking")
    await together(*(person.reads("You can hear each other.") for person in pair))
    for person in pair:
        await expect(person.page.locator("#self")).to_be_hidden()
        await expect(person.page.locator("#camera")).to_be_hidden()
        await expect(person.page.locator("#remote")).to_be_hidden()

    async def level() -> float:
        style = "getComputedStyle(document.querySelector('#avatar')).getPropertyValue('--level')"
        return float(await bert.page.evaluate(style) or 0)

    await until(level, lambda loud: loud > 0)


async def test_nothing_changes_before_the_partner_has_agreed(
    server: Server, arrive: Arrive
) -> None:
    pair = anna, bert = await arrive(server), await arrive(server)
    for person in pair:
        await choose(person, "Text")
        await person.press("Start writing")
    await together(*(person.reads("You can write to each other.") for person in pair))
    await wants(anna, "video")
    await asks(anna, "Your partner is being asked…")
    await asks(bert, "Your partner would like to talk by video.")
    await is_in(bert, "text")
    await bert.press("No")
    await anna.reads("Your partner would rather go on as it is.")
    await is_in(anna, "text")
    await wants(anna, "video")
    await bert.press("Yes")
    await together(*(is_in(person, "video") for person in pair))
    await together(*(person.sees_somebody() for person in pair))
    await wants(bert, "voice")
    await anna.press("Yes")
    await together(*(is_in(person, "voice") for person in pair))
    for person in pair:
        await expect(person.page.locator("#remote")).to_be_hidden()


async def test_what_many_look_for_is_offered_as_it_is_written(
    server: Server, arrive: Arrive
) -> None:
    anna = await arrive(server)
    frame = '{"type": "around", "interests": ["<b>tea</b>", "a\\u202eb"], "looking": {"text": 3}}'
    await anna.page.route_web_socket("**/ws*", lambda socket: answered(socket, frame))
    await anna.page.reload()
    await anna.page.get_by_role("button", name="<b>tea</b>").click()
    await expect(anna.page.locator("#interest-list")).to_contain_text("<b>tea</b>")
    await expect(anna.page.get_by_role("button", name="a⟦U+202E⟧b")).to_be_visible()
    await expect(anna.page.locator("#looking-text")).to_have_text("Looking: 3")


def answered(socket: object, frame: str) -> None:
    """Whoever looks around is told that; all else goes its way."""
    there = socket.connect_to_server()  # type: ignore[attr-defined]

    def pass_on(message: str) -> None:
        if '"look_around"' in message:
            socket.send(frame)  # type: ignore[attr-defined]
        else:
            there.send(message)

    socket.on_message(pass_on)  # type: ignore[attr-defined]
