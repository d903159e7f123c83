"""Whatever comes over a bridge: no fault, and bounded tables."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.media.bridgehead import Bridgehead
from relay.media.card import card_of
from relay.media.flow import Flow
from relay.media.paths.bridge import Cargo, head
from relay.media.paths.transport import SLOT_BYTES
from relay.media.uplink import MAX_STREAMS
from tests.support.cards import card
from tests.support.fake_bridge import FakeBridge
from tests.support.forwarding import A, Port
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.packets import KEYFRAME, pli, rtp, sr, transport_cc

steady = settings(derandomize=True, deadline=None, max_examples=300)

GOOD = [
    rtp(2, 7, payload=KEYFRAME, elements=((3, b"ab"),)),
    sr(2, 5),
    pli(1, 2),
    transport_cc(1, 2, 3),
    bytes(2),
]


def change(data: bytes, at: int, value: bytes, end: int) -> bytes:
    at %= len(data)
    return (data[:at] + value + data[at + 1 :])[:end]


changed = st.builds(
    change,
    st.sampled_from(GOOD),
    st.integers(0, 80),
    st.binary(min_size=1, max_size=1),
    st.integers(0, 80),
)
known = st.sampled_from([head(each, number) for each in Cargo for number in (7, 8)])
cargo = st.tuples(
    known | st.integers(0, 2**64 - 1),
    st.binary(max_size=60) | changed | st.sampled_from(GOOD),
)


class Played(FakeBridge):
    """A bridge over which comes what is put into it."""

    def __init__(self, port: Port) -> None:
        super().__init__()
        self._port = port
        self.waiting: list[tuple[int, bytes]] = []

    def receive(self) -> list[tuple[int, int]]:
        batch, self.waiting = self.waiting[:64], self.waiting[64:]
        for slot, (_, data) in enumerate(batch):
            at = slot * SLOT_BYTES
            self._port.socket.view[at : at + len(data)] = data
        return [(heading, len(data)) for heading, data in batch]


@steady
@given(st.lists(cargo, max_size=80))
def test_any_datagrams(arriving: list[tuple[int, bytes]]) -> None:
    port = Port()
    ann = port.join("ann", FIREFOX, A)
    bridge = Played(port)
    bridgehead = Bridgehead(port.socket, port.forwarder, {"ann": ann.link}, lambda: port.now)
    bridgehead._bridges[1] = bridge  # type: ignore[assignment]
    far = bridgehead.meet("ann", card(CHROMIUM), 7, 1)
    far.cross(ann.link)
    Flow(far.uplink, ann.downlink)
    assert card_of(ann.link) is not None
    bridge.waiting = arriving
    while bridge.waiting:
        bridgehead.on_readable(bridge)
    bridgehead.tick(port.now)
    assert bridgehead.drops["fault"] == port.drops.get("fault", 0) == 0
    assert len(far.uplink.streams) + len(far.uplink.strangers) <= MAX_STREAMS
    bridgehead.part("ann")
