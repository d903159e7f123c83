"""From where a link's peer is heard, and where it is sent to: decisions, time passed in.

A *path* is one address of the peer's. It is *proven* when the peer has answered a check of ours
there, or has completed DTLS there; before that it gets at most three times what it has sent (RFC
9000 section 8 is the model), and no media. One proven path is *in use*: all that is sent goes
there. That is the one last nominated, unless it has fallen silent while another one has not.
"""

from __future__ import annotations

from relay.media.paths.transport import Address

MAX_PROVEN = 4
"""Of a link; a fifth takes the place of the one heard longest ago."""

MAX_UNPROVEN = 4
"""Likewise, but none takes the place of one that came within the last ``UNPROVEN_S``."""

UNPROVEN_S = 2.0
"""So long has an address to prove itself before another one may take its place."""

LIMIT = 3
"""An unproven path is sent at most so many times the bytes that came (RFC 9000 section 8.1)."""

SILENT_S = 0.3
"""A path that has carried no media for so long has lost it to another one that does."""

UNANSWERED_S = 2.5
"""A path by which nothing came for so long, answers included, gives way to one that answers."""

ASK_AFTER_S, ASK_INTERVAL_S = 1.0, 0.5
"""After such a silence all paths are asked for an answer, and so often."""

PROBE_INTERVAL_S = 0.2
"""So often an address is asked that is not proven, and a link's that only media seems to name."""

UDP_ALIVE_S = 7.0
"""A path over UDP that was heard so lately works: Firefox checks every 6 s at the latest."""

FORGET_S = 30.0
"""A path that is not in use is forgotten when it has been silent for so long."""

_NEVER = float("-inf")


class Path:
    """One address of a peer's."""

    __slots__ = (
        "address",
        "asked_at",
        "carried_at",
        "heard_at",
        "is_detour",
        "is_nominated",
        "is_proven",
        "received",
        "secret",
        "sent",
        "since",
        "transaction_id",
        "ufrags",
    )

    def __init__(self, address: Address, now: float) -> None:
        self.address = address
        self.since = self.heard_at = now
        """When it was first heard; when anything authentic came last."""
        self.carried_at = _NEVER
        """When media came last; as long as it is unproven, what looks like the peer's."""
        self.asked_at = _NEVER
        """When the last check of ours went there."""
        self.is_proven = self.is_nominated = self.is_detour = False
        """It is a detour when it leads over TCP."""
        self.received = self.sent = 0
        """Bytes, as long as it is not proven."""
        self.transaction_id = b""
        """Of our check that is not answered, the same when it is repeated; empty without one."""
        self.secret = ""
        """The peer's password with which the answer has to be signed."""
        self.ufrags = "", ""
        """Ours and the peer's, in the last check from there."""

    def is_due(self, now: float) -> bool:
        """Whether the peer is to be asked to prove itself there, for the first time or again."""
        return not self.is_proven and now - self.asked_at >= PROBE_INTERVAL_S

    def may_take(self, size: int) -> bool:
        """Whether so many bytes may be sent there."""
        return self.is_proven or self.sent + size <= LIMIT * self.received


