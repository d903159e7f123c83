"""The operators: who they are, by their tokens, and what each of them may do.

The server's own token is an admin's, named ``operator``. All others are in the records; what is
known of them is kept in memory, since every request asks for it.
"""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from pydantic import SecretStr

from relay.api.passes import Pass, mark_of
from relay.errors import RecordsAway
from relay.records import Operator, Records, Role

OWN = "operator"
"""What the holder of the server's own token is called."""
RESERVED = frozenset({OWN, "rules", "classifier"})
"""Names that nobody can be given: they decide as well."""
MAX_OPERATORS = 200
REFRESH_S = 60.0
"""How often it is looked whether another process has changed the table."""

_RANKS = {role: rank for rank, role in enumerate(Role)}


def may(role: Role, needed: Role) -> bool:
    """Whether somebody of a role may do what needs another one."""
    return _RANKS[role] >= _RANKS[needed]


class Operators:
    """The table; :meth:`start` keeps it fresh until :meth:`close`.

    :param token: the server's own.
    :param records: where the others are.
    :param clock: seconds since 1970.
    """

    def __init__(
        self,
        token: SecretStr,
        records: Records,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._own = Operator(OWN, Role.ADMIN, hash_of(token.get_secret_value()), 0.0)
        self._records = records
        self._clock = clock
        self._others: list[Operator] = []
        self._listeners: list[Callable[[], None]] = []
        self._tell: Callable[[], None] = lambda: None
        self._stale = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def listen(self, listener: Callable[[], None]) -> None:
        """Have something called after each change."""
        self._listeners.append(listener)

    def tell(self, tell: Callable[[], None]) -> None:
        """Have something called when other servers should :meth:`look_again`."""
        self._tell = tell

    def look_again(self) -> None:
        """Another server has changed the table: read it now, and not only in a minute."""
        self._stale.set()

    def all(self) -> list[Operator]:
        """Everybody, the server's own first."""
        return [self._own, *self._others]

    def who(self, given: str) -> Operator | None:
        """Whose token it is; how long that takes tells nothing of any token."""
        shown = hash_of(given.strip())
        found = None
        for operator in self.all():
            if hmac.compare_digest(shown, operator.token_hash):
                found = operator
        return found

    def present(self, operator: Operator) -> Operator | None:
        """The same as of now: its role may be another one. None when it was removed since."""
        for each in self.all():
            if (each.name, each.token_hash) == (operator.name, operator.token_hash):
                return each
        return None

    def of_pass(self, shown: Pass) -> Operator | None:
        """Whose session it is; None when that one was removed since."""
        for each in self.all():
            if each.name == shown.name and mark_of(each) == shown.mark:
                return each
        return None

    def has_room(self) -> bool:
        """Whether there may be another one."""
        return len(self._others) < MAX_OPERATORS

    async def add(self, name: str, role: Role) -> str | None:
        """Add one; returns its token, which is kept nowhere; None when the name is taken.

        :raises RecordsAway: when it cannot be written down.
        """
        token = secrets.token_urlsafe(24)
        if name in RESERVED:
            return None
        operator = Operator(name, role, hash_of(token), self._clock())
        if not await self._records.add_operator(operator):
            return None
        await self._changed()
        return token

    async def remove(self, name: str) -> bool:
        """Remove one, whose token and logins open nothing from now on; false when there is none.

        :raises RecordsAway: when it cannot be written down.
        """
        if not await self._records.remove_operator(name):
            return False
        await self._changed()
        return True

    async def refresh(self) -> None:
        """Read the table; :raises RecordsAway: when that cannot be; then all stays as it was."""
        found = (await self._records.operators())[:MAX_OPERATORS]
        if found != self._others:
            self._others = found
            for listener in self._listeners:
                listener()

    def start(self) -> None:
        """Read the table now, and then again and again."""
        self._task = asyncio.create_task(self._keep_fresh(), name="operators")

    async def close(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _changed(self) -> None:
        self._tell()
        await self.refresh()

    async def _keep_fresh(self) -> None:
        while True:
            self._stale.clear()
            # else who was known stays known; the records say themselves that they are away
            with contextlib.suppress(RecordsAway):
                await self.refresh()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await self._stale.wait()


def hash_of(token: str) -> str:
    """What is kept of a token: SHA-256, hexadecimal. Tokens are random, so no salt is needed."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
