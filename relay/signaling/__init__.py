"""A WebSocket is a user: the gateway, the session and the lobby.

The way of a message: ``gateway`` (lets a socket in) -> ``connection`` (frame to message, one task
each for reading, handling and writing) -> ``lobby`` (what it means) -> ``meetings`` (searching and
parting) and, for media, ``relayed`` or ``direct`` (the two media modes).
"""

from relay.signaling.gateway import Gateway
from relay.signaling.limits import Limits
from relay.signaling.lobby import RoomView, UserView

__all__ = ["Gateway", "Limits", "RoomView", "UserView"]
