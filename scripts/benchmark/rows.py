"""What forwarding costs: a row for each load on each server, told, compared and judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from scripts.benchmark.servers import FLOOR, JANUS, RELAY, STOCK
from scripts.benchmark.tables import number, table
from scripts.benchmark.targets import Target, at_most, in_doubt, judge

MAX_LOSS = 0.001
MAX_P99_S = 0.010
"""A server holds a load when it loses at most one packet in 1,000 and delays 99 % by at most 10 ms,
which is half an audio packet's interval."""

CALL_CPU_US = {20: 22, 40: 17, 60: 16}
"""CPU of a packet at most, by pairs in calls."""
OVER_JANUS = 0.45
PAIRS_A_CORE = 200
OVER_STOCK, SOME_PAIRS = 20, 5


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of several runs of one load on one server."""

    server: str
    load: str
    srtp: str  # the profile that was negotiated
    pairs: int
    packets_per_s: float
    forwarded: int  # in all runs
    loss_percent: float | None  # of all runs together; None where packets are encoded anew
    cpu_percent: float
    cpu_us_per_packet: float
    spread_percent: float  # of the CPU: the dearest run over the cheapest, less 1
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    latency_max_ms: float | None
    packets_per_sleep: float  # forwarded for each time that the server went to sleep
    load_busy_percent: float
    load_late_p99_ms: float
    doubt: str  # why, and in how many runs, load or machine may have spoiled the row

    @property
    def holds(self) -> bool:
        """Whether the server holds the load."""
        if self.loss_percent is None or self.latency_p99_ms is None:
            return True
        return self.loss_percent <= 100 * MAX_LOSS and self.latency_p99_ms <= 1e3 * MAX_P99_S


def row_of(rows: Iterable[Row], server: str, name: str, pairs: int) -> Row | None:
    """The row of a server under a load."""
    return next((r for r in rows if (r.server, r.load, r.pairs) == (server, name, pairs)), None)


def callers(rows: list[Row]) -> list[str]:
    """The servers that carried calls."""
    return list(dict.fromkeys(row.server for row in rows if row.load == "calls"))


def ratios_of(rows: list[Row], row: Row) -> dict[str, float]:
    """CPU per packet over that of others under the same load; per pair for stock aiortc."""
    found = {}
    for name in (FLOOR, JANUS):
        other = row_of(rows, name, row.load, row.pairs)
        if other is not None and row.server == RELAY:
            found[name] = row.cpu_us_per_packet / other.cpu_us_per_packet
    stock = row_of(rows, STOCK, row.load, row.pairs)
    if stock is not None and row.server == RELAY:
        found[STOCK] = row.cpu_percent / stock.cpu_percent
    return found


def pairs_per_core(rows: list[Row], server: str) -> str:
    """The largest number of pairs that held, and whether more were tried."""
    calls = [r for r in rows if (r.server, r.load) == (server, "calls")]
    if server == STOCK and calls:
        return f"{int(100 / calls[0].cpu_percent)} (from {calls[0].cpu_percent:.0f} % for one)"
    most = max((row.pairs for row in calls if row.holds), default=0)
    beyond = next((row for row in calls if row.pairs > most), None)
    if beyond is None:
        return f"{most} or more"
    return f"{most}, not {beyond.pairs}{' (in doubt)' if beyond.doubt else ''}"


def as_dict(rows: list[Row]) -> dict[str, Any]:
    """For JSON."""
    return {
        "forwarding": [
            asdict(row) | {"holds": row.holds, "cpu_ratio": ratios_of(rows, row)} for row in rows
        ],
        "pairs_per_core": {name: pairs_per_core(rows, name) for name in callers(rows)},
    }


def tables(rows: list[Row]) -> list[Table]:
    """All rows, and how many pairs each server carries."""
    return [_forwarding(rows), *([_capacity(rows)] if callers(rows) else [])]


def targets(rows: list[Row]) -> list[Target]:
    """What the relay is to reach."""
    return [*_cpu(rows), *_load(rows)]


def _forwarding(rows: list[Row]) -> Table:
    drawn = table(
        "Forwarding (medians; latency is added by the server, one way)",
        "load", "server", "SRTP", "pairs", "packets/s", "loss %", "CPU %", "us/packet", "spread %",
        "/ floor", "/ Janus", "p50 ms", "p99 ms", "max ms", "per sleep", "late ms", "in doubt",
    )  # fmt: skip
    drawn.caption = (
        "per sleep: packets for each time that the server slept. late ms: the load's own (p99).\n"
        "in doubt, in so many runs: the load was late, lost packets itself or was too busy; or"
        " other processes shared the server's core."
    )
    for row in rows:
        ratios = ratios_of(rows, row)
        drawn.add_row(
            row.load,
            row.server,
            row.srtp,
            str(row.pairs),
            f"{row.packets_per_s:,.0f}",
            number(row.loss_percent, 3),
            number(row.cpu_percent, 1),
            number(row.cpu_us_per_packet, 1),
            number(row.spread_percent, 0),
            number(ratios.get(FLOOR), 2),
            number(ratios.get(JANUS), 2),
            number(row.latency_p50_ms, 2),
            number(row.latency_p99_ms, 2),
            number(row.latency_max_ms, 1),
            number(row.packets_per_sleep, 1),
            number(row.load_late_p99_ms, 2),
            row.doubt,
        )
    return drawn


def _capacity(rows: list[Row]) -> Table:
    rule = f"loss at most {100 * MAX_LOSS:g} %, p99 at most {1e3 * MAX_P99_S:g} ms"
    drawn = table(f"Pairs on one core ({rule})", "server", "pairs", "CPU % a pair, one pair alone")
    for name in callers(rows):
        alone = row_of(rows, name, "calls", 1)
        one = "" if alone is None else f"{alone.cpu_percent:.2f}"
        drawn.add_row(name, pairs_per_core(rows, name), one)
    return drawn


def _cpu(rows: list[Row]) -> list[Target]:
    full = row_of(rows, RELAY, "full batches", 50)
    found = [at_most("CPU per packet in full batches of 20,000/s", full, "cpu_us_per_packet", 12)]
    for pairs, most in CALL_CPU_US.items():
        row, other = (row_of(rows, name, "calls", pairs) for name in (RELAY, JANUS))
        found.append(at_most(f"CPU per packet, {pairs} pairs", row, "cpu_us_per_packet", most))
        ratio = None if row is None else ratios_of(rows, row).get(JANUS)
        doubt = in_doubt(row) or in_doubt(other)
        found.append(
            judge("the same, over Janus's", ratio, OVER_JANUS, "", form=".2f", doubt=doubt)
        )
    return [*found, _over_stock(rows)]


def _over_stock(rows: list[Row]) -> Target:
    """What stock aiortc needs for a pair over what a pair costs the relay with some on it."""
    stock, row = row_of(rows, STOCK, "calls", 1), row_of(rows, RELAY, "calls", SOME_PAIRS)
    ratio = (
        None if stock is None or row is None else SOME_PAIRS * stock.cpu_percent / row.cpu_percent
    )
    return Target(
        f"CPU a pair of stock aiortc (one pair), over the relay's ({SOME_PAIRS} pairs)",
        f"{OVER_STOCK} at least",
        "" if ratio is None else f"{ratio:.0f}{in_doubt(stock) or in_doubt(row)}",
        None if ratio is None else ratio >= OVER_STOCK,
    )


def _load(rows: list[Row]) -> list[Target]:
    ours = [row for row in rows if row.server == RELAY]
    called = [row for row in ours if row.load == "calls"]
    half = min(called, key=lambda row: abs(row.cpu_percent - 50), default=None)
    near = "" if half is None else f" ({half.cpu_percent:.0f} %)"
    found = [_pairs(rows, called)]
    for percentile, most in (("p50", 0.3), ("p99", 2)):
        figure = f"added latency {percentile} nearest to 50 % CPU{near}"
        found.append(at_most(figure, half, f"latency_{percentile}_ms", most))
    below = [row for row in ours if row.cpu_percent <= 80]
    certain = [row for row in below if not row.doubt]
    loss = max((row.loss_percent or 0 for row in certain or below), default=None)
    doubt = "" if certain else " (in doubt)"
    return [*found, judge("loss up to 80 % CPU", loss, 0, " %", form=".3f", doubt=doubt)]


def _pairs(rows: list[Row], called: list[Row]) -> Target:
    held = max((row.pairs for row in called if row.holds), default=0)
    broke = any(row.pairs > held for row in called)
    met = True if held >= PAIRS_A_CORE else False if broke else None
    measured = pairs_per_core(rows, RELAY) if called else ""
    return Target("pairs a core", f"{PAIRS_A_CORE} at least", measured, met)
