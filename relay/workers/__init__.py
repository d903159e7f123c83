"""Media in processes of its own, so that every core is used and nobody's call waits for the front.

The front places each link on a *worker*, which has one UDP port, and talks with it over a Unix
socket in a directory that nobody else can enter. A worker goes on without its front for a minute,
in which another front may adopt it; one that dies is replaced, and its users are told to offer
again.

- ``plane``      the media plane that the front has: places links, and asks the workers
- ``homes``      where each user's link is, and whom the user is paired with: decisions only
- ``across``     pairs whose partner is at another node
- ``pictures``   pictures of users who have a partner at another node
- ``told``       what another node has to know of a user's link
- ``trunk_keys`` the trunks to other nodes' workers, and their keys
- ``register``   who is there, who is missing, and what all of them have counted
- ``crew``       starts workers, adopts them, replaces those that have died, stops them
- ``births``     the process that forks workers, so that they share memory, and how each ends
- ``colleague``  one worker as the front has it: requests, commands, events
- ``messages``   what the two say to each other, typed and versioned
- ``channel``    how it gets from one to the other
- ``directory``  where their sockets are, for nobody else
- ``desk``       the worker's end: carries out what the front asks for
- ``handing``    how a connection that carries media gets from the front to a worker
- ``main``       that process, and the worker's
"""

import relay.logs  # noqa: F401 - before structlog, see there
from relay.workers.crew import Crew
from relay.workers.directory import Directory, usual
from relay.workers.messages import Orders
from relay.workers.plane import WorkersPlane

__all__ = ["Crew", "Directory", "Orders", "WorkersPlane", "usual"]
