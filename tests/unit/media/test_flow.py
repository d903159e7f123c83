"""All routes from one user to another: made, fed, begun afresh, ended."""

from relay.media.restoring import RepairRoute
from relay.media.verdict import Verdict
from tests.support.offers import CHROMIUM, FIREFOX, section, without
from tests.support.packets import DELTA, KEYFRAME, Rtp, rtp, rtx
from tests.support.sides import AUDIO, REPAIR, VIDEO, Side, flow, pair, part


def video(ssrc: int, number: int, payload: bytes = KEYFRAME) -> bytes:
    return rtp(ssrc, number, payload=payload)


def audio(ssrc: int, number: int) -> bytes:
    return rtp(ssrc, number, payload_type=111)


def with_direction(offer: str, kind: str, direction: str) -> str:
    part_of = section(offer, kind)
    return offer.replace(part_of, part_of.replace("a=sendrecv", f"a={direction}"))


def test_a_flow_has_a_route_for_each_stream() -> None:
    there = flow(Side(CHROMIUM), Side(FIREFOX))
    assert set(there.routes) == {AUDIO, VIDEO, REPAIR}
    assert there.video is there.routes[VIDEO]


def test_both_ends_know_their_flows() -> None:
    a, b = Side(CHROMIUM), Side(FIREFOX)
    there, back = pair(a, b)
    assert (a.uplink.flow, b.downlink.flow) == (there, there)
    assert (b.uplink.flow, a.downlink.flow) == (back, back)


def test_streams_that_run_already_are_attached() -> None:
    sender = Side(CHROMIUM)
    for packet in (audio(1, 1), video(2, 1), rtx(3, 1, 1)):
        assert sender.send(packet) == "unpaired"
    there = flow(sender, Side(FIREFOX))
    feeding = {key: route.source.ssrc for key, route in there.routes.items() if route.source}
    assert feeding == {AUDIO: 1, VIDEO: 2, REPAIR: 3}


def test_a_kind_that_the_sink_does_not_take_has_no_route() -> None:
    sender = Side(CHROMIUM)
    there = flow(sender, Side(with_direction(FIREFOX, "video", "sendonly")))
    assert set(there.routes) == {AUDIO}
    assert there.video is None
    assert sender.send(video(2, 1)) == "unpaired"
    sender.sent(audio(1, 1))


def test_a_sink_that_takes_nothing() -> None:
    there = flow(Side(CHROMIUM), Side(FIREFOX.replace("a=sendrecv", "a=inactive")))
    assert there.routes == {}


def test_a_sink_that_only_receives_gets_all() -> None:
    there = flow(Side(CHROMIUM), Side(FIREFOX.replace("a=sendrecv", "a=recvonly")))
    assert set(there.routes) == {AUDIO, VIDEO, REPAIR}


def test_retransmissions_have_a_route_whether_the_sink_knows_them_or_not() -> None:
    plain = without(FIREFOX, "a=fmtp:124")
    assert type(flow(Side(CHROMIUM), Side(plain)).routes[REPAIR]) is RepairRoute
    assert REPAIR not in flow(Side(plain), Side(CHROMIUM)).routes


def test_a_new_ssrc_begins_afresh_and_goes_on_in_the_numbering() -> None:
    sender, receiver = Side(CHROMIUM), Side(FIREFOX)
    there = flow(sender, receiver)
    last = sender.sent(video(2, 500), now=10)
    old_route = there.video
    assert sender.send(video(9, 60000, DELTA), now=20) is Verdict.HELD, "its key frame first"
    out = sender.sent(video(9, 60001), now=20)
    assert (out.ssrc, out.number) == (last.ssrc, last.number + 1)
    assert there.video is not old_route
    assert sender.uplink.streams[2].route is None


def test_a_former_ssrc_that_goes_on_sending_counts_no_more() -> None:
    sender, receiver = Side(CHROMIUM), Side(FIREFOX)
    there = flow(sender, receiver)
    for number in (500, 501):
        sender.sent(video(2, number), now=10)
    assert sender.send(video(9, 60000, DELTA), now=20) is Verdict.HELD
    before = receiver.outlet(VIDEO).progress
    assert (before.packets, before.sent_at) == (2, 10)
    assert sender.send(video(2, 502), now=20) == "superseded"
    assert receiver.outlet(VIDEO).progress == before, "though the new one has not begun"
    sender.sent(video(9, 60001), now=20)
    assert receiver.outlet(VIDEO).progress.packets == 3
    assert (there.route_of(2), there.route_of(9)) == (None, there.video)


def test_a_new_ssrcs_repairs_carry_the_new_constants() -> None:
    sender, receiver = Side(CHROMIUM), Side(FIREFOX)
    flow(sender, receiver)
    sender.sent(video(2, 500), now=10)
    sender.sent(rtx(3, 100, 500), now=10)
    media = sender.sent(video(9, 60001), now=20)
    repair = sender.sent(rtx(3, 101, 60001), now=20)
    assert int.from_bytes(repair.payload[:2], "big") == media.number


def test_a_new_rtx_ssrc_goes_on_in_the_numbering_too() -> None:
    sender, receiver = Side(CHROMIUM), Side(FIREFOX)
    flow(sender, receiver)
    media = sender.sent(video(2, 500), now=10)
    first = sender.sent(rtx(3, 100, 500), now=10)
    second = sender.sent(rtx(4, 40000, 500), now=20)
    assert second.number == first.number + 1
    assert int.from_bytes(second.payload[:2], "big") == media.number
    assert sender.sent(video(2, 501), now=20).number == media.number + 1, "the media goes on"
    assert sender.send(rtx(3, 101, 500), now=20) == "superseded"


