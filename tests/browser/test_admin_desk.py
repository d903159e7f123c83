"""The operators' desk in a real browser, with the keyboard alone."""

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from relay.evidence.package import Package, Said, Shot, Side
from relay.evidence.seal import PublicKey, make_keys
from relay.records import Appeal, Ban, Decision, Evidence, Party, Reason, Report
from tests.browser.axe import violations
from tests.browser.conftest import SitDown
from tests.browser.desk import PATIENCE_MS, Desk
from tests.browser.visitor import until
from tests.support.keeping import KeepingRecords, keeping
from tests.support.operating import TOKEN, OperatedServer

SCREENSHOTS = Path(__file__).parents[2] / "docs" / "screenshots"
SIZES = {"phone": {"width": 390, "height": 780}, "desktop": {"width": 1280, "height": 800}}
BAD, ANN, BOB = Party("bad-visitor", "a-bad"), Party("ann-visitor", "a-ann"), Party("", "a-bob")
TAKEN_ALREADY = "409"


def report(report_id: str, reason: Reason, age_s: float = 60, **more: Any) -> Report:
    told: dict[str, Any] = {"reporter": ANN, "reported": BAD, "words": "he is rude"} | more
    return Report(report_id, time.time() - age_s, reason, room_id="room-1", **told)


THREE = (
    report("r-spam", Reason.SPAM, 4000, words="<b>ads\u202e</b> for x"),
    report("r-minor", Reason.MINOR, 100, reporter=BOB),
    report("r-nudity", Reason.NUDITY, 900),
)


async def heading(desk: Desk, text: str) -> None:
    """The page's title has the focus."""
    await until(desk.focused, lambda name: name == text)


async def press(desk: Desk, *keys: str) -> None:
    for key in keys:
        await desk.page.keyboard.press(key)


async def somebody(server: OperatedServer, name: str, role: str) -> str:
    """The token of another operator."""
    status, added = await server.operator.ask(
        "/api/v1/operators", "POST", json={"name": name, "role": role}
    )
    assert status == 200
    return str(added["token"])


async def banned(records: KeepingRecords, name: str, *, appeals: bool) -> None:
    now = time.time()
    ban = Ban(f"b-{name}", Party(name), now, now + 86_400, Reason.SPAM, "mo", "No ads.")
    await records.add_ban(ban, Decision(f"d-{name}", now, "mo", "banned", ban.id, "again"))
    if appeals:
        await records.add_appeal(Appeal(f"p-{name}", ban.id, now, f"I am {name}, sorry"))


# reports


async def test_all_reports_are_decided_with_the_keyboard_alone(sit_down: SitDown) -> None:
    async with keeping(*THREE) as (server, records):
        desk = await sit_down(server.relay.url, token="")
        await expect(desk.page.locator("#token")).to_be_focused()
        await desk.page.keyboard.type(TOKEN)
        await press(desk, "Enter")
        await desk.is_live()
        for _ in range(40):
            await press(desk, "Tab")
            if (await desk.focused()).startswith("Reports"):
                break
        await press(desk, "Enter")
        await heading(desk, "Reports")
        await expect(desk.rows("reports-table")).to_have_count(3)
        ids = [cell.strip() for cell in await desk.column("reports-table", 0)]
        assert ids == ["r-minor", "r-nudity", "r-spam"]
        await desk.reads("3 open.")

        await press(desk, "n")
        await heading(desk, "Report r-minor")
        await expect(desk.page.locator("#card")).to_be_visible()
        await expect(desk.page.locator("#do-dismiss")).to_be_enabled()
        await press(desk, "b")
        await expect(desk.page.get_by_role("dialog")).to_be_visible()
        await press(desk, "3", "Enter")
        await heading(desk, "Report r-nudity")
        await desk.reads("Report r-minor: banned.")
        (ban,) = records.all_bans.values()
        assert ban.party == BAD
        assert ban.until is not None
        assert round(ban.until - ban.since) == 7 * 86_400

        await expect(desk.page.locator("#do-warn")).to_be_enabled()
        await desk.page.get_by_label("Note for the other operators").first.focus()
        await desk.page.keyboard.type("wanted to dance")
        await press(desk, "Escape", "w")
        await heading(desk, "Report r-spam")
        assert records.all_reports["r-nudity"].outcome == "warned"
        assert records.all_decisions[-1].why == "wanted to dance"

        await desk.reads("<b>ads<U+202E></b> for x")
        await expect(desk.page.locator("#do-dismiss")).to_be_enabled()
        await press(desk, "d")
        await heading(desk, "Reports")
        await desk.reads("Report r-spam: dismissed. No other report is open.")
        await desk.reads("No report is open.")
        await desk.page.get_by_label("Also those decided").focus()
        await press(desk, "Space")
        await expect(desk.rows("reports-table")).to_have_count(3)


