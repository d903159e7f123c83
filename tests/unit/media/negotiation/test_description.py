"""The relay's own descriptions, read back as a peer reads them."""

from dataclasses import replace

import pytest
from aiortc.sdp import MediaDescription, SessionDescription

from relay.media.negotiation.description import (
    OFFERED,
    USUAL_WISHES,
    LocalSide,
    Ssrcs,
    write_answer,
    write_offer,
)
from relay.media.negotiation.sdp import ABS_SEND_TIME, MID, TRANSPORT_CC, Wishes, read
from relay.media.paths.dtls import Fingerprint
from relay.media.paths.ice import Credentials
from tests.support.offers import (
    CHROMIUM,
    DATA_SECTION,
    FIREFOX,
    OLD,
    OUR_PAGE,
    PICTURE,
    RECEIVES_FIRST,
    SCREEN_FIRST,
    SOUND,
    STOPPED,
    UNBUNDLED,
    WITHOUT_VP8,
    bundle_only,
    media_section,
    offer_of,
    section,
    without,
)

LOCAL = LocalSide(
    credentials=Credentials("ourufrag", "ourpassword"),
    fingerprints=(Fingerprint("sha-256", "AA:BB"),),
    addresses=(("192.0.2.1", 7882), ("2001:db8::1", 7882)),
    cname="ourcname",
    audio=Ssrcs(11, 12),
    video=Ssrcs(21, 22),
)


def answered(offer: str, role: str = "client") -> tuple[str, SessionDescription]:
    text = write_answer(LOCAL, read(offer), role)
    return text, SessionDescription.parse(text)


def codecs(media: MediaDescription) -> list[tuple[int | None, str]]:
    return [(c.payloadType, c.mimeType) for c in media.rtp.codecs]


def test_the_answer_to_chromium() -> None:
    text, session = answered(CHROMIUM)
    audio, video = session.media
    assert [str(group) for group in session.group] == ["BUNDLE 0 1"]
    assert (audio.kind, audio.rtp.muxId, audio.direction) == ("audio", "0", "sendrecv")
    assert (video.kind, video.rtp.muxId, video.direction) == ("video", "1", "sendrecv")
    assert codecs(audio) == [(111, "audio/opus"), (63, "audio/red")]
    assert codecs(video) == [(96, "video/VP8"), (97, "video/rtx")]
    assert video.rtp.codecs[1].parameters == {"apt": 96}
    assert audio.rtp.codecs[0].parameters == {"minptime": 10, "useinbandfec": 1}
    assert audio.rtp.codecs[0].channels == 2
    assert [
        str(f.type) + (f" {f.parameter}" if f.parameter else "")
        for f in video.rtp.codecs[0].rtcpFeedback
    ] == ["nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"]
    assert {e.uri: e.id for e in video.rtp.headerExtensions}[TRANSPORT_CC] == 3
    for media in session.media:
        assert media.rtcp_mux
        assert media.port == 9
        assert media.ice is not None
        assert media.ice.iceLite
        assert (media.ice.usernameFragment, media.ice.password) == ("ourufrag", "ourpassword")
        assert media.dtls is not None
        assert media.dtls.role == "client"
        assert [f.value for f in media.dtls.fingerprints] == ["AA:BB"]
        assert media.ice_candidates_complete
    assert "a=setup:active" in text


def test_candidates_are_ours_best_first() -> None:
    _, session = answered(CHROMIUM)
    for media in session.media:
        assert [(c.ip, c.port, c.protocol, c.type) for c in media.ice_candidates] == [
            ("192.0.2.1", 7882, "udp", "host"),
            ("2001:db8::1", 7882, "udp", "host"),
        ]
        first, second = media.ice_candidates
        assert first.priority > second.priority
        assert first.foundation != second.foundation


def test_the_streams_are_ours() -> None:
    _, session = answered(CHROMIUM)
    audio, video = session.media
    assert [s.ssrc for s in audio.ssrc] == [11]
    assert [s.ssrc for s in video.ssrc] == [21, 22]
    assert [str(group) for group in video.ssrc_group] == ["FID 21 22"]
    assert audio.ssrc_group == []
    assert {s.cname for s in audio.ssrc + video.ssrc} == {"ourcname"}
    assert audio.msid is not None
    assert video.msid is not None
    assert audio.msid.split()[0] == video.msid.split()[0], "one stream, for lip-sync"
    assert audio.msid != video.msid


