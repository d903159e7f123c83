"""The OpenAPI document says what the API does."""

import json
import re
from typing import Any

import pytest
from pydantic.alias_generators import to_snake

from relay.api import openapi
from relay.api.endpoint import Endpoint
from relay.api.endpoints import ENDPOINTS, PREFIX
from relay.track import FIGURES

DOCUMENT = openapi.document()


def operation(name: str) -> Any:
    endpoint = ENDPOINTS[name]
    return DOCUMENT["paths"][PREFIX + endpoint.path][endpoint.method.lower()]


def test_every_reference_leads_to_a_schema() -> None:
    references = set(re.findall(r'"#/components/schemas/(\w+)"', openapi.text()))
    assert references <= set(DOCUMENT["components"]["schemas"])
    assert {"Failure", "Track", "Snapshot"} <= references | {"Snapshot"}
    assert "Snapshot" in DOCUMENT["components"]["schemas"]


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_endpoint_is_in_it(name: str) -> None:
    endpoint, told = ENDPOINTS[name], operation(name)
    assert told["operationId"] == name
    assert told["summary"] == endpoint.summary
    assert {int(status) for status in told["responses"]} == {endpoint.status, *endpoint.faults}


def test_only_the_document_is_public() -> None:
    public = [name for name in ENDPOINTS if operation(name).get("security") == []]
    assert public == ["getOpenApi"]
    assert DOCUMENT["security"] == [{"operatorToken": []}]


def test_the_parameters_of_a_list() -> None:
    told = {p["name"]: p for p in operation("listTracks")["parameters"]}
    assert told["limit"]["schema"] == {
        "type": "integer",
        "default": 100,
        "minimum": 1,
        "maximum": 500,
    }
    assert told["kind"]["schema"] == {"type": "string", "enum": ["audio", "video"]}
    assert "description" in told["room"]
    assert not any("null" in json.dumps(parameter) for parameter in told.values())


def test_fields_are_named_as_on_the_wire() -> None:
    track = DOCUMENT["components"]["schemas"]["Track"]["properties"]
    assert {"bitrateBps", "roundTripMs", "waitsForKeyframe"} <= set(track)
    assert set(DOCUMENT["components"]["schemas"]["Track"]["required"]) == set(track)


@pytest.mark.parametrize(
    ("endpoint", "status", "faults"),
    [
        (Endpoint("GET", "/a", ""), 204, (401, 429)),
        (Endpoint("GET", "/a/{id}", ""), 204, (401, 404, 429)),
        (Endpoint("GET", "/a", "", is_public=True), 200, ()),
        (Endpoint("GET", "/a", "", can_be_late=True), 204, (401, 429, 503)),
    ],
)
def test_which_errors_an_endpoint_has(
    endpoint: Endpoint, status: int, faults: tuple[int, ...]
) -> None:
    assert (endpoint.status, endpoint.faults) == (status, faults)


def test_what_has_a_title_is_a_figure() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    told = {
        to_snake(name): (field["title"], field.get("x-column"))
        for name, field in schemas["Track"]["properties"].items()
        if "title" in field
    }
    assert told == {name: (figure.title, figure.word) for name, figure in FIGURES.items()}
    assert "title" not in schemas["User"]["properties"]["ageS"]
