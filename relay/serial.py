"""Numbers that begin again at 0, as those on the wire do (RFC 1982)."""


def distance(earlier: int, later: int, bits: int = 32) -> int:
    """From one number to another, by the shorter way.

    :param bits: of the numbers; of their difference so many count.
    :returns: at least minus half of their range, and below half of it.
    """
    half = 1 << bits - 1
    return (later - earlier + half & 2 * half - 1) - half
