"""The pages of the guide: every link leads somewhere, and every command is one that there is."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer

from relay.cli import app
from relay.config import Settings
from tests.support import pages

ROOT = pages.ROOT
TEXTS = {path: path.read_text(encoding="utf-8") for path in pages.PAGES}
GUIDE = {path: text for path, text in TEXTS.items() if path.name != "decisions.md"}
"""What is told in a log stays as it was."""
RELAY = re.compile(r"([\w./]*/)?relay")
MADE = {"scripts/deploy/.env"}
"""What a command makes."""
CLI: Any = typer.main.get_command(app)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", TEXTS, ids=named)
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in pages.links(TEXTS[path]):
        where = urlsplit(link)
        if where.scheme:
            continue
        there = (path.parent / where.path).resolve() if where.path else path
        assert there.exists(), link
        assert ROOT in [there, *there.parents], link
        if where.fragment:
            assert where.fragment in pages.anchors(TEXTS[there]), link


def test_every_page_is_in_the_contents() -> None:
    index = ROOT / "docs" / "index.md"
    listed = {(index.parent / link).resolve() for link in pages.links(TEXTS[index])}
    assert {path for path in TEXTS if path.parent != ROOT} - listed == {index}


def relays(words: list[str]) -> Iterator[list[str]]:
    """What is given to ``relay`` in a command, also behind ``runuser``, ``sudo`` or variables."""
    for place, word in enumerate(words):
        if RELAY.fullmatch(word) and (
            place == 0 or words[place - 1] == "--" or re.match(r"[A-Z_]+=", words[place - 1])
        ):
            yield words[place + 1 :]
            return
        elif word == "scripts/serve":
            yield ["serve", *words[place + 1 :]]


def understood(given: list[str]) -> None:
    """:raises typer.Exit: or what else says that nobody can type this."""
    command = CLI
    context = command.context_class(command, info_name="relay")
    while hasattr(command, "commands") and given and not given[0].startswith("-"):
        name, *given = given
        assert name in command.commands, name
        command = command.commands[name]
        if hasattr(command, "commands"):
            context = command.context_class(command, info_name=name, parent=context)
    if not hasattr(command, "commands"):
        command.make_context(command.name, given, parent=context)


@pytest.mark.parametrize("path", GUIDE, ids=named)
def test_every_command_is_one_that_there_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_OPERATOR_TOKEN", "of-nobody-in-this-test")
    for language, code in pages.blocks(GUIDE[path]):
        assert language, f"a block without a language: {code[:60]}"
        for words in pages.commands(code) if language == "sh" else ():
            for given in relays(words):
                shown = f"relay {' '.join(given)}"
                try:
                    understood(given)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault of the page
                    pytest.fail(f"{shown}: {error!r} {getattr(error, 'message', '')}")
            for word in words:
                if word.startswith(("scripts/", "docs/", "tests/")) and word not in MADE:
                    assert (ROOT / word).exists(), word
            if words[0].startswith("scripts/"):
                assert os.access(ROOT / words[0], os.X_OK), words[0]


@pytest.mark.parametrize("path", GUIDE, ids=named)
def test_every_command_in_a_sentence_is_one_that_there_is(path: Path) -> None:
    for span in re.findall(r"`relay ([a-z][^`]*)`", pages.prose(GUIDE[path])):
        command = CLI
        words = span.split()
        while hasattr(command, "commands") and words:
            name, *words = words
            assert name in command.commands, f"relay {span}"
            command = command.commands[name]
        known = {option for p in command.params for option in [*p.opts, *p.secondary_opts]}
        for option in re.findall(r"(?<![\w.-])--[a-z-]+[a-z](?![\w.-])", span):
            assert option in {*known, "--help"}, f"relay {span}"


@pytest.mark.parametrize("path", GUIDE, ids=named)
def test_every_key_of_the_settings_is_one_that_there_is(path: Path) -> None:
    for language, code in pages.blocks(GUIDE[path]):
        if language == "toml":
            assert {*tomllib.loads(code)} <= {*Settings.model_fields}
