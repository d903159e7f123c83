"""Two users whose links are on different planes, of one machine or of two nodes, meet."""

from __future__ import annotations

import secrets
import struct
from itertools import pairwise

from relay.media.feedback.transport_wide import LEAP_TICKS
from relay.media.route import KEYFRAME_REQUEST_INTERVAL_S
from relay.plane import Direction
from relay.serial import distance
from relay.transport_cc import TICKS_PER_S, Feedback, read
from tests.support.bridged import Bridged
from tests.support.exchange import (
    CHROMIUM,
    FIREFOX,
    audio,
    exchange_media,
    hear,
    take,
    talk,
    until,
    video,
    with_red,
)
from tests.support.news import Flowing
from tests.support.onlooker import Onlooker
from tests.support.packets import (
    DELTA,
    KEYFRAME,
    NTP,
    Rtcp,
    Rtp,
    block,
    fir,
    nack,
    pli,
    read_rtcp,
    read_rtp,
    red,
    remb,
    rr,
    rtp,
    rtx,
    sdes,
    sr,
    transport_cc,
)
from tests.support.thin import ThinPeer

# a call


async def test_two_users_exchange_media(apart: Bridged) -> None:
    a, b = await apart.couple()
    await exchange_media(a, b)
    await apart.right.hears(Flowing("b"))
    await apart.left.hears(Flowing("a"))
    stats = apart.look().stats
    assert (apart.crossed, stats.packets_forwarded) == ({"out": 3, "in": 3}, 3)
    sent = len(video(a, 7, elements=((4, b"1"), (2, b"abc"), (3, b"\0\1"))))
    sent += len(rtx(a.ssrcs.rtx, 1, 7)) + len(audio(b, 9, elements=((1, b"\x80"),)))
    assert apart.bytes_crossed == {"out": sent, "in": sent}
    assert apart.drops == {}


async def test_a_full_batch_crosses(apart: Bridged) -> None:
    a, b = await apart.couple()
    await talk(a, b)
    marks = [secrets.token_bytes(8) for _ in range(200)]
    for number, mark in enumerate(marks, 10):
        a.send_rtp(audio(a, number, payload=mark))
    assert [(await hear(b)).payload for _ in marks] == marks


async def test_sound_in_sound_is_unwrapped_where_the_partner_is(apart: Bridged) -> None:
    a = await apart.left.join("a", CHROMIUM, with_red)
    b = await apart.right.join("b", FIREFOX)
    apart.pair("a", "b")
    heard = []
    for number in (1, 2, 4):
        payload = red(b"sound %d" % number, (960, b"sound %d" % (number - 1)))
        a.send_rtp(rtp(a.ssrcs.audio, number, payload_type=63, payload=payload))
        heard += [await hear(b) for _ in range(2 if number == 4 else 1)]
    assert [each.payload for each in heard] == [b"sound %d" % n for n in (1, 2, 3, 4)]
    assert {each.payload_type for each in heard} == {b._local.numbering.opus}
    assert [each.number - heard[0].number & 0xFFFF for each in heard] == [0, 1, 2, 3]
    assert apart.look().stats.repairs["restored"] == 1
    assert apart.drops == {}


async def test_sound_in_sound_crosses_whole_to_who_has_it(apart: Bridged) -> None:
    a = await apart.left.join("a", CHROMIUM, with_red)
    b = await apart.right.join("b", CHROMIUM, with_red)
    apart.pair("a", "b")
    payload = red(b"own", (960, b"earlier"))
    a.send_rtp(rtp(a.ssrcs.audio, 1, payload_type=63, payload=payload))
    heard = await hear(b)
    assert (heard.payload_type, heard.payload) == (63, payload)


async def test_partners_near_and_far_continue_one_stream(apart: Bridged) -> None:
    """Next from a partner here to one elsewhere and back, and nobody sees a gap."""
    a, c = await apart.left.join("a", CHROMIUM), await apart.left.join("c", FIREFOX)
    b = await apart.right.join("b", FIREFOX)
    partners = {"b": b, "c": c}
    seen: dict[str, list[Rtp]] = {name: [] for name in "abc"}
    for turn, other in enumerate("cbcbbc"):
        if other == "b":
            apart.pair("a", "b")
        else:
            apart.right.plane.unpair("b")
            apart.left.plane.pair("a", "c")
        for name, sender, receiver in (("a", partners[other], a), (other, a, partners[other])):
            for step in range(3):
                mark = KEYFRAME + f"{turn}{name}{step}".encode()
                number, rtp_ts = turn * 7919 + step, turn * 1_000_003 + 3000 * step
                sender.send_rtp(video(sender, number, mark, rtp_ts=rtp_ts))
                heard = await hear(receiver)
                assert heard.payload == mark
                seen[name].append(heard)
    for name, user in (("a", a), ("b", b), ("c", c)):
        numbers = [packet.number for packet in seen[name]]
        assert numbers == [(numbers[0] + n) & 0xFFFF for n in range(len(numbers))]
        assert {packet.ssrc for packet in seen[name]} == {user.remote.video_ssrcs[0]}
        steps = [distance(one.rtp_ts, next_.rtp_ts) for one, next_ in pairwise(seen[name])]
        assert all(step > 0 for step in steps)


