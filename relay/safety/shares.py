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
    """What somebody is counted as: itself, whoever it is; its visitor; its address, with others.

    :param user_id: of the session, which is all there is to a plain client on a private network.
    """
    own = f"visitor:{identity.visitor}" if identity.visitor else f"user:{user_id}"
    if not identity.addresses:
        return (Share(own, 1),)
    return Share(own, 1), Share(f"address:{identity.addresses[0]}", OF_ADDRESS)
