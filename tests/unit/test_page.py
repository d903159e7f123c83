"""The page's pure modules, tested where they run: in JavaScript."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from relay.api.joined import spared
from relay.api.page import folder
from tests.support.page_tools import page_tool

TESTS = Path(__file__).parents[1] / "web"


@pytest.fixture
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.fail("Node.js 18 or newer is needed (Debian and Ubuntu: apt-get install nodejs)")
    return found


def test_the_pages_machine_and_wire(node: str) -> None:
    files = sorted(str(path) for path in TESTS.glob("*.test.js"))
    assert files
    command = [node, "--test", *files]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr


def test_what_is_left_out_of_the_page_means_nothing(node: str) -> None:
    page_tool("typescript/package.json")
    web = folder()
    texts = {path.relative_to(web).as_posix(): path.read_text() for path in web.rglob("*.js")}
    pairs = {name: (text, spared(text)) for name, text in texts.items() if "vendor/" not in name}
    assert len(pairs) > 70
    pairs["a trap"] = ("a = `\n  // b`", spared("a = `\n  // b`"))
    command = [node, str(TESTS / "tokens.js")]
    run = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, input=json.dumps(pairs)
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "a trap\n", "")
