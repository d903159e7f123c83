"""What axe-core, from the page's dev dependencies, has to say about the page as it is now."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

ROOT = Path(__file__).parents[2]
_AXE = ROOT / "tests" / "web" / "node_modules" / "axe-core" / "axe.min.js"

_RUN = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, impact, nodes }) =>
        [impact, id, nodes.map(({ html, any }) => [html, any.map(({ message }) => message)])]);
}"""


@cache
def _source() -> str:
    if not _AXE.is_file():
        subprocess.run([ROOT / "scripts" / "check-page", "--install"], check=True)
    return _AXE.read_text()


async def violations(page: Page) -> list[Any]:
    """Everything of which somebody would suffer; evaluating it does not touch the page's policy."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(f"(() => {{ {_source()} }})()")
    found: list[Any] = await page.evaluate(_RUN)
    return [violation for violation in found if violation[0] != "minor"]
