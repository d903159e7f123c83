"""The OpenAPI document of the operators' API; ``scripts/generate`` writes it."""

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

import relay
from relay.api import models
from relay.api.endpoint import Endpoint
from relay.api.endpoints import ENDPOINTS, PREFIX

_FAULTS = {
    401: "The operator's token is missing or wrong.",
    408: "The body did not come in time.",
    409: "Somebody else was faster, or has it; the message says who or what.",
    413: "The body is too long.",
    404: "There is nothing of this id, or no longer.",
    403: "The operator's role does not suffice, or looking into calls is switched off.",
    422: "A parameter or a field is unknown or has a wrong value; the message names it.",
    429: "As many are looking as may, or too many wrong tokens came from here; try again later.",
    503: "Not now; try again.",
    504: "No picture came within 5 s.",
}

_Json = dict[str, Any]

SENT = "x-sent"
"""Marks the schemas of bodies of requests."""
_REFERENCE = "#/components/schemas/{model}"


class _Schema(GenerateJsonSchema):
    """Without the titles that pydantic makes of names: a field that has one is a figure."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - it is pydantic's
        return False


def document() -> _Json:
    """The document, as JSON's types."""
    answers = {e.answer for e in ENDPOINTS.values() if e.answer is not None} | {models.Failure}
    _, schemas = models_json_schema(
        [
            (answer, "serialization")
            for answer in sorted(answers, key=lambda m: m.__name__)
            if issubclass(answer, BaseModel)  # others are parts of these
        ],
        ref_template=_REFERENCE,
        schema_generator=_Schema,
    )
    bodies = _bodies()
    paths: dict[str, _Json] = {}
    for operation_id, endpoint in ENDPOINTS.items():
        path = paths.setdefault(PREFIX + endpoint.path, {})
        path[endpoint.method.lower()] = _operation(operation_id, endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Relay, for operators",
            "version": relay.__version__,
            "description": "Who is connected, and how every stream is doing. Within `v1` fields are"
            " added, never changed or removed: ignore those that you do not know.",
        },
        "servers": [{"url": "/"}],
        "security": [{"operatorToken": []}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"] | bodies,
            "securitySchemes": {"operatorToken": {"type": "http", "scheme": "bearer"}},
        },
    }


def _bodies() -> dict[str, _Json]:
    """What is sent; marked, since there is nothing to be read of these types."""
    bodies = {e.body for e in ENDPOINTS.values() if e.body is not None}
    _, schemas = models_json_schema(
        [(body, "validation") for body in sorted(bodies, key=lambda m: m.__name__)],
        ref_template=_REFERENCE,
        schema_generator=_Schema,
    )
    return {name: schema | {SENT: True} for name, schema in schemas["$defs"].items()}


def text() -> str:
    """The document as it stands in ``docs/openapi.json``."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _operation(operation_id: str, endpoint: Endpoint) -> _Json:
    operation: _Json = {
        "operationId": operation_id,
        "summary": endpoint.summary,
        "parameters": _parameters(endpoint),
        "responses": {str(endpoint.status): _success(endpoint)}
        | {str(status): _fault(status) for status in endpoint.faults},
    }
    if endpoint.body is not None:
        schema = {"$ref": _REFERENCE.format(model=endpoint.body.__name__)}
        operation["requestBody"] = {
            "required": endpoint.needs_body,
            "content": {"application/json": {"schema": schema}},
        }
    if endpoint.is_public:
        operation["security"] = []
    else:
        operation["x-role"] = endpoint.role.value
    return operation


def _parameters(endpoint: Endpoint) -> list[_Json]:
    found = []
    if "{id}" in endpoint.path:
        schema = {"type": "string", "minLength": 1, "maxLength": 128}
        found.append({"name": "id", "in": "path", "required": True, "schema": schema})
    if endpoint.query is not None:
        properties = endpoint.query.model_json_schema(by_alias=True)["properties"]
        for name, schema in properties.items():
            schema.pop("title", None)
            found.append(
                {"name": name, "in": "query", "required": False, "schema": _query_schema(schema)}
            )
            if description := schema.pop("description", None):
                found[-1]["description"] = description
    return found


def _query_schema(schema: _Json) -> _Json:
    """Without null, which no query can say."""
    for choice in schema.pop("anyOf", []):
        if choice.get("type") != "null":
            schema |= choice
    if schema.get("default", "") is None:
        del schema["default"]
    return schema


def _success(endpoint: Endpoint) -> _Json:
    if endpoint.is_public:
        return {
            "description": "OpenAPI 3.1.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    if endpoint.media_type is not None:
        return {"description": "As it comes.", "content": {endpoint.media_type: {}}}
    if endpoint.answer is None:
        return {"description": "Done."}
    if endpoint.streams:
        name = endpoint.answer.__name__
        schema = {"type": "string", "description": f"The data of each event is a `{name}`."}
        return {"description": "A stream.", "content": {"text/event-stream": {"schema": schema}}}
    return {
        "description": (endpoint.answer.__doc__ or "").partition("\n")[0],
        "content": {"application/json": {"schema": _reference(endpoint.answer)}},
    }


def _fault(status: int) -> _Json:
    return {
        "description": _FAULTS[status],
        "content": {"application/json": {"schema": _reference(models.Failure)}},
    }


def _reference(model: type) -> _Json:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
