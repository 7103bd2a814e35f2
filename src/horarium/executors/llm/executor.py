"""The `llm` executor: each attempt is one call to a language model, without history or tools.

Output: `{"answer": text, "usage": {"input_tokens", "output_tokens"}, "finish_reason", "model"}`. An answer that
is larger than the size limit of outputs is cut, and the output then has `"truncated": true`. An answer without text, a
refusal, or one that a content filter stopped is a failure.
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
from horarium.domain.execution import Call, Outcome, TimeIsUp, Verdict
from horarium.domain.ids import Id
from horarium.executors.compiled import BrokenConfiguration, CompiledConfigs
from horarium.executors.context import context_of, run_text, template_values
from horarium.executors.egress import EgressClient, explain, was_refused
from horarium.executors.http import retry_after_ms
from horarium.executors.llm.answers import LONGEST_DETAIL, NoAnswer, why_unreadable
from horarium.executors.llm.config import (
    INSTALL,
    SECRET_FIELDS,
    AnswerRefused,
    CompiledAgent,
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

# Statuses below 500 after which another attempt may succeed.
_RETRYABLE = frozenset((408, 409, 425, 429))
# At least this much of a response is read, even if outputs are limited to less: the model's text comes with much
# JSON around it, which does not count towards the output.
_MIN_RESPONSE_BYTES = 1024 * 1024


class LlmExecutor:
    """Runs targets of type `llm`. The client libraries are imported when they are first needed."""

    type = "llm"
    waits_on_network = True

    def __init__(self, options: ExecutorOptions) -> None:
        self._egress = EgressClient(options)
        self._public_url = options.public_url
        self._limit = options.response_limit_bytes
        self._env_keys = options.llm_env_keys
        self._compiled = CompiledConfigs(CompiledAgent.of)

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """Everything that is wrong with a configuration as a caller sent it. Asks no model."""
        problems = check_config(config, self._egress.policy, self._env_keys)
        if problems:
            return problems
        wrong = _ask_module().problem_of(CompiledAgent.of(config, {}))
        return [Problem("model", wrong)] if wrong else []

    def check_hosts(self, workspace_id: Id, config: Mapping[str, Any]) -> Sequence[Problem]:
        """A problem if the workspace may not reach the host of `base_url`. That of a provider is known only later."""
        url = config.get("base_url")
        return [] if url is None else self._egress.check_host(workspace_id, url, "base_url")

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Separates a valid configuration into the part that may be shown and the secrets."""
        return split(config, SECRET_FIELDS)

    async def execute(self, call: Call) -> Outcome:
        """Asks the model once. An error of the model, its server or the network becomes a failed Outcome."""
        scrubber = run_scrubber(call)
        try:
            module = await asyncio.to_thread(_ask_module)
            agent = self._compiled.of(call)
            instructions, prompt = self._texts(agent, call)
        except ImportError:
            return _failed(f"agents are not installed on this server: {INSTALL}", scrubber, retryable=False)
        except (BrokenConfiguration, TemplateError, KeyError, TypeError, ValueError) as error:
            return _failed(f"the request to the model could not be made: {error}", scrubber, retryable=False)
        key = self._key(agent)
        return await self._ask(module, agent, key, instructions, prompt, call, scrubber.also([key]))

    async def close(self) -> None:
        """Closes the connections to the models' servers."""
        await self._egress.close()

    def _key(self, agent: CompiledAgent) -> str | None:
        """The API key: the target's own, or the variable of the server's environment that it names.

        The variable is used only while the operator allows it.
        """
        if agent.api_key_env is None or agent.api_key_env not in self._env_keys:
            return agent.api_key
        return os.environ.get(agent.api_key_env)

    async def _ask(
        self,
        module: ModuleType,
        agent: CompiledAgent,
        key: str | None,
        instructions: str | None,
        prompt: str,
        call: Call,
        scrubber: Scrubber,
    ) -> Outcome:
        transport = module.EgressTransport(
            self._egress, call.reaching_id, key, max(_MIN_RESPONSE_BYTES, 4 * self._limit)
        )
        try:
            async with asyncio.timeout(call.timeout_ms / 1000):
                answer = await module.ask(agent, key, instructions, prompt, transport)
        except TimeoutError:
            return _failed(TimeIsUp.MODEL.after(call.timeout_ms), scrubber)
        except Unsupported as error:
            return _failed(str(error), scrubber, retryable=False)
        except NoAnswer as error:
            return _failed(str(error), scrubber, retryable=error.retryable, status=transport.status)
        except Exception as error:
            # Each provider's library raises errors of its own kinds. The transport saw what happened on the network,
            # and that says more than the kind of the error.
            return _failure(error, transport, module.detail_of(error), call, scrubber)
        return Outcome(Verdict.SUCCEEDED, output=self._output(answer, scrubber), status=transport.status)

    def _texts(self, agent: CompiledAgent, call: Call) -> tuple[str | None, str]:
        """The instructions and the prompt of a run.

        Raises TemplateError if a template fails, and ValueError if the prompt is empty.
        """
        context = context_of(call, run_text(call.run_id), self._public_url)
        values = template_values(call, context, agent.named)
        prompt = agent.prompt(values) if agent.prompt else prompt_of(_with_message(call), call.row)
        if not prompt.strip():
            raise ValueError("the input is empty: there is nothing to ask the model")
        instructions = agent.instructions(values) if agent.instructions else _variation_instructions(call)
        return instructions, prompt

    def _output(self, answer: Answer, scrubber: Scrubber) -> dict[str, Any]:
        """The output of a run: without secrets, and with the text cut to the size limit."""
        text = scrubber.text(answer.text.replace("\0", "\ufffd"))
        data = text.encode(errors="replace")
        output: dict[str, Any] = {
            "answer": data.decode(),
            "usage": {
                "input_tokens": _counted(answer.input_tokens),
                "output_tokens": _counted(answer.output_tokens),
            },
            "finish_reason": answer.finish_reason,
            "model": scrubber.text(answer.model)[:LONGEST_DETAIL],
        }
        if len(data) > self._limit:
            output["answer"] = scrubber.cut(data[: self._limit].decode(errors="ignore"))
            output["truncated"] = True
        return output


