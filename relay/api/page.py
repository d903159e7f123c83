"""The page: the files of the ``web`` folder, and no others.

Browsers ask for each file every time and are mostly answered with 304, by an ETag of the content,
so that a new version of the page is never mixed with an old one. Texts travel compressed.
The page itself comes as one file (``joined``); ``/index.html`` has it in its parts, for whoever
works on it.
"""

import gzip
import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import structlog
from aiohttp import ETag, web

import relay
from relay.api import joined
from relay.api.answers import POLICY, policy

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


_FALLBACK = "en"  # web/words/words.js

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Content:
    """One version of what is sent."""

    parts: tuple[Path, ...]  # the files it is made of
    version: tuple[tuple[int, int], ...]  # what tells that one of them is another one
    plain: bytes
    packed: bytes | None  # when that is shorter
    etag: str
    policy: str | None = None  # where it needs one of its own


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
        # No more than the folder has files, modules and languages.
        self._contents: dict[tuple[str, str], _Content] = {}

    def routes(self) -> list[web.RouteDef]:
        """The page's routes; they match whatever no other route does."""
        return [web.get("/with/{code}", _invited), web.get("/{path:.*}", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["path"]
        own = name.removeprefix("joined/")
        path = self._find(_completed(own))
        if path is None or (own != name and path.suffix != ".js"):
            raise web.HTTPNotFound(text="there is nothing here")
        try:
            if name == "":
                content = self._read("front", self._language(request))
            else:
                form = "file" if own == name else "later"
                content = self._read(form, path.relative_to(self._root).as_posix())
        except OSError:  # deleted, or made unreadable, a moment ago
            raise web.HTTPNotFound(text="there is nothing here") from None
        response = _answer(request, path.suffix, content)
        if name == "":
            response.headers["Vary"] = "Accept-Encoding, Accept-Language"
        if self._welcome is not None and path == self._root / "index.html":
            response.headers["Cache-Control"] = "private, no-cache"
            self._welcome(request, response)
        return response

    def _language(self, request: web.Request) -> str:
        """The first of the browser's languages that the page speaks, as the page itself chooses."""
        for offer in request.headers.get("Accept-Language", "").lower().split(","):
            language = re.split("[-;]", offer.strip())[0]
            if re.fullmatch("[a-z]{2}", language) and self._find(f"words/{language}.js"):
                return language
        return _FALLBACK

    def _read(self, form: str, name: str) -> _Content:
        """What is sent, in one of three forms: ``file``, ``front`` (of a language), ``later``."""
        known = self._contents.get((form, name))
        if known is None or known.version != _version(known.parts):
            known = self._contents[form, name] = self._load(form, name)
        return known

    def _load(self, form: str, name: str) -> _Content:
        parts: list[Path] = []

        def read(part: str) -> str:
            parts.append(self._root / part)
            return parts[-1].read_text(encoding="utf-8")

        try:
            if form == "front":
                front = joined.front(read, f"words/{name}.js")
                own = policy(" ".join(map(_hash, front.scripts)), _hash(front.style))
                return _content(parts, front.html.encode(), own)
            if form == "later":
                return _content(parts, joined.later(read, name).encode())
        except joined.CannotJoinError as error:
            _log.warning("page_not_joined", reason=str(error))
            name = "index.html" if form == "front" else name
        path = self._root / name
        return _content([path], path.read_bytes(), is_text=path.suffix in _TEXTS)

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


def _version(parts: Iterable[Path]) -> tuple[tuple[int, int], ...]:
    """Sizes and times of change."""
    return tuple((status.st_size, status.st_mtime_ns) for status in map(Path.stat, parts))


def _content(
    parts: Iterable[Path], plain: bytes, own: str | None = None, *, is_text: bool = True
) -> _Content:
    packed = gzip.compress(plain, mtime=0) if is_text else plain
    etag = hashlib.sha256(plain).hexdigest()[:20]
    parts = tuple(parts)
    shorter = packed if len(packed) < len(plain) else None
    return _Content(parts, _version(parts), plain, shorter, etag, own)


def _hash(text: str) -> str:
    """As a policy names it (CSP 3, section 2.3.1)."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _answer(request: web.Request, suffix: str, content: _Content) -> web.Response:
    headers = {"Cache-Control": "no-cache"}  # always asked for, mostly answered with 304
    if content.policy is not None:
        headers[POLICY] = content.policy
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
