"""Text of strangers, made harmless for a terminal: what cannot be seen is shown by its number."""

import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"
"""Needed in some scripts, and in emoji."""


def visible(text: str) -> str:
    """The text with control and bidi characters as ``<U+202E>``, on one line."""
    return "".join(_shown(character) for character in " ".join(text.splitlines()))


def _shown(character: str) -> str:
    if unicodedata.category(character) in _UNSEEN and character not in _JOINERS:
        return f"<U+{ord(character):04X}>"
    return character
