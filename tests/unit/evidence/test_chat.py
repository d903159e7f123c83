"""The last lines of a room, within bounds."""

from __future__ import annotations

from relay.evidence.chat import MAX_BYTES, MAX_LINES, ChatLog, Line


def test_lines_are_kept_in_their_order() -> None:
    log = ChatLog()
    log.add("ann", "hello", 1.0)
    log.add("bob", "hi", 2.0)
    assert log.lines == (Line(1.0, "ann", "hello"), Line(2.0, "bob", "hi"))


def test_the_oldest_go() -> None:
    log = ChatLog()
    for number in range(MAX_LINES + 3):
        log.add("ann", str(number), number)
    assert [line.text for line in log.lines] == [str(n) for n in range(3, MAX_LINES + 3)]


def test_long_ones_count_for_more() -> None:
    log = ChatLog()
    for mark in "abcdefgh":
        log.add("ann", mark * (MAX_BYTES // 4), 0.0)
    assert "".join(line.text[0] for line in log.lines) == "efgh"
    log.add("ann", "ä" * (MAX_BYTES // 2), 0.0)
    assert [line.text[0] for line in log.lines] == ["ä"]


def test_one_that_is_longer_than_all_may_be_is_not_kept() -> None:
    log = ChatLog()
    log.add("ann", "x" * (MAX_BYTES + 1), 0.0)
    assert not log.lines
    log.add("ann", "y", 0.0)
    assert [line.text for line in log.lines] == ["y"]


def test_what_the_partner_did_not_get_is_taken_back() -> None:
    log = ChatLog()
    for user, text, chat_id in (("ann", "a", "1"), ("ann", "b", "1"), ("bob", "c", "1")):
        log.add(user, text, 0.0, chat_id)
    log.take_back("ann", "1")
    log.take_back("ann", "2")
    assert [line.text for line in log.lines] == ["a", "c"]
    log.take_back("ann", "1")
    log.take_back("bob", "1")
    assert log.lines == ()
    log.add("ann", "x" * MAX_BYTES, 0.0)
    assert len(log.lines) == 1, "nothing counts that is not there"


def test_half_a_character_does_no_harm() -> None:
    log = ChatLog()
    log.add("ann", "\ud83d", 0.0)
    assert len(log.lines) == 1
