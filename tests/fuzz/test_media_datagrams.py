"""Whatever arrives at the media port: no exception, no answer to strangers, bounded tables."""

from __future__ import annotations

import hmac

from aioice import stun
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.media.forwarder import Forwarder
from relay.media.link import Link
from relay.media.negotiation.sdp import read
from relay.media.paths.ice import (
    Credentials,
    answer_check,
    is_signed,
    read_answer,
    read_check,
)
from relay.seam import LinkCertificate
from tests.support.fake_socket import FakeSocket
from tests.support.holdings import entries
from tests.support.offers import CHROMIUM
from tests.support.packets import binding_request, check, success

CERTIFICATE = LinkCertificate.generateCertificate()
USER, STRANGER = ("192.0.2.1", 1111), ("192.0.2.2", 2222)
OURS = Credentials("ourufrag", "ourpassword")
GOOD = check("ourufrag:theirs", "ourpassword")
GOOD_ANSWER = success(GOOD, "theirpassword")

steady = settings(derandomize=True, deadline=None, max_examples=400)

_DTLS = {bytes([first]) for first in range(20, 24)}

first_bytes = st.sampled_from([0, 1, 3, 4, 19, 20, 22, 63, 64, 127, 128, 144, 191, 192, 255])
datagrams = st.binary(max_size=80) | st.builds(
    lambda first, second, rest: bytes([first, second]) + rest,
    first_bytes,
    st.sampled_from([0, 1, 96, 192, 200, 206, 223, 224]),
    st.binary(max_size=80),
)


def mutations(data: bytes) -> st.SearchStrategy[bytes]:
    """The data with a few bytes changed, cut, repeated or followed by others."""

    def apply(changes: list[tuple[int, int]], end: int, tail: bytes) -> bytes:
        changed = bytearray(data)
        for at, value in changes:
            changed[at % len(changed)] = value
        return bytes(changed[:end]) + tail

    return st.builds(
        apply,
        st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=4),
        st.integers(0, len(data)) | st.just(len(data)),
        st.just(b"") | st.binary(max_size=12),
    )


@steady
@given(st.lists(st.tuples(st.sampled_from([USER, STRANGER]), datagrams), max_size=80))
def test_any_datagrams(arriving: list[tuple[tuple[str, int], bytes]]) -> None:
    socket = FakeSocket()
    forwarder = Forwarder(socket, lambda: 1000.0, lambda _: None)
    link = Link("user", socket, CERTIFICATE, (), 1000.0)
    link.agree(read(CHROMIUM))
    forwarder.add(link)
    credentials = link.credentials
    socket.waiting = [(USER, check(f"{credentials.ufrag}:x", credentials.password))]
    forwarder.on_readable()
    (_, ours), _ = socket.taken()
    socket.waiting = [(USER, success(ours, link.uplink.terms.password))]
    forwarder.on_readable()
    socket.waiting = list(arriving)
    while socket.waiting:
        forwarder.on_readable()
    assert socket.taken() == [], "none of them was signed"
    assert entries(forwarder) == (1, 1)
    assert forwarder.received == 2 + len(arriving)
    dropped = sum(forwarder.drops.values())
    quiet = sum(data[:1] in _DTLS and address == USER for address, data in arriving)
    assert len(arriving) - quiet <= dropped <= len(arriving), "each is counted"


attributes = st.tuples(
    st.sampled_from([0x0006, 0x0008, 0x0020, 0x0024, 0x0025, 0x7F00, 0x8028, 0x8029, 0xC070])
    | st.integers(0, 0xFFFF),
    st.just(b"ourufrag:theirs") | st.binary(max_size=40),
)
requests = st.builds(
    lambda password, among, behind, fingerprint: binding_request(
        password, *among, behind=behind, fingerprint=fingerprint
    ),
    st.sampled_from([OURS.password, "another's"]),
    st.lists(attributes, max_size=5),
    st.lists(attributes, max_size=2),
    st.booleans(),
)


@steady
@given(datagrams | mutations(GOOD) | requests)
def test_any_stun(data: bytes) -> None:
    found = read_check(data)
    if found is None:
        return
    answer = answer_check(found, OURS, "192.0.2.9", 9, range(4))
    response = stun.parse_message(answer)
    assert response.check_message_integrity(OURS.password.encode())
    if is_signed(found, OURS.password):
        assert len(answer) < 2 * len(data), "nobody is worth attacking through us"
        assert hmac.compare_digest(
            found.signature or b"", stun.message_integrity(found.signed, OURS.password.encode())
        )


@steady
@given(datagrams | mutations(GOOD_ANSWER))
def test_any_answer(data: bytes) -> None:
    found = read_answer(data)
    if found is None:
        return
    assert found.transaction_id == data[8:20]
    if is_signed(found, "theirpassword"):
        assert data.startswith(GOOD_ANSWER[:-8]), "what follows the signature alone may differ"


@steady
@given(st.lists(mutations(GOOD_ANSWER), max_size=20))
def test_answers_that_are_not_the_peers_prove_nothing(arriving: list[bytes]) -> None:
    socket = FakeSocket()
    forwarder = Forwarder(socket, lambda: 1000.0, lambda _: None)
    link = Link("user", socket, CERTIFICATE, (), 1000.0)
    link.agree(read(CHROMIUM))
    forwarder.add(link)
    credentials = link.credentials
    socket.waiting = [(USER, check(f"{credentials.ufrag}:x", credentials.password))]
    forwarder.on_readable()
    (_, ours), _ = socket.taken()
    forged = [data[:8] + ours[8:20] + data[20:] for data in arriving]
    socket.waiting = [(where, data) for data in forged for where in (USER, STRANGER)]
    forwarder.on_readable()
    assert link.address is None
    assert socket.taken() == []
