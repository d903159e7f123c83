"""The TURN server of one connection, as transcripts: request in, answer out."""

from __future__ import annotations

from collections import Counter

import pytest
from aioice import stun

from relay.tunnel import credentials
from relay.tunnel.turn import MAX_FAILURES, MAX_PEERS, NONCE_S, PERMISSION_S, Turn, named_peer

SECRET, REALM = b"secret", "relay"
CLIENT = "203.0.113.9", 51000
OWN = [("198.51.100.1", 7882), ("2001:db8::1", 7882), ("198.51.100.1", 7883)]
PEER = OWN[0]
UDP = 17 << 24


class Client:
    """Signs requests, and reads answers with aioice."""

    def __init__(self, turn: Turn | None = None, own: list[tuple[str, int]] = OWN) -> None:
        self.gate = credentials.Gate(SECRET, REALM)
        self.refusals: Counter[str] = Counter()
        self.turn = turn or Turn(self.gate, CLIENT, own, 0.0, self.refusals)
        self.username, password = credentials.made(SECRET, "user", 0.0)
        self.key = credentials.key_of(self.username, REALM, password)
        self.nonce = self.turn.nonce
        self.now = 1.0

    def ask(
        self, method: stun.Method, *, signed: bool = True, **attributes: object
    ) -> stun.Message:
        request = stun.Message(message_method=method, message_class=stun.Class.REQUEST)
        for name, value in attributes.items():
            request.attributes[name.replace("_", "-")] = value
        if signed:
            request.attributes["USERNAME"] = self.username
            request.attributes["REALM"] = REALM
            request.attributes["NONCE"] = self.nonce
            request.add_message_integrity(self.key)
        return self.send(bytes(request))

    def send(self, data: bytes) -> stun.Message:
        answer, relayed = self.turn.take(data, self.now)
        assert relayed is None
        return stun.parse_message(answer)

    def allocate(self, transport: int = UDP, **attributes: object) -> stun.Message:
        return self.ask(
            stun.Method.ALLOCATE, signed=True, REQUESTED_TRANSPORT=transport, **attributes
        )

    def permit(self, peer: tuple[str, int] = PEER) -> stun.Message:
        return self.ask(stun.Method.CREATE_PERMISSION, XOR_PEER_ADDRESS=peer)

    def bind(self, peer: tuple[str, int] = PEER, channel: int = 0x4000) -> stun.Message:
        return self.ask(stun.Method.CHANNEL_BIND, XOR_PEER_ADDRESS=peer, CHANNEL_NUMBER=channel)

    def indicate(self, peer: tuple[str, int], data: bytes) -> object:
        message = stun.Message(message_method=stun.Method.SEND, message_class=stun.Class.INDICATION)
        message.attributes["XOR-PEER-ADDRESS"] = peer
        message.attributes["DATA"] = data
        answer, relayed = self.turn.take(bytes(message), self.now)
        assert not answer
        return relayed


@pytest.fixture
def client() -> Client:
    """One that has an allocation."""
    one = Client()
    assert code(one.allocate()) == 0
    return one


def code(answer: stun.Message) -> int:
    """Of an error; 0 for success."""
    return answer.error_code or 0


def test_a_first_request_is_told_realm_and_nonce() -> None:
    client = Client()

    answer = client.ask(stun.Method.ALLOCATE, signed=False, REQUESTED_TRANSPORT=UDP)

    assert code(answer) == 401
    assert answer.attributes["REALM"] == REALM
    assert answer.attributes["NONCE"] == client.turn.nonce


def test_an_allocation_is_of_the_relays_own_address_and_signed() -> None:
    client = Client()

    answer = client.allocate(LIFETIME=700)

    assert answer.attributes["XOR-RELAYED-ADDRESS"][0] == "198.51.100.1"
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == CLIENT
    assert answer.attributes["LIFETIME"] == 700
    assert "MESSAGE-INTEGRITY" in answer.attributes


def test_a_second_allocation_is_a_mismatch(client: Client) -> None:
    assert code(client.allocate()) == 437


@pytest.mark.parametrize(("asked", "granted"), [(1, 600), (700, 700), (1 << 31, 3600), (0, 600)])
def test_lifetimes_have_bounds(asked: int, granted: int) -> None:
    assert Client().allocate(LIFETIME=asked).attributes["LIFETIME"] == granted


def test_other_transports_than_udp_are_not_supported() -> None:
    assert code(Client().allocate(6 << 24)) == 442
    assert code(Client().ask(stun.Method.ALLOCATE)) == 400


def family(number: int) -> bytes:
    """An attribute that aioice does not know, as the two below."""
    return b"\x00\x17\x00\x04" + bytes([number, 0, 0, 0])


def even_port(reserve: int) -> bytes:
    return b"\x00\x18\x00\x01" + bytes([reserve, 0, 0, 0])


