"""Lines between nodes: what is under way is bounded, and neither end waits for ever."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from relay.cluster.messages import Frame, Going, Hung, Resuming, Taken
from relay.errors import NodeLost
from relay.protocol.messages import MAX_FRAME_BYTES
from relay.signaling.lines import WINDOW_BYTES, WINDOW_FRAMES, End, Lines
from relay.signaling.outbox import Closing
from relay.signaling.wire import Goodbye, Heard
from tests.support.nodes import Between, FakeCluster
from tests.support.party import until

LONG = "x" * (WINDOW_BYTES // 4)


@dataclass
class Two:
    """Two nodes: sockets come to b, and what they ask for is at a."""

    between: Between = field(default_factory=Between)
    asked: list[Resuming] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    goes_on: bool = True

    def __post_init__(self) -> None:
        self.a = Lines(self.between.node("a"), self.go_on)
        self.b = Lines(self.between.node("b"), lambda *_: False)

    def go_on(self, resuming: Resuming, end: End) -> bool:
        self.asked.append(resuming)
        self.ends.append(end)
        return self.goes_on

    async def line(self) -> tuple[End, End]:
        """Both ends of another one: the session's, and the socket's."""
        opened = await self.b.open("a", "resume", source="192.0.2.7", is_local=False)
        assert opened is not None
        return self.ends[-1], opened

    def told(self, kind: type, by: str) -> list[object]:
        return [what for who, _, what in self.between.said if who == by and isinstance(what, kind)]


async def test_a_socket_asks_another_node_for_its_session() -> None:
    two = Two()
    far, near = await two.line()
    assert two.asked == [Resuming(near.line, "resume", source="192.0.2.7")]
    assert (far.node, near.node) == ("b", "a")
    await far.tell(b"hello")
    assert await near.hear() == Heard("hello")
    await near.say(Frame(near.line, "you", is_paid=False))
    assert await far.hear() == Heard("you", is_paid=False)
    assert (len(two.a), len(two.b)) == (1, 1)


async def test_a_session_that_cannot_be_had_leaves_no_line() -> None:
    two = Two(goes_on=False)
    assert await two.b.open("a", "resume", source="", is_local=False) is None
    assert (len(two.a), len(two.b)) == (0, 0)
    assert two.told(Hung, "b") == []


async def test_a_node_that_has_gone_is_told_of_at_once() -> None:
    two = Two()
    two.between.lose("a")
    opening = asyncio.create_task(two.b.open("a", "resume", source="", is_local=False))
    await let_others()
    assert isinstance(opening.exception(), NodeLost)
    assert len(two.b) == 0


async def test_a_node_that_has_just_started_waits_for_those_that_it_has_not_met() -> None:
    two = Two()
    opening = asyncio.create_task(two.b.open("c", "resume", source="", is_local=False))
    two.between.node("d")
    await let_others()
    assert not opening.done()
    c = Lines(two.between.node("c"), two.go_on)
    assert await opening is not None
    assert len(c) == 1


async def test_but_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.signaling.lines.MEETING_S", 0.01)
    two = Two()
    with pytest.raises(NodeLost):
        await two.b.open("c", "resume", source="", is_local=False)


async def test_what_goes_on_there_too_late_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    two = Two()
    ask = FakeCluster.ask

    async def too_late(cluster: FakeCluster, node: str, request: object) -> object:
        await ask(cluster, node, request)
        raise NodeLost("it does not answer")

    monkeypatch.setattr(FakeCluster, "ask", too_late)
    with pytest.raises(NodeLost):
        await two.line()
    assert await two.ends[0].hear() == Goodbye(1001)
    assert (len(two.a), len(two.b)) == (0, 0)


async def test_who_asks_no_longer_has_lost_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    two = Two()
    ask = FakeCluster.ask

    async def slow(cluster: FakeCluster, node: str, request: object) -> object:
        await ask(cluster, node, request)
        return await asyncio.Event().wait()

    monkeypatch.setattr(FakeCluster, "ask", slow)
    asking = asyncio.create_task(two.line())
    await until(lambda: bool(two.ends))
    asking.cancel()
    await asyncio.wait({asking})
    assert await two.ends[0].hear() == Goodbye(None)


@pytest.mark.parametrize(("text", "under_way"), [(LONG, 4), ("", WINDOW_FRAMES)])
async def test_so_much_is_under_way_and_no_more(text: str, under_way: int) -> None:
    two = Two()
    far, near = await two.line()
    telling = asyncio.create_task(tell_on_and_on(far, text))
    await until(lambda: len(two.told(Frame, "a")) == under_way)
    await let_others()
    assert len(two.told(Frame, "a")) == under_way
    for _ in range(under_way):
        assert await near.hear() == Heard(text)
    await until(lambda: len(two.told(Frame, "a")) > under_way)
    telling.cancel()
    await asyncio.wait({telling})


async def test_however_much_goes_over_it_nobody_waits_for_ever() -> None:
    two = Two()
    far, near = await two.line()
    sizes = [0, 1, 100, WINDOW_BYTES // 4 - 1, WINDOW_BYTES - 1, WINDOW_BYTES, MAX_FRAME_BYTES] * 20

    async def tell() -> None:
        for size in sizes:
            await far.tell(b"x" * size)

    telling = asyncio.create_task(tell())
    for size in sizes:
        async with asyncio.timeout(10):
            heard = await near.hear()
        assert isinstance(heard, Heard)
        assert len(heard.data) == size
    await telling
    assert len(two.told(Taken, "b")) < len(sizes), "not each frame is answered"


async def test_a_node_that_sends_more_than_it_may_loses_the_line() -> None:
    two = Two()
    far, near = await two.line()
    for _ in range(WINDOW_FRAMES + 1):
        two.b.send("a", Frame(near.line, "x"))
    assert await far.hear() == Goodbye(1008, "too much data")
    assert await near.hear() == Goodbye(1008, "too much data")
    far, near = await two.line()
    two.b.send("a", Frame(near.line, "x" * (MAX_FRAME_BYTES + 1)))
    assert await far.hear() == Goodbye(1008, "too much data")


async def test_what_was_said_before_a_goodbye_is_heard_before_it() -> None:
    two = Two()
    far, near = await two.line()
    await far.tell(b"one")
    await far.close(Closing(4001, "by the operator"))
    assert await near.hear() == Heard("one")
    assert await near.hear() == Goodbye(4001, "by the operator")
    assert await near.hear() == Goodbye(4001, "by the operator")
    assert (far.close_code, near.close_code) == (4001, 4001)
    far.drop()
    with pytest.raises(ConnectionError):
        await near.say(Frame(near.line, "too late"))
    assert len(two.told(Hung, "a")) == 1
    assert two.told(Hung, "b") == []


async def test_who_waits_to_say_something_hears_that_the_line_has_ended() -> None:
    two = Two()
    far, near = await two.line()
    telling = asyncio.create_task(tell_on_and_on(far, LONG))
    await until(lambda: len(two.told(Frame, "a")) == 4)
    near.hang(4000)
    with pytest.raises(ConnectionError):
        await telling


async def test_lines_with_a_node_that_is_lost_have_ended() -> None:
    two = Two()
    far, near = await two.line()
    two.between.part("a", "b")
    assert await far.hear() == Goodbye(None)
    assert await near.hear() == Goodbye(None)
    assert (len(two.a), len(two.b)) == (0, 0)


async def test_a_line_that_nobody_knows_is_ended_at_its_other_end() -> None:
    two = Two()
    far, near = await two.line()
    two.a.forget(far)
    await near.say(Frame(near.line, "are you there?"))
    assert await near.hear() == Goodbye(None)
    before = len(two.between.said)
    two.b.send("a", Hung("no line"))
    two.b.send("a", Taken("no line", 7))
    assert len(two.between.said) == before + 2, "neither is answered"


async def test_a_line_has_a_name_of_its_own() -> None:
    two = Two()
    _, near = await two.line()
    cluster = two.between.nodes["b"]
    for name in (near.line, "x" * 1000):
        assert await cluster.ask("a", Resuming(name, "resume")) == Going(is_on=False)
    assert len(two.asked) == 1
    assert len(two.a) == 1


@pytest.mark.parametrize("code", [-1, 0, 999, 5000, 70_000])
async def test_a_goodbye_that_is_none_is_a_loss(code: int) -> None:
    two = Two()
    far, near = await two.line()
    two.b.send("a", Hung(near.line, code))
    assert await far.hear() == Goodbye(None)


async def test_a_reason_fits_into_a_close_frame() -> None:
    two = Two()
    far, near = await two.line()
    two.b.send("a", Hung(near.line, 4000, "🙂" * 1000))
    heard = await far.hear()
    assert isinstance(heard, Goodbye)
    assert len(heard.reason.encode()) <= 123


async def test_whoever_is_on_the_asking_nodes_machine_may_be_on_this_one() -> None:
    two = Two()
    a, b = two.between.nodes["a"], two.between.nodes["b"]
    await two.b.open("a", "resume", source="", is_local=True)
    assert two.asked[-1].is_local is True
    for here, there, is_local in (
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("127.0.0.1", "127.0.0.2", True),
        ("one.example", "two.example", False),
    ):
        move(a, b, here, there)
        await two.b.open("a", "resume", source="", is_local=True)
        assert two.asked[-1].is_local is is_local, (here, there)


def move(a: FakeCluster, b: FakeCluster, here: str, there: str) -> None:
    """Two nodes have other addresses."""
    a._here, b._here = replace(a._here, host=here), replace(b._here, host=there)
    a._others["b"], b._others["a"] = b._here, a._here


def test_whose_a_token_is() -> None:
    two = Two()
    assert two.b.node_of("a.xyz") == "a"
    assert two.b.node_of("gone.xyz") == "gone"
    assert two.b.node_of("b.xyz") is None
    assert two.b.node_of("xyz") is None


async def tell_on_and_on(end: End, text: str) -> None:
    while True:
        await end.tell(text.encode())


async def let_others(turns: int = 20) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
