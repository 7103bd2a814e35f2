"""Promises of the `llm` executor, against a local server of the OpenAI-compatible protocol on a real
socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.executors.llm import LlmExecutor, ask, config, make
from horarium.executors.llm.answers import LONGEST_DETAIL, NoAnswer, check_answer, message_of
from horarium.executors.llm.executor import _failure
from horarium.executors.llm.transport import MOST_THOUGHTS
from horarium.executors.options import ExecutorOptions
from horarium.executors.secrecy import Scrubber
from tests.executors.calls import call_of, stored_call
from tests.support.model_server import ModelServer, completion

KEY = "sk-a-key-of-this-target"


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
async def executor() -> AsyncIterator[LlmExecutor]:
    made = make(ExecutorOptions(allow_loopback=True))
    yield made
    await made.close()


async def run(
    executor: LlmExecutor, server: ModelServer, model: str = "echo", *, given: Any = "Hello", **changes: Any
) -> Outcome:
    """One attempt of a target of that model; `changes` are of the call, `config` adds to the target's."""
    target = {"model": model, "base_url": server.base_url, "api_key": KEY, **changes.pop("config", {})}
    return await executor.execute(stored_call(executor, target, input=given, **changes))


async def test_the_answer_and_its_cost_are_the_output(executor: LlmExecutor, server: ModelServer) -> None:
    outcome = await run(executor, server)
    assert outcome == Outcome(
        Verdict.SUCCEEDED,
        output={
            "answer": "You said: Hello",
            "usage": {"input_tokens": 11, "output_tokens": 7},
            "finish_reason": "stop",
            "model": "echo",
        },
        status=200,
    )


async def test_the_call_is_single_turn_with_the_targets_settings(
    executor: LlmExecutor, server: ModelServer
) -> None:
    target = {
        "instructions": "Be brief.",
        "max_tokens": 50,
        "settings": {"temperature": 0.5, "seed": 7, "stop_sequences": ["END"]},
    }
    await run(executor, server, config=target)
    [request] = server.requests
    assert [message["role"] for message in request["messages"]] == ["system", "user"]
    assert request["messages"][0]["content"] == "Be brief."
    assert (request["max_tokens"], request["temperature"], request["seed"]) == (50, 0.5, 7)
    assert request["stop"] == ["END"]
    assert not request.get("stream")
    assert not request.get("tools")
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("given", "row", "asked"),
    [
        ("Hello", None, "Hello"),
        ({"input": "Hello"}, None, "Hello"),
        ({"input": "Hello", "tone": "warm"}, None, '{"input":"Hello","tone":"warm"}'),
        ([1, 2], None, "[1,2]"),
        ("Greet them.", {"name": "Ada"}, 'Greet them.\n\n{"name":"Ada"}'),
        (None, {"name": "Ada"}, '{"name":"Ada"}'),
    ],
)
async def test_the_input_is_what_the_model_is_asked(
    executor: LlmExecutor, server: ModelServer, given: Any, row: Any, asked: str
) -> None:
    outcome = await run(executor, server, given=given, row=row)
    assert outcome.output["answer"] == f"You said: {asked}"


async def test_templates_fill_instructions_and_prompt(executor: LlmExecutor, server: ModelServer) -> None:
    target = {
        "instructions": "You write for {{ env.TEAM }} ({{ environment.TEAM }}).",
        "prompt": "A digest for {{ row.name }} about {{ input.topic }}.",
    }
    call: dict[str, Any] = {
        "row": {"name": "Ada"},
        "environment": {"TEAM": "Sales", "UNUSED": "hidden-value"},
    }
    await run(executor, server, given={"topic": "deals"}, config=target, **call)
    [request] = server.requests
    assert request["messages"][0]["content"] == "You write for Sales (Sales)."
    assert request["messages"][1]["content"] == "A digest for Ada about deals."
    assert "hidden-value" not in str(request)


async def test_a_variable_the_run_does_not_have_is_told(executor: LlmExecutor, server: ModelServer) -> None:
    outcome = await run(executor, server, config={"instructions": "For {{ env.TEAM }}."})
    assert outcome.retryable is False
    assert "environment.TEAM" in str(outcome.error)
    assert server.requests == []


async def test_without_input_nothing_is_asked(executor: LlmExecutor, server: ModelServer) -> None:
    outcome = await run(executor, server, given=None)
    assert outcome.retryable is False
    assert "input is empty" in str(outcome.error)


