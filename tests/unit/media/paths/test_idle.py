"""Idle cores poll while there are calls, and only then."""

import os
import struct
from pathlib import Path

import pytest

from relay.media.paths.idle import DEVICE, IdleCores

LATENCY = struct.Struct("=i")


def asked(device: Path) -> list[int]:
    """What was written: microseconds, -1 for any."""
    return [value for (value,) in LATENCY.iter_unpack(device.read_bytes())]


def test_the_kernel_is_told_of_changes_only(tmp_path: Path) -> None:
    device = tmp_path / "device"
    device.touch()
    cores = IdleCores(device)
    cores.poll(on=False)
    assert asked(device) == []
    cores.poll(on=True)
    cores.poll(on=True)
    assert asked(device) == [0]
    cores.poll(on=False)
    cores.poll(on=True)
    assert asked(device) == [0, -1, 0]
    cores.close()


def test_a_machine_without_the_device(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        IdleCores(tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(not os.access(DEVICE, os.R_OK | os.W_OK), reason=f"{DEVICE} is not ours")
def test_the_kernel_does_as_it_is_told() -> None:
    def tolerated() -> int:
        value: int = LATENCY.unpack(DEVICE.read_bytes())[0]
        return value

    before = tolerated()
    cores = IdleCores()
    assert tolerated() == before
    cores.poll(on=True)
    assert tolerated() == 0
    cores.poll(on=False)
    assert tolerated() == before
    cores.poll(on=True)
    cores.close()
    assert tolerated() == before
