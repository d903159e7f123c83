"""The wire: every message as the protocol document writes it."""

import json

import pytest

from relay.errors import ProtocolError
from relay.protocol import messages as m


def picture_part(**fields: object) -> str:
    return json.dumps(
        {"type": "picture_part", "id": "p", "part": 0, "parts": 1, "data": "/9j/"} | fields
    )


def quality_report(**fields: object) -> str:
    return json.dumps({"type": "quality_report"} | fields)


def link_report(**fields: object) -> str:
    return json.dumps({"type": "link_report", "state": "failed"} | fields)


CLIENT = [
    ('{"type": "find_partner"}', m.FindPartner()),
    ('{"type": "find_partner", "interests": [" tea "]}', m.FindPartner(interests=["tea"])),
    ('{"type": "webrtc_offer", "sdp": "v=0"}', m.WebrtcOffer(sdp="v=0")),
    ('{"type": "webrtc_answer", "sdp": "v=0"}', m.WebrtcAnswer(sdp="v=0")),
    ('{"type": "ice_candidate"}', m.IceCandidate()),
    ('{"type": "ice_candidate", "candidate": null}', m.IceCandidate()),
    (
        """{"type": "ice_candidate", "candidate": {"candidate": "c", "sdpMid": "0",
            "sdpMLineIndex": 1, "usernameFragment": "u", "foo": 1}}""",
        m.IceCandidate(
            candidate=m.Candidate(
                candidate="c", sdp_mid="0", sdp_m_line_index=1, username_fragment="u"
            )
        ),
    ),
    ('{"type": "chat_message", "text": "hi"}', m.ChatMessage(text="hi")),
    ('{"type": "chat_message", "text": "hi", "id": "7"}', m.ChatMessage(text="hi", id="7")),
    ('{"type": "next_partner", "unknown": {"field": []}}', m.NextPartner()),
    ('{"type": "next_partner", "interests": ["Tea "]}', m.NextPartner(interests=["Tea"])),
    ('{"type": "next_partner", "interests": []}', m.NextPartner(interests=[])),
    ('{"type": "next_partner", "mode": "video"}', m.NextPartner()),
    ('{"type": "find_partner", "mode": "text"}', m.FindPartner(mode="text")),
    ('{"type": "stop_chat"}', m.StopChat()),
    ('{"type": "chat_received", "id": "7"}', m.ChatReceived(id="7")),
    ('{"type": "typing", "active": true}', m.Typing(active=True)),
    (
        '{"type": "media_state", "audio": true, "video": false}',
        m.MediaState(audio=True, video=False),
    ),
    ('{"type": "echo", "on": true}', m.Echo(on=True)),
    (
        '{"type": "report", "reason": "spam", "words": "buy!", "roomId": "r"}',
        m.Report(reason="spam", words="buy!", room_id="r"),
    ),
    ('{"type": "report", "reason": "spam"}', m.Report(reason="spam")),
    ('{"type": "block"}', m.Block()),
    ('{"type": "shown"}', m.Shown()),
    ('{"type": "pictures", "allowed": true}', m.Pictures(allowed=True)),
    (
        '{"type": "picture_part", "id": "p", "part": 1, "parts": 2, "data": "AA=="}',
        m.PicturePart(id="p", part=1, parts=2, data="AA=="),
    ),
    ('{"type": "picture_received", "id": "p", "part": 1}', m.PictureReceived(id="p", part=1)),
    ('{"type": "picture_refused", "id": "p"}', m.PictureRefused(id="p")),
    ('{"type": "reaction", "name": "heart"}', m.Reaction(name="heart")),
    ('{"type": "link_report", "state": "connecting"}', m.LinkReport(state="connecting")),
    ('{"type": "quality_report"}', m.QualityReport()),
    (
        '{"type": "quality_report", "frozenRatio": 0, "concealedRatio": 1, "framesPerS": 29.5}',
        m.QualityReport(frozen_ratio=0, concealed_ratio=1, frames_per_s=29.5),
    ),
    (
        """{"type": "link_report", "state": "failed", "candidateTypes": ["host/udp", "relay/tls"],
            "families": ["ipv6"], "iceState": "failed", "dtlsState": "new",
            "errors": [{"code": 701, "scheme": "turns"}], "roundTripMs": 12.5, "tookMs": 7000}""",
        m.LinkReport(
            state="failed",
            candidate_types=["host/udp", "relay/tls"],
            families=["ipv6"],
            ice_state="failed",
            dtls_state="new",
            errors=[m.LinkError(code=701, scheme="turns")],
            round_trip_ms=12.5,
            took_ms=7000,
        ),
    ),
]

