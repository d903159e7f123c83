"""New reports are told to a real HTTP server, which verifies what it gets."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from relay.api import webhooks as module
from relay.api.webhooks import Webhooks
from relay.records import Party, Reason, Report
from tests.support.operating import operating

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def report(report_id: str) -> Report:
    return Report(report_id, time.time(), Reason.SPAM, Party("ann"), Party("bad"), "room")


class Receiver:
    """Takes events, once it has answered with the statuses given."""

    def __init__(self, *statuses: int) -> None:
        self.url = ""
        self.got: list[tuple[str, Any]] = []
        self.tries = 0
        self.hangs = False
        self._statuses = list(statuses)
        self._changed = asyncio.Condition()

    async def take(self, request: web.Request) -> web.Response:
        self.tries += 1
        if self.hangs:
            await asyncio.Event().wait()
        status = self._statuses.pop(0) if self._statuses else 204
        if status == 302:
            raise web.HTTPFound("/elsewhere")
        body = await request.read()
        if status == 204:
            event_id, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
            told = f"{event_id}.{at}.".encode() + body
            signature = base64.b64encode(hmac.digest(KEY, told, hashlib.sha256)).decode()
            assert request.headers["webhook-signature"] == f"v1,{signature}"
            assert abs(time.time() - int(at)) < 60
            assert request.content_type == "application/json"
            async with self._changed:
                self.got.append((event_id, json.loads(body)))
                self._changed.notify_all()
        return web.Response(status=status)

    async def has(self, count: int) -> None:
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: len(self.got) >= count)

    @property
    def ids(self) -> list[str]:
        return [event["data"]["reportId"] for _, event in self.got]


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    receiver = Receiver(*statuses)
    app = web.Application()
    app.add_routes([web.post("/hook", receiver.take)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def telling(url: str, pauses_s: tuple[float, ...] = (0, 0)) -> AsyncIterator[Webhooks]:
    webhooks = Webhooks(url, SECRET, lambda: 1, pauses_s=pauses_s)
    webhooks.start()
    try:
        yield webhooks
    finally:
        await webhooks.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_report_is_told_signed_and_in_order() -> None:
    async with receiving() as receiver, telling(receiver.url) as webhooks:
        for number in range(3):
            webhooks.reported(report(f"r{number}"))
        await receiver.has(3)
        assert receiver.ids == ["r0", "r1", "r2"]
        await until(lambda: webhooks.results["delivered"] == 3)


async def test_it_is_tried_again_with_the_same_id_and_then_given_up() -> None:
    async with receiving(500, 302, 204, 503, 503, 503) as receiver, telling(receiver.url) as sent:
        with capture_logs() as events:
            sent.reported(report("r0"))
            sent.reported(report("r1"))
            sent.reported(report("r2"))
            await receiver.has(2)
            await until(lambda: sent.results["delivered"] == 2)
        assert receiver.ids == ["r0", "r2"]
        assert receiver.tries == 7
        expected = Counter(delivered=2, failed=5, given_up=1, dropped=0)
        assert sent.results == expected
        reasons = [each["reason"] for each in events if each["event"] == "webhook_failed"]
        assert reasons == ["HTTP 500", "HTTP 302", "HTTP 503", "HTTP 503"]
        assert [e["log_level"] for e in events if e["event"] == "webhook_given_up"] == ["error"]
        assert receiver.url not in str(events)


async def test_a_server_that_is_not_there_or_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver:
        url = receiver.url
        receiver.hangs = True
        monkeypatch.setattr(module, "TIMEOUT_S", 0.5)
        async with telling(url, (0,)) as sent:
            sent.reported(report("r0"))
            await until(lambda: sent.results["given_up"] == 1)
            assert receiver.tries == 2
    async with telling(url, ()) as sent:
        sent.reported(report("r0"))
        await until(lambda: sent.results["given_up"] == 1)


async def test_what_waits_at_the_end_is_counted_as_dropped() -> None:
    async with receiving(500) as receiver:
        async with telling(receiver.url, (3600,)) as sent:
            for number in range(3):
                sent.reported(report(f"r{number}"))
            await until(lambda: sent.results["failed"] == 1)
        assert sent.results["dropped"] == 3


async def test_a_server_tells_of_the_reports_of_its_users() -> None:
    async with (
        receiving() as receiver,
        operating(webhook_url=receiver.url, webhook_secret=SECRET) as server,
    ):
        ann, bob, _ = await server.pair(link=False)
        await ann.say("report", reason="threat", words="he knows where I live")
        told = await ann.hear("report_received")
        await bob.hear("partner_left")
        await receiver.has(1)
        [(_, event)] = receiver.got
        assert event["data"]["reportId"] == told["reportId"]
        assert (event["data"]["reason"], event["data"]["openReports"]) == ("threat", 1)
        assert "where I live" not in json.dumps(event)
        async with server.operator.http.get("/metrics") as response:
            metrics = await response.text()
        assert 'relay_reports_total{reason="threat"} 1.0' in metrics
        assert "relay_open_reports 1.0" in metrics
