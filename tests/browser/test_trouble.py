"""What goes wrong, is said in words, and goes on."""

import json
import re
import signal

import aiohttp
from playwright.async_api import expect

from tests.browser.conftest import Arrive, Meet, StartServer
from tests.browser.server import SERVE_LOSSY, Server
from tests.browser.visitor import (
    NOT_REACHED,
    TURNED_AWAY,
    Sight,
    heard,
    together,
    until,
)

BACK_S = 10
"""The picture comes back with the first clean second; by time alone it would be 15 s or more."""

RECORDED = """
window.sent = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (frame) { window.sent.push(frame); send.call(this, frame); };
"""


async def test_a_restarted_server_is_found_and_the_call_goes_on(
    start_server: StartServer, meet: Meet
) -> None:
    server = await start_server()
    pair = await meet(server)
    for person in pair:
        person.expected_complaints = NOT_REACHED
    await server.stop()
    await together(*(person.reads("Connection lost Trying again in") for person in pair))
    await server.start()
    await together(*(person.sees_somebody(60) for person in pair))


async def test_a_full_server_says_so_and_lets_in_when_there_is_room(
    start_server: StartServer, arrive: Arrive
) -> None:
    server = await start_server("--max-users", "1")
    anna = await arrive(server)
    await anna.press("Start")
    await anna.reads("Looking for someone…")
    berta = await arrive(server)
    berta.expected_complaints = TURNED_AWAY
    await berta.reads(
        "Meet someone new Talk with a random person, face to face. The server is full"
    )
    await berta.press("Start")
    await berta.reads("The server is full Trying again in")
    await anna.page.close()
    await berta.reads("Looking for someone…")


async def test_a_draining_server_says_so_and_lets_in_when_that_is_over(
    start_server: StartServer, arrive: Arrive
) -> None:
    token = "of-the-operator-of-this"
    server = await start_server("--operator-token", token)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as operator:
        await operator.post(server.url + "/api/v1/drain")
        ana = await arrive(server, agree=False, locale="es")
        ana.expected_complaints = TURNED_AWAY
        await ana.press("Tengo 18 años o más y acepto")
        await ana.press("Empezar")
        await ana.reads("El servidor se está actualizando Nuevo intento en")
        await operator.delete(server.url + "/api/v1/drain")
    await ana.reads("Buscando a alguien…")


async def test_lost_packets_are_repaired(start_server: StartServer, meet: Meet) -> None:
    pair = await meet(await start_server("--loss", "0.02", program=SERVE_LOSSY))

    async def look() -> list[Sight]:
        return await together(*(person.look() for person in pair))  # of both at the same moment

    before = await look()

    def repaired(now: list[Sight]) -> bool:
        """Without repeats every tenth picture is broken, however long it lasts; a slow
        machine's decoder is behind for a while."""
        sent = [after.sent - start.sent for after, start in zip(now, before, strict=True)]
        decoded = [after.decoded - start.decoded for after, start in zip(now, before, strict=True)]
        return min(sent) >= 240 and all(
            seen >= 0.95 * of for seen, of in zip(reversed(decoded), sent, strict=True)
        )

    await until(look, repaired, 60)


async def test_a_line_too_poor_for_video_keeps_the_sound_and_gets_the_picture_back(
    start_server: StartServer, meet: Meet
) -> None:
    server = await start_server("--loss", "0.4", "--starts-clean", program=SERVE_LOSSY)
    anna, berta = await meet(server)
    await expect(anna.page.get_by_role("button", name="Good connection")).to_be_visible()
    server.signal(signal.SIGUSR1)  # from now on it loses
    await expect(anna.page.get_by_role("button", name="Poor connection")).to_be_visible()
    await anna.reads("Your line is too poor for video. The sound goes on;", 60)
    await until(anna.is_sending, lambda sending: sending == [True, False])
    await berta.sees_marks("Their camera is off")
    before = await berta.look()
    await until(berta.look, lambda now: now.audioPackets > before.audioPackets + 25)
    server.signal(signal.SIGUSR1)
    await until(anna.is_sending, lambda sending: sending == [True, True], BACK_S)
    await berta.sees_somebody(60)


async def test_the_figures_are_plain(meet: Meet) -> None:
    anna, _ = await meet()
    await anna.page.locator("#quality").click()
    values = anna.page.locator("#figure-list dd")
    shown = await until(
        values.all_inner_texts, lambda seen: len(seen) == 7 and "not known" not in str(seen)
    )
    patterns = (
        r"[1-5]\.\d / 5",
        r"\d+ ms",
        r"\d+\.\d% / \d+\.\d%",
        r"\d+ \D \d+",
        r"\d+",
        r"\d+ kbit/s / \d+ kbit/s",
        "UDP, through the server",
    )
    for pattern, value in zip(patterns, shown, strict=True):
        assert re.fullmatch(pattern, value)


async def test_the_server_is_told_how_well_it_goes(server: Server, arrive: Arrive) -> None:
    anna, berta = await together(arrive(server, spell=RECORDED), arrive(server))
    await together(anna.press("Start"), berta.press("Start"))
    await anna.sees_somebody(60)

    async def told() -> list[dict[str, float]]:
        sent: list[str] = await anna.page.evaluate("() => window.sent")
        messages = [json.loads(frame) for frame in sent]
        return [each for each in messages if each["type"] == "quality_report" and len(each) == 4]

    (report, *_) = await until(told, bool)
    assert 0 <= report["frozenRatio"] <= 1
    assert 0 <= report["concealedRatio"] <= 1
    assert report["framesPerS"] > 0


