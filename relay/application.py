"""The application that answers: what a server is made of, put behind one set of routes."""

from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from pydantic import SecretStr

from relay.api.answers import (
    add_security_headers,
    errors_as_json,
    require_tls,
    with_request_id,
)
from relay.api.below import below, front_door
from relay.api.front import Front, Membership
from relay.api.hosts import HostCheck, Hosts
from relay.api.page import Page, folder
from relay.api.visitors import VisitorApi
from relay.api.welcome import Welcome
from relay.certificate import Certificate
from relay.cluster.figures import Standing
from relay.clustered import Part
from relay.config import Settings
from relay.door import Door, files
from relay.errors import AuditFailed, ConfigError
from relay.evidence.freezer import Freezer
from relay.looking import freezer_of, watch_of
from relay.over_tcp import OverTcp
from relay.plane import MediaPlane
from relay.proxies import Proxies
from relay.records import Records
from relay.safety import BanRules, Safety
from relay.safety.visitors import Visitors
from relay.signaling import Gateway, Limits
from relay.stored import keyring
from relay.taps.audit import AuditLog
from relay.traces import Traces


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a server is made of."""

    settings: Settings
    plane: MediaPlane
    token: SecretStr
    door: Door
    over_tcp: OverTcp
    records: Records
    part: Part
    certificate: Certificate
    traces: Traces
    welcome: Welcome
    membership: Membership | None


def application(parts: Parts) -> tuple[web.Application, Gateway]:
    """Make the application, which starts and ends with its runner, and its gateway.

    :raises ConfigError: when a file that the settings name cannot be used.
    """
    settings = parts.settings
    freezer = freezer_of(settings, parts.plane, parts.records)
    safety = Safety(parts.records, BanRules(settings.ban_after_reporters))
    visitors = Visitors(keyring(settings), path=settings.base_path)
    gateway = _gateway(parts, safety, visitors, freezer)
    watch = watch_of(settings, parts.plane, gateway, safety, freezer)
    front = _front(parts, gateway, safety)

    async def start(_: web.Application) -> None:
        parts.certificate.start()
        await safety.start()
        front.start()
        await gateway.start()
        parts.part.join(lambda: _standing(gateway, front), gateway.standing, gateway.has)
        if watch is not None:
            watch.start()

    async def close(_: web.Application) -> None:
        if watch is not None:
            await watch.close()
        await front.close()
        await gateway.close()
        if freezer is not None:
            await freezer.close()
        await safety.close()

    async def close_at_last(_: web.Application) -> None:
        await parts.certificate.close()
        await front.close_at_last()

    app = _guarded(parts, gateway)
    app.on_startup.append(start)
    app.on_shutdown.append(close)  # after the port is closed, before requests are waited for
    app.on_cleanup.append(close_at_last)
    of_page = (
        *gateway.routes(),
        *VisitorApi(safety, visitors.identity_of).routes(),
        *parts.welcome.routes(),
    )
    base = settings.base_path
    app.add_routes(front.routes())
    app.add_routes(below(base, of_page))
    app.add_routes(below(base, Page(folder(), visitors.welcome).routes()))
    app.add_routes(front_door(base))
    return app, gateway


def _guarded(parts: Parts, gateway: Gateway) -> web.Application:
    """An application without routes, which lets in what may be asked, and answers as is fit."""
    settings = parts.settings
    hosts = Hosts(settings.allowed_hosts, settings.allowed_origins)
    check = HostCheck(hosts, gateway.tally.refusals).check
    told = Proxies(settings.trusted_proxies).attend
    app = web.Application(
        middlewares=[parts.door.attend, told, with_request_id, errors_as_json, check]
    )
    app.on_response_prepare.append(add_security_headers)
    if settings.tls_cert is not None:
        app.on_response_prepare.append(require_tls)
    return app


def _gateway(parts: Parts, safety: Safety, visitors: Visitors, freezer: Freezer | None) -> Gateway:
    settings = parts.settings
    gateway = Gateway(
        plane=parts.plane,
        store=parts.part.store,
        media_mode=settings.media_mode,
        ice_servers=parts.over_tcp.ice_servers,
        limits=limits_of(settings),
        allowed_origins=frozenset(settings.allowed_origins),
        safety=safety,
        visitors=visitors,
        start_blurred=settings.start_blurred,
        freezer=freezer,
        cluster=parts.part.cluster,
        elsewhere=parts.part.users_elsewhere,
        looking_elsewhere=parts.part.looking_elsewhere,
        traces=parts.traces.tell,
    )
    gateway.tally.trace_spans = parts.traces.spans
    return gateway


def _front(parts: Parts, gateway: Gateway, safety: Safety) -> Front:
    settings = parts.settings
    return Front(
        gateway,
        parts.plane,
        parts.token,
        parts.door,
        safety,
        sees_addresses=settings.operator_sees_addresses,
        allow_taps=settings.allow_taps,
        audit_log=_audit_log(settings),
        metrics_public=settings.metrics_public,
        webhook_url=settings.webhook_url,
        webhook_secret=settings.webhook_secret,
        membership=parts.membership,
        figures=parts.part.figures,
        certificate_left_s=parts.certificate.left_s,
        base_path=settings.base_path,
    )


def _standing(gateway: Gateway, front: Front) -> Standing:
    """How this node stands, for its cluster."""
    return Standing(
        front.load.cpu_ratio,
        draining=gateway.draining,
        users=gateway.counts().connected,
        looking=gateway.looking(),
    )


def limits_of(settings: Settings) -> Limits:
    """What users may do at most, as the settings and the open files allow."""
    many = files.connections(settings.max_users, files.limit())
    return Limits(
        max_users=files.seats(settings.max_users, many),
        rematch_after_s=settings.rematch_after_s,
        interest_wait_s=settings.interest_wait_s,
        link_timeout_s=settings.link_timeout_s,
        resume_s=settings.resume_s,
        sessions_per_source=settings.connections_per_source,
        messages_per_s=settings.messages_per_s,
        users_per_visitor=settings.users_per_visitor,
        users_per_address=settings.users_per_address,
        arrivals_per_minute_visitor=settings.arrivals_per_minute_visitor,
        arrivals_per_minute_address=settings.arrivals_per_minute_address,
        nexts_per_minute=settings.nexts_per_minute,
        hasty_nexts=settings.hasty_nexts,
        same_texts=settings.same_texts,
        links_after_s=settings.links_after_s,
    )


def _audit_log(settings: Settings) -> Path:
    """The audit log's path; when it will be needed, it is made sure that it can be written."""
    if settings.allow_taps or settings.evidence:
        try:
            AuditLog(settings.audit_log).check()
        except AuditFailed as error:
            written = settings.written("audit_log")
            raise ConfigError(
                f"{written}: {settings.audit_log} cannot be written: {error}"
            ) from None
    return settings.audit_log
