"""For how many the descriptors do."""

import resource

import pytest

from relay.door import files


def test_with_enough_of_them_there_is_room_for_users_and_for_what_they_fetch() -> None:
    many = files.connections(10_000, files.wanted(10_000))
    assert many == 11_250
    assert files.seats(10_000, many) == 10_000
    assert files.connections(10_000, 2**20) == many
    assert files.connections(10_000, resource.RLIM_INFINITY) == many


@pytest.mark.parametrize("max_users", [1, 2, 100, 10_000, 1_000_000])
def test_what_is_wanted_seats_everybody(max_users: int) -> None:
    many = files.connections(max_users, files.wanted(max_users))
    assert files.seats(max_users, many) == max_users
    assert files.seats(max_users, files.connections(max_users, files.wanted(max_users) - 1)) < (
        max_users + 1
    )


@pytest.mark.parametrize("limit", [0, 64, 256, 1024])
def test_with_few_of_them_pages_and_checks_still_get_a_connection(limit: int) -> None:
    many = files.connections(10_000, limit)
    assert 0 < files.seats(10_000, many) < many
    assert many <= max(limit - files.RESERVED_FILES, 16)


def test_the_limit_is_raised_as_far_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: chosen.append(limits))
    assert files.raise_limit() == 4096
    assert chosen == [(4096, 4096)]


@pytest.mark.parametrize("error", [ValueError, OSError])
def test_a_system_that_does_not_want_to_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert files.raise_limit() == 256
