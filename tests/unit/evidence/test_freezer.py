"""A report freezes the pictures and the chat of both, whatever else happens."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from relay.evidence.chat import Line
from relay.evidence.freezer import MAX_AT_ONCE, Freezer
from relay.evidence.webp import to_webp
from relay.plane import Direction, Kept
from tests.support.evidence import KEY, Shelf, report
from tests.support.keyframe import key_frame

NOW = 5000.0


class Pictures:
    """A plane that keeps what tests say."""

    def __init__(self) -> None:
        self.kept_of: dict[str, list[Kept]] = {}
        self.asked: list[tuple[str, Direction]] = []
        self.is_broken = False
        self.both_asked = asyncio.Event()

    def show(self, user_id: str, mark: int, partner_id: str, age_s: float = 1.0) -> None:
        kept = Kept(age_s, 320, 240, key_frame(mark), partner_id)
        self.kept_of.setdefault(user_id, []).insert(0, kept)

    async def kept(
        self, user_id: str, partner_id: str | None = None, within_s: float | None = None
    ) -> Kept | None:
        if self.is_broken:
            raise RuntimeError("no plane")
        for kept in self.kept_of.get(user_id, []):
            is_new = within_s is None or kept.age_s <= within_s
            if is_new and partner_id in (None, kept.partner_id):
                return kept
        return None

    def request_keyframe(self, user_id: str, direction: Direction) -> None:
        self.asked.append((user_id, direction))
        if len(self.asked) == 2:
            self.both_asked.set()


class Frozen:
    """A freezer with all around it."""

    def __init__(
        self, looks_s: tuple[float, ...] = (0.0,), glances_s: tuple[float, ...] = (0.0,)
    ) -> None:
        self.plane, self.shelf = Pictures(), Shelf()
        self.freezer = Freezer(
            self.plane, self.shelf, KEY, 30, looks_s=looks_s, glances_s=glances_s, clock=lambda: NOW
        )

    async def freeze(self, *chat: Line) -> None:
        self.freezer.freeze(report(), "ann", "bob", chat)
        await self.freezer.close()


async def test_both_are_frozen_with_what_they_said() -> None:
    frozen = Frozen()
    frozen.plane.show("ann", 1, "bob", age_s=3.0)
    frozen.plane.show("bob", 2, "ann")
    await frozen.freeze(Line(990.0, "bob", "look"), Line(991.0, "ann", "no"))
    package = frozen.shelf.opened
    assert (package.report_id, package.room_id, package.reason) == ("report", "room", "nudity")
    assert (package.reporter.visitor, package.reported.visitor) == ("ann's", "bob's")
    [of_ann], [of_bob] = package.reporter.pictures, package.reported.pictures
    assert (of_ann.at, of_ann.webp) == (NOW - 3, to_webp(key_frame(1)))
    assert (of_bob.in_room, of_bob.webp) == (True, to_webp(key_frame(2)))
    assert [(said.by, said.text) for said in package.chat] == [
        ("reported", "look"),
        ("reporter", "no"),
    ]
    [row] = frozen.shelf.rows
    assert (row.report_id, row.at, row.keep_until) == ("report", 1000.0, 1000.0 + 30 * 86_400)
    assert frozen.freezer.tally["stored"] == 1


async def test_of_a_classifiers_case_only_who_is_suspect_is_kept() -> None:
    frozen = Frozen()
    frozen.plane.show("ann", 1, "bob")
    frozen.plane.show("bob", 2, "ann")
    frozen.freezer.freeze(replace(report(), source="classifier"), "ann", "bob")
    await frozen.freezer.close()
    package = frozen.shelf.opened
    assert package.reporter.pictures == ()
    assert len(package.reported.pictures) == 1
    assert {user for user, _ in frozen.plane.asked} <= {"bob"}


async def test_nothing_of_it_shows() -> None:
    frozen = Frozen()
    frozen.plane.show("bob", 2, "ann")
    await frozen.freeze(Line(990.0, "bob", "a secret"))
    sealed = frozen.shelf.rows[0].sealed
    assert sealed is not None
    for secret in (b"secret", b"bob", b"WEBP", key_frame(2)[:20]):
        assert secret not in sealed


async def test_another_key_frame_of_each_is_asked_for_and_taken() -> None:
    frozen = Frozen(looks_s=(0.0, 60.0))
    frozen.plane.show("bob", 1, "ann")
    frozen.freezer.freeze(report(), "ann", "bob")
    await frozen.plane.both_asked.wait()
    assert sorted(frozen.plane.asked) == [("ann", Direction.UP), ("bob", Direction.UP)]
    frozen.plane.show("bob", 2, "cid", age_s=0.0)
    await frozen.freezer.close()
    first, later = frozen.shelf.opened.reported.pictures
    assert (first.webp, first.in_room) == (to_webp(key_frame(1)), True)
    assert (later.webp, later.in_room) == (to_webp(key_frame(2)), False)


async def test_a_glance_is_a_picture_of_each_while_they_are_together() -> None:
    frozen = Frozen(glances_s=(60.0, 120.0))
    frozen.plane.show("ann", 1, "bob", age_s=100.0)
    frozen.plane.show("bob", 2, "ann", age_s=100.0)
    glancing = asyncio.create_task(frozen.freezer.glance("ann", "bob"))
    await frozen.plane.both_asked.wait()
    frozen.plane.show("bob", 3, "ann", age_s=0.0)
    frozen.freezer._closing.set()  # it is time to look
    glimpse = await glancing
    frozen.freezer.freeze(report(), "ann", "bob", (), glimpse)
    await frozen.freezer.close()
    package = frozen.shelf.opened
    assert [shot.webp for shot in package.reported.pictures] == [
        to_webp(key_frame(2)),
        to_webp(key_frame(3)),
    ]
    assert [shot.at for shot in package.reported.pictures] == [NOW - 100, NOW]
    assert [shot.webp for shot in package.reporter.pictures] == [to_webp(key_frame(1))]


async def test_a_glance_ends_when_nothing_comes_and_does_no_harm() -> None:
    frozen = Frozen()
    frozen.plane.show("bob", 2, "ann", age_s=100.0)
    glimpse = await frozen.freezer.glance("ann", "bob")
    assert {user: len(seen) for user, seen in glimpse.items()} == {"ann": 0, "bob": 1}
    frozen.plane.is_broken = True
    assert await frozen.freezer.glance("ann", "bob") == {}


async def test_so_many_glances_at_once_are_too_many() -> None:
    frozen = Frozen(glances_s=(60.0,))
    glances = [asyncio.create_task(frozen.freezer.glance("ann", "bob")) for _ in range(MAX_AT_ONCE)]
    await frozen.plane.both_asked.wait()
    assert await frozen.freezer.glance("ann", "bob") == {}
    await frozen.freezer.close()
    assert all(await asyncio.gather(*glances))


async def test_the_room_may_have_ended_long_before() -> None:
    frozen = Frozen()
    frozen.plane.show("bob", 1, "ann", age_s=50.0)
    frozen.plane.show("bob", 2, "cid", age_s=20.0)
    await frozen.freeze()
    shots = frozen.shelf.opened.reported.pictures
    assert [
        (shot.webp == to_webp(key_frame(n)), shot.in_room) for n, shot in enumerate(shots, 1)
    ] == [
        (True, True),
        (True, False),
    ]


async def test_who_has_shown_the_partner_nothing_has_what_it_showed_others() -> None:
    frozen = Frozen()
    frozen.plane.show("bob", 2, "cid")
    await frozen.freeze()
    [shot] = frozen.shelf.opened.reported.pictures
    assert not shot.in_room


async def test_without_pictures_there_is_the_chat() -> None:
    frozen = Frozen()
    await frozen.freeze(Line(990.0, "bob", "hi"))
    assert frozen.shelf.opened.reported.pictures == ()
    assert len(frozen.shelf.opened.chat) == 1


async def test_where_there_is_nothing_nothing_is_stored() -> None:
    frozen = Frozen()
    await frozen.freeze()
    assert frozen.shelf.rows == []
    assert frozen.freezer.tally["nothing"] == 1


async def test_a_picture_that_is_none_is_left_out() -> None:
    frozen = Frozen()
    frozen.plane.kept_of["bob"] = [
        Kept(1.0, 16383, 16383, key_frame(1, width=16383, height=16383), "ann")
    ]
    await frozen.freeze(Line(990.0, "bob", "hi"))
    assert frozen.shelf.opened.reported.pictures == ()


async def test_a_database_that_is_away_has_it_later() -> None:
    frozen = Frozen()
    frozen.shelf.is_away = True
    await frozen.freeze(Line(990.0, "bob", "hi"))
    assert frozen.freezer.tally["waiting"] == 1


async def test_what_goes_wrong_is_logged_and_goes_no_further(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frozen = Frozen()
    frozen.plane.is_broken = True
    await frozen.freeze(Line(990.0, "bob", "hi"))
    assert frozen.freezer.tally["failed"] == 1


async def test_so_many_at_once_are_too_many() -> None:
    frozen = Frozen(looks_s=(60.0,))
    for _ in range(MAX_AT_ONCE + 3):
        frozen.freezer.freeze(report(), "ann", "bob", (Line(1.0, "bob", "hi"),))
    await frozen.freezer.close()
    assert frozen.freezer.tally["busy"] == 3
    assert len(frozen.shelf.rows) == MAX_AT_ONCE
