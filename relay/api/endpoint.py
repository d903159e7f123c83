"""One operation of the operators' API: what it is asked, what it answers, and who may do it."""

from dataclasses import dataclass

from pydantic import BaseModel

from relay.api import models, queries
from relay.records import Role


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation."""

    method: str
    path: str
    """Below ``/api/v1``; ``{id}`` stands for an id."""
    summary: str
    answer: type[models.Model | models.Track] | None = None
    """What a successful answer holds; None for nothing."""
    query: type[models.Model] | None = None
    body: type[BaseModel] | None = None
    """What has to be sent, as JSON."""
    needs_body: bool = True
    """Whether it has to be; else nothing stands for an empty object."""
    media_type: str | None = None
    """Of a successful answer that is no JSON."""
    more_faults: tuple[int, ...] = ()
    """The statuses of errors that do not follow from the rest."""
    streams: bool = False
    """Whether the answer is a stream of server-sent events with ``answer`` as their data."""
    can_be_late: bool = False
    """Whether it orders something, and gets 503 when that is not done in time."""
    is_stored: bool = False
    """Whether it is about what is stored, and gets 503 while the database is away."""
    is_public: bool = False
    role: Role = Role.VIEWER
    """Who may do this; the next roles may, too."""

    @property
    def status(self) -> int:
        """Of success."""
        has_body = self.answer is not None or self.media_type is not None or self.is_public
        return 200 if has_body else 204

    @property
    def names_a_node(self) -> bool:
        """Whether one node of a cluster can be meant."""
        return self.query is not None and issubclass(self.query, queries.NodeQuery)

    @property
    def faults(self) -> tuple[int, ...]:
        """The statuses of errors that are its own."""
        checks = {
            401: not self.is_public,
            429: not self.is_public,
            403: self.role is not Role.VIEWER,
            404: "{id}" in self.path,
            408: self.body is not None,
            413: self.body is not None,
            422: self.query is not None or self.body is not None,
            503: self.can_be_late or self.streams or self.is_stored or self.names_a_node,
        }
        found = {status for status, applies in checks.items() if applies}
        return tuple(sorted(found | set(self.more_faults)))
