"""Whoever wants to hear of a plane's events."""

from collections.abc import Callable

import structlog

from relay.plane.links import MediaEvent

log = structlog.get_logger(__name__)


class Listeners:
    """Are all told of everything; what one of them does wrong harms no other, nor the plane."""

    def __init__(self) -> None:
        self._all: list[Callable[[MediaEvent], None]] = []

    def add(self, listener: Callable[[MediaEvent], None]) -> None:
        """Have one more be told, from now on."""
        self._all.append(listener)

    def tell(self, event: MediaEvent) -> None:
        """Tell all of them, in the order in which they came."""
        for listener in self._all:
            try:
                listener(event)
            except Exception:
                told = type(event).__name__
                log.exception("listener_crashed", user=event.user_id, told=told)
