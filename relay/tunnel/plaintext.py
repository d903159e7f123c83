"""The front's part of a tunnel over TLS: bytes between a connection and a pair of sockets.

Both ways are bounded: what one end does not take is not read from the other.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from relay.tunnel.tunnel import NOT_SENT_BYTES, SOCKET_BYTES, TCP_NOTSENT_LOWAT

_READ_BYTES = 64 * 1024


class Plaintext:
    """Pumps from the moment that it is made, to :meth:`close`.

    :param ours: connected; what is at its other end works with plain bytes.
    :param transport: over TLS. Whoever has its protocol calls :meth:`take`, :meth:`pause` and
        :meth:`resume`, and :meth:`close` when it has gone.
    """

    def __init__(self, ours: socket.socket, transport: asyncio.Transport) -> None:
        self._ours, self._transport = ours, transport
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray()
        self._is_open = True
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        transport.set_write_buffer_limits(high=NOT_SENT_BYTES)
        outer = transport.get_extra_info("socket")
        with suppress(OSError):  # a system without it
            outer.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOT_SENT_BYTES)
        self._loop.add_reader(ours, self._on_readable)

    def close(self) -> None:
        """End it; harmless when it has ended."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._ours)
            self._loop.remove_writer(self._ours)
            self._ours.close()

    # from the user

    def take(self, data: bytes) -> None:
        """Pass on what came; no more is read until it has been taken."""
        if not self._is_open:
            return
        if not self._unsent:
            try:
                data = data[self._ours.send(data) :]
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                self._end()
                return
        if data:
            if not self._unsent:
                self._transport.pause_reading()
                self._loop.add_writer(self._ours, self._on_writable)
            self._unsent += data

    def _on_writable(self) -> None:
        try:
            del self._unsent[: self._ours.send(self._unsent)]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._end()
            return
        if not self._unsent:
            self._loop.remove_writer(self._ours)
            self._transport.resume_reading()

    # to the user

    def pause(self) -> None:
        """Read nothing more from the other process: the user does not take what there is."""
        if self._is_open:
            self._loop.remove_reader(self._ours)

    def resume(self) -> None:
        """Go on."""
        if self._is_open:
            self._loop.add_reader(self._ours, self._on_readable)

    def _on_readable(self) -> None:
        try:
            data = self._ours.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if data:
            self._transport.write(data)
        else:
            self._end()

    def _end(self) -> None:
        self.close()
        self._transport.abort()
