"""A tap that keeps all it is shown."""

from dataclasses import dataclass, field

from relay.plane import TappedPacket


@dataclass
class Onlooker:
    """What passed, and what it was told."""

    packets: list[TappedPacket] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def take(self, packet: TappedPacket) -> None:
        self.packets.append(packet)

    def parted(self) -> None:
        self.told.append("parted")

    def link_closed(self) -> None:
        self.told.append("link_closed")
