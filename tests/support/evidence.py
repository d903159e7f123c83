"""What is frozen, and where it goes, without a database."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

from relay.errors import RecordsAway
from relay.evidence import Package
from relay.evidence.seal import PublicKey, make_keys, unseal
from relay.records import Evidence, Party, Reason, Report

PUBLIC_PEM, PRIVATE_PEM = make_keys()
KEY = PublicKey.read(PUBLIC_PEM)


def report(room_id: str = "room", **fields: object) -> Report:
    """Of Bob, by Ann."""
    made = Report(
        "report", 1000.0, Reason.NUDITY, Party("ann's", "a1"), Party("bob's", "b1"), room_id
    )
    return replace(made, **fields)  # type: ignore[arg-type]


class Shelf:
    """Keeps evidence as the records do, in memory."""

    def __init__(self) -> None:
        self.rows: list[Evidence] = []
        self.is_away = False

    async def add_evidence(self, evidence: Evidence) -> Evidence:
        if self.is_away:
            raise RecordsAway
        previous = self.rows[-1].digest if self.rows else ""
        sealed = sha256(evidence.sealed or b"").hexdigest()
        fields = [
            previous,
            len(self.rows) + 1,
            evidence.id,
            evidence.report_id,
            evidence.at,
            sealed,
        ]
        digest = sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()
        self.rows.append(replace(evidence, number=len(self.rows) + 1, digest=digest))
        return self.rows[-1]

    @property
    def opened(self) -> Package:
        """The last one, as whoever has the private key sees it."""
        sealed = self.rows[-1].sealed
        assert sealed is not None
        return Package.read(unseal(sealed, PRIVATE_PEM))
