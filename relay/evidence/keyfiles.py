"""Where the two halves of the key are: the public one with the data, the private one elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from relay.errors import EvidenceError, reason_of
from relay.evidence.seal import PublicKey, make_keys

PUBLIC_NAME = "evidence.pub"
MAX_KEY_BYTES = 16 * 1024


def public_key_in(data_dir: Path) -> PublicKey:
    """The key to seal with.

    :raises EvidenceError: when there is none, or it cannot be read.
    """
    path = data_dir / PUBLIC_NAME
    try:
        return PublicKey.read(_read(path))
    except FileNotFoundError:
        raise EvidenceError(f"there is no key in {data_dir}: run 'relay evidence init'") from None
    except OSError as error:
        raise EvidenceError(f"cannot read {path}: {reason_of(error)}") from None
    except EvidenceError as error:
        raise EvidenceError(f"{path}: {error}") from None


def private_key_in(path: Path) -> bytes:
    """The key to open with, in PEM.

    :raises EvidenceError: when it cannot be read.
    """
    try:
        return _read(path)
    except OSError as error:
        raise EvidenceError(f"cannot read {path}: {reason_of(error)}") from None


def init(data_dir: Path, private: Path) -> Path:
    """Make a key pair, and both files; returns the public one's name.

    :param private: where the private half goes; not into ``data_dir``, whose copies are to show
        nothing to whoever gets hold of them.
    :raises EvidenceError: when one of the files is there already, or cannot be written.
    """
    public = data_dir / PUBLIC_NAME
    if private.resolve().is_relative_to(data_dir.resolve()):
        raise EvidenceError(f"the private key must not be in {data_dir}, with what it opens")
    public_pem, private_pem = make_keys()
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(public, public_pem)
        try:
            _write(private, private_pem)
        except OSError:
            public.unlink()
            raise
    except FileExistsError as error:
        raise EvidenceError(f"{error.filename} is there already; it is not overwritten") from None
    except OSError as error:
        raise EvidenceError(f"cannot write {error.filename}: {reason_of(error)}") from None
    return public


def _write(path: Path, data: bytes) -> None:
    """Make a file for nobody else, that is on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_KEY_BYTES)
