"""What tests keep in records."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from relay.records import Appeal, Ban, Block, Decision, Evidence, Party, Reason, Report

NOW = 1_800_000_000.0
ANN, BOB, CID = (Party(f"visitor-{name}", f"address-{name}") for name in ("ann", "bob", "cid"))

_numbers = count(1)


def _id(kind: str) -> str:
    return f"{kind}-{next(_numbers)}"


def report(at: float = NOW, *, by: Party = ANN, about: Party = BOB, **rest: object) -> Report:
    made = Report(_id("report"), at, Reason.SPAM, by, about, "room", "He sells things.")
    return replace(made, **rest)  # type: ignore[arg-type]


def block(at: float = NOW, *, by: Party = ANN, blocked: Party = BOB) -> Block:
    return Block(_id("block"), at, by, blocked)


def ban(party: Party = BOB, since: float = NOW, until: float | None = None) -> Ban:
    return Ban(_id("ban"), party, since, until, Reason.SPAM, "olga", "No more selling.")


def appeal(of: Ban, at: float = NOW) -> Appeal:
    return Appeal(_id("appeal"), of.id, at, "It was not me.")


def decision(about: object, what: str = "banned", at: float = NOW) -> Decision:
    subject = about if isinstance(about, str) else about.id  # type: ignore[attr-defined]
    return Decision(_id("decision"), at, "olga", what, subject, "It was seen.")  # type: ignore[arg-type]


def evidence(of: Report, sealed: bytes = b"sealed", keep_until: float = NOW + 100) -> Evidence:
    return Evidence(_id("evidence"), of.id, NOW, sealed, keep_until)
