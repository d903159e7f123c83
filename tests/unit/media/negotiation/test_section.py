"""SDP taken apart into sections, and the attributes that are kept of it."""

import pytest

from relay.errors import SdpError
from relay.media.negotiation.section import MAX_INHERITED, MAX_LINES, MAX_SECTIONS, number, parse

TEXT = (
    "v=0\r\no=- 42 7 IN IP4 0.0.0.0\r\ns=-\r\na=group:BUNDLE 0 x\r\na=group:LS 0\r\n"
    "a=setup:active\r\na=recvonly\r\n"
    "m=audio 9/2 RTP/SAVPF 111 0\r\na=mid:0\r\na=fmtp:111 a=b:c\r\na=fmtp:0 d\r\n"
    "a=ssrc:1 cname:me\r\nm=video 0 RTP/SAVPF 96\r\na=mid: x \r\na=setup:passive\r\na=sendonly \r\n"
    "a=bundle-only \r\nm=text 0 RTP/AVP 98\r\n"
)


def test_a_description_and_its_sections() -> None:
    description = parse(TEXT)
    assert description.session_id == "42"
    assert description.bundles == (("0", "x"),)
    audio, video, text = description.sections
    assert (audio.kind, audio.port, audio.profile, audio.formats) == (
        "audio",
        9,
        "RTP/SAVPF",
        ("111", "0"),
    )
    assert (audio.mid, video.mid, text.mid) == ("0", "x", "")
    assert audio.all("fmtp") == ["111 a=b:c", "0 d"]
    assert (audio.first("ice-ufrag"), audio.all("ice-ufrag")) == ("", [])


def test_the_first_session_id_counts() -> None:
    assert parse("o=- 1 1 IN IP4 0.0.0.0\no=- 2 1 IN IP4 0.0.0.0").session_id == "1"


def test_a_section_takes_from_the_session_what_it_does_not_say_itself() -> None:
    audio, video, _ = parse(TEXT).sections
    assert (audio.first("setup"), audio.direction) == ("active", "recvonly")
    assert (video.first("setup"), video.direction) == ("passive", "sendonly")
    assert parse("m=audio 9 x 0").sections[0].direction == "sendrecv"


def test_port_0_is_a_rejection_unless_the_bundle_has_the_port() -> None:
    assert [section.is_rejected for section in parse(TEXT).sections] == [False, False, True]


def test_what_nobody_needs_is_not_kept() -> None:
    kept = set(parse(TEXT).sections[0].attributes)
    assert kept == {"mid", "fmtp", "setup", "direction"}


def test_limits() -> None:
    parse("m=audio 9 x 0\n" * MAX_SECTIONS)
    with pytest.raises(SdpError, match="sections"):
        parse("m=audio 9 x 0\n" * (MAX_SECTIONS + 1))
    parse("\n" * MAX_LINES)
    with pytest.raises(SdpError, match="lines"):
        parse("\n" * (MAX_LINES + 1))


def test_so_many_values_count_of_what_is_inherited() -> None:
    lines = "a=extmap:1 x\n" * 99 + "a=rtcp-fb:96 x\n" * 99
    for text in (f"{lines}m=audio 9 x 0\n", f"m=audio 9 x 0\n{lines}"):
        assert len(parse(text).sections[0].all("extmap")) == MAX_INHERITED
    assert len(parse(text).sections[0].all("rtcp-fb")) == 99, "browsers send that many"


@pytest.mark.parametrize(
    "line", ["m=", "m=audio", "m=audio 9 x", "m=audio nine x 0", "m=audio -1 x 0"]
)
def test_sections_that_could_not_be_answered(line: str) -> None:
    with pytest.raises(SdpError, match="malformed"):
        parse(line)


def test_numbers() -> None:
    assert [number(text) for text in ("0", "96", "007", "123456789")] == [0, 96, 7, 123456789]
    for text in ("", "-1", "+1", "1.0", " 1", "x", "\u0661", "\u00b2", "1234567890"):
        assert number(text) is None