async def test_a_slow_model_ends_with_the_attempt(executor: LlmExecutor, server: ModelServer) -> None:
    outcome = await run(executor, server, "slow", timeout_ms=300)
    assert outcome == Outcome(Verdict.FAILED, error="the model did not answer within 0.3 s", retryable=True)


async def test_a_cancelled_call_leaves_no_connection(executor: LlmExecutor, server: ModelServer) -> None:
    attempt = asyncio.create_task(run(executor, server, "slow", timeout_ms=60_000))
    await asyncio.wait_for(server.arrived.wait(), 10)
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt


async def test_too_many_requests_wait_as_long_as_was_said(executor: LlmExecutor, server: ModelServer) -> None:
    outcome = await run(executor, server, "limited")
    assert outcome == Outcome(
        Verdict.FAILED,
        error="the model's server answered 429: too many requests",
        retryable=True,
        retry_after_ms=7_000,
        status=429,
    )
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("model", "status", "retryable", "error"),
    [
        ("failing", 500, True, "the model's server answered 500: the model fell over"),
        ("unknown", 404, False, "the model's server answered 404: no such model"),
        ("locked", 401, False, "the model's server answered 401: the key 'Bearer ***' is wrong"),
        ("moved", 307, False, "the model's server answered 307"),
        ("garbled", 200, True, "the model's answer could not be read: it is not JSON"),
        (
            "empty",
            200,
            True,
            "the model's answer could not be read: choices must be a list with at least one choice",
        ),
        ("not-json", 200, True, "the model's answer could not be read: it is not JSON"),
        ("endless", 200, False, "the answer is longer than 1048576 bytes"),
        ("packed", 200, False, "the answer is longer than 1048576 bytes"),
    ],
)
async def test_bad_answers_are_told_apart_and_asked_for_once(
    executor: LlmExecutor, server: ModelServer, model: str, status: int, retryable: bool, error: str
) -> None:
    outcome = await run(executor, server, model)
    assert (outcome.status, outcome.retryable, outcome.error) == (status, retryable, error)
    assert outcome.verdict is Verdict.FAILED
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "retryable", "wait_ms"),
    [
        *((status, True, 7_000) for status in (408, 409, 425, 429, 500, 503, 529)),
        *((status, False, None) for status in (300, 400, 401, 404, 410, 422)),
    ],
)
def test_the_status_of_a_models_server_decides_whether_it_is_asked_again_and_when(
    status: int, retryable: bool, wait_ms: int | None
) -> None:
    transport: Any = SimpleNamespace(error=None, status=status, retry_after="7", body=b"")
    outcome = _failure(ValueError("odd"), transport, f"{KEY} is wrong", call_of({}), Scrubber([KEY]))
    assert outcome == Outcome(
        Verdict.FAILED,
        error=f"the model's server answered {status}: *** is wrong",
        retryable=retryable,
        retry_after_ms=wait_ms,
        gone=status == 410,
        status=status,
    )


async def test_a_named_provider_is_asked_once_like_any_other(
    executor: LlmExecutor, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "_OPENAI", server.base_url)
    target = {"model": "openai-chat:failing", "api_key": KEY}
    outcome = await executor.execute(stored_call(executor, target, input="Hello"))
    assert (outcome.status, outcome.retryable, len(server.requests)) == (500, True, 1)


def test_of_what_a_models_server_says_the_beginning_is_shown() -> None:
    for length, shown in ((300, 300), (301, 300)):
        assert message_of({"error": {"message": "x" * length}}) == "x" * shown
        with pytest.raises(NoAnswer, match=f"refused to answer: x{{{shown}}}$"):
            check_answer(None, "stop", "x" * length)


@pytest.mark.parametrize("odd", [None, "", 0, 5, True, [], ["no capacity"], {}, {"text": "no capacity"}])
def test_what_is_no_text_is_no_message_of_a_models_server(odd: Any) -> None:
    for body in ({"message": odd}, {"error": {"message": odd}}, {"error": odd}):
        assert message_of(body) is None


def test_of_headers_with_credentials_only_those_that_hold_the_targets_key_are_sent() -> None:
    egress: Any = None
    given = {"Authorization": "Bearer another", "X-Api-Key": KEY, "Cookie": "a=b", "X-Title": "another"}
    for key, sent in ((KEY, {"x-api-key", "x-title"}), (None, {"x-title"})):
        transport = ask.EgressTransport(egress, bytes(16), key, 1_000)
        request = httpx2.Request("POST", "https://models.example.com/", headers=given)
        assert {name for name, _ in transport._headers(request)} & {name.lower() for name in given} == sent


