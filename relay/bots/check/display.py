"""What was found, for people."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relay.bots.check.attempt import Tried
from relay.bots.check.findings import Found

_COLUMNS = ("UP", "ROUND TRIP", "95 %", "LOST")


def result(found: Found) -> RenderableType:
    """A line for each way, and the verdict below."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bright_black")
    table.add_column("")
    table.add_column("WAY")
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("WHERE")
    socket = found.socket
    times = (_ms(socket.open_ms), _ms(socket.round_trip_ms), f"± {_ms(socket.jitter_ms)}", "")
    table.add_row(_mark(works=True), "WebSocket", *times, found.server_host)
    for each in found.tried:
        table.add_row(_mark(works=each.reason is None), each.way.name, *_cells(each), _where(each))
    for name in found.absent:
        table.add_row("-", name, "", "", "", "", "this machine has no such addresses")
    for name in found.left_out:
        table.add_row("-", Text(name), "", "", "", "", "left alone")
    lines: list[RenderableType] = [table, ""]
    style = "bold red" if found.is_bad else "green"
    lines.append(Text(found.verdict(), style))
    for count, problem in enumerate(found.problems()):
        if count:  # the verdict tells the first
            lines.append(Text(f"{problem.text}.", style))
        lines.append(Text(f"→ {problem.advice}", "cyan"))
    return Group(*lines)


def _mark(*, works: bool) -> Text:
    return Text("✓", "green") if works else Text("✗", "bold red")


def _cells(tried: Tried) -> tuple[str, ...]:
    up = "" if tried.up_s is None else _ms(1000 * tried.up_s)
    measured = tried.measured
    if measured is None:
        return up, "", "", ""
    loss = f"{measured.loss_ratio:.1%}"
    return up, _ms(measured.round_trip_ms), _ms(measured.worst_ms), loss


def _where(tried: Tried) -> Text:
    where = tried.way.written
    return Text(where if tried.reason is None else f"{where}: {tried.reason}")


def _ms(value: float) -> str:
    return f"{value:.1f} ms" if value < 99.95 else f"{value:,.0f} ms"
