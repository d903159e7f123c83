"""Takes the tables from one version to another; only here Alembic is needed."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_HERE = Path(__file__).parent

VERSIONS = [_HERE / "versions"]
"""Where the steps are."""


def upgrade(connection: Connection, to: str) -> None:
    """Take each step that is missing, within the connection's transaction."""
    command.upgrade(_config(connection), to)


def downgrade(connection: Connection, to: str) -> None:
    """Take each step back that is one too many, within the connection's transaction."""
    command.downgrade(_config(connection), to)


def versions() -> list[str]:
    """All that there are, the oldest first."""
    script = ScriptDirectory.from_config(_config())
    return [step.revision for step in script.walk_revisions()][::-1]


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", _written(_HERE))
    config.set_main_option("version_locations", "\n".join(map(_written, VERSIONS)))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    return config


def _written(path: Path) -> str:
    return str(path).replace("%", "%%")
