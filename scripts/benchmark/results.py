"""Everything that a run of the bench found out, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from anatomy import Part
from forwarding import Forwarding, Row, row_of
from matching import Matching
from memory import Footprint
from servers import FLOOR, JANUS, RELAY, STOCK
from times import Times


@dataclass(slots=True)
class Results:
    """Everything that a run found out."""

    poll_idle: bool = False
    """Whether the machine's idle cores polled all the time, for all servers."""
    forwarding: Forwarding = field(default_factory=Forwarding)
    memory: list[Footprint] = field(default_factory=list)
    times: list[Times] = field(default_factory=list)
    matching: list[Matching] = field(default_factory=list)
    anatomy: list[Part] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # sections, and why

    def servers(self) -> list[str]:
        """The servers that carried calls."""
        return list(
            dict.fromkeys(row.server for row in self.forwarding.rows if row.load == "calls")
        )

    def ratios(self, row: Row) -> dict[str, float]:
        """CPU per packet over that of others under the same load; per pair for stock aiortc."""
        found = {}
        for name in (FLOOR, JANUS):
            other = row_of(self.forwarding.rows, name, row.load, row.pairs)
            if other is not None and row.server == RELAY:
                found[name] = row.cpu_us_per_packet / other.cpu_us_per_packet
        stock = row_of(self.forwarding.rows, STOCK, row.load, row.pairs)
        if stock is not None and row.server == RELAY:
            found[STOCK] = row.cpu_percent / stock.cpu_percent
        return found

    def pairs_per_core(self, server: str) -> str:
        """The largest number of pairs that held, and whether more were tried."""
        rows = [r for r in self.forwarding.rows if (r.server, r.load) == (server, "calls")]
        if server == STOCK and rows:
            return f"{int(100 / rows[0].cpu_percent)} (from {rows[0].cpu_percent:.0f} % for one)"
        most = max((row.pairs for row in rows if row.holds), default=0)
        beyond = next((row for row in rows if row.pairs > most), None)
        if beyond is None:
            return f"{most} or more"
        return f"{most}, not {beyond.pairs}{' (in doubt)' if beyond.doubt else ''}"
