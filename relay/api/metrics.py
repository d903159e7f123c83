"""``/metrics``, in Prometheus' text format.

Nothing is kept here: a scrape reads the counters that the parts keep as plain numbers anyway. The
registry belongs to one server, so several may live in one process.
"""

from collections.abc import Iterator, Mapping
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
from relay.api.events import Events
from relay.api.overview import Overview
from relay.histogram import Histogram
from relay.plane import Direction


class Metrics:
    """Answers Prometheus."""

    def __init__(self, overview: Overview, events: Events) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Server(overview, events))
        ProcessCollector(registry=self._registry)

    async def serve(self, _: web.Request) -> web.Response:
        """One scrape."""
        return web.Response(
            body=generate_latest(self._registry),
            headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"},
        )


class _Server(Collector):
    """Reads one server's counters."""

    def __init__(self, overview: Overview, events: Events) -> None:
        self._overview = overview
        self._events = events

    def collect(self) -> Iterator[Metric]:
        yield from self._users()
        yield from self._media()
        yield from self._tracks()
        yield from self._process()

    def _users(self) -> Iterator[Metric]:
        gateway = self._overview.gateway
        counts, tally = gateway.counts(), gateway.tally
        states = {
            "waiting": counts.waiting,
            "matched": 2 * counts.rooms - counts.in_call,
            "in_call": counts.in_call,
        }
        states["connected"] = counts.connected - sum(states.values())
        yield _gauges("relay_users", "Users with an open WebSocket, by state.", "state", states)
        yield _gauge("relay_queue_length", "Users who wait for a partner.", counts.waiting)
        yield _gauge("relay_rooms", "Rooms of two.", counts.rooms)
        yield _counter("relay_users_admitted", "Users let in.", tally.users)
        yield _counters(
            "relay_users_refused",
            "WebSockets refused, by reason.",
            "reason",
            tally.refusals,
        )
        yield _counter("relay_matches", "Rooms opened.", tally.matches)
        yield _counters(
            "relay_errors", "Error messages sent to users, by code.", "code", tally.errors
        )
        yield _histogram(
            "relay_match_wait_seconds",
            "How long users who got a partner had searched.",
            tally.match_wait,
        )

    def _media(self) -> Iterator[Metric]:
        stats = self._overview.stats()
        yield _gauge("relay_links", "Media connections.", stats.links)
        yield _counter(
            "relay_packets_received", "Datagrams received for media.", stats.packets_received
        )
        yield _counter("relay_packets_forwarded", "RTP packets passed on.", stats.packets_forwarded)
        yield _counter(
            "relay_forwarded_bytes", "Bytes of RTP packets passed on.", stats.bytes_forwarded
        )
        yield _counters(
            "relay_packets_dropped",
            "Datagrams that went nowhere, by reason.",
            "reason",
            stats.drops,
        )
        yield _counter("relay_nacks", "Requests for retransmission passed on.", stats.nacks)
        yield _counters(
            "relay_keyframe_requests",
            "Requests for a key frame sent to users, by type (pli, fir).",
            "type",
            stats.keyframe_requests,
        )
        yield _counters(
            "relay_links_lost",
            "Links that ended by themselves, by reason.",
            "reason",
            stats.link_losses,
        )
        yield _histogram(
            "relay_link_setup_seconds",
            "From a link's first description to media.",
            stats.link_setup,
        )
        yield _histogram(
            "relay_forwarding_delay_seconds",
            "How long a batch of packets was in the relay's hands.",
            stats.forwarding_delay,
        )

    def _tracks(self) -> Iterator[Metric]:
        seen = self._overview.look()
        tracks = GaugeMetricFamily(
            "relay_tracks", "Streams, by direction and kind.", labels=("direction", "kind")
        )
        for labels, count in seen.kind_counts().items():
            tracks.add_metric(labels, count)
        yield tracks
        yield _gauges(
            "relay_bad_tracks",
            "Streams by what is bad about them.",
            "problem",
            seen.problem_counts(),
        )
        yield _gauge("relay_bad_rooms", "Rooms with a bad stream.", seen.bad_room_count)
        yield _gauges(
            "relay_loss_ratio",
            "Share of packets lost in the last 10 s, by direction.",
            "direction",
            {direction.value: seen.loss_ratio(direction) for direction in Direction},
        )

    def _process(self) -> Iterator[Metric]:
        overview, load = self._overview, self._overview.load
        info = GaugeMetricFamily("relay_build_info", "Always 1.", labels=("version",))
        info.add_metric((relay.__version__,), 1)
        yield info
        yield _gauge("relay_uptime_seconds", "Since the start.", overview.uptime_s)
        yield _gauge(
            "relay_ready",
            "1 when new users may come, as /ready says.",
            not overview.readiness.reasons(),
        )
        yield _gauge("relay_draining", "1 when draining.", overview.gateway.draining)
        yield _gauge(
            "relay_cpu_ratio", "Share of a core that the event loop's thread uses.", load.cpu_ratio
        )
        yield _histogram("relay_loop_lag_seconds", "How late the event loop was.", load.lag)
        yield _gauge("relay_event_readers", "Readers of live events.", overview.event_readers)
        yield _counter(
            "relay_event_readers_dropped", "Readers that were too slow.", self._events.dropped
        )


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=float(value))


def _gauges(name: str, told: str, label: str, values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=(label,))
    for which, value in values.items():
        family.add_metric((which,), float(value))
    return family


def _counter(name: str, told: str, value: float) -> Metric:
    return CounterMetricFamily(name, told, value=value)


def _counters(name: str, told: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, told, labels=(label,))
    for which, value in values.items():
        family.add_metric((which,), value)
    return family


def _histogram(name: str, told: str, seen: Histogram) -> Metric:
    below, buckets = 0, []
    for bound_s, count in zip((*seen.bounds_s, None), seen.counts, strict=True):
        below += count
        buckets.append(("+Inf" if bound_s is None else f"{bound_s:g}", below))
    return HistogramMetricFamily(name, told, buckets=buckets, sum_value=seen.sum_s)