SERVER = [
    (
        m.Connected(user_id="u", ice_servers=[{"urls": ["stun:s"]}], media_mode="relay"),
        {
            "type": "connected",
            "userId": "u",
            "iceServers": [{"urls": ["stun:s"]}],
            "mediaMode": "relay",
            "startBlurred": False,
            "evidence": False,
        },
    ),
    (m.WaitingForPartner(), {"type": "waiting_for_partner"}),
    (m.WaitingForPartner(online=2), {"type": "waiting_for_partner", "online": 2}),
    (
        m.PartnerFound(
            room_id="r", is_initiator=True, media_mode="direct", shared_interests=["Tea"]
        ),
        {
            "type": "partner_found",
            "roomId": "r",
            "isInitiator": True,
            "mediaMode": "direct",
            "sharedInterests": ["Tea"],
            "blurred": False,
            "mode": "video",
            "languages": [],
            "byCode": False,
        },
    ),
    (
        m.Invitation(code="a", guest_code="b", within=3600.0),
        {"type": "invitation", "code": "a", "guestCode": "b", "within": 3600.0},
    ),
    (
        m.AgainCode(room_id="r", code="c", within=60.0),
        {"type": "meet_again", "roomId": "r", "code": "c", "within": 60.0},
    ),
    (m.ChatReceived(id="7"), {"type": "chat_received", "id": "7"}),
    (m.Typing(active=False), {"type": "typing", "active": False}),
    (
        m.MediaState(audio=False, video=True),
        {"type": "media_state", "audio": False, "video": True},
    ),
    (m.WebrtcOffer(sdp="v=0"), {"type": "webrtc_offer", "sdp": "v=0"}),
    (m.WebrtcAnswer(sdp="v=0"), {"type": "webrtc_answer", "sdp": "v=0"}),
    (m.IceCandidate(), {"type": "ice_candidate", "candidate": None}),
    (
        m.IceCandidate(candidate=m.Candidate(candidate="c", sdp_m_line_index=0)),
        {"type": "ice_candidate", "candidate": {"candidate": "c", "sdpMLineIndex": 0}},
    ),
    (
        m.ChatDelivery(text="hi", id="7", sent_at=1700000000000),
        {"type": "chat_message", "text": "hi", "id": "7", "sentAt": 1700000000000},
    ),
    (m.PartnerLeft(), {"type": "partner_left"}),
    (m.PartnerDisconnected(), {"type": "partner_disconnected"}),
    (m.Error(code="c", message="m"), {"type": "error", "code": "c", "message": "m"}),
    (
        m.Error(code="c", message="m", retry_after=1.5),
        {"type": "error", "code": "c", "message": "m", "retryAfter": 1.5},
    ),
    (
        m.Error(code="c", message="m", cause="udp_blocked"),
        {"type": "error", "code": "c", "message": "m", "cause": "udp_blocked"},
    ),
]


@pytest.mark.parametrize(("frame", "message"), CLIENT)
def test_a_clients_frame_is_read(frame: str, message: m.ClientMessage) -> None:
    assert m.parse_client(frame) == message


@pytest.mark.parametrize(("frame", "message"), CLIENT)
def test_what_a_client_encodes_is_read_again(frame: str, message: m.ClientMessage) -> None:
    assert m.parse_client(message.encode()) == message


@pytest.mark.parametrize(("message", "fields"), SERVER)
def test_a_servers_message_is_written(message: m.ServerMessage, fields: dict[str, object]) -> None:
    assert json.loads(message.encode()) == fields
    assert m.parse_server(message.encode()) == message


