"""Where the waiting queue and the rooms live.

- ``interface``  what a store can do, whatever it is made of
- ``memory``     the one that keeps all in this process
"""

from relay.store.interface import Entered, Room, Store, Waiter
from relay.store.memory import MemoryStore

__all__ = ["Entered", "MemoryStore", "Room", "Store", "Waiter"]
