"""What is said of a port that cannot be had."""

import errno
import os
from contextlib import AsyncExitStack

import pytest

from relay.carrier import cannot_listen, plane_of
from relay.config import load
from relay.errors import ConfigError


@pytest.mark.parametrize(
    ("number", "port", "said"),
    [
        (errno.EADDRINUSE, 443, "--port: cannot listen on :: port 443: address already in use"),
        (
            errno.EACCES,
            443,
            (
                "--port: cannot listen on :: port 443: permission denied;"
                " CAP_NET_BIND_SERVICE lets it have those below 1024"
            ),
        ),
        (errno.EACCES, 8443, "--port: cannot listen on :: port 8443: permission denied"),
        (
            errno.EADDRNOTAVAIL,
            443,
            "--host: cannot listen on :: port 443: cannot assign requested address",
        ),
        (errno.EINVAL, 443, "--host: cannot listen on :: port 443: invalid argument"),
    ],
)
def test_a_port_that_cannot_be_had_is_told_with_its_option(
    number: int, port: int, said: str
) -> None:
    settings = load({"port": str(port)}, {})
    error = OSError(number, os.strerror(number))
    assert str(cannot_listen(settings, "port", port, error)) == said


async def test_where_nothing_can_be_written_the_option_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("tempfile.gettempdir", none)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    for port in ("0", "7882"):
        async with AsyncExitStack() as stack:
            with pytest.raises(ConfigError, match=r"^--runtime-dir: has to be given, since"):
                plane_of(stack, load({"udp_port": port}, {}))
