"""The chat: typing, marks, times, what is unread, links; and that none of it is ever HTML."""

import re

from playwright.async_api import expect

from tests.browser.conftest import Arrive, Meet
from tests.browser.server import Server
from tests.browser.visitor import together, until

XSS = [
    "<script>window.xss = 1</script>",
    "<img src=x onerror='window.xss = 1'>",
    "<svg onload=window.xss=1>",
    "<svg><animate onbegin=window.xss=1 attributeName=x dur=1s>",
    "<iframe srcdoc='<script>parent.xss=1</script>'></iframe>",
    "<a href='javascript:window.xss=1'>x</a>",
    "javascript:window.xss=1",
    'https://example.org/" onmouseover="window.xss=1',
    "https://example.org/'><img src=x onerror=window.xss=1>",
    "http://javascript:window.xss=1@example.org/",
    "data:text/html,<script>window.xss=1</script>",
    "</p></div><script>window.xss=1</script>",
    "<style>@import'https://example.org/x.css';</style>",
    "<base href='https://example.org/'>",
    "<meta http-equiv=refresh content='0;url=javascript:window.xss=1'>",
    "<details open ontoggle=window.xss=1>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=window.xss=1>",
    "{{constructor.constructor('window.xss=1')()}}",
    "${window.xss=1}",
    "\u202egnp.exe <b onclick=window.xss=1>x</b>",
    "&lt;script&gt;window.xss=1&lt;/script&gt;",
    "<input autofocus onfocus=window.xss=1>",
    "__proto__",
]


async def test_typing_and_marks_and_times(meet: Meet) -> None:
    anna, berta = await meet()
    field = anna.page.get_by_label("Message", exact=True)
    await field.press_sequentially("Hel")
    await expect(berta.page.locator("#typing")).to_have_text("Your partner is typing…")
    await field.fill("")
    await expect(berta.page.locator("#typing")).to_be_empty()
    await anna.says("Hello!")
    await expect(anna.page.get_by_role("img", name="Delivered")).to_have_count(1)
    times = await together(
        *(person.page.locator("#log time").inner_text() for person in (anna, berta))
    )
    assert all(re.fullmatch(r"\d\d:\d\d", time) for time in times)


async def test_what_is_unread_shows_in_the_title_and_on_the_button(meet: Meet) -> None:
    anna, berta = await meet()
    await anna.hide()
    await berta.says("one")
    await anna.hears("one")
    await expect(anna.page).to_have_title("(1) Face to face")
    await anna.hide(False)
    await expect(anna.page).to_have_title("Face to face")
    await anna.press("Hide chat")
    await berta.says("two")
    await berta.says("three")
    await expect(anna.page.locator("#unread")).to_have_text("2")
    await anna.press("Show chat, 2 unread messages")
    await expect(anna.page.locator("#unread")).to_be_hidden()
    await anna.hears("one", "two", "three")


async def test_links_are_opened_on_purpose_only_and_without_a_trace(meet: Meet) -> None:
    anna, berta = await meet()
    target = berta.page.url + "welcome.txt"
    await anna.says(f"look: {target}, and <https://example.org/>")
    link = berta.page.get_by_role("link", name=target)
    await link.click()
    dialog = berta.page.get_by_role("dialog", name="Open this address?")
    await expect(dialog).to_contain_text(target)
    await berta.press("Cancel")
    assert len(berta.page.context.pages) == 1
    await link.click()
    async with berta.page.context.expect_page() as opened:
        await dialog.get_by_role("link", name="Open").click()
    tab = await opened.value
    await tab.wait_for_load_state()
    assert await tab.evaluate("[document.referrer, window.opener]") == ["", None]
    await tab.close()
    assert await berta.page.locator("#log a").count() == 2
    await berta.reads("Connected")


async def test_the_length_is_counted(meet: Meet) -> None:
    anna, berta = await meet()
    counter = anna.page.locator("#counter")
    field = anna.page.get_by_label("Message", exact=True)
    await field.fill("x" * 1790)
    await expect(counter).to_be_empty()
    await field.fill("x" * 1990)
    await expect(counter).to_have_text("10 characters left")
    await field.press_sequentially("y" * 20)
    await expect(counter).to_have_text("0 characters left")
    await anna.press("Send")
    await berta.hears("x" * 1990 + "y" * 10)
    await expect(counter).to_be_empty()


async def test_a_half_typed_sentence_is_for_nobody_else(
    server: Server, arrive: Arrive, meet: Meet
) -> None:
    anna, berta = await meet()
    clara = await arrive(server)
    await clara.press("Start")
    await clara.reads("Looking for someone…")
    await anna.key("/")
    await anna.page.keyboard.type("I live in Lis")
    await berta.press("Stop")
    await expect(anna.page.get_by_label("Message", exact=True)).to_have_value("")

    async def types_on() -> bool:
        await anna.key("b")
        return bool(await anna.page.evaluate("document.getElementById('text').value === 'b'"))

    await until(types_on, bool)  # the first letter that the field takes again
    await anna.page.keyboard.type("on")
    await anna.key("Enter")
    await anna.reads("Not sent: this is somebody else.")
    begun = anna.page.locator("#begun")
    await expect(begun).to_contain_text("Unsent: I live in Lis")
    field = anna.page.get_by_label("Message", exact=True)
    await expect(field).to_have_value("bon")

    await anna.says("Hello!")  # with a click: on purpose
    await clara.hears("Hello!")
    await anna.press("Use it")
    await expect(begun).to_be_hidden()
    await expect(field).to_be_focused()
    await anna.page.keyboard.type("bon")
    await anna.key("Enter")
    await clara.hears("Hello!", "I live in Lisbon")
    await expect(field).to_have_value("")


async def test_nothing_that_people_write_is_ever_html(server: Server, arrive: Arrive) -> None:
    names = f"""
        const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
        navigator.mediaDevices.enumerateDevices = async () => (await list()).map(
            ({{ kind, deviceId }}, index) => ({{ kind, deviceId, label: {XSS!r}[index] }}));
    """
    people = await together(*(arrive(server, spell=names) for _ in range(2)))
    interests = [text[:32] for text in XSS[:10]]
    for person in people:
        await person.likes(*interests)
        await until(
            person.page.locator("#interest-list span").all_inner_texts,
            lambda seen: len(seen) == len(interests),
        )
    anna, berta = people
    await together(anna.press("Start"), berta.press("Start"))
    await together(*(person.reads("You both like: <script>") for person in people))
    for line in XSS:
        await berta.says(line)
    await together(*(until(p.chat, lambda seen: len(seen) == len(XSS)) for p in people))
    for person in people:
        assert [text.strip() for text in await person.chat()] == [text.strip() for text in XSS]
        situation = "#situation :not(span, div, p, h1, button)"
        foreign = f"#log :not(p, span, time, a, .translate), {situation}, #interest-list img"
        assert await person.page.locator(foreign).count() == 0
        addresses = await person.page.locator("#log a").evaluate_all(
            "links => links.map(({ protocol, host }) => protocol + host)"
        )
        assert set(addresses) <= {"https:example.org"}
        assert await person.page.evaluate("window.xss") is None
        assert await person.page.locator("main script, dialog script").count() == 0
