"""An opened package as files for authorities: pictures, chat, and a manifest with all digests."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256

from relay.evidence.package import Package
from relay.evidence.piece import Piece

_EPOCH = (1980, 1, 1, 0, 0, 0)  # of ZIP; the files' own times are in the manifest

_README = """\
This is evidence of a video call between two strangers, of which one has reported the other.

manifest.json   the report, the time of each file, and the SHA-256 of each file
reported-*      pictures of the one who was reported
reporter-*      pictures of the one who has reported
chat.txt        the last messages of the two, oldest first, as they were written
sealed.bin      the same as the server has kept it, encrypted (HPKE, RFC 9180)

The pictures are the last key frames that the server got of each, as the browser had encoded them
(VP8, in a WebP container). Nothing was decoded or changed. "in_room": false in the manifest means
that a picture was sent a moment after the two had parted, to nobody or to somebody else.

Times are in UTC. The server can prove that nothing was put in later: each piece of evidence has a
number, and a digest that is made of the digest of the piece before it, of its own id, of the
report's id, of its time and of the SHA-256 of sealed.bin ("chain" in the manifest). It is
SHA-256 over the JSON list [previous digest, number, id, report id, time, SHA-256 of sealed.bin],
without spaces.

People in these pictures have rights. Show them to nobody who need not see them.
"""


def files_of(package: Package) -> dict[str, bytes]:
    """The pictures and the chat, by their names."""
    found = {
        f"{who}-{number}.webp": shot.webp
        for who, side in package.sides
        for number, shot in enumerate(side.pictures, 1)
    }
    chat = "".join(f"{line}\n" for line in _chat(package))
    return found | {"chat.txt": chat.encode("utf-8", "backslashreplace")}


def lines_of(package: Package) -> list[str]:
    """What is in there but the pictures themselves, for people."""
    where = f"report {package.report_id} of {moment(package.at)}, room {package.room_id}"
    told = [f"{where}: {package.reason}"]
    if package.words:
        told.append(f"the reporter's words: {_one_line(package.words)}")
    for who, side in package.sides:
        known = ", ".join(filter(None, (side.visitor, side.address))) or "not known"
        told.append(f"{who}: {known}; {len(side.pictures)} pictures")
        told += [f"  {moment(s.at)}  {s.width} x {s.height}" for s in side.pictures]
    return told + _chat(package)


def _chat(package: Package) -> list[str]:
    return [f"{moment(said.at)}  {said.by}: {_one_line(said.text)}" for said in package.chat]


def manifest_of(package: Package, files: dict[str, bytes], piece: Piece) -> bytes:
    """What is in there, as JSON."""
    shots = {
        f"{who}-{number}.webp": {
            "of": who,
            "at": moment(shot.at),
            "width": shot.width,
            "height": shot.height,
            "in_room": shot.in_room,
        }
        for who, side in package.sides
        for number, shot in enumerate(side.pictures, 1)
    }
    told = {
        "version": package.version,
        "report": {
            "id": package.report_id,
            "room": package.room_id,
            "at": moment(package.at),
            "reason": package.reason,
            "words": package.words,
        },
        "reported": {"visitor": package.reported.visitor, "address": package.reported.address},
        "reporter": {"visitor": package.reporter.visitor, "address": package.reporter.address},
        "chain": None if piece.place is None else asdict(piece.place),
        "files": {
            name: {"sha256": sha256(data).hexdigest(), "bytes": len(data)} | shots.get(name, {})
            for name, data in files.items()
        },
    }
    return json.dumps(told, indent=2, ensure_ascii=True).encode() + b"\n"


def to_zip(package: Package, piece: Piece) -> bytes:
    """All of it, in one file; the same bytes each time."""
    files = files_of(package) | {"README.txt": _README.encode(), "sealed.bin": piece.sealed}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {"manifest.json": manifest_of(package, files, piece), **files}.items():
            archive.writestr(_entry(name), data)
    return written.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, _EPOCH)
    made.compress_type = zipfile.ZIP_DEFLATED
    made.external_attr = 0o600 << 16
    return made


def moment(at: float) -> str:
    """A time since 1970, in ISO 8601."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _one_line(text: str) -> str:
    """A message on a line of its own, with control characters visible."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
