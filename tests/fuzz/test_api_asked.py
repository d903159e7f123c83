"""What operators ask of other nodes arrives as it was; what is no id of a session is none."""

from hypothesis import given
from hypothesis import strategies as st

from relay.api.asked import Asked, of_call
from relay.api.nodes import CARRIED
from relay.api.passes import Passes
from relay.cluster.messages import VOCABULARY, Call
from relay.records import Role

IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
QUERIES = st.dictionaries(IDS, st.text(st.characters(codec="utf-8")), max_size=8)


@given(st.sampled_from(["disconnectUser", "endRoom", "getTrack"]), IDS, QUERIES)
def test_it_arrives_as_it_was(operation: str, id_: str, query: dict[str, str]) -> None:
    what = Asked(operation, "mo", Role.ADMIN, id_, query)
    call, _ = VOCABULARY.read(VOCABULARY.write(what.call()))
    assert of_call(call, CARRIED) == what


@given(st.text(min_size=1), st.dictionaries(st.text(), st.text(), max_size=3))
def test_what_is_no_unicode_is_carried_all_the_same(id_: str, query: dict[str, str]) -> None:
    what = Asked("getTrack", "mo", Role.ADMIN, id_, query)
    call: Call = VOCABULARY.read(VOCABULARY.write(what.call()))[0]
    assert of_call(call, CARRIED).operation == "getTrack"


@given(st.text())
def test_nothing_made_up_is_a_pass(given_: str) -> None:
    assert Passes(b"k" * 32).read(given_) is None
