"""Brings the tables of an older version to the newest; only here Alembic is needed."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from relay.records.schema import HEAD

_HERE = Path(__file__).parent


def upgrade(connection: Connection, to: str = HEAD) -> None:
    """Take each step of ``versions`` that is missing, within the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", _written(_HERE))
    config.set_main_option("version_locations", _written(_HERE / "versions"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _written(path: Path) -> str:
    return str(path).replace("%", "%%")
