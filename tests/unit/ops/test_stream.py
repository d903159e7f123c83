"""Server-sent events, however they are cut."""

import pytest

from relay.errors import Unreachable
from relay.ops import stream
from relay.ops.stream import Event, EventReader

TWO = b": hello\nevent: snapshot\r\ndata: {\ndata:  1}\n\ndata: x\nid: 7\n\n"
EXPECTED = [Event("snapshot", "{\n 1}"), Event("message", "x")]


@pytest.mark.parametrize("size", [1, 2, 7, len(TWO)])
def test_events_come_whole_however_they_are_cut(size: int) -> None:
    reader = EventReader()
    pieces = [TWO[at : at + size] for at in range(0, len(TWO), size)]
    assert [event for piece in pieces for event in reader.feed(piece)] == EXPECTED


def test_an_event_without_data_is_none() -> None:
    assert list(EventReader().feed(b"event: snapshot\n\n\n\n")) == []


def test_what_never_ends_is_no_relay_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_EVENT_BYTES", 100)
    with pytest.raises(Unreachable, match="does not end"):
        list(EventReader().feed(b"data: " + bytes(200)))
    reader = EventReader()
    with pytest.raises(Unreachable, match="does not end"):
        [list(reader.feed(b"data: abc\n")) for _ in range(50)]
