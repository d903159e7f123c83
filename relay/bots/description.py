"""SDP: what a thin peer writes and reads, and what is added to aiortc's (RFC 8829)."""

import re
import secrets
from dataclasses import dataclass, field, replace

from aiortc.rtcdtlstransport import RTCDtlsFingerprint
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription

from relay.errors import BotError

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

_EXTENSIONS_OF_KIND = {
    "audio": (MID, AUDIO_LEVEL, ABS_SEND_TIME, TRANSPORT_CC),
    "video": (MID, ABS_SEND_TIME, TRANSPORT_CC),
}


_EXTMAP = re.compile(rf"^a=extmap:(\d+)(?:/\w+)? {re.escape(TRANSPORT_CC)}\b", re.MULTILINE)
_REMB = re.compile(
    rf"^a=(?:rtcp-fb:\S+ goog-remb|extmap:\S+ {re.escape(ABS_SEND_TIME)})\r?\n", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Numbering:
    """The payload types and the header extension ids that an endpoint uses.

    Browsers differ in these, so tests vary them. ``extension_ids`` maps an extension's URI to its
    id (1 to 14, RFC 8285); an extension that is not in it is not negotiated.
    """

    opus: int = 111
    vp8: int = 96
    rtx: int = 97
    extension_ids: dict[str, int] = field(
        default_factory=lambda: {AUDIO_LEVEL: 1, ABS_SEND_TIME: 2, TRANSPORT_CC: 3, MID: 4}
    )


@dataclass(frozen=True, slots=True)
class Ssrcs:
    """The SSRCs of the streams that an endpoint sends."""

    audio: int
    video: int
    rtx: int

    @classmethod
    def random(cls) -> "Ssrcs":
        """Three that differ."""
        first = secrets.randbelow(0xFFFF_FFF0) + 1
        return cls(first, first + 1, first + 2)


@dataclass(frozen=True, slots=True)
class Local:
    """What a thin peer says of itself in its SDP.

    ``address`` is the host candidate (address, port); ``fingerprint`` is the SHA-256 of its
    certificate, as SDP spells it.
    """

    ufrag: str
    password: str
    fingerprint: str
    address: tuple[str, int]
    ssrcs: Ssrcs
    cname: str
    numbering: Numbering = field(default_factory=Numbering)
    mids: tuple[str, str] = ("0", "1")  # audio, video


@dataclass(frozen=True, slots=True)
class Remote:
    """What a thin peer needs to know of the other side.

    ``dtls_role`` is the other side's: ``client``, ``server`` or, in an offer, ``auto``.
    ``address`` is its first UDP candidate, or None when it named none.
    """

    ufrag: str
    password: str
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    dtls_role: str
    is_lite: bool
    address: tuple[str, int] | None
    audio_ssrcs: tuple[int, ...]
    video_ssrcs: tuple[int, ...]
    numbering: Numbering
    mids: tuple[str, str]


def write_offer(local: Local) -> str:
    """An offer of one audio and one video stream, both ways, bundled."""
    return _write(local, setup="actpass")


def write_answer(local: Local, remote: Remote) -> str:
    """The answer to an offer, in the offer's numbering and with its mids; DTLS is ours to start."""
    adopted = replace(local, numbering=remote.numbering, mids=remote.mids)
    return _write(adopted, setup="active")


def read_remote(sdp: str) -> Remote:
    """Read an offer or an answer.

    :raises BotError: when it is malformed, or lacks audio, video, VP8, Opus or ICE and DTLS
        parameters.
    """
    try:
        session = SessionDescription.parse(sdp)
        media = {section.kind: section for section in session.media}
        return _remote(media["audio"], media["video"])
    except (
        AssertionError,
        AttributeError,
        IndexError,
        KeyError,
        StopIteration,
        TypeError,
        ValueError,
    ) as error:
        raise BotError(f"unusable SDP: {type(error).__name__} {error}") from error


def agreed_id(sdp: str) -> int | None:
    """The id that a description gives the extension; None when it does not have it."""
    found = _EXTMAP.search(sdp)
    return int(found[1]) if found is not None and 1 <= int(found[1]) <= 14 else None


def free_id(sdp: str) -> int:
    """An id that no extension of a description has."""
    taken = {int(number) for number in re.findall(r"^a=extmap:(\d+)", sdp, re.MULTILINE)}
    return next(number for number in range(1, 15) if number not in taken)


def agreeing(sdp: str, extension_id: int) -> str:
    """The description, with the extension and its feedback in each section that is not refused.

    REMB and what it is made from are taken out: aiortc estimates half again as much as comes, which
    would hold down a sender that starts small.
    """
    lines = f"a=extmap:{extension_id} {TRANSPORT_CC}\r\na=rtcp-fb:* transport-cc\r\n"
    head, *sections = re.split(r"(?m)^(?=m=)", _REMB.sub("", sdp))
    return head + "".join(
        section + lines if re.match(r"m=(audio|video) [1-9]", section) else section
        for section in sections
    )


def _remote(audio: MediaDescription, video: MediaDescription) -> Remote:
    ice, dtls = audio.ice, audio.dtls
    if ice is None or dtls is None or not ice.usernameFragment or not ice.password:
        raise BotError("unusable SDP: no ICE or DTLS parameters")
    return Remote(
        ufrag=ice.usernameFragment,
        password=ice.password,
        fingerprints=tuple(dtls.fingerprints),
        dtls_role=dtls.role,
        is_lite=bool(ice.iceLite),
        address=_first_udp_address(audio),
        audio_ssrcs=tuple(source.ssrc for source in audio.ssrc),
        video_ssrcs=tuple(source.ssrc for source in video.ssrc),
        numbering=Numbering(
            opus=_payload_type(audio, "audio/opus"),
            vp8=_payload_type(video, "video/vp8"),
            rtx=_rtx_of(video, _payload_type(video, "video/vp8")),
            extension_ids={
                extension.uri: extension.id
                for section in (video, audio)
                for extension in section.rtp.headerExtensions
                if extension.uri in _EXTENSIONS_OF_KIND["audio"]
            },
        ),
        mids=(audio.rtp.muxId, video.rtp.muxId),
    )


def _first_udp_address(section: MediaDescription) -> tuple[str, int] | None:
    for candidate in section.ice_candidates:
        if candidate.protocol.lower() == "udp" and candidate.component == 1:
            return candidate.ip, candidate.port
    return None


def _payload_type(section: MediaDescription, mime_type: str) -> int:
    return next(
        codec.payloadType
        for codec in _codecs(section)
        if codec.mimeType.lower() == mime_type and codec.payloadType is not None
    )


def _rtx_of(section: MediaDescription, payload_type: int) -> int:
    for codec in _codecs(section):
        if codec.mimeType.lower() == "video/rtx" and codec.parameters.get("apt") == payload_type:
            return int(codec.payloadType or 0)
    return 0


def _codecs(section: MediaDescription) -> list[RTCRtpCodecParameters]:
    return section.rtp.codecs


def _write(local: Local, setup: str) -> str:
    audio_mid, video_mid = local.mids
    lines = [
        "v=0",
        f"o=- {secrets.randbits(62)} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {audio_mid} {video_mid}",
        "a=msid-semantic:WMS *",
        *_section(local, "audio", audio_mid, setup),
        *_section(local, "video", video_mid, setup),
    ]
    return "\r\n".join(lines) + "\r\n"


def _section(local: Local, kind: str, mid: str, setup: str) -> list[str]:
    host, port = local.address
    codecs = _audio_codecs(local) if kind == "audio" else _video_codecs(local)
    payload_types = " ".join(
        line.split(":")[1].split()[0] for line in codecs if line.startswith("a=rtpmap:")
    )
    ids = local.numbering.extension_ids
    return [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload_types}",
        "c=IN IP4 0.0.0.0",
        "a=sendrecv",
        *(f"a=extmap:{ids[uri]} {uri}" for uri in _EXTENSIONS_OF_KIND[kind] if uri in ids),
        f"a=mid:{mid}",
        f"a=msid:{local.cname} {kind}",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=rtcp-mux",
        *_sources(local, kind),
        *codecs,
        f"a=candidate:1 1 udp 2130706431 {host} {port} typ host",
        "a=end-of-candidates",
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.password}",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        f"a=setup:{setup}",
    ]


