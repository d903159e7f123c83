"""What ``loss`` finds: calls over bad lines; rows of them, and what they should be."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.table import Table

from scripts.benchmark.lines import CLEAN, Line
from scripts.benchmark.seen import NUMBERS, Side
from scripts.benchmark.servers import RELAY
from scripts.benchmark.tables import number, table
from scripts.benchmark.targets import Target, at_least, judge

REFERENCE, AFTER = "clean", "after"
LINES = {
    REFERENCE: CLEAN,
    "2%": Line(loss=0.02),
    "5%": Line(loss=0.05, round_trip_s=0.16),
    "10%": Line(loss=0.10),
    "15%": Line(loss=0.15),
    "bursts": Line(burst_s=0.3, every_s=5),
    "150k": Line(bits_per_s=150e3),
    "300k": Line(bits_per_s=300e3),
    "600k": Line(bits_per_s=600e3),
    AFTER: Line(loss=0.15),
}
"""By the names that the command line has for them."""
TITLES = {
    REFERENCE: "nothing lost, 60 ms",
    "2%": "2 %, 60 ms",
    "5%": "5 %, 160 ms",
    "10%": "10 %, 60 ms",
    "15%": "15 %, 60 ms",
    "bursts": "bursts of 300 ms every 5 s",
    "150k": "150 kbit/s, queue of 300 ms",
    "300k": "300 kbit/s, queue of 300 ms",
    "600k": "600 kbit/s, queue of 300 ms",
    AFTER: "15 % for 20 s, then clean",
}
BEFORE = "755ce83"
"""The last commit at which losses were repaired from end to end."""
FORMER = f"{RELAY} at "
"""What the relay of another revision is called, and then that revision."""

BUSY_PERCENT = 10.0
"""With less idle time than this, browsers may have waited for their turn."""
STRAINED_PERCENT = 10.0


@dataclass(frozen=True, slots=True)
class Call:
    """One call of two users."""

    line: str
    server: str
    run: int
    idle_percent: float
    """Of all cores' time meanwhile."""
    sides: list[Side]
    back_s: list[float]
    """Of ``after``: until each user's picture is whole again."""


@dataclass(frozen=True, slots=True)
class Row:
    """All calls of one line on one server; medians over the users."""

    line: str
    server: str
    runs: int
    freezes: float
    frozen_s: float
    longest_s: float
    """Of all freezes."""
    made_up_percent: float
    pictures_per_s: float
    worst_pictures_per_s: float
    width: float
    estimate_kbps: float
    back_s: float | None
    idle_percent: float
    """The least."""
    doubt: str


def rows(found: list[Call]) -> list[Row]:
    """In the order of the lines."""
    keys = dict.fromkeys((call.line, call.server) for call in found)
    order = list(LINES)
    chosen = sorted(keys, key=lambda key: order.index(key[0]))
    froze = {name for line, name in keys if line == REFERENCE and _froze(_of(found, line, name))}
    return [_row(_of(found, *key), *key, is_shaky=key[1] in froze) for key in chosen]


def _of(found: list[Call], line: str, server: str) -> list[Call]:
    return [call for call in found if (call.line, call.server) == (line, server)]


def _froze(calls: list[Call]) -> bool:
    return median(side.freezes for call in calls for side in call.sides) > 0


def _row(calls: list[Call], line: str, server: str, *, is_shaky: bool) -> Row:
    sides = [side for call in calls for side in call.sides]
    middle = {name: median(getattr(side, name) for side in sides) for name in NUMBERS}
    strained = middle.pop("strained_percent")
    idle = min(call.idle_percent for call in calls)
    back = [seconds for call in calls for seconds in call.back_s]
    doubts = {
        "busy": idle < BUSY_PERCENT,
        "strained": strained > STRAINED_PERCENT,
        "froze when clean": is_shaky,
    }
    return Row(
        line=line,
        server=server,
        runs=len(calls),
        **middle | {"longest_s": max(side.longest_s for side in sides)},
        worst_pictures_per_s=min(side.pictures_per_s for side in sides),
        back_s=median(back) if back else None,
        idle_percent=idle,
        doubt=", ".join(word for word, is_so in doubts.items() if is_so),
    )


