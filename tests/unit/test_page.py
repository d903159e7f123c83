"""The page's pure modules, tested where they run: in JavaScript."""

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1] / "web"


def test_the_pages_machine_and_wire() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.fail("Node.js 18 or newer is needed (Debian and Ubuntu: apt-get install nodejs)")
    files = sorted(str(path) for path in TESTS.glob("*.test.js"))
    assert files
    command = [node, "--test", *files]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
