"""A forwarder without a network, and two who are paired on it."""

import pytest

from tests.support.forwarding import A, B, Caller, House
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.sides import pair


@pytest.fixture
async def house() -> House:
    return House()


@pytest.fixture
def couple(house: House) -> tuple[Caller, Caller]:
    a, b = house.join("a", CHROMIUM, A), house.join("b", FIREFOX, B)
    pair(a, b)  # type: ignore[arg-type]
    return a, b
