"""Two strangers who met the same person, one after the other, compare all that they received.

Nothing tells them so: no numbering goes on from one to the other, no value is the person's own, and
no time is that of the person's clock. What passes as it is: the encoded sound and picture, the
loudness of the sound, and how well the network of the person does (jitter, losses, bandwidth).
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from relay.media.flow import Flow
from relay.media.translation import transport_feedback
from relay.transport_cc import TICKS_PER_S, first_arrival, read, survey
from tests.support.forwarding import A, B, C, Caller, Port
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.packets import Rtcp, Rtp, read_rtcp, read_rtp, rtp
from tests.support.person import MARK, SSRCS, Kind, Person
from tests.support.sides import AUDIO, REPAIR, VIDEO

FRAMES = 20
"""Of each meeting, 20 ms apart."""
TIMES = 8
"""How often the story is told: what agrees by accident does not do so half of the time."""
FIRST_NUMBER, HEARD = 500, 6
"""Of what a stranger sends."""
SR, RR, SDES, RTPFB, PSFB, TRANSPORT_CC, FIR = 200, 201, 202, 205, 206, 15, 4
WIDE_ID = {CHROMIUM: 3, FIREFOX: 7}
SEND_TIME_ID = {CHROMIUM: 2, FIREFOX: 4}


@dataclass
class Notes:
    """What one stranger received: beside each packet of the person's, what it became."""

    offer: str
    caller: Caller
    packets: list[tuple[float, Kind, Rtp, Rtp, bytes]] = field(default_factory=list)
    """When it came, its kind, as the person sent it and as it came, and its bytes."""
    messages: list[tuple[float, Rtcp, bytes]] = field(default_factory=list)
    """When it came, read, and its bytes."""

    def reports(self) -> Iterator[tuple[float, int, int, int, int, int]]:
        """When, and SSRC, NTP timestamp, RTP timestamp, packets and octets of sender reports."""
        for now, part, _ in self.messages:
            if part.kind == SR:
                yield now, *struct.unpack_from("!IQIII", part.body)

    def feedback(self) -> Iterator[tuple[float, bytes]]:
        """Transport-wide feedback, and when it came."""
        for now, part, data in self.messages:
            if (part.kind, part.count & 0x1F) == (RTPFB, TRANSPORT_CC):
                yield now, data


def tell(second: str = CHROMIUM, clock_s: float = 1234.5) -> tuple[Notes, Notes]:
    """The story: what the first stranger received, and what the second did.

    :param second: the second one's offer.
    :param clock_s: how wrong the person's clock is.
    """
    port, person = Port(), Person(clock_s)
    caller = port.join("person", CHROMIUM, A)
    one = Notes(CHROMIUM, port.join("one", CHROMIUM, B))
    two = Notes(second, port.join("two", second, C))
    for notes, address in ((one, B), (two, C)):
        _meet(port, person, caller, notes, address)
    return one, two


def _meet(
    port: Port, person: Person, caller: Caller, notes: Notes, address: tuple[str, int]
) -> None:
    for sender, receiver in ((caller, notes.caller), (notes.caller, caller)):
        Flow(sender.link.uplink, receiver.link.downlink)
    heard = _listen(port, caller, notes, address)
    for frame in range(FRAMES):
        port.now += 0.02
        _send(port, caller, notes, VIDEO, person.picture(port.now, key=frame % 5 == 0))
        _send(port, caller, notes, AUDIO, person.sound(port.now))
        if frame % 5 == 3:
            _send(port, caller, notes, REPAIR, person.repeat(port.now))
        if frame % 5 == 4:
            compound = caller.rtcp(person.reports(port.now, heard))
            sent = port.hear(A, compound)
            _note(port, notes, [*notes.caller.opens_rtcp(sent), *notes.caller.told])
            notes.caller.told.clear()
    for link in (caller.link, notes.caller.link):
        told = transport_feedback(link.uplink, link.downlink.reporter, port.now)
        if link is notes.caller.link:
            _note(port, notes, list(told))


