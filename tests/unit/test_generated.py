"""What is made of the operators' API is as the API is now."""

from pathlib import Path

import pytest

from scripts import generate

FILES = generate.files()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_is_current(file: Path) -> None:
    assert file.read_text() == FILES[file], "is not current: run scripts/generate"


def test_the_check_names_what_is_not_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "b").write_text("new")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "files", lambda: dict.fromkeys(tmp_path.iterdir(), "new"))
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().err == "a is not current: run scripts/generate\n"
    assert generate.main([]) == 0
    assert (tmp_path / "a").read_text() == "new"
    assert generate.main(["--check"]) == 0
