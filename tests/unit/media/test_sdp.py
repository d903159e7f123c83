"""What the relay reads out of a peer's SDP, and what it refuses."""

import contextlib
import time
import unittest.mock

import aioice
import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection

from relay.errors import SdpError
from relay.media.sdp import (
    ABS_SEND_TIME,
    AUDIO_LEVEL,
    MAX_FEEDBACK_PAIRS,
    MID,
    TRANSPORT_CC,
    VIDEO_ORIENTATION,
    MediaTerms,
    read,
)
from tests.support.offers import (
    CHROMIUM,
    CHROMIUM_FINGERPRINT,
    DATA_SECTION,
    FIREFOX,
    FIREFOX_FINGERPRINT,
    bundle_only,
    section,
    without,
)

CPU_BOUND_S = 0.1
"""What the specification allows."""


def test_a_chromium_offer() -> None:
    terms = read(CHROMIUM)
    assert terms.session_id == "4962303333179871722"
    assert (terms.ufrag, terms.password) == ("F7gI", "x9cml/YzichV2+XlhiMu8g")
    assert [(f.algorithm, f.value) for f in terms.fingerprints] == [
        ("sha-256", CHROMIUM_FINGERPRINT)
    ]
    assert terms.setup == "auto"
    assert terms.audio == MediaTerms(
        kind="audio",
        mid="0",
        direction="sendrecv",
        payload_type=111,
        fmtp=(("minptime", 10), ("useinbandfec", 1)),
        feedback=("transport-cc",),
        extensions={AUDIO_LEVEL: 1, ABS_SEND_TIME: 2, TRANSPORT_CC: 3, MID: 4},
    )
    assert terms.video == MediaTerms(
        kind="video",
        mid="1",
        direction="sendrecv",
        payload_type=96,
        rtx_payload_type=97,
        feedback=("nack", "nack pli", "ccm fir", "transport-cc"),
        extensions={ABS_SEND_TIME: 2, VIDEO_ORIENTATION: 13, TRANSPORT_CC: 3, MID: 4},
    )
    assert [(kind, mid) for kind, mid, _, _ in terms.sections] == [("audio", "0"), ("video", "1")]


def test_a_firefox_offer() -> None:
    terms = read(FIREFOX)
    assert (terms.ufrag, terms.password) == ("be8d4d01", "0123456789abcdef0123456789abcdef")
    assert [f.value for f in terms.fingerprints] == [FIREFOX_FINGERPRINT], "at session level"
    assert (terms.audio.payload_type, terms.audio.rtx_payload_type) == (109, None)
    assert (terms.video.payload_type, terms.video.rtx_payload_type) == (120, 124)
    assert terms.audio.extensions == {AUDIO_LEVEL: 1, MID: 3}
    assert terms.video.extensions == {MID: 3, ABS_SEND_TIME: 4, TRANSPORT_CC: 7}
    assert terms.video.fmtp == (("max-fs", 12288), ("max-fr", 60))
    assert terms.audio.feedback == ()


@pytest.mark.parametrize("offer", [CHROMIUM, FIREFOX], ids=["chromium", "firefox"])
def test_a_bundle_only_section_is_part_of_the_bundle(offer: str) -> None:
    only = bundle_only(offer)
    assert "m=video 0 " in only
    assert "a=rtcp-mux" not in section(only, "video")
    assert read(only) == read(offer)


def test_a_rejected_section_is_not_used() -> None:
    with pytest.raises(SdpError, match="no video section"):
        read(CHROMIUM.replace("m=video 9", "m=video 0"))


async def test_an_offer_of_aiortc() -> None:
    stock = RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.BALANCED)
    )
    try:
        stock.addTransceiver("video")
        stock.addTransceiver("audio", direction="sendonly")
        stock.createDataChannel("chat")
        with unittest.mock.patch.object(aioice.Connection, "gather_candidates", _gather_nothing):
            await stock.setLocalDescription(await stock.createOffer())
        terms = read(stock.localDescription.sdp)
    finally:
        await stock.close()
    assert [kind for kind, *_ in terms.sections] == ["video", "audio", "application"]
    assert (terms.video.mid, terms.video.payload_type, terms.video.rtx_payload_type) == (
        "0",
        97,
        98,
    )
    assert (terms.audio.mid, terms.audio.payload_type) == ("1", 96)
    assert terms.audio.direction == "sendonly"
    assert len(terms.fingerprints) > 0


