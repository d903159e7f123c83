"""Media mode ``direct``: the server only passes on what the two say to each other."""

from relay.matching import State
from relay.protocol.messages import Candidate, IceCandidate
from relay.signaling import Limits
from tests.support.party import Party, taken


async def test_the_seeds_journey() -> None:
    party = Party(media_mode="direct")
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    assert await bob.find() == ["partner_found, initiator"]
    assert ann.hear() == ["partner_found, not initiator"]

    assert await bob.offer("of bob") == []
    assert ann.hear() == ["webrtc_offer: of bob"]
    assert ann.state is State.MATCHED
    assert await ann.answer("of ann") == []
    assert bob.hear() == ["webrtc_answer: of ann"]
    assert (ann.state, bob.state) == (State.IN_CALL, State.IN_CALL)

    candidate = IceCandidate(candidate=Candidate(candidate="candidate:1 1 udp ...", sdp_mid="0"))
    await ann.say(candidate)
    assert taken(bob.session.outbox) == [candidate]
    await bob.candidate()
    assert taken(ann.session.outbox) == [IceCandidate()]

    await bob.next()
    assert ann.hear() == ["partner_left"]
    assert party.plane.calls == []


async def test_without_a_partner_there_is_nobody_to_pass_it_to() -> None:
    party = Party(media_mode="direct")
    ann = party.come("ann")
    assert await ann.offer() == ["error: wrong_state"]
    assert await ann.answer() == ["error: wrong_state"]
    await ann.find()
    assert await ann.offer() == ["error: wrong_state"]
    # a candidate may still be trickled to a partner who has just gone
    assert await ann.candidate() == []


async def test_no_link_is_waited_for() -> None:
    party = Party(media_mode="direct")
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    await party.pass_time(60)
    assert (ann.partner, ann.state) == ("bob", State.MATCHED)
    await ann.vanish()
    assert bob.hear()[-1] == "partner_disconnected"
    assert party.plane.calls == []


async def test_offers_on_and_on_do_not_cut_the_partner_off() -> None:
    party = Party(media_mode="direct", limits=Limits(max_unsent_remarks_bytes=10_000))
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    ann.hear()
    bob.hear()
    assert [await bob.offer("x" * 8000) for _ in range(4)] == [
        [],
        [],
        ["error: rate_limited"],
        ["error: rate_limited"],
    ]
    assert len(ann.hear()) == 2
    assert ann.session.outbox.closing is None