async def test_a_new_stream_takes_the_place_of_one_that_fell_silent(apart: Bridged) -> None:
    a, b = await apart.couple()
    await talk(a, b)
    for number in range(2):
        a.send_rtp(rtp(5, number, payload_type=111))
    await until(lambda: apart.drops == {"superseded": 2})
    apart.pass_time(1.1)
    a.send_rtp(rtp(5, 2, payload_type=111, payload=b"the new one"))
    heard = await hear(b)
    assert (heard.ssrc, heard.payload) == (b.remote.audio_ssrcs[0], b"the new one")


async def test_a_kind_that_the_partner_does_not_take(apart: Bridged) -> None:
    a, b = await apart.left.join("a"), apart.right.peer(FIREFOX)
    offer = b.offer()
    at = offer.index("m=video")
    b.take_answer(
        await apart.right.answer("b", offer[:at] + offer[at:].replace("sendrecv", "sendonly"))
    )
    await b.connect()
    apart.pair("a", "b")
    a.send_rtp(video(a, 1))
    await until(lambda: apart.drops == {"unpaired": 1})
    assert apart.crossed["out"] == 0
    await talk(a, b)


# RTCP


async def test_feedback_is_about_the_senders_own_numbers(apart: Bridged) -> None:
    a, b = await apart.couple()
    a.send_rtp(video(a, 7, elements=((3, b"\0\x09"),)))
    heard = await hear(b)
    ((_, number),) = heard.elements or ()
    b.send_rtcp(
        rr(b.ssrcs.video, block(heard.ssrc, heard.number))
        + nack(b.ssrcs.video, heard.ssrc, (heard.number, 3))
        + transport_cc(b.ssrcs.video, heard.ssrc, int.from_bytes(number, "big"))
        + remb(b.ssrcs.video, heard.ssrc)
        + sdes(b.ssrcs.video, b"secret")
    )
    compound = await take(a.rtcp)
    report, names, feedback = read_rtcp(compound)
    assert report.ssrc == a.remote.video_ssrcs[0]
    assert report.blocks == [(a.ssrcs.video, 7)]
    assert names.kind == 202
    assert b"secret" not in compound
    assert (feedback.media, feedback.fci[:2]) == (a.ssrcs.video, b"\0\x09")
    again = await hear(b)
    assert again.payload == heard.number.to_bytes(2) + heard.payload
    assert apart.look().stats.nacks == 0, "nothing of it crosses"


async def test_what_the_way_between_the_planes_or_to_them_loses_is_asked_for(
    apart: Bridged,
) -> None:
    a, b = await apart.couple()
    for number in (7, 8, 11):
        a.send_rtp(video(a, number))
        heard = await hear(b)
    request = await next_rtcp(a, 205)
    assert (request.media, request.fci) == (a.ssrcs.video, struct.pack("!HH", 9, 1))
    for number in (10, 9):
        a.send_rtp(rtx(a.ssrcs.rtx, number, number, payload=KEYFRAME))
        restored = await hear(b)
        assert (restored.ssrc, restored.number) == (heard.ssrc, heard.number - 11 + number & 0xFFFF)
    assert apart.look().stats.nacks >= 1


async def test_reports_have_both_ends_clocks(apart: Bridged) -> None:
    a, b = await apart.couple()
    a.send_rtp(audio(a, 5, rtp_ts=1000))
    heard = await hear(b)
    a.send_rtcp(sr(a.ssrcs.audio, 1960) + sdes(a.ssrcs.audio, b"secret"))
    compound = await take(b.rtcp)
    assert b"secret" not in compound
    report, names = read_rtcp(compound)
    ssrc, ntp, rtp_ts, packets, _ = struct.unpack_from("!I8sIII", report.body)
    assert (report.kind, ssrc, packets) == (200, b.remote.audio_ssrcs[0], 1)
    assert (names.kind, ntp != NTP) == (202, True)
    assert distance(heard.rtp_ts, rtp_ts) == 960
    lsr = int.from_bytes(ntp[2:6])
    b.send_rtcp(rr(b.ssrcs.audio, block(heard.ssrc, heard.number, lost=0, lsr=lsr, dlsr=9)))
    told = await next_rtcp(a, 201)
    assert told.body[4:] == block(
        a.ssrcs.audio, 5, fraction=0, lost=0, lsr=int.from_bytes(NTP[2:6]), dlsr=9
    )
    (track,) = [t for t in apart.look().tracks if (t.user_id, t.kind) == ("b", "audio")]
    assert track.round_trip_ms is not None


