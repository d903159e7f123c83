"""How a run is told: as JSON, and as a table."""

import io

from rich.console import Console

from relay.bots.load.display import milliseconds, result
from relay.bots.load.tally import Outcome, Tally


def outcome(*, late_s: float = 0.001) -> Outcome:
    tally = Tally(joined=4, matches=4, sent=2000, expected=2000, received=1990)
    tally.received_bytes = 1_250_000
    for ms in range(1, 101):
        tally.times["latency"].add(ms / 1000)
        tally.times["late"].add(late_s)
    return Outcome("ws://x/ws", 2, 10.0, 0.25, tally)


def test_json() -> None:
    found = outcome().as_dict()
    assert found["lossRatio"] == 0.005
    assert found["receivedBitrateBps"] == 1_000_000
    assert found["times"]["latency"]["count"] == 100
    assert abs(found["times"]["latency"]["p95S"] - 0.095) < 0.001
    assert found["times"]["latency"]["maxS"] == 0.1
    assert found["times"]["next"] == {
        "count": 0,
        "p50S": None,
        "p95S": None,
        "p99S": None,
        "maxS": None,
    }
    assert found["generator"] == {"cpuRatio": 0.25, "skipped": 0, "wasLate": False}


def told(run: Outcome, *wrong: str) -> str:
    screen = Console(file=io.StringIO(), width=80, color_system=None)
    screen.print(result(run, wrong))
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_the_table_fits_80_columns_and_says_what_is_wrong() -> None:
    text = told(outcome(), "loss 0.50%, more than 0.10%")
    assert max(map(len, text.splitlines())) <= 80
    assert "2,000 packets sent, 1,990 received, loss 0.500%" in text
    assert text.splitlines()[-1] == "✗ loss 0.50%, more than 0.10%"
    assert "late itself" not in text


def test_a_load_that_was_late_itself_says_so() -> None:
    assert "This machine was late itself" in told(outcome(late_s=0.2))


def test_milliseconds() -> None:
    assert [milliseconds(s) for s in (None, 0.00321, 0.0485, 1.6)] == [
        "-",
        "3.2 ms",
        "48 ms",
        "1,600 ms",
    ]
