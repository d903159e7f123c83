"""Numbers that begin again at 0, as those on the wire do (RFC 1982)."""


def distance(earlier: int, later: int) -> int:
    """From one number of 32 bits to another, by the shorter way.

    :returns: from -2**31 to below 2**31.
    """
    return (later - earlier + 0x80000000 & 0xFFFFFFFF) - 0x80000000
