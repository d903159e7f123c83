"""``/welcome.txt``: the text with the rules that the page shows first."""

from hashlib import sha256
from pathlib import Path
from unicodedata import category

from aiohttp import ETag, web

from relay import whole
from relay.errors import reason_of

MAX_WELCOME_BYTES = 16 * 1024


def read_welcome(path: Path) -> str:
    """The text of a file.

    :raises ValueError: when it cannot be used; says why, as in "is empty".
    """
    try:
        content = whole.read(path, MAX_WELCOME_BYTES)
    except OSError as error:
        raise ValueError(f"cannot be read: {reason_of(error)}") from None
    if len(content) > MAX_WELCOME_BYTES:
        raise ValueError(f"is longer than {MAX_WELCOME_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not in UTF-8") from None
    if any(category(character) == "Cc" and character not in "\n\r\t" for character in text):
        raise ValueError("is no plain text")
    if not text.strip():
        raise ValueError("is empty")
    return text


class Welcome:
    """Serves one text."""

    def __init__(self, text: str) -> None:
        self.say(text)

    def say(self, text: str) -> None:
        """Serve another one from now on."""
        self._text = text
        self._etag = ETag(sha256(text.encode()).hexdigest()[:32])

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.get("/welcome.txt", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        known = request.if_none_match or ()
        if any(etag.value in {"*", self._etag.value} for etag in known):
            response = web.Response(status=304)
        else:
            response = web.Response(text=self._text, content_type="text/plain", charset="utf-8")
        response.etag = self._etag
        response.headers["Cache-Control"] = "no-cache"
        return response
