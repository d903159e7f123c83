"""Operators look into real calls: pictures, captures, who may, and who did."""

import asyncio
import contextlib
import io
import json
from functools import partial
from pathlib import Path

import aiohttp
import av
import pytest

from relay.api import taps as api_taps
from relay.app import running
from relay.bots.picture import Stamp, luma, read
from relay.config import Settings
from relay.errors import ConfigError
from relay.plane import Direction
from relay.taps import snapshot
from relay.taps.uses import MAX_AT_ONCE, Use
from tests.support.operating import AUDIO, KEYFRAME, VIDEO, OperatedServer, operating
from tests.support.pcapng import read_pcapng
from tests.support.slow import GO, comes, slowly
from tests.support.watching import call, sees, uses, watched

pytestmark = pytest.mark.timeout(120)


def shown(png: bytes) -> Stamp:
    with av.open(io.BytesIO(png), "r") as file:
        picture = next(file.decode(video=0))
    assert (picture.width, picture.height) == (320, 240)
    stamp = read(luma(picture.reformat(format="gray")))
    assert stamp is not None
    return stamp


async def snap(server: OperatedServer, track_id: str) -> tuple[int, bytes]:
    async with server.operator.http.post(f"/api/v1/tracks/{track_id}/snapshot") as response:
        assert response.content_type in ("image/png", "application/json")
        return response.status, await response.read()


# snapshots


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_a_snapshot_shows_what_is_sent_at_that_time(tmp_path: Path, direction: str) -> None:
    async with watched(tmp_path) as server, call(server) as (ann, bob):
        track = await server.operator.track(ann.user_id, direction, "video")
        sender = ann if direction == "up" else bob
        before = sender.next_picture
        status, png = await snap(server, track["id"])
        assert status == 200, png
        stamp = shown(png)
        assert stamp.source == sender.report.number
        assert before <= stamp.number <= sender.next_picture
        [entry] = await uses(server, 1)
        assert (entry["what"], entry["why"], entry["users"]) == (
            "snapshot",
            "done",
            sender.user_id,
        )
        assert (entry["track"], entry["room"]) == (track["id"], ann.room_id)
        assert entry["bytes"] == len(png)


async def test_what_a_user_receives_is_shown_while_its_partner_is_the_one_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[object, ...]] = []

    class Noting(snapshot.Snapshots):
        async def take(
            self, user_id: str, direction: Direction, use: Use, partner: str | None = None
        ) -> bytes:
            taken.append((user_id, direction, partner))
            return b"a picture"

    monkeypatch.setattr(api_taps, "Snapshots", Noting)
    async with watched(tmp_path) as server:
        ann, bob, _ = await server.pair()
        ann.send(VIDEO, KEYFRAME)
        await bob.received(1)
        for user, direction in ((ann, "up"), (bob, "down")):
            track = await server.operator.track(user, direction, "video")
            assert await snap(server, track["id"]) == (200, b"a picture")
        assert taken == [
            (ann.user_id, Direction.UP, None),
            (bob.user_id, Direction.DOWN, ann.user_id),
        ]


async def test_a_track_that_shows_nothing_gives_504(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_taps, "Snapshots", partial(snapshot.Snapshots, timeout_s=0.3))
    async with watched(tmp_path) as server:
        ann, bob, _ = await server.pair()
        ann.send(VIDEO, KEYFRAME)  # the beginning of a picture, and no more
        await bob.received(1)
        track = await server.operator.track(ann, "up", "video")
        path = f"/api/v1/tracks/{track['id']}/snapshot"
        status, body = await server.operator.ask(path, "POST")
        assert (status, body["error"]["code"]) == (504, "gateway_timeout")
        [entry] = await uses(server, 1)
        assert entry["why"] == "no_picture"


