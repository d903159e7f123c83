"""Which of a peer's addresses are proven, and which one is used: by a clock of the test's own."""

from __future__ import annotations

from relay.media.paths.path import (
    ASK_AFTER_S,
    FORGET_S,
    LIMIT,
    MAX_PROVEN,
    MAX_UNPROVEN,
    PROBE_INTERVAL_S,
    SILENT_S,
    UDP_ALIVE_S,
    UNANSWERED_S,
    UNPROVEN_S,
    Path,
    Paths,
)

NOW = 1000.0


class Way:
    """Paths that do at once what they say is to be done."""

    def __init__(self) -> None:
        self.now = NOW
        self.paths = Paths()
        self.media_at = float("-inf")

    def check(self, address: str, *, nominate: bool = False) -> None:
        path = self.paths.heard(address, 100, self.now)
        if path is not None and nominate and self.paths.nominate(path, self.now):
            self.paths.use(path, self.now)

    def answer(self, address: str) -> None:
        path = self.paths.known[address]
        if self.paths.prove(path, self.now):
            self.paths.use(path, self.now)

    def prove(self, address: str, *, nominate: bool = False) -> None:
        self.check(address, nominate=nominate)
        self.answer(address)

    def media(self, address: str) -> None:
        """Authentic media; that by the path in use is noted by nobody."""
        path = self.paths.known[address]
        if path is not self.paths.in_use:
            self.paths.strayed(path, self.media_at, self.now)
        self.media_at = self.now

    def tick(self) -> None:
        path = self.paths.look(self.media_at)
        if path is not None:
            self.paths.use(path, self.now)
        self.paths.forget_silent(self.now)

    def run(self, seconds: float, *addresses: str) -> None:
        """Let time pass, ten ticks a second, with media from these addresses."""
        for _ in range(round(10 * seconds)):
            self.now += 0.1
            for address in addresses:
                self.media(address)
            self.tick()

    @property
    def in_use(self) -> str | None:
        return self.paths.in_use.address if self.paths.in_use else None


def test_the_first_proven_will_do_until_one_is_nominated() -> None:
    way = Way()
    way.check("a")
    assert way.in_use is None
    way.check("b")
    way.answer("b")
    assert way.in_use == "b"
    way.answer("a")
    assert way.in_use == "b"
    way.check("a", nominate=True)
    assert way.in_use == "a"


def test_a_nomination_waits_for_the_proof() -> None:
    way = Way()
    way.prove("a", nominate=True)
    way.check("b", nominate=True)
    assert way.in_use == "a"
    way.answer("b")
    assert way.in_use == "b"


def test_what_is_not_proven_never_carries() -> None:
    way = Way()
    way.prove("a", nominate=True)
    way.check("b", nominate=True)
    way.run(60)
    assert way.in_use == "a"


def test_media_by_another_proven_path_moves_the_link_when_its_own_is_silent() -> None:
    way = Way()
    way.prove("a", nominate=True)
    way.prove("b")
    way.run(1, "a")
    way.run(SILENT_S - 0.1, "b")
    assert way.in_use == "a"
    way.run(0.2, "b")
    assert way.in_use == "b"
    way.run(1, "b")
    assert way.in_use == "b"


def test_media_by_both_moves_nothing() -> None:
    way = Way()
    way.prove("a", nominate=True)
    way.prove("b")
    for _ in range(50):
        way.run(0.1, "b")
        way.now += 0.01
        way.media("a")
    assert way.in_use == "a"


def test_a_peer_that_sends_nothing_yet_is_sent_to_where_it_nominated() -> None:
    way = Way()
    way.prove("a", nominate=True)
    way.run(1, "a")
    way.prove("b", nominate=True)
    way.run(10)
    assert way.in_use == "b", "what came by the former one lately does not count"


def test_who_nominates_all_again_and_again_is_sent_to_where_its_media_comes_from() -> None:
    """Aggressive nomination (RFC 5245 section 8.1.1.2), in repeated checks, too."""
    way = Way()
    for address in "abcd":
        way.prove(address, nominate=True)
    assert way.in_use == "d"
    way.run(SILENT_S + 0.1, "a")
    assert way.in_use == "a"
    for _ in range(5):
        for address in "abcd":
            way.check(address, nominate=True)
        assert way.in_use == "a"
        way.run(0.2, "a")
    way.run(SILENT_S)
    way.check("c", nominate=True)
    assert way.in_use == "c", "it carries nothing any more"


def test_who_goes_back_to_a_former_one_is_followed() -> None:
    """As Chromium does, whose nominations name the pair that it has selected."""
    way = Way()
    way.prove("a", nominate=True)
    way.run(1, "a")
    way.prove("b", nominate=True)
    way.run(1, "b")
    way.check("a", nominate=True)
    way.run(SILENT_S + 0.1, "a")
    assert way.in_use == "a"


def test_checks_alone_move_a_link_whose_path_answers_nothing() -> None:
    way = Way()
    way.prove("a", nominate=True)
    way.prove("b")
    for _ in range(round(10 * UNANSWERED_S) - 1):
        way.run(0.1)
        way.check("b")
    assert way.in_use == "a"
    way.run(0.2)
    way.check("b")
    way.tick()
    assert way.in_use == "b"


