"""Real browsers in networks that a test makes, and changes under way. Linux, as root."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser.conftest import (  # noqa: F401 - fixtures
    firefox_of,
    namespace,
    open_firefox,
    playwright,
)
from tests.browser.namespace import need_namespaces
from tests.network import cluster
from tests.network.routed import Routed


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--runs", default=3, type=int, help="how often each figure is measured")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture
def routed() -> Iterator[Routed]:
    need_namespaces()
    with Routed() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def three_nodes(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[cluster.Cluster]:
    """Three nodes for the tests of a module."""
    need_namespaces()
    async with cluster.running(tmp_path_factory.mktemp("nodes")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def nodes(three_nodes: cluster.Cluster) -> AsyncIterator[cluster.Cluster]:
    """The same, when all of them live and know of each other."""
    await three_nodes.heal()
    yield three_nodes
    three_nodes.thaw()
