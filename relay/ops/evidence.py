"""``relay evidence``: opens what was sealed, on a machine that has the key; no server is asked."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay.errors import EvidenceError, reason_of

if TYPE_CHECKING:
    from relay.evidence import Package, Piece

MAX_PIECE_BYTES = 16 * 1024 * 1024

GROUP = typer.Typer(
    help="Make the key for evidence, and open what was sealed for it.",
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
