"""What ``relay init`` writes means what was answered."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from relay.config import Settings, load
from relay.init.answers import Answers, Certificate, Under
from relay.init.files import File, env_file, files_of, swapped, toml_file
from relay.init.shipped import checkout, shipped

TOKEN = "north-by-northwest"
DOMAIN = "chat.example.org"
PLACES: dict[str, Any] = {
    "tls_cert": f"/etc/letsencrypt/live/{DOMAIN}/fullchain.pem",
    "tls_key": f"/etc/letsencrypt/live/{DOMAIN}/privkey.pem",
}
KINDS = list(product(Under, Certificate))


def answers(under: Under, certificate: Certificate, **more: Any) -> Answers:
    files: dict[str, Any] = PLACES if certificate is Certificate.FILES else {}
    return Answers(under, DOMAIN, ("203.0.113.10", "2001:db8::10"), certificate, **files, **more)


def written(made: Answers, *, has_ipv6: bool = True) -> dict[str, File]:
    command = "/srv/relay/bin/relay"
    found = files_of(made, TOKEN, command, shipped, has_ipv6=has_ipv6)
    return {str(file.path): file for file in found}


def settings(files: dict[str, File], made: Answers, folder: Path) -> Settings:
    """As the server reads them that is started with these files."""
    path = folder / "relay.toml"
    path.write_text(files[str(toml_file(made.under))].text)
    env = dict(re.findall(r"(?m)^(\w+)=(.*)$", files[str(env_file(made.under))].text))
    if made.under is Under.COMPOSE:
        service = yaml.safe_load(files["compose.yaml"].text)["services"]["relay"]
        known = {"RELAY_DRAIN_S": "600", **env}
        env = {
            name: re.sub(r"\$\{(\w+)[^}]*\}", lambda found: known.get(found[1], ""), value)
            for name, value in service["environment"].items()
        }
        assert env.pop("RELAY_CONFIG") == "/etc/relay/relay.toml"
        assert "./relay.toml:/etc/relay/relay.toml:ro" in service["volumes"]
    return load({}, env, config=str(path))


@pytest.mark.parametrize(("under", "certificate"), KINDS)
def test_the_server_understands_it(under: Under, certificate: Certificate, tmp_path: Path) -> None:
    made = answers(under, certificate, start_blurred=True, ban_after_reporters=5)
    found = settings(written(made), made, tmp_path)
    assert DOMAIN in found.allowed_hosts
    assert found.public_ip == ("203.0.113.10", "2001:db8::10")
    assert found.udp_port == 7882
    assert found.operator_token is not None
    assert found.operator_token.get_secret_value() == TOKEN
    assert (found.start_blurred, found.ban_after_reporters) == (True, 5)
    assert (found.tls_cert is not None) is (certificate is Certificate.FILES)
    assert found.tls_self_signed is (certificate is Certificate.SELF_SIGNED)
    behind_proxy = certificate is Certificate.PROXY
    assert bool(found.trusted_proxies) is behind_proxy
    assert (found.tcp_port == 7443) is behind_proxy


def test_it_says_all_that_the_shipped_settings_say() -> None:
    text = written(answers(Under.SYSTEMD, Certificate.FILES))["etc/relay/relay.toml"].text
    ours, theirs = tomllib.loads(text), tomllib.loads(shipped("relay.toml"))
    assert {name: ours[name] for name in theirs} == theirs


def test_what_stands_there_as_a_comment_is_understood_too(tmp_path: Path) -> None:
    made = answers(Under.SYSTEMD, Certificate.FILES)
    files = written(made)
    text = re.sub(r"(?m)^#(\w+ = )", r"\1", files["etc/relay/relay.toml"].text)
    assert text.count(" = ") > files["etc/relay/relay.toml"].text.count("\n#") / 10
    files["etc/relay/relay.toml"] = File(Path(), text)
    assert settings(files, made, tmp_path).allow_taps


def test_each_setting_stands_under_what_it_means() -> None:
    text = written(answers(Under.SYSTEMD, Certificate.FILES))["etc/relay/relay.toml"].text
    entries = re.findall(r"(?m)((?:^# .*\n)+)^#?(\w+) = ", text)
    assert len(entries) > 8
    for told, name in entries:
        said = " ".join(line.removeprefix("# ") for line in told.splitlines())
        assert said == Settings.model_fields[name].description
    assert max(map(len, text.splitlines())) <= 102


@pytest.mark.parametrize(("under", "certificate"), KINDS)
def test_only_who_has_to_reads_the_secrets(under: Under, certificate: Certificate) -> None:
    secret = {
        path for path, file in written(answers(under, certificate)).items() if TOKEN in file.text
    }
    files = written(answers(under, certificate))
    assert secret == {str(env_file(under))}
    assert {path for path, file in files.items() if file.mode == 0o600} == secret


def test_the_unit_starts_this_program() -> None:
    unit = written(answers(Under.SYSTEMD, Certificate.FILES))["etc/systemd/system/relay.service"]
    assert "\nExecStart=/srv/relay/bin/relay serve --config /etc/relay/relay.toml" in unit.text
    assert "/opt/relay" not in unit.text


def test_behind_a_proxy_only_this_machine_gets_at_the_page() -> None:
    files = written(answers(Under.SYSTEMD, Certificate.PROXY))
    listens = re.findall(r"ListenStream=(.*)", files["etc/systemd/system/relay.socket"].text)
    assert listens == ["127.0.0.1:8080", "[::1]:8080"]
    files = written(answers(Under.COMPOSE, Certificate.PROXY))
    service = yaml.safe_load(files["compose.yaml"].text)["services"]["relay"]
    assert service["ports"] == ["127.0.0.1:8080:8443/tcp", "7443:7443/tcp", "7882:7882/udp"]
    assert "scheme: http\n" in files["prometheus.yml"].text


def test_without_ipv6_the_socket_does_without() -> None:
    files = written(answers(Under.SYSTEMD, Certificate.FILES), has_ipv6=False)
    listens = re.findall(r"ListenStream=(.*)", files["etc/systemd/system/relay.socket"].text)
    assert listens == ["0.0.0.0:443"]


@pytest.mark.parametrize("certificate", Certificate)
def test_all_that_compose_mounts_is_written(certificate: Certificate) -> None:
    files = written(answers(Under.COMPOSE, certificate))
    text = files["compose.yaml"].text
    assert "../" not in text
    mounted = set(re.findall(r"- \./([^:]+):", text))
    assert mounted == files.keys() - {"compose.yaml", ".env"}
    asked = set(re.findall(r"\$\{(\w+):\?", text))
    given = dict(re.findall(r"(?m)^(\w+)=(.+)$", files[".env"].text))
    assert asked == given.keys()
    assert ("RELAY_CERTIFICATE" in given) is (certificate is Certificate.FILES)


def test_a_shipped_file_that_has_changed_is_noticed() -> None:
    with pytest.raises(ValueError, match="does not have 'b' once"):
        swapped("abba", "b", "c")


def test_a_checkout_has_the_shipped_files() -> None:
    assert checkout() == Path(__file__).parents[3]
    assert "groups:" in shipped("alerts.yml")
