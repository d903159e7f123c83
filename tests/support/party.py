"""A lobby with users and without sockets: each user says something and tells what it heard."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from relay.cluster import Cluster
from relay.evidence.freezer import Freezer
from relay.matching import MediaMode, State
from relay.plane import LinkState
from relay.protocol.messages import (
    AgainCode,
    ChatDelivery,
    ChatMessage,
    ChatReceived,
    Echo,
    EchoState,
    Error,
    FindPartner,
    IceCandidate,
    Invitation,
    Invite,
    MediaState,
    MeetAgain,
    Mode,
    ModeAsked,
    ModeChanged,
    ModeDeclined,
    Move,
    NextPartner,
    OfferAgain,
    PartnerConnection,
    PartnerFound,
    PicturePart,
    PictureReceived,
    PictureRefused,
    Pictures,
    Reaction,
    ReportOutcome,
    Resume,
    Resumed,
    ServerMessage,
    StopChat,
    Typing,
    UserMessage,
    WaitingForPartner,
    Warned,
    WebrtcAnswer,
    WebrtcOffer,
    parse_server,
)
from relay.safety import NOBODY, BanRules, Identity, Safety
from relay.safety.keyfile import Keyring
from relay.signaling.direct import Direct
from relay.signaling.effort import Effort
from relay.signaling.guard import Guard
from relay.signaling.limits import Limits
from relay.signaling.lobby import Lobby
from relay.signaling.mailbox import Item, SessionEnded
from relay.signaling.outbox import Outbox
from relay.signaling.relayed import Relayed
from relay.signaling.session import Session
from relay.signaling.sessions import Sessions, new_token
from relay.signaling.tracing import Meeting
from relay.store import MODES, Entered, Looked, MemoryStore, Room, Store, Waiter
from tests.support.evidence import KEY, Shelf
from tests.support.fake_plane import FakePlane
from tests.support.memory_records import MemoryRecords

T = TypeVar("T")
Hop = Callable[[str, str], Awaitable[None]]


class SlowStore:
    """A store whose every operation awaits ``hop`` before and after it takes effect.

    ``hop`` gets ``"before"`` or ``"after"`` and the operation's name; what it raises is what a
    remote store's failing connection would raise.
    """

    def __init__(self, hop: Hop) -> None:
        self.inner = MemoryStore()
        self._hop = hop

    async def enter(self, waiter: Waiter) -> Entered:
        return await self._slowly("enter", self.inner.enter(waiter))

    async def leave_queue(self, user_id: str) -> None:
        await self._slowly("leave_queue", self.inner.leave_queue(user_id))

    async def waiting(
        self, limit: int, *, apart: bool = False, mode: str = MODES[0]
    ) -> list[Waiter]:
        return await self._slowly("waiting", self.inner.waiting(limit, apart=apart, mode=mode))

    async def alike(self, like: Waiter, limit: int) -> list[Waiter]:
        return await self._slowly("alike", self.inner.alike(like, limit))

    async def look(self, waiter: Waiter, limit: int) -> Looked:
        return await MemoryStore.look(self, waiter, limit)  # type: ignore[arg-type]

    async def claim_first(self, rooms: Sequence[Room]) -> Room | None:
        for room in rooms:
            if await self._slowly("claim", self.inner.claim_first([room])):
                return room
        return None

    async def leave_room(self, user_id: str) -> Room | None:
        return await self._slowly("leave_room", self.inner.leave_room(user_id))

    async def leave(self, user_id: str) -> Room | None:
        return await MemoryStore.leave(self, user_id)  # type: ignore[arg-type]

    async def room_of(self, user_id: str) -> Room | None:
        return await self._slowly("room_of", self.inner.room_of(user_id))

    def _waiter(self, user_id: str) -> Waiter | None:
        return self.inner._waiter(user_id)

    async def _slowly(self, name: str, operation: Coroutine[Any, Any, T]) -> T:
        try:
            await self._hop("before", name)
        except BaseException:
            operation.close()
            raise
        result = await operation
        await self._hop("after", name)
        return result


EPOCH_S = 1_700_000_000.0
"""By which the day is ahead of the lobby's clock."""
KEYRING = Keyring(None, EPOCH_S)
"""One for all nodes."""


