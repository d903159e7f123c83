"""The settings about what is stored, and about what protects strangers from strangers."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from relay import values
from relay.setting import Part, setting


class SafetySettings(Part):
    """A part of :class:`relay.config.Settings`, which adds the rest and reads them."""

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
    users_per_visitor: int = setting(
        4,
        "COUNT",
        "Users at once of one visitor, which is a browser; further ones are to do some work first,"
        " and four times as many are turned away with 429.",
        ge=1,
    )
    users_per_address: int = setting(
        32,
        "COUNT",
        "The same for one public address (of IPv6: for one /64).",
        ge=1,
    )
    arrivals_per_minute_visitor: int = setting(
        20,
        "COUNT",
        "New users within a minute of one visitor; the same becomes of further ones.",
        ge=1,
        le=10_000,
    )
    arrivals_per_minute_address: int = setting(
        60,
        "COUNT",
        "The same for one public address (of IPv6: for one /64).",
        ge=1,
        le=10_000,
    )
    nexts_per_minute: int = setting(
        30,
        "COUNT",
        "Partners that a user may leave within a minute; whoever leaves more meets only others like"
        " it for the rest of it.",
        ge=1,
        le=10_000,
    )
    hasty_nexts: int = setting(
        5,
        "COUNT",
        "Partners that a user may leave within 2 s each, one after the other, before it meets only"
        " others like it for a while; 0 for any number.",
        ge=0,
        le=10_000,
    )
    same_texts: int = setting(
        2,
        "COUNT",
        "Partners within 10 minutes who may get the same text of a user, short ones ten times as"
        " many; 0 for any number.",
        ge=0,
        le=10_000,
    )
    links_after_s: float = setting(
        30.0,
        "SECONDS",
        "How long two users have to be together before links pass in their chat; 0 for at once.",
        ge=0,
        le=3600,
        allow_inf_nan=False,
    )
    ban_after_reporters: int = setting(
        3,
        "COUNT",
        "So many different users who report the same one within a day have it banned without an"
        " operator, for half an hour and longer at each return; 0 for never.",
        ge=0,
        le=1000,
    )
    start_blurred: bool = setting(
        False,
        "",
        "Have pages blur each new partner until both have pressed Show; without it only for those"
        " who have reported somebody, and who choose it.",
    )
    evidence: bool = setting(
        False,
        "",
        "Keep the last picture and the chat of each call in memory; a report has those of both"
        " stored, sealed with the key that 'relay evidence init' makes.",
    )
    evidence_days: float = setting(
        30.0,
        "DAYS",
        "How long evidence is kept, unless an operator holds it longer.",
        gt=0,
        le=3650,
        allow_inf_nan=False,
    )
    webhook_url: Annotated[SecretStr, AfterValidator(values.webhook)] | None = setting(
        None,
        "URL",
        "Where new reports are told, by ids, reasons and counts alone: HTTPS, or HTTP on this"
        " machine or a private address.",
    )
    webhook_secret: Annotated[SecretStr, AfterValidator(values.webhook_secret)] | None = setting(
        None,
        "SECRET",
        "What signs them, as Standard Webhooks have it: whsec_ and 24 to 64 bytes in base64.",
    )
    classify: bool = setting(
        False,
        "",
        "Have a program look at a picture of each user in a call now and then: what it thinks is"
        " nudity is blurred for the partner, and goes to the operators (needs the"
        " package's extra 'classify').",
    )
    classify_every_s: float = setting(
        5.0,
        "SECONDS",
        "How often each user is looked at, as far as there is CPU left over.",
        ge=0.5,
        le=3600,
        allow_inf_nan=False,
    )
    classify_threshold: float = setting(
        0.8,
        "SCORE",
        "From which score on, of 0 to 1, a picture is suspect.",
        gt=0,
        le=1,
        allow_inf_nan=False,
    )
    classify_command: str | None = setting(
        None,
        "COMMAND",
        "Program that looks at pictures in place of the model, with its arguments.",
        min_length=1,
    )
