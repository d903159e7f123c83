"""``docs/alerts.yml``: each fires when it should, is silent when not, and has its runbook."""

import re
from pathlib import Path
from shutil import which
from subprocess import CompletedProcess, run
from typing import Any, NamedTuple

import pytest
import yaml
from typer.main import get_command

from relay.cli import app
from relay.config import Settings

DOCS = Path(__file__).parents[3] / "docs"
PROMTOOL = which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="needs promtool (scripts/need promtool prometheus)"
)

Series = dict[str, str]
"""Values at each minute, in promtool's way to write them."""

SHORT, LONG = 60, 4 * 24 * 60
"""Minutes; the first are enough for all rules but those about days."""
DAY_S = 86_400

A_VISITORS_USERS = Settings.model_fields["users_per_visitor"].default


def always(value: float, minutes: int = SHORT) -> str:
    return f"{value:g}+0x{minutes}"


def growing(step: float, minutes: int = SHORT) -> str:
    return f"0+{step:g}x{minutes}"


def once(count: float, minutes: int = SHORT) -> str:
    """Of a counter that grows in one minute only."""
    return f"0+0x5 {count:g}+0x{minutes - 6}"


def slow_buckets(name: str, bound: float, a_minute: float, minutes: int = SHORT) -> Series:
    """A histogram whose entries are all between a bound and its double."""
    return {
        f'{name}_bucket{{le="{bound:g}"}}': always(0, minutes),
        f'{name}_bucket{{le="{2 * bound:g}"}}': growing(a_minute, minutes),
        f'{name}_bucket{{le="+Inf"}}': growing(a_minute, minutes),
        f"{name}_count": growing(a_minute, minutes),
    }


def lossy(rooms: int, bad: int, loss: float) -> Series:
    """Rooms with eight streams each, and so many streams that lose packets."""
    return {
        "relay_rooms": always(rooms),
        'relay_tracks{direction="up",kind="video"}': always(4 * rooms),
        'relay_tracks{direction="down",kind="video"}': always(4 * rooms),
        'relay_bad_tracks{problem="loss"}': always(bad),
        'relay_loss_ratio{direction="up"}': always(loss),
    }


def failed(networks: int, admitted_a_minute: float) -> Series:
    return {
        'relay_failed_networks{cause="udp_blocked"}': always(networks),
        "relay_users_admitted_total": growing(admitted_a_minute),
    }


def reports(count: str, oldest_s: float) -> Series:
    return {
        "relay_open_reports": count,
        "relay_oldest_open_report_seconds": always(oldest_s),
    }


def workers(*cpu: float) -> Series:
    return {f'relay_worker_cpu_ratio{{worker="{i}"}}': always(c) for i, c in enumerate(cpu)}