def allocate_with(client: Client, more: bytes) -> stun.Message:
    """Allocate, with attributes as bytes."""
    request = stun.Message(message_method=stun.Method.ALLOCATE, message_class=stun.Class.REQUEST)
    request.attributes["REQUESTED-TRANSPORT"] = UDP
    request.attributes["USERNAME"] = client.username
    request.attributes["REALM"] = REALM
    request.attributes["NONCE"] = client.nonce
    data = bytes(request) + more
    data = stun.set_body_length(data, len(data) - 20)
    signature = stun.message_integrity(data, client.key)
    return client.send(stun.set_body_length(data + b"\x00\x08\x00\x14" + signature, len(data) + 4))


def test_an_even_port_can_be_had_and_the_next_one_not() -> None:
    answer = allocate_with(Client(), even_port(0))
    assert answer.attributes["XOR-RELAYED-ADDRESS"][1] % 2 == 0
    assert code(allocate_with(Client(), even_port(0x80))) == 508
    assert code(allocate_with(Client(), b"\x00\x22\x00\x08" + bytes(8))) == 508


@pytest.mark.parametrize(
    ("wish", "own", "host"),
    [
        (1, OWN, "198.51.100.1"),
        (2, OWN, "2001:db8::1"),
        (2, OWN[:1], None),
        (3, OWN, None),
        (0, OWN[1:2], "2001:db8::1"),
    ],
)
def test_the_family_is_the_one_that_is_asked_for(
    wish: int, own: list[tuple[str, int]], host: str | None
) -> None:
    answer = allocate_with(Client(own=own), family(wish) if wish else b"")

    if host is None:
        assert code(answer) == 440
    else:
        assert answer.attributes["XOR-RELAYED-ADDRESS"][0] == host


def test_wrong_passwords_and_names_that_have_run_out_are_refused() -> None:
    client = Client()
    client.key = b"x" * 16
    assert code(client.allocate()) == 401
    client = Client()
    client.now = credentials.LIFETIME_S + 1.0
    client.nonce = client.allocate().attributes["NONCE"]
    assert code(client.allocate()) == 401


def test_an_unsigned_name_without_a_nonce_is_malformed() -> None:
    client = Client()
    request = stun.Message(message_method=stun.Method.ALLOCATE, message_class=stun.Class.REQUEST)
    request.add_message_integrity(client.key)
    assert code(client.send(bytes(request))) == 400


def test_a_nonce_grows_old() -> None:
    client = Client()
    client.nonce = b"another"
    answer = client.allocate()
    assert code(answer) == 438
    client.nonce = answer.attributes["NONCE"]
    assert code(client.allocate()) == 0
    former, client.now = client.nonce, NONCE_S + 1
    client.ask(stun.Method.REFRESH, signed=False)
    assert client.turn.nonce != former
    assert code(client.ask(stun.Method.REFRESH)) == 438


def test_another_name_than_the_allocations_is_refused(client: Client) -> None:
    client.username, password = credentials.made(SECRET, "other", 0.0)
    client.key = credentials.key_of(client.username, REALM, password)
    assert code(client.ask(stun.Method.REFRESH)) == 441


def test_who_never_signs_rightly_is_done() -> None:
    client = Client()
    for _ in range(MAX_FAILURES + 1):
        assert not client.turn.is_done
        client.ask(stun.Method.ALLOCATE, signed=False)
    assert client.turn.is_done


def test_attributes_that_have_to_be_understood_are_told(client: Client) -> None:
    answer = client.ask(stun.Method.REFRESH, PRIORITY=5)
    assert code(answer) == 420


def test_a_quota_bounds_the_allocations_of_one_name() -> None:
    client = Client()
    codes = []
    for _ in range(credentials.ALLOCATIONS_AT_ONCE + 1):
        client.turn = Turn(client.gate, CLIENT, OWN, 0.0, client.refusals, nonce=client.nonce)
        codes.append(code(client.allocate()))
    assert codes == [0] * credentials.ALLOCATIONS_AT_ONCE + [486]


def test_nothing_goes_without_an_allocation() -> None:
    client = Client()
    assert code(client.permit()) == 437
    assert code(client.bind()) == 437
    assert code(client.ask(stun.Method.REFRESH)) == 437
    assert client.indicate(PEER, b"data") is None


@pytest.mark.parametrize(
    "peer",
    [
        ("192.0.2.1", 7882),
        ("::ffff:198.51.100.1", 7882),
        ("::198.51.100.1", 7882),
        ("64:ff9b::c633:6401", 7882),
        ("127.0.0.1", 7882),
        ("0.0.0.0", 7882),
        ("::", 7882),
        ("::1", 7882),
        ("2002:c633:6401::", 7882),
        ("255.255.255.255", 7882),
    ],
)
def test_peers_are_the_relays_own_candidates_as_they_are_written(
    client: Client, peer: tuple[str, int]
) -> None:
    assert code(client.permit(peer)) == 403
    assert code(client.bind(peer)) == 403
    client.permit()
    assert client.indicate(peer, b"data") is None


