"""What a session has to handle."""

from relay.protocol.messages import FindPartner, StopChat
from relay.signaling.mailbox import Inbox, SessionEnded, TimePassed


async def test_an_inbox_takes_so_many_messages_but_always_its_own_items() -> None:
    inbox = Inbox(max_unhandled=1)
    assert inbox.put_message(FindPartner())
    assert not inbox.put_message(StopChat())
    inbox.put(TimePassed())
    assert await inbox.get() == FindPartner()
    assert await inbox.get() == TimePassed()


async def test_what_is_cleared_is_not_handled() -> None:
    inbox = Inbox(max_unhandled=1)
    inbox.put_message(FindPartner())
    inbox.put(TimePassed())
    inbox.clear()
    inbox.put(SessionEnded())
    assert await inbox.get() == SessionEnded()


async def test_that_time_has_passed_waits_once_at_most() -> None:
    inbox = Inbox(max_unhandled=1)
    for _ in range(2):
        inbox.put(TimePassed())
        inbox.put(TimePassed())
        inbox.put(SessionEnded())
        assert await inbox.get() == TimePassed()
        assert await inbox.get() == SessionEnded()
    inbox.put(TimePassed())
    inbox.clear()
    inbox.put(TimePassed())
    assert await inbox.get() == TimePassed()
