"""What is lost on one hop is repaired on that hop: nobody at another one has to do with it.

Real VP8 over a network that loses by dice with a seed, on some ways and not on others. What comes
out is decoded. Time is virtual.
"""

from __future__ import annotations

import pytest

from tests.support.air import Air, Visitor
from tests.support.offers import CHROMIUM, FIREFOX, OUR_PAGE, without
from tests.support.sealing import Seals
from tests.support.sides import VIDEO
from tests.support.weather import HOP_S, Weather

TALK_S = 8.0

NO_RTX = {
    CHROMIUM: without(CHROMIUM, "a=fmtp:97"),
    FIREFOX: without(FIREFOX, "a=fmtp:124"),
}


def lossy(seed: int, jitter_s: float = 0.0) -> Weather:
    return Weather(loss=0.1, jitter_s=jitter_s, doubled=0.02, seed=seed)


def meet(one: str = CHROMIUM, other: str = FIREFOX) -> tuple[Air, Visitor, Visitor]:
    """Two who are in a call over a good line, and have told how long that is."""
    air = Air(Weather())
    a, b = air.join(1, one), air.join(2, other)
    air.pair(a, b)
    air.timeline.pass_time(1.0)
    for user in (a, b):
        assert user.meetings[0].shown
        assert user.camera.repeated == 0
        user.link.downlink.outlets[VIDEO].reception.round_trip_s = 2 * HOP_S
    return air, a, b


def check_shown(user: Visitor, share: float, pause_s: float) -> None:
    """The user has seen nearly all that the partner has shot, and for no long time nothing."""
    (meeting,) = user.meetings
    assert len(meeting.shown) >= share * len(meeting.shot), f"{len(meeting.shown)}"
    assert meeting.numbers == sorted(set(meeting.numbers))
    assert meeting.longest_pause_s < pause_s


@pytest.mark.parametrize("sends", [CHROMIUM, NO_RTX[CHROMIUM]], ids=["rtx", "no rtx"])
@pytest.mark.parametrize("receives", [FIREFOX, NO_RTX[FIREFOX]], ids=["rtx", "no rtx"])
def test_what_is_lost_on_the_way_up_is_asked_for_by_the_relay(sends: str, receives: str) -> None:
    air, a, b = meet(sends, receives)
    a.up = lossy(1)
    air.timeline.pass_time(TALK_S)
    a.up = air.weather
    air.timeline.pass_time(1.0)
    air.part(a)
    check_shown(b, share=0.98, pause_s=0.6)
    check_shown(a, share=0.98, pause_s=0.3)
    assert a.camera.repeated > 10
    assert b.camera.repeated == 0, "of the other way nothing was lost"
    again = sum(b.repeats.values())
    assert again <= 0.1 * a.camera.repeated, "all that the relay had has arrived, or was on its way"
    assert len(a.camera.keyframes) == 1
    assert air.forwarder.repairs.counts["given_up"] == 0


@pytest.mark.parametrize("receives", [FIREFOX, NO_RTX[FIREFOX]], ids=["rtx", "no rtx"])
def test_what_is_lost_on_the_way_down_is_sent_again_by_the_relay(receives: str) -> None:
    air, a, b = meet(CHROMIUM, receives)
    b.down = lossy(2)
    air.timeline.pass_time(TALK_S)
    b.down = air.weather
    air.timeline.pass_time(1.0)
    air.part(a)
    check_shown(b, share=0.98, pause_s=0.6)
    assert a.camera.repeated == b.camera.repeated == 0, "no camera hears of it"
    assert len(b.repeats) > 10
    assert max(b.repeats.values()) <= 4
    again = sum(count - 1 for count in b.repeats.values())
    assert again <= 0.3 * len(b.repeats), "twice only what was lost twice"
    assert len(a.camera.keyframes) == 1


