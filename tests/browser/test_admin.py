"""The dashboard in a real browser, over a real server with real calls."""

import asyncio
import os
import re
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import expect

from relay.api import front
from relay.api.observation import Observation
from relay.api.sessions import LIFETIME_S, Sessions
from relay.bots.picture import read
from relay.plane import MediaView, PlaneStats, WorkerLoad
from tests.browser.axe import violations
from tests.browser.cable import cable
from tests.browser.conftest import SitDown, StartServer
from tests.browser.desk import PATIENCE_MS, talking
from tests.browser.visitor import until
from tests.support.clustered import clustered
from tests.support.operating import TOKEN, operating
from tests.support.watching import call, watched
from tests.unit.api.observed import worker

SCREENSHOTS = Path(__file__).parents[2] / "docs" / "screenshots"
SIZES = {"phone": {"width": 390, "height": 780}, "desktop": {"width": 1280, "height": 800}}


# getting in and out


async def test_a_wrong_token_is_refused_and_the_right_one_opens(sit_down: SitDown) -> None:
    async with operating() as server:
        desk = await sit_down(server.relay.url, token="", complains="401")
        await expect(desk.page.locator("#token")).to_be_focused()
        await desk.log_in("not-the-operators-token")
        await desk.reads("This is not the operator's token")
        await desk.log_in(TOKEN)
        await desk.is_live()
        await expect(desk.page.locator("#login")).to_be_hidden()
        assert TOKEN not in await desk.page.evaluate(
            "document.cookie + JSON.stringify(localStorage)"
        )
        await desk.page.reload()
        await desk.is_live()


async def test_guessing_is_slowed_down(sit_down: SitDown) -> None:
    async with operating() as server:
        desk = await sit_down(server.relay.url, token="", complains="401|429")
        for _ in range(5):
            async with desk.page.expect_response("**/admin/login"):
                await desk.log_in("not-the-operators-token")
        await desk.log_in(TOKEN)
        await desk.reads("Too many wrong tokens; try again in ")


async def test_logging_out_closes_the_stream_and_the_door(sit_down: SitDown) -> None:
    async with operating() as server:
        desk = await sit_down(server.relay.url)
        await desk.press("Log out")
        await desk.reads("You have logged out.")
        await expect(desk.page.locator("#frame")).to_be_hidden()
        await server.operator.until("totals", lambda totals: totals["eventReaders"] == 0)
        await desk.page.reload()
        await expect(desk.page.get_by_label("Operator's token")).to_be_visible()


async def test_a_session_that_is_over_leads_to_the_login_in_words(
    sit_down: SitDown, monkeypatch: pytest.MonkeyPatch
) -> None:
    later_s = 0.0
    sessions = Sessions(clock=lambda: time.monotonic() + later_s)
    monkeypatch.setattr(front, "Sessions", lambda path: sessions)
    async with operating() as server:
        desk = await sit_down(server.relay.url, complains="ERR_INCOMPLETE_CHUNKED_ENCODING|401")
        await desk.turn_to("tracks")
        later_s = LIFETIME_S
        assert sessions.find("") is None  # as each request looks for its own
        await desk.reads("Your session has ended")
        await desk.log_in(TOKEN)
        await desk.is_live()
        await expect(desk.page.locator("h1:visible")).to_have_text("Tracks")


async def test_it_comes_back_when_the_line_does(sit_down: SitDown) -> None:
    async with operating() as server, cable(server.relay.port) as line:
        desk = await sit_down(line.url, complains="ERR_")
        line.pull()
        await desk.reads("Connection lost; trying again in")
        await server.come()
        line.plug()
        await desk.is_live()
        await desk.tile("connected", "1")


