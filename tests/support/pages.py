"""The pages of the guide, read as what they are: links, headings and blocks of code."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"],
    key=lambda path: path.relative_to(ROOT).as_posix(),
)
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_SEPARATORS = {"&&", "||", "|", ";", "&", "(", ")"}


class Block(NamedTuple):
    """One of code."""

    language: str
    code: str


def blocks(text: str) -> list[Block]:
    """All of a page."""
    return [Block(language, code) for language, code in _FENCE.findall(text)]


def prose(text: str) -> str:
    """A page without its blocks."""
    return _FENCE.sub("", text)


def links(text: str) -> list[str]:
    """Where a page leads to, as it is written."""
    return _LINK.findall(re.sub(r"`[^`\n]*`", "", prose(text)))


def anchors(text: str) -> set[str]:
    """What each heading is called in an address, as GitHub does it."""
    found: list[str] = []
    for title in re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)


def commands(code: str) -> Iterator[list[str]]:
    """The words of each command in a block of ``sh``; where some lines have a prompt, those alone.

    Documents that are given to a command (``<<``) are left out.
    """
    code = re.sub(r"<<'?(\w+)'?(.*)\n(?s:.*?)^\1$", r"\2", code, flags=re.MULTILINE)
    lines = code.replace("\\\n", " ").splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    for line in lines:
        reader = shlex.shlex(line, posix=True, punctuation_chars=True)
        reader.whitespace_split = True
        words: list[str] = []
        for word in reader:
            if word in _SEPARATORS:
                if words:
                    yield words
                words = []
            else:
                words.append(word)
        if words:
            yield words
