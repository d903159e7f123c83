"""One run of a load: users send on schedule, and what comes out is matched with what went in.

Everything that can be done before a run is done before it (encryption above all). Nothing is
decrypted after it either: a relay adds a constant to a stream's sequence numbers, so a first packet
of each stream (``open_streams``) tells which packet is which from then on.
"""

from __future__ import annotations

import asyncio
import bisect
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from relay.bots.arrivals import transport_number
from relay.bots.description import TRANSPORT_CC
from scripts.benchmark.datagrams import Exchange, Inbox, Outbox, exchange
from scripts.benchmark.servers import core_busy_s, cores
from scripts.benchmark.traffic import (
    AUDIO,
    CLOCK_RATE_HZ,
    FEEDBACK_INTERVAL_S,
    KEYFRAME,
    REPORT_INTERVAL_S,
    RTCP,
    SILENCE,
    VIDEO,
    Media,
    Plan,
    rtp,
    sender_report,
    transport_feedback,
)
from scripts.benchmark.users import Learned, User, heard_ssrc, own_ssrc

WARM_UP_S = 0.4
"""The begin of each run, which is not counted."""
LATE_S, MAX_BUSY, MAX_OTHERS = 0.001, 0.9, 0.1
"""Beyond these a run is in doubt: the load's lateness (p99), the part of its core that it needs,
and the part of the server's core that other processes take."""
_OPENINGS = 20
_OPENING_S = 0.5
_SPARE_SLOTS = 4096


class NoMedia(Exception):
    """A server does not pass media on."""


@dataclass(slots=True)
class Outcome:
    """What a run saw, warm-up left out."""

    seconds: float
    cpu_s: float
    sent: int
    received: int
    """Media packets; of those that were sent, when it can be known which is which."""
    exchange: Exchange
    late_s: np.ndarray
    """By how much the load itself was late with each burst."""
    latencies_s: np.ndarray = field(default_factory=lambda: np.empty(0))
    others: float = 0.0
    """The part of the server's core that others took."""

    @property
    def late_p99_s(self) -> float:
        """The load's own lateness."""
        return float(np.percentile(self.late_s, 99))

    @property
    def doubts(self) -> list[str]:
        """Why the load, or the machine, may have spoiled the run.

        ``late``: the load was; ``lost``: the load itself lost packets; ``busy``: the load had no
        time left; ``shared``: other processes used the server's core.
        """
        reasons = {
            "late": self.late_p99_s > LATE_S,
            "lost": self.exchange.lost + self.exchange.unsent > 0,
            "busy": self.exchange.busy > MAX_BUSY,
            "shared": self.others > MAX_OTHERS,
        }
        return [reason for reason, is_so in reasons.items() if is_so]


@dataclass(slots=True)
class _Run:
    """A run in the making: per stream, when each packet is to leave."""

    outbox: Outbox
    first_number: dict[tuple[int, int], int]


async def open_streams(users: list[User]) -> None:
    """Send one packet on every stream until all have come out, and learn what became of them.

    :raises NoMedia: when some never come out.
    """
    for attempt in range(_OPENINGS):
        missing = [
            (index, kind)
            for index, user in enumerate(users)
            for kind in (AUDIO, VIDEO)
            if kind not in user.learned
        ]
        if not missing:
            return
        await asyncio.sleep(_OPENING_S if attempt else 0)
        outbox, numbers = Outbox(), {}
        for place, (index, kind) in enumerate(missing):
            payload = KEYFRAME if kind == VIDEO else SILENCE
            media = Media(place * 0.0004, kind, 0, True, payload)
            user = users[index]
            numbers[index, kind] = user.next_number[kind], user.next_transport_number
            _add(outbox, users[index], index, media, ts_base=_ts_base(kind))
        outbox.seal()
        inbox = Inbox(len(outbox) * 4 + _SPARE_SLOTS)
        exchange(outbox, inbox, [user.socket for user in users], 0, _nothing)
        _learn(users, inbox, numbers)
    raise NoMedia(f"{len(missing)} of {2 * len(users)} streams did not come out")


