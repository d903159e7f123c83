"""The taps' other process: what it makes, and what happens when it fails."""

import asyncio
import io
import os
import pickle
import signal
from pathlib import Path

import pytest

from relay.errors import TapFailed
from relay.taps import worker
from relay.taps.workshop import ANSWER, FAILED, SIZE, Made, Workshop


class Adder:
    """A maker."""

    def __init__(self, start: int) -> None:
        self._sum = start

    def add(self, number: int) -> Made:
        self._sum += number
        return Made(str(self._sum).encode(), self._sum % 100)

    def whereabouts(self) -> Made:
        policy = os.sched_getscheduler(0)
        return Made(f"{os.getpid()} {policy}".encode())

    def secret(self) -> Made:
        return Made(os.environ.get("RELAY_OPERATOR_TOKEN", "none").encode())

    def die(self) -> Made:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def hang(self, sign: Path) -> Made:
        sign.touch()
        signal.pause()
        raise AssertionError

    def chatter(self) -> Made:
        print("what a library prints")
        return Made(b"said")


async def test_makers_remember_and_do_not_mix(workshop: Workshop) -> None:
    async with workshop.maker(Adder, 1) as one, workshop.maker(Adder, 100) as hundred:
        answers = await asyncio.gather(
            *(maker.make("add", number) for number in range(3) for maker in (one, hundred))
        )
    assert [made.data for made in answers] == [b"1", b"100", b"2", b"101", b"4", b"103"]
    assert answers[-1].note == 3


async def test_it_is_another_process_that_stands_back(workshop: Workshop) -> None:
    async with workshop.maker(Adder, 0) as maker:
        pid, policy = (await maker.make("whereabouts")).data.split()
    assert int(pid) != os.getpid()
    assert int(policy) == os.SCHED_IDLE


async def test_it_knows_no_secret(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_OPERATOR_TOKEN", "secret")
    async with workshop.maker(Adder, 0) as maker:
        assert (await maker.make("secret")).data == b"none"


async def test_what_is_printed_there_does_not_get_among_the_answers(workshop: Workshop) -> None:
    async with workshop.maker(Adder, 0) as maker:
        assert (await maker.make("chatter")).data == b"said"
        assert (await maker.make("add", 5)).data == b"5"


async def test_an_error_is_told_and_harms_no_other(workshop: Workshop) -> None:
    async with workshop.maker(Adder, 0) as bad, workshop.maker(Adder, 0) as good:
        with pytest.raises(TapFailed, match="TypeError"):
            await bad.make("add", "a word")
        assert (await good.make("add", 1)).data == b"1"


async def test_a_process_that_dies_fails_what_waits_and_another_one_is_started(
    workshop: Workshop,
) -> None:
    async with workshop.maker(Adder, 0) as maker:
        answers = await asyncio.gather(
            maker.make("die"), maker.make("add", 1), return_exceptions=True
        )
        assert [str(error) for error in answers] == ["the taps' process has gone"] * 2
        with pytest.raises(TapFailed):
            await maker.make("add", 1)
    async with workshop.maker(Adder, 0) as maker:
        assert (await maker.make("add", 1)).data == b"1"


async def test_a_process_that_hangs_is_ended(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, sign = asyncio.get_running_loop(), tmp_path / "it hangs"
    real_s = loop.time
    async with workshop.maker(Adder, 0) as maker:
        asking = asyncio.create_task(maker.make("hang", sign))
        while not sign.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.005)
        assert not asking.done()
        with monkeypatch.context() as patch:
            patch.setattr(loop, "time", lambda: real_s() + 60)
            with pytest.raises(TapFailed, match="did not answer in 60 s"):
                await asking
        with pytest.raises(TapFailed, match="has gone"):
            await maker.make("add", 1)
    async with workshop.maker(Adder, 0) as maker:
        assert (await maker.make("add", 1)).data == b"1"


async def test_whoever_gives_up_does_not_get_another_ones_answer(workshop: Workshop) -> None:
    async with workshop.maker(Adder, 0) as maker:
        await maker.make("add", 1)
        given_up = asyncio.create_task(maker.make("add", 10))
        await asyncio.sleep(0)
        given_up.cancel()
        assert (await maker.make("add", 100)).data == b"111"


def test_requests_end_with_the_input() -> None:
    request = pickle.dumps((7, None, (Adder, (1,))))
    ask = pickle.dumps((7, "add", (1,)))
    answers = io.BytesIO()
    whole = b"".join(SIZE.pack(len(data)) + data for data in (request, ask))
    worker.serve(io.BytesIO(whole + SIZE.pack(100) + b"cut"), answers)
    assert answers.getvalue() == ANSWER.pack(1, 2) + b"2"


def test_a_maker_that_is_not_there_is_an_error() -> None:
    ask, answers = pickle.dumps((7, "add", (1,))), io.BytesIO()
    worker.serve(io.BytesIO(SIZE.pack(len(ask)) + ask), answers)
    size, note = ANSWER.unpack(answers.getvalue()[: ANSWER.size])
    assert note == FAILED
    assert answers.getvalue()[ANSWER.size :] == b"KeyError: 7"
    assert size == len(b"KeyError: 7")