FIRES: dict[str, Series] = {
    "RelayDown": {"up": always(0)},
    "RelayNotReady": {"relay_ready": always(0), "relay_draining": always(0)},
    "RelayCertificateEnded": {"relay_certificate_left_seconds": always(-1)},
    "RelayCertificateEndsSoon": {"relay_certificate_left_seconds": f"{9 * DAY_S}-60x{LONG}"},
    "RelayClusterStoreDown": {
        "relay_cluster_store_up": always(0),
        "relay_cluster_leases": always(3),
    },
    "RelayClockDiffers": {"relay_cluster_clock_ahead_seconds": always(-90)},
    "RelayNodesApart": {"relay_cluster_leases": always(4), "relay_cluster_nodes": always(2)},
    "RelayNodeRefused": {'relay_cluster_refused_total{reason="wrong_secret"}': growing(2)},
    "RelayOverloaded": {"relay_cpu_ratio": always(0.95)},
    "RelayWorkersOverloaded": workers(0.95, 0.92),
    "RelayWorkerOverloaded": workers(0.95, 0.2),
    "RelayWorkerLags": {'relay_worker_loop_lag_seconds{worker="0"}': always(0.2)},
    "RelayWorkerDown": {'relay_worker_up{worker="0"}': always(0)},
    "RelayWorkerRestarts": {'relay_worker_restarts_total{worker="0"}': growing(1)},
    "RelayWorkerDied": {'relay_worker_restarts_total{worker="0"}': once(1)},
    "RelayLoopLags": slow_buckets("relay_loop_lag_seconds", 0.25, 60),
    "RelayForwardsSlowly": slow_buckets("relay_forwarding_delay_seconds", 0.0256, 600),
    "RelayDropsOwnPackets": {'relay_packets_dropped_total{reason="send"}': growing(600)},
    "RelayManyBadCalls": {"relay_rooms": always(30), "relay_bad_rooms": always(12)},
    "RelaySpoilsCalls": {
        'relay_poor_sides{leg="relay"}': always(12),
        'relay_users{state="in_call"}': always(40),
    },
    "RelayLosesPackets": lossy(30, 100, 0.08),
    "RelayMediaFails": failed(25, 1.5),
    "RelayCannotBeReached": {"relay_unreached_networks": always(3)},
    "RelayNobodyMeets": {
        'relay_looking{mode="video"}': always(15),
        'relay_looking{mode="text"}': always(10),
        'relay_met_total{mode="video"}': always(70),
    },
    "RelayInternalErrors": {'relay_errors_total{code="internal"}': once(1)},
    "RelayTurnsUsersAway": {'relay_users_refused_total{reason="full"}': once(3)},
    "RelayTurnsConnectionsAway": {
        'relay_connections_refused_total{reason="files"}': growing(1),
    },
    "RelayReportsWait": reports(always(30), 4000),
    "RelayReportForgotten": reports(always(1), 90_000),
    "RelayReportsPileUp": reports("30+1x60", 60),
    "RelayDecisionsAreSlow": slow_buckets("relay_decision_seconds", 7200, 0.2, LONG),
    "RelayAppealsWait": {"relay_open_appeals": always(1, LONG)},
    "RelayRecordsUnwritten": {"relay_records_unwritten": always(2)},
    "RelayWebhooksFail": {'relay_webhooks_total{result="given_up"}': once(1)},
}
"""One that sets each off."""

