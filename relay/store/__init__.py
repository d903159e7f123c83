"""Where the waiting queue and the rooms live."""

from relay.store.interface import Counts, Entered, Room, Store, Waiter
from relay.store.memory import MemoryStore

__all__ = ["Counts", "Entered", "MemoryStore", "Room", "Store", "Waiter"]
