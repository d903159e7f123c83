"""What this process holds: memory, descriptors, tasks."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import re
import sys
from collections import Counter
from collections.abc import Sized
from dataclasses import dataclass, field
from typing import Any

from relay.media.forwarder import Forwarder


@dataclass(frozen=True)
class Holdings:
    """Taken at one moment; two of them can be compared."""

    descriptors: int
    tasks: Counter[str]
    """By the beginning of their names, which end with a user's id or with a number."""
    tables: dict[str, Any]
    """Whatever the test counts besides."""
    blocks: int = field(compare=False)
    """Blocks of memory that Python's allocator has given to objects."""
    c_bytes: int = field(compare=False)
    """What libc's allocator has given away: to OpenSSL, to libsrtp, to larger Python objects."""

    def grown_to(self, later: Holdings) -> tuple[int, int]:
        """How many blocks and bytes more there are later."""
        return later.blocks - self.blocks, later.c_bytes - self.c_bytes


def holdings(**tables: Any) -> Holdings:
    """What is held now, after the garbage is gone. Numbers of the allocators are exact."""
    for _ in range(3):
        gc.collect()
    return Holdings(
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - it counts itself, always
        tasks=Counter(re.split("[ -]", task.get_name())[0] for task in asyncio.all_tasks()),
        tables=tables,
        blocks=sys.getallocatedblocks(),
        c_bytes=_c_bytes(),
    )


def entries(forwarder: Forwarder) -> tuple[int, int]:
    """Links by address, and by user name fragment."""
    return len(forwarder._by_address), len(forwarder._checks._by_ufrag)


def table_sizes(owner: object) -> dict[str, int]:
    """The size of every table and set that an object has as an attribute."""
    return {
        name: len(value)
        for name, value in vars(owner).items()
        if isinstance(value, Sized) and not isinstance(value, (str, bytes, tuple))
    }


class _Mallinfo2(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    ]


def _c_bytes() -> int:
    try:
        mallinfo2 = ctypes.CDLL(None).mallinfo2
    except AttributeError:  # not glibc 2.33 or later
        return 0
    mallinfo2.restype = _Mallinfo2
    info = mallinfo2()
    return int(info.uordblks + info.hblkhd)
