"""The command line of ``relay init``: asks, writes, looks at what is written, says what is next."""

import os
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay.errors import ConfigError, reason_of

if TYPE_CHECKING:
    from relay.doctor.findings import Finding
    from relay.init.advice import Step
    from relay.init.answers import Answers
    from relay.init.asking import Ask, Check, Here

_TOKEN_BYTES = 16


def init(
    *,
    under: Annotated[
        str, typer.Option(metavar="HOW", help="Who starts the server: systemd or compose.")
    ] = "systemd",
    domain: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the page: chat.example.org.")
    ] = None,
    public_ip: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Addresses at which browsers reach this machine, separated by commas; 'own' for"
            " those that it has.",
        ),
    ] = None,
    certificate: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="files; self-signed, for a trial; or proxy, when one on this machine ends TLS.",
        ),
    ] = None,
    tls_cert: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The certificate, followed by those above it, in PEM."),
    ] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="Its key.")] = None,
    start_blurred: Annotated[
        bool | None,
        typer.Option(
            "--start-blurred/--no-start-blurred",
            help="Blur each new partner until both have pressed Show.",
        ),
    ] = None,
    ban_after_reporters: Annotated[
        str | None,
        typer.Option(
            metavar="COUNT",
            help="So many users who report the same one within a day have it banned; 0 for never.",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the files go; by default / for systemd's, and the working directory for"
            " containers.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take what is usual.")] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace files that you have changed, too; they are kept as FILE.old."
        ),
    ] = False,
) -> None:
    """Write what a server needs to be started: settings, secrets, and units or a compose file.

    It asks what is not given, makes the operator's token, looks at the machine as 'relay doctor'
    does, and says what to type next. It can be run again: what is there is kept, and what would
    be other now is put beside it as FILE.new. The exit status is 3 when the doctor finds something
    bad.
    """
    blurred = None if start_blurred is None else ("yes" if start_blurred else "no")
    given = {
        "under": under,
        "domain": domain,
        "public_ip": public_ip,
        "certificate": certificate or ("files" if tls_cert else None),
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "start_blurred": blurred,
        "ban_after_reporters": ban_after_reporters,
    }
    may_ask = sys.stdin.isatty() and not yes
    known = {name: value for name, value in given.items() if value is not None}
    run(known, folder, _asked if may_ask else None, force=force)


def run(given: Mapping[str, str], folder: Path | None, ask: "Ask | None", *, force: bool) -> None:
    """All of it.

    :param given: what the command line has, by the flags' names.
    :raises ConfigError: when something is missing or wrong, or cannot be written.
    :raises typer.Exit: with 3 when the doctor finds something bad.
    """
    from relay.doctor import report  # noqa: PLC0415
    from relay.init import advice, asking, files, placing  # noqa: PLC0415
    from relay.init.answers import Under, former, token_in  # noqa: PLC0415
    from relay.init.shipped import checkout, shipped  # noqa: PLC0415

    if given["under"] not in list(Under):
        raise ConfigError(f"--under: should be {' or '.join(Under)}, not {given['under']!r}")
    under = Under(given["under"])
    if folder is None and under is Under.SYSTEMD and not _has_systemd():
        raise ConfigError("--under: no systemd runs here: give compose, or a --folder")
    folder = folder or (Path("/") if under is Under.SYSTEMD else Path.cwd())
    env = _there(folder / files.env_file(under))
    here = _here()
    answers = asking.answers(given, former(_there(folder / files.toml_file(under)), env), here, ask)
    token = token_in(env) or secrets.token_hex(_TOKEN_BYTES)
    command = _command()
    has_ipv6 = any(each.version == 6 for each in here.own)
    for file in files.files_of(answers, token, command, shipped, has_ipv6=has_ipv6):
        path = folder / file.path
        if file.is_settled and token_in(env) is not None:
            _tell(path, placing.Outcome.UNCHANGED)
        else:
            _tell(path, placing.place(path, file.text, file.mode, force=force))
    typer.echo()
    has_files = here.is_file(answers.tls_cert)
    found = [
        *advice.unseen(answers, command, sys.base_prefix),
        *_examined(answers, token, folder / files.toml_file(under), has_files=has_files),
    ]
    report.show(found)
    _say(advice.steps(answers, has_files=has_files, checkout=checkout()))
    if report.is_bad(found):
        raise typer.Exit(report.FOUND_BAD)


def _asked(question: str, usual: str, check: "Check") -> str:
    """A person's answer; it is asked for again until it will do."""

    def convert(value: str) -> str:
        value = value.strip()
        try:
            check(value)
        except (ValueError, ConfigError) as error:
            raise typer.BadParameter(str(error)) from None
        return value

    return str(typer.prompt(question, default=str(usual) or None, value_proc=convert))


def _has_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()  # sd_booted(3)


def _there(path: Path) -> str:
    """What a file has now; nothing when there is none."""
    from relay.init import placing  # noqa: PLC0415

    try:
        return placing.read(path) or ""
    except OSError as error:
        raise ConfigError(f"--folder: {path} cannot be read: {reason_of(error)}") from None


def _here() -> "Here":
    from relay.doctor.places import is_there  # noqa: PLC0415
    from relay.families import own_addresses  # noqa: PLC0415
    from relay.init.asking import Here  # noqa: PLC0415
    from relay.media.paths.candidates import resolved  # noqa: PLC0415

    def addresses_of(name: str) -> list[str]:
        try:
            return resolved(name)
        except OSError:
            return []

    return Here(own_addresses(), addresses_of, is_there)


def _command() -> str:
    """Where this program is, for who starts it by its whole path."""
    return str(Path(sys.executable).with_name("relay"))


def _tell(path: Path, outcome: str) -> None:
    notes = {
        "kept": f"; what would be written now is in {path.name}.new, --force takes it",
        "replaced": f"; it was what is in {path.name}.old now",
    }
    typer.echo(f"{outcome:10}{path}{notes.get(outcome, '')}")


_THE_SERVICE_S_OWN = frozenset(
    {
        "data folder",
        "data disk",
        "database",
        "open files",
        "runtime folder",
        "TCP port",
        "Unix sockets",
        "visitors' keys",
    }
)
"""What a container, or a service of root's, has of its own; it is not to be seen from here."""


def _examined(
    answers: "Answers", token: str, toml: Path, *, has_files: bool
) -> "Iterator[Finding]":
    """What the doctor says of what was written, as far as that is to be seen from here."""
    from relay.doctor import report  # noqa: PLC0415
    from relay.init.answers import Certificate, Under  # noqa: PLC0415

    is_root = os.geteuid() == 0
    flags: dict[str, str | bool] = {}
    if answers.certificate is Certificate.FILES and (has_files or answers.is_to_be_installed):
        flags = {"tls_cert": answers.tls_cert, "tls_key": answers.tls_key}
    environ = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    environ["RELAY_OPERATOR_TOKEN"] = token
    if answers.under is Under.COMPOSE:
        flags |= {"port": str(answers.port), "public_ip": ",".join(answers.public_ip)}
    hidden = frozenset({"runtime folder"})  # which systemd gives to the server's user
    if answers.under is Under.COMPOSE or not is_root:
        hidden = _THE_SERVICE_S_OWN - ({"TCP port"} if is_root else set())
    for found in report.examine(flags, environ, str(toml)):
        if found.subject not in hidden:
            yield found


def _say(steps: "Iterable[Step]") -> None:
    typer.echo("\nWhat to type next:")
    for step in steps:
        typer.echo(f"- {step.why}:")
        for command in step.commands:
            typer.echo(f"    {command}")
