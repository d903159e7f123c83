"""Whether media processes can be had, and have a place for their sockets."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from relay.config import Settings
from relay.doctor.findings import Finding, bad, fair, good
from relay.doctor.places import can_be_made, nearest
from relay.errors import WorkerError, reason_of
from relay.values import usable_cores
from relay.workers import Directory, usual

_PLACE = "runtime folder"


def check(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """The workers, where there are to be any.

    :param environ: of the server: it says where its folder is when no setting does.
    """
    if settings.media_mode == "direct":
        return
    if settings.workers == 0:
        yield good("workers", "none: media is in the server's own process")
        return
    yield grade_count(settings, usable_cores())
    yield _sockets()
    try:
        path = settings.runtime_dir or usual(environ, settings.udp_port)
    except WorkerError as error:
        yield bad(_PLACE, str(error), f"set {settings.written('runtime_dir')}")
        return
    yield _place(settings, path)


def grade_count(settings: Settings, cores: int) -> Finding:
    """Judge the number of workers by that of the cores that the server may use."""
    count = settings.workers
    told = f"{count} on {cores} core{'' if cores == 1 else 's'}"
    if count <= cores:
        return good("workers", told)
    return fair(
        "workers",
        f"{told}: they take it from each other",
        f"{settings.written('workers')} {cores}, or auto, carries as much with less delay",
    )


def _sockets() -> Finding:
    """Whether the server may talk with its workers."""
    advice = "allow AF_UNIX (RestrictAddressFamilies= of systemd), or use --workers 0"
    try:
        for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM):
            end.close()
    except AttributeError:
        return bad("Unix sockets", "this system has none", "use --workers 0")
    except OSError as error:
        return bad("Unix sockets", reason_of(error), advice)
    return good("Unix sockets", "can be had")


def _place(settings: Settings, path: Path | None) -> Finding:
    if path is None:
        return good(_PLACE, "a new one at each start, since the UDP ports are others each time")
    advice = f"correct it, or give {settings.written('runtime_dir')} another one"
    if is_held(path):  # also one of another user, to whom it belongs then
        return good(_PLACE, f"{path}, held by a relay that runs")
    try:
        Directory(path).check()
    except FileNotFoundError:
        return _to_be_made(path, advice)
    except WorkerError as error:
        return bad(_PLACE, str(error), advice)
    except OSError as error:
        return bad(_PLACE, f"{path}: {reason_of(error)}", advice)
    return good(_PLACE, f"{path}")


def is_held(place: Path) -> bool:
    """Whether a server runs there, which may be one that does not answer just now."""
    try:
        return Directory(place).is_held()
    except OSError:
        return False  # what is wrong with it, is said where the place is looked at


def _to_be_made(path: Path, advice: str) -> Finding:
    if can_be_made(path):
        return good(_PLACE, f"{path}, to be made")
    return bad(_PLACE, f"{path} cannot be made in {nearest(path)}", advice)