class User:
    """A user of the party."""

    def __init__(self, party: "Party", session: Session) -> None:
        self.party = party
        self.session = session
        self.name = session.user_id
        self.token = ""
        self.received = 0  # messages that have come in

    @property
    def state(self) -> State:
        return self.session.state

    @property
    def partner(self) -> str | None:
        call = self.session.call
        return call.partner_of(self.session).user_id if call else None

    def put(self, item: Item) -> None:
        """Add to what is to be handled, and go on."""
        self.session.inbox.put(item)

    async def say(self, message: UserMessage) -> list[str]:
        """Send a message, have everything handled that follows, and hear the answer."""
        self.put(message)
        await self.party.settle()
        return self.hear()

    async def stay(self, *interests: str) -> list[str]:
        """Search, having found no other server."""
        return await self.say(FindPartner(interests=list(interests), stay=True))

    def put_find(self, *interests: str) -> None:
        self.put(FindPartner(interests=list(interests)))

    async def invite(self) -> tuple[str, str]:
        """Its own code, and its guest's."""
        self.put(Invite())
        await self.party.settle()
        (invitation,) = taken(self.session.outbox)
        assert isinstance(invitation, Invitation)
        return invitation.code, invitation.guest_code

    async def find_by(self, code: str, *, mode: Mode = "video") -> list[str]:
        return await self.say(FindPartner(code=code, mode=mode))

    async def want_again(self, room_id: str | None = None) -> str | None:
        """Want to meet the partner again; the code, if there is one at once."""
        self.put(MeetAgain(room_id=room_id))
        await self.party.settle()
        return self.again_code()

    def again_code(self) -> str | None:
        found = [one.code for one in taken(self.session.outbox) if isinstance(one, AgainCode)]
        return found[0] if found else None

    async def find(self, *interests: str) -> list[str]:
        return await self.say(FindPartner(interests=list(interests)))

    async def offer(self, sdp: str = "my offer") -> list[str]:
        return await self.say(WebrtcOffer(sdp=sdp))

    async def answer(self, sdp: str = "my answer") -> list[str]:
        return await self.say(WebrtcAnswer(sdp=sdp))

    async def candidate(self) -> list[str]:
        return await self.say(IceCandidate())

    async def chat(self, text: str, chat_id: str | None = None) -> list[str]:
        return await self.say(ChatMessage(text=text, id=chat_id))

    async def show(self, chat_id: str) -> list[str]:
        return await self.say(ChatReceived(id=chat_id))

    async def agree(self, allowed: bool = True) -> list[str]:
        return await self.say(Pictures(allowed=allowed))

    async def show_part(
        self, part: int, parts: int, picture_id: str = "p", data: str = "/9j/"
    ) -> list[str]:
        return await self.say(PicturePart(id=picture_id, part=part, parts=parts, data=data))

    async def has_part(self, part: int, picture_id: str = "p") -> list[str]:
        return await self.say(PictureReceived(id=picture_id, part=part))

    async def type(self, active: bool = True) -> list[str]:
        return await self.say(Typing(active=active))

    async def turn(self, *, audio: bool, video: bool) -> list[str]:
        return await self.say(MediaState(audio=audio, video=video))

    def put_echo(self) -> None:
        self.put(Echo(on=True))

    async def echo(self, *, on: bool = True) -> list[str]:
        return await self.say(Echo(on=on))

    async def next(self, *interests: str) -> list[str]:
        return await self.say(NextPartner(interests=list(interests) or None))

    async def stop(self) -> list[str]:
        return await self.say(StopChat())

    async def vanish(self) -> None:
        self.put(SessionEnded())
        await self.party.settle()

    async def lose_socket(self, goodbye: int | None = None) -> None:
        self.party.sessions.lose(self.session, goodbye, self.party.now)
        await self.party.settle()

    async def come_back(self, *, token: str | None = None, lost: int = 0) -> list[str]:
        """Resume, and hear what came of it.

        :param lost: so many of the last messages that were sent have not come in.
        """
        self.received -= lost
        self.resume(token=token)
        await self.party.settle()
        return self.hear()

    def resume(self, *, token: str | None = None) -> Resumed | None:
        """Resume, and hear nothing yet."""
        message = Resume(resume_token=token or self.token, received=self.received)
        party = self.party
        found = party.sessions.resume(
            message, party.now, source="", is_local=False, effort=Effort()
        )
        if found is None:
            return None
        assert found[0] is self.session
        self.token = found[1].resume_token
        return found[1]

    async def come_up(self) -> list[str]:
        self.party.plane.come_up(self.name)
        await self.party.settle()
        return self.hear()

    async def lose_link(self, reason: str) -> list[str]:
        self.party.plane.lose(self.name, reason)
        await self.party.settle()
        return self.hear()

    @property
    def link(self) -> LinkState:
        return self.party.plane.link_state(self.name)

    def hear(self) -> list[str]:
        """What has been sent to the user since the last time, in short."""
        if self.session.is_away:
            return []
        messages = taken(self.session.outbox)
        self.received += len(messages)
        return [_short(message) for message in messages]


