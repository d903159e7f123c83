"""Which certificates are taken, what is said about others, and what one made here is like."""

import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ifaddr
import pytest
import structlog
from cryptography import x509

from relay.config import Settings, load
from relay.errors import ConfigError
from relay.tls import self_signed, server_tls
from tests.support.certificates import write_certificate


def said(cert: Path, key: Path) -> str:
    settings = load({"tls_cert": str(cert)}, {"RELAY_TLS_KEY": str(key)})
    with pytest.raises(ConfigError) as raised:
        server_tls(settings)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_without_settings_it_is_plain_http() -> None:
    assert server_tls(Settings()) is None


def test_a_certificate_and_its_key_are_taken_without_a_word(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path)
    with structlog.testing.capture_logs() as logged:
        tls = server_tls(Settings(tls_cert=cert, tls_key=key))
    assert tls is not None
    assert tls.begins < datetime.now(UTC) < tls.ends
    assert tls.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert logged == []


def test_a_file_that_cannot_be_read_names_its_option(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path)
    none = tmp_path / "none.pem"
    assert said(none, key) == f"--tls-cert: cannot read {none}: no such file or directory"
    assert said(cert, none) == f"RELAY_TLS_KEY: cannot read {none}: no such file or directory"
    assert said(tmp_path, key) == f"--tls-cert: cannot read {tmp_path}: is a directory"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"hello",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ],
)
def test_a_file_that_is_something_else_names_its_option(tmp_path: Path, content: bytes) -> None:
    cert, key = write_certificate(tmp_path)
    other = tmp_path / "other.pem"
    other.write_bytes(content)
    assert said(other, key) == f"--tls-cert: {other} is no certificate in PEM"
    assert said(cert, other) == f"RELAY_TLS_KEY: {other} is no private key in PEM"


def test_what_is_half_written_names_its_option(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path)
    (tmp_path / "whole").mkdir()
    whole = write_certificate(tmp_path / "whole")
    content = whole.cert.read_bytes()
    for half in (content[:200], content + content[:200], content[:-20]):
        cert.write_bytes(half)
        assert said(cert, whole.key).startswith(f"--tls-cert: {cert} ")
    key.write_bytes(whole.key.read_bytes()[:100])
    assert said(whole.cert, key) == f"RELAY_TLS_KEY: {key} is no private key in PEM"


def test_the_two_files_the_wrong_way_round_are_told_as_such(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path)
    assert said(key, cert) == f"--tls-cert: {key} is no certificate in PEM"


def test_a_key_of_another_certificate_names_its_option(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    cert, _ = write_certificate(tmp_path)
    _, key = write_certificate(tmp_path / "other")
    assert said(cert, key) == f"RELAY_TLS_KEY: {key} is not the key of the certificate in {cert}"


def test_an_encrypted_key_is_refused_rather_than_asked_about(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path, password="hush")
    assert said(cert, key) == f"RELAY_TLS_KEY: {key} is encrypted; the key has to be readable"


def test_one_file_without_the_other_names_both() -> None:
    with pytest.raises(ConfigError, match=r"^--tls-cert: needs --tls-key, too$"):
        load({"tls_cert": "a.pem"}, {})
    with pytest.raises(ConfigError, match=r"^RELAY_TLS_KEY: needs --tls-cert, too$"):
        load({}, {"RELAY_TLS_KEY": "a.pem"})


def test_a_certificate_of_ones_own_and_one_made_here_exclude_each_other() -> None:
    with pytest.raises(ConfigError) as raised:
        load(
            {"tls_cert": "a.pem", "tls_key": "b.pem"},
            {"RELAY_TLS_SELF_SIGNED": "true"},
        )
    assert str(raised.value) == "--tls-cert: cannot be used with RELAY_TLS_SELF_SIGNED"


def test_one_made_here_is_another_each_time_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert self_signed([]).fingerprint != self_signed([]).fingerprint
    assert list(tmp_path.iterdir()) == []


def met(server: ssl.SSLContext) -> tuple[x509.Certificate, str | None]:
    """What a browser gets: the certificate, and what is spoken."""
    browser = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    browser.check_hostname, browser.verify_mode = False, ssl.CERT_NONE
    browser.set_alpn_protocols(["h2", "http/1.1"])
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = browser.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True)
    for end in ends * 3:
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    der = ends[0].getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der), ends[0].selected_alpn_protocol()


def test_one_made_here_is_a_servers_and_lasts_no_longer_than_systems_take() -> None:
    certificate, spoken = met(self_signed([]).context)
    assert spoken == "http/1.1"
    now = datetime.now(UTC)
    assert certificate.not_valid_before_utc <= now - timedelta(hours=23), "clocks differ"
    assert now + timedelta(days=364) < certificate.not_valid_after_utc < now + timedelta(days=366)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert not constraints.value.ca


def test_one_made_here_is_valid_for_every_address_to_which_a_browser_may_be_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = [ifaddr.IP(ip, 24, "eth0") for ip in ("192.0.2.9", "169.254.1.1")]
    own.append(ifaddr.IP(("2001:db8::9", 0, 0), 64, "eth0"))
    adapter = ifaddr.Adapter("eth0", "eth0", own)
    monkeypatch.setattr("ifaddr.get_adapters", lambda: [adapter])
    tls = server_tls(Settings(tls_self_signed=True, public_ip=["203.0.113.5", "chat.example.org"]))
    assert tls is not None
    certificate, _ = met(tls.context)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert sorted(map(str, names.get_values_for_type(x509.IPAddress))) == [
        *("127.0.0.1", "192.0.2.9", "2001:db8::9", "203.0.113.5", "::1"),
    ]
