"""How long people wait: printed, since it depends on the machine, and only bounded generously."""

from statistics import median

from tests.browser.conftest import Arrive, Meet
from tests.browser.server import Server
from tests.browser.visitor import until

ROUNDS = 10


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
