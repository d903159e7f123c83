"""What an operator sees of the links and their streams, and the sampling behind its rates.

A figure of a track is read from what has its name: first what is worked out here (:class:`_Up`,
:class:`_Down`), then the rates, the stream or the outlet, and what the outlet has sent and its
receiver reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import ClassVar, get_args, get_type_hints

from relay.media.far import Far
from relay.media.feedback.reception import Reception
from relay.media.link import Link
from relay.media.meter import Rates, Sample
from relay.media.negotiation.sdp import CODECS, KINDS
from relay.media.outlet import Outlet, Progress
from relay.media.stream import Stream
from relay.plane import LinkView, PathView
from relay.track import TrackView


def link(seen: Link, local_address: tuple[str, int], now: float) -> LinkView:
    """One link; ``now`` in seconds of the plane's clock."""
    dtls_version, srtp_profile = seen.security or (None, None)
    return LinkView(
        link_id=seen.link_id,
        user_id=seen.user_id,
        state=seen.state,
        age_s=now - seen.opened_at,
        consent_age_s=now - seen.checked_at,
        local_address=local_address,
        remote_address=seen.remote_address,
        dtls_version=dtls_version,
        srtp_profile=srtp_profile,
        round_trip_ms=_round_trip_ms(seen),
        over_budget=seen.budget.over_lately,
        paths=tuple(
            PathView(
                seen.kind_of(path), seen.written(path), path.is_proven, path is seen.paths.in_use
            )
            for path in seen.paths.known.values()
        ),
    )


def tracks(
    links: Mapping[str, Link],
    now: float,
    in_turn: Iterable[Link] | None = None,
    fars: Mapping[str, Far] | None = None,
    unsent_ratio: float = 0.0,
) -> list[TrackView]:
    """The tracks of all links (by their users), each link's together.

    :param now: seconds of the plane's clock.
    :param in_turn: the links once more, which may take their time.
    :param fars: their partners on other planes (by their users).
    :param unsent_ratio: how much of what went out lately the kernel did not take.
    """
    ends: dict[str, Link | Far] = {**(fars or {}), **links}
    feeding = {
        stream.route.outlet: (seen, stream)
        for seen in ends.values()
        for stream in seen.uplink.streams.values()
        if stream.route is not None
    }
    found: list[TrackView] = []
    for seen in in_turn or links.values():
        round_trip_ms = _round_trip_ms(seen)
        found.extend(
            _read_up(_Up(seen, stream, ends, now, round_trip_ms))
            for stream in seen.uplink.streams.values()
            if not stream.rtx
        )
        for kind in KINDS:
            outlet = seen.downlink.outlets[kind, False]
            source = feeding.get(outlet)
            if outlet.progress.packets or source is not None or _is_expected(seen, kind):
                found.append(
                    _read_down(_Down(seen, outlet, source, now, round_trip_ms, unsent_ratio))
                )
    return found


def sample(seen: Link | Far, now: float) -> None:
    """Read the counters of a link's streams; ``now`` in seconds of the plane's clock."""
    seen.sampled_at = now
    for stream in seen.uplink.streams.values():
        if not stream.rtx:
            repair = _repair_of(seen, stream)
            repair_bytes = repair.bytes if repair is not None else 0
            stream.meter.take(
                Sample(
                    now,
                    stream.packets,
                    stream.bytes,
                    repair_bytes,
                    stream.frames,
                    stream.lost,
                    stream.expected,
                    stream.left,
                )
            )
    for kind in KINDS:
        outlet = seen.downlink.outlets[kind, False]
        sent = outlet.progress
        repair_bytes = seen.downlink.outlets[kind, True].progress.bytes
        outlet.meter.take(
            Sample(
                now,
                sent.packets,
                sent.bytes,
                repair_bytes,
                0,
                outlet.lost,
                sent.packets,
                outlet.left,
                outlet.withheld,
            )
        )


class _Seen:
    """One track, with what its figures are read from."""

    __slots__ = (
        "codec",
        "counterpart_id",
        "fps",
        "height",
        "id",
        "idle_s",
        "left_up_ratio",
        "link_id",
        "rates",
        "repair_packets",
        "round_trip_ms",
        "user_id",
        "waits_for_keyframe",
        "width",
    )

    direction: ClassVar[str]
    nothing: ClassVar[None] = None
    width: int | None
    height: int | None

    def __init__(self, link: Link, end: Stream | Outlet, round_trip_ms: float | None) -> None:
        self.id = _id(link, self.direction, end.ssrc)
        self.link_id, self.user_id = link.link_id, link.user_id
        self.codec = CODECS[end.kind][0]
        self.width, self.height = end.size or (None, None)
        self.rates = end.meter.rates()
        self.round_trip_ms = round_trip_ms


