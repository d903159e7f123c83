"""The operators' commands about reports, bans, appeals, operators and personal data."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from relay.ops.connection import Connection
from relay.ops.spans import FOREVER, minutes_of

if TYPE_CHECKING:
    from relay.ops.casework import Terms

Reason = Literal["minor", "threat", "violence", "nudity", "hate", "spam", "other"]
Scope = Literal["visitor", "address", "both"]
Role = Literal["viewer", "moderator", "admin"]

_Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
_Limit = Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How many at most.")]
_Why = Annotated[str, typer.Option(metavar="TEXT", help="For the other operators.")]
_Words = Annotated[str, typer.Option(metavar="TEXT", help="For the banned person.")]
_Scope = Annotated[Scope, typer.Option(help="What of it is banned.")]
_SPANS = f"10m to 10y, or {FOREVER}"


def reports(
    connection: Connection,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Also those decided, the newest first.")
    ] = False,
    limit: _Limit = 200,
    as_json: _Json = False,
) -> None:
    """List the open reports, the most urgent first."""
    from relay.ops import verdicts  # noqa: PLC0415

    connection.ask(lambda relay: verdicts.reports(relay, limit, every=every, as_json=as_json))


def report(
    connection: Connection,
    report_id: Annotated[str, typer.Argument(metavar="REPORT")],
    *,
    take: Annotated[bool, typer.Option("--take", help="It is yours for 10 minutes.")] = False,
    give_back: Annotated[bool, typer.Option("--give-back", help="It is anybody's again.")] = False,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="Decide that it was nothing.")] = False,
    warn: Annotated[bool, typer.Option("--warn", help="Warn the reported one.")] = False,
    ban: Annotated[
        str | None, typer.Option(metavar="SPAN", help=f"Ban the reported one for {_SPANS}.")
    ] = None,
    scope: _Scope = "both",
    words: _Words = "",
    why: _Why = "",
    as_json: _Json = False,
) -> None:
    """Show one report with the history of both sides, or decide it."""
    from relay.ops import verdicts  # noqa: PLC0415

    _one_of({"--take": take, "--give-back": give_back, "--dismiss": dismiss, "--warn": warn}, ban)
    if take:
        connection.ask(lambda relay: verdicts.take(relay, report_id))
    elif give_back:
        connection.ask(lambda relay: verdicts.give_back(relay, report_id))
    elif dismiss:
        connection.ask(lambda relay: verdicts.dismiss(relay, report_id, why))
    elif warn:
        connection.ask(lambda relay: verdicts.warn(relay, report_id, why))
    elif ban is not None:
        terms = _terms(ban, "--ban", scope, words)
        connection.ask(lambda relay: verdicts.ban_reported(relay, report_id, terms, why))
    else:
        connection.ask(lambda relay: verdicts.card(relay, report_id, as_json=as_json))


def ban(
    connection: Connection,
    *,
    user: Annotated[
        str | None, typer.Option(metavar="ID", help="Somebody who is connected.")
    ] = None,
    report: Annotated[
        str | None, typer.Option(metavar="ID", help="Who was reported with this.")
    ] = None,
    visitor: Annotated[str | None, typer.Option(metavar="ID", help="The id in its cookie.")] = None,
    address: Annotated[
        str | None, typer.Option(metavar="HASH", help="Of its address, as reports tell it.")
    ] = None,
    span: Annotated[str, typer.Option("--for", metavar="SPAN", help=f"{_SPANS}.")],
    reason: Annotated[Reason, typer.Option(help="Why; the banned person sees it.")],
    scope: _Scope = "both",
    words: _Words = "",
    why: _Why = "",
) -> None:
    """Ban a user, who was reported, or a visitor or address."""
    from relay.ops import verdicts  # noqa: PLC0415

    given = {"user": user, "report": report, "visitor": visitor, "address": address}
    whom = {name: value for name, value in given.items() if value is not None}
    if not whom or (len(whom) > 1 and whom.keys() != {"visitor", "address"}):
        raise typer.BadParameter("give one of --user, --report, and --visitor or --address")
    terms = _terms(span, "--for", scope, words)
    connection.ask(lambda relay: verdicts.ban(relay, whom, reason, terms, why))


def unban(
    connection: Connection,
    ban_id: Annotated[str, typer.Argument(metavar="BAN")],
    *,
    why: _Why = "",
) -> None:
    """Lift a ban."""
    from relay.ops import verdicts  # noqa: PLC0415

    connection.ask(lambda relay: verdicts.unban(relay, ban_id, why))


def bans(
    connection: Connection,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    limit: _Limit = 200,
    as_json: _Json = False,
) -> None:
    """List who may not come in, the newest ban first."""
    from relay.ops import verdicts  # noqa: PLC0415

    connection.ask(lambda relay: verdicts.bans(relay, limit, every=every, as_json=as_json))


def appeals(
    connection: Connection,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those answered.")] = False,
    limit: _Limit = 200,
    as_json: _Json = False,
) -> None:
    """List the appeals of banned people, the oldest first."""
    from relay.ops import verdicts  # noqa: PLC0415

    connection.ask(lambda relay: verdicts.appeals(relay, limit, every=every, as_json=as_json))


def appeal(
    connection: Connection,
    appeal_id: Annotated[str, typer.Argument(metavar="APPEAL")],
    *,
    grant: Annotated[bool, typer.Option("--grant", help="Lift the ban.")] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="Leave the ban as it is.")] = False,
    answer: Annotated[str, typer.Option(metavar="TEXT", help="To the banned person.")] = "",
    why: _Why = "",
    as_json: _Json = False,
) -> None:
    """Show one appeal, or answer it."""
    from relay.ops import verdicts  # noqa: PLC0415

    _one_of({"--grant": grant, "--refuse": refuse}, None)
    if grant:
        connection.ask(lambda relay: verdicts.grant(relay, appeal_id, answer, why))
    elif refuse:
        connection.ask(lambda relay: verdicts.refuse(relay, appeal_id, answer, why))
    else:
        connection.ask(lambda relay: verdicts.appeal(relay, appeal_id, as_json=as_json))


def operator_add(
    connection: Connection,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    *,
    role: Annotated[Role, typer.Option(help="What it may do.")],
    as_json: _Json = False,
) -> None:
    """Add an operator; prints its token, once."""
    from relay.ops import verdicts  # noqa: PLC0415

    connection.ask(lambda relay: verdicts.add_operator(relay, name, role, as_json=as_json))


def operator_list(connection: Connection, *, as_json: _Json = False) -> None:
    """List the operators."""
    from relay.ops import verdicts  # noqa: PLC0415

    connection.ask(lambda relay: verdicts.operators(relay, as_json=as_json))


def operator_remove(
    connection: Connection, name: Annotated[str, typer.Argument(metavar="NAME")]
) -> None:
    """Remove an operator: its token opens nothing from now on."""
    from relay.ops import verdicts  # noqa: PLC0415

    connection.ask(lambda relay: verdicts.remove_operator(relay, name))


def privacy_export(
    connection: Connection, visitor: Annotated[str, typer.Argument(metavar="VISITOR")]
) -> None:
    """Print all that is stored about a visitor, as JSON that can be handed out to it."""
    from relay.ops import verdicts  # noqa: PLC0415

    connection.ask(lambda relay: verdicts.export(relay, visitor))


def privacy_forget(
    connection: Connection, visitor: Annotated[str, typer.Argument(metavar="VISITOR")]
) -> None:
    """Remove what is stored about a visitor, but for bans in force and open reports."""
    from relay.ops import verdicts  # noqa: PLC0415

    connection.ask(lambda relay: verdicts.forget(relay, visitor))


def _one_of(switches: dict[str, bool], ban: str | None) -> None:
    chosen = [name for name, is_given in switches.items() if is_given]
    if len(chosen) + (ban is not None) > 1:
        raise typer.BadParameter("only one thing can be done with it at once")


def _terms(span: str, option: str, scope: Scope, words: str) -> "Terms":
    from relay.ops.casework import Terms  # noqa: PLC0415

    try:
        return Terms(minutes_of(span), scope, words)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


COMMANDS: tuple[Callable[..., None], ...] = (reports, report, ban, unban, bans, appeals, appeal)
GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "operator": (
        "Add, list and remove operators.",
        {"add": operator_add, "list": operator_list, "remove": operator_remove},
    ),
    "privacy": (
        "Answer who asks for its data, or wants it gone.",
        {"export": privacy_export, "forget": privacy_forget},
    ),
}
"""Commands with commands of their own: what they are for, and these."""
