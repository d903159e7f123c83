"""The operators' commands of ``relay``.

What they need is imported when they run, so that ``relay --help`` answers at once.
"""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from relay.ops import desk
from relay.ops.connection import Connection, asks_a_relay
from relay.ops.models import FIGURES
from relay.ops.spans import seconds_of

if TYPE_CHECKING:
    from relay.ops.client import Client, Wanted
    from relay.ops.models import Model
    from relay.ops.taps import Tap

PANEL = "Operators"
FOUND_BAD = 3
"""Exit status when all went well, but something bad was found."""

_DASHED_ID = re.compile(r"-[A-Za-z0-9_-]{15}([A-Za-z0-9_-]{6})?")
"""Ids of 16 characters of base64url, or 22 as a visitor's; the first of them can be a dash."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Follow them, live.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How many at most.")]
AuditLimit = Annotated[
    int, typer.Option(min=1, max=500, metavar="N", help="How many entries at most.")
]
Bad = Annotated[
    bool, typer.Option("--bad", help="Only those with a problem; exits with 3 if there are any.")
]
Node = Annotated[
    str | None, typer.Option("--node", metavar="NAME", help="Only this node of a cluster.")
]
OutputFile = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is stdout.")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")]
Seconds = Annotated[
    float | None, typer.Option(min=0.1, max=14_400, metavar="N", help="End after so many seconds.")
]


_ALSO_CALLED = {"round_trip": "rtt"}
_SORTS = {_ALSO_CALLED.get(f.word, f.word): f.word for f in FIGURES.values() if f.word}
SortKey = StrEnum("SortKey", list(_SORTS))  # type: ignore[misc]
"""What the tracks are sorted by: the most first."""


class _Command(TyperCommand):
    """A command; an id in it may begin with a dash: that is no option then."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = {name for option in self.params for name in option.opts}
        takes = {
            name
            for option in self.params
            if not getattr(option, "is_flag", False)
            for name in option.opts
        }
        ids = {
            index
            for index, (before, arg) in enumerate(zip(["", *args], args, strict=False))
            if _DASHED_ID.fullmatch(arg) and arg not in known and before not in takes
        }
        if ids and "--" not in args:
            others = [arg for index, arg in enumerate(args) if index not in ids]
            args = [*others, "--", *(args[index] for index in sorted(ids))]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (*_COMMANDS, *desk.COMMANDS):
        app.command(rich_help_panel=PANEL, cls=_Command)(asks_a_relay(command))
    for name, (told, members) in desk.GROUPS.items():
        group = typer.Typer(help=told, no_args_is_help=True, rich_markup_mode=None)
        for member, command in members.items():
            group.command(member, cls=_Command)(asks_a_relay(command))
        app.add_typer(group, name=name, rich_help_panel=PANEL)


def tracks(
    connection: Connection,
    *,
    watch: Watch = False,
    sort: Annotated[
        SortKey | None,
        typer.Option(metavar="KEY", help=f"The most first, by {', '.join(SortKey)}."),
    ] = None,
    room: Annotated[str | None, typer.Option(metavar="ID", help="Only those of this room.")] = None,
    user: Annotated[str | None, typer.Option(metavar="ID", help="Only those of this user.")] = None,
    bad: Bad = False,
    node: Node = None,
    limit: Limit = 200,
    as_json: Json = False,
) -> None:
    """List the live streams: ↑ sent by a user, ↓ received by one."""
    from relay.ops import looks  # noqa: PLC0415

    wanted = _wanted(sort, room, user, node, bad=bad)
    if watch:
        looks.watch(connection, wanted, as_json=as_json)
        return
    found = connection.ask(lambda relay: looks.tracks(relay, wanted, limit, as_json=as_json))
    _found_bad(bad, found)


def track(
    connection: Connection,
    track_id: Annotated[str, typer.Argument(metavar="TRACK")],
    *,
    seconds: Seconds = None,
    as_json: Json = False,
) -> None:
    """Show one stream, with graphs of its bitrate and loss.

    On a terminal it is followed until Ctrl-C, or for --seconds. Elsewhere it is shown once: at
    once without graphs, or after --seconds with them.
    """
    from relay.ops import looks  # noqa: PLC0415

    if as_json:
        connection.ask(lambda relay: looks.track_as_json(relay, track_id))
    else:
        looks.follow_track(connection, track_id, seconds)


def rooms(
    connection: Connection,
    *,
    bad: Bad = False,
    node: Node = None,
    limit: Limit = 200,
    as_json: Json = False,
) -> None:
    """List the rooms, the oldest first."""
    from relay.ops import looks  # noqa: PLC0415

    found = connection.ask(
        lambda relay: looks.rooms(relay, limit, bad=bad, node=node, as_json=as_json)
    )
    _found_bad(bad, found)


def users(
    connection: Connection, *, node: Node = None, limit: Limit = 200, as_json: Json = False
) -> None:
    """List who is connected, in the order in which they came."""
    from relay.ops import looks  # noqa: PLC0415

    connection.ask(lambda relay: looks.users(relay, limit, node=node, as_json=as_json))


