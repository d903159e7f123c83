"""How a cookie of the page is called, and where browsers send it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie; over HTTPS browsers guard it by its name (RFC 6265bis, section 4.1.3).

    Nobody else, not even a neighbour of the same domain, can set ``__Host-``, which has to be for
    the whole host. On one that has other pages, too, the cookie is for the page's own path, so that
    those others are not sent it; then ``__Secure-`` keeps at least plain HTTP from setting it.
    """

    name: str
    """What a browser keeps that came over plain HTTP."""
    path: str = "/"

    @property
    def secure_name(self) -> str:
        """What it keeps over HTTPS."""
        return f"{'__Host-' if self.path == '/' else '__Secure-'}{self.name}"

    def read(self, request: web.Request, *, is_secure: bool) -> str | None:
        """What the browser has sent of it."""
        return request.cookies.get(self.secure_name if is_secure else self.name)

    def give(
        self,
        response: web.StreamResponse,
        value: str,
        *,
        lasts_s: float,
        samesite: Literal["Strict", "Lax"],
        is_secure: bool,
    ) -> None:
        """Have the browser keep it; no script sees it."""
        response.set_cookie(
            self.secure_name if is_secure else self.name,
            value,
            max_age=int(lasts_s),
            path=self.path,
            httponly=True,
            samesite=samesite,
            secure=is_secure,
        )

    def take_back(self, response: web.StreamResponse, samesite: Literal["Strict", "Lax"]) -> None:
        """Have the browser forget it, by both names."""
        for name in (self.name, self.secure_name):
            is_secure = name != self.name  # else a browser does not take even its end
            response.del_cookie(
                name, path=self.path, httponly=True, samesite=samesite, secure=is_secure
            )