class Party:
    """The lobby and all around it, on a clock that only tests move."""

    def __init__(
        self,
        *,
        store: Store | None = None,
        media_mode: MediaMode = "relay",
        limits: Limits | None = None,
        keeps_evidence: bool = False,
        cluster: Cluster | None = None,
        looking_elsewhere: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self.limits = limits or Limits()
        self.records = MemoryRecords()
        self.safety = Safety(self.records, BanRules(), lambda: EPOCH_S + self.now)
        self.plane = FakePlane()
        self.store = store or MemoryStore()
        self.now = 1000.0
        self.users: dict[str, User] = {}
        self._names: set[str] = set()  # of all who have ever come
        negotiation = Relayed(self.plane) if media_mode == "relay" else Direct()
        self.evidence = Shelf()
        self.freezer = Freezer(
            self.plane,
            self.evidence,
            KEY,
            30,
            looks_s=(0.0,),
            glances_s=(),
            clock=self.safety.clock,
        )
        self.plane.keep(on=keeps_evidence)
        self.meetings: list[Meeting] = []
        """That were told to whoever traces them."""
        self.lobby = Lobby(
            self.store,
            negotiation,
            media_mode,
            self.limits,
            self.safety,
            self.freezer if keeps_evidence else None,
            cluster,
            lambda: self.now,
            lambda: sum(len(other.users) for other in self.neighbours),
            looking_elsewhere,
            KEYRING,
            self.meetings.append,
        )
        self.guard = Guard(self.safety, self.lobby, start_blurred=False)
        self.sessions = Sessions(self.limits, self.lobby.tally)
        self.plane.subscribe(self.lobby.media_event)
        self.neighbours: list[Party] = []
        """Those on other nodes, where things may follow from what happens here."""
        self._busy = 0

    def come(
        self,
        name: str,
        *,
        can_resume: bool = False,
        can_move: bool = False,
        source: str = "",
        identity: Identity = NOBODY,
    ) -> User:
        """Let a user in."""
        session = Session(
            name,
            self.limits,
            since_s=self.now,
            tally=self.lobby.tally,
            is_local=False,
            source=source,
            identity=identity,
            can_resume=can_resume,
            can_move=can_move,
        )
        self.lobby.join(session)
        self._names.add(name)
        user = self.users[name] = User(self, session)
        user.token = new_token() if can_resume else ""
        self.sessions.come(session, user.token or None, self.now)
        return user

    async def pair(
        self,
        first: str,
        second: str,
        *,
        can_resume: bool = False,
        can_move: bool = False,
        known: bool = False,
    ) -> tuple[User, User]:
        """Two who have just met, with their links up; nothing unheard.

        :param known: whether they are visitors with a cookie.
        """
        users = [
            self.come(
                name,
                can_resume=can_resume,
                can_move=can_move,
                identity=Identity(name if known else ""),
            )
            for name in (first, second)
        ]
        for user in users:
            await user.offer()
            await user.come_up()
            await user.find()
        for user in users:
            user.hear()
        assert users[0].partner == second
        return users[0], users[1]

    async def waiting(self) -> int:
        """How many the store has in its queue."""
        many, store = len(self._names), self._fast_store
        queues = [(apart, mode) for apart in (False, True) for mode in MODES]
        found = [await store.waiting(many, apart=apart, mode=mode) for apart, mode in queues]
        return sum(map(len, found))

    async def rooms(self) -> int:
        """How many rooms the store has of anybody who has ever come."""
        rooms = [await self._fast_store.room_of(name) for name in self._names]
        return len({room.room_id for room in rooms if room is not None})

    @property
    def _fast_store(self) -> Store:
        return self.store.inner if isinstance(self.store, SlowStore) else self.store

    async def settle(self) -> None:
        """Handle all there is, one user after the other, until nothing is left."""
        while (user := self._next_anywhere()) is not None:
            await user.party._handle(user)

    async def pass_time(self, seconds: float) -> None:
        """Let the clock go on, second by second, and tick."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(self.now + 1, until)
            self.tick()
            await self.settle()

    async def background(self) -> None:
        """Wait until nothing is under way that nobody waits for."""
        await until(lambda: not self.safety._tasks)

    def tick(self) -> None:
        self.lobby.tick(self.now)
        self.sessions.tick(self.now)

    async def work(self, user: User) -> None:
        """Handle what comes for a user until it vanishes, at the same time as others."""
        while not await self._handle(user):
            pass

    async def quiet(self) -> None:
        """Wait until all workers have nothing left to do."""
        await until(lambda: not self._busy and self._next() is None)

    def _next_anywhere(self) -> User | None:
        users = (party._next() for party in (self, *self.neighbours))
        return next((user for user in users if user is not None), None)

    def _next(self) -> User | None:
        return next((u for u in self.users.values() if not u.session.inbox._items.empty()), None)

    async def _handle(self, user: User) -> bool:
        item = await user.session.inbox.get()
        self._busy += 1
        await self.lobby.handle(user.session, item, self.now)
        self._busy -= 1
        if isinstance(item, SessionEnded):
            del self.users[user.name]
            return True
        return False


def taken(outbox: Outbox) -> list[ServerMessage]:
    """What waits to be sent to a client, as if it were read at once."""
    messages: list[ServerMessage] = []
    while True:
        reading = outbox.line.get()
        try:
            reading.send(None)
        except StopIteration as read:
            if read.value is None:
                return messages
            messages.append(parse_server(read.value.decode()))
        else:  # it waits
            reading.close()
            return messages


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks go on, step by step, until something is so."""
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


def _short(message: ServerMessage) -> str:  # noqa: PLR0912 - a table
    match message:
        case PartnerFound():
            shared = "".join(f", {text}" for text in message.shared_interests)
            code = ", by code" if message.by_code else ""
            return f"partner_found, {'' if message.is_initiator else 'not '}initiator{shared}{code}"
        case WebrtcOffer() | WebrtcAnswer():
            return f"{message.type}: {message.sdp}"
        case ChatDelivery():
            return f"chat_message: {message.text}"
        case ChatReceived():
            return f"chat_received: {message.id}"
        case Typing():
            return f"typing: {'on' if message.active else 'off'}"
        case MediaState():
            audio, video = ("on" if on else "off" for on in (message.audio, message.video))
            return f"media_state: audio {audio}, video {video}"
        case Pictures():
            return f"pictures: {'yes' if message.allowed else 'no'}"
        case PicturePart():
            return f"picture_part: {message.id}, {message.part} of {message.parts}"
        case PictureReceived():
            return f"picture_received: {message.id}, {message.part}"
        case PictureRefused():
            return f"picture_refused: {message.id}"
        case Reaction():
            return f"reaction: {message.name}"
        case PartnerConnection():
            return f"partner_connection: {'interrupted' if message.interrupted else 'back'}"
        case WaitingForPartner(slowed_for=float(slowed_for)):
            return f"waiting_for_partner, slowed for {slowed_for:g}"
        case EchoState():
            return f"echo: {'on' if message.on else 'off'}"
        case ReportOutcome() | Warned():
            what = message.outcome if isinstance(message, ReportOutcome) else message.reason
            return f"{message.type}: {what}"
        case ModeAsked() | ModeChanged() | ModeDeclined():
            return f"{message.type}: {message.mode}"
        case Move(within=float(within)):
            return f"move, within {within:g} s"
        case OfferAgain():
            return f"offer_again: {message.reason}"
        case Error():
            return f"error: {message.code}" + (f", chat {message.id}" if message.id else "")
        case _:
            return message.type
