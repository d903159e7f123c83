"""Where a running server says that its page is."""

import pytest
from pydantic import SecretStr

from relay.app import Relay
from relay.config import Settings


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://localhost:8080"),
        ("::", "http://localhost:8080"),
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("::1", "http://[::1]:8080"),
    ],
)
def test_the_page_is_where_a_browser_on_this_machine_finds_it(host: str, url: str) -> None:
    relay = Relay(Settings(host=host), 8080, None, SecretStr("a-token-of-the-tests"))
    assert relay.url == url


@pytest.mark.parametrize(
    "tls", [{"tls_self_signed": True}, {"tls_cert": "cert.pem", "tls_key": "key.pem"}]
)
def test_with_tls_it_is_there_over_https(tls: dict[str, object]) -> None:
    settings = Settings.model_validate({"host": "::"} | tls)
    assert Relay(settings, 443, None, SecretStr("a-token")).url == "https://localhost:443"