async def _gather_nothing(connection: aioice.Connection) -> None:
    """No unit test opens a socket."""


def test_lines_may_end_without_carriage_return() -> None:
    assert read(CHROMIUM.replace("\r\n", "\n")) == read(CHROMIUM)


def test_the_transport_is_the_bundles_first() -> None:
    first_is_video = CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 1 0")
    video = section(first_is_video, "video")
    terms = read(first_is_video.replace(video, video.replace("ice-ufrag:F7gI", "ice-ufrag:vide")))
    assert terms.ufrag == "vide"


def test_the_bundles_first_may_be_a_data_channel() -> None:
    offer = bundle_only(CHROMIUM).replace("BUNDLE 0 1", "BUNDLE 2 0 1")
    audio = section(offer, "audio")
    offer = offer.replace(audio, without(audio, "a=ice-ufrag", "a=ice-pwd", "a=setup"))
    data = DATA_SECTION.replace("00:11", CHROMIUM_FINGERPRINT)
    assert read(offer + data).ufrag == "F7gI"


def test_directions() -> None:
    for word, sends, receives in [
        ("sendrecv", True, True),
        ("sendonly", True, False),
        ("recvonly", False, True),
        ("inactive", False, False),
    ]:
        video = read(CHROMIUM.replace("a=sendrecv", f"a={word}")).video
        assert (video.direction, video.sends, video.receives) == (word, sends, receives)


def test_no_direction_is_both_ways() -> None:
    assert read(without(CHROMIUM, "a=sendrecv")).video.direction == "sendrecv"


@pytest.mark.parametrize(
    ("setup", "role"), [("actpass", "auto"), ("active", "client"), ("passive", "server")]
)
def test_dtls_roles(setup: str, role: str) -> None:
    assert read(CHROMIUM.replace("setup:actpass", f"setup:{setup}")).setup == role


def test_codec_names_are_in_any_case() -> None:
    terms = read(CHROMIUM.replace("VP8/", "vp8/").replace("opus/", "OPUS/").replace("rtx/", "RTX/"))
    assert (terms.audio.payload_type, terms.video.payload_type) == (111, 96)
    assert terms.video.rtx_payload_type == 97


def test_rtx_is_the_one_for_the_codec_and_may_be_missing() -> None:
    assert read(without(CHROMIUM, "a=fmtp:97")).video.rtx_payload_type is None
    assert read(CHROMIUM.replace("apt=96", "apt=98")).video.rtx_payload_type is None


def test_remb_is_kept_only_without_transport_cc() -> None:
    terms = read(without(CHROMIUM, "a=rtcp-fb:96 transport-cc"))
    assert terms.video.feedback == ("nack", "nack pli", "ccm fir", "goog-remb")


def test_feedback_for_any_codec() -> None:
    terms = read(without(CHROMIUM, "a=rtcp-fb:96").replace("a=rtcp-fb:103", "a=rtcp-fb:*"))
    assert "nack pli" in terms.video.feedback


@pytest.mark.parametrize("number", [0, 15, 255, -1])
def test_extension_ids_that_one_byte_headers_cannot_carry_are_left_out(number: int) -> None:
    terms = read(CHROMIUM.replace("a=extmap:3 ", f"a=extmap:{number} "))
    assert TRANSPORT_CC not in terms.video.extensions


def test_only_known_fingerprint_algorithms_count() -> None:
    both = CHROMIUM.replace(
        "a=fingerprint:sha-256", "a=fingerprint:sha-1 00:11\r\na=fingerprint:SHA-256"
    )
    assert [f.algorithm for f in read(both).fingerprints] == ["SHA-256"]


def test_secrets_are_not_shown() -> None:
    assert "x9cml" not in repr(read(CHROMIUM))


def test_an_offer_without_origin_has_no_session_id() -> None:
    assert read(without(CHROMIUM, "o=")).session_id == ""
    assert (
        read(CHROMIUM.replace("o=- 4962303333179871722 2 IN IP4 127.0.0.1", "o=-")).session_id == ""
    )


# candidates


