"""Media between two nodes: their fronts' planes, real workers, and UDP on two addresses."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from relay.media.feedback.rtcp import PLI, PSFB
from relay.plane import Direction, Kept, LinkTold, MediaEvent
from relay.taps.tap import tapped
from relay.workers.trunk_keys import RENEWED_S
from tests.integration.test_workers import House, house, until
from tests.support.exchange import CHROMIUM, FIREFOX, audio, exchange_media, hear, talk, video
from tests.support.keyframe import key_frame, payloads
from tests.support.news import Flowing, Lost, Told, Up
from tests.support.nodes import Between
from tests.support.onlooker import Onlooker
from tests.support.packets import read_rtcp
from tests.support.ports import free_ports
from tests.support.thin import ThinPeer

pytestmark = pytest.mark.timeout(240)

LEFT, RIGHT = "127.0.0.1", "127.0.0.2"


class Nodes:
    """Two, and what their signalling does: it tells each what the other's plane has told."""

    def __init__(self, between: Between, left: House, right: House) -> None:
        self.between, self.left, self.right = between, left, right
        self._rooms = 0
        self._is_pairing = False
        self._held: list[tuple[House, LinkTold]] = []
        left.plane.subscribe(lambda event: self._hand_on(event, right))
        right.plane.subscribe(lambda event: self._hand_on(event, left))

    async def have_keys(self) -> None:
        """Wait until every worker may send to each of the other node."""
        await until(lambda: all(map(_has_keys, (self.left, self.right))))

    def pair(self, a: str, b: str) -> None:
        """A user of the left node and one of the right meet."""
        self._rooms += 1
        self._is_pairing = True  # what one tells waits until the other has the room
        self.left.plane.pair_across(a, b, "right", self._rooms << 40)
        self.right.plane.pair_across(b, a, "left", self._rooms << 40)
        self._is_pairing = False
        held, self._held = self._held, []
        for there, event in held:
            there.plane.follow(event.user_id, event.told)

    def _hand_on(self, event: MediaEvent, there: House) -> None:
        if isinstance(event, LinkTold) and self._is_pairing:
            self._held.append((there, event))
        elif isinstance(event, LinkTold):
            there.plane.follow(event.user_id, event.told)

    def part(self, a: str, b: str) -> None:
        self.left.plane.unpair(a)
        self.right.plane.unpair(b)

    async def carried_out(self) -> None:
        for each in (self.left, self.right):
            await each.plane.stats()


def _has_keys(here: House) -> bool:
    keys = here.plane._across.keys
    assert keys is not None
    return bool(keys._keys) and all(k.used_since_s is not None for k in keys._keys.values())


@asynccontextmanager
async def two_nodes(
    places: tuple[Path, Path], workers: tuple[int, int] = (1, 1)
) -> AsyncIterator[Nodes]:
    between = Between()
    first, _, second, _ = free_ports(4)
    async with AsyncExitStack() as stack:
        left = await stack.enter_async_context(
            house(places[0], workers[0], cluster=between.node("left", LEFT, first, workers[0]))
        )
        right = await stack.enter_async_context(
            house(places[1], workers[1], cluster=between.node("right", RIGHT, second, workers[1]))
        )
        nodes = Nodes(between, left, right)
        await nodes.have_keys()
        yield nodes


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    made = tmp_path / "left", tmp_path / "right"
    for place in made:
        place.mkdir(mode=0o700)
    return made


async def _has_ended(here: House) -> None:
    """Of a front that has vanished: its processes end with the one that has adopted them."""
    for process in here.crew._processes.values():
        await process.wait()


async def drops(here: House) -> dict[str, int]:
    found = (await here.plane.stats()).drops
    return {reason: count for reason, count in found.items() if count}


async def test_users_of_two_nodes_talk_and_press_next(places: tuple[Path, Path]) -> None:
    async with two_nodes(places, (2, 1)) as nodes:
        a, c = await nodes.left.join("a"), await nodes.left.join("c")
        assert set(nodes.left.plane._homes.worker_of.values()) == {0, 1}
        b = await nodes.right.join("b")
        for turn, (name, peer) in enumerate([("a", a), ("c", c), ("a", a)], 1):
            nodes.pair(name, "b")
            await nodes.carried_out()
            await talk(peer, b, turn)
            await nodes.left.hears(Told(name), Flowing(name))
            await nodes.right.hears(Told("b"), Flowing("b"))
            nodes.part(name, "b")
            await nodes.carried_out()
        stats = await nodes.left.plane.stats()
        assert (stats.packets_trunked, stats.packets_bridged) == (
            {"out": 3, "in": 3},
            {"out": 0, "in": 0},
        )
        for here in (nodes.left, nodes.right):  # what is told of a pair that has ended
            assert (await drops(here)).keys() <= {"bridge_unknown"}
        for here in (nodes.left, nodes.right):
            homes = here.plane._homes
            assert not any((homes.remotes, homes._near_of, homes.partner_of, homes.joined_at))


