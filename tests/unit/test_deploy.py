"""The files under scripts/deploy agree with the server's settings, and with each other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from relay.config import load

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "scripts/deploy"
EXPOSURE = 2.0
"""What ``systemd-analyze security`` may say at most, of 10."""

CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
EXAMPLE = (DEPLOY / "example.env").read_text()
COMPOSE_TEXT = (DEPLOY / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
GIVEN = {
    "RELAY_PUBLIC_IP": "203.0.113.10",
    "RELAY_CERTIFICATE": "/etc/relay/certificate",
    "RELAY_OPERATOR_TOKEN": "north-by-northwest",
}
"""By an operator, in .env."""


def entries(unit: str) -> dict[str, list[str]]:
    """A unit's, by name; systemd lets a name stand more than once."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / unit).read_text().splitlines():
        if re.match(r"\w+=", line):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
        else:
            assert not line or line[0] in "#[", line
    return found


def filled(value: str, given: dict[str, str]) -> str:
    """With what compose puts in for ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?reason}``."""

    def one(found: re.Match[str]) -> str:
        if found["name"] in given:
            return given[found["name"]]
        assert found["kind"] != ":?", found["name"]
        return found["rest"] or ""

    return re.sub(r"\$\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>[^}]*))?\}", one, value)


# systemd


def test_the_service_is_given_time_to_drain() -> None:
    unit = entries("relay.service")
    drains = re.search(r"--drain-s (\d+)", unit["ExecStart"][0])
    assert drains
    assert int(unit["TimeoutStopSec"][0]) >= int(drains[1]) + 25
    assert unit["KillMode"] == ["process"]
    assert unit["RuntimeDirectoryPreserve"] == ["yes"]


def test_a_reload_is_the_signal_that_the_server_knows() -> None:
    unit = entries("relay.service")
    assert unit["ExecReload"] == ['/bin/sh -c "kill -HUP ${MAINPID}"']
    assert unit["Type"] == ["notify"]  # notify-reload needs systemd 253


def test_the_service_can_make_calls() -> None:
    unit = entries("relay.service")
    assert "MemoryDenyWriteExecute" not in unit  # pyOpenSSL's callbacks
    assert "setpriority sched_setscheduler" in unit["SystemCallFilter"]
    assert {"AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"} <= set(
        unit["RestrictAddressFamilies"][0].split()
    )


def test_the_socket_is_one_for_each_family_at_one_port() -> None:
    unit = entries("relay.socket")
    assert unit["ListenStream"] == ["0.0.0.0:443", "[::]:443"]
    assert unit["BindIPv6Only"] == ["ipv6-only"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_the_service_is_exposed_to_little() -> None:
    done = subprocess.run(
        [
            *("systemd-analyze", "security", "--offline=true", "--no-pager"),
            *(f"--threshold={10 * EXPOSURE:.0f}", str(DEPLOY / "relay.service")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


# containers


def test_what_compose_sets_is_understood() -> None:
    environ = {
        name: filled(value, GIVEN) for name, value in SERVICES["relay"]["environment"].items()
    }
    settings = load({}, environ)
    assert (settings.port, settings.public_tcp_port, settings.udp_port) == (8443, 443, 7882)
    assert SERVICES["relay"]["ports"] == ["443:8443/tcp", "7882:7882/udp"]
    grace_s = int(SERVICES["relay"]["stop_grace_period"].removesuffix("s"))
    assert grace_s >= settings.drain_s + 25


def test_compose_says_what_is_missing() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", COMPOSE_TEXT))
    assert asked == set(GIVEN)


def test_the_example_names_what_compose_takes() -> None:
    taken = set(re.findall(r"\$\{(\w+)", COMPOSE_TEXT)) - {"RELAY_DRAIN_S"}
    assert set(re.findall(r"^#?(\w+)=", EXAMPLE, re.MULTILINE)) == taken | {"COMPOSE_PROFILES"}


def test_files_that_compose_mounts_are_there() -> None:
    mounted = [
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if volume.startswith(".")
    ]
    assert len(mounted) == 5
    for path in mounted:
        assert (DEPLOY / path).is_file(), path


def test_no_container_of_compose_may_more_than_it_needs() -> None:
    for name in ("relay", "redis", "prometheus", "grafana"):
        assert SERVICES[name]["cap_drop"] == ["ALL"], name
        assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"], name
    for name in ("prometheus", "grafana"):
        assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])
    assert SERVICES["relay"]["read_only"]


def test_redis_and_coturn_come_when_they_are_asked_for() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {
        "redis",
        "coturn",
    }


def test_prometheus_asks_the_relay() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    port = SERVICES["relay"]["environment"]["RELAY_PORT"]
    assert job["static_configs"] == [{"targets": [f"relay:{port}"]}]
    assert job["scheme"] == "https"
    (secret,) = SERVICES["prometheus"]["secrets"]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    assert COMPOSE["secrets"][secret] == {"environment": "RELAY_OPERATOR_TOKEN"}


def test_grafana_finds_the_dashboard_and_its_figures() -> None:
    source = yaml.safe_load((DEPLOY / "grafana/prometheus.yml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    dashboards = yaml.safe_load((DEPLOY / "grafana/dashboards.yml").read_text())
    folder = dashboards["providers"][0]["options"]["path"]
    targets = [volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]]
    assert f"{folder}/relay.json" in targets


def test_the_image_has_no_root_and_needs_no_shell() -> None:
    lines = dict(
        re.findall(r"^(USER|ENTRYPOINT|CMD|HEALTHCHECK) (.+)$", CONTAINERFILE, re.MULTILINE)
    )
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", lines["USER"])
    assert json.loads(lines["ENTRYPOINT"]) == ["relay"]
    assert json.loads(lines["CMD"]) == ["serve"]
    assert json.loads(lines["HEALTHCHECK"].split("CMD ")[1]) == ["python3", "-m", "relay.alive"]


def test_the_images_settings_are_understood() -> None:
    environ = dict(re.findall(r"\b(RELAY_\w+)=(\S+)", CONTAINERFILE))
    settings = load({}, environ)
    assert str(settings.data_dir) == "/data"
    assert f"EXPOSE {settings.port}/tcp {settings.udp_port}/udp" in CONTAINERFILE


def test_the_images_context_has_what_the_wheel_is_made_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {project["project"]["readme"], "pyproject.toml", "relay", "scripts/lock"}
    needed |= {*wheel["force-include"], *wheel["shared-data"]}
    let_in = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    assert needed <= let_in
