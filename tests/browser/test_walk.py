"""Every state, in every language, on every screen: nothing is cut, covered, outside, or too small.

The states are made by the page's machine, without a server, and drawn by the page's own view. Two
languages stand in for others: one whose words are 40 % longer, one that is written from the right.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route

from tests.browser.axe import violations

ROOT = Path(__file__).parents[2]
ORIGIN = "http://localhost:1"
SCREENS = ((320, 568), (360, 740), (390, 780), (412, 915), (844, 390), (1440, 900))
KEYBOARDS = ((360, 400), (844, 190))
BETWEEN = (
    (480, 800),
    (568, 320),
    (600, 960),
    (740, 360),
    (840, 600),
    (1024, 768),
    (1260, 700),
    (2560, 1440),
)
LARGE = ((360, 740), (844, 390), (1440, 900))
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

# English as another language would be, made in the browser.
TWIST = """
    const twist = (words) => {
        if (typeof words === "string") return change(words);
        if (typeof words === "function") return (...args) => change(words(...args));
        const entries = Object.entries(words).map(([name, word]) => [name, twist(word)]);
        return { ...Object.fromEntries(entries), direction: DIRECTION };
    };
    const longer = (text) => text.replace(/\\p{L}+/gu, (word) =>
        word + word.slice(-Math.ceil(word.length * 0.4)));
    const hebrew = (text) => text.replace(/[a-z]/gi, (letter) =>
        String.fromCodePoint(0x5d0 + letter.toLowerCase().charCodeAt(0) - 97));
"""
LANGUAGES = {
    **{path.stem: (path.stem, "") for path in sorted((ROOT / "web" / "words").glob("??.js"))},
    "longer": ("en", 'const DIRECTION = "ltr", change = longer;'),
    "from the right": ("en", 'const DIRECTION = "rtl", change = (text) => hebrew(longer(text));'),
}

LOOKS: dict[str, dict[str, str]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
}
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
FEW = ("welcome", "lobby", "call, talking", "settings", "report")
"""In which there are most of the words."""

# Styles that spoil the page, and what the walk says then.
FAULTS = {
    ".controls > button { min-width: 72px }": r'button "next" is (outside|cut)',
    ".icon { transform: scale(0.8) }": r'button "microphone" is 35 x 38 px',
    "#detail { width: 90px; overflow: hidden; white-space: nowrap }": "is cut at the side",
    "#situation { inset-inline-start: -60px !important }": r'button "report" lies over',
    "#say { margin-bottom: -40px }": r'"text" is (cut|covered)',
    ".veil { pointer-events: auto; inset: 0 !important; z-index: 9 }": r'"report" is covered',
}


@asynccontextmanager
async def walking(chromium: Browser, language: str, **options: Any) -> AsyncIterator[Page]:
    """The page with the walk in place of its beginning."""
    name, how = LANGUAGES[language]

    async def serve(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
        file = ROOT / path.removeprefix("/")
        if path == "/web/main.js":
            file = ROOT / "tests" / "browser" / "walk.js"
        body = file.read_text()
        if path == "/web/words/en.js" and how:
            plain = "export const words ="
            assert plain in body
            body = f"{body.replace(plain, 'const real =')}{TWIST}{how}{plain} twist(real);"
        if path == "/web/index.html":
            body = body.replace("</head>", '<script type="module" src="main.js"></script></head>')
        await route.fulfill(body=body, content_type=TYPES[file.suffix])

    async with await chromium.new_context(locale="en-GB", **options) as context:
        await context.route("**/*", serve)
        page = await context.new_page()
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        await page.goto(f"{ORIGIN}/web/index.html?language={name}")
        await page.wait_for_function("'walk' in window")
        yield page
        assert broken == []


async def walk(page: Page, language: str, *screens: tuple[int, int], of: str = "") -> list[str]:
    """What is wrong on these screens, in all states or in those whose names begin so."""
    found: list[str] = []
    for width, height in screens:
        await page.set_viewport_size({"width": width, "height": height})
        await page.evaluate(DRAWN)  # what depends on the width alone is told with a frame
        faults = await page.evaluate("(args) => walk(...args)", [width < 1000, of])
        found += [f"{language} {width}x{height} {fault}" for fault in faults]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
async def test_nothing_overflows(chromium: Browser, language: str) -> None:
    async with walking(chromium, language) as page:
        assert await walk(page, language, *SCREENS) == []
        if language == "longer":
            assert await walk(page, language, *KEYBOARDS, *BETWEEN) == []


@pytest.mark.parametrize("language", [name for name in LANGUAGES if len(name) == 2])
async def test_nothing_overflows_with_letters_of_twice_the_size(
    chromium: Browser, language: str
) -> None:
    async with walking(chromium, language) as page:
        session = await page.context.new_cdp_session(page)
        sizes = {"standard": 32, "fixed": 26}
        await session.send("Page.setFontSizes", {"fontSizes": sizes})
        assert await page.evaluate("getComputedStyle(document.body).fontSize") == "32px"
        assert await walk(page, language, *LARGE) == []


async def ails(page: Page, names: tuple[str, ...]) -> list[Any]:
    """What axe says of these states."""
    found = []
    for name in names:
        await page.evaluate("(name) => show(name)", name)
        found += [(name, each) for each in await violations(page)]
    return found


@pytest.mark.parametrize("look", LOOKS)
async def test_axe_has_nothing_to_say_of_any_state(chromium: Browser, look: str) -> None:
    async with walking(chromium, "en", **LOOKS[look]) as page:
        names = tuple(await page.evaluate("states"))
        assert await ails(page, names) == []
        await page.set_viewport_size({"width": 360, "height": 740})
        assert await ails(page, names) == []


@pytest.mark.parametrize("language", [name for name in LANGUAGES if len(name) == 2])
async def test_axe_has_nothing_to_say_in_any_language(chromium: Browser, language: str) -> None:
    async with walking(chromium, language) as page:
        assert await ails(page, FEW) == []


async def test_the_walk_sees_what_is_wrong(chromium: Browser) -> None:
    async with walking(chromium, "en") as page:
        for style, fault in FAULTS.items():
            made = await page.add_style_tag(content=style)
            found = await walk(page, "en", (360, 740), of="call")
            assert any(re.search(fault, each) for each in found), (style, found)
            await made.evaluate("style => style.remove()")
        assert await walk(page, "en", (360, 740), of="call") == []
