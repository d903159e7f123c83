"""What the first bytes of a connection are of."""

import pytest

from relay.door.greeting import NEEDED_BYTES, Greeting, greeting

COOKIE = bytes.fromhex("2112a442")
CHECK = b"\x00\x64\x00\x01\x00\x50" + COOKIE + bytes(90)
ALLOCATE = b"\x00\x03\x00\x08" + COOKIE + bytes(20)
BINDING = b"\x00\x01\x00\x00" + COOKIE + bytes(12)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"GET / HTTP/1.1\r\n", Greeting.HTTP),
        (b"G", Greeting.HTTP),
        (b"\r\n", Greeting.HTTP),
        (b"\xff\xff", Greeting.HTTP),  # whose server says 400
        (b"\x16", Greeting.TLS),
        (b"\x16\x03\x01", Greeting.TLS),
        (CHECK, Greeting.ICE),
        (ALLOCATE, Greeting.TURN),
        (BINDING, Greeting.TURN),
        (b"\x00\x64\x00\x02", Greeting.NONSENSE),
        (b"\x00\x03\x00\x08\x21\x12\xa4\x43", Greeting.NONSENSE),
        (b"\x00\x64\x00\x01\x00\x50\x21\x12\xa4\x43", Greeting.NONSENSE),
        (bytes(10), Greeting.NONSENSE),
        (b"", Greeting.MORE),
        (b"\x00", Greeting.MORE),
    ],
)
def test_it_is_known_by_its_first_bytes(data: bytes, found: Greeting) -> None:
    assert greeting(data) is found


@pytest.mark.parametrize("whole", [CHECK, ALLOCATE, BINDING, b"GET /", b"\x16\x03\x01"])
def test_more_bytes_never_change_what_was_found(whole: bytes) -> None:
    found = [greeting(whole[:size]) for size in range(len(whole) + 1)]
    last = found[-1]
    assert last is not Greeting.MORE
    assert found == sorted(found, key=lambda each: each is last)
    assert set(found) <= {Greeting.MORE, last}


def test_so_many_bytes_tell_in_any_case() -> None:
    for first in range(256):
        for second in (0, 1, 3, 255):
            data = bytes([first, second]) + bytes(NEEDED_BYTES - 2)
            assert greeting(data) is not Greeting.MORE
