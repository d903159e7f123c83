"""How connections come in, before there is a request: everybody's, and nobody's yet.

- ``door``      takes connections, gives them to aiohttp, and ends those that say nothing
- ``listening`` reads the listening socket
- ``inherited`` those that the process was started with
- ``entrance``  between a connection and the protocol that it turns out to be for
- ``greeting``  what a connection is, by its first bytes
- ``clients``  who is here, who may come, and who goes first when there is no room: decisions only
- ``turned``    says in the log that some were turned away: not for each
- ``files``     how many descriptors there are, and for how many connections they do
"""

from relay.door.clients import DoorLimits, DoorTally
from relay.door.door import Door
from relay.door.entrance import MediaProtocol, ProtocolFactory

__all__ = ["Door", "DoorLimits", "DoorTally", "MediaProtocol", "ProtocolFactory"]
