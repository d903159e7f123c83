"""Ids of operators' sessions that each node of a cluster can read: signed, so none has to ask.

An id says who has logged in and until when, and no token. It is good where the key is known, which
comes of the cluster's secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from relay.records import Operator

MAX_CHARS = 512
_SIGNED = b"relay operator session 1\n"
"""What comes before all that is signed, so that it cannot be taken for anything else."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What an id says."""

    name: str
    """The operator's, and ``mark`` tells its token from others of that name."""
    mark: str
    ends_at: float
    """In seconds since 1970."""


class Passes:
    """Writes and reads the ids.

    :param key: secret, and the same for all nodes.
    :param clock: seconds since 1970.
    """

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._key, self.clock = key, clock

    def write(self, operator: Operator, lifetime_s: float) -> str:
        """An id for somebody that is good for a while; no two are the same."""
        ends_at = round(self.clock() + lifetime_s, 3)
        said = [operator.name, mark_of(operator), ends_at, secrets.token_urlsafe(16)]
        body = json.dumps(said, separators=(",", ":")).encode()
        return f"{_text(body)}.{_text(self._signature(body))}"

    def read(self, given: str) -> Pass | None:
        """What an id says; None when it is none of ours, or over."""
        if len(given) > MAX_CHARS:
            return None
        try:
            body, signature = map(_bytes, given.split("."))
        except ValueError:  # not two parts, or no base64
            return None
        if not hmac.compare_digest(signature, self._signature(body)):
            return None
        name, mark, ends_at, _ = json.loads(body)  # nobody else has written it
        return Pass(name, mark, ends_at) if self.clock() < ends_at else None

    def _signature(self, body: bytes) -> bytes:
        return hmac.digest(self._key, _SIGNED + body, "sha256")


def mark_of(operator: Operator) -> str:
    """Tells an operator from a later one of the same name, and nothing of the token."""
    return hashlib.sha256(operator.token_hash.encode()).hexdigest()[:16]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("no base64") from None
