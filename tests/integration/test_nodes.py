"""Nodes over real TLS: who is let in, who is not, and who is noticed to be gone."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from relay.cluster import Node
from relay.cluster.greeting import REASONS
from relay.cluster.messages import (
    VERSION,
    VOCABULARY,
    Beat,
    Declined,
    Hello,
    Offer,
    Person,
    Refused,
)
from relay.cluster.nodes import Nodes
from relay.cluster.secret import Secret
from relay.errors import ClusterError
from tests.support.cluster import Seen, node, running, trusted, two
from tests.support.families import needs_ipv6

OTHER_SECRET = Secret(SecretStr("another that nobody shares"))


@dataclass
class Caller:
    """Somebody who connects to a node and says what it likes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, message: object) -> None:
        self.send(VOCABULARY.write(message))

    def send(self, frame: bytes) -> None:
        self.writer.write(struct.pack("!I", len(frame)) + frame)

    async def hear(self) -> object:
        (size,) = struct.unpack("!I", await self.reader.readexactly(4))
        message, _ = VOCABULARY.read(await self.reader.readexactly(size))
        return message

    async def ended(self) -> bool:
        """Wait until nothing more comes; whether it was broken off."""
        try:
            async with asyncio.timeout(20):
                while await self.reader.read(65536):
                    pass
        except ConnectionResetError:
            return True
        return False


@asynccontextmanager
async def calling(card: Node, context: ssl.SSLContext | None) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection(card.host, card.port, ssl=context)
    try:
        yield Caller(reader, writer)
    finally:
        writer.transport.abort()


async def refused(nodes: Nodes, reason: str) -> None:
    async with asyncio.timeout(20):
        while not nodes.refusals.counts[reason]:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


def reasons(nodes: Nodes) -> dict[str, int]:
    return {
        reason: nodes.refusals.counts[reason] for reason in REASONS if nodes.refusals.counts[reason]
    }


async def test_a_node_with_another_secret_is_refused_and_that_is_told() -> None:
    cards = node("berlin", "127.0.0.1"), node("paris", "127.0.0.2")
    with capture_logs() as logged:
        async with running(cards[0]) as berlin, running(cards[1], OTHER_SECRET) as paris:
            berlin.know(cards)
            await refused(berlin, "wrong_secret")
            await refused(paris, "gone")
            assert not berlin.others
            assert not paris.others
    told = [each for each in logged if each["event"] == "node_refused"]
    assert {(each["reason"], each.get("node")) for each in told} == {
        ("wrong_secret", "paris"),
        ("gone", None),
    }
    assert len(told) == 2


async def test_without_a_certificate_nobody_gets_through() -> None:
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
    card = node("paris")
    async with running(card) as paris:
        async with calling(card, bare) as caller:
            caller.say(Hello(VERSION, node("berlin")))
            with pytest.raises((OSError, asyncio.IncompleteReadError)):
                await caller.hear()
        await refused(paris, "no_certificate")
        assert not paris.others


async def test_what_is_no_tls_is_refused() -> None:
    card = node("paris")
    async with running(card) as paris:
        async with calling(card, None) as caller:
            caller.writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await caller.ended()
        await refused(paris, "no_tls")


async def test_another_version_is_refused_and_is_told_why() -> None:
    card = node("paris")
    with capture_logs() as logged:
        async with running(card) as paris:
            for said in (Hello(VERSION + 1), Hello(VERSION + 1, node("berlin"))):
                async with calling(card, trusted("berlin").calling) as caller:
                    caller.say(said)
                    assert await caller.hear() == Refused("version")
                    await caller.ended()
            assert reasons(paris) == {"version": 2}
    told = [each for each in logged if each["event"] == "node_refused"]
    assert [(each["reason"], each.get("node")) for each in told] == [
        ("version", None),
        ("version", "berlin"),
    ]


async def test_a_second_one_of_a_name_is_refused_until_the_first_has_gone() -> None:
    card, name = node("paris"), node("berlin")
    async with running(card) as paris, running(name) as berlin:
        seen = Seen(paris)
        berlin.know([card])
        await seen.until("joined", "berlin")
        async with calling(card, trusted("berlin").calling) as caller:
            caller.say(Hello(VERSION, replace(name, incarnation="another")))
            assert await caller.hear() == Refused("name_taken")
        async with calling(card, trusted("paris").calling) as caller:
            caller.say(Hello(VERSION, replace(card, incarnation="another")))
            assert await caller.hear() == Refused("name_taken")
        await berlin.close()
        await seen.until("lost", "berlin")
        async with calling(card, trusted("berlin").calling) as caller:
            caller.say(Hello(VERSION, replace(name, incarnation="another")))
            assert await caller.hear() == Hello(VERSION, card)
            await seen.until("joined", "berlin")


async def test_a_node_that_connects_anew_is_lost_first() -> None:
    card, name = node("paris"), node("berlin")
    async with running(card) as paris:
        seen = Seen(paris)
        async with calling(card, trusted("berlin").calling) as first:
            first.say(Hello(VERSION, name))
            await seen.until("joined", "berlin")
            async with calling(card, trusted("berlin").calling) as second:
                second.say(Hello(VERSION, name))
                await seen.until("lost", "berlin")
                await seen.until("joined", "berlin")
                await first.ended()
                assert dict(paris.others) == {"berlin": name}


