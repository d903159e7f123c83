"""Users whose own media comes back to them for a while: when that begins, and when it ends."""

from relay.errors import ProtocolError
from relay.protocol.messages import EchoState
from relay.signaling.echo import ECHO_S
from relay.signaling.negotiation import Negotiation
from relay.signaling.session import Session


class Echoes:
    """Has the plane echo, as far as :class:`relay.signaling.echo.Echoing` allows it."""

    def __init__(self, negotiation: Negotiation) -> None:
        self._negotiation = negotiation

    def begin(self, session: Session, now: float) -> None:
        """Have a user's media come back to it for a while, or begin that time anew.

        :raises ProtocolError: ``wrong_state`` when there is no link.
        """
        link_id, echoing = session.link.link_id, session.echoing
        if link_id is None:
            raise ProtocolError("wrong_state", "there is no link")
        is_new = not echoing.is_on
        if wait_s := echoing.begin(link_id, now):
            session.fault(now, "rate_limited", "too many echoes", round(wait_s, 3))
            return
        if is_new:
            self._negotiation.echo(session, on=True)
        session.send(EchoState(on=True, seconds=ECHO_S))

    def end(self, session: Session) -> None:
        """End a user's echo, if it has one."""
        if session.echoing.is_on:
            session.echoing.end()
            self._negotiation.echo(session, on=False)
            session.send(EchoState(on=False))


def is_over(session: Session, now: float) -> bool:
    """Whether nobody listens to a user's echo any more, or there is nothing to hear."""
    if not session.echoing.is_on:
        return False
    return session.echoing.is_over(None if session.is_away else session.link.link_id, now)
