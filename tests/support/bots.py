"""A server for bots; their client and bot with what only tests ask: to talk, stop and vanish."""

import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from socket import SO_LINGER, SOL_SOCKET

from relay.app import running
from relay.bots import bot, client
from relay.carrier import OwnedPlane
from relay.config import Settings
from relay.protocol.messages import (
    ChatDelivery,
    ChatMessage,
    PartnerBlurred,
    PartnerConnection,
    ServerMessage,
    StopChat,
)
from tests.support.peer import transport_of


@asynccontextmanager
async def relay(*, plane: OwnedPlane | None = None, **settings: object) -> AsyncIterator[str]:
    """A running server's WebSocket address."""
    chosen = {"host": "127.0.0.1", "port": 0, "udp_port": 0, "workers": 0} | settings
    async with running(Settings.model_validate(chosen), plane=plane) as server:
        yield server.url.replace("http", "ws") + "/ws"


class Client(client.Client):
    """A client that can be cut off."""

    async def vanish(self) -> None:
        """Cut the TCP connection without a WebSocket goodbye, as a crash does."""
        self._socket = None
        assert self._http is not None
        assert self._http.connector is not None
        await self._http.connector.close()
        await self.close()


def cut(to: client.Client) -> None:
    """Lose a client's connection as by a reset (RST), which it finds out by itself."""
    assert to._socket is not None
    transport = transport_of(to._socket)
    # Without waiting, a socket that is closed is reset.
    opened = transport.get_extra_info("socket")
    opened.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class _Numbers(Iterator[int]):
    """Counts frames, and can be looked at."""

    coming = 0

    def __next__(self) -> int:
        self.coming += 1
        return self.coming - 1


class Bot(bot.Bot):
    """A bot with more of what users do.

    :param early_link: False is the plain client also in ``relay`` mode: a fresh connection for
        every partner, offered by the initiator.
    :param resumes: False is a client that cannot come back when its socket is lost.
    """

    def __init__(
        self, url: str, number: int = 1, *, early_link: bool = True, resumes: bool = False
    ) -> None:
        super().__init__(url, number)
        self.chats: list[ChatDelivery] = []
        self.blurred: list[PartnerBlurred] = []
        """Each time that a partner's picture had better be blurred."""
        self.partner_is_interrupted: bool | None = None
        """As the server has said last."""
        if not resumes:
            self._client = Client(url)
        self._early_link = early_link
        self._numbers = self._pictures = _Numbers()

    @property
    def next_picture(self) -> int:
        """The number that its next picture will have."""
        return self._pictures.coming

    @property
    def link_state(self) -> str:
        """``none`` or the peer connection's state, such as ``connected``."""
        return self._peer.state if self._peer is not None else "none"

    async def stop(self) -> None:
        """Leave partner or queue and close the link, but stay connected."""
        await self._client.send(StopChat())  # first, or the server would offer to repair the link
        await self._part()
        await self._close_peer()

    def cut(self) -> None:
        """Lose the signalling's connection, and nothing else."""
        cut(self._client)

    async def say(self, text: str) -> None:
        """Send the partner a chat message."""
        await self._client.send(ChatMessage(text=text))

    async def vanish(self) -> None:
        """Cut the signalling without goodbye, then let go of the rest."""
        assert isinstance(self._client, Client), "it would come back"
        await self._client.vanish()
        await self.leave()

    @property
    def _keeps_link(self) -> bool:
        return self._early_link and super()._keeps_link

    async def _on_message(self, message: ServerMessage) -> None:
        await super()._on_message(message)
        if isinstance(message, ChatDelivery):
            self.chats.append(message)
        elif isinstance(message, PartnerBlurred):
            self.blurred.append(message)
        elif isinstance(message, PartnerConnection):
            self.partner_is_interrupted = message.interrupted
