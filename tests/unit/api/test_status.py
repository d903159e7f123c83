"""What ``/stats`` and ``/rooms`` tell."""

import json
from typing import Any, cast

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from pydantic import SecretStr

from relay.api.operator import Bearer
from relay.api.operators import Operators
from relay.api.status import MAX_ROOMS, Status
from relay.matching import State
from relay.signaling import Gateway, RoomView
from relay.signaling.views import LobbyCounts
from tests.support.memory_records import MemoryRecords
from tests.unit.api.observed import counting


class Lobby:
    """A gateway with two users in a call and one who waits."""

    def counts(self) -> LobbyCounts:
        return LobbyCounts(connected=3, waiting=1, rooms=2, in_call=2, across=1, led=1)

    def rooms(self) -> list[RoomView]:
        return [
            RoomView(f"r{number}", ("a", "b"), State.IN_CALL, 12.345)
            for number in range(1, MAX_ROOMS + 2)
        ]


async def get(path: str) -> Any:
    now = iter((100.0, 107.26))
    status = Status(
        cast("Gateway", Lobby()),
        counting(links=3, packets_forwarded=99),
        Bearer(Operators(SecretStr("the-token"), MemoryRecords())),
        clock=lambda: next(now),
    )
    handler = {route.path: route.handler for route in status.routes()}[path]
    request = make_mocked_request("GET", path, headers={"Authorization": "Bearer the-token"})
    response = await cast("Any", handler)(request)
    assert isinstance(response, web.Response)
    return json.loads(response.text or "")


async def test_stats_count_users_and_media() -> None:
    assert await get("/stats") == {
        "connected": 3,
        "waiting": 1,
        "rooms": 1,
        "inCall": 2,
        "links": 3,
        "packetsForwarded": 99,
        "uptimeSeconds": 7.3,
    }


async def test_rooms_tell_who_talks_and_for_how_long() -> None:
    oldest = (await get("/rooms"))["rooms"][0]
    assert oldest == {"roomId": "r1", "users": ["a", "b"], "state": "in_call", "ageSeconds": 12.3}


async def test_only_so_many_rooms_are_listed_the_oldest() -> None:
    ids = [room["roomId"] for room in (await get("/rooms"))["rooms"]]
    assert ids == [f"r{number}" for number in range(1, MAX_ROOMS + 1)]
