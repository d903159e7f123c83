"""``relay serve`` as a process."""

import asyncio
import json
import re
import signal
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support.certificates import write_certificate
from tests.support.log_lines import faults_of
from tests.support.ports import free_ports
from tests.support.processes import runs
from tests.support.served import all_ended, ended, page_of, serving, workers_of

ROOT = Path(__file__).parents[2]
NO_WORKER = ("--workers", "0")
"""For what does not concern media: a worker takes as long to start as the server."""


async def test_what_stays_for_good_is_not_looked_at_by_the_garbage_collector(
    tmp_path: Path,
) -> None:
    count = "print('frozen', gc.get_freeze_count() > 10_000)"
    before = f"import atexit, gc\natexit.register(lambda: {count})"
    async with serving(tmp_path, *NO_WORKER, before=before) as process:
        await page_of(process)
        process.send_signal(signal.SIGTERM)
        _, stdout, _ = await ended(process)
        assert "frozen True" in stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    async with serving(tmp_path) as process, aiohttp.ClientSession() as http:
        page = await page_of(process)
        user = await http.ws_connect(page + "/ws")
        await user.receive_json()
        process.send_signal(number)
        await user.receive()
        assert user.close_code == aiohttp.WSCloseCode.GOING_AWAY
        code, _, log = await ended(process)
        assert code == 0
        assert "event=server_stopped" in log
        assert "Traceback" not in log
        assert len(workers_of(log)) == 1
        assert not any(map(runs, workers_of(log)))


async def test_each_signal_has_its_meaning(tmp_path: Path) -> None:
    file, moved = tmp_path / "relay.log", tmp_path / "relay.log.1"
    (tmp_path / "relay.toml").write_text('log_file = "relay.log"\nlog_json = true\n')
    before = (
        "import os; os.environ['RELAY_PORT'] = 'tcp://10.0.0.1:80'\n"
        "from relay.renamed import FORMER; FORMER['greeting_file'] = 'welcome_file'\n"
        "os.environ['RELAY_GREETING_FILE'] = 'rules.txt'"
    )
    (tmp_path / "rules.txt").write_text("be nice\n")
    async with serving(tmp_path, *NO_WORKER, before=before) as process:
        await page_of(process)
        (tmp_path / "relay.toml").write_text(
            'log_file = "relay.log"\nlog_json = true\nmax_users = 9\n'
        )
        process.send_signal(signal.SIGHUP)
        await logged(file, "restart_needed")
        (tmp_path / "relay.toml").write_text("max_users = 'many'")
        process.send_signal(signal.SIGHUP)
        await logged(file, "not_reloaded")
        file.rename(moved)
        process.send_signal(signal.SIGUSR1)
        await logged(file, "logs_reopened")
        process.terminate()
        assert (await ended(process))[0] == 0
    assert events_of(moved) == [
        *("variable_not_ours", "setting_renamed"),
        *("server_started", "reloaded", "restart_needed", "not_reloaded"),
    ]
    assert events_of(file) == ["logs_reopened", "server_stopping", "server_stopped"]


def events_of(file: Path) -> list[str]:
    """All that are in it, each of which is as the schema has it."""
    if not file.exists():
        return []
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [fault for line in lines for fault in faults_of(line)] == []
    return [line["event"] for line in lines]


async def logged(file: Path, event: str) -> None:
    async with asyncio.timeout(30):
        while event not in events_of(file):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path) as process:
        url = urlsplit(await page_of(process))
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        await reader.readuntil(b"connected")
        process.send_signal(signal.SIGINT)
        await reader.readuntil(b"\x88")  # a close frame, which this client leaves unanswered
        process.send_signal(signal.SIGINT)
        code, _, log = await ended(process)
        assert code == -signal.SIGINT
        await all_ended(workers_of(log))
        writer.close()
        await writer.wait_closed()


async def test_a_generated_token_is_printed_and_a_chosen_one_is_not(tmp_path: Path) -> None:
    async with serving(tmp_path) as process:
        await page_of(process)
        process.terminate()
        _, told, log = await ended(process)
        token = re.search(r"operator token +(\S+)", told)
        assert token
        assert token[1] not in log
    async with serving(
        tmp_path, *NO_WORKER, "--operator-token", "a-chosen-operator-token"
    ) as process:
        await page_of(process)
        process.terminate()
        _, told, log = await ended(process)
        assert "token" not in told + log


async def test_a_port_in_use_ends_the_start_with_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with serving(tmp_path, "--port", str(port)) as process:
            code, told, log = await ended(process)
    assert (code, told) == (2, "")
    assert "Traceback" not in log
    assert log.endswith(
        f"relay: --port: cannot listen on 127.0.0.1 port {port}: address already in use\n"
    )


