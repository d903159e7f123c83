"""Floods of one user, over a fake socket: what is over its budget goes nowhere, and is counted."""

from __future__ import annotations

from relay.media.budget import (
    DTLS,
    DTLS_COST,
    MAX_MESSAGES,
    NACKS,
    OF_LINK,
    OF_NETWORK,
    RTCP,
    RTP,
    RTP_COST,
)
from relay.media.translation import MAX_REPEATS
from tests.support.forwarding import A, B, C, Caller, Port, audio, video
from tests.support.offers import CHROMIUM
from tests.support.packets import DELTA, KEYFRAME, check, nack, pli, rr, rtp
from tests.support.sides import REPAIR, VIDEO

AT_A_TIME = 50
SUCCESS = b"\1\1"


def send(port: Port, address: tuple[str, int], packets: list[bytes]) -> list[tuple[object, bytes]]:
    """Have many datagrams arrive at one moment; returns what was sent because of them."""
    sent = []
    for at in range(0, len(packets), AT_A_TIME):
        sent += port.hear(address, *packets[at : at + AT_A_TIME])
    return sent


def look(port: Port, *callers: Caller, after_s: float) -> None:
    """Let time pass, as the plane's clock does."""
    port.now += after_s
    for caller in callers:
        caller.link.budget.look(port.now)


def damaged(packet: bytes) -> bytes:
    return packet[:-1] + bytes([packet[-1] ^ 1])


# RTP


