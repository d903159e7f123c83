"""SDP at the border: what a peer's description says to a relay, and the relay's own descriptions.

Reading gives :class:`Terms`, the few facts that forwarding needs. Everything that names an address
or a stranger's identity (candidates, SSRCs, msid, CNAME) is thrown away before parsing: the relay
learns addresses from authenticated checks and SSRCs from authenticated packets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeGuard

from aiortc.rtcdtlstransport import RTCDtlsFingerprint
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription

from relay.errors import SdpError

MAX_CHARS = 64 * 1024
MAX_LINES = 1000  # a browser's longest offer has about 300; parsing is quadratic in some of them
MAX_CANDIDATES = 64
MAX_SECTIONS = 8
MAX_FEEDBACK_PAIRS = 10_000  # a section's rtpmap times rtcp-fb lines: each is tried with each

KINDS = ("audio", "video")
CODECS = {"audio": ("opus", 48000), "video": ("vp8", 90000)}
"""One codec a kind: every WebRTC endpoint has these (RFC 7742, RFC 7874), so any two understand
each other without a decoder in between."""

FEEDBACK = {
    "audio": ("transport-cc",),
    "video": ("nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"),
}

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
EXTENSIONS = {
    "audio": (MID, TRANSPORT_CC, ABS_SEND_TIME, AUDIO_LEVEL),
    "video": (MID, TRANSPORT_CC, ABS_SEND_TIME, VIDEO_ORIENTATION),
}

_FORGOTTEN = ("a=candidate:", "a=ssrc:", "a=ssrc-group:", "a=msid:", "a=end-of-candidates")
_FINGERPRINTS = ("sha-256", "sha-384", "sha-512")


@dataclass(frozen=True, slots=True)
class MediaTerms:
    """What was agreed for one kind of media. Payload types and extension ids are the peer's."""

    kind: str
    mid: str
    direction: str  # as the peer says it
    payload_type: int
    rtx_payload_type: int | None = None
    fmtp: tuple[tuple[str, int | str | None], ...] = ()
    feedback: tuple[str, ...] = ()
    extensions: dict[str, int] = field(default_factory=dict)  # URI -> id, 1 to 14

    @property
    def sends(self) -> bool:
        """Whether the peer sends this kind."""
        return self.direction in ("sendrecv", "sendonly")

    @property
    def receives(self) -> bool:
        """Whether the peer receives this kind."""
        return self.direction in ("sendrecv", "recvonly")


@dataclass(frozen=True, slots=True)
class Terms:
    """What one peer's description says."""

    session_id: str
    ufrag: str
    password: str = field(repr=False)
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    setup: str  # aiortc's role: "auto" (actpass), "client" (active) or "server" (passive)
    audio: MediaTerms
    video: MediaTerms
    sections: tuple[tuple[str, str, str, str], ...]  # of every m=: kind, mid, profile, format

    @property
    def media(self) -> tuple[MediaTerms, MediaTerms]:
        """Audio and video."""
        return self.audio, self.video


def read(text: str) -> Terms:
    """Read a peer's offer or answer.

    :raises SdpError: when it is malformed, too large, or lacks something that the relay needs.
    """
    description = _parse(_checked(text))
    bundle = next((g.items for g in description.group if g.semantic == "BUNDLE"), [])
    audio, video = (_section(description, kind, bundle) for kind in KINDS)
    mids = [section.rtp.muxId for section in description.media if section.rtp.muxId]
    if len(set(mids)) < len(mids):
        raise SdpError("two sections have the same mid")
    media = [_media_terms(section) for section in (audio, video)]
    numbers = [n for m in media for n in (m.payload_type, m.rtx_payload_type) if n is not None]
    if len(set(numbers)) < len(numbers):
        raise SdpError("a payload type is used twice in one BUNDLE group")
    tagged = next((m for m in description.media if m.rtp.muxId == bundle[0]), audio)
    ice, dtls = tagged.ice, tagged.dtls  # the transport of all (RFC 8843 section 7.1.3)
    if ice is None or not ice.usernameFragment or not ice.password:
        raise SdpError("no ice-ufrag and ice-pwd")
    if dtls is None:
        raise SdpError("no a=setup")
    fingerprints = tuple(f for f in dtls.fingerprints if f.algorithm.lower() in _FINGERPRINTS)
    if not fingerprints:
        raise SdpError("no certificate fingerprint of a known algorithm")
    origin = (description.origin or "").split()
    return Terms(
        session_id=origin[1] if len(origin) > 1 else "",
        ufrag=ice.usernameFragment,
        password=ice.password,
        fingerprints=fingerprints,
        setup=dtls.role,
        audio=media[0],
        video=media[1],
        sections=tuple(
            (m.kind, m.rtp.muxId, m.profile, next(map(str, m.fmt), "0")) for m in description.media
        ),
    )


