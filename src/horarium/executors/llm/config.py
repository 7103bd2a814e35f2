"""The configuration of an agent target.

    {"model": "openai:gpt-4.1-mini", "api_key": "...", "instructions": "...", "max_tokens": 500,
     "settings": {"temperature": 0.2}}
    {"model": "llama3", "base_url": "https://models.example.com/v1", "instructions": "..."}

`model` is `provider:name` for any provider that pydantic-ai knows. With `base_url`, it is the bare name of a
model on the OpenAI-compatible server there. `instructions` and `prompt` are templates. Without a `prompt`, the
model is asked the run's input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.near_names import did_you_mean
from horarium.executors.addresses import AddressPolicy, check_url
from horarium.executors.checks import check_fields, shortened
from horarium.executors.secrecy import check_secrets, named_secrets, reveal
from horarium.executors.template import RenderText, check_template, compile_text

FIELDS = (
    "model",
    "base_url",
    "api_key",
    "api_key_env",
    "instructions",
    "prompt",
    "max_tokens",
    "settings",
    "secrets",
)
SECRET_FIELDS = ("api_key",)
# The command that installs what agents need; error messages name it.
INSTALL = "pip install 'horarium[agents]'"
# The longest `instructions` or `prompt`, in characters.
MAX_TEXT = 256 * 1024
MAX_TOKENS = 1_000_000

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}", re.ASCII)
_WITH_PROVIDER = re.compile(r"[a-z0-9/_-]+:.+", re.ASCII)
# Texts of agents may write `env` for `environment`, which is the name of the run's variables in templates.
_SHORT_ENV = re.compile(r"\{\{\s*env\.")


class Unsupported(Exception):
    """The provider cannot be used on this server. The text says why, and what to do about it."""


class AnswerRefused(Exception):
    """The server's answer is not read: it is too long, or compressed although that was not asked for."""


@dataclass(frozen=True, slots=True)
class CompiledAgent:
    """A target's configuration, compiled for its runs. It holds secrets, so it is never shown or logged.

    `settings` are the library's model settings, `max_tokens` among them. `named` are the secrets that templates may
    use, by name.
    """

    model: str
    base_url: str | None
    api_key: str | None
    api_key_env: str | None
    instructions: RenderText | None
    prompt: RenderText | None
    settings: Mapping[str, Any]
    named: Mapping[str, Any]

    @classmethod
    def of(cls, config: Mapping[str, Any], secrets: Mapping[str, Any]) -> CompiledAgent:
        """Compiles a stored configuration that passed `check_config`, with its secrets put back.

        Raises KeyError, TypeError or ValueError for one that did not pass.
        """
        whole = reveal(config, secrets)
        settings = dict(whole.get("settings") or {})
        if whole.get("max_tokens") is not None:
            settings["max_tokens"] = whole["max_tokens"]
        return cls(
            model=whole["model"],
            base_url=whole.get("base_url"),
            api_key=whole.get("api_key"),
            api_key_env=whole.get("api_key_env"),
            instructions=_compiled(whole.get("instructions")),
            prompt=_compiled(whole.get("prompt")),
            settings=settings,
            named=named_secrets(whole),
        )


def check_config(
    config: Mapping[str, Any], policy: AddressPolicy, env_keys: Collection[str]
) -> list[Problem]:
    """Everything that is wrong with a configuration as a caller sent it. Opens no connection.

    `env_keys` are the variables of the server's own environment that the operator lets targets use as API keys.
    """
    problems = check_fields(config, "llm", FIELDS)
    if find_spec("pydantic_ai") is None or find_spec("openai") is None:
        problems.append(Problem("", f"agents are not installed on this server: {INSTALL}", "unavailable"))
    problems += _check_model(config)
    if config.get("base_url") is not None:
        problems += check_url(config["base_url"], policy, "base_url")
    problems += _check_key(config, env_keys)
    for field in ("instructions", "prompt"):
        problems += _check_text(config, field)
    problems += _check_tokens(config.get("max_tokens"))
    return problems + _check_settings(config.get("settings")) + check_secrets(config, SECRET_FIELDS)


