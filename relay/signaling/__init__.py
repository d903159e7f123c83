"""Users and their WebSockets: the gateway, the session and the lobby.

In the order in which a message comes through:

- ``gateway``      puts the parts together, and does what operators order
- ``sockets``      takes a socket; ``reception`` decides whom to let in, ``origin`` from which
                   pages; ``locality`` says from where somebody comes, and ``returning`` what
                   somebody says first who comes back
- ``wire``         one socket: what is heard by it, paid for, and what is told
- ``lines``        what one is at another node than its session: frames go over a line
- ``connection``   serves a session with one of them: frame to message and back
- ``mailbox``      what waits to be handled, bounded; ``handling`` has a task for each session
- ``lobby``        what a message means; ``news`` tells those who wait how many are there,
                   ``around`` tells whoever has not begun what others look for, and
                   ``views`` are what operators are shown
- ``meetings``     searching, meeting and parting; ``turns`` says who searches again, and
                   ``calls`` keeps the two of each call in step
- ``failures``     links that fail: why, and what becomes of their users; ``echoes`` has users' own
                   media come back to them
- ``trysts``       users who know each other: invitations, and two who want to meet again
- ``abroad``       rooms with a user on another node
- ``reporting``    a user reports or blocks a partner; ``guard`` keeps out who is banned, and tells
                   users what was decided
- ``showing``      pictures between the two of a call
- ``tracing``      how the two of a room came to see each other, for whoever traces that
- ``moving``       who is moved to another server, when this one is about to go
- ``negotiation``  what a media mode has to do; the modes are ``relayed`` and ``direct``

And what these work on:

- ``session``      one user
- ``guest``        a partner on another node, as far as it is known here
- ``sessions``     all of them: whose socket is lost, for how long, and what lets one come back
- ``outbox``       what waits to be sent to one, and what was sent last: bounded
- ``effort``       what its descriptions cost, and what is left for them
- ``expectation``  what is expected of its link: a table of states
- ``diagnosis``    why its link does not come up: a table of causes
- ``modes``        in which mode the two of a call talk, and how they agree on another
- ``talk``         what it says to its partner besides media
- ``pictures``     whether it exchanges pictures with its partner, and the one under way
- ``echo``         whether its own media comes back to it, and how often it may
- ``limits``       how much of anything a user may have
- ``tally``        what is counted
"""

from relay.signaling.gateway import Gateway
from relay.signaling.limits import FRAME_BYTES_PER_MESSAGE, Limits
from relay.signaling.tracing import Meeting
from relay.signaling.views import RoomView, UserView

__all__ = ["FRAME_BYTES_PER_MESSAGE", "Gateway", "Limits", "Meeting", "RoomView", "UserView"]
