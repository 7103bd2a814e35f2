"""What a run becomes on its way to an engine: the body of a message or the argument of a task, and who it is for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Verdict
from horarium.executors.context import (
    context_of,
    run_text,
    template_values,
)
from horarium.executors.output import error_text, keep_value
from horarium.executors.secrecy import Scrubber, named_secrets, reveal, run_scrubber, secret_names
from horarium.executors.template import Render, check_template, compile_value


class CompiledBody:
    """The `body` of a configuration: a template, or the run's whole context where there is none."""

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        self._named = named_secrets(config)
        self._render: Render | None = compile_value(config["body"]) if "body" in config else None

    def of(self, call: Call, public_url: str | None) -> tuple[Any, Mapping[str, Any]]:
        """The body for a call, as a JSON value, and what placeholders of other templates may use. Raises
        TemplateError."""
        context = context_of(call, run_text(call.run_id), public_url)
        values = template_values(call, context, self._named)
        return context if self._render is None else self._render(values), values


def check_body(config: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the template `body`."""
    return check_template(config["body"], "body", secret_names(config)) if "body" in config else []


def check_text(
    config: Mapping[str, Any], field: str, *, required: bool = False, longest: int = 500
) -> list[Problem]:
    """What is wrong with a field that holds a plain text."""
    value = config.get(field)
    if value is None:
        return [Problem(field, "is required", "required")] if required else []
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        return [Problem(field, f"must be a text of 1 to {longest} characters", "type")]
    return []


def check_flag(config: Mapping[str, Any], field: str) -> list[Problem]:
    """What is wrong with a field that holds true or false."""
    if isinstance(config.get(field, False), bool):
        return []
    return [Problem(field, "must be true or false", "type")]


def check_choice(config: Mapping[str, Any], field: str, choices: Collection[str]) -> list[Problem]:
    """What is wrong with a field that holds one of a few texts."""
    if config.get(field) is None or config[field] in choices:
        return []
    return [Problem(field, f"must be one of {', '.join(choices)}")]


def failed(call: Call, error: str, *, retryable: bool = True) -> Outcome:
    """The outcome of a run that the engine did not take."""
    return Outcome(Verdict.FAILED, error=error_text(error, run_scrubber(call)), retryable=retryable)


def taken(call: Call, shown: Any, handle: str | None) -> Outcome:
    """The outcome of a run that the engine has. It is over, unless it is watched (by `handle`) or ends by callback."""
    if call.watched:
        return Outcome(Verdict.ACCEPTED, output=shown, handle=handle)
    return Outcome(Verdict.SUCCEEDED if call.callback_token is None else Verdict.ACCEPTED, output=shown)


def reported(answer: Any, secrets: Mapping[str, Any], limit: int) -> Outcome:
    """The outcome that the other side reports: `{"state": "succeeded", "output": ...}`, or `{"state": "failed",
    "error": "..."}`."""
    scrubber = Scrubber(secrets.values())
    fields = answer if isinstance(answer, Mapping) else {}
    output = keep_value(fields.get("output"), limit, scrubber)
    match fields.get("state"):
        case "succeeded":
            return Outcome(Verdict.SUCCEEDED, output=output)
        case "failed":
            return Outcome(
                Verdict.FAILED, output, error_text(str(fields.get("error") or "failed there"), scrubber)
            )
    words = 'its report has no "state" that is "succeeded" or "failed"'
    return Outcome(Verdict.FAILED, keep_value(answer, limit, scrubber), words)
