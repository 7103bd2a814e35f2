"""Sends one request to a language model, using the client libraries of the extra `agents`.

Importing this module imports those libraries, which takes a second or two. So the executor imports it only when
it first needs it.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import httpx2
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelRequest, ModelResponse
from pydantic_ai.models import Model, infer_model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers import Provider, infer_provider_class
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings

from horarium.executors.llm.answers import check_answer, message_of
from horarium.executors.llm.config import CompiledAgent, Unsupported
from horarium.executors.llm.transport import EgressTransport

# Set explicitly; otherwise the library would take the address from the environment of this process.
_OPENAI = "https://api.openai.com/v1"
# Sent where there is no key, so that the library does not look for one in the environment of this process.
_NO_KEY = "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered: its text, the tokens it counted, why it stopped, and its name as the server gives it."""

    text: str
    input_tokens: int
    output_tokens: int
    finish_reason: str | None
    model: str


async def ask(
    agent: CompiledAgent, key: str | None, instructions: str | None, prompt: str, transport: EgressTransport
) -> Answer:
    """Asks the model once, without history, tools or the library's own retries.

    `key` is the API key, if there is one. The caller limits the time. Raises Unsupported for a provider that cannot
    be used, NoAnswer for an answer without a text that counts, and whatever the client libraries raise; `transport`
    then knows what happened on the network.
    """
    async with httpx2.AsyncClient(
        transport=transport, follow_redirects=False, trust_env=False, timeout=None
    ) as client:
        model = _model(agent, key, client)
        request = ModelRequest.user_text_prompt(prompt, instructions=instructions)
        settings: Any = ModelSettings(**agent.settings)  # type: ignore[typeddict-item]
        return _answer(await model_request(model, [request], model_settings=settings), agent)


def problem_of(agent: CompiledAgent) -> str | None:
    """Why the agent's provider cannot be used on this server, or None if it can. Sends nothing."""
    if agent.base_url is not None:
        return None
    try:
        _provider_class(agent.model.partition(":")[0])
    except Unsupported as error:
        return str(error)
    return None


def detail_of(error: BaseException) -> str | None:
    """The provider's own error message, cut to 300 characters; None if it sent none in the usual JSON form."""
    body = error.body if isinstance(error, ModelAPIError) else None
    return message_of(body) if isinstance(body, dict) else None


def _model(agent: CompiledAgent, key: str | None, client: httpx2.AsyncClient) -> Model:
    """The library's model object. Every request of it goes through `client`, and the library retries nothing."""
    if agent.base_url is None:
        return infer_model(agent.model, lambda name: _provider(name, key, client))
    provider = OpenAICompatibleProvider(
        "openai-compatible", base_url=agent.base_url, api_key=key or _NO_KEY, http_client=client
    )
    provider.client.max_retries = 0
    # Every compatible server knows `max_tokens`; many do not know the newer `max_completion_tokens`.
    profile = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=False)
    return OpenAIChatModel(agent.model, provider=provider, profile=profile)


def _provider(name: str, key: str | None, client: httpx2.AsyncClient) -> Provider[Any]:
    provider_class = _provider_class(name)
    arguments: dict[str, Any] = {"api_key": key or _NO_KEY, "http_client": client}
    if name.startswith("openai"):
        arguments["base_url"] = _OPENAI
    provider = provider_class(**arguments)
    if hasattr(provider.client, "max_retries"):
        provider.client.max_retries = 0
    return provider


def _provider_class(name: str) -> type[Provider[Any]]:
    """The library's class for a provider. Raises Unsupported if it is unknown, not installed, or cannot be made to use
    our HTTP client."""
    try:
        found = infer_provider_class(name)
    except ImportError:
        package = f"pip install 'pydantic-ai-slim[{name}]'"
        raise Unsupported(f"the provider {name!r} is not installed on this server: {package}") from None
    except ValueError:
        raise Unsupported(
            f"the provider {name!r} does not exist; to use a server of your own, set base_url"
        ) from None
    if not {"api_key", "http_client"} <= set(inspect.signature(found.__init__).parameters):
        raise Unsupported(
            f"the provider {name!r} cannot be used: its requests cannot be checked by this server"
        )
    return found


def _answer(response: ModelResponse, agent: CompiledAgent) -> Answer:
    refusal = (response.provider_details or {}).get("refusal")
    return Answer(
        text=check_answer(
            response.text, response.finish_reason, refusal if isinstance(refusal, str) else None
        ),
        input_tokens=response.usage.input_tokens,
        output_tokens=response.usage.output_tokens,
        finish_reason=response.finish_reason,
        model=response.model_name or agent.model,
    )
