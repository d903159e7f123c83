"""The ``relay`` command from its first moment on: what a signal does until it can be answered.

To import what a server needs takes a second. A reload that comes meanwhile must not end it, as
SIGHUP would by itself, and who ends it sees no traceback.
"""

import signal
import sys

_INTERRUPTED = 130  # as shells say it: 128 and SIGINT


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["serve"]:  # which answers signals itself, later
        for number in (signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, _stay)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _end)
    try:
        from relay import cli  # noqa: PLC0415 - this takes so long

        cli.main()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _stay(*_: object) -> None:
    """Nobody is there yet, and all is read that there is."""


def _end(*_: object) -> None:
    """Nothing is there yet that has to be ended in order."""
    sys.exit(0)
