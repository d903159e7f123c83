"""Which file a path of the page leads to."""

from pathlib import Path

import pytest

from relay.api.page import Page, folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "icons").mkdir(parents=True)
    (web / ".git").mkdir()
    for name in ("index.html", "icons/a.svg", ".secret", ".git/config", "icons/.hidden"):
        (web / name).write_text(name)
    (tmp_path / "outside.txt").write_text("outside")
    (web / "link.txt").symlink_to(tmp_path / "outside.txt")
    return web


@pytest.mark.parametrize("name", ["index.html", "icons/a.svg", "icons//a.svg"])
def test_a_file_of_the_folder_is_found(root: Path, name: str) -> None:
    assert Page(root)._find(name) == root / name


@pytest.mark.parametrize(
    "name",
    [
        "missing.html",
        "icons",
        "icons/",
        ".secret",
        ".git/config",
        "icons/.hidden",
        "..",
        "../outside.txt",
        "icons/../../outside.txt",
        "./index.html",
        "/etc/passwd",
        "//etc/passwd",
        "link.txt",
        "index.html\0",
        "index.html/x",
        "a" * 5000,
    ],
)
def test_anything_else_is_not(root: Path, name: str) -> None:
    assert Page(root)._find(name) is None


def test_a_checkout_serves_the_folder_beside_the_package() -> None:
    assert (folder() / "index.html").is_file()
