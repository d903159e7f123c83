"""The chain of evidence: whoever changes or removes a piece of it breaks all digests after it.

What is sealed goes when its time is over. Its digest stays, so that the chain can be followed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from relay.records.interface import Evidence

START = ""
"""What the first one has in place of a digest before it."""


def sealed_digest(sealed: bytes) -> str:
    """SHA-256 of what is sealed, hexadecimal."""
    return sha256(sealed).hexdigest()


def digest(previous: str, evidence: Evidence) -> str:
    """SHA-256, hexadecimal, over the digest before and what does not change of a piece.

    It is that of a JSON list without spaces: previous digest, number, id, report's id, time,
    digest of what is sealed.
    """
    each = (evidence.number, evidence.id, evidence.report_id, evidence.at, evidence.sealed_digest)
    return sha256(json.dumps([previous, *each], separators=(",", ":")).encode()).hexdigest()


def linked(last: Evidence | None, evidence: Evidence) -> Evidence:
    """A piece with its place in the chain.

    :param last: the one before it; None when it is the first.
    """
    placed = replace(
        evidence,
        at=float(evidence.at),
        number=last.number + 1 if last else 1,
        sealed_digest=sealed_digest(evidence.sealed or b""),
    )
    return replace(placed, digest=digest(last.digest if last else START, placed))


def broken_at(chain: Iterable[Evidence], last: Evidence | None = None) -> int | None:
    """Follow the chain.

    :param chain: in its order.
    :param last: the piece before; None when it begins with the first one.
    :returns: the number that the first piece should have that is missing or is not as it was added;
        None when all is well.
    """
    for each in chain:
        number = last.number + 1 if last else 1
        is_as_sealed = each.sealed is None or sealed_digest(each.sealed) == each.sealed_digest
        is_linked = each.digest == digest(last.digest if last else START, each)
        if each.number != number or not is_linked or not is_as_sealed:
            return number
        last = each
    return None
