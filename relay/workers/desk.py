"""The worker's end: carries out what the front asks for, and tells it what happens.

The front may vanish at any moment. What there is goes on then, and another front finds it on the
same socket; only when none has come for :data:`PATIENCE_S` the worker closes everything and ends.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog

from relay.errors import SdpError, WorkerError
from relay.loop import LoopWatch
from relay.media.plane import RelayPlane
from relay.plane import MediaEvent, TappedPacket
from relay.plane.sight import WorkerLoad
from relay.workers import messages
from relay.workers.channel import Channel

PATIENCE_S = 60.0
"""How long a worker goes on without a front."""

TURN_S = 1.0
"""How long who comes waits for a front to go: one that has gone may not have been seen to yet."""

log = structlog.get_logger(__name__)


class Desk:
    """Serves one front at a time; whoever comes while it is there is turned away."""

    def __init__(
        self, plane: RelayPlane, orders: messages.Orders, patience_s: float = PATIENCE_S
    ) -> None:
        self.told_to_stop = asyncio.Event()
        """Set when the worker is to end."""
        self._plane, self._orders, self._patience_s = plane, orders, patience_s
        self._loop_watch = LoopWatch()
        self._packets_per_s, self._packets = 0.0, 0
        self._front: Channel | None = None
        self._is_vacant = asyncio.Event()
        """Set while there is no front."""
        self._is_vacant.set()
        self._taps: dict[int, _DeskTap] = {}
        self._attending: set[asyncio.Task[None]] = set()
        self._leaving: asyncio.TimerHandle | None = None
        self._server: asyncio.Server | None = None
        plane.subscribe(self._tell)

    async def open(self, control: Path | None = None) -> None:
        """Begin; with a name for a socket, any front may come over it."""
        self._loop_watch.start(self._end_period)
        self._lose_patience()
        if control is not None:
            control.unlink(missing_ok=True)  # noqa: ASYNC240 - of one that died
            self._server = await asyncio.start_unix_server(self._met, control)

    async def close(self) -> None:
        """Serve nobody any more."""
        if self._server is not None:
            self._server.close()
        if self._leaving is not None:
            self._leaving.cancel()
        for task in list(self._attending):
            task.cancel()
        await asyncio.gather(*self._attending, return_exceptions=True)
        await self._loop_watch.close()

    async def attend(self, connected: socket.socket) -> None:
        """Serve a front over a socket that is connected already, until it has gone."""
        self._own(self._attend(await Channel.over(connected)))

    def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._own(self._admit(Channel(reader, writer)))

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="front")
        self._attending.add(task)
        task.add_done_callback(self._attending.discard)

    async def _admit(self, channel: Channel) -> None:
        """Serve who has come over the socket, unless there is a front, which would lose its calls.

        Fronts hold the directory, so none comes while another one lives.
        """
        try:
            async with asyncio.timeout(TURN_S):
                while self._front is not None:
                    await self._is_vacant.wait()
        except TimeoutError:
            log.warning("front_refused", worker=self._orders.index)
            await channel.close()
        else:
            await self._attend(channel)

    async def _attend(self, channel: Channel) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        former, self._front = self._front, channel
        self._is_vacant.clear()
        self._forget_taps()
        if former is not None:
            await former.close()
        channel.send(self._hello())
        try:
            while True:
                message, number = await channel.receive()
                await self._do(message, number, channel)
        except EOFError:
            pass
        except WorkerError as error:
            log.warning("front_not_understood", reason=f"it {error}")
        finally:
            if self._front is channel:
                self._front = None
                self._is_vacant.set()
                self._forget_taps()
                self._lose_patience()
            await channel.close()

    def _lose_patience(self) -> None:
        loop = asyncio.get_running_loop()
        self._leaving = loop.call_later(self._patience_s, self.told_to_stop.set)

    def _hello(self) -> messages.Hello:
        return messages.Hello(
            messages.VERSION,
            self._orders,
            os.getpid(),
            self._plane.udp_port,
            list(self._plane.landing.addresses),
            [
                messages.Resident(user_id, link_id, state, partner_id)
                for user_id, link_id, state, partner_id in self._plane.residents()
            ],
        )

    async def _do(self, message: Any, number: int, channel: Channel) -> None:
        try:
            answer = await self._answer(message)
        except SdpError as error:
            answer = messages.Refused(error.message)
        except Exception:
            log.exception("request_failed", request=type(message).__name__)
            answer = messages.Failed()
        if answer is not None:
            channel.send(answer, number)

    async def _answer(self, message: Any) -> object | None:  # noqa: PLR0912 - a table
        plane = self._plane
        match message:
            case messages.Answer(user_id, sdp, is_local):
                described = await plane.answer(user_id, sdp, is_local=is_local)
                return messages.Described(described, plane.card(user_id))
            case messages.Offer(user_id, is_local):
                described = await plane.offer(user_id, is_local=is_local)
                return messages.Described(described, plane.card(user_id))
            case messages.Accept(user_id, sdp):
                described = await plane.accept(user_id, sdp)
                return messages.Described(described, plane.card(user_id))
            case messages.LookBack(user_id):
                return messages.Traced(await plane.trace(user_id))
            case messages.Look(whole=True):
                return messages.Seen(await plane.look(), self._load())
            case messages.Look():
                return messages.Counted(await plane.stats(), self._load())
            case messages.LookFor(user_id, partner_id, within_s):
                return messages.Found.of(await plane.kept(user_id, partner_id, within_s))
            case messages.Pair(a, b):
                plane.pair(a, b)
            case messages.PairFar(user_id, card, number, peer, node):
                plane.pair_far(user_id, card, number, peer, node)
            case messages.OpenTrunk(node, worker, near, far):
                plane.open_trunk(node, worker, near, far)
            case messages.TakeTrunkKey(node, worker, epoch, key):
                trunk = plane.pairs.trunk(node, worker)
                if trunk is not None:
                    trunk.decrypt_with(bytes.fromhex(key), epoch)
                return messages.TrunkKeyTaken(trunk is not None)
            case messages.UseTrunkKey(node, worker, epoch, key):
                if (trunk := plane.pairs.trunk(node, worker)) is not None:  # or its node has gone
                    trunk.encrypt_with(bytes.fromhex(key), epoch)
            case messages.CloseTrunks(node):
                plane.pairs.close_trunks(node)
            case messages.Unpair(user_id):
                plane.unpair(user_id)
            case messages.CloseLink(user_id):
                plane.close_link(user_id)
            case messages.OpenTap(tap_number, user_id, direction):
                tap = self._taps[tap_number] = _DeskTap(tap_number, self._send, self._send_tapped)
                tap.open(plane, user_id, direction)
            case messages.CloseTap(tap_number) if tap_number in self._taps:
                self._taps.pop(tap_number).close()
            case messages.CloseTap():
                pass  # it ended with the link that it was on
            case messages.RequestKeyframe(user_id, direction):
                plane.request_keyframe(user_id, direction)
            case messages.Keep(on):
                plane.keep(on=on)
            case messages.AnnounceTcp(port):
                plane.announce_tcp(port)
            case messages.WindDown():
                self._patience_s = 0.0
            case messages.Stop():
                self.told_to_stop.set()
            case _:
                raise WorkerError("asks for what no front asks for")
        return None

    def _end_period(self, seconds: float) -> None:
        _, stats = self._plane.lately()
        packets = stats.packets_forwarded
        self._packets_per_s = (packets - self._packets) / seconds
        self._packets = packets
        self._plane.look_around()

    def _load(self) -> WorkerLoad:
        watch = self._loop_watch
        return WorkerLoad(watch.cpu_ratio, watch.worst_lag_s, self._packets_per_s)

    def _tell(self, event: MediaEvent) -> None:
        self._send(event)

    def _send(self, message: object) -> None:
        if self._front is not None:
            self._front.send(message)

    def _send_tapped(self, tap: int, packet: TappedPacket) -> None:
        if self._front is not None:
            self._front.send_tapped(tap, packet)

    def _forget_taps(self) -> None:
        """A front's taps end with it: nobody else has asked for them."""
        for tap in self._taps.values():
            tap.close()
        self._taps.clear()


class _DeskTap:
    """Tells the front what a tap of its own would be told; implements :class:`relay.plane.Tap`."""

    def __init__(
        self,
        number: int,
        send: Callable[[object], None],
        send_tapped: Callable[[int, TappedPacket], None],
    ) -> None:
        self._number, self._send, self._send_tapped = number, send, send_tapped
        self._close: Callable[[], None] = lambda: None

    def open(self, plane: RelayPlane, user_id: str, direction: Any) -> None:
        """Begin to look."""
        plane.tap(user_id, direction, self)
        self._close = lambda: plane.untap(user_id, direction, self)

    def close(self) -> None:
        """Look no more."""
        self._close()

    def take(self, packet: TappedPacket) -> None:
        """See :class:`relay.plane.Tap`."""
        self._send_tapped(self._number, packet)

    def parted(self) -> None:
        """See :class:`relay.plane.Tap`."""
        self._send(messages.Parted(self._number))

    def link_closed(self) -> None:
        """See :class:`relay.plane.Tap`."""
        self._send(messages.LinkClosed(self._number))
