"""Users of two planes go on meeting while links and planes come and go, and nothing is left."""

from __future__ import annotations

import asyncio
import sys
import weakref

import pytest

from relay.media.paths.bridge import Cargo, head
from relay.media.plane import LOOK_AROUND_S
from tests.support.bridged import Bridged
from tests.support.exchange import CHROMIUM, FIREFOX, Exchange, audio, hear, talk, until, video
from tests.support.news import Flowing, Up
from tests.support.offers import section
from tests.support.packets import DELTA, KEYFRAME

EMPTY = {"_bridges": 1, "_fars": 0, "_by_head": 0, "_by_near": 0}


# pairs


async def test_a_pair_is_made_before_its_links_are_up(bridged: Bridged) -> None:
    a, b = bridged.left.peer(CHROMIUM), bridged.right.peer(FIREFOX)
    a.take_answer(await bridged.left.answer("a", a.offer()))
    b.take_answer(await bridged.right.answer("b", b.offer()))
    assert bridged.left.plane.card("nobody") is None
    bridged.pair("a", "b")
    await a.connect()
    a.send_rtp(audio(a, 1))
    await until(lambda: bridged.drops == {"unpaired": 1})
    await b.connect()
    await talk(a, b, 2)
    await bridged.left.hears(Up("a"), Flowing("a"))
    await bridged.right.hears(Up("b"), Flowing("b"))


async def test_who_was_offered_and_has_not_answered_has_no_card(bridged: Bridged) -> None:
    await bridged.left.offer("a")
    assert bridged.left.plane.card("a") is None


async def test_unpaired_users_hear_nothing(bridged: Bridged) -> None:
    a, b = await bridged.couple()
    await talk(a, b)
    bridged.left.plane.unpair("a")
    b.send_rtp(audio(b, 2))  # its plane has not heard of it yet
    await until(lambda: bridged.drops.get("bridge_unknown", 0) >= 1)
    bridged.right.plane.unpair("b")
    bridged.right.plane.unpair("b")
    a.send_rtp(audio(a, 2))
    b.send_rtp(audio(b, 3))
    await until(lambda: bridged.drops.get("unpaired") == 2)
    assert a.rtp.empty()
    assert b.rtp.empty()
    bridged.pair("a", "b")
    await talk(a, b, 4)


async def test_nothing_is_left_of_pairs(bridged: Bridged) -> None:
    a, b = await bridged.couple()
    far = weakref.ref(bridged.left.plane._pairs.elsewhere.fars["b"])
    for turn in range(1, 4):
        await talk(a, b, turn)
        bridged.pair("a", "b")  # in place of the former one
    bridged.unpair("a", "b")
    assert far() is None
    assert bridged.tables == [EMPTY, EMPTY]
    assert [exchange.tables["partners"] for exchange in bridged.planes] == [0, 0]
    bridged.pair("a", "b")
    await bridged.left.plane.close()
    assert sorted(path.name for path in bridged.path.iterdir()) == ["1-0"]


async def test_a_number_is_of_one_pairing(bridged: Bridged) -> None:
    a, b = await bridged.couple()
    await talk(a, b)
    bridged.left.forget_news()
    c = await bridged.left.join("c")
    bridged.left.plane.pair_far("c", bridged.card(1, "b"), 7, 1)
    bridged.right.plane.pair_far("b", bridged.card(0, "c"), 7, 0)
    assert bridged.left.tables["partners"] == 1
    await talk(c, b, 2)
    a.send_rtp(audio(a, 2))
    await until(lambda: bridged.drops == {"unpaired": 1})


