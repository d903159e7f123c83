"""Keyboard only, other languages, other directions, less motion; and what the page costs."""

import json

import aiohttp
from playwright.async_api import expect

from tests.browser.conftest import Arrive, Meet
from tests.browser.server import Server
from tests.browser.visitor import together, until

MAX_PAGE_BYTES = 105_000


async def test_a_whole_call_with_the_keyboard_alone(server: Server, arrive: Arrive) -> None:
    anna, berta = await arrive(server, agree=False), await arrive(server)
    await berta.press("Start")
    await expect(anna.page.get_by_role("heading", name="Welcome")).to_be_focused()
    await anna.key("Tab", "Tab", "Tab", "Enter")
    start = anna.page.get_by_role("button", name="Start", exact=True)
    await expect(start).to_be_focused()
    await anna.key("Enter")
    await anna.sees_somebody()
    await expect(anna.page.get_by_role("button", name="Stop")).to_be_focused()
    order = []
    for _ in range(24):
        order.append(await anna.page.evaluate("document.activeElement.id"))
        await anna.key("Tab")
    expected = ["stop", "microphone", "camera", "switch-camera", "volume", "again", "pip", "full"]
    assert order[: len(expected)] == expected
    assert order.index("next") < order.index("log") < order.index("text")
    await anna.key("/")
    await anna.page.keyboard.type("hello")
    await anna.key("Enter")
    await berta.hears("hello")
    await anna.key("Escape", "Escape")
    await berta.hears()
    await expect(anna.page.get_by_label("Message", exact=True)).to_be_focused()
    await anna.key("q")  # belongs to the field, whether they have met again by now or not
    await anna.key("Tab", "q")
    await anna.reads("Meet someone new")
    await expect(start).to_be_focused()


async def test_the_keyboard_is_never_lost(meet: Meet) -> None:
    anna, berta = await meet()
    following = anna.page.get_by_role("button", name="Next", exact=True)
    send = anna.page.get_by_role("button", name="Send", exact=True)
    await following.focus()
    await anna.key("Enter")
    await expect(following).to_be_focused()
    await anna.sees_somebody()
    await send.focus()
    await berta.press("Stop")
    await expect(send).to_be_disabled()
    await expect(send).to_be_focused()
    await anna.page.get_by_role("button", name="Report the last person").focus()
    await berta.press("Start")
    await anna.sees_somebody()
    await expect(anna.page.get_by_role("button", name="Stop", exact=True)).to_be_focused()


async def test_forced_colours_leave_the_bars(meet: Meet) -> None:
    anna, _ = await meet(options={"forced_colors": "active"})
    await expect(anna.page.locator("#quality")).to_have_attribute("data-grade", "good")
    stage, *bars = await anna.page.locator(".stage, .bars i").evaluate_all(
        "all => all.map((each) => getComputedStyle(each).backgroundColor)"
    )
    assert stage not in bars


async def test_states_and_messages_are_spoken(meet: Meet) -> None:
    anna, berta = await meet()
    await expect(anna.page.get_by_role("status").filter(has_text="Connected")).to_have_count(1)
    await berta.says("hello")
    log = anna.page.get_by_role("log", name="Messages")
    await expect(log).to_contain_text("Partner: hello")
    # What counts every second is outside of the regions that are spoken.
    regions = "[role=status] #ticker, [role=log] #ticker"
    assert await anna.page.locator(regions).count() == 0


async def test_the_browsers_language_is_spoken_and_another_one_can_be_chosen(
    server: Server, arrive: Arrive
) -> None:
    ana = await arrive(server, agree=False, locale="es-MX")
    welcome = ana.page.get_by_role("dialog", name="Te damos la bienvenida")
    await expect(welcome).to_contain_text("Sé amable.")
    await ana.press("Tengo 18 años o más y acepto")
    await ana.reads("Conoce a alguien")
    await ana.page.get_by_role("combobox", name="Idioma").select_option("English")
    await ana.reads("Meet someone new")
    await ana.page.reload()
    await ana.reads("Meet someone new")
    assert await ana.page.evaluate("document.documentElement.lang") == "en"
    await ana.page.get_by_role("combobox", name="Language").select_option("Español")
    await ana.press("Empezar")
    await ana.reads("Buscando a alguien…")


async def test_the_language_can_be_changed_before_one_agrees_and_in_a_call(
    server: Server, arrive: Arrive
) -> None:
    anna, berta = await arrive(server, agree=False), await arrive(server)
    welcome = anna.page.get_by_role("dialog")
    await welcome.get_by_role("combobox", name="Language").select_option("Español")
    await expect(welcome).to_contain_text("Sé amable.")
    await anna.press("Tengo 18 años o más y acepto")
    await anna.press("Empezar")
    await berta.press("Start")
    await together(anna.sees_somebody(), berta.sees_somebody())
    await anna.press("Ajustes")
    settings = anna.page.get_by_role("dialog", name="Ajustes")
    await settings.get_by_role("combobox", name="Idioma").select_option("English")
    await expect(anna.page.get_by_role("dialog", name="Settings")).to_be_visible()
    await anna.press("Close")
    await anna.reads("Connected")
    await expect(anna.page.get_by_role("button", name="Next")).to_be_visible()
    assert await anna.page.evaluate("document.documentElement.lang") == "en"


async def test_english_is_spoken_where_a_language_cannot_be_had(
    server: Server, arrive: Arrive
) -> None:
    anna = await arrive(server)
    anna.expected_complaints = r"These words cannot be had|net::ERR_FAILED"
    await anna.page.route("**/joined/words/es.js", lambda route: route.abort())
    await anna.page.get_by_role("combobox", name="Language").select_option("Español")
    await expect(anna.page.get_by_role("combobox", name="Language")).to_have_value("en")
    await anna.reads("Meet someone new")


async def test_who_wants_less_motion_gets_less(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server, reduced_motion="reduce")
    await anna.press("Start")
    await anna.reads("Looking for someone…")
    spinner = anna.page.locator("#situation .mark")
    assert await spinner.evaluate("mark => getComputedStyle(mark).animationName") == "pulse"


async def test_the_page_is_small_and_asks_nobody_else(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server)
    names = json.loads(
        await anna.page.evaluate(
            "JSON.stringify(performance.getEntriesByType('resource').map(({ name }) => name))"
        )
    )
    assert len(names) < 8, "each request costs half a second on a mobile network"
    assert [name for name in names if not name.startswith(server.url)] == []
    headers = {"Accept-Encoding": "gzip"}
    total = 0
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        for url in {server.url + "/", *names}:
            async with http.get(url, headers=headers) as response:
                assert response.status == 200
                assert "ETag" in response.headers
                total += len(await response.read()) + sum(map(len, response.raw_headers[0]))
    print(f"the page weighs {total / 1000:.1f} kB over the wire")
    assert total < MAX_PAGE_BYTES
    await together(anna.press("Start"), until(anna.words, bool))
