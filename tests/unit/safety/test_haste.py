"""Who is apart, on a clock that only tests move."""

from hypothesis import given
from hypothesis import strategies as st

from relay.safety import Identity
from relay.safety.haste import ALLOWED, FORGET_S, HASTY_S, MAX_NAMES, PAUSES_S, STAY_S, Haste
from relay.safety.shares import OF_ADDRESS, Share, shares_of

NOW = 1000.0
ANN = (Share("user:ann", 1),)
BEN = (Share("user:ben", 1),)


def skipping(haste: Haste, times: int, *, after_s: float = 0.5, now: float = NOW) -> None:
    for _ in range(times):
        haste.left(ANN, after_s, now)


def test_a_few_in_haste_are_nothing() -> None:
    haste = Haste()
    skipping(haste, ALLOWED)
    assert haste.apart_until_s(ANN, NOW) == 0


def test_the_pauses_grow() -> None:
    haste = Haste(1000)
    skipping(haste, ALLOWED)
    now = NOW
    for pause_s in (*PAUSES_S, PAUSES_S[-1]):
        now += 100
        skipping(haste, 1, now=now)
        assert haste.apart_until_s(ANN, now) == now + pause_s
        assert haste.apart_until_s(ANN, now + pause_s) == 0


def test_who_takes_two_seconds_is_in_no_haste() -> None:
    haste = Haste(1000)
    skipping(haste, 100, after_s=HASTY_S)
    assert haste.apart_until_s(ANN, NOW) == 0


def test_whoever_stays_begins_anew() -> None:
    haste = Haste(1000)
    skipping(haste, ALLOWED + 3)
    haste.stayed(ANN)
    assert haste.apart_until_s(ANN, NOW) == 0
    skipping(haste, ALLOWED)
    assert haste.apart_until_s(ANN, NOW) == 0


def test_whoever_was_away_for_long_begins_anew() -> None:
    haste = Haste(1000)
    skipping(haste, ALLOWED)
    skipping(haste, ALLOWED, now=NOW + FORGET_S)
    assert haste.apart_until_s(ANN, NOW + FORGET_S) == 0


def test_more_nexts_than_a_minute_allows_are_too_many_however_long_each_took() -> None:
    haste = Haste(30)
    for number in range(31):
        assert haste.apart_until_s(ANN, NOW + number) == 0
        haste.left(ANN, 5.0, NOW + number)
    assert haste.apart_until_s(ANN, NOW + 30) == NOW + 60
    haste.stayed(ANN)  # is no way around that
    assert haste.apart_until_s(ANN, NOW + 59) == NOW + 60
    assert haste.apart_until_s(ANN, NOW + 60) == 0


def test_others_are_not_apart() -> None:
    haste = Haste()
    skipping(haste, 100)
    assert haste.apart_until_s(BEN, NOW) == 0


def test_many_behind_one_address_have_more_and_one_of_them_cannot_spoil_it_alone() -> None:
    haste = Haste(1000)
    home = Share("address:home", OF_ADDRESS)
    for number in range(OF_ADDRESS):
        for _ in range(ALLOWED):
            haste.left((Share(f"user:{number}", 1), home), 0.5, NOW)
    assert haste.apart_until_s((Share("user:new", 1), home), NOW) == 0
    haste.left((Share("user:next", 1), home), 0.5, NOW)
    assert haste.apart_until_s((Share("user:new", 1), home), NOW) == NOW + PAUSES_S[0]
    haste.stayed((Share("user:new", 1), home))
    assert haste.apart_until_s((Share("user:new", 1), home), NOW) == 0


def test_one_alone_does_not_spoil_it_for_those_behind_the_same_address() -> None:
    haste = Haste(30)
    for number in range(1000):
        haste.left(shares_of(Identity("eve", ("home",)), "any"), 0.5, NOW + number * 0.1)
    assert haste.apart_until_s(shares_of(Identity("eve", ("home",)), "any"), NOW + 100)
    assert not haste.apart_until_s(shares_of(Identity("ann", ("home",)), "ann"), NOW + 100)


def test_a_new_socket_of_the_same_visitor_or_address_is_apart_as_well() -> None:
    haste = Haste()
    visitor = Identity("ann", ("home",))
    for _ in range(ALLOWED + 1):
        haste.left(shares_of(visitor, "first"), 0.5, NOW)
    assert haste.apart_until_s(shares_of(visitor, "second"), NOW)
    assert not haste.apart_until_s(shares_of(Identity("", ("home",)), "third"), NOW)
    for number in range(OF_ADDRESS * ALLOWED):
        haste.left(shares_of(Identity("", ("home",)), f"plain {number}"), 0.5, NOW)
    assert haste.apart_until_s(shares_of(Identity("", ("home",)), "fourth"), NOW)


def test_it_can_be_switched_off() -> None:
    haste = Haste(1000, hasty_nexts=0)
    skipping(haste, 1000)
    assert haste.apart_until_s(ANN, NOW) == 0


def test_of_who_has_gone_or_is_long_past_nothing_is_kept() -> None:
    haste = Haste()
    skipping(haste, 10)
    haste.gone("user:ann")
    assert not haste._records
    skipping(haste, 10)
    haste.left(BEN, 0.5, NOW + FORGET_S)
    assert [*haste._records] == ["user:ben"]


def test_what_is_remembered_is_bounded() -> None:
    haste = Haste()
    for number in range(MAX_NAMES + 10):
        haste.left((Share(f"user:{number}", 1),), 0.5, NOW)
    assert len(haste._records) == MAX_NAMES


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 30)), max_size=120))
def test_nobody_is_apart_for_longer_than_a_minute_and_only_who_has_hurried(
    leavings: list[tuple[float, float]],
) -> None:
    haste, now, in_a_row = Haste(30), NOW, 0
    times: list[float] = []
    for pause_s, after_s in leavings:
        now += pause_s
        times.append(now)
        if after_s >= STAY_S:
            haste.stayed(ANN)
            in_a_row = 0
        haste.left(ANN, after_s, now)
        in_a_row += after_s < HASTY_S
        until_s = haste.apart_until_s(ANN, now)
        assert until_s <= now + 60
        lately = sum(now - at < 60 for at in times)
        if until_s:
            assert in_a_row > ALLOWED or sum(now - at < 120 for at in times) > 30
        if lately > 30:
            assert until_s > now
        assert haste.apart_until_s(ANN, now + 60) == 0
