"""Reads pcapng (draft-ietf-opsawg-pcapng), as strictly as the file allows."""

import struct
from dataclasses import dataclass, field


@dataclass
class Datagram:
    """A captured packet."""

    at_us: int
    inbound: bool
    source: tuple[str, int]
    destination: tuple[str, int]
    udp_bytes: int
    """As the UDP header says."""
    payload: bytes
    """Of UDP, as much as was captured."""


@dataclass
class Capture:
    """A file."""

    texts: list[str] = field(default_factory=list)
    """The section's and the interface's options."""
    datagrams: list[Datagram] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    """As each of the statistics says."""


def read_pcapng(data: bytes) -> Capture:
    found, at = Capture(), 0
    kinds: list[int] = []
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        assert size % 4 == 0
        assert struct.unpack_from("<I", data, at + size - 4) == (size,)
        body = data[at + 8 : at + size - 4]
        kinds.append(kind)
        if kind == 0x0A0D0D0A:
            assert struct.unpack_from("<IHHq", body) == (0x1A2B3C4D, 1, 0, -1)
            found.texts += [value.decode() for _, value in _options(body[16:])]
        elif kind == 1:
            assert struct.unpack_from("<HH", body) == (101, 0)
            found.texts += [value.decode() for _, value in _options(body[8:])]
        elif kind == 5:
            [(code, value)] = _options(body[12:])
            assert code == 5
            found.dropped.append(int.from_bytes(value, "little"))
        else:
            assert kind == 6
            found.datagrams.append(_datagram(body))
        at += size
    assert kinds[:2] == [0x0A0D0D0A, 1]
    return found


def _datagram(body: bytes) -> Datagram:
    interface, high, low, captured, original = struct.unpack_from("<IIIII", body)
    assert interface == 0
    data = body[20 : 20 + captured]
    [(code, flags)] = _options(body[20 + captured + -captured % 4 :])
    assert code == 2
    first, _, total, _, _, _, protocol, _ = struct.unpack_from("!BBHHHBBH", data)
    assert (first, total, protocol) == (0x45, original, 17)
    words = sum(struct.unpack_from("!10H", data))
    assert (words & 0xFFFF) + (words >> 16) == 0xFFFF, "the header's checksum"
    ports = struct.unpack_from("!HHHH", data, 20)
    assert ports[2:] == (original - 20, 0), "UDP's length, and no checksum (RFC 768)"
    addresses = [".".join(str(byte) for byte in data[i : i + 4]) for i in (12, 16)]
    return Datagram(
        high << 32 | low,
        flags[0] & 3 == 1,
        (addresses[0], ports[0]),
        (addresses[1], ports[1]),
        ports[2],
        data[28:],
    )


def _options(data: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    at = 0
    while True:
        code, size = struct.unpack_from("<HH", data, at)
        if code == 0:
            assert (size, at + 4) == (0, len(data))
            return found
        found.append((code, data[at + 4 : at + 4 + size]))
        at += 4 + size + -size % 4
