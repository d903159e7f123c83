"""Evidence, as operators get it: sealed. Each look is written to the audit log before."""

import secrets
from typing import Literal

import structlog
from aiohttp import web

from relay.api import answers, asking, cases, orders, telling
from relay.api.operator import OPERATOR
from relay.api.taps import operator_of
from relay.errors import AuditFailed
from relay.evidence import Piece
from relay.records import Decision, Evidence
from relay.safety import Safety
from relay.taps.audit import AuditEntry, AuditLog
from relay.taps.uses import viewed

_AT_ONCE = 20
"""Pieces that are looked at together: each may have half a megabyte."""

_log = structlog.get_logger()


class Vault:
    """The endpoints.

    :param audit: where each look is written down.
    """

    def __init__(self, safety: Safety, audit: AuditLog) -> None:
        self._safety = safety
        self._records = safety.records
        self._audit = audit

    async def list_evidence(self, request: web.Request) -> web.Response:
        """Answer with what was kept for a report."""
        now = self._safety.clock()
        found = await self._records.evidence_of(asking.id_of(request, "report"))
        told = [telling.evidence(each, now) for each in found]
        return asking.answer(cases.EvidenceList(evidence=told))

    async def list_chain(self, request: web.Request) -> web.Response:
        """Answer with the chain, without what is sealed in it."""
        query, now = asking.query(request, cases.ChainQuery), self._safety.clock()
        told: list[cases.EvidenceItem] = []
        after = query.after
        while len(told) < query.limit:
            found = await self._records.chain(after, min(_AT_ONCE, query.limit - len(told)))
            if not found:
                break
            told += [telling.evidence(each, now) for each in found]
            after = found[-1].number
        return asking.answer(cases.EvidenceList(evidence=told))

    async def read_evidence(self, request: web.Request) -> web.Response:
        """Answer with what is sealed, once it is written down who looks."""
        evidence = await self._evidence(request)
        if evidence.sealed is None:
            raise web.HTTPNotFound(text="this is gone: its time was over")
        before = await self._records.chain(evidence.number - 2, 1) if evidence.number > 1 else []
        piece = Piece.of(evidence, before[0] if before else None)
        entry = viewed(operator_of(request), evidence.report_id, evidence.id)
        await self._write_down(entry)
        _log.info("evidence_viewed", evidence=evidence.id, by=entry.operator)
        return web.Response(
            body=piece.written(),
            content_type="application/octet-stream",
            headers=answers.NO_STORE
            | {"Content-Disposition": f'attachment; filename="evidence-{evidence.id}.sealed"'},
        )

    async def hold_evidence(self, request: web.Request) -> web.Response:
        """Have it kept until it is released."""
        order = await asking.body(request, orders.Hold)
        return await self._hold(request, request[OPERATOR].name, order.why)

    async def release_evidence(self, request: web.Request) -> web.Response:
        """Have it kept no longer than others."""
        return await self._hold(request, "", "")

    async def _hold(self, request: web.Request, by: str, why: str) -> web.Response:
        evidence_id, operator = asking.id_of(request, "evidence"), request[OPERATOR].name
        what: Literal["held", "released"] = "held" if by else "released"
        decision = Decision(
            secrets.token_hex(8), self._safety.clock(), operator, what, evidence_id, why.strip()
        )
        if not await self._records.hold_evidence(evidence_id, by, decision):
            raise web.HTTPNotFound(text=f"there is no evidence {evidence_id!r}, or no longer")
        _log.info("evidence_held", evidence=evidence_id, what=what, by=operator)
        return web.Response(status=204)

    async def _evidence(self, request: web.Request) -> Evidence:
        evidence_id = asking.id_of(request, "evidence")
        evidence = await self._records.evidence(evidence_id)
        if evidence is None:
            raise web.HTTPNotFound(text=f"there is no evidence {evidence_id!r}, or no longer")
        return evidence

    async def _write_down(self, entry: AuditEntry) -> None:
        try:
            await self._audit.append(entry)
        except AuditFailed as error:
            _log.error("audit_failed", reason=str(error))
            raise answers.unavailable(f"the audit log cannot be written: {error}") from None
