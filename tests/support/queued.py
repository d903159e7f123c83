"""Who waits in a store, as tests ask."""

from __future__ import annotations

from relay.store import Store, Waiter


async def entry_of(store: Store, user_id: str) -> Waiter | None:
    """The user's entry in the queue."""
    for apart in (False, True):
        for waiter in await store.waiting(1000, apart=apart):
            if waiter.user_id == user_id:
                return waiter
    return None
