"""A worker's process: one media plane, and a desk at which a front gives orders.

It is forked from one that has all code and has done nothing with it. The front gives it its orders
and one end of a pair of sockets, and it stays when the front vanishes. Its first words say whether
it has got its port.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import NoReturn

import uvloop
from pydantic import TypeAdapter

from relay import logs
from relay.media.plane import RelayPlane
from relay.tunnel.tunnels import Tunnels
from relay.workers import handing, messages
from relay.workers.channel import Channel
from relay.workers.desk import Desk
from relay.workers.directory import control


def main() -> None:
    """Fork a worker for each of the orders, print their process ids, and end.

    The arguments are the orders in JSON, and for each of them the descriptor of a socket.
    """
    orders = TypeAdapter(list[messages.Orders]).validate_json(sys.argv[1])
    descriptors = [int(each) for each in sys.argv[2:]]
    gc.collect()
    gc.freeze()  # or the first collection of each would write to all pages that they share
    for each, descriptor in zip(orders, descriptors, strict=True):
        process = os.fork()
        if process == 0:
            for other in {*descriptors} - {descriptor}:
                os.close(other)
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # that is for the parent's words
            live(each, descriptor)
        sys.stdout.write(f"{process}\n")
        sys.stdout.flush()


def live(orders: messages.Orders, descriptor: int) -> NoReturn:
    """Be a worker, whose front is at the other end of a socket."""
    front = socket.socket(fileno=descriptor)
    front.set_inheritable(False)
    file = None if orders.log_file is None else logs.LogFile(Path(orders.log_file))
    logs.configure(orders.log_level, file, as_json=orders.log_json)
    sys.exit(uvloop.run(work(orders, front)))


async def work(orders: messages.Orders, front: socket.socket) -> int:
    """Work until told to stop, or until no front has come for a minute; returns the exit status."""
    plane = RelayPlane(orders.host, orders.udp_port, orders.public, index=orders.index)
    desk = Desk(plane, orders)
    loop = asyncio.get_running_loop()
    was_killed = False

    def stop() -> None:  # somebody else than the front does, and that has another go on
        nonlocal was_killed
        was_killed = True
        desk.told_to_stop.set()

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # Ctrl-C is the front's
    tunnels = AsyncExitStack()
    try:
        if not await _begins(orders, plane, desk, front, tunnels):
            return 1
        gc.collect()
        gc.freeze()  # or every full collection would look at all that was imported
        await desk.told_to_stop.wait()
    finally:
        await plane.close(silently=was_killed)
        await tunnels.aclose()  # after the goodbyes that go over them
        await desk.close()
        _socket(orders).unlink(missing_ok=True)
    return 0


async def _begins(
    orders: messages.Orders,
    plane: RelayPlane,
    desk: Desk,
    front: socket.socket,
    tunnels: AsyncExitStack,
) -> bool:
    """Have everything that it takes, or say what is missing."""
    port: int | None = orders.udp_port
    try:
        await plane.start()
        port = None
        others = (other for other in range(orders.count) if other != orders.index)
        plane.open_bridges(Path(orders.directory), orders.index, others)
        _open_tunnels(orders, plane, tunnels)
        await desk.open(_socket(orders))
    except OSError as error:
        channel = await Channel.over(front)
        channel.send(messages.CannotStart(error.errno or errno.EIO, port))
        await channel.close()
        return False
    await desk.attend(front)
    return True


def _open_tunnels(orders: messages.Orders, plane: RelayPlane, stack: AsyncExitStack) -> None:
    """Take connections that carry media over TCP."""
    tunnels = Tunnels(plane.landing)
    stack.callback(tunnels.close)
    path = handing.name(Path(orders.directory), orders.index)
    taking = handing.Taking(path, partial(tunnels.take, orders.index))
    stack.callback(taking.close)


def _socket(orders: messages.Orders) -> Path:
    return control(Path(orders.directory), orders.index)


if __name__ == "__main__":
    main()
