"""Which program has a port, by what the system tells."""

from __future__ import annotations

import socket
from pathlib import Path

from relay.doctor.holders import holder

HEAD = "  sl  local_address rem_address   st"
ROW = (
    "\n   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000"
    "     0        0 {inode} 1"
)


def machine(folder: Path) -> Path:
    """nginx listens on 443, somebody is connected from 444, and coturn has UDP 3478."""
    (folder / "net").mkdir()
    rows = ROW.format(local="0100007F:01BC", state="01", inode="8")
    rows += ROW.format(local="00000000:01BB", state="0A", inode="9")
    (folder / "net/tcp").write_text(HEAD + rows)
    six = ROW.format(local="00000000000000000000000000000000:0D96", state="07", inode="7")
    (folder / "net/udp6").write_text(HEAD + six)
    for process, name, inode in (("77", "turn\x1bserver", "7"), ("812", "nginx", "9")):
        fds = folder / process / "fd"
        fds.mkdir(parents=True)
        (fds / "3").symlink_to(f"socket:[{inode}]")
        (fds / "4").symlink_to("/dev/null")
        (fds.parent / "comm").write_text(f"{name}\n")
    (folder / "999").mkdir()  # somebody else's
    return folder


def test_it_is_told_by_name(tmp_path: Path) -> None:
    proc = machine(tmp_path)
    assert holder(socket.SOCK_STREAM, 443, proc) == "nginx (process 812)"
    assert holder(socket.SOCK_DGRAM, 3478, proc) == "turnserver (process 77)"


def test_what_is_not_to_be_seen_is_not_told(tmp_path: Path) -> None:
    proc = machine(tmp_path)
    assert holder(socket.SOCK_STREAM, 444, proc) == ""  # a client's
    assert holder(socket.SOCK_DGRAM, 443, proc) == ""
    (proc / "812/fd/3").unlink()
    assert holder(socket.SOCK_STREAM, 443, proc) == ""
