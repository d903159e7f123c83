"""A single server is updated as docs/upgrading.md has it, while people talk: nobody is cut early.

The test is systemd: it holds the page's port, ends the server with SIGTERM, and starts the next one
when it has gone. The users are the thinnest that there are, with real sockets, DTLS and SRTP: some
packets of sound a second each.
"""

from __future__ import annotations

import asyncio
import math
import signal
import socket
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest

from relay.protocol.messages import Move, PartnerDisconnected, PartnerLeft
from relay.seam import end_task
from relay.signaling.moving import LAST_S
from relay.signaling.outbox import CLOSE_RESTART
from tests.support.callers import AGAIN_S, EVERY_S, LET_IN, Caller, Newcomers, sounding
from tests.support.ports import free_port, free_ports
from tests.support.served import NEVER_FULL, ended, page_of, serving

pytestmark = pytest.mark.timeout(300)

CALLS, WORKERS = 50, 2
DRAIN_S = 25.0
OWN_END = 10
"""So many calls end by themselves while the server drains; the others last until the deadline."""
CANNOT_MOVE = 2
"""So many calls are of clients that know nothing of moving."""
GAP_S = 3.0
"""So long nothing may come, on a machine that is busy with all of it; mostly it is a tenth."""
AT_ONCE = 4

SOCKET = """
import os
os.dup2({descriptor}, 3)
os.environ |= dict(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
"""


