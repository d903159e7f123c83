"""Whatever three users do, one after the other, each hears the same on three nodes as on one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random

import pytest

from relay.plane import LinkState
from relay.protocol.messages import (
    Block,
    ChatMessage,
    ChatReceived,
    FindPartner,
    MediaState,
    NextPartner,
    PicturePart,
    PictureReceived,
    PictureRefused,
    Pictures,
    Reaction,
    Report,
    Shown,
    StopChat,
    Typing,
    UserMessage,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.safety import Identity
from relay.signaling.limits import Limits
from tests.support.parties import Parties
from tests.support.party import User

NAMES = ("ann", "bob", "cid")
SEEDS = 80
Step = Callable[[Parties, User, Random], Awaitable[object]]


async def come_up(_: Parties, user: User, __: Random) -> None:
    if user.party.plane.can_come_up(user.name):
        user.party.plane.come_up(user.name)


async def lose_link(_: Parties, user: User, random: Random) -> None:
    if user.link is not LinkState.NONE:
        reason = random.choice(["silent", "closed", "failed", "restarted"])
        user.party.plane.lose(user.name, reason)


async def falter(parties: Parties, user: User, _: Random) -> None:
    if user.link is LinkState.UP:
        user.party.plane.interrupt(user.name)
        await parties.settle()
        user.party.plane.resume(user.name)


async def flow(parties: Parties, user: User, _: Random) -> None:
    everybody = [other for party in parties.nodes.values() for other in party.users.values()]
    links = [other.link for other in everybody if other.name in (user.name, user.partner)]
    if links == [LinkState.UP, LinkState.UP]:
        user.party.plane.flow(user.name)


async def go_away(_: Parties, user: User, __: Random) -> None:
    if not user.session.is_away:
        await user.lose_socket()


async def come_back(_: Parties, user: User, __: Random) -> None:
    if user.session.is_away:
        user.resume()


def says(*messages: UserMessage) -> Step:
    """The user says one of these."""

    async def step(_: Parties, user: User, random: Random) -> None:
        user.put(random.choice(messages))

    return step


async def exchange(_: Parties, user: User, random: Random) -> None:
    """Agree, send what may be the next part of a picture, and take one, or not."""
    user.put(Pictures(allowed=True))
    part = random.choice([0, 1])
    user.put(PicturePart(id="p", part=part, parts=2, data="/9j/"))
    answers: list[UserMessage] = [PictureReceived(id="p", part=part), PictureRefused(id="p")]
    user.put(random.choice(answers))


STEPS: dict[str, Step] = {
    "describes": says(*(WebrtcOffer(sdp=sdp) for sdp in ("mine", "again", "bad", "only sound"))),
    "comes up": come_up,
    "loses its link": lose_link,
    "falters": falter,
    "sees something": flow,
    "is away": go_away,
    "is back": come_back,
    "finds": says(FindPartner(interests=["Tea"], blurred=True), FindPartner()),
    "finds in text": says(FindPartner(mode="text")),
    "presses next": says(NextPartner(), NextPartner(interests=["TEA", "chess"])),
    "stops": says(StopChat()),
    "chats": says(ChatMessage(text="hello", id="7"), ChatMessage(text="see my site.com", id="8")),
    "has read": says(ChatReceived(id="7")),
    "types": says(Typing(active=True), Typing(active=False)),
    "turns": says(MediaState(audio=True, video=True), MediaState(audio=False, video=True)),
    "answers": says(WebrtcAnswer(sdp="mine")),
    "shows itself": says(Shown()),
    "exchanges pictures": exchange,
    "takes no pictures": says(Pictures(allowed=False)),
    "reacts": says(Reaction(name="heart")),
    "reports": says(Report(reason="spam")),
    "blocks": says(Block()),
    "waits": lambda parties, _, random: parties.pass_time(random.choice([1, 2, 6])),
}
RARE = {"takes no pictures", "reacts", "reports", "blocks", "stops", "is away", "loses its link"}
OFTEN = {"chats", "has read", "finds", "comes up", "exchanges pictures"}


async def told(seed: int, *nodes: str) -> list[str]:
    """A story, as its users hear it."""
    random = Random(seed)
    limits = Limits(rematch_after_s=1, interest_wait_s=2, resume_s=1000, nexts_per_minute=1000)
    parties = Parties(*dict.fromkeys(nodes), limits=limits)
    users = [
        parties[node].come(name, can_resume=True, identity=Identity(name))
        for name, node in zip(NAMES, nodes, strict=True)
    ]
    weights = [1 if name in RARE else 9 if name in OFTEN else 3 for name in STEPS]
    story: list[str] = []
    for _ in range(180):
        user = random.choice(users)
        (what,) = random.choices([*STEPS], weights)
        await STEPS[what](parties, user, random)
        await parties.settle()
        story.append(f"{user.name} {what}")
        for each in users:
            # How many others look is a node's own news, and that they look is a state.
            heard = [said for said in each.hear() if said != "waiting_for_partner"]
            name, states = each.name, f"{each.state} {each.partner} {each.link}"
            story.append(f"    {name} ({states}): {', '.join(heard)}")
    return story


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_all_is_as_on_one_node(seed: int) -> None:
    assert await told(seed, "a", "b", "c") == await told(seed, "a", "a", "a")


async def test_much_happens_in_these_stories() -> None:
    """Else the tests above would tell little."""
    stories = "\n".join([line for seed in range(SEEDS) for line in await told(seed, "a", "b", "c")])
    heard = "partner_found partner_left partner_disconnected chat_message chat_received typing"
    pictures = "pictures picture_part picture_received picture_refused reaction"
    more = "media_state partner_connection shown report_received blocked offer_again webrtc_offer"
    for word in f"{heard} {more} {pictures} in_call".split():
        assert stories.count(word) > 2, word
