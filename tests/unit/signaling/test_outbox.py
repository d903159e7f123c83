"""What is on its way to a client."""

import asyncio

from relay.protocol.messages import ChatDelivery, MediaState, PartnerLeft, Typing
from relay.signaling.outbox import CLOSE_REPLACED, CLOSE_TRY_AGAIN, Closing, Outbox

LEFT = b'{"type": "partner_left"}'


async def test_what_is_put_out_comes_in_order_and_then_the_end() -> None:
    outbox = Outbox(max_unsent=2, max_unsent_bytes=1000)
    outbox.put(PartnerLeft())
    outbox.close(1001, "going")
    outbox.put(PartnerLeft())
    outbox.close(1008, "too late")
    assert await outbox.line.get() == LEFT
    assert await outbox.line.get() is None
    assert outbox.closing == Closing(1001, "going")
    await outbox.line.closed()


async def test_who_waits_for_a_message_gets_it() -> None:
    outbox = Outbox(max_unsent=2, max_unsent_bytes=1000)
    waiting = asyncio.create_task(outbox.line.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.put(PartnerLeft())
    assert await waiting == LEFT


async def test_an_outbox_that_overflows_is_closed() -> None:
    outbox = Outbox(max_unsent=2, max_unsent_bytes=1000)
    for _ in range(3):
        outbox.put(PartnerLeft())
    assert outbox.closing == Closing(CLOSE_TRY_AGAIN, "too slow")
    assert await outbox.line.get() is None


async def test_an_outbox_is_bounded_by_bytes_as_well() -> None:
    outbox = Outbox(max_unsent=100, max_unsent_bytes=2 * len(LEFT))
    outbox.put(PartnerLeft())
    outbox.put(PartnerLeft())
    assert outbox.unsent_bytes == 2 * len(LEFT)
    assert await outbox.line.get() == LEFT
    assert outbox.unsent_bytes == len(LEFT)
    outbox.put(PartnerLeft())
    assert outbox.closing is None
    outbox.put(PartnerLeft())
    assert outbox.closing == Closing(CLOSE_TRY_AGAIN, "too slow")
    assert outbox.unsent_bytes == 0


def test_what_waits_is_counted_as_it_goes_out() -> None:
    outbox = Outbox(max_unsent=100, max_unsent_bytes=100_000)
    outbox.put(ChatDelivery(text="🙂" * 2000, id="1", sent_at=0))
    assert 8000 < outbox.unsent_bytes < 8100


async def test_of_two_states_that_wait_the_last_is_enough() -> None:
    outbox = Outbox(max_unsent=2, max_unsent_bytes=1000)
    for number in range(99):
        outbox.put(MediaState(audio=number % 2 == 0, video=True))
    outbox.put(PartnerLeft())
    assert await outbox.line.get() == b'{"type": "media_state", "audio": true, "video": true}'
    outbox.put(MediaState(audio=False, video=True))
    assert await outbox.line.get() == LEFT
    assert await outbox.line.get() == b'{"type": "media_state", "audio": false, "video": true}'
    assert outbox.unsent_bytes == 0


async def test_of_two_words_about_writing_that_wait_the_last_is_enough() -> None:
    outbox = Outbox(max_unsent=3, max_unsent_bytes=1000)
    for number in range(99):
        outbox.put(Typing(active=number % 2 == 0))
        outbox.put(MediaState(audio=number % 2 == 1, video=True))
    assert len(outbox) == 2
    outbox.put(PartnerLeft())
    assert await read(outbox, 3) == [
        b'{"type": "typing", "active": true}',
        b'{"type": "media_state", "audio": false, "video": true}',
        LEFT,
    ]
    assert outbox.unsent_bytes == 0


# Another socket


async def read(outbox: Outbox, count: int) -> list[bytes | None]:
    return [await outbox.line.get() for _ in range(count)]


def chats(first: int, last: int) -> list[bytes]:
    return [frame(number) for number in range(first, last + 1)]


def chat(number: int) -> ChatDelivery:
    return ChatDelivery(text="x", id=str(number), sent_at=0)


def frame(number: int) -> bytes:
    return chat(number).encode().encode()


def filled(count: int, max_kept_bytes: int = 10_000) -> Outbox:
    outbox = Outbox(max_unsent=100, max_unsent_bytes=10_000, max_kept_bytes=max_kept_bytes)
    for number in range(1, count + 1):
        outbox.put(chat(number))
    return outbox


async def test_another_socket_gets_what_did_not_arrive_and_what_waits() -> None:
    outbox = filled(6)
    await read(outbox, 4)
    outbox.let_go()
    outbox.put(chat(7))
    assert outbox.go_on(2) == 5
    assert await read(outbox, 5) == chats(3, 7)


async def test_it_may_be_lost_again_and_again_in_the_midst_of_it() -> None:
    outbox = filled(6)
    await read(outbox, 5)
    assert outbox.go_on(1) == 5
    assert await read(outbox, 2) == chats(2, 3)
    assert outbox.go_on(2) == 4
    assert await read(outbox, 1) == chats(3, 3)
    assert outbox.go_on(0) == 6
    assert await read(outbox, 6) == chats(1, 6)
    assert outbox.go_on(6) == 0


async def test_only_the_last_ones_are_kept() -> None:
    outbox = filled(9, max_kept_bytes=3 * len(frame(1)))
    await read(outbox, 9)
    assert [number for number in range(-1, 12) if outbox.has_after(number)] == [6, 7, 8, 9]
    assert outbox.go_on(6) == 3
    assert await read(outbox, 3) == chats(7, 9)
    assert outbox.has_after(6)


async def test_the_last_one_is_kept_however_long_it_is() -> None:
    outbox = filled(3, max_kept_bytes=1)
    await read(outbox, 3)
    assert outbox.has_after(2)
    assert not outbox.has_after(1)


async def test_for_who_cannot_resume_nothing_is_kept() -> None:
    outbox = filled(3, max_kept_bytes=0)
    await read(outbox, 3)
    assert not outbox.has_after(2)


async def test_what_is_sent_again_does_not_count_as_waiting() -> None:
    outbox = Outbox(max_unsent=2, max_unsent_bytes=10_000, max_kept_bytes=10_000)
    for number in range(1, 9):
        outbox.put(chat(number))
        await outbox.line.get()
    assert outbox.go_on(0) == 8
    outbox.put(chat(9))
    outbox.put(chat(10))
    assert outbox.closing is None
    assert await read(outbox, 10) == chats(1, 10)


async def test_a_socket_whose_place_is_taken_gets_nothing_any_more_and_is_closed() -> None:
    outbox = filled(0)
    former = outbox.line
    waiting = asyncio.create_task(former.get())
    await asyncio.sleep(0)
    outbox.go_on(0)
    outbox.put(chat(1))
    assert await waiting is None
    await former.closed()
    assert former.closing == Closing(CLOSE_REPLACED, "another socket has taken over")
    assert await read(outbox, 1) == chats(1, 1)


async def test_a_socket_that_is_lost_gets_nothing_any_more_and_need_not_be_closed() -> None:
    outbox = filled(1)
    former = outbox.line
    assert await former.get() == frame(1)
    waiting = asyncio.create_task(former.get())
    await asyncio.sleep(0)
    outbox.let_go()
    outbox.put(chat(2))
    assert await waiting is None
    assert former.closing is None
    assert len(outbox) == 1
