"""The log says that connections are turned away, and does not say it for each."""

import structlog

from relay.door.clients import DoorTally
from relay.door.turned import MANY_SILENT, QUIET_S, TurnedAway


class Story:
    def __init__(self) -> None:
        self.tally = DoorTally()
        self._turned_away = TurnedAway()

    def tell(self, now: float) -> list[dict[str, object]]:
        with structlog.testing.capture_logs() as logged:
            self._turned_away.tell(self.tally, 7, now)
        return [dict(line) for line in logged]

    @property
    def has_more(self) -> bool:
        return self._turned_away.has_more


def line(**fields: int) -> dict[str, object]:
    event = {"event": "connections_turned_away", "log_level": "warning", "connections": 7}
    return event | fields


def test_without_anything_there_is_nothing_to_tell() -> None:
    story = Story()
    story.tally.admitted = 100
    assert story.tell(0) == []


def test_it_is_told_at_once_and_again_only_after_a_while() -> None:
    story = Story()
    story.tally.refusals["source"] += 2
    assert story.tell(0) == [line(refused_source=2)]
    assert not story.has_more
    story.tally.drops["evicted"] += 5
    assert story.tell(1) == []
    assert story.has_more, "or it would not be told when nobody comes any more"
    story.tally.drops["evicted"] += 1
    assert story.tell(QUIET_S) == [line(evicted=6)]
    assert not story.has_more
    assert story.tell(2 * QUIET_S) == []


def test_some_that_say_nothing_are_no_news_and_many_are() -> None:
    story = Story()
    story.tell(0)
    story.tally.drops["silent"] += MANY_SILENT - 1
    assert story.tell(1) == []
    story.tally.drops["silent"] += 1
    assert story.tell(2) == [line(silent=MANY_SILENT)]


def test_a_few_now_and_then_never_become_many() -> None:
    story = Story()
    for minute in range(5):
        story.tally.drops["silent"] += MANY_SILENT - 1
        assert story.tell(minute * QUIET_S) == []
