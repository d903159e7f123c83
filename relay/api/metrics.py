"""``/metrics``, in Prometheus' text format: one table of what there is.

Nothing is kept here: a scrape reads the counters that the parts keep as plain numbers anyway. The
registry belongs to one server, so several may live in one process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

import relay
from relay.api import answers
from relay.api.events import Events
from relay.api.observation import Observation
from relay.api.operator import Bearer
from relay.api.overview import Overview
from relay.api.webhooks import Webhooks
from relay.door import Door
from relay.histogram import Histogram
from relay.plane import Direction, WorkerView


class Metrics:
    """Answers Prometheus."""

    def __init__(
        self,
        overview: Overview,
        events: Events,
        door: Door,
        bearer: Bearer,
        webhooks: Webhooks,
    ) -> None:
        self._overview, self._events, self._door, self._bearer = overview, events, door, bearer
        self._webhooks = webhooks
        self._process = ProcessCollector(registry=None)

    async def serve(self, _: web.Request) -> web.Response:
        """One scrape."""
        registry = CollectorRegistry()
        seen = await self._overview.look()
        scrape = _Scrape(
            self._overview, self._events, self._door, self._bearer, self._webhooks, seen
        )
        registry.register(_Server(scrape))
        registry.register(self._process)
        return web.Response(
            body=generate_latest(registry),
            headers=answers.NO_STORE | {"Content-Type": CONTENT_TYPE_PLAIN_0_0_4},
        )


TABLE: dict[Any, dict[str, tuple[str, ...]]] = {
    GaugeMetricFamily: {
        "relay_users": ("states", "Users, by state.", "state"),
        "relay_users_away": (
            "overview.gateway.away",
            "Of these, users whose WebSocket is lost, and who are waited for.",
        ),
        "relay_lines": (
            "overview.gateway.lines",
            "WebSockets that are at another node than their users' sessions.",
        ),
        "relay_users_apart": (
            "overview.gateway.apart",
            "Of these, users who leave partners in haste, and meet only each other.",
        ),
        "relay_connections": (
            "connections",
            "TCP connections, by what they do (silent, idle, busy).",
            "state",
        ),
        "relay_queue_length": ("users.waiting", "Users who wait for a partner."),
        "relay_looking": ("looking", "Of these, by the mode in which they want to talk.", "mode"),
        "relay_rooms": ("users.rooms", "Rooms of two."),
        "relay_cluster_rooms": (
            "users.across",
            "Of these, rooms with a user on another node, which counts them, too.",
        ),
        "relay_links": ("media.links", "Media connections."),
        "relay_link_paths": (
            "protocols",
            "Media connections, by the way that media takes (udp, tcp, turn-tcp, turn-tls).",
            "protocol",
        ),
        "relay_unreached_networks": (
            "overview.gateway.unreached",
            "Networks whose checks have not come by any way, in the last 10 min.",
        ),
        "relay_failed_networks": (
            "overview.gateway.failed_networks",
            "Networks from which a link has failed in the last hour, by cause.",
            "cause",
        ),
        "relay_tracks": ("kinds", "Streams, by direction and kind.", "direction", "kind"),
        "relay_bad_tracks": ("problems", "Streams by what is bad about them.", "problem"),
        "relay_bad_rooms": ("seen.bad_room_count", "Rooms with a bad stream."),
        "relay_poor_sides": (
            "poor",
            "Users who see and hear their partners poorly, by the leg that is to blame.",
            "leg",
        ),
        "relay_loss_ratio": (
            "loss_ratios",
            "Share of packets lost in the last 10 s, by direction.",
            "direction",
        ),
        "relay_build_info": ("versions", "Always 1.", "version"),
        "relay_uptime_seconds": ("overview.uptime_s", "Since the start."),
        "relay_ready": ("is_ready", "1 when new users may come, as /ready says."),
        "relay_certificate_left_seconds": (
            "certificate_left",
            "Until the certificate ends, less than 0 when it has; none without TLS.",
        ),
        "relay_draining": ("overview.gateway.draining", "1 when draining."),
        "relay_cpu_ratio": (
            "overview.load.cpu_ratio",
            "Share of a core that the event loop's thread uses.",
        ),
        "relay_open_reports": ("safety.tally.open_reports", "Reports that nobody has decided."),
        "relay_oldest_open_report_seconds": (
            "oldest_open_s",
            "For how long the oldest of these has waited; 0 without one.",
        ),
        "relay_open_appeals": ("safety.tally.open_appeals", "Appeals that nobody has answered."),
        "relay_bans_in_force": ("bans", "Bans that keep somebody out at present."),
        "relay_records_unwritten": (
            "safety.records.unwritten",
            "Reports, blocks and evidence in memory alone, since the database is away.",
        ),
        "relay_event_readers": ("overview.event_readers", "Readers of live events."),
        "relay_cluster_nodes": (
            "overview.cluster.nodes",
            "Other nodes of the cluster that this one can speak to.",
        ),
        "relay_cluster_leases": (
            "overview.cluster.leases",
            "Nodes that have a lease in Redis, this one included; 0 of a server that is alone.",
        ),
        "relay_cluster_store_up": (
            "overview.cluster.store_up",
            "1 when Redis has answered the last time.",
        ),
        "relay_cluster_clock_ahead_seconds": (
            "overview.cluster.ahead_s",
            "By how much this machine's clock is ahead of that of Redis.",
        ),
    },
    CounterMetricFamily: {
        "relay_connections_admitted": ("door.admitted", "TCP connections let in."),
        "relay_connections_refused": (
            "door.refusals",
            "TCP connections closed at once, by reason.",
            "reason",
        ),
        "relay_connections_dropped": (
            "door.drops",
            "TCP connections ended from this side, by reason.",
            "reason",
        ),
        "relay_users_admitted": ("tally.users", "Users let in."),
        "relay_users_refused": ("tally.refusals", "WebSockets refused, by reason.", "reason"),
        "relay_work": (
            "overview.gateway.work",
            "Proofs of work asked for, and what came of them, by outcome.",
            "outcome",
        ),
        "relay_cookies_refused": (
            "overview.gateway.cookies_refused",
            "Visitors' cookies that were not believed, by reason.",
            "reason",
        ),
        "relay_sessions_resumed": (
            "tally.resumes",
            "Sessions that went on with another WebSocket.",
        ),
        "relay_sessions_not_resumed": (
            "tally.resumes_refused",
            "Sessions that were asked for in vain, by reason.",
            "reason",
        ),
        "relay_tokens_refused": (
            "bearer.refusals",
            "Operators' tokens that were wrong, or tried too often, by reason.",
            "reason",
        ),
        "relay_moves": ("tally.moves", "How often users were told to move to another server."),
        "relay_matches": ("tally.matches", "Rooms opened."),
        "relay_met": (
            "tally.met_in",
            "Users who got a partner, by the mode in which the two began to talk.",
            "mode",
        ),
        "relay_codes_made": (
            "tally.codes_made",
            "Invitations, and codes of users who want to meet again, by kind.",
            "kind",
        ),
        "relay_codes_met": ("tally.codes_met", "Rooms of two who had such a code.", "kind"),
        "relay_codes_refused": (
            "tally.codes_refused",
            "Codes that nobody was looked for with, by reason.",
            "reason",
        ),
        "relay_cluster_not_taken": (
            "tally.not_taken",
            "What other nodes have told of rooms and was dropped, by reason.",
            "reason",
        ),
        "relay_evidence": (
            "tally.evidence",
            "Reports, by what became of their evidence.",
            "outcome",
        ),
        "relay_errors": ("tally.errors", "Error messages sent to users, by code.", "code"),
        "relay_link_failures": (
            "tally.link_failures",
            "Users who were told that their media has failed, by cause.",
            "cause",
        ),
        "relay_packets_received": ("media.packets_received", "Datagrams received for media."),
        "relay_packets_forwarded": ("media.packets_forwarded", "RTP packets passed on."),
        "relay_forwarded_bytes": ("media.bytes_forwarded", "Bytes of RTP packets passed on."),
        "relay_bridged_packets": (
            "media.packets_bridged",
            "RTP packets between media processes, by direction (out, in).",
            "direction",
        ),
        "relay_bridged_bytes": ("media.bytes_bridged", "Bytes of these.", "direction"),
        "relay_cluster_packets": (
            "media.packets_trunked",
            "RTP packets between this node and others, by direction (out, in).",
            "direction",
        ),
        "relay_cluster_bytes": ("media.bytes_trunked", "Bytes of these.", "direction"),
        "relay_packets_dropped": (
            "media.drops",
            "Datagrams that went nowhere, by reason.",
            "reason",
        ),
        "relay_nacks": ("media.nacks", "Requests for retransmission sent to users."),
        "relay_repairs": (
            "media.repairs",
            "Packets sent again (repeated), had late by asking (restored), or never (given_up).",
            "result",
        ),
        "relay_keyframe_requests": (
            "media.keyframe_requests",
            "Requests for a key frame sent to users, by type (pli, fir).",
            "type",
        ),
        "relay_keyframes_kept": (
            "media.keyframes_kept",
            "Key frames while evidence is kept, by what became of them (kept, too_large, torn).",
            "fate",
        ),
        "relay_links_lost": (
            "media.link_losses",
            "Links that ended by themselves, by reason.",
            "reason",
        ),
        "relay_tunnel_refusals": (
            "media.tunnel_refusals",
            "Connections for media over TCP, and requests on them, turned away, by reason.",
            "reason",
        ),
        "relay_reports": ("safety.tally.reports", "Reports taken, by reason.", "reason"),
        "relay_reports_refused": (
            "safety.tally.refused",
            "Reports and blocks that were not taken, by reason.",
            "reason",
        ),
        "relay_blocks": ("safety.tally.blocks", "Blocks, those of reports included."),
        "relay_bans": ("safety.tally.bans", "Bans, by who has banned.", "by"),
        "relay_bans_returned": (
            "safety.tally.returned",
            "Of these, bans of somebody who had been banned before.",
        ),
        "relay_appeals": ("safety.tally.appeals", "Appeals of banned people."),
        "relay_records_lost": (
            "safety.records.lost",
            "Reports, blocks and evidence lost while the database was away.",
        ),
        "relay_webhooks": (
            "webhooks.results",
            "Reports told to another server (delivered, given_up, dropped), and failed tries.",
            "result",
        ),
        "relay_classifications": (
            "safety.tally.looks.verdicts",
            "Looks at users' pictures, by what came of them (clear, high, no_picture, failed).",
            "verdict",
        ),
        "relay_classify_skipped": (
            "safety.tally.looks.skipped",
            "Users not looked at in their turn: the program was behind, or not there.",
        ),
        "relay_trace_spans": (
            "tally.trace_spans",
            "Spans of traces, by what came of them (sent, failed, dropped).",
            "result",
        ),
        "relay_event_readers_dropped": ("events.dropped", "Readers that were too slow."),
        "relay_cluster_messages": (
            "overview.cluster.messages",
            "Messages between this node and others, by direction (sent, received).",
            "direction",
        ),
        "relay_cluster_unknown": (
            "overview.cluster.unknown",
            "Messages of other nodes that this release does not know, and that were dropped.",
        ),
        "relay_cluster_nodes_lost": (
            "overview.cluster.lost",
            "Nodes that this one could speak to, and which went without taking leave.",
        ),
        "relay_cluster_refused": (
            "overview.cluster.refusals",
            "Who was not let in as a node, or has not let this one in, by reason.",
            "reason",
        ),
    },
    HistogramMetricFamily: {
        "relay_match_wait_seconds": (
            "tally.match_wait",
            "How long users who got a partner had searched.",
        ),
        "relay_link_setup_seconds": (
            "media.link_setup",
            "From a link's first description to media.",
        ),
        "relay_forwarding_delay_seconds": (
            "media.forwarding_delay",
            "How long a batch of packets was in the relay's hands.",
        ),
        "relay_classify_seconds": (
            "safety.tally.looks.took",
            "How long the program took for a picture.",
        ),
        "relay_call_quality": (
            "overview.qualities",
            "How well users see and hear their partners, from 1 to 5, every 5 s.",
        ),
        "relay_loop_lag_seconds": ("overview.load.lag", "How late the event loop was."),
        "relay_decision_seconds": (
            "safety.tally.decision_s",
            "From a report to an operator's decision.",
        ),
    },
}
"""By type and name: where :class:`_Scrape` has it, what it is, and its labels."""

OF_WORKERS: dict[Any, dict[str, tuple[str, str]]] = {
    GaugeMetricFamily: {
        "relay_worker_up": ("is_up", "1 when the media process is there and answers."),
        "relay_worker_uptime_seconds": ("uptime_s", "Since it has been there; 0 while it is not."),
        "relay_worker_links": ("stats.links", "Its media connections."),
        "relay_worker_cpu_ratio": (
            "load.cpu_ratio",
            "Share of a core that its event loop's thread uses.",
        ),
        "relay_worker_loop_lag_seconds": (
            "load.loop_lag_s",
            "How late its event loop was at most, in the last second.",
        ),
    },
    CounterMetricFamily: {
        "relay_worker_restarts": ("restarts", "How often it has died, and was replaced."),
        "relay_worker_packets_forwarded": (
            "stats.packets_forwarded",
            "RTP packets that it has passed on; from 0 again when it is replaced.",
        ),
        "relay_worker_packets_dropped": (
            "stats.packets_dropped",
            "Datagrams that went nowhere; from 0 again when it is replaced.",
        ),
    },
}
"""By type and name, with the label ``worker``: where a worker's view has it, and what it is."""


