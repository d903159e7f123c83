"""The relay's own descriptions: the answer to a peer's offer, and the offer to a plain client.

A description is complete (``a=ice-lite``, all candidates) and stands for the life of a link: it
announces the SSRCs on which every partner's media will come, so no later partner needs another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from relay.media.negotiation.sdp import (
    CODECS,
    EXTENSIONS,
    FEEDBACK,
    KINDS,
    MediaTerms,
    OfferedSection,
    Terms,
    Wishes,
)
from relay.media.paths.candidates import Addresses
from relay.media.paths.dtls import Fingerprint
from relay.media.paths.ice import Credentials

STREAM = "partner"
"""The id of the one MediaStream, whoever the partner is; it binds audio and video for lip-sync."""

USUAL_WISHES: Wishes = (("minptime", 10), ("useinbandfec", 1))
"""How a partner of whom nothing is known is taken to want its sound: as every browser does."""

_DIRECTIONS = {  # by whether the relay sends and receives
    (True, True): "sendrecv",
    (True, False): "sendonly",
    (False, True): "recvonly",
    (False, False): "inactive",
}
_SETUPS = {"auto": "actpass", "client": "active", "server": "passive"}
_SPELLINGS = {"opus": "opus", "vp8": "VP8"}
_PROFILE = "UDP/TLS/RTP/SAVPF"
_ANYWHERE = "IN IP4 0.0.0.0"  # as in every WebRTC description; candidates say where


@dataclass(frozen=True, slots=True)
class Ssrcs:
    """The SSRCs on which the relay sends one kind to one link."""

    media: int
    rtx: int


@dataclass(frozen=True, slots=True)
class LocalSide:
    """What every description of one link contains, offer or answer."""

    credentials: Credentials
    fingerprints: tuple[Fingerprint, ...]
    addresses: Addresses
    tcp_addresses: Addresses = field(default=(), kw_only=True)
    cname: str
    audio: Ssrcs
    video: Ssrcs
    wishes: Wishes = USUAL_WISHES  # of the partner, for its sound


def write_answer(local: LocalSide, offer: Terms, role: str) -> str:
    """The answer to ``offer``.

    What was chosen to be sent and received is; a section that could be used and is not chosen is
    inactive, any other rejected.

    :param role: the relay's in DTLS, ``client`` or ``server``.
    """
    return _write(
        local,
        offer.sections,
        offer.accepted if offer.is_bundle else (),
        role,
        sent=list(offer.receiving.values()),
        received=list(offer.sending.values()),
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
        red_payload_type=red,
        feedback=FEEDBACK[kind],
        extensions={uri: _EXTENSION_IDS[uri] for uri in EXTENSIONS[kind]},
        rtcp_rsize=True,
    )
    for index, (kind, payload_type, rtx, red) in enumerate(
        [("audio", 111, None, 63), ("video", 96, 97, None)]
    )
)
"""What the relay offers to a client that waits for an offer."""


def write_offer(local: LocalSide) -> str:
    """The relay's own offer, for a client that answers instead of offering."""
    sections = [OfferedSection(t.kind, t.mid, _PROFILE, "", t) for t in OFFERED]
    mids = [terms.mid for terms in OFFERED]
    return _write(local, sections, mids, "auto", sent=OFFERED, received=OFFERED)


def _write(
    local: LocalSide,
    sections: Iterable[OfferedSection],
    bundle: Iterable[str],
    role: str,
    *,
    sent: Iterable[MediaTerms],
    received: Iterable[MediaTerms],
) -> str:
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite"]
    lines += [f"a=group:BUNDLE {' '.join(bundle)}"] if bundle else []
    lines += ["a=msid-semantic:WMS *"]
    for section in sections:
        if section.terms is None:
            lines += [*_rejected(section), *_keys(local, role)]
        else:
            direction = _DIRECTIONS[section.terms in sent, section.terms in received]
            lines += _accepted(section.terms, section.profile, direction, local)
            lines += [*_candidates(local), *_keys(local, role)]
    return "\r\n".join(lines) + "\r\n"


def _rejected(section: OfferedSection) -> Iterator[str]:
    yield f"m={section.kind} 0 {section.profile} {section.format}"
    yield f"c={_ANYWHERE}"  # Firefox takes no section without it
    yield "a=inactive"
    if section.mid:
        yield f"a=mid:{section.mid}"


