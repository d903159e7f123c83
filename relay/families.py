"""The two families of addresses: what ``::`` and ``0.0.0.0`` stand for, and what may be missing."""

import errno

EVERY_IPV4 = "0.0.0.0"  # noqa: S104 - a server is there to be reached
EVERY = "::"
"""Of both families, as far as the machine has them."""

NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
"""The ``errno`` of who binds an IPv6 address on a machine that has no such family."""


def from_here(host: str, every: str = "127.0.0.1") -> str:
    """Where something is reached from this machine that listens on an address.

    :param host: an IP address.
    :param every: what to say of one that stands for all of them.
    """
    return every if host in (EVERY_IPV4, EVERY) else host
