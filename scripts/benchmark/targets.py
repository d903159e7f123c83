"""The project's targets, beside what was reached."""

from __future__ import annotations

from dataclasses import dataclass

from forwarding import Row, row_of
from matching import WAITING
from results import Results
from servers import JANUS, RELAY, STOCK
from times import FIRST_FRAME, FIRST_PACKET

CALL_CPU_US = {20: 22, 40: 17, 60: 16}
"""CPU of a packet at most, by pairs in calls."""
OVER_JANUS = 0.45
PAIRS_A_CORE = 200
OVER_STOCK, SOME_PAIRS = 20, 5


@dataclass(frozen=True, slots=True)
class Target:
    """A figure to reach; ``met`` is None when it was not measured."""

    figure: str
    target: str
    measured: str
    met: bool | None


def targets(results: Results) -> list[Target]:
    """Every target of the project that the bench can judge."""
    return [*_cpu(results), *_load(results), *_rest(results)]


def _cpu(results: Results) -> list[Target]:
    rows = results.forwarding.rows
    full = row_of(rows, RELAY, "full batches", 50)
    found = [_at_most("CPU per packet in full batches of 20,000/s", full, "cpu_us_per_packet", 12)]
    for pairs, most in CALL_CPU_US.items():
        row, other = (row_of(rows, name, "calls", pairs) for name in (RELAY, JANUS))
        found.append(_at_most(f"CPU per packet, {pairs} pairs", row, "cpu_us_per_packet", most))
        ratio = None if row is None else results.ratios(row).get(JANUS)
        doubt = _doubt(row) or _doubt(other)
        found.append(
            _judge("the same, over Janus's", ratio, OVER_JANUS, "", form=".2f", doubt=doubt)
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
        "" if ratio is None else f"{ratio:.0f}{_doubt(stock) or _doubt(row)}",
        None if ratio is None else ratio >= OVER_STOCK,
    )


def _load(results: Results) -> list[Target]:
    rows = [row for row in results.forwarding.rows if row.server == RELAY]
    called = [row for row in rows if row.load == "calls"]
    half = min(called, key=lambda row: abs(row.cpu_percent - 50), default=None)
    near = "" if half is None else f" ({half.cpu_percent:.0f} %)"
    found = [_pairs(results, called)]
    for percentile, most in (("p50", 0.3), ("p99", 2)):
        figure = f"added latency {percentile} nearest to 50 % CPU{near}"
        found.append(_at_most(figure, half, f"latency_{percentile}_ms", most))
    below = [row for row in rows if row.cpu_percent <= 80]
    certain = [row for row in below if not row.doubt]
    loss = max((row.loss_percent or 0 for row in certain or below), default=None)
    doubt = "" if certain else " (in doubt)"
    return [*found, _judge("loss up to 80 % CPU", loss, 0, " %", form=".3f", doubt=doubt)]


def _rest(results: Results) -> list[Target]:
    pair = next((f for f in results.memory if (f.server, f.of) == (RELAY, "pair")), None)
    times = {each.what: each for each in results.times}
    many = next((m.latency for m in results.matching if m.waiting == WAITING), None)
    return [
        _at_most("memory a pair", pair, "resident_mb", 0.4, " MB"),
        _at_most("threads a pair", pair, "threads", 0, ""),
        _at_most(f"{FIRST_PACKET} (p50)", times.get(FIRST_PACKET), "p50_ms", 20),
        _at_most(f"{FIRST_FRAME} (p50)", times.get(FIRST_FRAME), "p50_ms", 150),
        _at_most(f"matching with {WAITING:,} waiting (p99)", many, "p99_ms", 5),
    ]


def _pairs(results: Results, called: list[Row]) -> Target:
    held = max((row.pairs for row in called if row.holds), default=0)
    broke = any(row.pairs > held for row in called)
    met = True if held >= PAIRS_A_CORE else False if broke else None
    measured = results.pairs_per_core(RELAY) if called else ""
    return Target("pairs a core", f"{PAIRS_A_CORE} at least", measured, met)


_UNITS = {"us_per_packet": " us", "_ms": " ms"}


def _at_most(figure: str, of: object, name: str, most: float, unit: str | None = None) -> Target:
    value = None if of is None else getattr(of, name)
    if unit is None:
        unit = next((u for end, u in _UNITS.items() if name.endswith(end)), "")
    return _judge(figure, value, most, unit, doubt=_doubt(of))


def _judge(
    figure: str, value: float | None, most: float, unit: str, *, form: str = ".3g", doubt: str = ""
) -> Target:
    measured = "" if value is None else f"{value:{form}}{unit}{doubt}"
    met = None if value is None else value <= most
    return Target(figure, f"{most:g}{unit} at most", measured, met)


def _doubt(of: object) -> str:
    return " (in doubt)" if getattr(of, "doubt", "") else ""