async def test_the_pair_is_made_before_the_links(places: tuple[Path, Path]) -> None:
    async with two_nodes(places) as nodes:
        nodes.pair("a", "b")
        a, b = nodes.left.peer(), nodes.right.peer()
        a.take_answer((await nodes.left.plane.answer("a", a.offer(), is_local=True)).sdp)
        await a.connect()
        await nodes.left.hears(Told("a"), Up("a"))
        b.take_answer((await nodes.right.plane.answer("b", b.offer(), is_local=True)).sdp)
        await b.connect()
        await nodes.right.hears(Told("b"), Up("b"))
        await nodes.carried_out()
        await talk(a, b)


async def test_operators_see_as_much_and_taps_see_it_all(places: tuple[Path, Path]) -> None:
    async with two_nodes(places) as nodes:
        a, b = await nodes.left.join("a"), await nodes.right.join("b")
        up, down = Onlooker(), Onlooker()
        nodes.left.plane.tap("a", Direction.UP, up)
        nodes.right.plane.tap("b", Direction.DOWN, down)
        nodes.pair("a", "b")
        await nodes.carried_out()
        for number in range(1, 4):
            await talk(a, b, number)
        await nodes.carried_out()
        assert (len(up.packets), len(down.packets)) == (3, 3)
        left, right = [await each.plane.look() for each in (nodes.left, nodes.right)]
        counts = {
            (track.user_id, track.direction, track.kind): track.packets
            for track in (*left.tracks, *right.tracks)
            if track.kind == "audio"
        }
        assert counts == {
            ("a", "up", "audio"): 3,
            ("a", "down", "audio"): 3,
            ("b", "up", "audio"): 3,
            ("b", "down", "audio"): 3,
        }
        nodes.part("a", "b")
        await nodes.carried_out()
        assert (up.told, down.told) == (["parted"], ["parted"])


async def meet_again(nodes: Nodes, a: ThinPeer, b: ThinPeer, number: int) -> None:
    await nodes.have_keys()
    await nodes.carried_out()
    await talk(a, b, number)


async def test_a_worker_dies_and_its_user_comes_back(places: tuple[Path, Path]) -> None:
    async with two_nodes(places) as nodes:
        a, b = await nodes.left.join("a"), await nodes.right.join("b")
        nodes.pair("a", "b")
        await meet_again(nodes, a, b, 1)
        await nodes.left.hears(Told("a"), Flowing("a"))
        keys = nodes.left.plane._across.keys
        assert keys is not None
        before = {key.text for key in keys._keys.values()}
        (process,) = await nodes.left.processes()
        os.kill(process, signal.SIGKILL)
        await nodes.left.hears(Lost("a", "restarted"))
        a = nodes.left.peer()
        a.take_answer((await nodes.left.plane.answer("a", a.offer(), is_local=True)).sdp)
        await a.connect()
        await nodes.left.hears(Told("a"), Up("a"))
        await meet_again(nodes, a, b, 2)
        assert not before & {key.text for key in keys._keys.values()}
        assert (await drops(nodes.right)).keys() <= {"bridge_unknown", "trunk_keyless"}


