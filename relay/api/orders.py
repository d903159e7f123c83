"""What operators send to decide something: the bodies of requests, as types. They are strict."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from relay.api.cases import AReason, ARole
from relay.api.models import Model
from relay.records.interface import MAX_WORDS_CHARS

MIN_BAN_MINUTES = 10
MAX_BAN_MINUTES = 10 * 366 * 24 * 60

Words = Annotated[str, Field(max_length=MAX_WORDS_CHARS, pattern=r"^[^\x00]*$")]
"""Whatever people write; no database takes a NUL."""
_Id = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:-]+$")]
Scope = Literal["visitor", "address", "both"]
Minutes = Annotated[
    int | None,
    Field(
        ge=MIN_BAN_MINUTES,
        le=MAX_BAN_MINUTES,
        description="How long, from 10 minutes to 10 years; null for ever. An address is never"
        " banned for more than 30 days, since its hash means nothing afterwards.",
    ),
]


OPERATOR_NAME = r"[a-z0-9][a-z0-9._-]{0,31}"


class Body(Model):
    """What is sent as JSON."""

    model_config = ConfigDict(extra="forbid", strict=True)


class BanTerms(Body):
    """How somebody who was reported is banned."""

    scope: Scope = Field("both", description="What of it is banned.")
    minutes: Minutes
    words: Words = Field("", description="For the banned person.")


class DecisionOrder(Body):
    """How a report is decided."""

    outcome: Literal["dismissed", "warned", "banned"]
    why: Words = Field("", description="For the other operators.")
    ban: BanTerms | None = Field(None, description="With the outcome `banned`, and only then.")

    @model_validator(mode="after")
    def _ban_as_the_outcome(self) -> Self:
        if (self.outcome == "banned") != (self.ban is not None):
            raise ValueError("'ban' belongs to the outcome 'banned', and to no other")
        return self


class NewBan(Body):
    """Who is banned, how long, and why: exactly one of `user`, `report`, and the two of a party."""

    user: _Id | None = Field(None, description="The id of somebody who is connected.")
    report: _Id | None = Field(None, description="The report whose reported one is meant.")
    visitor: _Id | None = None
    address: _Id | None = Field(None, description="Its keyed hash, as reports tell it.")
    scope: Scope = "both"
    minutes: Minutes
    reason: AReason
    words: Words = Field("", description="For the banned person.")
    why: Words = Field("", description="For the other operators.")

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        ways = (self.user, self.report, self.visitor or self.address)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give one of 'user', 'report', and 'visitor' or 'address' or both")
        return self


class LiftQuery(Model):
    """Why a ban is lifted."""

    model_config = ConfigDict(extra="forbid")
    why: Words = Field("", description="For the other operators.")


class AppealAnswer(Body):
    """How an appeal is answered."""

    outcome: Literal["granted", "refused"]
    answer: Words = Field("", description="To the banned person.")
    why: Words = Field("", description="For the other operators.")


class NewOperator(Body):
    """Who is to be an operator, too."""

    name: Annotated[str, Field(pattern=f"^{OPERATOR_NAME}$")]
    role: ARole


class DrainOrder(Body):
    """By when the server is to be empty."""

    deadline: float | None = Field(
        None,
        ge=0,
        le=86_400,
        allow_inf_nan=False,
        description="In so many seconds those who are left are moved, or disconnected if they"
        " cannot be; without it nobody is, or as it was ordered before.",
    )


class Hold(Body):
    """Why a piece of evidence is kept longer."""

    why: Words = ""
