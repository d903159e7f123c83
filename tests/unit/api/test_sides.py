"""What each of two partners gets of the other, from what is counted and what its page tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from relay.api.models import RoomSide
from relay.api.sides import Side, judged
from relay.plane import Direction, LinkView
from relay.protocol.messages import QualityReport
from relay.signaling import UserView
from relay.track import TrackView
from tests.unit.api.observed import link, track, user

ROOM_AGE_S = 60.0


def down(kind: str = "video", **changed: Any) -> TrackView:
    """What Ann receives of Bob."""
    size = {"width": 640, "height": 360, "fps": 20.0} if kind == "video" else {}
    known = size | {"counterpart_id": f"bob-up-{kind}", "round_trip_ms": 40.0} | changed
    return track("ann", Direction.DOWN, kind, **known)


def up(kind: str = "video", **changed: Any) -> TrackView:
    """What Bob sends."""
    return track("bob", Direction.UP, kind, **({"round_trip_ms": 40.0} | changed))


def judge(
    *received: TrackView,
    sent: tuple[TrackView, ...] | None = None,
    ann: UserView | None = None,
    bob: UserView | None = None,
    bobs: LinkView | None = None,
    lag_ms: float = 0.0,
) -> RoomSide:
    """Ann's side."""
    sent = (up(), up("audio")) if sent is None else sent
    return judged(
        Side(
            ann or user("ann", "r", "bob"),
            ROOM_AGE_S,
            received or (down(), down("audio")),
            {each.id: each for each in sent},
            bob or user("bob", "r", "ann"),
            bobs or link("bob"),
            lag_ms,
        )
    )


def telling(**told: float) -> UserView:
    """Ann, whose page says how it goes."""
    return replace(user("ann", "r", "bob"), told=QualityReport(**told))


def test_a_good_call() -> None:
    side = judge()
    assert (side.user_id, side.quality, side.grade, side.leg) == ("ann", 5.0, "good", None)


def test_of_whom_nothing_has_come_nothing_is_said() -> None:
    for received in ([down(idle_s=None)], [down(idle_s=ROOM_AGE_S), down("audio", idle_s=99.0)]):
        side = judge(*received)
        assert (side.quality, side.grade, side.leg) == (None, None, None)


@pytest.mark.parametrize(
    ("lost", "sent", "leg"),
    [
        ({"left_up_ratio": 0.05}, {"left_up_ratio": 0.05, "loss_ratio": 0.05}, "up"),
        ({"left_relay_ratio": 0.05}, {}, "relay"),
        ({"left_down_ratio": 0.05, "loss_ratio": 0.06}, {}, "down"),
        ({"left_up_ratio": 0.05}, {}, "relay"),  # the way between two workers
        ({"round_trip_ms": 1600.0}, {}, "down"),
        ({}, {"round_trip_ms": 1600.0}, "up"),
    ],
)
def test_the_leg_is_named(lost: dict[str, float], sent: dict[str, float], leg: str) -> None:
    side = judge(down("audio", **lost), sent=(up("audio", **sent),))
    assert side.leg == leg
    assert side.quality is not None
    assert side.quality < 4.3


def test_of_a_partner_on_another_node_its_own_tracks_are_not_known() -> None:
    assert judge(down("audio", left_up_ratio=0.05), sent=()).leg == "up"


def test_what_a_sender_has_sent_too_much_of_the_relay_has_dropped() -> None:
    lost: Any = {"left_up_ratio": 0.2}
    bobs = link("bob", over_budget=("rtp",))
    assert judge(down(**lost), sent=(up(**lost),), bobs=bobs).leg == "relay"


def test_a_late_process_is_the_relays() -> None:
    side = judge(lag_ms=900.0)
    assert (side.quality, side.leg) == (2.3, "relay")


def test_what_was_repaired_costs_nothing_but_names_the_leg() -> None:
    side = judge(down(loss_ratio=0.1), down("audio"))
    assert (side.quality, side.leg) == (5.0, "down")


def test_what_the_page_tells_counts_rather_than_what_is_guessed() -> None:
    lossy = down("audio", left_down_ratio=0.1)
    assert judge(lossy).grade == "weak"
    assert judge(lossy, ann=telling(concealed_ratio=0.005)).grade == "good", "by RED, or by FEC"
    assert judge(lossy, ann=telling(concealed_ratio=0.3)).grade == "poor"
    assert judge(lossy, ann=telling(frozen_ratio=1.0)).grade == "weak", "there is no picture"


def test_what_the_page_tells_blames_nobody() -> None:
    side = judge(ann=telling(frozen_ratio=1.0, concealed_ratio=1.0, frames_per_s=0.0))
    assert (side.quality, side.leg) == (1.0, None)


def test_pictures_are_those_of_the_ones_that_were_sent() -> None:
    told = telling(frozen_ratio=0.0, frames_per_s=10.0)
    assert judge(down(fps=10.0), ann=told).quality == 5.0
    assert judge(down(fps=40.0), ann=told).quality == 3.0
    assert judge(down(fps=0.5), ann=told).quality == 5.0, "a picture that hardly moves"


def test_a_small_picture_costs_a_little() -> None:
    assert judge(down(width=180, height=320)).quality == 4.7


def test_sound_that_has_stopped() -> None:
    stopped = down("audio", idle_s=3.0)
    side = judge(stopped, sent=(up("audio", idle_s=3.1),))
    assert (side.quality, side.leg) == (1.0, "up")
    assert judge(stopped, sent=(up("audio"),)).leg == "relay"
    muted = replace(user("bob", "r", "ann"), off=frozenset({"audio"}))
    assert judge(down(), stopped, bob=muted).quality == 5.0


def test_a_picture_that_has_stopped_may_be_a_camera_that_is_off() -> None:
    assert judge(down(idle_s=3.0), down("audio")).quality == 5.0


def test_a_picture_that_waits_for_a_key_frame_is_not_seen() -> None:
    held = down(waits_for_keyframe=True, idle_s=None)
    side = judge(held, down("audio"))
    assert (side.quality, side.leg) == (1.0, "relay")
    assert judge(down(waits_for_keyframe=True, counterpart_id=None), down("audio")).quality == 5.0
    dark = replace(user("bob", "r", "ann"), off=frozenset({"video"}))
    assert judge(held, down("audio"), bob=dark).quality == 5.0


def test_who_is_not_heard_of_any_more_gets_nothing() -> None:
    gone = replace(user("ann", "r", "bob"), is_interrupted=True)
    side = judge(ann=gone)
    assert (side.quality, side.grade, side.leg) == (1.0, "poor", "down")
