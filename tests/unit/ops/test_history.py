"""What came before."""

from relay.ops import history
from relay.ops.history import History
from tests.unit.ops.samples import track


def test_a_track_s_numbers_come_in_order_and_gaps_stay_gaps() -> None:
    past = History()
    past.add([track(id="a", bitrate_bps=1, loss_ratio=0.1), track(id="b", bitrate_bps=9)])
    past.add([track(id="b", bitrate_bps=8)])
    past.add([track(id="a", bitrate_bps=3, loss_ratio=0.3)])
    assert list(past.of("a").bitrate_bps) == [1, None, 3]
    assert list(past.of("a").loss_ratio) == [0.1, None, 0.3]
    assert list(past.of("b").bitrate_bps) == [9, 8, None]


def test_an_unknown_track_has_no_past() -> None:
    assert list(History().of("x").bitrate_bps) == []


def test_only_so_much_is_kept_and_what_is_gone_for_long_is_forgotten() -> None:
    past = History()
    past.add([track(id="gone")])
    for number in range(history.KEPT + 5):
        past.add([track(id="a", bitrate_bps=number)])
    assert list(past.of("a").bitrate_bps) == [*map(float, range(5, history.KEPT + 5))]
    assert list(past.of("gone").bitrate_bps) == []


def test_there_is_no_room_for_endless_tracks() -> None:
    past = History()
    past.add([track(id=str(number)) for number in range(history.MAX_TRACKS + 1)])
    assert list(past.of("0").bitrate_bps)
    assert not list(past.of(str(history.MAX_TRACKS)).bitrate_bps)
