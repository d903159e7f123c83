"""What is kept is written, read, handed out and exported without a loss."""

from __future__ import annotations

import io
import json
import zipfile
from hashlib import sha256

import pytest

from relay.errors import EvidenceError
from relay.evidence.export import to_zip
from relay.evidence.package import Package, Said, Shot, Side
from relay.evidence.piece import Piece
from relay.evidence.webp import to_webp
from relay.records import Evidence
from relay.records.chain import broken_at
from tests.support.evidence import KEY, Shelf
from tests.support.keyframe import key_frame

SHOT = Shot(at=1000.25, width=320, height=240, in_room=True, webp=to_webp(key_frame(1)))
PACKAGE = Package(
    report_id="r1",
    room_id="room",
    at=1001.5,
    reason="nudity",
    words="he did it",
    reporter=Side(visitor="ann", address="a1"),
    reported=Side(visitor="bob", pictures=(SHOT,)),
    chat=(
        Said(at=999.0, by="reporter", text="hi"),
        Said(at=1000.0, by="reported", text="two\nlines \u202eesrever\x1b[2J \ud83d"),
    ),
)


def test_it_is_read_as_it_was_written() -> None:
    package = PACKAGE.model_copy(update={"chat": PACKAGE.chat[:1]})
    assert Package.read(package.written()) == package
    told = json.loads(package.written())
    assert told["chat"] == [{"at": 999.0, "from": "reporter", "text": "hi"}]
    assert told["reported"]["pictures"][0]["inRoom"] is True


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"version": 2}'])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        Package.read(data)


def test_a_piece_says_where_in_the_chain_it_is() -> None:
    shelf = Shelf()
    for number in range(2):
        shelf.add(Evidence(f"e{number}", "r1", 5.0, KEY.seal(b"x"), 9.0))
    first, second = shelf.rows
    piece = Piece.of(second, first)
    assert Piece.read(piece.written()) == piece
    assert piece.place is not None
    assert (piece.place.number, piece.place.previous_digest) == (2, first.digest)
    assert Piece.of(first, None).place is not None
    assert Piece.read(piece.sealed) == Piece(piece.sealed)


def test_a_piece_that_was_changed_or_is_gone_is_refused() -> None:
    shelf = Shelf()
    stored = shelf.add(Evidence("e", "r1", 5.0, KEY.seal(b"x"), 9.0))
    written = Piece.of(stored, None).written()
    for data in (written[:-1], written + b"x", b"", b"nonsense", b"{}\n", b"x" * 9000 + b"\n"):
        with pytest.raises(EvidenceError):
            Piece.read(data)
    with pytest.raises(EvidenceError, match="gone"):
        Piece.of(Evidence("e", "r1", 5.0, None, 9.0), None)


def test_an_export_has_all_and_says_what_it_is() -> None:
    stored = Shelf().add(Evidence("e1", "r1", 5.0, KEY.seal(b"x"), 9.0))
    piece = Piece.of(stored, None)
    made = to_zip(PACKAGE, piece)
    assert to_zip(PACKAGE, piece) == made
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    assert files.keys() == {"reported-1.webp", "chat.txt", "README.txt", "sealed.bin"}
    assert files["reported-1.webp"] == SHOT.webp
    assert {name: sha256(data).hexdigest() for name, data in files.items()} == {
        name: told["sha256"] for name, told in manifest["files"].items()
    }
    assert manifest["report"]["words"] == "he did it"
    assert manifest["files"]["reported-1.webp"]["at"] == "1970-01-01T00:16:40.250+00:00"
    chain = manifest["chain"]
    assert broken_at([stored]) is None
    listed = [chain[name] for name in ("previous_digest", "number", "id", "report_id", "at")]
    listed.append(sha256(files["sealed.bin"]).hexdigest())
    assert sha256(json.dumps(listed, separators=(",", ":")).encode()).hexdigest() == chain["digest"]


def test_chat_is_text_and_nothing_else() -> None:
    with zipfile.ZipFile(io.BytesIO(to_zip(PACKAGE, Piece(b"sealed")))) as archive:
        first, second = archive.read("chat.txt").decode().splitlines()
    assert first == "1970-01-01T00:16:39.000+00:00  reporter: hi"
    assert second.partition("  ")[2] == ("reported: two\\nlines \\u202eesrever\\x1b[2J \\ud83d")