def _choice(**changes: Any) -> dict[str, Any]:
    return {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": "Fine."},
        **changes,
    }


def _message(**changes: Any) -> dict[str, Any]:
    return _choice(message={"role": "assistant", "content": None, **changes})


TOOL_CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
READ = "the model's answer could not be read: "


@pytest.mark.parametrize(
    ("changes", "retryable", "error"),
    [
        ({"choices": [_message()]}, True, "the model's answer has no text (finish_reason 'stop')"),
        ({"choices": [_message(content="")]}, True, "the model's answer has no text (finish_reason 'stop')"),
        (
            {"choices": [_message(content=" \n")]},
            True,
            "the model's answer has no text (finish_reason 'stop')",
        ),
        (
            {"choices": [_choice(message={"role": "assistant"})]},
            True,
            "the model's answer has no text (finish_reason 'stop')",
        ),
        (
            {"choices": [_message() | {"finish_reason": "length"}]},
            False,
            "the model reached max_tokens before it wrote any text",
        ),
        (
            {"choices": [_message(tool_calls=[TOOL_CALL]) | {"finish_reason": "tool_calls"}]},
            False,
            "the model called a tool instead of answering, but targets have no tools",
        ),
        (
            {"choices": [_message(refusal="I cannot help with that.")]},
            False,
            "the model refused to answer: I cannot help with that.",
        ),
        (
            {"choices": [_message() | {"finish_reason": "content_filter"}]},
            False,
            "a content filter stopped the model's answer",
        ),
        (
            {"choices": [_choice(finish_reason="content_filter")]},
            False,
            "a content filter stopped the model's answer",
        ),
        (
            {"error": {"message": "no capacity", "code": 503}, "choices": None},
            True,
            "the model's server answered with an error: no capacity",
        ),
        (
            {"error": "overloaded", "choices": None},
            True,
            "the model's server answered with an error: overloaded",
        ),
        ({"error": {"code": 1}, "choices": []}, True, "the model's server answered with an error"),
        ({"id": None}, True, READ + "id has a value that is not expected"),
        ({"choices": None}, True, READ + "choices must be a list with at least one choice"),
        ({"choices": {}}, True, READ + "choices must be a list with at least one choice"),
        ({"choices": ["Fine."]}, True, READ + "choices.0 must be an object"),
        ({"choices": [{"index": 0, "text": "Fine."}]}, True, READ + "choices.0.message is missing"),
        ({"choices": [_choice(message="Fine.")]}, True, READ + "choices.0.message must be an object"),
    ],
)
async def test_an_answer_without_a_text_that_counts_is_a_failure_that_says_why(
    executor: LlmExecutor, server: ModelServer, changes: dict[str, Any], retryable: bool, error: str
) -> None:
    server.answer = lambda usual: usual | changes
    outcome = await run(executor, server, "shaped")
    assert (outcome.verdict, outcome.status) == (Verdict.FAILED, 200)
    assert (outcome.error, outcome.retryable) == (error, retryable)
    assert outcome.output is None


@pytest.mark.parametrize(
    ("name", "words"),
    [("id", "id is missing"), ("choices", "choices is missing"), ("object", "object is missing")],
)
async def test_an_answer_that_lacks_a_field_names_it(
    executor: LlmExecutor, server: ModelServer, name: str, words: str
) -> None:
    server.answer = lambda usual: {key: value for key, value in usual.items() if key != name}
    outcome = await run(executor, server, "shaped")
    assert outcome.error == READ + words


@pytest.mark.parametrize(
    ("body", "words"),
    [([], "not a JSON object"), ("Fine.", "not a JSON object"), (None, "not a JSON object")],
)
async def test_an_answer_of_another_form_says_what_it_is(
    executor: LlmExecutor, server: ModelServer, body: Any, words: str
) -> None:
    server.answer = lambda _usual: body
    outcome = await run(executor, server, "shaped")
    assert words in str(outcome.error)


async def test_an_answer_of_many_small_parts_is_not_given_to_the_library(
    executor: LlmExecutor, server: ModelServer
) -> None:
    """The library takes a tenth of a millisecond for each of them, and does nothing else meanwhile."""
    parts: list[dict[str, Any]] = [{}] * 520
    message = _message()["message"] | {"tool_calls": parts}
    server.answer = lambda usual: usual | {"choices": [_choice(message=message)], "more": parts}
    outcome = await run(executor, server, "shaped")
    assert outcome.error == "the answer holds more than 2000 values and names"
    assert (outcome.retryable, outcome.status) == (False, 200)
    server.answer = lambda usual: usual | {"choices": [_choice()], "more": parts}
    assert (await run(executor, server, "shaped")).output["answer"] == "Fine."


