"""Sparklines and graphs."""

from relay.ops import figures, plots


def test_a_sparkline_goes_from_nothing_to_the_most() -> None:
    assert plots.sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8], 9) == " ▁▂▃▄▅▆▇█"


def test_a_sparkline_shows_the_last_values_at_the_right() -> None:
    assert plots.sparkline([8, 4, 8], 2) == "▄█"
    assert plots.sparkline([8], 4) == "   █"
    assert plots.sparkline([], 3) == "   "
    assert plots.sparkline([1], 0) == ""


def test_a_gap_is_empty_and_little_is_more_than_nothing() -> None:
    assert plots.sparkline([1000, None, 1], 3) == "█ ▁"


def test_a_sparkline_with_a_top_of_its_own_does_not_exceed_it() -> None:
    assert plots.sparkline([1, 2, 9], 3, top=2) == "▄██"


def test_nothing_but_noughts_is_empty() -> None:
    assert plots.sparkline([0, 0], 2) == "  "


def test_a_graph_has_a_scale_and_stacks_its_blocks() -> None:
    lines = plots.graph([None, 100_000, 50_000, 25_000], 4, 4, figures.bitrate, 1)
    assert lines == [
        "100 kbit/s ┤ █  ",
        " 75 kbit/s ┤ █  ",
        "           ┤ ██ ",
        "  0 kbit/s ┤ ███",
    ]


def test_a_graph_reaches_at_least_as_high_as_told() -> None:
    assert plots.graph([0.01], 1, 2, figures.ratio, 0.04) == ["4.0% ┤ ", "  0% ┤▄"]
