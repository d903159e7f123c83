"""Modules of packages without the rest of these, and what is imported after them."""

from __future__ import annotations

import subprocess
import sys

SHUNNED = "{'av', 'numpy', 'dns', 'rich', 'aioice.ice', 'aiortc.codecs'}"


def told(code: str) -> str:
    """What a process says that runs it."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_a_worker_has_nothing_that_decodes() -> None:
    code = f"import sys, relay.workers.main; print(sorted({SHUNNED} & set(sys.modules)))"
    assert told(code) == "[]"


def test_nor_has_the_front() -> None:
    code = f"import sys, relay.cli, relay.app; print(sorted({SHUNNED} & set(sys.modules)))"
    assert told(code) == "[]"


def test_whoever_wants_all_of_a_package_gets_it_with_the_same_modules_in_it() -> None:
    code = """
import relay.logs, relay.seam, relay.media.paths.ice, rich.console, structlog
dtls = relay.seam.RTCDtlsTransport
import aioice, aiortc, aiortc.rtcdtlstransport as again
from aioice import stun
from aiortc import RTCDtlsTransport, RTCIceTransport, RTCPeerConnection
from av import AudioFrame
print(dtls is RTCDtlsTransport is again.RTCDtlsTransport, isinstance(AudioFrame, type))
print(aioice.Connection.__name__, stun is relay.media.paths.ice.stun)
"""
    assert told(code).split() == ["True", "True", "Connection", "True"]


def test_what_is_there_already_stays() -> None:
    code = """
import av, aiortc, aioice, rich
before = av, aiortc, aioice, rich
import relay.logs, relay.seam, relay.media.paths.ice, sys
print(before == tuple(sys.modules[name] for name in ("av", "aiortc", "aioice", "rich")))
print(relay.seam.RTCDtlsTransport is aiortc.RTCDtlsTransport)
"""
    assert told(code).split() == ["True", "True"]
