"""Whoever asks for too much, lies about what it repeats, or about how far away it is.

Each is bounded by what one may cause, and counted; nobody is sent what was a former partner's, and
nothing is encrypted twice under one number. Real SRTP, virtual time.
"""

from __future__ import annotations

import random
import struct
import tracemalloc
from collections import Counter
from collections.abc import Callable

import pytest
from pylibsrtp import Error

from relay.media.budget import REPAIR_SHARE, REPAIRS_AT_ONCE, REPAIRS_PER_S
from relay.media.flow import Flow
from relay.media.packets.gaps import MAX_OPEN, MAX_RESTORED
from relay.media.packets.history import KEPT_S
from relay.media.route import KEYFRAME_REQUEST_INTERVAL_S
from tests.support.forwarding import A, B, C, Port
from tests.support.offers import CHROMIUM, FIREFOX, without
from tests.support.packets import (
    DELTA,
    KEYFRAME,
    block,
    nack,
    read_rtcp,
    rr,
    rtp,
    rtx,
    sr,
)
from tests.support.sealing import Seals
from tests.support.sides import REPAIR, VIDEO

STEP_S = 0.01
PLAIN = without(FIREFOX, "a=fmtp:124")
SIZE = 1000
FULL = 0xFFFF  # sixteen more numbers in an entry


@pytest.fixture(autouse=True)
def seals(monkeypatch: pytest.MonkeyPatch) -> Seals:
    return Seals(monkeypatch)


@pytest.fixture
def port() -> Port:
    return Port()


class Room:
    """Who sends pictures, and who receives them; either may be the one to beware of."""

    def __init__(self, port: Port, receives: str = FIREFOX) -> None:
        self.port, self.number, self.bytes = port, 0, Counter[str]()
        self.sender = port.join("a", CHROMIUM, A)
        self.receiver = port.join("b", receives, B)
        Flow(self.sender.uplink, self.receiver.downlink)
        Flow(self.receiver.uplink, self.sender.downlink)
        self.out: list[int] = []
        """The numbers under which the receiver had the pictures' packets."""
        self._opened: set[bytes] = set()

    @property
    def ssrc(self) -> int:
        return self.receiver.downlink.outlets[VIDEO].ssrc

    def film(self) -> None:
        """Send one packet."""
        payload = (KEYFRAME if self.number % 500 == 0 else DELTA) + bytes(SIZE)
        self.send(rtp(2, self.number, payload=payload, rtp_ts=self.number * 900))
        self.number += 1

    def send(self, packet: bytes) -> None:
        self.take(self.port.hear(A, self.sender.rtp(packet)))

    def ask(self, *parts: bytes) -> None:
        """Have the receiver send a compound packet."""
        self.take(self.port.hear(B, self.receiver.rtcp(rr(9) + b"".join(parts))))

    def take(self, sent: list[tuple[object, bytes]]) -> None:
        """Sort what the receiver is sent: for the first time, as RTX, or the very same again."""
        for address, data in sent:
            if address != B or 192 <= data[1] <= 223:
                continue
            tag = data[-16:]
            if tag in self._opened:
                self.bytes["same"] += len(data)
                continue
            (packet,) = self.receiver.hears([(address, data)])
            self._opened.add(tag)
            is_repair = packet.ssrc == self.receiver.downlink.outlets[REPAIR].ssrc
            self.bytes["rtx" if is_repair else "first"] += len(data)
            if not is_repair:
                self.out.append(packet.number)

    @property
    def again(self) -> int:
        return self.bytes["same"] + self.bytes["rtx"]

    def play(self, seconds: float, attack: Callable[[], None]) -> None:
        """Film on, with whatever the one does besides, and the plane's clock."""
        port, flow = self.port, self.sender.uplink.flow
        assert isinstance(flow, Flow)
        for step in range(round(seconds / STEP_S)):
            port.now += STEP_S
            self.film()
            attack()
            port.forwarder.repairs.look(port.now)
            if step % 10 == 0:
                for caller in (self.sender, self.receiver):
                    caller.link.budget.look(port.now)
            if step % 100 == 0:
                flow.fit(port.now)

    def check_bounds(self, seconds: float) -> None:
        most = REPAIR_SHARE * self.bytes["first"] + REPAIRS_PER_S * seconds + REPAIRS_AT_ONCE
        assert self.again <= most + 2 * SIZE
        keyframes = sum(part.kind == 206 for data in self.sender.told for part in read_rtcp(data))
        assert keyframes <= seconds / KEYFRAME_REQUEST_INTERVAL_S + 1


