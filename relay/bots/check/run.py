"""A check from its options to its exit status."""

import asyncio
import json
import time
from ipaddress import ip_address
from itertools import pairwise
from ssl import cert_time_to_seconds
from statistics import mean, median

import typer
from rich.console import Console

from relay.bots import address
from relay.bots.check import display, ways
from relay.bots.check.attempt import LAST_S, MEASURED_S, UP_S, attempt
from relay.bots.check.findings import Found, WebSocketTimes
from relay.bots.check.remedies import remedy
from relay.bots.client import Client
from relay.bots.thin import ThinPeer
from relay.errors import BotError
from relay.families import own_addresses
from relay.protocol.messages import Connected, Ping, Pong, StopChat, WebrtcAnswer, WebrtcOffer

FOUND_BAD = 1
NO_SERVER = 2

ALL_S = 28.0
"""A way that might not be through by then is not begun."""

_OPEN_S = 5.0
_DAY_S = 86_400
_PINGS, _PING_EVERY_S = 10, 0.1


def run(url: str, fingerprint: str | None, *, as_json: bool) -> None:
    """Check a server and tell what was found.

    :raises ConfigError: when the address or the fingerprint is none.
    :raises typer.Exit: with 1 when something that it announces does not work, 2 when there is no
        server.
    """
    server = address.read(url, fingerprint)
    try:
        found = asyncio.run(check(server))
    except BotError as error:
        advice = remedy(error)
        hint = f"; {advice}" if advice else ""
        typer.echo(f"relay check: {ways.plain(str(error))}{hint}", err=True)
        raise typer.Exit(NO_SERVER) from None
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=200)
        console.print(display.result(found))
    if found.is_bad:
        raise typer.Exit(FOUND_BAD)


async def check(server: address.Server) -> Found:
    """Try every way.

    :raises BotError: when there is no server, or it is lost.
    """
    began_s = time.monotonic()
    client = Client(server.url, server.ssl, server.origin)
    await client.connect(_OPEN_S)
    open_ms = 1000 * (time.monotonic() - began_s)
    try:
        connected = await client.expect(Connected, _OPEN_S)
        host = str(ip_address(client.server_host.partition("%")[0]))
        times = await _ping(client, open_ms)
        found = Found(server.url, host, connected.media_mode, times)
        if (ends := client.certificate_ends) is not None:
            found.certificate_days = int((cert_time_to_seconds(ends) - time.time()) // _DAY_S)
        if connected.media_mode == "relay":
            families = _families(host)
            announced = ways.read(
                await _answer(client), connected.ice_servers, server.host, families
            )
            found.absent += [way.name for way in announced.absent]
            found.left_out += announced.left_out
            for way in announced.ways:
                if time.monotonic() - began_s > ALL_S - UP_S - MEASURED_S - LAST_S:
                    found.left_out.append(f"{way.name} (no time left)")
                    continue
                found.tried.append(await attempt(client, way, server.fingerprint))
                await _make_sure(client)
        return found
    finally:
        await client.close()


async def _make_sure(client: Client) -> None:
    """See that the server is there, or what was just found is about nothing.

    :raises BotError: when it is not.
    """
    try:
        await client.send(Ping())
        await client.expect(Pong, _OPEN_S)
    except (BotError, TimeoutError) as error:
        raise BotError("the server went away during the check") from error


async def _ping(client: Client, open_ms: float) -> WebSocketTimes:
    """How long the server takes to say :class:`Pong`."""
    times_ms: list[float] = []
    for _ in range(_PINGS):
        sent_s = time.monotonic()
        await client.send(Ping())
        await client.expect(Pong)
        took_s = time.monotonic() - sent_s
        times_ms.append(1000 * took_s)
        await asyncio.sleep(max(_PING_EVERY_S - took_s, 0))
    steps = [abs(after - before) for before, after in pairwise(times_ms)]
    return WebSocketTimes(open_ms, median(times_ms), mean(steps))


async def _answer(client: Client) -> str:
    """The server's answer to an offer of which nothing comes."""
    peer = ThinPeer(on_rtp=lambda _: None, on_rtcp=lambda _: None, host="0.0.0.0")  # noqa: S104
    try:
        await client.send(WebrtcOffer(sdp=peer.offer()))
        return (await client.expect(WebrtcAnswer)).sdp
    finally:
        await client.send(StopChat())
        await peer.close()


def _families(server_host: str) -> set[ways.Family]:
    """Those of which this machine has an address that leads somewhere."""
    usable = [each for each in own_addresses() if not each.is_loopback]
    return {ways.FAMILIES[each.version] for each in [*usable, ip_address(server_host)]}
