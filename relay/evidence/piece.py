"""A sealed package with its place in the chain: what operators download, and open elsewhere.

A line of JSON says which it is; what follows is sealed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256

from pydantic import TypeAdapter, ValidationError

from relay.errors import EvidenceError
from relay.evidence.seal import MAGIC
from relay.records import Evidence

MAX_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """Of a piece, in the chain: all from which its digest is made, and that."""

    id: str
    report_id: str
    at: float
    """When it was added, in seconds since 1970."""
    number: int
    sealed_digest: str
    """SHA-256, hexadecimal."""
    previous_digest: str
    """Of the piece before; empty for the first one."""
    digest: str


_PLACES = TypeAdapter(Place)


@dataclass(frozen=True, slots=True)
class Piece:
    """What is sealed, and its place; None where it is not known."""

    sealed: bytes
    place: Place | None = None

    @classmethod
    def of(cls, evidence: Evidence, previous: Evidence | None) -> Piece:
        """What is stored.

        :param previous: the piece before it in the chain; None for the first one.
        :raises EvidenceError: when what was sealed is gone.
        """
        if evidence.sealed is None:
            raise EvidenceError("its time was over, and it is gone")
        place = Place(
            evidence.id,
            evidence.report_id,
            evidence.at,
            evidence.number,
            evidence.sealed_digest,
            previous.digest if previous else "",
            evidence.digest,
        )
        return cls(evidence.sealed, place)

    def written(self) -> bytes:
        """As a file."""
        head = b"" if self.place is None else json.dumps(asdict(self.place)).encode() + b"\n"
        return head + self.sealed

    @classmethod
    def read(cls, data: bytes) -> Piece:
        """From a file; what is sealed alone will do.

        :raises EvidenceError: when it is nothing of the kind, or the two do not fit.
        """
        if data.startswith(MAGIC):
            return cls(data)
        head, newline, sealed = data.partition(b"\n")
        if not newline or len(head) > MAX_HEAD_BYTES:
            raise EvidenceError("it is no sealed evidence")
        try:
            place = _PLACES.validate_json(head)
        except ValidationError:
            raise EvidenceError("it is no sealed evidence") from None
        if sha256(sealed).hexdigest() != place.sealed_digest:
            raise EvidenceError("it was changed after it had been stored, or is cut short")
        return cls(sealed, place)
