"""An operator at the dashboard: what they do, and what they see."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.browser.opening import NETWORK_CHANGED, open_page
from tests.support.operating import AUDIO, ThinUser

PATIENCE_MS = 20_000


@dataclass
class Desk:
    """One browser window with the dashboard in it."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    @classmethod
    async def sit_down(cls, context: BrowserContext, url: str) -> "Desk":
        context.set_default_timeout(PATIENCE_MS)
        desk = cls(await context.new_page(), url)
        desk.page.on("console", desk._hear)
        desk.page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        desk.page.on("request", lambda request: desk.requested.append(request.url))
        await open_page(desk.page, f"{url}/admin")
        return desk

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and NETWORK_CHANGED not in message.text:
            self.complaints.append(message.text)

    # what they do

    async def log_in(self, token: str) -> None:
        await self.page.get_by_label("Operator's token").fill(token)
        await self.press("Log in")

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def turn_to(self, page: str) -> None:
        await self.page.goto(f"{self.url}/admin/#/{page}")

    # what they see

    async def reads(self, text: str) -> None:
        await expect(self.page.locator("body")).to_contain_text(
            text, timeout=PATIENCE_MS, use_inner_text=True
        )

    async def is_live(self) -> None:
        await expect(self.page.locator("#line")).to_have_text("Live", timeout=PATIENCE_MS)

    async def tile(self, name: str, value: str) -> None:
        shown = self.page.locator(f"#tile-{name} dd").first
        await expect(shown).to_have_text(value, timeout=PATIENCE_MS)

    def rows(self, table: str) -> Locator:
        return self.page.locator(f"#{table} tbody tr:not(.group)")

    async def shows(self, part: Locator, entry: str) -> None:
        """Wait until there is a link in it to a user, a room or a track, by whatever name."""
        link = part.locator(f"a[href*='{entry}']:visible").first
        await expect(link).to_be_visible(timeout=PATIENCE_MS)

    async def column(self, table: str, column: int) -> list[str]:
        """What the rows say in one column."""
        found: list[str] = await self.rows(table).evaluate_all(
            "(rows, column) => rows.map((row) => row.children[column].textContent)", column
        )
        return found

    async def focused(self) -> str:
        words: str = await self.page.evaluate("document.activeElement?.textContent?.trim()")
        return words

    async def picture(self, path: Path) -> None:
        await self.page.screenshot(path=path, full_page=True)

    async def gray(self) -> Any:
        """What the thumbnail shows, as rows of brightness."""
        return await self.page.locator("#picture-canvas").evaluate(
            """(canvas) => {
                const { width, height } = canvas;
                const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
                return Array.from({ length: height }, (_, y) =>
                    Array.from({ length: width }, (_, x) => data[4 * (y * width + x) + 1]));
            }"""
        )


@asynccontextmanager
async def talking(*users: ThinUser) -> AsyncIterator[None]:
    """Users who send pictures and sound; the first one loses every fifth picture's end."""

    async def talk(user: ThinUser, *, loses: bool) -> None:
        for number in range(100_000):
            lost = loses and number % 5 == 4
            user.send_picture(key=number % 10 == 0, packets=2, lost=lost)
            user.send(AUDIO, b"opus" * 10, rtp_ts=960 * number)
            while not user.peer.rtp.empty():
                user.peer.rtp.get_nowait()
            with contextlib.suppress(TimeoutError):  # reading also answers the server's pings
                await asyncio.wait_for(user.socket.receive(), 0.05)

    tasks = [
        asyncio.create_task(talk(user, loses=index == 0), name=f"talk {index}")
        for index, user in enumerate(users)
    ]
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