@pytest.mark.parametrize(
    ("frame", "code", "text"),
    [
        ("", "bad_message", "JSON"),
        ("nonsense", "bad_message", "JSON"),
        ("null", "bad_message", "object"),
        ("[]", "bad_message", "object"),
        ("{}", "bad_message", "type"),
        ('{"type": null}', "unknown_type", "type"),
        ('{"type": "Find_Partner"}', "unknown_type", "type"),
        ('{"type": "connected"}', "unknown_type", "type"),
        ('{"type": "webrtc_offer"}', "bad_message", "sdp: "),
        ('{"type": "webrtc_offer", "sdp": null}', "bad_message", "sdp: "),
        ('{"type": "chat_message", "text": ""}', "bad_message", "text: "),
        ('{"type": "find_partner", "mode": "smoke"}', "bad_message", "mode: "),
        ('{"type": "next_partner", "mode": 1}', "bad_message", "mode: "),
        ('{"type": "ask_mode", "mode": "smoke"}', "bad_message", "mode: "),
        ('{"type": "answer_mode", "mode": "text"}', "bad_message", "accept: "),
        ('{"type": "find_partner", "interests": ["t\\u0000ea"]}', "bad_message", "interests.0: "),
        ('{"type": "find_partner", "interests": ["t\\u202eea"]}', "bad_message", "interests.0: "),
        ('{"type": "find_partner", "interests": ["a\\nb"]}', "bad_message", "interests.0: "),
        ('{"type": "find_partner", "languages": ["no language"]}', "bad_message", "languages.0: "),
        ('{"type": "find_partner", "languages": ["<b>en"]}', "bad_message", "languages.0: "),
        ('{"type": "find_partner", "languages": ["e"]}', "bad_message", "languages.0: "),
        ('{"type": "find_partner", "languages": ["en\\n"]}', "bad_message", "languages.0: "),
        ('{"type": "find_partner", "languages": "en"}', "bad_message", "languages: "),
        (
            '{"type": "find_partner", "languages": ["a1", "b1", "c1", "d1", "e1"]}',
            "bad_message",
            "languages: ",
        ),
        ('{"type": "find_partner", "interests": "tea"}', "bad_message", "interests: "),
        ('{"type": "find_partner", "interests": [" "]}', "bad_message", "interests.0: "),
        ('{"type": "find_partner", "mode": "audio"}', "bad_message", "mode: "),
        ('{"type": "next_partner", "mode": null}', "bad_message", "mode: "),
        ('{"type": "next_partner", "interests": [""]}', "bad_message", "interests.0: "),
        ('{"type": "typing"}', "bad_message", "active: "),
        ('{"type": "typing", "active": 1}', "bad_message", "active: "),
        ('{"type": "media_state", "audio": true}', "bad_message", "video: "),
        ('{"type": "media_state", "audio": true, "video": "on"}', "bad_message", "video: "),
        ('{"type": "chat_received"}', "bad_message", "id: "),
        ('{"type": "chat_received", "id": null}', "bad_message", "id: "),
        ('{"type": "ice_candidate", "candidate": {}}', "bad_message", "candidate.candidate: "),
        (
            '{"type": "ice_candidate", "candidate": {"candidate": "", "sdpMLineIndex": -1}}',
            "bad_message",
            "candidate.sdpMLineIndex: ",
        ),
        ('{"type": "echo"}', "bad_message", "on: "),
        ('{"type": "echo", "on": 1}', "bad_message", "on: "),
        ('{"type": "link_report"}', "bad_message", "state: "),
        (link_report(state="fine"), "bad_message", "state: "),
        (link_report(iceState="fine"), "bad_message", "iceState: "),
        (link_report(dtlsState="fine"), "bad_message", "dtlsState: "),
        (link_report(candidateTypes=["host"]), "bad_message", "candidateTypes.0: "),
        (link_report(candidateTypes=["host/udp"] * 17), "bad_message", "candidateTypes: "),
        (link_report(families=["ipv4"] * 3), "bad_message", "families: "),
        (link_report(errors=[{"code": 701}]), "bad_message", "errors.0.scheme: "),
        (link_report(errors=[{"code": 1000, "scheme": "turn"}]), "bad_message", "errors.0.code: "),
        (link_report(errors=[{"code": 701, "scheme": "turn"}] * 17), "bad_message", "errors: "),
        (link_report(roundTripMs=-1), "bad_message", "roundTripMs: "),
        (link_report(roundTripMs=float("nan")), "bad_message", "roundTripMs: "),
        (link_report(tookMs=3_600_001), "bad_message", "tookMs: "),
        (quality_report(frozenRatio=1.1), "bad_message", "frozenRatio: "),
        (quality_report(concealedRatio=-0.1), "bad_message", "concealedRatio: "),
        (quality_report(framesPerS=float("nan")), "bad_message", "framesPerS: "),
        (quality_report(framesPerS=1001), "bad_message", "framesPerS: "),
        ('{"type": "pictures", "allowed": "yes"}', "bad_message", "allowed: "),
        (picture_part(data=""), "bad_message", "data: "),
        (picture_part(data="<svg>"), "bad_message", "data: "),
        (picture_part(data="AA==AAAA"), "bad_message", "data: "),
        (picture_part(part=-1), "bad_message", "part: "),
        (picture_part(part=16), "bad_message", "part: "),
        (picture_part(parts=0), "bad_message", "parts: "),
        (picture_part(parts=17), "bad_message", "parts: "),
        (picture_part(id=""), "bad_message", "id: "),
        ('{"type": "reaction", "name": "fist"}', "bad_message", "name: "),
    ],
)
def test_a_bad_frame_says_what_is_wrong(frame: str, code: str, text: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        m.parse_client(frame)
    assert refused.value.code == code
    assert text in refused.value.message


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{}", "bad_message"),
        ('{"type": "find_partner"}', "unknown_type"),
        ('{"type": "connected"}', "bad_message"),
    ],
)
def test_a_servers_bad_frame_is_told_in_the_same_way(frame: str, code: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        m.parse_server(frame)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("kind", "field", "limit"),
    [
        ("chat_message", "text", m.MAX_CHAT_CHARS),
        ("chat_message", "id", m.MAX_CHAT_ID_CHARS),
        ("chat_received", "id", m.MAX_CHAT_ID_CHARS),
        ("picture_part", "data", m.MAX_PART_CHARS),
        ("picture_part", "id", m.MAX_CHAT_ID_CHARS),
        ("picture_received", "id", m.MAX_CHAT_ID_CHARS),
        ("picture_refused", "id", m.MAX_CHAT_ID_CHARS),
    ],
)
def test_limits_of_text(kind: str, field: str, limit: int) -> None:
    fields = {"type": kind, "text": "hi", "id": "p", "part": 0, "parts": 1, "data": "AAAA"}
    m.parse_client(json.dumps(fields | {field: "x" * limit}))
    with pytest.raises(ProtocolError):
        m.parse_client(json.dumps(fields | {field: "x" * (limit + 1)}))


