"""What is frozen, and where it goes, without a database."""

from __future__ import annotations

from dataclasses import replace

from relay.errors import RecordsAway
from relay.evidence import Package
from relay.evidence.seal import PublicKey, make_keys, unseal
from relay.records import Evidence, Party, Reason, Report
from relay.records.chain import linked

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
        return self.add(evidence)

    def add(self, evidence: Evidence) -> Evidence:
        self.rows.append(linked(self.rows[-1] if self.rows else None, evidence))
        return self.rows[-1]

    @property
    def opened(self) -> Package:
        """The last one, as whoever has the private key sees it."""
        sealed = self.rows[-1].sealed
        assert sealed is not None
        return Package.read(unseal(sealed, PRIVATE_PEM))
