"""The order of the reports that are open."""

from relay.api.queue import Queue
from relay.records import Party, Reason, Report


def report(
    name: str, at: float, reason: Reason, by: str, about: Party, source: str = "user"
) -> Report:
    return Report(name, at, reason, Party(address=by), about, "room", source=source)  # type: ignore[arg-type]


BAD = Party("bad", "a1")


def order(*reports: Report) -> list[str]:
    return [each.id for each in Queue(reports).reports]


def test_the_most_urgent_come_first_then_the_oldest() -> None:
    assert order(
        report("spam", 1, Reason.SPAM, "x", Party("s")),
        report("later", 3, Reason.MINOR, "x", Party("t")),
        report("minor", 2, Reason.MINOR, "x", Party("u")),
        report("nudity", 1, Reason.NUDITY, "x", Party("v")),
    ) == ["minor", "later", "nudity", "spam"]


def test_of_the_same_urgency_those_about_whom_most_complain() -> None:
    assert order(
        report("one", 1, Reason.SPAM, "x", Party("s")),
        report("two", 2, Reason.SPAM, "x", BAD),
        report("three", 3, Reason.SPAM, "y", BAD),
    ) == ["two", "three", "one"]


def test_one_who_reports_again_and_again_is_one() -> None:
    found = [report(str(n), n, Reason.SPAM, "x", BAD) for n in range(5)]
    queue = Queue(found)
    assert {queue.reporters(each) for each in found} == {1}


def test_the_same_one_is_known_by_its_cookie_or_its_address() -> None:
    first = report("1", 1, Reason.SPAM, "x", Party("bad", "a1"))
    other = report("2", 2, Reason.SPAM, "y", Party("bad", "a2"))
    third = report("3", 3, Reason.SPAM, "z", Party("", "a2"))
    queue = Queue([first, other, third])
    assert [queue.reporters(each) for each in (first, other, third)] == [2, 3, 2]


def test_a_classifier_is_nobody_and_nobody_known_is_about_nobody() -> None:
    seen = report("1", 1, Reason.NUDITY, "", BAD, "classifier")
    unknown = report("2", 2, Reason.SPAM, "x", Party())
    queue = Queue([seen, unknown])
    assert [queue.reporters(each) for each in (seen, unknown)] == [0, 0]
    assert [each.id for each in queue.reports] == ["1", "2"]