@pytest.mark.parametrize("seed", [3, 4])
def test_both_ways_of_both_hops_at_once(seed: int) -> None:
    air, a, b = meet()
    for user in (a, b):
        user.up, user.down = lossy(seed, 0.008), lossy(seed + 10, 0.008)
    air.timeline.pass_time(TALK_S)
    air.part(a)
    for user in (a, b):
        check_shown(user, share=0.95, pause_s=0.8)


def test_bursts_cost_no_more_than_they_last() -> None:
    air, a, b = meet()
    for at in range(3):
        a.up = b.down = Weather(loss=1.0)
        air.timeline.pass_time(0.3)
        a.up = b.down = air.weather
        air.timeline.pass_time(3.0)
        assert len(b.meetings[0].shown) > 45 * (at + 1)
    air.part(a)
    check_shown(b, share=0.95, pause_s=0.75)


def test_after_a_time_without_anything_a_key_frame_comes_at_once() -> None:
    """All that was lost is beyond repair, and is not asked for one packet after the other."""
    air, a, b = meet()
    a.up = Weather(loss=1.0)
    air.timeline.pass_time(4.0)
    a.up = air.weather
    before = air.now
    seen = len(b.meetings[0].shown)
    air.timeline.pass_until(lambda: len(b.meetings[0].shown) > seen, within_s=3.0)
    assert air.now - before < 1.5
    air.part(a)


@pytest.mark.parametrize(("sends", "share"), [(OUR_PAGE, 0.98), (CHROMIUM, 0.85)])
def test_sound_that_was_lost_on_the_way_up_is_in_the_next_packet(
    sends: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partner without RED hears it all the same, as it was, and nobody waits for a repeat."""
    seals = Seals(monkeypatch)
    air, a, b = meet(sends, FIREFOX)
    began, before = len(a.camera.spoken), len(b.screen.heard)
    a.up = lossy(5)
    air.timeline.pass_time(TALK_S)
    said = a.camera.spoken[began:]
    a.up = air.weather
    air.timeline.pass_time(1.0)
    air.part(a)
    heard = b.screen.heard[before:]
    payloads = {payload for _, payload in heard}
    got = sum(payload in payloads for payload in said) / len(said)
    assert share <= got < share + 0.1
    assert len({number for number, _ in heard}) == len(heard), "each once"
    assert seals.twice == seals.refused == []
    restored = air.forwarder.repairs.counts["restored"]
    if sends == OUR_PAGE:
        assert restored > 0.05 * len(said)
        assert a.camera.sound_asked <= 10 * (1 - got) * len(said) + 10, "only what was lost twice"


@pytest.mark.parametrize(
    ("offer", "jitter_s"), [(FIREFOX, 0.008), (NO_RTX[FIREFOX], 0.0)], ids=["rtx", "no rtx"]
)
def test_next_in_the_middle_of_repair(
    offer: str, jitter_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All numbers wrap meanwhile, packets overtake each other, and come twice.

    Whatever leaves the relay is held to be the present partner's, and all that is shown as well.
    (What overtakes the first packet of a first key frame is dropped, and can be had again only from
    who has RTX: SRTP takes nothing twice. Others send another key frame a second later.)
    """
    seals, air = Seals(monkeypatch), Air(Weather(jitter_s=0.008))
    users = [air.join(1, CHROMIUM), air.join(2, offer), air.join(3, offer)]
    for user in users:
        user.up, user.down = lossy(user.source, jitter_s), lossy(user.source + 10, jitter_s)
    for turn in range(6):
        air.pair(users[turn % 3], users[(turn + 1) % 3])
        air.timeline.pass_time(1.5)
    air.part(users[0])
    air.part(users[2])
    for user in users:
        assert user.camera.wraps
        assert len(user.meetings) == 4
        for meeting in user.meetings:
            assert meeting.shown
            assert meeting.numbers == sorted(set(meeting.numbers))
        shown = sum(len(meeting.shown) for meeting in user.meetings)
        assert shown > 45, "half of what there was"
        again = sum(count - 1 for count in user.repeats.values())
        assert len(user.repeats) > 20
        assert again <= 0.3 * len(user.repeats), "twice only what was lost twice"
    assert seals.twice == seals.refused == []
