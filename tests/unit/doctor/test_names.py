"""Whether the page's names lead to this machine, as the doctor sees it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from relay.config import Settings
from relay.doctor import names
from relay.doctor.findings import Finding, Grade

NAME = "chat.example.org"
HERE, THERE = "8.8.8.8", "9.9.9.9"
OWN = [ip_address(each) for each in ("127.0.0.1", "10.0.0.5", HERE)]


def found(
    dns: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch, **settings: object
) -> Finding:
    def resolved(name: str) -> list[str]:
        if name not in dns:
            raise OSError(-2, "Name or service not known")
        return dns[name]

    monkeypatch.setattr(names, "resolved", resolved)
    (one,) = names.check(Settings.model_validate({"allowed_hosts": [NAME], **settings}), OWN)
    return one


def test_a_name_that_leads_here_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found({NAME: [HERE]}, monkeypatch).grade is Grade.GOOD


def test_so_is_one_that_leads_to_what_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    dns = {NAME: [THERE], THERE: [THERE]}
    assert found(dns, monkeypatch, public_ip=[THERE]).grade is Grade.GOOD


def test_one_that_nobody_knows_is_bad_and_the_address_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = found({}, monkeypatch)
    assert (one.grade, one.text) == (Grade.BAD, f"{NAME}: name or service not known")
    assert f"lead to this machine ({HERE})" in one.advice


def test_one_that_leads_elsewhere_is_bad_unless_there_are_proxies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dns = {NAME: [THERE]}
    one = found(dns, monkeypatch)
    assert (one.grade, THERE in one.text) == (Grade.BAD, True)
    assert found(dns, monkeypatch, trusted_proxies=["192.0.2.1"]).grade is Grade.FAIR


def test_one_that_leads_elsewhere_too_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    one = found({NAME: [HERE, "2001:4860:4860::8888"]}, monkeypatch)
    assert one.grade is Grade.FAIR
    assert one.text.startswith(f"{NAME} leads to 2001:4860:4860::8888, too")


def test_what_is_no_name_of_the_page_is_not_looked_up() -> None:
    known = ["*", "relay", "chat.localhost", "printer.local", "192.0.2.1"]
    assert names.of_the_page(Settings(allowed_hosts=[*known, NAME])) == [NAME]