def _accepted(terms: MediaTerms, profile: str, direction: str, local: LocalSide) -> Iterator[str]:
    payload_types = [terms.payload_type]
    if terms.red_payload_type is not None:  # the first one is what is sent, in that order
        payload_types.insert(0 if terms.prefers_red else 1, terms.red_payload_type)
    if terms.rtx_payload_type is not None:
        payload_types.append(terms.rtx_payload_type)
    yield f"m={terms.kind} 9 {profile} {' '.join(map(str, payload_types))}"
    yield f"c={_ANYWHERE}"
    yield f"a={direction}"
    yield from (f"a=extmap:{number} {uri}" for uri, number in terms.extensions.items())
    if terms.mid:
        yield f"a=mid:{terms.mid}"
    if direction in ("sendrecv", "sendonly"):
        yield from _streams(terms, local)
    yield f"a=rtcp:9 {_ANYWHERE}"
    yield "a=rtcp-mux"
    if terms.rtcp_rsize:
        yield "a=rtcp-rsize"
    yield from _codecs(terms, local.wishes)


def _streams(terms: MediaTerms, local: LocalSide) -> Iterator[str]:
    """What announces the SSRCs on which the relay sends (RFC 5576, RFC 8830)."""
    ssrcs = local.audio if terms.kind == KINDS[0] else local.video
    msid = f"{STREAM} {STREAM}-{terms.kind}"
    numbers = [ssrcs.media]
    yield f"a=msid:{msid}"
    if terms.rtx_payload_type is not None:
        numbers.append(ssrcs.rtx)
        yield f"a=ssrc-group:FID {ssrcs.media} {ssrcs.rtx}"
    for number in numbers:
        yield f"a=ssrc:{number} cname:{local.cname}"
        yield f"a=ssrc:{number} msid:{msid}"


def _codecs(terms: MediaTerms, wishes: Wishes) -> Iterator[str]:
    name, clock_rate = CODECS[terms.kind]
    codec, rtx, red = terms.payload_type, terms.rtx_payload_type, terms.red_payload_type
    yield f"a=rtpmap:{codec} {_SPELLINGS[name]}/{clock_rate}{'/2' if terms.kind == 'audio' else ''}"
    yield from (f"a=rtcp-fb:{codec} {each}" for each in terms.feedback)
    if terms.kind == "audio":
        asked = {**dict(wishes), "useinbandfec": 1}
        yield f"a=fmtp:{codec} {';'.join(f'{name}={value}' for name, value in asked.items())}"
    if red is not None:
        yield f"a=rtpmap:{red} red/{clock_rate}/2"
        yield f"a=fmtp:{red} {codec}/{codec}"
    if rtx is not None:
        yield f"a=rtpmap:{rtx} rtx/{clock_rate}"
        yield f"a=fmtp:{rtx} apt={codec}"


def _candidates(local: LocalSide) -> Iterator[str]:
    """Said in every section, though all share them: some endpoints read only their own."""
    for index, (host, port) in enumerate(local.addresses):
        # RFC 8445 section 5.1.2.1: type preference 126 (host), then our order
        priority = (126 << 24) | ((65535 - index) << 8) | 255
        yield f"a=candidate:{index + 1} 1 udp {priority} {host} {port} typ host"
    for index, (host, port) in enumerate(local.tcp_addresses, len(local.addresses)):
        # RFC 6544 section 4.2: below all UDP; direction preference 4, since the peer connects
        priority = (90 << 24) | ((4 << 13 | 8191 - index) << 8) | 255
        yield (f"a=candidate:{index + 1} 1 tcp {priority} {host} {port} typ host tcptype passive")
    yield "a=end-of-candidates"


def _keys(local: LocalSide, role: str) -> Iterator[str]:
    """Those of the one transport; aiortc looks for them in rejected sections as well."""
    yield f"a=ice-ufrag:{local.credentials.ufrag}"
    yield f"a=ice-pwd:{local.credentials.password}"
    yield from (f"a=fingerprint:{each.algorithm} {each.value}" for each in local.fingerprints)
    yield f"a=setup:{_SETUPS[role]}"
