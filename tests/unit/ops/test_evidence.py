"""``relay evidence open`` and ``export``: what is sealed, on a machine that has the key."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from relay.cli import app
from relay.errors import EvidenceError
from relay.evidence import Package, Piece, Shot, Side
from relay.evidence.package import Said
from relay.evidence.webp import to_webp
from relay.records import Evidence
from tests.support.evidence import KEY, PRIVATE_PEM, Shelf
from tests.support.keyframe import key_frame

pytestmark = pytest.mark.usefixtures("kept_logging")

PACKAGE = Package(
    report_id="r1",
    room_id="room",
    at=1001.5,
    reason="nudity",
    words="he \x1b[2J did it",
    reported=Side(
        visitor="bob",
        pictures=(
            Shot(at=1000.0, width=320, height=240, in_room=True, webp=to_webp(key_frame(1))),
        ),
    ),
    chat=(Said(at=999.0, by="reported", text="look \u202eat me"),),
)


class Desk:
    """A folder with a key and a piece in it."""

    def __init__(self, folder: Path, piece: bytes) -> None:
        self.folder = folder
        self.key, self.piece = folder / "key.pem", folder / "piece.evidence"
        self.key.write_bytes(PRIVATE_PEM)
        self.piece.write_bytes(piece)

    def run(self, *arguments: object) -> str:
        result = CliRunner().invoke(app, ["evidence", *map(str, arguments)])
        if result.exception is not None:
            raise result.exception
        return result.output


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    sealed = KEY.seal(PACKAGE.written())
    stored = Shelf().add(Evidence("e1", "r1", 5.0, sealed, 9.0))
    return Desk(tmp_path, Piece.of(stored, None).written())


def test_it_is_shown_and_nothing_in_it_plays_with_the_terminal(desk: Desk) -> None:
    told = desk.run("open", desk.piece, "--key", desk.key)
    assert "report r1 of 1970-01-01T00:16:41.500+00:00, room room: nudity" in told
    assert "the reporter's words: he \\x1b[2J did it" in told
    assert "reported: bob; 1 pictures" in told
    assert "reporter: not known; 0 pictures" in told
    assert "reported: look \\u202eat me" in told


def test_pictures_go_into_a_folder(desk: Desk) -> None:
    folder = desk.folder / "case"
    desk.run("open", desk.piece, "--key", desk.key, "--output", folder)
    files = {path.name: path for path in folder.iterdir()}
    assert files.keys() == {"reported-1.webp", "chat.txt", "manifest.json"}
    assert files["reported-1.webp"].read_bytes() == to_webp(key_frame(1))
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    manifest = json.loads(files["manifest.json"].read_text())
    assert manifest["chain"]["number"] == 1
    with pytest.raises(EvidenceError, match="is there already"):
        desk.run("open", desk.piece, "--key", desk.key, "--output", folder)


def test_an_export_is_one_file(desk: Desk) -> None:
    made = desk.folder / "case.zip"
    desk.run("export", desk.piece, "--key", desk.key, "--output", made)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        assert "README.txt" in archive.namelist()
    with pytest.raises(EvidenceError, match="is there already"):
        desk.run("export", desk.piece, "--key", desk.key, "--output", made)


def test_what_cannot_be_opened_is_told(desk: Desk) -> None:
    missing = desk.folder / "missing"
    for piece, key, told in (
        (missing, desk.key, "cannot read .*missing: no such file"),
        (desk.piece, missing, "cannot read .*missing: no such file"),
        (desk.piece, desk.piece, "no private key"),
        (desk.key, desk.key, "no sealed evidence"),
    ):
        with pytest.raises(EvidenceError, match=told):
            desk.run("open", piece, "--key", key)
    desk.piece.write_bytes(desk.piece.read_bytes()[:-1])
    with pytest.raises(EvidenceError, match="changed"):
        desk.run("open", desk.piece, "--key", desk.key)
