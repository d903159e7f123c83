"""One track's page: all that is known of it, and graphs of what came before."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relay.ops import figures, plots, tables
from relay.ops.history import Past
from relay.ops.models import Path, Track

GRAPH_S = 60
_MARGIN = 12
"""Columns of a graph's scale, and some."""
_LEAST_BPS = 50e3
_LEAST_LOSS = 0.05

_Pair = tuple[str, str | Text]


def page(track: Track, past: Past | None, width: int) -> RenderableType:
    """A track's page.

    :param past: what the graphs show; None for none.
    :param width: of the terminal, in columns.
    """
    parts: list[RenderableType] = [_title(track), "", _facts(track)]
    if past is not None:
        wide = 2 if width >= 2 * GRAPH_S + _MARGIN else 1
        room = min(wide * GRAPH_S, width - _MARGIN)
        bitrate = _stretched(past.bitrate_bps, wide)
        loss = _stretched(past.loss_ratio, wide)
        parts += [
            *_graph("Bitrate", plots.graph(bitrate, room, 6, figures.bitrate, _LEAST_BPS), "cyan"),
            *_graph("Loss", plots.graph(loss, room, 4, figures.ratio, _LEAST_LOSS), "red"),
            Text(f"{'':>10}{GRAPH_S} s ago{'now':>{max(room - 6, 4)}}", "bright_black"),
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
    return text


def _facts(track: Track) -> Table:
    grid = Table.grid(padding=(0, 2))
    for left, right in zip(list(_about(track)), list(_numbers(track)), strict=True):
        grid.add_row(
            Text(left[0], "bright_black"), left[1], Text(right[0], "bright_black"), right[1]
        )
    return grid


def _about(track: Track) -> Iterable[_Pair]:
    yield "room", track.room_id or figures.NOTHING
    yield "link", track.link_id
    yield "partner's", track.counterpart_id or figures.NOTHING
    yield "SSRC", f"{track.ssrc} ({track.ssrc:#010x})"
    yield "path", way(track.path)
    yield "DTLS", track.dtls_version or figures.NOTHING
    yield "SRTP", (track.srtp_profile or figures.NOTHING).removeprefix("SRTP_")
    yield "last packet", _last_packet(track)
    yield "key frames", _keyframes(track)


def _numbers(track: Track) -> Iterable[_Pair]:
    repair = f" + {figures.bitrate(track.repair_bitrate_bps)} repair"
    yield (
        "bitrate",
        figures.bitrate(track.bitrate_bps) + (repair if track.repair_bitrate_bps else ""),
    )
    yield "packets/s", figures.count(track.packets_per_s)
    yield (
        "loss",
        Text(
            f"{figures.ratio(track.loss_ratio)} ({figures.count(track.lost)} in all)",
            tables.style(track.loss_ratio, tables.LOSS),
        ),
    )
    yield (
        "jitter",
        Text(
            figures.milliseconds(track.jitter_ms), tables.style(track.jitter_ms, tables.JITTER_MS)
        ),
    )
    yield (
        "round trip",
        Text(
            figures.milliseconds(track.round_trip_ms),
            tables.style(track.round_trip_ms, tables.ROUND_TRIP_MS),
        ),
    )
    yield "packets", f"{figures.count(track.packets)} ({figures.size(track.bytes)})"
    yield "repairs", figures.count(track.repair_packets)
    yield "NACK", figures.count(track.nacks)
    yield "PLI, FIR", f"{figures.count(track.plis)}, {figures.count(track.firs)}"


def way(path: Path) -> str:
    """Such as ``udp ipv4``, or with the user's address where operators may see it."""
    return f"{path.protocol} {path.remote_address or path.remote_family or path.local_family}"


def _last_packet(track: Track) -> Text:
    if track.idle_s is None:
        return Text("never came", tables.style(tables.IDLE_S[1], tables.IDLE_S))
    told = figures.milliseconds(1000 * track.idle_s) + " ago"
    return Text(told, tables.style(track.idle_s, tables.IDLE_S))


def _keyframes(track: Track) -> Text:
    if track.waits_for_keyframe:
        return Text("waits for the first", "yellow")
    return Text(figures.count(track.keyframes) if track.kind == "video" else figures.NOTHING)


def _graph(name: str, lines: list[str], style: str) -> Iterable[RenderableType]:
    yield ""
    yield Text(name, "bold")
    yield Text("\n".join(lines), style, no_wrap=True, overflow="crop")
