"""A program looks at what Chromium sends, and the partner's page blurs what it does not like."""

import json
import re
from pathlib import Path

from playwright.async_api import expect

from tests.browser.conftest import Arrive, StartServer
from tests.browser.visitor import together, until
from tests.support.scoring import program

FILTER = "video => getComputedStyle(video).filter"


async def test_what_a_program_takes_for_nudity_is_blurred_until_somebody_wants_to_see_it(
    start_server: StartServer, arrive: Arrive, tmp_path: Path
) -> None:
    # A picture that does not decode has no score, and blurs nothing.
    look = program(
        tmp_path,
        "from relay.classify.worker import decoded",
        "for picture in pictures():",
        "    say('none\\n' if decoded(picture) is None else '0.99\\n')",
    )
    server = await start_server("--classify", "--classify-every-s=1", f"--classify-command={look}")
    anna, berta = await arrive(server), await arrive(server)
    await together(anna.press("Start"), berta.press("Start"))
    await together(anna.sees_somebody(), berta.sees_somebody())
    words = re.compile("a program thinks it shows this: Nudity or sex. It may be wrong.")
    for person in (anna, berta):
        await expect(person.page.locator("#veil-text")).to_have_text(words, timeout=60_000)
        assert "blur(" in await person.page.locator("#remote").evaluate(FILTER)
    await anna.press("Show anyway")
    await expect(anna.page.locator("#veil-text")).to_be_empty()
    remote = anna.page.locator("#remote")
    await until(lambda: remote.evaluate(FILTER), lambda used: used == "none")
    told = [json.loads(frame) for frame in anna.received]
    assert [each["score"] for each in told if each["type"] == "partner_blurred"] == [0.99]

    async def cases() -> list[str]:
        return re.findall("event=report_received .*source=classifier", server.log)

    await until(cases, lambda seen: len(seen) == 2)
