"""Which server is meant."""

import pytest

from relay.bots.address import read
from relay.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "url", "host"),
    [
        ("https://chat.example.org", "wss://chat.example.org/ws", "chat.example.org"),
        ("https://chat.example.org/", "wss://chat.example.org/ws", "chat.example.org"),
        ("http://[::1]:8080", "ws://[::1]:8080/ws", "::1"),
        ("ws://192.0.2.1:80/ws", "ws://192.0.2.1:80/ws", "192.0.2.1"),
        ("wss://a.example/chat/", "wss://a.example/chat/ws", "a.example"),
    ],
)
def test_the_address_of_the_page_or_of_the_websocket_will_do(
    given: str, url: str, host: str
) -> None:
    server = read(given, None)
    assert (server.url, server.host, server.ssl) == (url, host, True)


@pytest.mark.parametrize(
    "given",
    ["chat.example.org", "ftp://a", "https://", "http://a:0", "http://a:x", "http://a/?q", "a:b@c"],
)
def test_anything_else_is_told(given: str) -> None:
    with pytest.raises(ConfigError, match="should be such as https://"):
        read(given, None)


def test_a_fingerprint_may_have_colons() -> None:
    colons = ":".join(["AB"] * 32)
    assert read("https://a", colons).fingerprint == bytes([0xAB] * 32)
    with pytest.raises(ConfigError, match="--fingerprint"):
        read("https://a", "12:34")
