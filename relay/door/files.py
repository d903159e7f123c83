"""How many descriptors the process may have, and for how many connections they do."""

import resource

RESERVED_FILES = 200
"""Descriptors that are no client's: libraries, the log, files being served, looks into calls."""
_FEWEST = 16
_SPARE_RATIO = 8
_SPARE_FEWEST = 250


def raise_limit() -> int:
    """Allow this process as many descriptors as the system lets it have.

    :returns: how many that are now.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):  # macOS says that there is no limit, and takes only OPEN_MAX
        return soft
    return hard


def limit() -> int:
    """How many descriptors this process may have."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def wanted(max_users: int) -> int:
    """How many descriptors so many users need."""
    return _connections(max_users) + RESERVED_FILES


def connections(max_users: int, files: int) -> int:
    """How many connections there may be at once.

    Each user has one, and opens some more to fetch the page; operators and checks have some, too.

    :param files: descriptors that the process may have.
    """
    if files == resource.RLIM_INFINITY:
        return _connections(max_users)
    return max(min(_connections(max_users), files - RESERVED_FILES), _FEWEST)


def seats(max_users: int, many: int) -> int:
    """How many users there may be at once, so that pages and ``/health`` still get a connection.

    :param many: connections that there may be.
    """
    return min(max_users, many - max(many // (_SPARE_RATIO + 1), 4))


def _connections(max_users: int) -> int:
    return max_users + max(max_users // _SPARE_RATIO, _SPARE_FEWEST)
