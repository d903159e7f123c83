"""Whatever is given as SDP: terms that can be answered, or the one documented error."""

from __future__ import annotations

from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.errors import SdpError
from relay.media.negotiation.description import LocalSide, Ssrcs, write_answer, write_offer
from relay.media.negotiation.sdp import TRANSPORT_CC, read
from relay.media.paths.dtls import Fingerprint
from relay.media.paths.ice import Credentials
from tests.support.offers import CHROMIUM, DATA_SECTION, FIREFOX, OFFERS, bundle_only

LOCAL = LocalSide(
    credentials=Credentials("ourufrag", "ourpassword"),
    fingerprints=(Fingerprint("sha-256", "AA:BB"),),
    addresses=(("192.0.2.1", 7882),),
    cname="ourcname",
    audio=Ssrcs(11, 12),
    video=Ssrcs(21, 22),
)
KNOWN = [
    *OFFERS.values(),
    bundle_only(CHROMIUM),
    bundle_only(FIREFOX),
    CHROMIUM + DATA_SECTION,
    write_offer(LOCAL),
]
LINES = sorted({line for offer in KNOWN for line in offer.splitlines()})

steady = settings(derandomize=True, deadline=None, max_examples=400)

tokens = st.sampled_from(
    [
        "a=",
        "m=",
        "c=",
        "=",
        ":",
        " ",
        "/",
        "-1",
        "0",
        "96",
        "99999999999",
        "\0",
        "\u0661",
        "é",
        "\x0b",
    ]
)
lines = (
    st.sampled_from(LINES)
    | st.lists(tokens | st.text(max_size=6), max_size=6).map("".join)
    | st.builds(
        lambda name, value: f"a={name}{value}",
        st.sampled_from(
            [
                "mid",
                "rtpmap",
                "fmtp",
                "rtcp-fb",
                "extmap",
                "group",
                "setup",
                "fingerprint",
                "rtcp",
                "ice-ufrag",
                "ice-pwd",
                "rtcp-mux",
                "bundle-only",
                "candidate",
                "ssrc",
                "sctpmap",
                "sctp-port",
                "max-message-size",
                "sendonly",
                "rtcp-rsize",
                "content",
            ]
        ),
        st.sampled_from(["", ":", ": ", ":0", ":x", ":96 ", ":* nack", ":BUNDLE", ":1 1 1"])
        | st.text(max_size=9),
    )
)


def mutate(offer: str, changes: list[tuple[str, int, str]]) -> str:
    kept = offer.splitlines()
    for change, at, line in changes:
        place = at % (len(kept) + 1)
        if change == "insert":
            kept.insert(place, line)
        elif change == "replace":
            kept[place : place + 1] = [line]
        elif change == "cut":
            kept[place : place + 1] = [part[: at % 20] for part in kept[place : place + 1]]
        else:
            del kept[place : place + 1]
    return "\r\n".join(kept) + "\r\n"


changes = st.tuples(
    st.sampled_from(["insert", "replace", "cut", "remove"]), st.integers(0, 1000), lines
)


def check(sdp: str, former: str) -> None:
    try:
        terms = read(sdp, read(former))
    except SdpError:
        return
    chosen = [*terms.sending.values(), *terms.receiving.values()]
    for media in chosen:
        assert 0 <= media.payload_type < 128
        assert media.payload_type != media.rtx_payload_type
        assert all(1 <= number <= 14 for number in media.extensions.values())
        assert len(set(media.extensions.values())) == len(media.extensions)
        assert ("transport-cc" in media.feedback) == (TRANSPORT_CC in media.extensions)
    for one in chosen:
        for other in chosen:
            assert one.kind == other.kind or one.payload_type != other.payload_type
    answer = write_answer(LOCAL, terms, "client")
    parsed = SessionDescription.parse(answer)
    assert [media.kind for media in parsed.media] == [each.kind for each in terms.sections]
    accepted = [each.mid for each in terms.sections if each.terms is not None]
    assert sorted(accepted) == sorted(terms.accepted)
    assert accepted
    assert [media.rtp.muxId for media in parsed.media if media.port] == accepted
    open_mids = {media.rtp.muxId for media in parsed.media if media.direction != "inactive"}
    assert open_mids == {media.mid for media in chosen}
    assert "\n" not in answer.replace("\r\n", "")


@steady
@given(st.sampled_from(KNOWN), st.lists(changes, max_size=6))
def test_changed_offers(offer: str, changed: list[tuple[str, int, str]]) -> None:
    check(mutate(offer, changed), offer)


@steady
@given(st.text(max_size=300) | st.lists(lines, max_size=60).map("\r\n".join))
def test_any_text(sdp: str) -> None:
    check(sdp, CHROMIUM)
