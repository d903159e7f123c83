"""Whether who has connected is a node that this one speaks to; pure."""

from __future__ import annotations

import ssl

from relay import values
from relay.cluster.interface import Node
from relay.cluster.messages import VERSION, VOCABULARY, Hello, Refused
from relay.cluster.wire import TOO_MUCH
from relay.errors import ClusterError, NotUnderstood

WRONG_SECRET = "wrong_secret"  # noqa: S105 - a reason, and no secret
NO_CERTIFICATE = "no_certificate"
NO_TLS = "no_tls"
OTHER_VERSION = "version"
NAME_TAKEN = "name_taken"
OTHER_NODE = "other_node"
NOT_UNDERSTOOD = "not_understood"
SILENT = "silent"
GONE = "gone"
UNREACHABLE = "unreachable"
BUSY = "busy"

REASONS = (
    WRONG_SECRET,
    NO_CERTIFICATE,
    NO_TLS,
    OTHER_VERSION,
    NAME_TAKEN,
    OTHER_NODE,
    NOT_UNDERSTOOD,
    SILENT,
    GONE,
    UNREACHABLE,
    BUSY,
)
"""Why two nodes do not speak to each other; :data:`BUSY` is of strangers, when so many knock."""

_MAX_CHARS = 64
_MAX_WORKERS = 64


class NotWelcome(ClusterError):
    """Two nodes do not speak to each other; the message is one of :data:`REASONS`.

    :param node: which one it is, where it has said so.
    """

    def __init__(self, reason: str, node: str = "") -> None:
        super().__init__(reason)
        self.node = node


def checked(node: Node) -> Node:
    """A node that says of itself what can be.

    :raises NotUnderstood: when it does not.
    """
    try:
        values.node_name(node.name)
        values.reached(node.host)
    except ValueError as error:
        raise NotUnderstood(f"introduces itself as what {error}") from None
    is_short = max(len(node.incarnation), len(node.version), len(node.host)) <= _MAX_CHARS
    if not (is_short and 1 <= node.port <= 65535 and 1 <= node.workers <= _MAX_WORKERS):
        raise NotUnderstood("introduces itself as what cannot be")
    return node


def introduced(frame: bytes, here: Node) -> Node:
    """Who a first frame is from.

    :raises NotWelcome: when it is nobody this node speaks to; also when it says that of this one.
    """
    try:
        said, _ = VOCABULARY.read(frame)
        match said:
            case Hello(version, other) if version != VERSION:
                raise NotWelcome(OTHER_VERSION, checked(other).name if other else "")
            case Hello(_, Node() as node):
                node = checked(node)
            case Refused(reason):
                raise NotWelcome(reason if reason in REASONS else NOT_UNDERSTOOD)
            case _:
                raise NotWelcome(NOT_UNDERSTOOD)
    except NotUnderstood:
        raise NotWelcome(NOT_UNDERSTOOD) from None
    if node.name == here.name:
        raise NotWelcome(NAME_TAKEN)
    return node


def require_free(node: Node, present: Node | None) -> None:
    """A name belongs to one run; one that connects anew has noticed sooner that it was lost.

    :param present: who of this name is spoken to.
    :raises NotWelcome: when it is another one.
    """
    if present is not None and present.incarnation != node.incarnation:
        raise NotWelcome(NAME_TAKEN)


def require_same(found: Node, sought: Node) -> None:
    """Who is at a node's address has its name.

    :raises NotWelcome: when it has not.
    """
    if found.name != sought.name:
        raise NotWelcome(OTHER_NODE)


def of_tls(error: Exception) -> str:
    """What a handshake that came to nothing, or an end during it, means."""
    if isinstance(error, ssl.SSLError):
        return of_end(error.reason or "")
    is_late = isinstance(error, TimeoutError | ConnectionAbortedError)  # the latter of a handshake
    return SILENT if is_late else GONE


def of_end(reason: str) -> str:
    """The same by OpenSSL's word for it, or by why a wire has ended before its first frame."""
    if reason == TOO_MUCH:
        return NOT_UNDERSTOOD
    if reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return NO_CERTIFICATE
    if "CERTIFICATE" in reason or "ALERT" in reason:  # here it was refused, or there
        return WRONG_SECRET
    return NO_TLS if reason.isupper() else GONE