SILENT: dict[str, list[Series]] = {
    "RelayDown": [{"up": "1+0x20 0 1+0x30"}, {'up{job="another"}': always(0)}],
    "RelayNotReady": [{"relay_ready": always(0), "relay_draining": always(1)}],
    "RelayCertificateEnded": [{"relay_certificate_left_seconds": always(60)}],
    "RelayCertificateEndsSoon": [
        {"relay_certificate_left_seconds": always(11 * DAY_S)},
        # renewed late, and before an hour had passed
        {"relay_certificate_left_seconds": f"{10 * DAY_S + 60}-60x20 {90 * DAY_S}-60x39"},
        {"relay_certificate_left_seconds": always(-DAY_S)},
    ],
    "RelayClusterStoreDown": [
        {"relay_cluster_store_up": always(0), "relay_cluster_leases": always(0)}
    ],
    "RelayClockDiffers": [{"relay_cluster_clock_ahead_seconds": always(30)}],
    "RelayNodesApart": [{"relay_cluster_leases": always(3), "relay_cluster_nodes": always(2)}],
    "RelayNodeRefused": [
        {'relay_cluster_refused_total{reason="wrong_secret"}': once(20)},
        {'relay_cluster_refused_total{reason="busy"}': growing(9)},
    ],
    "RelayOverloaded": [{"relay_cpu_ratio": "0.5+0x20 1 1 0.5+0x30"}],
    "RelayWorkersOverloaded": [workers(0.95, 0.2)],
    "RelayWorkerOverloaded": [workers(0.7, 0.7)],
    "RelayWorkerLags": [{'relay_worker_loop_lag_seconds{worker="0"}': "0+0x20 0.3 0+0x30"}],
    "RelayWorkerDown": [{'relay_worker_up{worker="0"}': "1+0x20 0 1+0x30"}],
    "RelayWorkerRestarts": [{'relay_worker_restarts_total{worker="0"}': once(1)}],
    "RelayWorkerDied": [{'relay_worker_restarts_total{worker="0"}': always(7)}],
    "RelayLoopLags": [slow_buckets("relay_loop_lag_seconds", 0.01, 60)],
    "RelayForwardsSlowly": [slow_buckets("relay_forwarding_delay_seconds", 0.0004, 600)],
    "RelayDropsOwnPackets": [
        {'relay_packets_dropped_total{reason="send"}': growing(6)},
        {'relay_packets_dropped_total{reason="unpaired"}': growing(6000)},
    ],
    "RelayManyBadCalls": [
        {"relay_rooms": always(20), "relay_bad_rooms": always(A_VISITORS_USERS)},
        {"relay_rooms": always(1), "relay_bad_rooms": always(1)},
    ],
    "RelaySpoilsCalls": [
        {
            'relay_poor_sides{leg="relay"}': always(2 * A_VISITORS_USERS),
            'relay_users{state="in_call"}': always(2 * A_VISITORS_USERS),
        },
        {
            'relay_poor_sides{leg="relay"}': always(20),
            'relay_users{state="in_call"}': always(400),
        },
        {
            'relay_poor_sides{leg="down"}': always(30),
            'relay_users{state="in_call"}': always(60),
        },
    ],
    "RelayLosesPackets": [
        lossy(1, 8, 0.5),
        # what one visitor makes up is on its own streams and its partners' only
        lossy(20, 8 * A_VISITORS_USERS, 0.9),
        lossy(30, 100, 0.03),
    ],
    "RelayMediaFails": [
        # one visitor alone that tries again and again, by every way there is
        failed(1, 2),
        {
            f'relay_failed_networks{{cause="{cause}"}}': always(1)
            for cause in ("udp_blocked", "tcp_blocked", "slow", "ipv6_only", "dtls_failed")
        },
        failed(0, 10) | {'relay_failed_networks{cause="udp_blocked"}': growing(0.5)},
        {'relay_failed_networks{cause="lost"}': always(90)},
    ],
    "RelayCannotBeReached": [{"relay_unreached_networks": always(2)}],
    "RelayNobodyMeets": [
        {
            'relay_looking{mode="video"}': always(4 * A_VISITORS_USERS),
            'relay_met_total{mode="video"}': always(70),
        },
        {
            'relay_looking{mode="video"}': always(40),
            'relay_met_total{mode="video"}': growing(4),
        },
    ],
    "RelayInternalErrors": [{'relay_errors_total{code="media_failed"}': growing(5)}],
    "RelayTurnsUsersAway": [{'relay_users_refused_total{reason="too_many"}': growing(50)}],
    "RelayTurnsConnectionsAway": [
        {'relay_connections_refused_total{reason="source"}': growing(500)},
        {'relay_connections_refused_total{reason="full"}': once(40)},
    ],
    "RelayReportsWait": [reports(always(1), 9000), reports(always(40), 600)],
    "RelayReportForgotten": [reports(always(1), 9000)],
    "RelayReportsPileUp": [reports(always(80), 60), reports("0+1x20 20+0x30", 60)],
    "RelayDecisionsAreSlow": [
        slow_buckets("relay_decision_seconds", 7200, 0.01, LONG),
        slow_buckets("relay_decision_seconds", 600, 0.2, LONG),
    ],
    "RelayAppealsWait": [
        # one that has just come, at a server that has just started
        {"relay_open_appeals": always(1)},
        {"relay_open_appeals": f"1+0x{LONG // 2} 0 1+0x{LONG // 4}"},
    ],
    "RelayRecordsUnwritten": [
        {"relay_records_unwritten": "0+0x20 3 0+0x30", "relay_records_lost_total": always(5)}
    ],
    "RelayWebhooksFail": [{'relay_webhooks_total{result="failed"}': growing(2)}],
}
"""What is near it, and what one visitor alone can do, as far as that is about it."""

TROUBLED: Series = {
    **lossy(1, 4, 0.4),
    **failed(1, 2),
    **reports(always(10), 9000),
    "up": always(1),
    "relay_ready": always(1),
    "relay_draining": always(0),
    "relay_bad_rooms": always(1),
    'relay_poor_sides{leg="relay"}': always(2),
    'relay_users{state="in_call"}': always(2),
    "relay_unreached_networks": always(1),
    'relay_looking{mode="video"}': always(A_VISITORS_USERS),
    'relay_met_total{mode="video"}': always(2),
    'relay_errors_total{code="media_failed"}': growing(30),
    'relay_users_refused_total{reason="too_many"}': growing(60),
    'relay_connections_refused_total{reason="source"}': growing(6000),
    'relay_packets_dropped_total{reason="over_budget"}': growing(60_000),
    'relay_cluster_refused_total{reason="wrong_secret"}': once(5),
    "relay_open_appeals": always(1),
    **slow_buckets("relay_link_setup_seconds", 6.4, 1),
    **slow_buckets("relay_decision_seconds", 7200, 0.01),
}
"""All that one visitor in a bad network, or in a bad mood, shows at a server with nobody else."""


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"]
    return [rule for group in found for rule in group["rules"]]


