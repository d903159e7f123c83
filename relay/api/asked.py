"""What an operator asks for, whether it came over HTTP or from another node of the cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar
from urllib.parse import parse_qsl, quote, unquote, urlencode

from aiohttp import web
from pydantic import BaseModel

from relay.api import answers, asking
from relay.api.endpoint import Endpoint
from relay.api.endpoints import ENDPOINTS
from relay.api.models import Model
from relay.api.operator import OPERATOR
from relay.api.operators import may
from relay.api.orders import OPERATOR_NAME
from relay.cluster.messages import Call
from relay.records import Role

MAX_PARAMETERS = 32

_OPERATOR = re.compile(OPERATOR_NAME)

_Query = TypeVar("_Query", bound=Model)
_Body = TypeVar("_Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, or one order."""

    operation: str
    """The name of one of the endpoints."""
    by: str
    """The operator's name, and its ``role``."""
    role: Role
    id: str = ""
    """The one in the path; empty where there is none."""
    query: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def endpoint(self) -> Endpoint:
        """What is asked."""
        return ENDPOINTS[self.operation]

    def parameters(self, model: type[_Query]) -> _Query:
        """The query; raises what becomes 422 when it is not as it has to be."""
        return asking.parameters(self.query, model)

    def content(self, model: type[_Body]) -> _Body:
        """The body; raises what becomes 422 when it is not as it has to be."""
        if not self.body and not self.endpoint.needs_body:
            return model()
        return asking.content(self.body, model)

    def with_query(self, **changed: object) -> Asked:
        """The same with other parameters; None leaves one out."""
        query = {**self.query, **{name: str(value) for name, value in changed.items()}}
        left = {name: value for name, value in query.items() if changed.get(name, "") is not None}
        return replace(self, query=left)

    def call(self) -> Call:
        """The same as another node is asked."""
        endpoint = self.endpoint
        id_ = quote(self.id, safe="", errors="surrogateescape")
        path = endpoint.path.removeprefix("/").replace("{id}", id_)
        query = f"?{urlencode(self.query, errors='surrogateescape')}" if self.query else ""
        return Call(endpoint.method, path + query, self.body, self.by, self.role.value)


async def of_request(operation: str, request: web.Request) -> Asked:
    """What a request asks that was let through; raises what becomes 408, 413 or 422."""
    body = ""
    if ENDPOINTS[operation].body is not None:
        sent = await asking.read(request, asking.MAX_BODY_BYTES)
        try:
            body = sent.decode()
        except UnicodeDecodeError:
            raise answers.Invalid("the body has to be JSON") from None
    return Asked(
        operation,
        request[OPERATOR].name,
        request[OPERATOR].role,
        request.match_info.get("id", ""),
        dict(request.query),
        body,
    )


def of_call(call: Call, carried: frozenset[str]) -> Asked:
    """What another node asks.

    :param carried: the operations that nodes ask each other for; there are no others.
    :raises HTTPNotFound: when it is none of them.
    :raises HTTPForbidden: when the operator's role does not suffice.
    """
    path, _, query = call.path.partition("?")
    for operation in carried:
        endpoint = ENDPOINTS[operation]
        found = _pattern(endpoint).fullmatch(path)
        if found is None or endpoint.method != call.method:
            continue
        is_one = call.role in set(Role) and _OPERATOR.fullmatch(call.operator)
        if not is_one or not may(Role(call.role), endpoint.role):
            raise web.HTTPForbidden(text=f"this needs the role {endpoint.role}")
        try:
            given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS))
        except ValueError:
            raise answers.Invalid("there are too many parameters") from None
        id_ = unquote(found["id"]) if "id" in found.groupdict() else ""
        return Asked(operation, call.operator, Role(call.role), id_, given, call.body)
    raise web.HTTPNotFound(text="nodes do not ask each other for this")


@cache
def _pattern(endpoint: Endpoint) -> re.Pattern[str]:
    path = re.escape(endpoint.path.removeprefix("/"))
    return re.compile(path.replace(re.escape("{id}"), "(?P<id>[^/]+)"))
