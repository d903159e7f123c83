"""What went out is kept for a while, as it was sent."""

from relay.media.packets.history import KEPT, MAX_REPEATS, History


def test_a_packet_can_be_had_again_for_a_while() -> None:
    history = History()
    for number in range(65000, 65000 + 2 * KEPT):
        history.keep(number & 0xFFFF, b"%d" % number)
    last = 65000 + 2 * KEPT - 1
    assert history.repeat(last & 0xFFFF) == b"%d" % last
    assert history.repeat(last - KEPT + 1 & 0xFFFF) == b"%d" % (last - KEPT + 1)
    assert history.repeat(last - KEPT & 0xFFFF) is None
    assert history.repeat(last + 1 & 0xFFFF) is None


def test_but_not_too_often() -> None:
    history = History()
    history.keep(7, b"seven")
    assert [history.repeat(7) for _ in range(MAX_REPEATS + 1)] == [b"seven"] * MAX_REPEATS + [None]
    history.keep(7, b"another")
    assert history.repeat(7) == b"another"