class _Up(_Seen):
    """A stream that the user sends."""

    __slots__ = ("stream",)

    direction = "up"

    def __init__(
        self,
        link: Link,
        stream: Stream,
        ends: Mapping[str, Link | Far],
        now: float,
        round_trip_ms: float | None,
    ) -> None:
        super().__init__(link, stream, round_trip_ms)
        route, repair = stream.route, _repair_of(link, stream)
        sink = ends.get(route.downlink.user_id) if route is not None else None
        self.stream = stream
        self.counterpart_id = _id(sink, "down", route.outlet.ssrc) if sink and route else None
        self.waits_for_keyframe = route is not None and route.waits_for_keyframe
        self.fps = self.rates.fps if stream.kind == "video" else None
        self.left_up_ratio = self.rates.left_ratio
        self.repair_packets = repair.packets if repair is not None else 0
        self.idle_s = now - stream.last_at


class _Down(_Seen):
    """An outlet on which the user receives what ``source`` sends."""

    __slots__ = ("left_down_ratio", "left_relay_ratio", "outlet", "reception", "sent")

    direction = "down"

    def __init__(
        self,
        link: Link,
        outlet: Outlet,
        source: tuple[Link | Far, Stream] | None,
        now: float,
        round_trip_ms: float | None,
        unsent_ratio: float,
    ) -> None:
        super().__init__(link, outlet, round_trip_ms)
        self.outlet, self.reception, self.sent = outlet, outlet.reception, outlet.progress
        stream = source[1] if source is not None else None
        held = stream is not None and stream.route is not None and stream.route.waits_for_keyframe
        sending, receiving = Rates() if stream is None else stream.meter.rates(), self.rates
        fps = 0.0 if held else sending.fps
        unsent = min(unsent_ratio / receiving.loss_ratio, 1.0) if receiving.loss_ratio else 0.0
        self.left_up_ratio = sending.left_ratio
        self.left_relay_ratio = receiving.withheld_ratio + unsent * receiving.left_ratio
        self.left_down_ratio = (1 - unsent) * receiving.left_ratio
        self.counterpart_id = _id(source[0], "up", source[1].ssrc) if source else None
        self.waits_for_keyframe = held
        self.fps = fps if outlet.kind == "video" else None
        self.repair_packets = link.downlink.outlets[outlet.kind, True].progress.packets
        self.idle_s = now - self.sent.sent_at if self.sent.packets else None


def _reader(track: type[_Seen], **parts: type) -> Callable[[_Seen], TrackView]:
    """What reads all figures of a track: each from itself, or the first of its parts that has it.

    A figure that may be None is, where nothing has it.
    """
    hints = get_type_hints(TrackView)

    def path(name: str) -> str:
        for part, kind in {"": track, **parts}.items():
            if hasattr(kind, name):
                return f"{part}.{name}".lstrip(".")
        if type(None) in get_args(hints[name]):
            return "nothing"
        raise TypeError(f"nothing of a track that goes {track.direction} has {name}")

    read = attrgetter(*(path(field.name) for field in fields(TrackView)))
    return lambda seen: TrackView(*read(seen))


_read_up = _reader(_Up, rates=Rates, stream=Stream)
_read_down = _reader(_Down, rates=Rates, outlet=Outlet, sent=Progress, reception=Reception)


def _id(link: Link | Far, direction: str, ssrc: int) -> str:
    return f"{link.link_id}-{direction[0]}{ssrc:08x}"


def _repair_of(seen: Link | Far, stream: Stream) -> Stream | None:
    """The RTX stream of a media stream, which must be the current one of its kind."""
    current = seen.uplink.current
    if current.get((stream.kind, False)) is not stream:
        return None
    return current.get((stream.kind, True))


def _is_expected(seen: Link, kind: str) -> bool:
    """Whether the user has a partner from whom it can take this kind."""
    flow = seen.downlink.flow
    return flow is not None and (kind, False) in flow.routes


def _round_trip_ms(seen: Link) -> float | None:
    round_trip_s = seen.downlink.round_trip_s
    return None if round_trip_s is None else 1000 * round_trip_s
