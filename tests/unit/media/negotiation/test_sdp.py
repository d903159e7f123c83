"""What the relay reads out of a peer's SDP, and what it refuses."""

import contextlib
import time
import unittest.mock

import aioice
import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection

from relay.errors import SdpError
from relay.media.negotiation.sdp import (
    ABS_SEND_TIME,
    AUDIO_LEVEL,
    MAX_FINGERPRINTS,
    MAX_PARAMETERS,
    MID,
    TRANSPORT_CC,
    MediaTerms,
    read,
)
from relay.media.negotiation.section import MAX_FORMATS, MAX_INHERITED, number
from tests.support.offers import (
    CHROMIUM,
    CHROMIUM_FINGERPRINT,
    DATA_SECTION,
    FIREFOX,
    FIREFOX_FINGERPRINT,
    MANY,
    OUR_PAGE,
    SOUND,
    bundle_only,
    media_section,
    offer_of,
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
        red_payload_type=63,
        wishes=(("minptime", 10), ("useinbandfec", 1)),
        feedback=("transport-cc",),
        extensions={AUDIO_LEVEL: 1, ABS_SEND_TIME: 2, TRANSPORT_CC: 3, MID: 4},
        rtcp_rsize=True,
    )
    assert terms.video == MediaTerms(
        kind="video",
        mid="1",
        direction="sendrecv",
        payload_type=96,
        rtx_payload_type=97,
        feedback=("nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"),
        extensions={ABS_SEND_TIME: 2, TRANSPORT_CC: 3, MID: 4},
        rtcp_rsize=True,
    )
    assert terms.sending == terms.receiving == {"audio": terms.audio, "video": terms.video}
    assert [(each.kind, each.mid) for each in terms.sections] == [("audio", "0"), ("video", "1")]
    assert (terms.accepted, terms.is_bundle) == (("0", "1"), True)


def test_a_firefox_offer() -> None:
    terms = read(FIREFOX)
    assert (terms.ufrag, terms.password) == ("be8d4d01", "0123456789abcdef0123456789abcdef")
    assert [f.value for f in terms.fingerprints] == [FIREFOX_FINGERPRINT], "at session level"
    assert (terms.audio.payload_type, terms.audio.rtx_payload_type) == (109, None)
    assert (terms.video.payload_type, terms.video.rtx_payload_type) == (120, 124)
    assert terms.audio.extensions == {AUDIO_LEVEL: 1, MID: 3}
    assert terms.video.extensions == {MID: 3, ABS_SEND_TIME: 4, TRANSPORT_CC: 7}
    assert terms.wishes == (("useinbandfec", 1), ("stereo", 1), ("maxplaybackrate", 48000))
    assert terms.video.wishes == ()
    assert terms.audio.feedback == ()
    assert (terms.audio.rtcp_rsize, terms.video.rtcp_rsize) == (False, True)


@pytest.mark.parametrize("offer", [CHROMIUM, FIREFOX], ids=["chromium", "firefox"])
def test_a_bundle_only_section_is_part_of_the_bundle(offer: str) -> None:
    only = bundle_only(offer)
    assert "m=video 0 " in only
    assert "a=rtcp-mux" not in section(only, "video")
    assert read(only) == read(offer)


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
    assert [each.kind for each in terms.sections] == ["video", "audio", "application"]
    assert (list(terms.sending), list(terms.receiving)) == (["video", "audio"], ["video"])
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


def test_the_transport_is_that_of_the_bundles_first() -> None:
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


@pytest.mark.parametrize(
    ("format_", "payload_type"),
    [
        ("63 111/111", 63),
        ("63 111/111/111", 63),
        ("63 111/0", None),
        ("63 0/0", None),
        ("63 63/111", None),
        ("63", None),
        ("64 111/111", None),
    ],
)
def test_red_is_that_with_opus_alone_in_it(format_: str, payload_type: int | None) -> None:
    terms = read(CHROMIUM.replace("a=fmtp:63 111/111", f"a=fmtp:{format_}"))
    assert terms.audio.red_payload_type == payload_type
    assert not terms.audio.prefers_red


