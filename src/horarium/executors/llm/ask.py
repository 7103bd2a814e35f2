"""One request to a language model, with the client libraries that the extra `agents` brings.

Importing this module imports them, which takes a second or two; nothing but the executor's first call does
it.
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

from horarium.executors.llm.config import Plan, Unsupported
from horarium.executors.llm.transport import EgressTransport

# Given rather than left to the library, which would look for another one in this process's environment.
_OPENAI = "https://api.openai.com/v1"
_NO_KEY = "none"
_MAX_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    input_tokens: int
    output_tokens: int
    finish_reason: str | None
    model: str


async def ask(
    plan: Plan, key: str | None, instructions: str | None, prompt: str, way: EgressTransport
) -> Answer:
    """Asks once: no history, no tools, no retries of the library's own. Raises what the libraries raise."""
    async with httpx2.AsyncClient(
        transport=way, follow_redirects=False, trust_env=False, timeout=None
    ) as client:
        model = _model(plan, key, client)
        request = ModelRequest.user_text_prompt(prompt, instructions=instructions)
        settings: Any = ModelSettings(**plan.settings)  # type: ignore[typeddict-item]
        return _answer(await model_request(model, [request], model_settings=settings), plan)


def problem_of(plan: Plan) -> str | None:
    """Why the plan's provider cannot be used here, or None. Sends nothing."""
    if plan.base_url is not None:
        return None
    try:
        _provider_class(plan.model.partition(":")[0])
    except Unsupported as error:
        return str(error)
    return None


def detail_of(error: BaseException) -> str | None:
    """What the provider itself said was wrong, if it said so in the usual form."""
    body = error.body if isinstance(error, ModelAPIError) else None
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    message = body.get("message") if isinstance(body, dict) else None
    return message[:_MAX_DETAIL] if isinstance(message, str) and message else None


def _model(plan: Plan, key: str | None, client: httpx2.AsyncClient) -> Model:
    if plan.base_url is None:
        return infer_model(plan.model, lambda name: _provider(name, key, client))
    provider = OpenAICompatibleProvider(
        "openai-compatible", base_url=plan.base_url, api_key=key or _NO_KEY, http_client=client
    )
    provider.client.max_retries = 0
    # The older `max_tokens` is what every compatible server understands.
    profile = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=False)
    return OpenAIChatModel(plan.model, provider=provider, profile=profile)


def _provider(name: str, key: str | None, client: httpx2.AsyncClient) -> Provider[Any]:
    made = _provider_class(name)
    given: dict[str, Any] = {"api_key": key or _NO_KEY, "http_client": client}
    if name.startswith("openai"):
        given["base_url"] = _OPENAI
    provider = made(**given)
    if hasattr(provider.client, "max_retries"):
        provider.client.max_retries = 0
    return provider


def _provider_class(name: str) -> type[Provider[Any]]:
    try:
        found = infer_provider_class(name)
    except ImportError:
        package = f"pip install 'pydantic-ai-slim[{name}]'"
        raise Unsupported(f"the provider {name!r} is not installed on this server: {package}") from None
    except ValueError:
        raise Unsupported(f"there is no provider {name!r}; for a server of your own give base_url") from None
    if not {"api_key", "http_client"} <= set(inspect.signature(found.__init__).parameters):
        raise Unsupported(f"the provider {name!r} cannot be used: it takes no connection of ours")
    return found


def _answer(response: ModelResponse, plan: Plan) -> Answer:
    return Answer(
        text=response.text or "",
        input_tokens=response.usage.input_tokens,
        output_tokens=response.usage.output_tokens,
        finish_reason=response.finish_reason,
        model=response.model_name or plan.model,
    )
