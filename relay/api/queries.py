"""What the operators' API may be asked: the parameters of queries, as types."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import ConfigDict, Field

from relay.api.models import Model
from relay.track import COLUMNS


class NodeQuery(Model):
    """Which node of a cluster is meant."""

    model_config = ConfigDict(extra="forbid")
    node: str | None = Field(
        None, max_length=32, description="The name of the one node that is meant, in a cluster."
    )


class Page(Model):
    """Which part of a list is wanted."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(100, ge=1, le=500, description="How many at most.")
    offset: int = Field(0, ge=0, le=1_000_000, description="How many to skip.")


class NodePage(NodeQuery, Page):
    """The same, of what each node has."""


_Id = Annotated[str, Field(max_length=64)]

if TYPE_CHECKING:
    Sort = str
else:
    Sort = Literal[("link", *COLUMNS)]


class TrackQuery(NodePage):
    """Which tracks are wanted, and in which order."""

    user: _Id | None = Field(None, description="Only those of this user.")
    room: _Id | None = Field(None, description="Only those of this room.")
    kind: Literal["audio", "video"] | None = None
    direction: Literal["up", "down"] | None = None
    bad: bool = Field(False, description="Only those with a problem.")
    sort: Sort = Field(
        "link", description="`link` keeps a link's tracks together; the others begin with the most."
    )


class RoomQuery(NodePage):
    """Which rooms are wanted."""

    bad: bool = Field(False, description="Only those with a problem.")


MAX_EVENT_ROWS = 200


class EventQuery(TrackQuery):
    """Which tracks each snapshot has; the number of rooms is limited likewise."""

    limit: int = Field(
        50, ge=1, le=MAX_EVENT_ROWS, description="How many rooms and tracks at most."
    )


class TapQuery(Model):
    """How long to look."""

    model_config = ConfigDict(extra="forbid")
    seconds: float | None = Field(
        None,
        gt=0,
        le=14_400,
        allow_inf_nan=False,
        description="How long at most; four hours when not given.",
    )


class CaptureQuery(TapQuery):
    """What to capture."""

    payload: bool = Field(False, description="Also what is behind the RTP headers: the content.")


class AuditQuery(NodeQuery):
    """How much of the audit log is wanted."""

    limit: int = Field(100, ge=1, le=500, description="How many entries at most.")
