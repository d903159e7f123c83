"""Errors as JSON, and what the server's own logger says of failed requests."""

import json
import logging

import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadStatusLine
from aiohttp.test_utils import make_mocked_request

from relay.api.answers import error, errors_as_json, request_logger


async def answer_to(raised: web.HTTPException) -> web.StreamResponse:
    async def handler(_: web.Request) -> web.StreamResponse:
        raise raised

    return await errors_as_json(make_mocked_request("GET", "/"), handler)


def test_an_error_has_a_code_and_a_message() -> None:
    response = error(413, "too much", {"X-More": "1"})
    assert (response.status, response.content_type) == (413, "application/json")
    assert response.headers["X-More"] == "1"
    body = json.loads(response.text or "")
    assert body["error"]["message"] == "too much"
    assert body["error"]["code"].replace("_", "").isalpha()


async def test_a_raised_error_becomes_json_and_keeps_the_allowed_methods() -> None:
    response = await answer_to(web.HTTPMethodNotAllowed("POST", ["GET", "HEAD"]))
    assert isinstance(response, web.Response)
    assert (response.status, response.headers["Allow"]) == (405, "GET,HEAD")
    assert json.loads(response.text or "")["error"]["code"] == "method_not_allowed"


async def test_a_raised_error_keeps_when_to_come_again() -> None:
    full = web.HTTPServiceUnavailable(text="the server is full\n", headers={"Retry-After": "10"})
    response = await answer_to(full)
    assert isinstance(response, web.Response)
    assert (response.status, response.headers["Retry-After"]) == (503, "10")
    assert json.loads(response.text or "") == {
        "error": {"code": "service_unavailable", "message": "the server is full"}
    }


async def test_a_raised_error_keeps_a_code_of_its_own() -> None:
    class Full(web.HTTPServiceUnavailable):
        code = "full"

    response = await answer_to(Full(text="the server is full\n"))
    assert isinstance(response, web.Response)
    assert json.loads(response.text or "")["error"]["code"] == "full"


async def test_a_redirect_stays_one() -> None:
    with pytest.raises(web.HTTPFound):
        await answer_to(web.HTTPFound("/"))


def test_the_request_log_names_no_address_and_leaves_bad_requests_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = request_logger()
    crash = ZeroDivisionError("a bug")
    logger.error("Error handling request from %s", "192.0.2.7", exc_info=BadStatusLine("x"))
    logger.error("Error handling request from %s", "192.0.2.7", exc_info=crash)
    [record] = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "request_failed")
    assert record.exc_info
    assert record.exc_info[1] is crash
