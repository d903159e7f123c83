"""What another node asks, when the connection to it ends."""

import asyncio
from typing import cast

from relay.cluster import Node
from relay.cluster.conversation import Conversation, Counts, Handlers
from relay.cluster.messages import VOCABULARY, Declined, Offer, Person
from relay.cluster.wire import Wire

OFFER = Offer("room", "ann", "bob", Person("bob"))


class Sent:
    """A wire that keeps what goes out."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)


def conversation(asked: list[object]) -> tuple[Conversation, Sent]:
    async def answers(_: str, request: object) -> object:
        asked.append(request)
        return Declined()

    sent, paris = Sent(), Node("paris", "1", "0.1.0", "127.0.0.1", 7900, 1)
    handlers = Handlers(serving={Offer: answers})
    return Conversation(paris, cast("Wire", sent), handlers, Counts(), is_caller=True), sent


async def test_a_request_is_answered() -> None:
    asked: list[object] = []
    paris, sent = conversation(asked)
    paris.take(VOCABULARY.write(OFFER, 2))
    await asyncio.sleep(0)
    assert asked == [OFFER]
    assert sent.frames == [VOCABULARY.write(Declined(), 2)]


async def test_not_when_the_node_is_lost_before_its_turn_has_come() -> None:
    """Another run of that node may be there by then, which has asked for nothing."""
    asked: list[object] = []
    paris, sent = conversation(asked)
    paris.take(VOCABULARY.write(OFFER, 2))
    paris.end()
    await asyncio.sleep(0)
    assert asked == []
    assert sent.frames == []
