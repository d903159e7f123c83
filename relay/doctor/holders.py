"""Which program has a port, as far as the system lets this user see (proc(5))."""

import socket
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_TABLES = {socket.SOCK_STREAM: ("tcp", "tcp6"), socket.SOCK_DGRAM: ("udp", "udp6")}
_LISTENS = "0A"  # net/tcp_states.h, for TCP


def holder(kind: socket.SocketKind, port: int, proc: Path = _PROC) -> str:
    """Such as ``nginx (process 812)``; empty where that is not to be seen."""
    inodes = {
        inode for table in _TABLES[kind] for inode in _inodes(proc / "net" / table, kind, port)
    }
    if not inodes:
        return ""
    for process in sorted(proc.glob("[0-9]*"), key=lambda each: int(each.name)):
        if inodes & set(_sockets(process)):
            return f"{_name(process)} (process {process.name})"
    return ""


def _inodes(table: Path, kind: socket.SocketKind, port: int) -> Iterator[str]:
    try:
        rows = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return
    for row in rows:
        _, local, _, state, *_rest = fields = row.split()
        is_bound = kind == socket.SOCK_DGRAM or state == _LISTENS
        if is_bound and int(local.rpartition(":")[2], 16) == port:
            yield fields[9]


def _sockets(process: Path) -> Iterator[str]:
    """The inodes of the sockets that a process has open."""
    try:
        for each in (process / "fd").iterdir():
            target = str(each.readlink())
            if target.startswith("socket:["):
                yield target[8:-1]
    except OSError:  # it has ended, or is somebody else's
        return


def _name(process: Path) -> str:
    try:
        found = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a program"
    return "".join(char for char in found if char.isprintable())
