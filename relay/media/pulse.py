"""Whether a link's user has gone quiet for longer than is its way: a decision, time passed in.

How long an honest user may be silent differs. Where a picture is received, reports come every 1.5 s
at most, whatever else is sent (RFC 3550 section 6.2, as browsers and aiortc keep it); where only
sound is, every 7.5 s; and if there is nothing to report, checks alone come, every 2.5 to 6 s (RFC
7675 section 5.1). So the link's own rhythm is learnt: the longest pause between reports and checks.
Media is a sign of life, too, but no part of the rhythm: whoever turns a camera off need not send.
"""

from __future__ import annotations

QUIET_S = 5.0
"""So long at least, and..."""
PAUSES = 2.5
"""...so many of the longest pause: one report or check may be lost."""
LONGEST_PAUSE_S = 6.0
"""Between two checks; and the pause of a link whose rhythm is not known yet."""
OUTAGE_S = 9.0
"""A pause as long as this is none of a rhythm."""
WINDOW_S = 5.0
"""The longest pause is that of the present window and the one before."""


class Pulse:
    """The rhythm of one link, and whether it has stopped."""

    __slots__ = ("_before_s", "_longest_s", "_since", "_told_at", "is_interrupted")

    def __init__(self) -> None:
        self.is_interrupted = False
        """Whether nothing has come for longer than is usual."""
        self._since = float("inf")  # the present window's beginning
        self._told_at = 0.0  # the last report or check
        self._longest_s = 0.0
        self._before_s = LONGEST_PAUSE_S

    def begin_anew(self) -> None:
        """What is sent may be something else from now on: learn the rhythm again."""
        self._since = float("inf")

    def feel(self, told_at: float, heard_at: float, now: float) -> bool:
        """Take note of what has come by now; to be called several times a second.

        :param told_at: when the last report or check came, in seconds as all times here.
        :param heard_at: when anything at all came last.
        :returns: whether :attr:`is_interrupted` is another one than before.
        """
        if self._since > now:  # it has not begun
            self._since, self._told_at = now, told_at
            self._longest_s, self._before_s = 0.0, LONGEST_PAUSE_S
        elif told_at > self._told_at:
            self._learn(told_at - self._told_at, now)
            self._told_at = told_at
        was_interrupted = self.is_interrupted
        patience_s = QUIET_S  # whoever is interrupted is back when something comes
        if not was_interrupted:
            patience_s = max(QUIET_S, PAUSES * max(self._longest_s, self._before_s))
        self.is_interrupted = now - heard_at >= patience_s
        return self.is_interrupted is not was_interrupted

    def _learn(self, pause_s: float, now: float) -> None:
        if pause_s < OUTAGE_S:
            self._longest_s = max(self._longest_s, min(pause_s, LONGEST_PAUSE_S))
        if now - self._since >= WINDOW_S:
            self._since, self._before_s, self._longest_s = now, self._longest_s, 0.0
