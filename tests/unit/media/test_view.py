"""What operators see of two users' links, while packets and reports pass between them."""

from __future__ import annotations

from collections import Counter

import pytest

from relay.media import view
from relay.media.feedback.rtcp import PLI
from relay.media.link import Link
from relay.media.negotiation.sdp import read
from relay.media.packets.clocks import ntp
from relay.media.translation import keyframe_request, translate
from relay.media.verdict import Verdict
from relay.plane import Direction, LinkState, PathView
from relay.seam import LinkCertificate
from relay.track import TrackView
from tests.support.fake_socket import FakeSocket
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.packets import CONTINUATION, DELTA, block, fir, nack, pli, rr, rtp, rtx, sr
from tests.support.sides import VIDEO, Side, pair, part

CERTIFICATE = LinkCertificate.generateCertificate()
KEYFRAME = b"\x10\x50\x01\x00\x9d\x01\x2a\x40\x01\xf0\x00" + bytes(40)  # 320x240
A_AUDIO, A_VIDEO, A_RTX, B_VIDEO = 1001, 2001, 2002, 9001
NOW = 100.0


class Users:
    """Ann, who numbers like Chromium, and Bob, who numbers like Firefox."""

    def __init__(self) -> None:
        self.links = {
            name: Link(name, FakeSocket(), CERTIFICATE, (), NOW) for name in ("ann", "bob")
        }
        self.ann, self.bob = self._side("ann", CHROMIUM), self._side("bob", FIREFOX)

    def _side(self, name: str, offer: str) -> Side:
        link, side = self.links[name], Side(offer)
        link.agree(read(offer))
        side.uplink, side.downlink = link.uplink, link.downlink
        return side

    def feedback(self, source: Side, *packets: bytes, now: float = NOW) -> None:
        """Have one user's RTCP pass."""
        forward, backward = source.uplink.flow, source.downlink.flow
        assert forward is not None
        assert backward is not None
        translate(b"".join(packets), forward, backward, now).note(backward, now)

    def track(self, user: str, direction: Direction, kind: str, now: float = NOW) -> TrackView:
        [found] = [
            track
            for track in view.tracks(self.links, now)
            if (track.user_id, track.direction, track.kind) == (user, direction, kind)
        ]
        return found

    def up(self, kind: str = "video", now: float = NOW) -> TrackView:
        """Of Ann's."""
        return self.track("ann", Direction.UP, kind, now)

    def down(self, kind: str = "video", now: float = NOW) -> TrackView:
        """Of Bob's."""
        return self.track("bob", Direction.DOWN, kind, now)

    def sample(self, now: float) -> None:
        for link in self.links.values():
            view.sample(link, now)


@pytest.fixture
def users() -> Users:
    return Users()


@pytest.fixture
def paired(users: Users) -> Users:
    """Ann and Bob talk, and Ann's first key frame has passed."""
    pair(users.ann, users.bob)
    users.ann.sent(rtp(A_VIDEO, 1, payload=KEYFRAME, rtp_ts=0))
    return users


def test_a_link_without_packets_has_no_tracks(users: Users) -> None:
    assert view.tracks(users.links, NOW) == []


def test_who_sends_without_a_partner_has_a_track_that_goes_nowhere(users: Users) -> None:
    users.ann.send(rtp(A_AUDIO, 7, payload_type=111))
    [track] = view.tracks(users.links, NOW + 2)
    assert (track.user_id, track.direction, track.kind) == ("ann", "up", "audio")
    assert (track.codec, track.ssrc, track.packets) == ("opus", A_AUDIO, 1)
    assert (track.counterpart_id, track.fps, track.width) == (None, None, None)
    assert track.idle_s == 2


def test_partners_expect_each_others_tracks_before_a_packet_has_come(users: Users) -> None:
    pair(users.ann, users.bob)
    found = view.tracks(users.links, NOW)
    assert {(t.user_id, t.direction, t.kind) for t in found} == {
        (name, Direction.DOWN, kind) for name in ("ann", "bob") for kind in ("audio", "video")
    }
    assert all(t.idle_s is None and t.packets == 0 for t in found)


def test_the_two_ends_of_one_stream_name_each_other(paired: Users) -> None:
    up, down = paired.up(), paired.down()
    assert up.counterpart_id == down.id != up.id
    assert down.counterpart_id == up.id
    assert down.ssrc == paired.bob.outlet(VIDEO).ssrc
    assert {up.link_id, down.link_id} == {link.link_id for link in paired.links.values()}
    assert down.id.startswith(down.link_id)


