"""A server is started with what ``relay init`` has written."""

from __future__ import annotations

import os
from pathlib import Path

import aiohttp

from tests.support import commands
from tests.support.served import ROOT, page_of, serving


async def test_the_server_starts_with_it(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    flags = ("--domain", "chat.localhost", "--public-ip", "127.0.0.1", "--certificate")
    ended = await commands.run(
        *("init", "--folder", str(tmp_path), "--yes", *flags, "self-signed"), env=environ
    )
    assert ended.err == ""
    assert ended.code == 3  # 127.0.0.1 leads each browser to itself
    assert "What to type next:" in ended.out
    config = tmp_path / "etc/relay/relay.toml"
    folders = ("--data-dir", str(tmp_path / "data"), "--runtime-dir", str(tmp_path / "run"))
    async with serving(tmp_path, "--config", str(config), *folders) as process:
        page = await page_of(process)
        async with aiohttp.ClientSession() as http:
            for name, status in (("chat.localhost", 200), ("evil.example", 421)):
                headers = {"Host": name}
                async with http.get(page, headers=headers, ssl=False) as answer:
                    assert answer.status == status
    assert process.returncode == 0
