"""How long people wait: printed, since it depends on the machine, and only bounded generously."""

from statistics import median

from playwright.async_api import Browser, BrowserContext

from tests.browser.conftest import Arrive, Meet
from tests.browser.opening import open_page
from tests.browser.server import Server
from tests.browser.visitor import until

ROUNDS = 10

# "Slow 4G" of Chromium's developer tools: 1.6 and 0.75 Mbit/s, a tenth of it lost to overhead,
# and 150 ms, times 3.75 for each request (front_end/core/sdk/NetworkManager.ts).
SLOW_4G = {
    "offline": False,
    "latency": 150 * 3.75,
    "downloadThroughput": 1_600_000 / 8 * 0.9,
    "uploadThroughput": 750_000 / 8 * 0.9,
}
# When the page says something, and when it shows the rules; in ms after it was asked for.
WATCH = """{
    const seen = window.seen = {};
    const look = () => {
        const greeting = document.getElementById("greeting");
        if (greeting?.checkVisibility() && greeting.textContent) seen.words ??= performance.now();
        if (document.getElementById("welcome")?.open) seen.rules ??= performance.now();
        if (!seen.words || !seen.rules) requestAnimationFrame(look);
    };
    look();
}"""
LOADED = "performance.getEntriesByType('navigation')[0].responseEnd"


async def test_how_long_people_wait(server: Server, arrive: Arrive, meet: Meet) -> None:
    anna = await arrive(server)
    starts = []
    live = "spy.tracks.filter((track) => track.readyState === 'live').length"
    for _ in range(ROUNDS):
        await until(lambda: anna.page.evaluate(live), lambda count: count == 2)
        starts.append(await anna.page.evaluate("spy.timeStart()"))
        await anna.press("Stop")
        await anna.press("Check camera and microphone")
    await anna.page.close()

    berta, _ = await meet(server)
    nexts, founds = [], []
    for _ in range(ROUNDS):
        from_next, from_found = await berta.page.evaluate("spy.timeNext()")
        nexts.append(from_next)
        founds.append(from_found)
        await berta.reads("Connected")

    print(f"\nmedians of {ROUNDS}, in ms (targets on an idle machine in brackets):")
    print(f"  Start to looking for someone: {median(starts):.0f} (1000)")
    print(f"  partner_found to the first frame: {median(founds):.0f} (300)")
    print(f"  Next to the next partner's first frame: {median(nexts):.0f} (150)")
    assert max(*starts, *founds, *nexts) < 20_000


async def test_how_soon_the_page_is_there(server: Server, chromium: Browser) -> None:
    firsts, agains = [], []
    for _ in range(ROUNDS // 2):
        context = await chromium.new_context(locale="en-GB")
        firsts.append(await _open_slowly(context, server))
        agains.append(await _open_slowly(context, server))
        await context.close()

    print(f"\nmedians of {len(firsts)} on Chromium's Slow 4G, in ms:")
    print(f"  first view: {median(seen['words'] for seen in firsts):.0f} (1000)")
    print(f"    of which on the way: {median(seen['loaded'] for seen in firsts):.0f}")
    print(f"  the rules: {median(seen['rules'] for seen in firsts):.0f}")
    print(f"  first view of who was there before: {median(seen['words'] for seen in agains):.0f}")
    assert max(seen["rules"] for seen in firsts + agains) < 20_000


async def _open_slowly(context: BrowserContext, server: Server) -> dict[str, float]:
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("Network.enable")
    await devtools.send("Network.emulateNetworkConditions", SLOW_4G)
    await page.add_init_script(WATCH)
    await open_page(page, server.url)
    seen: dict[str, float] = await until(lambda: page.evaluate("seen"), lambda seen: len(seen) == 2)
    seen["loaded"] = await page.evaluate(LOADED)
    await page.close()
    return seen
