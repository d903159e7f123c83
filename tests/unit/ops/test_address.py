"""Which relay: what cannot be right is said before anything is asked."""

import aiohttp
import pytest

from relay.errors import ConfigError
from relay.ops.address import Address

SHA = "ab" * 32


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8080",
        "ftp://x",
        "http://",
        "http://x:port",
        "http://x:0",
        "http://x?a=b",
        "http://x#a",
        "ws://x",
        "http://[::1",
    ],
)
def test_wrong_urls(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^--url: "):
        Address(url, "token", None)


def test_a_slash_at_the_end_and_a_path_are_fine() -> None:
    assert Address("http://x:80/chat/", "token", None).url == "http://x:80/chat"


@pytest.mark.parametrize("token", ["", "a b", "a\nX: y", "é"])
def test_wrong_tokens_are_not_repeated(token: str) -> None:
    with pytest.raises(ConfigError, match=r"^--token: ") as raised:
        Address("http://x", token, None)
    assert not token or token not in str(raised.value)


@pytest.mark.parametrize("fingerprint", ["x", "ab" * 31, "zz" * 32])
def test_wrong_fingerprints(fingerprint: str) -> None:
    with pytest.raises(ConfigError, match=r"^--fingerprint: "):
        Address("http://x", "token", fingerprint)


@pytest.mark.parametrize("written", [SHA, SHA.upper(), ":".join(["AB"] * 32)])
def test_a_fingerprint_is_pinned_however_it_is_written(written: str) -> None:
    pinned = Address("https://x", "token", written).ssl
    assert isinstance(pinned, aiohttp.Fingerprint)
    assert pinned.fingerprint == bytes.fromhex(SHA)


def test_without_a_fingerprint_certificates_are_checked() -> None:
    assert Address("https://x", "token", None).ssl is True
