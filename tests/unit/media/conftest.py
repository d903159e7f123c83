"""A forwarder without a network, two who are paired on it, and users of two browsers."""

import pytest

from tests.support.forwarding import A, B, Caller, House
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.sides import Side, pair


@pytest.fixture
def chromium() -> Side:
    return Side(CHROMIUM)


@pytest.fixture
def firefox() -> Side:
    return Side(FIREFOX)


@pytest.fixture
async def house() -> House:
    return House()


@pytest.fixture
def couple(house: House) -> tuple[Caller, Caller]:
    a, b = house.join("a", CHROMIUM, A), house.join("b", FIREFOX, B)
    pair(a, b)  # type: ignore[arg-type]
    return a, b
