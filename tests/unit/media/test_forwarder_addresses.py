"""Which address a link is found by: checks, nominations, moves, and whose they are."""

from __future__ import annotations

import secrets

import pylibsrtp
import pytest

from relay.media.checks import STALE_ADDRESS_S
from relay.media.negotiation.sdp import read
from tests.support.dtls import fragment, record
from tests.support.forwarding import A, B, C, Caller, D, Port, audio, srtp_session, video
from tests.support.holdings import entries
from tests.support.offers import CHROMIUM
from tests.support.packets import (
    check,
    rtp,
)
from tests.support.sides import AUDIO, VIDEO

# addresses


async def test_a_check_is_answered_where_it_came_from(port: Port) -> None:
    caller = Caller(port, "a", CHROMIUM)
    ((address, answer),) = caller.check(A)
    assert address == A
    assert answer[:2] == b"\1\1"
    assert caller.link.address == A
    assert entries(port.forwarder) == (1, 1)


async def test_the_first_checked_address_will_do_until_one_is_nominated(port: Port) -> None:
    """Chromium sends its ClientHello there long before."""
    caller = Caller(port, "a", CHROMIUM)
    for address in (B, C):
        caller.check(address, nominate=False)
    assert caller.link.address == B
    port.hear(B, record(fragment(1, bytes(60))))
    assert port.drops == {}
    caller.check(A)
    assert caller.link.address == A
    assert entries(port.forwarder) == (1, 1)


async def test_unknown_users_and_bad_signatures_get_no_answer(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, _ = couple
    good = a.link.credentials
    assert port.hear(C, check("nobody:peer", good.password)) == []
    assert port.hear(C, check(f"{good.ufrag}:peer", "wrong")) == []
    assert port.hear(C, check(f"{good.ufrag}:peer", good.password)[:-1]) == []
    assert port.drops == {"stun": 3}
    assert a.link.address == A


async def test_a_link_moves_to_the_address_that_a_check_nominates(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.hear(A, a.rtp(audio(1)))
    a.check(C)
    assert len(b.hears(port.hear(C, a.rtp(audio(2))))) == 1
    assert len(b.hears(port.hear(A, a.rtp(audio(3))))) == 1, "it was under way"
    assert port.drops == {}
    assert len(a.hears(port.hear(B, b.rtp(rtp(9, 1, payload_type=109))))) == 1
    assert entries(port.forwarder)[0] == 2


async def test_a_check_that_does_not_nominate_moves_nothing(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, _ = couple
    a.check(C, nominate=False)
    assert a.link.address == A


async def test_another_users_check_cannot_take_an_address_over(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    b.check(A)  # spoofed: b's credentials from a's address
    assert port.drops == {"address_taken": 1}
    assert (a.link.address, b.link.address) == (A, B)
    port.socket.taken()
    assert len(b.hears(port.hear(A, a.rtp(audio(1))))) == 1


async def test_a_stale_address_may_go_to_another_and_come_back(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.now += STALE_ADDRESS_S
    b.check(A)  # a NAT gave b the mapping that a had
    assert b.link.address == A
    port.forwarder.remove(b.link)
    a.check(A)
    port.hear(A, a.rtp(audio(1)))
    assert a.uplink.streams[1].packets == 1, "a is found by its address again"


async def test_who_has_lost_its_address_is_sent_nothing_there(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.now += STALE_ADDRESS_S
    b.check(A)
    port.socket.taken()
    assert port.hear(A, b.rtp(rtp(9, 1, payload_type=109))) == []
    assert port.socket.send_drops == 1
    a.check(C)
    assert len(a.hears(port.hear(A, b.rtp(rtp(9, 2, payload_type=109))))) == 1


async def test_removing_a_link_leaves_another_its_address(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.now += STALE_ADDRESS_S + 1
    b.check(A)
    port.forwarder.remove(a.link)
    port.socket.taken()
    port.hear(A, b.rtp(rtp(9, 1, payload_type=109)))
    assert b.uplink.streams[9].packets == 1
    port.forwarder.remove(b.link)
    assert entries(port.forwarder) == (0, 0)


async def test_any_authentic_check_is_consent(port: Port) -> None:
    a = port.join("a", CHROMIUM, A)
    port.now += 5
    a.check(C, nominate=False)
    assert a.link.checked_at == port.now
    port.now += 5
    a.check(D, nominate=False, answers=False)
    assert a.link.checked_at == port.now - 5, "it may be a copy that somebody else sends"
    port.hear(A, check(f"{a.link.credentials.ufrag}:peer", "wrong"))
    port.hear(A, a.rtp(audio(1)))
    assert a.link.checked_at == port.now - 5


async def test_an_ice_restart_keeps_the_former_credentials_for_a_while(port: Port) -> None:
    a = port.join("a", CHROMIUM, A)
    former = a.link.credentials
    a.link.agree(read(CHROMIUM.replace("F7gI", "new1")))
    port.forwarder.add(a.link)
    assert a.link.credentials != former
    for credentials in (former, a.link.credentials):
        heard = port.hear(C, check(f"{credentials.ufrag}:peer", credentials.password))
        assert len(a.answer(heard)) == 1
    assert port.hear(C, check(f"{a.link.credentials.ufrag}:peer", former.password)) == []
    a.link.agree(read(CHROMIUM.replace("F7gI", "new2")))
    port.forwarder.add(a.link)
    assert port.hear(C, check(f"{former.ufrag}:peer", former.password)) == []
    assert entries(port.forwarder) == (1, 2)
    port.forwarder.remove(a.link)
    assert entries(port.forwarder) == (0, 0)


async def test_the_same_ufrag_again_is_no_restart(port: Port) -> None:
    a = port.join("a", CHROMIUM, A)
    credentials = a.link.credentials
    a.link.agree(read(CHROMIUM))
    assert a.link.credentials == credentials


def test_srtp_refuses_what_was_not_meant_for_it() -> None:
    """The tests' own sessions authenticate, or the tests above would prove nothing."""
    one, other = secrets.token_bytes(28), secrets.token_bytes(28)
    packet = srtp_session(one, out=True).protect(video(1))
    with pytest.raises(pylibsrtp.Error):
        srtp_session(other, out=False).unprotect(packet)
    assert srtp_session(one, out=False).unprotect(packet) == video(1)
    assert VIDEO != AUDIO
