"""Media processes and the place of their sockets, judged."""

import errno
import os
import socket
from pathlib import Path

import pytest

from relay.config import Settings
from relay.doctor import ports, workers
from relay.doctor.findings import Finding, Grade
from relay.workers import Directory
from relay.workers.directory import control


def place(path: Path | None, **settings: object) -> Finding:
    chosen = Settings.model_validate({"runtime_dir": path, "udp_port": 0} | settings)
    [*_, found] = workers.check(chosen, {})
    assert found.subject == "runtime folder"
    return found


@pytest.mark.parametrize(
    ("count", "cores", "grade"), [(1, 1, Grade.GOOD), (4, 4, Grade.GOOD), (5, 4, Grade.FAIR)]
)
def test_more_workers_than_cores_are_told(count: int, cores: int, grade: Grade) -> None:
    found = workers.grade_count(Settings(workers=count), cores)
    assert found.grade is grade
    assert ("--workers 4, or auto" in found.advice) is (grade is Grade.FAIR)


def test_where_there_are_none_nothing_is_needed() -> None:
    [found] = workers.check(Settings(workers=0), {})
    assert (found.grade, found.text) == (Grade.GOOD, "none: media is in the server's own process")
    assert not list(workers.check(Settings(media_mode="direct"), {}))


def test_no_unix_sockets_are_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))

    monkeypatch.setattr(socket, "socketpair", refused)
    [_, found, _] = workers.check(Settings(udp_port=0), {})
    assert (found.subject, found.grade) == ("Unix sockets", Grade.BAD)
    assert "RestrictAddressFamilies=" in found.advice
    monkeypatch.delattr(socket, "AF_UNIX")
    [_, found, _] = workers.check(Settings(udp_port=0), {})
    assert (found.grade, found.advice) == (Grade.BAD, "use --workers 0")


def test_a_place_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = place(tmp_path / "a" / "b")
    assert (found.grade, found.text) == (Grade.GOOD, f"{tmp_path / 'a' / 'b'}, to be made")
    assert not (tmp_path / "a").exists()
    assert place(None).text.startswith("a new one at each start")


def test_a_place_where_it_cannot_be_made_is_bad(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = place(tmp_path / "file" / "b")
    assert (found.grade, "--runtime-dir" in found.advice) == (Grade.BAD, True)


def test_the_usual_place_is_the_environments(tmp_path: Path) -> None:
    [*_, found] = workers.check(Settings(udp_port=7882), {"RUNTIME_DIRECTORY": str(tmp_path)})
    assert found.text == f"{tmp_path / '7882'}, to be made"


def test_a_place_is_looked_at_as_the_server_does(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    open_to_all = place(tmp_path)
    assert (open_to_all.grade, "mode 0700" in open_to_all.text) == (Grade.BAD, True)
    long = place(tmp_path / ("x" * 120))
    assert (long.grade, "too long a name" in long.text) == (Grade.BAD, True)
    assert not (tmp_path / ("x" * 120)).exists()


def test_a_place_is_held_while_a_server_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    server = Directory(own)
    server.claim()
    assert place(own).text == f"{own}, held by a relay that runs"
    with monkeypatch.context() as patch:  # root looks at what is the service's
        patch.setattr(os, "geteuid", lambda: 4711)
        assert place(own).text == f"{own}, held by a relay that runs"
    server.release()
    assert place(own) == Finding(Grade.GOOD, "runtime folder", f"{own}")
    server.claim()
    server.release()


# ports


def told(settings: Settings, *, is_running: bool = False) -> dict[str, Grade]:
    found = ports._udp_ports(settings, {}, is_running=is_running)
    return {finding.text: finding.grade for finding in found}


def test_ports_are_not_left_by_a_server_that_runs_and_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ports, "bind_error", lambda *_: errno.EADDRINUSE)
    own = tmp_path / "own"
    server = Directory(own)
    server.claim()
    control(own, 0).touch()
    settings = Settings(host="127.0.0.1", runtime_dir=own)
    assert told(settings) == {"7882 on 127.0.0.1 is held by a relay that runs": Grade.GOOD}
    server.release()
    assert list(told(settings).values()) == [Grade.FAIR]


def test_ports_of_which_the_same_is_to_be_said_are_told_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken = {7884, 7885}
    monkeypatch.setattr(
        ports, "bind_error", lambda _, __, port: errno.EADDRINUSE if port in taken else 0
    )
    settings = Settings(host="127.0.0.1", workers=5, runtime_dir=tmp_path)
    assert told(settings) == {
        "7882, 7883, 7886 on 127.0.0.1 are free": Grade.GOOD,
        "7884, 7885 on 127.0.0.1 are held by another program": Grade.BAD,
    }
    taken |= {7882, 7883, 7886}
    assert told(settings, is_running=True) == {
        "7882 to 7886 on 127.0.0.1 are held by a relay that runs": Grade.GOOD
    }


def test_a_worker_that_is_left_is_told_from_another_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ports, "bind_error", lambda *_: errno.EADDRINUSE)
    control(tmp_path, 1).touch()
    assert list(told(Settings(workers=2, runtime_dir=tmp_path)).values()) == [
        Grade.BAD,
        Grade.FAIR,
    ]
