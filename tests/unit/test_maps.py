"""The maps of the house are complete and true: package docstrings, and the architecture page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

PACKAGES = sorted(
    str(path.parent.relative_to(ROOT))
    for top in ("relay", "scripts")
    for path in (ROOT / top).rglob("__init__.py")
)

# What a page names: a file with a suffix of ours, and what of it.
NAMED_FILE = re.compile(r"`((?:[\w-]+/)*[\w-]+\.(?:py|js|md|toml))`")
NAMED_SYMBOL = re.compile(r"`((?:[\w-]+/)*[\w-]+\.py)`,? `([A-Za-z_][\w.]*)`")


def modules(package: Path) -> set[str]:
    inside = {path.parent.name for path in package.glob("*/__init__.py")}
    return inside | {path.stem for path in package.glob("*.py") if not path.stem.startswith("__")}


def docstring(package: str) -> str:
    return ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or ""


def section(title: str) -> str:
    return ARCHITECTURE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def file(name: str) -> Path | None:
    """Where a file is that the page names: from the top, or from the package."""
    tried = (ROOT / base / name for base in ("", "relay", "web"))
    return next((path for path in tried if path.is_file()), None)


def defined(source: str, name: str) -> bool:
    """Whether a module defines a name, which may be of a class: ``Class.method``."""
    body: list[ast.stmt] = ast.parse(source).body
    for part in name.split("."):
        found = [node for node in body if part in names_of(node)]
        if not found:
            return False
        body = found[0].body if isinstance(found[0], ast.ClassDef) else []
    return True


def names_of(node: ast.stmt) -> set[str]:
    match node:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return {node.name}
        case ast.Assign():
            return {target.id for target in node.targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_names_each_of_its_modules(package: str) -> None:
    told = set(re.findall(r"``(\w+)``", docstring(package)))
    missing = modules(ROOT / package) - told
    assert not missing, f"say in {package}/__init__.py what these hold, as ``name``"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_nothing_that_is_not_there(package: str) -> None:
    told = set(re.findall(r"^- ``(\w+)``", docstring(package), re.MULTILINE))
    assert told - {"__main__"} - modules(ROOT / package) == set()


def test_the_architecture_page_names_files_that_are_there() -> None:
    named = sorted(set(NAMED_FILE.findall(ARCHITECTURE)))
    assert len(named) > 30
    assert [name for name in named if file(name) is None] == []


def test_the_architecture_page_names_what_its_files_define() -> None:
    wrong = []
    for name, symbol in NAMED_SYMBOL.findall(ARCHITECTURE):
        path = file(name)
        if path is None or not defined(path.read_text(), symbol):
            wrong.append((name, symbol))
    assert wrong == []


def test_the_glossary_has_each_word_once() -> None:
    words = [
        word.strip()
        for line in section("Words").splitlines()
        if line.startswith("| ") and not line.startswith("| word ")
        for word in line.split("|")[1].split(",")
    ]
    assert "link" in words
    assert sorted(words) == sorted(set(words))
