"""What the operators' API's requests have in common: parameters and bodies, and answers in JSON."""

import asyncio
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from relay.api import answers
from relay.api.endpoints import ENDPOINTS, PREFIX
from relay.api.models import Model, Track

MAX_ID_CHARS = 64
MAX_BODY_BYTES = 32 * 1024
"""Of JSON: two texts of 1,000 characters are 24,000 bytes when each is escaped as two units."""
PATIENCE_S = 5.0
"""How long a body may take."""

_Query = TypeVar("_Query", bound=Model)
_Body = TypeVar("_Body", bound=BaseModel)
_Answer = TypeVar("_Answer", bound=Model | Track)
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


_adapter: Any = cache(TypeAdapter)


def written(told: Model | Track) -> bytes:
    """An answer's JSON."""
    found: bytes = _adapter(type(told)).dump_json(told)
    return found


def understood(kind: type[_Answer], told: str) -> _Answer:
    """What :func:`written` has written; raises ValueError when it is none of the kind."""
    found: _Answer = _adapter(kind).validate_json(told)
    return found


def answer(told: Model | Track | None) -> web.Response:
    """An answer as JSON; None for one without a body."""
    if told is None:
        return web.Response(status=204)
    return web.Response(
        body=written(told),
        content_type="application/json",
        charset="utf-8",
        headers=answers.NO_STORE,
    )


def query(request: web.Request, model: type[_Query]) -> _Query:
    """The query's parameters; raises what becomes 422 when one is wrong."""
    return parameters(request.query, model)


def parameters(given: Mapping[str, str], model: type[_Query]) -> _Query:
    """The same of a query that has come some other way."""
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        raise answers.Invalid(_first(error, model)) from None


async def body(request: web.Request, model: type[_Body]) -> _Body:
    """The request's JSON; raises what becomes 408, 413 or 422 when it is not as it has to be."""
    return content(await read(request, MAX_BODY_BYTES), model)


def content(sent: bytes | str, model: type[_Body]) -> _Body:
    """The same of a body that has come some other way."""
    try:
        return model.model_validate_json(sent)
    except ValidationError as error:
        raise answers.Invalid(_first(error, model)) from None


async def read(request: web.Request, max_bytes: int) -> bytes:
    """The request's body; raises what becomes 408 or 413 when it is slow or long."""
    found = bytearray()
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for part in request.content.iter_any():
                found += part
                if len(found) > max_bytes:
                    raise web.HTTPRequestEntityTooLarge(max_bytes, len(found))
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body did not come") from None
    return bytes(found)


def id_of(request: web.Request, noun: str) -> str:
    """The id in the request's path; raises what becomes 404 when it cannot be one."""
    found = request.match_info["id"]
    if _ID.fullmatch(found) is None:
        raise unknown(request, noun)
    return found


class Unknown(web.HTTPNotFound):
    """What becomes 404, since there is nothing of an id here."""


def unknown(request: web.Request, noun: str) -> Unknown:
    """The same of the request's id."""
    return nothing(request.match_info["id"], noun)


def nothing(asked: str, noun: str) -> Unknown:
    """The same in words."""
    text = f"there is no {noun} {asked[:MAX_ID_CHARS]!r}, or no longer"
    if f"/{noun}s" in {endpoint.path for endpoint in ENDPOINTS.values()}:
        text += f"; GET {PREFIX}/{noun}s lists them"
    return Unknown(text=text)


def _first(error: ValidationError, model: type[BaseModel]) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(str(part) for part in first["loc"])[:MAX_ID_CHARS]
    said = first["msg"].removeprefix("Input ").removeprefix("Value error, ")
    if first["type"] == "json_invalid":
        return "the body has to be JSON"
    if first["type"] == "extra_forbidden":
        return f"{name!r} is no parameter of this; there are {', '.join(_names(model))}"
    return f"{name}: {said}" if name else said


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
