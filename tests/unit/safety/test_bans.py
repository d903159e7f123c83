from dataclasses import replace

import pytest

from relay.records import Ban, Party, Reason
from relay.safety import Identity, bans
from relay.safety.bans import Bans, is_about

NOW = 1000.0
BAN = Ban("1", Party("bob"), NOW, NOW + 60, Reason.SPAM, "op")


def test_a_ban_is_found_by_the_cookie_or_by_the_address() -> None:
    table = Bans([BAN, replace(BAN, id="2", party=Party("", "home"))])
    assert table.find(Identity("bob"), NOW) == BAN
    assert table.find(Identity("ann"), NOW) is None
    found = table.find(Identity("ann", ("new hash", "home")), NOW)
    assert found is not None
    assert found.id == "2", "under the former key as well"


def test_either_of_both_keeps_out() -> None:
    table = Bans([replace(BAN, party=Party("bob", "home"))])
    assert table.find(Identity("bob", ("elsewhere",)), NOW)
    assert table.find(Identity("ann", ("home",)), NOW)
    assert is_about(Party("bob", "home"), Identity("", ("home",)))


def test_nobody_is_never_found() -> None:
    assert Bans([replace(BAN, party=Party())]).find(Identity(), NOW) is None


def test_the_one_that_ends_last_is_told_and_not_those_that_are_over() -> None:
    table = Bans([BAN, replace(BAN, id="2", until=None), replace(BAN, id="3", until=NOW + 90)])
    for ends in ("2", "3", "1"):
        found = table.find(Identity("bob"), NOW)
        assert found is not None
        assert found.id == ends
        table.remove(ends)
    table.remove("1")
    assert table.find(Identity("bob"), NOW) is None
    table.add(BAN)
    assert table.find(Identity("bob"), NOW + 60) is None
    table.replace([])
    assert len(table) == 0
    assert not table._by_token


def test_there_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bans, "MAX_BANS", 2)
    table = Bans([BAN, replace(BAN, id="2", until=None), replace(BAN, id="3", until=NOW + 90)])
    assert len(table) == 2
    assert table.find(Identity("bob"), NOW) != BAN
