"""Lists as tables for a terminal; what is bad is red, what is nearly so is yellow."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from relay.ops import figures, plots
from relay.ops.history import History
from relay.ops.models import (
    FIGURES,
    AuditEntry,
    Node,
    Room,
    RoomSide,
    Threshold,
    Thresholds,
    Totals,
    Track,
    User,
    Worker,
)

ROOMY = 110
VAST = 140
"""From this many columns on, tables tell more, and still more."""
PROBLEM = "PROBLEM"

Row = dict[str, Text | None]
"""A line's cells by the names of their columns; > aligns to the right, None leaves it out."""

_BAD, _WARM, _GOOD, _QUIET = "bold red", "yellow", "green", "bright_black"
_SPARKS = 16

_IN_ANY_WIDTH = ("bitrate_bps", "loss_ratio", "jitter_ms", "round_trip_ms", "idle_s")
"""Columns of tracks that have their places; others come where there is much room."""

_GRADES = {"good": "", "weak": _WARM, "poor": _BAD}
_STATES = {"in_call": _GOOD, "matched": _WARM, "waiting": "cyan"}


def style(value: float | None, threshold: Threshold | None) -> str:
    """The style of a number by its threshold."""
    if value is None:
        return _QUIET
    if threshold is None or value < threshold.warm:
        return ""
    return _BAD if value >= threshold.bad else _WARM


def tracks(
    shown: Iterable[Track], width: int, thresholds: Thresholds, history: History | None = None
) -> Table:
    """Streams, a line each.

    :param width: of the terminal, in columns.
    :param history: adds a sparkline of the bitrate.
    """
    found = list(shown)
    tells_workers = any(track.worker or track.node for track in found)  # the first one is 0
    rows = [_track(track, width, thresholds, history, tells_workers) for track in found]
    return table(rows, width)


def _track(
    track: Track,
    width: int,
    thresholds: Thresholds,
    history: History | None,
    tells_workers: bool,
) -> Row:
    sparks = _SPARKS if width >= ROOMY else _SPARKS // 2
    past = None if history is None else list(history.of(track.id).bitrate_bps)
    worker = Text(figures.NOTHING if track.worker is None else str(track.worker))
    return {
        "TRACK": Text(track.id, "" if track.room_id else _QUIET),
        "WAY": Text("↑" if track.direction == "up" else "↓", "cyan"),
        "NODE": _node(track.node),
        ">WORKER" if width >= ROOMY else ">W": worker if tells_workers else None,
        "ROOM": _id(track.room_id) if width >= VAST else None,
        "USER": _id(track.user_id) if width >= ROOMY else None,
        "MEDIA": Text(figures.media(track)),
        ">kbit/s": Text(figures.kilobits(track.bitrate_bps), _flow(track)),
        ">LOSS": Text(
            figures.ratio(track.loss_ratio), style(track.loss_ratio, thresholds.loss_ratio)
        ),
        ">JIT ms": Text(figures.ms(track.jitter_ms), style(track.jitter_ms, thresholds.jitter_ms)),
        ">RTT ms" if width >= ROOMY else ">RTT": Text(
            figures.ms(track.round_trip_ms), style(track.round_trip_ms, thresholds.round_trip_ms)
        ),
        **{
            f">{figure.title.upper()}": told(track, name, thresholds) if width >= VAST else None
            for name, figure in FIGURES.items()
            if figure.word and name not in _IN_ANY_WIDTH
        },
        "LATELY": None if past is None else Text(plots.sparkline(past, sparks), "cyan"),
        ">QUALITY": quality(track) if width >= VAST else None,
        "LEG": Text(track.leg or "") if width >= VAST else None,
        PROBLEM: Text(trouble(track), _BAD if track.problems else _QUIET),
    }


def quality(track: Track) -> Text:
    """How well the user sees and hears the partner."""
    return Text(figures.quality(track.quality), _GRADES.get(track.grade or "", _QUIET))


def _node(name: str | None) -> Text | None:
    """The column is there in a cluster alone."""
    return None if name is None else Text(name)


