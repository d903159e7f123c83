"""Looks at the gateway and the media plane on behalf of operators."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from relay.api import models
from relay.api.load import Load
from relay.api.observation import Observation
from relay.api.readiness import Readiness
from relay.cluster.figures import Figures
from relay.histogram import Histogram
from relay.plane import Direction, Sight
from relay.safety import Safety
from relay.signaling import Gateway

QUALITY_BOUNDS = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
"""Of the histogram of figures from 1 to 5."""


class Overview:
    """All that operators may see.

    :param media: the media plane.
    :param sees_addresses: whether operators are told full addresses.
    :param node: what this node is called, in a cluster.
    :param figures: of the cluster.
    :param clock: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        gateway: Gateway,
        media: Sight,
        load: Load,
        readiness: Readiness,
        safety: Safety,
        *,
        sees_addresses: bool,
        node: str | None = None,
        figures: Callable[[], Figures] = Figures,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.gateway, self.load, self.readiness = gateway, load, readiness
        self.safety = safety
        self.event_readers = 0
        """Streams of events that are being read."""
        self.qualities = Histogram(QUALITY_BOUNDS)
        """How well users see and hear their partners: each of them every few seconds."""
        self._media = media
        self._sees_addresses, self._figures = sees_addresses, figures
        self.node = node
        """What this node is called, in a cluster."""
        self._clock = clock
        self._started_at = clock()

    @property
    def uptime_s(self) -> float:
        """Since the start."""
        return self._clock() - self._started_at

    @property
    def cluster(self) -> Figures:
        """How it goes with the other nodes, in numbers."""
        return self._figures()

    async def look(self) -> Observation:
        """What there is at this moment."""
        media = await self._media.look()
        return Observation(
            self.gateway.users(),
            self.gateway.rooms(),
            media,
            sees_addresses=self._sees_addresses,
            node=self.node,
        )

    def sampled(self, seen: Observation) -> None:
        """Count what was seen; to be called every few seconds."""
        for quality in seen.qualities():
            self.qualities.observe(quality)

    def failures(self) -> list[models.LinkFailures]:
        """Why users' links have failed."""
        return [
            models.LinkFailures.model_construct(cause=cause, count=count, networks=networks)
            for cause, count, networks in self.gateway.failures
        ]

    def totals(self, seen: Observation) -> models.Totals:
        """How the server is doing, along with what was seen."""
        users, media, load = self.gateway.counts(), seen.stats, self.load
        workers = seen.workers()
        reasons = self.readiness.reasons(media)
        return models.Totals(
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            uptime_s=round(self.uptime_s, 1),
            ready=not reasons,
            reasons=reasons,
            draining=self.gateway.draining,
            connected=users.connected,
            waiting=users.waiting,
            in_call=users.in_call,
            rooms=users.rooms,
            links=media.links,
            tracks=seen.track_count,
            bad_rooms=seen.bad_room_count,
            packets_received=media.packets_received,
            packets_forwarded=media.packets_forwarded,
            bytes_forwarded=media.bytes_forwarded,
            packets_dropped=media.packets_dropped,
            packets_per_s=round(load.packets_per_s, 1),
            bitrate_bps=round(load.bitrate_bps, 1),
            loss_up_ratio=seen.loss_ratio(Direction.UP),
            loss_down_ratio=seen.loss_ratio(Direction.DOWN),
            cpu_ratio=round(load.cpu_ratio, 3),
            loop_lag_ms=1000 * load.worst_lag_s,
            event_readers=self.event_readers,
            open_reports=self.safety.tally.open_reports,
            open_appeals=self.safety.tally.open_appeals,
            workers=len(workers),
            workers_down=sum(not worker.up for worker in workers),
            worker_restarts=sum(worker.restarts for worker in workers),
            worker_cpu_ratio=max((worker.cpu_ratio for worker in workers), default=0.0),
            worker_loop_lag_ms=max((worker.loop_lag_ms for worker in workers), default=0.0),
            nodes=0 if self.node is None else 1,
            rooms_between_nodes=users.across,
        )