async def test_a_link_that_does_not_come_up_is_said_and_tried_again(
    start_server: StartServer, arrive: Arrive
) -> None:
    server = await start_server("--loss", "1", "--link-timeout-s", "1", program=SERVE_LOSSY)
    anna = await arrive(server)
    await anna.press("Start")
    await anna.reads("Video connection failed. Trying again. No video gets through to this server")

    async def links() -> int:
        return len(await anna.links())

    await until(links, lambda count: count >= 3)
    await anna.press("Stop")
    await anna.reads("Meet someone new")


async def test_the_server_is_told_how_the_connecting_went(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server, spell=RECORDED)
    await anna.press("Start")

    async def reports() -> list[dict[str, object]]:
        sent: list[str] = await anna.page.evaluate("() => window.sent")
        messages = [json.loads(frame) for frame in sent]
        return [message for message in messages if message["type"] == "link_report"]

    report = (await until(reports, bool))[0]
    assert (report["state"], report["dtlsState"], report["errors"]) == (
        "connected",
        "connected",
        [],
    )
    assert report["iceState"] in ("connected", "completed")
    assert "host/udp" in str(report["candidateTypes"])
    await anna.reads("Looking for someone…")
    assert not heard(anna, "error")


async def test_a_partner_of_whom_nothing_comes_is_left(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server)
    await anna.press("Start")
    async with aiohttp.ClientSession() as http, http.ws_connect(server.url + "/ws") as mute:
        await mute.send_json({"type": "find_partner"})
        await anna.reads("Found someone Connecting the video…")
        await anna.reads("Nothing arrived from them. Looking for someone…")


async def test_a_partner_who_falls_silent_is_reconnecting_until_they_are_back(meet: Meet) -> None:
    anna, berta = await meet()
    await berta.page.evaluate("spy.send(false)")
    await anna.reads("Partner reconnecting…")
    await berta.page.evaluate("spy.send(true)")
    await anna.reads("Connected")


async def test_a_camera_that_is_pulled_out_is_replaced(meet: Meet) -> None:
    anna, berta = await meet()
    await anna.page.evaluate("spy.unplug('video')")
    await anna.reads("A device was lost; another one is used now.")
    await berta.sees_somebody()
    await anna.page.evaluate("spy.unplug('audio')")
    await berta.sees_somebody()
    assert len(await anna.links()) == 1


async def test_another_network_gets_new_paths_and_the_call_goes_on(meet: Meet) -> None:
    anna, berta = await meet()
    ufrag = re.compile(r"a=ice-ufrag:(\S+)")
    (before,) = await anna.links()
    await anna.page.evaluate("dispatchEvent(new Event('online'))")

    async def fragment() -> str:
        (link,) = await anna.links()
        found = ufrag.search(link["local"])
        return found[1] if found else ""

    old = await fragment()
    await until(fragment, lambda now: now != old or now not in before["local"])
    await together(anna.sees_somebody(), berta.sees_somebody())
    assert [link["state"] for link in await anna.links()] == ["connected"]


async def test_a_machine_that_slept_comes_back_to_where_it_was(meet: Meet) -> None:
    anna, berta = await meet()
    answers = heard(anna, "webrtc_answer")
    await anna.page.evaluate("spy.sleep(60_000)")

    async def answered() -> int:
        return heard(anna, "webrtc_answer")

    await until(answered, lambda count: count > answers)
    await together(anna.sees_somebody(), berta.sees_somebody())
    await together(anna.reads("Connected"), berta.reads("Connected"))
    assert heard(anna, "partner_found") == 1


async def test_a_clock_that_is_set_ends_nothing(meet: Meet) -> None:
    anna, berta = await meet()
    frames, links = len(anna.received), await anna.links()
    for step_ms in (60_000, -3_600_000):
        # Whatever the page does every two seconds, it has done by then.
        script = "(ms) => { spy.setClock(ms); return new Promise((r) => setTimeout(r, 2_100)); }"
        await anna.page.evaluate(script, step_ms)
    await together(anna.sees_somebody(), berta.sees_somebody())
    assert await anna.links() == links
    kinds = "connected|partner_found|webrtc_answer|waiting_for_partner"
    assert not [frame for frame in anna.received[frames:] if re.search(kinds, frame)]
    await anna.reads("Connected")


async def test_somebody_found_in_a_hidden_tab_is_told_of(server: Server, arrive: Arrive) -> None:
    locks = """
        window.locks = [];
        navigator.wakeLock.request = async (kind) => {
            const lock = { kind, released: false, async release() { this.released = true; } };
            window.locks.push(lock);
            return lock;
        };
    """
    anna = await arrive(server, spell=locks)
    await anna.press("Start")
    await expect(anna.page).to_have_title("Looking for someone…")
    await anna.hide()
    assert await anna.page.evaluate("spy.chimes()") == 0
    berta = await arrive(server)
    await berta.press("Start")
    await expect(anna.page).to_have_title("● Someone is here!")
    await until(lambda: anna.page.evaluate("spy.chimes()"), lambda count: count == 2)
    await anna.hide(False)
    await expect(anna.page).to_have_title("Face to face")
    held = "locks.map(({ released }) => released)"
    await until(lambda: anna.page.evaluate(held), lambda seen: seen == [True, False])
    await anna.press("Stop")
    await until(lambda: anna.page.evaluate(held), lambda seen: seen == [True, True])