async def test_a_fault_ends_only_the_pair_that_brings_it_out(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = await bridged.couple()
    await talk(a, b)

    def fail() -> None:
        raise ZeroDivisionError

    far = bridged.left.plane._pairs.elsewhere.fars["b"]
    monkeypatch.setattr(far, "tell", lambda **options: fail() if options else None)
    bridged.left.plane.tick()
    assert bridged.left.plane._pairs.elsewhere.fars == {}
    a.send_rtp(audio(a, 2))
    await until(lambda: bridged.left.drops.get("unpaired") == 1)
    bridged.unpair("a", "b")
    bridged.pair("a", "b")
    await talk(a, b, 3)


async def test_there_is_no_bridge_to_another_plane(bridged: Bridged) -> None:
    await bridged.couple()
    bridged.unpair("a", "b")
    with pytest.raises(KeyError):
        bridged.left.plane.pair_far("a", bridged.card(1, "b"), 99, 2)
    assert bridged.left.tables["partners"] == 0


# links


async def test_a_renegotiation_of_one_kind_leaves_the_other_alone(bridged: Bridged) -> None:
    a, b = bridged.left.peer(CHROMIUM), await bridged.right.join("b", FIREFOX)
    offer = a.offer()
    a.take_answer(await bridged.left.answer("a", offer))
    await a.connect()
    number = bridged.pair("a", "b")
    a.send_rtp(video(a, 1, KEYFRAME))
    await hear(b)
    for change in ("a=recvonly", "a=sendrecv"):
        part = section(offer, "audio")
        await bridged.left.answer("a", offer.replace(part, part.replace("a=sendrecv", change)))
        bridged.introduce("a", "b", number)
        a.send_rtp(video(a, 2 if change == "a=recvonly" else 3, DELTA))
        assert (await hear(b)).payload == DELTA, "no key frame is waited for"
        flow = bridged.right.plane._links["b"].downlink.flow
        assert flow is not None
        assert (("audio", False) in flow.routes) is (change == "a=sendrecv")
    await talk(a, b, 3)
    assert bridged.drops == {}


async def test_a_partner_that_takes_no_picture_any_more(bridged: Bridged) -> None:
    a, b = await bridged.left.join("a", CHROMIUM), bridged.right.peer(FIREFOX)
    offer = b.offer()
    b.take_answer(await bridged.right.answer("b", offer))
    await b.connect()
    number = bridged.pair("a", "b")
    a.send_rtp(video(a, 1))
    await hear(b)
    at = offer.index("m=video")
    half = offer[:at] + offer[at:].replace("a=sendrecv", "a=sendonly")
    await bridged.right.answer("b", half)
    bridged.introduce("a", "b", number)
    a.send_rtp(video(a, 2))
    await until(lambda: bridged.drops == {"unpaired": 1})
    assert bridged.look().stats.packets_bridged["out"] == 1
    await talk(a, b)


@pytest.mark.parametrize("who", ["a", "b"])
async def test_a_link_is_replaced(bridged: Bridged, who: str) -> None:
    users = {"a": await bridged.left.join("a"), "b": await bridged.right.join("b")}
    exchange = bridged.left if who == "a" else bridged.right
    number = bridged.pair("a", "b")
    await talk(users["a"], users["b"])
    for user, other in (("a", "b"), ("b", "a")):
        users[user].send_rtp(video(users[user], 1))
        await hear(users[other])
    exchange.forget_news()
    users[who] = await exchange.join(who)
    bridged.introduce("a", "b", number)
    a, b = users["a"], users["b"]
    await talk(a, b, 2)
    for sender, receiver in ((a, b), (b, a)):
        sender.send_rtp(video(sender, 2, KEYFRAME + b"anew"))
        while (await hear(receiver)).payload != KEYFRAME + b"anew":
            pass
    (link,) = [link for link in bridged.look().links if link.user_id == who]
    counterparts = {t.counterpart_id for t in bridged.look().tracks if t.user_id != who}
    assert {each.split("-")[0] for each in counterparts if each} == {link.link_id}


async def test_a_link_is_lost_and_another_one_comes(bridged: Bridged) -> None:
    a, b = await bridged.couple()
    await talk(a, b)
    bridged.right.plane.close_link("b")
    a.send_rtp(audio(a, 2))
    await until(lambda: bridged.drops == {"unpaired": 1})
    bridged.right.forget_news()
    b = await bridged.right.join("b", FIREFOX)
    bridged.left.plane.pair_far("a", bridged.card(1, "b"), 7, 1)
    await talk(a, b, 3)


# planes


async def test_the_other_plane_vanishes_and_another_takes_its_place(bridged: Bridged) -> None:
    a, b = await bridged.couple()
    await talk(a, b)
    (bridge,) = bridged.right.plane._pairs.elsewhere._bridges.values()
    name = bridged.path / "1-0"
    await bridged.right.close()
    await until(lambda: not name.exists())
    bridged.left.plane._pairs.elsewhere._bridges[1].send(head(Cargo.PROBE, 0))
    assert not bridged.left.plane._pairs.elsewhere._bridges[1].is_up
    a.send_rtp(audio(a, 2))
    await until(lambda: bridged.drops.get("bridge_down", 0) >= 2)
    assert not bridge._socket.fileno() >= 0
    bridged.planes[1] = Exchange()
    await bridged.right.plane.start()
    name.touch()  # as one leaves it that was killed
    bridged.right.plane.open_bridges(bridged.path, 1, [0])
    await bridged.is_up()
    b = await bridged.right.join("b", FIREFOX)
    bridged.pair("a", "b")
    await talk(a, b, 3)


async def test_a_plane_that_was_killed_is_noticed_by_who_has_nothing_to_send(
    bridged: Bridged,
) -> None:
    """The one that follows it cannot connect before: the socket's other end is another one's."""
    former, bridged.planes[1] = bridged.right, Exchange()
    (bridge,) = former.plane._pairs.elsewhere._bridges.values()
    former.plane._pairs.elsewhere._bridges.clear()
    await former.plane.close()
    asyncio.get_running_loop().remove_reader(bridge.fileno())
    bridge._socket.close()  # its name stays
    await bridged.right.plane.start()
    bridged.right.plane.open_bridges(bridged.path, 1, [0])
    bridged.left.plane.look_around()
    assert not bridged.left.plane._ticking.is_armed, "it has just looked"
    bridged.pass_time(LOOK_AROUND_S)
    bridged.left.plane.look_around()
    await bridged.is_up()
    a, b = await bridged.couple()
    await talk(a, b)


async def test_what_no_plane_says(bridged: Bridged) -> None:
    a, b = await bridged.couple()
    await talk(a, b)
    (bridge,) = bridged.left.plane._pairs.elsewhere._bridges.values()
    wrong = [
        b"",
        b"short",
        bytes(8),
        bytes([1, 99]) + bytes(6),
        *(heading(cargo, 7) + b"\x80" for cargo in Cargo if cargo is not Cargo.PROBE),
        heading(Cargo.FEEDBACK, 7) + b"\x81\xce\x00\x09" + bytes(4),
        heading(Cargo.KEYFRAME, 7) + bytes(4),
    ]
    unknown = [heading(cargo, 8) + bytes(12) for cargo in Cargo if cargo is not Cargo.PROBE]
    for datagram in [*wrong, *unknown]:
        bridge._socket.send(datagram)
    drops = bridged.right.drops
    await until(lambda: sum(bridged.right.drops.values()) >= len(wrong) + len(unknown))
    drops = bridged.right.drops
    assert drops == {"bridge_malformed": len(wrong), "bridge_unknown": len(unknown)}
    await talk(a, b, 2)


def heading(cargo: Cargo, number: int) -> bytes:
    return head(cargo, number).to_bytes(8, sys.byteorder)
