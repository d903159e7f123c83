"""What one process tells another of a connection that it gives away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter

from relay.errors import WorkerError
from relay.tunnel.stun import Address
from relay.tunnel.turn import Allocation

Kind = Literal["tcp", "turn-tcp", "turn-tls"]
"""How a user's media comes, when it is not UDP: ICE-TCP, or TURN over TCP or TLS."""

MAX_BYTES = 64 * 1024
"""Of one that is written: what has been read of a connection is at most 16 kB."""


@dataclass(frozen=True, slots=True)
class Granted:
    """An allocation that was made already."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        ser_json_bytes="base64", val_json_bytes="base64"
    )
    username: str
    key: bytes = field(repr=False)
    relayed: Address
    lasts_s: float
    realm: str
    nonce: bytes

    def allocation(self, now: float) -> Allocation:
        """As a server has it whose clock says ``now``."""
        return Allocation(self.username, self.key, self.relayed, now + self.lasts_s)


@dataclass(frozen=True, slots=True)
class Handover:
    """A connection, beside its descriptor."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        ser_json_bytes="base64", val_json_bytes="base64"
    )
    kind: Kind
    remote: Address
    """Where it comes from."""
    first: bytes = field(repr=False)
    """What has been read and not been dealt with."""
    unsent: bytes = field(default=b"", repr=False)
    """What is to be written before anything else."""
    granted: Granted | None = None


_ADAPTER = TypeAdapter(Handover)


def write(handover: Handover) -> bytes:
    """A handover as bytes."""
    return _ADAPTER.dump_json(handover)


def read(data: bytes) -> Handover:
    """What :func:`write` has written.

    :raises WorkerError: when it is nothing of the kind.
    """
    try:
        return _ADAPTER.validate_json(data)
    except ValueError:
        raise WorkerError("hands over what is no connection") from None
