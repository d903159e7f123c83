"""How long a ban lasts, and something that is over soon."""

import pytest

from relay.ops.spans import minutes_of, seconds_of


@pytest.mark.parametrize(
    ("span", "minutes"),
    [("10m", 10), ("2h", 120), ("7d", 10080), ("2w", 20160), ("1y", 525600), ("forever", None)],
)
def test_a_span_in_minutes(span: str, minutes: int | None) -> None:
    assert minutes_of(span) == minutes


@pytest.mark.parametrize("span", ["", "10", "m", "-1h", "1.5h", "1 h", "123456m", "ever", "1M"])
def test_anything_else_is_refused_in_words(span: str) -> None:
    with pytest.raises(ValueError, match="is not as 30m, 12h"):
        minutes_of(span)


@pytest.mark.parametrize(
    ("span", "seconds"), [("0s", 0), ("90s", 90), ("10m", 600), ("1h", 3600), ("24h", 86_400)]
)
def test_a_span_in_seconds(span: str, seconds: float) -> None:
    assert seconds_of(span) == seconds


@pytest.mark.parametrize("span", ["", "10", "25h", "1d", "-1m", "1.5h", "99999m", "1M"])
def test_what_is_not_over_within_a_day_is_refused_in_words(span: str) -> None:
    with pytest.raises(ValueError, match="is not as 90s, 10m or 1h, and at most 24h"):
        seconds_of(span)
