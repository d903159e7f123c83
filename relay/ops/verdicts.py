"""What the commands about cases do: ask or order, and print."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import typer
from rich.console import RenderableType

from relay.ops import case_tables
from relay.ops.casework import Terms
from relay.ops.client import Client
from relay.ops.connection import console
from relay.ops.models import Model


async def reports(relay: Client, limit: int, *, every: bool, as_json: bool) -> None:
    """Print reports."""
    found = await relay.reports(limit, every=every)
    _print(found, lambda width: case_tables.reports(found, width, _now()), as_json=as_json)


async def bans(relay: Client, limit: int, *, every: bool, as_json: bool) -> None:
    """Print bans."""
    found = await relay.bans(limit, every=every)
    _print(found, lambda width: case_tables.bans(found, width, _now()), as_json=as_json)


async def appeals(relay: Client, limit: int, *, every: bool, as_json: bool) -> None:
    """Print appeals."""
    found = await relay.appeals(limit, every=every)
    _print(found, lambda width: case_tables.appeals(found, width, _now()), as_json=as_json)


async def operators(relay: Client, *, as_json: bool) -> None:
    """Print operators."""
    found = await relay.operators()
    _print(found, lambda width: case_tables.operators(found, width), as_json=as_json)


async def card(relay: Client, report_id: str, *, as_json: bool) -> None:
    """Print one report."""
    found = await relay.report(report_id)
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        console().print(case_tables.card(found, _now()))


async def appeal(relay: Client, appeal_id: str, *, as_json: bool) -> None:
    """Print one appeal."""
    found = await relay.appeal(appeal_id)
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        console().print(case_tables.appeal(found, _now()))


async def take(relay: Client, report_id: str) -> None:
    """Take a report."""
    await relay.take(report_id)
    typer.echo(f"report {report_id} is yours for 10 minutes")


async def give_back(relay: Client, report_id: str) -> None:
    """Give a report back."""
    await relay.give_back(report_id)
    typer.echo(f"report {report_id} is anybody's")


async def dismiss(relay: Client, report_id: str, why: str) -> None:
    """Dismiss a report."""
    await relay.decide(report_id, "dismissed", why)
    typer.echo(f"report {report_id} is dismissed")


async def warn(relay: Client, report_id: str, why: str) -> None:
    """Warn who was reported."""
    await relay.decide(report_id, "warned", why)
    typer.echo(f"report {report_id}: the reported one is warned")


async def ban_reported(relay: Client, report_id: str, terms: Terms, why: str) -> None:
    """Ban who was reported."""
    await relay.decide(report_id, "banned", why, terms)
    typer.echo(f"report {report_id}: the reported one is banned")


async def ban(relay: Client, whom: dict[str, str], reason: str, terms: Terms, why: str) -> None:
    """Ban somebody."""
    made = await relay.ban(whom, reason, terms, why)
    typer.echo(f"{case_tables.whom(made.party)} is banned {_until(made.until)}: ban {made.id}")


async def unban(relay: Client, ban_id: str, why: str) -> None:
    """Lift a ban."""
    await relay.unban(ban_id, why)
    typer.echo(f"ban {ban_id} is lifted")


async def grant(relay: Client, appeal_id: str, answer: str, why: str) -> None:
    """Grant an appeal."""
    done = await relay.answer(appeal_id, "granted", answer, why)
    typer.echo(f"appeal {appeal_id} is granted, and ban {done.ban_id} lifted")


async def refuse(relay: Client, appeal_id: str, answer: str, why: str) -> None:
    """Refuse an appeal."""
    await relay.answer(appeal_id, "refused", answer, why)
    typer.echo(f"appeal {appeal_id} is refused")


async def add_operator(relay: Client, name: str, role: str, *, as_json: bool) -> None:
    """Add an operator, and print its token."""
    added = await relay.add_operator(name, role)
    if as_json:
        typer.echo(added.model_dump_json())
        return
    typer.echo(f"{added.name} is a {added.role}; the token, which is told this once:", err=True)
    typer.echo(added.token)


async def remove_operator(relay: Client, name: str) -> None:
    """Remove an operator."""
    await relay.remove_operator(name)
    typer.echo(f"{name} is no operator any more")


async def export(relay: Client, visitor: str) -> None:
    """Print all that is stored about a visitor."""
    typer.echo((await relay.personal(visitor)).model_dump_json(indent=2))


async def forget(relay: Client, visitor: str) -> None:
    """Remove what is stored about a visitor."""
    changed = await relay.forget(visitor)
    typer.echo(f"{changed} rows about {visitor} are gone or have lost it")


def _print(
    found: Sequence[Model], table: Callable[[int], RenderableType], *, as_json: bool
) -> None:
    if as_json:
        for each in found:
            typer.echo(each.model_dump_json())
        return
    screen = console()
    screen.print(table(screen.width) if found else "there are none")


def _until(until: str | None) -> str:
    return "for ever" if until is None else f"until {case_tables.moment(until)} UTC"


def _now() -> datetime:
    return datetime.now(UTC)
