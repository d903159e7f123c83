"""A person at the page: what they do, and what they see."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Page, WebSocket

from tests.browser.opening import NETWORK_CHANGED, open_page

T = TypeVar("T")

SPY = (Path(__file__).parent / "spy.js").read_text()

# What Chromium says of a server that is not there, or lets nobody in. When the page asks why, the
# server may be just coming, just going, or have room again: then the answer is 400.
_ASKED = r"WebSocket connection to .* failed|the server responded with a status of 400"
NOT_REACHED = rf"{_ASKED}|net::ERR_(CONNECTION_\w+|EMPTY_RESPONSE)"
REFUSED = rf"{_ASKED}|the server responded with a status of 4(03|09|29)"
TURNED_AWAY = rf"{_ASKED}|the server responded with a status of 503"


@dataclass(frozen=True)
class Sight:
    """What comes in and goes out, at one moment."""

    width: int
    presented: int
    visible: bool
    decoded: int
    sent: int
    audioPackets: int  # noqa: N815 - the browser's names
    audioEnergy: float  # noqa: N815


async def until(
    look: Callable[[], Awaitable[T]], is_so: Callable[[T], object], timeout_s: float = 30
) -> T:
    """Look again and again until it is so; returns what was seen then."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        seen = await look()
        if is_so(seen):
            return seen
        assert time.monotonic() < deadline_s, f"after {timeout_s} s still: {seen}"
        await asyncio.sleep(0.05)


async def together(*steps: Awaitable[Any]) -> list[Any]:
    """Do it all at once."""
    return await asyncio.gather(*steps)


@dataclass
class Visitor:
    """One browser window with the page in it."""

    page: Page
    received: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    expected_complaints: str = r"(?!)"

    @classmethod
    async def arrive(
        cls, context: BrowserContext, url: str, *, agree: bool = True, spell: str = ""
    ) -> "Visitor":
        """Open the page; ``spell`` runs in it before its own scripts."""
        page = await context.new_page()
        visitor = cls(page)
        page.on("console", visitor._hear_console)
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        page.on("dialog", visitor._hear_dialog)
        page.on("websocket", visitor._hear_socket)
        await page.add_init_script(SPY)
        if spell:
            await page.add_init_script(spell)
        await open_page(page, url)
        if agree:
            await visitor.press("I am 18 or older and agree")
        return visitor

    def _hear_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and NETWORK_CHANGED not in message.text:
            self.complaints.append(f"{message.text} ({message.location['url']})")

    async def _hear_dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"{dialog.type}: {dialog.message}")
        await dialog.dismiss()

    def _hear_socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.received.append(str(frame)))

    def unexpected_complaints(self) -> list[str]:
        return [c for c in self.complaints if not re.search(self.expected_complaints, c)]

    # what they do

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def key(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def leaves(self) -> None:
        """Stop, if there is anything to stop: whoever goes without is waited for by the server."""
        if not self.page.is_closed():
            await self.page.evaluate("() => document.getElementById('stop')?.click()")

    async def says(self, text: str) -> None:
        await self.page.get_by_label("Message", exact=True).fill(text)
        await self.press("Send")

    async def likes(self, *interests: str) -> None:
        for interest in interests:
            await self.page.get_by_label("Interests").fill(interest)
            await self.page.keyboard.press("Enter")

    async def hide(self, hidden: bool = True) -> None:
        """Look at another tab, or come back; a headless browser shows all tabs, so it is told."""
        await self.page.evaluate("(hidden) => window.spy.hide(hidden)", hidden)

    # what they see

    async def reads(self, words: str, timeout_s: float = 30) -> None:
        """Wait until the page says so, before the call or in it."""
        await until(self.words, lambda seen: words in seen, timeout_s)

    async def words(self) -> str:
        said = await self.page.locator(".greeting:visible, #situation:visible").all_inner_texts()
        return " ".join(" ".join(said).split())

    async def sees_marks(self, *marks: str, timeout_s: float = 30) -> None:
        """Wait until these marks are on the partner."""
        items = self.page.locator("#marks p")
        await until(items.all_inner_texts, lambda seen: seen == list(marks), timeout_s)

    async def sees_somebody(self, timeout_s: float = 30) -> Sight:
        """Wait until the partner's picture moves and their sound comes, from now on."""
        before = await self.look()

        def moves(now: Sight) -> bool:
            return (
                now.visible
                and now.width > 0
                and now.decoded >= before.decoded + 10
                and now.presented > before.presented
                and now.audioPackets >= before.audioPackets + 10
            )

        return await until(self.look, moves, timeout_s)

    async def look(self) -> Sight:
        return Sight(**await self.page.evaluate("() => window.spy.look()"))

    async def chat(self) -> list[str]:
        """What has been said since somebody was met."""
        return await self.page.locator("#log > :not([data-former]) .text").all_inner_texts()

    async def hears(self, *lines: str) -> None:
        """Wait until the chat has these lines."""
        await until(self.chat, lambda seen: seen == list(lines))

    async def is_sending(self) -> list[bool]:
        """Of the last link's audio and video, whether they are sent and not paused."""
        active: list[bool] = await self.page.evaluate("() => window.spy.isSending()")
        return active

    async def links(self) -> list[dict[str, Any]]:
        """Every RTCPeerConnection that the page has made, in order."""
        links: list[dict[str, Any]] = await self.page.evaluate("() => window.spy.describeLinks()")
        return links

    async def way(self) -> list[Any]:
        """What the last link goes over, once it does: the type of the candidate here, its protocol,
        and the protocol to a TURN server, if it is by one."""

        async def look() -> Any:
            return await self.page.evaluate("() => window.spy.way()")

        found: list[Any] = await until(look, lambda found: found is not None)
        return found


def heard(person: Visitor, kind: str) -> int:
    """How many messages of this kind have come."""
    return sum(f'"type": "{kind}"' in frame for frame in person.received)


async def meet(count: int, *people: Visitor) -> None:
    """Wait until all of them have met so often, and see somebody."""

    async def met() -> list[int]:
        return [heard(person, "partner_found") for person in people]

    await until(met, lambda seen: seen == [count] * len(people), 60)
    await together(*(person.sees_somebody(60) for person in people))
