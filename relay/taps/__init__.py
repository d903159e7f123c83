"""What operators may look into, when they are allowed to: pictures, calls and packets.

- ``tap``        a bounded queue between the packets' way and whoever looks: it drops, never waits
- ``frames``     packets become whole encoded frames: put in order, repaired, the broken left out
- ``snapshot``   one picture of a track
- ``recording``  both sides of a room as WebM (``webm``, ``timeline``), without encoding again
- ``capture``    a link's packets as pcapng (``pcapng``)
- ``pump``       carries the pieces of a file to whoever reads it
- ``workshop``   a process of its own, in which files and pictures are made (``worker``)
- ``uses``       how many may look at once, and that each of them is written down (``audit``)

Nothing here is on a packet's way but :meth:`relay.taps.tap.PacketTap.take`.
"""
