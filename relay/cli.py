"""The ``relay`` command.

What a subcommand needs is imported when it runs, so that ``relay --help`` answers at once.
"""

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from relay import __version__, logs
from relay.bots import commands as bots
from relay.config import CONFIG_FILE, Settings, foreign, known, load, renamed
from relay.errors import BotError, ConfigError, OperatorError
from relay.init.command import init
from relay.ops import commands as operators
from relay.ops import evidence
from relay.renamed import FORMER
from relay.setting import flag, variable

if TYPE_CHECKING:
    from relay.app import Relay
    from relay.supervisor import Supervisor

_FAILED = 1
_WRONG_VALUE = 2

_SERVER = "Server"


class _Panels(TyperGroup):
    """Lists the commands by what they are for; typer itself does so only in colours."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - it is typer's
        panels: dict[str, list[tuple[str, str]]] = {}
        longest = max(map(len, self.commands))
        for name, command in self.commands.items():
            panel = getattr(command, "rich_help_panel", None)
            shown = command.get_short_help_str(formatter.width - longest - 6)
            panels.setdefault(str(panel), []).append((name.ljust(longest), shown))
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl(rows)


app = typer.Typer(
    cls=_Panels,
    help="A random one-to-one video chat whose server carries the media.",
    epilog="'relay COMMAND --help' explains a command; 'relay serve --help' every setting of the"
    " server. Exit status: 0 all went well, 1 it failed, 2 it was called wrongly, 3 it found"
    " something bad.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line; whatever is wrong with it is told in one line."""
    try:
        app()
    except ConfigError as error:
        typer.echo(f"relay: {error}", err=True)
        sys.exit(_WRONG_VALUE)
    except (BotError, OperatorError) as error:
        typer.echo(f"relay: {error}", err=True)
        sys.exit(_FAILED)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"relay {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    logs.configure("warning")  # `relay serve` configures it anew


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command one option a setting, in place of its ``**flags``."""
    parameters = [p for p in inspect.signature(command).parameters.values() if p.name != "flags"]
    for name in known():
        present = FORMER.get(name, name)
        field = Settings.model_fields[present]
        is_switch = field.annotation is bool
        written = f"{flag(name)}/--no-{flag(name)[2:]}" if is_switch else flag(name)
        is_former = name in FORMER
        option = typer.Option(written, metavar=field.title, help=_help(present), hidden=is_former)
        parameters.append(
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[bool | None if is_switch else str | None, option],
            )
        )
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def _help(name: str) -> str:
    field = Settings.model_fields[name]
    default = f"default: {field.default}; " if field.default not in (None, (), False) else ""
    return f"{field.description} [{default}{variable(name)}]"


@app.command(rich_help_panel=_SERVER)
@_with_settings
def serve(
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help=f"Settings in TOML. [default: {CONFIG_FILE} if there is one; RELAY_CONFIG]",
        ),
    ] = None,
    **flags: Any,
) -> None:
    """Serve the page and the relay.

    Every setting below is also a key of the TOML file (udp_port = 7882) and a variable of the
    environment (RELAY_UDP_PORT=7882). The environment overrides the file, a flag overrides both.
    """
    from relay.supervisor import supervisor  # noqa: PLC0415

    given = {k: v for k, v in flags.items() if v is not None}
    watching = supervisor(os.environ, os.getpid())
    try:
        _serve(lambda: load(given, os.environ, config=config), watching)
    except ConfigError as error:
        watching.status(str(error))
        raise


def _serve(read: Callable[[], Settings], watching: "Supervisor") -> None:
    settings = read()

    import structlog  # noqa: PLC0415
    import uvloop  # noqa: PLC0415

    from relay.app import serve as run  # noqa: PLC0415
    from relay.reloading import configure_logs  # noqa: PLC0415

    configure_logs(settings)
    log = structlog.get_logger()
    for name in foreign(os.environ):
        log.warning("variable_not_ours", variable=name)
    for former, present in renamed(settings):
        log.warning("setting_renamed", setting=former, now=present)
    uvloop.run(run(settings, _announce, read, watching))


@app.command(rich_help_panel=_SERVER)
@_with_settings
def doctor(
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings in TOML, as for 'relay serve'.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, one finding a line.")
    ] = False,
    **flags: Any,
) -> None:
    """Check settings and machine, and say what to change.

    Give it what you give to 'relay serve', and run it as the same user. It changes nothing, and
    asks nobody outside of this machine but DNS, its database and its Redis. The exit status is 3
    when something is wrong.
    """
    from relay.doctor import report  # noqa: PLC0415

    given = {k: v for k, v in flags.items() if v is not None}
    report.tell(list(report.examine(given, os.environ, config)), as_json=as_json)


@evidence.GROUP.command("init")
def evidence_init(
    *,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where the private half goes: a new file.")
    ] = Path("relay-evidence-key.pem"),
    data_dir: Annotated[str | None, typer.Option(metavar="FOLDER", help=_help("data_dir"))] = None,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings in TOML, as for 'relay serve'.")
    ] = None,
) -> None:
    """Make the key for evidence: the public half stays with the data, the private one must not.

    Run it as the user that the server runs as, before 'relay serve --evidence'.
    """
    from relay.evidence import keyfiles  # noqa: PLC0415
    from relay.stored import data_dir as folder_of  # noqa: PLC0415

    given = {} if data_dir is None else {"data_dir": data_dir}
    public = keyfiles.init(folder_of(load(given, os.environ, config=config)), out)
    typer.echo(f"public key   {public}: the server seals evidence with it")
    typer.echo(f"private key  {out}: only with it evidence can be opened")
    typer.echo(
        "Take the private key off this machine now, and keep it in two places. Whoever has it and"
        " the data sees all evidence; without it nobody ever will.",
        err=True,
    )


DATABASE = typer.Typer(
    help="Bring the database to another version.", no_args_is_help=True, rich_markup_mode=None
)


@DATABASE.command("back")
def database_back(
    *,
    version: Annotated[
        str, typer.Argument(help="That of the older relay, as it says when it does not start.")
    ],
    data_dir: Annotated[str | None, typer.Option(metavar="FOLDER", help=_help("data_dir"))] = None,
    database_url: Annotated[
        str | None, typer.Option(metavar="URL", help=_help("database_url"))
    ] = None,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings in TOML, as for 'relay serve'.")
    ] = None,
) -> None:
    """Make the database fit for an older relay again, before that one is installed.

    Run it with the newer relay, as the user that the server runs as, and with every server stopped.
    What only the newer version keeps is lost; all else stays.
    """
    from relay.stored import step_back  # noqa: PLC0415

    given = {"data_dir": data_dir, "database_url": database_url}
    flags = {name: value for name, value in given.items() if value is not None}
    was = step_back(load(flags, os.environ, config=config), version)
    typer.echo(f"The database was of version {was}, and is of version {version} now.")


app.command("init", rich_help_panel=_SERVER)(init)
operators.register(app)
app.add_typer(DATABASE, name="database", rich_help_panel=_SERVER)
app.add_typer(evidence.GROUP, name="evidence", rich_help_panel=operators.PANEL)
bots.register(app)


def _announce(relay: "Relay") -> None:
    match relay.udp_ports:
        case ():
            media = "directly between the two browsers"
        case (port,):
            media = f"through this server, on UDP port {port}"
        case (first, *_, last):
            media = f"through this server, on UDP ports {first} to {last}"
    typer.echo(f"Relay {__version__} is running; Ctrl-C stops it.")
    typer.echo(f"  page            {relay.url}")
    for url in relay.urls_elsewhere:
        typer.echo(f"                  {url} from other machines")
    if relay.fingerprint is not None:
        typer.echo("  certificate     made for this run, so browsers warn; its SHA-256 is")
        typer.echo(f"                  {relay.fingerprint}")
    typer.echo(f"  media           {media}")
    if relay.settings.operator_token is None:
        token = relay.operator_token.get_secret_value()
        typer.echo(f"  operator token  {token}")
        typer.echo(
            "                  (made for this run; RELAY_OPERATOR_TOKEN sets one that stays)"
        )
