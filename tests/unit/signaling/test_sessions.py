"""Whom the server waits for, and who has to go when there is no room."""

from collections import Counter

import pytest
from structlog.testing import capture_logs

from relay.matching import Happened
from relay.protocol.messages import Resume
from relay.signaling import sessions as module
from relay.signaling.effort import OF_SOURCE, Effort, Efforts
from relay.signaling.limits import Limits
from relay.signaling.mailbox import SessionEnded, TimePassed
from relay.signaling.session import Session
from relay.signaling.sessions import MISSED_S, Sessions, new_token
from relay.signaling.tally import Tally

NOW = 100.0


class House:
    """Sessions, and all who have come."""

    def __init__(self, **limits: int) -> None:
        self.limits = Limits(**limits)
        self.tally = Tally()
        self.sessions = Sessions(self.limits, self.tally)
        self.tokens: dict[str, str] = {}

    def come(self, name: str, source: str = "", *, waits: bool = True) -> Session:
        session = Session(
            name,
            self.limits,
            since_s=NOW,
            tally=self.tally,
            is_local=False,
            source=source,
            can_resume=True,
        )
        if waits:
            session.happened(Happened.SEARCHED)
        self.tokens[name] = new_token()
        self.sessions.come(session, self.tokens[name], NOW)
        return session

    def lose(self, name: str, source: str = "", now: float = NOW) -> Session:
        session = self.come(name, source)
        assert self.sessions.lose(session, None, now)
        return session

    def resume(
        self, name: str, source: str = "", now: float = NOW, effort: Effort | None = None
    ) -> str | None:
        """The token of who comes back; none when it may not."""
        resume = Resume(resume_token=self.tokens[name], received=0)
        found = self.sessions.resume(
            resume, now, source=source, is_local=True, effort=effort or Effort()
        )
        return None if found is None else found[1].resume_token


async def has_ended(session: Session) -> bool:
    while not session.inbox._items.empty():
        item = await session.inbox.get()
        if isinstance(item, SessionEnded):
            return True
        assert item == TimePassed()
    return False


def test_a_token_is_long_and_of_the_url_alphabet() -> None:
    token = new_token()
    assert len(token) == 43
    assert token.isascii()
    assert token.replace("-", "").replace("_", "").isalnum()


def test_a_nodes_token_begins_with_its_name_and_is_as_long_as_may_be() -> None:
    name = "n" * 32
    token = new_token(name)
    assert token.startswith(f"{name}.")
    assert len(token.removeprefix(f"{name}.")) == 43
    Resume(resume_token=token, received=0)
    sessions = Sessions(Limits(), Tally(), name)
    assert sessions.new_token().startswith(f"{name}.")


async def test_of_a_source_with_too_many_the_one_that_is_away_longest_goes() -> None:
    house = House(sessions_per_source=3)
    house.come("there", "192.0.2.1")
    first = house.lose("first", "192.0.2.1")
    other = house.lose("other", "192.0.2.2")
    near = [house.lose(f"near {n}") for n in range(9)]
    second = house.lose("second", "192.0.2.1")
    assert not await has_ended(first)
    third = house.lose("third", "192.0.2.1")
    assert await has_ended(first)
    assert [await has_ended(each) for each in (other, second, third, *near)] == [False] * 12


async def test_who_comes_back_from_elsewhere_counts_there() -> None:
    house = House(sessions_per_source=1)
    ann = house.lose("ann", "192.0.2.1")
    assert house.resume("ann", "192.0.2.2")
    assert (ann.source, ann.is_local) == ("192.0.2.2", True)
    bob = house.lose("bob", "192.0.2.1")
    assert not await has_ended(bob)
    assert house.sessions._by_source == {"192.0.2.1": 1, "192.0.2.2": 1}
    house.sessions.end(ann)
    house.sessions.end(bob)
    assert house.sessions._by_source == {}


async def test_room_is_made_by_who_is_away_longest_and_was_missed() -> None:
    house = House()
    house.come("there")
    first, second = house.lose("first"), house.lose("second", now=NOW + 1)
    assert house.sessions.expendable() is None, "they may be back in a moment"
    house.sessions.tick(NOW + MISSED_S + 1)
    assert house.sessions.expendable() is first
    house.sessions.give_up(first, NOW + MISSED_S + 1)
    assert await has_ended(first)
    assert not await has_ended(second)
    assert not house.resume("first")
    assert house.resume("second")
    assert house.sessions.expendable() is None


async def test_so_many_tokens_are_remembered_that_serve_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    house = House()
    for name in ("ann", "bob", "cid"):
        house.sessions.end(house.come(name))
    assert not any(house.resume(name) for name in ("ann", "bob", "cid"))
    refused = house.tally.resumes_refused
    assert (refused["unknown"], refused["ended"]) == (1, 2)
    assert len(house.sessions._spent) == 2
    assert house.sessions._by_token == {}
    assert house.sessions._tokens_of == {}


async def test_whom_the_server_waits_for_is_ended_with_it() -> None:
    house = House()
    there, away = house.come("there"), house.lose("away")
    house.sessions.end_all(NOW)
    assert house.sessions.away == 0
    assert await has_ended(away)
    assert not await has_ended(there)
    assert not house.resume("away")
    assert house.tally.resumes_refused["ended"] == 1


def test_many_who_come_and_go_are_told_now_and_then() -> None:
    house = House()
    with capture_logs() as logged:
        for number in range(100):
            last = house.come(f"{number}")
            house.sessions.gone(last, 1001, NOW)
        told = Counter(each["event"] for each in logged)
        assert told == {"user_connected": 60, "user_disconnected": 60}
        house.sessions.gone(last, 1001, NOW + 1)
    assert logged[-1]["suppressed"] == 40


def test_a_token_serves_again_when_the_socket_it_gave_is_lost_without_a_word() -> None:
    house = House()
    ann = house.lose("ann")
    new = house.resume("ann")
    assert new
    assert not house.resume("ann"), "of two at once one wins"
    house.sessions.lose(ann, None, NOW)
    assert house.resume("ann"), "what told the new one may never have come"
    assert not house.resume("ann")
    house.tokens["ann"] = new
    assert not house.resume("ann"), "nor does the other, which was not taken"


def test_both_tokens_serve_once_then() -> None:
    house = House()
    ann = house.lose("ann")
    former, new = house.tokens["ann"], house.resume("ann")
    house.sessions.lose(ann, None, NOW)
    house.tokens["ann"] = new or ""
    assert house.resume("ann")
    house.tokens["ann"] = former
    assert not house.resume("ann")
    house.sessions.end(ann)
    assert not house.sessions._by_token
    assert not house.sessions._tokens_of


def test_a_used_token_is_refused_once_anything_has_come_by_the_socket() -> None:
    house = House()
    ann = house.lose("ann")
    assert house.resume("ann")
    ann.frames += 1
    house.sessions.lose(ann, None, NOW)
    assert not house.resume("ann")
    assert house.tally.resumes_refused["used"] == 1


def test_where_somebody_comes_back_from_pays_for_their_descriptions() -> None:
    house, efforts = House(), Efforts()
    ann = house.lose("ann", "192.0.2.1")
    ann.effort = efforts.of("192.0.2.1")
    there = efforts.of("192.0.2.2")
    there.spend(OF_SOURCE[1] + 1)
    assert not ann.effort.wait_s(NOW)
    assert house.resume("ann", "192.0.2.2", effort=efforts.of("192.0.2.2"))
    assert ann.effort.wait_s(NOW)
