"""The texts of the files that are written: what is shipped, with a few lines changed."""

import json
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from relay.config import Settings
from relay.init.answers import Answers, Certificate, Under, settings_of

SECRET, OPEN = 0o600, 0o644
"""The modes of a file with secrets, and of any other one."""

_COLUMNS = 100
_TOML = Path("relay.toml")
_HEAD = """\
# The settings of this relay, written by 'relay init', which leaves alone what you have changed.
# 'relay serve --help' tells all there are, 'relay doctor --config FILE' looks at them. Variables
# (RELAY_PORT) and flags (--port) override them. Secrets are in {secrets}.
"""
_OTHERS: dict[str, object] = {
    "max_users": 10_000,
    "welcome_file": "/etc/relay/rules.txt",
    "allow_taps": True,
    "log_json": True,
}
"""What operators are known to set next: it stands in the file as comments."""

_BUILD = """
    build:
      context: ../..
      dockerfile: scripts/deploy/Containerfile"""

Shipped = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class File:
    """One that is to be there."""

    path: Path
    """Below the folder that was chosen."""
    text: str
    mode: int = OPEN
    is_settled: bool = False
    """Whether it stays as it is once it has a token: no answer makes another one of it."""


def env_file(under: Under) -> Path:
    """The file with the secrets."""
    return Path("etc/relay/relay.env") if under is Under.SYSTEMD else Path(".env")


def toml_file(under: Under) -> Path:
    """The file with all other settings."""
    return Path("etc/relay") / _TOML if under is Under.SYSTEMD else _TOML


def files_of(
    answers: Answers, token: str, command: str, shipped: Shipped, *, has_ipv6: bool
) -> Iterator[File]:
    """All of them.

    :param token: the operator's.
    :param command: where ``relay`` is on this machine.
    :param shipped: the text of a file of ``scripts/deploy``, by its name.
    :param has_ipv6: whether this machine has that family.
    """
    yield File(toml_file(answers.under), toml(answers))
    if answers.under is Under.COMPOSE:
        yield from _containers(answers, token, shipped)
        return
    secrets = f"# Secrets of the relay; only root need be able to read them.\n{_token(token)}"
    yield File(env_file(answers.under), secrets, SECRET, is_settled=True)
    units = Path("etc/systemd/system")
    yield File(units / "relay.service", service(shipped("relay.service"), command))
    yield File(
        units / "relay.socket",
        socket(shipped("relay.socket"), answers, has_ipv6=has_ipv6),
    )
    yield File(Path("etc/sysusers.d/relay.conf"), shipped("relay.sysusers"))


def toml(answers: Answers) -> str:
    """The settings, each under what it means."""
    parts = [_HEAD.format(secrets=env_file(answers.under).name)]
    parts += [_entry(name, value) for name, value in settings_of(answers).items()]
    if answers.under is Under.COMPOSE:
        parts.append("# Ports, addresses and the certificate are set in compose.yaml and .env.\n")
    parts.append("# What may be of use one day:\n")
    parts += [_entry(name, value, "#") for name, value in _OTHERS.items()]
    return "\n".join(parts)


def _entry(name: str, value: object, prefix: str = "") -> str:
    told = textwrap.wrap(str(Settings.model_fields[name].description), _COLUMNS - 2)
    lines = [f"# {line}" for line in told]
    # JSON is TOML, as far as texts, numbers, switches and lists of them go.
    return "\n".join([*lines, f"{prefix}{name} = {json.dumps(value, ensure_ascii=False)}"]) + "\n"


def _token(token: str) -> str:
    return f"RELAY_OPERATOR_TOKEN={token}\n"


def service(unit: str, command: str) -> str:
    """The unit, with the command as it is called here."""
    return swapped(unit, "ExecStart=/opt/relay/bin/relay ", f"ExecStart={command} ")


def socket(unit: str, answers: Answers, *, has_ipv6: bool) -> str:
    """The unit's socket: behind a proxy, only this machine gets at the page's port."""
    if answers.certificate is Certificate.PROXY:
        unit = swapped(unit, "0.0.0.0:443", f"127.0.0.1:{answers.port}")
        unit = swapped(unit, "[::]:443", f"[::1]:{answers.port}")
        unit = swapped(unit, "port = 443", f"port = {answers.port}")
        unit = swapped(unit, "# Port 443 for", f"# Port {answers.port} for")
    return unit if has_ipv6 else re.sub(r"(?m)^ListenStream=\[.*\n", "", unit)


def _containers(answers: Answers, token: str, shipped: Shipped) -> Iterator[File]:
    yield File(env_file(answers.under), variables(shipped("example.env"), answers, token), SECRET)
    yield File(Path("compose.yaml"), compose(shipped("compose.yaml"), answers))
    yield File(Path("prometheus.yml"), prometheus(shipped("prometheus.yml"), answers))
    for name in (
        "alerts.yml",
        "grafana-dashboard.json",
        "grafana/dashboards.yml",
        "grafana/prometheus.yml",
    ):
        yield File(Path(name), shipped(name))


def variables(example: str, answers: Answers, token: str) -> str:
    """What ``compose.yaml`` has to know."""
    given = {"RELAY_PUBLIC_IP": ",".join(answers.public_ip), "RELAY_OPERATOR_TOKEN": token}
    if answers.certificate is Certificate.FILES:
        given["RELAY_CERTIFICATE"] = str(Path(answers.installed[0]).parent)
    else:
        example = re.sub(r"(?m)^# fullchain.*\nRELAY_CERTIFICATE=.*\n", "", example)
    example = swapped(example, "; copy it to .env beside it.", ".")
    for name, value in given.items():
        example = re.sub(rf"(?m)^{name}=.*$", f"{name}={value}", example)
    return example


def compose(text: str, answers: Answers) -> str:
    """``compose.yaml`` for a folder of its own, with ``relay.toml`` in it."""
    text = swapped(text, _BUILD, "").replace("../../docs/", "./")
    text = swapped(
        text, "      RELAY_PORT", "      RELAY_CONFIG: /etc/relay/relay.toml\n      RELAY_PORT"
    )
    data = "      - data:/data\n"
    text = swapped(text, data, f"{data}      - ./relay.toml:/etc/relay/relay.toml:ro\n")
    if answers.certificate is Certificate.FILES:
        return text
    text = re.sub(r"(?m)^ +RELAY_TLS_(CERT|KEY): .*\n", "", text)
    text = re.sub(r"(?m)^ +- \$\{RELAY_CERTIFICATE.*\n", "", text)
    if answers.certificate is Certificate.PROXY:
        text = swapped(text, '      RELAY_PUBLIC_TCP_PORT: "443"\n', "")
        ports = f'"127.0.0.1:{answers.port}:8443/tcp"\n      - "7443:7443/tcp"'
        text = swapped(text, '"443:8443/tcp"', ports)
    return text


def prometheus(text: str, answers: Answers) -> str:
    """Behind a proxy the relay speaks no TLS."""
    if answers.certificate is Certificate.PROXY:
        return swapped(text, "scheme: https", "scheme: http")
    return text


def swapped(text: str, old: str, new: str) -> str:
    """With one part put in place of another, which has to be there.

    :raises ValueError: when it is not: the shipped file is another one.
    """
    if text.count(old) != 1:
        raise ValueError(f"the shipped file does not have {old!r} once")
    return text.replace(old, new)
