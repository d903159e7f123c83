"""The settings about what is stored, and about what protects strangers from strangers."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

from relay import values
from relay.setting import setting


class SafetySettings(BaseModel):
    """A part of :class:`relay.config.Settings`, which adds the rest and reads them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_dir: Path | None = setting(
        None,
        "FOLDER",
        "Where the server keeps what outlives it, for nobody else; by default $STATE_DIRECTORY, or"
        " relay in $XDG_STATE_HOME or ~/.local/state.",
    )
    database_url: Annotated[SecretStr, AfterValidator(values.database)] | None = setting(
        None,
        "URL",
        "PostgreSQL database for reports, bans and evidence, such as"
        " postgresql://relay@db.example.org/relay; by default an SQLite file in data_dir.",
    )
