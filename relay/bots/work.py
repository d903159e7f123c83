"""Why a server lets nobody in, and the work that it may ask for first."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from json import dumps
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from altcha import Challenge, Payload, solve_challenge
from pydantic import BaseModel, Field, ValidationError

from relay.errors import BotError

MAX_ANSWER_BYTES = 64 * 1024
MAX_ROUNDS = 50_000
"""Of PBKDF2 for each try; a server that asks for more is not served."""
MAX_PREFIX_CHARS = 3
MAX_KEY_BYTES = 64
LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A server's answer to somebody who is not let in."""

    status: int
    message: str
    challenge: dict[str, Any] | None = field(default=None, repr=False)
    code: str = ""
    """Which error it is, as docs/protocol.md has it; empty when nothing says so."""

    def __str__(self) -> str:
        return f"HTTP {self.status}" + (f": {self.message}" if self.message else "")


async def why(
    http: aiohttp.ClientSession, url: str, ssl: aiohttp.Fingerprint | bool, origin: str | None
) -> Refusal:
    """Ask why ``/ws`` refuses: the same address, without an upgrade.

    :param url: the WebSocket's.
    :param origin: as it was said there.
    :raises aiohttp.ClientError: when the server cannot be asked.
    """
    parts = urlsplit(url)
    address = urlunsplit(parts._replace(scheme="https" if parts.scheme == "wss" else "http"))
    headers = {"Origin": origin} if origin else {}
    async with http.get(address, ssl=ssl, headers=headers) as response:
        body = b""
        async for part in response.content.iter_any():
            body += part
            if len(body) > MAX_ANSWER_BYTES:
                return Refusal(response.status, "")
        try:
            error = _Answer.model_validate_json(body).error
        except ValidationError:
            return Refusal(response.status, "")
    message = "".join(char for char in error.message if char.isprintable())
    if error.challenge is None and (retry := response.headers.get("Retry-After")):
        message = f"{message} (in {retry} s)"
    return Refusal(response.status, message, error.challenge, error.code)


async def solve(challenge: dict[str, Any]) -> str:
    """Do the work, in a thread.

    :param challenge: ALTCHA's, version 2.
    :returns: what the parameter ``altcha`` has to be.
    :raises BotError: when it is no such challenge, or too much.
    """
    try:
        given = Challenge.from_dict(challenge)
        wanted = given.parameters
        is_fair = (
            wanted.algorithm == "PBKDF2/SHA-256"
            and 0 < wanted.cost <= MAX_ROUNDS
            and len(wanted.key_prefix) <= MAX_PREFIX_CHARS
            and 0 < wanted.key_length <= MAX_KEY_BYTES
        )
    except (KeyError, TypeError):
        is_fair = False
    if not is_fair:
        raise BotError("the server asks for work that is not known here, or too much")
    try:
        solution = await asyncio.to_thread(solve_challenge, given, timeout=LONGEST_S)
    except (ValueError, TypeError) as error:
        raise BotError("the server asks for work that is not known here") from error
    if solution is None:
        raise BotError(f"the work that the server asks for was not done in {LONGEST_S:g} s")
    payload = dumps(Payload(given, solution).to_dict(), separators=(",", ":"))
    return urlsafe_b64encode(payload.encode()).decode().rstrip("=")


class _Error(BaseModel):
    code: str = Field(default="", max_length=100)
    message: str = Field(default="", max_length=1000)
    challenge: dict[str, Any] | None = None


class _Answer(BaseModel):
    error: _Error
