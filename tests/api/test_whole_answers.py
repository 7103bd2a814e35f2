"""A small answer goes out in one step, and is byte for byte what uvicorn would have sent in two."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn

from horarium.api import web
from horarium.api.connections import ConnectionLimits, limited_protocol, send_whole
from horarium.api.errors import problem_answer
from horarium.api.web import Answer, Api, empty_answer, json_answer
from tests.api.test_connections import Below

NAMED = b"host: x\r\nx-request-id: r1\r\n"
REQUESTS = {
    "an answer": b"GET /json HTTP/1.1\r\n%s\r\n" % NAMED,
    "without its body": b"HEAD /json HTTP/1.1\r\n%s\r\n" % NAMED,
    "after a body that was announced": b"POST /json HTTP/1.1\r\n%scontent-length: 2\r\nexpect: 100-continue\r\n\r\n{}"
    % NAMED,
    "the last of a connection": b"GET /json HTTP/1.1\r\n%sconnection: close\r\n\r\n" % NAMED,
    "to an old client": b"GET /json HTTP/1.0\r\n%s\r\n" % NAMED,
    "nothing": b"DELETE /json HTTP/1.1\r\n%s\r\n" % NAMED,
    "an error": b"GET /nowhere HTTP/1.1\r\n%s\r\n" % NAMED,
    "a page with a policy of its own": b"GET /page HTTP/1.1\r\n%s\r\n" % NAMED,
    "one after another": b"GET /json HTTP/1.1\r\n%s\r\n" % NAMED * 3,
}


def some_api() -> Api:
    api = Api(title="some", render=problem_answer)

    async def get(_: Any) -> Answer:
        return json_answer(200, {"a": "ä" * 100}, headers={"ETag": '"1"', "Tabs": "a\tb"})

    async def delete(_: Any) -> Answer:
        return empty_answer()

    async def page(_: Any) -> Answer:
        return Answer(200, b"page", b"text/html", [(web.CONTENT_POLICY, b"default-src 'self'")])

    async def split(_: Any) -> Answer:
        return json_answer(200, {}, headers={"Location": "/a\r\nset-cookie: b"})

    api.add("GET", "/json", get, "get")
    api.add("POST", "/json", get, "post")
    api.add("DELETE", "/json", delete, "delete")
    api.add("GET", "/page", page, "page")
    api.add("GET", "/split", split, "split")
    return api


async def sent(request: bytes) -> Below:
    """What is below a connection after a request has been answered."""
    config = uvicorn.Config(some_api(), log_config=None, lifespan="off")
    config.load()
    state = uvicorn.server.ServerState()
    state.default_headers = [(b"date", b"Sun, 01 Mar 2026 12:00:00 GMT")]
    below = Below()
    connection: Any = limited_protocol(ConnectionLimits())(config, state, {})
    connection.connection_made(below)
    connection.data_received(request)
    while state.tasks:
        await asyncio.wait(state.tasks)
    connection.connection_lost(None)
    return below


@pytest.mark.parametrize("name", REQUESTS)
async def test_it_is_what_uvicorn_sends_in_two_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once: list[bool] = []
    monkeypatch.setattr(web, "send_whole", lambda *given: at_once.append(send_whole(*given)) or at_once[-1])
    whole = await sent(REQUESTS[name])
    assert all(at_once)
    assert bool(at_once) is (name != "a page with a policy of its own")
    monkeypatch.setattr(web, "send_whole", lambda *_: False)
    in_two = await sent(REQUESTS[name])
    assert b"".join(whole.calls) == b"".join(in_two.calls)
    assert whole.closing is in_two.closing
    assert whole.calls[-1].startswith(b"HTTP/1.1 ")


async def test_what_would_be_a_further_header_is_never_sent(caplog: pytest.LogCaptureFixture) -> None:
    below = await sent(b"GET /split HTTP/1.1\r\n%s\r\n" % NAMED)
    assert below.calls == []
    assert below.closing
    assert "Invalid HTTP header value" in caplog.text


async def test_nothing_is_sent_to_a_caller_who_has_gone() -> None:
    config = uvicorn.Config(some_api(), log_config=None, lifespan="off")
    config.load()
    state = uvicorn.server.ServerState()
    below = Below()
    connection: Any = limited_protocol(ConnectionLimits())(config, state, {})
    connection.connection_made(below)
    connection.data_received(REQUESTS["an answer"])
    connection.connection_lost(None)
    while state.tasks:
        await asyncio.wait(state.tasks)
    assert below.calls == []
