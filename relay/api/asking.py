"""What the operators' API's requests have in common: their parameters, and answers in JSON."""

from functools import cache
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from relay.api import answers
from relay.api.endpoints import PREFIX
from relay.api.models import Model, Track

MAX_ID_CHARS = 64

_Query = TypeVar("_Query", bound=Model)


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


def unknown(request: web.Request, noun: str) -> web.HTTPNotFound:
    """What becomes 404, since there is nothing of the request's id."""
    asked = request.match_info["id"][:MAX_ID_CHARS]
    return web.HTTPNotFound(
        text=f"there is no {noun} {asked!r}, or no longer; GET {PREFIX}/{noun}s lists them"
    )


def _first(error: ValidationError, model: type[BaseModel]) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0])[:MAX_ID_CHARS]
    if first["type"] == "extra_forbidden":
        return f"{name!r} is no parameter of this; there are {', '.join(model.model_fields)}"
    return f"{name}: {first['msg'].removeprefix('Input ')}"