async def test_the_next_card_comes_without_a_decision_and_keys_can_be_switched_off(
    sit_down: SitDown,
) -> None:
    async with keeping(*THREE) as (server, records):
        desk = await sit_down(server.relay.url)
        await desk.turn_to("reports/r-minor")
        await expect(desk.page.locator("#do-dismiss")).to_be_enabled()
        assert records.all_reports["r-minor"].taken_by == "operator"
        await press(desk, "n")
        await heading(desk, "Report r-nudity")
        await expect(desk.page.locator("#do-dismiss")).to_be_enabled()
        await is_given_back(records, "r-minor")
        await desk.page.get_by_label("Single keys, as shown on the buttons").uncheck()
        await press(desk, "d", "Control+d", "n")
        await desk.page.reload()
        await desk.is_live()
        await expect(desk.page.locator("#do-dismiss")).to_be_enabled()
        await press(desk, "d")
        assert not await desk.page.get_by_label("Single keys, as shown on the buttons").is_checked()
        assert {each.outcome for each in records.all_reports.values()} == {"open"}


async def is_given_back(records: KeepingRecords, report_id: str) -> None:
    """Wait until nobody looks at a report: the page says so without waiting for the answer."""

    async def taken_by() -> str:
        return records.all_reports[report_id].taken_by

    await until(taken_by, lambda name: name == "")


async def test_two_who_take_the_same_card_see_it(sit_down: SitDown) -> None:
    async with keeping(*THREE) as (server, records):
        ann = await sit_down(server.relay.url)
        await ann.turn_to("reports/r-minor")
        await expect(ann.page.locator("#do-dismiss")).to_be_enabled()
        token = await somebody(server, "mo", "moderator")
        mo = await sit_down(server.relay.url, token=token, complains=TAKEN_ALREADY)
        await mo.turn_to("reports")
        await mo.reads("operator looks at it")
        await mo.page.get_by_role("link", name="r-minor").click()
        await mo.reads("Operator looks at this report.")
        await expect(mo.page.locator("#do-dismiss")).to_be_disabled()
        await press(mo, "d", "w")
        await press(mo, "n")
        await heading(mo, "Report r-nudity")
        await press(ann, "n")
        await heading(ann, "Report r-spam")
        assert {each.outcome for each in records.all_reports.values()} == {"open"}


async def test_who_may_only_look_sees_no_button_that_decides(sit_down: SitDown) -> None:
    async with keeping(*THREE) as (server, records):
        await banned(records, "cid", appeals=True)
        token = await somebody(server, "vi", "viewer")
        desk = await sit_down(server.relay.url, token=token)
        await expect(desk.page.locator("#me")).to_have_text("vi, viewer")
        await expect(desk.page.get_by_role("button", name="Drain")).to_be_hidden()
        await desk.turn_to("reports/r-minor")
        await desk.reads("that needs the role moderator")
        await expect(desk.page.locator("#card")).to_be_visible()
        for name in ("Dismiss", "Warn", "Ban"):
            await expect(desk.page.get_by_role("button", name=name)).to_be_hidden()
        await press(desk, "d")
        await desk.turn_to("appeals/p-cid")
        await desk.reads("I am cid, sorry")
        await expect(desk.page.get_by_role("button", name="Grant")).to_be_hidden()
        assert records.all_reports["r-minor"].outcome == "open"
        assert records.all_reports["r-minor"].taken_by == ""