def test_a_new_audio_ssrc_leaves_video_alone() -> None:
    sender, receiver = Side(CHROMIUM), Side(FIREFOX)
    there = flow(sender, receiver)
    sender.sent(video(2, 500), now=10)
    first = sender.sent(audio(1, 7), now=10)
    route = there.video
    assert sender.sent(audio(8, 9000), now=20).number == first.number + 1
    assert there.video is route
    sender.sent(video(2, 501, DELTA), now=20)


def test_an_ended_flow_leads_nowhere() -> None:
    a, b = Side(CHROMIUM), Side(FIREFOX)
    pair(a, b)
    a.sent(video(2, 1))
    part(a)
    assert a.send(video(2, 2)) == "unpaired"
    for side in (a, b):
        assert side.uplink.flow is None
        assert side.downlink.flow is None
        assert not [s for s in side.uplink.streams.values() if s.route is not None]


def test_ending_a_former_flow_does_not_end_the_present_one() -> None:
    a, b = Side(CHROMIUM), Side(FIREFOX)
    former = flow(a, b)
    present = flow(a, b)
    former.end()
    assert a.uplink.flow is present
    assert b.downlink.flow is present


def test_a_new_flow_has_not_reached_its_user_yet() -> None:
    a, b = Side(CHROMIUM), Side(FIREFOX)
    flow(a, b)
    b.downlink.flowing = b.downlink.shown = True
    b.downlink.begins = False
    part(b)
    flow(a, b)
    told = b.downlink.flowing, b.downlink.shown, b.downlink.begins
    assert told == (False, False, True)


def test_routes_are_found_by_ssrc_only_once_packets_have_passed() -> None:
    a, b = Side(CHROMIUM), Side(FIREFOX)
    there = flow(a, b)
    outlet = b.outlet(VIDEO).ssrc
    assert there.route_of(2) is None
    assert there.route_to(outlet) is None
    a.send(video(2, 1, DELTA))
    assert there.route_of(2) is None, "held"
    assert there.route_to(outlet) is None
    a.sent(video(2, 2))
    assert there.route_of(2) is there.video
    assert there.route_to(outlet) is there.video
    assert there.route_of(outlet) is None
    assert there.route_to(2) is None


def test_downlinks_announce_distinct_random_ssrcs() -> None:
    downlinks = [Side(CHROMIUM).downlink for _ in range(20)]
    ssrcs = [outlet.ssrc for d in downlinks for outlet in d.outlets.values()]
    assert len(set(ssrcs)) == 80
    assert all(0 < ssrc < 0xFFFFFFFF for ssrc in ssrcs)
    assert len({d.cname for d in downlinks}) == 20
    downlink = downlinks[0]
    assert downlink.ssrcs("video").media == downlink.outlets[VIDEO].ssrc
    assert downlink.ssrcs("video").rtx == downlink.outlets[REPAIR].ssrc
    assert downlink.ssrcs("audio").media == downlink.outlets[AUDIO].ssrc
    assert downlink.reporter in {outlet.ssrc for outlet in downlink.outlets.values()}


def test_a_renegotiation_that_changes_no_format_leaves_the_routes_alone() -> None:
    a, b = Side(CHROMIUM), Side(FIREFOX)
    ab, _ = pair(a, b)
    a.send(video(2, 1))
    routes = dict(ab.routes)
    a.agree(CHROMIUM.replace("F7gI", "new1").replace("useinbandfec=1", "useinbandfec=0"))
    ab.renew()
    assert ab.routes == routes
    assert isinstance(a.send(video(2, 2, DELTA)), Rtp)


def test_a_renegotiation_begins_only_the_kind_afresh_that_it_changes() -> None:
    a, b = Side(CHROMIUM), Side(FIREFOX)
    ab, _ = pair(a, b)
    a.send(video(2, 1))
    a.send(audio(1, 1))
    routes = dict(ab.routes)
    b.agree(FIREFOX.replace("109", "119"))
    ab.renew()
    assert ab.routes[VIDEO] is routes[VIDEO]
    assert ab.routes[AUDIO] is not routes[AUDIO]
    passed = a.send(audio(1, 2))
    assert isinstance(passed, Rtp)
    assert passed.payload_type == 119
    assert isinstance(a.send(video(2, 2, DELTA)), Rtp)
    assert ab.route_to(b.outlet(AUDIO).ssrc) is ab.routes[AUDIO]


def test_a_kind_that_is_renegotiated_away_has_no_route_and_may_come_back() -> None:
    a, b = Side(CHROMIUM), Side(FIREFOX)
    ab, _ = pair(a, b)
    a.send(video(2, 1))
    former = b.outlet(VIDEO).ssrc
    b.agree(with_direction(FIREFOX, "video", "sendonly"))
    ab.renew()
    assert sorted(ab.routes) == [AUDIO]
    assert ab.route_to(former) is None
    assert a.send(video(2, 2)) == "unpaired"
    b.agree(FIREFOX)
    ab.renew()
    assert a.send(video(2, 3, DELTA)) is Verdict.HELD
    assert isinstance(a.send(video(2, 4)), Rtp)


def test_only_sound_meets_only_a_picture() -> None:
    a = Side(CHROMIUM.replace("m=video 9", "m=video 0"))
    b = Side(FIREFOX.replace("m=audio 9", "m=audio 0"))
    ab, ba = pair(a, b)
    assert ab.routes == ba.routes == {}
    assert a.send(audio(1, 1)) == "unpaired"
    assert a.send(rtp(2, 1, payload_type=96)) == "unknown payload type"
