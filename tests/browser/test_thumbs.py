"""The buttons of the call are for thumbs: whole, and large enough, in every language."""

from pathlib import Path

import pytest

from tests.browser.conftest import Arrive
from tests.browser.server import Server
from tests.browser.visitor import together, until

WORDS = Path(__file__).parents[2] / "web" / "words"
LANGUAGES = sorted(path.stem for path in WORDS.glob("??.js"))
SIZES = [
    (320, 568),
    (360, 640),
    (390, 844),
    (412, 915),
    (480, 800),
    (560, 800),
    (568, 320),
    (740, 360),
    (840, 600),
    (1180, 700),
    (1260, 700),
]
# Which buttons are small, not whole on the screen, or have something else over them.
MISSED = """() => [...document.querySelectorAll(".controls > button")]
    .filter((button) => button.checkVisibility())
    .flatMap((button) => {
        const { left, top, right, bottom, width, height } = button.getBoundingClientRect();
        const x = (left + right) / 2, y = (top + bottom) / 2;
        const presses = [[x, y], [left + 1, y], [right - 1, y], [x, top + 1], [x, bottom - 1]];
        const isHit = ([x, y]) => button.contains(document.elementFromPoint(x, y));
        const isLarge = width >= 44 && height >= 44;
        return isLarge && presses.every(isHit) ? [] : [`${button.id} ${width}x${height}`];
    })"""


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_button_is_whole_and_large(
    server: Server, arrive: Arrive, language: str
) -> None:
    anna = await arrive(server, agree=False, locale=language, has_touch=True)
    await anna.page.locator("#agree").click()
    await anna.page.locator("#start").click()
    berta = await arrive(server)
    await berta.press("Start")
    await together(anna.sees_somebody(), berta.sees_somebody())
    assert await anna.page.evaluate("document.documentElement.lang") == language
    for width, height in SIZES:
        await anna.page.set_viewport_size({"width": width, "height": height})
        await until(lambda: anna.page.evaluate(MISSED), lambda missed: missed == [])
        scrolls = "document.scrollingElement.scrollWidth > innerWidth"
        assert not await anna.page.evaluate(scrolls), (width, height)
