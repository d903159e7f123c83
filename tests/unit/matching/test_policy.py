"""Whom a user meets."""

from dataclasses import replace
from functools import partial
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.matching import policy
from relay.matching.policy import mode_of, scope_of
from relay.store import Tryst, Waiter


def choose(
    seeker: Waiter,
    others: list[Waiter],
    now: float,
    *,
    rematch_after_s: float,
    interest_wait_s: float,
) -> Waiter | None:
    found = policy.choose(
        seeker,
        others,
        now,
        rematch_after_s=rematch_after_s,
        interest_wait_s=interest_wait_s,
        limit=1,
    )
    return found[0] if found else None


choose_now = partial(choose, now=100.0, rematch_after_s=5.0, interest_wait_s=5.0)


def waiter(name: str, *interests: str, since_s: float = 0.0, **parted_s: float) -> Waiter:
    return Waiter(name, since_s, frozenset(interests), parted_s)


def test_nobody_is_there() -> None:
    ann = waiter("ann")
    assert choose_now(ann, []) is None
    assert choose_now(ann, [ann]) is None


def test_two_meet_who_want_to_talk_in_one_way_and_no_others() -> None:
    modes = ("video", "voice", "text")
    ways = [Waiter("ann", 0.0, mode=mode, also=also) for mode in modes for also in ("", "text")]
    for ann, other in product(ways, ways):
        bob = replace(other, user_id="bob")
        meets = choose(ann, [bob], 1e6, rematch_after_s=0, interest_wait_s=0) is bob
        assert meets is bool(ann.modes & bob.modes)
        if meets:
            assert (
                mode_of(ann, bob)
                == mode_of(bob, ann)
                == min(ann.modes & bob.modes, key=modes.index)
            )


def speaking(name: str, *languages: str, since_s: float = 100.0) -> Waiter:
    return Waiter(name, since_s, languages=frozenset(languages))


def test_those_who_speak_ones_language_come_first() -> None:
    ann = speaking("ann", "pt", "en")
    bob, cid = speaking("bob", "de", since_s=0.0), speaking("cid", "en")
    assert choose_now(ann, [bob, cid]) is cid
    assert choose_now(ann, [bob]) is bob, "who has waited long meets anybody"


def test_two_without_a_common_language_wait_twice_as_long_as_for_an_interest() -> None:
    ann = speaking("ann", "en")
    assert choose_now(ann, [speaking("bob", "de", since_s=90.1)]) is None
    bob = speaking("bob", "de", since_s=90.0)
    assert choose_now(ann, [bob]) is bob


def test_a_made_up_language_is_one_that_nobody_else_speaks() -> None:
    ann = speaking("ann", "xx")
    assert choose_now(ann, [speaking("bob", "en")]) is None
    bob = speaking("bob", "en", since_s=90.0)
    assert choose_now(ann, [bob]) is bob


def test_who_has_said_nothing_of_languages_meets_everybody_at_once() -> None:
    bob = speaking("bob")
    assert choose_now(speaking("ann", "en"), [bob]) is bob
    assert choose_now(bob, [ann := speaking("ann", "en")]) is ann


@pytest.mark.parametrize(
    ("interests", "languages", "waited_s", "scope"),
    [
        ("tea", "en", 0.0, "alike"),
        ("tea", "en", 5.0, "language"),
        ("tea", "en", 10.0, "any"),
        ("tea", "", 4.9, "alike"),
        ("tea", "", 5.0, "any"),
        ("", "en", 9.9, "language"),
        ("", "", 0.0, "any"),
    ],
)
def test_whom_one_meets_by_now(interests: str, languages: str, waited_s: float, scope: str) -> None:
    said = frozenset(interests.split()), frozenset(languages.split())
    ann = Waiter("ann", 100.0 - waited_s, said[0], languages=said[1])
    assert scope_of(ann, 100.0, interest_wait_s=5.0) == scope


@given(
    st.frozensets(st.sampled_from("abc")), st.frozensets(st.sampled_from("abc")),
    st.frozensets(st.sampled_from("xyz")), st.frozensets(st.sampled_from("xyz")),
    st.floats(0, 20), st.floats(0, 20),
)  # fmt: skip
def test_it_does_not_matter_who_of_two_looks_and_time_only_widens(
    likes: frozenset[str], others_like: frozenset[str], speaks: frozenset[str],
    others_speak: frozenset[str], waited_s: float, later_s: float,
) -> None:  # fmt: skip
    ann = Waiter("ann", 0.0, likes, languages=speaks)
    bob = Waiter("bob", 0.0, others_like, languages=others_speak)

    def meets(seeker: Waiter, other: Waiter, now: float) -> bool:
        return choose(seeker, [other], now, rematch_after_s=5, interest_wait_s=5) is not None

    assert meets(ann, bob, waited_s) is meets(bob, ann, waited_s)
    assert not meets(ann, bob, waited_s) or meets(ann, bob, waited_s + later_s)
    assert meets(ann, bob, 10.0)


