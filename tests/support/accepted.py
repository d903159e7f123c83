"""A connection that somebody has accepted, as far as a request asks it."""


class Accepted:
    """A transport that knows where it comes from, and nothing else.

    :param peer: as a socket has it.
    """

    def __init__(self, peer: object) -> None:
        self._peer = peer

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._peer if name == "peername" else default
