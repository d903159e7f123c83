"""Listening sockets that the process was started with."""

import os
import socket
from collections.abc import Callable, Iterator

import pytest

from relay.door import inherited as module
from relay.door.inherited import Inherited, inherited
from relay.errors import ConfigError
from tests.support.families import needs_ipv6

Make = Callable[..., socket.socket]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[socket.socket] = []

    def one(
        family: socket.AddressFamily = socket.AF_INET,
        kind: socket.SocketKind = socket.SOCK_STREAM,
        *,
        listens: bool = True,
        both: bool = False,
    ) -> socket.socket:
        new = socket.socket(family, kind)
        made.append(new)
        if family == socket.AF_INET6:
            new.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not both)
        new.bind(("::" if both else "::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        if listens:
            new.listen()
        return new

    yield one
    for each in made:
        each.close()


def port_of(each: socket.socket) -> int:
    port: int = each.getsockname()[1]
    return port


def test_a_port_has_its_socket_once(make: Make) -> None:
    first, second = make(), make()
    sockets = Inherited([first, second])
    assert sockets.take(port_of(first)) == [first]
    assert sockets.take(port_of(first)) == []
    assert sockets.take(port_of(second)) == [second]
    sockets.done()


def test_a_port_that_nobody_takes_is_told_with_its_remedy(make: Make) -> None:
    port = port_of(one := make())
    with pytest.raises(ConfigError, match=f"^--port: .* port {port}, .*give --port {port}"):
        Inherited([one]).done()


@pytest.mark.parametrize(
    ("family", "kind", "listens"),
    [
        (socket.AF_INET, socket.SOCK_DGRAM, False),
        (socket.AF_INET, socket.SOCK_STREAM, False),
    ],
)
def test_a_socket_of_another_kind_is_refused(
    make: Make, family: socket.AddressFamily, kind: socket.SocketKind, listens: bool
) -> None:
    with pytest.raises(ConfigError, match=r"does not listen for TCP: .*ListenStream="):
        Inherited([make(family, kind, listens=listens)])


def test_a_unix_socket_is_refused() -> None:
    with (
        socket.socket(socket.AF_UNIX) as one,
        pytest.raises(ConfigError, match="does not listen for TCP"),
    ):
        Inherited([one])


@needs_ipv6
def test_a_socket_for_both_families_is_refused(make: Make) -> None:
    Inherited([make(socket.AF_INET6)])
    with pytest.raises(ConfigError, match=r"is for IPv4, too: .*BindIPv6Only=ipv6-only"):
        Inherited([make(socket.AF_INET6, both=True)])


def test_the_environment_tells_of_them_and_children_hear_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, process = make(), os.getpid()
    descriptor = os.dup(one.fileno())
    monkeypatch.setattr(module, "FIRST", descriptor)
    environ = {"LISTEN_FDS": "1", "LISTEN_PID": str(process), "LISTEN_FDNAMES": "x", "HOME": "/"}
    (taken,) = inherited(environ, process).take(port_of(one))
    with taken:
        assert taken.fileno() == descriptor
        assert not taken.get_inheritable()
        assert not taken.getblocking()
    assert environ == {"HOME": "/"}


@pytest.mark.parametrize(
    "environ",
    [{}, {"LISTEN_FDS": "1"}, {"LISTEN_FDS": "1", "LISTEN_PID": "1"}, {"LISTEN_FDS": "x"}],
)
def test_what_is_for_another_process_is_left_alone(environ: dict[str, str]) -> None:
    inherited(environ, 2).done()
    assert environ == {}


def test_a_descriptor_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST", 1_000_000)
    with pytest.raises(ConfigError, match="LISTEN_FDS: descriptor 1000000 is no socket"):
        inherited({"LISTEN_FDS": "1", "LISTEN_PID": "2"}, 2)
