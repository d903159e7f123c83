"""One track's page: all that is known of it, and graphs of what came before."""

from collections.abc import Iterable
from itertools import zip_longest

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relay.ops import figures, plots, tables
from relay.ops.history import Past
from relay.ops.models import FIGURES, Path, Threshold, Thresholds, Track

GRAPH_S = 60
_MARGIN = 14
"""Columns of a graph's scale, and some."""
_LEAST_BPS = 50e3
_LEAST_LOSS = 0.05

_Pair = tuple[str, str | Text]


def page(track: Track, past: Past | None, width: int, thresholds: Thresholds) -> RenderableType:
    """A track's page.

    :param past: what the graphs show; None for none.
    :param width: of the terminal, in columns.
    """
    parts: list[RenderableType] = [_title(track), "", _facts(track, thresholds)]
    if past is not None:
        wide = 2 if width >= 2 * GRAPH_S + _MARGIN else 1
        room = min(wide * GRAPH_S, width - _MARGIN)
        bitrate = _stretched(past.bitrate_bps, wide)
        loss = _stretched(past.loss_ratio, wide)
        parts += [
            *_graph("Bitrate", plots.graph(bitrate, room, 6, figures.bitrate, _LEAST_BPS), "cyan"),
            *_graph("Loss", plots.graph(loss, room, 4, figures.ratio, _LEAST_LOSS), "red"),
            Text(f"{'':>12}{GRAPH_S} s ago{'now':>{max(room - 6, 4)}}", "bright_black"),
        ]
    return Group(*parts)


def _stretched(values: Iterable[float | None], wide: int) -> list[float | None]:
    """The last minute, each second as wide as told."""
    return [value for value in list(values)[-GRAPH_S:] for _ in range(wide)]


def _title(track: Track) -> Text:
    way = "sent by" if track.direction == "up" else "received by"
    text = Text(track.id, "bold")
    text.append(f"  {figures.media(track)}, {way} {track.user_id}", "not bold")
    if track.problems:
        text.append(f"  {figures.problems(track.problems)}", "bold red")
    if track.over_budget:
        text.append(f"  over its budget: {', '.join(track.over_budget)}", "bold red")
    return text


def _facts(track: Track, thresholds: Thresholds) -> Table:
    pairs = [*_about(track, thresholds), *_figures(track, thresholds)]
    half = (len(pairs) + 1) // 2
    grid = Table.grid(padding=(0, 2))
    for (name, value), (other, beside) in zip_longest(
        pairs[:half], pairs[half:], fillvalue=("", "")
    ):
        grid.add_row(Text(name, "bright_black"), value, Text(other, "bright_black"), beside)
    return grid


def _about(track: Track, thresholds: Thresholds) -> Iterable[_Pair]:
    yield "Room", track.room_id or figures.NOTHING
    yield "Link", track.link_id
    if track.worker is not None:
        yield "Worker", str(track.worker)
    yield "Partner's", track.counterpart_id or figures.NOTHING
    yield "SSRC", f"{track.ssrc} ({track.ssrc:#010x})"
    yield "Path", way(track.path)
    yield "DTLS", track.dtls_version or figures.NOTHING
    yield "SRTP", (track.srtp_profile or figures.NOTHING).removeprefix("SRTP_")
    if track.direction == "down":
        leg = f", the leg {track.leg}" if track.leg else ""
        yield "Quality", tables.quality(track).append(leg, "not bold")
    yield "Last packet", _last_packet(track, thresholds.idle_s)
    yield "Key frames", _keyframes(track)


_IN_WORDS = ("width", "height", "fps", "keyframes", "waits_for_keyframe", "idle_s")
"""Figures that stand among what is told of a track, or in its title."""


def _figures(track: Track, thresholds: Thresholds) -> Iterable[_Pair]:
    for name, figure in FIGURES.items():
        if name not in _IN_WORDS:
            yield figure.title, tables.told(track, name, thresholds)


def way(path: Path) -> str:
    """Such as ``udp ipv4``, or with the user's address where operators may see it."""
    return f"{path.protocol} {path.remote_address or path.remote_family or path.local_family}"


def _last_packet(track: Track, threshold: Threshold) -> Text:
    if track.idle_s is None:
        return Text("never came", tables.style(threshold.bad, threshold))
    told = figures.milliseconds(1000 * track.idle_s) + " ago"
    return Text(told, tables.style(track.idle_s, threshold))


def _keyframes(track: Track) -> Text:
    if track.waits_for_keyframe:
        return Text("waits for the first", "yellow")
    return Text(figures.count(track.keyframes) if track.kind == "video" else figures.NOTHING)


def _graph(name: str, lines: list[str], style: str) -> Iterable[RenderableType]:
    yield ""
    yield Text(name, "bold")
    yield Text("\n".join(lines), style, no_wrap=True, overflow="crop")
