"""Every error that the relay raises on purpose, as one tree.

RelayError
 ├── ConfigError       a setting has a wrong value; the message names the option
 ├── ProtocolError     a peer sent something the protocol does not allow; has a stable ``code``
 │    └── SdpError     an SDP that cannot be used (code ``bad_sdp``)
 ├── QueueFull         so many users wait for a partner that no other may
 ├── TrystUsed         two have met by it already, and it serves once
 ├── WorkerError       a media process does not do as it should, or its directory is no good
 │    ├── WorkerLost   it has gone, or does not answer
 │    └── CannotListen its port cannot be bound
 ├── ClusterError      a node cannot be part of the cluster; the message is one line
 │    ├── NodeLost     another node has gone, or does not answer
 │    └── StoreAway    the store that the nodes share cannot be had
 ├── NotUnderstood     what a process or a node says is no message
 ├── MalformedPacket   bytes from the network that are not what they claim to be
 ├── BotError          a bot could not join, or was refused by the server
 ├── TapError          an operator cannot look at what was asked for
 │    ├── TapsBusy     as many are looking as may
 │    ├── AuditFailed  it could not be written down that somebody looks
 │    ├── NoPicture    no frame came in time
 │    ├── TapFailed    the process that makes files and pictures has failed
 │    └── ReaderLost   whoever reads has gone, or is too slow
 ├── ClassifierFailed  the program that looks at pictures is not there, or does not do as it should
 ├── RecordsAway       the database cannot be used at present
 ├── RecordsUnfit      it cannot be used at all: a newer relay's, or no database of a relay's
 ├── NotFound          there is no report, ban or appeal of that id
 ├── AlreadyDecided    somebody has decided it before
 └── OperatorError     what an operator asked of a relay could not be done
      ├── Unreachable  the relay does not answer, or not as one
      └── Refused      the relay answered with an error; has its HTTP ``status``

Errors of other libraries are converted into these once, at the border where they appear.
"""

import os


class RelayError(Exception):
    """The root of the tree."""


class ConfigError(RelayError):
    """A setting has a wrong value."""


class ProtocolError(RelayError):
    """A peer broke the signalling protocol.

    :param code: a stable error code of ``docs/protocol.md``.
    :param message: one sentence for people; it is sent to the peer.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class SdpError(ProtocolError):
    """An SDP that is malformed, or lacks something that the relay needs."""

    def __init__(self, message: str) -> None:
        super().__init__("bad_sdp", message)


class QueueFull(RelayError):
    """So many users wait for a partner that no other may."""


class TrystUsed(RelayError):
    """A tryst that serves once has served."""


class MalformedPacket(RelayError):
    """A datagram's bytes are not what they claim to be; it is dropped and counted."""


class WorkerError(RelayError):
    """A media process says what nobody understands, or cannot be had; the message is one line."""


class WorkerLost(WorkerError):
    """A media process has gone, or does not answer."""


class CannotListen(WorkerError):
    """A media process cannot bind its port.

    :param port: which one; ``error`` is why.
    """

    def __init__(self, port: int, error: OSError) -> None:
        super().__init__(f"cannot listen on UDP port {port}: {reason_of(error)}")
        self.port = port
        self.error = error


class ClusterError(RelayError):
    """A node cannot be part of the cluster; the message is one line."""


class NodeLost(ClusterError):
    """Another node has gone, or does not answer."""


class StoreAway(ClusterError):
    """The store that the nodes share cannot be had at the moment."""


class NotUnderstood(RelayError):
    """What a process or a node says is no message; the text goes on from who it is."""


class BotError(RelayError):
    """A bot could not join, or was refused by the server."""


class TapError(RelayError):
    """An operator cannot look at what was asked for; the message says why."""


class TapsBusy(TapError):
    """As many are looking as may."""


class AuditFailed(TapError):
    """It could not be written down, or read, who looked."""


class NoPicture(TapError):
    """No frame came that could be shown."""


class TapFailed(TapError):
    """The process that makes files and pictures could not make this one."""


class ReaderLost(TapError):
    """Whoever reads has gone, or is too slow.

    :param why: ``reader_gone`` or ``reader_slow``.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class ClassifierFailed(RelayError):
    """The program that looks at pictures is not there, or does not do as it should."""


class RecordsAway(RelayError):
    """The database cannot be used at present: it is away, or its disk is full."""


class RecordsUnfit(RelayError):
    """The database cannot be used: a newer relay has made it, or it is no database of a relay's."""


class NotFound(RelayError):
    """There is no report, ban or appeal of that id."""


class AlreadyDecided(RelayError):
    """A report is decided, an appeal answered, or a ban over already."""


class OperatorError(RelayError):
    """What an operator asked of a relay could not be done; the message is one line."""


class EvidenceError(OperatorError):
    """Evidence cannot be opened, or a key is none; the message says why."""


class Unreachable(OperatorError):
    """The relay does not answer, breaks off, or answers as no relay does."""


class Refused(OperatorError):
    """The relay answered with an error.

    :param status: of HTTP.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def reason_of(error: OSError) -> str:
    """Why the system refused, in its own words and in small letters: ``permission denied``."""
    return os.strerror(error.errno).lower() if error.errno else str(error)
