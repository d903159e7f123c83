"""The relay's own descriptions: the answer to a peer's offer, and the offer to a plain client.

A description is complete (``a=ice-lite``, all candidates) and stands for the life of a link: it
announces the SSRCs on which every partner's media will come, so no later partner needs another.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters
from aiortc.rtcicetransport import RTCIceCandidate, RTCIceParameters
from aiortc.rtcrtpparameters import (
    RTCRtcpFeedback,
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
)
from aiortc.sdp import GroupDescription, MediaDescription, SessionDescription, SsrcDescription

from relay.media.ice import Credentials
from relay.media.sdp import CODECS, EXTENSIONS, FEEDBACK, KINDS, MediaTerms, Terms

STREAM = "partner"
"""The id of the one MediaStream, whoever the partner is; it binds audio and video for lip-sync."""

_ANSWERED = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}
_PROFILE = "UDP/TLS/RTP/SAVPF"


@dataclass(frozen=True, slots=True)
class Ssrcs:
    """The SSRCs on which the relay sends one kind to one link."""

    media: int
    rtx: int


@dataclass(frozen=True, slots=True)
class LocalSide:
    """What every description of one link contains, offer or answer."""

    credentials: Credentials
    fingerprints: tuple[RTCDtlsFingerprint, ...]
    addresses: tuple[tuple[str, int], ...]  # (IP address, port) of each candidate, best first
    cname: str
    audio: Ssrcs
    video: Ssrcs


@dataclass(frozen=True, slots=True)
class _Section:
    """One m= section to be written; ``terms`` is None for a rejected one."""

    kind: str
    mid: str
    profile: str
    format: str
    terms: MediaTerms | None = field(default=None)


def write_answer(local: LocalSide, offer: Terms, role: str) -> str:
    """The answer to ``offer``: its first audio and video section accepted, any other rejected.

    :param role: the relay's in DTLS, ``client`` or ``server``.
    """
    accepted = {terms.mid: terms for terms in offer.media}
    sections = [_Section(*section, accepted.get(section[1])) for section in offer.sections]
    return _write(
        local, sections, role, {mid: _ANSWERED[t.direction] for mid, t in accepted.items()}
    )


_EXTENSION_IDS = {
    uri: number
    for number, uri in enumerate(dict.fromkeys(u for kind in KINDS for u in EXTENSIONS[kind]), 1)
}
"""One id for a URI in both sections: endpoints keep one table for a BUNDLE."""

OFFERED = tuple(
    MediaTerms(
        kind=kind,
        mid=str(index),
        direction="sendrecv",
        payload_type=payload_type,
        rtx_payload_type=rtx,
        fmtp=fmtp,
        feedback=FEEDBACK[kind],
        extensions={uri: _EXTENSION_IDS[uri] for uri in EXTENSIONS[kind]},
    )
    for index, (kind, payload_type, rtx, fmtp) in enumerate(
        [
            ("audio", 111, None, (("minptime", 10), ("useinbandfec", 1))),
            ("video", 96, 97, ()),
        ]
    )
)
"""What the relay offers to a client that waits for an offer."""


def write_offer(local: LocalSide) -> str:
    """The relay's own offer, for a client that answers instead of offering."""
    sections = [_Section(terms.kind, terms.mid, _PROFILE, "", terms) for terms in OFFERED]
    return _write(local, sections, "auto", {terms.mid: "sendrecv" for terms in OFFERED})


def _write(
    local: LocalSide, sections: list[_Section], role: str, directions: dict[str, str]
) -> str:
    description = SessionDescription()
    description.origin = "- 1 1 IN IP4 0.0.0.0"
    description.msid_semantic = [GroupDescription("WMS", ["*"])]
    mids: list[int | str] = [section.mid for section in sections if section.terms]
    description.group = [GroupDescription("BUNDLE", mids)]
    for section in sections:
        if section.terms is None:
            description.media.append(_rejected(section))
        else:
            media = _accepted(section.terms, section.profile, local, directions[section.mid])
            media.dtls = RTCDtlsParameters(fingerprints=list(local.fingerprints), role=role)
            description.media.append(media)
    return str(description)


