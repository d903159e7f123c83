"""The command line, read from itself: a page of the guide, and the manual page ``relay.1``."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import typer

import relay
from relay.cli import app
from relay.config import Settings


class Command(NamedTuple):
    """One that can be typed; groups are none."""

    name: str
    """With those before it: "relay evidence open"."""
    usage: str
    words: list[str]
    """Its help, a paragraph each."""
    options: list[tuple[str, str]]
    """How each is written, and what it does; without settings where it has all of these."""
    has_settings: bool


def commands() -> list[Command]:
    """All there are, in the order of ``relay --help``."""
    root = typer.main.get_command(app)
    return list(_under(root, root.context_class(root, info_name="relay", terminal_width=1000)))


def _under(command: Any, context: Any) -> Iterator[Command]:
    for name, found in getattr(command, "commands", {}).items():
        yield from _under(found, found.context_class(found, info_name=name, parent=context))
    if hasattr(command, "commands"):
        return
    has_settings = Settings.model_fields.keys() <= {p.name for p in command.params}
    given = [p for p in command.params if not has_settings or p.name not in Settings.model_fields]
    records = [record for p in given if (record := p.get_help_record(context))]
    yield Command(
        context.command_path,
        " ".join([context.command_path, *command.collect_usage_pieces(context)]),
        [" ".join(part.split()) for part in command.help.split("\n\n")],
        [(written.replace("  ", " "), words) for written, words in records],
        has_settings,
    )


def page() -> str:
    """``docs/reference/commands.md``."""
    parts = [
        "# All commands\n",
        "`relay COMMAND --help` says the same; [From a terminal](../commands.md) what it is for.\n",
    ]
    for it in commands():
        parts.append(f"## `{it.name}`\n\n```text\n{it.usage}\n```\n")
        parts += [f"{_plain(words)}\n" for words in it.words]
        if it.has_settings:
            parts.append("Each [setting](settings.md) is an option as well.\n")
        parts.append("".join(f"- `{written}`: {_plain(words)}\n" for written, words in it.options))
    return "\n".join(filter(None, parts))


def _plain(words: str) -> str:
    """Nothing in it is markup."""
    return re.sub(r"([\\*_<>\[\]`])", r"\\\1", words)


def manual() -> str:
    """``relay.1``, in man(7)."""
    lines = [
        '.\\" Made of the code by scripts/generate.',
        f'.TH RELAY 1 "" "relay {relay.__version__}" "User Commands"',
        ".SH NAME",
        r"relay \- a random one-to-one video chat whose server carries the media",
        ".SH SYNOPSIS",
        ".B relay",
        "COMMAND [OPTIONS]",
        ".SH COMMANDS",
    ]
    for it in commands():
        lines += [f".SS {_roff(it.usage)}"]
        for words in it.words:
            lines += [_roff(words), ".PP"]
        lines.pop()
        if it.has_settings:
            lines += [".PP", "Each setting is an option as well; see SETTINGS."]
        for written, words in it.options:
            lines += [".TP", f".B {_roff(written)}", _roff(words)]
    lines += [
        ".SH SETTINGS",
        "The setting udp_port is a key of the TOML file, the variable RELAY_UDP_PORT and",
        "the option",
        r"\-\-udp\-port; the environment overrides the file, an option overrides both.",
    ]
    for name, field in Settings.model_fields.items():
        lines += [".TP", f".B {_roff(name)}", _roff(f"{field.description}")]
    lines += [
        ".SH EXIT STATUS",
        ".TP", "0", "All went well.",
        ".TP", "1", "It failed, and one line on the standard error says why.",
        ".TP", "2", "It was called wrongly.",
        ".TP", "3", "It went well, and found something bad.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _roff(text: str) -> str:
    """Nothing in it is a request or an escape."""
    text = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in {".", "'"} else text
