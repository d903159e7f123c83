"""``relay evidence init`` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from relay.cli import app
from relay.errors import EvidenceError
from relay.evidence.keyfiles import private_key_in, public_key_in
from relay.evidence.seal import unseal

pytestmark = pytest.mark.usefixtures("kept_logging")


def test_it_makes_both_halves_and_says_what_to_do_with_them(tmp_path: Path) -> None:
    data, key = tmp_path / "data", tmp_path / "key.pem"
    arguments = ["evidence", "init", "--data-dir", str(data), "--out", str(key)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert unseal(public_key_in(data).seal(b"x"), private_key_in(key)) == b"x"
    assert str(data / "evidence.pub") in result.output
    assert "Take the private key off this machine now" in result.output
    again = CliRunner().invoke(app, arguments)
    assert isinstance(again.exception, EvidenceError)
    assert "is there already" in str(again.exception)
