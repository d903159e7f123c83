"""What ``relay init`` says to type next."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay.doctor.findings import Grade
from relay.init.advice import ports, steps, unseen
from relay.init.answers import Answers, Certificate, Under

DOMAIN = "chat.example.org"


def answers(
    under: Under = Under.SYSTEMD, certificate: Certificate = Certificate.SELF_SIGNED, cert: str = ""
) -> Answers:
    key = cert.replace("fullchain", "privkey")
    return Answers(under, DOMAIN, ("203.0.113.10",), certificate, cert, key)


def commands(made: Answers, *, has_files: bool = True, checkout: Path | None = None) -> list[str]:
    found = steps(made, has_files=has_files, checkout=checkout)
    return [command for step in found for command in step.commands]


def test_the_firewall_is_opened_for_the_page_and_for_media() -> None:
    assert ports(answers()) == [("tcp", 443), ("udp", 7882)]
    assert ports(answers(certificate=Certificate.PROXY)) == [("tcp", 7443), ("udp", 7882)]
    typed = commands(answers())
    assert "nft add rule inet filter input udp dport 7882 accept" in typed
    assert "ufw allow 443/tcp" in typed


def test_the_last_lines_start_it_and_check_it() -> None:
    *_, user, start, check = commands(answers())
    assert user == "systemd-sysusers"
    assert start.endswith("systemctl enable --now relay.socket relay.service")
    assert check.startswith(f"relay check https://{DOMAIN} --fingerprint")


def test_a_certificate_that_root_has_is_installed_for_the_server() -> None:
    cert = f"/etc/letsencrypt/live/{DOMAIN}/fullchain.pem"
    made = answers(certificate=Certificate.FILES, cert=cert)
    assert made.installed == ("/etc/relay/fullchain.pem", "/etc/relay/privkey.pem")
    (line,) = [each for each in commands(made) if each.startswith("install ")]
    assert f"install -D -o relay -m 400 {cert} /etc/relay/fullchain.pem && " in line
    assert line.endswith("/privkey.pem /etc/relay/privkey.pem")
    assert not any("certbot" in each for each in commands(made))
    assert any(
        f"certbot certonly --standalone --domain {DOMAIN}" in each
        for each in commands(made, has_files=False)
    )


def test_one_that_the_server_can_read_stays_where_it_is() -> None:
    made = answers(certificate=Certificate.FILES, cert="/etc/relay/lego/fullchain.pem")
    assert made.installed == ("/etc/relay/lego/fullchain.pem", "/etc/relay/lego/privkey.pem")
    assert not any(each.startswith("install ") for each in commands(made))
    assert f"chown relay {made.tls_cert} {made.tls_key}" in commands(made)


def test_a_container_needs_its_image() -> None:
    cert = "/etc/relay/fullchain.pem"
    made = answers(Under.COMPOSE, Certificate.FILES, cert)
    typed = commands(made, checkout=Path("/src"))
    assert "docker build --tag relay --file /src/scripts/deploy/Containerfile /src" in typed
    assert "docker compose up --detach" in typed
    assert any(
        f"-o 10001 -m 400 {cert} /etc/relay/certificate/fullchain.pem" in each for each in typed
    )


def test_a_proxy_is_told_where_the_page_is() -> None:
    made = answers(certificate=Certificate.PROXY)
    assert f"{DOMAIN} {{ reverse_proxy 127.0.0.1:8080 }}" in commands(made)


@pytest.mark.parametrize("path", ["/home/ann/.venv/bin/relay", "/root/.local/bin/relay"])
def test_a_program_that_the_unit_cannot_see_is_told(path: str) -> None:
    (found,) = unseen(answers(), path, "/usr")
    assert (found.grade, path in found.text) == (Grade.BAD, True)
    assert [*unseen(answers(), "/opt/relay/bin/relay", "/usr")] == []
    assert [*unseen(answers(Under.COMPOSE), path)] == []
