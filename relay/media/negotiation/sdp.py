"""What a peer's description says to a relay.

Reading gives :class:`Terms`, the few facts that forwarding needs. Everything that names an address
or a stranger's identity (candidates, SSRCs, msid, CNAME) is not even read: the relay learns
addresses from authenticated checks and SSRCs from authenticated packets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from relay.errors import SdpError
from relay.media.negotiation.section import Description, Section, number, parse
from relay.media.paths.dtls import Fingerprint

KINDS = ("audio", "video")
CODECS = {"audio": ("opus", 48000), "video": ("vp8", 90000)}
"""One codec a kind: every WebRTC endpoint has these (RFC 7742, RFC 7874), so any two understand
each other without a decoder in between."""
CLOCK_RATE_HZ = {kind: rate for kind, (_, rate) in CODECS.items()}

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
EXTENSIONS = {
    "audio": (MID, TRANSPORT_CC, ABS_SEND_TIME, AUDIO_LEVEL),
    "video": (MID, TRANSPORT_CC, ABS_SEND_TIME),
}
"""No ``urn:3gpp:video-orientation``: who does not agree to it gets its pictures upright (3GPP TS
26.114 section 6.2.3), and what a link agrees to stands before its partners are known."""

FEEDBACK = {
    "audio": ("nack", "transport-cc"),
    "video": ("nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"),
}

WISHES = {
    "minptime": (3, 120),
    "useinbandfec": (0, 1),
    "stereo": (0, 1),
    "maxplaybackrate": (8000, 48000),
    "maxaveragebitrate": (6000, 510_000),
    "usedtx": (0, 1),
    "cbr": (0, 1),
}
"""How a receiver may wish to have its Opus (RFC 7587 section 6.1), and from what to what."""

Wishes = tuple[tuple[str, int], ...]
Codecs = dict[int, tuple[str, int | None]]
"""Name in small letters and clock rate, by payload type."""

MAX_PARAMETERS = 32
"""Of a payload type in its a=fmtp; the rest is not looked at."""
MAX_FINGERPRINTS = 8
"""So many count: a certificate is compared with each, before it is known whose it is."""

_FINGERPRINTS = ("sha-256", "sha-384", "sha-512")
_SETUPS = {"active": "client", "passive": "server"}


@dataclass(frozen=True, slots=True)
class MediaTerms:
    """What was agreed for one section. Payload types and extension ids are the peer's."""

    kind: str
    mid: str
    direction: str  # as the peer says it
    payload_type: int
    rtx_payload_type: int | None = None
    red_payload_type: int | None = None
    prefers_red: bool = False
    wishes: Wishes = ()  # of the peer, for what it receives
    feedback: tuple[str, ...] = ()
    extensions: dict[str, int] = field(default_factory=dict)  # URI -> id, 1 to 14
    rtcp_rsize: bool = False
    is_screen: bool = False

    @property
    def sends(self) -> bool:
        """Whether the peer sends here."""
        return self.direction in ("sendrecv", "sendonly")

    @property
    def receives(self) -> bool:
        """Whether the peer receives here."""
        return self.direction in ("sendrecv", "recvonly")

    @property
    def format(self) -> tuple[object, ...]:
        """What packets and their feedback look like: while it is the same, routes can stay.

        In another section it is another track, which has to begin with a key frame.
        """
        numbers = self.payload_type, self.rtx_payload_type, self.red_payload_type
        return self.mid, *numbers, self.feedback, self.extensions


