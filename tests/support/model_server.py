"""A local server that speaks the OpenAI-compatible protocol over a real socket, well and badly.

How it behaves is chosen by the name of the model that a request asks for; see `BEHAVIOURS`. Any other model
answers at once with an echo of what it was asked. `python -m tests.support.model_server` runs one until it is
ended and prints its base URL first.
"""

from __future__ import annotations

import asyncio
import gzip
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

Handler = Callable[["ModelServer", dict[str, Any]], Awaitable[web.StreamResponse]]


class ModelServer:
    """`async with ModelServer() as server`: listens on 127.0.0.1 at a port of its own.

    `requests` holds the body of every request, `headers` its headers; `release` lets slow answers go, and `answer`
    changes what the model "shaped" answers."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.arrived = asyncio.Event()
        self.release = asyncio.Event()
        self.answer: Callable[[dict[str, Any]], Any] = lambda usual: usual
        self.base_url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> ModelServer:
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/responses", self._responses)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await self._seen(request)
        behave = BEHAVIOURS.get(body["model"])
        if behave is not None:
            return await behave(self, body)
        return web.json_response(completion(body, f"You said: {said(body)}"))

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        """The newer endpoint of the same protocol, which OpenAI's own models are asked by."""
        body = await self._seen(request)
        return web.json_response(response_object(body, "I am a response."))

    async def _seen(self, request: web.Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self.requests.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.arrived.set()
        return body


def said(body: dict[str, Any]) -> str:
    """What the user's message says."""
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def completion(body: dict[str, Any], text: str, finish: str = "stop") -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_772_355_600,
        "model": body["model"],
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}},
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def response_object(body: dict[str, Any], text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_772_355_600,
        "status": "completed",
        "model": body["model"],
        "output": [
            {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": content}
        ],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 11,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 18,
        },
    }


def refusal(status: int, message: str, **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response({"error": {"message": message, "type": "error"}}, status=status, headers=named)


async def _slow(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    """Answers only when it is let go."""
    await server.release.wait()
    return web.json_response(completion(body, "at last"))


async def _shaped(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    """Answers what `server.answer` makes of a usual answer: a value, or its JSON."""
    answer = server.answer(completion(body, "Fine."))
    if isinstance(answer, bytes):
        return web.Response(body=answer, content_type="application/json")
    return web.json_response(answer)


async def _limited(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    return refusal(429, "too many requests", Retry_After="7")


async def _failing(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    return refusal(500, "the model fell over")


async def _unknown(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    return refusal(404, "no such model")


async def _locked(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    key = server.headers[-1].get("authorization", "")
    return refusal(401, f"the key {key!r} is wrong")


async def _garbled(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(body=b'{"id": "chatcmpl-1", "choices": [{"mess', content_type="application/json")


async def _empty(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    return web.json_response(completion(body, "") | {"choices": []})


async def _not_json(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(text="<html>a proxy's page</html>", content_type="text/html")


async def _long(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    return web.json_response(completion(body, "ä" * 100_000, "length"))


async def _endless(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(body=b" " * 4_000_000, content_type="application/json")


async def _packed(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    packed = gzip.compress(orjson.dumps(completion(body, "x" * 8_000_000)))
    return web.Response(body=packed, headers={"Content-Encoding": "gzip"}, content_type="application/json")


async def _gzipped(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    packed = gzip.compress(orjson.dumps(completion(body, "in small")))
    return web.Response(body=packed, headers={"Content-Encoding": "gzip"}, content_type="application/json")


async def _moved(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": f"{server.base_url}/elsewhere"})


async def _telling(server: ModelServer, body: dict[str, Any]) -> web.StreamResponse:
    """Tells everything that it was told."""
    told = orjson.dumps([body["messages"], server.headers[-1]]).decode()
    return web.json_response(completion(body, told))


BEHAVIOURS: dict[str, Handler] = {
    "slow": _slow,
    "shaped": _shaped,
    "limited": _limited,
    "failing": _failing,
    "unknown": _unknown,
    "locked": _locked,
    "garbled": _garbled,
    "empty": _empty,
    "not-json": _not_json,
    "long": _long,
    "endless": _endless,
    "packed": _packed,
    "gzipped": _gzipped,
    "moved": _moved,
    "telling": _telling,
}


async def _main() -> None:
    async with ModelServer() as server:
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