class Systemd:
    """What holds the port, and starts the server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listening = socket.create_server(("127.0.0.1", free_port()), backlog=100)
        self._port = self._listening.getsockname()[1]
        self._udp_port = free_ports(WORKERS)[0]
        self.url = f"ws://127.0.0.1:{self._port}/ws"

    def serving(self) -> AbstractAsyncContextManager[Process]:
        """The server, with the port."""
        descriptor = self._listening.fileno()
        return serving(
            self._folder,
            *("--port", f"{self._port}", "--udp-port", f"{self._udp_port}"),
            *("--workers", f"{WORKERS}", "--drain-s", f"{DRAIN_S}", "--rematch-after-s", "0"),
            *("--data-dir", "data", "--runtime-dir", "run", "--log-level", "warning"),
            *("--connections-per-source", "1000"),  # all of them come from one address
            before=NEVER_FULL + "\n" + SOCKET.format(descriptor=descriptor),
            descriptors=(descriptor,),
        )

    def close(self) -> None:
        """Nobody listens any more."""
        self._listening.close()


async def test_fifty_calls_go_on_until_the_deadline(tmp_path: Path) -> None:
    systemd = Systemd(tmp_path)
    callers = [
        Caller(systemd.url, number, moves=number >= 2 * CANNOT_MOVE) for number in range(2 * CALLS)
    ]
    stayers, leavers = callers[: -2 * OWN_END], callers[-2 * OWN_END :]
    newcomers = Newcomers(systemd.url)
    async with AsyncExitStack() as stack:
        stack.callback(systemd.close)
        for caller in callers:
            stack.push_async_callback(caller.leave)
        async with systemd.serving() as old:
            await page_of(old)
            await all_meet(callers)
            await stack.enter_async_context(sounding(callers))
            await until_all_hear(callers)
            coming = asyncio.create_task(newcomers.run())
            stack.push_async_callback(end_task, coming)
            for caller in callers:
                caller.begin()
            began_s = time.monotonic()
            old.send_signal(signal.SIGTERM)
            await some_leave(leavers, began_s)
            async with asyncio.timeout(DRAIN_S + LAST_S + 60):
                code, _, log = await ended(old)
            gone_s = time.monotonic()
            assert code == 0, log
            assert "level=error" not in log
        async with systemd.serving() as new:
            await page_of(new)
            async with asyncio.timeout(120):
                await asyncio.gather(*(each.until_it_talks_again() for each in stayers))
            await end_task(coming)
            new.send_signal(signal.SIGINT)  # which waits for nobody
            code, _, log = await ended(new)
            assert code == 0, log
    nobody_is_cut(stayers, leavers, began_s)
    all_are_told(stayers, began_s)
    nobody_is_refused_the_port(newcomers, began_s)
    tell(callers, newcomers, began_s, gone_s)


async def all_meet(callers: Sequence[Caller]) -> None:
    """Two by two, in their order."""
    door = asyncio.Semaphore(AT_ONCE)

    async def come(caller: Caller) -> None:
        async with door:
            await caller.come()

    await asyncio.gather(*map(come, callers))
    for pair in _pairs(callers):
        await asyncio.gather(*(caller.find() for caller in pair))
        assert len({caller.room_id for caller in pair}) == 1


async def until_all_hear(callers: Sequence[Caller]) -> None:
    """Wait until media flows in every call, both ways."""
    async with asyncio.timeout(60):
        while not all(len(caller.packets) > 2 for caller in callers):  # noqa: ASYNC110
            await asyncio.sleep(AGAIN_S)


async def some_leave(leavers: Sequence[Caller], began_s: float) -> None:
    """Each pair ends its call at its own time, all of them before the deadline."""
    pairs = _pairs(leavers)
    for number, pair in enumerate(pairs, 1):
        due_s = began_s + 0.8 * DRAIN_S * number / len(pairs)
        await asyncio.sleep(due_s - time.monotonic())
        for caller in pair:
            caller.left_s = time.monotonic()
        for caller in pair:
            await caller.leave()


def nobody_is_cut(stayers: Sequence[Caller], leavers: Sequence[Caller], began_s: float) -> None:
    """Until its own end, or the deadline, each call goes on, and packets come both ways."""
    deadline_s = began_s + DRAIN_S
    cut = [caller for caller in (*stayers, *leavers) if _is_cut(caller, deadline_s)]
    assert cut == []
    gaps = [caller.longest_gap_s(began_s, min(caller.left_s, deadline_s)) for caller in stayers]
    gaps += [caller.longest_gap_s(began_s, caller.left_s) for caller in leavers]
    assert max(gaps) < GAP_S


def _is_cut(caller: Caller, deadline_s: float) -> bool:
    ended_s = min(caller.left_s, deadline_s)
    parted = caller.told(PartnerLeft) + caller.told(PartnerDisconnected)
    return min(caller.closed_s, caller.link_lost_s, *parted, math.inf) < ended_s


def all_are_told(stayers: Sequence[Caller], began_s: float) -> None:
    """At the deadline, as docs/protocol.md has it ("Moving")."""
    deadline_s = began_s + DRAIN_S
    for caller in stayers:
        assert caller.closed_with == CLOSE_RESTART
        moves = [message for _, message in caller.heard if isinstance(message, Move)]
        if not caller.can_move:
            assert moves == []
            assert deadline_s < caller.closed_s
            continue
        (move,) = moves
        assert move.within is not None
        assert move.within <= LAST_S
        assert min(caller.told(Move)) > deadline_s
        assert caller.closed_s > deadline_s + LAST_S
        assert max(caller.former_packets) > deadline_s, "it ends before it has to"


def nobody_is_refused_the_port(newcomers: Newcomers, began_s: float) -> None:
    """Who comes meanwhile is told that it drains, or waits until the next one runs."""
    got = [what for came_s, _, what in newcomers.seen if came_s > began_s + AGAIN_S]
    assert set(got) == {"HTTP 503", LET_IN}
    assert got == sorted(got), "once somebody is let in, everybody is"
    assert newcomers.seen[-1][2] == LET_IN


def tell(callers: Sequence[Caller], newcomers: Newcomers, began_s: float, gone_s: float) -> None:
    """The figures, for whoever wants to see them (pytest -s)."""
    deadline_s = began_s + DRAIN_S
    cut = sum(_is_cut(caller, deadline_s) for caller in callers)
    gap_s = max(each.longest_gap_s(began_s, min(each.left_s, deadline_s)) for each in callers)
    in_s = next(at for came, at, what in newcomers.seen if what == LET_IN and at > gone_s)
    back = sorted(each.returned_s - gone_s for each in callers if each.returned_s < math.inf)
    print(
        f"\n{CALLS} calls, {cut} cut before the deadline of {DRAIN_S:g} s"
        f"\nlongest gap of packets {1000 * gap_s:.0f} ms (one every {1000 * EVERY_S:.0f} ms)"
        f"\nthe old process ended {gone_s - deadline_s:.1f} s after the deadline"
        f"\nthe new one let somebody in {in_s - gone_s:.1f} s later; of those who were told,"
        f" half after {back[len(back) // 2]:.1f} s and all after {back[-1]:.1f} s"
    )


def _pairs(callers: Sequence[Caller]) -> list[tuple[Caller, Caller]]:
    return list(zip(callers[::2], callers[1::2], strict=True))
