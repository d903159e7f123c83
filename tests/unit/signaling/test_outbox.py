"""What is on its way to a client."""

import asyncio

from relay.protocol.messages import ChatDelivery, MediaState, PartnerLeft
from relay.signaling.outbox import CLOSE_TRY_AGAIN, Closing, Outbox

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
