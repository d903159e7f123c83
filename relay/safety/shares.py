"""Under which names somebody's doings are counted, and how much each of these may."""

from __future__ import annotations

from typing import NamedTuple

from relay.safety.identity import Identity

OF_ADDRESS = 4
"""Users behind one address may do together what so many may do each."""


class Share(NamedTuple):
    """A name, and how many users' allowance it has."""

    name: str
    users: int


def shares_of(identity: Identity, user_id: str) -> tuple[Share, ...]:
    """What somebody is counted as: itself, and its address, with others.

    Whoever has no cookie is all who have none at its address: a new session is no new person.

    :param user_id: of the session, which is all there is to a plain client on a private network.
    """
    address = identity.addresses[0] if identity.addresses else ""
    if identity.visitor:
        own = Share(f"visitor:{identity.visitor}", 1)
    elif address:
        own = Share(f"plain:{address}", 1)
    else:
        own = Share(f"user:{user_id}", 1)
    return (own, Share(f"address:{address}", OF_ADDRESS)) if address else (own,)
