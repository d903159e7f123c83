"""How log events look: for people on a terminal, ``key=value`` or JSON anywhere else.

Other packages log through the standard library; their records take the same form, from WARNING on.
What they say is seldom anything new, and strangers may cause some of it: of each of their loggers
there are five records at once, and then one in 5 s.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable
from io import TextIOBase
from pathlib import Path
from typing import TextIO, cast

from relay.bare import absent
from relay.pace import Seldom

with absent("rich"):  # for tracebacks that are never shown; 4 MB, and 40 ms at each start
    import structlog
    from structlog.typing import EventDict, Processor, WrappedLogger

FOREIGN_EVERY_S, FOREIGN_BURST = 5.0, 5
_MOST_MADE_UP = 128
"""Characters."""

log = structlog.get_logger(__name__)


def cut(text: object) -> str:
    """What a stranger has made up, as much of it as a line may have."""
    return str(text)[:_MOST_MADE_UP]


class LogFile(TextIOBase):
    """A file that several processes append lines to; when it is moved away, it is made anew.

    :raises OSError: when it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._file = _appending(self._path)
        self._waiting = ""

    def write(self, text: str) -> int:
        """Keep it until :meth:`flush`, so that no line gets among another process's."""
        self._waiting += text
        return len(text)

    def flush(self) -> None:
        """Write what waits; a disk that is full costs lines, and nothing else."""
        text, self._waiting = self._waiting, ""
        try:
            self._follow()
            os.write(self._file, text.encode(errors="replace"))
        except OSError:
            sys.stderr.write(text)

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _follow(self) -> None:
        """Another file, or none, in its place is a new beginning."""
        if not _is(self._file, self._path):
            former, self._file = self._file, _appending(self._path)
            os.close(former)


def _appending(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    return os.open(path, flags | os.O_NONBLOCK, 0o640)  # a pipe's reader is not waited for


def _is(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def configure(level: str, stream: TextIO | LogFile | None = None, *, as_json: bool = False) -> None:
    """Send every event of at least ``level`` (``debug`` ... ``error``) to ``stream``, or stderr.

    :param as_json: write one JSON object a line, also to a terminal.
    """
    stream = cast("TextIO", stream or sys.stderr)
    lowest = logging.getLevelNamesMapping()[level.upper()]
    for_people = stream.isatty() and not as_json
    rendering = _rendering(for_people=for_people, as_json=as_json)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _timestamp(for_people=for_people),
    ]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.addFilter(Foreign())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _name_the_package],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *rendering,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(lowest, logging.WARNING), force=True)


class Foreign(logging.Filter):
    """Lets some of other packages' records through; a logger lives as long as the process.

    :param clock: seconds on a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[str, Seldom] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether one is logged; it tells how many were not."""
        told = self._told.setdefault(record.name, Seldom(FOREIGN_EVERY_S, FOREIGN_BURST))
        suppressed = told.due(self._clock())
        vars(record)["suppressed"] = suppressed
        return suppressed is not None


def log_crash(task: asyncio.Task[None]) -> None:
    """Log the exception that ended a background task, if one did; for ``add_done_callback``."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task_crashed", task=task.get_name(), exc_info=error)


def _timestamp(*, for_people: bool) -> Processor:
    if for_people:
        return structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    return structlog.processors.TimeStamper(fmt="iso", utc=True)


def _rendering(*, for_people: bool, as_json: bool) -> list[Processor]:
    if for_people:
        # the default would print local variables, and with them what users say
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    if as_json:
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(
            key_order=["timestamp", "level", "event"], drop_missing=True, bool_as_flag=False
        ),
    ]


def _name_the_package(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    record = event["_record"]
    event["logger"] = record.name
    if record.suppressed:
        event["suppressed"] = record.suppressed
    return event
