"""A datagram's way, without a network: real SRTP and real checks over a fake socket."""

from __future__ import annotations

from zlib import crc32

import pytest
from aioice import stun
from structlog.testing import capture_logs

from relay import transport_cc
from relay.media.budget import REPAIR_SHARE
from relay.media.flow import Flow
from relay.media.forwarder import MAX_BATCHES
from relay.media.link import MAX_ACKNOWLEDGED, MAX_QUEUED_RECORDS
from relay.media.negotiation.sdp import read
from relay.media.paths.transport import SLOTS
from relay.media.translation import transport_feedback
from relay.media.upkeep import tend
from relay.media.uplink import MAX_STREAMS
from relay.plane import TappedPacket
from relay.tunnel.stun import read as read_stun
from tests.support.dtls import CLOSE_NOTIFY, FATAL_ALERT, fragment, record
from tests.support.forwarding import A, B, C, Caller, Port, audio, video
from tests.support.offers import CHROMIUM, FIREFOX, without
from tests.support.packets import (
    DELTA,
    KEYFRAME,
    binding_request,
    block,
    fir,
    nack,
    pli,
    raw_extension,
    read_rtcp,
    rr,
    rtp,
    rtx,
    sr,
)
from tests.support.sides import AUDIO, REPAIR, VIDEO

# forwarding