async def test_the_call_goes_on_while_a_decoder_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    slow = partial(
        snapshot.Snapshots, decode=partial(slowly, tmp_path), max_packets=20, timeout_s=60
    )
    monkeypatch.setattr(api_taps, "Snapshots", slow)
    async with watched(tmp_path) as server, call(server) as (ann, bob):
        track = await server.operator.track(ann.user_id, "up", "video")
        snaps = [asyncio.create_task(snap(server, track["id"])) for _ in range(2)]
        try:
            await comes(tmp_path)
            await server.operator.until("audit", lambda body: len(body["entries"]) == 2)
            status, body = await snap(server, track["id"])
            assert (status, json.loads(body)["error"]["code"]) == (429, "too_many_requests")
            await sees(bob, ann, 30)
            await sees(ann, bob, 10)
        finally:
            (tmp_path / GO).touch()
        assert [status for status, _ in await asyncio.gather(*snaps)] == [200, 200]
        assert all(entry["packetsDropped"] > 20 for entry in await uses(server, 2))


# captures


@pytest.mark.parametrize("payload", [False, True])
async def test_a_capture_has_both_directions(tmp_path: Path, payload: bool) -> None:
    async with watched(tmp_path) as server:
        ann, bob, _ = await server.pair()
        link = next(
            link
            for link in (await server.operator.get("links"))["links"]
            if link["userId"] == ann.user_id
        )
        query = {"payload": "true"} if payload else {}
        path = f"/api/v1/links/{link['id']}/pcap"
        async with server.operator.http.post(path, params=query) as response:
            assert response.status == 200
            assert response.content_type == "application/x-pcapng"
            data = await response.content.readany()
            for number in range(20):
                ann.send(AUDIO, b"from ann %d" % number)
                bob.send(AUDIO, b"from bob %d" % number)
            await bob.received(20)
            got = await ann.received(20)
            await ann.peer.close()
            data += await response.read()
        found = read_pcapng(data)
        up = [d.payload for d in found.datagrams if d.inbound]
        down = [d.payload for d in found.datagrams if not d.inbound]
        kept = None if payload else 12
        assert [packet[:kept] for packet in down] == [packet[:kept] for packet in got]
        assert [int.from_bytes(packet[2:4], "big") for packet in up] == list(range(101, 121))
        assert (b"from ann 7" in data) is payload
        assert found.dropped[-1] == 0
        assert f"link {link['id']}" in found.texts
        times = [datagram.at_us for datagram in found.datagrams]
        assert times == sorted(times)
        [entry] = await uses(server, 1)
        what = "capture_with_payload" if payload else "capture"
        assert (entry["what"], entry["why"], entry["link"]) == (what, "link_ended", link["id"])


# who may, and what is wrong


TAPS = ("tracks/x/snapshot", "rooms/x/record", "links/x/pcap")


@pytest.mark.parametrize("path", TAPS)
async def test_nobody_looks_without_leave(tmp_path: Path, path: str) -> None:
    log = tmp_path / "audit.jsonl"
    async with operating(audit_log=log) as server:
        status, body = await server.operator.ask(f"/api/v1/{path}", "POST")
        assert (status, body["error"]["code"]) == (403, "forbidden")
        assert "--allow-taps" in body["error"]["message"]
        assert await server.operator.get("audit") == {"entries": [], "silentNodes": []}
        async with aiohttp.ClientSession(server.relay.url) as stranger:
            for method, asked in (("POST", path), ("GET", "audit")):
                async with stranger.request(method, f"/api/v1/{asked}") as response:
                    assert response.status == 401
    assert not log.exists()


async def test_what_there_is_not_cannot_be_looked_at(tmp_path: Path) -> None:
    async with watched(tmp_path) as server:
        for path in TAPS:
            status, body = await server.operator.ask(f"/api/v1/{path}", "POST")
            assert (status, body["error"]["code"]) == (404, "not_found")
        assert await server.operator.get("audit") == {"entries": [], "silentNodes": []}


