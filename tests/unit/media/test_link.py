"""One user's connection: what is agreed when, and who is told of its end."""

from __future__ import annotations

import asyncio

import pytest
from aiortc.sdp import SessionDescription

from relay.media.link import MAX_QUEUED_RECORDS, Link
from relay.media.negotiation.description import Ssrcs
from relay.media.negotiation.sdp import read
from relay.media.paths.path import Path
from relay.plane import LinkState
from relay.seam import LinkCertificate
from tests.support.dtls import FATAL_ALERT, End, fragment, record
from tests.support.fake_socket import FakeSocket
from tests.support.offers import CHROMIUM, CHROMIUM_FINGERPRINT, FIREFOX

CERTIFICATE = LinkCertificate.generateCertificate()
ADDRESSES = (("192.0.2.1", 7882),)
PEER = ("192.0.2.9", 40000)
NOW = 100.0


@pytest.fixture
async def socket() -> FakeSocket:
    return FakeSocket()


@pytest.fixture
def link(socket: FakeSocket) -> Link:
    return Link("ann", socket, CERTIFICATE, ADDRESSES, NOW)


def setups(sdp: str) -> set[str]:
    return {line for line in sdp.splitlines() if line.startswith("a=setup")}


async def test_a_new_link(link: Link) -> None:
    assert link.state is LinkState.CONNECTING
    assert link.checked_at == 100.0, "its peer's time to come is counted from now on"
    assert not link.agreed
    assert not link.continues(read(CHROMIUM))


