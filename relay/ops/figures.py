"""Numbers with their units, short and of steady width, for people."""

from collections.abc import Callable

from relay.ops.models import Track

NOTHING = "-"


def bitrate(bps: float) -> str:
    """Such as ``1.23 Mbit/s``, ``512 kbit/s``."""
    if bps >= 999_500:
        return f"{bps / 1e6:.2f} Mbit/s" if bps < 99.95e6 else f"{bps / 1e6:.0f} Mbit/s"
    return f"{bps / 1e3:.0f} kbit/s"


def kilobits(bps: float) -> str:
    """The same without its unit, kbit/s; such as ``1,230``."""
    return f"{bps / 1e3:,.0f}"


def ratio(part: float) -> str:
    """Such as ``0.4%``, ``12%``; a nought only when it is nothing at all."""
    if part <= 0:
        return "0%"
    percent = 100 * part
    if percent < 0.05:
        return "<0.1%"
    return f"{percent:.1f}%" if percent < 9.95 else f"{percent:.0f}%"


def quality(figure: float | None) -> str:
    """Such as ``4.3``, of 5."""
    return NOTHING if figure is None else f"{figure:.1f}"


def milliseconds(ms: float | None) -> str:
    """Such as ``3.2 ms``, ``48 ms``, ``1.2 s``."""
    if ms is None:
        return NOTHING
    if ms >= 999.5:
        return f"{ms / 1000:.1f} s"
    return f"{ms:.1f} ms" if ms < 9.95 else f"{ms:.0f} ms"


def ms(value: float | None) -> str:
    """Milliseconds without their unit, such as ``3.2``, ``48``."""
    if value is None:
        return NOTHING
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def duration(seconds: float | None) -> str:
    """Such as ``4 s``, ``3:05``, ``2:10:00``, ``3 d 4 h``."""
    if seconds is None:
        return NOTHING
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours == 0:
        return f"{minutes}:{rest:02}"
    if hours < 48:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{hours // 24} d {hours % 24} h"


def size(count: float) -> str:
    """Bytes, such as ``812 B``, ``3.4 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" or count >= 99.5 else f"{count:.1f} {unit}"


def count(number: float) -> str:
    """Such as ``12,345``."""
    return f"{number:,.0f}"


_UNITS: dict[str, Callable[[float], str]] = {
    "_bps": bitrate,
    "_ratio": ratio,
    "_ms": milliseconds,
    "_per_s": count,
    "_s": duration,
    "bytes": size,
}
"""By the ends of names."""


def figure(name: str, value: float | None) -> str:
    """A figure in its unit, which is the end of its name."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    told = next((told for end, told in _UNITS.items() if name.endswith(end)), count)
    return told(value)


def idle(track: Track) -> str:
    """Since the last packet; nothing to say while packets flow."""
    if track.idle_s is None:
        return "never"
    return "" if track.idle_s < 1 else duration(track.idle_s)


def media(track: Track) -> str:
    """Such as ``vp8 640x480@30``, ``opus``."""
    if not track.width or not track.height:
        return track.codec
    rate = "" if track.fps is None else f"@{track.fps:.0f}"
    return f"{track.codec} {track.width}x{track.height}{rate}"


_SHORT = {"round_trip": "rtt", "no_keyframe": "no key frame"}


def problems(found: tuple[str, ...]) -> str:
    """Such as ``loss, rtt``."""
    return ", ".join(_SHORT.get(word, word.replace("_", " ")) for word in found)