@pytest.mark.parametrize("written", ["<think>", "\\u003cthin\\u006b>"])
async def test_an_answer_of_many_thoughts_is_not_given_to_the_library(
    executor: LlmExecutor, server: ModelServer, written: str
) -> None:
    """The library copies the rest of the text at each of them: a megabyte keeps all else waiting for a second."""
    long = "a" * 100_000

    def saying(thoughts: int) -> Any:
        answer = json.dumps(completion({"model": "shaped"}, f"THOUGHTS{long}"))
        return lambda _usual: answer.replace("THOUGHTS", f"{written}a</think>b" * thoughts).encode()

    server.answer = saying(MOST_THOUGHTS + 1)
    outcome = await run(executor, server, "shaped")
    assert outcome.error == "the answer says more than 100 times what the model thought"
    server.answer = saying(MOST_THOUGHTS)
    assert (await run(executor, server, "shaped")).output["answer"].endswith(long[:1_000])


@pytest.mark.parametrize("tokens", [1 << 60, 10**30])
async def test_a_count_of_tokens_that_cannot_be_one_is_left_out(
    executor: LlmExecutor, server: ModelServer, tokens: int
) -> None:
    usage = {"prompt_tokens": tokens, "completion_tokens": 7, "total_tokens": tokens}
    server.answer = lambda usual: usual | {"usage": usage}
    outcome = await run(executor, server, "shaped")
    assert outcome.output["usage"] == {"input_tokens": None, "output_tokens": 7}


async def test_the_name_of_the_model_is_cut_and_holds_no_secret(
    executor: LlmExecutor, server: ModelServer
) -> None:
    server.answer = lambda usual: usual | {"model": f"of {KEY} " + "m" * 100_000}
    model = (await run(executor, server, "shaped")).output["model"]
    assert model.startswith("of *** m")
    assert len(model) == LONGEST_DETAIL


async def test_each_answer_waits_for_its_turn_among_other_long_work(
    executor: LlmExecutor, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    may = asyncio.Event()
    monkeypatch.setattr("horarium.executors.llm.transport.turn", may.wait)
    running = asyncio.create_task(run(executor, server))
    while not server.requests:
        await asyncio.sleep(0)
    done, _ = await asyncio.wait([running], timeout=0.05)
    assert not done
    may.set()
    assert (await running).output["answer"] == "You said: Hello"


async def test_fields_that_many_servers_leave_out_are_not_missed(
    executor: LlmExecutor, server: ModelServer
) -> None:
    server.answer = lambda usual: (
        {key: value for key, value in usual.items() if key not in ("created", "usage")}
        | {"choices": [_choice(finish_reason=None)]}
    )
    outcome = await run(executor, server, "shaped")
    assert outcome.error is None
    assert outcome.output["answer"] == "Fine."


async def test_a_compressed_answer_of_a_model_is_read(executor: LlmExecutor, server: ModelServer) -> None:
    outcome = await run(executor, server, "gzipped")
    assert outcome.output["answer"] == "in small"


@pytest.mark.parametrize(("named", "shown"), [("gpt-4-0613", "gpt-4-0613"), ("", "shaped")])
async def test_the_model_is_called_as_its_server_calls_it(
    executor: LlmExecutor, server: ModelServer, named: str, shown: str
) -> None:
    server.answer = lambda usual: usual | {"model": named}
    assert (await run(executor, server, "shaped")).output["model"] == shown


async def test_an_answer_that_is_not_read_to_its_end_leaves_no_connection(
    executor: LlmExecutor, server: ModelServer
) -> None:
    for model in ("endless", "echo", "not-json"):
        await run(executor, server, model)
    connector: Any = executor._egress.session.connector
    assert not connector._acquired


async def test_a_server_that_is_not_there_may_be_tried_again(executor: LlmExecutor) -> None:
    async with ModelServer() as gone:
        pass
    outcome = await run(executor, gone)
    assert outcome.retryable is True
    assert outcome.status is None
    assert "could not connect" in str(outcome.error)


async def test_a_long_answer_is_cut_at_the_limit(executor: LlmExecutor, server: ModelServer) -> None:
    outcome = await run(executor, server, "long")
    assert outcome.output["truncated"] is True
    assert outcome.output["finish_reason"] == "length"
    assert len(outcome.output["answer"].encode()) <= ExecutorOptions().response_limit_bytes


async def test_secrets_that_the_model_repeats_are_not_kept(
    executor: LlmExecutor, server: ModelServer
) -> None:
    target = {
        "instructions": "Use {{ env.TOKEN }} and {{ secrets.SIGN }}.",
        "secrets": {"SIGN": "a-named-secret"},
    }
    outcome = await run(executor, server, "telling", config=target, environment={"TOKEN": "t0ken-of-the-run"})
    assert "Use *** and ***." in outcome.output["answer"]
    assert "authorization" in outcome.output["answer"]
    for secret in (KEY, "t0ken-of-the-run", "a-named-secret"):
        assert secret not in str(outcome)


async def test_nothing_is_borrowed_from_the_servers_own_environment(
    executor: LlmExecutor, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-the-operators")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-the-operators")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-the-operators")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway: the-operators")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    target = {"model": "echo", "base_url": server.base_url}
    outcome = await executor.execute(stored_call(executor, target, input="Hello"))
    assert outcome.verdict is Verdict.SUCCEEDED
    assert "the-operators" not in str(server.headers)
    assert "authorization" not in server.headers[0]


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"initialMessage": "Hello", "data": {"n": 1}}, 'Hello\n\n{"n":1}'),
        ({"initialMessage": "", "data": {"n": 1}}, 'Good evening\n\n{"n":1}'),
        ({"initialMessage": "", "systemPromptData": {"tone": "dry"}}, "Good evening"),
    ],
)
async def test_an_objective_without_a_message_asks_that_of_its_variation(
    executor: LlmExecutor, server: ModelServer, given: dict[str, Any], asked: str
) -> None:
    variation = {"id": "v", "name": "V", "spec": {"firstUserMessageTemplate": "Good evening"}}
    outcome = await run(executor, server, given=given, variation=variation)
    assert outcome.output["answer"] == f"You said: {asked}"


