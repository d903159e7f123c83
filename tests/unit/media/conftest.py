"""A forwarder without a network, two who are paired on it, and users of two browsers."""

import pytest

from tests.support.forwarding import A, B, Caller, Port
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.sides import Side, pair


@pytest.fixture
def chromium() -> Side:
    return Side(CHROMIUM)


@pytest.fixture
def firefox() -> Side:
    return Side(FIREFOX)


@pytest.fixture
async def port() -> Port:
    return Port()


@pytest.fixture
def couple(port: Port) -> tuple[Caller, Caller]:
    a, b = port.join("a", CHROMIUM, A), port.join("b", FIREFOX, B)
    pair(a, b)  # type: ignore[arg-type]
    return a, b