async def test_a_front_dies_and_the_next_one_adopts_its_workers(places: tuple[Path, Path]) -> None:
    """With other keys; who was in a call across parts, as its room does."""
    between = Between()
    first, second = free_ports(2)
    cluster = between.node("left", LEFT, first)
    async with AsyncExitStack() as stack:
        right = await stack.enter_async_context(
            house(places[1], cluster=between.node("right", RIGHT, second))
        )
        left = House(places[0], 1, free_ports(), cluster=cluster)
        stack.push_async_callback(_has_ended, left)
        left.directory.claim()
        await left.plane.start()
        nodes = Nodes(between, left, right)
        await nodes.have_keys()
        a, b = await left.join("a"), await right.join("b")
        nodes.pair("a", "b")
        await meet_again(nodes, a, b, 1)
        processes = await left.processes()
        await left.vanish()
        await a.vanish()
        between.lose("left")
        right.plane.unpair("b")
        again = between.node("left", LEFT, first)
        here = await stack.enter_async_context(house(places[0], ports=left.ports, cluster=again))
        assert await here.processes() == processes, "they are adopted"
        assert here.plane._homes.partner_of == {}, "nobody here is in a room that both know"
        nodes = Nodes(between, here, right)
        await nodes.have_keys()
        a = await here.join("a")
        nodes.pair("a", "b")
        await meet_again(nodes, a, b, 2)


async def test_a_partner_is_given_to_another_user(places: tuple[Path, Path]) -> None:
    """Nobody here has said that it has left the first one."""
    async with two_nodes(places) as nodes:
        a, c = await nodes.left.join("a"), await nodes.left.join("c")
        b = await nodes.right.join("b")
        nodes.pair("a", "b")
        await meet_again(nodes, a, b, 1)
        nodes.pair("c", "b")
        await meet_again(nodes, c, b, 2)
        a.send_rtp(audio(a, 2))
        while "unpaired" not in await drops(nodes.left):
            await nodes.carried_out()
        assert nodes.left.plane._homes.partner_of == {"c": "b"}
        assert b.rtp.empty()


async def test_many_meetings_leave_nothing_behind(places: tuple[Path, Path]) -> None:
    """While keys are renewed, and the workers' descriptors stay as many as they were."""
    async with two_nodes(places, (2, 1)) as nodes:
        here = {name: await nodes.left.join(name) for name in ("a", "b", "c")}
        there = {name: await nodes.right.join(name) for name in ("x", "y")}
        held: list[int] = []
        for turn in range(1, 61):
            pairs = list(zip(sorted(here, key=lambda n: (ord(n) * turn) % 7), there, strict=False))
            for a, x in pairs:
                nodes.pair(a, x)
            await nodes.carried_out()
            for a, x in pairs:
                await talk(here[a], there[x], turn)
            if turn % 10 == 0:
                for each in (nodes.left, nodes.right):
                    each.now += RENEWED_S
                    await each.plane.beat()
                await nodes.have_keys()
            if turn == 10:
                held = await descriptors(nodes)
        assert await descriptors(nodes) == held
        for name in here:
            nodes.left.plane.unpair(name)
        for name in there:
            nodes.right.plane.unpair(name)
        await nodes.carried_out()
        for each in (nodes.left, nodes.right):
            homes, keys = each.plane._homes, each.plane._across.keys
            assert not any((homes.remotes, homes._near_of, homes.partner_of, homes.joined_at))
            assert keys is not None
            assert {key.epoch for key in keys._keys.values()} == {6}
            assert (await drops(each)).keys() <= {"bridge_unknown", "unpaired"}


async def descriptors(nodes: Nodes) -> list[int]:
    """Of each worker."""
    processes = [*await nodes.left.processes(), *await nodes.right.processes()]
    return [len(os.listdir(f"/proc/{process}/fd")) for process in processes]  # noqa: PTH208


async def test_a_node_is_lost(places: tuple[Path, Path]) -> None:
    async with two_nodes(places) as nodes:
        a, b = await nodes.left.join("a"), await nodes.right.join("b")
        nodes.pair("a", "b")
        await meet_again(nodes, a, b, 1)
        nodes.between.part("left", "right")
        await nodes.carried_out()
        a.send_rtp(audio(a, 2))
        while "unpaired" not in await drops(nodes.left):
            await nodes.carried_out()
        nodes.part("a", "b")
        assert b.rtp.empty()
        nodes.left.plane.pair_across("a", "b", "right", 5)  # which tells the other node
        nodes.left.plane.follow("b", "{}")
        nodes.left.plane.follow("nobody", "{}")
        assert (await drops(nodes.left))["link_malformed"] == 1
        assert (await drops(nodes.left))["link_unknown"] == 1
        assert (await drops(nodes.right))["link_unknown"] == 1


