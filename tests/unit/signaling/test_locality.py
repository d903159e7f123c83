"""Who is on the server's own machine."""

import pytest
from aiohttp.test_utils import make_mocked_request

from relay.signaling.locality import is_local
from tests.support.accepted import Accepted


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (("127.0.0.1", 5), True),
        (("127.8.8.8", 5), True),
        (("::1", 5, 0, 0), True),
        (("::ffff:127.0.0.1", 5, 0, 0), True),
        (("192.0.2.7", 5), False),
        (("fe80::1%eth0", 5, 0, 2), False),
        (("::ffff:192.0.2.7", 5, 0, 0), False),
        ("/run/relay.sock", False),
        ("", False),
        (None, False),
    ],
)
def test_by_the_address(peer: object, expected: bool) -> None:
    request = make_mocked_request("GET", "/ws", transport=Accepted(peer))
    assert is_local(request) is expected


@pytest.mark.parametrize(
    "name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via"]
)
def test_what_came_through_a_proxy_did_not_come_from_here(name: str) -> None:
    request = make_mocked_request(
        "GET", "/ws", {name: "127.0.0.1"}, transport=Accepted(("127.0.0.1", 5))
    )
    assert not is_local(request)
