"""Tells another server of new reports, as Standard Webhooks say: signed, and tried again.

Only ids, reasons and counts leave the house: no words, no addresses, no visitors.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from secrets import token_hex

import aiohttp
import structlog

from relay.api.telling import moment
from relay.records import Report
from relay.safety import urgency

MAX_WAITING = 100
"""Of more events that wait the oldest are dropped: who gets the newest looks at the queue."""
PAUSES_S = (5.0, 30.0, 120.0, 600.0, 3600.0)
"""Before each further try; then an event is given up."""
TIMEOUT_S = 10.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Event:
    id: str
    body: bytes


class Webhooks:
    """Sends events one after the other; :meth:`start` begins, :meth:`close` ends.

    :param url: where to; None for nowhere.
    :param secret: as Standard Webhooks write it: ``whsec_`` and base64.
    :param open_reports: tells how many are open.
    :param clock: seconds since 1970.
    :param pauses_s: before each further try.
    """

    def __init__(
        self,
        url: str | None,
        secret: str,
        open_reports: Callable[[], int],
        *,
        clock: Callable[[], float] = time.time,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self.results: Counter[str] = Counter(delivered=0, failed=0, given_up=0, dropped=0)
        """Events that arrived, tries that failed, and events that were given up or dropped."""
        self._url = url
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._open_reports = open_reports
        self._clock = clock
        self._pauses_s = pauses_s
        self._waiting: deque[_Event] = deque()
        self._is_sending = False
        self._has_some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send."""
        if self._url is not None:
            self._task = asyncio.create_task(self._run(self._url), name="webhooks")

    async def close(self) -> None:
        """Send no more; what waits is dropped, since the reports themselves are stored."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self.results["dropped"] += len(self._waiting) + self._is_sending

    def reported(self, report: Report) -> None:
        """There is a new report."""
        if self._url is None:
            return
        body = {
            "type": "report.created",
            "timestamp": moment(report.at),
            "data": {
                "reportId": report.id,
                "reason": report.reason,
                "severity": urgency(report.reason),
                "source": report.source,
                "openReports": self._open_reports(),
            },
        }
        self._waiting.append(_Event(f"msg_{token_hex(12)}", json.dumps(body).encode()))
        if len(self._waiting) > MAX_WAITING:
            self._waiting.popleft()
            self.results["dropped"] += 1
        self._has_some.set()

    async def _run(self, url: str) -> None:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            while True:
                await self._has_some.wait()
                self._has_some.clear()
                while self._waiting:
                    self._is_sending = True
                    await self._deliver(http, url, self._waiting.popleft())
                    self._is_sending = False

    async def _deliver(self, http: aiohttp.ClientSession, url: str, event: _Event) -> None:
        for pause_s in (*self._pauses_s, None):
            why = await self._send(http, url, event)
            if not why:
                self.results["delivered"] += 1
                return
            self.results["failed"] += 1
            if pause_s is None:
                self.results["given_up"] += 1
                _log.error("webhook_given_up", webhook=event.id, reason=why)
            else:
                _log.warning("webhook_failed", webhook=event.id, reason=why, retry_after_s=pause_s)
                await asyncio.sleep(pause_s)

    async def _send(self, http: aiohttp.ClientSession, url: str, event: _Event) -> str:
        """Try once; returns why it failed, or nothing."""
        headers = signed(self._key, event.id, int(self._clock()), event.body)
        try:
            async with http.post(
                url, data=event.body, headers=headers, allow_redirects=False
            ) as response:
                return "" if 200 <= response.status < 300 else f"HTTP {response.status}"
        except TimeoutError:
            return "no answer in time"
        except (aiohttp.ClientError, OSError) as error:
            return type(error).__name__  # its text may tell the URL, in which there can be a token


def signed(key: bytes, event_id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of an event.

    :param at: seconds since 1970.
    """
    told = f"{event_id}.{at}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, told, hashlib.sha256)).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "relay",
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{signature}",
    }
