"""Lines between nodes: whatever is said arrives in order, and whatever a node says is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from relay.cluster.messages import Frame, Hung, Resuming, Taken
from relay.signaling.lines import WINDOW_BYTES, WINDOW_FRAMES, End, Lines
from relay.signaling.wire import Goodbye, Heard
from tests.support.nodes import Between

SIZES = st.sampled_from([0, 1, 100, WINDOW_BYTES // 5, WINDOW_BYTES, 3 * WINDOW_BYTES])
STEPS = st.lists(st.tuples(st.sampled_from(["say", "hear"]), st.booleans(), SIZES), max_size=200)

NAMES = st.sampled_from(["", "mine", "another", "x" * 100])
SAID = st.one_of(
    st.builds(Frame, NAMES, st.builds("x".__mul__, SIZES), st.booleans()),
    st.builds(Taken, NAMES, st.integers(-(2**40), 2**40)),
    st.builds(Hung, NAMES, st.integers(-(2**40), 2**40), st.text(max_size=200)),
    st.builds(Resuming, NAMES, st.text(max_size=20), st.text(max_size=20), st.booleans()),
)


class Talk:
    """One end: what it says in the end, and has heard."""

    def __init__(self, end: End) -> None:
        self.end = end
        self.said: list[str] = []
        self.heard: list[str] = []
        self.saying: asyncio.Queue[str] = asyncio.Queue()
        self.hearing = asyncio.Semaphore(0)

    async def say(self) -> None:
        while True:
            await self.end.tell((await self.saying.get()).encode())

    async def hear(self) -> None:
        while True:
            await self.hearing.acquire()
            heard = await self.end.hear()
            assert isinstance(heard, Heard)
            assert isinstance(heard.data, str)
            self.heard.append(heard.data)


def into(ends: list[End]) -> Callable[[Resuming, End], bool]:
    """Has every session go on."""

    def go_on(_: Resuming, end: End) -> bool:
        ends.append(end)
        return True

    return go_on


@given(STEPS)
def test_what_is_said_is_heard_in_order_whoever_waits_for_whom(
    steps: list[tuple[str, bool, int]],
) -> None:
    asyncio.run(_talk(steps))


async def _talk(steps: list[tuple[str, bool, int]]) -> None:
    between = Between()
    ends: list[End] = []
    Lines(between.node("a"), into(ends))
    near = await Lines(between.node("b"), lambda *_: False).open(
        "a", "resume", source="", is_local=False
    )
    assert near is not None
    talks = Talk(ends[0]), Talk(near)
    tasks = [asyncio.create_task(work) for talk in talks for work in (talk.say(), talk.hear())]
    for number, (what, is_first, size) in enumerate(steps):
        talk = talks[is_first]
        if what == "say":
            talk.said.append(f"{number} " + "x" * size)
            talk.saying.put_nowait(talk.said[-1])
        else:
            talk.hearing.release()
        await asyncio.sleep(0)
        for each in talks:
            assert len(each.end._heard) <= WINDOW_FRAMES
    for talk in talks:
        for _ in range(len(steps)):
            talk.hearing.release()
    async with asyncio.timeout(20):
        while talks[0].heard != talks[1].said or talks[1].heard != talks[0].said:  # noqa: ASYNC110
            await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in done)


@given(st.lists(SAID, max_size=100))
def test_whatever_a_node_says_of_lines_is_bounded(said: list[object]) -> None:
    asyncio.run(_hear(said))


async def _hear(said: list[object]) -> None:
    between = Between()
    ends: list[End] = []
    here = Lines(between.node("a"), into(ends))
    other = between.node("b")
    for message in said:
        if isinstance(message, Resuming):
            await other.ask("a", message)
        else:
            other.tell("a", message)
        for end in ends:
            assert len(end._heard) <= WINDOW_FRAMES
            assert sum(len(frame.text) for frame in end._heard) < 4 * WINDOW_BYTES
    assert len(here) <= len({end.line for end in ends})
    other.tell("a", Hung("mine"))
    between.part("a", "b")
    assert len(here) == 0
    for end in ends:
        await asyncio.wait_for(_until_goodbye(end), 10)


async def _until_goodbye(end: End) -> None:
    while not isinstance(await end.hear(), Goodbye):
        pass
