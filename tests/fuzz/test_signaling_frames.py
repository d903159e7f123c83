"""Whatever a client sends, it gets a documented error, and the lobby stays in order."""

import asyncio
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay.errors import ProtocolError
from relay.matching import MediaMode, State
from relay.plane import LinkLost, LinkState
from relay.protocol.messages import MAX_SDP_CHARS, Resume, parse_client, parse_server
from relay.signaling.mailbox import SessionEnded
from tests.support.party import Party, User

KINDS = [
    "find_partner",
    "webrtc_offer",
    "webrtc_answer",
    "ice_candidate",
    "chat_message",
    "chat_received",
    "typing",
    "media_state",
    "next_partner",
    "stop_chat",
    "resume",
    "link_report",
    "quality_report",
    "echo",
]
DOCUMENTED = {"bad_message", "unknown_type", "wrong_state", "bad_sdp", "internal", "rate_limited"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
sdps = st.sampled_from(["mine", "bad", "boom", "", "v" * (MAX_SDP_CHARS + 1)]) | st.text(max_size=9)
fields = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)},
    optional={
        "sdp": sdps | json_values,
        "text": st.text(max_size=9) | json_values,
        "id": st.text(max_size=9) | json_values,
        "resumeToken": st.text(max_size=9) | json_values,
        "received": st.integers() | json_values,
        "on": st.booleans() | json_values,
        "active": st.booleans() | json_values,
        "audio": st.booleans() | json_values,
        "video": st.booleans() | json_values,
        "interests": st.lists(st.text(max_size=9)) | json_values,
        "state": st.sampled_from(["connecting", "failed"]) | json_values,
        "errors": st.lists(st.dictionaries(st.text(max_size=5), json_values)) | json_values,
        "roundTripMs": st.floats() | json_values,
        "candidate": st.fixed_dictionaries({"candidate": st.text(max_size=9)}) | json_values,
    },
)
frames = (
    fields.map(json.dumps)
    | json_values.map(json.dumps)
    | st.text()
    | st.dictionaries(st.text(), json_values).map(json.dumps)
)


@given(frames)
@settings(deadline=None)
def test_a_frame_is_a_message_or_a_protocol_error(frame: str) -> None:
    for parse in (parse_client, parse_server):
        try:
            message = parse(frame)
        except ProtocolError as error:
            refused = error
        else:
            assert parse(message.encode()) == message
            continue
        assert refused.code in {"bad_message", "unknown_type"}
        assert len(refused.message) < 500


@given(
    st.sampled_from(["relay", "direct"]),
    st.lists(
        st.tuples(
            st.integers(0, 2), st.sampled_from(["up", "lost", "tick", "cut", "back"]) | frames
        )
    ),
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_three_users_who_send_anything(mode: MediaMode, story: list[tuple[int, str]]) -> None:
    asyncio.run(tell(mode, story))


def come_up(party: Party, user: User) -> None:
    if party.plane.can_come_up(user.name):
        party.plane.come_up(user.name)


def lose_link(party: Party, user: User) -> None:
    if user.link is LinkState.NONE:
        party.plane.emit(LinkLost(user.name, "another link", "failed"))  # old news
    else:
        party.plane.lose(user.name, "failed")


def lose_socket(party: Party, user: User) -> None:
    if not user.session.is_away:
        party.sessions.lose(user.session, None, party.now)


def come_back(party: Party, user: User) -> None:
    if user.session.outbox.closing is None:
        assert user.resume() is not None


HAPPENS = {"up": come_up, "lost": lose_link, "cut": lose_socket, "back": come_back}


async def tell(mode: MediaMode, story: list[tuple[int, str]]) -> None:
    party = Party(media_mode=mode)
    users = [party.come(name, can_resume=True) for name in ("ann", "bob", "cid")]
    for number, happened in story:
        user = users[number]
        if user.name not in party.users:
            continue
        if happened == "tick":
            await party.pass_time(3)
        elif happened in HAPPENS:
            HAPPENS[happened](party, user)
        else:
            try:
                message = parse_client(happened)
            except ProtocolError:
                continue
            if not isinstance(message, Resume):  # which never reaches the lobby
                user.put(message)
        await party.settle()
        for other in users:
            for heard in other.hear():
                if heard.startswith("error: ") and heard != "error: media_failed":
                    assert other is user
                    assert heard.removeprefix("error: ").partition(",")[0] in DOCUMENTED
            assert (other.partner is not None) == (other.state in {State.MATCHED, State.IN_CALL})
    for user in users:
        if user.name in party.users:
            user.put(SessionEnded())
    await party.settle()
    assert (await party.waiting(), await party.rooms()) == (0, 0)
    assert party.plane.pairs == {}
    assert party.plane.paired_anew == []
    assert party.plane.link_states == {}
