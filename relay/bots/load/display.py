"""A load test's progress and result, for people."""

import time
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from relay.bots.load.crowd import Crowd
from relay.bots.load.tally import PERCENTILES, TIMES, Outcome

_BAR_COLUMNS = 30


def milliseconds(seconds: float | None) -> str:
    """Such as ``3.2 ms``, ``1,203 ms``."""
    if seconds is None:
        return "-"
    ms = 1000 * seconds
    return f"{ms:.1f} ms" if ms < 9.95 else f"{ms:,.0f} ms"


class Progress:
    """A few lines on a terminal's stderr while the users run; nothing where there is none."""

    def __init__(self, duration_s: float) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._duration_s = duration_s
        self._began_at: float | None = None
        self._last = (0.0, 0, 0)

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        """Show one line."""
        if self._console.is_terminal:
            self._live.update(Text(text, "bright_black"), refresh=True)

    def show(self, crowd: Crowd) -> None:
        """Show how far the users are."""
        if not self._console.is_terminal:
            return
        now_s = time.monotonic()
        tally = crowd.tally
        if tally.joined < len(crowd.users):
            self.say(f"{tally.joined} of {len(crowd.users)} users have joined")
            return
        self._began_at = self._began_at or now_s
        before_s, sent, received_bytes = self._last
        interval_s = max(now_s - before_s, 1e-3)
        rate = (tally.sent - sent) / interval_s
        bps = 8 * (tally.received_bytes - received_bytes) / interval_s
        self._last = (now_s, tally.sent, tally.received_bytes)
        self._live.update(self._lines(crowd, now_s - self._began_at, rate, bps), refresh=True)

    def _lines(self, crowd: Crowd, ran_s: float, rate: float, bps: float) -> RenderableType:
        tally = crowd.tally
        bar = Table.grid(padding=(0, 1))
        done = min(ran_s, self._duration_s)
        bar.add_row(
            ProgressBar(self._duration_s, done, width=_BAR_COLUMNS),
            f"{done:.0f} of {self._duration_s:g} s",
        )
        latency = tally.times["latency"]
        late = milliseconds(tally.times["late"].percentile(99))
        return Group(
            bar,
            f"{crowd.in_call} of {len(crowd.users)} users in call · {tally.nexts} times Next"
            f" · {rate:,.0f} pkt/s sent · {bps / 1e6:.1f} Mbit/s received",
            f"latency p50 {milliseconds(latency.percentile(50))}"
            f" p99 {milliseconds(latency.percentile(99))} · own lateness p99 {late}",
            Text(", ".join(f"{count} x {why}" for why, count in tally.errors.items()), "red"),
        )


def result(outcome: Outcome, broken: Iterable[str]) -> RenderableType:
    """The result as a table, and what is wrong below it."""
    parts: list[RenderableType] = [_headline(outcome), "", _times(outcome)]
    if outcome.was_late:
        parts.append(Text(f"\n{lateness(outcome)}", "yellow"))
    parts += [Text(f"✗ {each}", "bold red") for each in broken]
    return Group(*parts)


def lateness(outcome: Outcome) -> str:
    """Says that the numbers are not the server's alone."""
    return (
        f"This machine was late itself ({outcome.cpu_ratio:.0%} of a core, frames sent up to"
        f" {milliseconds(outcome.tally.times['late'].largest_s)} late): the times above are not the"
        " server's alone. Use fewer pairs here, and more machines."
    )


def _headline(outcome: Outcome) -> Text:
    tally = outcome.tally
    mbps = 8 * tally.received_bytes / max(outcome.duration_s, 1e-9) / 1e6
    return Text(
        f"{outcome.pairs} pairs for {outcome.duration_s:.0f} s on {outcome.url}\n"
        f"{tally.sent:,} packets sent, {tally.received:,} received, loss {tally.loss_ratio:.3%}\n"
        f"{tally.matches} times a partner, {tally.nexts} times Next,"
        f" {tally.keyframe_requests} key frames asked for\n"
        f"{mbps:.1f} Mbit/s received, load's own CPU {outcome.cpu_ratio:.0%} of a core"
    )


def _times(outcome: Outcome) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bright_black")
    table.add_column("TIME")
    for name in ("COUNT", *(f"p{percent}" for percent in PERCENTILES), "MOST"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, told in TIMES.items():
        each = outcome.tally.times[name]
        values = [milliseconds(each.percentile(percent)) for percent in PERCENTILES]
        most = milliseconds(each.largest_s if each.count else None)
        table.add_row(told, f"{each.count:,}", *values, most)
    return table