def _listen(port: Port, caller: Caller, notes: Notes, address: tuple[str, int]) -> dict[Kind, Rtp]:
    """The stranger sends sound and picture; what the person heard last of each."""
    found = {}
    types = (111, 96) if notes.offer == CHROMIUM else (109, 120)
    for number in range(HEARD):
        port.now += 0.02
        wide = ((WIDE_ID[notes.offer], number.to_bytes(2)),)
        for kind, payload_type in zip((AUDIO, VIDEO), types, strict=True):
            packet = rtp(
                31 if kind == AUDIO else 32,
                FIRST_NUMBER + number,
                payload_type=payload_type,
                rtp_ts=1000 * number,
                payload=b"\x10\0\0\0\x9d\x01\x2a" + bytes(20),
                elements=wide if kind == VIDEO else None,
            )
            (found[kind],) = caller.hears(port.hear(address, notes.caller.rtp(packet)))
    return found


def _send(port: Port, caller: Caller, notes: Notes, kind: Kind, packet: bytes) -> None:
    sent = port.hear(A, caller.rtp(packet))
    for data in notes.caller.opens(sent):
        notes.packets.append((port.now, kind, read_rtp(packet), read_rtp(data), data))


def _note(port: Port, notes: Notes, compounds: list[bytes]) -> None:
    for compound in compounds:
        at = 0
        for part in read_rtcp(compound):
            end = at + 4 + len(part.body)
            notes.messages.append((port.now, part, compound[at:end]))
            at = end


@pytest.fixture(params=[CHROMIUM, FIREFOX], ids=["to Chromium", "to Firefox"])
def stories(request: pytest.FixtureRequest) -> list[tuple[Notes, Notes]]:
    return [tell(request.param) for _ in range(TIMES)]


def shifts(notes: Notes) -> dict[str, set[int]]:
    """By numbering, what was added to the person's values."""
    found: dict[str, set[int]] = {}

    def enter(name: str, sent: int, came: int, bits: int) -> None:
        found.setdefault(name, set()).add((came - sent) % (1 << bits))

    for _, kind, sent, came, _ in notes.packets:
        name = "repair" if kind == REPAIR else kind[0]
        enter(f"number of {name}", sent.number, came.number, 16)
        enter(f"timestamp of {name}", sent.rtp_ts, came.rtp_ts, 32)
        wide = dict(came.elements or ()).get(WIDE_ID[notes.offer])
        if wide is not None:
            mine = dict(sent.elements or ())[3]
            enter("transport-wide number", int.from_bytes(mine), int.from_bytes(wide), 16)
        if kind == REPAIR:
            ours, theirs = sent.payload[:2], came.payload[:2]
            enter("number repaired", int.from_bytes(ours), int.from_bytes(theirs), 16)
        if kind == VIDEO:
            picture, layer, key = struct.unpack_from("!HBB", sent.payload, 2)
            its_picture, its_layer, its_key = struct.unpack_from("!HBB", came.payload, 2)
            enter("picture id", picture, its_picture, 15)
            enter("TL0PICIDX", layer, its_layer, 8)
            enter("KEYIDX", key, its_key, 5)
    return found