@dataclass(frozen=True, slots=True)
class OfferedSection:
    """One m= section in its place; ``terms`` is None when it is to be rejected."""

    kind: str
    mid: str
    profile: str
    format: str  # the first
    terms: MediaTerms | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What one peer's description says."""

    session_id: str
    ufrag: str
    password: str = field(repr=False)
    fingerprints: tuple[Fingerprint, ...]
    setup: str  # aiortc's role: "auto" (actpass), "client" (active) or "server" (passive)
    sending: dict[str, MediaTerms]
    """By kind, the section on which the peer sends."""
    receiving: dict[str, MediaTerms]
    """By kind, the section on which the peer receives; it may be the same."""
    sections: tuple[OfferedSection, ...]
    accepted: tuple[str, ...]
    """The mids of the sections that are accepted. The transport is the first one's."""
    is_bundle: bool
    """Whether they are a BUNDLE group, rather than one section by itself."""

    @property
    def audio(self) -> MediaTerms:
        """Of the section for sound, the sending one if there are two; inactive if there is none."""
        return self._of("audio")

    @property
    def video(self) -> MediaTerms:
        """Of the section for the picture, as :attr:`audio`."""
        return self._of("video")

    def _of(self, kind: str) -> MediaTerms:
        nothing = MediaTerms(kind=kind, mid="", direction="inactive", payload_type=-1)
        return self.sending.get(kind) or self.receiving.get(kind) or nothing

    @property
    def wishes(self) -> Wishes:
        """How the peer wishes to have its sound."""
        return self.receiving["audio"].wishes if "audio" in self.receiving else ()


def read(text: str, former: Terms | None = None) -> Terms:
    """Read a peer's offer or answer.

    :param former: the terms of the same peer's last description, if there was one: sections that
        were chosen stay chosen as long as they serve, or the peer's tracks would end.
    :raises SdpError: when it is malformed, too large, or has nothing that the relay can use; its
        message says what is missing.
    """
    description = parse(text)
    reasons: dict[str, None] = {}
    usable = _usable(description, reasons)
    shared = _transport(description, usable)
    places = dict.fromkeys(shared)
    accepted = {place: terms for place, terms in usable.items() if place in places}
    if not accepted:
        raise SdpError("; ".join(reasons) or "no audio and no video section")
    kept = former if former is not None and former.session_id == description.session_id else None
    ufrag, password, fingerprints, setup = _keys([description.sections[place] for place in shared])
    return Terms(
        session_id=description.session_id,
        ufrag=ufrag,
        password=password,
        fingerprints=fingerprints,
        setup=setup,
        sending=_chosen((t for t in accepted.values() if t.sends), kept.sending if kept else {}),
        receiving=_chosen(
            (t for t in accepted.values() if t.receives), kept.receiving if kept else {}
        ),
        sections=tuple(
            OfferedSection(s.kind, s.mid, s.profile, s.formats[0], accepted.get(place))
            for place, s in enumerate(description.sections)
        ),
        accepted=tuple(accepted[place].mid for place in shared if place in accepted),
        is_bundle=any(description.sections[shared[0]].mid in b for b in description.bundles),
    )


# sections


def _usable(description: Description, reasons: dict[str, None]) -> dict[int, MediaTerms]:
    """The sections of which the relay could make something, by their places.

    A payload type tells kinds apart, and means one thing in a BUNDLE (RFC 9143 section 9.1.1): who
    uses one twice is taken at the first word, which is that of the sound.
    """
    usable: dict[int, MediaTerms] = {}
    meanings: dict[int, str] = {}
    for kind in KINDS:
        for place, section in enumerate(description.sections):
            if section.kind != kind or section.is_rejected:
                continue
            terms = _media_terms(section)
            if not section.has("rtcp-mux") and not section.has("bundle-only"):
                reasons[f"{kind} without rtcp-mux"] = None
            elif terms is None:
                reasons[f"no usable {kind} codec; {CODECS[kind][0]} is needed"] = None
            elif meanings.setdefault(terms.payload_type, kind) != kind:
                reasons[f"a payload type of {kind} has another meaning already"] = None
            else:
                usable[place] = _without_taken(terms, meanings)
    return usable


def _without_taken(terms: MediaTerms, meanings: dict[int, str]) -> MediaTerms:
    """The same but for further payload types that have another meaning already."""
    rtx, red, kind = terms.rtx_payload_type, terms.red_payload_type, terms.kind
    if rtx is not None and meanings.setdefault(rtx, f"{kind} rtx") != f"{kind} rtx":
        terms = replace(terms, rtx_payload_type=None)
    if red is not None and meanings.setdefault(red, f"{kind} red") != f"{kind} red":
        terms = replace(terms, red_payload_type=None)
    return terms


