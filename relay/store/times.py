"""This process's clock and the shared store's, each in terms of the other."""

from __future__ import annotations

_SLACK_US = 100_000
"""Nobody minds, since ages are looked at in seconds."""


class Times:
    """Translates moments; each answer of the store says how far its clock is ahead.

    A difference that is about right is kept, so that a moment that has gone to the store comes back
    as the same. One that is not, since either clock has been set or runs faster, is moved no more
    than it must be.
    """

    def __init__(self) -> None:
        self._ahead_us: int | None = None

    def heard(self, store_us: int, asked_s: float, answered_s: float) -> bool:
        """Take what the store's clock has shown.

        :param store_us: microseconds on the store's clock.
        :param asked_s: when it was asked, and ``answered_s`` when the answer came, on ours.
        :returns: whether moments are other ones now.
        """
        least = store_us - _us(answered_s) - _SLACK_US
        most = store_us - _us(asked_s) + _SLACK_US
        before = self._ahead_us
        about = (least + most) // 2 if before is None else before
        self._ahead_us = min(max(about, least), most)
        return before != self._ahead_us

    def there(self, here_s: float) -> int:
        """Microseconds on the store's clock, of a moment in seconds on ours."""
        return max(_us(here_s) + self._ahead, 0)

    def here(self, there_us: int) -> float:
        """Seconds on our clock, of a moment in microseconds on the store's."""
        return (there_us - self._ahead) / 1e6

    @property
    def _ahead(self) -> int:
        if self._ahead_us is None:
            raise RuntimeError("the store has not said what time it is")
        return self._ahead_us


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
