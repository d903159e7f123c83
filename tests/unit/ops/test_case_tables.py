"""Reports, bans and appeals, as they look on a terminal."""

from datetime import UTC, datetime

from relay.ops import case_tables
from relay.ops.models import (
    Appeal,
    AppealCard,
    Ban,
    Card,
    Decision,
    Party,
    PastReport,
    Report,
    Side,
)
from tests.unit.ops.test_tables import shown

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
BAD = Party(visitor="bad-bad-bad", address="a1b2")
REPORT = Report(
    id="0011223344556677",
    at="2026-01-02T11:55:00.000+00:00",
    reason="nudity",
    severity=3,
    reporter=Party(visitor=None, address="c3d4"),
    reported=BAD,
    reporters=2,
    room_id="room-room-room-r",
    words="he\u202e undressed",
    source="user",
    score=None,
    outcome="open",
    decided_at=None,
    taken_by=None,
    taken_at=None,
)
BAN = Ban(
    id="b1",
    party=BAD,
    since="2026-01-01T12:00:00+00:00",
    until="2026-01-09T12:00:00+00:00",
    reason="spam",
    by="mo",
    words="No ads.",
    lifted_at=None,
    holds=True,
)
PAST = PastReport(id="r", at=REPORT.at, reason="spam", outcome="dismissed")
SIDE = Side(party=BAD, reports_about=(PAST, PAST), reports_made=(), bans=(BAN,))


def test_reports_in_80_columns() -> None:
    minor = REPORT.model_copy(
        update={"reason": "minor", "severity": 0, "taken_by": "mo", "words": "", "reporters": 0}
    )
    assert shown(case_tables.reports([minor, REPORT], 80, NOW), 80) == [
        "REPORT            AGE REASON BY STATE    WORDS",
        "0011223344556677 5:00 minor   - mo looks -",
        "0011223344556677 5:00 nudity  2 open     he<U+202E> undressed",
    ]


def test_bans_and_how_they_end() -> None:
    for_ever = BAN.model_copy(update={"until": None})
    lifted = BAN.model_copy(update={"lifted_at": BAN.since, "holds": False})
    over = BAN.model_copy(update={"holds": False, "party": Party(visitor=None, address="a1b2")})
    lines = shown(case_tables.bans([BAN, for_ever, lifted, over], 100, NOW), 100)
    assert [line.split("mo ")[1].split(" No")[0].strip() for line in lines[1:]] == [
        "2026-01-09 12:00",
        "for ever",
        "lifted",
        "over",
    ]
    assert "address:a1b2" in lines[4]


def test_a_card_tells_both_sides_and_what_was_decided() -> None:
    decision = Decision(at=REPORT.at, by="mo", what="dismissed", about="r1", why="was\x1bnothing")
    card = Card(report=REPORT, reported=SIDE, reporter=SIDE, decisions=(decision,), evidence=())
    text = "\n".join(shown(case_tables.card(card, NOW), 100))
    for told in (
        "Report 0011223344556677  nudity, 5:00 ago",
        "he<U+202E> undressed",
        "2 \u00d7 spam dismissed",
        "spam by mo, 24:00:00 ago, 2026-01-09 12:00",
        "mo dismissed r1: was<U+001B>nothing",
    ):
        assert told in text


def test_an_appeal_tells_the_ban() -> None:
    appeal = Appeal(
        id="p1",
        ban_id="b1",
        at=REPORT.at,
        words="sorry",
        outcome="open",
        answer="",
        decided_at=None,
    )
    [line] = shown(case_tables.appeals([appeal], 80, NOW), 80)[1:]
    assert line.split() == ["p1", "5:00", "b1", "open", "sorry"]
    card = AppealCard(appeal=appeal, ban=BAN, banned=SIDE, decisions=())
    text = "\n".join(shown(case_tables.appeal(card, NOW), 100))
    assert "b1, spam, by mo" in text
    assert "No ads." in text
