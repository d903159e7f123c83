"""Which sections of a description are used, and for what."""

import pytest

from relay.errors import SdpError
from relay.media.negotiation.sdp import AUDIO_LEVEL, MID, Terms, read
from tests.support.offers import (
    BESIDE_DATA,
    CHROMIUM,
    DATA_SECTION,
    FIREFOX,
    MANY,
    OLD,
    ONE_NUMBER_FOR_BOTH,
    OUR_PAGE,
    PICTURE,
    RECEIVES_FIRST,
    SCREEN_FIRST,
    SOUND,
    STOPPED,
    UNBUNDLED,
    WITHOUT_VP8,
    media_section,
    offer_of,
    without,
)


def used(terms: Terms) -> tuple[dict[str, str], dict[str, str]]:
    """The mids on which the peer sends, and on which it receives."""
    return (
        {kind: media.mid for kind, media in terms.sending.items()},
        {kind: media.mid for kind, media in terms.receiving.items()},
    )


def both_ways(**mids: str) -> tuple[dict[str, str], dict[str, str]]:
    return mids, mids


def test_one_kind_alone() -> None:
    assert used(read(offer_of(SOUND))) == both_ways(audio="0")
    assert used(read(offer_of(PICTURE))) == both_ways(video="1")


@pytest.mark.parametrize("sdp", [STOPPED, WITHOUT_VP8], ids=["stopped", "without VP8"])
def test_a_kind_that_is_not_there(sdp: str) -> None:
    terms = read(sdp)
    assert used(terms) == both_ways(audio="0")
    assert [each.terms is None for each in terms.sections] == [False, True]
    assert terms.video.direction == "inactive"
    assert not terms.video.sends
    assert not terms.video.receives


def test_directions_say_what_a_section_is_for() -> None:
    assert used(read(RECEIVES_FIRST)) == (
        {"audio": "2", "video": "3"},
        {"audio": "0", "video": "1"},
    )
    assert used(read(offer_of(SOUND, media_section("video", "1", "inactive")))) == both_ways(
        audio="0"
    )


def test_a_camera_goes_before_a_screen_and_both_ways_before_one() -> None:
    assert used(read(SCREEN_FIRST)) == both_ways(audio="0", video="2")
    one_way_first = offer_of(
        SOUND, media_section("video", "1", "sendonly"), media_section("video", "2")
    )
    assert used(read(one_way_first)) == both_ways(audio="0", video="2")
    two = offer_of(SOUND, media_section("video", "1"), media_section("video", "2"))
    assert used(read(two)) == both_ways(audio="0", video="1")


def test_what_was_chosen_stays_chosen_while_it_serves() -> None:
    former = read(offer_of(SOUND, media_section("video", "b")))
    two = offer_of(SOUND, media_section("video", "a"), media_section("video", "b"))
    assert used(read(two)) == both_ways(audio="0", video="a")
    assert used(read(two, former)) == both_ways(audio="0", video="b")
    gone = offer_of(SOUND, media_section("video", "a"), media_section("video", "b", "inactive"))
    assert used(read(gone, former)) == both_ways(audio="0", video="a")
    half = offer_of(SOUND, media_section("video", "a"), media_section("video", "b", "sendonly"))
    assert used(read(half, former)) == (
        {"audio": "0", "video": "b"},
        {"audio": "0", "video": "a"},
    )
    another = two.replace("o=- 20518", "o=- 20519")
    assert used(read(another, former))[0]["video"] == "a", "it is another peer's"


def test_a_late_camera() -> None:
    before = read(offer_of(SOUND, media_section("video", "1", "recvonly")))
    assert used(before) == ({"audio": "0"}, {"audio": "0", "video": "1"})
    assert used(read(offer_of(SOUND, PICTURE), before)) == both_ways(audio="0", video="1")
    new_section = offer_of(
        SOUND, media_section("video", "1", "recvonly"), media_section("video", "2", "sendonly")
    )
    assert used(read(new_section, before))[0] == {"audio": "0", "video": "2"}


def test_as_many_sections_as_there_may_be() -> None:
    terms = read(MANY)
    assert len(terms.sections) == 64
    assert used(terms) == both_ways(audio="0", video="1")
    assert len(terms.accepted) == 64


# transports


def test_the_first_of_the_bundle_names_the_transport() -> None:
    assert read(BESIDE_DATA).accepted == ("0", "1"), "the data is rejected"
    turned = offer_of(SOUND, PICTURE, bundle="1 0")
    assert read(turned).accepted == ("1", "0")


