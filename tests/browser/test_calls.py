"""People meet, talk, go on to the next one, and leave."""

import re

import aiohttp

from tests.browser.conftest import Arrive, Meet, StartServer
from tests.browser.server import Server
from tests.browser.visitor import Visitor, heard, together, until

CANDIDATE = r"a=candidate:\S+ \d+ (?:udp|tcp) \d+ (\S+) (\d+) "


async def test_two_people_see_hear_and_read_each_other(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server)
    await anna.reads("Meet someone new")
    await anna.press("Start")
    await anna.reads("Looking for someone… Nobody else is online right now. for")
    berta = await arrive(server)
    await berta.press("Start")
    await together(anna.sees_somebody(), berta.sees_somebody())
    await together(anna.reads("Connected"), berta.reads("Connected"))
    await until(anna.look, lambda now: now.audioEnergy > 0)
    await anna.says("Hello! Where are you?")
    await berta.hears("Hello! Where are you?")
    await berta.says("Hi! In Lisbon. And you?")
    await anna.hears("Hello! Where are you?", "Hi! In Lisbon. And you?")


async def test_nobody_learns_the_partners_address(meet: Meet) -> None:
    anna, berta = await meet()
    heard = "\n".join(anna.received)
    (annas,), (bertas,) = await anna.links(), await berta.links()
    told = set(re.findall(CANDIDATE, annas["remote"]))
    assert told == set(re.findall(CANDIDATE, bertas["remote"]))
    for name in ("ice-ufrag", "fingerprint", "msid", "ssrc"):
        secrets = re.findall(rf"^a={name}:(.+?)\r?$", bertas["local"], re.MULTILINE)
        assert secrets
        assert not [secret for secret in secrets if secret in annas["remote"] + heard]

    remote = [s for s in await anna.page.evaluate("spy.stats()") if s["type"] == "remote-candidate"]
    ports = {candidate["port"] for candidate in remote}
    assert ports  # over UDP, and over TCP where Chromium has tried that as well
    assert ports <= {int(port) for _, port in told}
    local = [s for s in await berta.page.evaluate("spy.stats()") if s["type"] == "local-candidate"]
    addresses = {c["address"] for c in local if c.get("address")} - {"127.0.0.1"}
    assert not [a for a in addresses if a in heard + annas["remote"] + str(remote)]


async def test_next_brings_the_next_partner_on_the_same_link(
    start_server: StartServer, arrive: Arrive
) -> None:
    server = await start_server()  # on which those who have parted are kept apart for a while
    people = [await arrive(server) for _ in range(4)]
    await together(*(person.press("Start") for person in people))
    await together(*(person.sees_somebody() for person in people))
    before = [await person.links() for person in people]
    for number, person in enumerate(people):
        await person.says(f"I am {number}")
    partners = [await partner_of(person) for person in people]
    assert sorted(partners) == [0, 1, 2, 3]

    other = next(number for number in (1, 2, 3) if number != partners[0])
    await together(people[0].press("Next"), people[other].press("Next"))
    await together(*(person.hears() for person in people))
    await together(*(person.sees_somebody() for person in people))
    for number, person in enumerate(people):
        await person.says(f"I am {number}")
    assert [await partner_of(person) for person in people] != partners
    assert [await person.links() for person in people] == before


GONE = re.compile(r"^Your partner (left|was disconnected)\. Looking")
"""A page that may be about to come back is waited for, and then given up."""
HASTY = ("--resume-s", "1", "--rematch-after-s", "0", "--workers", "0")

SLOW_STATS = """
    const { getStats } = RTCRtpReceiver.prototype;
    RTCRtpReceiver.prototype.getStats = async function () {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return getStats.call(this);
    };
"""


async def test_a_partner_who_comes_at_once_is_not_taken_for_the_last_one(meet: Meet) -> None:
    anna, berta = await meet(options={"spell": SLOW_STATS})
    await together(anna.says("hello"), berta.says("hello"))
    await together(anna.hears("hello", "hello"), berta.hears("hello", "hello"))
    await anna.press("Next")
    await together(anna.hears(), berta.hears())
    await together(anna.sees_somebody(), berta.sees_somebody())
    for person in (anna, berta):
        found = [line for line in person.received if '"partner_found"' in line]
        assert len(found) == 2, "nobody was left because their picture was not noticed"


async def partner_of(person: Visitor) -> int:
    """Who has introduced themselves."""
    line = person.page.locator("#log > :not(.mine, [data-former]) .text")
    await line.wait_for()
    return int((await line.inner_text()).removeprefix("I am "))


async def test_a_partner_who_closes_the_window_leaves_no_ghost(
    start_server: StartServer, arrive: Arrive, meet: Meet
) -> None:
    server = await start_server(*HASTY)
    anna, berta = await meet(server)
    await berta.says("bye")
    await anna.hears("bye")
    await berta.page.close()
    await until(anna.words, GONE.match)
    await anna.hears("bye")  # until there is somebody else
    assert not (await anna.look()).visible
    await until(anna.is_sending, lambda sending: sending == [False, False])

    clara = await arrive(server)
    await clara.press("Start")
    await together(anna.sees_somebody(), clara.sees_somebody())
    await anna.hears()
    await until(anna.is_sending, lambda sending: sending == [True, True])


async def test_who_goes_elsewhere_and_comes_back_leaves_no_ghost(
    start_server: StartServer, meet: Meet
) -> None:
    anna, berta = await meet(await start_server(*HASTY))
    await berta.page.goto("about:blank")
    await until(anna.words, GONE.match)
    await berta.page.go_back()
    await berta.reads("Meet someone new")
    await berta.press("Start")
    await together(anna.sees_somebody(), berta.sees_somebody())
    connections = heard(berta, "connected")
    await berta.page.reload()
    await until(anna.words, GONE.match)
    # A window that is closed while its socket is being opened complains.
    await until(lambda: connections_of(berta), lambda count: count > connections)


async def connections_of(person: Visitor) -> int:
    """How often its page's socket was opened."""
    return heard(person, "connected")


async def test_stop_ends_the_call_and_start_begins_anew(meet: Meet) -> None:
    anna, berta = await meet()
    await berta.press("Stop")
    await berta.reads("Meet someone new")
    await anna.reads("Your partner left. Looking for someone…")
    assert [link["state"] for link in await berta.links()] == ["closed"]
    states = await berta.page.evaluate("spy.tracks.map((track) => track.readyState)")
    assert set(states) == {"ended"}
    await berta.press("Start")
    await together(anna.sees_somebody(), berta.sees_somebody())


async def test_direct_mode_connects_the_browsers_to_each_other(
    start_server: StartServer, meet: Meet
) -> None:
    server = await start_server("--media-mode", "direct", "--rematch-after-s", "0")
    anna, berta = await meet(server)
    await berta.press("Next")
    await together(anna.sees_somebody(), berta.sees_somebody())
    assert [link["state"] for link in await anna.links()] == ["closed", "connected"]


async def test_chromium_encrypts_with_the_quicker_profile(
    start_server: StartServer, meet: Meet
) -> None:
    token = "of-the-operator-of-this"
    server = await start_server("--operator-token", token)
    anna, _ = await meet(server)
    await anna.sees_somebody()
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http,
        http.get(server.url + "/api/v1/links") as response,
    ):
        links = (await response.json())["links"]
    assert [link["srtpProfile"] for link in links] == ["SRTP_AEAD_AES_128_GCM"] * 2
