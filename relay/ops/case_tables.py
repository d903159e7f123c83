"""Reports, bans, appeals and operators on a terminal. Whatever strangers wrote is made visible."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relay.ops import figures
from relay.ops.models import (
    AnOperator,
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
from relay.ops.tables import ROOMY, VAST, Row, table
from relay.ops.visible import visible

_URGENT = 2
"""Up to this severity a report cannot wait."""
_BAD, _WARM, _GOOD, _QUIET = "bold red", "yellow", "green", "bright_black"
_OUTCOMES = {"open": _WARM, "banned": _BAD, "granted": _GOOD}


def reports(shown: Iterable[Report], width: int, now: datetime) -> Table:
    """Reports, a line each.

    :param width: of the terminal, in columns.
    """
    return table([_report(each, width, now) for each in shown], width)


def _report(report: Report, width: int, now: datetime) -> Row:
    return {
        "REPORT": Text(report.id),
        ">AGE": Text(age(report.at, now)),
        "REASON": Text(report.reason, _BAD if report.severity <= _URGENT else ""),
        ">BY": Text(figures.count(report.reporters) if report.reporters else figures.NOTHING),
        "ABOUT": Text(whom(report.reported)) if width >= ROOMY else None,
        "ROOM": Text(report.room_id) if width >= VAST else None,
        "STATE": _state(report),
        "WORDS": _words(report.words),
    }


def _state(report: Report) -> Text:
    if report.taken_by:
        return Text(f"{report.taken_by} looks", "cyan")
    return _outcome(report.outcome)


def _outcome(outcome: str) -> Text:
    return Text(outcome, _OUTCOMES.get(outcome, _QUIET))


def bans(shown: Iterable[Ban], width: int, now: datetime) -> Table:
    """Bans, a line each."""
    return table([_ban(each, width, now) for each in shown], width)


def _ban(ban: Ban, width: int, now: datetime) -> Row:
    return {
        "BAN": Text(ban.id),
        "WHO": Text(whom(ban.party)),
        "REASON": Text(ban.reason),
        "BY": Text(ban.by),
        ">SINCE": Text(age(ban.since, now)) if width >= ROOMY else None,
        "UNTIL": until(ban),
        "WORDS": _words(ban.words),
    }


def until(ban: Ban) -> Text:
    """When a ban ends, or that it has."""
    if ban.lifted_at:
        return Text("lifted", _QUIET)
    if not ban.holds:
        return Text("over", _QUIET)
    return Text("for ever" if ban.until is None else moment(ban.until), _WARM)


def appeals(shown: Iterable[Appeal], width: int, now: datetime) -> Table:
    """Appeals, a line each."""
    rows: list[Row] = [
        {
            "APPEAL": Text(each.id),
            ">AGE": Text(age(each.at, now)),
            "BAN": Text(each.ban_id),
            "STATE": _outcome(each.outcome),
            "WORDS": _words(each.words),
        }
        for each in shown
    ]
    return table(rows, width)


def operators(shown: Iterable[AnOperator], width: int) -> Table:
    """Operators, a line each."""
    rows: list[Row] = [
        {
            "NAME": Text(each.name),
            "ROLE": Text(each.role),
            "SINCE": Text(moment(each.added_at) if each.added_at else "the server's own", _QUIET),
        }
        for each in shown
    ]
    return table(rows, width)


# one case


def card(shown: Card, now: datetime) -> RenderableType:
    """A report with all that helps to decide it."""
    report = shown.report
    title = Text(f"Report {report.id}", "bold")
    title.append(f"  {report.reason}", "bold red" if report.severity <= _URGENT else "not bold")
    title.append(f", {age(report.at, now)} ago", "not bold")
    source = "" if report.score is None else f" a classifier, {report.score:.2f}"
    pairs = [
        ("State", _state(report)),
        ("Reported by", Text((str(report.reporters) if report.reporters else "") + source)),
        ("Room", Text(report.room_id)),
        ("Words", _words(report.words)),
        ("Evidence", Text(", ".join(each.id for each in shown.evidence) or figures.NOTHING)),
    ]
    return Group(
        title,
        _facts(pairs),
        *_side("The reported one", shown.reported, now),
        *_side("The reporter", shown.reporter, now),
        *_decisions(shown.decisions),
    )


def appeal(shown: AppealCard, now: datetime) -> RenderableType:
    """An appeal with all that helps to answer it."""
    title = Text(f"Appeal {shown.appeal.id}", "bold")
    title.append(f"  {age(shown.appeal.at, now)} ago", "not bold")
    pairs = [
        ("State", _outcome(shown.appeal.outcome)),
        ("Words", _words(shown.appeal.words)),
        ("Answer", _words(shown.appeal.answer)),
        ("Ban", Text(f"{shown.ban.id}, {shown.ban.reason}, by {shown.ban.by}")),
        ("Until", until(shown.ban)),
        ("Told", _words(shown.ban.words)),
    ]
    return Group(
        title,
        _facts(pairs),
        *_side("The banned one", shown.banned, now),
        *_decisions(shown.decisions),
    )


def _side(title: str, side: Side, now: datetime) -> list[RenderableType]:
    pairs = [
        ("Who", Text(whom(side.party))),
        ("Reports about it", _past(side.reports_about)),
        ("Reports it made", _past(side.reports_made)),
        ("Bans", Text("; ".join(_past_ban(ban, now) for ban in side.bans) or figures.NOTHING)),
    ]
    return ["", Text(title, "bold"), _facts(pairs)]


def _past(shown: Sequence[PastReport]) -> Text:
    told: dict[str, int] = {}
    for each in shown:
        words = f"{each.reason} {each.outcome}"
        told[words] = told.get(words, 0) + 1
    listed = ", ".join(f"{count} × {words}" for words, count in told.items())  # noqa: RUF001
    return Text(listed or figures.NOTHING)


def _past_ban(ban: Ban, now: datetime) -> str:
    return f"{ban.reason} by {ban.by}, {age(ban.since, now)} ago, {until(ban).plain}"


def _decisions(shown: Sequence[Decision]) -> list[RenderableType]:
    if not shown:
        return []
    lines = [
        Text(f"{moment(each.at)}  {each.by} {each.what} {each.about}: {visible(each.why) or '-'}")
        for each in shown
    ]
    return ["", Text("Decisions", "bold"), *lines]


def _facts(pairs: Iterable[tuple[str, Text]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, value in pairs:
        grid.add_row(Text(name, "bright_black"), value)
    return grid


# parts


def whom(party: Party) -> str:
    """A visitor's id, or an address's hash."""
    address = f"address:{party.address}" if party.address else ""
    return " ".join(filter(None, (party.visitor, address))) or figures.NOTHING


def age(at: str, now: datetime) -> str:
    """How long ago a moment was."""
    return figures.duration(max((now - datetime.fromisoformat(at)).total_seconds(), 0))


def moment(at: str) -> str:
    """A moment in UTC, to the minute."""
    return datetime.fromisoformat(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _words(words: str) -> Text:
    return Text(visible(words) or figures.NOTHING, "" if words else _QUIET)
