"""Bad input at the media port, of strangers and of users, over real sockets."""

from __future__ import annotations

import secrets

import pytest

from tests.support.exchange import (
    Exchange,
    audio,
    talk,
    until,
)
from tests.support.news import Up
from tests.support.packets import (
    check,
    raw_extension,
    remb,
    rr,
    rtp,
    sr,
)

# bad input from strangers


async def test_strangers_get_no_answer_and_disturb_nobody(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    stranger = exchange.stranger()
    good = check(f"{a.remote.ufrag}:x", a.remote.password)
    wrong = [
        b"",
        b"\0",
        *[secrets.token_bytes(size) for size in (1, 2, 11, 12, 13, 20, 100, 1400)],
        check("nobody:x", a.remote.password),
        check(f"{a.remote.ufrag}:x", "wrong"),
        check(None, a.remote.password),
        *[good[:size] for size in (1, 19, 20, 21, 40, len(good) - 1)],
        good + b"\0",
        audio(a, 2),
        b"\x80\xc9\0\1\0\0\0\1" + bytes(20),
        b"\x16\xfe\xfd" + bytes(100),
    ]
    for datagram in wrong:
        stranger.send(datagram)
    await until(lambda: sum(exchange.drops.values()) >= len(wrong))
    with pytest.raises(BlockingIOError):
        stranger.recv(2000)
    await talk(a, b, 2)
    assert exchange.tables == {"addresses": 2, "ufrags": 2, "links": 2, "partners": 2}


CLIENT_HELLO = bytes.fromhex("16fefd0000000000000000003a0100002e000000000000002efefd") + bytes(44)
FATAL_ALERT = bytes.fromhex("15fefd000000000000000000020228")
CLOSE_NOTIFY = bytes.fromhex("15fefd000000000000000000020100")


async def test_forged_dtls_from_elsewhere_does_not_disturb_a_handshake(exchange: Exchange) -> None:
    stranger = exchange.stranger()
    peer = exchange.peer()
    forged = 0

    def with_forgeries(datagram: bytes) -> list[bytes]:
        nonlocal forged
        for forgery in (CLIENT_HELLO, FATAL_ALERT, CLOSE_NOTIFY, datagram):
            stranger.send(forgery)
            forged += 1
        return [datagram]

    peer.forge(with_forgeries)
    peer.take_answer(await exchange.answer("a", peer.offer()))
    stranger.send(CLIENT_HELLO)  # before anything was nominated
    await peer.connect()
    await exchange.hears(Up("a"))
    assert forged >= 8, "at least two flights were accompanied"
    await exchange.dropped("unknown_address", forged + 1)
    with pytest.raises(BlockingIOError):
        stranger.recv(2000)


async def test_candidates_in_sdp_are_never_contacted(exchange: Exchange) -> None:
    stranger = exchange.stranger()
    host, port = stranger.getsockname()
    peer = exchange.peer()
    offer = peer.offer().replace(
        "a=end-of-candidates", f"a=candidate:9 1 udp 2130706431 {host} {port} typ host"
    )
    assert f"{host} {port} typ host" in offer
    peer.take_answer(await exchange.answer("a", offer))
    await peer.connect()
    await exchange.hears(Up("a"))
    with pytest.raises(BlockingIOError):
        stranger.recv(2000)


async def test_srtp_from_elsewhere_is_dropped(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    stranger = exchange.stranger()
    stranger.send(a._sessions()[1].protect(audio(a, 50, payload=b"stolen")))
    await exchange.dropped("unknown_address", 1)
    await talk(a, b, 51)
    assert b.rtp.empty()


async def test_another_users_check_cannot_take_an_address(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    a.send_raw(check(f"{b.remote.ufrag}:x", b.remote.password))  # as if b's check were spoofed
    await exchange.dropped("address_taken", 1)
    await talk(a, b)
    assert exchange.tables["addresses"] == 2


# bad input from users


async def test_lies_are_dropped_counted_and_the_link_lives(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    lying = raw_extension(b"\x1f\0\0\0")
    a.send_rtp(audio(a, 2, extension=lying, payload=b""))
    await exchange.dropped("malformed", 1)
    a.send_raw(b"\x90\x6f" + bytes(2) + bytes(8) + b"\xbe\xde\xff\xff" + bytes(40))
    a.send_raw(b"\x80\xc9\xff\xff" + bytes(40))
    await exchange.dropped("authentication", 2)
    for packet in (rr(1, count=31), sr(a.ssrcs.audio, 1, count=9), remb(1, count=200)):
        a.send_rtcp(packet)
    await exchange.dropped("malformed_rtcp", 3)
    a.send_raw(b"\x80")
    await exchange.dropped("malformed", 2)
    await talk(a, b, 3)


async def test_hundreds_of_ssrcs_are_bounded(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    for ssrc in range(1, 301):
        a.send_rtp(rtp(ssrc, 1, payload_type=(111, 96, 13)[ssrc % 3]))
        a.send_rtcp(rr(ssrc))
    await until(lambda: exchange.drops.get("too_many_ssrcs", 0) >= 500)
    uplink = exchange.plane._links["a"].uplink
    assert len(uplink.streams) + len(uplink.strangers) <= 16
    assert len(uplink.rtcp_ssrcs) <= 16
    await talk(a, b, 2)
