"""Who is paired with whom: a user here with another one here, or with one of another plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from relay.media.bridgehead import Bridgehead
from relay.media.card import Card
from relay.media.crossing import Crossing
from relay.media.far import Far
from relay.media.flow import Flow
from relay.media.forwarder import Forwarder
from relay.media.keeping import Keeping
from relay.media.link import Link
from relay.media.negotiation.description import USUAL_WISHES
from relay.media.negotiation.sdp import Wishes
from relay.media.paths.transport import DatagramSocket
from relay.media.paths.trunk import Place, Trunk
from relay.media.tapping import Tapping
from relay.plane import Direction, LinkState


class Pairs:
    """The pairs of a plane, which may be made before its links are up."""

    def __init__(
        self, links: Mapping[str, Link], tapping: Tapping, clock: Callable[[], float]
    ) -> None:
        """Build it; before :meth:`begin` no link can be up.

        :param links: the plane's, by their users.
        :param clock: the plane's clock, in seconds.
        """
        self.partner_of: dict[str, str] = {}
        """By each user here who has a partner."""
        self.keeping = Keeping()
        self._links, self._tapping, self._clock = links, tapping, clock
        self._forwarder: Forwarder | None = None
        self._bridgehead: Bridgehead | None = None

    def begin(self, socket: DatagramSocket, forwarder: Forwarder) -> None:
        """Have those who are paired connected from now on."""
        self._forwarder = forwarder
        self._bridgehead = Bridgehead(socket, forwarder, self._links, self._clock)

    def end(self) -> None:
        """Part everybody, and take the bridges down."""
        for user_id in list(self.partner_of):
            self.unpair(user_id)
        self.elsewhere.close()
        self._forwarder = self._bridgehead = None

    @property
    def elsewhere(self) -> Bridgehead:
        """The ways to other planes."""
        if self._bridgehead is None:
            raise RuntimeError("the media plane is not started")
        return self._bridgehead

    def pair(self, a: str, b: str) -> None:
        """See :class:`relay.plane.Links`; one who is paired with itself has one flow."""
        self.unpair(a)
        self.unpair(b)
        self.partner_of[a], self.partner_of[b] = b, a
        self.connect(a)

    def pair_far(self, user_id: str, card: Card, number: int, peer: int, node: str = "") -> None:
        """See :meth:`relay.media.plane.RelayPlane.pair_far`."""
        elsewhere = self.elsewhere
        former = self._far(user_id)
        if former is None or former.number != number:
            self.unpair(user_id)
        if (other := elsewhere.far(number)) is not None and other.near_id != user_id:
            self.unpair(other.near_id)  # nobody has said that the two have parted
        far = elsewhere.meet(user_id, card, number, peer, node)
        self.partner_of[user_id] = far.user_id
        if far is not former:
            self.connect(user_id)
        elif user_id in self._links:
            for flow in self._links[user_id].flows:
                flow.renew()

    def open_trunk(self, node: str, worker: int, near: Place, far: Place) -> None:
        """Have a way to a worker of another node, once each has told the other its key.

        :param near: where what is for this plane comes to over it, and goes out from.
        :param far: the same of the other worker.
        """
        self.elsewhere.open_trunk(node, worker, near, far)

    @property
    def is_quiet(self) -> bool:
        """Whether time changes nothing here: nobody is elsewhere, and no picture is kept."""
        elsewhere = self._bridgehead
        return (elsewhere is None or elsewhere.is_quiet) and self.keeping.is_empty

    def trunk(self, node: str, worker: int) -> Trunk | None:
        """The way to a worker of another node."""
        return self.elsewhere.trunks.get(node, worker)

    def close_trunks(self, node: str | None = None) -> None:
        """Take down the trunks to a node, or all, and part those who were paired over them."""
        for trunk in self.elsewhere.trunks.to(node):
            for far in self.elsewhere.over(trunk):
                self.unpair(far.near_id)
        self.elsewhere.trunks.close(node)

    def has_trunk(self, user_id: str) -> bool:
        """Whether the user's partner is at another node."""
        far = self._far(user_id)
        return far is not None and isinstance(far.bridge, Trunk)

    def unpair(self, user_id: str) -> None:
        """See :class:`relay.plane.Links`; of a partner elsewhere nothing is known any more."""
        partner = self.partner_of.pop(user_id, None)
        if partner is None:
            return
        if self._far(user_id) is not None:
            self.elsewhere.part(user_id)
        elif self.partner_of.get(partner) == user_id:
            del self.partner_of[partner]
        if user_id in self._links:
            self._links[user_id].end_flows()
        self._tapping.parted({user_id, partner})
        self.keeping.parted({user_id, partner}, self._clock())

    def connect(self, user_id: str) -> None:
        """Build both flows of a pair once both links are up; the one here, if one is elsewhere."""
        a, far = self._links.get(user_id), self._far(user_id)
        b = far or self._links.get(self.partner_of.get(user_id, ""))
        if a is None or b is None or a.state is not LinkState.UP or self._forwarder is None:
            return
        now = self._clock()
        if isinstance(b, Far):
            b.cross(a)
            ways: tuple[tuple[Link | Far, Link], ...] = ((b, a),)
        elif b.state is LinkState.UP:
            ways = ((a, b),) if a is b else ((a, b), (b, a))
        else:
            return
        for sender, receiver in ways:
            self.keeping.equip(sender, receiver.user_id)
            flow = Flow(sender.uplink, receiver.downlink)
            if flow.video is not None:
                self._forwarder.keyframes.request(sender.downlink, flow.video, now)

    def keep(self, *, on: bool) -> None:
        """See :class:`relay.plane.Keeping`."""
        self.keeping.turn([*self._links.values(), *self.fars.values()], on=on)

    def tick(self, now: float) -> None:
        """Forget pictures that are due, and ask for those that are wanted.

        :param now: seconds of the plane's clock.
        """
        for user_id in self.keeping.tick(now):
            partner = self.partner_of.get(user_id)
            if partner is None:  # it is elsewhere, and its partner here
                partner = next((a for a, b in self.partner_of.items() if b == user_id), "")
            self.request_keyframe(partner, Direction.DOWN)

    def wishes(self, user_id: str) -> Wishes:
        """How the user's partner wishes to have its sound."""
        partner = self._far(user_id) or self._links.get(self.partner_of.get(user_id, ""))
        terms = None if partner is None else partner.terms
        return USUAL_WISHES if terms is None else terms.wishes or USUAL_WISHES

    def request_keyframe(self, user_id: str, direction: Direction) -> None:
        """See :class:`relay.plane.Taps`."""
        link, forwarder = self._links.get(user_id), self._forwarder
        if link is None or link.uplink.flow is None or link.downlink.flow is None:
            return
        if forwarder is None:
            return
        now, sent, received = self._clock(), link.uplink.flow, link.downlink.flow
        if isinstance(sent, Crossing) and direction is Direction.UP:
            if sent.keyframe_due(now):
                forwarder.keyframes.ask(link)
        elif direction is Direction.UP and sent.video is not None:
            forwarder.keyframes.request(link.downlink, sent.video, now)
        elif direction is Direction.DOWN and received.video is not None:
            forwarder.keyframes.request(sent.downlink, received.video, now)

    @property
    def fars(self) -> dict[str, Far]:
        """The partners whose links are on other planes, by their ids."""
        return {} if self._bridgehead is None else self._bridgehead.fars

    def _far(self, user_id: str) -> Far | None:
        """The user's partner, if its link is on another plane."""
        return None if self._bridgehead is None else self._bridgehead.partner_of(user_id)
