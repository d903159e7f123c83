"""Who is spoken to, by what it says first."""

from dataclasses import replace
from typing import Any

import pytest

from relay.cluster import Node
from relay.cluster.greeting import NotWelcome, checked, introduced, require_free, require_same
from relay.cluster.messages import VERSION, VOCABULARY, Beat, Hello, Refused
from relay.errors import NotUnderstood

HERE = Node("paris", "1", "0.1.0", "192.0.2.1", 7900, 2)
OTHER = Node("berlin", "2", "0.2.0", "2001:db8::1", 7900, 64)


def said(message: object) -> str:
    with pytest.raises(NotWelcome) as raised:
        introduced(VOCABULARY.write(message), HERE)
    return str(raised.value)


def test_a_node_introduces_itself() -> None:
    assert introduced(VOCABULARY.write(Hello(VERSION, OTHER)), HERE) == OTHER


def test_one_of_a_later_release_may_say_more() -> None:
    frame = VOCABULARY.write(Hello(VERSION, OTHER)).replace(b'"name"', b'"more":[1],"name"')
    assert introduced(frame, HERE) == OTHER


def test_a_node_of_another_version_is_told_so_whatever_it_says_of_itself() -> None:
    assert said(Hello(VERSION + 1)) == "version"
    assert said(Hello(VERSION - 1, OTHER)) == "version"


def test_its_name_is_not_ours() -> None:
    assert said(Hello(VERSION, replace(OTHER, name="paris"))) == "name_taken"


@pytest.mark.parametrize("message", [Beat(), Hello(VERSION), Refused("by all means")])
def test_anything_else_is_not_understood(message: object) -> None:
    assert said(message) == "not_understood"


def test_a_reason_of_the_other_end_is_taken_over() -> None:
    assert said(Refused("name_taken")) == "name_taken"


@pytest.mark.parametrize("frame", [b"", b"Hello", b"Hello 0 {", b"Hello x {}", b"\xff 0 {}"])
def test_what_is_no_message_is_not_understood(frame: bytes) -> None:
    with pytest.raises(NotWelcome, match="not_understood"):
        introduced(frame, HERE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Berlin"},
        {"name": ""},
        {"host": "berlin.example.org"},
        {"host": "0.0.0.0"},
        {"port": 0},
        {"port": 65536},
        {"workers": 0},
        {"workers": 65},
        {"incarnation": 65 * "x"},
        {"version": 65 * "x"},
    ],
)
def test_what_cannot_be_is_not_believed(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        checked(replace(OTHER, **wrong))


def test_a_name_belongs_to_one_run() -> None:
    require_free(OTHER, None)
    require_free(OTHER, replace(OTHER, host="192.0.2.9"))
    with pytest.raises(NotWelcome, match="name_taken"):
        require_free(replace(OTHER, incarnation="3"), OTHER)


def test_who_is_found_is_who_was_sought() -> None:
    require_same(replace(OTHER, incarnation="3"), OTHER)
    with pytest.raises(NotWelcome, match="other_node"):
        require_same(OTHER, HERE)