async def run(
    users: list[User],
    plan: Plan,
    seconds: float,
    cpu_s: Callable[[], float],
    *,
    with_rtcp: bool = False,
) -> Outcome:
    """Run one load.

    :param cpu_s: reads the server's CPU time.
    :param with_rtcp: users also send reports and feedback, as browsers do.
    """
    total_s = WARM_UP_S + seconds
    made = _make(users, plan, total_s, with_rtcp=with_rtcp)
    made.outbox.seal()
    inbox = Inbox(round(len(made.outbox) * 1.3) + _SPARE_SLOTS)
    await _answer_pings()
    marks: list[float] = []
    sockets = [user.socket for user in users]
    core = cores()[0]

    def mark() -> None:
        marks.extend((cpu_s(), core_busy_s(core)))

    went = exchange(made.outbox, inbox, sockets, WARM_UP_S, mark)
    mark()
    outcome = _outcome(users, made, inbox, went, seconds, marks[2] - marks[0])
    await _answer_pings()
    outcome.others = max(marks[3] - marks[1] - outcome.cpu_s, 0) / outcome.seconds
    return outcome


def _make(users: list[User], plan: Plan, seconds: float, *, with_rtcp: bool) -> _Run:
    outbox, first, departures = Outbox(), {}, {}
    for index, user in enumerate(users):
        planned = plan(index, len(users), seconds)
        for kind in (AUDIO, VIDEO):
            first[index, kind] = user.next_number[kind]
        departures[user] = (user.next_transport_number, [media.at_s for media in planned])
        base = [_ts_base(kind) for kind in (AUDIO, VIDEO)]
        for media in planned:
            _add(outbox, user, index, media, ts_base=base[media.kind])
    if with_rtcp:
        for index, user in enumerate(users):
            _add_rtcp(outbox, user, index, seconds, departures[user.partner])
    return _Run(outbox, first)


def _ts_base(kind: int) -> int:
    """RTP timestamps go on with the clock from run to run."""
    return round(time.monotonic() * CLOCK_RATE_HZ[kind])


def _add(outbox: Outbox, user: User, index: int, media: Media, *, ts_base: int) -> None:
    number, transport_number = user.next_number[media.kind], user.next_transport_number
    user.next_number[media.kind] = (number + 1) & 0xFFFF
    user.next_transport_number = (transport_number + 1) & 0xFFFF
    packet = rtp(
        media,
        own_ssrc(user, media.kind),
        number,
        ts_base,
        transport_number,
        user.endpoint.numbering,
    )
    outbox.add(index, media.kind, media.at_s, user.endpoint.protect(packet))


def _add_rtcp(
    outbox: Outbox, user: User, index: int, seconds: float, partner: tuple[int, list[float]]
) -> None:
    """Sender reports, and feedback on what the partner will have sent by then."""
    ssrc, about = own_ssrc(user, VIDEO), heard_ssrc(user)
    phase = index * 0.618 % 1
    for kind, interval_s in enumerate(REPORT_INTERVAL_S):
        for at_s in np.arange(phase * interval_s, seconds, interval_s):
            ts = _ts_base(kind) + round(at_s * CLOCK_RATE_HZ[kind])
            report = sender_report(own_ssrc(user, kind), at_s, ts, 1000, heard_ssrc(user, kind))
            outbox.add(index, RTCP, float(at_s), user.endpoint.protect_rtcp(report))
    first, departures = partner
    base = first + user.partner.learned[VIDEO].transport_offset
    done = 0
    for count, at_s in enumerate(
        np.arange(phase * FEEDBACK_INTERVAL_S, seconds, FEEDBACK_INTERVAL_S)
    ):
        due = bisect.bisect_right(departures, at_s - 0.005)
        if due > done:
            feedback = transport_feedback(ssrc, about, base + done, due - done, count)
            outbox.add(index, RTCP, float(at_s), user.endpoint.protect_rtcp(feedback))
            done = due