async def test_an_objective_without_any_message_asks_its_data_for_the_system_prompt(
    executor: LlmExecutor, server: ModelServer
) -> None:
    given = {"initialMessage": "", "systemPromptData": {"tone": "dry"}}
    assert (await run(executor, server, given=given)).output["answer"] == 'You said: {"tone":"dry"}'
    nothing = await run(executor, server, given={"initialMessage": ""})
    assert nothing.error is not None
    assert "the input is empty" in nothing.error


async def test_a_named_provider_is_asked_with_the_targets_key(
    executor: LlmExecutor, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "_OPENAI", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-the-operators")
    target = {"model": "openai:gpt-4.1-mini", "api_key": KEY, "max_tokens": 40}
    outcome = await executor.execute(stored_call(executor, target, input="Hello"))
    assert outcome.error is None
    assert outcome.output["usage"] == {"input_tokens": 11, "output_tokens": 7}
    assert outcome.output["model"] == "gpt-4.1-mini"
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


async def test_the_operators_key_is_used_only_where_it_is_named_and_allowed(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "_OPENAI", server.base_url)
    monkeypatch.setenv("TEAM_MODEL_KEY", "sk-shared-by-the-operator")
    executor = make(ExecutorOptions(allow_loopback=True, llm_env_keys=("TEAM_MODEL_KEY",)))
    target = {"model": "openai:gpt-4.1-mini", "api_key_env": "TEAM_MODEL_KEY"}
    outcome = await executor.execute(stored_call(executor, target, input="Hello"))
    assert outcome.verdict is Verdict.SUCCEEDED
    assert server.headers[0]["authorization"] == "Bearer sk-shared-by-the-operator"
    elsewhere = {**target, "base_url": server.base_url}
    assert [p.field for p in executor.check(elsewhere)] == ["api_key_env"]
    assert [p.field for p in executor.check({**target, "api_key_env": "PATH"})] == ["api_key_env"]
    await executor.close()


async def test_the_operators_key_is_shown_by_no_error_and_not_sent_once_it_is_not_allowed_any_more(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "_OPENAI", server.base_url)
    monkeypatch.setenv("TEAM_MODEL_KEY", "sk-shared-by-the-operator")
    target = {"model": "openai-chat:locked", "api_key_env": "TEAM_MODEL_KEY"}
    allowing = make(ExecutorOptions(allow_loopback=True, llm_env_keys=("TEAM_MODEL_KEY",)))
    call = stored_call(allowing, target, input="Hello")
    outcome = await allowing.execute(call)
    assert outcome.error == "the model's server answered 401: the key 'Bearer ***' is wrong"
    later = make(ExecutorOptions(allow_loopback=True))
    await later.execute(call)
    assert ["authorization" in headers for headers in server.headers] == [True, False]
    for executor in (allowing, later):
        await executor.close()


@pytest.mark.parametrize(
    ("config", "told"),
    [({}, "You are V."), ({"instructions": "Be brief."}, "Be brief.")],
)
async def test_the_instructions_of_a_variation_count_where_the_target_has_none(
    executor: LlmExecutor, server: ModelServer, config: dict[str, Any], told: str
) -> None:
    variation = {"id": "v", "name": "V", "spec": {"systemPromptTemplate": "You are V."}}
    await run(executor, server, config=config, variation=variation)
    assert server.requests[0]["messages"][0]["content"] == told


async def test_the_key_is_kept_apart_from_what_is_shown(executor: LlmExecutor) -> None:
    given = {"model": "openai:x", "api_key": KEY, "secrets": {"SIGN": "abc"}}
    public, secrets = executor.split(given)
    assert public == {"model": "openai:x", "api_key": "***", "secrets": {"SIGN": "***"}}
    assert secrets == {"api_key": KEY, "secrets.SIGN": "abc"}


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/v1",
        "http://169.254.169.254/v1",
        "http://localhost:8000/v1",
        "ftp://x/",
        "file:///etc",
        "",
    ],
)
async def test_addresses_are_checked_like_any_other_target(url: str) -> None:
    executor = make(ExecutorOptions())
    assert "base_url" in [problem.field for problem in executor.check({"model": "x", "base_url": url})]
    await executor.close()


