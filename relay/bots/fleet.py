"""Several bots at once, for a while."""

import asyncio
import contextlib

from relay.bots.address import Trusted
from relay.bots.bot import Bot
from relay.bots.together import together
from relay.errors import BotError
from relay.protocol.messages import Mode


class Fleet:
    """Bots that join together, look for partners and leave together.

    :param url: the relay's ``ws://`` or ``wss://`` address.
    :param count: how many bots; they are numbered from 1.
    :param file: a media file to send instead of generated pictures and tones.
    :param code: they look for whoever has the other one.
    :param rotate_s: every so many seconds each bot presses Next; None for never.
    :param mode: how they want to talk.
    """

    def __init__(
        self,
        url: str,
        count: int,
        *,
        file: str | None = None,
        rotate_s: float | None = None,
        mode: Mode = "video",
        code: str | None = None,
        ssl: Trusted = True,
    ) -> None:
        self.bots = [
            Bot(url, number, file=file, mode=mode, code=code, ssl=ssl)
            for number in range(1, count + 1)
        ]
        self._rotate_s = rotate_s

    async def run(self, duration_s: float) -> None:
        """Join, stay for ``duration_s`` and leave; Ctrl-C, which cancels this, ends it early.

        :raises BotError: when a bot cannot join.
        """
        try:
            await together((self._enter(bot) for bot in self.bots), "bot-enter")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(duration_s):
                    await together((self._stay(bot) for bot in self.bots), "bot-stay")
        except asyncio.CancelledError:
            pass  # the reports so far are told
        finally:
            await asyncio.gather(*(bot.leave() for bot in self.bots))

    async def _enter(self, bot: Bot) -> None:
        await bot.join()
        await bot.find_partner()

    async def _stay(self, bot: Bot) -> None:
        """Until the server is lost, pressing Next now and then."""
        with contextlib.suppress(BotError):  # which the bot reports
            if self._rotate_s is None:
                await bot.lost()
            else:
                await self._rotate(bot, self._rotate_s)

    async def _rotate(self, bot: Bot, every_s: float) -> None:
        """The bots take turns, so that pairs mix."""
        await asyncio.sleep(every_s * bot.report.number / len(self.bots))
        while bot.failure is None:
            if bot.room_id is not None:
                await bot.next_partner()
            await asyncio.sleep(every_s)
