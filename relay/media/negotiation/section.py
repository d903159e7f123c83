"""SDP as lines (RFC 8866): the sections of a description, and those of their attributes that count.

One pass over the text, whatever is in it: lines and attributes that the relay has no use for are
skipped unread, however they are written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from relay.errors import SdpError

MAX_CHARS = 64 * 1024
MAX_LINES = 4000
MAX_SECTIONS = 64
MAX_FORMATS = 128
"""Of a section: as many as there are payload types. The rest is not looked at."""
MAX_INHERITED = 64
"""Of an attribute that every section may take from the session, so many values count."""

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")

_INHERITED = ("direction", "extmap", "fingerprint", "ice-pwd", "ice-ufrag", "setup")
"""What a section takes from the session when it has none of its own."""
_OF_SECTIONS = ("bundle-only", "content", "fmtp", "mid", "rtcp-fb", "rtcp-mux", "rtcp-rsize")
_READ = frozenset([*_INHERITED, *_OF_SECTIONS, "group", "rtpmap"])

Attributes = dict[str, list[str]]  # the values of each name, in order


@dataclass(frozen=True, slots=True)
class Section:
    """One m= section, with what it takes from the session."""

    kind: str
    port: int
    profile: str
    formats: tuple[str, ...]
    attributes: Attributes = field(default_factory=dict)

    def all(self, name: str) -> list[str]:
        """Every value of an attribute; none when it is not there."""
        return self.attributes.get(name, [])

    def first(self, name: str) -> str:
        """The first value of an attribute; empty when it is not there, or has none."""
        return next(iter(self.all(name)), "")

    def has(self, name: str) -> bool:
        """Whether the attribute is there."""
        return name in self.attributes

    @property
    def mid(self) -> str:
        """Its name in the description; empty when it has none."""
        return self.first("mid")

    @property
    def direction(self) -> str:
        """One of :data:`DIRECTIONS`."""
        return self.first("direction") or DIRECTIONS[0]

    @property
    def is_rejected(self) -> bool:
        """Whether nothing is to be sent; a bundle-only one has port 0, too (RFC 9143 section 6)."""
        return self.port == 0 and not self.has("bundle-only")


@dataclass(frozen=True, slots=True)
class Description:
    """A whole description."""

    session_id: str  # empty when there is none
    bundles: tuple[tuple[str, ...], ...]  # the mids of each BUNDLE group
    sections: tuple[Section, ...]


def parse(text: str) -> Description:
    """Take a description apart.

    :raises SdpError: when it is too long, or its sections cannot be told apart.
    """
    if len(text) > MAX_CHARS:
        raise SdpError(f"SDP is longer than {MAX_CHARS} characters")
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise SdpError(f"SDP has more than {MAX_LINES} lines")
    session_id = ""
    session: Attributes = {}
    sections: list[Section] = []
    attributes = session
    for line in lines:
        if line.startswith("a="):
            _note(attributes, line)
        elif line.startswith("m="):
            sections.append(_section(line))
            attributes = sections[-1].attributes
        elif line.startswith("o=") and not session_id:
            session_id = next(iter(line.split()[1:2]), "")
    if len(sections) > MAX_SECTIONS:
        raise SdpError(f"SDP has more than {MAX_SECTIONS} media sections")
    inherited = {name: session[name] for name in _INHERITED if name in session}
    for section in sections:
        section.attributes.update(inherited | section.attributes)
    mids = [section.mid for section in sections if section.mid]
    if len(set(mids)) < len(mids):
        raise SdpError("two sections have the same mid")
    groups = [value.split() for value in session.get("group", [])[:MAX_SECTIONS]]
    bundles = tuple(tuple(items) for name, *items in filter(None, groups) if name == "BUNDLE")
    return Description(session_id, bundles, tuple(sections))


def number(text: str) -> int | None:
    """A whole number of up to nine digits; None when it is none."""
    return int(text) if len(text) < 10 and text.isascii() and text.isdigit() else None


def _note(attributes: Attributes, line: str) -> None:
    name, _, value = line[2:].partition(":")
    name = name.rstrip()
    if name in DIRECTIONS:
        attributes["direction"] = [name]
    elif name in _READ:
        values = attributes.setdefault(name, [])
        if len(values) < MAX_INHERITED or name not in _INHERITED:
            values.append(value.strip())


def _section(line: str) -> Section:
    """The section that an m= line begins (RFC 8866 section 5.14)."""
    kind, port_and_count, profile, *formats = [*line[2:].split()[: 3 + MAX_FORMATS], "", "", ""]
    port = number(port_and_count.partition("/")[0])
    formats = [each for each in formats if each]
    if port is None or not formats:
        raise SdpError("SDP is malformed: an m= line without port, profile and format")
    return Section(kind, port, profile, tuple(formats))
