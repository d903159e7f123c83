"""What the tests of the page need of others: the dev dependencies in ``tests/web``."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def page_tool(path: str) -> Path:
    """A file of one of them, all of which are brought when it is missing, as in a fresh clone."""
    found = ROOT / "tests" / "web" / "node_modules" / path
    if not found.is_file():
        subprocess.run([ROOT / "scripts" / "check-page", "--install"], check=True)
    return found