async def test_a_repeat_from_history(apart: Bridged) -> None:
    """One who knows no RTX gets what the relay has kept, and the sender hears nothing of it."""
    a, b = await apart.left.join("a", CHROMIUM), apart.right.peer(FIREFOX)
    offer = b.offer()
    plain = "\r\n".join(
        line
        for line in offer.split("\r\n")
        if not line.startswith(("a=rtpmap:124", "a=fmtp:124", "a=ssrc-group"))
    ).replace(" 120 124", " 120")
    b.take_answer(await apart.right.answer("b", plain))
    await b.connect()
    apart.pair("a", "b")
    a.send_rtp(video(a, 7))
    heard = await hear(b)
    right = apart.right.plane._links["b"].downlink.flow
    assert right is not None
    assert right.video is not None
    assert right.video.sealed is not None
    b.send_rtcp(nack(b.ssrcs.video, heard.ssrc, (heard.number, 0)))
    await until(lambda: apart.right.plane._running.repairs.counts["repeated"] == 1)
    b.send_rtcp(rr(b.ssrcs.video, block(heard.ssrc, heard.number)))
    assert [part.kind for part in read_rtcp(await take(a.rtcp))] == [201]


async def test_key_frames_are_asked_for_until_one_comes(apart: Bridged) -> None:
    a, b = await apart.couple()
    a.send_rtp(video(a, 1, DELTA))
    for _ in range(3):  # the plane's clock repeats it
        _, request = read_rtcp(await take(a.rtcp))
        assert (request.kind, request.count, request.media) == (206, 1, a.ssrcs.video)
    assert b.rtp.empty()
    a.send_rtp(video(a, 2, KEYFRAME))
    await hear(b)


async def test_a_stream_that_runs_is_asked_when_the_pair_is_made(apart: Bridged) -> None:
    a = await apart.left.join("a")
    a.send_rtp(video(a, 1))
    await apart.left.dropped("unpaired", 1)
    await apart.right.join("b")
    apart.stop_time()  # or it would be asked for once more
    apart.pair("a", "b")
    request = await next_rtcp(a, 206)
    assert (request.count, request.media) == (1, a.ssrcs.video)
    assert apart.look().stats.keyframe_requests == {"pli": 1, "fir": 0}


async def test_requests_for_key_frames_are_paced_and_numbered(apart: Bridged) -> None:
    a, b = await apart.couple()
    a.send_rtp(video(a, 1))
    ssrc = (await hear(b)).ssrc
    numbers = []
    for command in (5, 5, 9):  # the second is the first once more
        apart.pass_time(KEYFRAME_REQUEST_INTERVAL_S)
        b.send_rtcp(rr(b.ssrcs.video) + fir(b.ssrcs.video, (ssrc, command)))
        asked = await next_rtcp(a, 206)
        assert (asked.count, asked.fci[:4]) == (4, struct.pack("!I", a.ssrcs.video))
        numbers.append(asked.fci[4])
    assert numbers == [1, 1, 2]
    apart.stop_time()
    apart.pass_time(KEYFRAME_REQUEST_INTERVAL_S)
    for _ in range(3):
        b.send_rtcp(rr(b.ssrcs.video) + pli(b.ssrcs.video, ssrc))
    assert (await next_rtcp(a, 206)).count == 1
    await talk(b, a)
    assert apart.look().stats.keyframe_requests == {"pli": 1, "fir": 3}
    (sent,) = [t for t in apart.look().tracks if t.ssrc == a.ssrcs.video]
    assert (sent.plis, sent.firs) == (1, 3)


# what senders are told of their transport-wide numbers


