"""What the operators' commands share: which relay, where to print, and how to end."""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from relay import target

if TYPE_CHECKING:
    from rich.console import Console

    from relay.ops.client import Client

WIDE = 240
"""Columns where there is no terminal, so that nothing is cut."""

_T = TypeVar("_T")

_TOKEN = Annotated[
    str,
    typer.Option(
        metavar="TOKEN",
        envvar="RELAY_OPERATOR_TOKEN",
        show_default=False,
        help="The operator's token; better given in the environment.",
    ),
]


@dataclass(frozen=True, slots=True)
class Connection:
    """Which relay a command is about."""

    url: str
    token: str
    fingerprint: str | None

    def ask(self, question: "Callable[[Client], Awaitable[_T]]") -> _T:
        """Run what asks the relay; Ctrl-C raises KeyboardInterrupt.

        :raises OperatorError: when it fails.
        :raises ConfigError: when an option is wrong.
        """
        from relay.ops.client import Client  # noqa: PLC0415

        async def asked() -> _T:
            async with Client(self.url, self.token, self.fingerprint) as relay:
                return await question(relay)

        return asyncio.run(asked())


def asks_a_relay(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--url``, ``--token`` and ``--fingerprint`` for its first parameter."""

    @functools.wraps(command)
    def run(**options: Any) -> None:
        names = ("url", "token", "fingerprint")
        command(Connection(*(options.pop(name) for name in names)), **options)

    first, *own = inspect.signature(command, eval_str=True).parameters.values()
    shared = [
        first.replace(name=name, kind=first.KEYWORD_ONLY, annotation=kind, default=default)
        for name, kind, default in (
            ("url", target.URL, target.DEFAULT_URL),
            ("token", _TOKEN, ""),
            ("fingerprint", target.FINGERPRINT, None),
        )
    ]
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [each.replace(kind=each.KEYWORD_ONLY) for each in own] + shared
    )
    return run


def console() -> "Console":
    """Where tables go: as wide as the terminal, or wide enough."""
    from rich.console import Console  # noqa: PLC0415

    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=WIDE)
