"""``relay doctor`` on this machine."""

import json
import os
import socket
from pathlib import Path

from relay.app import running
from relay.config import Settings
from tests.support import commands
from tests.support.ports import free_port
from tests.support.redis_server import NEEDS_REDIS, RedisServer

ENV = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": os.environ["PATH"]}


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def examined(folder: Path, *flags: str) -> tuple[int | None, dict[str, dict[str, str]]]:
    ended = await commands.run("doctor", "--json", *flags, env=ENV, cwd=str(folder))
    assert ended.err == ""
    found = [json.loads(line) for line in ended.out.splitlines()]
    return ended.code, {each["subject"]: each for each in found}


async def test_free_ports_are_good(tmp_path: Path) -> None:
    code, found = await examined(tmp_path, "--host", "127.0.0.1", "--port", "0", "--udp-port", "0")
    assert code == 0
    assert found["settings"]["text"] == "from no file, 0 variables, 3 flags"
    assert found["TCP port"]["grade"] == found["UDP port"]["grade"] == "fair"
    assert {"clock", "open files", "receive buffer", "send buffer"} < set(found)


async def test_ports_of_a_running_relay_are_good(tmp_path: Path) -> None:
    settings = Settings(host="127.0.0.1", port=0, udp_port=0, workers=0, tls_self_signed=True)
    async with running(settings) as server:
        flags = ("--port", str(server.port), "--udp-port", str(server.udp_ports[0]))
        code, found = await examined(tmp_path, "--host", "127.0.0.1", *flags)
    assert code == 0
    for subject in ("TCP port", "UDP port"):
        assert found[subject]["grade"] == "good"
        assert found[subject]["text"].endswith("is held by a relay that runs")


@NEEDS_REDIS
async def test_a_node_s_redis_is_looked_at(tmp_path: Path) -> None:
    server = RedisServer("--maxmemory-policy", "allkeys-lru")
    server.start()
    try:
        node = ("--cluster", server.url, "--cluster-secret", 16 * "s", "--node-name", "berlin")
        address = ("--cluster-address", "127.0.0.1", "--cluster-port", str(free_port()))
        flags = ("--host", "127.0.0.1", "--port", "0", "--udp-port", "0")
        code, found = await examined(tmp_path, *flags, *node, *address)
        assert code == 3  # since it has a database of its own
        assert found["Redis"]["grade"] == "fair"
        assert "allkeys-lru" in found["Redis"]["text"]
        assert found["cluster port"]["grade"] == "good"
        assert server.ask("DBSIZE") == "0"
    finally:
        server.remove()


async def test_ports_of_another_program_are_bad(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.create_server(("127.0.0.1", 0)) as media,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        ports = ("--port", str(tcp.getsockname()[1]), "--udp-port", str(udp.getsockname()[1]))
        of_media = ("--tcp-port", str(media.getsockname()[1]))
        code, found = await examined(tmp_path, "--host", "127.0.0.1", *ports, *of_media)
    assert code == 3
    for subject in ("TCP port", "TCP port for media", "UDP port"):
        assert found[subject]["grade"] == "bad"
        assert "is held by another program" in found[subject]["text"]
        assert "another --" in found[subject]["advice"]


async def test_an_address_that_is_not_this_machine_s_is_bad(tmp_path: Path) -> None:
    code, found = await examined(tmp_path, "--host", "192.0.2.77")
    assert code == 3
    assert found["TCP port"]["text"] == "192.0.2.77 is no address of this machine"


async def test_wrong_settings_are_told_as_serve_would_and_the_machine_is_still_looked_at(
    tmp_path: Path,
) -> None:
    (tmp_path / "relay.toml").write_text("porto = 80")
    code, found = await examined(tmp_path)
    assert code == 3
    assert found["settings"]["text"] == "porto in relay.toml: is not a known option"
    assert "clock" in found
    assert "TCP port" not in found


async def test_files_that_settings_name_are_read(tmp_path: Path) -> None:
    (tmp_path / "rules.txt").write_text("")
    (tmp_path / "relay.toml").write_text('welcome_file = "rules.txt"\nport = 0\nudp_port = 0')
    code, found = await examined(tmp_path)
    assert code == 3
    assert found["settings"]["text"] == "from relay.toml, 0 variables, 0 flags"
    assert found["welcome"]["text"] == "rules.txt is empty"


async def test_for_people_there_is_a_summary(tmp_path: Path) -> None:
    flags = ("--host", "127.0.0.1", "--port", "0", "--udp-port", "0")
    ended = await commands.run("doctor", *flags, env=ENV, cwd=str(tmp_path))
    assert ended.code == 0
    assert "✓ settings" in ended.out
    assert "→ give --port a number" in ended.out
    *_, summary, elsewhere = ended.out.splitlines()
    assert summary.startswith("nothing is wrong; ")
    assert "relay check https://" in elsewhere


async def test_the_audit_log_is_looked_at_where_taps_are_allowed_and_not_made(
    tmp_path: Path,
) -> None:
    flags = ("--port", "0", "--udp-port", "0", "--allow-taps", "--audit-log")
    code, found = await examined(tmp_path, *flags, "here.jsonl")
    assert (code, found["audit log"]["text"]) == (0, "here.jsonl, to be made")
    assert files(tmp_path) == []
    code, found = await examined(tmp_path, *flags, "no/where.jsonl")
    assert (code, found["audit log"]["text"]) == (3, "no/where.jsonl cannot be written")
