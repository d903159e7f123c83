"""What the operators' API's requests have in common: parameters and bodies, and answers in JSON."""

import asyncio
import re
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
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


_adapter: Any = cache(TypeAdapter)


def answer(told: Model | Track) -> web.Response:
    """An answer as JSON."""
    return web.Response(
        body=_adapter(type(told)).dump_json(told),
        content_type="application/json",
        charset="utf-8",
        headers=answers.NO_STORE,
    )


def query(request: web.Request, model: type[_Query]) -> _Query:
    """The query's parameters; raises what becomes 422 when one is wrong."""
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as error:
        raise answers.Invalid(_first(error, model)) from None


async def body(request: web.Request, model: type[_Body]) -> _Body:
    """The request's JSON; raises what becomes 408, 413 or 422 when it is not as it has to be."""
    content = await read(request, MAX_BODY_BYTES)
    try:
        return model.model_validate_json(content)
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


def unknown(request: web.Request, noun: str) -> web.HTTPNotFound:
    """What becomes 404, since there is nothing of the request's id."""
    asked = request.match_info["id"][:MAX_ID_CHARS]
    text = f"there is no {noun} {asked!r}, or no longer"
    if f"/{noun}s" in {endpoint.path for endpoint in ENDPOINTS.values()}:
        text += f"; GET {PREFIX}/{noun}s lists them"
    return web.HTTPNotFound(text=text)


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