def test_a_detour_takes_no_place_of_an_address_over_udp_that_works() -> None:
    way = Way()
    way.prove("udp", nominate=True)
    way.check("tcp")
    way.paths.known["tcp"].is_detour = True
    way.check("tcp", nominate=True)
    way.answer("tcp")
    assert way.in_use == "udp"
    way.now += UDP_ALIVE_S - 0.1
    way.check("tcp", nominate=True)
    assert way.in_use == "udp"
    way.now += 0.2
    way.check("tcp", nominate=True)
    assert way.in_use == "tcp"


def test_udp_is_taken_again_as_soon_as_it_is_nominated() -> None:
    way = Way()
    way.check("tcp")
    way.paths.known["tcp"].is_detour = True
    way.check("tcp", nominate=True)
    way.answer("tcp")
    way.run(1, "tcp")
    assert way.in_use == "tcp"
    way.prove("udp", nominate=True)
    assert way.in_use == "udp"


def test_who_is_asked_and_when() -> None:
    way = Way()
    way.prove("a", nominate=True)
    assert way.paths.to_ask(way.now + 60) == [], "there is no choice"
    way.prove("b")
    assert way.paths.to_ask(way.now) == []
    way.now += ASK_AFTER_S
    asked = way.paths.to_ask(way.now)
    assert [path.address for path in asked] == ["a", "b"]
    for path in asked:
        path.asked_at = way.now
    assert way.paths.to_ask(way.now + 0.1) == []


def test_an_unproven_one_is_asked_again_for_a_while() -> None:
    way = Way()
    way.check("a")
    (path,) = way.paths.to_ask(way.now)
    path.asked_at = way.now
    assert way.paths.to_ask(way.now + PROBE_INTERVAL_S / 2) == []
    assert way.paths.to_ask(way.now + PROBE_INTERVAL_S) == [path]
    assert way.paths.to_ask(way.now + UNPROVEN_S) == []


def test_an_unproven_one_takes_three_times_what_came() -> None:
    path = Path("a", NOW)
    assert not path.may_take(1)
    path.received = 100
    assert path.may_take(100 * LIMIT)
    path.sent = 250
    assert path.may_take(50)
    assert not path.may_take(51)
    path.is_proven = True
    assert path.may_take(10**6)


def test_unproven_ones_take_no_place_of_proven_ones_nor_of_new_ones() -> None:
    way = Way()
    way.prove("a", nominate=True)
    way.prove("b")
    for number in range(20):
        way.check(f"forged {number}")
    assert len(way.paths.known) == 2 + MAX_UNPROVEN
    assert "forged 0" in way.paths.known
    assert "forged 9" not in way.paths.known
    way.now += UNPROVEN_S
    way.check("late")
    assert "late" in way.paths.known
    assert [path.address for path in way.paths.gone] == ["forged 0"]
    assert {"a", "b"} <= way.paths.known.keys()


def test_a_fifth_proven_one_takes_the_place_of_the_longest_silent() -> None:
    way = Way()
    for address in "abcd":
        way.prove(address)
        way.now += 1
    assert way.in_use == "a"
    way.prove("e", nominate=True)
    assert way.in_use == "e"
    assert [path.address for path in way.paths.gone] == ["b"]
    assert len(way.paths.known) == MAX_PROVEN


def test_silent_ones_are_forgotten_but_for_the_one_in_use() -> None:
    way = Way()
    way.check("x")
    way.run(FORGET_S + 0.2)
    assert way.paths.known == {}
    assert way.paths.speaks is None
    way.prove("a")
    way.prove("b")
    way.check("c")
    way.run(FORGET_S + 0.2, "a")
    assert list(way.paths.known) == ["a"]


def test_an_address_that_only_media_names_is_asked_once_in_a_while() -> None:
    way = Way()
    way.prove("a", nominate=True)
    way.run(SILENT_S, "a")
    way.run(SILENT_S)
    assert way.paths.is_lost(way.now)
    assert way.paths.knocked("n", 60, 100, way.now) is None, "the check would be longer"
    path = way.paths.knocked("n", 60, 100, way.now)
    assert path is not None
    assert (path.address, path.received) == ("n", 120)
    assert way.paths.knocked("m", 1000, 100, way.now) is None
    assert way.paths.knocked("n", 1000, 100, way.now) is None
    way.now += PROBE_INTERVAL_S
    assert way.paths.knocked("n", 60, 100, way.now) is path
    way.answer("n")
    assert way.in_use == "n"
    assert not way.paths.is_lost(way.now)


def test_the_old_path_that_speaks_again_meanwhile_keeps_the_link() -> None:
    way = Way()
    way.prove("a", nominate=True)
    way.run(SILENT_S)
    assert way.paths.knocked("n", 100, 100, way.now) is not None
    way.run(0.1, "a")
    way.answer("n")
    assert way.in_use == "a"
    assert way.paths.known["n"].is_proven


def test_a_lost_address_is_no_more_the_links() -> None:
    way = Way()
    way.prove("a")
    way.prove("b")
    way.paths.lose("b")
    assert way.in_use == "a"
    way.paths.lose("a")
    assert way.in_use is None
    assert not way.paths.is_lost(way.now + 9)