def told(track: Track, name: str, thresholds: Thresholds) -> Text:
    """Any figure of a track."""
    value = getattr(track, name)
    return Text(figures.figure(name, value), style(value, getattr(thresholds, name, None)))


def _id(value: str | None) -> Text:
    return Text(value or figures.NOTHING, "" if value else _QUIET)


def _flow(track: Track) -> str:
    return _QUIET if track.bitrate_bps == 0 else ""


def trouble(track: Track) -> str:
    """What is wrong with a track, and since when it rests if it does."""
    idle = figures.idle(track)
    resting = f"idle {idle}" if idle else ""
    leg = f"{track.leg}: " if "quality" in track.problems and track.leg else ""
    return leg + figures.problems(track.problems) or resting


def rooms(shown: Iterable[Room], width: int, thresholds: Thresholds) -> Table:
    """Rooms, a line each."""
    return table([_room(room, width, thresholds) for room in shown], width)


def _room(room: Room, width: int, thresholds: Thresholds) -> Row:
    is_quiet = room.state != "in_call" and not room.problems
    return {
        "ROOM": Text(room.id),
        "WAITED": Text(room.users[0]),
        "CAME": Text(room.users[1]),
        "NODES": Text(" ".join(room.nodes)) if room.nodes and width >= ROOMY else None,
        "STATE": _state(room.state) if width >= ROOMY else None,
        ">AGE": Text(figures.duration(room.age_s)),
        ">kbit/s": Text(figures.kilobits(room.bitrate_bps)) if width >= ROOMY else None,
        ">LOSS": Text(
            figures.ratio(room.loss_ratio), style(room.loss_ratio, thresholds.loss_ratio)
        ),
        ">QUALITY" if width >= ROOMY else ">Q": _qualities(room, width),
        "LEG": Text(_legs(room)) if width >= ROOMY else None,
        PROBLEM: _state(room.state)
        if is_quiet and width < ROOMY
        else Text(_worse_leg(room, width) + figures.problems(room.problems), _BAD),
    }


def _qualities(room: Room, width: int) -> Text:
    """Of both sides, or where there is little room of the worse one."""
    sides = room.sides if width >= ROOMY else _worse(room)
    return Text(" / ").join(_quality(side.quality, side.grade) for side in sides)


def _quality(quality: float | None, grade: str | None) -> Text:
    return Text(figures.quality(quality), _GRADES.get(grade or "", _QUIET))


def _legs(room: Room) -> str:
    legs = [side.leg for side in room.sides]
    return " / ".join(leg or figures.NOTHING for leg in legs) if any(legs) else ""


def _worse_leg(room: Room, width: int) -> str:
    """The leg that is to blame for the worse side, where it has no column."""
    leg = next((side.leg for side in _worse(room)), None)
    return f"{leg}: " if leg and room.problems and width < ROOMY else ""


def _worse(room: Room) -> Sequence[RoomSide]:
    """The side with the lower figure, if there is one."""
    known = [side for side in room.sides if side.quality is not None]
    return sorted(known, key=lambda side: side.quality or 0.0)[:1]


def users(shown: Iterable[User], width: int) -> Table:
    """Users, a line each; some columns are there only when they say something of somebody."""
    shown = list(shown)
    is_any_away = any(user.interrupted_age_s is not None for user in shown)
    is_any_over = any(user.over_budget for user in shown)
    is_any_judged = any(user.quality is not None for user in shown)
    has_any_failed = any(user.link_cause for user in shown)
    return table(
        [
            {
                "USER": Text(user.id),
                "STATE": _state(user.state),
                "ROOM": _id(user.room_id),
                "LINK": _id(user.link_id),
                "NODE": _node(user.node),
                ">AGE": Text(figures.duration(user.age_s)),
                ">QUALITY": _quality(user.quality, user.grade) if is_any_judged else None,
                "LEG": Text(user.leg or "") if is_any_judged and width >= ROOMY else None,
                "LINK FAILED": Text(user.link_cause or "", _BAD) if has_any_failed else None,
                ">INTERRUPTED": _interrupted(user) if is_any_away else None,
                "OVER BUDGET": _over(user) if is_any_over else None,
            }
            for user in shown
        ],
        width,
    )


