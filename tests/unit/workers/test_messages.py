"""What a front and a worker of two releases can count on."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from pydantic import TypeAdapter

from relay.errors import WorkerError
from relay.media.paths.candidates import Public
from relay.workers import messages

ORDERS = messages.Orders(0, "127.0.0.1", 7882, Public(), "/run/relay/7882")


def digest() -> str:
    """Of all that messages are made of, but for what is said of it."""
    schemas = {kind.__name__: TypeAdapter(kind).json_schema() for kind in messages.KINDS}

    def bare(part: object) -> object:
        if isinstance(part, dict):
            said = ("title", "description")
            return {k: bare(v) for k, v in part.items() if k not in said or isinstance(v, dict)}
        return [bare(each) for each in part] if isinstance(part, list) else part

    return sha256(json.dumps(bare(schemas), sort_keys=True).encode()).hexdigest()[:16]


def test_whoever_changes_a_message_raises_the_version() -> None:
    assert (messages.VERSION, digest()) == (7, "6bea90549a53d4c4"), (
        "raise VERSION in relay/workers/messages.py, or a server adopts workers that it does not"
        " understand; then put both here (the digest alone when it is pydantic that has changed)"
    )


def test_a_greeting_begins_with_its_version_and_to_stop_is_said_alike_for_ever() -> None:
    hello = messages.Hello(messages.VERSION, ORDERS, 4711, 7882)
    assert messages.write(hello).startswith(b'Hello 0 {"version":%d,' % messages.VERSION)
    assert messages.write(messages.Stop()) == b"Stop 0 {}"
    assert messages.read(messages.write(hello)) == (hello, 0)


@pytest.mark.parametrize(
    "rest", [b'{"version":99}', b'{"version":99,"orders":null,"mood":"new"}', b'{"version":5}']
)
def test_of_another_version_nothing_but_the_version_is_read(rest: bytes) -> None:
    with pytest.raises(WorkerError, match=r"^is of another release: it speaks version \d+, and"):
        messages.read(b"Hello 0 " + rest)


@pytest.mark.parametrize(
    "rest", [b"", b"{}", b'{"version":"x"}', b"[6]", b'{"version":%d}' % messages.VERSION]
)
def test_what_is_no_greeting_is_told(rest: bytes) -> None:
    with pytest.raises(WorkerError, match=r"^says what is no Hello$"):
        messages.read(b"Hello 0 " + rest)