async def test_media_that_does_not_pass_here_cannot_be_recorded(tmp_path: Path) -> None:
    async with watched(tmp_path, media_mode="direct") as server:
        _, _, room_id = await server.pair(link=False)
        status, body = await server.operator.ask(f"/api/v1/rooms/{room_id}/record", "POST")
        assert (status, body["error"]["code"]) == (404, "not_found")
        assert "passes through" in body["error"]["message"]


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("rooms/x/record?seconds=0", "seconds"),
        ("rooms/x/record?seconds=nan", "seconds"),
        ("rooms/x/record?seconds=14401", "seconds"),
        ("rooms/x/record?payload=true", "payload"),
        ("links/x/pcap?seconds=soon", "seconds"),
        ("links/x/pcap?payload=perhaps", "payload"),
    ],
)
async def test_wrong_parameters_are_named(tmp_path: Path, path: str, named: str) -> None:
    async with watched(tmp_path) as server:
        status, body = await server.operator.ask(f"/api/v1/{path}", "POST")
        assert (status, body["error"]["code"]) == (422, "invalid_parameter")
        assert named in body["error"]["message"]
        assert (await server.operator.ask("/api/v1/audit?limit=0"))[0] == 422


async def test_sound_has_no_picture(tmp_path: Path) -> None:
    async with watched(tmp_path) as server:
        ann, bob, _ = await server.pair()
        ann.send(AUDIO, b"hello")
        await bob.received(1)
        track = await server.operator.track(ann, "up", "audio")
        path = f"/api/v1/tracks/{track['id']}/snapshot"
        status, body = await server.operator.ask(path, "POST")
        assert (status, body["error"]["code"]) == (422, "invalid_parameter")


async def test_so_many_captures_at_once_and_no_more(tmp_path: Path) -> None:
    async with watched(tmp_path) as server, contextlib.AsyncExitStack() as stack:
        await server.pair()
        [link, _] = (await server.operator.get("links"))["links"]
        path = f"/api/v1/links/{link['id']}/pcap"
        for _ in range(MAX_AT_ONCE["capture"]):
            response = await stack.enter_async_context(server.operator.http.post(path))
            assert response.status == 200
        async with server.operator.http.post(path, params={"payload": "true"}) as response:
            assert response.status == 429
            assert response.headers["Retry-After"] == "5"


async def test_nobody_looks_when_it_cannot_be_written_down(tmp_path: Path) -> None:
    async with watched(tmp_path) as server:
        _, _, room_id = await server.pair()
        log = tmp_path / "audit.jsonl"
        log.unlink()
        log.mkdir()
        status, body = await server.operator.ask(f"/api/v1/rooms/{room_id}/record", "POST")
        assert (status, body["error"]["code"]) == (503, "service_unavailable")
        assert "audit log cannot be written" in body["error"]["message"]
        assert (await server.operator.ask("/api/v1/audit"))[0] == 503


async def test_a_server_whose_audit_log_cannot_be_written_does_not_start(tmp_path: Path) -> None:
    settings = Settings(
        host="127.0.0.1",
        port=0,
        udp_port=0,
        workers=0,
        allow_taps=True,
        audit_log=tmp_path / "no" / "a.jsonl",
    )
    with pytest.raises(ConfigError, match=r"--audit-log: .*cannot be written: no such file"):
        async with running(settings):
            pass


async def test_who_looked_is_told(tmp_path: Path) -> None:
    async with watched(tmp_path) as server:
        await server.pair()
        [link, _] = (await server.operator.get("links"))["links"]
        async with server.operator.http.post(
            f"/api/v1/links/{link['id']}/pcap?seconds=0.01",
            headers={"X-Forwarded-For": "203.0.113.7", "X-Request-Id": "mine"},
        ) as response:
            await response.read()
        found = await server.operator.until("audit", lambda body: len(body["entries"]) == 2)
        [started, ended] = found["entries"]
        for entry in (started, ended):
            assert (entry["address"], entry["forwardedFor"]) == ("127.0.0.1", "203.0.113.7")
            assert (entry["request"], entry["users"]) == ("mine", link["userId"])
            assert entry["token"] == "3c25bd5e", "of the tests' token"
        assert (started["event"], started["durationS"]) == ("tap_started", None)
        assert (await server.operator.get("audit?limit=1"))["entries"] == [ended]
