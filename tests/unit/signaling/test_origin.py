"""Which web pages may open a WebSocket."""

import pytest

from relay.signaling.origin import origin_allowed

ALLOWED = frozenset({"https://Friend.example", "http://dev.example:3000/"})


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "chat.example"),
        ("https://chat.example", "chat.example"),
        ("https://Chat.Example", "chat.example"),
        ("https://chat.example", "chat.example:443"),
        ("http://chat.example:80", "chat.example"),
        ("http://localhost:8080", "localhost:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("https://friend.example", "chat.example"),
        ("HTTPS://FRIEND.EXAMPLE", "chat.example"),
        ("http://dev.example:3000", "chat.example"),
    ],
)
def test_allowed(origin: str | None, host: str) -> None:
    assert origin_allowed(origin, host, ALLOWED)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://foe.example", "chat.example"),
        ("https://chat.example.foe.example", "chat.example"),
        ("https://chat.example@foe.example", "chat.example"),
        ("http://localhost:3000", "localhost:8080"),
        ("https://chat.example", "chat.example:80"),
        ("null", "chat.example"),
        ("", ""),
        ("http://", ""),
        ("file://", ""),
        ("ftp://chat.example", "chat.example"),
        ("chat.example", "chat.example"),
        ("http://chat.example:99999999", "chat.example"),
        ("http://[::1", "[::1"),
        ("http://dev.example:3001", "chat.example"),
    ],
)
def test_refused(origin: str, host: str) -> None:
    assert not origin_allowed(origin, host, ALLOWED)


def test_a_star_allows_all() -> None:
    assert origin_allowed("null", "chat.example", frozenset({"*"}))
