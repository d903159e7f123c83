"""A client in a browser that is not the page, so that it can offer what the page never does."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.browser.visitor import until

SCRIPT = (Path(__file__).parent / "caller.js").read_text()

Run = Callable[[str], Awaitable[Any]]  # the value of an expression, or of what it promises


class Caller:
    """One client, in a window that ``run`` evaluates in."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def arrive(self, *media: str) -> None:
        """Open the socket, and the link with what the expressions add to it; then search."""
        await self._run(f"(() => {{ {SCRIPT} }})()")
        await self._run("caller.connect()")
        await self.do(*media)
        await self.offer()
        await until(self.look, lambda seen: seen["state"] == "connected")
        await self.do("say({ type: 'find_partner' })")

    async def do(self, *steps: str) -> None:
        """Have the client do something."""
        for step in steps:
            await self._run(f"(caller.{step}, null)")

    async def offer(self) -> str:
        """Negotiate; the answer."""
        return str(await self._run("caller.negotiate()"))

    async def look(self) -> Any:
        """What has come, and how the link is."""
        return await self._run("caller.look()")

    async def receives(self, *kinds: str) -> None:
        """Wait until there is more of these kinds, on a link that is up."""
        before = await self.look()

        def comes(now: Any) -> bool:
            # What is counted begins anew when a section is another one.
            since = {kind: before[kind] if now[kind] >= before[kind] else 0 for kind in kinds}
            is_more = all(now[kind] >= since[kind] + 10 for kind in kinds)
            return now["state"] == "connected" and is_more

        await until(self.look, comes)

    async def is_told(self, *, audio: bool, video: bool) -> None:
        """Wait until the partner's media are said to be so."""
        media = {"type": "media_state", "audio": audio, "video": video}
        await until(self.look, lambda seen: seen["media"] == media)