@pytest.mark.parametrize("receives", [FIREFOX, PLAIN], ids=["rtx", "no rtx"])
def test_a_storm_of_requests_gets_its_share_and_no_more(
    port: Port, seals: Seals, receives: str
) -> None:
    """Twelve entries of 17 numbers each, as often as one may and oftener."""
    room, seconds, memory = Room(port, receives), 8.0, list[int]()

    def storm() -> None:
        last = room.out[-1]
        for _ in range(2):
            room.ask(nack(9, room.ssrc, *((last - 17 * n - 16, FULL) for n in range(12))))

    tracemalloc.start()
    for _ in range(2):
        room.play(seconds / 2, storm)
        memory.append(kept_bytes())
    tracemalloc.stop()
    room.check_bounds(seconds)
    assert room.again > 0.8 * REPAIR_SHARE * room.bytes["first"], "nor less"
    assert len(room.out) == room.number, "the picture goes on"
    assert port.drops["repairs_over_budget"] > 1000
    assert port.drops["nacks_over_budget"] > 100_000
    assert port.forwarder.repairs.counts["repeated"] > 100
    assert seals.twice == seals.refused == []
    assert memory[1] - memory[0] < 100_000


def kept_bytes() -> int:
    """What the relay has allocated since its allocations are traced, and has still."""
    mine = tracemalloc.Filter(inclusive=True, filename_pattern="*/relay/media/*")
    snapshot = tracemalloc.take_snapshot().filter_traces([mine])
    return sum(trace.size for trace in snapshot.traces)


@pytest.mark.parametrize("receives", [FIREFOX, PLAIN], ids=["rtx", "no rtx"])
def test_nobody_gets_what_was_never_sent_or_is_anothers(port: Port, receives: str) -> None:
    room = Room(port, receives)
    room.play(0.5, lambda: None)
    last, before = room.out[-1], dict(room.bytes)
    others = [outlet.ssrc for outlet in room.sender.downlink.outlets.values()]
    for ssrc in (room.ssrc, *others, 1, 2, 3, 77):
        room.ask(nack(9, ssrc, *((last + 1 + 17 * n, FULL) for n in range(20))))
        room.ask(nack(9, ssrc, (last + 0x7000, FULL)))
    assert room.bytes == before
    assert set(port.drops) == {"untrue_rtcp"}
    assert port.drops["untrue_rtcp"] == 21 * 17


@pytest.mark.parametrize("receives", [FIREFOX, PLAIN], ids=["rtx", "no rtx"])
def test_after_next_nobody_gets_what_a_former_partner_sent(port: Port, receives: str) -> None:
    """Not before the next one's first packet, nor after it, whatever numbers are asked for."""
    room = Room(port, receives)
    room.play(0.5, lambda: None)
    former, outlets = list(room.out), room.receiver.downlink.outlets
    other = port.join("c", CHROMIUM, C)
    Flow(other.uplink, room.receiver.downlink)
    Flow(room.receiver.uplink, other.downlink)
    other.told.clear()

    def ask_for_the_former(*, mine: int = 0) -> None:
        seen = len(room.out)
        for ssrc in (outlets[VIDEO].ssrc, outlets[REPAIR].ssrc):
            room.ask(nack(9, ssrc, *((number, 0) for number in former)))
            room.ask(nack(9, ssrc, *((former[0] + 17 * n, FULL) for n in range(20))))
        assert (room.again, room.out[seen:]) == (0, [])
        assert other.told == [], "nor is a key frame asked for"
        assert port.drops.get("untrue_rtcp", 0) == mine

    ask_for_the_former()
    room.take(port.hear(C, other.rtp(rtp(2, 7, payload=KEYFRAME + b"new"))))
    assert room.out[-1] == former[-1] + 1
    room.ask(nack(9, room.ssrc, *((number, 0) for number in former)))
    assert room.again == 0
    assert other.told == []
    room.ask(nack(9, room.ssrc, (former[0], FULL), (room.out[-1] - 1, 1)))
    assert port.forwarder.repairs.counts["repeated"] == 1, "what is the present one's"