@dataclass(slots=True)
class _Heads:
    """RTP headers received, in columns."""

    receiver: np.ndarray
    number: np.ndarray
    ssrc: np.ndarray
    payload_type: np.ndarray
    arrived_at_s: np.ndarray
    heads: np.ndarray


def _read(inbox: Inbox) -> _Heads:
    heads = inbox.heads[: inbox.used]
    second = heads[:, 1]
    is_rtp = (heads[:, 0] >> 6 == 2) & ((second < 192) | (second > 223))
    heads = heads[is_rtp]
    return _Heads(
        inbox.receivers()[is_rtp],
        heads[:, 2:4].copy().view(">u2")[:, 0].astype(np.int64),
        heads[:, 8:12].copy().view(">u4")[:, 0].astype(np.int64),
        heads[:, 1] & 0x7F,
        inbox.arrived_at_s()[is_rtp],
        heads,
    )


def _learn(
    users: list[User], inbox: Inbox, numbers: dict[tuple[int, int], tuple[int, int]]
) -> None:
    heads = _read(inbox)
    by_user = {user: index for index, user in enumerate(users)}
    for row in range(len(heads.receiver)):
        receiver = users[heads.receiver[row]]
        sender = receiver.partner
        kind = AUDIO if heads.payload_type[row] == receiver.endpoint.numbering.opus else VIDEO
        sent = numbers.get((by_user[sender], kind))
        if sent is None:
            continue
        number, transport = sent
        extension_id = receiver.endpoint.numbering.extension_ids[TRANSPORT_CC]
        came = transport_number(bytes(heads.heads[row]), extension_id) or 0
        sender.learned[kind] = Learned(
            int(heads.ssrc[row]), int(heads.number[row]) - number, came - transport
        )


def _outcome(
    users: list[User], made: _Run, inbox: Inbox, went: Exchange, seconds: float, cpu_s: float
) -> Outcome:
    outbox = made.outbox
    sent_at_s = np.array(went.sent_at_s)[outbox.burst]
    counted = (outbox.at_s >= WARM_UP_S) & (outbox.stream != RTCP)
    late_s = sent_at_s - went.start_s - outbox.at_s
    heads = _read(inbox)
    seconds = max(seconds, went.sent_at_s[-1] - went.start_s - WARM_UP_S)
    outcome = Outcome(seconds, cpu_s, int(counted.sum()), 0, went, late_s[outbox.at_s >= WARM_UP_S])
    if not all(user.learned for user in users):  # packets do not correspond: they were encoded anew
        outcome.received = int((heads.arrived_at_s >= went.start_s + WARM_UP_S).sum())
        return outcome
    latencies = []
    came = _by_stream(heads.receiver, heads.ssrc)
    left = _by_stream(outbox.sender, outbox.stream)
    by_user = {user: index for index, user in enumerate(users)}
    for user, index in by_user.items():
        for kind, learned in user.learned.items():
            going = left.get((index, kind))
            coming = came.get((by_user[user.partner], learned.ssrc))
            if going is None or coming is None:
                continue
            at = heads.number[coming] - learned.number_offset - made.first_number[index, kind]
            at &= 0xFFFF
            coming, at = coming[at < len(going)], at[at < len(going)]
            at, firsts = np.unique(at, return_index=True)
            chosen = counted[going[at]]
            outcome.received += int(chosen.sum())
            latency = heads.arrived_at_s[coming[firsts]] - sent_at_s[going[at]]
            latencies.append(latency[chosen])
    outcome.latencies_s = np.concatenate(latencies) if latencies else np.empty(0)
    return outcome


def _by_stream(who: np.ndarray, which: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """Row numbers, in order, by the pairs of values in two columns."""
    if not len(who):
        return {}
    order = np.lexsort((which, who))
    ends = np.flatnonzero((np.diff(who[order]) != 0) | (np.diff(which[order]) != 0)) + 1
    return {(int(who[rows[0]]), int(which[rows[0]])): rows for rows in np.split(order, ends)}


async def _answer_pings() -> None:
    """Let the users' signalling have its turn, which it has not while a run is made or goes on."""
    await asyncio.sleep(0.02)


def _nothing() -> None:
    pass
