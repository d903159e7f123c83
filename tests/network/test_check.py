"""``relay check`` in a network that lets no UDP through."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from tests.browser.server import Server, running
from tests.network.routed import SERVER, UDP, Routed

_RUN = "from relay.cli import main; main()"


async def check(routed: Routed, url: str) -> tuple[int | None, dict[str, Any]]:
    """As somebody does in the client's network."""
    process = await asyncio.create_subprocess_exec(
        *(*routed.client.prefix, sys.executable, "-c", _RUN, "check", url, "--json"), stdout=PIPE
    )
    out, _ = await process.communicate()
    return process.returncode, json.loads(out)


async def test_it_says_that_udp_is_blocked(routed: Routed, tmp_path: Path) -> None:
    made = Server(tmp_path, "--workers", "1", prefix=routed.server.prefix, host=SERVER)
    async with running(made) as server:
        routed.block(*UDP)
        code, told = await check(routed, server.url)
    assert code == 1
    assert [problem["cause"] for problem in told["problems"]] == ["udp_blocked"]
    assert told["verdict"].startswith(f"UDP is blocked on the way to {SERVER}:")
    assert {each["way"]: each["works"] for each in told["ways"]} == {
        "udp": False,
        "tcp": True,
        "turn-tcp": True,
    }
