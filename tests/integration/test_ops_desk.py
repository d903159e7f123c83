"""The commands about reports, bans, appeals and operators as processes, against a server."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from relay.evidence import Package, Piece
from relay.evidence.package import Said
from relay.records import Appeal, Ban, Decision, Evidence, Party, Reason, Report
from tests.support import commands
from tests.support.commands import Ended
from tests.support.evidence import KEY, PRIVATE_PEM
from tests.support.keeping import storing
from tests.support.operating import TOKEN, OperatedServer

ROOT = Path(__file__).parents[2]
BAD = Party("-ad-bad-bad-bad-bad-ba", "a-bad")

pytestmark = pytest.mark.timeout(180)


def report(report_id: str) -> Report:
    words = "he \x1b[2J sells"
    return Report(report_id, time.time(), Reason.SPAM, Party("ann"), BAD, "room", words)


class Terminal:
    """Somebody at a terminal, with a token."""

    def __init__(self, server: OperatedServer, token: str = TOKEN) -> None:
        self._env = {
            "PYTHONPATH": str(ROOT),
            "PATH": os.environ["PATH"],
            "RELAY_URL": server.relay.url,
            "RELAY_OPERATOR_TOKEN": token,
        }

    async def types(self, *arguments: str) -> Ended:
        return await commands.run(*arguments, env=self._env)

    async def says(self, *arguments: str) -> str:
        """What a command prints that must go well."""
        ended = await self.types(*arguments)
        assert (ended.code, ended.err) == (0, ""), ended
        return ended.out


async def test_reports_are_listed_shown_and_decided() -> None:
    async with storing(report("r1"), report("r2"), report("r3")) as (server, _):
        at = Terminal(server)
        listed = await at.says("reports")
        assert listed.count("he <U+001B>[2J sells") == 3
        assert "Reports about it" in await at.says("report", "r1")
        assert "yours for 10 minutes" in await at.says("report", "r1", "--take")
        [first, *_] = (await at.says("reports", "--json", "--limit", "1")).splitlines()
        assert json.loads(first)["takenBy"] == "operator"
        assert await at.says("report", "r1", "--give-back") == "report r1 is anybody's\n"
        await at.says("report", "r1", "--dismiss", "--why", "nothing")
        await at.says("report", "r2", "--warn")
        await at.says("report", "r3", "--ban", "2h", "--words", "No ads.", "--scope", "visitor")
        assert await at.says("reports") == "there are none\n"
        assert "banned" in await at.says("reports", "--all")
        ban = json.loads(await at.says("bans", "--json"))
        assert (ban["party"]["address"], ban["words"]) == (None, "No ads.")
        again = await at.types("report", "r1", "--warn")
        assert again == (1, "", "relay: the report is decided already\n")


async def test_bans_and_appeals() -> None:
    async with storing() as (server, records):
        at = Terminal(server)
        told = await at.says("ban", "--visitor", BAD.visitor, "--for", "1d", "--reason", "hate")
        ban_id = told.rpartition(" ")[2].strip()
        assert ban_id in await at.says("bans")
        await records.add_appeal(Appeal("p1", ban_id, time.time(), "sorry"))
        assert "sorry" in await at.says("appeals")
        assert "hate" in await at.says("appeal", "p1")
        await at.says("appeal", "p1", "--refuse", "--answer", "No.")
        assert await at.says("appeals") == "there are none\n"
        assert await at.says("unban", ban_id) == f"ban {ban_id} is lifted\n"
        await records.add_ban(
            Ban("b2", BAD, time.time(), None, Reason.SPAM, "mo"),
            Decision("d", 0.0, "mo", "banned", "b2"),
        )
        await records.add_appeal(Appeal("p2", "b2", time.time(), "sorry"))
        assert "ban b2 lifted" in await at.says("appeal", "p2", "--grant")
        assert await at.says("bans") == "there are none\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("report", "r1", "--take", "--warn"), "only one thing"),
        (("report", "r1", "--ban", "5 days"), "is not as 30m, 12h"),
        (("ban", "--for", "1d", "--reason", "hate"), "give one of --user"),
        (("ban", "--user", "u", "--report", "r", "--for", "1d", "--reason", "hate"), "give one of"),
        (("operator", "add", "mo", "--role", "king"), "king"),
    ],
)
async def test_wrong_calls(arguments: tuple[str, ...], says: str) -> None:
    env = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "RELAY_OPERATOR_TOKEN": TOKEN}
    ended = await commands.run(*arguments, env=env)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err


async def test_operators_and_personal_data() -> None:
    async with storing(report("r1")) as (server, _):
        at = Terminal(server)
        added = await at.types("operator", "add", "mo", "--role", "moderator")
        assert (added.code, "told this once" in added.err) == (0, True)
        mo = Terminal(server, added.out.strip())
        assert "r1" in await mo.says("reports")
        refused = await mo.types("operator", "list")
        assert refused.code == 1
        assert "this needs the role admin; mo has the role moderator" in refused.err
        listed = (await at.says("operator", "list")).splitlines()
        assert [line.split()[:2] for line in listed[1:]] == [
            ["operator", "admin"],
            ["mo", "moderator"],
        ]
        assert await at.says("operator", "remove", "mo") == "mo is no operator any more\n"
        assert (await mo.types("reports")).err.endswith("does not accept the token\n")
        exported = json.loads(await at.says("privacy", "export", BAD.visitor))
        assert [each["id"] for each in exported["reportsAbout"]] == ["r1"]
        assert "rows" in await at.says("privacy", "forget", BAD.visitor)
        none = await at.types("ban", "--user", "nobody", "--for", "1d", "--reason", "hate")
        assert (none.code, "there is no user 'nobody'" in none.err) == (1, True)


async def test_evidence_is_listed_held_followed_and_fetched(tmp_path: Path) -> None:
    log, key, file = tmp_path / "audit.jsonl", tmp_path / "key.pem", tmp_path / "e1.evidence"
    key.write_bytes(PRIVATE_PEM)
    package = Package(
        report_id="r1",
        room_id="room",
        at=1.0,
        reason="spam",
        chat=(Said(at=1.0, by="reported", text="buy"),),
    )
    async with storing(report("r1"), audit_log=log) as (server, records):
        at = Terminal(server)
        assert await at.says("evidence", "verify") == "0 pieces, all as they were added\n"
        for number in (1, 2):
            sealed, until = KEY.seal(package.written()), time.time() + 1000
            await records.add_evidence(Evidence(f"e{number}", "r1", time.time(), sealed, until))
        assert (await at.says("evidence", "list", "r1")).count("report r1") == 2
        told = await at.says("evidence", "verify")
        assert told.startswith("2 pieces, all as they were added; the last digest is ")
        assert await at.says("evidence", "hold", "e2", "--why", "police") == "evidence e2 is held\n"
        _, second = (await at.says("evidence", "list", "--json")).splitlines()
        assert json.loads(second)["heldBy"] == "operator"
        assert "released" in await at.says("evidence", "release", "e2")
        ended = await at.types("evidence", "get", "e2", "-o", str(file))
        assert (ended.code, ended.out) == (0, "")
        place = Piece.read(file.read_bytes()).place
        assert place is not None
        assert (place.number, place.previous_digest in await at.says("evidence", "verify")) == (
            2,
            False,
        )
        opened = await at.says("evidence", "open", str(file), "--key", str(key))
        assert "reported: buy" in opened
        assert len(log.read_text().splitlines()) == 1
        gone = await at.types("evidence", "get", "e9", "-o", str(tmp_path / "e9"))
        assert (gone.code, (tmp_path / "e9").exists()) == (1, False)