class Case(NamedTuple):
    """What one server shows, and whether an alert, or any, is ever to fire for it."""

    server: str
    alert: str
    series: Series
    fires: bool

    @property
    def is_long(self) -> bool:
        return any(minutes in values for values in self.series.values() for minutes in LONG_ONES)


LONG_ONES = (f"x{LONG}", f"x{LONG // 2}")

CASES = [
    *(Case(f"{name}-fires", name, series, True) for name, series in FIRES.items()),
    *(
        Case(f"{name}-silent-{i}", name, series, False)
        for name, found in SILENT.items()
        for i, series in enumerate(found)
    ),
    Case("troubled", ".+", TROUBLED, False),
]


def promtools(cases: list[Case], *, minutes: int) -> dict[str, Any]:
    """All of them as one test, each a server of its own."""
    return {
        "interval": "1m",
        "input_series": [
            {"series": labelled(series, case.server), "values": values}
            for case in cases
            for series, values in case.series.items()
        ],
        "promql_expr_test": [
            {
                "expr": "count(count_over_time(ALERTS{"
                f'instance="{case.server}",alertname=~"{case.alert}",alertstate="firing"'
                "}[7d])) > bool 0 or vector(0)",
                "eval_time": f"{minutes}m",
                "exp_samples": [{"labels": "{}", "value": int(case.fires)}],
            }
            for case in cases
        ],
    }


def labelled(series: str, server: str) -> str:
    name, _, labels = series.rstrip("}").partition("{")
    job = "" if "job=" in labels else 'job="relay",'
    return f'{name}{{{job}instance="{server}",{labels}}}'


def promtool(*arguments: str) -> CompletedProcess[str]:
    assert PROMTOOL
    return run([PROMTOOL, *arguments], check=False, capture_output=True, text=True)


@needs_promtool
def test_prometheus_reads_the_rules() -> None:
    checked = promtool("check", "rules", str(DOCS / "alerts.yml"))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs_promtool
def test_each_alert_fires_when_it_should_and_no_sooner(tmp_path: Path) -> None:
    for minutes, every in ((SHORT, "1m"), (LONG, "1h")):  # days are looked at by the hour
        cases = [case for case in CASES if case.is_long == (minutes == LONG)]
        written = tmp_path / f"{every}.yml"
        tests = {
            "rule_files": [str(DOCS / "alerts.yml")],
            "evaluation_interval": every,
            "tests": [promtools(cases, minutes=minutes)],
        }
        written.write_text(yaml.safe_dump(tests))
        tested = promtool("test", "rules", str(written))
        assert tested.returncode == 0, tested.stdout + tested.stderr


def test_each_alert_is_tested_both_ways() -> None:
    names = {rule["alert"] for rule in rules()}
    assert set(FIRES) == names
    assert set(SILENT) == names


def test_the_commands_of_the_runbooks_exist() -> None:
    said = set(re.findall(r"`relay ([a-z-]+)", (DOCS / "runbooks.md").read_text()))
    assert said <= set(get_command(app).commands)  # type: ignore[attr-defined]


def test_each_alert_has_its_runbook_and_each_runbook_its_alert() -> None:
    text = (DOCS / "runbooks.md").read_text()
    sections = dict(re.findall(r"^## (Relay\w+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    assert list(sections) == [rule["alert"] for rule in rules()]
    for rule in rules():
        name = rule["alert"]
        assert rule["annotations"]["runbook"] == f"docs/runbooks.md#{name.lower()}"
        for question in ("Means", "Look", "Type", "Ends"):
            assert sections[name].count(f"**{question}:** ") == 1, (name, question)
