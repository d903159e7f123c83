"""What ``docs/networks.md`` has operators write into other programs' files, for tests to run."""

import re
from pathlib import Path

_PAGE = Path(__file__).parents[2] / "docs" / "networks.md"


def recipe(title: str, language: str, **instead: str) -> str:
    """A section's first block of code.

    :param language: of the block, as ``nginx``.
    :param instead: what stands in the place of each word; every one of them has to be there. Words
        that are no names are given as ``**{...}``.
    """
    section = re.split(rf"(?m)^#+ {re.escape(title)}$", _PAGE.read_text(encoding="utf-8"))[1]
    block = section.split(f"```{language}\n", 1)[1].split("```", 1)[0]
    for word, new in instead.items():
        assert word in block, f"{title}: no {word}"
        block = block.replace(word, new)
    return block