def _interrupted(user: User) -> Text:
    age_s = user.interrupted_age_s
    return Text("" if age_s is None else figures.duration(age_s), _WARM)


def workers(shown: Iterable[Worker], width: int, thresholds: Thresholds) -> Table:
    """Media processes, a line each."""
    return table([_worker(worker, thresholds) for worker in shown], width)


def _worker(worker: Worker, thresholds: Thresholds) -> Row:
    process = Text("none", _BAD) if worker.process_id is None else Text(str(worker.process_id))
    return {
        "NODE": _node(worker.node),
        ">WORKER": Text(str(worker.index)),
        ">PROCESS": process,
        ">PORT": Text(str(worker.udp_port)),
        ">LINKS": Text(figures.count(worker.links)),
        ">pkt/s": Text(figures.count(worker.packets_per_s)),
        ">CPU": Text(
            figures.ratio(worker.cpu_ratio), style(worker.cpu_ratio, thresholds.cpu_ratio)
        ),
        ">LAG ms": Text(
            figures.ms(worker.loop_lag_ms), style(worker.loop_lag_ms, thresholds.loop_lag_ms)
        ),
        ">DROPPED": Text(figures.count(worker.packets_dropped)),
        ">RESTARTS": Text(figures.count(worker.restarts), _WARM if worker.restarts else ""),
        ">SINCE": Text(figures.duration(worker.age_s)),
        "STATE": Text("up", _GOOD) if worker.up else Text("down", _BAD),
    }


def nodes(shown: Iterable[Node], width: int, thresholds: Thresholds) -> Table:
    """Nodes of a cluster, a line each."""
    return table([_a_node(node, thresholds) for node in shown], width)


def _a_node(node: Node, thresholds: Thresholds) -> Row:
    now = node.totals
    cpu = None if now is None else max(now.cpu_ratio, now.worker_cpu_ratio)
    return {
        "NODE": Text(node.name, "bold" if node.here else ""),
        "VERSION": _id(node.version),
        ">USERS": _counted(None if now is None else now.connected),
        ">WAITING": _counted(None if now is None else now.waiting),
        ">ROOMS": _counted(None if now is None else now.rooms),
        ">WORKERS": _counted(None if now is None else now.workers),
        ">Mbit/s": Text(figures.NOTHING if now is None else f"{now.bitrate_bps / 1e6:,.1f}"),
        ">CPU": Text(
            figures.NOTHING if cpu is None else figures.ratio(cpu), style(cpu, thresholds.cpu_ratio)
        ),
        ">UP": Text(figures.duration(None if now is None else now.uptime_s)),
        ">LEASE": Text(figures.duration(node.lease_s)),
        "STATE": _doing(now),
    }


def _counted(number: int | None) -> Text:
    return Text(figures.NOTHING if number is None else figures.count(number))


def _doing(now: Totals | None) -> Text:
    if now is None:
        return Text("does not answer", _BAD)
    if now.ready:
        return Text("ready", _GOOD)
    return Text(figures.problems(now.reasons), _WARM if now.draining else _BAD)


def _over(user: User) -> Text:
    return Text(", ".join(user.over_budget), "bold red")


def audit(entries: Iterable[AuditEntry], width: int) -> Table:
    """Uses of taps, a line each: a use's start and end together."""
    uses: dict[str, list[AuditEntry]] = {}
    for entry in entries:
        uses.setdefault(entry.use, []).append(entry)
    return table([_use(width, *entries) for entries in uses.values()], width)


def _use(width: int, first: AuditEntry, *more: AuditEntry) -> Row:
    end = next((entry for entry in (first, *more) if entry.event != "tap_started"), None)
    took = "" if end is None else figures.duration(end.duration_s)
    return {
        "AT": Text(first.at[0 if width >= ROOMY else len("2026-") : 19].replace("T", " ")),
        "WHAT": Text(first.what.replace("_", " ")),
        "OF": Text(first.track or first.link or first.room or first.report or figures.NOTHING),
        "BY": Text(first.operator or figures.NOTHING),
        "FROM": Text(first.address or figures.NOTHING) if width >= ROOMY else None,
        "TOKEN": Text(first.token or figures.NOTHING) if width >= ROOMY else None,
        ">FOR": Text("since then", _WARM) if end is None else Text(took),
        ">SIZE": Text(figures.size((end.bytes if end else None) or 0)),
        "END": Text((end.why or "").replace("_", " ") if end else "", _QUIET),
    }