async def test_a_name_that_leads_to_a_refused_address_is_not_connected_to(server: ModelServer) -> None:
    strict, lenient = make(ExecutorOptions()), make(ExecutorOptions(allow_loopback=True))
    call = stored_call(lenient, {"model": "echo", "base_url": server.base_url}, input="Hello")
    outcome = await strict.execute(call)
    assert outcome.retryable is False
    assert "refused" in str(outcome.error)
    assert server.requests == []
    await strict.close()
    await lenient.close()


async def test_every_problem_is_told_with_its_field(executor: LlmExecutor) -> None:
    given = {
        "model": "gpt",
        "instructions": "{{ env.A }} {{ nope }}",
        "prompt": 5,
        "max_tokens": 0,
        "settings": {"temperature": 3, "heat": 1, "seed": 1.5, "stop_sequences": []},
        "secrets": {"a b": "x"},
        "tools": [],
    }
    assert sorted({problem.field for problem in executor.check(given)}) == [
        "api_key",
        "instructions",
        "max_tokens",
        "model",
        "prompt",
        "secrets.a b",
        "settings.heat",
        "settings.seed",
        "settings.stop_sequences",
        "settings.temperature",
        "tools",
    ]


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("anthropic:some-model", "pip install 'pydantic-ai-slim[anthropic]'"),
        ("mistral:x", "pip install 'pydantic-ai-slim[mistral]'"),
        ("nobody:x", "the provider 'nobody' does not exist"),
    ],
)
async def test_a_provider_that_cannot_be_used_is_told_when_the_target_is_made(
    executor: LlmExecutor, model: str, text: str
) -> None:
    [problem] = executor.check({"model": model, "api_key": KEY})
    assert problem.field == "model"
    assert text in problem.message


async def test_without_the_extra_a_target_says_what_to_install(
    executor: LlmExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "find_spec", lambda name: None if name == "pydantic_ai" else find_spec(name))
    [problem] = executor.check({"model": "openai:gpt-4.1-mini", "api_key": KEY})
    assert problem.message == "agents are not installed on this server: pip install 'horarium[agents]'"


@pytest.mark.parametrize("stored", [{}, {"model": "llama3", "settings": 7}])
async def test_a_stored_configuration_that_cannot_be_used_fails_for_good(
    executor: LlmExecutor, stored: dict[str, Any]
) -> None:
    outcome = await executor.execute(call_of(stored))
    said = "the request to the model could not be made: the target's stored configuration cannot be used: replace it"
    assert outcome == Outcome(Verdict.FAILED, error=said, retryable=False)


def test_a_number_too_large_for_a_float_is_told_as_any_other(executor: LlmExecutor) -> None:
    given = {"model": "openai:gpt-4.1-mini", "api_key": KEY, "settings": {"temperature": 10**400}}
    [problem] = executor.check(given)
    assert problem.message == "must be a number between 0 and 2"