async def test_what_continues_a_link(link: Link) -> None:
    link.agree(read(CHROMIUM))
    assert link.continues(read(CHROMIUM))
    assert link.continues(read(CHROMIUM.replace("F7gI", "new1"))), "an ICE restart"
    assert link.continues(read(CHROMIUM.replace("a=sendrecv", "a=sendonly")))
    another_session = CHROMIUM.replace("o=- 4962303333179871722", "o=- 17")
    assert not link.continues(read(another_session))
    another_certificate = CHROMIUM.replace(CHROMIUM_FINGERPRINT, "AA:BB")
    assert not link.continues(read(another_certificate))
    assert not link.continues(read(FIREFOX))
    assert link.continues(read(CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 0"))), "the picture is gone"
    assert not link.continues(read(CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 1 0")))
    stopped = CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 1").replace("m=audio 56500", "m=audio 0")
    assert not link.continues(read(stopped)), "the transport was the sound's"


async def test_the_credentials_of_the_link_that_replaces_one(link: Link) -> None:
    assert link.successor(read(CHROMIUM)) != link.credentials, "nobody has been told of them"
    link.agree(read(CHROMIUM))
    assert link.successor(read(CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 1 0"))) is link.credentials
    for other in (
        CHROMIUM.replace("F7gI", "new1"),
        CHROMIUM.replace("o=- 4962303333179871722", "o=- 17"),
        CHROMIUM.replace(CHROMIUM_FINGERPRINT, "AA:BB"),
        FIREFOX,
    ):
        assert link.successor(read(other)) != link.credentials


async def test_another_section_is_another_track(link: Link) -> None:
    def ssrcs() -> tuple[Ssrcs, Ssrcs]:
        return link.downlink.ssrcs("audio"), link.downlink.ssrcs("video")

    link.agree(read(CHROMIUM))
    sound, picture = ssrcs()
    link.agree(read(CHROMIUM.replace("F7gI", "new1")))
    link.agree(read(CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 0")))
    link.agree(read(CHROMIUM))
    assert ssrcs() == (sound, picture), "it is the same section"
    link.agree(read(CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 0 2").replace("a=mid:1", "a=mid:2")))
    assert ssrcs()[0] == sound
    new = ssrcs()[1]
    assert len({new.media, new.rtx, picture.media, picture.rtx}) == 4
    assert f"a=ssrc-group:FID {new.media} {new.rtx}" in link.answer()


@pytest.mark.parametrize(
    ("offered", "answered"), [("actpass", "passive"), ("active", "passive"), ("passive", "active")]
)
async def test_the_dtls_role(link: Link, offered: str, answered: str) -> None:
    link.agree(read(CHROMIUM.replace("a=setup:actpass", f"a=setup:{offered}")))
    assert setups(link.answer()) == {f"a=setup:{answered}"}
    for later in ("actpass", "active", "passive"):
        link.agree(read(CHROMIUM.replace("a=setup:actpass", f"a=setup:{later}")))
        assert setups(link.answer()) == {f"a=setup:{answered}"}, "as the running DTLS has it"


async def test_the_relays_offer_leaves_the_role_open(link: Link) -> None:
    assert setups(link.offer()) == {"a=setup:actpass"}
    link.agree(read(CHROMIUM.replace("a=setup:actpass", "a=setup:active")))
    assert setups(link.answer()) == {"a=setup:passive"}


async def test_descriptions_say_what_the_link_has(link: Link) -> None:
    link.agree(read(CHROMIUM))
    audio, video = SessionDescription.parse(link.answer()).media
    assert [s.ssrc for s in audio.ssrc] == [link.downlink.ssrcs("audio").media]
    ssrcs = link.downlink.ssrcs("video")
    assert [s.ssrc for s in video.ssrc] == [ssrcs.media, ssrcs.rtx]
    assert {s.cname for s in audio.ssrc + video.ssrc} == {link.downlink.cname}
    assert [(c.ip, c.port) for c in audio.ice_candidates] == list(ADDRESSES)
    assert audio.ice is not None
    assert audio.ice.usernameFragment == link.credentials.ufrag
    assert audio.dtls is not None
    assert [f.value for f in audio.dtls.fingerprints] == [CERTIFICATE.getFingerprints()[0].value]


async def test_nothing_is_sent_before_it_is_known_where_to(link: Link, socket: FakeSocket) -> None:
    link.send(b"too early")
    link.send_rtcp(b"\x80\xc9\0\1\0\0\0\1")
    assert socket.taken() == []
    link.use(Path(PEER, NOW), NOW)
    link.begin()
    link.send(b"now")
    link.send_rtcp(b"\x80\xc9\0\1\0\0\0\1")  # but there are no keys yet
    assert socket.taken() == [(PEER, b"now")]
    assert link.downlink.destination == PEER


async def test_dtls_records_wait_in_a_bounded_queue(link: Link) -> None:
    finished = record(bytes(40), epoch=1)
    link._sieve._cipher_changed = True
    for _ in range(MAX_QUEUED_RECORDS):
        assert link.has_dtls_room
        assert link.take_dtls(finished)
    assert not link.has_dtls_room


async def test_unsound_dtls_is_dropped_and_does_not_wait(link: Link) -> None:
    link.agree(read(CHROMIUM))
    for forged in (b"\x16", FATAL_ALERT, record(fragment(2, bytes(60)))):
        assert not link.take_dtls(forged)
    assert link._pipe.records.empty()
    assert link.take_dtls(record(fragment(1, bytes(60))))
    assert link._pipe.records.qsize() == 1


async def test_closing_a_link_that_was_never_opened(link: Link) -> None:
    await link.close()
    await link.close()


async def test_closing_a_link_that_waits_for_its_peer(link: Link) -> None:
    said: list[object] = []
    link.agree(read(CHROMIUM))
    link.open(said.append, lambda *what: said.append(what))
    await asyncio.sleep(0)
    await link.close()
    assert said == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_closing_a_link_that_waits_for_the_handshake(link: Link, socket: FakeSocket) -> None:
    said: list[object] = []
    link.agree(read(CHROMIUM))
    link.open(said.append, lambda *what: said.append(what))
    link.use(Path(PEER, NOW), NOW)
    link.begin()
    for _ in range(10):
        await asyncio.sleep(0)
    assert socket.sent == [], "the peer begins"
    await link.close()
    assert said == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_closing_a_link_in_its_handshake(link: Link, socket: FakeSocket) -> None:
    said: list[object] = []
    link.agree(read(CHROMIUM.replace("a=setup:actpass", "a=setup:passive")))
    link.open(said.append, lambda *what: said.append(what))
    link.use(Path(PEER, NOW), NOW)
    link.begin()
    async with asyncio.timeout(5):
        while not socket.sent:  # noqa: ASYNC110 -- the ClientHello
            await asyncio.sleep(0)
    assert socket.sent[0][1][0] == 22
    await link.close()
    assert said == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_handshake_that_is_refused(link: Link) -> None:
    said: list[object] = []
    link.agree(read(CHROMIUM.replace("a=setup:actpass", "a=setup:passive")))
    ended = asyncio.Event()

    def was_lost(lost: Link, reason: str) -> None:
        said.append((lost, reason))
        ended.set()

    link.open(said.append, was_lost)
    link.use(Path(PEER, NOW), NOW)
    link.begin()
    assert link.take_dtls(record(fragment(2, bytes(60))))  # a ServerHello of junk
    async with asyncio.timeout(5):
        await ended.wait()
    assert said == [(link, "failed")]
    await link.close()


async def test_a_hello_that_openssl_refuses_ends_nothing(link: Link, socket: FakeSocket) -> None:
    said: list[object] = []
    link.agree(read(CHROMIUM))
    link.open(said.append, lambda *what: said.append(what))
    link.use(Path(PEER, NOW), NOW)
    link.begin()
    for junk in (bytes(40), bytes(60)):
        assert link.take_dtls(record(fragment(1, junk)))
        async with asyncio.timeout(5):
            while link._sieve._last != -1:  # noqa: ASYNC110
                await asyncio.sleep(0)
    assert socket.sent == [], "no alert either: the peer would believe it"
    link.take_dtls(End("client").hear())
    async with asyncio.timeout(5):
        while not socket.sent:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert socket.sent[0][1][13] == 2, "a ServerHello"
    await link.close()
    assert said == []
