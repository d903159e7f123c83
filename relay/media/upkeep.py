"""What the plane's clock does for one link."""

from __future__ import annotations

from relay.media import view
from relay.media.far import Far
from relay.media.flow import Flow
from relay.media.forwarder import Forwarder
from relay.media.link import Link
from relay.media.meter import SAMPLE_S
from relay.media.pulse import LONGEST_PAUSE_S, QUIET_S
from relay.media.translation import transport_feedback
from relay.plane import LinkInterrupted, LinkResumed, LinkState, MediaEvent, OverBudget

CONSENT_S = 30.0 + LONGEST_PAUSE_S
"""A link without an authenticated check for this long is gone: RFC 7675 section 5.1 has 30 s, but
the network may go right before a check, and whoever comes back within 30 s is to find its link."""

SETUP_S = 30.0
"""A link that is not up by then is given up, whatever checks still come."""

LATE_S = 1.0
"""When the clock is so late, what users have sent meanwhile may not have been read yet."""


def tend(link: Link, forwarder: Forwarder, now: float) -> str | None:
    """Look after a link; to be called ten times a second.

    The rates of its streams follow their counters once a second, for each link at another moment,
    and what is kept of what it is sent and may be sent again.
    The user is told of those of its packets of which no partner can tell, and asked again for a key
    frame that is waited for.

    :param now: seconds of the plane's clock.
    :returns: why the link has ended, as :class:`relay.plane.LinkLost` says it; None if it has not.
    """
    if now - link.sampled_at >= SAMPLE_S:
        view.sample(link, now)
        if link.downlink.flow is not None:
            link.downlink.flow.fit(now)
    if now - link.checked_at > CONSENT_S:
        return "silent"
    if link.state is not LinkState.UP and now - link.opened_at > SETUP_S:
        return "failed"
    forwarder.look_at_paths(link, now)
    _tend_sender(link, forwarder, now)
    return None


def event_of(link: Link, awake_since: float, now: float) -> MediaEvent | None:
    """What is to be told of a link that goes on; to be called ten times a second.

    :param awake_since: since when the plane has read what came, in seconds of its clock as ``now``.
    """
    kind = link.budget.look(now)
    if kind is not None:
        return OverBudget(link.user_id, link.link_id, kind)
    if not _pulse_changed(link, awake_since, now):
        return None
    told = LinkInterrupted if link.pulse.is_interrupted else LinkResumed
    return told(link.user_id, link.link_id)


def _pulse_changed(link: Link, awake_since: float, now: float) -> bool:
    """Look whether the user has gone quiet, or is back."""
    if link.state is not LinkState.UP:
        return False
    uplink, pulse = link.uplink, link.pulse
    told_at = max(link.checked_at, uplink.reported_at)
    heard_at = max(told_at, uplink.rtcp_at)
    if not pulse.is_interrupted:
        heard_at = max(heard_at, awake_since)
    if now - heard_at >= QUIET_S:  # few come here: whoever sends media also reports
        heard_at = max(heard_at, uplink.heard_at)
    return pulse.feel(told_at, heard_at, now)


def tend_far(far: Far, forwarder: Forwarder, now: float) -> None:
    """The same for who sends to a user here, and is looked after elsewhere in all else.

    Its plane is told what its streams have come to; once a second all of it.
    """
    is_due = now - far.sampled_at >= SAMPLE_S
    if is_due:
        view.sample(far, now)
    _tend_sender(far, forwarder, now)
    far.tell(again=is_due)


def _tend_sender(end: Link | Far, forwarder: Forwarder, now: float) -> None:
    flow, downlink = end.uplink.flow, end.downlink
    if isinstance(flow, Flow) and flow.downlink.tells is None:
        flow.look_for_feedback()
    if end.uplink.feedback.has_news:
        for packet in transport_feedback(end.uplink, downlink.reporter, now):
            downlink.send_rtcp(packet)
    video = None if flow is None else flow.video
    if video is not None and video.source is not None and video.waits_for_keyframe:
        forwarder.keyframes.request(downlink, video, now)