async def test_each_of_several_udp_ports_has_to_be_free(tmp_path: Path) -> None:
    first, port = free_ports(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        flags = ("--udp-port", str(first), "--workers", "2")
        async with serving(tmp_path, *flags) as process:
            code, told, log = await ended(process)
    assert (code, told) == (2, "")
    assert "Traceback" not in log
    assert log.endswith(
        f"relay: --udp-port: cannot listen on 127.0.0.1 port {port}: address already in use\n"
    )
    assert not any(map(runs, workers_of(log)))


async def test_a_runtime_directory_that_is_no_good_ends_the_start_with_one_line(
    tmp_path: Path,
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    async with serving(tmp_path, "--runtime-dir", str(shared)) as process:
        assert await ended(process) == (
            2,
            "",
            f"relay: --runtime-dir: {shared} is open to other users: it has to have mode 0700\n",
        )


async def test_a_data_folder_that_is_no_good_ends_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with serving(tmp_path, "--data-dir", str(tmp_path / "file")) as process:
        told = f"relay: --data-dir: {tmp_path / 'file'} cannot be made: file exists\n"
        assert await ended(process) == (2, "", told)


async def test_what_is_stored_is_in_the_data_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    async with serving(tmp_path, *NO_WORKER, "--data-dir", str(folder)) as process:
        await page_of(process)
        process.terminate()
        assert (await ended(process))[0] == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "relay.sqlite3" in {each.name for each in folder.iterdir()}


async def test_without_workers_media_is_in_the_servers_own_process(tmp_path: Path) -> None:
    async with serving(tmp_path, *NO_WORKER) as process:
        await page_of(process)
        process.terminate()
        code, _, log = await ended(process)
        assert code == 0
        assert "worker" not in log


async def test_a_server_that_is_killed_leaves_its_workers_to_the_next_one(tmp_path: Path) -> None:
    (port,) = free_ports()
    flags = ("--udp-port", str(port), "--runtime-dir", str(tmp_path / "run"))
    async with serving(tmp_path, *flags) as process:
        await page_of(process)
        assert process.stderr
        (worker,) = workers_of((await process.stderr.readline()).decode())
        process.kill()
        await all_ended([process.pid])  # wait() waits for the pipes, which the worker holds
        async with serving(tmp_path, *flags) as successor:
            await page_of(successor)
            successor.terminate()
            code, _, log = await ended(successor)
            assert code == 0
            assert re.search(rf"event=worker_adopted .*process={worker}\b", log)
            assert workers_of(log) == []
            await all_ended([worker])


async def test_it_serves_with_the_settings_of_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text('media_mode = "direct"')
    async with serving(tmp_path) as process, aiohttp.ClientSession() as http:
        user = await http.ws_connect(await page_of(process) + "/ws")
        assert (await user.receive_json())["mediaMode"] == "direct"
        await user.close()


async def test_it_serves_https_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, *NO_WORKER, "--tls-self-signed") as process,
        aiohttp.ClientSession() as http,
    ):
        page = await page_of(process)
        assert page.startswith("https://127.0.0.1:")
        assert process.stdout
        told = [(await process.stdout.readline()).decode() for _ in range(2)]
        fingerprint = aiohttp.Fingerprint(bytes.fromhex(told[1].strip().replace(":", "")))
        user = await http.ws_connect(page + "/ws", ssl=fingerprint)
        await user.receive_json()
        process.terminate()
        await user.receive()
        assert user.close_code == aiohttp.WSCloseCode.GOING_AWAY
        code, _, log = await ended(process)
        assert code == 0
        assert "Traceback" not in log


async def test_who_does_not_answer_tls_goodbye_leaves_no_trace(tmp_path: Path) -> None:
    async with serving(tmp_path, *NO_WORKER, "--tls-self-signed") as process:
        port = urlsplit(await page_of(process)).port
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            trusting.wrap_socket(plain) as client,  # who says nothing more after its request
        ):
            client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
            process.terminate()
            code, _, log = await ended(process)
    assert code == 0
    assert "Traceback" not in log
    assert "event=server_stopped" in log


async def test_bytes_that_are_no_tls_leave_no_trace(tmp_path: Path) -> None:
    async with serving(tmp_path, *NO_WORKER, "--tls-self-signed") as process:
        url = urlsplit(await page_of(process))
        for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x04\xff\xff\xff\xff", b""):
            reader, writer = await asyncio.open_connection(url.hostname, url.port)
            writer.write(sent)
            writer.write_eof()
            await reader.read()
            writer.close()
            await writer.wait_closed()
        process.terminate()
        code, _, log = await ended(process)
        assert code == 0
        assert not re.search("Traceback|level=(warning|error)", log), log


async def test_a_wrong_certificate_ends_the_start_with_one_line(tmp_path: Path) -> None:
    _, key = write_certificate(tmp_path)
    async with serving(tmp_path, "--tls-cert", str(key), "--tls-key", str(key)) as process:
        said = f"relay: --tls-cert: {key} is no certificate in PEM\n"
        assert await ended(process) == (2, "", said)


async def test_a_chosen_welcome_is_served_as_plain_text(tmp_path: Path) -> None:
    (tmp_path / "rules.txt").write_text("Be <b>kind</b>.")
    async with (
        serving(tmp_path, *NO_WORKER, "--welcome-file", "rules.txt") as process,
        aiohttp.ClientSession(await page_of(process)) as http,
    ):
        async with http.get("/welcome.txt") as response:
            assert await response.text() == "Be <b>kind</b>."
            assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            known = {"If-None-Match": response.headers["ETag"]}
        async with http.get("/welcome.txt", headers=known) as response:
            assert (response.status, await response.read()) == (304, b"")
        async with http.get("/welcome.txt", headers={"If-None-Match": '"other"'}) as response:
            assert response.status == 200


async def test_a_wrong_welcome_ends_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    async with serving(tmp_path, "--welcome-file", "picture.png") as process:
        assert await ended(process) == (
            2,
            "",
            "relay: --welcome-file: picture.png is not in UTF-8\n",
        )