def totals(now: Totals, thresholds: Thresholds) -> Text:
    """How the server is doing, in a line or two."""
    text = Text()
    text.append(f"{now.connected} connected", "bold")
    text.append(f" · {now.waiting} waiting · {now.in_call} in call")
    text.append(f" · {now.rooms} room{'' if now.rooms == 1 else 's'}")
    text.append(f" ({now.bad_rooms} bad)" if now.bad_rooms else "", _BAD)
    text.append(f" · up {figures.duration(now.uptime_s)}", _QUIET)
    if not now.ready:
        text.append(f" · not ready: {figures.problems(now.reasons)}", _BAD)
    text.append(f"\n{figures.bitrate(now.bitrate_bps)} · {figures.count(now.packets_per_s)} pkt/s")
    for words, value, limits in (
        (
            f" · loss ↑ {figures.ratio(now.loss_up_ratio)}",
            now.loss_up_ratio,
            thresholds.loss_up_ratio,
        ),
        (
            f" ↓ {figures.ratio(now.loss_down_ratio)}",
            now.loss_down_ratio,
            thresholds.loss_down_ratio,
        ),
        (f" · CPU {now.cpu_ratio:.0%}", now.cpu_ratio, thresholds.cpu_ratio),
        (
            f" · loop lag {figures.milliseconds(now.loop_lag_ms)}",
            now.loop_lag_ms,
            thresholds.loop_lag_ms,
        ),
    ):
        text.append(words, style(value, limits))
    text = _with_workers(text, now, thresholds) if now.workers else text
    return _with_nodes(text, now) if now.nodes else text


def _with_workers(text: Text, now: Totals, thresholds: Thresholds) -> Text:
    """The same with another line."""
    cpu, lag_ms = now.worker_cpu_ratio, now.worker_loop_lag_ms
    text.append(f"\n{now.workers} worker{'' if now.workers == 1 else 's'}")
    text.append(f" ({now.workers_down} down)" if now.workers_down else "", _BAD)
    text.append(f" · CPU up to {cpu:.0%}", style(cpu, thresholds.cpu_ratio))
    lag = f" · loop lag up to {figures.milliseconds(lag_ms)}"
    text.append(lag, style(lag_ms, thresholds.loop_lag_ms))
    if now.worker_restarts:
        times = "once" if now.worker_restarts == 1 else f"{now.worker_restarts} times"
        text.append(f" · restarted {times}", _WARM)
    return text


def _with_nodes(text: Text, now: Totals) -> Text:
    """The same with another line."""
    text.append(f"\n{now.nodes} node{'' if now.nodes == 1 else 's'}")
    if now.silent_nodes:
        text.append(f" · no answer from {', '.join(now.silent_nodes)}", _BAD)
    return text


def _state(state: str) -> Text:
    return Text(state.replace("_", " "), _STATES.get(state, _QUIET))


def table(rows: Sequence[Row], width: int) -> Table:
    """A table; a column is there when it has a cell in the first row.

    Only the last column is cut when it does not fit.
    """
    gap = 1 if width < ROOMY else 2
    made = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bright_black")
    names = [name for name, cell in (rows[0] if rows else {}).items() if cell is not None]
    left = width
    for name in names:
        title = "" if name == "WAY" else name.removeprefix(">")
        cells = [cell for row in rows if (cell := row[name]) is not None]
        longest = max(len(title), *(cell.cell_len for cell in cells))
        is_last = name == names[-1]
        made.add_column(
            title,
            justify="right" if name.startswith(">") else "left",
            width=max(min(longest, left), 1) if is_last else longest,
            no_wrap=True,
        )
        left -= longest + gap
    for row in rows:
        made.add_row(*(row[name] for name in names))
    return made
