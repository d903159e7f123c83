"""What ``scripts/release`` builds, as somebody installs it who has no checkout."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from asyncio.subprocess import PIPE
from pathlib import Path

import aiohttp
import pytest

from tests.support.served import page_of

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="needs git")


def release(folder: Path, umask: int) -> dict[str, bytes]:
    """What is built, by name."""
    subprocess.run(
        [ROOT / "scripts/release", folder],
        check=True,
        umask=umask,
        env=os.environ | {"TZ": "UTC+9"},
    )
    subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=folder, check=True)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def built_twice(folder: Path) -> Path:
    """The wheel, which is the same each time and has its SBOM in it."""
    first, second = release(folder / "a", 0o022), release(folder / "b", 0o077)
    assert first == second
    assert {Path(name).suffix for name in first} == {".whl", ".gz", ".md", ""}
    subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=folder / "a", check=True)
    (wheel,) = (folder / "a").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (sbom,) = [name for name in archive.namelist() if ".dist-info/sboms/" in name]
        assert json.loads(archive.read(sbom))["bomFormat"] == "CycloneDX"
    return wheel


def installed(wheel: Path, place: Path) -> Path:
    """The command, in an environment of its own, with the versions that are locked."""
    pip = [str(place / "bin/python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    lock = ROOT / "scripts/lock/requirements.txt"
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    return place / "bin/relay"


def start_is_written(relay: Path, folder: Path) -> None:
    """``relay init`` finds what it writes in the wheel."""
    for under, file in (("systemd", "etc/systemd/system/relay.service"), ("compose", "alerts.yml")):
        flags = ("--domain", "chat.localhost", "--public-ip", "192.0.2.1", "--under", under)
        place = folder / under
        subprocess.run(
            [relay, "init", "--folder", place, *flags, "--certificate", "self-signed"],
            check=False,  # what the doctor says of this machine is another matter
            env={"PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
        )
        assert (place / file).is_file()


@pytest.mark.timeout(600)
async def test_it_is_the_same_each_time_and_serves_the_page(tmp_path: Path) -> None:
    wheel = await asyncio.to_thread(built_twice, tmp_path)
    relay = await asyncio.to_thread(installed, wheel, tmp_path / "venv")
    await asyncio.to_thread(start_is_written, relay, tmp_path)
    process = await asyncio.create_subprocess_exec(
        *(relay, "serve", "--host", "127.0.0.1", "--port", "0", "--udp-port", "0"),
        *("--data-dir", tmp_path / "data"),
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        stdout=PIPE,
    )
    try:
        page = await page_of(process)
        async with aiohttp.ClientSession(raise_for_status=True) as http:
            text = await (await http.get(page)).text()
            assert "<title>" in text
            for name in re.findall(r'(?:src|href)="([\w./-]+)"', text):
                await http.get(f"{page}/{name}")
            await http.get(f"{page}/admin/")
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0
