"""How often a wrong token may be tried."""

import pytest

from relay.api.attempts import BURST, MAX_SOURCES, REFILL_S, Attempts

ANN, BOB = "192.0.2.1", "192.0.2.2"


def failed(times: int, address: str = ANN, now: float = 0.0) -> Attempts:
    attempts = Attempts()
    for _ in range(times):
        attempts.failed(address, now)
    return attempts


def test_some_mistakes_are_free() -> None:
    assert failed(BURST - 1).wait_s(ANN, 0.0) == 0


def test_then_one_has_to_wait_and_others_do_not() -> None:
    attempts = failed(BURST)
    assert attempts.wait_s(ANN, 0.0) == REFILL_S
    assert attempts.wait_s(BOB, 0.0) == 0


def test_after_the_wait_there_is_one_more_attempt() -> None:
    attempts = failed(BURST)
    assert attempts.wait_s(ANN, REFILL_S) == 0
    attempts.failed(ANN, REFILL_S)
    assert attempts.wait_s(ANN, REFILL_S) == REFILL_S


def test_in_time_all_is_forgiven() -> None:
    attempts = failed(BURST)
    later_s = BURST * REFILL_S
    for _ in range(BURST - 1):
        attempts.failed(ANN, later_s)
    assert attempts.wait_s(ANN, later_s) == 0


def test_the_right_token_wipes_the_slate() -> None:
    attempts = failed(BURST)
    attempts.succeeded(ANN)
    assert attempts.wait_s(ANN, 0.0) == 0


@pytest.mark.parametrize(
    ("other", "is_the_same"),
    [
        ("2001:db8:0:1::1", True),
        ("2001:db8:0:1:ffff::2%eth0", True),
        ("2001:db8:0:2::1", False),
        (None, False),
        ("no address", False),
    ],
)
def test_an_ipv6_network_is_one(other: str | None, is_the_same: bool) -> None:
    attempts = failed(BURST, "2001:db8:0:1:a:b:c:d")
    assert (attempts.wait_s(other, 0.0) > 0) is is_the_same


def test_an_ipv4_address_is_the_same_on_an_ipv6_socket() -> None:
    assert failed(BURST, "::ffff:192.0.2.1").wait_s(ANN, 0.0) > 0
    assert failed(BURST, "::ffff:192.0.2.1").wait_s("::ffff:192.0.2.2", 0.0) == 0


def test_the_table_is_bounded_and_forgets_the_oldest() -> None:
    attempts = failed(BURST)
    for number in range(MAX_SOURCES - 1):
        attempts.failed(f"10.0.{number // 256}.{number % 256}", 0.0)
    assert attempts.wait_s(ANN, 0.0) > 0
    attempts.failed(BOB, 0.0)
    assert attempts.wait_s(ANN, 0.0) == 0
