"""Ports for a server that is told which to take."""

import itertools
import os
import socket
from contextlib import ExitStack
from functools import cache

_FIRST, _BLOCKS, _BLOCK = 20_000, 20, 500
"""Below those that systems hand out, or another test would get one between looking and taking."""
_STEP = 8
_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
_numbers = itertools.count()


def free_ports(count: int = 1) -> tuple[int, ...]:
    """Ports that nobody has now at any address, for UDP or TCP, one after the other."""
    while True:
        first = _block() + next(_numbers) * _STEP % (_BLOCK - _STEP)
        ports = tuple(range(first, first + count))
        try:
            with ExitStack() as stack:
                for port, kind in itertools.product(ports, _KINDS):
                    found = stack.enter_context(socket.socket(socket.AF_INET, kind))
                    found.bind(("0.0.0.0", port))
        except OSError:
            continue
        return ports


def free_port() -> int:
    """One of these."""
    return free_ports()[0]


@cache
def _block() -> int:
    """The first of those that this process hands out: other tests at the same time have others.

    It holds a name for as long as it lives, of those that are no files (unix(7)).
    """
    for number in range(_BLOCKS):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0ports of the relay's tests, {number}")
        except OSError:
            claim.close()
        else:
            claim.detach()
            return _FIRST + number * _BLOCK
    return _FIRST + os.getpid() % _BLOCKS * _BLOCK
