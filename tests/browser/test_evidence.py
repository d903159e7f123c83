"""What a browser shows as it is reported is what the operators see, and nobody else."""

import io
import time
from pathlib import Path

import av
from playwright.async_api import expect

from relay.evidence import Package
from relay.evidence.keyfiles import init
from relay.evidence.seal import unseal
from relay.records import Evidence
from relay.records.database import Database
from relay.stored import DATABASE_FILE
from tests.browser.conftest import Arrive, StartServer
from tests.browser.visitor import together, until

OLD_S = 4.0
"""So long a call lasts until somebody is reported: browsers send key frames at its beginning."""

_PATIENCE = """
from relay.cli import main
from relay.evidence.freezer import Freezer
Freezer.__init__.__kwdefaults__["glances_s"] = [0.05 * number for number in range(1, 400)]
main()
"""
SERVE_PATIENT = "-c", _PATIENCE, "serve"
"""Waits for a picture as long as it takes on a busy machine."""


async def stored(data: Path) -> list[Evidence]:
    """All evidence, as soon as there is some."""

    async def look() -> list[Evidence]:
        records = Database(data / DATABASE_FILE)
        await records.open()
        try:
            return await records.chain(0, 10)
        finally:
            await records.close()

    return await until(look, lambda found: len(found) > 0)


async def test_a_browsers_picture_of_the_moment_is_kept(
    start_server: StartServer, arrive: Arrive, tmp_path: Path
) -> None:
    data, key = tmp_path / "data", tmp_path / "key.pem"
    init(data, key)
    flags = "--evidence", "--data-dir", str(data)
    server = await start_server(*flags, program=SERVE_PATIENT)
    anna, berta = [await arrive(server, agree=False) for _ in range(2)]
    for person in (anna, berta):
        # Else whoever agrees before the server has told of it is asked again.
        await expect(person.page.locator("#evidence")).to_be_visible()
        await person.press("I am 18 or older and agree")
    await together(*(person.press("Start") for person in (anna, berta)))
    await together(*(person.sees_somebody() for person in (anna, berta)))
    began_s = time.monotonic()

    async def age_s() -> float:
        return time.monotonic() - began_s

    await until(age_s, lambda age: age > OLD_S)
    await berta.says("look at me")
    await anna.hears("look at me")
    await anna.press("Report or block")
    await anna.press("Nudity or sex")
    await berta.reads("Your partner left.")
    [evidence] = await stored(data)
    assert evidence.sealed is not None
    package = Package.read(unseal(evidence.sealed, key.read_bytes()))
    assert [said.text for said in package.chat] == ["look at me"]
    assert package.reason == "nudity"
    shots = package.reported.pictures
    assert shots[-1].in_room
    assert shots[-1].at > package.at - OLD_S / 2, "it is that of the moment, or a later one"
    for shot in shots:
        with av.open(io.BytesIO(shot.webp), "r", format="webp_pipe") as opened:
            [frame] = opened.decode(video=0)
        assert (frame.width, frame.height) == (shot.width, shot.height)
        assert frame.to_ndarray(format="gray").std() > 10, "something is to be seen"