def _transport(description: Description, usable: dict[int, MediaTerms]) -> list[int]:
    """The places of those sections that are to share the link, as a BUNDLE or one by itself.

    A link is one transport. Of several, the one that serves more kinds is taken, then sound.
    """
    by_mid = {s.mid: place for place, s in enumerate(description.sections) if s.mid}
    bundles = [
        [by_mid[mid] for mid in dict.fromkeys(bundle) if mid in by_mid]
        for bundle in description.bundles
    ]
    bundled = {place for bundle in bundles for place in bundle}
    alone = [[place] for place in usable if place not in bundled]

    def worth(places: list[int]) -> tuple[int, bool]:
        kinds = {usable[place].kind for place in places if place in usable}
        return len(kinds), "audio" in kinds

    return max([*bundles, *alone], key=worth, default=[])


def _chosen(usable: Iterable[MediaTerms], former: dict[str, MediaTerms]) -> dict[str, MediaTerms]:
    """For each kind the section to be used: the former one, else rather a camera's than a screen's.

    Of those that are left, rather one that is used both ways.
    """
    chosen: dict[str, MediaTerms] = {}

    def rank(terms: MediaTerms) -> tuple[bool, bool, bool]:
        is_new = terms.kind not in former or former[terms.kind].mid != terms.mid
        return is_new, terms.is_screen, terms.direction != "sendrecv"

    for terms in sorted(usable, key=rank):
        chosen.setdefault(terms.kind, terms)
    return chosen


def _keys(
    sections: list[Section],
) -> tuple[str, str, tuple[Fingerprint, ...], str]:
    """The transport of all: the first section's that has one (RFC 9143 section 7.1.3)."""
    for section in sections:
        ufrag, password = section.first("ice-ufrag"), section.first("ice-pwd")
        if section.is_rejected or not ufrag or not password:
            continue
        fingerprints = tuple(islice(_fingerprints(section), MAX_FINGERPRINTS))
        if not fingerprints:
            raise SdpError("no certificate fingerprint of a known algorithm")
        return ufrag, password, fingerprints, _SETUPS.get(section.first("setup"), "auto")
    raise SdpError("no ice-ufrag and ice-pwd")


def _fingerprints(section: Section) -> Iterator[Fingerprint]:
    for line in section.all("fingerprint"):
        algorithm, _, value = line.partition(" ")
        if algorithm.lower() in _FINGERPRINTS and value.strip():
            yield Fingerprint(algorithm=algorithm, value=value.strip())


# one section's codec


def _media_terms(section: Section) -> MediaTerms | None:
    """What the section says of the codec that is needed; None when it has none."""
    kind = section.kind
    codecs = dict(_codecs(section))
    name, clock_rate = CODECS[kind]
    # Opus has one clock, 48 kHz, and is written opus/48000/2 whatever is sent (RFC 7587 sections
    # 4.1 and 7). Some devices write what they record; they are answered as it should be.
    wanted = [pt for pt, codec in codecs.items() if _is(codec, name, clock_rate, kind == "audio")]
    if not wanted:
        return None
    payload_type = wanted[0]
    formats = _by_payload_type(section.all("fmtp"))
    rtx = next(
        (
            pt
            for pt, codec in codecs.items()
            if codec[0] == "rtx" and _parameters(formats, pt).get("apt") == str(payload_type)
        ),
        None,
    )
    red = _red(codecs, formats, payload_type) if kind == "audio" else None
    order = list(codecs)
    feedback, extensions = _feedback(section, payload_type), _extensions(section)
    if "transport-cc" not in feedback or TRANSPORT_CC not in extensions:  # half of it is nothing
        feedback -= {"transport-cc"}
        extensions.pop(TRANSPORT_CC, None)
    return MediaTerms(
        kind=kind,
        mid=section.mid,
        direction=section.direction,
        payload_type=payload_type,
        rtx_payload_type=rtx,
        red_payload_type=red,
        prefers_red=red is not None and order.index(red) < order.index(payload_type),
        wishes=_wishes(_parameters(formats, payload_type)) if kind == "audio" else (),
        feedback=tuple(each for each in FEEDBACK[kind] if each in feedback),
        extensions=extensions,
        rtcp_rsize=section.has("rtcp-rsize"),
        is_screen=section.first("content") == "slides",  # RFC 4796 section 5
    )