async def test_pictures_cross(places: tuple[Path, Path]) -> None:
    async with two_nodes(places) as nodes:
        peers = []
        for here, user, numbering in ((nodes.left, "a", CHROMIUM), (nodes.right, "b", FIREFOX)):
            peer = ThinPeer(numbering=numbering)
            here.peers.append(peer)
            answer = await here.plane.answer(user, peer.offer(), is_local=True)
            peer.take_answer(answer.sdp)
            await peer.connect()
            peers.append(peer)
        nodes.pair("a", "b")
        await nodes.carried_out()
        await exchange_media(*peers)


async def test_a_picture_is_kept_and_asked_for_where_it_is_seen(places: tuple[Path, Path]) -> None:
    """And whoever asks gets it from there, also when the two have parted."""
    async with two_nodes(places) as nodes:
        left, right = nodes.left.plane, nodes.right.plane
        for each in (left, right):
            each.keep(on=True)
        a, b = await nodes.left.join("a"), await nodes.right.join("b")
        c = await nodes.right.join("c")
        nodes.pair("a", "b")
        await nodes.carried_out()
        for sender, receiver, seed in ((b, a, 1), (a, b, 2)):
            await show(sender, receiver, key_frame(seed))
        for each in (left, right):
            assert frame_of(await each.kept("b", "a")) == key_frame(1)
            assert frame_of(await each.kept("a", "b")) == key_frame(2)
        await nodes.carried_out()
        while not b.rtcp.empty():
            b.rtcp.get_nowait()  # what was asked for before there was a picture
        left.request_keyframe("b", Direction.UP)
        await is_asked(b)

        nodes.part("a", "b")
        assert frame_of(await left.kept("a", "b")) == key_frame(2)
        right.pair("b", "c")
        await nodes.carried_out()
        await is_asked(b)  # as they have met
        await show(b, c, key_frame(3), number=100)
        assert frame_of(await left.kept("b", "a")) == key_frame(1)
        assert frame_of(await left.kept("b")) == key_frame(3), "wherever it goes"
        await nodes.carried_out()
        while not b.rtcp.empty():
            b.rtcp.get_nowait()
        left.request_keyframe("b", Direction.UP)
        await is_asked(b)
        nodes.between.cut.add(frozenset({"left", "right"}))
        assert await left.kept("a", "b") is None
        assert frame_of(await left.kept("b", "a")) == key_frame(1)


async def test_what_somebody_at_another_node_sends_is_looked_at_where_it_arrives(
    places: tuple[Path, Path],
) -> None:
    """As for a recording of the room, which has both sides at either node."""
    async with two_nodes(places) as nodes:
        left = nodes.left.plane
        a, b = await nodes.left.join("a"), await nodes.right.join("b")
        nodes.pair("a", "b")
        with (
            tapped(left, "a", Direction.UP, partner="b") as of_a,
            tapped(left, "b", Direction.UP, partner="a") as of_b,
            tapped(left, "b", Direction.UP, partner="c") as of_others,
        ):
            await nodes.carried_out()
            await talk(a, b, 1)
            await show(b, a, key_frame(1))
            await nodes.carried_out()
            assert not of_b.ended
            assert {packet.kind for packet in of_b.fetch()} == {"audio", "video"}
            assert [packet.kind for packet in of_a.fetch()] == ["audio"]
            assert of_others.ended
            nodes.part("a", "b")
            await nodes.carried_out()
            assert of_a.ended
            assert of_b.ended
        assert not left._taps


async def show(sender: ThinPeer, receiver: ThinPeer, frame: bytes, number: int = 1) -> None:
    """Have a picture pass."""
    parts = list(payloads(frame))
    for at, (payload, is_last) in enumerate(parts, number):
        sender.send_rtp(video(sender, at, payload, rtp_ts=number, marker=is_last))
    for _ in parts:
        await hear(receiver)


def frame_of(kept: Kept | None) -> bytes:
    assert kept is not None
    return kept.frame


async def is_asked(peer: ThinPeer) -> None:
    """Wait until it is asked for a key frame."""
    async with asyncio.timeout(20):
        while not _asks_for_a_picture(await peer.rtcp.get()):
            pass


def _asks_for_a_picture(packet: bytes) -> bool:
    return any((each.kind, each.count) == (PSFB, PLI) for each in read_rtcp(packet))


async def test_without_a_cluster(places: tuple[Path, Path]) -> None:
    async with house(places[0]) as here:
        with pytest.raises(RuntimeError, match="no node of a cluster"):
            here.plane.pair_across("a", "b", "right", 1)
        here.plane.follow("b", "{}")
        assert await drops(here) == {"link_unknown": 1}
