"""Calls over bad lines become rows, and are judged."""

from dataclasses import replace
from pathlib import Path

from scripts.benchmark import plot
from scripts.benchmark.loss_rows import (
    LINES,
    TITLES,
    Call,
    as_dict,
    rows,
    tables,
    targets,
)
from scripts.benchmark.seen import Side

GOOD = Side(0, 0.0, 0.0, 0.2, 20.0, 640.0, 900.0, 0.0, {"nacks": 3})
FORMER = "relay at 755ce83"


def call(line: str, *sides: Side, server: str = "relay", idle: float = 40, **more: object) -> Call:
    made = Call(line, server, 0, idle, list(sides or (GOOD, GOOD)), [])
    return replace(made, **more)  # type: ignore[arg-type]


def test_a_row_has_the_median_of_all_users_of_all_runs() -> None:
    sides = [replace(GOOD, freezes=n, longest_s=n / 10, pictures_per_s=20.0 - n) for n in range(6)]
    [row] = rows([call("5%", *sides[:2]), call("5%", *sides[2:4]), call("5%", *sides[4:])])
    assert (row.runs, row.freezes, row.pictures_per_s) == (3, 2.5, 17.5)
    assert (row.longest_s, row.worst_pictures_per_s, row.back_s) == (0.5, 15.0, None)


def test_rows_come_in_the_order_of_the_lines() -> None:
    found = [call("15%"), call("clean"), call("15%", server="x"), call("2%")]
    made = [(row.line, row.server) for row in rows(found)]
    assert made == [("clean", "relay"), ("2%", "relay"), ("15%", "relay"), ("15%", "x")]


def test_rows_of_a_machine_that_was_too_busy_are_in_doubt() -> None:
    strained = replace(GOOD, strained_percent=50.0)
    found = [call("2%", idle=3), call("5%", strained, strained), call("10%")]
    assert [row.doubt for row in rows(found)] == ["busy", "strained", ""]


def test_a_server_on_which_a_clean_line_freezes_is_not_to_be_believed() -> None:
    frozen = replace(GOOD, freezes=2)
    found = [call("clean", frozen, frozen), call("2%"), call("2%", server="other")]
    doubts = [row.doubt for row in rows(found)]
    assert doubts == ["froze when clean", "froze when clean", ""]


def test_every_aim_is_judged_or_said_not_to_have_been_measured() -> None:
    judged = targets([call("2%"), call("15%", replace(GOOD, freezes=9), GOOD)])
    met = {each.figure: each.met for each in judged}
    assert met["2 %, 60 ms: freezes"] is True
    assert met["2 %, 60 ms: pictures a second"] is True
    assert met["15 %, 60 ms: freezes"] is False
    assert met["bursts of 300 ms every 5 s: the longest freeze"] is None
    assert len(judged) == len(targets([])) == 21


def test_what_others_do_is_not_judged() -> None:
    assert all(each.met is None for each in targets([call("2%", server="Janus videocall")]))


def test_narrow_lines_are_compared_with_what_was() -> None:
    slow = replace(GOOD, pictures_per_s=10.0)
    found = [call("300k", slow, slow), call("300k", server=FORMER)]
    [judged] = [each for each in targets(found) if "300 kbit/s" in each.figure]
    assert (judged.met, judged.measured) == (False, "0.50")
    assert FORMER in judged.figure


def test_how_soon_the_picture_is_back_is_judged() -> None:
    [judged] = [each for each in targets([call("after", back_s=[1.0, 4.0])]) if each.measured]
    assert (judged.met, judged.measured) == (True, "2.5 s")


def test_a_figure_in_doubt_says_so() -> None:
    judged = [each for each in targets([call("2%", idle=0)]) if each.measured]
    assert all(each.measured.endswith("(in doubt: busy)") for each in judged)


def test_all_is_told_to_machines_and_to_people() -> None:
    found = [call(line) for line in LINES]
    told = as_dict(found)
    assert [row["line"] for row in told["loss"]] == list(LINES)
    assert told["loss_calls"][0]["sides"][0]["counts"] == {"nacks": 3}
    assert [table.row_count for table in tables(found)] == [len(LINES)]
    assert set(TITLES) == set(LINES)


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    file = tmp_path / "loss.png"
    plot.draw_loss(rows([call("2%"), call("5%"), call("2%", server="other")]), file)
    assert file.read_bytes().startswith(b"\x89PNG")
