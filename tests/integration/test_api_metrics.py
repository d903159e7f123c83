"""``/metrics``: who may scrape it, that it agrees with the API, and what docs/ builds upon it."""

import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.operating import AUDIO, KEYFRAME, VIDEO, OperatedServer, operating
from tests.support.packets import DELTA

DOCS = Path(__file__).parents[2] / "docs"

Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


async def scrape(server: OperatedServer) -> Samples:
    """The samples by name and by labels."""
    async with server.operator.http.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = await response.text()
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        found.setdefault(family.name, {})
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


async def families(server: OperatedServer) -> set[str]:
    """The names of this server's own metrics."""
    async with server.operator.http.get("/metrics") as response:
        return set(re.findall(r"^# TYPE (relay_\w+) ", await response.text(), re.MULTILINE))


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name][tuple(sorted(labels.items()))]


async def busy(server: OperatedServer) -> None:
    """Let there be some of everything."""
    ann, bob, _ = await server.pair()
    ann.send(VIDEO, DELTA)  # held back: no key frame has come
    ann.send(VIDEO, KEYFRAME)
    ann.send(AUDIO, b"sound")
    await bob.received(2)
    await ann.say("chat_message")  # without a text
    await ann.hear("error")
    eve = await server.come()
    await eve.say("find_partner")
    await eve.hear("waiting_for_partner")


async def test_it_needs_the_token_unless_it_is_public() -> None:
    for public, status in ((False, 401), (True, 200)):
        async with (
            operating(metrics_public=public) as server,
            aiohttp.ClientSession(server.relay.url) as http,
            http.get("/metrics") as response,
        ):
            assert response.status == status


async def test_it_counts_what_happened() -> None:
    async with operating() as server:
        await busy(server)
        seen = await scrape(server)
        assert value(seen, "relay_users", state="matched") == 0
        assert value(seen, "relay_users", state="in_call") == 2
        assert value(seen, "relay_users", state="waiting") == 1
        assert value(seen, "relay_users", state="connected") == 0
        assert value(seen, "relay_queue_length") == 1
        assert value(seen, "relay_rooms") == 1
        assert value(seen, "relay_links") == 2
        assert value(seen, "relay_users_admitted_total") == 3
        assert value(seen, "relay_matches_total") == 1
        assert value(seen, "relay_match_wait_seconds_count") == 2
        assert value(seen, "relay_errors_total", code="bad_message") == 1
        assert value(seen, "relay_link_setup_seconds_count") == 2
        assert value(seen, "relay_packets_forwarded_total") == 2
        assert value(seen, "relay_packets_dropped_total", reason="held") == 1
        assert value(seen, "relay_keyframe_requests_total", type="pli") == 1
        assert value(seen, "relay_keyframes_kept_total", fate="kept") == 0
        assert value(seen, "relay_tracks", direction="up", kind="video") == 1
        assert value(seen, "relay_tracks", direction="down", kind="audio") == 2
        assert value(seen, "relay_forwarding_delay_seconds_count") > 0
        assert value(seen, "relay_ready") == 1
        assert value(seen, "relay_draining") == 0
        totals = await server.operator.get("totals")
        assert value(seen, "relay_forwarded_bytes_total") == totals["bytesForwarded"]
        assert value(seen, "process_cpu_seconds_total") > 0


async def test_draining_shows() -> None:
    async with operating() as server:
        await server.operator.ask("/api/v1/drain", "POST")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await server.come()
        seen = await scrape(server)
        assert value(seen, "relay_draining") == 1
        assert value(seen, "relay_ready") == 0
        assert value(seen, "relay_users_refused_total", reason="draining") == 1


async def test_two_servers_of_one_process_count_apart() -> None:
    async with operating() as one, operating() as other:
        await busy(one)
        assert value(await scrape(one), "relay_matches_total") == 1
        assert value(await scrape(other), "relay_matches_total") == 0


async def test_direct_mode_has_the_same_metrics() -> None:
    async with operating() as relay, operating(media_mode="direct") as direct:
        assert await families(direct) == await families(relay)


# what docs/ builds upon it


def expressions(found: Any) -> list[str]:
    """Every ``expr`` in nested lists and dictionaries."""
    if isinstance(found, dict):
        here = [found["expr"]] if isinstance(found.get("expr"), str) else []
        return here + [e for inner in found.values() for e in expressions(inner)]
    if isinstance(found, list):
        return [e for inner in found for e in expressions(inner)]
    return []


def dashboard() -> Any:
    return json.loads((DOCS / "grafana-dashboard.json").read_text())


def alerts() -> Any:
    return yaml.safe_load((DOCS / "alerts.yml").read_text())


@pytest.mark.parametrize("read", [dashboard, alerts])
async def test_every_metric_and_label_that_they_ask_for_exists(read: Any) -> None:
    async with operating(workers=1) as server:
        await busy(server)
        seen = await scrape(server)
    asked = expressions(read())
    assert len(asked) > 5
    for expression in asked:
        if expression.startswith("up{"):  # Prometheus' own
            continue
        names = set(re.findall(r"\b(?:relay|process)_\w+", expression))
        assert names, expression
        assert names <= set(seen), expression
        for name, matchers in re.findall(r"\b((?:relay|process)_\w+)\{([^}]*)\}", expression):
            for label, wanted in re.findall(r'(\w+)=~?"([^"]*)"', matchers):
                if label not in {"instance", "job"}:
                    assert any(
                        re.fullmatch(wanted, dict(labels)[label])
                        for labels in seen[name]
                        if label in dict(labels)
                    ), expression
        grouped = {
            label
            for labels in re.findall(r"\bby \(([^)]*)\)", expression)
            for label in labels.replace(" ", "").split(",")
        } - {"instance", "job"}
        known = {label for name in names for labels in seen[name] for label, _ in labels}
        assert grouped <= known, expression


async def test_the_table_of_metrics_has_every_one() -> None:
    async with operating() as server:
        told = await families(server)
    table = (DOCS / "reference" / "metrics.md").read_text()
    assert set(re.findall(r"`(relay_\w+)[`{]", table.partition("| Metric |")[2])) >= told


def test_each_alert_says_what_it_means_and_what_to_do() -> None:
    rules = [rule for group in alerts()["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}


def panels() -> list[Any]:
    """Those of rows that are closed included, and the rows themselves."""
    return [inner for panel in dashboard()["panels"] for inner in [panel, *panel.get("panels", [])]]


def test_every_panel_of_the_dashboard_has_its_place_its_unit_and_a_sentence() -> None:
    assert len({panel["id"] for panel in panels()}) == len(panels())
    for panel in panels():
        if panel["type"] == "row":
            continue
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"], panel["title"]
        assert re.fullmatch(r"[^.]+(\.\d[^.]*)*\.", panel["description"]), panel["title"]


def test_the_dashboard_asks_what_a_tired_person_asks_and_details_are_closed() -> None:
    rows = [panel for panel in panels() if panel["type"] == "row"]
    assert [row["title"] for row in rows if not row["collapsed"]] == [
        "Is it up?",
        "Do people meet?",
        "Do they see each other?",
        "Who is unhappy, and why?",
        "Is it full?",
    ]
    assert all(row["title"].startswith("Details: ") for row in rows[5:])