def test_a_track_keeps_its_id_and_its_packets_when_the_partner_goes(paired: Users) -> None:
    up, down = paired.up(), paired.down()
    part(paired.ann)
    assert paired.up().id == up.id
    assert paired.down().id == down.id
    assert paired.down().packets == 1
    assert paired.up().counterpart_id is paired.down().counterpart_id is None


def test_video_waits_for_its_key_frame_at_both_ends(users: Users) -> None:
    pair(users.ann, users.bob)
    users.ann.send(rtp(A_VIDEO, 1, payload=DELTA))
    assert users.up().waits_for_keyframe
    assert users.down().waits_for_keyframe
    assert (users.up().packets, users.down().packets) == (1, 0)
    users.ann.send(rtp(A_VIDEO, 2, payload=KEYFRAME))
    assert not users.up().waits_for_keyframe
    assert not users.down().waits_for_keyframe
    assert (users.up().packets, users.down().packets) == (2, 1)


def test_the_pictures_size_is_that_of_the_last_key_frame(paired: Users) -> None:
    for track in (paired.up(), paired.down()):
        assert (track.width, track.height, track.keyframes) == (320, 240, 1)
    larger = KEYFRAME.replace(b"\x40\x01\xf0\x00", b"\x80\x02\xe0\x01")
    paired.ann.sent(rtp(A_VIDEO, 2, payload=larger, rtp_ts=3000))
    paired.ann.sent(rtp(A_VIDEO, 3, payload=DELTA, rtp_ts=6000))
    for track in (paired.up(), paired.down()):
        assert (track.width, track.height, track.keyframes) == (640, 480, 2)


