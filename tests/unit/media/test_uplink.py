"""Which of a user's SSRCs are streams, and which stream is the current one."""

from relay.media.negotiation.sdp import read
from relay.media.uplink import MAX_STREAMS, TAKEOVER_S, Uplink
from tests.support.offers import CHROMIUM, FIREFOX, without
from tests.support.packets import KEYFRAME, rtp
from tests.support.sides import VIDEO, Side, flow


def uplink(offer: str = CHROMIUM) -> Uplink:
    found = Uplink()
    found.agree(read(offer))
    return found


def test_payload_types_tell_kinds() -> None:
    ours = uplink()
    kinds = []
    for ssrc, payload_type in enumerate((111, 96, 97)):
        stream = ours.learn(ssrc, payload_type, 1)
        assert stream is not None
        kinds.append((stream.ssrc, stream.kind, stream.rtx))
    assert kinds == [(0, "audio", False), (1, "video", False), (2, "video", True)]
    assert list(ours.streams) == [0, 1, 2]


def test_a_type_that_was_not_negotiated_is_no_stream() -> None:
    ours = uplink()
    assert ours.learn(1, 98, 1) is None
    assert uplink(without(CHROMIUM, "a=fmtp:97")).learn(1, 97, 1) is None
    assert ours.streams == {}


def test_a_later_negotiation_changes_the_types() -> None:
    ours = uplink()
    ours.agree(read(FIREFOX))
    assert ours.learn(1, 96, 1) is None
    assert ours.learn(2, 120, 1) is not None


def test_streams_are_bounded() -> None:
    ours = uplink()
    for ssrc in range(1000):
        if ours.has_room(ssrc):
            ours.learn(ssrc, 96, 1)
    assert len(ours.streams) == MAX_STREAMS


def test_ssrcs_of_no_type_are_bounded_as_well() -> None:
    """SRTP keeps state for every SSRC of an authenticated packet."""
    ours = uplink()
    decrypted = set()
    for ssrc in range(1000):
        if ours.has_room(ssrc):
            decrypted.add(ssrc)
            ours.learn(ssrc, 55 if ssrc % 2 else 96, 1)
    assert len(decrypted) == MAX_STREAMS
    assert len(ours.streams) + len(ours.strangers) == MAX_STREAMS


def test_an_ssrc_of_no_type_may_become_a_stream_even_when_there_is_no_room_left() -> None:
    ours = uplink()
    ours.learn(7, 55, 1)
    for ssrc in range(100, 100 + MAX_STREAMS - 1):
        ours.learn(ssrc, 96, 1)
    assert not ours.has_room(8)
    assert ours.has_room(7)
    assert ours.learn(7, 96, 1) is not None
    assert ours.strangers == set()
    assert not ours.has_room(8)


def test_rtcp_ssrcs_are_bounded_and_streams_always_have_room() -> None:
    ours = uplink()
    ours.learn(7, 96, 1)
    for ssrc in range(1000, 2000):
        if ours.has_rtcp_room(ssrc):
            ours.rtcp_ssrcs.add(ssrc)
    assert len(ours.rtcp_ssrcs) == MAX_STREAMS
    assert ours.has_rtcp_room(7)
    assert ours.has_rtcp_room(1000)
    assert not ours.has_rtcp_room(5000)


def test_a_renegotiation_forgets_what_is_neither_current_nor_heard_of_lately() -> None:
    sender, receiver = Side(CHROMIUM), Side(FIREFOX)
    flow(sender, receiver)
    sender.sent(packet(1, 100), now=50)
    sender.sent(packet(2, 7), now=60)
    sender.sent(rtp(3, 7, payload_type=111), now=40)
    assert sender.send(packet(4, 7), now=60) == "superseded"
    assert sender.send(rtp(5, 1, payload_type=55), now=60) == "unknown payload type"
    sender.uplink.rtcp_ssrcs |= {2, 6}
    assert sender.uplink.forget_idle(now=60.5) == [1, 5, 6]
    assert list(sender.uplink.streams) == [2, 3, 4], "current, current though silent, and alive"
    assert (sender.uplink.strangers, sender.uplink.rtcp_ssrcs) == (set(), set())
    assert sender.uplink.forget_idle(now=60 + 1.01 * TAKEOVER_S) == [4]
    sender.sent(packet(2, 8), now=70)


def packet(ssrc: int, number: int) -> bytes:
    return rtp(ssrc, number, payload=KEYFRAME)


def test_a_second_stream_waits_until_the_first_is_silent() -> None:
    sender, receiver = Side(CHROMIUM), Side(FIREFOX)
    flow(sender, receiver)
    first = sender.sent(packet(1, 100), now=50.0)
    assert sender.send(packet(2, 7), now=50.0 + TAKEOVER_S / 2) == "superseded"
    sender.sent(packet(1, 101), now=51.0)
    assert sender.send(packet(2, 8), now=51.0 + TAKEOVER_S * 0.75) == "superseded"
    taken = sender.sent(packet(2, 9), now=51.0 + TAKEOVER_S)
    assert taken.ssrc == first.ssrc
    assert taken.number == first.number + 2
    assert sender.uplink.current[VIDEO].ssrc == 2
    assert sender.send(packet(1, 102), now=51.0 + TAKEOVER_S) == "superseded"


def test_the_first_may_take_over_again() -> None:
    sender, receiver = Side(CHROMIUM), Side(FIREFOX)
    flow(sender, receiver)
    sender.sent(packet(1, 100), now=50)
    sender.sent(packet(2, 7), now=60)
    sender.sent(packet(1, 101), now=70)
    assert sender.uplink.current[VIDEO].ssrc == 1


def test_without_a_partner_streams_are_known_but_go_nowhere() -> None:
    sender, receiver = Side(CHROMIUM), Side(FIREFOX)
    assert sender.send(packet(1, 1), now=1) == "unpaired"
    assert sender.send(packet(1, 2), now=1) == "unpaired"
    assert sender.send(packet(2, 1), now=1) == "superseded"
    there = flow(sender, receiver)
    assert there.routes[VIDEO].source is sender.uplink.streams[1]
    sender.sent(packet(1, 3), now=1)
