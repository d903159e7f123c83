"""How long a ban lasts."""

import pytest

from relay.ops.spans import minutes_of


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