def workers(
    connection: Connection,
    *,
    watch: Watch = False,
    node: Node = None,
    as_json: Json = False,
) -> None:
    """List the media processes, and how busy they are."""
    from relay.ops import looks  # noqa: PLC0415

    if watch:
        looks.watch_workers(connection, node, as_json=as_json)
    else:
        connection.ask(lambda relay: looks.workers(relay, node=node, as_json=as_json))


def nodes(connection: Connection, *, watch: Watch = False, as_json: Json = False) -> None:
    """List the nodes of a cluster, and how each is doing."""
    from relay.ops import looks  # noqa: PLC0415

    if watch:
        looks.watch_nodes(connection, as_json=as_json)
    else:
        connection.ask(lambda relay: looks.nodes(relay, as_json=as_json))


def kick(connection: Connection, user: Annotated[str, typer.Argument(metavar="USER")]) -> None:
    """Disconnect a user; the partner is told."""
    connection.ask(lambda relay: relay.disconnect(user))
    typer.echo(f"user {user} is disconnected")


def end(connection: Connection, room: Annotated[str, typer.Argument(metavar="ROOM")]) -> None:
    """End a room; both users stay connected and may search again."""
    connection.ask(lambda relay: relay.end_room(room))
    typer.echo(f"room {room} has ended")


def drain(
    connection: Connection,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Take new users again.")] = False,
    deadline: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN",
            help="How long calls may go on, as 90s, 10m or 1h: then those who are left are moved"
            " to other servers, or disconnected. It begins after 5 s, when balancers have noticed.",
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until no user is left.")] = False,
    timeout: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="With --wait: give up, and exit with 1."),
    ] = None,
    node: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A node of a cluster; else the one at the URL."),
    ] = None,
) -> None:
    """Take no new users, and move those without a partner to other servers; calls go on."""
    from relay.ops import draining  # noqa: PLC0415

    if undo and wait:
        raise typer.BadParameter("there is nothing to wait for with --undo", param_hint="--wait")
    if undo and deadline is not None:
        raise typer.BadParameter("there is none with --undo", param_hint="--deadline")
    after_s = _deadline_s(deadline)
    found = connection.ask(lambda relay: draining.drain(relay, node, undo=undo, deadline_s=after_s))
    if wait:
        connection.ask(lambda relay: draining.wait(relay, found, timeout))


def snapshot(
    connection: Connection,
    track_id: Annotated[str, typer.Argument(metavar="TRACK")],
    *,
    output: OutputFile,
    force: Force = False,
) -> None:
    """Save the next picture of a stream, as PNG."""
    _save(connection, output, "waiting for", lambda relay: relay.snapshot(track_id), force=force)


def record(
    connection: Connection,
    room: Annotated[str, typer.Argument(metavar="ROOM")],
    *,
    output: OutputFile,
    seconds: Seconds = None,
    force: Force = False,
) -> None:
    """Record both sides of a room as WebM, until it ends or Ctrl-C."""
    _save(connection, output, "recording", lambda relay: relay.record(room, seconds), force=force)


def pcap(
    connection: Connection,
    link: Annotated[str, typer.Argument(metavar="LINK")],
    *,
    output: OutputFile,
    seconds: Seconds = None,
    payload: Annotated[
        bool, typer.Option("--payload", help="The content, too; else headers only.")
    ] = False,
    force: Force = False,
) -> None:
    """Capture a link's decrypted packets as pcapng, until Ctrl-C.

    'relay users' tells links. 'relay pcap LINK -o - | wireshark -k -i -' shows them live.
    """
    _save(
        connection,
        output,
        "capturing",
        lambda relay: relay.capture(link, seconds, payload=payload),
        force=force,
    )


def audit(connection: Connection, *, limit: AuditLimit = 100, as_json: Json = False) -> None:
    """List who has looked into calls."""
    from relay.ops import looks  # noqa: PLC0415

    connection.ask(lambda relay: looks.audit(relay, limit, as_json=as_json))


def _deadline_s(span: str | None) -> float | None:
    try:
        return None if span is None else seconds_of(span)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--deadline") from None


def _wanted(
    sort: SortKey | None, room: str | None, user: str | None, node: str | None, *, bad: bool
) -> "Wanted":
    from relay.ops.client import Wanted  # noqa: PLC0415

    key = _SORTS[sort] if sort else "link"
    return Wanted(user=user, room=room, bad=bad, sort=key, node=node)


def _save(
    connection: Connection,
    output: Path,
    doing: str,
    tap: "Callable[[Client], Tap]",
    *,
    force: bool,
) -> None:
    """Write what a tap gives, and say so; ``doing`` names it until then."""
    from relay.ops import taps  # noqa: PLC0415
    from relay.ops.files import Output  # noqa: PLC0415

    with Output(str(output), force=force) as file:
        done = connection.ask(lambda relay: taps.save(tap(relay), file, doing))
    typer.echo(done, err=True)


def _found_bad(bad: bool, found: "Sequence[Model]") -> None:
    if bad and found:
        raise typer.Exit(FOUND_BAD)


_COMMANDS: tuple[Callable[..., None], ...] = (
    tracks,
    track,
    rooms,
    users,
    workers,
    nodes,
    kick,
    end,
    drain,
    snapshot,
    record,
    pcap,
    audit,
)
