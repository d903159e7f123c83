"""Which modules know one another in a circle, imports for the type checker included."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "relay"

CIRCLES = [
    {f"relay.media.{name}" for name in ("crossing", "downlink", "flow", "uplink")},
]


def test_only_these_modules_know_one_another_in_a_circle() -> None:
    graph = import_graph()
    assert len(graph) > 100
    assert circles(graph) == CIRCLES


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": set(), "f": {"f", "a"}}
    assert circles(graph) == [{"a", "b", "c"}]


def import_graph() -> dict[str, set[str]]:
    """The modules of the package, and which of each other they import, wherever it is written."""
    files = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    return {name: set(imported(path, files.keys())) - {name} for name, path in files.items()}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def imported(path: Path, modules: Collection[str]) -> Iterator[str]:
    """Which of these modules a file imports; in ``from a import b``, b may be one."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names]
            found = [name if name in modules else module for name in names]
            yield from (name for name in found if name in modules)


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The sets of nodes that can all reach one another, of more than one."""
    reached = {node: reachable(graph, node) for node in graph}
    found: list[set[str]] = []
    for node in graph:
        circle = {other for other in reached[node] if node in reached[other]}
        if len(circle) > 1 and circle not in found:
            found.append(circle)
    return found


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        for node in graph[todo.pop()] - seen:
            seen.add(node)
            todo.append(node)
    return seen
