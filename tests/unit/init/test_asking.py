"""Who answers a question of ``relay init``: a flag, a person, or a default."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from relay.errors import ConfigError
from relay.init.answers import Answers, Certificate, Under, former, token_in
from relay.init.asking import Ask, Check, Here, answers

DOMAIN = "chat.example.org"
GIVEN = {"domain": DOMAIN, "public_ip": "203.0.113.10", "certificate": "self-signed"}
PUBLIC = "8.8.8.8"


def here(*own: str, dns: str = "", file: str = "") -> Here:
    return Here(
        [ip_address(each) for each in own],
        lambda name: [dns] if dns and name == DOMAIN else [],
        lambda path: path == file,
    )


def answered(
    given: dict[str, str],
    known: Here | None = None,
    before: dict[str, str] | None = None,
    ask: Ask | None = None,
) -> Answers:
    return answers({"under": "systemd", **given}, before or {}, known or here(), ask)


def test_flags_answer_everything() -> None:
    assert answered(GIVEN) == Answers(
        Under.SYSTEMD, DOMAIN, ("203.0.113.10",), Certificate.SELF_SIGNED
    )


@pytest.mark.parametrize("name", GIVEN)
def test_where_nobody_can_be_asked_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=f"^--{name.replace('_', '-')}: has to be given") as told:
        answered({key: value for key, value in GIVEN.items() if key != name})
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("domain", "https://chat.example.org", "--domain: should be"),
        ("domain", "*", "--domain: should be a host name"),
        ("domain", "my_chat.example.org", "--domain: should be a host name"),
        ("domain", f"{64 * 'x'}.example.org", "--domain: should be a host name"),
        ("domain", f"{64 * 'abc.'}org", "--domain: should be a host name"),
        ("public_ip", "0.0.0.0", "--public-ip, entry 1: should be an address that browsers can"),
        ("public_ip", " , ", "--public-ip: should be one address at least"),
        ("public_ip", "own", "--public-ip: should be addresses"),
        ("certificate", "paper", "--certificate: should be one of"),
        ("tls_cert", "/etc/a.pem", "--tls-cert: cannot be used with --certificate self-signed"),
        ("start_blurred", "perhaps", "--start-blurred: should be yes or no"),
        ("ban_after_reporters", "-1", "--ban-after-reporters: should be"),
        ("ban_after_reporters", "few", "--ban-after-reporters: should be a whole number"),
    ],
)
def test_a_wrong_answer_is_told_in_one_line(name: str, value: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"^{said}") as told:
        answered(GIVEN | {name: value})
    assert "\n" not in str(told.value)


def test_a_path_has_to_be_whole() -> None:
    files = GIVEN | {"certificate": "files", "tls_cert": "a.pem"}
    with pytest.raises(ConfigError, match=r"^--tls-cert: should be the whole path"):
        answered(files)


def test_the_machine_s_own_public_addresses_will_do_but_not_for_a_container() -> None:
    given = {name: GIVEN[name] for name in ("domain", "certificate")}
    machine = here("10.0.0.5", PUBLIC)
    assert answered(given, machine).public_ip == ()
    assert answered(given | {"under": "compose"}, machine).public_ip == (PUBLIC,)


def test_behind_a_nat_the_name_says_where_the_machine_is_reached() -> None:
    given = {name: GIVEN[name] for name in ("domain", "certificate")}
    assert answered(given, here("10.0.0.5", dns=PUBLIC)).public_ip == (PUBLIC,)


def test_a_certificate_that_certbot_has_got_is_found() -> None:
    given = {name: GIVEN[name] for name in ("domain", "public_ip")}
    folder = f"/etc/letsencrypt/live/{DOMAIN}"
    found = answered(given, here(file=f"{folder}/fullchain.pem"))
    assert (found.tls_cert, found.tls_key) == (f"{folder}/fullchain.pem", f"{folder}/privkey.pem")


def test_a_person_is_asked_only_what_is_not_given_until_it_will_do() -> None:
    asked: list[tuple[str, str]] = []
    typed = {"Domain": ["*", DOMAIN], "Certificate (": ["paper", "proxy"], "Blur": ["yes"]}

    def ask(question: str, usual: str, check: Check) -> str:
        asked.append((question.split(maxsplit=1)[0], usual))
        for answer in next((typed[each] for each in typed if question.startswith(each)), [usual]):
            try:
                check(answer)
            except (ValueError, ConfigError):
                continue
            return answer
        raise AssertionError(question)

    found = answered({"public_ip": PUBLIC}, ask=ask)
    assert found == Answers(Under.SYSTEMD, DOMAIN, (PUBLIC,), Certificate.PROXY, start_blurred=True)
    assert asked == [("Domain", ""), ("Certificate", ""), ("Blur", "no"), ("So", "3")]


def test_what_was_answered_before_is_the_default() -> None:
    before = former(
        'allowed_hosts = ["chat.example.org"]\npublic_ip = ["8.8.8.8", "chat.example.org"]\n'
        'tls_cert = "/etc/relay/a.pem"\ntls_key = "/etc/relay/a.key"\n'
        "start_blurred = true\nban_after_reporters = 0\n",
        "",
    )
    assert answered({}, before=before) == Answers(
        Under.SYSTEMD,
        DOMAIN,
        (PUBLIC, DOMAIN),
        Certificate.FILES,
        "/etc/relay/a.pem",
        "/etc/relay/a.key",
        start_blurred=True,
        ban_after_reporters=0,
    )
    other = {"tls_cert": "/etc/relay/fullchain.pem"}
    assert answered(other, before=before).tls_key == "/etc/relay/privkey.pem"


def test_files_that_say_nothing_answer_nothing() -> None:
    assert former("", "") == {}
    assert former('allowed_hosts = "a"\npublic_ip = 7\nstart_blurred = "x"', "RELAY_X=1") == {}
    assert token_in("# RELAY_OPERATOR_TOKEN=a\nRELAY_OPERATOR_TOKEN=\n") is None
    assert token_in("A=1\nRELAY_OPERATOR_TOKEN=north-by-northwest\n") == "north-by-northwest"


def test_a_file_that_somebody_has_broken_is_told() -> None:
    with pytest.raises(ConfigError, match=r"^relay\.toml: is not valid TOML"):
        former("port =", "")