async def test_it_comes_back_after_a_restart(sit_down: SitDown, start_server: StartServer) -> None:
    server = await start_server("--operator-token", TOKEN)
    desk = await sit_down(server.url, complains="ERR_CONNECTION_REFUSED|ERR_INCOMPLETE")
    await server.stop()
    await desk.reads("Connection lost; trying again in")
    await server.start()
    await desk.reads("Your session has ended: it was over, or the server was started anew.")
    await desk.log_in(TOKEN)
    await desk.is_live()


# looking


async def test_tiles_follow_what_happens(sit_down: SitDown) -> None:
    async with operating() as server:
        desk = await sit_down(server.relay.url)
        await desk.tile("connected", "0")
        await expect(desk.page.get_by_role("heading", name="Worst calls")).to_be_hidden()
        ann, bob, room_id = await server.pair()
        await desk.tile("connected", "2")
        async with talking(ann, bob):
            await desk.tile("in-call", "2")
            await expect(desk.page.locator("#tile-packets dd").first).to_have_text(
                re.compile(r"^[1-9]\d+$"), timeout=PATIENCE_MS
            )
            await desk.tile("bad-rooms", "1")
            await desk.reads("of 1; see below")
            await desk.shows(desk.rows("worst").first, room_id)
            await expect(desk.rows("worst")).to_contain_text(["loss"])
        await expect(desk.page.locator("#charts canvas")).to_have_count(5)


async def test_the_charts_begin_with_what_the_server_remembers(sit_down: SitDown) -> None:
    async with operating() as server:
        await server.come()
        await server.operator.until("history", lambda history: len(history["samples"]) >= 1)
        desk = await sit_down(server.relay.url)
        chart = desk.page.get_by_role("img", name=re.compile("^People; now: Connected 1,"))
        await expect(chart).to_be_visible(timeout=PATIENCE_MS)
        ink = await chart.locator("canvas").evaluate(
            """(canvas) => canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)"""
        )
        assert ink


async def test_tables_sort_and_filter(sit_down: SitDown) -> None:
    async with operating() as server:
        ann, bob, room_id = await server.pair()
        async with talking(ann, bob):
            desk = await sit_down(server.relay.url)
            await desk.turn_to("tracks")
            await expect(desk.rows("tracks-table")).to_have_count(8, timeout=PATIENCE_MS)
            first = desk.rows("tracks-table").first
            await desk.shows(first, ann.user_id)
            group = desk.page.locator("#tracks-table .group")
            await expect(group.get_by_role("link", name="Call of ")).to_have_count(1)
            loss = desk.page.get_by_role("columnheader", name="Loss")
            await expect(loss).to_have_attribute("aria-sort", "descending")
            await desk.press("Loss")
            await expect(loss).to_have_attribute("aria-sort", "ascending")
            await desk.shows(desk.rows("tracks-table").last, ann.user_id)
            await expect(desk.rows("tracks-table").last).to_contain_text("loss")
            await desk.press("User")
            users = await desk.column("tracks-table", 12)
            assert users == sorted(users, key=str.lower)
            form = desk.page.locator("#tracks-filter")
            await form.get_by_label("Search").fill(f"{bob.user_id} up")
            await expect(desk.rows("tracks-table")).to_have_count(2)
            await form.get_by_label("Search").fill("")
            await form.get_by_label("Kind").select_option("audio")
            await expect(desk.rows("tracks-table")).to_have_count(4)
            await form.get_by_label("Way").select_option("down")
            await expect(desk.rows("tracks-table")).to_have_count(2)
            await form.get_by_label("Way").select_option("")
            await form.get_by_label("Kind").select_option("")
            await form.get_by_label("Only with problems").check()
            await expect(desk.rows("tracks-table")).to_have_count(3)  # and what her partner gets
            await form.get_by_label("Search").fill("nobody is called so")
            await desk.reads("There is nothing that fits.")
            await desk.turn_to("rooms")
            await desk.shows(desk.rows("rooms-table").first, room_id)
            await desk.turn_to("users")
            await expect(desk.rows("users-table")).to_have_count(2, timeout=PATIENCE_MS)


