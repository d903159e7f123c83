"""Tables and the track's page, as they look on a terminal."""

import io
import re
from typing import Any

import pytest
from rich.console import Console, RenderableType

from relay.ops import tables
from relay.ops.history import History
from relay.ops.models import AuditEntry, Node, Path, RoomSide, User
from relay.ops.page import page
from tests.unit.ops.samples import THRESHOLDS, room, totals, track, worker


def shown(what: RenderableType, width: int) -> list[str]:
    screen = Console(file=io.StringIO(), width=width, color_system=None)
    screen.print(what)
    assert isinstance(screen.file, io.StringIO)
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


def styles(what: RenderableType) -> str:
    screen = Console(file=io.StringIO(), width=120, force_terminal=True, color_system="standard")
    screen.print(what)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_tracks_in_80_columns() -> None:
    other = track(
        id="112233445566-d00000002",
        direction="down",
        problems=("loss", "round_trip"),
        loss_ratio=0.123,
        round_trip_ms=612.0,
    )
    assert shown(tables.tracks([track(), other], 80, THRESHOLDS), 80) == [
        "TRACK                    MEDIA          kbit/s LOSS JIT ms RTT PROBLEM",
        "aabbccddeeff-u00000001 ↑ vp8 640x480@30  1,230   0%    3.2  48",
        "112233445566-d00000002 ↓ vp8 640x480@30  1,230  12%    3.2 612 loss, rtt",
    ]


def test_tracks_tell_their_worker_where_there_is_more_than_one() -> None:
    found = [track(worker=0), track(worker=1)]
    header, *lines = shown(tables.tracks(found, 80, THRESHOLDS), 80)
    assert header.startswith("TRACK                    W MEDIA")
    assert [line.split()[2] for line in lines] == ["0", "1"]
    assert " WORKER  " in shown(tables.tracks(found, 120, THRESHOLDS), 120)[0]
    assert " W " not in shown(tables.tracks([track(worker=0)], 80, THRESHOLDS), 80)[0]


def test_workers() -> None:
    down = worker(index=1, up=False, process_id=None, restarts=3, age_s=7.0, links=0)
    assert shown(tables.workers([worker(), down], 80, THRESHOLDS), 80) == [
        "WORKER PROCESS PORT LINKS pkt/s CPU LAG ms DROPPED RESTARTS SINCE STATE",
        "     0    4711 7882     2 1,234 12%    1.5       0        0  3:05 up",
        "     1    none 7882     0 1,234 12%    1.5       0        3   7 s down",
    ]


def test_workers_are_coloured_by_the_bounds() -> None:
    def coloured(**changed: float) -> list[str]:
        return re.findall(
            r"\x1b\[([\d;]+)m", styles(tables.workers([worker(**changed)], 120, THRESHOLDS))
        )

    yellow, red = "33", "1;31"
    assert not {yellow, red} & set(coloured())
    assert coloured(cpu_ratio=0.7).count(yellow) == 1
    assert coloured(cpu_ratio=0.9, loop_lag_ms=250).count(red) == 2
    assert coloured(restarts=1).count(yellow) == 1
    assert coloured(up=False).count(red) == 1


def test_totals_tell_of_workers_where_there_are_some() -> None:
    assert len(shown(tables.totals(totals(), THRESHOLDS), 120)) == 2
    now = totals(
        workers=3, workers_down=1, worker_restarts=2, worker_cpu_ratio=0.91, worker_loop_lag_ms=12.0
    )
    assert shown(tables.totals(now, THRESHOLDS), 120)[2] == (
        "3 workers (1 down) · CPU up to 91% · loop lag up to 12 ms · restarted 2 times"
    )


def test_wider_terminals_tell_more() -> None:
    assert "ann-ann-ann-ann-" in shown(tables.tracks([track()], 120, THRESHOLDS), 120)[1]
    assert "room-room-room-r" not in shown(tables.tracks([track()], 120, THRESHOLDS), 120)[1]
    assert "room-room-room-r" in shown(tables.tracks([track()], 160, THRESHOLDS), 160)[1]


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_live_tracks_fit_with_their_sparklines(width: int) -> None:
    history = History()
    for bitrate_bps in (1e6, 2e6):
        history.add([track(bitrate_bps=bitrate_bps)])
    bad = track(problems=("loss", "jitter", "silent"), width=1920, height=1080)
    header, line = shown(tables.tracks([bad], width, THRESHOLDS, history), width)
    assert "▄█" in line
    assert "aabbccddeeff-u00000001" in line
    assert "LATELY" in header
    assert "loss" in line


def test_only_the_last_column_is_cut() -> None:
    bad = track(problems=("loss", "jitter", "round_trip", "silent", "new"), codec="av1", width=3840)
    line = shown(tables.tracks([bad], 80, THRESHOLDS), 80)[1]
    assert line.startswith("aabbccddeeff-u00000001 ↑ av1 3840x480@30  1,230")
    assert line.endswith("…")
    assert len(line) <= 80


def test_a_resting_track_says_since_when() -> None:
    assert shown(tables.tracks([track(idle_s=75.0)], 80, THRESHOLDS), 80)[1].endswith("idle 1:15")


