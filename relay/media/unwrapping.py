"""The route of sound whose sender has RED: it goes on as such, or as the Opus that is in it."""

from __future__ import annotations

from relay.media.negotiation.sdp import MediaTerms
from relay.media.outlet import Outlet
from relay.media.packets.red import Block, read, renumber, unpadded
from relay.media.packets.rtp import (
    HEADER,
    PADDING,
    PAYLOAD_TYPE,
    RTP_BITS,
    ExtensionMap,
    find_extension,
)
from relay.media.route import Route
from relay.media.stream import NOTHING_UNWRAPPED, Receiver, Unwrapped
from relay.media.verdict import GOES_ON, Verdict

_Missed = tuple[int, int, bytes]
"""What was in a later packet: number, by how much its timestamp is earlier, and payload."""


class RedRoute(Route):
    """RED (RFC 2198) and plain Opus have one SSRC and one numbering, and take turns as they like.

    What did not come and is in a packet that did, is asked for no more: a receiver with RED has it
    with that packet, and any other gets it as the packet that it was.
    """

    __slots__ = ("_opus", "_red_in", "_red_out", "unwrapped")

    def __init__(
        self,
        downlink: Receiver,
        outlet: Outlet,
        terms: tuple[MediaTerms, MediaTerms],
        extensions: ExtensionMap,
    ) -> None:
        """:param terms: the sender's and the receiver's; the sender has RED."""
        ours, theirs = terms
        if ours.red_payload_type is None:
            raise ValueError("the sender has no RED")
        self._opus = ours.payload_type, theirs.payload_type
        self._red_in, self._red_out = ours.red_payload_type, theirs.red_payload_type
        self.unwrapped = NOTHING_UNWRAPPED
        super().__init__(downlink, outlet, self._opus, extensions)

    def rewrite(
        self,
        view: memoryview,
        at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,
        now: float,
    ) -> Verdict:
        """See :meth:`Route.rewrite`; what is unwrapped becomes shorter."""
        first, second, number, rtp_ts, *rest = header
        if second & PAYLOAD_TYPE != self._red_in:
            self._turn_to(*self._opus)
            return super().rewrite(view, at, end, header, extended, now)
        _, _, payload_at = find_extension(view, at, end, first)
        opus_in, opus_out = self._opus
        blocks = read(view, payload_at, unpadded(view, end, first), opus_in)
        if not blocks:
            return Verdict.MALFORMED
        missed = self._missed(view, blocks, extended)
        if self._red_out is not None:
            self._turn_to(self._red_in, self._red_out)
            renumber(view, payload_at, len(blocks), opus_out)
            verdict = super().rewrite(view, at, end, header, extended, now)
            if verdict in GOES_ON:
                self._pass_over(missed, now)
            return verdict
        *_, (_, own_at, own_end) = blocks
        size = own_end - own_at
        view[payload_at : payload_at + size] = view[own_at:own_end]
        cut = end - payload_at - size
        self._turn_to(self._red_in, opus_out)
        header = first & ~PADDING, second, number, rtp_ts, *rest
        had_begun = self.numbers.begun
        verdict = super().rewrite(view, at, end - cut, header, extended, now)
        if verdict not in GOES_ON:
            return verdict
        if had_begun:  # else it was counted as short as it went out
            self._bytes_ahead -= cut
        self.unwrapped = Unwrapped(cut, verdict, *self._fills(missed, rtp_ts, now))
        return Verdict.UNWRAPPED

    def _turn_to(self, payload_type_in: int, payload_type_out: int) -> None:
        """Take packets of this type next."""
        self._payload_type_in = payload_type_in
        self._payload_type_change = payload_type_in ^ payload_type_out

    def _missed(self, view: memoryview, blocks: list[Block], extended: int) -> list[_Missed]:
        """What of a packet may fill gaps, oldest first."""
        gaps = self.gaps
        if gaps is None or len(blocks) < 2 or (extended <= self.sent + 1 and not len(gaps)):
            return []
        first = extended - len(blocks) + 1
        return [
            (number, block.earlier, bytes(view[block.at : block.end]))
            for number, block in enumerate(blocks[:-1], first)
            if block.earlier and block.end > block.at
        ]

    def _pass_over(self, missed: list[_Missed], now: float) -> None:
        """Close the gaps of what the receiver has with the packet itself."""
        gaps, source = self.gaps, self.source
        if gaps is not None and source is not None:
            source.repaired += sum(gaps.restored(number, now) for number, _, _ in missed)

    def _fills(
        self, missed: list[_Missed], rtp_ts: int, now: float
    ) -> tuple[tuple[bytes, ...], int]:
        """Close the gaps that can be filled, and that the receiver can pay for.

        The others stay open: the packet itself may still come.

        :returns: what fills them, and how many more would have been too much.
        """
        gaps, budget = self.gaps, self.downlink.repairs
        fills, over_budget = [], 0
        for each in missed:
            if gaps is None or each[0] not in gaps:
                continue
            if not budget.has_room(for_picture=False):
                over_budget += 1
                continue
            gaps.restored(each[0], now)
            packet = self._fill(each, rtp_ts)
            budget.owe(len(packet))
            self.repeated(len(packet))
            fills.append(packet)
        return tuple(fills), over_budget

    def _fill(self, missed: _Missed, rtp_ts: int) -> bytes:
        """A packet as it would have gone out.

        It has no header extensions: what was lost on the way up is told to the sender as lost.
        """
        number, earlier, payload = missed
        out = self.numbers.forward(number)
        stamp = rtp_ts - earlier + self.ts_offset & 0xFFFFFFFF
        return HEADER.pack(RTP_BITS, self._opus[1], out, stamp, self.ssrc) + payload