def _counted(tokens: int) -> int | None:
    """A count of tokens as the model's server tells it; None where it cannot be one."""
    return tokens if 0 <= tokens < 1 << 53 else None


def prompt_of(given: Any, row: Any) -> str:
    """What a model is asked if the target has no `prompt` template: the run's input, then its row as JSON.

    An input `{"input": "..."}` is replaced by its text. For an objective it is the first message, followed by its data
    as JSON; without both, it is the data for the system prompt. Other texts stay as they are, and any other value is
    written as JSON. Empty if there is nothing to ask.
    """
    if isinstance(given, Mapping) and isinstance(given.get("initialMessage"), str):
        message, data = given["initialMessage"], given.get("data")
        if not message and data is None:
            data = given.get("systemPromptData")
        given = "\n\n".join([*([message] if message else []), *([] if data is None else [as_text(data)])])
    if isinstance(given, Mapping) and len(given) == 1 and isinstance(given.get("input"), str):
        given = given["input"]
    parts = [as_text(given)] if given is not None else []
    if row is not None:
        parts.append(orjson.dumps(row).decode())
    return "\n\n".join(parts)


def _with_message(call: Call) -> Any:
    """The input of a run. An objective without a message of its own has that of its variation."""
    text = (call.variation or {}).get("spec", {}).get("firstUserMessageTemplate")
    if isinstance(call.input, Mapping) and call.input.get("initialMessage") == "" and isinstance(text, str):
        return {**call.input, "initialMessage": text}
    return call.input


def _variation_instructions(call: Call) -> str | None:
    """The instructions of the run's variation, if it has any. They count only where the target has none."""
    text = (call.variation or {}).get("spec", {}).get("systemPromptTemplate")
    return text if isinstance(text, str) and text.strip() else None


def _failure(
    error: Exception, transport: EgressTransport, detail: str | None, call: Call, scrubber: Scrubber
) -> Outcome:
    """The outcome of a call that raised `error`, decided by what the transport saw on the network."""
    if isinstance(transport.error, AnswerRefused):
        return _failed(str(transport.error), scrubber, retryable=False, status=transport.status)
    if transport.error is not None:
        return _failed(explain(transport.error), scrubber, retryable=not was_refused(transport.error))
    if transport.status is None:
        return _failed(
            f"the request to the model could not be made ({type(error).__name__})", scrubber, retryable=False
        )
    if transport.status < 300:
        return _failed(why_unreadable(transport.body, error), scrubber, status=transport.status)
    said = f": {detail}" if detail else ""
    retryable = transport.status in _RETRYABLE or transport.status >= 500
    wait = retry_after_ms(transport.retry_after, call.now_ms) if retryable and transport.retry_after else None
    return Outcome(
        Verdict.FAILED,
        error=error_text(f"the model's server answered {transport.status}{said}", scrubber),
        retryable=retryable,
        retry_after_ms=wait,
        gone=transport.status == 410,
        status=transport.status,
    )


def _failed(error: str, scrubber: Scrubber, *, retryable: bool = True, status: int | None = None) -> Outcome:
    return Outcome(Verdict.FAILED, error=error_text(error, scrubber), retryable=retryable, status=status)


def _ask_module() -> ModuleType:
    """The module that asks models. Importing it takes long, and raises ImportError without the extra `agents`."""
    return importlib.import_module("horarium.executors.llm.ask")


def make(options: ExecutorOptions) -> LlmExecutor:
    """Creates the executor. The entry point `llm` names this function."""
    return LlmExecutor(options)
