"""Texts to one stranger after the other, and links."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.safety.shares import OF_ADDRESS, Share
from relay.safety.texts import MAX_TEXTS, WINDOW_S, Texts, has_link, letters_of

NOW = 1000.0
ANN = (Share("user:ann", 1),)
SPAM = "add me on snap, I am so lonely tonight: anna1999"


def sent(texts: Texts, text: str, partner: str, *, now: float = NOW, who: object = ANN) -> str:
    held = texts.hold(text, who, partner, 1000.0, now)  # type: ignore[arg-type]
    return held.code if held else ""


def test_the_third_stranger_does_not_get_the_same_text() -> None:
    texts = Texts()
    assert [sent(texts, SPAM, partner) for partner in "abc"] == ["", "", "repeated_text"]
    assert sent(texts, SPAM, "a") == "", "who has it may get it again"
    assert sent(texts, SPAM, "c", now=NOW + WINDOW_S) == ""


def test_it_says_when_it_may_go_again() -> None:
    texts = Texts()
    texts.hold(SPAM, ANN, "a", 1000, NOW)
    texts.hold(SPAM, ANN, "b", 1000, NOW + 100)
    held = texts.hold(SPAM, ANN, "c", 1000, NOW + 200)
    assert held is not None
    assert held.retry_after_s == WINDOW_S - 200
    assert texts.hold(SPAM, ANN, "c", 1000, NOW + 200 + held.retry_after_s) is None


@pytest.mark.parametrize(
    "again",
    [
        SPAM.upper(),
        SPAM.replace(" ", "  "),
        SPAM.replace("1999", "2003"),
        SPAM.replace("snap", "sn\u200bap"),
        SPAM.replace("snap", "sn\u00adap"),
        SPAM.replace("a", "\uff41"),
        SPAM.replace("e", "e\u0301"),
        f"{SPAM} \U0001f525\U0001f525",
        SPAM.replace(" ", "."),
    ],
)
def test_a_text_that_reads_the_same_is_the_same(again: str) -> None:
    texts = Texts()
    sent(texts, SPAM, "a")
    sent(texts, SPAM, "b")
    assert sent(texts, again, "c") == "repeated_text"


@pytest.mark.parametrize("text", ["hi", "Hello!", "m or f?", "\U0001f44b" * 50, "...", "hola"])
def test_what_everybody_says_passes_always(text: str) -> None:
    texts = Texts()
    assert not any(sent(texts, text, f"partner {number}") for number in range(200))


@pytest.mark.parametrize(
    "text", ["Where are you from?", "how old are you", "\uc548\ub155\ud558\uc138\uc694" * 2]
)
def test_a_common_question_passes_twenty_times(text: str) -> None:
    texts = Texts()
    assert not any(sent(texts, text, f"partner {number}") for number in range(20))
    assert sent(texts, text, "another") == "repeated_text"


def test_others_may_say_the_same() -> None:
    texts = Texts()
    for partner in "abc":
        sent(texts, SPAM, partner)
    assert sent(texts, SPAM, "c", who=(Share("user:ben", 1),)) == ""


def test_users_of_one_address_may_say_it_more_often_together() -> None:
    texts = Texts()
    who = [(Share(f"user:{n}", 1), Share("address:home", OF_ADDRESS)) for n in range(10)]
    codes = [sent(texts, SPAM, f"partner {n}", who=who[n]) for n in range(10)]
    assert codes == [""] * 8 + ["repeated_text"] * 2


LINKS = [
    "http://example.org",
    "HTTPS://example.org/path",
    "hxxp://example.org",
    "see www.example.museum",
    "example.com",
    "find me at my-page.xyz!",
    "example (dot) com",
    "example[.]com",
    "example dot com",
    "ex\u200bample.c\u200bom",
    "\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.\uff43\uff4f\uff4d",
    "example\u3002com",
    "t.me/somebody",
    "somewhere.anything/abc",
    "discord.gg/abc",
    "mail me: ann@example.org",
]


@pytest.mark.parametrize("text", LINKS)
def test_links_are_seen(text: str) -> None:
    assert has_link(text)


@pytest.mark.parametrize(
    "text",
    [
        "hello.how are you",
        "ok.so what",
        "yes.me too",
        "si.de verdad",
        "3.50 or 2/3?",
        "I am 22.you?",
        "e.g. this",
        "node.js is fun",
        "connect the dot on the page",
        "and/or",
        "www",
        "http",
        "wait...what",
        "",
    ],
)
def test_what_is_none_is_not(text: str) -> None:
    assert not has_link(text)


def test_a_link_passes_when_the_two_have_been_together_for_a_while() -> None:
    texts = Texts(30.0)
    held = texts.hold("example.com", ANN, "a", 12.0, NOW)
    assert held is not None
    assert (held.code, held.retry_after_s) == ("link_held_back", 18.0)
    assert texts.hold("example.com", ANN, "a", 30.0, NOW) is None
    assert Texts(0).hold("example.com", ANN, "a", 0.0, NOW) is None


def test_it_can_be_switched_off() -> None:
    texts = Texts(same_texts=0)
    assert not any(sent(texts, SPAM, f"partner {number}") for number in range(100))
    assert not texts._sent


def test_of_what_is_long_past_nothing_is_kept() -> None:
    texts = Texts()
    sent(texts, SPAM, "a")
    sent(texts, "something else, which is long enough", "a", now=NOW + WINDOW_S)
    assert len(texts._sent) == 1


def test_what_is_remembered_is_bounded() -> None:
    texts = Texts()
    for number in range(MAX_TEXTS + 5):
        texts._note(str(number).encode(), 2, "a", NOW)
    assert len(texts._sent) == MAX_TEXTS


@given(st.text(max_size=2000))
def test_any_text_is_looked_at(text: str) -> None:
    has_link(text)
    assert all(char.isalnum() for char in letters_of(text))
    Texts().hold(text, ANN, "a", 0.0, NOW)


@pytest.mark.parametrize(
    "part", [" ", "(", "( ", "a.", "a-", "www", "http", ". ", "\u0301", "[dot"]
)
def test_no_text_takes_long(part: str) -> None:
    text = (part * 2000)[:2000]
    begun = time.process_time()
    has_link(text)
    letters_of(text)
    assert time.process_time() - begun < 0.05