@pytest.mark.parametrize(
    ("loss", "style"), [(0.019, ""), (0.02, "yellow"), (0.05, "bold red"), (None, "bright_black")]
)
def test_styles_follow_the_bounds(loss: float | None, style: str) -> None:
    assert tables.style(loss, THRESHOLDS.loss_ratio) == style


def test_what_is_bad_is_red() -> None:
    assert "\x1b[1;31m" not in styles(tables.tracks([track()], 120, THRESHOLDS))
    assert "\x1b[1;31m" in styles(tables.tracks([track(loss_ratio=0.3)], 120, THRESHOLDS))


def test_rooms_name_both_users_in_any_width() -> None:
    for width in (80, 120):
        header, line = shown(tables.rooms([room()], width, THRESHOLDS), width)
        assert header.startswith("ROOM")
        assert "ann-ann-ann-ann-" in line
        assert "bob-bob-bob-bob-" in line
        assert "3:05" in line
    assert "matched" in shown(tables.rooms([room(state="matched")], 80, THRESHOLDS), 80)[1]


SIDES = (
    RoomSide(user_id="ann-ann-ann-ann-", quality=4.83, grade="good", leg=None),
    RoomSide(user_id="bob-bob-bob-bob-", quality=2.0, grade="poor", leg="down"),
)


def test_rooms_tell_how_well_both_sides_get_each_other_and_whose_leg_it_is() -> None:
    bad = room(problems=("loss", "quality"), sides=SIDES)
    header, line = shown(tables.rooms([bad], 120, THRESHOLDS), 120)
    assert header.split()[-3:] == ["QUALITY", "LEG", "PROBLEM"]
    assert line.endswith("4.8 / 2.0  - / down  loss, quality")
    header, line = shown(tables.rooms([bad], 80, THRESHOLDS), 80)
    assert header.split()[-2:] == ["Q", "PROBLEM"]
    assert "2.0 down: loss" in line
    well = room(sides=(SIDES[0],))
    assert shown(tables.rooms([well], 120, THRESHOLDS), 120)[1].endswith("4.8")


def test_tracks_tell_the_leg() -> None:
    bad = track(direction="down", problems=("quality",), quality=2.0, grade="poor", leg="relay")
    header, line = shown(tables.tracks([bad], 170, THRESHOLDS), 170)
    assert header.split()[-3:] == ["QUALITY", "LEG", "PROBLEM"]
    assert line.split()[-4:] == ["2.0", "relay", "relay:", "quality"]
    assert shown(tables.tracks([bad], 80, THRESHOLDS), 80)[1].endswith("relay: quality")


def test_users() -> None:
    user = User(
        id="ann-ann-ann-ann-",
        state="waiting",
        room_id=None,
        partner_id=None,
        link_id=None,
        age_s=4,
        interrupted_age_s=None,
        over_budget=(),
    )
    assert shown(tables.users([user], 80), 80) == [
        "USER             STATE   ROOM LINK AGE",
        "ann-ann-ann-ann- waiting -    -    4 s",
    ]
    over = user.model_copy(update={"over_budget": ("rtcp", "rtp")})
    assert shown(tables.users([user, over], 80), 80) == [
        "USER             STATE   ROOM LINK AGE OVER BUDGET",
        "ann-ann-ann-ann- waiting -    -    4 s",
        "ann-ann-ann-ann- waiting -    -    4 s rtcp, rtp",
    ]
    away = user.model_copy(update={"interrupted_age_s": 3})
    assert shown(tables.users([user, away], 80), 80) == [
        "USER             STATE   ROOM LINK AGE INTERRUPTED",
        "ann-ann-ann-ann- waiting -    -    4 s",
        "ann-ann-ann-ann- waiting -    -    4 s         3 s",
    ]
    cut_off = user.model_copy(update={"link_cause": "udp_blocked"})
    assert shown(tables.users([user, cut_off], 80), 80) == [
        "USER             STATE   ROOM LINK AGE LINK FAILED",
        "ann-ann-ann-ann- waiting -    -    4 s",
        "ann-ann-ann-ann- waiting -    -    4 s udp_blocked",
    ]
    judged = user.model_copy(update={"quality": 2.4, "grade": "poor", "leg": "down"})
    assert shown(tables.users([user, judged], 120), 120) == [
        "USER              STATE    ROOM  LINK  AGE  QUALITY  LEG",
        "ann-ann-ann-ann-  waiting  -     -     4 s        -",
        "ann-ann-ann-ann-  waiting  -     -     4 s      2.4  down",
    ]


def test_the_audit_log_joins_a_use_s_start_and_end() -> None:
    start = AuditEntry(
        at="2026-01-02T03:04:05.678Z",
        event="tap_started",
        use="u1",
        what="recording",
        room="room-room-room-r",
        token="1bd8fd47",
        operator="ann",
        address="192.0.2.1",
    )
    end = start.model_copy(
        update={"event": "tap_ended", "duration_s": 12.3, "why": "time_over", "bytes": 3_400_000}
    )
    running = start.model_copy(update={"use": "u2", "what": "snapshot", "track": "t-u01"})
    lines = shown(tables.audit([start, running, end], 80), 80)
    assert lines == [
        "AT             WHAT      OF               BY         FOR   SIZE END",
        "01-02 03:04:05 recording room-room-room-r ann       12 s 3.4 MB time over",
        "01-02 03:04:05 snapshot  t-u01            ann since then    0 B",
    ]