def _sources(local: Local, kind: str) -> list[str]:
    if kind == "audio":
        return [f"a=ssrc:{local.ssrcs.audio} cname:{local.cname}"]
    media = f"a=ssrc:{local.ssrcs.video} cname:{local.cname}"
    if not local.numbering.rtx:
        return [media]
    return [
        f"a=ssrc-group:FID {local.ssrcs.video} {local.ssrcs.rtx}",
        media,
        f"a=ssrc:{local.ssrcs.rtx} cname:{local.cname}",
    ]


def _audio_codecs(local: Local) -> list[str]:
    opus = local.numbering.opus
    return [
        f"a=rtpmap:{opus} opus/48000/2",
        *_transport_cc(local, opus),
        f"a=fmtp:{opus} minptime=10;useinbandfec=1",
    ]


def _video_codecs(local: Local) -> list[str]:
    vp8, rtx = local.numbering.vp8, local.numbering.rtx
    lines = [
        f"a=rtpmap:{vp8} VP8/90000",
        f"a=rtcp-fb:{vp8} goog-remb",
        *_transport_cc(local, vp8),
        f"a=rtcp-fb:{vp8} ccm fir",
        f"a=rtcp-fb:{vp8} nack",
        f"a=rtcp-fb:{vp8} nack pli",
    ]
    if rtx:
        lines += [f"a=rtpmap:{rtx} rtx/90000", f"a=fmtp:{rtx} apt={vp8}"]
    return lines


def _transport_cc(local: Local, payload_type: int) -> list[str]:
    if TRANSPORT_CC not in local.numbering.extension_ids:
        return []
    return [f"a=rtcp-fb:{payload_type} transport-cc"]
