"""pcapng, as Wireshark reads it (draft-ietf-opsawg-pcapng): RTP packets as UDP datagrams.

Addresses are made up, from the ranges for documentation (RFC 5737): nobody's are told.
"""

import struct

import relay
from relay.plane import Direction

USER = ("192.0.2.1", 5004)
RELAY = ("198.51.100.1", 5004)

_SECTION, _INTERFACE, _STATISTICS, _PACKET = 0x0A0D0D0A, 1, 5, 6
_MAGIC = 0x1A2B3C4D
_LINKTYPE_RAW = 101  # datagrams begin with the IP header
_UNKNOWN_LENGTH = -1
_SNAP_BYTES = 65535

_END, _COMMENT, _USER_APPLICATION, _NAME, _FLAGS = 0, 1, 4, 2, 2
_DROPPED = 5  # isb_ifdrop
_INBOUND, _OUTBOUND = 1, 2

_IP_BYTES, _UDP_BYTES = 20, 8
_TTL, _PROTOCOL_UDP = 64, 17


def header(link_id: str, comment: str) -> bytes:
    """The beginning of a file about one link."""
    app = _option(_USER_APPLICATION, f"relay {relay.__version__}".encode())
    section = struct.pack("<IHHq", _MAGIC, 1, 0, _UNKNOWN_LENGTH)
    interface = struct.pack("<HHI", _LINKTYPE_RAW, 0, _SNAP_BYTES)
    name = _option(_NAME, f"link {link_id}".encode())
    return _block(_SECTION, section + app + _option(_COMMENT, comment.encode()) + _option(_END)) + (
        _block(_INTERFACE, interface + name + _option(_END))
    )


def packet(direction: Direction, at_us: int, data: bytes, kept_bytes: int) -> bytes:
    """One RTP packet.

    :param at_us: microseconds since 1970; ``kept_bytes``: how much of ``data`` is written.
    """
    ours = direction is Direction.UP
    source, destination = (USER, RELAY) if ours else (RELAY, USER)
    headers = _ip(source[0], destination[0], len(data)) + _udp(source[1], destination[1], len(data))
    written = headers + data[:kept_bytes]
    fixed = struct.pack(
        "<IIIII", 0, at_us >> 32, at_us & 0xFFFFFFFF, len(written), len(headers) + len(data)
    )
    flags = _option(_FLAGS, struct.pack("<I", _INBOUND if ours else _OUTBOUND))
    return _block(_PACKET, fixed + _padded(written) + flags + _option(_END))


def statistics(at_us: int, dropped: int) -> bytes:
    """How many packets were not captured, so far."""
    fixed = struct.pack("<III", 0, at_us >> 32, at_us & 0xFFFFFFFF)
    lost = _option(_DROPPED, struct.pack("<Q", dropped))
    return _block(_STATISTICS, fixed + lost + _option(_END))


def _ip(source: str, destination: str, payload_bytes: int) -> bytes:
    """An IPv4 header (RFC 791 section 3.1)."""
    total = _IP_BYTES + _UDP_BYTES + payload_bytes

    def written(checksum: int) -> bytes:
        head = struct.pack("!BBHHHBBH", 0x45, 0, total, 0, 0x4000, _TTL, _PROTOCOL_UDP, checksum)
        return head + _address(source) + _address(destination)

    return written(_checksum(written(0)))


def _udp(source: int, destination: int, payload_bytes: int) -> bytes:
    return struct.pack("!HHHH", source, destination, _UDP_BYTES + payload_bytes, 0)  # no checksum


def _address(text: str) -> bytes:
    return bytes(int(part) for part in text.split("."))


def _checksum(header: bytes) -> int:
    """The ones' complement sum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def _option(code: int, value: bytes = b"") -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _block(kind: int, body: bytes) -> bytes:
    size = 12 + len(body)
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)