def test_both_receive_everything(stories: list[tuple[Notes, Notes]]) -> None:
    """Or the others would compare nothing."""
    for notes in stories[0]:
        came = Counter(kind for _, kind, *_ in notes.packets)
        assert came == {AUDIO: FRAMES, VIDEO: FRAMES, REPAIR: FRAMES // 5}
        kinds = Counter(part.kind for _, part, _ in notes.messages)
        assert all(kinds[kind] for kind in (SR, RR, SDES, RTPFB, PSFB)), kinds
        assert len(list(notes.feedback())) >= 4
        assert "transport-wide number" in shifts(notes)


def test_no_numbering_goes_on(stories: list[tuple[Notes, Notes]]) -> None:
    same: Counter[str] = Counter()
    for one, two in stories:
        first, second = shifts(one), shifts(two)
        assert first.keys() == second.keys()
        same.update(name for name in first if first[name] & second[name])
    assert [name for name, times in same.items() if times > TIMES / 2] == []


def test_no_number_is_the_persons_own(stories: list[tuple[Notes, Notes]]) -> None:
    same = Counter(
        name
        for notes in (each for story in stories for each in story)
        for name, added in shifts(notes).items()
        if 0 in added
    )
    assert [name for name, times in same.items() if times > TIMES] == []


def test_no_name_of_the_person_passes(stories: list[tuple[Notes, Notes]]) -> None:
    names = [MARK, *(ssrc.to_bytes(4) for ssrc in SSRCS.values())]
    for notes in stories[0]:
        received = [data for *_, data in notes.packets] + [data for *_, data in notes.messages]
        assert [data for data in received if any(name in data for name in names)] == []


def test_nothing_is_known_by_the_second_that_the_first_knows_too(
    stories: list[tuple[Notes, Notes]],
) -> None:
    """The relay's own names for what they receive, in packets and in its description."""
    for one, two in stories:
        ssrcs = [{came.ssrc for _, _, _, came, _ in notes.packets} for notes in (one, two)]
        assert ssrcs[0].isdisjoint(ssrcs[1])
        names = [
            {part.body for _, part, _ in notes.messages if part.kind == SDES}
            for notes in (one, two)
        ]
        assert names[0].isdisjoint(names[1])
        assert one.caller.link.answer() != two.caller.link.answer()


def test_sender_reports_count_what_that_stranger_got(
    stories: list[tuple[Notes, Notes]],
) -> None:
    for notes in stories[0]:
        reports = list(notes.reports())
        assert reports
        for now, ssrc, _, _, packets, _ in reports:
            came = [c for at, _, _, c, _ in notes.packets if c.ssrc == ssrc and at <= now]
            assert packets == len(came)


def test_report_blocks_tell_of_that_strangers_packets_only(
    stories: list[tuple[Notes, Notes]],
) -> None:
    for notes in stories[0]:
        for _, part, _ in notes.messages:
            if part.kind not in (SR, RR):
                continue
            for at in range(24 if part.kind == SR else 4, len(part.body), 24):
                ssrc, losses, highest, _, lsr, dlsr = struct.unpack_from("!IIIIII", part.body, at)
                assert ssrc in (31, 32)
                assert losses & 0xFFFFFF <= HEARD
                assert FIRST_NUMBER <= highest < FIRST_NUMBER + HEARD
                assert (lsr, dlsr) == (0, 0), "no report of this stranger has passed"


def test_feedback_and_commands_are_counted_from_their_own_beginning(
    stories: list[tuple[Notes, Notes]],
) -> None:
    went_on: Counter[str] = Counter()
    for one, two in stories:
        for name, counts in (("feedback", _feedback_counts), ("commands", _commands)):
            last, first = counts(one)[-1:], counts(two)[:1]
            went_on[name] += bool(last and first and 0 < (first[0] - last[0]) % 256 < 8)
            went_on[f"own {name}"] += bool(first and first[0] in range(80, 100))
    assert {name: times for name, times in went_on.items() if times > TIMES / 2} == {}


def _feedback_counts(notes: Notes) -> list[int]:
    return [read(data).count for _, data in notes.feedback()]


def _commands(notes: Notes) -> list[int]:
    return [part.fci[4] for _, part, _ in notes.messages if (part.kind, part.count) == (PSFB, FIR)]


OTHER_CLOCK_S = 1_234.5 - 7_777.375
"""The clock of another person, who is somewhere else in time."""


@pytest.mark.parametrize("second", [CHROMIUM, FIREFOX], ids=["to Chromium", "to Firefox"])
@pytest.mark.parametrize("times", ["ntp_s", "feedback_s", "send_times_s"])
def test_no_time_is_that_of_the_persons_clock(second: str, times: str) -> None:
    """Times are the relay's, the same whoever sends, or as good as random."""
    read_times = TIMES_OF[times]
    one, two = (read_times(notes) for notes in tell(second))
    (other, _) = (read_times(notes) for notes in tell(second, OTHER_CLOCK_S))
    assert one
    assert len(other) == len(one)
    assert two
    for mine, another in zip(one, other, strict=True):
        assert another - mine != pytest.approx(OTHER_CLOCK_S - 1_234.5, abs=0.01)
    is_the_relays = one[0] == pytest.approx(other[0], abs=0.01)
    assert is_the_relays or one[0] != pytest.approx(two[0], abs=0.01)


def _ntp_s(notes: Notes) -> list[float]:
    return [ntp / 2**32 - now for now, _, ntp, *_ in notes.reports()]


def _feedback_s(notes: Notes) -> list[float]:
    return [first_arrival(data, survey(data)) / TICKS_PER_S - now for now, data in notes.feedback()]


def _send_times_s(notes: Notes) -> list[float]:
    """Of sound and picture; they come around every 64 s, which the story does not last."""
    number = SEND_TIME_ID[notes.offer]
    found = [(now, dict(came.elements or ()).get(number)) for now, _, _, came, _ in notes.packets]
    return [(int.from_bytes(value) / 2**18 - now) % 64 for now, value in found if value is not None]


TIMES_OF = {"ntp_s": _ntp_s, "feedback_s": _feedback_s, "send_times_s": _send_times_s}