def test_the_one_who_waits_longest() -> None:
    ann, bob, cid = waiter("ann"), waiter("bob"), waiter("cid")
    assert choose_now(ann, [bob, cid, ann]) is bob


def test_shared_interests_come_before_long_waiting() -> None:
    ann = waiter("ann", "tea", "chess", "go")
    bob, cid, dan = waiter("bob"), waiter("cid", "tea"), waiter("dan", "go", "tea", "golf")
    assert choose_now(ann, [bob, cid, dan]) is dan
    assert choose_now(ann, [bob, cid]) is cid
    assert choose_now(waiter("eve"), [bob, cid, dan]) is bob


def test_a_partner_of_a_moment_ago_is_not_met_even_if_nobody_else_is_there() -> None:
    bob = waiter("bob")
    assert choose_now(waiter("ann", bob=95.1), [bob]) is None
    assert choose_now(waiter("ann", bob=95.0), [bob]) is bob


def test_it_is_enough_that_one_of_the_two_remembers() -> None:
    assert choose_now(waiter("ann"), [waiter("bob", ann=99.0)]) is None
    assert choose_now(waiter("ann", bob=10.0), [waiter("bob", ann=99.0)]) is None


def test_a_former_partner_comes_after_strangers_whatever_they_share() -> None:
    ann = waiter("ann", "tea", bob=1.0)
    bob, cid = waiter("bob", "tea"), waiter("cid")
    assert choose_now(ann, [bob, cid]) is cid
    assert choose_now(ann, [bob]) is bob


def test_at_once_if_so_configured() -> None:
    ann, bob = waiter("ann", bob=100.0), waiter("bob", ann=100.0)
    assert choose(ann, [bob], 100.0, rematch_after_s=0, interest_wait_s=5.0) is bob


# Interests, among users who have just come


def new(name: str, *interests: str) -> Waiter:
    return waiter(name, *interests, since_s=98.0)


def test_who_shares_is_met_at_once() -> None:
    ann, bob = new("ann", "tea", "chess"), new("bob", "tea")
    assert choose_now(ann, [bob]) is bob
    assert choose_now(bob, [ann]) is ann


def test_two_without_interests_meet_at_once() -> None:
    bob = new("bob")
    assert choose_now(new("ann"), [bob]) is bob


def test_who_has_interests_first_waits_for_one_who_shares_them() -> None:
    ann, bob, cid = new("ann", "tea"), new("bob", "chess"), new("cid")
    assert choose_now(ann, [bob, cid]) is None
    assert choose_now(bob, [ann, cid]) is None
    assert choose_now(cid, [ann, bob]) is None


def test_after_a_while_it_is_anybody() -> None:
    bob, cid = new("bob", "chess"), new("cid")
    for since_s, met in ((95.01, None), (95.0, cid), (0.0, cid)):
        assert choose_now(waiter("ann", "tea", since_s=since_s), [cid, bob]) is met


def test_it_is_enough_that_one_of_the_two_has_waited_even_one_without_interests() -> None:
    for old in (waiter("old", "tea"), waiter("old")):
        assert choose_now(new("ann", "chess"), [old]) is old
        assert choose_now(old, [new("ann", "chess")]) is not None


def test_one_who_shares_comes_before_one_who_has_waited() -> None:
    old, bob = waiter("old", "golf"), new("bob", "tea")
    assert choose_now(new("ann", "tea"), [old, bob]) is bob


def test_a_partner_of_a_moment_ago_is_not_met_for_shared_interests() -> None:
    ann = waiter("ann", "tea", since_s=98.0, bob=97.0)
    assert choose_now(ann, [new("bob", "tea")]) is None


def test_without_waiting_for_interests_it_is_anybody_at_once() -> None:
    ann, bob = new("ann", "tea"), new("bob", "chess")
    assert choose(ann, [bob], 100.0, rematch_after_s=0, interest_wait_s=0) is bob


def test_the_order_of_the_candidates_does_not_matter() -> None:
    old, young = waiter("old", since_s=1.0), waiter("young", since_s=2.0)
    assert choose_now(new("ann"), [young, old, young]) is old