async def test_arrival_times_never_go_backward(apart: Bridged) -> None:
    """Whoever tells them: the sender's own plane, a partner there, one elsewhere, or its plane."""
    a = await apart.left.join("a")
    c, b = await apart.left.join("c"), await apart.right.join("b")
    sent = 0
    told: list[Feedback] = []

    async def hears_of(number: int) -> None:
        while not any(number in range(f.base, f.base + len(f.arrivals)) for f in told):
            told.append(feedback_of(await next_rtcp(a, 205)))

    async def passes(other: ThinPeer | None) -> None:
        nonlocal sent
        for _ in range(3):
            sent += 1
            a.send_rtp(audio(a, sent, elements=((3, sent.to_bytes(2)),)))
            if other is not None:
                await hear(other)
        await hears_of(sent)

    for other in (None, c, b, None, b, c):
        if other is c:
            apart.left.plane.pair("a", "c")
        elif other is b:
            apart.pair("a", "b")
        else:
            apart.left.plane.unpair("a")
            apart.right.plane.unpair("b")
        await passes(other)
    arrivals = [ticks for each in told for ticks in each.arrivals]
    assert None not in arrivals, "nothing was lost"
    assert len(arrivals) == sent
    steps = [distance(one or 0, other or 0) for one, other in pairwise(arrivals)]
    assert all(step >= 0 for step in steps)
    leaps = [step for step in steps if step > LEAP_TICKS / 2]
    assert len(leaps) == 5, "one each time that somebody else tells"
    assert max(leaps) < LEAP_TICKS + 5 * TICKS_PER_S
    assert [each.count for each in told] == [(told[0].count + n) & 0xFF for n in range(len(told))]


async def test_what_does_not_cross_is_not_told_as_lost(apart: Bridged) -> None:
    a, b = await apart.couple()
    numbers = iter(range(1, 100))

    def numbered(ssrc: int, number: int) -> bytes:
        transport = next(numbers).to_bytes(2)
        return rtp(ssrc, number, payload_type=111, elements=((3, transport),))

    a.send_rtp(numbered(a.ssrcs.audio, 1))
    await hear(b)
    for number in range(3):  # another stream, while the first one is the current one
        a.send_rtp(numbered(5, number))
    await until(lambda: apart.drops == {"superseded": 3})
    a.send_rtp(numbered(a.ssrcs.audio, 2))
    await hear(b)
    came: set[int] = set()
    while 5 not in came:
        feedback = feedback_of(await next_rtcp(a, 205))
        assert None not in feedback.arrivals
        came |= set(range(feedback.base, feedback.base + len(feedback.arrivals)))
    assert came == {1, 2, 3, 4, 5}


async def test_the_other_plane_tells_while_its_user_has_no_link(apart: Bridged) -> None:
    a = await apart.left.join("a")
    b = apart.right.peer()
    answer = await apart.right.answer("b", b.offer())
    apart.pair("a", "b")
    a.send_rtp(audio(a, 1, elements=((3, b"\0\x01"),)))
    assert feedback_of(await next_rtcp(a, 205)).base == 1
    assert apart.drops == {"unpaired": 1}
    b.take_answer(answer)
    await b.connect()
    await talk(a, b, 2)


# taps


async def test_taps_at_both_ends(apart: Bridged) -> None:
    a, b = await apart.couple()
    up, down = Onlooker(), Onlooker()
    apart.left.plane.tap("a", Direction.UP, up, "b")
    apart.right.plane.tap("b", Direction.DOWN, down, "a")
    a.send_rtp(video(a, 7))
    a.send_rtp(rtp(a.ssrcs.video, 8, payload_type=55))  # unreadable
    heard = await hear(b)
    assert [read_rtp(each.data).number for each in up.packets] == [7]
    assert [read_rtp(each.data).number for each in down.packets] == [heard.number]
    await until(lambda: apart.drops == {"unknown_payload_type": 1})
    apart.pass_time(KEYFRAME_REQUEST_INTERVAL_S)
    apart.left.plane.request_keyframe("a", Direction.UP)
    assert (await next_rtcp(a, 206)).media == a.ssrcs.video
    apart.pass_time(KEYFRAME_REQUEST_INTERVAL_S)
    apart.right.plane.request_keyframe("b", Direction.DOWN)
    assert (await next_rtcp(a, 206)).media == a.ssrcs.video
    apart.left.plane.untap("a", Direction.UP, up)
    a.send_rtp(video(a, 9))
    await hear(b)
    assert len(up.packets) == 1
    apart.left.plane.tap("a", Direction.UP, up)
    apart.unpair("a", "b")
    assert (up.told, down.told) == (["parted"], ["parted"])
    apart.left.plane.tap("a", Direction.UP, up, "b")
    assert up.told == ["parted", "parted"], "it is of no room any more"


async def next_rtcp(peer: ThinPeer, kind: int) -> Rtcp:
    """The next part of this kind that a user hears."""
    while True:
        for part in read_rtcp(await take(peer.rtcp)):
            if part.kind == kind:
                return part


def feedback_of(part: Rtcp) -> Feedback:
    head = struct.pack("!BBH", 0x80 | part.count, part.kind, len(part.body) // 4)
    return read(head + part.body)
