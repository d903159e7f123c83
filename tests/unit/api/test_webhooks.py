"""How an event is signed, and what of a report leaves the house."""

import asyncio
import base64
import json

from relay.api.webhooks import MAX_WAITING, Webhooks, signed
from relay.records import Party, Reason, Report

REPORT = Report(
    "r1",
    1_700_000_000.0,
    Reason.MINOR,
    Party("ann", "a-ann"),
    Party("bad", "a-bad"),
    "room-1",
    "he says that he is twelve",
)


def test_the_example_of_the_specification() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_only_ids_reasons_and_counts_leave_the_house() -> None:
    webhooks = Webhooks("https://hooks.example.org", "", lambda: 3)
    webhooks.reported(REPORT)
    (event,) = webhooks._waiting
    assert json.loads(event.body) == {
        "type": "report.created",
        "timestamp": "2023-11-14T22:13:20.000+00:00",
        "data": {
            "reportId": "r1",
            "reason": "minor",
            "severity": 0,
            "source": "user",
            "openReports": 3,
        },
    }


def test_only_so_many_wait_and_the_newest_stay() -> None:
    webhooks = Webhooks("https://hooks.example.org", "", lambda: 0)
    for _ in range(MAX_WAITING + 5):
        webhooks.reported(REPORT)
    assert len(webhooks._waiting) == MAX_WAITING
    assert webhooks.results["dropped"] == 5


async def test_without_a_url_nothing_happens() -> None:
    before = asyncio.all_tasks()
    webhooks = Webhooks(None, "", lambda: 0)
    webhooks.start()
    webhooks.reported(REPORT)
    assert asyncio.all_tasks() == before
    await webhooks.close()
    assert not any(webhooks.results.values())