async def test_a_packet_reaches_the_partner(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, b = couple
    (heard,) = b.hears(port.hear(A, a.rtp(audio(7, payload=b"opus"))))
    assert (heard.ssrc, heard.payload_type) == (b.link.downlink.outlets[AUDIO].ssrc, 109)
    assert heard.payload == b"opus"
    assert port.forwarder.forwarded == 1
    assert port.forwarder.bytes_forwarded == 16
    assert port.flowing == ["b"]
    assert port.drops == {}


async def test_what_cannot_be_used_is_the_senders_loss(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.hear(A, a.rtp(audio(1)), a.rtp(rtp(1, 2, payload_type=77)), a.rtp(audio(3)))
    assert port.drops == {"unknown_payload_type": 1}
    assert a.link.uplink.streams[1].left == 1
    assert b.link.downlink.outlets[AUDIO].withheld == 0


async def test_flowing_is_told_once(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, b = couple
    port.hear(A, a.rtp(audio(1)), a.rtp(audio(2)), a.rtp(video(1)))
    port.hear(B, b.rtp(rtp(9, 1, payload_type=109)))
    assert port.flowing == ["b", "a"]


async def test_the_first_picture_is_told_once_and_costs_later_packets_nothing(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.hear(A, a.rtp(audio(1)), a.rtp(video(1, DELTA)))
    assert (port.showing, b.link.downlink.plain) == ([], not b.link.downlink.keeps_history)
    port.hear(A, a.rtp(video(2)), a.rtp(audio(2)), a.rtp(video(3, DELTA)), a.rtp(video(4)))
    assert (port.showing, port.flowing) == (["b"], ["b"])
    assert not b.link.downlink.begins


async def test_a_full_batch_and_many(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, b = couple
    packets = [a.rtp(audio(n)) for n in range(SLOTS * MAX_BATCHES + 5)]
    port.socket.waiting += [(A, packet) for packet in packets]
    port.forwarder.on_readable()
    first = b.hears(port.socket.taken())
    assert len(first) == SLOTS * MAX_BATCHES, "then it is the event loop's turn"
    port.forwarder.on_readable()
    heard = first + b.hears(port.socket.taken())
    assert [p.number - heard[0].number for p in heard] == list(range(len(packets)))
    assert port.forwarder.received >= len(packets)


async def test_a_listener_that_fails_spoils_nothing(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple

    def fail(_: str) -> None:
        raise RuntimeError("a listener's bug")

    port.on_flowing = fail
    with capture_logs() as logs:
        heard = b.hears(port.hear(A, *[a.rtp(audio(n)) for n in range(SLOTS)]))
    assert len(heard) == SLOTS, "it is told when the packet is on its way"
    assert (port.drops, len(logs)) == ({"fault": 1}, 1)
    assert len(b.hears(port.hear(A, *[a.rtp(audio(n)) for n in range(64, 128)]))) == SLOTS


async def test_statistics(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, _ = couple
    port.hear(A, a.rtp(video(1)), a.rtp(video(2, DELTA)), a.rtp(video(5, DELTA)))
    stream = a.uplink.streams[2]
    assert (stream.packets, stream.lost, stream.keyframes) == (3, 2, 1)
    assert stream.bytes == 2 * len(video(1, DELTA)) + len(video(1))


async def test_without_a_partner_nothing_goes_out(port: Port) -> None:
    a = port.join("a", CHROMIUM, A)
    assert port.hear(A, a.rtp(audio(1)), a.rtp(video(1))) == []
    assert port.drops == {"unpaired": 2}
    assert a.uplink.streams[1].packets == 1


# strangers, and what is no WebRTC at all


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "not_webrtc"),
        (b"\x04", "not_webrtc"),
        (b"\x13" * 50, "not_webrtc"),
        (b"\x40" * 50, "not_webrtc"),
        (b"GET / HTTP/1.1\r\n", "not_webrtc"),
        (b"\xff" * 50, "not_webrtc"),
        (b"\xc0" * 50, "not_webrtc"),
        (b"\x00", "stun"),
        (b"\x00\x01" + bytes(18), "stun"),
        (b"\x16\xfe\xfd" + bytes(50), "unknown_address"),
        (b"\x80" * 50, "unknown_address"),
        (b"\x80\xc8" * 50, "unknown_address"),
        (b"\x80", "unknown_address"),
        (b"\x80" * 4000, "unknown_address"),
    ],
)
async def test_strangers_are_dropped_counted_and_not_answered(
    port: Port, couple: tuple[Caller, Caller], datagram: bytes, reason: str
) -> None:
    assert port.hear(C, datagram) == []
    assert port.drops == {reason: 1}
    a, b = couple
    assert len(b.hears(port.hear(A, a.rtp(audio(1))))) == 1


async def test_what_a_nominated_address_may_get_wrong(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    forged = a.rtp(audio(1))[:-1] + b"\0"
    assert port.hear(A, b"\x80", b"\x80" * 11, forged, b"\x80\x60" * 20, b"\x80\xc8" * 20) == []
    assert port.drops == {"malformed": 2, "authentication": 3}
    assert port.hear(A, b"\x80" * 4000) == []
    assert len(b.hears(port.hear(A, a.rtp(audio(2))))) == 1


async def test_a_large_packet_passes(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, b = couple
    largest = audio(1, payload=bytes(1300))
    (heard,) = b.hears(port.hear(A, a.rtp(largest)))
    assert len(heard.payload) == 1300


async def test_a_replayed_packet_is_dropped(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, b = couple
    packet = a.rtp(audio(1))
    assert len(b.hears(port.hear(A, packet, packet))) == 1
    assert port.drops == {"authentication": 1}


async def test_another_users_packet_does_not_pass(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, _ = couple
    assert port.hear(B, a.rtp(audio(1))) == []
    assert port.drops == {"authentication": 1}


async def test_media_before_dtls_is_dropped(port: Port) -> None:
    caller = Caller(port, "a", CHROMIUM)
    caller.check(A)
    assert port.hear(A, b"\x80" * 50, b"\x80\xc8" * 25) == []
    assert port.drops == {"before_dtls": 2}


@pytest.mark.parametrize("attribute", [(0x8029, bytes(8)), (0x7F00, b"")])
async def test_a_refused_check_is_answered_and_counts_for_nothing(
    port: Port, attribute: tuple[int, bytes]
) -> None:
    caller = Caller(port, "a", CHROMIUM)
    credentials = caller.link.credentials
    username = (0x0006, f"{credentials.ufrag}:peer".encode())
    port.now += 5
    data = binding_request(credentials.password, username, attribute, (0x0025, b""))
    ((where, answer),) = port.hear(A, data)
    assert where == A
    assert stun.parse_message(answer).message_class == stun.Class.ERROR
    assert port.drops == {"stun_refused": 1}
    assert caller.link.address is None
    assert caller.link.checked_at == port.now - 5


async def test_dtls_inside_checks_is_taken_and_acknowledged(port: Port) -> None:
    caller = Caller(port, "a", CHROMIUM)
    credentials = caller.link.credentials
    username = (0x0006, f"{credentials.ufrag}:peer".encode())

    def acknowledged(*attributes: tuple[int, bytes], password: str = "") -> bytes:
        data = binding_request(password or credentials.password, username, *attributes)
        answers = [read_stun(answer) for _, answer in port.hear(A, data)]
        return b"".join(answer.attributes.get(0xC071, b"") for answer in answers if answer)

    begin, end = (record(fragment(1, bytes(30), size=60, offset=offset)) for offset in (0, 30))
    assert acknowledged((0xC070, begin), password="another's") == b""
    assert acknowledged((0xC071, b"")) == b""
    crcs = [crc32(datagram).to_bytes(4, "big") for datagram in (begin, end)]
    assert acknowledged((0xC070, begin)) == crcs[0]
    assert caller.link._pipe.records.empty()
    assert acknowledged((0xC070, end)) == b"".join(crcs)
    assert caller.link._pipe.records.qsize() == 1, "the ClientHello"
    assert acknowledged((0xC070, b"")) == b"".join(crcs)
    for _ in range(9):
        assert len(acknowledged((0xC070, b"junk"))) <= 4 * MAX_ACKNOWLEDGED
    assert port.drops == {"stun": 1, "dtls_invalid": 9}
    assert acknowledged() == b"", "who does not speak it is not spoken to"


async def test_dtls_waits_in_a_bounded_queue(port: Port) -> None:
    caller = Caller(port, "a", CHROMIUM)
    caller.check(A)
    finished = record(bytes(40), epoch=1)
    caller.link._sieve._cipher_changed = True
    assert port.hear(A, *[finished] * (MAX_QUEUED_RECORDS + 3)) == []
    assert port.drops == {"dtls_queue_full": 3}


async def test_dtls_that_nobody_would_say_is_dropped(port: Port) -> None:
    caller = Caller(port, "a", CHROMIUM)
    caller.check(A)
    assert port.hear(A, FATAL_ALERT, CLOSE_NOTIFY, b"\x16", b"") == []
    assert port.drops == {"dtls_invalid": 3, "not_webrtc": 1}


async def test_lies_inside_authentic_packets(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, b = couple
    port.hear(A, a.rtp(video(1, KEYFRAME)))
    lying = audio(1, extension=raw_extension(b"\x1f\0\0\0"))
    assert port.hear(A, a.rtp(lying)) == []
    assert port.hear(A, a.rtcp(rr(1, count=31))) == []
    assert port.hear(A, a.rtcp(b"\x80\xc9\xff\xff" + bytes(8))) == []
    assert port.drops == {"malformed": 1, "malformed_rtcp": 2}
    assert a.told == [], "nobody waits for a key frame"
    assert len(b.hears(port.hear(A, a.rtp(audio(2))))) == 1


async def test_unknown_payload_types(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, _ = couple
    port.hear(A, a.rtp(audio(1)))
    wrong_stream = rtp(1, 2, payload_type=96)
    assert port.hear(A, a.rtp(wrong_stream), a.rtp(rtp(77, 1, payload_type=5))) == []
    assert port.drops == {"unknown_payload_type": 2}


@pytest.mark.parametrize("payload_type", [111, 55], ids=["negotiated", "unknown"])
async def test_hundreds_of_ssrcs(
    port: Port, couple: tuple[Caller, Caller], payload_type: int
) -> None:
    a, b = couple
    port.hear(A, a.rtp(audio(1)))
    for ssrc in range(100, 600):
        port.hear(A, a.rtp(rtp(ssrc, 1, payload_type=payload_type)))
    assert len(a.uplink.streams) + len(a.uplink.strangers) == MAX_STREAMS
    assert port.drops["too_many_ssrcs"] == 500 - (MAX_STREAMS - 1)
    for ssrc in range(1000, 1500):
        port.hear(A, a.rtcp(rr(ssrc)))
    assert len(a.uplink.rtcp_ssrcs) == MAX_STREAMS
    assert len(b.hears(port.hear(A, a.rtp(audio(2))))) == 1


# RTCP


async def test_reports_are_translated(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, b = couple
    (heard,) = b.hears(port.hear(A, a.rtp(audio(100))))
    sent = port.hear(B, b.rtcp(rr(9, block(heard.ssrc, heard.number))))
    (report,) = a.hears_rtcp(sent)
    assert report.blocks == [(1, 100)]
    (report,) = b.hears_rtcp(port.hear(A, a.rtcp(sr(1, 5))))
    assert report.ssrc == heard.ssrc


async def test_rtcp_without_a_partner_goes_nowhere(port: Port) -> None:
    a = port.join("a", CHROMIUM, A)
    assert port.hear(A, a.rtcp(sr(1, 5))) == []
    assert port.drops == {}


async def test_rtcp_that_is_about_nothing_goes_nowhere(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, _ = couple
    assert port.hear(A, a.rtcp(rr(1))) == []


async def test_rtcp_is_authenticated(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, _ = couple
    packet = a.rtcp(sr(1, 5))
    assert port.hear(A, packet[:-1] + bytes([packet[-1] ^ 1])) == []
    assert port.drops == {"authentication": 1}


# key frames


async def test_a_held_source_is_asked_for_a_key_frame(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.hear(A, a.rtp(video(1, DELTA)), a.rtp(video(2, DELTA)))
    assert len(a.told) == 1, "once for both packets"
    _, request = read_rtcp(a.told.pop())
    assert (request.count, request.media) == (1, 2)
    port.now += 0.31
    port.hear(A, a.rtp(video(3, DELTA)))
    assert len(a.told) == 1
    port.now += 0.31
    port.hear(A, a.rtp(video(4, KEYFRAME)), a.rtp(video(5, DELTA)))
    assert len(a.told) == 1
    assert b.told == []
    assert port.drops == {"held": 3}


@pytest.mark.parametrize("kind", ["PLI", "FIR"])
async def test_a_users_requests_reach_the_source_throttled(
    port: Port, couple: tuple[Caller, Caller], kind: str
) -> None:
    a, b = couple
    (heard,) = b.hears(port.hear(A, a.rtp(video(1))))
    request = pli(9, heard.ssrc) if kind == "PLI" else fir(9, (heard.ssrc, 1))
    for _ in range(10):
        assert port.hear(B, b.rtcp(request)) == []
    assert len(a.told) == 1
    port.now += 0.5
    port.hear(B, b.rtcp(request))
    assert [read_rtcp(packet)[1].count for packet in a.told] == [1 if kind == "PLI" else 4] * 2
    assert b.told == []


# requests that came too early


def told_keyframes(caller: Caller) -> list[tuple[int, bytes]]:
    """The requests for key frames that a user got: their formats, and what follows the SSRCs."""
    parts = [part for data in caller.told for part in read_rtcp(data)]
    return [(part.count, part.fci) for part in parts if part.kind == 206]


async def test_a_request_too_soon_after_another_is_put_off(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.hear(A, a.rtp(video(1, DELTA)))
    outlet = b.link.downlink.outlets[VIDEO].ssrc
    port.now += 0.05
    port.hear(A, a.rtp(video(2, KEYFRAME)))
    port.now += 0.15
    port.hear(B, b.rtcp(rr(9) + pli(9, outlet)))
    assert len(told_keyframes(a)) == 1, "the relay's own"
    port.now += 0.09
    port.hear(A, a.rtp(video(3, DELTA)))
    assert len(told_keyframes(a)) == 1
    port.now += 0.02
    port.hear(A, a.rtp(video(4, DELTA)))
    assert len(told_keyframes(a)) == 2
    port.now += 10
    port.hear(A, a.rtp(video(5, DELTA)))
    assert len(told_keyframes(a)) == 2, "asked once, sent once"


async def test_a_request_that_was_put_off_ends_with_the_call(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.hear(A, a.rtp(video(1, KEYFRAME)))
    outlet = b.link.downlink.outlets[VIDEO].ssrc
    for _ in range(2):
        port.hear(B, b.rtcp(rr(9) + pli(9, outlet)))
    assert len(told_keyframes(a)) == 1
    flow = a.uplink.flow
    assert flow is not None
    flow.end()
    port.now += 1
    port.forwarder.keyframes.ask_again(port.now)
    assert len(told_keyframes(a)) == 1
    assert port.forwarder.keyframes.put_off == {}


async def test_a_command_that_is_repeated_keeps_its_number(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.hear(A, a.rtp(video(1, KEYFRAME)))
    outlet = b.link.downlink.outlets[VIDEO].ssrc
    for number in (7, 7, 7, 8):
        port.now += 0.5
        port.hear(B, b.rtcp(rr(9) + fir(9, (outlet, number))))
    assert [fci[4] for _, fci in told_keyframes(a)] == [1, 1, 1, 2]


# repairs on the way down


async def test_what_a_partner_without_rtx_misses_is_sent_again_as_it_was(port: Port) -> None:
    a = port.join("a", CHROMIUM, A)
    b = port.join("b", without(CHROMIUM, "a=fmtp:97"), B)
    Flow(a.uplink, b.downlink)
    Flow(b.uplink, a.downlink)
    sent = port.hear(A, *(a.rtp(video(n, KEYFRAME)) for n in (1, 2, 3, 5)))
    packets = [data for _, data in sent]
    (first, *_) = b.hears(sent[:1])
    outlet = b.link.downlink.outlets[VIDEO].ssrc
    lost = nack(9, outlet, (first.number + 1, 0b100))  # the second and the fifth
    out = port.hear(B, b.rtcp(rr(9) + lost))
    assert out == [(B, packets[1]), (B, packets[3])]
    lost = nack(9, outlet, (first.number, 0b1000), (first.number + 3, 0))
    out = port.hear(B, b.rtcp(rr(9) + lost))
    assert out == [(B, packets[0]), (B, packets[3])], "the fourth never came"
    assert port.forwarder.repairs.counts["repeated"] == 4
    out = port.hear(A, a.rtp(rtx(3, 1, 4, payload=KEYFRAME)))
    (repaired,) = b.hears(out)
    assert (repaired.ssrc, repaired.number) == (outlet, (first.number + 3) & 0xFFFF)


async def test_what_a_partner_with_rtx_misses_is_sent_again_as_that(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    heard = b.hears(port.hear(A, *(a.rtp(video(n, KEYFRAME)) for n in (1, 2, 3))))
    outlet, repair = (b.link.downlink.outlets[key].ssrc for key in (VIDEO, REPAIR))
    request = rr(9) + nack(9, outlet, (heard[1].number, 1))
    (probe,) = b.hears(port.hear(A, a.rtp(rtx(3, 1, 3, payload=KEYFRAME))))
    for _ in range(2):
        again = b.hears(port.hear(B, b.rtcp(request)))
        assert {packet.ssrc for packet in again} == {repair}
        assert [packet.payload for packet in again] == [
            (packet.number & 0xFFFF).to_bytes(2) + KEYFRAME for packet in heard[1:]
        ]
        assert [packet.number - probe.number & 0xFFFF for packet in again] == [1, 2]
        probe = again[-1]
    assert a.told == []
    assert port.drops == {}


async def test_nobody_has_more_sent_again_than_a_share_of_what_was_sent(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    outlet, sent, number = b.link.downlink.outlets[VIDEO].ssrc, 0, 0
    for _ in range(10):
        pictures = [a.rtp(video(number + n, KEYFRAME + bytes(1000))) for n in range(40)]
        first = b.hears(port.hear(A, *pictures))[0].number
        number += 40
        for _ in range(3):
            storm = nack(9, outlet, *((first + n & 0xFFFF, 0xFFFF) for n in (0, 17)))
            sent += len(port.hear(B, b.rtcp(rr(9) + storm)))
            port.now += 0.3
        tend(b.link, port.forwarder, port.now)
    assert 0.5 * REPAIR_SHARE * number < sent < REPAIR_SHARE * number + 40
    assert port.drops["repairs_over_budget"] > 0
    assert port.forwarder.repairs.counts["repeated"] == sent


async def test_what_went_out_already_is_not_restored(port: Port) -> None:
    """It would have a number that SRTP has encrypted."""
    a = port.join("a", CHROMIUM, A)
    b = port.join("b", without(CHROMIUM, "a=fmtp:97"), B)
    Flow(a.uplink, b.downlink)
    port.hear(A, *(a.rtp(video(n, KEYFRAME)) for n in (1, 2, 4)))
    assert port.hear(A, a.rtp(rtx(3, 1, 2, payload=KEYFRAME))) == []
    assert len(b.hears(port.hear(A, a.rtp(rtx(3, 2, 3, payload=KEYFRAME))))) == 1
    assert port.hear(A, a.rtp(rtx(3, 3, 3, payload=KEYFRAME))) == []
    assert port.hear(A, a.rtp(video(3, KEYFRAME))) == [], "nor is it sent when it comes late"
    assert port.drops == {"stale": 3}


async def test_who_drops_rtx_within_a_call_is_sent_the_same_from_then_on(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.hear(A, a.rtp(video(1, KEYFRAME)))
    assert b.downlink.plain
    b.link.agree(read(without(FIREFOX, "a=fmtp:124")))
    flow = a.uplink.flow
    assert flow is not None
    flow.renew()
    ((_, packet),) = port.hear(A, a.rtp(video(2, KEYFRAME)))
    (heard,) = b.hears([(B, packet)])
    lost = nack(9, b.downlink.outlets[VIDEO].ssrc, (heard.number, 0))
    assert port.hear(B, b.rtcp(rr(9) + lost)) == [(B, packet)]


async def test_nothing_is_kept_encrypted_for_a_partner_with_rtx(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.hear(A, a.rtp(video(1, KEYFRAME)))
    assert not b.downlink.keeps_history
    assert b.downlink.plain


# feedback of the relay's own


async def test_packets_that_went_nowhere_came(port: Port) -> None:
    a = port.join("a", CHROMIUM, A)
    port.hear(A, *(a.rtp(audio(n, elements=((3, bytes([0, n])),))) for n in (1, 2, 4)))
    (compound,) = transport_feedback(a.uplink, a.downlink.reporter, port.now)
    report, feedback = read_rtcp(compound)
    assert (report.kind, feedback.kind, feedback.count) == (201, 205, 15)
    assert (feedback.ssrc, feedback.media) == (a.downlink.reporter, 1)
    told = transport_cc.read(compound[8:])
    assert told.base == 1
    assert [arrival is not None for arrival in told.arrivals] == [True, True, False, True]
    assert list(transport_feedback(a.uplink, a.downlink.reporter, port.now)) == []


def exchange(
    port: Port, a: Caller, b: Caller, steps: int, *, tells_at: int | None = None
) -> list[tuple[bool, bool]]:
    """Have b hear packets of a's, ten a second, and report each second.

    :param tells_at: the step at which b gives transport-wide feedback.
    :returns: of each step, whether b was shown a number, and whether the relay told of something.
    """
    found = []
    for step in range(steps):
        packet = rtp(2, step, payload=KEYFRAME, elements=((3, bytes([0, step])),))
        (heard,) = b.hears(port.hear(A, a.rtp(packet)))
        flow = a.uplink.flow
        assert isinstance(flow, Flow)
        if b.downlink.tells is None:
            flow.look_for_feedback()
        made = list(transport_feedback(a.uplink, a.downlink.reporter, port.now))
        found.append((bool(heard.elements), bool(made)))
        report = rr(9, block(heard.ssrc, heard.number))
        if step == tells_at:
            ((_, number),) = heard.elements or ()
            told = transport_cc.Feedback(int.from_bytes(number, "big"), (5,))
            report += transport_cc.write(told, 9, heard.ssrc)
        if step % 10 == 5:
            port.hear(B, b.rtcp(report))
        port.now += 0.1
    return found


async def test_a_partner_who_agrees_to_tell_and_does_not_is_stood_in_for(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    assert exchange(port, a, b, 40) == [(True, False)] * 27 + [(False, True)] * 13, "it is mute"
    Flow(a.uplink, b.downlink)
    (heard,) = b.hears(port.hear(A, a.rtp(rtp(2, 41, payload=KEYFRAME, elements=((3, b"ab"),)))))
    assert heard.elements == (), "and that is remembered"


async def test_a_partner_who_tells_is_shown_all(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, b = couple
    assert exchange(port, a, b, 80, tells_at=5) == [(True, False)] * 80


async def test_a_partner_who_cannot_tell_is_stood_in_for(port: Port) -> None:
    a = port.join("a", CHROMIUM, A)
    b = port.join("b", without(CHROMIUM, "a=extmap:3"), B)
    Flow(a.uplink, b.downlink)
    port.hear(A, a.rtp(rtp(2, 1, payload=KEYFRAME, elements=((3, b"\0\7"),))))
    port.hear(A, a.rtp(rtp(2, 2, payload=DELTA, elements=((3, b"\0\x08"),))))
    (compound,) = transport_feedback(a.uplink, a.downlink.reporter, port.now)
    told = transport_cc.read(compound[8:])
    assert (told.base, len(told.arrivals)) == (7, 2)


# what must cost nobody else anything


class Onlooker:
    """A tap."""

    def take(self, packet: TappedPacket) -> None:
        pass

    def parted(self) -> None:
        pass

    def link_closed(self) -> None:
        pass


async def test_a_picture_that_is_held_may_be_looked_at(port: Port) -> None:
    a, b = port.join("a", CHROMIUM, A), port.join("b", CHROMIUM, B)
    a.uplink.taps = (Onlooker(),)
    Flow(a.uplink, b.downlink)
    for number in range(5):
        port.hear(A, a.rtp(video(number, DELTA)))
        port.now += 0.05
    assert port.drops == {"held": 5}
    port.now += 0.3
    port.forwarder.keyframes.ask_again(port.now)
    assert len(told_keyframes(a)) == 2


async def test_a_partner_who_takes_nothing_any_more_may_be_looked_at_for_feedback(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    port.hear(A, a.rtp(rtp(2, 1, payload=KEYFRAME, elements=((3, b"ab"),))))
    b.link.agree(read(FIREFOX.replace("a=sendrecv", "a=sendonly")))
    flow = a.uplink.flow
    assert isinstance(flow, Flow)
    flow.renew()
    assert flow.routes == {}
    flow.look_for_feedback()
    assert b.downlink.tells is None


async def test_a_datagram_on_which_the_relay_fails_costs_itself_alone(
    port: Port, couple: tuple[Caller, Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = couple
    port.hear(A, a.rtp(audio(1)), a.rtp(video(1)))
    route = a.uplink.streams[2].route
    assert route is not None
    monkeypatch.setattr(type(route), "_look_for_keyframe", None)
    with capture_logs() as logs:
        heard = b.hears(port.hear(A, a.rtp(audio(2)), a.rtp(video(2)), a.rtp(audio(3))))
    assert len(heard) == 2
    assert port.drops == {"fault": 1}
    assert [entry["event"] for entry in logs] == ["datagram_failed"]