async def test_one_tracks_page(sit_down: SitDown) -> None:
    async with operating() as server:
        ann, bob, _ = await server.pair()
        async with talking(ann, bob):
            track = await server.operator.until(
                f"tracks?user={ann.user_id}&direction=up&kind=video",
                lambda body: body["tracks"] and "loss" in body["tracks"][0]["problems"],
            )
            track_id = track["tracks"][0]["id"]
            desk = await sit_down(server.relay.url, complains="404")
            await desk.turn_to("tracks")
            await desk.page.locator(f"#tracks-table [title*='{track_id}'] a").click()
            await desk.reads("Video from ")
            await desk.reads(f"User {ann.user_id}, ")
            await desk.reads("Problems: loss")
            await desk.reads("240, ")
            await until(desk.focused, lambda name: name == f"Track {track_id}")
            await expect(desk.page.locator("#track-charts canvas")).to_have_count(4)
            await expect(
                desk.page.get_by_role("img", name=re.compile(r"^Bit rate; now: Media [1-9]"))
            ).to_be_visible(timeout=PATIENCE_MS)
            await desk.reads("Looking into calls is switched off on this server")
            await expect(desk.page.get_by_role("button", name="Take a picture")).to_be_hidden()
            await desk.page.get_by_role("link", name="The same media").click()
            await desk.reads("Video to ")
            await desk.reads(f"User {bob.user_id}, ")
            await desk.turn_to("tracks/of-nobody")
            await desk.reads("This track is not there, or no longer.")
            await desk.turn_to("overview")
            await desk.tile("connected", "2")
            asked = [url for url in desk.requested if url.endswith("tracks/of-nobody")]
            assert len(asked) == 1  # and not with each second's news


async def test_a_picture_of_a_track_where_that_is_allowed(
    sit_down: SitDown, tmp_path: Path
) -> None:
    async with watched(tmp_path) as server, call(server) as (ann, _):
        desk = await sit_down(server.relay.url)
        await expect(desk.page.get_by_role("link", name="Looks into calls")).to_be_hidden()
        track = await server.operator.track(ann.user_id, "up", "video")
        await desk.turn_to(f"tracks/{track['id']}")
        await desk.press("Take a picture")
        await desk.reads("written to the audit log")
        stamp = read(np.array(await desk.gray(), np.uint8))
        assert stamp is not None
        assert stamp.source == ann.report.number
        await desk.page.get_by_role("link", name="Looks into calls").click()
        await expect(desk.rows("audit-table")).to_have_count(2)
        await expect(desk.rows("audit-table").last).to_contain_text("snapshot")
        await expect(desk.rows("audit-table").last).to_contain_text(ann.user_id)


# doing


async def test_a_user_is_disconnected_once_that_is_confirmed(sit_down: SitDown) -> None:
    async with operating() as server:
        ann, bob, _ = await server.pair()
        desk = await sit_down(server.relay.url)
        await desk.turn_to(f"users/{ann.user_id}")
        await desk.press("Disconnect user")
        await desk.reads("Disconnect this user?")
        await until(desk.focused, lambda name: name == "Cancel")
        await desk.press("Cancel")
        assert (await server.operator.get("users"))["total"] == 2
        await desk.press("Disconnect user")
        await desk.press("Disconnect")
        await bob.hear("partner_disconnected")
        await desk.reads(f"User {ann.user_id} was disconnected.")
        assert (await server.operator.get("users"))["total"] == 1
        await desk.press("Disconnect user")
        await desk.press("Disconnect")
        await desk.reads("There is no user")
        desk.complaints = [text for text in desk.complaints if "404" not in text]


