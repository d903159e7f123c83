"""A thin peer's way to the other side: one UDP socket, ICE checks, and consent (RFC 8445, 7675)."""

import asyncio
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from relay.bots.arrivals import age_s
from relay.bots.checks import Checked, Credentials, read_stun, write_check, write_success
from relay.errors import BotError

CONSENT_S = 4.0
"""Between the checks that keep the way open."""

_CHECK_RETRY_S = 0.1
_DATAGRAMS_PER_TURN = 64
_DATAGRAM_BYTES = 2048
_SOCKET_BUFFER_BYTES = 1 << 20
_WAITING_DTLS = 64


@dataclass(slots=True)
class Counters:
    """Datagrams by fate.

    ``undecryptable`` came in but was no valid SRTP; ``unsent`` was refused by the socket.
    """

    sent: int = 0
    undecryptable: int = 0
    unsent: int = 0


class IceTransport:
    """Sends datagrams to the other side, and tells apart what comes (RFC 7983).

    It answers STUN itself. DTLS waits in a bounded queue for the DTLS transport, of which this is
    the ``seam.DatagramPipe``; what is too much is dropped, as DTLS repeats it.

    :param host: the local address to bind.
    :param on_srtp: gets what looks like SRTP or SRTCP.
    :raises BotError: when the address cannot be bound.
    """

    role = "controlling"

    def __init__(self, host: str, on_srtp: Callable[[bytes], None]) -> None:
        self.counters = Counters()
        self._host = host
        self._on_srtp = on_srtp
        self._tie_breaker = secrets.randbits(64)
        self._controlling = True
        self._credentials: Credentials | None = None
        self._target: tuple[str, int] | None = None
        self._choice: tuple[tuple[str, int], ...] = ()
        self._transaction_id = b""
        self._confirmed = asyncio.Event()
        self._consent: asyncio.TimerHandle | None = None
        self._dtls: asyncio.Queue[bytes] = asyncio.Queue(_WAITING_DTLS)
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = self._bind()

    @property
    def address(self) -> tuple[str, int]:
        """The local address and port."""
        host, port = self._open_socket().getsockname()[:2]
        return host, port

    @property
    def credentials(self) -> Credentials:
        """Both sides' names and passwords.

        :raises BotError: when they are not known yet.
        """
        if self._credentials is None:
            raise BotError("the other side is not known yet")
        return self._credentials

    @property
    def age_s(self) -> float:
        """How long ago the datagram came that was read last; see :func:`arrivals.age_s`."""
        return age_s(self._open_socket().fileno())

    def aim(
        self, target: tuple[str, int] | None, credentials: Credentials, *, controlling: bool
    ) -> None:
        """Take the other side's address, both sides' credentials, and our role."""
        self._target = target
        self._credentials = credentials
        self._controlling = controlling

    def choose(self, targets: Sequence[tuple[str, int]]) -> None:
        """Check all of these, and use the one that answers first; to be called after :meth:`aim`.

        :param targets: addresses as :meth:`address` has them, with the host in its shortest form.
        """
        self._target, self._choice = None, tuple(targets)

    async def check(self) -> None:
        """Send checks until one is confirmed (or, when controlled, until we are nominated)."""
        self._confirmed.clear()
        self._transaction_id = secrets.token_bytes(12)
        while not self._confirmed.is_set():
            self._send_check()
            try:
                async with asyncio.timeout(_CHECK_RETRY_S):
                    await self._confirmed.wait()
            except TimeoutError:
                continue

    def keep_consent(self) -> None:
        """Go on checking now and then, until :meth:`stop_consent`."""
        self.stop_consent()
        self._consent = self._loop.call_later(CONSENT_S, self._renew_consent)

    def stop_consent(self) -> None:
        """Check no more; harmless when repeated."""
        if self._consent is not None:
            self._consent.cancel()
            self._consent = None

    def send(self, datagram: bytes) -> None:
        """Send any bytes as they are; what the socket refuses is counted."""
        if self._target is None:
            self.counters.unsent += 1
        else:
            self._send_to(datagram, self._target)

    def lend_socket(self) -> socket.socket:
        """Hand over the socket, connected to the other side, to a loop that is quicker than ours.

        Nothing more is read here; consent checks go on, and :meth:`close` still closes it.
        """
        lent = self._open_socket()
        self._loop.remove_reader(lent)
        if self._target is not None:
            lent.connect(self._target)
        return lent

    def close(self) -> None:
        """Let go of the socket; harmless when repeated."""
        self.stop_consent()
        self._unbind()

    # the pipe under DTLS

    async def _recv(self) -> bytes:
        return await self._dtls.get()

    async def _send(self, datagram: bytes) -> None:
        self.send(datagram)

    # checks

    def _send_check(self) -> None:
        if self._credentials is None:
            return
        check = write_check(
            self._credentials,
            self._transaction_id,
            self._tie_breaker,
            controlling=self._controlling,
        )
        if self._target is None and self._choice:
            for target in self._choice:
                self._send_to(check, target)
        else:
            self.send(check)

    def _renew_consent(self) -> None:
        self._transaction_id = secrets.token_bytes(12)
        self._send_check()
        self.keep_consent()

    def _on_stun(self, datagram: bytes, source: tuple[str, int]) -> None:
        if self._credentials is None:
            return
        said = read_stun(datagram, self._credentials)
        if isinstance(said, Checked):
            if said.nominated and not self._controlling:
                self._target = source
                self._confirmed.set()
            self._send_to(write_success(self._credentials, said.transaction_id, source), source)
        elif said is not None and said.transaction_id == self._transaction_id and self._controlling:
            if self._target is None and source in self._choice:
                self._target = source
            self._confirmed.set()

    # the socket

    def _send_to(self, datagram: bytes, address: tuple[str, int]) -> None:
        if self._socket is None:
            self.counters.unsent += 1
            return
        try:
            self._socket.sendto(datagram, address)
        except OSError:  # a full buffer, or an ICMP error of an earlier datagram
            self.counters.unsent += 1
        else:
            self.counters.sent += 1

    def _on_readable(self) -> None:
        for _ in range(_DATAGRAMS_PER_TURN):
            if self._socket is None:
                return
            try:
                datagram, source = self._socket.recvfrom(_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier datagram
                continue
            if datagram:
                self._on_datagram(datagram, source[:2])

    def _on_datagram(self, datagram: bytes, source: tuple[str, int]) -> None:
        first = datagram[0]
        if first < 4:
            self._on_stun(datagram, source)
        elif 20 <= first < 64:
            if not self._dtls.full():
                self._dtls.put_nowait(datagram)
        elif 128 <= first < 192:
            self._on_srtp(datagram)

    def _bind(self) -> socket.socket | None:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_DGRAM)
        try:
            bound.setblocking(False)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER_BYTES)
            bound.bind((self._host, 0))
        except OSError as error:
            bound.close()
            raise BotError(f"cannot bind {self._host}: {error.strerror}") from error
        self._loop.add_reader(bound, self._on_readable)
        return bound

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise BotError("the peer is closed")
        return self._socket

    def _unbind(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None
