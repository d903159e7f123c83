"""What the plane's clock does for one link."""

from __future__ import annotations

from relay.media import view
from relay.media.forwarder import Forwarder
from relay.media.link import Link
from relay.media.pulse import QUIET_S
from relay.media.translation import transport_feedback
from relay.plane import LinkState

CONSENT_S = 30.0
"""A link without an authenticated check for this long is gone (RFC 7675 section 5.1)."""

SETUP_S = 30.0
"""A link that is not up by then is given up, whatever checks still come."""

LATE_S = 1.0
"""When the clock is so late, what users have sent meanwhile may not have been read yet."""

SAMPLE_S = 1.0
"""How often the counters are read from which rates are computed."""


def tend(link: Link, forwarder: Forwarder, now: float) -> str | None:
    """Look after a link; to be called ten times a second.

    The rates of its streams follow their counters once a second, for each link at another moment.
    The user is told of those of its packets of which no partner can tell, and asked again for a key
    frame that is waited for.

    :param now: seconds of the plane's clock.
    :returns: why the link has ended, as :class:`relay.plane.LinkLost` says it; None if it has not.
    """
    if now - link.sampled_at >= SAMPLE_S:
        view.sample(link, now)
    if now - link.checked_at > CONSENT_S:
        return "silent"
    if link.state is not LinkState.UP and now - link.opened_at > SETUP_S:
        return "failed"
    flow = link.uplink.flow
    if flow is not None and flow.downlink.tells is None:
        flow.look_for_feedback()
    if link.uplink.feedback.has_news:
        for packet in transport_feedback(link.uplink, link.downlink.reporter, now):
            link.send_rtcp(packet)
    if flow is not None and flow.video is not None and flow.video.waits_for_keyframe:
        forwarder.request_keyframe(link.downlink, flow.video, now)
    return None


def pulse_changed(link: Link, awake_since: float, now: float) -> bool:
    """Look whether the user has gone quiet, or is back; to be called ten times a second.

    :param awake_since: since when the plane has read what came, in seconds of its clock as ``now``.
    :returns: whether ``link.pulse.is_interrupted`` is another one than before.
    """
    if link.state is not LinkState.UP:
        return False
    uplink, pulse = link.uplink, link.pulse
    told_at = max(link.checked_at, uplink.reported_at)
    heard_at = max(told_at, uplink.rtcp_at)
    if not pulse.is_interrupted:
        heard_at = max(heard_at, awake_since)
    if now - heard_at >= QUIET_S:  # few come here: whoever sends media also reports
        heard_at = max((heard_at, *(stream.last_at for stream in uplink.streams.values())))
    return pulse.feel(told_at, heard_at, now)
