"""What operators see of a track: one table, which all that shows figures follows.

To add a figure, write its line into :class:`TrackView` and run ``scripts/generate``. Then it is in
the API's JSON and document, on ``relay track`` and on the track's page of the dashboard; and, when
its line has a ``word``, a column of their lists, by which they can be sorted. Its value is read
from what has its name: :mod:`relay.media.view` says where it looks. Its unit is the end of its
name: ``_bps``, ``_ratio``, ``_ms``, ``_s``.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, get_type_hints

from pydantic import ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel


def _rounded(digits: int, most: float | None = None) -> PlainSerializer:
    """Rounds what goes out; a clock's rounding must not make it less than zero."""

    def rounded(value: float) -> float:
        return max(round(value, digits), 0.0)

    return PlainSerializer(rounded, return_type=Annotated[float, Field(ge=0, le=most)])


Count = Annotated[int, Field(ge=0)]
Measure = Annotated[float, Field(ge=0), _rounded(2)]
Ratio = Annotated[float, Field(ge=0, le=1), _rounded(4, most=1)]


@dataclass(frozen=True, slots=True)
class Threshold:
    """From ``warm`` on a figure deserves a look, from ``bad`` on it is a problem."""

    warm: float
    bad: float


@dataclass(frozen=True, slots=True)
class Figure:
    """What people are told of a figure; stands in the annotation of its type."""

    title: str
    description: str | None = None
    word: str | None = None
    """Names it as a column and as what lists are sorted by; None: it is neither. With a threshold,
    it is also a problem when the API's ``Problem`` has this word."""
    threshold: Threshold | None = None

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Have the API's document tell it."""
        told = {"title": self.title, "description": self.description, "x-column": self.word}
        said: dict[str, Any] = handler(schema)
        return said | {name: text for name, text in told.items() if text is not None}


LOSS_THRESHOLD = Threshold(0.02, 0.05)


@dataclass(slots=True)  # not frozen: making one would take three times as long
class TrackView:
    """One stream of a user's, up (sent by the user) or down (received by it).

    Retransmissions (RTX) belong to the track that they repair. Rates are those of the last two
    seconds. What "lost" means depends on the direction: up, what the numbers of the packets tell to
    be missing at the relay; down, what the user reports to miss and the relay had.
    """

    __pydantic_config__: ClassVar = ConfigDict(alias_generator=to_camel, serialize_by_alias=True)

    id: Annotated[str, Field(description="Stays the same while the link and the SSRC do.")]
    link_id: str
    user_id: str
    direction: Literal["up", "down"]
    kind: Literal["audio", "video"]
    codec: str
    ssrc: Count
    counterpart_id: Annotated[
        str | None,
        Field(description="The same media at the partner's link; null while it goes nowhere."),
    ]

    width: Annotated[
        Count | None, Figure("Width", "Pixels, from the last key frame; null for audio.")
    ]
    height: Annotated[Count | None, Figure("Height")]
    fps: Annotated[Measure | None, Figure("Frames/s", "null for audio.")]
    loss_ratio: Annotated[
        Ratio,
        Figure("Loss", "In the last 10 s, on this track's way alone.", "loss", LOSS_THRESHOLD),
    ]
    bitrate_bps: Annotated[
        Measure, Figure("Bit rate", "RTP without retransmissions, in the last 2 s.", "bitrate")
    ]
    repair_bitrate_bps: Annotated[Measure, Figure("Repair", "Retransmissions and padding (RTX).")]
    packets_per_s: Annotated[Measure, Figure("Packets/s")]
    jitter_ms: Annotated[
        Measure,
        Figure(
            "Jitter",
            "Up as measured by the relay, down as reported by the user.",
            "jitter",
            Threshold(50, 100),
        ),
    ]
    round_trip_ms: Annotated[
        Measure | None, Figure("Round trip", "The link's.", "round_trip", Threshold(250, 500))
    ]
    packets: Annotated[Count, Figure("Packets")]
    bytes: Annotated[Count, Figure("Bytes", "RTP with its headers; without SRTP, UDP and IP.")]
    left_up_ratio: Annotated[
        Ratio,
        Figure(
            "Lost for good, up",
            "What did not come from the sender, nor by repair, in the last 10 s.",
        ),
    ]
    left_relay_ratio: Annotated[
        Ratio | None,
        Figure(
            "Lost for good, relay",
            "What the relay has dropped, in the last 10 s; null for what a user sends.",
        ),
    ]
    left_down_ratio: Annotated[
        Ratio | None,
        Figure(
            "Lost for good, down",
            "What the receiver did not get, and was not sent again, in the last 10 s, by its"
            " reports; null for what a user sends.",
        ),
    ]
    repair_packets: Annotated[Count, Figure("Repair packets")]
    lost: Annotated[
        int,
        Figure(
            "Lost",
            "Up: missing by the sequence numbers. Down: missing by the user's reports, and not on"
            " the way up already. Negative when packets came twice.",
        ),
    ]
    keyframes: Annotated[
        Count, Figure("Key frames", "That passed; counted while there is a partner.")
    ]
    nacks: Annotated[
        Count, Figure("NACK", "Requests: up those sent to the user, down those it sent.")
    ]
    asked: Annotated[
        Count,
        Figure("Asked for", "Packets in these requests, each as often as it was asked for."),
    ]
    repaired: Annotated[
        Count,
        Figure(
            "Repaired",
            "Packets: up those that came as retransmissions, down those that were sent again.",
        ),
    ]
    plis: Annotated[Count, Figure("PLI")]
    firs: Annotated[Count, Figure("FIR")]
    waits_for_keyframe: Annotated[bool, Figure("Waits for a key frame")]
    idle_s: Annotated[
        Measure | None,
        Figure(
            "Silent for", "Since the last packet; null when none came.", "idle", Threshold(1.5, 3)
        ),
    ]


def figures(table: type) -> dict[str, Figure]:
    """The figures among a class's fields, by their names and in order."""
    return {
        name: figure
        for name, hint in get_type_hints(table, include_extras=True).items()
        for figure in getattr(hint, "__metadata__", ())
        if isinstance(figure, Figure)
    }


FIGURES = figures(TrackView)
THRESHOLDS = {name: figure.threshold for name, figure in FIGURES.items() if figure.threshold}
COLUMNS = {figure.word: name for name, figure in FIGURES.items() if figure.word}
"""The names of figures that lists show and sort by, by their words."""
