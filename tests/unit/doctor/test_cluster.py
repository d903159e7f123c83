"""What a node needs, judged."""

import errno
import socket

import pytest

from relay.config import Settings
from relay.doctor import cluster
from relay.doctor.findings import Finding, Grade


def found(**more: object) -> dict[str, Finding]:
    chosen: dict[str, object] = {
        "cluster": "unix:///no/such/socket",
        "cluster_secret": 16 * "s",
        "cluster_address": "127.0.0.1",
        "node_name": "berlin",
    }
    settings = Settings.model_validate(chosen | more)
    return {finding.subject: finding for finding in cluster.check(settings)}


@pytest.fixture
def error(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """What comes of binding a port."""
    errors: dict[int, int] = {}
    monkeypatch.setattr(cluster, "bind_error", lambda _, __, port: errors.get(port, 0))
    monkeypatch.setattr(cluster, "relay_answers", lambda _: False)
    return errors


def test_a_server_that_is_alone_needs_nothing() -> None:
    assert not list(cluster.check(Settings()))


def test_what_has_to_be_given_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = found(cluster_address=None)
    assert told["node"].grade is Grade.BAD
    assert told["node"].text.startswith("--cluster-address: has to be given")
    assert list(told) == ["node"]
    monkeypatch.setattr(socket, "gethostname", lambda: "berlin_1")
    assert found(node_name=None)["node"].text.startswith("--node-name: has to be given")


def test_a_clock_that_is_off_is_told() -> None:
    settings = Settings.model_validate(
        {"cluster": "redis://me:secret@192.0.2.9/1", "cluster_secret": 16 * "s"}
    )
    assert cluster.grade_clock(settings, -59).grade is Grade.GOOD
    told = cluster.grade_clock(settings, -3600)
    assert told.grade is Grade.BAD
    assert told.text == "this machine's clock is 3600 s behind that of redis://192.0.2.9/1"


def test_an_address_that_only_this_machine_has_is_told(error: dict[int, int]) -> None:
    assert found()["node"].grade is Grade.FAIR
    assert found(cluster_address="192.0.2.1")["node"] == Finding(
        Grade.GOOD, "node", "berlin, at 192.0.2.1"
    )


@pytest.mark.parametrize(
    ("number", "grade"),
    [
        (0, Grade.GOOD),
        (errno.EADDRINUSE, Grade.BAD),
        (errno.EADDRNOTAVAIL, Grade.BAD),
        (errno.EACCES, Grade.BAD),
    ],
)
def test_each_worker_has_a_port_for_the_others(
    error: dict[int, int], number: int, grade: Grade
) -> None:
    error[7902] = number
    assert found(workers=2)["cluster port"].grade is Grade.GOOD
    assert found(workers=3)["cluster port"].grade is grade


def test_ports_of_a_relay_that_runs_are_good(
    error: dict[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    error[7900] = errno.EADDRINUSE
    monkeypatch.setattr(cluster, "relay_answers", lambda _: True)
    assert found()["cluster port"].grade is Grade.GOOD


def test_a_database_of_its_own_is_bad(error: dict[int, int]) -> None:
    assert found()["shared database"].grade is Grade.BAD
    url = "postgresql://relay@db.example.org/relay"
    assert found(database_url=url)["shared database"].grade is Grade.GOOD


def test_without_redis_it_is_bad(error: dict[int, int]) -> None:
    told = found()["Redis"]
    assert told.grade is Grade.BAD
    assert "look at --cluster" in told.advice


@pytest.mark.parametrize(
    ("version", "policy", "grade"),
    [
        ("7.0.15", "noeviction", Grade.GOOD),
        ("8.2.0", "", Grade.GOOD),
        ("7.2.4", "volatile-ttl", Grade.FAIR),
        ("7.2.4", "allkeys-lru", Grade.FAIR),
        ("6.2.1", "noeviction", Grade.BAD),
        ("", "", Grade.BAD),
    ],
)
def test_an_old_redis_and_one_that_forgets_are_told(
    version: str, policy: str, grade: Grade
) -> None:
    assert cluster.grade_redis(version, policy).grade is grade


def test_another_secret_than_that_of_the_nodes_that_are_there_is_bad() -> None:
    settings = Settings.model_validate(
        {"cluster": "redis://relay:hush@db.example.org:6380/1?x=y", "cluster_secret": 16 * "s"}
    )
    told = cluster.grade_secret(settings, "ab", ["cd", "ab"])
    assert told.grade is Grade.BAD
    assert told.text == "the cluster at redis://db.example.org:6380/1 has another one"
    assert cluster.grade_secret(settings, "ab", ["ab", "ab"]).grade is Grade.GOOD
    assert cluster.grade_secret(settings, "ab", []).grade is Grade.GOOD