def test_candidates_are_neither_parsed_nor_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a name or an address was looked at")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr("socket.socket", refuse)
    monkeypatch.setattr("aiortc.sdp.candidate_from_sdp", refuse)
    hostile = "".join(
        f"a=candidate:{n} 1 udp 1 host{n}.example.test {n} typ host\r\n" for n in range(50)
    )
    terms = read(CHROMIUM + hostile + "a=candidate:not one\r\na=ssrc:no number\r\na=msid:\r\n")
    assert terms == read(CHROMIUM)
    assert "203.0.113.77" not in repr(terms)


# what is refused

REFUSED = {
    "nothing": "",
    "garbage": "\0\1\2 this is not SDP \uffff",
    "one letter": "v",
    "JSON": '{"type": "offer"}',
    "an image": "\x89PNG\r\n\x1a\n" * 100,
    "no audio": CHROMIUM.replace(section(CHROMIUM, "audio"), ""),
    "no video": CHROMIUM.replace(section(CHROMIUM, "video"), ""),
    "no BUNDLE": without(CHROMIUM, "a=group"),
    "BUNDLE without video": CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 0"),
    "BUNDLE without audio": CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 1"),
    "another group": CHROMIUM.replace("BUNDLE", "LS"),
    "no mid": without(CHROMIUM, "a=mid"),
    "empty mid": CHROMIUM.replace("a=mid:0", "a=mid:"),
    "mid without value": CHROMIUM.replace("a=mid:0", "a=mid"),
    "one mid twice": CHROMIUM.replace("a=mid:1", "a=mid:0"),
    "a third section with a mid of ours": CHROMIUM + DATA_SECTION.replace("a=mid:2", "a=mid:1"),
    "no rtcp-mux": without(CHROMIUM, "a=rtcp-mux"),
    "no Opus": CHROMIUM.replace("opus", "pcm"),
    "no VP8": CHROMIUM.replace("VP8", "VP7"),
    "VP8 of another clock rate": CHROMIUM.replace("VP8/90000", "VP8/48000"),
    "VP8 of an impossible payload type": CHROMIUM.replace(":96 VP8", ":128 VP8"),
    "VP8 of RTCP's payload types": CHROMIUM.replace(":96 VP8", ":64 VP8"),
    "VP8 of the last of RTCP's payload types": CHROMIUM.replace(":96 VP8", ":95 VP8"),
    "one payload type twice": CHROMIUM.replace("96", "111"),
    "RTX and Opus of one payload type": CHROMIUM.replace(":97 ", ":111 "),
    "no ufrag": without(CHROMIUM, "a=ice-ufrag"),
    "no password": without(CHROMIUM, "a=ice-pwd"),
    "empty ufrag": CHROMIUM.replace("ice-ufrag:F7gI", "ice-ufrag:"),
    "no setup": without(CHROMIUM, "a=setup"),
    "another setup": CHROMIUM.replace("setup:actpass", "setup:holdconn"),
    "no fingerprint": without(CHROMIUM, "a=fingerprint"),
    "only an old fingerprint": CHROMIUM.replace("sha-256", "sha-1"),
    "fingerprint without value": CHROMIUM.replace(CHROMIUM_FINGERPRINT, ""),
    "payload type that is no number": CHROMIUM.replace("SAVPF 111", "SAVPF x"),
    "payload type of RTCP": CHROMIUM.replace("SAVPF 111", "SAVPF 72"),
    "port that is no number": CHROMIUM.replace("video 9", "video nine"),
    "rtpmap cut": CHROMIUM.replace("a=rtpmap:96 VP8/90000", "a=rtpmap:96"),
    "clock rate cut": CHROMIUM.replace("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8"),
    "feedback cut": CHROMIUM.replace("a=rtcp-fb:96 goog-remb", "a=rtcp-fb:96"),
    "fmtp of nothing": CHROMIUM.replace("a=fmtp:97", "a=fmtp:55"),
    "apt that is no number": CHROMIUM.replace("apt=96", "apt=x"),
    "extension id that is no number": CHROMIUM.replace("a=extmap:3 ", "a=extmap:three "),
    "extension cut": CHROMIUM.replace("a=extmap:3 http", "a=extmap:3http"),
    "attributes without values": CHROMIUM.replace("a=extmap-allow-mixed", "a=group"),
    "address of another net": CHROMIUM.replace("IN IP4 0.0.0.0", "IN ATM 0"),
    "a huge number": CHROMIUM.replace("a=extmap:3 ", "a=extmap:" + "9" * 5000 + " "),
    "cut in the middle": CHROMIUM[: len(CHROMIUM) // 2],
    "over 64 kB": CHROMIUM + "a=x\r\n" * 13_000,
    "over 64 kB in one line": CHROMIUM + "a=" + "x" * 65_536,
    "hundreds of candidates": CHROMIUM + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n" * 300,
    "thousands of lines": CHROMIUM + "\n" * 2000,
    "dozens of sections": CHROMIUM + DATA_SECTION * 20,
}


@pytest.mark.parametrize("sdp", REFUSED.values(), ids=REFUSED.keys())
def test_refused(sdp: str) -> None:
    with pytest.raises(SdpError) as caught:
        read(sdp)
    assert caught.value.code == "bad_sdp"
    assert caught.value.message


# what costs most

_HEAD = without(CHROMIUM, "a=rtcp-fb:96")
_WORST = {
    "feedback for every codec": ("a=rtpmap:50 x/9\r\n", "a=rtcp-fb:* n\r\n"),
    "feedback for one codec's many names": ("a=rtpmap:50 x/9\r\n", "a=rtcp-fb:50 n\r\n"),
    "feedback for none": ("a=rtpmap:50 x/9\r\n", "a=rtcp-fb:51 n\r\n"),
    "parameters": ("a=rtpmap:50 x/9\r\n", "a=fmtp:50 n\r\n"),
    "sources": ("a=ssrc:1 cname:x\r\n", "a=ssrc-group:FID 1 2\r\n"),
    "extensions": ("a=extmap:1 x\r\n", "a=extmap:2 y\r\n"),
    "candidates": ("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", ""),
}


def _costly() -> dict[str, str]:
    inputs = {}
    for name, (one, other) in _WORST.items():
        for ones in (50, 110, 200, 450, 800):
            most = 1000 - _HEAD.count("\n") - ones
            allowed = MAX_FEEDBACK_PAIRS // (ones + section(_HEAD, "video").count("a=rtpmap"))
            allowed -= section(_HEAD, "video").count("a=rtcp-fb")
            for others in {most, min(most, allowed)}:
                inputs[f"{name}, {ones} and {others}"] = _HEAD + one * ones + other * others
    for name, line in {
        "m= formats": "m=video 9 UDP/TLS/RTP/SAVPF" + " 1" * 31_000,
        "m= spaces": "m=video 9 UDP/TLS/RTP/SAVPF" + " " * 62_000,
        "m= letters": "m=" + "A" * 62_000,
        "m= slashes": "m=video 9 " + "/" * 62_000,
        "parameters": "a=fmtp:96 " + "a;" * 31_000,
        "groups": "a=group:" + "0 " * 31_000,
        "connection": "c=IN IP4 " + " " * 62_000,
        "digits": "a=extmap:" + "9" * 62_000 + " x",
        "colons": "a=" + ":" * 62_000,
        "form feeds": "\f" * 62_000,
    }.items():
        inputs[name] = (CHROMIUM[:3000] + line)[:65_536] + "\r\n"
    return inputs


@pytest.mark.parametrize("sdp", _costly().values(), ids=_costly().keys())
def test_the_most_costly_inputs_take_little_time(sdp: str) -> None:
    spent_s = []
    for _ in range(3):  # the best of some, since other processes spoil the caches
        started = time.process_time()
        with contextlib.suppress(SdpError):
            read(sdp)
        spent_s.append(time.process_time() - started)
    assert min(spent_s) < CPU_BOUND_S


def test_two_cameras_with_all_codecs_are_not_too_many_lines() -> None:
    video = section(CHROMIUM, "video")
    more = "".join(
        f"a=rtpmap:{n} X{n}/90000\r\n" + f"a=rtcp-fb:{n} nack\r\n" * 5 for n in range(20, 35)
    )
    second = video.replace("a=mid:1", "a=mid:3")
    assert len(read(CHROMIUM + more + second + more).sections) == 3
