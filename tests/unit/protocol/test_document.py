"""The protocol document says what the code does."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from relay.matching import MediaMode, State
from relay.matching.states import ALLOWED
from relay.protocol import messages as m
from relay.signaling import Limits
from relay.signaling.echo import ECHO_S, ECHOES_BURST, ECHOES_PER_S
from relay.signaling.news import MAX_PER_TICK, NEWS_EVERY_S
from relay.signaling.pictures import PICTURES_BURST, PICTURES_PER_S
from relay.signaling.talk import (
    MAX_UNSHOWN,
    REACTIONS_BURST,
    REACTIONS_PER_S,
    TYPING_BURST,
    TYPING_PER_S,
)

TEXT = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> dict[str, str]:
    """The rows of a section's tables, by what their first cell holds in backquotes."""
    found = re.findall(r"^\| (.*?) \|(.*)$", section(title), re.MULTILINE)
    return {name: rest for cell, rest in found for name in re.findall(r"`(\w+)`", cell)}


def type_of(message: type[BaseModel]) -> str:
    name: str = message.model_fields["type"].default
    return name


@pytest.mark.parametrize(
    ("title", "union"),
    [
        ("Messages of the client", m.ClientMessage),
        ("Messages of the server", m.ServerMessage),
    ],
)
def test_every_message_and_every_field_is_there(title: str, union: object) -> None:
    table = rows(title)
    assert set(table) == {type_of(message) for message in get_args(union)}
    for message in get_args(union):
        fields = table[type_of(message)].split("|")[0]
        for name, field in message.model_fields.items():
            if name == "type":
                continue
            optional = not field.is_required()
            if message is m.IceCandidate and "server" in title:
                optional = False  # null is written out
            mark = "?" if optional else ""
            assert f"`{field.alias}{mark}`" in fields, f"{message.__name__}.{name}"
        named = {n.rstrip("?") for n in re.findall(r"`(\w+\??)`:", fields)}
        assert named == {f.alias for f in message.model_fields.values()} - {"type"}


def test_every_field_of_a_candidate_is_there() -> None:
    for name, field in m.Candidate.model_fields.items():
        mark = "" if field.is_required() else "?"
        assert f"`{field.alias}{mark}`: " in section("Messages of the client"), name


@pytest.mark.parametrize("mode", ["relay", "direct"])
def test_the_table_of_states(mode: MediaMode) -> None:
    other = {"relay": "direct", "direct": "relay"}[mode]
    allowed: dict[str, set[str]] = {}
    for line in section("States").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0].startswith("`") and f"(`{other}`)" not in cells[0]:
            states = {s for s, cell in zip(State, cells[1:], strict=True) if cell == "yes"}
            for name in re.findall(r"(?<!\()`(\w+)`", cells[0]):
                allowed[name] = set(states)
    assert allowed == {type_of(message): set(s) for message, s in ALLOWED[mode].items()}


def test_every_error_code_is_there_and_no_other() -> None:
    source = Path(__file__).parents[3] / "relay"
    code = "".join(path.read_text(encoding="utf-8") for path in source.rglob("*.py"))
    for name in rows("Errors"):
        assert f'"{name}"' in code, name
    raised = set(re.findall(r'ProtocolError\(\s*"(\w+)"|code="(\w+)"|fault\(now, "(\w+)"', code))
    assert {a or b or c for a, b, c in raised} <= set(rows("Errors"))


def test_every_limit_is_there() -> None:
    limits = Limits()
    table = section("Limits")
    for number in (
        m.MAX_FRAME_BYTES,
        m.MAX_SDP_CHARS,
        m.MAX_CHAT_CHARS,
        m.MAX_CHAT_ID_CHARS,
        m.MAX_INTERESTS,
        m.MAX_INTEREST_CHARS,
        m.MAX_CANDIDATE_CHARS,
        m.MAX_CODE_CHARS,
        m.MAX_CANDIDATE_TYPES,
        m.MAX_LINK_ERRORS,
        m.MAX_REPORT_MS,
        m.MAX_PART_CHARS,
        m.MAX_PICTURE_PARTS,
        limits.messages_burst,
        round(limits.messages_per_s),
        limits.max_unhandled,
        limits.max_unsent,
        MAX_UNSHOWN,
        MAX_PER_TICK,
    ):
        assert re.search(rf"\b{number}\b", table), number
    assert f"{limits.max_faults} of them within {limits.faults_window_s:.0f} s" in TEXT
    assert f"silent for {limits.heartbeat_s:.0f} s" in TEXT
    assert f"no pong comes within {limits.heartbeat_s / 2:.0f} s" in TEXT
    assert f"kept apart for {limits.rematch_after_s:.0f} s" in TEXT
    assert f"either* has waited\n  for {limits.interest_wait_s:.0f} s" in TEXT
    assert f"{TYPING_BURST} at once, {TYPING_PER_S:.0f} a second" in table
    assert f"{REACTIONS_BURST} at once, {REACTIONS_PER_S:.0f} a second" in table
    assert f"{PICTURES_BURST} pictures at once, one in {1 / PICTURES_PER_S:.0f} s" in table
    assert f"once in {NEWS_EVERY_S:.0f} s for each user" in table
    assert f"{ECHOES_BURST} at once, one in {1 / ECHOES_PER_S:.0f} s in the long run" in table
    assert f"`seconds`: {ECHO_S:.0f};" in TEXT
    assert f"A link has {limits.link_timeout_s:.0f} s to come up" in TEXT