def test_red_goes_first_where_the_peer_has_it_first() -> None:
    assert read(OUR_PAGE).audio.prefers_red
    assert read(OUR_PAGE).audio.format != read(without(OUR_PAGE, "a=fmtp:63")).audio.format
    assert (
        read(OUR_PAGE.replace(" 63 111 ", " 111 63 ")).audio.format == read(OUR_PAGE).audio.format
    )
    assert read(CHROMIUM.replace("red/48000", "red/8000")).audio.red_payload_type is None
    assert read(CHROMIUM).video.red_payload_type is None, "pictures are not repeated"


def test_rtx_is_the_one_for_the_codec_and_may_be_missing() -> None:
    assert read(without(CHROMIUM, "a=fmtp:97")).video.rtx_payload_type is None
    assert read(CHROMIUM.replace("apt=96", "apt=98")).video.rtx_payload_type is None


@pytest.mark.parametrize("half", ["a=rtcp-fb:96 transport-cc", "a=extmap:3"])
def test_half_of_transport_cc_is_nothing(half: str) -> None:
    terms = read(without(CHROMIUM, half))
    assert terms.video.feedback == ("nack", "nack pli", "ccm fir", "goog-remb")
    assert TRANSPORT_CC not in terms.video.extensions


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
    "nothing": ("", "no audio and no video section"),
    "garbage": ("\0\1\2 this is not SDP \uffff", "no audio and no video section"),
    "one letter": ("v", "no audio and no video section"),
    "JSON": ('{"type": "offer"}', "no audio and no video section"),
    "an image": ("\x89PNG\r\n\x1a\n" * 100, "no audio and no video section"),
    "data alone": (offer_of(DATA_SECTION), "no audio and no video section"),
    "all stopped": (offer_of(media_section("audio", "0", port=0)), "no audio and no video section"),
    "one mid twice": (CHROMIUM.replace("a=mid:1", "a=mid:0"), "two sections have the same mid"),
    "a third section with a mid of ours": (
        CHROMIUM + DATA_SECTION.replace("a=mid:2", "a=mid:1"),
        "two sections have the same mid",
    ),
    "no rtcp-mux": (without(offer_of(SOUND), "a=rtcp-mux"), "audio without rtcp-mux"),
    "no codec of ours": (
        CHROMIUM.replace("opus", "pcm").replace("VP8", "VP7"),
        "no usable audio codec; opus is needed; no usable video codec; vp8 is needed",
    ),
    "no ufrag": (without(CHROMIUM, "a=ice-ufrag"), "no ice-ufrag and ice-pwd"),
    "no password": (without(CHROMIUM, "a=ice-pwd"), "no ice-ufrag and ice-pwd"),
    "no fingerprint": (without(CHROMIUM, "a=fingerprint"), "no certificate fingerprint"),
    "only an old fingerprint": (CHROMIUM.replace("sha-256", "sha-1"), "no certificate fingerprint"),
    "fingerprint without value": (
        CHROMIUM.replace(CHROMIUM_FINGERPRINT, ""),
        "no certificate fingerprint",
    ),
    "port that is no number": (CHROMIUM.replace("video 9", "video nine"), "malformed"),
    "m= without format": (offer_of(SOUND) + "m=video 9 UDP/TLS/RTP/SAVPF\r\n", "malformed"),
    "m= without anything": (offer_of(SOUND) + "m=\r\n", "malformed"),
    "over 64 kB": (CHROMIUM + "a=x\r\n" * 13_000, "longer than 65536"),
    "thousands of lines": (CHROMIUM + "\n" * 5000, "more than 4000 lines"),
    "over 64 kB in one line": (CHROMIUM + "a=" + "x" * 65_536, "longer than 65536"),
    "more sections than there may be": (
        MANY + media_section("video", "x"),
        "more than 64 media sections",
    ),
}