async def test_a_call_is_ended_once_that_is_confirmed(sit_down: SitDown) -> None:
    async with operating() as server:
        ann, bob, room_id = await server.pair()
        desk = await sit_down(server.relay.url)
        await desk.turn_to(f"rooms/{room_id}")
        await desk.press("End call")
        await desk.page.keyboard.press("Escape")
        await desk.press("End call")
        await desk.press("End the call")
        for user in (ann, bob):
            await user.hear("partner_left")
        await desk.reads(f"Room {room_id} was ended.")
        await desk.reads("There are no tracks here, or no longer.")


async def test_draining_and_back(sit_down: SitDown) -> None:
    async with operating() as server:
        desk = await sit_down(server.relay.url)
        await desk.press("Drain")
        await desk.page.get_by_role("dialog").get_by_role("button", name="Drain").click()
        await desk.reads("The server takes no new users: it is being drained.")
        assert (await server.operator.get("totals"))["draining"]
        await desk.press("Take new users")
        await desk.reads("The server takes new users again.")
        await expect(desk.page.locator("#warning")).to_be_hidden(timeout=PATIENCE_MS)
        assert not (await server.operator.get("totals"))["draining"]


# for everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_nothing_that_axe_minds_and_nothing_out_of_the_window(
    sit_down: SitDown, size: str, scheme: str
) -> None:
    async with operating() as server:
        ann, bob, room_id = await server.pair()
        desk = await sit_down(
            server.relay.url,
            token="",
            viewport=SIZES[size],
            color_scheme=scheme,
        )
        await expect(desk.page.locator("#login")).to_be_visible()
        assert await violations(desk.page) == []
        await desk.log_in(TOKEN)
        async with talking(ann, bob):
            await desk.tile("bad-rooms", "1")
            track = await server.operator.track(ann, "up", "video")
            for page in ("", "rooms", f"rooms/{room_id}", "tracks", f"tracks/{track['id']}"):
                await desk.turn_to(page)
                await desk.shows(desk.page.locator("main"), ann.user_id)
                assert await violations(desk.page) == [], page
                overflow = await desk.page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                assert overflow <= 0, page
            await desk.press("Disconnect user")
            assert await violations(desk.page) == []


