"""What the machine gives the server: time, files, idle cores, socket buffers, segmentation."""

import ctypes
import errno
import resource
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from relay.config import Settings
from relay.doctor.findings import Finding, bad, fair, good
from relay.door import files
from relay.errors import reason_of
from relay.media.paths.idle import DEVICE, IdleCores
from relay.media.paths.transport import BUFFER_BYTES

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # more than a struct timex has
_UDP_SEGMENT = 103  # linux/udp.h
_FEW_FILES = 256
_RELEASED = datetime(2025, 1, 1, tzinfo=UTC)


def check_clock() -> Finding:
    """Whether the time is right, which certificates and logs need."""
    return grade_clock(datetime.now(UTC), is_synchronised=_is_synchronised())


def grade_clock(now: datetime, *, is_synchronised: bool | None) -> Finding:
    """Judge the clock.

    :param is_synchronised: as the kernel says; None when it does not.
    """
    told = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now < _RELEASED:
        return bad("clock", f"{told} has long been over", "set the clock, and run an NTP client")
    if is_synchronised is False:
        return fair(
            "clock",
            f"{told}, but nothing keeps it right",
            "run an NTP client: timedatectl set-ntp true, or chrony",
        )
    return good("clock", told + (", kept right by NTP" if is_synchronised else ""))


def _is_synchronised() -> bool | None:
    if sys.platform != "linux":
        return None
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)  # all zero: only look
    state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    return None if state < 0 else state != _TIME_ERROR


def check_files(settings: Settings) -> Finding:
    """Whether there are descriptors for as many users as may come."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return grade_files(soft, hard, settings.max_users)


def grade_files(soft: int, hard: int, max_users: int) -> Finding:
    """Judge the limits of open files; the server raises the soft one to the hard one."""
    wanted = files.wanted(max_users)
    told = "without limit" if hard == resource.RLIM_INFINITY else f"{hard:,}"
    if soft != hard:
        told += f" when the server has raised its limit, which is {soft:,} here"
    fit = files.seats(max_users, files.connections(max_users, hard))
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        return good("open files", f"{told}; enough for {max_users:,} users")
    advice = (
        f"raise the hard limit to {wanted} (LimitNOFILE= of systemd, --ulimit of a container),"
        " or lower --max-users"
    )
    text = f"{told}; enough for {fit:,} of {max_users:,} users, and no others are let in"
    return (bad if hard < _FEW_FILES else fair)("open files", text, advice)


def check_idle_cores(settings: Settings) -> Iterator[Finding]:
    """Whether idle cores can be kept awake, when that is wanted."""
    if not settings.poll_idle:
        return
    try:
        IdleCores().close()
    except OSError as error:
        yield grade_idle_cores(error)
    else:
        yield grade_idle_cores(None)


def grade_idle_cores(error: OSError | None) -> Finding:
    """Judge what the kernel said to the wish to keep idle cores awake."""
    if error is None:
        return good("idle cores", "can be kept awake while there are calls")
    return bad(
        "idle cores",
        f"{DEVICE}: {reason_of(error)}",
        "give the server's user write access to it (a udev rule, or --device of a container),"
        " or leave --poll-idle away",
    )


def check_sockets() -> Iterator[Finding]:
    """Whether the kernel's buffers hold a burst, and whether it cuts up datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for name, option in (("receive", socket.SO_RCVBUF), ("send", socket.SO_SNDBUF)):
            probe.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
            got = probe.getsockopt(socket.SOL_SOCKET, option)
            yield grade_buffer(name, got // 2 if sys.platform == "linux" else got)
        yield _segmentation(probe)


def grade_buffer(name: str, got: int) -> Finding:
    """Judge a socket buffer; ``got`` is in bytes, and is what the kernel grants."""
    subject = f"{name} buffer"
    if got >= BUFFER_BYTES:
        return good(subject, f"{got / 2**20:.1f} MiB")
    variable = "net.core.rmem_max" if name == "receive" else "net.core.wmem_max"
    return fair(
        subject,
        f"{got / 2**20:.1f} of {BUFFER_BYTES / 2**20:.0f} MiB: bursts of packets can be lost",
        f"sysctl -w {variable}={BUFFER_BYTES}, and the same in /etc/sysctl.d",
    )


def _segmentation(probe: socket.socket) -> Finding:
    if sys.platform == "linux":
        try:
            probe.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 0)
        except OSError as error:
            why = errno.errorcode.get(error.errno or 0, "error")
        else:
            return good("UDP segmentation", "the kernel has it")
    else:
        why = "not Linux"
    return fair(
        "UDP segmentation",
        f"missing ({why}): each packet costs a system call's work",
        "nothing is broken; for many users run Linux 4.18 or newer",
    )
