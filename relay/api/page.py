"""The page: the files of the ``web`` folder, and no others.

Browsers ask for each file every time and are mostly answered with 304, by an ETag of the content,
so that a new version of the page is never mixed with an old one. Texts travel compressed.
"""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from aiohttp import ETag, web

import relay

_CONTENT_TYPES = {  # the system's own table may lack or contradict these
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


def folder() -> Path:
    """Where the page is: inside the installed package, or beside it in a checkout."""
    package = Path(relay.__file__).resolve().parent
    installed = package / "web"
    return installed if installed.is_dir() else package.parent / "web"


_MAX_CODE_CHARS = 64
_TEXTS = frozenset({".css", ".html", ".js", ".json", ".svg", ".txt", ".webmanifest"})


@dataclass(frozen=True)
class _Content:
    """One version of a file, as it is sent."""

    version: tuple[int, int]  # size and time of change: what tells that it is another one
    plain: bytes
    packed: bytes | None  # when that is shorter
    etag: str


Welcome = Callable[[web.Request, web.StreamResponse], None]
"""Adds the visitor's cookie to an answer."""


class Page:
    """Serves one folder's files; a name that starts with a dot is never one of them.

    :param welcome: attends to whoever asks for the page itself, of which then no cache keeps a copy
        for others.
    """

    def __init__(self, root: Path, welcome: Welcome | None = None) -> None:
        self._root = root.resolve()
        self._welcome = welcome
        self._contents: dict[Path, _Content] = {}  # no more than the folder has files

    def routes(self) -> list[web.RouteDef]:
        """The page's routes; they match whatever no other route does."""
        return [web.get("/with/{code}", _invited), web.get("/{path:.*}", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = self._find(_completed(request.match_info["path"]))
        if path is None:
            raise web.HTTPNotFound(text="there is nothing here")
        try:
            content = self._read(path)
        except OSError:  # deleted, or made unreadable, a moment ago
            raise web.HTTPNotFound(text="there is nothing here") from None
        response = _answer(request, path.suffix, content)
        if self._welcome is not None and path == self._root / "index.html":
            response.headers["Cache-Control"] = "private, no-cache"
            self._welcome(request, response)
        return response

    def _read(self, path: Path) -> _Content:
        status = path.stat()
        version = (status.st_size, status.st_mtime_ns)
        known = self._contents.get(path)
        if known is None or known.version != version:
            known = self._contents[path] = _load(path, version)
        return known

    def _find(self, name: str) -> Path | None:
        parts = name.split("/")
        if any(not part.isprintable() or part.startswith(".") for part in parts):
            return None
        try:
            path = self._root.joinpath(*parts).resolve()
            return path if path.is_relative_to(self._root) and path.is_file() else None
        except OSError:  # longer than a file's name can be, or not ours to look at
            return None


async def _invited(request: web.Request) -> web.StreamResponse:
    """The page, for who comes by an invitation.

    The code goes where browsers send it to nobody: into no log, and no Referer. A path below a
    proxy's prefix is kept.
    """
    code = quote(request.match_info["code"][:_MAX_CODE_CHARS], safe="")
    headers = {"Location": f"../#with={code}", "Cache-Control": "no-store"}
    return web.Response(status=303, headers=headers)


def _completed(path: str) -> str:
    """The path with the name of the file that is meant when only a folder is named."""
    return f"{path}index.html" if path == "" or path.endswith("/") else path


def _load(path: Path, version: tuple[int, int]) -> _Content:
    plain = path.read_bytes()
    packed = gzip.compress(plain, mtime=0) if path.suffix in _TEXTS else plain
    etag = hashlib.sha256(plain).hexdigest()[:20]
    return _Content(version, plain, packed if len(packed) < len(plain) else None, etag)


def _answer(request: web.Request, suffix: str, content: _Content) -> web.Response:
    headers = {"Cache-Control": "no-cache"}  # always asked for, mostly answered with 304
    if suffix in _CONTENT_TYPES:
        headers["Content-Type"] = _CONTENT_TYPES[suffix]
    body = content.plain
    etag = content.etag
    if content.packed is not None:
        headers["Vary"] = "Accept-Encoding"
        if _takes_gzip(request):
            headers["Content-Encoding"] = "gzip"
            body, etag = content.packed, f"{etag}-gzip"
    if any(known.value in (etag, "*") for known in request.if_none_match or ()):
        for about_the_body in ("Content-Type", "Content-Encoding"):
            headers.pop(about_the_body, None)
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(body=body, headers=headers)
    response.etag = ETag(etag)
    return response


def _takes_gzip(request: web.Request) -> bool:
    """Whether the client says so (RFC 9110, section 12.5.3); one that refuses it says ``q=0``."""
    for offer in request.headers.get("Accept-Encoding", "").lower().split(","):
        coding, _, weight = offer.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
