"""What the machine's idle cores do: sleep, or poll so that a packet finds them awake.

Waking a core that sleeps costs more than forwarding a packet does, above all in a virtual machine,
where the host has to be asked. Linux lets a process say what delay it tolerates (PM QoS,
``admin-guide/pm/cpuidle`` in the kernel's documentation): with none at all, cores without work
poll.
"""

import os
import struct
from pathlib import Path

DEVICE = Path("/dev/cpu_dma_latency")

_LATENCY = struct.Struct("=i")  # microseconds
_NONE, _ANY = 0, -1  # PM_QOS_DEFAULT_VALUE, linux/pm_qos.h


class IdleCores:
    """A request to the kernel, which ends with :meth:`close` or with the process."""

    def __init__(self, device: Path = DEVICE) -> None:
        """Make the request, at first for nothing.

        :raises OSError: when the kernel has no such device, or this user may not write to it.
        """
        self._fd = os.open(device, os.O_WRONLY | os.O_CLOEXEC)
        self._poll = False

    def poll(self, on: bool) -> None:
        """Have all cores of the machine poll while they are idle, or let them sleep again."""
        if on is not self._poll:
            self._poll = on
            os.write(self._fd, _LATENCY.pack(_NONE if on else _ANY))

    def close(self) -> None:
        """Let them sleep, and forget it."""
        os.close(self._fd)
