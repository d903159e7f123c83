"""The bots' thin peer with what only tests ask of it: it keeps what it hears, moves, and lies."""

import asyncio
import functools
from collections.abc import Callable

from relay.bots import thin
from relay.bots.description import Numbering
from relay.bots.ice import Counters

QUEUE_PACKETS = 4096
"""How many received packets of a kind wait to be taken; more are dropped and counted."""


class ThinPeer(thin.ThinPeer):
    """Received packets, decrypted, go to the queues ``rtp`` and ``rtcp``."""

    def __init__(self, *, numbering: Numbering | None = None) -> None:
        self.rtp: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_PACKETS)
        self.rtcp: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_PACKETS)
        self.dropped = 0
        super().__init__(
            on_rtp=functools.partial(self._keep, self.rtp),
            on_rtcp=functools.partial(self._keep, self.rtcp),
            numbering=numbering,
        )

    def _keep(self, queue: asyncio.Queue[bytes], packet: bytes) -> None:
        if queue.full():
            self.dropped += 1
        else:
            queue.put_nowait(packet)

    @property
    def address(self) -> tuple[str, int]:
        return self.ice.address

    @property
    def counters(self) -> Counters:
        return self.ice.counters

    async def move(self) -> None:
        """Go on from a new local port, and tell the other side with a check."""
        self.ice._unbind()
        self.ice._socket = self.ice._bind()
        async with asyncio.timeout(10):
            await self.ice.check()

    async def vanish(self) -> None:
        """Let go of everything without a word, as a crash or a cut cable does."""
        self.ice.close()
        await self.close()

    def send_raw(self, datagram: bytes) -> None:
        """Send any bytes as they are, to where packets go."""
        self.ice.send(datagram)

    def forge(self, change: Callable[[bytes], list[bytes]]) -> None:
        """Have each DTLS datagram replaced on its way out of the socket."""

        async def send(datagram: bytes) -> None:
            for each in change(datagram):
                self.ice.send(each)

        self.ice._send = send  # type: ignore[method-assign]
