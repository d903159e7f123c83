"""In which mode the two of a call talk, and how they agree on another: decisions only.

One of the two asks, the other one answers, and nobody takes back what it has asked: so whatever
crosses on its way, both sides of a call come to the same. Of two who ask for different modes at the
same moment the first one of the room is heard; who ask for the same have agreed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from relay.protocol.messages import Mode

Outcome = Literal["asked", "changed", "declined"]
"""What the two are to be told: the one who is asked, both, or the one who has asked."""


@dataclass(slots=True)
class Agreement:
    """What two have agreed on, as one node knows it.

    ``asked`` is what one of them waits for an answer to: whether that is the first one of the room,
    and the mode.
    """

    mode: Mode = "video"
    asked: tuple[bool, Mode] | None = None

    def ask(self, mode: Mode, *, is_first: bool) -> Outcome | None:
        """One of the two asks for another mode.

        :returns: None when nothing comes of it.
        """
        if mode == self.mode:
            return None
        if self.asked is None:
            self.asked = (is_first, mode)
            return "asked"
        was_first, other = self.asked
        if was_first is is_first:
            return None
        if other == mode:
            return self._change(mode)
        if is_first:
            self.asked = (is_first, mode)
            return "asked"
        return None

    def answer(self, mode: Mode, *, is_first: bool, accept: bool) -> Outcome | None:
        """One of the two answers what the other one has asked.

        :returns: None when it was not asked for that.
        """
        if self.asked != (not is_first, mode):
            return None
        if accept:
            return self._change(mode)
        self.asked = None
        return "declined"

    def _change(self, mode: Mode) -> Outcome:
        self.mode, self.asked = mode, None
        return "changed"