async def test_a_flood_of_packets_ends_at_the_budget(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    flood = [a.rtp(audio(n, payload=bytes(100))) for n in range(3000)]
    may = int(OF_LINK[RTP].at_once // (len(flood[0]) + RTP_COST))
    assert len(b.hears(send(port, A, flood[:1500]))) == may
    assert port.drops == {"rtp_over_budget": 1500 - may}
    assert a.uplink.streams[1].packets == may, "the others were not even decrypted"
    assert a.link.budget.over_lately == (RTP,)
    look(port, a, after_s=0.1)
    more = b.hears(send(port, A, flood[1500:]))
    assert 0.9 * may < 2.5 * len(more) < 1.1 * may, "a tenth of a second's worth"


async def test_the_partner_of_a_flood_is_heard_itself(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    send(port, A, [a.rtp(audio(n)) for n in range(2000)])
    assert port.drops["rtp_over_budget"] > 0
    heard = a.hears(port.hear(B, *[b.rtp(rtp(9, n, payload_type=109)) for n in range(60)]))
    assert len(heard) == 60


async def test_a_key_frame_and_probes_of_a_browser_pass(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    """2.5 Mbit/s, and in the middle a key frame of 200 kB and probes at six times that."""
    a, b = couple
    number, sent, heard = 0, 0, 0
    for tenth in range(50):
        count = 26 if tenth != 20 else 26 + 170 + 160
        packets = [
            a.rtp(video(number + n, DELTA + bytes(1170) if number + n else b"\x10\x00" + bytes(20)))
            for n in range(count)
        ]
        number, sent = number + count, sent + count
        heard += len(b.hears(send(port, A, packets)))
        look(port, a, after_s=0.1)
    assert heard == sent
    assert port.drops == {}


async def test_forged_packets_do_not_use_up_what_the_user_may(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    good = [a.rtp(audio(n)) for n in range(100)]
    forged = [damaged(a.rtp(audio(200 + n))) for n in range(900)]
    forged_rtcp = [damaged(a.rtcp(rr(1))) for _ in range(90)]
    send(port, A, forged + forged_rtcp)
    assert len(b.hears(send(port, A, good))) == 100
    assert port.drops == {"authentication": 990}


async def test_more_forged_packets_than_a_network_may_are_not_looked_at(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    send(port, A, [damaged(a.rtp(audio(n))) for n in range(3000)])
    assert port.drops["authentication"] == OF_NETWORK["authentication"].at_once + 1
    assert port.drops["authentication_over_budget"] == 3000 - port.drops["authentication"]
    assert len(a.hears(port.hear(B, b.rtp(rtp(9, 1, payload_type=109))))) == 1
    look(port, a, after_s=0.1)
    assert len(b.hears(port.hear(A, a.rtp(audio(5000))))) == 1


# RTCP


def call(port: Port, a: Caller, b: Caller) -> int:
    """Let each hear and see the other; returns the SSRC on which ``a`` sees ``b``."""
    port.hear(
        B,
        b.rtp(rtp(8, 100, payload=KEYFRAME, payload_type=120)),
        b.rtp(rtp(9, 1, payload_type=109)),
    )
    port.hear(A, a.rtp(video(100)), a.rtp(audio(1)))
    return a.downlink.outlets[VIDEO].ssrc


async def test_a_compound_packet_of_too_many_messages_is_dropped_whole(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    seen = call(port, a, b)
    b.told.clear()
    port.now += 1
    port.hear(A, a.rtcp(rr(1) + pli(1, seen) * MAX_MESSAGES))
    assert (b.told, port.drops) == ([], {"rtcp_over_budget": 1})
    port.hear(A, a.rtcp(rr(1) + pli(1, seen) * (MAX_MESSAGES - 1)))
    assert len(b.told) == 1
    assert port.drops == {"rtcp_over_budget": 1}


async def test_a_flood_of_rtcp_ends_at_the_budget(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    seen = call(port, a, b)
    flood = [a.rtcp(rr(1) + pli(1, seen) * 10) for _ in range(2000)]
    send(port, A, flood)
    per_s, at_once = OF_LINK[RTCP]
    price = 500 + len(flood[0]) + 11 * 100
    looked_at = 2000 - port.drops["rtcp_over_budget"]
    assert looked_at == at_once // price
    look(port, a, after_s=0.1)
    send(port, A, [a.rtcp(rr(1) + pli(1, seen) * 10) for _ in range(200)])
    again = 2200 - port.drops["rtcp_over_budget"] - looked_at
    assert again <= per_s * 0.1 // price + 1
    assert a.link.budget.over_lately == (RTCP,)


async def test_the_rtcp_of_a_browser_passes(port: Port, couple: tuple[Caller, Caller]) -> None:
    """60 packets a second, of three messages."""
    a, b = couple
    seen = call(port, a, b)
    for _ in range(60 * 10):
        port.hear(A, a.rtcp(rr(1) + nack(1, seen, (100, 0)) + pli(1, seen)))
        look(port, a, after_s=1 / 60)
    assert port.drops == {}


def pictures(port: Port, a: Caller, b: Caller) -> tuple[int, int]:
    """Send 60 packets of pictures to ``a``; returns their SSRC there, and the first number."""
    seen = call(port, a, b)
    sent = [b.rtp(rtp(8, 101 + n, payload=DELTA, payload_type=120)) for n in range(60)]
    return seen, a.hears(port.hear(B, *sent))[0].number


async def test_numbers_asked_for_again_are_counted_one_by_one(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    seen, first = pictures(port, a, b)
    entries = [(first, 0xFFFF)] * 20
    sent = send(port, A, [a.rtcp(rr(1) + nack(1, seen, *entries)) for _ in range(10)])
    may = OF_LINK[NACKS].at_once // 17 * 17
    assert port.drops["nacks_over_budget"] == 10 * 20 * 17 - may
    assert a.link.budget.over_lately == (NACKS,)
    assert len(a.hears(sent)) == MAX_REPEATS, "all else was asked for too often meanwhile"
    look(port, a, after_s=0.1)
    more = port.hear(A, a.rtcp(rr(1) + nack(1, seen, (first + 30, 1))))
    assert len(a.hears(more)) == 2


async def test_a_storm_of_requests_with_a_lie_at_its_end_gets_nothing(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    seen, first = pictures(port, a, b)
    storm = rr(1) + nack(1, seen, *[(first, 0xFFFF)] * 20)
    left = a.downlink.repairs.left
    assert send(port, A, [a.rtcp(storm + rr(1, count=5)) for _ in range(50)]) == []
    assert port.drops == {"malformed_rtcp": 50}
    assert a.downlink.repairs.left == left
    outlet = a.downlink.outlets[VIDEO]
    assert outlet.repaired == a.downlink.outlets[REPAIR].progress.packets == 0


# checks


async def test_a_check_that_is_repeated_is_answered_as_often_as_one_may(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    credentials = a.link.credentials
    repeated = check(f"{credentials.ufrag}:peer", credentials.password, nominate=True)
    answers = send(port, A, [repeated] * 5000)
    assert len(answers) <= OF_LINK["checks"].at_once
    assert port.drops == {"checks_over_budget": 5000 - len(answers)}
    assert len(send(port, B, [])) == 0
    assert len(b.check(B)) == 1, "others' are answered"
    look(port, a, after_s=0.1)
    assert len(send(port, A, [repeated] * 50)) == OF_LINK["checks"].per_s * 0.1


async def test_from_anywhere_it_is_the_same_link_that_pays(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, _ = couple
    credentials = a.link.credentials
    repeated = check(f"{credentials.ufrag}:peer", credentials.password, nominate=False)
    answers = send(port, C, [repeated] * 500) + send(port, ("192.0.2.77", 1), [repeated] * 500)
    assert len([data for _, data in answers if data[:2] == SUCCESS]) <= OF_LINK["checks"].at_once
    assert len(answers) <= OF_LINK["checks"].at_once + 2, "each address is asked once"


async def test_checks_that_nobody_has_signed_cost_a_stranger_nothing_and_no_user(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, _ = couple
    send(port, A, [check("nobody:x", "wrong")] * 500)
    assert port.drops == {"stun": 500}
    assert len(a.check(A)) == 1


async def test_all_links_of_one_network_pay_from_one_budget(port: Port) -> None:
    callers = [port.join(f"u{n}", CHROMIUM, ("198.51.100.7", 1000 + n)) for n in range(15)]
    answers = 0
    for number, caller in enumerate(callers):
        credentials = caller.link.credentials
        repeated = check(f"{credentials.ufrag}:peer", credentials.password)
        answers += len(send(port, ("198.51.100.7", 1000 + number), [repeated] * 200))
    assert answers <= OF_NETWORK["checks"].at_once
    assert port.drops["checks_over_budget"] == 15 * 200 - answers


# DTLS


async def test_a_flood_of_dtls_ends_at_the_budget(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, _ = couple
    junk = b"\x17\xfe\xfd" + bytes(8) + b"\x01\xe7" + bytes(487)
    send(port, A, [junk] * 1000)
    looked_at = port.drops["dtls_invalid"]
    price = 2 * DTLS_COST + len(junk)  # with one record inside
    assert OF_LINK[DTLS].at_once // price <= looked_at <= OF_LINK[DTLS].at_once // price + 1
    assert port.drops["dtls_over_budget"] == 1000 - looked_at
    assert a.link.budget.over_lately == (DTLS,)


async def test_a_datagram_of_many_records_costs_more(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    send(port, A, [b"\x16\xfe\xfd" + bytes(497)] * 1000)
    assert port.drops["dtls_invalid"] < OF_LINK[DTLS].at_once / 10_000


async def test_a_link_waits_for_its_handshake_in_a_crowd(port: Port) -> None:
    address = "198.51.100.7"
    callers = [port.join(f"u{n}", CHROMIUM, (address, 1000 + n)) for n in range(60)]
    waiting = len(port.forwarder.handshakes)
    assert 0 < waiting < 60
    port.forwarder.remove(callers[-1].link)
    assert len(port.forwarder.handshakes) == waiting - 1, "who has gone waits no longer"
    other = port.join("other", CHROMIUM, A)
    port.now += 0.1
    port.forwarder.handshakes.look(port.now)
    assert len(port.forwarder.handshakes) < waiting
    assert other.link.address == A