def _red(codecs: Codecs, formats: dict[int, str], payload_type: int) -> int | None:
    """The payload type of RED with nothing but ``payload_type`` in it (RFC 2198 section 5)."""
    for pt, codec in codecs.items():
        blocks = formats.get(pt, "").split("/", MAX_PARAMETERS)[:MAX_PARAMETERS]
        if codec == ("red", CLOCK_RATE_HZ["audio"]) and {*blocks} == {str(payload_type)}:
            return pt
    return None


def _codecs(section: Section) -> Iterator[tuple[int, tuple[str, int | None]]]:
    """Payload type, name in small letters and clock rate, in the peer's order of preference."""
    maps: dict[str, str] = {}
    for line in section.all("rtpmap"):
        payload_type, _, codec = line.partition(" ")
        maps.setdefault(payload_type, codec)
    for each in section.formats:
        payload_type_ = number(each)
        if payload_type_ is not None and _is_usable(payload_type_) and each in maps:
            name, _, rest = maps[each].strip().partition("/")
            yield payload_type_, (name.lower(), number(rest.partition("/")[0]))


def _is(codec: tuple[str, int | None], name: str, clock_rate: int, any_rate: bool) -> bool:
    return codec[0] == name and (any_rate or codec[1] == clock_rate)


def _is_usable(payload_type: int) -> bool:
    """Whether packets of this type can be told from RTCP (RFC 5761 section 4)."""
    return payload_type < 128 and not 64 <= payload_type < 96


def _by_payload_type(lines: list[str]) -> dict[int, str]:
    """The format parameters of each payload type, as they are written."""
    split = (line.partition(" ") for line in lines)
    return {found: text for pt, _, text in split if (found := number(pt)) is not None}


def _parameters(formats: dict[int, str], payload_type: int) -> dict[str, str]:
    pairs = formats.get(payload_type, "").split(";", MAX_PARAMETERS)[:MAX_PARAMETERS]
    split = (pair.partition("=") for pair in pairs)
    return {name.strip(): value.strip() for name, _, value in split}


def _wishes(parameters: dict[str, str]) -> Wishes:
    """Those of the peer's wishes that another endpoint can be told of."""
    found = ((name, number(parameters.get(name, ""))) for name in WISHES)
    return tuple(
        (name, value)
        for name, value in found
        if value is not None and WISHES[name][0] <= value <= WISHES[name][1]
    )


def _feedback(section: Section, payload_type: int) -> set[str]:
    mine = ("*", str(payload_type))
    pairs = (line.partition(" ") for line in section.all("rtcp-fb"))
    return {" ".join(feedback.split()) for whose, _, feedback in pairs if whose in mine}


def _extensions(section: Section) -> dict[str, int]:
    """The extensions that may go both ways and fit into a one-byte header (RFC 8285 section 4.2).

    What stands behind the URI are attributes, of which these extensions have none.
    """
    ids: dict[int, str] = {}
    for line in section.all("extmap"):
        which, uri, *_ = [*line.split(maxsplit=2), "", ""]
        id_, _, direction = which.partition("/")
        found = number(id_)
        if found is None or not 1 <= found <= 14 or direction not in ("", "sendrecv"):
            continue
        if uri in EXTENSIONS[section.kind] and uri not in ids.values():
            ids.setdefault(found, uri)
    return {uri: found for found, uri in ids.items()}
