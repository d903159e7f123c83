"""Who is turned away at the door, and what the log has of it."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from structlog.testing import capture_logs

from relay.signaling.limits import Limits
from relay.signaling.reception import Reception
from relay.signaling.sessions import Sessions
from relay.signaling.tally import Tally


def test_pages_of_other_sites_are_counted_and_logged_but_not_each() -> None:
    limits, tally = Limits(), Tally()
    reception = Reception(limits, frozenset(), Sessions(limits, tally), tally)
    headers = {"Host": "chat.example.org", "Origin": "https://evil.example/" + "x" * 4000}
    with capture_logs() as events:
        for _ in range(50):
            with pytest.raises(web.HTTPForbidden):
                reception.require_origin(make_mocked_request("GET", "/ws", headers=headers))
    assert tally.refusals["origin"] == 50
    assert {event["event"] for event in events} == {"origin_refused"}
    assert len(events) < 10
    assert all(len(event["origin"]) < 200 for event in events)