def _check_model(config: Mapping[str, Any]) -> list[Problem]:
    model = config.get("model")
    if model is None:
        return [Problem("model", 'is required, such as "openai:gpt-4.1-mini"', "required")]
    if not isinstance(model, str) or not _MODEL.fullmatch(model):
        return [Problem("model", 'must be the name of a model, such as "openai:gpt-4.1-mini"')]
    if config.get("base_url") is None and not _WITH_PROVIDER.fullmatch(model):
        return [Problem("model", 'must begin with its provider ("openai:..."), or base_url must be given')]
    return []


def _check_key(config: Mapping[str, Any], env_keys: Collection[str]) -> list[Problem]:
    """Checks `api_key` and `api_key_env`. A provider needs a key, but the server at `base_url` may not need one.

    A key from the server's environment belongs to the operator, so it is never sent to an address that a user chose.
    """
    key, name = config.get("api_key"), config.get("api_key_env")
    if key is not None and (
        not isinstance(key, str) or not key.isascii() or not key.isprintable() or not key
    ):
        return [Problem("api_key", "must be a string of printable ASCII characters", "type")]
    if name is None:
        needed = key is None and config.get("base_url") is None
        return [Problem("api_key", "is required for this provider", "required")] if needed else []
    if key is not None or config.get("base_url") is not None:
        return [
            Problem("api_key_env", "cannot be combined with api_key or base_url; leave it out", "conflict")
        ]
    if name not in env_keys:
        return [Problem("api_key_env", "must be a variable that the operator of this server allows as a key")]
    return []


def _check_text(config: Mapping[str, Any], field: str) -> list[Problem]:
    text = config.get(field)
    if text is None:
        return []
    if not isinstance(text, str):
        return [Problem(field, "must be a string", "type")]
    if len(text) > MAX_TEXT:
        return [Problem(field, f"is longer than {MAX_TEXT} characters")]
    secrets = config.get("secrets")
    return check_template(
        _with_long_names(text), field, list(secrets) if isinstance(secrets, Mapping) else ()
    )


def _check_tokens(tokens: Any) -> list[Problem]:
    if tokens is None or (_is_whole(tokens) and 1 <= tokens <= MAX_TOKENS):
        return []
    return [Problem("max_tokens", f"must be a whole number between 1 and {MAX_TOKENS}")]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _between(low: float, high: float) -> Callable[[Any], str | None]:
    """A check of a setting: it returns what is wrong with a value, or None."""

    def check(value: Any) -> str | None:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return None if number and low <= value <= high else f"must be a number between {low:g} and {high:g}"

    return check


def _strings(value: Any) -> str | None:
    good = (
        isinstance(value, list)
        and 0 < len(value) <= 16
        and all(isinstance(text, str) and text for text in value)
    )
    return None if good else "must be a list of 1 to 16 strings, none of them empty"


def _whole(value: Any) -> str | None:
    return None if _is_whole(value) and abs(value) < 1 << 63 else "must be a whole number"


# How many settings of a configuration are checked at most. It is more than exist, so an unknown setting in a longer
# list is always found.
_MOST_SETTINGS = 20

# The settings that a target may have, each with its check.
SETTINGS: Mapping[str, Callable[[Any], str | None]] = {
    "temperature": _between(0, 2),
    "top_p": _between(0, 1),
    "presence_penalty": _between(-2, 2),
    "frequency_penalty": _between(-2, 2),
    "seed": _whole,
    "stop_sequences": _strings,
}


def _check_settings(settings: Any) -> list[Problem]:
    if settings is None:
        return []
    if not isinstance(settings, Mapping):
        return [Problem("settings", "must be an object", "type")]
    problems = []
    for name, value in islice(settings.items(), _MOST_SETTINGS):
        if name not in SETTINGS:
            text = f"is unknown; {did_you_mean(name, SETTINGS, 'settings')}"
            problems.append(Problem(f"settings.{shortened(name)}", text, "unknown"))
        elif wrong := SETTINGS[name](value):
            problems.append(Problem(f"settings.{name}", wrong))
    return problems


def _with_long_names(template: str) -> str:
    """The template with `{{ env.X }}` written as `{{ environment.X }}`."""
    return _SHORT_ENV.sub("{{ environment.", template)


def _compiled(template: str | None) -> RenderText | None:
    return None if template is None else compile_text(_with_long_names(template))
