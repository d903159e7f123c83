"""Sockets that are lost while media flows, and pages that are loaded again."""

import re

from playwright.async_api import expect

from tests.browser.cable import cable
from tests.browser.conftest import Arrive, Meet, StartServer
from tests.browser.server import Server
from tests.browser.test_again import WATCH
from tests.browser.visitor import NOT_REACHED, Visitor, heard, together, until

# What the page has said since, each text once.
LISTEN = """() => {
    const said = (window.said = []);
    const look = () => {
        for (const id of ["headline", "detail", "notice"]) {
            const text = document.getElementById(id).textContent;
            if (text && !said.includes(text)) said.push(text);
        }
    };
    new MutationObserver(look).observe(document.getElementById("situation"), {
        subtree: true, childList: true, characterData: true,
    });
    look();
}"""
# What Chromium says of a socket that ends without a word.
CUT = f"{NOT_REACHED}|WebSocket .* net::ERR_|Failed to load resource: net::ERR_"
FLOOD = """() => {
    const text = document.getElementById("text");
    for (let line = 0; line < 30; line++) {
        text.value = `line ${line}`;
        document.getElementById("say").requestSubmit();
    }
}"""
LOST = "Connection lost The call goes on. What you write is sent later."


def port_of(server: Server) -> int:
    return int(server.url.rstrip("/").rpartition(":")[2])


async def resumed(person: Visitor, count: int) -> None:
    """Wait until the session has gone on so many times."""

    async def times() -> int:
        return heard(person, "resumed")

    await until(times, lambda seen: seen == count)


async def try_now(person: Visitor) -> None:
    """Press the button, if the page has not come back by itself meanwhile."""
    await person.page.evaluate("document.getElementById('try-now').click()")


async def hang_up(person: Visitor) -> None:
    """Go while there is a cable: without a word the server would keep the session for a while."""
    await person.leaves()
    await person.page.context.close()


async def test_a_socket_that_is_cut_costs_nothing_and_nobody_is_told(
    server: Server, meet: Meet
) -> None:
    async with cable(port_of(server)) as line:
        anna, berta = await meet(server, {"url": line.url})
        anna.expected_complaints = CUT
        await together(anna.reads("Connected"), berta.reads("Connected"))
        for person in (anna, berta):
            await person.page.evaluate(LISTEN)
            await person.page.evaluate(WATCH)
        before = len(berta.received)
        for time in (1, 2, 3):
            line.cut()
            await anna.says(f"{time} from me")
            await berta.says(f"{time} from you")
            await resumed(anna, time)
        lines = [f"{time} from {who}" for time in (1, 2, 3) for who in ("me", "you")]
        for person in (anna, berta):
            await until(person.chat, lambda seen: sorted(seen) == sorted(lines))
        ticks = anna.page.locator(".tick")
        await until(
            lambda: ticks.evaluate_all("all => all.map((tick) => tick.dataset.fate)"),
            lambda seen: seen == ["delivered"] * 3,
        )
        await together(anna.sees_somebody(), berta.sees_somebody())
        for person in (anna, berta):
            said = await person.page.evaluate("window.said")
            assert said == ["Connected", "You can see and hear each other."]
            assert await person.page.evaluate("window.pictures") == ["true"]
            assert len(await person.links()) == 1
        kinds = {re.findall(r'"type": "(\w+)"', frame)[0] for frame in berta.received[before:]}
        assert kinds <= {"chat_message", "chat_received", "typing", "pong"}
        await hang_up(anna)


async def test_a_server_that_is_away_for_longer_is_said_while_the_call_goes_on(
    server: Server, meet: Meet
) -> None:
    async with cable(port_of(server)) as line:
        anna, berta = await meet(server, {"url": line.url})
        anna.expected_complaints = CUT
        line.pull()
        await anna.reads(f"{LOST} Trying again in")

        async def told() -> int:
            return heard(berta, "partner_connection")

        await until(told, lambda count: count == 1)
        await together(anna.reads(LOST), berta.reads("Connected"))
        await together(anna.sees_somebody(), berta.sees_somebody())
        await anna.says("are you there?")
        tick = anna.page.locator(".tick")
        await expect(tick).to_have_accessible_name("Waiting for the connection")
        line.plug()
        await try_now(anna)
        await together(anna.reads("Connected"), berta.reads("Connected"))
        await berta.hears("are you there?")
        await expect(tick).to_have_accessible_name("Delivered")
        assert heard(berta, "partner_connection") == 2
        assert heard(anna, "partner_found") == 1
        await hang_up(anna)


async def test_a_session_that_is_over_leads_to_somebody_else(
    start_server: StartServer, meet: Meet
) -> None:
    server = await start_server("--resume-s", "2", "--rematch-after-s", "0")
    async with cable(port_of(server)) as line:
        anna, berta = await meet(server, {"url": line.url})
        anna.expected_complaints = CUT
        line.pull()
        await berta.reads("Your partner was disconnected.")
        await anna.reads("Connection lost")
        await anna.page.evaluate(LISTEN)
        line.plug()
        await try_now(anna)
        await until(
            lambda: anna.page.evaluate("window.said"),
            lambda said: "You lost the connection, and your partner with it." in said,
        )
        await together(anna.sees_somebody(), berta.sees_somebody())


async def test_a_line_that_the_server_refuses_is_marked_and_can_be_sent_again(meet: Meet) -> None:
    anna, berta = await meet()
    await anna.page.evaluate(FLOOD)
    again = anna.page.get_by_role("button", name="Not sent. Send again")
    await expect(again.first).to_be_visible()

    async def fates() -> tuple[int, int]:
        return len(await berta.chat()), await again.count()

    _, refused = await until(fates, lambda seen: sum(seen) == 30)
    await anna.page.wait_for_timeout(1_000)
    await again.first.click()
    await expect(again).to_have_count(refused - 1)
    await until(berta.chat, lambda seen: len(seen) == 31 - refused)


async def test_a_page_that_is_loaded_again_returns_when_the_person_wants_it(meet: Meet) -> None:
    anna, berta = await meet()
    await anna.says("before")
    await berta.hears("before")
    await anna.page.reload()
    question = anna.page.get_by_role("dialog", name="Return to your conversation?")
    await expect(question).to_be_visible()
    await berta.sees_marks("Their microphone is muted", "Their camera is off")
    assert await anna.is_sending() == [False, False], "nobody is seen before they want it"
    await anna.press("Return")
    await together(anna.sees_somebody(), berta.sees_somebody())
    await together(anna.reads("Connected"), berta.reads("Connected"))
    await anna.says("after")
    await berta.hears("before", "after")
    assert heard(berta, "partner_found") == 1


async def test_a_page_that_is_loaded_again_ends_the_conversation_when_the_person_wants_that(
    meet: Meet,
) -> None:
    anna, berta = await meet()
    await anna.page.reload()
    await anna.press("End it")
    await berta.reads("Your partner left.")
    await anna.reads("Meet someone new")
    assert await anna.page.evaluate("sessionStorage.length") == 0
    await anna.page.reload()
    await anna.reads("Meet someone new")
    assert await anna.page.locator("dialog[open]").count() == 0


async def test_who_searched_and_loads_the_page_again_is_not_waited_for(
    server: Server, arrive: Arrive
) -> None:
    anna = await arrive(server)
    await anna.press("Start")
    await anna.reads("Looking for someone…")
    await anna.page.reload()
    await anna.reads("Meet someone new")
    assert heard(anna, "resumed") == 0
