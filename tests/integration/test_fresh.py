"""From a fresh Debian 12 to a call between two browsers, and what only systemd itself can show.

The lines that are typed are those of ``docs/``. One machine is for all the tests, which run in the
order in which they stand here; it takes minutes, so ``scripts/test --slow`` runs it.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.browser.chromium import ALLOWED, FAKE_DEVICES, QUIET, executable
from tests.browser.namespace import Namespace, need_namespaces
from tests.browser.visitor import Visitor, together
from tests.support import machine
from tests.support.machine import NAME, Machine, Typed
from tests.support.recipes import recipe

ROOT = Path(__file__).parents[2]
URL = f"https://{NAME}"
MOST_LINES = 4
INSTALL_S = 900

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(machine.why_no_machine() is not None, reason=str(machine.why_no_machine())),
]


@dataclass
class Fresh:
    """A machine, and what was typed there."""

    machine: Machine
    typed: dict[str, Typed] = field(default_factory=dict)
    took_s: dict[str, float] = field(default_factory=dict)

    def types(self, line: str) -> None:
        began_s = time.monotonic()
        self.typed[line] = self.machine.types(line, timeout_s=INSTALL_S)
        self.took_s[line] = time.monotonic() - began_s


def lines(title: str, page: str) -> list[str]:
    """What a section has typed."""
    return [line for line in recipe(title, "sh", page=page).splitlines() if line]


@pytest.fixture(scope="module")
def network() -> Iterator[Namespace]:
    need_namespaces()
    with Namespace() as made:
        yield made


@pytest.fixture(scope="module")
def fresh(network: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """A machine with the release's files in root's home, on which it was installed as told."""
    folder = tmp_path_factory.mktemp("machine")
    root = folder / "root"
    try:
        machine.made(root)
        subprocess.run([ROOT / "scripts/release", folder / "dist"], check=True)
        for file in (folder / "dist").iterdir():
            shutil.copy(file, root / "root")
        with machine.running(root, network) as running:
            found = Fresh(running)
            for line in lines("On a fresh server", "install"):
                found.types(line)
            yield found
    finally:
        shutil.rmtree(folder)


async def test_two_browsers_meet_after_four_lines(fresh: Fresh) -> None:
    for line, typed in fresh.typed.items():
        assert typed.code == 0, f"{line}: {typed.out}"
    began_s = time.monotonic()
    leads = f"--host-resolver-rules=MAP {NAME} {fresh.machine.address}"
    async with async_playwright() as playwright:
        flags = [*QUIET, *FAKE_DEVICES, *ALLOWED, leads]
        browsers = [
            await playwright.chromium.launch(executable_path=executable(), args=flags)
            for _ in range(2)
        ]
        try:
            people = []
            for browser in browsers:
                context = await browser.new_context(locale="en-GB", ignore_https_errors=True)
                people.append(await Visitor.arrive(context, URL))
            await together(*(person.press("Start") for person in people))
            await together(*(person.sees_somebody(60) for person in people))
            for person in people:
                await person.leaves()
                assert person.unexpected_complaints() == []
        finally:
            for browser in browsers:
                await browser.close()
    met_s = time.monotonic() - began_s
    print()
    for line, took_s in fresh.took_s.items():
        print(f"{took_s:6.1f} s  {line}")
    whole_s = sum(fresh.took_s.values()) + met_s
    print(f"{met_s:6.1f} s  two browsers come, and see each other")
    print(f"{whole_s / 60:.1f} minutes, {len(fresh.typed)} lines")
    assert len(fresh.typed) <= MOST_LINES
