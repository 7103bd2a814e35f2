"""The `llm` executor: one call to a language model per attempt, single-turn, without history or tools.

Output: `{"answer": text, "usage": {"input_tokens", "output_tokens"}, "finish_reason", "model"}`, and
`"truncated": true` where the answer was cut at the limit of outputs.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Verdict
from horarium.executors.compiled import CompiledConfigs
from horarium.executors.context import context_of, run_text, template_values
from horarium.executors.egress import EgressClient, explain, was_refused
from horarium.executors.http import retry_after_ms
from horarium.executors.llm.config import (
    INSTALL,
    SECRET_FIELDS,
    AnswerRefused,
    Plan,
    Unsupported,
    check_config,
)
from horarium.executors.options import ExecutorOptions
from horarium.executors.output import error_text
from horarium.executors.secrecy import Scrubber, run_scrubber, split
from horarium.executors.template import TemplateError, as_text

if TYPE_CHECKING:
    from horarium.executors.llm.ask import Answer
    from horarium.executors.llm.transport import EgressTransport

_RETRYABLE = frozenset((408, 409, 425, 429))
_LEAST_ANSWER_BYTES = 1024 * 1024
"""A model's answer is wrapped in much JSON, so more of it is read than is kept."""


class LlmExecutor:
    """Runs targets of type `llm`. The client libraries are loaded when they are first needed."""

    type = "llm"
    waits_on_network = True

    def __init__(self, options: ExecutorOptions) -> None:
        self._egress = EgressClient(options)
        self._public_url = options.public_url
        self._limit = options.response_limit_bytes
        self._env_keys = options.llm_env_keys
        self._plans = CompiledConfigs(Plan.of)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        problems = check_config(config, self._egress.policy, self._env_keys)
        if problems:
            return problems
        wrong = _ask_module().problem_of(Plan.of(config, {}))
        return [Problem("model", wrong)] if wrong else []

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        return split(config, SECRET_FIELDS)

    async def execute(self, call: Call) -> Outcome:
        """One attempt. Never raises for what the model or its server did."""
        scrubber = run_scrubber(call)
        try:
            module = await asyncio.to_thread(_ask_module)
            plan = self._plans.of(call)
            instructions, prompt = self._texts(plan, call)
        except ImportError:
            return _failed(f"agents are not installed on this server: {INSTALL}", scrubber, retryable=False)
        except (TemplateError, KeyError, TypeError, ValueError) as error:
            return _failed(f"the request could not be made: {error}", scrubber, retryable=False)
        key = self._key(plan)
        return await self._ask(module, plan, key, instructions, prompt, call, scrubber.also([key]))

    async def close(self) -> None:
        await self._egress.close()

    def _key(self, plan: Plan) -> str | None:
        """The target's own key, or the operator's where that one is named and still allowed."""
        if plan.api_key_env is None or plan.api_key_env not in self._env_keys:
            return plan.api_key
        return os.environ.get(plan.api_key_env)

    async def _ask(
        self,
        module: ModuleType,
        plan: Plan,
        key: str | None,
        instructions: str | None,
        prompt: str,
        call: Call,
        scrubber: Scrubber,
    ) -> Outcome:
        way = module.EgressTransport(self._egress, key, max(_LEAST_ANSWER_BYTES, 4 * self._limit))
        try:
            async with asyncio.timeout(call.timeout_ms / 1000):
                answer = await module.ask(plan, key, instructions, prompt, way)
        except TimeoutError:
            return _failed(f"the model did not answer within {call.timeout_ms / 1000:g} s", scrubber)
        except Unsupported as error:
            return _failed(str(error), scrubber, retryable=False)
        except Exception as error:
            # The client libraries of many providers raise errors of many kinds; what happened on the wire,
            # which the transport saw, says more than their types.
            return _judge(error, way, module.detail_of(error), call, scrubber)
        return Outcome(Verdict.SUCCEEDED, output=self._output(answer, scrubber), status=way.status)

    def _texts(self, plan: Plan, call: Call) -> tuple[str | None, str]:
        """Instructions and prompt of a run. Raises TemplateError, ValueError where there is nothing to
        ask."""
        context = context_of(call, run_text(call.run_id), self._public_url)
        values = template_values(call, context, plan.named)
        prompt = plan.prompt(values) if plan.prompt else prompt_of(call.input, call.row)
        if not prompt.strip():
            raise ValueError("the input is empty: there is nothing to ask the model")
        instructions = plan.instructions(values) if plan.instructions else _of_variation(call)
        return instructions, prompt

    def _output(self, answer: Answer, scrubber: Scrubber) -> dict[str, Any]:
        text = scrubber.text(answer.text.replace("\0", "\ufffd"))
        data = text.encode(errors="replace")
        output: dict[str, Any] = {
            "answer": data.decode(),
            "usage": {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens},
            "finish_reason": answer.finish_reason,
            "model": answer.model,
        }
        if len(data) > self._limit:
            output["answer"] = scrubber.cut(data[: self._limit].decode(errors="ignore"))
            output["truncated"] = True
        return output


def prompt_of(given: Any, row: Any) -> str:
    """What a model is asked without a `prompt` template: the input's text, and the row as JSON below it.

    `{"input": "..."}` alone stands for its text, and so does an objective's first message, with its data
    as JSON below it; any other value is written as JSON."""
    if isinstance(given, Mapping) and isinstance(given.get("initialMessage"), str):
        data = given.get("data")
        given = given["initialMessage"] + ("" if data is None else "\n\n" + as_text(data))
    if isinstance(given, Mapping) and len(given) == 1 and isinstance(given.get("input"), str):
        given = given["input"]
    parts = [as_text(given)] if given is not None else []
    if row is not None:
        parts.append(orjson.dumps(row).decode())
    return "\n\n".join(parts)


def _of_variation(call: Call) -> str | None:
    """The instructions that the run's variation brings, where the target has none of its own."""
    text = (call.variation or {}).get("spec", {}).get("systemPromptTemplate")
    return text if isinstance(text, str) and text.strip() else None


def _judge(
    error: Exception, way: EgressTransport, detail: str | None, call: Call, scrubber: Scrubber
) -> Outcome:
    """What a failed call means, from what was seen on the wire."""
    if isinstance(way.error, AnswerRefused):
        return _failed(str(way.error), scrubber, retryable=False, status=way.status)
    if way.error is not None:
        return _failed(explain(way.error), scrubber, retryable=not was_refused(way.error))
    if way.status is None:
        return _failed(f"the request could not be made ({type(error).__name__})", scrubber, retryable=False)
    if way.status < 300:
        return _failed("the model's answer could not be read", scrubber, status=way.status)
    said = f": {detail}" if detail else ""
    retryable = way.status in _RETRYABLE or way.status >= 500
    wait = retry_after_ms(way.retry_after, call.now_ms) if retryable and way.retry_after else None
    return Outcome(
        Verdict.FAILED,
        error=error_text(f"the model's server answered {way.status}{said}", scrubber),
        retryable=retryable,
        retry_after_ms=wait,
        gone=way.status == 410,
        status=way.status,
    )


def _failed(error: str, scrubber: Scrubber, *, retryable: bool = True, status: int | None = None) -> Outcome:
    return Outcome(Verdict.FAILED, error=error_text(error, scrubber), retryable=retryable, status=status)


def _ask_module() -> ModuleType:
    return importlib.import_module("horarium.executors.llm.ask")


def make(options: ExecutorOptions) -> LlmExecutor:
    """The factory behind the entry point `llm`."""
    return LlmExecutor(options)
