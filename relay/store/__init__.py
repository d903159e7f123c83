"""Where the waiting queue and the rooms live."""

from relay.store.interface import Entered, Room, Store, Waiter
from relay.store.memory import MemoryStore

__all__ = ["Entered", "MemoryStore", "Room", "Store", "Waiter"]
