"""A user and its partner exchange pictures: what is passed on of that, and what is refused."""

from __future__ import annotations

from time import time

from relay.protocol.messages import Error, PicturePart, PictureReceived, PictureRefused, Pictures
from relay.signaling.pictures import NOT_KEPT
from relay.signaling.session import Call, Session

Showing = Pictures | PicturePart | PictureReceived | PictureRefused


def show(session: Session, showing: Showing, now: float) -> None:
    """Tell the partner, if there is one: what is agreed, a part of a picture, or that it has come.

    :raises ProtocolError: ``bad_message`` when it is not the part that comes now, or no JPEG.
    """
    if session.call is None:
        return
    partner = session.call.partner_of(session)
    match showing:
        case Pictures(allowed=allowed):
            is_news = session.talk.exchange.turn(allows=allowed)
            if is_news or (partner.takes_pictures and not allowed):  # a no is an answer, too
                partner.send(showing)
        case PicturePart():
            _show_part(session, showing, session.call, now)
        # These two answer what was sent, each part once: a slow partner has room for them.
        case PictureReceived(id=id_, part=part) if partner.part_arrived(id_, part):
            partner.send(showing)
        case PictureRefused(id=id_) if partner.was_refused(id_):
            partner.send(showing)


def _show_part(session: Session, part: PicturePart, call: Call, now: float) -> None:
    partner = call.partner_of(session)
    if not (session.takes_pictures and partner.takes_pictures):
        text = "you have not both agreed to exchange pictures"
        session.send(Error(code="pictures_not_agreed", message=text, id=part.id))
    elif session.may_say(partner, part.id):
        if wait_s := session.talk.exchange.wait_s(part, now):
            session.slow_down("too many pictures", wait_s, part.id)
        else:
            note_part(part, call, session.user_id)
            partner.send(part)


def note_part(part: PicturePart, call: Call, user_id: str) -> None:
    """With its last part a user's picture is something that it has said."""
    if call.chat is not None and part.part == part.parts - 1:
        call.chat.add(user_id, NOT_KEPT, time(), part.id)
