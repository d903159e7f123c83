"""Sound on lines that lose, in Chromium: with RED (RFC 2198), and asked for again."""

from functools import partial
from typing import Any

from relay.protocol.messages import PartnerFound
from tests.browser.conftest import Meet, OpenWindow, StartServer
from tests.browser.guests import MICROPHONE, BrowserGuest, ChromiumGuest
from tests.browser.seat import Seat
from tests.browser.server import SERVE_LOSSY, Server
from tests.browser.visitor import Visitor, until

MADE_UP = 0.2
"""Of the sound at most: what cannot be read is made up whole."""
HEARD_PACKETS = 150


def red_first(offer: str) -> str:
    """What has the relay answer that RED is to be sent."""
    assert " 111 63 " in offer
    return offer.replace(" 111 63 ", " 63 111 ")


def without_red(offer: str) -> str:
    kept = [line for line in offer.splitlines(keepends=True) if ":63 " not in line]
    return "".join(kept).replace(" 111 63 ", " 111 ")


async def hears(guest: BrowserGuest) -> dict[str, Any]:
    """What the guest has heard, once that is some seconds more, most of it not made up."""

    async def look() -> dict[str, Any]:
        return await guest.stat("inbound-rtp", kind="audio")

    names = ("packetsReceived", "bytesReceived", "totalSamplesReceived")
    counted = (*names, "concealedSamples", "totalAudioEnergy")
    before = await until(look, lambda seen: seen.get("totalSamplesReceived", 0) > 0)
    since = before["packetsReceived"] + HEARD_PACKETS
    after = await until(look, lambda seen: seen["packetsReceived"] > since)
    heard = {name: after.get(name, 0) - before.get(name, 0) for name in counted}
    assert heard["totalAudioEnergy"] > 0, heard
    assert heard["concealedSamples"] < MADE_UP * heard["totalSamplesReceived"], heard
    return heard


async def test_red_goes_on_to_who_has_it_and_is_unwrapped_for_who_has_not(
    server: Server, open_window: OpenWindow
) -> None:
    options = {"kinds": ("audio",), "device": MICROPHONE}
    sender, knowing, plain = [ChromiumGuest(await open_window(), **options) for _ in range(3)]
    async with (
        Seat(server.url, sender, red_first) as anna,
        Seat(server.url, knowing) as berta,
        Seat(server.url, plain, without_red) as clara,
    ):
        assert "SAVPF 63 111\r\n" in anna.answer
        assert "red" not in clara.answer
        await anna.find()
        await berta.find()
        await anna.hears(PartnerFound)
        with_red = await hears(knowing)
        await hears(sender)
        await clara.find()
        await anna.next()
        without = await hears(plain)
        sizes = [each["bytesReceived"] / each["packetsReceived"] for each in (without, with_red)]
        assert sizes[0] < 0.75 * sizes[1], "each packet has the one before with it, or has not"
        await hears(sender)


async def sound(person: Visitor) -> dict[str, int]:
    """Counts of the person's sound, of both ways."""
    stats = await person.page.evaluate("() => window.spy.stats()")
    return {
        f"{each['type']} {name}": value
        for each in stats
        if each.get("kind") == "audio"
        for name, value in each.items()
        if isinstance(value, int)
    }


async def test_our_page_asks_for_lost_sound_and_guards_its_own(
    start_server: StartServer, meet: Meet
) -> None:
    pair = await meet(await start_server("--loss", "0.1", program=SERVE_LOSSY))
    links = [(await person.links())[-1] for person in pair]
    assert all("a=rtcp-fb:111 nack" in link["local"] for link in links)
    assert all("a=rtcp-fb:111 nack" in link["remote"] for link in links)

    def is_repaired(counts: dict[str, int]) -> bool:
        asked, sent_again = "inbound-rtp nackCount", "outbound-rtp retransmittedPacketsSent"
        return min(counts[asked], counts[sent_again]) > 0

    def is_guarded(links: list[dict[str, Any]]) -> bool:
        return " 63 111\r\n" in links[-1]["remote"]

    for person in pair:
        await until(partial(sound, person), is_repaired)
        (link,) = await until(person.links, is_guarded)
        assert link["state"] == "connected"