@pytest.mark.parametrize(
    ("field", "greatest", "too_great"),
    [
        ("candidate", "x" * m.MAX_CANDIDATE_CHARS, "x" * (m.MAX_CANDIDATE_CHARS + 1)),
        ("sdpMid", "x" * 64, "x" * 65),
        ("sdpMLineIndex", 255, 256),
        ("sdpMLineIndex", 0, -1),
        ("usernameFragment", "x" * 256, "x" * 257),
    ],
)
def test_limits_of_candidates(field: str, greatest: object, too_great: object) -> None:
    def frame(value: object) -> str:
        return json.dumps({"type": "ice_candidate", "candidate": {"candidate": "", field: value}})

    m.parse_client(frame(greatest))
    with pytest.raises(ProtocolError):
        m.parse_client(frame(too_great))


def test_limits_of_interests() -> None:
    longest_one = "x" * m.MAX_INTEREST_CHARS
    m.parse_client(m.FindPartner(interests=[longest_one] * m.MAX_INTERESTS).encode())
    for interests in ([longest_one] * (m.MAX_INTERESTS + 1), [longest_one + "x"]):
        for kind in ("find_partner", "next_partner"):
            with pytest.raises(ProtocolError):
                m.parse_client(json.dumps({"type": kind, "interests": interests}))


def test_a_long_sdp_is_read_here_and_refused_where_sdp_is_understood() -> None:
    frame = json.dumps({"type": "webrtc_offer", "sdp": "v" * (m.MAX_SDP_CHARS + 1)})
    assert isinstance(m.parse_client(frame), m.WebrtcOffer)
    assert len(frame) < m.MAX_FRAME_BYTES


def test_an_error_never_repeats_what_the_peer_sent() -> None:
    with pytest.raises(ProtocolError) as refused:
        m.parse_client('{"type": "chat_message", "text": ["secret"], "id": 5}')
    assert "secret" not in refused.value.message
    with pytest.raises(ProtocolError) as refused:
        m.parse_client('{"type": "secret"}')
    assert "secret" not in refused.value.message


def test_an_emoji_is_as_long_on_the_wire_as_it_is() -> None:
    frame = m.ChatDelivery(text="🙂é", id="1", sent_at=0).encode()
    assert '"🙂é"' in frame
    assert m.parse_server(frame).text == "🙂é"  # type: ignore[union-attr]
