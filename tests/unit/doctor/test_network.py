"""Addresses and certificates: what the doctor says about each."""

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from relay.config import Settings
from relay.doctor import network
from relay.doctor.findings import Grade
from tests.support.certificates import write_certificate

OWN = [ip_address(address) for address in ("127.0.0.1", "192.168.1.5", "::1")]
PUBLIC = ip_address("8.8.8.8")


def addresses(own: list[network.Address] = OWN, **settings: object) -> tuple[Grade, str]:
    (found,) = network.check_addresses(Settings(**settings), own)
    assert bool(found.advice) is (found.grade is not Grade.GOOD)
    return found.grade, found.text


def test_a_public_address_of_its_own() -> None:
    assert addresses([*OWN, PUBLIC]) == (Grade.GOOD, "192.168.1.5, 8.8.8.8")
    assert addresses([*OWN, PUBLIC], public_ip=["8.8.8.8"])[0] is Grade.GOOD


def test_private_addresses_reach_only_their_network() -> None:
    grade, text = addresses()
    assert grade is Grade.FAIR
    assert text == "192.168.1.5: only browsers in the same network can send media"


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_loopback_reaches_only_this_machine(host: str) -> None:
    grade, text = addresses(OWN[:1], host=host)
    assert (grade, text) == (
        Grade.FAIR,
        "127.0.0.1: only browsers on this machine can send media",
    )


def test_a_mapped_address_is_told_with_what_it_needs() -> None:
    grade, text = addresses(public_ip=["8.8.8.8"], udp_port=5000)
    assert grade is Grade.GOOD
    assert "UDP port 5000 has to be forwarded" in text


@pytest.mark.parametrize(
    ("public_ip", "grade", "word"),
    [
        ("10.0.0.9", Grade.FAIR, "not a public address"),
        ("127.0.0.1", Grade.BAD, "leads every browser to itself"),
        ("2001:4860:4860::8888", Grade.BAD, "is IPv6"),
    ],
)
def test_public_addresses_that_cannot_be_right(public_ip: str, grade: Grade, word: str) -> None:
    found, text = addresses(public_ip=[public_ip], host="0.0.0.0")
    assert found is grade
    assert word in text


def test_ports_that_are_mapped_to_others() -> None:
    _, text = addresses(public_ip=["8.8.8.8"], udp_port=5000, workers=2, public_udp_port=443)
    assert "UDP port 5000, 5001 have to be forwarded to here from 443 on" in text


def test_several_public_addresses_are_looked_at_each() -> None:
    settings = Settings(public_ip=["8.8.8.8", "127.0.0.1"])
    grades = [found.grade for found in network.check_addresses(settings, OWN)]
    assert grades == [Grade.GOOD, Grade.BAD]


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: str) -> list[str]:
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr(network, "resolved", unknown)
    grade, text = addresses(public_ip=["chat.example.org"])
    assert (grade, text) == (Grade.BAD, "chat.example.org: Name or service not known")


def test_in_direct_mode_no_address_matters() -> None:
    assert list(network.check_addresses(Settings(media_mode="direct"), OWN)) == []


def tls(now: datetime | None = None, **settings: object) -> tuple[Grade, str]:
    (found,) = network.check_tls(Settings(**settings), now)
    return found.grade, found.text


def test_without_tls_it_depends_on_who_comes() -> None:
    assert tls(host="127.0.0.1")[0] is Grade.GOOD
    assert tls(host="0.0.0.0")[0] is Grade.FAIR
    assert tls(tls_self_signed=True)[0] is Grade.FAIR


@pytest.mark.parametrize(
    ("days", "grade", "text"),
    [
        (90.5, Grade.GOOD, "a certificate for 127.0.0.1, for 90 more days"),
        (5.5, Grade.FAIR, "the certificate for 127.0.0.1 ends in 5 days"),
        (-1, Grade.BAD, "the certificate for 127.0.0.1 ended on "),
    ],
)
def test_certificates(tmp_path: Path, days: float, grade: Grade, text: str) -> None:
    cert, key = write_certificate(tmp_path, days_left=days)
    found, told = tls(tls_cert=cert, tls_key=key)
    assert found is grade
    assert told.startswith(text)


def test_a_certificate_of_the_future(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path)
    found, told = tls(datetime.now(UTC) - timedelta(days=200), tls_cert=cert, tls_key=key)
    assert found is Grade.BAD
    assert "begins on" in told


def test_a_certificate_that_cannot_be_read(tmp_path: Path) -> None:
    found, told = tls(tls_cert=tmp_path / "no.pem", tls_key=tmp_path / "no.key")
    assert found is Grade.BAD
    assert told.startswith("--tls-cert: cannot read ")


def test_what_to_do_about_files_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = write_certificate(tmp_path)
    key.write_bytes(key.read_bytes()[:50])

    def advice(**settings: object) -> str:
        (found,) = network.check_tls(
            Settings.model_validate({"tls_cert": cert, "tls_key": key, **settings})
        )
        return found.advice

    assert "in PEM" in advice()
    nowhere = {"tls_cert": tmp_path / "no.pem", "allowed_hosts": ["chat.example.net"]}
    assert "certbot certonly --standalone -d chat.example.net" in advice(**nowhere)
    monkeypatch.setattr(os, "access", lambda path, mode: path != key or mode == os.F_OK)
    assert advice() == f"let this user read it: chown {os.geteuid()} {key}"


def all_of_tls(**settings: object) -> dict[Grade, str]:
    return {found.grade: found.text for found in network.check_tls(Settings(**settings))}


def test_a_certificate_for_another_name_is_bad(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path)
    told = all_of_tls(tls_cert=cert, tls_key=key, allowed_hosts=["chat.example.org"])
    assert told[Grade.BAD] == "the certificate is for 127.0.0.1, and not for chat.example.org"


@pytest.mark.parametrize(
    ("name", "is_covered"),
    [
        ("chat.example.org", True),
        ("a.example.net", True),
        ("example.net", False),
        ("a.b.example.net", False),
        ("example.org", False),
    ],
)
def test_a_star_stands_for_one_part(tmp_path: Path, name: str, is_covered: bool) -> None:
    files = write_certificate(tmp_path, names=["Chat.example.org", "*.example.net"])
    certificate = x509.load_pem_x509_certificate(files.cert.read_bytes())
    assert network.covers(certificate, name) is is_covered


def test_a_certificate_without_that_of_its_signer_is_told(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path, signer="another")
    told = all_of_tls(tls_cert=cert, tls_key=key)
    assert told.keys() == {Grade.GOOD, Grade.FAIR}
    assert "has not the certificate of who has signed it" in told[Grade.FAIR]


def test_a_key_that_everybody_can_read_is_told(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path)
    key.chmod(0o644)
    assert (
        "every user of this machine can read" in all_of_tls(tls_cert=cert, tls_key=key)[Grade.FAIR]
    )
