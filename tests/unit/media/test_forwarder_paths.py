"""Several addresses of one peer: what is proven, what is used, and what others cannot do."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from aioice import stun

from relay.media.checks import STALE_ADDRESS_S
from relay.media.flow import Flow
from relay.media.link import MAX_HELD
from relay.media.paths.ice import read_check
from relay.media.paths.path import ASK_AFTER_S, LIMIT, PROBE_INTERVAL_S, SILENT_S, UNPROVEN_S
from relay.media.paths.transport import Tunnelled
from relay.plane import LinkState
from tests.support.dtls import fragment, record
from tests.support.forwarding import A, B, C, Caller, D, E, Port, audio
from tests.support.holdings import entries
from tests.support.offers import CHROMIUM
from tests.support.packets import BINDING_REQUEST, check, rr, rtp, success

_numbers = itertools.count()

HELLO = record(fragment(1, bytes(200)))


def asked(datagrams: list[tuple[object, bytes]]) -> list[tuple[object, bytes]]:
    """The relay's own checks among these."""
    return [each for each in datagrams if each[1][:2] == BINDING_REQUEST]


def tick(port: Port, *callers: Caller, seconds: float = 0.1) -> list[tuple[object, bytes]]:
    """Let time pass, as the plane's clock does; returns what is sent."""
    for _ in range(round(10 * seconds)):
        port.now += 0.1
        for caller in callers:
            port.forwarder.look_at_paths(caller.link, port.now)
    return list(port.socket.taken())


def sends_to(port: Port, a: Caller, b: Caller) -> object:
    """Where a hears what b says."""
    packet = rtp(9, next(_numbers), payload_type=109)
    (where,) = {to for to, _ in port.hear(B, b.rtp(packet))}
    return where


@pytest.fixture
def pair(port: Port, couple: tuple[Caller, Caller]) -> tuple[Caller, Caller]:
    for caller in couple:
        caller.link.state = LinkState.UP
    return couple


# being asked


async def test_who_checks_is_asked_before_it_is_answered(port: Port) -> None:
    a = Caller(port, "a", CHROMIUM)
    (to, ours), (_, answer) = a.check(A, answers=False)
    assert to == A
    assert answer[:2] == b"\1\1"
    found = read_check(ours)
    assert found is not None
    terms = a.link.uplink.terms
    assert (found.local_ufrag, found.remote_ufrag) == (terms.ufrag, a.link.credentials.ufrag)
    assert found.controlled
    assert not found.nominates
    message = stun.parse_message(ours)
    assert message.check_message_integrity(terms.password.encode())
    assert message.attributes["PRIORITY"] == 1862270975
    assert a.link.address is None
    assert a.answer([(A, ours)]) == []
    assert a.link.address == A
    assert len(a.check(A, answers=False)) == 1, "not asked again"


async def test_a_link_knows_how_far_it_has_come(port: Port) -> None:
    a = Caller(port, "a", CHROMIUM)
    first = a.link.trace
    assert first is not None
    assert (first.checked, first.proven, first.dtls) == ((), (), "none")
    asked_by = a.check(A, answers=False)[0]
    assert a.link.trace == replace(first, checked=("udp",))
    a.answer([asked_by])
    assert a.link.trace == replace(first, checked=("udp",), proven=("udp",))
    port.hear(A, HELLO)
    assert a.link.trace == replace(first, checked=("udp",), proven=("udp",), dtls="begun")
    a.link.state = LinkState.UP
    assert a.link.trace is None


@pytest.mark.parametrize("password", ["wrong", None])
async def test_an_answer_that_is_not_the_peers_proves_nothing(
    port: Port, password: str | None
) -> None:
    a = Caller(port, "a", CHROMIUM)
    (_, ours), _ = a.check(A, answers=False)
    right = a.link.uplink.terms.password
    port.hear(C, success(ours, right))  # nobody was asked there
    forged = success(ours, password or right)
    port.hear(A, forged if password else forged[:8] + bytes(12) + forged[20:])
    port.hear(A, forged[:-1])
    assert a.link.address is None
    assert port.drops == {"stun": 3}
    if password is None:
        port.hear(A, forged)
        assert a.link.address == A
        port.hear(A, forged)
        assert port.drops == {"stun": 4}, "each counts once"


async def test_what_is_lost_is_asked_again(port: Port) -> None:
    a = Caller(port, "a", CHROMIUM)
    (_, first), _ = a.check(A, answers=False)
    ((_, again),) = tick(port, a, seconds=0.3)
    assert again == first
    assert tick(port, a, seconds=9) == [], "that would be more than three times what came"


