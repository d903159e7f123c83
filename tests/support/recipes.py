"""What the documents have operators write into other programs' files, for tests to run."""

import re
from pathlib import Path

_DOCS = Path(__file__).parents[2] / "docs"


def recipe(title: str, language: str, *, page: str | None = "proxies", **instead: str) -> str:
    """A section's first block of code.

    :param language: of the block, as ``nginx``.
    :param page: the document; None for the one that has such a section.
    :param instead: what stands in the place of each word; every one of them has to be there. Words
        that are no names are given as ``**{...}``.
    """
    pages = [_DOCS / f"{page}.md"] if page else sorted(_DOCS.rglob("*.md"))
    heading = re.compile(rf"(?m)^#+ {re.escape(title)}$")
    found = [heading.split(each.read_text(encoding="utf-8"), 1)[1:] for each in pages]
    [section] = next(each for each in found if each)
    block = section.split(f"```{language}\n", 1)[1].split("```", 1)[0]
    for word, new in instead.items():
        assert word in block, f"{title}: no {word}"
        block = block.replace(word, new)
    return block
