"""Bots whose media has to go through a TURN server."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import aiohttp
import pytest
from aioice import turn
from aiortc import RTCConfiguration, RTCIceTransportPolicy

from relay.bots import bot, peer
from tests.support.bots import Bot

_FRAMES, _PATIENCE_S = 10, 60


def only_relayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let bots have no candidates but those of TURN servers, and believe every certificate."""

    def relayed(**options: Any) -> RTCConfiguration:
        return RTCConfiguration(**options, iceTransportPolicy=RTCIceTransportPolicy.RELAY)

    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    endpoint = turn.create_turn_endpoint

    async def trusting_endpoint(*args: Any, **options: Any) -> Any:
        return await endpoint(*args, **{**options, "ssl": options.get("ssl") and trusting})

    session = aiohttp.ClientSession

    def trusting_session(**options: Any) -> aiohttp.ClientSession:
        return session(connector=aiohttp.TCPConnector(ssl=False), **options)

    monkeypatch.setattr(peer, "RTCConfiguration", relayed)
    monkeypatch.setattr(peer, "gather_loopback_too", lambda _: None)
    monkeypatch.setattr(bot, "elsewhere", lambda servers, _: servers)
    monkeypatch.setattr(turn, "create_turn_endpoint", trusting_endpoint)
    monkeypatch.setattr(aiohttp, "ClientSession", trusting_session)


async def media_by(one: Bot, two: Bot) -> set[str]:
    """Have two bots meet, and see each other.

    :returns: the types of their own candidates in the pairs that are in use.
    """
    await one.find_partner()
    await two.find_partner()
    async with asyncio.timeout(_PATIENCE_S):
        while min(one.report.frames, two.report.frames) < _FRAMES:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return {pair.local_candidate.type for each in (one, two) for pair in _nominated(each)}


def _nominated(each: Bot) -> list[Any]:
    """The pairs of candidates that are in use."""
    assert each._peer is not None
    (transceiver, *_) = each._peer._connection.getTransceivers()
    connection = transceiver.receiver.transport.transport._connection
    return list(connection._nominated.values())