async def test_who_says_nothing_any_more_is_lost() -> None:
    card = node("paris")
    async with running(card) as paris:
        seen = Seen(paris)
        async with calling(card, trusted("berlin").calling) as caller:
            caller.say(Hello(VERSION, node("berlin")))
            await seen.until("joined", "berlin")
            assert await caller.hear() == Hello(VERSION, card)
            assert await caller.hear() == Beat()  # it says something itself, each second
            with capture_logs() as logged:
                await seen.until("lost", "berlin")
            assert await caller.ended(), "it may still send, and is to know at once"
    assert [(each["event"], each["reason"]) for each in logged] == [("node_lost", "silent")]


async def test_who_introduces_itself_at_length_is_not_listened_to() -> None:
    card = node("paris")
    async with running(card) as paris:
        async with calling(card, trusted("berlin").calling) as caller:
            caller.send(bytes(5000))
            await caller.ended()
        await refused(paris, "not_understood")
        assert reasons(paris) == {"not_understood": 1}


@needs_ipv6
async def test_nodes_may_be_at_ipv6_addresses() -> None:
    cards = node("berlin", "::1"), node("paris", "::1")
    async with running(cards[0]) as berlin, running(cards[1]):
        seen = Seen(berlin)
        berlin.know(cards)
        await seen.until("joined", "paris")


async def test_who_connects_and_says_nothing_is_not_waited_for() -> None:
    card = node("paris")
    async with running(card) as paris:
        async with calling(card, None) as caller:
            await caller.ended()
        await refused(paris, "silent")
        assert reasons(paris) == {"silent": 1}


async def test_who_introduces_nobody_is_not_waited_for() -> None:
    card = node("paris")
    async with running(card) as paris:
        async with calling(card, trusted("berlin").calling) as caller:
            assert await caller.hear() == Refused("silent")
            await caller.ended()
        assert reasons(paris) == {"silent": 1}


@pytest.mark.parametrize("frame", [b"", b"nonsense", b"Offer 1 {}", b"Said 0 [", b"\xff" * 99])
async def test_who_talks_nonsense_is_lost_and_nobody_else(frame: bytes) -> None:
    async with two() as (berlin, paris):
        seen = Seen(paris)
        async with calling(paris.here, trusted("athens").calling) as caller:
            caller.say(Hello(VERSION, node("athens")))
            await seen.until("joined", "athens")
            caller.send(frame)
            await seen.until("lost", "athens")
        assert list(paris.others) == ["berlin"]
        assert list(berlin.others) == ["paris"]


async def test_a_kind_of_message_that_is_not_known_yet_is_no_harm() -> None:
    card = node("paris")
    async with running(card) as paris, calling(card, trusted("berlin").calling) as caller:
        caller.say(Hello(VERSION, node("berlin")))
        assert await caller.hear() == Hello(VERSION, card)
        caller.send(b'Novelty 0 {"what": 1}')
        caller.send(b'Novelty 1 {"what": 1}')
        assert await caller.hear() == Refused("not understood")
        assert list(paris.others) == ["berlin"]


async def test_many_who_knock_and_say_nothing_keep_no_node_out() -> None:
    card = node("paris", "127.0.0.2")
    async with running(card) as paris:
        seen = Seen(paris)
        silent = [await asyncio.open_connection(card.host, card.port) for _ in range(100)]
        async with running(node("berlin", "127.0.0.1")) as berlin:
            paris.know([berlin.here])
            berlin.know([card])
            await seen.until("joined", "berlin")
        assert paris.refusals.counts["busy"] >= 60
        for _, writer in silent:
            writer.transport.abort()


async def test_a_node_that_comes_later_is_connected_to() -> None:
    late = node("paris", "127.0.0.2")
    async with running(node("berlin")) as berlin:
        seen = Seen(berlin)
        with capture_logs() as logged:
            berlin.know([late])
            await refused(berlin, "unreachable")
        assert [(each["reason"], each["node"]) for each in logged] == [("unreachable", "paris")]
        async with running(late):
            await seen.until("joined", "paris")
        await seen.until("lost", "paris")


async def test_another_node_at_an_address_is_not_taken_for_the_one_that_was_there() -> None:
    card = node("rome", "127.0.0.2")
    async with running(node("berlin")) as berlin, running(card):
        berlin.know([replace(card, name="paris")])
        await refused(berlin, "other_node")
        assert not berlin.others


async def test_a_node_that_takes_leave_is_not_called() -> None:
    async with two() as (berlin, paris):
        seen = Seen(berlin)
        with capture_logs() as logged:
            await paris.close()
            await seen.until("lost", "paris")
        assert {each["event"] for each in logged} == {"node_left"}
        assert berlin.counts.lost == 0
        assert not berlin._known
        assert not berlin._calling


async def test_requests_without_end_are_refused() -> None:
    async with two() as (berlin, paris):
        done = asyncio.Event()

        async def answer(_: str, __: Offer) -> Declined:
            await done.wait()
            return Declined()

        paris.serve(Offer, answer)
        offer = Offer("room", "ann", "bob", Person("bob"))
        refused: list[str] = []
        all_refused = asyncio.Event()

        async def ask() -> object:
            try:
                return await berlin.ask("paris", offer, 20)
            except ClusterError as error:
                refused.append(str(error))
                if len(refused) == 76:
                    all_refused.set()
                raise

        asked = [asyncio.create_task(ask()) for _ in range(1100)]
        await all_refused.wait()
        assert set(refused) == {"node paris refuses: busy"}
        done.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(answer == Declined() for answer in answers) == 1024
