"""All HTTP endpoints but the page and the WebSocket, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import SecretStr

from relay.api.admin import Admin
from relay.api.below import below
from relay.api.changes import Changes
from relay.api.desk import Desk
from relay.api.events import Events
from relay.api.history import History
from relay.api.load import Load
from relay.api.metrics import Metrics
from relay.api.nodes import Leases
from relay.api.operator import Bearer, only_for_operators
from relay.api.operators import Operators
from relay.api.overview import Overview
from relay.api.passes import Passes
from relay.api.readiness import Readiness
from relay.api.sessions import Sessions
from relay.api.staff import Staff
from relay.api.status import Status
from relay.api.taps import Taps
from relay.api.v1 import Api
from relay.api.vault import Vault
from relay.api.webhooks import Webhooks
from relay.cluster import Cluster, Node
from relay.cluster.figures import Figures
from relay.door import Door
from relay.plane import MediaPlane
from relay.safety import Decisions, Safety
from relay.signaling import Gateway
from relay.taps.audit import AuditLog


@dataclass(frozen=True, slots=True)
class Membership:
    """What operators have of a cluster."""

    cluster: Cluster
    session_key: bytes
    """Signs who is logged in; it comes of the cluster's secret, and is used for nothing else."""
    leases: Leases = dict
    """For how many seconds more each node has its place in the store; None while that is away."""


class Front:
    """The endpoints of one server; :meth:`start` before they serve, :meth:`close` at the end.

    :param plane: the media plane.
    :param token: what operators have to show.
    :param door: what is counted of the connections.
    :param safety: what was reported, and who is banned.
    :param sees_addresses: whether operators are told full addresses.
    :param allow_taps: whether operators may look into calls, and ``audit_log`` the file in which
        they are written down when they do.
    :param metrics_public: whether ``/metrics`` answers without the token.
    :param webhook_url: where new reports are told, signed with ``webhook_secret``.
    :param membership: of a cluster, if there is one.
    :param figures: how it goes with the other nodes of a cluster.
    :param certificate_left_s: see :class:`relay.api.readiness.Readiness`.
    :param base_path: where the page is on its host.
    """

    def __init__(
        self,
        gateway: Gateway,
        plane: MediaPlane,
        token: SecretStr,
        door: Door,
        safety: Safety,
        *,
        sees_addresses: bool,
        allow_taps: bool,
        audit_log: Path,
        metrics_public: bool,
        webhook_url: SecretStr | None = None,
        webhook_secret: SecretStr | None = None,
        membership: Membership | None = None,
        figures: Callable[[], Figures] = Figures,
        certificate_left_s: Callable[[], float | None] = lambda: None,
        base_path: str = "/",
    ) -> None:
        cluster = membership.cluster if membership is not None else None
        self.load = Load(plane)
        readiness = Readiness(gateway, plane, self.load, certificate_left_s)
        overview = Overview(
            gateway,
            plane,
            self.load,
            readiness,
            safety,
            sees_addresses=sees_addresses,
            node=cluster.here.name if cluster is not None else None,
            figures=figures,
        )
        sessions = Sessions(path=base_path)
        self._operators = Operators(token, safety.records)
        self._operators.listen(lambda: sessions.review(self._operators.present))
        if membership is not None:
            _join(membership, sessions, self._operators, safety)
        bearer = Bearer(self._operators)
        self._history = History(overview)
        self._events = Events(overview)
        self._taps = Taps(overview, plane, allowed=allow_taps, audit_log=audit_log)
        self._webhooks = _webhooks(webhook_url, webhook_secret, safety)
        metrics: Handler = Metrics(overview, self._events, door, bearer, self._webhooks).serve
        if not metrics_public:
            metrics = only_for_operators(bearer, metrics)
        groups = (
            self._taps,
            Desk(safety, Decisions(safety), gateway.party_of),
            Vault(safety, AuditLog(audit_log)),
            Staff(safety, self._operators),
        )
        leases = membership.leases if membership is not None else dict
        looks = overview, self._history, self._events
        probes = [*readiness.routes(), web.get("/metrics", metrics)]
        own = [
            *probes,
            *Status(gateway, plane, bearer).routes(),
            *Api(*looks, groups, bearer, sessions, cluster, leases).routes(),
            *Admin(self._operators, sessions, taps_allowed=allow_taps).routes(),
        ]
        # Balancers and Prometheus come past the proxy that has the path.
        self._routes = below(base_path, own) + (probes if base_path != "/" else [])

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        return self._routes

    def start(self) -> None:
        """Begin to watch the load, to know the operators, and to tell of reports."""
        self.load.start()
        self._history.start()
        self._operators.start()
        self._webhooks.start()

    async def close(self) -> None:
        """End what runs, so that no request is left to wait for."""
        self._events.close()
        self._taps.end()
        await self._operators.close()
        await self._webhooks.close()
        await self._history.close()
        await self.load.close()

    async def close_at_last(self) -> None:
        """Close what the last requests have needed."""
        await self._taps.close()


def _webhooks(url: SecretStr | None, secret: SecretStr | None, safety: Safety) -> Webhooks:
    made = Webhooks(
        url.get_secret_value() if url else None,
        secret.get_secret_value() if secret else "",
        lambda: safety.tally.open_reports,
    )
    safety.on_report(made.reported)
    return made


def _join(membership: Membership, sessions: Sessions, operators: Operators, safety: Safety) -> None:
    """Have logins, operators, bans and decisions be those of the whole cluster, at once."""
    changes = Changes(
        membership.cluster,
        {
            "ban": safety.banned_elsewhere,
            "report": safety.decided_elsewhere,
            "operators": lambda _: operators.look_again(),
            "logout": sessions.ended_elsewhere,
        },
    )

    def joined(node: Node) -> None:
        for ended in sessions.ended():
            changes.tell_one(node.name, "logout", ended)

    sessions.share(
        Passes(membership.session_key),
        operators.of_pass,
        lambda ended: changes.tell("logout", ended),
    )
    operators.tell(lambda: changes.tell("operators"))
    safety.on_change(changes.tell)
    membership.cluster.watch(joined, lambda _: None)
