"""Who waits in a store, as tests ask."""

from __future__ import annotations

from itertools import product

from relay.store import MODES, Store, Waiter


async def entry_of(store: Store, user_id: str) -> Waiter | None:
    """The user's entry in the queue."""
    for apart, mode in product((False, True), MODES):
        for waiter in await store.waiting(1000, apart=apart, mode=mode):
            if waiter.user_id == user_id:
                return waiter
    return None