def test_a_look_at_evidence_has_no_end() -> None:
    entry = AuditEntry(
        at="2026-01-02T03:04:05.678Z",
        event="evidence_viewed",
        use="u1",
        what="evidence",
        report="r1",
        token="1bd8fd47",
        operator="ann",
        address="192.0.2.1",
    )
    assert shown(tables.audit([entry], 120), 120)[1].split() == (
        ["2026-01-02", "03:04:05", "evidence", "r1", "ann", "192.0.2.1", "1bd8fd47", "-", "0", "B"]
    )


def test_totals_say_why_the_server_is_not_ready() -> None:
    text = "\n".join(
        shown(tables.totals(totals(ready=False, reasons=("draining",)), THRESHOLDS), 120)
    )
    assert "1 room ·" in text
    assert "not ready: draining" in text


def test_a_track_s_page_without_a_past_has_no_graphs() -> None:
    text = "\n".join(shown(page(track(), None, 80, THRESHOLDS), 80))
    assert text.startswith("aabbccddeeff-u00000001  vp8 640x480@30, sent by ann-ann-ann-ann-")
    assert re.search(r"Packets +12,345", text)
    assert re.search(r"Bytes +13.0 MB", text)
    assert "udp ipv4" in text
    assert "Bitrate" not in text


@pytest.mark.parametrize("width", [80, 120, 134])
def test_a_track_s_page_graphs_the_last_minute(width: int) -> None:
    history = History()
    for second in range(70):
        history.add([track(bitrate_bps=1e6, loss_ratio=0.1 if second == 69 else 0)])
    lines = shown(page(track(), history.of(track().id), width, THRESHOLDS), width)
    bitrate = lines[lines.index("Bitrate") + 1]
    assert bitrate.count("█") == (120 if width == 134 else 60)
    assert sum("█" in line for line in lines[lines.index("Loss") :]) == 4
    assert max(map(len, lines)) <= width


def test_full_addresses_are_shown_where_operators_may_see_them() -> None:
    path = Path(
        protocol="udp",
        local_family="ipv4",
        remote_family="ipv4",
        local_address="192.0.2.1:7882",
        remote_address="198.51.100.7:4444",
    )
    text = "\n".join(shown(page(track(path=path), None, 80, THRESHOLDS), 80))
    assert "udp 198.51.100.7:4444" in text


# a cluster


def written(what: RenderableType) -> str:
    return "\n".join(shown(what, 200))


def a_node(name: str, **changed: Any) -> Node:
    told: dict[str, Any] = {"here": False, "version": "0.1.0", "lease_s": 4.2, "totals": totals()}
    return Node(name=name, **(told | changed))


def test_nodes_and_who_does_not_answer() -> None:
    full = totals(ready=False, reasons=("overloaded",), cpu_ratio=0.97)
    drained = totals(ready=False, reasons=("draining",), draining=True)
    lines = shown(
        tables.nodes(
            [
                a_node("a", here=True, totals=totals(bitrate_bps=2.5e6, worker_cpu_ratio=0.5)),
                a_node("b", totals=full),
                a_node("c", totals=drained),
                a_node("d", version=None, lease_s=None, totals=None),
            ],
            200,
            THRESHOLDS,
        ),
        200,
    )
    head, *rows = (line.split() for line in lines)
    assert head == (
        [
            "NODE",
            "VERSION",
            "USERS",
            "WAITING",
            "ROOMS",
            "WORKERS",
            "Mbit/s",
            "CPU",
            "UP",
            "LEASE",
            "STATE",
        ]
    )
    assert rows[0][:2] == ["a", "0.1.0"]
    assert rows[0][6:8] == ["2.5", "50%"]
    assert [row[-1] for row in rows] == ["ready", "overloaded", "draining", "answer"]
    assert rows[3] == ["d", "-", "-", "-", "-", "-", "-", "-", "-", "-", "does", "not", "answer"]


def test_whose_something_is_has_a_column_in_a_cluster_alone() -> None:
    assert "NODE" not in written(tables.tracks([track()], 200, THRESHOLDS))
    assert "NODE" in written(tables.tracks([track(node="a")], 200, THRESHOLDS))
    assert "NODE" in written(tables.workers([worker(node="a")], 200, THRESHOLDS))
    assert "NODES" not in written(tables.rooms([room()], 200, THRESHOLDS))
    assert "a b" in written(tables.rooms([room(nodes=("a", "b"))], 200, THRESHOLDS))


def test_totals_say_how_many_nodes_and_who_is_silent() -> None:
    assert "node" not in tables.totals(totals(), THRESHOLDS).plain
    told = tables.totals(totals(nodes=2, silent_nodes=("c",)), THRESHOLDS).plain
    assert told.endswith("\n2 nodes · no answer from c")
