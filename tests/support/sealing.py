"""Watches what the relay encrypts: under one number of one SSRC nothing twice (RFC 3711 9.1)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from relay.media import forwarder, repairs
from relay.media.packets.numbering import nearest
from relay.srtp import srtp_ffi, srtp_lib


class Seals:
    """Every call that encrypts RTP, whether libsrtp did so or refused."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made = 0
        self.twice: list[tuple[int, int]] = []
        """SSRC and extended number of what was encrypted though the number had been used."""
        self.refused: list[tuple[int, int]] = []
        """The same of what libsrtp refused."""
        self._last: dict[tuple[int, int], int] = {}
        self._used: set[tuple[int, int, int]] = set()
        monkeypatch.setattr(forwarder, "_protect", self._protect)
        monkeypatch.setattr(repairs, "srtp_lib", SimpleNamespace(srtp_protect=self._protect))

    def _protect(self, session: Any, packet: Any, size: Any) -> int:
        header = bytes(srtp_ffi.buffer(packet, 12))
        number, ssrc = int.from_bytes(header[2:4]), int.from_bytes(header[8:])
        status: int = srtp_lib.srtp_protect(session, packet, size)
        stream = int(srtp_ffi.cast("uintptr_t", session)), ssrc
        extended = nearest(self._last.get(stream, number), number)
        if status:
            self.refused.append((ssrc, extended))
            return status
        self.made += 1
        self._last[stream] = max(self._last.get(stream, extended), extended)
        if (*stream, extended) in self._used:
            self.twice.append((ssrc, extended))
        self._used.add((*stream, extended))
        return status
