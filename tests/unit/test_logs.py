"""How log events look."""

import asyncio
import io
import json
import logging

import pytest
import structlog

from relay import logs
from relay.logs import log_crash

pytestmark = pytest.mark.usefixtures("kept_logging")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_an_event_is_key_value_where_nobody_looks() -> None:
    out = io.StringIO()
    logs.configure("info", out)
    structlog.get_logger().info("room_opened", room="r 1", full=True)
    time, rest = out.getvalue().split(" ", 1)
    assert time.startswith("timestamp=20")
    assert rest == 'level=info event=room_opened room="r 1" full=true\n'


def test_a_crash_stays_in_one_line() -> None:
    out = io.StringIO()
    logs.configure("info", out)
    try:
        int("a bug")
    except ValueError:
        structlog.get_logger().exception("task_crashed", task="reader")
    assert "ValueError: invalid literal" in out.getvalue()
    assert out.getvalue().count("\n") == 1


def test_a_terminal_gets_text_for_people() -> None:
    out = Terminal()
    logs.configure("info", out)
    structlog.get_logger().info("room_opened", room="r1")
    assert "room_opened" in out.getvalue()
    assert "event=" not in out.getvalue()


def test_what_is_below_the_level_is_left_out() -> None:
    out = io.StringIO()
    logs.configure("warning", out)
    structlog.get_logger().info("room_opened")
    assert out.getvalue() == ""


@pytest.mark.parametrize("level", ["debug", "info"])
def test_other_packages_are_heard_from_warning_on(level: str) -> None:
    out = io.StringIO()
    logs.configure(level, out)
    logging.getLogger("aioice").info("candidate pair %s", "192.0.2.7")
    logging.getLogger("aiortc").warning("odd")
    assert "192.0.2.7" not in out.getvalue()
    assert "level=warning event=odd logger=aiortc\n" in out.getvalue()


def test_other_packages_cannot_fill_the_log() -> None:
    now, out = 1000.0, io.StringIO()
    logs.configure("info", out)
    (handler,) = logging.getLogger().handlers
    handler.filters[:] = [logs.Foreign(lambda: now)]
    for number in range(logs.FOREIGN_BURST + 7):
        logging.getLogger("asyncio").warning("socket.send() raised exception %d", number)
    logging.getLogger("aiortc").warning("odd")
    *first, other = out.getvalue().splitlines()
    assert len(first) == logs.FOREIGN_BURST
    assert "suppressed" not in other
    now += logs.FOREIGN_EVERY_S
    logging.getLogger("asyncio").warning("again")
    assert out.getvalue().endswith("logger=asyncio suppressed=7\n")


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_json_is_one_object_a_line_wherever_it_goes(stream: type[io.StringIO]) -> None:
    out = stream()
    logs.configure("info", out, as_json=True)
    structlog.get_logger().info("room_opened", room="r 1", full=True, who="zoë")
    try:
        int("a bug")
    except ValueError:
        structlog.get_logger().exception("task_crashed", task="reader")
    logging.getLogger("aiortc").warning("odd %s", "thing")
    opened, crashed, odd = (json.loads(line) for line in out.getvalue().splitlines())
    assert opened.pop("timestamp").startswith("20")
    assert opened == {
        "level": "info",
        "event": "room_opened",
        "room": "r 1",
        "full": True,
        "who": "zoë",
    }
    assert "ValueError: invalid literal" in crashed["exception"]
    assert (odd["event"], odd["logger"]) == ("odd thing", "aiortc")


def test_what_is_bound_to_a_request_is_in_its_events() -> None:
    out = io.StringIO()
    logs.configure("info", out)
    with structlog.contextvars.bound_contextvars(request="abc"):
        structlog.get_logger().info("user_connected")
    structlog.get_logger().info("server_stopping")
    first, second = out.getvalue().splitlines()
    assert "request=abc" in first
    assert "request" not in second


async def test_a_crash_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    async def crash() -> None:
        raise RuntimeError("a bug")

    for work in (crash(), asyncio.sleep(0)):
        task = asyncio.create_task(work, name="link ann")
        task.add_done_callback(log_crash)
        await asyncio.wait([task])
    cancelled = asyncio.create_task(asyncio.sleep(9))
    cancelled.add_done_callback(log_crash)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    said = capsys.readouterr()
    assert (said.out + said.err).count("task_crashed") == 1
