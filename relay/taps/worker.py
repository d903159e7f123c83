"""The other process of :mod:`relay.taps.workshop`: makes what it is asked for until input ends.

It runs with what the machine has left over, so that it takes no time from the packets' way: when
there is too little, its makers are late, and taps drop.
"""

import contextlib
import os
import pickle
import signal
import sys
from typing import Any, BinaryIO

from relay.taps.workshop import ANSWER, FAILED, SIZE, Made

Makers = dict[int, Any]


def main() -> None:
    """Serve standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the server, and that its taps
    _stand_back()
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever is printed must not get among the answers
    with contextlib.suppress(BrokenPipeError):  # the server has gone
        serve(sys.stdin.buffer, answers)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until they end."""
    makers: Makers = {}
    while (size := requests.read(SIZE.size)) and len(size) == SIZE.size:
        (length,) = SIZE.unpack(size)
        data = requests.read(length)
        if len(data) < length:
            return
        key, method, args = pickle.loads(data)  # noqa: S301 - from the server itself
        if method is not None:
            made = _call(makers, key, method, args)
            answers.write(ANSWER.pack(len(made.data), made.note) + made.data)
            answers.flush()
        elif args is not None:
            make, arguments = args
            makers[key] = make(*arguments)
        else:
            makers.pop(key, None)


def _call(makers: Makers, key: int, method: str, args: tuple[Any, ...]) -> Made:
    try:
        made: Made = getattr(makers[key], method)(*args)
    except Exception as error:  # noqa: BLE001 - one maker's fault is not another's
        return Made(f"{type(error).__name__}: {error}".encode(), FAILED)
    return made


def _stand_back() -> None:
    os.nice(19)
    with contextlib.suppress(AttributeError, OSError):  # not Linux, or not allowed
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


if __name__ == "__main__":
    main()
