"""Ports for a server that is told which to take."""

import itertools
import os
import socket
from contextlib import ExitStack

_FIRST, _COUNT = 20_000, 10_000
"""Below those that systems hand out, or another test would get one between looking and taking."""
_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
_numbers = itertools.count(os.getpid() * 101)  # tests in other processes begin elsewhere


def free_ports(count: int = 1) -> tuple[int, ...]:
    """Ports that nobody has now at any address, for UDP or TCP, one after the other."""
    while True:
        first = _FIRST + next(_numbers) * 8 % _COUNT
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
