"""A day of a server in virtual time, hour by hour: ``python -m tests.support.day FOLDER HOURS``.

The server is whole, with TLS, sockets, database, log and operators' API; only its media plane is
not there, and its time is virtual. People come, find each other, chat, press Next, report, block,
are banned and appeal, lose their sockets and come back, and leave with or without a word.
Operators watch and decide, Prometheus asks each minute, the log is rotated each hour, and the
certificate is renewed twice. At the end of each hour nobody is there, and what the process has is
counted.
"""

# ruff: noqa: E402 - the clock comes first
from tests.support import virtual_time

virtual_time.install()

import asyncio
import gc
import json
import os
import re
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from relay import loop as relay_loop
from relay.app import Relay, running
from relay.config import Settings
from relay.reloading import configure_logs
from relay.safety import service
from tests.support.callers_of_a_day import Browser, dice, seen
from tests.support.census import census, objects
from tests.support.certificates import write_certificate
from tests.support.fake_plane import FakePlane

TOKEN = "the-token-of-the-day"
HOUR_S = 3600.0
PAIRS = 20
"""So many come by two in an hour."""
REGULARS = 40
"""Browsers that come again and again; all others come once."""
LAST_S = 50 * 60.0
"""Nobody comes later in an hour: the rest of it is for leaving, and for what expires."""
KEPT_S = HOUR_S
"""In place of half a year: so a day has what is too old."""
NAP_S = 10.0
"""How often the server looks how late it is: ten times a second would be most of the work."""
API = "/api/v1"
SAID = re.compile(r"[0-9a-f]{8,}|\d+")


