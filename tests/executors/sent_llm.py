"""What models are asked, and what comes of their answers: chapters of `sent.txt`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import orjson

from horarium.executors.egress import EgressClient
from horarium.executors.llm import make
from tests.executors.calls import call_of
from tests.executors.sent_world import World
from tests.support.kept_page import shown
from tests.support.model_server import completion
from tests.support.wire import CUT, RESET, SILENCE, Step, answer

OWN: Mapping[str, Any] = {
    "model": "llama3",
    "base_url": "http://example.com/v1",
    "api_key": "sk-of-this-target",
}
# Headers that tell about the machine and the version of a library.
_OF_LIBRARIES = ("x-stainless-", "user-agent")
# The library writes the values of a run into its answers under these names.
CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "a server of one's own": OWN,
    "without a key": {"model": "llama3", "base_url": "http://example.com/v1"},
    "instructions": {**OWN, "instructions": "Be brief about {{ input.team }} at {{ env.REGION }}."},
    "a prompt": {**OWN, "prompt": "What of {{ row.name }}? {{ input }} {{ secrets.WORD }}",
    "secrets": {"WORD": "sesame-open"}},
    "max_tokens": {**OWN, "max_tokens": 500},
    "settings": {
        **OWN,
        "settings": {
            "temperature": 0.2, "top_p": 0.9, "presence_penalty": -1, "frequency_penalty": 1, "seed": 7,
            "stop_sequences": ["END"],
        },
    },
    "max_tokens and settings": {**OWN, "max_tokens": 1, "settings": {"temperature": 0}},
    "an empty prompt": {**OWN, "prompt": " {{ input.nothing }} "},
    "OpenAI": {"model": "openai:gpt-4.1-mini", "api_key": "sk-of-this-target", "max_tokens": 9},
    "OpenAI, its chat": {"model": "openai-chat:gpt-4.1-mini", "api_key": "sk-of-this-target"},
    "OpenAI, its responses": {"model": "openai-responses:gpt-4.1-mini", "api_key": "sk-of-this-target",
    "instructions": "Brief."},
    "the key of the server": {"model": "openai:gpt-4.1-mini", "api_key_env": "MODEL_KEY"},
    "DeepSeek": {"model": "deepseek:deepseek-chat", "api_key": "sk-of-this-target"},
    "OpenRouter": {"model": "openrouter:a/b", "api_key": "sk-of-this-target"},
    "Anthropic": {"model": "anthropic:claude", "api_key": "sk-of-this-target"},
    "nobody": {"model": "nobody:model", "api_key": "sk-of-this-target"},
}  # fmt: skip
INPUTS: Mapping[str, tuple[Any, Any]] = {
    "a text": ("Hello", None),
    "an object": ({"a": 1, "b": "ä"}, None),
    "its text": ({"input": "Hello"}, None),
    "a text that is not alone": ({"input": "Hello", "a": 1}, None),
    "a row": ("Hello", {"name": "Ada"}),
    "only a row": (None, {"name": "Ada"}),
    "nothing": (None, None),
    "an empty text": ("", None),
    "spaces": ("  ", None),
    "zero": (0, None),
    "a first message": ({"initialMessage": "Go on", "data": {"n": 1}}, None),
    "a first message alone": ({"initialMessage": "Go on", "systemPromptData": {"n": 1}}, None),
    "an empty message": ({"initialMessage": "", "systemPromptData": {"n": 1}}, None),
    "an empty message with data": ({"initialMessage": "", "systemPromptData": {"n": 1}, "data": "now"}, None),
}
VARIATION = {
    "id": "variation_1",
    "name": "A",
    "spec": {"systemPromptTemplate": "Be loud.", "firstUserMessageTemplate": "Begin."},
}


def _completed(text: str | None = "Fine.", finish: str = "stop", **message: Any) -> dict[str, Any]:
    made = completion({"model": "llama3-of-today"}, text or "", finish)
    made["choices"][0]["message"] |= {"content": text, **message}
    return made


def _json(status: int | str, body: Any, **headers: str) -> list[Step]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(status, orjson.dumps(body), {"Content-Type": "application/json", **named})


ANSWERS: Mapping[str, list[Step]] = {
    "a text": _json(200, _completed()),
    "a long text": _json(200, _completed("ä" * 201, "length")),
    "a text at the bound": _json(200, _completed("x" * 400)),
    "a text above it": _json(200, _completed("x" * 401)),
    "a secret": _json(200, _completed("sk-of-this-target and sesame-open\0")),
    "no text": _json(200, _completed("")),
    "no text, for its length": _json(200, _completed("", "length")),
    "null": _json(200, _completed(None)),
    "stopped by a filter": _json(200, _completed("Half", "content_filter")),
    "a refusal": _json(200, _completed(None, refusal="I may not. " + "z" * 400)),
    "no usage": _json(200, {name: value for name, value in _completed().items() if name != "usage"}),
    "no choices": _json(200, {**_completed(), "choices": []}),
    "choices that are none": _json(200, {**_completed(), "choices": {"a": 1}}),
    "no message": _json(200, {**_completed(), "choices": [{"index": 0, "finish_reason": "stop"}]}),
    "a message that is none": _json(200, {**_completed(), "choices": [{"index": 0, "message": "x"}]}),
    "a choice that is none": _json(200, {**_completed(), "choices": ["x"]}),
    "other JSON": _json(200, {"a": 1}),
    "a list": _json(200, []),
    "an error all the same": _json(200, {"error": {"message": "sk-of-this-target is used up"}}),
    "an error in a word": _json(200, {"error": "used up"}),
    "an error without words": _json(200, {"error": True}),
    "broken JSON": answer(200, b'{"id": ', {"Content-Type": "application/json"}),
    "a page": answer(200, b"<html>", {"Content-Type": "text/html"}),
    "nothing": answer(200, b"", {"Content-Type": "application/json"}),
    "too long": answer(200, b" " * (1024 * 1024 + 1), {"Content-Type": "application/json"}),
    "brotli": answer(200, b"x", {"Content-Encoding": "br"}),
    **{str(status): _json(status, {"error": {"message": f"said {status}"}}) for status in
       (302, 400, 401, 403, 404, 408, 409, 410, 413, 422, 425, 429, 499, 500, 503, 529)},
    "429 and when": _json(429, {"error": {"message": "slowly"}}, Retry_After="7"),
    "503 and when": _json(503, {"message": "later"}, Retry_After="Sun, 08 Mar 2026 13:00:10 GMT"),
    "400 and when": _json(400, {"error": "no"}, Retry_After="7"),
    "500 without words": answer(500),
    "500 with long words": _json(500, {"error": {"message": "w" * 400}}),
    "closed": [CUT],
    "reset": [RESET],
    "closed in the body": [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", CUT],
    "silence": [SILENCE],
}  # fmt: skip


async def chapters(world: World) -> None:
    # What the process's own environment holds is nobody's business.
    keys = {"MODEL_KEY": "sk-of-the-server", "OPENAI_API_KEY": "sk-of-the-process", "OPENAI_ORG_ID": "org-1"}
    with patch.dict(os.environ, keys):
        await _asked(world)
        await _answered(world)


async def _asked(world: World) -> None:
    page = world.page
    executor = make(world.options(llm_env_keys=("MODEL_KEY",)))
    page.chapter("llm: what is asked")

    async def asked(_client: EgressClient, _workspace: bytes, method: str, url: str, **how: Any) -> Any:
        page.say(f"> {method} {url}")
        headers = sorted((n, v) for n, v in how["headers"].items() if not n.lower().startswith(_OF_LIBRARIES))
        page.alike([f"> {name}: {value}" for name, value in headers if name.lower() != "content-length"])
        page.say(f"> {shown(orjson.loads(how['data']))}")
        raise OSError("nobody is there")

    with patch.object(EgressClient, "request", asked):
        for title, config in CONFIGS.items():
            given = {"input": {"team": "blue", "nothing": None}, "row": {"name": "Ada"}}
            await world.send(title, executor, config, environment={"REGION": "eu-central"}, **given)
        for title, (given_input, row) in INPUTS.items():
            await world.send(f"it is given {title}", executor, OWN, input=given_input, row=row)
        for title, changes in {"its own": {}, "beside instructions": {"instructions": "Be brief."}}.items():
            given = {"input": {"initialMessage": ""}, "variation": VARIATION}
            await world.send(f"a variation, {title}", executor, {**OWN, **changes}, **given)
        page.case("the key of the server is not allowed any more")
        call = call_of({"model": "openai:gpt-4.1-mini", "api_key_env": "OTHER_KEY"})
        page.outcome(await executor.execute(call))
    page.case("a broken configuration")
    for config in ({}, {"model": 7}, {**OWN, "prompt": "{{ nothing }}"}):
        page.outcome(await executor.execute(call_of(config)))
    await executor.close()


async def _answered(world: World) -> None:
    page = world.page
    executor = make(world.options())
    page.chapter("llm: what comes of answers")
    world.wire.answers = [_json(200, _completed())]
    await world.send(
        "over the wire",
        executor,
        {"model": "llama3", "base_url": "http://example.com/v1"},
        [ANSWERS["a text"]],
    )
    secrets = {"api_key": "sk-of-this-target", "secrets.WORD": "sesame-open"}
    for title, steps in ANSWERS.items():
        page.case(title)
        world.wire.answers = [steps]
        call = call_of({**OWN, "api_key": "***"}, secrets, timeout_ms=60 if SILENCE in steps else 5_000)
        page.outcome(await executor.execute(call))
    for url in ("http://127.0.0.1/v1", "http://other.example/v1"):
        page.case(url)
        page.outcome(await executor.execute(call_of({**OWN, "base_url": url})))
    await executor.close()
