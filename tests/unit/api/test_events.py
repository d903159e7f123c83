"""What a snapshot of the event stream holds."""

import json
from typing import Any, cast

from relay.api import models, queries
from relay.api.events import Events
from relay.api.observation import Observation
from relay.api.overview import Overview
from tests.unit.api.observed import two_rooms


class Looking:
    """An overview that has seen two rooms."""

    async def look(self) -> Observation:
        return two_rooms(cid={"loss_ratio": 0.2})

    def totals(self, _: Observation) -> models.Totals:
        nothing: dict[str, Any] = {}
        return models.Totals.model_construct(**nothing)

    def failures(self) -> list[models.LinkFailures]:
        return [models.LinkFailures(cause="slow", count=3, networks=2)]


async def test_as_many_rooms_and_tracks_as_asked_for_and_the_worst_of_them() -> None:
    events = Events(cast("Overview", Looking()))
    query = queries.EventQuery(limit=1, sort="loss")
    told: dict[str, Any] = json.loads((await events.snapshot(query)).model_dump_json())
    assert [room["id"] for room in told["rooms"]] == ["r2"]
    assert [track["id"] for track in told["tracks"]] == ["cid-up-video"]
    assert told["failures"] == [{"cause": "slow", "count": 3, "networks": 2}]
