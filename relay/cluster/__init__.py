"""Many machines as one server: who the other nodes are, and what they say to each other.

A node is a front and its workers. Each speaks with each other one over a connection of their own,
so that calls go on whatever becomes of the store that they share.

- ``interface``  what a node can do with the others
- ``messages``   what they say to each other, typed
- ``lane``       commands to the Redis that they share
"""

from relay.cluster.interface import Cluster, Node

__all__ = ["Cluster", "Node"]
