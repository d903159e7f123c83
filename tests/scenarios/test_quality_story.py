"""Something is lost on one leg alone, and that one is named; real VP8, virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from relay.api import queries
from relay.api.models import Room
from relay.api.observation import Observation
from relay.matching import State
from relay.media import view
from relay.plane import MediaView
from relay.signaling import RoomView, UserView
from tests.support.air import Air, Visitor
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.weather import Weather

TALK_S = 6.0
FORGOTTEN_S = 12.0


class Talk:
    """Two who talk, as an operator sees them."""

    def __init__(self) -> None:
        self.air = Air(Weather())
        self.a, self.b = self.air.join(1, CHROMIUM), self.air.join(2, FIREFOX)
        self.air.pair(self.a, self.b)
        self.began_at = self.air.now
        self.air.timeline.pass_time(1.0)

    def seen(self) -> Room:
        """The room."""
        air, names = self.air, (self.a.name, self.b.name)
        links = {each.name: each.link for each in (self.a, self.b)}
        media = MediaView(
            [view.link(link, ("192.0.2.99", 7882), air.now) for link in links.values()],
            view.tracks(links, air.now, None, None, air.plane._unsent.ratio),
        )
        age_s = air.now - self.began_at
        users = [
            UserView(one, State.IN_CALL, "r", other, age_s, None)
            for one, other in (names, names[::-1])
        ]
        room = RoomView("r", names, State.IN_CALL, age_s)
        seen = Observation(users, [room], media, sees_addresses=False)
        return seen.rooms(queries.RoomQuery()).rooms[0]

    def legs(self) -> list[str | None]:
        """What is to blame for what each of the two gets."""
        return [side.leg for side in self.seen().sides]


def lossy(seed: int, loss: float = 0.1) -> Weather:
    return Weather(loss=loss, seed=seed)


def both_ways(user: Visitor, weather: Weather) -> None:
    user.up = user.down = weather


def test_without_losses_all_is_well_and_nobody_to_blame() -> None:
    talk = Talk()
    talk.air.timeline.pass_time(TALK_S)
    room = talk.seen()
    assert [(side.grade, side.leg) for side in room.sides] == [("good", None)] * 2
    assert min(side.quality or 0 for side in room.sides) >= 4.6
    assert room.problems == []


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_lost_on_the_way_up_is_the_senders_leg(seed: int) -> None:
    talk = Talk()
    talk.a.up = lossy(seed)
    talk.air.timeline.pass_time(TALK_S)
    assert talk.legs() == [None, "up"]
    a, b = talk.seen().sides
    assert a.quality is not None
    assert b.quality is not None
    assert b.quality < a.quality - 1, "the sound is not repaired"


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_lost_on_the_way_down_is_the_receivers_leg(seed: int) -> None:
    talk = Talk()
    talk.b.down = lossy(seed, 0.2)
    talk.air.timeline.pass_time(TALK_S)
    assert talk.legs() == [None, "down"]


def test_a_bad_line_both_ways_is_down_for_one_and_up_for_the_other() -> None:
    talk = Talk()
    both_ways(talk.b, lossy(3, 0.2))
    talk.air.timeline.pass_time(TALK_S)
    assert talk.legs() == ["up", "down"]


def test_what_the_socket_does_not_take_is_the_relays() -> None:
    talk = Talk()
    stage, dice = talk.air.socket.stage, lossy(4, 0.15)

    def reluctant(slot: int, size: int, destination: Any) -> None:
        if dice._dice.random() < dice.loss:
            talk.air.socket.send_drops += 1
        else:
            stage(slot, size, destination)

    talk.air.forwarder._stage = reluctant
    talk.air.timeline.pass_time(TALK_S)
    assert set(talk.legs()) == {"relay"}


def test_what_was_lost_is_forgotten_ten_seconds_later() -> None:
    talk = Talk()
    both_ways(talk.a, lossy(5, 0.3))
    talk.air.timeline.pass_time(4.0)
    both_ways(talk.a, talk.air.weather)
    talk.air.timeline.pass_time(FORGOTTEN_S)
    assert talk.legs() == [None, None]
    assert all(side.grade == "good" for side in talk.seen().sides)
