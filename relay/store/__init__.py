"""Where the waiting queue and the rooms live.

- ``interface``  what a store can do, whatever it is made of
- ``memory``     the one that keeps all in this process
- ``redis``      the one that nodes share
- ``scripts``    its steps, as Redis takes them
- ``written``    waiters and rooms as text
- ``times``      this process's clock and Redis'
- ``shared``     the shared one while it is there, else one in memory
"""

from relay.store.interface import MODES, Entered, Looked, Room, Store, Tryst, Waiter
from relay.store.memory import MemoryStore

__all__ = ["MODES", "Entered", "Looked", "MemoryStore", "Room", "Store", "Tryst", "Waiter"]
