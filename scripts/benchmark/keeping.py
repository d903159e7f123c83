"""The measurement ``keeping``: what keeping the users' last pictures costs packets, and memory.

One plane in this process, without an event loop: batches of 60 packets wait in its socket, and what
it does with them is timed, in turns with pictures kept and without. Each user sends a key frame in
every hundredth batch, which is far more often than in calls.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.table import Table

from relay.bots.description import Numbering
from relay.bots.load.clip import begins_keyframe, encode
from relay.media.plane import RelayPlane
from scripts.benchmark import traffic
from scripts.benchmark.bench import Bench
from scripts.benchmark.supply import BURST, PEERS, Supply, connected
from scripts.benchmark.tables import table
from scripts.benchmark.targets import Target, judge
from scripts.benchmark.users import AES_GCM, Peer, offer_only

ROUNDS, TURNS, PATIENCE = 200, 15, 1000
KEY_EVERY = 100
MOST, MOST_KB = 1.02, 60
_ROOM = bytes(traffic.BATCH_PACKET_BYTES - 24 - 12)
_KEY = b"\x10\x50\x01\x00\x9d\x01\x2a\x80\x02\xe0\x01" + _ROOM
"""How a key frame of 640 x 480 begins (RFC 6386 section 9.1), behind its descriptor."""
_BEGINNING, _REST = b"\x10\x01" + _ROOM, b"\x00\x01" + _ROOM


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU time of a packet, in microseconds: the median of the turns; and memory."""

    off_us: float
    on_us: float
    ratio: float
    kept: int
    """Key frames, so that it is certain that there were some."""
    kb_a_user: float
    """With a key frame of a call of 1.26 Mbit/s, asked for when the encoder had found its pace."""


class Pictures(Supply):
    """As browsers send them: the packets of a picture have one timestamp."""

    def __init__(self) -> None:
        super().__init__()
        self._batch = 0

    def fill(self) -> None:
        """See :class:`Supply`."""
        is_key = self._batch % KEY_EVERY == 0
        self._batch += 1
        parts = [_KEY if is_key else _BEGINNING, *[_REST] * (BURST - 1)]
        self.show(parts)

    def show(self, parts: list[bytes]) -> None:
        """Put one picture of each user into the relay's socket."""
        for link in self._links:
            link.budget.look(self.now)
        for peer, wire in zip(self._peers, self._sockets, strict=True):
            for offset, part in enumerate(parts):
                is_last = offset == len(parts) - 1
                media = traffic.Media(0.0, traffic.VIDEO, 0, is_last, part)
                number, rtp_ts = self._number + offset & 0xFFFF, self._number * 90
                packet = traffic.rtp(
                    media, peer.ssrcs.video, number, rtp_ts & 0xFFFFFFFF, number, Numbering()
                )
                wire.send(peer.protect(packet))
        self._number += len(parts)


async def measure(bench: Bench, found: list[Cost]) -> None:
    """Off and on, in turns."""
    offer_only([AES_GCM])
    bench.say(f"keeping: {2 * PEERS * BURST * ROUNDS * TURNS:,} packets")
    now = [0.0]
    plane = RelayPlane("127.0.0.1", 0, clock=lambda: now[0])
    peers: list[Peer] = []
    try:
        await plane.start()
        peers += await connected(plane)
        supply = Pictures()
        supply.come_from(peers, plane)
        for number in range(0, PEERS, 2):
            plane.pair(str(number), str(number + 1))
        spent = _compare(plane, supply, now)
        kept = (await plane.stats()).keyframes_kept["kept"]
        taken_kb = await _memory(plane, supply, now)
    finally:
        for peer in peers:
            await peer.close()
        await plane.close()
    off, on = (median(spent[name]) for name in (False, True))
    ratio = median(b / a for a, b in zip(spent[False], spent[True], strict=True))
    found.append(Cost(off, on, ratio, kept, taken_kb))


def _compare(plane: RelayPlane, supply: Pictures, now: list[float]) -> dict[bool, list[float]]:
    spent: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(PATIENCE):
        if _once(plane, supply.fill, supply, now)[1] == PEERS * BURST:
            break
    gc.disable()
    try:
        for turn in range(TURNS):
            for on in (False, True) if turn % 2 else (True, False):
                plane.keep(on=on)
                rounds = [_once(plane, supply.fill, supply, now) for _ in range(ROUNDS)]
                came = sum(count for _, count in rounds)
                if came < 0.99 * PEERS * BURST * ROUNDS:
                    raise RuntimeError(f"{came} of {PEERS * BURST * ROUNDS} packets came out")
                spent[on].append(1e6 * sum(took_s for took_s, _ in rounds) / came)
    finally:
        gc.enable()
    return spent


def _once(
    plane: RelayPlane, fill: Callable[[], None], supply: Supply, now: list[float]
) -> tuple[float, int]:
    """One batch: how long it took, in seconds, and how many packets came out."""
    fill()
    now[0] = supply.now
    began = time.thread_time()
    plane._read_all()  # noqa: SLF001
    took_s = time.thread_time() - began
    return took_s, supply.drain()


async def _memory(plane: RelayPlane, supply: Pictures, now: list[float]) -> float:
    """What a user takes more when a key frame is kept, in kB."""
    clip = encode(traffic.SETTLING_S, traffic.BITRATE_BPS)
    frame = next(f for f in clip.frames if f.is_video and begins_keyframe(f.payloads[0]))
    parts = list(frame.payloads)
    plane.keep(on=False)
    supply._number += 1000  # noqa: SLF001 - a second passes: so often pictures are kept
    gc.collect()
    tracemalloc.start()
    try:
        plane.keep(on=True)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        before_kept = (await plane.stats()).keyframes_kept["kept"]
        _once(plane, lambda: supply.show(parts), supply, now)
        for _ in range(PATIENCE):
            plane._read_all()  # noqa: SLF001 - it reads no more than some batches at once
            supply.drain()
            if (await plane.stats()).keyframes_kept["kept"] == before_kept + PEERS:
                break
        else:
            raise RuntimeError("not all key frames were kept")
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / 1000 / PEERS


def as_dict(found: list[Cost]) -> dict[str, Any]:
    """For JSON."""
    return {"keeping": [asdict(each) for each in found]}


def tables(found: list[Cost]) -> list[Table]:
    """For people."""
    drawn = table("Keeping the users' last pictures (full batches)", "", "us", "ratio", "kB a user")
    for each in found:
        drawn.add_row("a packet, nothing kept", f"{each.off_us:.2f}", "", "")
        memory = f"{each.kb_a_user:.0f}"
        drawn.add_row("a packet, pictures kept", f"{each.on_us:.2f}", f"{each.ratio:.3f}", memory)
    return [drawn]


def targets(found: list[Cost]) -> list[Target]:
    """What it may cost."""
    ratio = found[0].ratio if found else None
    taken_kb = found[0].kb_a_user if found else None
    return [
        judge("a packet while pictures are kept, to one while not", ratio, MOST, "", form=".3f"),
        judge("memory a user more while pictures are kept", taken_kb, MOST_KB, " kB"),
    ]
