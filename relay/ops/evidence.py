"""``relay evidence``: what was kept of reported calls.

To open it, on the machine that has the key, no relay is asked.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay.errors import EvidenceError, reason_of
from relay.ops.connection import Connection, asks_a_relay
from relay.ops.models import EvidenceItem

if TYPE_CHECKING:
    from relay.evidence import Package, Piece
    from relay.ops.client import Client
    from relay.ops.models import EvidenceItem

MAX_PIECE_BYTES = 16 * 1024 * 1024
_FOUND_BAD = 3
"""Exit status, as :data:`relay.ops.commands.FOUND_BAD`."""

GROUP = typer.Typer(
    help="Make the key for evidence; list, check, get and open what was sealed for it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_File = Annotated[Path, typer.Argument(metavar="FILE", help="A piece of evidence, downloaded.")]
_Key = Annotated[
    Path, typer.Option(metavar="FILE", help="The private key that 'relay evidence init' made.")
]
_Folder = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FOLDER", help="Write pictures, chat and manifest."),
]
_Zip = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Where to: a new ZIP file.")
]


@GROUP.command("open")
def show(file: _File, *, key: _Key, output: _Folder = None) -> None:
    """Show what was sealed: the report and the chat; pictures are written into a folder."""
    from relay.evidence.export import files_of, lines_of, manifest_of  # noqa: PLC0415

    piece, package = _opened(file, key)
    for line in lines_of(package):
        typer.echo(line)
    if output is None:
        return
    files = files_of(package)
    files["manifest.json"] = manifest_of(package, files, piece)
    try:
        output.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise EvidenceError(f"cannot make {output}: {reason_of(error)}") from None
    for name, data in files.items():
        _write(output / name, data)
    typer.echo(f"{len(files)} files are in {output}", err=True)


@GROUP.command()
def export(file: _File, *, key: _Key, output: _Zip) -> None:
    """Write all of a piece of evidence into one file, for authorities."""
    from relay.evidence.export import to_zip  # noqa: PLC0415

    piece, package = _opened(file, key)
    _write(output, to_zip(package, piece))
    typer.echo(f"report {package.report_id} is in {output}", err=True)


def listed(
    connection: Connection,
    report: Annotated[str | None, typer.Argument(metavar="REPORT")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """List what was kept for a report, or all that ever was."""

    async def asked(relay: "Client") -> "list[EvidenceItem]":
        if report is not None:
            return await relay.evidence(report)
        return [each async for each in relay.chain()]

    for each in connection.ask(asked):
        typer.echo(each.model_dump_json() if as_json else _line(each))


def _line(each: "EvidenceItem") -> str:
    until = f"held by {each.held_by}" if each.held_by else f"until {each.keep_until}"
    kept = until if each.is_kept else "gone"
    return f"{each.number:>6}  {each.id}  report {each.report_id}  {each.at}  {kept}"


def get(
    connection: Connection,
    evidence_id: Annotated[str, typer.Argument(metavar="EVIDENCE")],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to: a new file.")
    ],
) -> None:
    """Download a piece, sealed, to be opened where the key is; the audit log has it."""
    piece = connection.ask(lambda relay: relay.piece(evidence_id))
    _write(output, piece)
    typer.echo(f"evidence {evidence_id} is in {output}", err=True)


def hold(
    connection: Connection,
    evidence_id: Annotated[str, typer.Argument(metavar="EVIDENCE")],
    *,
    why: Annotated[str, typer.Option(metavar="TEXT", help="For the other operators.")] = "",
) -> None:
    """Keep a piece until it is released."""
    connection.ask(lambda relay: relay.hold(evidence_id, why))
    typer.echo(f"evidence {evidence_id} is held")


def release(
    connection: Connection, evidence_id: Annotated[str, typer.Argument(metavar="EVIDENCE")]
) -> None:
    """Keep a piece no longer than others."""
    connection.ask(lambda relay: relay.release(evidence_id))
    typer.echo(f"evidence {evidence_id} is released")


def verify(connection: Connection) -> None:
    """Follow the chain: whether a piece was changed, put in or removed later.

    Write the last digest down elsewhere now and then: who has all of the server could make a new
    chain, but none with the same digest in it. The exit status is 3 when something is wrong.
    """
    from relay.records import Evidence  # noqa: PLC0415
    from relay.records.chain import broken_at  # noqa: PLC0415

    async def asked(relay: "Client") -> list[EvidenceItem]:
        return [each async for each in relay.chain()]

    found = connection.ask(asked)
    changed = [each.number for each in found if each.is_intact is False]
    gone = [each.number for each in found if each.is_intact is None and each.is_kept]
    chain = [
        Evidence(
            each.id,
            each.report_id,
            each.added_at,
            None,
            0.0,
            number=each.number,
            digest=each.digest,
            sealed_digest=each.sealed_digest,
        )
        for each in found
    ]
    broken = broken_at(chain)
    for number in changed:
        typer.echo(f"what is sealed in number {number} was changed")
    for number in gone:
        typer.echo(f"number {number} is gone before its time, as it is when somebody is forgotten")
    if broken is not None:
        typer.echo(f"the chain is broken at number {broken}: it is missing, or was changed")
    if broken is not None or changed:
        raise typer.Exit(_FOUND_BAD)
    last = f"; the last digest is {chain[-1].digest}" if chain else ""
    typer.echo(f"{len(chain)} pieces, all as they were added{last}")


for _name, _command in (
    ("list", listed),
    ("get", get),
    ("hold", hold),
    ("release", release),
    ("verify", verify),
):
    GROUP.command(_name)(asks_a_relay(_command))


def _opened(file: Path, key: Path) -> "tuple[Piece, Package]":
    from relay.evidence import Package, Piece  # noqa: PLC0415
    from relay.evidence.keyfiles import private_key_in  # noqa: PLC0415
    from relay.evidence.seal import unseal  # noqa: PLC0415

    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_PIECE_BYTES)
    except OSError as error:
        raise EvidenceError(f"cannot read {file}: {reason_of(error)}") from None
    pem = private_key_in(key)
    try:
        piece = Piece.read(data)
        return piece, Package.read(unseal(piece.sealed, pem))
    except EvidenceError as error:
        raise EvidenceError(f"{file}: {error}") from None


def _write(path: Path, data: bytes) -> None:
    """Make a file for nobody else."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except FileExistsError:
        raise EvidenceError(f"{path} is there already; it is not overwritten") from None
    except OSError as error:
        raise EvidenceError(f"cannot write {path}: {reason_of(error)}") from None