async def test_a_new_report_shows_by_itself(sit_down: SitDown) -> None:
    async with keeping() as (server, records):
        desk = await sit_down(server.relay.url)
        await desk.turn_to("reports")
        await desk.reads("No report is open.")
        await records.add_report(THREE[0])
        await expect(desk.rows("reports-table")).to_have_count(1, timeout=PATIENCE_MS)


# appeals and bans


async def test_appeals_are_answered_with_the_keyboard_alone(sit_down: SitDown) -> None:
    async with keeping() as (server, records):
        await banned(records, "cid", appeals=True)
        await banned(records, "dan", appeals=True)
        desk = await sit_down(server.relay.url)
        await desk.turn_to("appeals")
        await desk.page.get_by_role("link", name="p-cid").focus()
        await press(desk, "Enter")
        await heading(desk, "Appeal p-cid")
        await expect(desk.page.locator("#do-grant")).to_be_visible()
        await desk.reads("I am cid, sorry")
        await desk.page.get_by_label("Answer to the banned person").focus()
        await desk.page.keyboard.type("Welcome back.")
        await press(desk, "Escape", "g")
        await heading(desk, "Appeal p-dan")
        assert records.all_appeals["p-cid"].outcome == "granted"
        assert records.all_appeals["p-cid"].answer == "Welcome back."
        await expect(desk.page.locator("#do-refuse")).to_be_visible()
        await desk.reads("I am dan, sorry")
        await press(desk, "r")
        await heading(desk, "Appeals")
        await desk.reads("Appeal p-dan: refused. No other appeal is open.")
        assert records.all_bans["b-cid"].lifted_at is not None


async def test_a_ban_is_lifted_with_the_keyboard_alone(sit_down: SitDown) -> None:
    async with keeping() as (server, records):
        await banned(records, "cid", appeals=False)
        desk = await sit_down(server.relay.url)
        await desk.turn_to("bans")
        await desk.page.get_by_role("link", name="b-cid").focus()
        await press(desk, "Enter")
        await heading(desk, "Ban b-cid")
        await expect(desk.page.locator("#lift-ban")).to_be_visible()  # the list names him, too
        await desk.reads("visitor cid")
        await press(desk, "l")
        await until(desk.focused, lambda name: name == "Cancel")
        await press(desk, "Tab", "Enter")
        await desk.reads("Ban b-cid was lifted.")
        await expect(desk.page.locator("#lift-ban")).to_be_disabled()
        assert records.all_bans["b-cid"].lifted_at is not None
        await desk.turn_to("bans")
        await desk.reads("Nobody is banned.")


# evidence


class Kept:
    """A key pair, and what is sealed for it."""

    def __init__(self, folder: Path) -> None:
        public, private = make_keys()
        self.file = folder / "evidence-key.pem"
        self.file.write_bytes(private)
        self._public = PublicKey.read(public)

    def seal(self, picture: bytes) -> bytes:
        shots = tuple(
            Shot(at=1.0, width=64, height=48, in_room=True, webp=data)
            for data in (picture, b"no picture")
        )
        package = Package(
            report_id="r-minor",
            room_id="room-1",
            at=1.0,
            reason="minor",
            reported=Side(pictures=shots),
            chat=(Said(at=1.0, by="reported", text="<i>hi\u202e"),),
        )
        return self._public.seal(package.written())