class _Server(Collector):
    """Writes down one scrape."""

    def __init__(self, scrape: _Scrape) -> None:
        self._scrape = scrape

    def collect(self) -> Iterator[Metric]:
        for kind, families in TABLE.items():
            for name, (path, told, *labels) in families.items():
                family = kind(name, told, labels=labels)
                _fill(family, attrgetter(path)(self._scrape))
                yield family
        yield from _of_workers(self._scrape.seen.worker_views)


class _Scrape:
    """What there is at one moment."""

    def __init__(
        self,
        overview: Overview,
        events: Events,
        door: Door,
        bearer: Bearer,
        webhooks: Webhooks,
        seen: Observation,
    ) -> None:
        self.overview, self.events, self.bearer, self.seen = overview, events, bearer, seen
        self.webhooks, self.safety = webhooks, overview.safety
        oldest_at = self.safety.tally.oldest_open_at
        self.oldest_open_s = 0.0 if oldest_at is None else self.safety.clock() - oldest_at
        self.door, self.connections = door.tally, door.counts()
        self.users, self.tally = overview.gateway.counts(), overview.gateway.tally
        self.media = seen.stats
        self.looking = overview.gateway.looking()
        self.states = {
            "waiting": self.users.waiting,
            "matched": 2 * self.users.rooms - self.users.across - self.users.in_call,
            "in_call": self.users.in_call,
        }
        self.states["connected"] = self.users.connected - sum(self.states.values())
        self.kinds, self.problems = self.seen.kind_counts(), self.seen.problem_counts()
        self.protocols, self.poor = self.seen.protocol_counts(), self.seen.poor_counts()
        self.loss_ratios = {way.value: self.seen.loss_ratio(way) for way in Direction}
        self.versions = {relay.__version__: 1}
        self.bans = len(self.safety.bans)
        left_s = overview.readiness.certificate_left_s()
        self.certificate_left = {} if left_s is None else {(): left_s}
        self.is_ready = not overview.readiness.reasons(seen.stats)


def _of_workers(workers: Sequence[WorkerView]) -> Iterator[Metric]:
    for kind, families in OF_WORKERS.items():
        for name, (path, told) in families.items():
            family = kind(name, told, labels=["worker"])
            _fill(family, {str(worker.index): attrgetter(path)(worker) for worker in workers})
            yield family


def _fill(family: Any, value: Any) -> None:
    """:param value: a number, a histogram, or numbers by the values of the labels."""
    if isinstance(value, Histogram):
        family.add_metric((), _cumulated(value), value.sum_s)
        return
    for label, number in value.items() if isinstance(value, Mapping) else [((), value)]:
        family.add_metric((label,) if isinstance(label, str) else label, float(number))


def _cumulated(seen: Histogram) -> list[tuple[str, int]]:
    """How many are below each bound."""
    bounds = [*(f"{bound_s:g}" for bound_s in seen.bounds_s), "+Inf"]
    return list(zip(bounds, accumulate(seen.counts), strict=True))
