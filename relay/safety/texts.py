"""Chat that strangers send to one after the other: repeated texts, and links.

What is compared is what a person reads: without regard to case, spaces, punctuation, digits,
accents and what cannot be seen. The longer a text, the fewer strangers get it: what everybody says
to everybody is short. Decisions only, time passed in.
"""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal, NamedTuple

from relay.safety.shares import Share

WINDOW_S = 600.0
ALLOWED = 2
"""A text may go to so many partners within :data:`WINDOW_S`."""
LONG_LETTERS, SHORT_LETTERS, SHORTER = 24, 8, 10
"""A text with fewer letters may go to ten times as many, and one with very few, as a greeting, to
anybody; "Where are you from?" has 15."""
MAX_TEXTS = 32_768
"""The one that was sent longest ago makes room for another."""


class Held(NamedTuple):
    """A text is not passed on, and may be after ``retry_after_s``."""

    code: Literal["repeated_text", "link_held_back"]
    message: str
    retry_after_s: float


class Texts:
    """Remembers who has sent which texts to whom.

    :param links_after_s: how long two have to be together before links pass.
    :param same_texts: how many partners may get the same text; 0 for any number.
    """

    def __init__(self, links_after_s: float = 30.0, same_texts: int = ALLOWED) -> None:
        self._links_after_s = links_after_s
        self._same_texts = same_texts
        self._sent: OrderedDict[bytes, dict[str, float]] = OrderedDict()
        """By name and text: the partners who have got it, and when."""

    def hold(
        self, text: str, shares: Sequence[Share], partner_id: str, together_s: float, now: float
    ) -> Held | None:
        """Whether a text is held back; if not, it counts as sent.

        :param shares: what the sender counts as.
        :param together_s: how long the two have been together.
        :param now: seconds on a clock that never goes back.
        """
        left_s = self._links_after_s - together_s
        if left_s > 0 and has_link(text):
            return Held("link_held_back", "links do not pass so soon", left_s)
        letters = letters_of(text)
        allowed = self._same_texts * (1 if len(letters) >= LONG_LETTERS else SHORTER)
        if not allowed or len(letters) < SHORT_LETTERS:
            return None
        keys = [(_key(name, letters), allowed * users) for name, users in shares]
        wait_s = max(self._wait_s(key, most, partner_id, now) for key, most in keys)
        if wait_s > 0:
            return Held("repeated_text", "several strangers have got this text already", wait_s)
        for key, most in keys:
            self._note(key, most, partner_id, now)
        return None

    def _wait_s(self, key: bytes, most: int, partner_id: str, now: float) -> float:
        partners = self._sent.get(key, {})
        if partner_id in partners:
            return 0.0
        times = sorted(at for at in partners.values() if now - at < WINDOW_S)
        return times[-most] + WINDOW_S - now if len(times) >= most else 0.0

    def _note(self, key: bytes, most: int, partner_id: str, now: float) -> None:
        partners = self._sent.pop(key, {})
        partners.setdefault(partner_id, now)
        while len(partners) > most:
            del partners[next(iter(partners))]
        self._sent[key] = partners
        while len(self._sent) > MAX_TEXTS or now - self._oldest_at >= WINDOW_S:
            self._sent.popitem(last=False)

    @property
    def _oldest_at(self) -> float:
        """When the text was sent to somebody new that was sent longest ago."""
        partners = next(iter(self._sent.values()))
        return partners[next(reversed(partners))]


def letters_of(text: str) -> str:
    """What of a text is compared: its letters, with any digits as one."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join("0" if char.isdigit() else char for char in plain if char.isalnum())
    return unicodedata.normalize("NFC", re.sub("0+", "0", kept))


def has_link(text: str) -> bool:
    """Whether a text has a link, or what people make one of: ``example (dot) com``."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    seen = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return _LINK.search(_DOT.sub(".", seen)) is not None


# Each is looked for in time in proportion to the text: no part of them repeats without a bound.
_DOT = re.compile(
    r"\s{0,3}[\[({<]\s{0,3}(?:\.|dot|punto)\s{0,3}[\])}>]\s{0,3}|\s(?:dot|punto)\s|\u3002"
)
_ENDINGS = (  # that no word has which follows a full stop without a space
    "com|net|org|info|biz|io|gg|xyz|app|ru|uk|ly|cc|ws|icu|porn|xxx|cam|club|site|shop|vip|click"
)
_LINK = re.compile(
    r"\b(?:h(?:tt|xx)ps?|ftp)\s?:\s?/\s?/"
    r"|\bwww\d?\s?\.\s?\w"
    rf"|[\w-]\.(?:{_ENDINGS})\b"
    r"|[\w-]\.[a-z]{2,24}/\w"
    r"|\bt\.me\b"
)


def _key(name: str, letters: str) -> bytes:
    return blake2b(f"{name}\n{letters}".encode(), digest_size=16).digest()
