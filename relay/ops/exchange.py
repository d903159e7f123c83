"""What is asked of a relay, and its answers: HTTP, JSON, and what can go wrong with them.

Every method raises :class:`relay.errors.Refused` when the relay answers with an error, and
:class:`relay.errors.Unreachable` when it does not answer; both say why in one line.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import ValidationError

from relay.errors import Refused, Unreachable
from relay.ops import reasons
from relay.ops.address import Address
from relay.ops.models import Model

TIMEOUT_S = 10.0
SILENT_S = 15.0
"""A stream that says nothing for this long is lost; the event stream speaks each second."""

_PAGE = 500

_M = TypeVar("_M", bound=Model)
_Json = dict[str, Any]


class Exchange:
    """One relay, asked by one operator; use it as an async context manager.

    :param url: of the relay, such as ``https://chat.example.org``.
    :param token: the operator's.
    :param fingerprint: the SHA-256 of the one certificate to accept, in hexadecimal digits, with
        or without colons; for certificates that no authority has signed.
    :raises ConfigError: when one of them cannot be right.
    """

    def __init__(self, url: str, token: str, fingerprint: str | None = None) -> None:
        self._address = Address(url, token, fingerprint)
        self._http: aiohttp.ClientSession | None = None
        self.silent_nodes: dict[str, None] = {}
        """Nodes of a cluster that did not answer, so that something was left out."""

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._address.token}"},
            connector=aiohttp.TCPConnector(ssl=self._address.ssl),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session().close()

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("the client is used outside of 'async with'")
        return self._http

    async def ask(
        self,
        model: type[_M],
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: _Json | None = None,
    ) -> _M:
        """Ask for something, or order what is answered with something.

        :param body: what is sent as JSON.
        """
        async with self._answered(method, path, query, body=body) as response:
            with reasons.told(self._address):
                answer = await response.read()
        found = self.read(model, answer)
        self.silent_nodes |= dict.fromkeys(getattr(found, "silent_nodes", ()))
        return found

    async def order(self, method: str, path: str, body: _Json | None = None) -> None:
        """Order what is answered with nothing.

        :param body: what is sent as JSON.
        """
        async with self._answered(method, path, body=body):
            pass

    async def pages(
        self, model: type[_M], path: str, limit: int | None, query: dict[str, str] | None = None
    ) -> AsyncIterator[_M]:
        """Pages, until there are no more or ``limit`` items were read."""
        offset = 0
        while limit is None or offset < limit:
            size = min(_PAGE, _PAGE if limit is None else limit - offset)
            part = {"limit": str(size), "offset": str(offset)}
            page = await self.ask(model, "GET", path, (query or {}) | part)
            yield page
            offset += size
            if not (getattr(page, "more", False) or offset < (getattr(page, "total", 0) or 0)):
                return

    @asynccontextmanager
    async def streamed(
        self, method: str, path: str, query: dict[str, str], silent_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """An answer as it comes; lost when nothing came for ``silent_s`` seconds."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT_S, sock_read=silent_s)
        async with self._answered(method, path, query, timeout) as response:
            yield self._chunks(response)

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """The body as it comes; a failure of the reader's own is left alone."""
        chunks = response.content.iter_any()
        while True:
            with reasons.told(self._address):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            yield chunk

    @asynccontextmanager
    async def _answered(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,  # noqa: ASYNC109 - it is aiohttp's
        *,
        body: _Json | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask; the body is read inside, in ``reasons.told``."""
        url = f"{self._address.url}/api/v1/{path}"
        more: _Json = {} if timeout is None else {"timeout": timeout}
        with reasons.told(self._address):
            response = await self._session().request(
                method, url, params=query, json=body, allow_redirects=False, **more
            )
        async with response:
            if response.status >= 300:
                raise await self._refusal(response)
            yield response

    async def _refusal(self, response: aiohttp.ClientResponse) -> Refused | Unreachable:
        if response.status < 400:
            where = response.headers.get("Location", "elsewhere")
            return Unreachable(f"{self._address.url} redirects to {where}: give that as --url")
        try:
            said = await response.json()
            message = str(said["error"]["message"])
        except (ValueError, KeyError, TypeError, aiohttp.ClientError):
            message = ""
        names_a_thing = "/" in response.url.path.partition("/api/v1/")[2]
        if response.status == 404 and response.method == "GET" and not names_a_thing:
            message = ""  # no list of the API's is ever missing: this is something else
        return reasons.refused(response.status, message, self._address)

    def read(self, model: type[_M], body: bytes | str) -> _M:
        """An answer, or a part of one."""
        try:
            return model.model_validate_json(body)
        except ValidationError:
            raise self._no_relay() from None

    def _no_relay(self) -> Unreachable:
        return Unreachable(f"{self._address.url} does not answer as a relay of this version does")


def path_of(*parts: str) -> str:
    """A path below ``/api/v1``; whatever is in a part stays in it."""
    return "/".join(quote(part, safe="") for part in parts)
