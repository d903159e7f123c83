import re

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from relay.bots.description import (
    ABS_SEND_TIME,
    AUDIO_LEVEL,
    MID,
    TRANSPORT_CC,
    Local,
    Numbering,
    Ssrcs,
    agreed_id,
    agreeing,
    free_id,
    read_remote,
    write_answer,
    write_offer,
)
from relay.errors import BotError
from tests.support import offers

FINGERPRINT = ":".join(["AB"] * 32)
FIREFOX = Numbering(
    opus=109, vp8=120, rtx=124, extension_ids={AUDIO_LEVEL: 1, MID: 3, ABS_SEND_TIME: 4}
)


def local(numbering: Numbering | None = None) -> Local:
    return Local(
        ufrag="abcd1234",
        password="p" * 32,
        fingerprint=FINGERPRINT,
        address=("127.0.0.1", 4000),
        ssrcs=Ssrcs(audio=11, video=22, rtx=33),
        cname="me",
        numbering=numbering or Numbering(),
    )


def test_an_offer_has_what_webrtc_needs() -> None:
    offer = write_offer(local())
    assert offer.endswith("\r\n")
    for line in (
        "a=group:BUNDLE 0 1",
        "a=rtcp-mux",
        "a=setup:actpass",
        "a=ice-ufrag:abcd1234",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:96 VP8/90000",
        "a=fmtp:97 apt=96",
        "a=rtcp-fb:96 nack pli",
        "a=rtcp-fb:96 transport-cc",
        f"a=extmap:4 {MID}",
        "a=ssrc-group:FID 22 33",
    ):
        assert f"{line}\r\n" in offer
    assert offer.count("a=rtcp-mux\r\n") == 2


def test_the_audio_level_is_offered_for_audio_only() -> None:
    audio, video = write_offer(local()).split("m=video")
    assert AUDIO_LEVEL in audio
    assert AUDIO_LEVEL not in video


def test_what_is_not_numbered_is_not_offered() -> None:
    offer = write_offer(local(Numbering(rtx=0, extension_ids={MID: 1})))
    assert "rtx" not in offer
    assert "FID" not in offer
    assert "transport-cc" not in offer
    assert read_remote(offer).numbering == Numbering(rtx=0, extension_ids={MID: 1})


@pytest.mark.parametrize("numbering", [Numbering(), FIREFOX])
def test_an_offer_is_read_back(numbering: Numbering) -> None:
    remote = read_remote(write_offer(local(numbering)))
    assert (remote.ufrag, remote.password) == ("abcd1234", "p" * 32)
    assert [(f.algorithm, f.value) for f in remote.fingerprints] == [("sha-256", FINGERPRINT)]
    assert remote.dtls_role == "auto"
    assert not remote.is_lite
    assert remote.address == ("127.0.0.1", 4000)
    assert (remote.audio_ssrcs, remote.video_ssrcs) == ((11,), (22, 33))
    assert remote.numbering == numbering


def test_an_answer_adopts_the_offers_numbering_and_mids() -> None:
    offer = write_offer(local(FIREFOX)).replace("mid:0", "mid:sound").replace("mid:1", "mid:film")
    answer = write_answer(local(), read_remote(offer))
    remote = read_remote(answer)
    assert remote.numbering == FIREFOX
    assert remote.mids == ("sound", "film")
    assert remote.dtls_role == "client"
    assert "a=group:BUNDLE sound film\r\n" in answer
    assert TRANSPORT_CC not in answer


def test_a_lite_side_is_known() -> None:
    offer = write_offer(local()).replace("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n")
    assert read_remote(offer).is_lite


def test_the_first_udp_candidate_counts() -> None:
    tcp = "a=candidate:2 1 tcp 99 10.0.0.1 443 typ host tcptype passive\r\na=candidate:1"
    offer = write_offer(local()).replace("a=candidate:1", tcp)
    assert read_remote(offer).address == ("127.0.0.1", 4000)
    without = re.sub(r"a=candidate.*\r\n", "", offer)
    assert read_remote(without).address is None


def test_random_ssrcs_differ() -> None:
    for _ in range(100):
        ssrcs = Ssrcs.random()
        assert len({ssrcs.audio, ssrcs.video, ssrcs.rtx}) == 3
        assert 0 < ssrcs.audio < ssrcs.rtx < 2**32


@pytest.mark.parametrize(
    "cut", ["m=audio", "m=video", "a=ice-ufrag", "a=ice-pwd", "a=setup", "a=rtpmap:96", "opus"]
)
def test_an_offer_that_lacks_something_is_refused(cut: str) -> None:
    lines = [line for line in write_offer(local()).split("\r\n") if cut not in line]
    with pytest.raises(BotError, match="unusable SDP"):
        read_remote("\r\n".join(lines))


@given(st.text())
def test_any_text_is_refused_cleanly(text: str) -> None:
    with pytest.raises(BotError):
        read_remote(text)


@given(st.data())
def test_a_damaged_offer_is_read_or_refused(data: st.DataObject) -> None:
    offer = re.sub(r"o=- \d+", "o=- 1", write_offer(local()))
    start = data.draw(st.integers(0, len(offer)))
    end = data.draw(st.integers(start, min(len(offer), start + 40)))
    try:
        remote = read_remote(offer[:start] + data.draw(st.text(max_size=10)) + offer[end:])
    except BotError:
        return
    assert SessionDescription.parse(write_answer(local(), remote))


def test_a_description_that_agrees_says_so_in_each_section() -> None:
    plain = offers.without(
        offers.CHROMIUM, f"a=extmap:3 {TRANSPORT_CC}", "a=rtcp-fb:111 t", "a=rtcp-fb:96 t"
    )
    assert agreed_id(plain) is None
    assert free_id(plain) == 3
    agreed = agreeing(plain, 3)
    assert agreed_id(agreed) == 3
    for kind in ("audio", "video"):
        assert offers.section(agreed, kind).count("a=rtcp-fb:* transport-cc\r") == 1
    assert read_remote(agreed).numbering.extension_ids[TRANSPORT_CC] == 3
    assert read_remote(agreed).numbering.extension_ids[MID] == 4


def test_who_tells_of_arrivals_leaves_the_estimate_to_the_sender() -> None:
    agreed = agreeing(offers.CHROMIUM, 3)
    assert "goog-remb" in offers.CHROMIUM
    assert "goog-remb" not in agreed
    assert ABS_SEND_TIME not in agreed
    assert "a=rtcp-fb:96 nack pli\r\n" in agreed


def test_a_refused_section_agrees_to_nothing() -> None:
    refused = offers.FIREFOX.replace("m=audio 9", "m=audio 0")
    assert "rtcp-fb:*" not in offers.section(agreeing(refused, 14), "audio")


def test_an_agreed_id_may_have_a_direction_and_must_be_usable() -> None:
    assert agreed_id(offers.FIREFOX) == 7
    assert agreed_id(offers.FIREFOX.replace("extmap:7 ", "extmap:7/recvonly ")) == 7
    assert agreed_id(offers.FIREFOX.replace("extmap:7 ", "extmap:15 ")) is None
