"""What an operator sees of the links and their streams, and the sampling behind its rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from relay.media.link import Link
from relay.media.meter import Sample
from relay.media.negotiation.sdp import CODECS, KINDS
from relay.media.outlet import Outlet
from relay.media.stream import Stream
from relay.plane import Direction, Track
from relay.plane import Link as LinkView


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
    )


def tracks(
    links: Mapping[str, Link], now: float, in_turn: Iterable[Link] | None = None
) -> list[Track]:
    """The tracks of all links (by their users), each link's together.

    :param now: seconds of the plane's clock.
    :param in_turn: the links once more, which may take their time.
    """
    feeding = {
        stream.route.outlet: (seen, stream)
        for seen in links.values()
        for stream in seen.uplink.streams.values()
        if stream.route is not None
    }
    found: list[Track] = []
    for seen in in_turn or links.values():
        round_trip_ms = _round_trip_ms(seen)
        found.extend(
            _up(seen, stream, links, now, round_trip_ms)
            for stream in seen.uplink.streams.values()
            if not stream.rtx
        )
        for kind in KINDS:
            outlet = seen.downlink.outlets[kind, False]
            source = feeding.get(outlet)
            if outlet.progress.packets or source is not None or _is_expected(seen, kind):
                found.append(_down(seen, outlet, source, now, round_trip_ms))
    return found


def sample(seen: Link, now: float) -> None:
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
                )
            )
    for kind in KINDS:
        outlet = seen.downlink.outlets[kind, False]
        sent = outlet.progress
        repair_bytes = seen.downlink.outlets[kind, True].progress.bytes
        outlet.meter.take(
            Sample(now, sent.packets, sent.bytes, repair_bytes, 0, outlet.lost, sent.packets)
        )


def _up(
    seen: Link, stream: Stream, links: Mapping[str, Link], now: float, round_trip_ms: float | None
) -> Track:
    route, rates, repair = stream.route, stream.meter.rates(), _repair_of(seen, stream)
    sink = links.get(route.downlink.user_id) if route is not None else None
    width, height = stream.size or (None, None)
    return Track(
        track_id=_id(seen, Direction.UP, stream.ssrc),
        link_id=seen.link_id,
        user_id=seen.user_id,
        direction=Direction.UP,
        kind=stream.kind,
        codec=CODECS[stream.kind][0],
        ssrc=stream.ssrc,
        counterpart_id=_id(sink, Direction.DOWN, route.outlet.ssrc) if sink and route else None,
        waits_for_keyframe=route is not None and route.waits_for_keyframe,
        width=width,
        height=height,
        fps=rates.fps if stream.kind == "video" else None,
        packets=stream.packets,
        bytes=stream.bytes,
        repair_packets=repair.packets if repair is not None else 0,
        packets_per_s=rates.packets_per_s,
        bitrate_bps=rates.bitrate_bps,
        repair_bitrate_bps=rates.repair_bitrate_bps,
        lost=stream.lost,
        loss_ratio=rates.loss_ratio,
        jitter_ms=stream.jitter_ms,
        round_trip_ms=round_trip_ms,
        keyframes=stream.keyframes,
        nacks=stream.nacks,
        plis=stream.plis,
        firs=stream.firs,
        idle_s=now - stream.last_at,
    )


def _down(
    seen: Link,
    outlet: Outlet,
    feeding: tuple[Link, Stream] | None,
    now: float,
    round_trip_ms: float | None,
) -> Track:
    rates, reception, sent = outlet.meter.rates(), outlet.reception, outlet.progress
    held, fps = False, 0.0
    if feeding is not None:
        stream = feeding[1]
        held = stream.route is not None and stream.route.waits_for_keyframe
        fps = 0.0 if held else stream.meter.rates().fps
    width, height = outlet.size or (None, None)
    return Track(
        track_id=_id(seen, Direction.DOWN, outlet.ssrc),
        link_id=seen.link_id,
        user_id=seen.user_id,
        direction=Direction.DOWN,
        kind=outlet.kind,
        codec=CODECS[outlet.kind][0],
        ssrc=outlet.ssrc,
        counterpart_id=_id(feeding[0], Direction.UP, feeding[1].ssrc) if feeding else None,
        waits_for_keyframe=held,
        width=width,
        height=height,
        fps=fps if outlet.kind == "video" else None,
        packets=sent.packets,
        bytes=sent.bytes,
        repair_packets=seen.downlink.outlets[outlet.kind, True].progress.packets,
        packets_per_s=rates.packets_per_s,
        bitrate_bps=rates.bitrate_bps,
        repair_bitrate_bps=rates.repair_bitrate_bps,
        lost=outlet.lost,
        loss_ratio=rates.loss_ratio,
        jitter_ms=outlet.jitter_ms,
        round_trip_ms=round_trip_ms,
        keyframes=outlet.keyframes,
        nacks=reception.nacks,
        plis=reception.plis,
        firs=reception.firs,
        idle_s=now - sent.sent_at if sent.packets else None,
    )


def _id(seen: Link, direction: Direction, ssrc: int) -> str:
    return f"{seen.link_id}-{direction[0]}{ssrc:08x}"


def _repair_of(seen: Link, stream: Stream) -> Stream | None:
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
    """As last measured with any of the link's outlets: they all go the same way."""
    measured = [
        (outlet.reception.measured_at, outlet.reception.round_trip_s)
        for outlet in seen.downlink.outlets.values()
        if outlet.reception.round_trip_s is not None
    ]
    return 1000 * max(measured)[1] if measured else None
