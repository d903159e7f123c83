"""What changes for all nodes is told to all others, and taken over by whom it concerns."""

from relay.api.changes import Changes
from relay.cluster.messages import Changed
from tests.support.nodes import Between


def test_all_others_hear_and_nobody_else() -> None:
    between = Between()
    heard: dict[str, list[str]] = {"a": [], "b": [], "c": []}
    made = {
        name: Changes(
            between.node(name),
            {"bans": heard[name].append, "report": lambda id_, name=name: heard[name].append(id_)},  # type: ignore[misc]
        )
        for name in heard
    }
    made["a"].tell("bans")
    made["b"].tell("report", "r1")
    made["c"].tell("something new")
    made["c"].tell_one("a", "report", "r2")
    assert heard == {"a": ["r1", "r2"], "b": [""], "c": ["", "r1"]}
    between.nodes["a"].tell("b", Changed(""))
    between.part("a", "b")
    made["a"].tell("bans")
    assert (heard["b"], heard["c"]) == ([""], ["", "r1", ""])


def test_without_a_cluster_nobody_is_told() -> None:
    Changes(None, {}).tell("bans")
    Changes(None, {}).tell_one("a", "bans")