WORKERS = [
    worker(0, load=WorkerLoad(0.75, 0.12, 31_204), stats=PlaneStats(links=212)),
    worker(1, load=WorkerLoad(0.93, 0.31, 30_881), stats=PlaneStats(links=208), restarts=2),
    worker(2, process_id=None, answers=False, load=WorkerLoad(), restarts=1),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_workers_are_shown_and_what_is_bad_about_them(
    sit_down: SitDown, monkeypatch: pytest.MonkeyPatch, size: str, scheme: str
) -> None:
    async with operating() as server:
        desk = await sit_down(server.relay.url, viewport=SIZES[size], color_scheme=scheme)
        await desk.tile("waiting", "0")
        await expect(desk.page.get_by_role("heading", name="Workers")).to_be_hidden()
        seen = Observation([], [], MediaView(workers=WORKERS), sees_addresses=False).workers()
        monkeypatch.setattr(Observation, "workers", lambda _: seen)
        await expect(desk.page.get_by_role("heading", name="Workers")).to_be_visible()
        await expect(desk.rows("workers-table")).to_have_count(3)
        marked = desk.page.locator("#workers-table td")
        for mark, texts in (
            ("bad", ["93 %", "310 ms", "down"]),
            ("warm", ["75 %", "120 ms", "2", "1"]),
        ):
            found = desk.page.locator(f'#workers-table td[data-{mark}="true"]')
            assert await found.all_inner_texts() == texts
        assert await marked.count() == 3 * 12  # with the node, where there is a cluster
        await desk.tile("cpu", "93 %")
        assert await violations(desk.page) == []
        overflow = await desk.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_the_nodes_of_a_cluster_and_their_orders(
    sit_down: SitDown, size: str, scheme: str
) -> None:
    async with clustered("a", "b", "c") as nodes:
        ann, _, room_id = await nodes["b"].pair()
        desk = await sit_down(nodes["a"].relay.url, viewport=SIZES[size], color_scheme=scheme)
        await desk.tile("connected", "2")
        await expect(desk.page.get_by_role("heading", name="Nodes")).to_be_visible()
        await expect(desk.rows("nodes-table")).to_have_count(3)
        assert await desk.column("nodes-table", 0) == ["a (asked)", "b", "c"]
        assert await desk.column("nodes-table", 2) == ["0", "2", "0"]
        await expect(desk.page.locator("#drain")).to_be_hidden()
        await desk.page.locator("#node").select_option("b")
        await desk.press("Drain")
        await desk.reads("Drain node b?")
        await desk.page.locator("#confirm-action").click()
        await desk.reads("Node b takes no new users.")
        await desk.reads("Take new users")
        assert (await nodes["b"].operator.ask("/ready"))[0] == 503
        assert await violations(desk.page) == []
        overflow = await desk.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0

        await desk.turn_to(f"rooms/{room_id}")
        await desk.press("End call")
        await desk.page.locator("#confirm-action").click()
        await ann.hear("partner_left")

        nodes.hush("a", "c")
        await desk.reads("No answer from c: what is there is not shown.")
        nodes.leases = None
        await desk.reads("The store that the nodes share cannot be reached")
        await desk.turn_to("users")
        await expect(desk.rows("users-table")).to_have_count(2)
        await expect(desk.page.get_by_role("columnheader", name="Node")).to_be_visible()


async def test_all_of_it_by_keyboard(sit_down: SitDown) -> None:
    async with operating() as server:
        await server.pair()
        desk = await sit_down(server.relay.url)
        await desk.page.get_by_role("link", name="Rooms").focus()
        await desk.page.keyboard.press("Enter")
        await expect(desk.rows("rooms-table")).to_have_count(1)
        await until(desk.focused, lambda name: name == "Rooms")
        await desk.page.get_by_role("button", name="Age").focus()
        await desk.page.keyboard.press("Enter")
        head = desk.page.get_by_role("columnheader", name="Age")
        await expect(head).to_have_attribute("aria-sort", "descending")
        await desk.page.locator("#rooms-table tbody a").first.focus()
        focused = await desk.focused()
        async with desk.page.expect_event("console", timeout=5000) as heard:
            await desk.page.evaluate(
                """() => new MutationObserver((_, observer) => {
                    observer.disconnect();
                    console.info("drawn anew");
                }).observe(document.querySelector("#rooms-table tbody"),
                    { subtree: true, characterData: true, childList: true })"""
            )
        assert (await heard.value).text == "drawn anew"
        assert await desk.focused() == focused, "what is drawn anew keeps the focus"


@pytest.mark.timeout(300)
@pytest.mark.skipif(not os.environ.get("RELAY_SCREENSHOTS"), reason="makes pictures for the docs")
async def test_pictures(sit_down: SitDown, tmp_path: Path) -> None:
    async with (
        watched(tmp_path, rematch_after_s=0, workers=1) as server,
        call(server) as (ann, _),
    ):
        thin = await server.pair()
        track = await server.operator.track(ann.user_id, "down", "video")
        desks = [
            (
                await sit_down(server.relay.url, viewport=SIZES[size], color_scheme=scheme),
                size,
                scheme,
            )
            for size in SIZES
            for scheme in ("light", "dark")
        ]
        for desk, _, _ in desks:
            await desk.turn_to(f"tracks/{track['id']}")
        async with talking(*thin[:2]):
            await asyncio.sleep(90)  # so that there is something in the charts
            for desk, size, scheme in desks:
                await desk.press("Take a picture")
                await desk.reads("written to the audit log")
                await desk.picture(SCREENSHOTS / f"admin-track-{size}-{scheme}.png")
                await desk.turn_to("overview")
                await desk.shows(desk.rows("worst").first, thin[2])
                await desk.picture(SCREENSHOTS / f"admin-overview-{size}-{scheme}.png")
