"""What axe-core, from the page's dev dependencies, has to say about the page as it is now."""

from functools import cache
from typing import Any

from playwright.async_api import Page

from tests.support.page_tools import page_tool

_RUN = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, impact, nodes }) =>
        [impact, id, nodes.map(({ html, any }) => [html, any.map(({ message }) => message)])]);
}"""


@cache
def _source() -> str:
    return page_tool("axe-core/axe.min.js").read_text()


async def violations(page: Page) -> list[Any]:
    """Everything of which somebody would suffer; evaluating it does not touch the page's policy."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(f"(() => {{ {_source()} }})()")
    found: list[Any] = await page.evaluate(_RUN)
    return [violation for violation in found if violation[0] != "minor"]
