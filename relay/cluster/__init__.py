"""Many machines as one server: who the other nodes are, and what they say to each other.

A node is a front and its workers. Each speaks with each other one over a connection of their own,
so that calls go on whatever becomes of the store that they share.

- ``interface``     what a node can do with the others
- ``messages``      what they say to each other, typed
- ``secret``        keys that all of them derive from one secret
- ``trust``         TLS among those who have it, and nobody else
- ``wire``          one end of a connection: frames, and when it was last heard from
- ``arrivals``      who knocks at the port
- ``greeting``      whether who has connected is a node that this one speaks to
- ``conversation``  another node, as long as the connection to it lasts
- ``nodes``         all of them: listens, connects, notices who is lost
- ``lane``          commands to the Redis that they share
- ``leases``        who is there, as Redis has it
- ``expulsion``     that a server is to be no node any more
- ``refusals``      what is logged of those who are not let in, and how often
- ``figures``       all that in numbers
"""

from relay.cluster.interface import Cluster, Node

__all__ = ["Cluster", "Node"]