@pytest.mark.parametrize(
    ("sdp", "ufrag"), [(UNBUNDLED, "soun"), (OLD, "F7gI")], ids=["unbundled", "old"]
)
def test_without_bundle_there_is_one_transport_and_it_is_the_sounds(sdp: str, ufrag: str) -> None:
    terms = read(sdp)
    assert (list(terms.sending), terms.ufrag, terms.is_bundle) == (["audio"], ufrag, False)


def test_of_several_bundles_the_one_that_serves_more_kinds_is_taken() -> None:
    sdp = offer_of(
        media_section("audio", "a", ufrag="one"),
        media_section("audio", "b", ufrag="two"),
        media_section("video", "c", ufrag="two"),
        bundle="a",
        more="a=group:LS a c\r\na=group:BUNDLE b c\r\n",
    )
    terms = read(sdp)
    assert (used(terms)[0], terms.ufrag) == ({"audio": "b", "video": "c"}, "two")
    assert [each.terms is None for each in terms.sections] == [True, False, False]


def test_a_section_outside_the_bundle_is_rejected() -> None:
    assert used(read(CHROMIUM.replace("BUNDLE 0 1", "BUNDLE 0")))[0] == {"audio": "0"}
    picture_alone = offer_of(SOUND, PICTURE, bundle="1")
    assert used(read(picture_alone))[0] == {"audio": "0"}, "each is alone then: sound is taken"


def test_a_rejected_section_of_the_bundle_has_no_say_in_the_transport() -> None:
    terms = read(offer_of(media_section("audio", "0", port=0, ufrag="dead"), PICTURE))
    assert (list(terms.sending), terms.ufrag) == (["video"], "F7gI")


def test_what_belongs_to_the_session_counts_for_its_sections() -> None:
    keys = "a=ice-ufrag:sess\r\na=ice-pwd:pass\r\na=setup:active\r\na=fingerprint:sha-256 AB\r\n"
    bare = [
        media_section(kind, mid, "x-nowhere", ufrag="", fingerprint="")
        for kind, mid in (("audio", "0"), ("video", "1"))
    ]
    terms = read(offer_of(*bare, more=keys + f"a=extmap:5 {MID}\r\na=recvonly\r\n"))
    assert (terms.ufrag, terms.password, terms.setup) == ("sess", "pass", "client")
    assert [f.value for f in terms.fingerprints] == ["AB"]
    assert used(terms) == ({}, {"audio": "0", "video": "1"})
    assert terms.audio.extensions == {MID: 5}


@pytest.mark.parametrize("line", ["a=setup:holdconn", "a=setup:later", "a=x-setup:no"])
def test_whoever_says_nothing_of_its_dtls_role_may_have_any(line: str) -> None:
    assert read(CHROMIUM.replace("a=setup:actpass", line)).setup == "auto"


# what is unknown or not legal


STRANGE = [
    "a=fmtp:120 x=1",
    "a=fmtp:96",
    "a=fmtp:",
    "a=rtcp-fb:120 nack",
    "a=rtcp-fb:96",
    "a=rtcp-fb",
    "a=rtpmap:55 VP8/90000",
    "a=rtpmap:x y",
    "a=rtpmap:96",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:encrypt urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:4/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=extmap:4",
    "a=extmap:four urn:x",
    "a=extmap:" + "9" * 5000 + " urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=setup:holdconn",
    "a=candidate:not one",
    "a=ssrc:no number",
    "a=rid:h send pt=96",
    "a=simulcast:send h",
    "a=x-google-flag:conference",
    "a=group",
    "a=",
    "b=AS:500",
    "c=IN ATM 0",
    "k=clear:x",
    "not a line at all",
    "",
]


@pytest.mark.parametrize("line", STRANGE)
def test_what_is_unknown_is_skipped(line: str) -> None:
    usual = offer_of(SOUND, PICTURE)
    for sdp in (usual + line + "\r\n", usual.replace("m=audio", line + "\r\nm=audio")):
        assert read(sdp).sending == read(usual).sending
        assert read(sdp).accepted == ("0", "1")


def test_extensions_may_have_attributes_and_directions() -> None:
    line = f"a=extmap:4/sendrecv {AUDIO_LEVEL} vad=on\r\n"
    assert read(offer_of(SOUND + line)).audio.extensions == {AUDIO_LEVEL: 4}