@pytest.mark.parametrize(("sdp", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_and_why(sdp: str, reason: str) -> None:
    with pytest.raises(SdpError, match=reason) as caught:
        read(sdp)
    assert caught.value.code == "bad_sdp"


# what costs most

_WORST = {
    "feedback for every codec": ("a=rtpmap:50 x/9\r\n", "a=rtcp-fb:* n\r\n"),
    "feedback for one codec": ("a=rtpmap:50 x/9\r\n", "a=rtcp-fb:96 n\r\n"),
    "parameters": ("a=rtpmap:50 x/9\r\n", "a=fmtp:50 n\r\n"),
    "sources": ("a=ssrc:1 cname:x\r\n", "a=ssrc-group:FID 1 2\r\n"),
    "extensions": ("a=extmap:1 x\r\n", f"a=extmap:2 {ABS_SEND_TIME}\r\n"),
    "candidates": ("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", ""),
    "groups": ("a=group:BUNDLE 0 1\r\n", ""),
}


def _costly() -> dict[str, str]:
    inputs = {}
    for name, (one, other) in _WORST.items():
        for share in (1, 2, 10):
            lines = (one * share + other * share) * (1500 // share)
            inputs[f"{name}, {share}"] = (CHROMIUM + lines)[:65_536]
    for name, line in {
        "m= formats": "m=video 9 UDP/TLS/RTP/SAVPF" + " 1" * 31_000,
        "m= spaces": "m=video 9 UDP/TLS/RTP/SAVPF" + " " * 62_000,
        "m= letters": "m=" + "A" * 62_000,
        "m= slashes": "m=video 9 " + "/" * 62_000,
        "parameters": "a=fmtp:96 " + "a;" * 31_000,
        "groups": "a=group:" + "0 " * 31_000,
        "a group": "a=group:BUNDLE " + "0 1 " * 15_500,
        "digits": "a=extmap:" + "9" * 62_000 + " x",
        "colons": "a=" + ":" * 62_000,
        "form feeds": "\f" * 62_000,
    }.items():
        inputs[name] = (CHROMIUM[:3000] + line)[:65_536] + "\r\n"
    inputs["groups of the session"] = offer_of(SOUND, more="a=group:BUNDLE 0\r\n" * 3400)
    for name, more in {
        "extensions of the session": "a=extmap:1 x\r\n" * 2000,
        "a long extension of the session": "a=extmap:1" + " x" * 15_000 + "\r\n",
    }.items():
        inputs[name] = MANY.replace("m=", f"{more}m=", 1)[:65_536]
    inputs["sections"] = MANY
    inputs["sections of codecs"] = offer_of(
        *(media_section("video", f"{n}", codecs=("rtx/90000",) * 20) for n in range(60))
    )
    return inputs


def test_the_sessions_extensions_are_not_multiplied_by_its_sections() -> None:
    sdp = MANY.replace("m=", "a=extmap:1 x\r\n" * 2000 + "m=", 1)
    with unittest.mock.patch("relay.media.negotiation.sdp.number", wraps=number) as looked_at:
        terms = read(sdp)
    codecs_of_each = 2
    assert looked_at.call_count <= len(terms.sections) * (MAX_INHERITED + 5 * codecs_of_each)


def test_so_many_fingerprints_count() -> None:
    assert len(read(offer_of(SOUND + "a=fingerprint:sha-256 AA\r\n" * 99)).fingerprints) == (
        MAX_FINGERPRINTS
    )


def test_as_many_formats_and_parameters_count_as_are_of_use() -> None:
    many = " 1" * (MAX_FORMATS - 2)
    within = SOUND.replace("SAVPF 111", f"SAVPF 0{many} 111")
    assert read(offer_of(within)).audio.payload_type == 111
    with pytest.raises(SdpError, match="no usable audio codec"):
        read(offer_of(SOUND.replace("SAVPF 111", f"SAVPF 0 1{many} 111")))
    for junk, wishes in ((MAX_PARAMETERS - 1, (("stereo", 1),)), (MAX_PARAMETERS, ())):
        assert read(offer_of(SOUND + f"a=fmtp:111 {'x=1;' * junk}stereo=1\r\n")).wishes == wishes


@pytest.mark.parametrize("sdp", _costly().values(), ids=_costly().keys())
def test_the_most_costly_inputs_take_little_time(sdp: str) -> None:
    spent_s = []
    for _ in range(3):  # the best of some, since other processes spoil the caches
        started = time.process_time()
        with contextlib.suppress(SdpError):
            read(sdp)
        spent_s.append(time.process_time() - started)
    assert min(spent_s) < CPU_BOUND_S
