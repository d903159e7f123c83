"""Browsers at the relay without our page, so that they can do what it never does."""

import json
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from playwright.async_api import Page

_SCRIPT = (Path(__file__).parent / "guest.js").read_text()

CAMERA = {"audio": True, "video": {"width": 320, "height": 240}}
MICROPHONE = {"audio": True}
SOUND = "send('audio')"
PICTURE = "send('video')"

Run = Callable[[str], Awaitable[Any]]
"""Evaluates an expression in a window, and waits for what it promises."""


class BrowserGuest:
    """A plain RTCPeerConnection in a browser's window of its own.

    :param kinds: the kinds of its sections, in order.
    :param device: what getUserMedia is asked for, if anything.
    :param steps: what it does before its first offer.
    :param scrambled: encrypt whole frames, and decrypt what comes.
    :param bundle_policy: the browser's, how many transports it begins with.
    """

    def __init__(
        self,
        run: Run,
        *,
        kinds: Iterable[str] = ("audio", "video"),
        device: dict[str, Any] | None = None,
        steps: Iterable[str] = (),
        scrambled: bool = False,
        bundle_policy: str = "max-bundle",
    ) -> None:
        self.run = run
        self._options = {
            "kinds": list(kinds),
            "device": device,
            "scrambled": scrambled,
            "bundlePolicy": bundle_policy,
        }
        self._steps = tuple(steps)
        self._is_open = False

    async def offer(self) -> str:
        if not self._is_open:
            await self.run(_SCRIPT)
            await self.run(f"guest.open({json.dumps(self._options)})")
            self._is_open = True
            await self.do(*self._steps)
        offer: str = await self.run("guest.offer()")
        return offer

    async def take(self, answer: str) -> None:
        await self.run(f"guest.take({json.dumps(answer)})")

    async def do(self, *steps: str) -> None:
        """Take steps, which are calls in ``guest.js``; what they change is to be offered then."""
        for step in steps:
            await self.run(f"(guest.{step}, null)")

    async def sections(self) -> list[str]:
        """Of each section the mid, the kind and the direction."""
        found: list[str] = await self.run("guest.sections()")
        return found

    async def received(self) -> dict[str, int]:
        counts = {"audio": 0, "video": 0}
        for report in await self.run("guest.stats()"):
            if report["type"] == "inbound-rtp":
                field = "packetsReceived" if report["kind"] == "audio" else "framesDecoded"
                counts[report["kind"]] += report.get(field, 0)
        return counts

    async def stat(self, kind_of_stat: str, **fields: object) -> dict[str, Any]:
        """The first entry of getStats of a type that has these fields; empty without any."""
        stats = await self.run("guest.stats()")
        wanted = {"type": kind_of_stat, **fields}.items()
        found = (s for s in stats if all(s.get(name) == value for name, value in wanted))
        return next(found, {})

    async def close(self) -> None:
        if self._is_open:
            await self.run("guest.close()")


class ChromiumGuest(BrowserGuest):
    """The same in Chromium."""

    def __init__(self, page: Page, **options: Any) -> None:
        super().__init__(page.evaluate, **options)
        self.page = page
