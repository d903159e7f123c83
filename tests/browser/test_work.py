"""A browser with many tabs: the page does the work that the server asks for, without a word."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Arrive, StartServer
from tests.browser.visitor import Visitor, heard, until

REFUSED = r"WebSocket .* failed|Failed to load resource: .* 429|Unexpected response code: 429"


async def test_a_tab_too_many_does_the_work_and_is_let_in(
    start_server: StartServer, arrive: Arrive
) -> None:
    server = await start_server("--users-per-visitor", "1", "--metrics-public")
    anna = await arrive(server)
    await until(lambda: _heard(anna, "connected"), lambda count: count == 1)
    other = await Visitor.arrive(anna.page.context, server.url, agree=False)
    other.expected_complaints = REFUSED
    await until(lambda: _heard(other, "connected"), lambda count: count == 1)
    await expect(other.page.locator("body")).not_to_contain_text("too many")
    assert other.unexpected_complaints() == []
    metrics = await other.page.evaluate("async () => (await fetch('/metrics')).text()")
    assert 'relay_work_total{outcome="solved"} 1.0' in metrics
    assert 'relay_work_total{outcome="wrong"} 0.0' in metrics


async def _heard(visitor: Visitor, kind: str) -> int:
    return heard(visitor, kind)
