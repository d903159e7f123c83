"""Whose picture is paused when one line of two is very bad, and how soon it is back.

What is found depends on how a browser's estimate goes down over such a line, which is not the same
twice, so this runs only when it is asked for.
"""

import signal
import time

import pytest

from tests.browser.conftest import Arrive, StartServer
from tests.browser.server import SERVE_LOSSY
from tests.browser.visitor import Visitor, together, until


@pytest.mark.timeout(240)
async def test_only_whose_line_is_poor_sends_no_picture(
    start_server: StartServer, arrive: Arrive
) -> None:
    server = await start_server("--loss", "0.55", "--starts-clean", program=SERVE_LOSSY)
    anna = await arrive(server)
    await anna.press("Start")
    await anna.reads("Looking for someone…")
    await anna.way()
    server.signal(signal.SIGUSR2)  # it is her line that will be poor, whatever paths she tries
    berta = await arrive(server)
    await berta.press("Start")
    await together(anna.sees_somebody(), berta.sees_somebody())
    server.signal(signal.SIGUSR1)
    await together(
        anna.reads("Your line is too poor for video. The sound goes on;", 60),
        until(anna.is_sending, lambda sending: sending == [True, False], 60),
        berta.reads("Your partner's line is poor. Yours is fine", 60),
        berta.sees_marks("Their camera is off", timeout_s=60),
    )
    assert await berta.is_sending() == [True, True]
    server.signal(signal.SIGUSR1)
    began = time.monotonic()
    await together(
        *(back(person, began, name) for person, name in ((anna, "anna"), (berta, "berta")))
    )
    assert await anna.is_sending() == await berta.is_sending() == [True, True]


async def back(person: Visitor, began: float, name: str) -> None:
    """Wait until the partner's picture is there again, and print how long that took."""
    before = await person.look()
    await until(person.look, lambda now: now.decoded > before.decoded + 1 and now.visible, 60)
    print(f"\n{name} has a picture {time.monotonic() - began:.1f} s after the line is clean")
    await person.reads("Connected", 60)
    print(f"{name} reads that all is well after {time.monotonic() - began:.1f} s")
