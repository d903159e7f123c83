"""Sphinx' settings for the site of the guide: ``scripts/docs``."""

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

project = "relay"
copyright = "its authors, Apache License 2.0"  # noqa: A001 - Sphinx' name for it
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["docs/**.md", "CHANGELOG.md"]
exclude_patterns = [".*", "relay", "scripts", "tests", "web", "dist", "node_modules"]
myst_heading_anchors = 4
suppress_warnings = [
    "misc.highlighting_failure",  # JSON with dots in it, and languages that nobody colours
]
html_theme = "furo"
html_title = "relay"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["wide.css"]


def _with_contents(_: object, page: str, source: list[str]) -> None:
    """The list of pages on the first one is the site's navigation, too."""
    if page == root_doc:
        for title, links in re.findall(r"^## (.+)\n\n((?:- .+\n)+)", source[0], re.MULTILINE):
            pages = "\n".join(
                f"/{_named(link)}"
                for link in re.findall(r"^- \[[^]]+\]\((\S+)\.md\)", links, re.MULTILINE)
            )
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n"


def _named(link: str) -> str:
    return (ROOT / "docs" / link).resolve().relative_to(ROOT).as_posix()


def setup(app: Any) -> None:
    """Sphinx calls it."""
    app.connect("source-read", _with_contents)