def test_one_in_the_same_place_comes_before_one_who_has_waited_a_moment_longer() -> None:
    seeker = replace(new("ann"), place="0")
    far, near = (
        replace(waiter("far", since_s=99.0), place="1"),
        replace(waiter("near", since_s=99.5), place="0"),
    )
    assert choose_now(seeker, [far, near]) is near
    assert choose_now(seeker, [far]) is far, "there is nobody else"


def test_who_has_waited_for_long_is_met_from_any_place() -> None:
    seeker = replace(new("ann"), place="0")
    near = replace(waiter("near", since_s=99.5), place="0")
    for since_s, met in ((97.01, "near"), (97.0, "far")):
        far = replace(waiter("far", since_s=since_s), place="1")
        chosen = choose_now(seeker, [far, near])
        assert chosen is not None
        assert chosen.user_id == met


def test_the_place_counts_less_than_interests_and_than_having_met_lately() -> None:
    seeker = replace(waiter("ann", "tea", since_s=99.9, bob=90.0), place="0")
    bob, cid = replace(new("bob", "tea"), place="0"), replace(new("cid", "tea"), place="1")
    assert choose_now(seeker, [bob, cid]) is cid
    dee = replace(waiter("dee", since_s=90.0), place="0")
    assert choose_now(seeker, [dee, cid]) is cid


def test_who_is_apart_meets_nobody_else_until_the_pause_is_over() -> None:
    ann, bob = waiter("ann"), waiter("bob")
    eve, mallory = replace(waiter("eve"), apart_until_s=100.1), replace(ann, apart_until_s=200.0)
    assert choose_now(ann, [eve, bob]) is bob
    assert choose_now(ann, [eve]) is None
    assert choose_now(eve, [ann, bob]) is None
    assert choose_now(eve, [bob, mallory]) is mallory
    assert choose_now(ann, [replace(eve, apart_until_s=100.0)]) is not None


def test_the_next_best_follow_in_their_order() -> None:
    ann = waiter("ann", "tea", dan=1.0)
    others = [waiter("bob", since_s=3.0), waiter("cid", "tea"), waiter("dan"), waiter("eve")]
    for limit, names in ((9, "cid eve bob dan"), (2, "cid eve"), (0, "")):
        found = policy.choose(
            ann, others, 100.0, rematch_after_s=5.0, interest_wait_s=5.0, limit=limit
        )
        assert [each.user_id for each in found] == names.split()


def test_of_equally_good_ones_the_nearer_is_met() -> None:
    ann = replace(new("ann"), node="a", place="1")
    there = replace(new("bob"), node="b", place="1")
    here = replace(new("cid"), node="a", place="0")
    next_to_it = replace(new("dan"), node="a", place="1")
    assert choose_now(ann, [there, here, next_to_it]) is next_to_it
    assert choose_now(ann, [there, here]) is here
    assert choose_now(ann, [there]) is there
    long_there = replace(there, since_s=90.0)
    assert choose_now(ann, [long_there, here, next_to_it]) is long_there


def test_who_has_a_tryst_meets_the_other_one_of_that_and_nobody_else() -> None:
    host, guest = (replace(waiter(n), tryst=Tryst("x", s)) for n, s in (("ann", 0), ("bob", 1)))
    twin, other = (
        replace(waiter(n), tryst=t) for n, t in (("cid", Tryst("x", 0)), ("dan", Tryst("y", 1)))
    )
    assert choose_now(host, [waiter("eve"), twin, other, guest]) is guest
    assert choose_now(host, [waiter("eve"), twin, other]) is None
    assert choose_now(waiter("eve"), [host, guest]) is None


def test_who_has_a_tryst_need_not_suit_nor_wait_but_may_be_avoided() -> None:
    host = replace(waiter("ann", "tea", since_s=100.0, bob=99.9), tryst=Tryst("x", 0))
    guest = replace(
        waiter("bob", "golf", since_s=100.0), tryst=Tryst("x", 1), names=frozenset({"b"})
    )
    assert choose_now(host, [guest]) is guest
    assert choose_now(replace(host, avoids=frozenset({"b"})), [guest]) is None
    assert choose_now(guest, [replace(host, avoids=frozenset({"b"}))]) is None


def test_two_who_know_each_other_meet_in_the_plainer_of_their_modes() -> None:
    ann = Waiter("ann", 1.0, mode="video", also="text", tryst=Tryst("x", 0))
    bob = Waiter("bob", 2.0, mode="voice", tryst=Tryst("x", 1))
    cid = Waiter("cid", 0.0, mode="voice")
    assert choose_now(ann, [cid, bob]) is bob
    assert choose_now(bob, [ann, cid]) is ann
    assert mode_of(ann, bob) == mode_of(bob, ann) == "voice"
