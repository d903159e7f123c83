"""The site of the guide is made without a warning; ``scripts/docs`` takes each for an error."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_site_is_made_and_begins_at_its_contents(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "scripts/docs", tmp_path], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "url=docs/index.html" in (tmp_path / "index.html").read_text()
    assert 'href="tutorial.html"' in (tmp_path / "docs/index.html").read_text()
    assert (tmp_path / "docs/reference/settings.html").exists()
