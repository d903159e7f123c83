"""Signals that come while a command still imports what it needs."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import relay

MEANWHILE = """
import os, sys
from relay.entry import main

class Meanwhile:
    def find_spec(self, name, path, target=None):
        if name == "relay.cli":
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Meanwhile())
main()
"""


def run(number: signal.Signals, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MEANWHILE.format(number=int(number)), *arguments],
        env={"PYTHONPATH": f"{Path(relay.__file__).parents[1]}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_what_would_be_read_again_is_read_anyway(number: signal.Signals) -> None:
    ended = run(number, "serve", "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Serve the page" in ended.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_not_there_yet_ends_in_order(number: signal.Signals) -> None:
    ended = run(number, "serve", "--help")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_other_commands_end_as_programs_do() -> None:
    ended = run(signal.SIGINT, "tracks")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
    assert run(signal.SIGHUP, "tracks").returncode == -signal.SIGHUP
