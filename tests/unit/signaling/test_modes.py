"""Two agree on the way they talk, whatever crosses on its way."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from relay.protocol.messages import Mode
from relay.signaling.modes import Agreement

MODES = get_args(Mode)


def test_one_asks_and_the_other_one_decides() -> None:
    agreement = Agreement("video")
    assert agreement.ask("voice", is_first=True) == "asked"
    assert agreement.ask("text", is_first=True) is None, "one thing at a time"
    assert agreement.answer("voice", is_first=True, accept=True) is None, "nobody answers oneself"
    assert agreement.answer("text", is_first=False, accept=True) is None, "nobody has asked that"
    assert agreement.mode == "video"
    assert agreement.answer("voice", is_first=False, accept=True) == "changed"
    assert (agreement.mode, agreement.asked) == ("voice", None)


def test_who_is_refused_may_ask_again() -> None:
    agreement = Agreement("text")
    assert agreement.ask("video", is_first=False) == "asked"
    assert agreement.answer("video", is_first=True, accept=False) == "declined"
    assert agreement.answer("video", is_first=True, accept=True) is None, "too late"
    assert agreement.mode == "text"
    assert agreement.ask("video", is_first=False) == "asked"


def test_nobody_asks_for_what_is_so() -> None:
    assert Agreement("voice").ask("voice", is_first=True) is None


def test_two_who_ask_for_the_same_have_agreed() -> None:
    agreement = Agreement("video")
    agreement.ask("text", is_first=False)
    assert agreement.ask("text", is_first=True) == "changed"
    assert agreement.mode == "text"


@given(st.data())
def test_two_nodes_come_to_the_same(data: st.DataObject) -> None:
    """Each has what its own user does at once, and what the other one does later, in order."""
    nodes = {is_first: Agreement() for is_first in (True, False)}
    wires: dict[bool, list[tuple[str, Mode]]] = {True: [], False: []}

    def act(is_first: bool, what: str, mode: Mode) -> None:
        here = nodes[is_first]
        if what == "ask":
            outcome = here.ask(mode, is_first=is_first)
        else:
            outcome = here.answer(mode, is_first=is_first, accept=what == "accept")
        if outcome is not None:
            said = {"asked": "ask", "changed": "accept", "declined": "decline"}[outcome]
            wires[is_first].append((said, mode))

    def deliver(is_first: bool) -> None:
        what, mode = wires[is_first].pop(0)
        there = nodes[not is_first]
        if what == "ask":
            there.ask(mode, is_first=is_first)
        else:
            there.answer(mode, is_first=is_first, accept=what == "accept")

    for _ in range(data.draw(st.integers(0, 20))):
        who: bool = data.draw(st.booleans())
        arrives: bool = data.draw(st.booleans())
        if wires[who] and arrives:
            deliver(who)
        else:
            what = data.draw(st.sampled_from(["ask", "accept", "decline"]))
            act(who, what, data.draw(st.sampled_from(MODES)))
    for who in (True, False):
        while wires[who]:
            deliver(who)
    assert nodes[True] == nodes[False]
