"""What strangers wrote, on a terminal."""

import pytest

from relay.ops.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("he is rude", "he is rude"),
        ("\u65e5 \U0001f469\u200d\U0001f680", "\u65e5 \U0001f469\u200d\U0001f680"),
        ("a\u202egpj.exe", "a<U+202E>gpj.exe"),
        ("\x1b[2Jgone", "<U+001B>[2Jgone"),
        ("\x9b31m", "<U+009B>31m"),
        ("one\ntwo\r\nthree", "one two three"),
        ("\u2066x\u2069\u200b\ufeff", "<U+2066>x<U+2069><U+200B><U+FEFF>"),
        ("a\tb\x00", "a<U+0009>b<U+0000>"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_shown_by_its_number(text: str, shown: str) -> None:
    assert visible(text) == shown