def test_an_id_names_one_extension_and_an_extension_has_one_id() -> None:
    lines = f"a=extmap:4 {AUDIO_LEVEL}\r\na=extmap:4 {MID}\r\na=extmap:5 {AUDIO_LEVEL}\r\n"
    assert read(offer_of(SOUND + lines)).audio.extensions == {AUDIO_LEVEL: 4}


@pytest.mark.parametrize("codec", ["opus/16000/1", "opus/48000", "OPUS/24000/1", "opus/8000/2"])
def test_opus_is_opus_however_its_rate_is_written(codec: str) -> None:
    assert read(offer_of(media_section("audio", "0", codecs=(codec,)))).audio.payload_type == 111


def test_the_first_format_that_is_usable_counts() -> None:
    two = media_section("video", "1", codecs=("VP9/90000", "VP8/90000", "rtx/90000", "VP8/90000"))
    terms = read(offer_of(SOUND, two))
    assert (terms.video.payload_type, terms.video.rtx_payload_type) == (97, 98)
    turned = two.replace("SAVPF 96 97 98 99", "SAVPF 99 97 98")
    assert read(offer_of(SOUND, turned)).video.payload_type == 99


@pytest.mark.parametrize("codec", ["VP8/48000", "VP8", "VP8/", "VP80/90000", "/90000"])
def test_vp8_has_one_clock_rate(codec: str) -> None:
    assert used(read(offer_of(SOUND, media_section("video", "1", codecs=(codec,))))) == both_ways(
        audio="0"
    )


@pytest.mark.parametrize("number", [64, 72, 95, 128, 300])
def test_formats_that_rtp_cannot_number_are_no_formats(number: int) -> None:
    sdp = offer_of(SOUND, media_section("video", "1", payload_type=number, codecs=("VP8/90000",)))
    assert used(read(sdp)) == both_ways(audio="0")


def test_a_number_with_two_meanings_has_that_of_the_sound() -> None:
    assert used(read(ONE_NUMBER_FOR_BOTH)) == both_ways(audio="0")
    rtx_like_opus = offer_of(SOUND, media_section("video", "1", payload_type=110))
    terms = read(rtx_like_opus)
    assert (terms.video.payload_type, terms.video.rtx_payload_type) == (110, None)
    other = offer_of(media_section("audio", "0", payload_type=96, codecs=("PCMU/8000",)), PICTURE)
    assert used(read(other)) == both_ways(video="1")


def test_a_section_without_rtcp_mux_is_rejected() -> None:
    bare = without(PICTURE, "a=rtcp-mux")
    assert used(read(offer_of(SOUND, bare))) == both_ways(audio="0")
    with pytest.raises(SdpError, match=r"^video without rtcp-mux$"):
        read(offer_of(bare))


def test_a_red_that_has_a_number_of_something_else_is_left_out() -> None:
    terms = read(OUR_PAGE.replace("rtpmap:96 VP8", "rtpmap:63 VP8").replace(" 96 97", " 63 97"))
    assert terms.audio.red_payload_type == 63
    assert terms.video.payload_type == -1
    assert read(OUR_PAGE.replace("63", "111")).audio.red_payload_type is None


def test_the_peers_wishes_are_those_that_others_can_be_told_of() -> None:
    all_of_them = (
        "minptime=20; useinbandfec=0;stereo=1;maxplaybackrate=16000;maxaveragebitrate=20000;"
        "usedtx=1;cbr=0"
    )
    assert read(offer_of(SOUND + f"a=fmtp:111 {all_of_them}\r\n")).wishes == (
        ("minptime", 20),
        ("useinbandfec", 0),
        ("stereo", 1),
        ("maxplaybackrate", 16000),
        ("maxaveragebitrate", 20000),
        ("usedtx", 1),
        ("cbr", 0),
    )
    strange = "minptime=1;stereo=2;sprop-stereo=1;x-me=17;usedtx=yes;cbr=;maxaveragebitrate="
    assert read(offer_of(SOUND + f"a=fmtp:111 {strange}{'9' * 50}\r\n")).wishes == ()
    assert (
        read(offer_of(media_section("audio", "0", "sendonly", "a=fmtp:111 stereo=1"))).wishes == ()
    )


def test_data_is_nobodys_concern() -> None:
    for sdp in (CHROMIUM + DATA_SECTION, FIREFOX + DATA_SECTION):
        assert read(sdp).sections[2].terms is None