async def picture_of(desk: Desk) -> bytes:
    """A WebP of 64 by 48 points: black on the left, white on the right."""
    url: str = await desk.page.evaluate(
        """() => {
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [64, 48];
            const context = canvas.getContext("2d");
            context.fillRect(0, 0, 32, 48);
            context.fillStyle = "white";
            context.fillRect(32, 0, 32, 48);
            return canvas.toDataURL("image/webp", 1);
        }"""
    )
    assert url.startswith("data:image/webp;base64,")
    return base64.b64decode(url.partition(",")[2])


async def choose(desk: Desk, file: Path) -> None:
    """Press K, and choose a file."""
    async with desk.page.expect_file_chooser() as choosing:
        await press(desk, "k")
    await (await choosing.value).set_files(file)


def expects_files(desk: Desk) -> None:
    """Have choosers be intercepted from now on: asking for it with the key pressed is too late."""
    desk.page.on("filechooser", lambda _: None)


async def sharpness(desk: Desk) -> int:
    """How much brightness changes between the two points in the middle."""
    steps: int = await desk.page.locator("#pictures canvas").first.evaluate(
        """(canvas) => {
            const { data } = canvas.getContext("2d").getImageData(31, 20, 2, 1);
            return Math.abs(data[0] - data[4]);
        }"""
    )
    return steps


async def test_evidence_is_opened_in_the_browser_and_blurred_until_asked_for(
    sit_down: SitDown, tmp_path: Path
) -> None:
    log = tmp_path / "audit.jsonl"
    async with keeping(*THREE, audit_log=log) as (server, records):
        desk = await sit_down(server.relay.url, timezone_id="UTC", complains="Canvas2D")
        expects_files(desk)
        kept = Kept(tmp_path)
        sealed = kept.seal(await picture_of(desk))
        await records.add_evidence(
            Evidence("e1", "r-minor", time.time(), sealed, time.time() + 1e6)
        )
        await desk.turn_to("reports/r-minor")
        await desk.reads("It is sealed. Choose the private key")
        await expect(desk.page.locator("#open-evidence")).to_be_disabled()
        wrong = tmp_path / "notes.pem"
        wrong.write_text("nothing")
        for file in (wrong, kept.file):
            await choose(desk, file)
            await desk.reads("no private key" if file is wrong else "evidence-key.pem is loaded")
        assert not log.exists()
        assert not [url for url in desk.requested if "/evidence/" in url]

        await press(desk, "e")
        await desk.reads("Opened; written to the audit log.")
        await expect(desk.page.get_by_role("link", name="Looks into calls")).to_be_visible()
        assert json.loads(log.read_text())["operator"] == "operator"
        canvas = desk.page.locator("#pictures canvas")
        await expect(canvas).to_have_count(1)
        await expect(canvas).to_have_attribute("aria-label", "The reported one, 00:00:01, blurred")
        assert await sharpness(desk) < 100
        await desk.reads("This picture cannot be decoded.")
        await desk.reads("The reporter: no picture was kept.")
        await expect(desk.page.locator("#chat")).to_contain_text("<i>hi<U+202E>")
        assert await violations(desk.page) == []

        await press(desk, "u")
        await expect(desk.page.locator("#show-pictures")).to_have_attribute("aria-pressed", "true")
        await expect(canvas).to_have_attribute("aria-label", "The reported one, 00:00:01")
        assert await sharpness(desk) > 180
        await press(desk, "u")
        await expect(canvas).to_have_attribute("aria-label", "The reported one, 00:00:01, blurred")
        assert await sharpness(desk) < 100
        await press(desk, "d")
        await heading(desk, "Report r-nudity")
        await expect(canvas).to_have_count(0)
        await expect(desk.page.locator("#evidence")).to_be_hidden()