@pytest.mark.parametrize("receives", [FIREFOX, PLAIN], ids=["rtx", "no rtx"])
def test_repeats_that_lie_cost_no_number_twice(port: Port, seals: Seals, receives: str) -> None:
    """Packets are left out, come late, come after their repeat, or jump; repeats are of anything.

    The receiver's SRTP takes all that it is sent, and each number once.
    """
    room, dice = Room(port, receives), random.Random(5)
    used, repair = set[int](), 0

    def lie() -> None:
        nonlocal repair
        if dice.random() < 0.2:
            room.number += dice.choice([1, 2, 3, 17])
        elif dice.random() < 0.01:
            room.number += dice.choice([300, 998, 999, 1000, 30_000, 0x8000 - 9])
        for _ in range(3):
            repair += 1
            ahead = dice.choice([2, 3, 5, 40, 300, 999, 1001, 0x7FFF, 0x8000, 0xFFFF, -1, -900])
            payload = DELTA + bytes(dice.randrange(600))
            rtp_ts = room.number * 900
            room.send(rtx(3, repair, room.number - ahead, payload=payload, rtp_ts=rtp_ts))
        late = room.number - dice.randrange(1, 100)
        if late & 0xFFFF not in used and late >= 0:
            used.add(late & 0xFFFF)
            try:
                room.send(rtp(2, late, payload=DELTA, rtp_ts=late * 900))
            except Error:  # the sender has used that number
                return

    room.play(6.0, lie)
    flow = room.sender.uplink.flow
    assert isinstance(flow, Flow)
    assert flow.video is not None
    assert flow.video.gaps is not None
    assert len(flow.video.gaps) <= MAX_OPEN
    assert port.forwarder.repairs.counts["restored"] > 20
    assert len(room.out) > 600
    assert seals.twice == []
    assert port.drops.keys() <= {"stale", "encryption", "rtp_over_budget"}
    assert port.drops.get("encryption", 0) == len(seals.refused)


@pytest.mark.parametrize("receives", [FIREFOX, PLAIN], ids=["rtx", "no rtx"])
def test_what_comes_when_its_repeat_is_forgotten_is_not_encrypted(
    port: Port, seals: Seals, receives: str
) -> None:
    room = Room(port, receives)
    room.film()
    first = room.number
    for repair in range(MAX_RESTORED + 2):
        room.number += 1  # which is not sent
        room.film()
        port.now += 2 * STEP_S
        room.send(rtx(3, repair, room.number - 2, payload=DELTA, rtp_ts=room.number * 900))
    for number in (first, room.number - 2):
        room.send(rtp(2, number, payload=DELTA, rtp_ts=room.number * 900))
    assert len(seals.refused) == 1
    assert seals.twice == []
    assert port.drops == {"encryption": 1, "stale": 1}


@pytest.mark.parametrize(
    ("took_s", "dlsr_s"),
    [(3.0, 0.0), (0.0, 0.0), (7200.0, 0.0), (0.1, 3600.0), (0.1, 0xFFFFFFFF / 65536)],
    ids=["3 s", "none", "hours", "less than none", "far less than none"],
)
def test_round_trips_that_cannot_be_helped(
    port: Port, seals: Seals, took_s: float, dlsr_s: float
) -> None:
    """Who is too far away for repair gets key frames, and nobody anything beyond the bounds."""
    room, dice, missing = Room(port), random.Random(7), dict[int, int]()
    room.film()
    told = room.receiver.opens_rtcp(port.hear(A, room.sender.rtcp(sr(2, 0))))
    (ntp,) = struct.unpack_from("!8s", read_rtcp(told[0])[0].body, 4)
    lsr = int.from_bytes(ntp[2:6])
    port.now += took_s
    report = block(room.ssrc, room.out[-1], lsr=lsr, dlsr=round(dlsr_s * 65536))
    port.hear(B, room.receiver.rtcp(rr(9, report)))
    measured = room.receiver.downlink.round_trip_s
    assert measured == (None if dlsr_s else pytest.approx(took_s, abs=0.001))

    def miss() -> None:
        if dice.random() < 0.2:
            missing[room.out[-1]] = 0
        for number in list(missing):
            missing[number] += 1
            room.ask(nack(9, room.ssrc, (number, 0)))
            if missing[number] >= 10:
                del missing[number]

    room.number += 5  # what the relay misses itself
    room.play(6.0, miss)
    room.check_bounds(6.0)
    assert len(room.out) == room.number - 5
    assert seals.twice == seals.refused == []
    repeated = port.forwarder.repairs.counts["repeated"]
    assert repeated == 0 if took_s > KEPT_S else repeated > 20
