"""Becomes another program, one that gets what CPU the machine has left over.

It is started as ``python -m relay.classify.aside PROGRAM ARGUMENT...``: what is set here holds for
the program as well, whatever it is written in.
"""

import contextlib
import os
import sys
from typing import NoReturn

NOT_FOUND = 127
"""Exit code of a program that cannot be started, as shells have it."""


def main() -> NoReturn:
    """Stand back, and become the program."""
    os.nice(19)
    with contextlib.suppress(AttributeError, OSError):  # not Linux, or not allowed
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    program = sys.argv[1]
    try:
        os.execvp(program, sys.argv[1:])  # noqa: S606 - the operator's own, without a shell
    except OSError as error:
        sys.stderr.write(f"{program}: {error.strerror}\n")
        sys.exit(NOT_FOUND)


if __name__ == "__main__":
    main()