async def test_an_answer_to_an_offer_may_come_after_the_first_check(port: Port) -> None:
    a = Caller(port, "a", CHROMIUM)
    a.link.passwords.clear()
    assert len(a.check(A, answers=False)) == 1, "it is not known how to ask"
    a.link.passwords["F7gI"] = a.link.uplink.terms.password
    a.answer(tick(port, a, seconds=0.3))
    assert a.link.address == A


async def test_a_peer_that_is_not_asked_in_its_former_name(port: Port) -> None:
    """While an ICE restart is under way, checks of both generations come."""
    a = port.join("a", CHROMIUM, A)
    former = a.link.credentials
    a.link.passwords = {"old": "former password", "new": "password of the restart"}
    for ufrag, password in a.link.passwords.items():
        where = (f"192.0.2.{len(ufrag + password)}", 9)
        heard = port.hear(where, check(f"{former.ufrag}:{ufrag}", former.password))
        ((_, ours),) = asked(heard)
        message = stun.parse_message(ours)
        assert message.attributes["USERNAME"] == f"{ufrag}:{former.ufrag}"
        assert message.check_message_integrity(password.encode())


# before the proof


async def test_dtls_to_an_unproven_address_is_limited_and_waits(port: Port) -> None:
    a = Caller(port, "a", CHROMIUM)
    heard = len(a.written_check())
    said = a.check(A, answers=False)
    spent = sum(len(data) for _, data in said)
    port.hear(A, HELLO)
    flight = [bytes([22, n]) + bytes(398) for n in range(5)]
    for part in flight:
        a.link.send(part)
    sent = [data for _, data in port.socket.taken()]
    allowed = LIMIT * (heard + len(HELLO)) - spent
    assert sent == flight[: allowed // 400]
    assert [data for _, data in a.answer(asked(said))] == flight[len(sent) :]


async def test_what_waited_goes_as_soon_as_there_is_a_proof(port: Port) -> None:
    a = Caller(port, "a", CHROMIUM)
    said = a.check(A, answers=False)
    for number in range(MAX_HELD + 1):
        a.link.send(bytes([22, number]) + bytes(1000))
    assert port.socket.taken() == []
    freed = a.answer(asked(said))
    assert [(to, data[1]) for to, data in freed] == [(A, n) for n in range(1, MAX_HELD + 1)]


async def test_a_handshake_that_is_done_is_a_proof(port: Port) -> None:
    a = Caller(port, "a", CHROMIUM)
    a.check(A, answers=False)
    port.hear(C, HELLO)
    port.hear(A, HELLO)
    port.forwarder.came_up(a.link)
    assert a.link.address == A
    assert port.drops == {"unknown_address": 1}


async def test_a_check_that_is_never_answered_is_forgotten_with_its_link(port: Port) -> None:
    a = Caller(port, "a", CHROMIUM)
    a.check(A, answers=False)
    port.hear(A, HELLO)
    port.forwarder.came_up(a.link)
    assert len(port.forwarder._checks._asked) == 1
    port.forwarder.remove(a.link)
    assert port.forwarder._checks._asked == {}


async def test_media_from_an_unproven_address_goes_nowhere(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, b = pair
    a.check(C, answers=False)
    assert b.hears(port.hear(C, a.rtp(audio(1)))) == []
    assert port.drops == {"unknown_address": 1}


# copies, and what is made up


async def test_a_copied_check_moves_nothing(port: Port, pair: tuple[Caller, Caller]) -> None:
    a, b = pair
    copied = a.written_check()
    port.now += 1
    consent = a.link.checked_at
    sent = [each for _ in range(20) for each in port.hear(C, copied)]
    assert a.link.checked_at == consent
    for _ in range(50):
        sent += [each for each in tick(port, a, b) if each[0] == C]
        assert sends_to(port, a, b) == A
    assert sum(len(data) for _, data in sent) <= LIMIT * 20 * len(copied)
    assert len(b.hears(port.hear(A, a.rtp(audio(1))))) == 1
    assert "unknown_address" not in port.drops


async def test_copies_from_everywhere_take_nobodys_place(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, b = pair
    a.check(C, nominate=False)
    copied = a.written_check()
    for number in range(50):
        port.now += 0.05
        port.hear(("198.51.100.9", 1000 + number), copied)
    for address, number in ((A, 1), (C, 2)):
        assert len(b.hears(port.hear(address, a.rtp(audio(number))))) == 1
    port.now += UNPROVEN_S
    a.check(D)
    assert a.link.address == D, "nor that of who comes later"
    assert len(port.forwarder._checks.elsewhere) == len(a.link.paths.known) - 1
    port.forwarder.remove(a.link)
    port.forwarder.remove(b.link)
    assert entries(port.forwarder) == (0, 0)
    assert port.forwarder._checks.elsewhere == {}
    assert port.forwarder._checks._asked == {}


async def test_forged_media_moves_nothing(port: Port, pair: tuple[Caller, Caller]) -> None:
    a, _ = pair
    a.check(C, nominate=False)
    port.hear(A, a.rtp(audio(1)))
    for _ in range(30):
        port.hear(C, b"\x80\x6f" + bytes(60), b"\x80\xc8" + bytes(60))
        tick(port, a)
    assert a.link.address == A
    assert port.drops == {"authentication": 60}


async def test_an_address_of_a_living_link_is_not_anothers_in_use_or_not(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, b = pair
    a.check(C, nominate=False)
    assert asked(b.check(C, answers=False)) == []
    assert port.drops == {"address_taken": 1}
    port.now += STALE_ADDRESS_S
    said = b.check(C, answers=False)
    assert len(a.uplink.streams) == 0
    port.hear(C, a.rtp(audio(1)))
    assert len(a.uplink.streams) == 1, "it is a's until b has proved itself there"
    b.answer(said)
    assert b.link.address == C
    assert C not in a.link.paths.known


async def test_who_has_lost_an_address_sends_nothing_there(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, b = pair
    a.check(A)
    port.now += STALE_ADDRESS_S
    b.check(A)
    assert (a.link.address, b.link.address) == (None, A)
    port.socket.taken()
    a.link.send(HELLO)
    assert port.socket.taken() == []


async def test_two_that_ask_for_a_stale_address(port: Port, pair: tuple[Caller, Caller]) -> None:
    a, b = pair
    other = port.join("c", CHROMIUM, E)
    port.now += STALE_ADDRESS_S
    said = b.check(A, answers=False)
    late = other.check(A, answers=False)
    b.answer(said)
    assert (a.link.address, b.link.address) == (None, A)
    other.answer(late)
    assert other.link.address == E
    assert port.drops == {"address_taken": 1}


# several that are proven


async def test_media_is_taken_from_every_proven_address(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, b = pair
    for address in (C, D, E):
        a.check(address, nominate=False)
    for number, address in enumerate((A, C, D, E, A), 1):
        assert len(b.hears(port.hear(address, a.rtp(audio(number))))) == 1
    outlet = a.downlink.outlets["audio", False].ssrc
    sends_to(port, a, b)
    port.hear(D, a.rtcp(rr(1)))
    assert a.uplink.rtcp_at == port.now
    assert outlet
    assert port.drops == {}


async def test_what_such_an_address_may_get_wrong(port: Port, pair: tuple[Caller, Caller]) -> None:
    a, _ = pair
    a.check(C, nominate=False)
    a.link.budget.rtp = 0
    assert port.hear(C, b"\x80", a.rtp(audio(1))) == []
    a.uplink.rx = None
    assert port.hear(C, b"\x80" * 30) == []
    assert port.drops == {"malformed": 1, "rtp_over_budget": 1, "before_dtls": 1}


@pytest.mark.parametrize("addresses", [(C, D), (C, D, E, ("192.0.2.6", 6666))])
@pytest.mark.parametrize("repeats", [1, 3])
async def test_who_nominates_all_is_sent_to_where_its_media_comes_from(
    port: Port, pair: tuple[Caller, Caller], addresses: tuple[tuple[str, int], ...], repeats: int
) -> None:
    """Firefox nominates every pair that works, and uses the best."""
    a, b = pair
    for _ in range(repeats):
        for address in addresses:
            a.check(address)
    assert sends_to(port, a, b) == addresses[-1]
    chosen = addresses[0]
    for number in range(8):
        assert len(b.hears(port.hear(chosen, a.rtp(audio(number))))) == 1
        for address in addresses:
            a.check(address, nominate=repeats > 1)
        tick(port, a, b)
    assert sends_to(port, a, b) == chosen
    assert entries(port.forwarder)[0] == 2
    assert port.drops == {}


async def test_an_address_that_falls_silent_gives_way_to_one_that_answers(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, b = pair
    a.check(C, nominate=False)
    port.socket.taken()
    for _ in range(50):
        for to, ours in asked(tick(port, a)):
            if to == C:
                a.answer([(to, ours)])
    assert sends_to(port, a, b) == C


async def test_an_address_that_is_nominated_while_it_is_asked_may_answer_still(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, _ = pair
    a.check(C, nominate=False)
    tick(port, a, seconds=ASK_AFTER_S - 0.1)
    asked_there = [each for each in asked(tick(port, a)) if each[0] == C]
    a.check(C)
    assert a.link.address == C
    path = a.link.paths.known[C]
    port.now += 0.1
    a.answer(asked_there)
    assert path.heard_at == port.now
    assert port.drops == {}


async def test_a_stale_address_of_a_tunnel_is_a_detour_for_the_next_one(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, b = pair
    a.check(C)
    port.socket.tunnelled[C] = Tunnelled("tcp", ("192.0.2.7", 7), ("192.0.2.7", 7))
    port.now += STALE_ADDRESS_S
    b.check(B)
    b.check(C)
    assert b.link.checked == {"udp", "tcp"}
    assert b.link.address == B


async def test_who_came_second_may_prove_itself_when_the_address_is_stale_again(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    _, b = pair
    other = port.join("c", CHROMIUM, E)
    port.now += STALE_ADDRESS_S
    said = b.check(A, answers=False)
    late = other.check(A, answers=False)
    b.answer(said)
    other.answer(late)
    port.now += STALE_ADDRESS_S
    other.check(A)
    assert other.link.address == A


# a NAT that has given the peer another port


async def test_media_from_a_new_address_is_followed(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, b = pair
    port.hear(A, a.rtp(audio(1, payload=bytes(80))))
    tick(port, a, seconds=SILENT_S + 0.1)
    packets = iter([a.rtp(audio(n, payload=bytes(80))) for n in range(2, 9)])
    ((to, ours),) = port.hear(C, next(packets))
    assert to == C
    assert len(ours) <= 12 + 80 + 16, "no longer than what came"
    assert port.hear(C, next(packets)) == [], "asked once"
    assert a.answer([(C, ours)]) == []
    assert sends_to(port, a, b) == C
    assert len(b.hears(port.hear(C, next(packets)))) == 1
    assert port.drops == {"unknown_address": 2}
    assert port.forwarder._checks._lost == {1: a.link}
    tick(port, a)
    assert port.forwarder._checks._lost == {}


async def test_a_new_address_is_asked_again_when_the_answer_is_lost(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, _ = pair
    port.hear(A, a.rtp(audio(1)))
    tick(port, a, seconds=SILENT_S + 0.1)
    packets = [a.rtp(audio(n, payload=bytes(80))) for n in range(2, 5)]
    ((_, ours),) = port.hear(C, packets[0])
    port.now += PROBE_INTERVAL_S
    assert port.hear(C, packets[1]) == [(C, ours)]


async def test_media_from_elsewhere_is_no_reason_while_it_comes_from_where_it_should(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, _ = pair
    for number in range(20):
        port.hear(A, a.rtp(audio(number)))
        assert port.hear(C, b"\x80\x6f" + bytes(6) + b"\0\0\0\1" + bytes(90)) == []
        tick(port, a)
    assert port.drops == {"unknown_address": 20}


async def test_nobody_is_asked_who_does_not_know_the_ssrc(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, b = pair
    port.hear(A, a.rtp(audio(1)))
    tick(port, a, b, seconds=1)
    for junk in (b"\x80", b"\x80\x6f" + bytes(90), b"\x80\xc8" + bytes(90)):
        assert port.hear(C, junk) == []
    port.forwarder.remove(a.link)
    assert port.hear(C, a.rtp(audio(2, payload=bytes(80)))) == []
    assert port.forwarder._checks._lost == {}


async def test_who_knows_the_ssrc_gets_no_more_than_it_sends_and_nothing_else(
    port: Port, pair: tuple[Caller, Caller]
) -> None:
    a, b = pair
    Flow(a.uplink, b.downlink)
    port.hear(A, a.rtp(audio(1)))
    forged = b"\x80\x6f" + bytes(6) + b"\0\0\0\1" + bytes(40)
    got = 0
    for _ in range(100):
        tick(port, a)
        got += sum(len(data) for to, data in port.hear(C, forged) if to == C)
    assert 0 < got <= LIMIT * 100 * len(forged)
    assert a.link.address == A
