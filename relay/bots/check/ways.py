"""The ways to a server's media plane, as it announces them. Decisions only."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal

Kind = Literal["udp", "tcp", "turn-tcp", "turn-tls"]
Family = Literal["ipv4", "ipv6"]
Address = tuple[str, int]

MAX_ADDRESSES = 4
"""Of one way; a server has one or two, or those of all its networks."""
MAX_LEFT_OUT = 8
"""Of what is left out, so many are named."""
MAX_WAYS = 6
"""So many echoes the server grants at once."""

FAMILIES: dict[int, Family] = {4: "ipv4", 6: "ipv6"}
"""By IP version."""
_CANDIDATE = re.compile(
    r"^a=candidate:\S+ 1 (udp|tcp) \d+ (\S+) (\d+) typ host\b", re.MULTILINE | re.IGNORECASE
)
_TURN = re.compile(
    r"(turns?):(\[[0-9A-Fa-f:.]+\]|[^:?\[\]]+)(?::(\d{1,5}))?\?transport=tcp", re.IGNORECASE
)
_SHOWN_CHARS = 200
_PORTS = {"turn": 3478, "turns": 5349}  # RFC 7065 section 3.2


@dataclass(frozen=True, slots=True)
class Turn:
    """A TURN server over TCP."""

    address: Address
    is_secure: bool
    username: str
    credential: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way, which works if it does to any of the addresses."""

    kind: Kind
    family: Family | None
    """None for TURN, whose server has a name."""
    addresses: tuple[Address, ...]
    """Of the media plane, as it announces them."""
    turn: Turn | None = None

    @property
    def name(self) -> str:
        """For people."""
        kinds = {"udp": "UDP", "tcp": "TCP", "turn-tcp": "TURN (TCP)", "turn-tls": "TURN (TLS)"}
        families = {"ipv4": " (IPv4)", "ipv6": " (IPv6)", None: ""}
        return kinds[self.kind] + families[self.family]

    @property
    def written(self) -> str:
        """Where it leads: to the media plane, or to the TURN server."""
        addresses = self.addresses if self.turn is None else (self.turn.address,)
        return ", ".join(written(each) for each in addresses)


@dataclass(frozen=True, slots=True)
class Announced:
    """All of them."""

    ways: tuple[Way, ...]
    absent: tuple[Way, ...]
    """Of a family that this machine has not."""
    left_out: tuple[str, ...]
    """ICE servers that are not the given one, and are left alone; and what is too much."""


def read(
    sdp: str, ice_servers: Iterable[dict[str, Any]], host: str, families: Collection[Family]
) -> Announced:
    """What a server announces.

    :param sdp: its answer.
    :param ice_servers: as in ``connected``.
    :param host: the server's, as it was given: another one's TURN server is not tried.
    :param families: those that this machine has.
    """
    direct, left_out = list(_direct(sdp)), list[str]()
    targets = _udp_addresses(direct, families)
    turns = [way for server in ice_servers for way in _turn(server, host, targets, left_out)]
    absent = tuple(way for way in direct if way.family not in families)
    found = [way for way in direct if way not in absent] + turns
    left_out += [way.name for way in found[MAX_WAYS:]]
    return Announced(tuple(found[:MAX_WAYS]), absent, tuple(left_out[:MAX_LEFT_OUT]))


def plain(text: str) -> str:
    """What a server has said, as it may be shown: short, and nothing that a terminal obeys."""
    return "".join(each if each.isprintable() else "?" for each in text[:_SHOWN_CHARS])


def written(address: Address) -> str:
    """As people write it."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _direct(sdp: str) -> Iterator[Way]:
    """By the server's candidates, which are the same in all sections."""
    by_way: dict[tuple[Kind, Family], dict[Address, None]] = {}
    for protocol, host, port in _CANDIDATE.findall(sdp):
        try:
            ip = ip_address(host)
        except ValueError:
            continue
        if not 0 < int(port) < 1 << 16:
            continue
        kind: Kind = "udp" if protocol.lower() == "udp" else "tcp"
        by_way.setdefault((kind, FAMILIES[ip.version]), {})[str(ip), int(port)] = None
    for (kind, family), addresses in by_way.items():
        yield Way(kind, family, tuple(addresses)[:MAX_ADDRESSES])


def _udp_addresses(direct: Iterable[Way], families: Collection[Family]) -> tuple[Address, ...]:
    """Where a TURN server is to relay to: the present families first."""
    udp = [way for way in direct if way.kind == "udp"]
    udp.sort(key=lambda way: way.family not in families)
    return tuple(each for way in udp for each in way.addresses)[:MAX_ADDRESSES]


def _turn(
    server: dict[str, Any], host: str, targets: tuple[Address, ...], left_out: list[str]
) -> Iterator[Way]:
    urls = server.get("urls")
    for url in urls if isinstance(urls, list) else [urls]:
        found = _TURN.fullmatch(str(url))
        if found is None or found[2].strip("[]").lower() != host.lower():
            left_out.append(plain(str(url)))
            continue
        scheme = found[1].lower()
        address = found[2].strip("[]"), int(found[3] or _PORTS[scheme])
        if not 0 < address[1] < 1 << 16:
            left_out.append(plain(str(url)))
            continue
        name, credential = server.get("username", ""), server.get("credential", "")
        turn = Turn(address, scheme == "turns", str(name), str(credential))
        yield Way("turn-tls" if turn.is_secure else "turn-tcp", None, targets, turn)