def as_dict(found: list[Call]) -> dict[str, Any]:
    """For JSON: the rows, and each call with what was counted in it."""
    return {
        "loss": [asdict(row) for row in rows(found)],
        "loss_calls": [asdict(call) for call in found],
    }


def tables(found: list[Call]) -> list[Table]:
    """For people."""
    drawn = table(
        "Over bad lines, as the browsers tell it (medians of all users; longest and worst of all)",
        "line", "server", "runs", "freezes", "frozen s", "longest s", "sound made up %",
        "pictures/s", "worst", "width", "estimate kbit/s", "back after s", "idle %", "in doubt",
    )  # fmt: skip
    for row in rows(found):
        drawn.add_row(
            TITLES[row.line],
            row.server,
            str(row.runs),
            number(row.freezes, 1),
            number(row.frozen_s, 1),
            number(row.longest_s, 1),
            number(row.made_up_percent, 1),
            number(row.pictures_per_s, 1),
            number(row.worst_pictures_per_s, 1),
            number(row.width, 0),
            number(row.estimate_kbps, 0),
            number(row.back_s, 1),
            number(row.idle_percent, 0),
            row.doubt,
        )
    return [drawn]


@dataclass(frozen=True, slots=True)
class Aim:
    """What is to be of one line: at most so many freezes, ..., at least so many pictures."""

    line: str
    freezes: float
    frozen_s: float
    made_up_percent: float
    pictures_per_s: float


AIMS = (
    Aim("2%", 0, 0, 0.5, 19.5),
    Aim("5%", 1, 0.3, 1, 19),
    Aim("10%", 1, 0.3, 2, 19),
    Aim("15%", 3, 1, 5, 17),
)
LONGEST_S, BACK_S = 0.6, 3.0
NARROW = ("150k", "300k", "600k")
AS_GOOD = 0.95
"""Runs of the same server differ by as much."""


def targets(found: list[Call]) -> list[Target]:
    """Of the relay; over narrow lines it is compared with what it was."""
    made = {(row.line, row.server): row for row in rows(found)}
    ours = {line: row for (line, server), row in made.items() if server == RELAY}
    judged = [target for aim in AIMS for target in _aimed(aim, ours.get(aim.line))]
    judged.append(_at_most("bursts", "the longest freeze", ours, "longest_s", LONGEST_S))
    for line in NARROW:
        formers = (made[key] for key in made if key[0] == line and key[1].startswith(FORMER))
        judged.append(_as_good(line, ours.get(line), next(formers, None)))
    judged.append(_at_most(AFTER, "until the picture is whole", ours, "back_s", BACK_S))
    return judged


def _aimed(aim: Aim, row: Row | None) -> list[Target]:
    ours = {aim.line: row} if row else {}
    title, doubt = TITLES[aim.line], _doubt(row)
    return [
        _at_most(aim.line, "freezes", ours, "freezes", aim.freezes, ""),
        _at_most(aim.line, "frozen", ours, "frozen_s", aim.frozen_s),
        _at_most(aim.line, "sound made up", ours, "made_up_percent", aim.made_up_percent, " %"),
        at_least(
            f"{title}: pictures a second",
            row.pictures_per_s if row else None,
            aim.pictures_per_s,
            "",
            doubt=doubt,
        ),
    ]


def _at_most(
    line: str, what: str, ours: dict[str, Row], name: str, most: float, unit: str = " s"
) -> Target:
    row = ours.get(line)
    value = None if row is None else getattr(row, name)
    return judge(f"{TITLES[line]}: {what}", value, most, unit, doubt=_doubt(row))


def _as_good(line: str, row: Row | None, former: Row | None) -> Target:
    value = None
    if row is not None and former is not None and former.pictures_per_s:
        value = row.pictures_per_s / former.pictures_per_s
    figure = f"{TITLES[line]}: pictures a second, to those of {former.server if former else BEFORE}"
    return at_least(figure, value, AS_GOOD, "", form=".2f", doubt=_doubt(row))


def _doubt(row: Row | None) -> str:
    return f" (in doubt: {row.doubt})" if row is not None and row.doubt else ""