class Paths:
    """All of one link."""

    __slots__ = (
        "_knocked",
        "_probed_at",
        "_strayed_at",
        "_used_at",
        "gone",
        "in_use",
        "known",
        "sought",
        "speaks",
    )

    def __init__(self) -> None:
        self.known: dict[Address, Path] = {}
        self.in_use: Path | None = None
        """None as long as none is proven."""
        self.speaks: Path | None = None
        """By which one the peer does the handshake, as long as none is in use."""
        self.gone: list[Path] = []
        """Those that were forgotten, for whoever finds the link by them."""
        self.sought: tuple[int, ...] = ()
        """The SSRCs by which the link is looked for elsewhere, while its media does not come."""
        self._used_at = self._strayed_at = self._probed_at = _NEVER
        self._knocked: tuple[Address, int] = None, 0

    # what came

    def heard(self, address: Address, size: int, now: float) -> Path | None:
        """Note ``size`` bytes of the peer's from an address.

        :param now: seconds of the plane's clock, here and elsewhere.
        :returns: its path, perhaps a new one; None where there is no room for one.
        """
        path = self.known.get(address)
        if path is None and (path := self._admit(address, now)) is None:
            return None
        path.heard_at = now
        path.received += size
        return path

    def _admit(self, address: Address, now: float) -> Path | None:
        unproven = [path for path in self.known.values() if not path.is_proven]
        if len(unproven) >= MAX_UNPROVEN:
            oldest = min(unproven, key=lambda path: path.since)
            if now - oldest.since < UNPROVEN_S:
                return None
            self._forget(oldest)
        path = self.known[address] = Path(address, now)
        return path

    def strayed(self, path: Path, before: float, now: float) -> None:
        """Note media that came by a path which is not in use.

        :param before: when the link's media came last before.
        """
        self._keep_up(before)
        path.carried_at = path.heard_at = self._strayed_at = now

    def knocked(self, address: Address, size: int, cost: int, now: float) -> Path | None:
        """Note what looks like the link's media from an address that is not proven.

        :param size: its bytes; ``cost`` those of a check of ours.
        :returns: the path that is to be asked, when it is time for that.
        """
        path = self.known.get(address)
        if path is not None:
            path.carried_at = now
            path.received += size
        if now - self._probed_at < PROBE_INTERVAL_S:
            return None
        if path is None:
            known, came = self._knocked
            size += came if known == address else 0
            self._knocked = address, size
            if size < cost or (path := self._admit(address, now)) is None:
                return None
            path.received, path.carried_at = size, now
            self._knocked = None, 0
        self._probed_at = now
        return path

    # which one is used

    def nominate(self, path: Path, now: float) -> bool:
        """Take a nomination; True when the path is to be used now.

        Where a peer goes on nominating several, media decides: the path in use stays while it
        carries some.
        """
        repeats, path.is_nominated = path.is_nominated, True
        used = self.in_use
        if not path.is_proven or used is path or self._is_second_choice(path, now):
            return False
        return used is None or not (repeats and used.is_nominated and not self._is_silent(now))

    def _is_second_choice(self, path: Path, now: float) -> bool:
        """Whether somebody who is heard over UDP has tried TCP, too.

        Firefox nominates each pair that works; the one of the highest priority counts then (RFC
        5245 section 8.1.1.2), and that is UDP's for as long as it is alive.
        """
        used = self.in_use
        if used is None or used.is_detour or not path.is_detour:
            return False
        return now - used.heard_at < UDP_ALIVE_S

    def prove(self, path: Path, now: float) -> bool:
        """Note that the peer is there; True when the path is to be used now."""
        path.heard_at = now
        if path.is_proven:
            return False
        path.is_proven = True
        proven = [other for other in self.known.values() if other.is_proven]
        if len(proven) > MAX_PROVEN:
            others = (other for other in proven if other not in (path, self.in_use))
            self._forget(min(others, key=lambda other: other.heard_at))
        if self.in_use is None or self._carries_instead(path):
            return True
        return path.is_nominated and not self._is_second_choice(path, now)

    def use(self, path: Path, now: float) -> None:
        """Send there from now on."""
        self.in_use, self._used_at, self.speaks = path, now, None

    @property
    def has_no_choice(self) -> bool:
        """Whether there is the path in use and no other, as of most links."""
        return self.in_use is not None and len(self.known) == 1

    def lose(self, address: Address) -> Path:
        """Give an address up: it is somebody else's now."""
        path = self._drop(address)
        if self.in_use is path:
            self.in_use = None
        return path

    def look(self, media_at: float) -> Path | None:
        """Whether another path is to be used; to be called by the clock.

        :param media_at: when the link's media came last.
        """
        self._keep_up(media_at)
        used = self.in_use
        if used is None or self.has_no_choice:
            return None
        others = [path for path in self.known.values() if path.is_proven and path is not used]
        if not others:
            return None
        best = max(others, key=lambda path: path.carried_at)
        if self._carries_instead(best):
            return best
        best = max(others, key=lambda path: path.heard_at)
        silent_since = max(used.heard_at, self._used_at)
        return best if best.heard_at - silent_since >= UNANSWERED_S else None

    def forget_silent(self, now: float) -> None:
        """Forget those that are not in use and have been silent for long."""
        for path in list(self.known.values()):
            if path is not self.in_use and now - path.heard_at > FORGET_S:
                self._forget(path)

    def _forget(self, path: Path) -> None:
        self.gone.append(self._drop(path.address))

    def _drop(self, address: Address) -> Path:
        path = self.known.pop(address)
        if self.speaks is path:
            self.speaks = None
        return path

    def to_ask(self, now: float) -> list[Path]:
        """Those of which one wants to know now whether the peer is there."""
        used = self.in_use
        if self.has_no_choice:
            return []
        is_quiet = used is not None and now - used.heard_at >= ASK_AFTER_S
        return [path for path in self.known.values() if self._is_to_be_asked(path, is_quiet, now)]

    def _is_to_be_asked(self, path: Path, is_quiet: bool, now: float) -> bool:
        if path.is_proven:
            return is_quiet and now - path.asked_at >= ASK_INTERVAL_S
        return now - path.since < UNPROVEN_S and path.is_due(now)

    def is_lost(self, now: float) -> bool:
        """Whether media that came lately has ceased to come, so that it may come from elsewhere."""
        return self.in_use is not None and self._is_silent(now)

    def _is_silent(self, now: float) -> bool:
        return now - self._carried_at >= SILENT_S

    def _carries_instead(self, path: Path) -> bool:
        return path.carried_at - self._carried_at >= SILENT_S

    @property
    def _carried_at(self) -> float:
        """When the path in use carried something last, or became the one."""
        return max(self.in_use.carried_at, self._used_at) if self.in_use else self._used_at

    def _keep_up(self, media_at: float) -> None:
        """What came last came by the path in use, unless it was noted for another one."""
        used = self.in_use
        if used is not None and media_at > self._strayed_at:
            used.carried_at = media_at
            used.heard_at = max(used.heard_at, media_at)
