"""What was found, and what of it is wrong: in words, with what to do. Decisions only."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal

from relay.bots.check.attempt import Tried
from relay.bots.check.ways import written

Cause = Literal["udp_blocked", "tcp_blocked", "turn_refused", "server_unreachable", "no_media"]

RENEW_DAYS = 14
"""A certificate that ends before is told of."""
LOSS_RATIO = 0.02
"""From here on the loss of a way is told; there and back together."""


@dataclass(frozen=True, slots=True)
class WebSocketTimes:
    """How signalling goes."""

    open_ms: float
    round_trip_ms: float
    """The median of a second's."""
    jitter_ms: float
    """How much each differs from the one before, on average."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the server announces and that does not work from here."""

    cause: Cause
    text: str
    advice: str


@dataclass(slots=True)
class Found:
    """All of it."""

    url: str
    server_host: str
    """The IP address that the page was reached at."""
    media_mode: str
    socket: WebSocketTimes
    tried: list[Tried] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    """Ways of a family that this machine has not."""
    certificate_days: int | None = None
    """For how many days the certificate is good; None where there is none that was verified."""
    left_out: list[str] = field(default_factory=list)
    """ICE servers of somebody else's, and what there was no time for."""

    def problems(self) -> list[Problem]:
        """What is wrong, the gravest first."""
        failed = [tried for tried in self.tried if tried.reason is not None]
        found = [self._direct(each) for each in failed if each.way.kind in ("udp", "tcp")]
        found += [_turn(each) for each in failed if each.way.turn is not None]
        unique = {problem.text: problem for problem in found}
        return sorted(unique.values(), key=lambda each: each.cause != "server_unreachable")

    def verdict(self) -> str:
        """One sentence."""
        if self.media_mode != "relay":
            return "The server lets media pass directly between browsers: nothing more to check."
        problems = self.problems()
        if problems:
            works = [each.way.name for each in self.tried if each.reason is None]
            rest = f"{_listed(works)} work{'s' if len(works) == 1 else ''}"
            return f"{problems[0].text}; {rest if works else 'nothing else works either'}."
        if not self.tried:
            return "The server announces nothing that this machine could try."
        notes = [
            f"{each.way.name} loses {each.measured.loss_ratio:.1%} of packets there and back"
            for each in self.tried
            if each.measured is not None and each.measured.loss_ratio >= LOSS_RATIO
        ]
        if self.certificate_days is not None and self.certificate_days < RENEW_DAYS:
            notes.append(f"its certificate ends in {self.certificate_days} days: renew it")
        if self.url.startswith("ws:") and not ip_address(self.server_host).is_loopback:
            notes.append("the page has no TLS, so browsers give it no camera")
        text = f"All that the server announces works from here: {_listed(self._names())}"
        return f"{text}; {'; '.join(notes)}." if notes else f"{text}."

    @property
    def is_bad(self) -> bool:
        """Whether something that the server announces does not work."""
        if self.media_mode != "relay":
            return False
        return not self.tried or bool(self.problems())

    def _names(self) -> list[str]:
        return [each.way.name for each in self.tried]

    def _direct(self, failed: Tried) -> Problem:
        """Why a way to the media plane's own addresses does not work."""
        way = failed.way
        if failed.up_s is not None:
            return _no_media(failed)
        hosts = {host for host, _ in way.addresses}
        answers = any(
            each.reason is None and each.way.turn is None and hosts & _hosts(each)
            for each in self.tried
        )
        if not answers and self.server_host not in hosts:
            return self._nobody_there(failed)
        ports = _listed(sorted({str(port) for _, port in way.addresses}))
        if way.kind == "udp":
            return Problem(
                "udp_blocked",
                f"UDP is blocked on the way to {way.written}",
                f"open UDP port {ports} in the firewalls in between, the server's own first; where"
                " a visitor's network blocks it, media goes over TCP",
            )
        return Problem(
            "tcp_blocked",
            f"TCP is blocked on the way to {way.written}",
            f"open TCP port {ports} in the firewalls in between, the server's own first",
        )

    def _nobody_there(self, failed: Tried) -> Problem:
        """By no way anything has come from an address that is not the page's."""
        hosts = ", ".join(sorted(_hosts(failed)))
        ports = {
            f"{each.way.kind.upper()} port {port}"
            for each in self.tried
            if each.reason is not None and each.way.turn is None and _hosts(each) & _hosts(failed)
            for _, port in each.way.addresses
        }
        return Problem(
            "server_unreachable",
            f"Nothing answers at {hosts}, the address that the server announces for media",
            f"if it is not the server's public one, correct --public-ip; if it is, open"
            f" {_listed(sorted(ports, reverse=True))}",
        )

    def as_dict(self) -> dict[str, Any]:
        """For machines; times in milliseconds."""
        return {
            "url": self.url,
            "address": self.server_host,
            "media_mode": self.media_mode,
            "websocket": {
                "open_ms": round(self.socket.open_ms, 1),
                "round_trip_ms": round(self.socket.round_trip_ms, 2),
                "jitter_ms": round(self.socket.jitter_ms, 2),
            },
            "ways": [_as_dict(each) for each in self.tried],
            "certificate_days": self.certificate_days,
            "absent": self.absent,
            "left_out": self.left_out,
            "problems": [
                {"cause": each.cause, "text": each.text, "advice": each.advice}
                for each in self.problems()
            ],
            "verdict": self.verdict(),
            "works": not self.is_bad,
        }


def _turn(failed: Tried) -> Problem:
    if failed.up_s is not None:
        return _no_media(failed)
    name, where = failed.way.name, failed.way.written
    if failed.reason is not None and failed.reason.startswith("the TURN server "):
        text = f"{name} at {where} does not work: {failed.reason}"
        return Problem("turn_refused", text, "see the server's log, and its clock")
    return Problem(
        "tcp_blocked",
        f"{name} at {where} does not work: {failed.reason}",
        "open that port; with a reverse proxy in front of the page, media needs --tcp-port",
    )


def _no_media(failed: Tried) -> Problem:
    text = f"{failed.way.name} to {failed.way.written}: {failed.reason}"
    return Problem("no_media", text, "see the server's log")


def _hosts(tried: Tried) -> set[str]:
    return {host for host, _ in tried.way.addresses}


def _listed(names: list[str]) -> str:
    """Such as ``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _as_dict(tried: Tried) -> dict[str, Any]:
    way, measured, kind = tried.way, tried.measured, tried.way.kind
    made: dict[str, Any] = {
        "way": kind,
        "family": way.family,
        "addresses": [written(each) for each in way.addresses],
        "works": tried.reason is None,
        "up_ms": None if tried.up_s is None else round(1000 * tried.up_s, 1),
        "reason": tried.reason,
    }
    if way.turn is not None:
        made["server"] = written(way.turn.address)
    if measured is not None:
        made |= {
            "round_trip_ms": round(measured.round_trip_ms, 2),
            "round_trip_p95_ms": round(measured.worst_ms, 2),
            "sent": measured.sent,
            "lost": measured.lost,
            "loss_ratio": round(measured.loss_ratio, 5),
        }
    return made
