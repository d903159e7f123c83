"""Answers of the API, as a relay would give them."""

from dataclasses import asdict
from typing import Any

from relay.api.models import ALL_THRESHOLDS
from relay.ops.models import FIGURES, Path, Room, Snapshot, Thresholds, Totals, Track, Worker

PATH = Path(
    protocol="udp",
    local_family="ipv4",
    remote_family="ipv4",
    local_address=None,
    remote_address=None,
)

THRESHOLDS = Thresholds.model_validate(
    {name: asdict(threshold) for name, threshold in ALL_THRESHOLDS.items()}
)


def track(**changed: Any) -> Track:
    """A video track that does well."""
    usual: dict[str, Any] = dict.fromkeys(FIGURES, 0) | {
        "id": "aabbccddeeff-u00000001",
        "link_id": "aabbccddeeff",
        "user_id": "ann-ann-ann-ann-",
        "room_id": "room-room-room-r",
        "direction": "up",
        "kind": "video",
        "codec": "vp8",
        "ssrc": 1,
        "counterpart_id": "112233445566-d00000002",
        "problems": (),
        "quality": None,
        "grade": None,
        "leg": None,
        "left_relay_ratio": None,
        "left_down_ratio": None,
        "width": 640,
        "height": 480,
        "fps": 29.97,
        "bitrate_bps": 1_230_000.0,
        "packets_per_s": 140.0,
        "jitter_ms": 3.2,
        "round_trip_ms": 48.4,
        "packets": 12_345,
        "bytes": 13_000_000,
        "keyframes": 2,
        "plis": 1,
        "waits_for_keyframe": False,
        "idle_s": 0.01,
        "path": PATH,
        "dtls_version": "DTLSv1.2",
        "srtp_profile": "SRTP_AEAD_AES_128_GCM",
        "over_budget": (),
        "worker": None,
        "node": None,
    }
    return Track(**(usual | changed))


def room(**changed: Any) -> Room:
    """A room that does well."""
    usual: dict[str, Any] = {
        "id": "room-room-room-r",
        "users": ("ann-ann-ann-ann-", "bob-bob-bob-bob-"),
        "state": "in_call",
        "age_s": 185.0,
        "bitrate_bps": 2_460_000.0,
        "loss_ratio": 0.0,
        "problems": (),
    }
    return Room(**(usual | changed))


def totals(**changed: Any) -> Totals:
    """A server with one call."""
    usual: dict[str, Any] = dict.fromkeys(Totals.model_fields, 0) | {
        "at": "2026-01-02T03:04:05.678+00:00",
        "ready": True,
        "reasons": (),
        "silent_nodes": (),
        "draining": False,
        "connected": 2,
        "in_call": 2,
        "rooms": 1,
    }
    return Totals(**(usual | changed))


def snapshot(*tracks: Track) -> Snapshot:
    """One event of the stream."""
    return Snapshot(totals=totals(), rooms=(room(),), tracks=tracks, workers=(), failures=())


def worker(**changed: Any) -> Worker:
    """A media process that does well."""
    usual: dict[str, Any] = dict.fromkeys(Worker.model_fields, 0) | {
        "up": True,
        "process_id": 4711,
        "udp_port": 7882,
        "age_s": 185.0,
        "links": 2,
        "packets_per_s": 1234.4,
        "cpu_ratio": 0.12,
        "loop_lag_ms": 1.5,
        "node": None,
    }
    return Worker(**(usual | changed))