class Plane(FakePlane):
    """One whose links come up at once, which has a life of its own, and forgets who has gone."""

    def __init__(self) -> None:
        super().__init__(connects=True)
        self.udp_ports = (1,)

    async def start(self) -> None:
        pass

    def wind_down(self) -> None:
        pass

    async def let_go(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def forget(self) -> None:
        """What only tests ask for."""
        for each in (self.calls, self.locals, self.near, self.paired_anew, self.told):
            each.clear()


class Day:
    """The server, its people and its operators."""

    def __init__(self, relay: Relay, settings: Settings, plane: Plane, folder: Path) -> None:
        self._relay, self._settings, self._plane, self._folder = relay, settings, plane, folder
        self._url = f"https://127.0.0.1:{relay.port}"
        self._regulars = [Browser(self._url) for _ in range(REGULARS)]
        self._operator = aiohttp.ClientSession(
            self._url,
            connector=aiohttp.TCPConnector(ssl=False),
            headers={"Authorization": f"Bearer {TOKEN}"},
        )

    async def close(self) -> None:
        """Nobody is there any more."""
        for browser in self._regulars:
            await browser.http.close()
        await self._operator.close()

    async def hour(self, number: int) -> dict[str, Any]:
        """What happens in an hour, and what the process has at its end."""
        ends_s = time.monotonic() + HOUR_S
        visits = [
            asyncio.create_task(self._come(dice.uniform(0, LAST_S)), name=f"visit {each}")
            for each in range(2 * PAIRS)
        ]
        for minute in range(55):
            await self._scrape()
            if minute % 20 == 19:
                await self._decide()
                await self._watch()
            await asyncio.sleep(60.0)
        await asyncio.gather(*visits)
        await self._decide()
        self._rotate()
        if number % 10 == 9:
            write_certificate(self._folder)
        await asyncio.sleep(ends_s - time.monotonic())
        for session in (self._operator, *(browser.http for browser in self._regulars)):
            await _let_go(session)
        await asyncio.sleep(1.0)
        return self._counted(number)

    async def _come(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if dice.random() < 0.5:
            browser = self._regulars.pop(dice.randrange(len(self._regulars)))
            try:
                await browser.visit()
            finally:
                self._regulars.append(browser)
            return
        browser = Browser(self._url)
        try:
            await browser.visit()
        finally:
            await browser.http.close()

    async def _scrape(self) -> None:
        async with self._operator.get("/metrics") as answer:
            assert answer.status == 200
            await answer.read()

    async def _watch(self) -> None:
        """Look at the dashboard for some seconds, and at what is asked for less often."""
        async with self._operator.get(f"{API}/events") as stream:
            for _ in range(10):
                await stream.content.readuntil(b"\n\n")
        for path in ("history", "users", "rooms", "links", "tracks", "nodes", "bans", "appeals"):
            async with self._operator.get(f"{API}/{path}") as answer:
                seen[f"{path}: {answer.status}"] += 1

    async def _decide(self) -> None:
        async with self._operator.get(f"{API}/reports?limit=100") as answer:
            reports = (await answer.json())["reports"]
        for report in reports:
            order: dict[str, object] = {"why": "seen it"}
            order["outcome"] = outcome = dice.choice(["dismissed", "warned", "banned"])
            if outcome == "banned":
                order["ban"] = {"scope": "visitor", "minutes": dice.choice([5, 30]), "words": "No."}
            path = f"{API}/reports/{report['id']}/decision"
            async with self._operator.post(path, json=order) as answer:
                seen[f"{outcome}: {answer.status}"] += 1
        async with self._operator.get(f"{API}/appeals?limit=100") as answer:
            appeals = (await answer.json())["appeals"]
        for appeal in appeals:
            order = {"outcome": "refused", "answer": "No.", "why": "seen it"}
            path = f"{API}/appeals/{appeal['id']}/answer"
            async with self._operator.post(path, json=order) as answer:
                seen[f"answered: {answer.status}"] += 1

    def _rotate(self) -> None:
        """As logrotate does, which then sends SIGUSR1."""
        assert self._settings.log_file
        self._settings.log_file.replace(self._folder / "relay.log.1")
        self._relay.reloading.reopen_logs()

    def _counted(self, number: int) -> dict[str, Any]:
        self._plane.forget()
        for _ in range(3):
            gc.collect()
        return {
            "hour": number,
            "users": self._relay.gateway.counts().connected,
            "blocks": sys.getallocatedblocks(),
            "rss": _rss(),
            "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208
            "tasks": Counter(re.split("[ -]", t.get_name())[0] for t in asyncio.all_tasks()),
            "tables": census(),
            "objects": objects(),
            "rows": _rows(self._folder / "data" / "relay.sqlite3"),
            "files": {
                SAID.sub("*", str(path.relative_to(self._folder))): path.stat().st_size
                for path in sorted(self._folder.rglob("*"))
                if path.is_file()
            },
            "seen": seen,
            "cpu_s": time.process_time(),
        }


async def _let_go(session: aiohttp.ClientSession) -> None:
    """Close the connections that are kept for the next request."""
    assert session.connector
    for waiting in session.connector._conns.values():
        for protocol, _ in waiting:
            protocol.close()
    session.connector._conns.clear()


def _rss() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _rows(path: Path) -> dict[str, int]:
    with sqlite3.connect(path) as database:
        names = [
            name
            for (name,) in database.execute("select name from sqlite_master where type='table'")
        ]
        found = {
            name: database.execute(f"select count(*) from {name}").fetchone()[0] for name in names
        }
    database.close()
    return found


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Day]:
    files = write_certificate(folder)
    chosen: dict[str, object] = {
        "host": "127.0.0.1",
        "port": 0,
        "udp_port": 0,
        "workers": 0,
        "data_dir": folder / "data",
        "log_file": folder / "relay.log",
        "tls_cert": files.cert,
        "tls_key": files.key,
        "operator_token": TOKEN,
        "trusted_proxies": "127.0.0.1",
        "rematch_after_s": 0,
    }
    settings = Settings.model_validate(chosen)
    configure_logs(settings)
    plane = Plane()
    async with running(settings, plane=plane) as relay:
        day = Day(relay, settings, plane, folder)
        try:
            yield day
        finally:
            await day.close()


async def hours(folder: Path, count: int) -> AsyncGenerator[dict[str, Any]]:
    """A day, or less of it."""
    relay_loop._NAP_S = NAP_S
    service.KEPT_S = KEPT_S
    async with server(folder) as day:
        for number in range(count):
            yield await day.hour(number)


async def main(folder: Path, count: int) -> None:
    async with aclosing(hours(folder, count)) as told:
        async for hour in told:
            print(json.dumps(hour), flush=True)


if __name__ == "__main__":
    virtual_time.run(main(Path(sys.argv[1]), int(sys.argv[2])))