async def test_evidence_for_another_key_or_that_is_gone_says_so(
    sit_down: SitDown, tmp_path: Path
) -> None:
    async with keeping(*THREE, audit_log=tmp_path / "audit.jsonl") as (server, records):
        desk = await sit_down(server.relay.url)
        expects_files(desk)
        other = tmp_path / "other"
        other.mkdir()
        sealed = Kept(other).seal(b"")
        await records.add_evidence(
            Evidence("e1", "r-minor", time.time(), sealed, time.time() + 1e6)
        )
        await records.add_evidence(Evidence("e2", "r-spam", 0.0, None, 1.0))
        await desk.turn_to("reports/r-minor")
        await desk.reads("It is sealed.")
        await choose(desk, Kept(tmp_path).file)
        await desk.reads("is loaded")
        await press(desk, "e")
        await desk.reads("This is sealed for another key.")
        await desk.turn_to("reports/r-spam")
        await desk.reads("What was kept is gone: its time was over.")


async def test_without_https_nothing_is_fetched_and_the_page_says_why(
    sit_down: SitDown, tmp_path: Path
) -> None:
    async with keeping(*THREE, audit_log=tmp_path / "audit.jsonl") as (server, records):
        desk = await sit_down(server.relay.url)
        await records.add_evidence(
            Evidence("e1", "r-minor", time.time(), b"sealed", time.time() + 1e6)
        )
        # As browsers have it where a page did not come over HTTPS, and not from this machine.
        await desk.page.add_init_script(
            "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined })"
        )
        await desk.page.reload()
        await desk.is_live()
        await desk.turn_to("reports/r-minor")
        await desk.reads("Pictures need HTTPS")
        for button in ("#choose-key", "#open-evidence", "#show-pictures"):
            await expect(desk.page.locator(button)).to_be_disabled()
        await press(desk, "e", "u")
        assert not [url for url in desk.requested if "/evidence/" in url]
        await press(desk, "d")
        await heading(desk, "Report r-nudity")


# for everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_nothing_that_axe_minds_and_nothing_out_of_the_window(
    sit_down: SitDown, size: str, scheme: str
) -> None:
    async with keeping(*THREE) as (server, records):
        await banned(records, "cid", appeals=True)
        desk = await sit_down(server.relay.url, viewport=SIZES[size], color_scheme=scheme)
        pages = {
            "reports": "r-minor",
            "reports/r-minor": "Words of the reporter",
            "appeals": "p-cid",
            "appeals/p-cid": "sorry",
            "bans": "b-cid",
            "bans/b-cid": "visitor cid",
        }
        for page, text in pages.items():
            await desk.turn_to(page)
            await desk.reads(text)
            assert await violations(desk.page) == [], page
            overflow = await desk.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overflow <= 0, page
        await desk.turn_to("reports/r-minor")
        await expect(desk.page.locator("#do-ban")).to_be_enabled()
        await press(desk, "b")
        assert await violations(desk.page) == []


@pytest.mark.skipif(not os.environ.get("RELAY_SCREENSHOTS"), reason="makes pictures for the docs")
async def test_pictures(sit_down: SitDown, tmp_path: Path) -> None:
    async with keeping(*THREE, audit_log=tmp_path / "audit.jsonl") as (server, records):
        desk = await sit_down(server.relay.url)
        expects_files(desk)
        kept = Kept(tmp_path)
        sealed = kept.seal(await picture_of(desk))
        await records.add_evidence(
            Evidence("e1", "r-minor", time.time(), sealed, time.time() + 1e6)
        )

        async def pictures(name: str) -> None:
            for size, viewport in SIZES.items():
                await desk.page.set_viewport_size(viewport)  # type: ignore[arg-type]
                for scheme in ("light", "dark"):
                    await desk.page.emulate_media(color_scheme=scheme)
                    await desk.picture(SCREENSHOTS / f"admin-{name}-{size}-{scheme}.png")

        await desk.turn_to("reports")
        await desk.reads("r-minor")
        await pictures("reports")
        await desk.turn_to("reports/r-minor")
        await desk.reads("It is sealed.")
        await choose(desk, kept.file)
        await desk.reads("is loaded")
        await press(desk, "e")
        await desk.reads("Opened")
        await pictures("report")
        await press(desk, "b")
        await pictures("ban")
