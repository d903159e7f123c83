"""``/health`` and ``/ready``."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from relay.api.readiness import Readiness
from tests.unit.api.observed import counting


async def get(
    path: str, *, free: float = 1.0, left_s: float | None = None, **state: bool
) -> tuple[int, Any]:
    readiness = Readiness(
        cast("Any", SimpleNamespace(draining=state.get("draining", False))),
        counting(listening=not state.get("media_port_down")),
        cast("Any", SimpleNamespace(overloaded=state.get("overloaded", False), free=free)),
        lambda: left_s,
    )
    handler = {route.path: route.handler for route in readiness.routes()}[path.partition("?")[0]]
    response = await cast("Any", handler)(make_mocked_request("GET", path))
    assert isinstance(response, web.Response)
    return response.status, json.loads(response.text or "")


async def test_ready() -> None:
    assert await get("/ready") == (200, {"status": "ready", "reasons": []})


@pytest.mark.parametrize("reason", ["draining", "media_port_down", "overloaded"])
async def test_each_reason_not_to_be(reason: str) -> None:
    assert await get("/ready", **{reason: True}) == (
        503,
        {"status": "not_ready", "reasons": [reason]},
    )


@pytest.mark.parametrize("left_s", [0.0, -1.0])
async def test_nobody_can_come_once_the_certificate_has_ended(left_s: float) -> None:
    body = {"status": "not_ready", "reasons": ["certificate_ended"]}
    assert await get("/ready", left_s=left_s) == (503, body)
    assert (await get("/ready", left_s=1.0))[0] == 200


async def test_all_reasons_are_told() -> None:
    _, body = await get("/ready", draining=True, overloaded=True)
    assert body["reasons"] == ["draining", "overloaded"]


@pytest.mark.parametrize(("free", "weight"), [(1.0, 100), (0.284, 28), (0.0, 1)])
async def test_whoever_asks_is_told_how_much_more_may_come(free: float, weight: int) -> None:
    body = {"status": "ready", "reasons": [], "weight": weight}
    assert await get("/ready?verbose", free=free) == (200, body)


async def test_nobody_is_to_come_to_one_that_is_not_ready() -> None:
    body = {"status": "not_ready", "reasons": ["draining"], "weight": 0}
    assert await get("/ready?verbose", draining=True) == (503, body)


async def test_health_says_nothing_of_that() -> None:
    state = dict.fromkeys(("draining", "media_port_down", "overloaded"), True)
    assert await get("/health", **state) == (200, {"status": "ok"})
