"""Who may come, and who goes first."""

from relay.door.clients import Client, Clients, DoorLimits

ANN, BOB = "192.0.2.1", "192.0.2.2"


def house(connections: int = 10, per_source: int = 3) -> Clients:
    return Clients(DoorLimits(connections, per_source, silent_s=20, idle_s=100))


def come(clients: Clients, source: str = "", now: float = 0.0) -> Client:
    client = Client(source)
    clients.come(client, now)
    return client


def overdue(clients: Clients, now: float) -> list[tuple[Client, str]]:
    return list(clients.overdue(now))


def test_a_source_has_so_many_and_others_are_not_affected() -> None:
    clients = house(per_source=2)
    first = come(clients, ANN)
    assert clients.may_come(ANN)
    come(clients, ANN)
    assert not clients.may_come(ANN)
    assert clients.may_come(BOB)
    clients.leave(first)
    assert clients.may_come(ANN)


def test_without_a_source_one_is_not_bounded_by_it() -> None:
    clients = house(per_source=1)
    come(clients)
    assert clients.may_come("")


def test_it_is_full_whatever_they_do() -> None:
    clients = house(connections=3)
    come(clients)
    clients.ask(come(clients))
    assert not clients.is_full()
    idle = come(clients)
    clients.ask(idle)
    clients.rest(idle, 1)
    assert clients.is_full()
    assert clients.counts() == {"silent": 1, "idle": 1, "busy": 1}


def test_the_oldest_of_the_silent_goes_first_then_of_the_idle_and_nobody_who_is_busy() -> None:
    clients = house()
    busy, idle, later_idle, silent, later = (come(clients) for _ in range(5))
    for client in (busy, later_idle, idle):
        clients.ask(client)
    clients.rest(idle, 1)
    clients.rest(later_idle, 2)
    went = []
    while (first := clients.expendable()) is not None:
        went.append(first)
        clients.leave(first)
    assert went == [silent, later, idle, later_idle]
    assert clients.counts() == {"silent": 0, "idle": 0, "busy": 1}


def test_who_says_nothing_for_too_long_is_overdue() -> None:
    clients = house()
    silent = come(clients, now=0)
    come(clients, now=5)
    assert overdue(clients, 19.9) == []
    assert overdue(clients, 20) == [(silent, "silent")]


def test_after_a_request_there_is_another_limit_and_it_begins_anew() -> None:
    clients = house()
    client = come(clients)
    clients.ask(client)
    assert overdue(clients, 1000) == []
    clients.rest(client, 1000)
    assert overdue(clients, 1099) == []
    assert overdue(clients, 1100) == [(client, "idle")]
    clients.ask(client)
    clients.rest(client, 1100)
    assert overdue(clients, 1199) == []


def test_who_has_left_is_nowhere_whatever_is_still_said_of_it() -> None:
    clients = house(per_source=1)
    client = come(clients, ANN)
    clients.leave(client)
    clients.leave(client)
    clients.ask(client)
    clients.rest(client, 0)
    assert len(clients) == 0
    come(clients, ANN)
    assert not clients.may_come(ANN)