def _checked(text: str) -> str:
    if len(text) > MAX_CHARS:
        raise SdpError(f"SDP is longer than {MAX_CHARS} characters")
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise SdpError(f"SDP has more than {MAX_LINES} lines")
    if _count(lines, "a=candidate:") > MAX_CANDIDATES:
        raise SdpError(f"SDP has more than {MAX_CANDIDATES} candidates")
    if _count(lines, "m=") > MAX_SECTIONS:
        raise SdpError(f"SDP has more than {MAX_SECTIONS} media sections")
    if _feedback_pairs(lines) > MAX_FEEDBACK_PAIRS:
        raise SdpError("SDP has too many codecs and feedback lines")
    lines = _unfold_bundle_only([line for line in lines if not line.startswith(_FORGOTTEN)])
    return "\r\n".join(lines) + "\r\n"


def _count(lines: list[str], start: str) -> int:
    return sum(line.startswith(start) for line in lines)


def _feedback_pairs(lines: list[str]) -> int:
    starts = [index for index, line in enumerate(lines) if line.startswith("m=")]
    sections = [lines[start:end] for start, end in pairwise([*starts, len(lines)])]
    return sum(_count(s, "a=rtpmap:") * _count(s, "a=rtcp-fb:") for s in sections)


def _unfold_bundle_only(lines: list[str]) -> list[str]:
    """Give a bundle-only section the port and the rtcp-mux of the bundle that it is in.

    Its own port is 0, as a rejected one's (RFC 8843 section 6); aiortc does not know the attribute.
    """
    section = 0
    for index, line in enumerate(lines):
        if line.startswith("m="):
            section = index
        elif line.rstrip() == "a=bundle-only":
            lines[section] = lines[section].replace(" 0 ", " 9 ", 1)
            lines[index] = "a=rtcp-mux"
    return lines


def _parse(text: str) -> SessionDescription:
    try:
        return SessionDescription.parse(text)
    except (
        AssertionError,
        AttributeError,
        IndexError,
        KeyError,
        StopIteration,
        TypeError,
        ValueError,
    ) as error:
        raise SdpError("SDP is malformed") from error


def _section(
    description: SessionDescription, kind: str, bundle: list[int | str]
) -> MediaDescription:
    for section in description.media:
        if section.kind == kind and section.port != 0:
            break
    else:
        raise SdpError(f"no {kind} section")
    if not section.rtp.muxId or section.rtp.muxId not in bundle:
        raise SdpError(f"{kind} is not in a BUNDLE group")
    if not section.rtcp_mux:
        raise SdpError(f"{kind} has no rtcp-mux")
    return section


def _media_terms(section: MediaDescription) -> MediaTerms:
    kind = section.kind
    codec = next((c for c in section.rtp.codecs if _is(c, kind)), None)
    if codec is None or not _is_usable(codec.payloadType):
        raise SdpError(f"no usable {kind} codec; {CODECS[kind][0]} is needed")
    rtx = next(
        (
            c.payloadType
            for c in section.rtp.codecs
            if c.name.lower() == "rtx" and c.parameters.get("apt") == codec.payloadType
        ),
        None,
    )
    offered = {f"{f.type} {f.parameter}" if f.parameter else f.type for f in codec.rtcpFeedback}
    feedback = tuple(f for f in FEEDBACK[kind] if f in offered)
    if "transport-cc" in feedback:  # the two would fight over the bandwidth estimate
        feedback = tuple(f for f in feedback if f != "goog-remb")
    return MediaTerms(
        kind=kind,
        mid=section.rtp.muxId,
        direction=section.direction or "sendrecv",
        payload_type=codec.payloadType,
        rtx_payload_type=rtx if _is_usable(rtx) else None,
        fmtp=tuple(codec.parameters.items()),
        feedback=feedback,
        extensions={
            e.uri: e.id
            for e in section.rtp.headerExtensions
            if e.uri in EXTENSIONS[kind] and 1 <= e.id <= 14
        },
    )


def _is(codec: RTCRtpCodecParameters, kind: str) -> bool:
    name, clock_rate = CODECS[kind]
    return codec.name.lower() == name and codec.clockRate == clock_rate


def _is_usable(payload_type: int | None) -> TypeGuard[int]:
    """Whether packets of this type can be told from RTCP (RFC 5761 section 4)."""
    return payload_type is not None and 0 <= payload_type < 128 and not 64 <= payload_type < 96
