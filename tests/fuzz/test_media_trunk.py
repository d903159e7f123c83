"""Whatever comes to a terminal, from another node's address or as a former datagram changed."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay.media.paths.bridge import Cargo, head
from relay.media.paths.transport import MAX_DATAGRAM_BYTES, SLOTS
from relay.media.paths.trunk import KEYS, OVERHEAD_BYTES, Place, Terminal, Trunk
from relay.workers.told import read
from tests.support.fake_socket import FakeSocket

steady = settings(
    derandomize=True,
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

HERE: Place = ("192.0.2.1", 7900)
THERE: Place = ("192.0.2.2", 7900)
ELSEWHERE: Place = ("192.0.2.3", 7900)
KEY = bytes(range(16))
REASONS = {
    "trunk_forged",
    "trunk_keyless",
    "trunk_malformed",
    "trunk_replayed",
    "trunk_unknown",
}


class Ends:
    """Two terminals without a network: what one sends, tests give the other, as it is or not."""

    def __init__(self) -> None:
        self.near, self.far = FakeSocket(), FakeSocket()
        with pytest.MonkeyPatch.context() as patched:
            opened = iter((self.near, self.far))
            patched.setattr("relay.media.paths.trunk.open_single", lambda *_: next(opened))
            self.receiver, sender = Terminal(FakeSocket()), Terminal(FakeSocket())
            self.receiver.open(HERE)
            sender.open(THERE)
        self.trunk: Trunk = self.receiver.lead(THERE)
        self.trunk.decrypt_with(KEY, 0)
        self.sender = sender.lead(HERE)
        self.sender.encrypt_with(KEY, 0)

    def datagram(self, data: bytes) -> bytes:
        self.sender.send(head(Cargo.RTP, 7), data)
        ((_, sent),) = self.far.taken()
        return sent


@pytest.fixture(scope="module")
def good() -> list[bytes]:
    ends = Ends()
    return [ends.datagram(bytes([number]) * (number * 7)) for number in range(20)]


places = st.sampled_from([THERE, THERE, THERE, ELSEWHERE])
anything = st.binary(max_size=80)
changes = st.tuples(
    st.integers(0, 19), st.integers(0, 200), st.integers(0, 255), st.integers(0, 99)
)


@steady
@given(st.lists(st.tuples(places, anything | changes), max_size=SLOTS))
def test_only_what_is_as_it_was_sent_is_taken_and_once(
    good: list[bytes], arriving: list[tuple[Place, bytes | tuple[int, int, int, int]]]
) -> None:
    ends = Ends()
    expected: list[bytes] = []
    for place, what in arriving:
        if isinstance(what, bytes):
            datagram = what
        else:
            number, at, byte, end = what
            datagram = good[number]
            if at < len(datagram):
                datagram = datagram[:at] + bytes([byte]) + datagram[at + 1 :]
            datagram = datagram[: len(datagram) if end > 50 else end]
        ends.near.waiting.append((place, datagram))
        if place == THERE and datagram in good and datagram not in expected:
            expected.append(datagram)
    found = ends.receiver.receive()
    assert [size for _, size in found] == [len(each) - OVERHEAD_BYTES for each in expected]
    assert {heading for heading, _ in found} <= {head(Cargo.RTP, 7) | ends.trunk.mark}
    drops = ends.receiver.drops
    assert set(drops) <= REASONS
    assert sum(drops.values()) == len(arriving) - len(found)
    assert len(ends.trunk.openers) <= KEYS


@steady
@given(st.integers(0, MAX_DATAGRAM_BYTES + 200))
def test_packets_of_any_size(size: int) -> None:
    ends = Ends()
    slots = ends.sender._terminal.slots
    ends.sender.stage(0, min(size, 2048), head(Cargo.RTP, 7))
    ends.sender._terminal.flush()
    for _, datagram in ends.far.taken():
        ends.near.waiting.append((THERE, datagram))
    found = ends.receiver.receive()
    if size + OVERHEAD_BYTES <= MAX_DATAGRAM_BYTES:
        assert found == [(head(Cargo.RTP, 7) | ends.trunk.mark, size)]
        assert ends.receiver.slots.view[:size] == slots.view[:size]
    else:
        assert found == []
        assert ends.sender._terminal.drops == {"trunk_too_long": 1}
    assert not ends.receiver.drops


@steady
@given(st.text(max_size=200))
def test_what_another_node_tells_of_a_link(text: str) -> None:
    assert read(text, "bob", 2) is None
