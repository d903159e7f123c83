"""A camera of 640x480 in Chromium gets its bandwidth, whoever the partner is."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from relay.protocol.messages import PartnerFound
from tests.browser.conftest import OpenWindow
from tests.browser.guests import ChromiumGuest
from tests.browser.outside import AiortcGuest, node_guest, relay_bot
from tests.browser.seat import Guest, Seat, unchanged
from tests.browser.server import Server, running

CAMERA = {"audio": True, "video": {"width": 640, "height": 480}}
TRANSPORT_CC = ("transport-cc", "transport-wide-cc")
REMB = ("goog-remb", "abs-send-time")
BEFORE_S, MEASURED_S = 10, 5
"""What is sent is measured from 10 to 15 s after the meeting."""
PROMPT = ("nice", "-n", "-10")
"""Where it may: Chromium does the same for its processes. A relay or a bot that waits for its turn
while they work would look like a slow network."""
ATTEMPTS = 2
"""A machine that is busy with something else for seconds looks like a slow network."""
MAX_LOAD = 3 * (os.cpu_count() or 1)
"""Tasks that want to run; what is measured while there are more says nothing."""


@dataclass(frozen=True)
class Bandwidth:
    """What a sender's picture takes, and what the sender thinks that it could."""

    sent_bps: float
    available_bps: float

    def __str__(self) -> str:
        sent, available = self.sent_bps / 1000, self.available_bps / 1000
        return f"{sent:.0f} kbit/s sent, {available:.0f} kbit/s available"


def without(*words: str) -> Callable[[str], str]:
    """A change that takes the lines with any of these words out of an offer."""

    def change(offer: str) -> str:
        lines = offer.splitlines(keepends=True)
        return "".join(line for line in lines if not any(word in line for word in words))

    return change


class Studio:
    """Where a Chromium meets a partner."""

    def __init__(self, url: str, open_window: OpenWindow, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.open_window = open_window

    async def chromium(self) -> ChromiumGuest:
        return ChromiumGuest(await self.open_window(), device=CAMERA)

    @asynccontextmanager
    async def guest(
        self, guest: Guest, change: Callable[[str], str] = unchanged
    ) -> AsyncIterator[None]:
        """A partner who searches; both kinds must have come in the end."""
        async with Seat(self.url, guest, change) as seat:
            await seat.find()
            yield
            received = await guest.received()
        assert received["audio"] > 0, received
        assert received["video"] > 0, received

    @asynccontextmanager
    async def partner(self, name: str) -> AsyncIterator[None]:
        """A partner by name, who searches."""
        match name:
            case "chromium":
                partner = self.guest(await self.chromium())
            case "chromium without feedback":
                partner = self.guest(await self.chromium(), without(*TRANSPORT_CC, *REMB))
            case "chromium with REMB only":
                partner = self.guest(await self.chromium(), without(*TRANSPORT_CC))
            case "stock aiortc":
                partner = self.guest(AiortcGuest())
            case "relay bot":
                partner = relay_bot(self.url, self.folder, PROMPT)
            case _:
                partner = self.guest(node_guest(name))
        async with partner:
            yield

    async def measure(self, name: str) -> Bandwidth:
        """Have a Chromium with a camera meet a partner, and look 15 s later."""
        sender = ChromiumGuest(await self.open_window(), device=CAMERA)
        async with self.partner(name), Seat(self.url, sender) as seat:
            await seat.find()
            await seat.hears(PartnerFound)
            await asyncio.sleep(BEFORE_S)
            before = await sender.stat("outbound-rtp", kind="video")
            await asyncio.sleep(MEASURED_S)
            after = await sender.stat("outbound-rtp", kind="video")
            pair = await sender.stat("candidate-pair", nominated=True)
        bits = 8 * (after["bytesSent"] - before["bytesSent"])
        seconds = (after["timestamp"] - before["timestamp"]) / 1000
        found = Bandwidth(bits / seconds, pair["availableOutgoingBitrate"])
        limit = after["qualityLimitationReason"]
        print(f"\n{name}: {found}, {after.get('framesPerSecond')} pictures/s, limited by {limit}")
        return found


def expect(enough: bool, measured: str) -> None:
    """Fail if there is not enough bandwidth, but for a machine that is too busy to tell."""
    load = os.getloadavg()[0]
    if not enough and load > MAX_LOAD:
        pytest.skip(f"the machine is too busy (load {load:.0f}): {measured}")
    assert enough, measured


@pytest_asyncio.fixture(loop_scope="session")
async def studio(open_window: OpenWindow, tmp_path: Path) -> AsyncIterator[Studio]:
    flags = ("--rematch-after-s", "0")
    async with running(Server(tmp_path, *flags, prefix=PROMPT)) as server:
        yield Studio(server.url, open_window, tmp_path)


_control: dict[str, Bandwidth] = {}


@pytest_asyncio.fixture(loop_scope="session")
async def control(studio: Studio) -> Bandwidth:
    """What a Chromium sends to another, measured once."""
    if not _control:
        _control["chromium"] = await studio.measure("chromium")
    return _control["chromium"]


async def test_a_chromium_sends_another_a_good_picture(control: Bandwidth) -> None:
    expect(control.sent_bps > 200_000, str(control))  # less would say nothing of the others


@pytest.mark.parametrize(
    "partner",
    [
        "chromium without feedback",
        "chromium with REMB only",
        "stock aiortc",
        "relay bot",
        "werift.js",
        "datachannel.js",
    ],
)
async def test_any_partner_gets_half_of_that(
    partner: str, studio: Studio, control: Bandwidth
) -> None:
    for _ in range(ATTEMPTS):
        found = await studio.measure(partner)
        enough = min(found.sent_bps, found.available_bps) > control.sent_bps / 2
        if enough:
            break
    expect(enough, f"{found}; with another Chromium {control}")