def test_a_permission_is_for_a_host_and_opens_no_other_port(client: Client) -> None:
    other = PEER[0], 22
    assert code(client.permit(other)) == 0
    assert client.indicate(PEER, b"data") == (PEER, b"data")
    assert client.indicate(other, b"data") is None
    assert code(client.bind(other)) == 403


def test_an_address_of_the_other_family_is_no_peer(client: Client) -> None:
    assert code(client.permit(OWN[1])) == 443


def test_a_channel_is_of_one_peer(client: Client) -> None:
    assert code(client.bind()) == 0
    assert code(client.bind()) == 0  # once more refreshes it
    assert code(client.bind(OWN[2])) == 400
    assert code(client.bind(channel=0x4001)) == 400
    assert code(client.bind(channel=0x3FFF)) == 400
    assert code(client.bind(channel=0x8000)) == 400
    assert client.turn.peer_of == {0x4000: PEER}
    assert client.turn.channel_of(PEER) == 0x4000
    assert client.turn.accepts(PEER, client.now)


def test_tables_have_bounds() -> None:
    own = [("198.51.100.1", port) for port in range(1, MAX_PEERS + 2)]
    client = Client(own=own)
    client.allocate()
    codes = [code(client.bind(peer, 0x4000 + index)) for index, peer in enumerate(own)]
    assert codes == [0] * MAX_PEERS + [508]
    client = Client(own=[(f"198.51.100.{n}", 1) for n in range(MAX_PEERS + 1)])
    client.allocate()
    codes = [code(client.permit((f"198.51.100.{n}", 1))) for n in range(MAX_PEERS + 1)]
    assert codes == [0] * MAX_PEERS + [508]


def test_permissions_and_channels_run_out(client: Client) -> None:
    client.bind()
    client.now += PERMISSION_S
    client.turn.look(client.now)
    assert client.turn.channel_of(PEER)
    assert client.indicate(PEER, b"data") is None
    client.now += 2 * PERMISSION_S
    client.turn.look(client.now)
    assert not client.turn.peer_of
    assert client.turn.allocation is None


def test_a_refresh_lengthens_and_ends(client: Client) -> None:
    client.now = 500.0
    assert client.ask(stun.Method.REFRESH, LIFETIME=900).attributes["LIFETIME"] == 900
    client.turn.look(1399.0)
    assert client.turn.allocation is not None
    client.bind()
    assert client.ask(stun.Method.REFRESH, LIFETIME=0).attributes["LIFETIME"] == 0
    assert client.turn.allocation is None
    assert not client.turn.peer_of
    assert code(client.allocate()) == 0


def test_data_without_a_channel_is_an_indication(client: Client) -> None:
    client.permit()
    for size in (0, 1, 4, 5):
        payload = b"x" * size
        data = client.turn.data_head(PEER, size) + payload + bytes(-size % 4)
        message = stun.parse_message(data)
        assert message.message_method == stun.Method.DATA
        assert message.attributes["XOR-PEER-ADDRESS"] == PEER
        assert message.attributes["DATA"] == payload


def test_an_allocation_goes_on_in_another_process(client: Client) -> None:
    allocation, nonce = client.turn.allocation, client.turn.nonce
    client.turn = Turn(
        credentials.Gate(b"", REALM), CLIENT, OWN, 5.0, client.refusals, allocation, nonce
    )
    assert code(client.bind()) == 0


def test_who_only_asks_for_its_address_is_told() -> None:
    answer = Client().ask(stun.Method.BINDING, signed=False)
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == CLIENT


def test_which_peer_a_message_names() -> None:
    message = stun.Message(
        message_method=stun.Method.CHANNEL_BIND, message_class=stun.Class.REQUEST
    )
    assert named_peer(bytes(message)) is None
    message.attributes["XOR-PEER-ADDRESS"] = PEER
    assert named_peer(bytes(message)) == PEER
    assert named_peer(b"nonsense") is None


def test_what_is_refused_is_counted_but_not_what_belongs_to_every_conversation(
    client: Client,
) -> None:
    client.turn.allocation = None
    assert code(client.ask(stun.Method.ALLOCATE, signed=False, REQUESTED_TRANSPORT=UDP)) == 401
    client.nonce = b"another"
    assert code(client.allocate()) == 438
    assert not client.refusals
    client.nonce = client.turn.nonce
    assert code(client.allocate()) == 0
    assert code(client.permit(("127.0.0.1", 22))) == 403
    client.turn.allocation, client.key = None, b"wrong"
    assert code(client.allocate()) == 401
    assert client.refusals == {"forbidden": 1, "unauthorized": 1}