def test_rates_of_both_ends(paired: Users) -> None:
    paired.sample(NOW)
    for number in range(2, 62):  # 30 pictures of two packets, in two seconds
        payload = DELTA if number % 2 == 0 else CONTINUATION
        paired.ann.sent(rtp(A_VIDEO, number, payload=payload, rtp_ts=3000 * (number // 2)))
    paired.sample(NOW + 2)
    size = 12 + len(DELTA)
    for track in (paired.up(), paired.down()):
        assert (track.packets, track.packets_per_s, track.fps) == (61, 30, 15)
        assert track.bitrate_bps == 30 * 8 * size
        assert track.repair_bitrate_bps == 0
        assert track.bytes == 60 * size + 12 + len(KEYFRAME)


def test_a_late_packet_is_no_second_picture(paired: Users) -> None:
    paired.sample(NOW)
    for number, rtp_ts in ((2, 3000), (4, 6000), (3, 3000), (5, 6000)):
        paired.ann.sent(rtp(A_VIDEO, number, payload=DELTA, rtp_ts=rtp_ts))
    paired.sample(NOW + 1)
    assert paired.up().fps == 2


def test_retransmissions_belong_to_the_track_that_they_repair(paired: Users) -> None:
    paired.sample(NOW)
    paired.ann.sent(rtx(A_RTX, 1, 1))
    paired.sample(NOW + 1)
    for track in (paired.up(), paired.down()):
        assert (track.packets, track.repair_packets) == (1, 1)
        assert track.repair_bitrate_bps == 8 * (12 + 2 + len(b"repair"))
        assert track.bitrate_bps == 0


def test_retransmissions_are_of_the_present_camera(paired: Users) -> None:
    paired.ann.sent(rtx(A_RTX, 1, 1))
    paired.ann.send(rtp(A_VIDEO + 5, 1, payload=KEYFRAME), now=NOW + 60)
    found = {
        track.ssrc: track.repair_packets
        for track in view.tracks(paired.links, NOW + 60)
        if (track.user_id, track.direction, track.kind) == ("ann", "up", "video")
    }
    assert found == {A_VIDEO: 0, A_VIDEO + 5: 1}


def test_nobody_sees_pictures_that_are_held_back(users: Users) -> None:
    pair(users.ann, users.bob)
    users.ann.send(rtp(A_VIDEO, 1, payload=DELTA, rtp_ts=0))
    users.sample(NOW)
    users.ann.send(rtp(A_VIDEO, 2, payload=DELTA, rtp_ts=3000))
    users.sample(NOW + 1)
    assert (users.up().fps, users.down().fps) == (1, 0)


def test_the_round_trip_is_the_one_measured_last(users: Users) -> None:
    outlets = users.links["ann"].downlink.outlets
    for kind, measured_at, round_trip_s in (("audio", 1.0, 0.5), ("video", 2.0, 0.1)):
        reception = outlets[kind, False].reception
        reception.measured_at, reception.round_trip_s = measured_at, round_trip_s
    assert view.link(users.links["ann"], ("192.0.2.1", 7882), NOW).round_trip_ms == 100


def test_what_is_lost_on_the_way_up_is_not_lost_on_the_way_down(paired: Users) -> None:
    paired.sample(NOW)
    for number in (2, 3, 5, 6, 9, 10, 11):  # 4, 7 and 8 are missing
        heard = paired.ann.sent(rtp(A_VIDEO, number, payload=DELTA))
    missed = block(paired.bob.outlet(VIDEO).ssrc, heard.number, lost=3)
    paired.feedback(paired.bob, rr(B_VIDEO, missed))
    paired.sample(NOW + 1)
    assert (paired.up().lost, paired.down().lost) == (3, 0)
    assert paired.up().loss_ratio == pytest.approx(0.3)
    assert paired.down().loss_ratio == 0


def test_what_the_user_misses_beyond_that_is_lost_on_the_way_down(paired: Users) -> None:
    paired.sample(NOW)
    for number in (2, 3, 5, 6, 9, 10, 11):
        heard = paired.ann.sent(rtp(A_VIDEO, number, payload=DELTA))
    missed = block(paired.bob.outlet(VIDEO).ssrc, heard.number, lost=5)
    paired.feedback(paired.bob, rr(B_VIDEO, missed))
    paired.sample(NOW + 1)
    assert (paired.up().lost, paired.down().lost) == (3, 2)
    assert paired.down().loss_ratio == pytest.approx(2 / 7)


def test_what_comes_as_a_retransmission_is_not_lost_for_good(paired: Users) -> None:
    paired.sample(NOW)
    for number in (2, 3, 5, 6, 9, 10, 11):  # 4, 7 and 8 are missing
        paired.ann.sent(rtp(A_VIDEO, number, payload=DELTA))
    for count, number in enumerate((4, 7), 1):
        paired.ann.sent(rtx(A_RTX, count, number, payload=DELTA))
    paired.sample(NOW + 1)
    up, down = paired.up(), paired.down()
    assert (up.lost, up.repaired) == (3, 2)
    assert up.left_up_ratio == down.left_up_ratio == pytest.approx(0.1)
    assert (up.left_relay_ratio, up.left_down_ratio) == (None, None)
    assert (down.left_relay_ratio, down.left_down_ratio) == (0, 0)


def test_what_was_sent_again_is_not_lost_for_good(paired: Users) -> None:
    paired.sample(NOW)
    for number in range(2, 12):
        heard = paired.ann.sent(rtp(A_VIDEO, number, payload=DELTA))
    ssrc = paired.bob.outlet(VIDEO).ssrc
    for later_s, following in ((0.1, 0b1), (0.2, 0)):
        asked = nack(B_VIDEO, ssrc, (heard.number - 3, following))
        paired.feedback(paired.bob, rr(B_VIDEO), asked, now=NOW + later_s)
    paired.feedback(paired.bob, rr(B_VIDEO, block(ssrc, heard.number, lost=4)))
    paired.sample(NOW + 1)
    down = paired.down()
    assert (down.nacks, down.asked, down.repaired, down.lost) == (2, 3, 2, 4)
    assert down.loss_ratio == pytest.approx(0.4)
    assert down.left_down_ratio == pytest.approx(0.2)
    assert (down.left_up_ratio, down.left_relay_ratio) == (0, 0)


def test_what_the_socket_does_not_take_is_the_relays_part(paired: Users) -> None:
    paired.sample(NOW)
    for number in range(2, 12):
        heard = paired.ann.sent(rtp(A_VIDEO, number, payload=DELTA))
    ssrc = paired.bob.outlet(VIDEO).ssrc
    paired.feedback(paired.bob, rr(B_VIDEO, block(ssrc, heard.number, lost=4)))
    paired.sample(NOW + 1)
    [down] = [
        track
        for track in view.tracks(paired.links, NOW, unsent_ratio=0.1)
        if (track.user_id, track.direction, track.kind) == ("bob", "down", "video")
    ]
    assert down.left_relay_ratio == pytest.approx(0.1)
    assert down.left_down_ratio == pytest.approx(0.3)


def test_what_the_relay_drops_is_its_own(paired: Users) -> None:
    paired.sample(NOW)
    for number in range(2, 11):
        paired.ann.sent(rtp(A_VIDEO, number, payload=DELTA))
    assert paired.ann.send(rtp(A_VIDEO, 11, payload_type=50)) is Verdict.UNKNOWN_PAYLOAD_TYPE
    paired.sample(NOW + 1)
    assert paired.down().left_relay_ratio == pytest.approx(1 / 9)


def test_jitter_down_is_what_the_user_reports(paired: Users) -> None:
    heard = paired.ann.sent(rtp(A_VIDEO, 2, payload=DELTA))
    report = block(paired.bob.outlet(VIDEO).ssrc, heard.number, jitter=900)
    paired.feedback(paired.bob, rr(B_VIDEO, report))
    assert paired.down().jitter_ms == 10
    assert paired.up().jitter_ms != 10


def test_the_round_trip_is_the_links_and_so_both_its_tracks(paired: Users) -> None:
    paired.feedback(paired.ann, sr(A_VIDEO, 0), now=NOW)
    lsr = ntp(NOW) >> 16 & 0xFFFFFFFF  # of the relay's clock, not of the timestamp that sr() writes
    heard = paired.ann.sent(rtp(A_VIDEO, 2, payload=DELTA))
    report = block(heard.ssrc, heard.number, lsr=lsr)  # which came 8/65536 s after it
    paired.bob.send(rtp(B_VIDEO, 1, payload_type=120, payload=KEYFRAME))
    paired.feedback(paired.bob, rr(B_VIDEO, report), now=NOW + 0.08)
    assert paired.down().round_trip_ms == pytest.approx(80, abs=0.2)
    assert paired.track("bob", Direction.UP, "video").round_trip_ms == paired.down().round_trip_ms
    assert paired.up().round_trip_ms is None


def test_requests_are_counted_at_both_ends(paired: Users) -> None:
    outlet = paired.bob.outlet(VIDEO)
    heard = paired.ann.sent(rtp(A_VIDEO, 2, payload=DELTA))
    paired.feedback(paired.bob, nack(B_VIDEO, outlet.ssrc, (heard.number, 0)))
    paired.feedback(paired.bob, nack(B_VIDEO, 4242, (heard.number, 0)))  # about nothing of Ann's
    paired.feedback(paired.bob, pli(B_VIDEO, outlet.ssrc))
    paired.feedback(paired.bob, fir(B_VIDEO, (outlet.ssrc, 1)))
    assert (paired.down().nacks, paired.down().plis, paired.down().firs) == (1, 1, 1)
    source = paired.ann.uplink.streams[A_VIDEO]
    keyframe_request(PLI, 1, source)
    assert (paired.up().nacks, paired.up().plis, paired.up().firs) == (0, 1, 0), "the relay has it"


def test_a_link(users: Users) -> None:
    link = users.links["ann"]
    seen = view.link(link, ("192.0.2.1", 7882), NOW + 5)
    assert (seen.user_id, seen.state, seen.age_s) == ("ann", LinkState.CONNECTING, 5)
    assert (seen.local_address, seen.remote_address) == (("192.0.2.1", 7882), None)
    assert (seen.dtls_version, seen.srtp_profile, seen.round_trip_ms) == (None, None, None)
    path = link.paths.heard(("198.51.100.7", 40000), 100, NOW)
    other = link.paths.heard(("2001:db8::1", 40001), 100, NOW)
    assert path is not None
    assert other is not None
    link.paths.prove(path, NOW)
    link.use(path, NOW)
    link.checked_at = NOW + 4
    seen = view.link(link, ("192.0.2.1", 7882), NOW + 5)
    assert seen.remote_address == ("198.51.100.7", 40000)
    assert seen.paths == (
        PathView("udp", ("198.51.100.7", 40000), is_proven=True, in_use=True),
        PathView("udp", ("2001:db8::1", 40001), is_proven=False, in_use=False),
    )
    assert seen.consent_age_s == 1
    assert not seen.over_budget
    link.budget.refuse("rtcp", NOW + 4, Counter())
    assert view.link(link, ("192.0.2.1", 7882), NOW + 5).over_budget == ("rtcp",)


def test_a_figure_that_nothing_has_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="nothing of a track that goes up has kind"):
        view._reader(view._Up)