def test_nothing_of_the_peers_identity_is_repeated() -> None:
    for offer, secrets in [
        (
            CHROMIUM,
            ("4TOk42mSjXCkVIa6", "7c1e3f5a", "F7gI", "x9cml", "203.0.113", "192.168"),
        ),
        (FIREFOX, ("c2b1", "e30a", "be8d4d01", "4021128450", "mozilla")),
    ]:
        text, _ = answered(offer)
        assert not [secret for secret in secrets if secret in text]


def test_the_answer_to_firefox_uses_its_numbers() -> None:
    _, session = answered(FIREFOX)
    audio, video = session.media
    assert codecs(audio) == [(109, "audio/opus")]
    assert codecs(video) == [(120, "video/VP8"), (124, "video/rtx")]
    assert {e.uri: e.id for e in video.rtp.headerExtensions} == {
        MID: 3,
        ABS_SEND_TIME: 4,
        TRANSPORT_CC: 7,
    }
    assert audio.rtp.codecs[0].rtcpFeedback == []


def test_bundle_only_sections_are_accepted() -> None:
    text, session = answered(bundle_only(FIREFOX))
    assert [media.port for media in session.media] == [9, 9]
    assert text == answered(FIREFOX)[0]


@pytest.mark.parametrize("role", ["client", "server"])
def test_the_dtls_role_is_said_in_every_section(role: str) -> None:
    _, session = answered(CHROMIUM, role)
    assert [m.dtls.role for m in session.media if m.dtls] == [role, role]


def test_every_section_has_its_place() -> None:
    nameless = without(DATA_SECTION, "a=mid")
    sdp = offer_of(
        SOUND, DATA_SECTION, PICTURE, media_section("video", "late"), nameless, bundle="0 2 1 late"
    )
    text, session = answered(sdp)
    assert [(m.kind, m.rtp.muxId, m.port, m.direction) for m in session.media] == [
        ("audio", "0", 9, "sendrecv"),
        ("application", "2", 0, "inactive"),
        ("video", "1", 9, "sendrecv"),
        ("video", "late", 9, "inactive"),
        ("application", "", 0, "inactive"),
    ]
    assert [str(group) for group in session.group] == ["BUNDLE 0 1 late"]
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n" in text
    assert text.count("c=IN IP4 0.0.0.0") == 5, "Firefox wants one in every section"
    for keys in ("ice-ufrag:", "ice-pwd:", "fingerprint:sha-256 ", "setup:"):
        assert text.count(f"a={keys}") == 5, "aiortc wants them even where it is rejected"
    assert session.media[3].ssrc == []
    assert codecs(session.media[3]) == [(96, "video/VP8"), (97, "video/rtx")]


def test_what_receives_and_what_sends_may_be_two_sections() -> None:
    _, session = answered(RECEIVES_FIRST)
    assert [(m.rtp.muxId, m.direction, bool(m.ssrc)) for m in session.media] == [
        ("0", "sendonly", True),
        ("1", "sendonly", True),
        ("2", "recvonly", False),
        ("3", "recvonly", False),
    ]


def test_a_camera_is_seen_though_a_screen_stands_first() -> None:
    _, session = answered(SCREEN_FIRST)
    assert [m.direction for m in session.media] == ["sendrecv", "inactive", "sendrecv"]


@pytest.mark.parametrize("sdp", [STOPPED, WITHOUT_VP8], ids=["stopped", "without VP8"])
def test_a_picture_that_cannot_be_is_rejected(sdp: str) -> None:
    text, session = answered(sdp)
    assert [(m.kind, m.port) for m in session.media] == [("audio", 9), ("video", 0)]
    assert [str(group) for group in session.group] == ["BUNDLE 0"]
    assert "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n" in text


@pytest.mark.parametrize("sdp", [UNBUNDLED, OLD], ids=["unbundled", "old"])
def test_without_bundle_one_section_is_taken_and_no_group_answered(sdp: str) -> None:
    _, session = answered(sdp)
    assert {m.kind: m.port for m in session.media} == {"video": 0, "audio": 9}
    assert session.group == []


def test_rtcp_may_be_short_where_that_was_offered() -> None:
    text, _ = answered(FIREFOX)
    assert "a=rtcp-rsize" not in section(text, "audio")
    assert "a=rtcp-rsize" in section(text, "video")


