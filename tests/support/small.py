"""A server that is quick to start: it carries no media, and keeps what it keeps for one test."""

from pathlib import Path

from relay.config import Settings


def small(folder: Path, **changed: object) -> Settings:
    """Its settings.

    :param folder: the test's own.
    """
    chosen = {
        "host": "127.0.0.1",
        "port": 0,
        "udp_port": 0,
        "workers": 0,
        "media_mode": "direct",
        "data_dir": folder / "data",
    }
    return Settings.model_validate(chosen | changed)