def _rejected(section: _Section) -> MediaDescription:
    media = MediaDescription(
        kind=section.kind, port=0, profile=section.profile, fmt=[section.format]
    )
    media.host = "0.0.0.0"  # noqa: S104 -- Firefox takes no section without a c= line
    media.rtp.muxId = section.mid
    media.direction = "inactive"
    media.ice = RTCIceParameters(iceLite=True)
    return media


def _accepted(
    terms: MediaTerms, profile: str, local: LocalSide, direction: str
) -> MediaDescription:
    payload_types = [terms.payload_type]
    if terms.rtx_payload_type is not None:
        payload_types.append(terms.rtx_payload_type)
    media = MediaDescription(kind=terms.kind, port=9, profile=profile, fmt=payload_types)
    media.host = "0.0.0.0"  # noqa: S104 -- as in every WebRTC description; candidates say where
    media.direction = direction
    media.rtcp_port, media.rtcp_host, media.rtcp_mux = 9, "0.0.0.0", True  # noqa: S104
    media.rtp.muxId = terms.mid
    media.rtp.codecs = _codecs(terms)
    media.rtp.headerExtensions = [
        RTCRtpHeaderExtensionParameters(id=number, uri=uri)
        for uri, number in terms.extensions.items()
    ]
    media.ice = RTCIceParameters(
        iceLite=True,
        usernameFragment=local.credentials.ufrag,
        password=local.credentials.password,
    )
    media.ice_candidates = _candidates(local.addresses)
    media.ice_candidates_complete = True
    if direction in ("sendrecv", "sendonly"):
        _announce(media, local.audio if terms.kind == KINDS[0] else local.video, local.cname)
    return media


def _codecs(terms: MediaTerms) -> list[RTCRtpCodecParameters]:
    name, clock_rate = CODECS[terms.kind]
    codec = RTCRtpCodecParameters(
        mimeType=f"{terms.kind}/{'VP8' if name == 'vp8' else name}",
        clockRate=clock_rate,
        channels=2 if terms.kind == "audio" else None,
        payloadType=terms.payload_type,
        parameters=dict(terms.fmtp),
    )
    for feedback in terms.feedback:
        kind, _, parameter = feedback.partition(" ")
        codec.rtcpFeedback.append(RTCRtcpFeedback(type=kind, parameter=parameter or None))
    if terms.rtx_payload_type is None:
        return [codec]
    rtx = RTCRtpCodecParameters(
        mimeType=f"{terms.kind}/rtx",
        clockRate=clock_rate,
        payloadType=terms.rtx_payload_type,
        parameters={"apt": terms.payload_type},
    )
    return [codec, rtx]


def _candidates(addresses: tuple[tuple[str, int], ...]) -> list[RTCIceCandidate]:
    return [
        RTCIceCandidate(
            component=1,
            foundation=str(index + 1),
            ip=host,
            port=port,
            # RFC 8445 section 5.1.2.1: type preference 126 (host), then our order
            priority=(126 << 24) | ((65535 - index) << 8) | 255,
            protocol="udp",
            type="host",
        )
        for index, (host, port) in enumerate(addresses)
    ]


def _announce(media: MediaDescription, ssrcs: Ssrcs, cname: str) -> None:
    media.msid = f"{STREAM} {STREAM}-{media.kind}"
    numbers = [ssrcs.media] if len(media.fmt) == 1 else [ssrcs.media, ssrcs.rtx]
    if len(numbers) > 1:
        media.ssrc_group = [GroupDescription("FID", list(numbers))]
    media.ssrc = [SsrcDescription(ssrc=ssrc, cname=cname, msid=media.msid) for ssrc in numbers]