def test_the_answer_wishes_for_sound_as_the_partner_does() -> None:
    usual = section(answered(FIREFOX)[0], "audio")
    assert "a=fmtp:109 minptime=10;useinbandfec=1\r\n" in usual, "not what Firefox wrote itself"
    partner = replace(LOCAL, wishes=read(FIREFOX).wishes)
    asked = section(write_answer(partner, read(CHROMIUM), "server"), "audio")
    assert "a=fmtp:111 useinbandfec=1;stereo=1;maxplaybackrate=48000\r\n" in asked
    assert "max-fs" not in answered(FIREFOX)[0]


@pytest.mark.parametrize(
    ("offered", "answer", "announced"),
    [
        ("sendrecv", "sendrecv", True),
        ("sendonly", "recvonly", False),
        ("recvonly", "sendonly", True),
        ("inactive", "inactive", False),
    ],
)
def test_directions(offered: str, answer: str, announced: bool) -> None:
    _, session = answered(CHROMIUM.replace("a=sendrecv", f"a={offered}"))
    for media in session.media:
        assert media.direction == answer
        assert bool(media.ssrc) is announced


def test_a_peer_without_rtx_gets_none() -> None:
    _, session = answered(without(CHROMIUM, "a=fmtp:97"))
    video = session.media[1]
    assert codecs(video) == [(96, "video/VP8")]
    assert [s.ssrc for s in video.ssrc] == [21]
    assert video.ssrc_group == []


def test_an_ice_restart_changes_only_the_credentials() -> None:
    before, _ = answered(CHROMIUM)
    restarted = replace(LOCAL, credentials=Credentials("newufrag", "newpassword"))
    after = write_answer(restarted, read(CHROMIUM), "client")
    assert after == before.replace("ourufrag", "newufrag").replace("ourpassword", "newpassword")


def test_red_stands_where_the_peer_has_it() -> None:
    for offer, order in ((CHROMIUM, "111 63"), (OUR_PAGE, "63 111")):
        text, _ = answered(offer)
        assert f"m=audio 9 UDP/TLS/RTP/SAVPF {order}\r\n" in text
        assert "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n" in text
    assert "red" not in answered(FIREFOX)[0]


def test_nack_for_sound_is_agreed_with_our_page() -> None:
    assert "a=rtcp-fb:111 nack\r\n" in answered(OUR_PAGE)[0]
    assert "a=rtcp-fb:111 nack\r\n" not in answered(CHROMIUM)[0]


@pytest.mark.parametrize("wishes", [(), (("stereo", 1),), (("useinbandfec", 0),)])
def test_in_band_fec_is_asked_for_whatever_the_partner_says(wishes: Wishes) -> None:
    """Every decoder takes it (RFC 7587 section 6.1), and the answer outlives the partner."""
    text = write_answer(replace(LOCAL, wishes=wishes), read(CHROMIUM), "client")
    assert text.count("useinbandfec=1") == 1
    assert "useinbandfec=0" not in text


def test_our_offer_can_be_read_as_any_peers() -> None:
    text = write_offer(LOCAL)
    terms = read(text)
    assert terms.setup == "auto"
    assert (terms.audio, terms.video) == (replace(OFFERED[0], wishes=USUAL_WISHES), OFFERED[1])
    assert "a=ice-lite\r\n" in text
    assert [str(g) for g in SessionDescription.parse(text).group] == ["BUNDLE 0 1"]


def test_our_offers_extension_ids_do_not_meet_in_the_bundle() -> None:
    video = read(write_offer(LOCAL)).video.extensions
    audio = read(write_offer(LOCAL)).audio.extensions
    ids = list(audio.values()) + list(video.values())
    assert all(1 <= number <= 14 for number in ids)
    for uri in audio.keys() & video.keys():
        assert audio[uri] == video[uri], "endpoints keep one table for a BUNDLE"
    for uri in audio.keys() ^ video.keys():
        number = {**audio, **video}[uri]
        assert ids.count(number) == 1


def test_every_line_ends_as_sdp_wants_it() -> None:
    for text in (write_offer(LOCAL), answered(CHROMIUM)[0]):
        assert text.endswith("\r\n")
        assert "\n" not in text.replace("\r\n", "")
        assert "" not in text.split("\r\n")[:-1]
