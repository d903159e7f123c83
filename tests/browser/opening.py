"""Opens a page, on a machine whose networks come and go."""

from playwright.async_api import Error, Page, Request

NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"
"""Chromium breaks off what it loads when the machine gets or loses a network. Tests that run at the
same time make some."""

_TRIES = 5


async def open_page(page: Page, url: str) -> None:
    """Open a page, and have all of it."""
    broken: list[str] = []

    def failed(request: Request) -> None:
        if NETWORK_CHANGED in (request.failure or ""):
            broken.append(request.url)

    page.on("requestfailed", failed)
    try:
        for _ in range(_TRIES):
            broken.clear()
            try:
                await page.goto(url)
            except Error as error:
                if NETWORK_CHANGED not in error.message:
                    raise
            else:
                if not broken:
                    return
        raise AssertionError(f"the network never stays as it is: {broken}")
    finally:
        page.remove_listener("requestfailed", failed)
