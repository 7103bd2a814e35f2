"""What a run becomes on its way to an engine: the body of a message or the argument of a task, and who it is for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Verdict
from horarium.executors.context import (
    callback_url,
    context_of,
    instant_text,
    run_text,
    shared_id,
    template_values,
)
from horarium.executors.output import error_text, keep_value
from horarium.executors.secrecy import Scrubber, named_secrets, reveal, run_scrubber
from horarium.executors.template import Render, check_template, compile_value


class CompiledBody:
    """The `body` of a configuration: a template, or the run's whole context where there is none."""

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        self.named = named_secrets(config)
        self._render: Render | None = compile_value(config["body"]) if "body" in config else None

    def values(self, call: Call, public_url: str | None) -> dict[str, Any]:
        """What placeholders may use."""
        return template_values(call, context_of(call, run_text(call.run_id), public_url), self.named)

    def of(self, call: Call, values: Mapping[str, Any], public_url: str | None) -> Any:
        """The body for a call, as a JSON value. Raises TemplateError."""
        return (
            context_of(call, run_text(call.run_id), public_url)
            if self._render is None
            else self._render(values)
        )


def check_body(config: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the template `body`."""
    return check_template(config["body"], "body", secret_names(config)) if "body" in config else []


def secret_names(config: Mapping[str, Any]) -> Collection[str]:
    """The names of the secrets that templates of a configuration may use."""
    given = config.get("secrets")
    return tuple(given) if isinstance(given, Mapping) else ()


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


def check_choice(config: Mapping[str, Any], field: str, choices: Collection[str]) -> list[Problem]:
    """What is wrong with a field that holds one of a few texts."""
    if config.get(field) is None or config[field] in choices:
        return []
    return [Problem(field, f"must be one of {', '.join(choices)}")]


def identity(call: Call, public_url: str | None) -> dict[str, str]:
    """The headers that tell what a message is about. They are named as those of HTTP requests to targets."""
    run = run_text(call.run_id)
    headers = {
        "Horarium-Run": run,
        "Horarium-Attempt": str(call.attempt),
        "Horarium-Workspace": shared_id("ws", call.workspace_id),
        "Horarium-Target": shared_id("tgt", call.target_id),
    }
    if call.schedule_id is not None:
        headers["Horarium-Schedule"] = shared_id("sch", call.schedule_id)
    if call.fire_id is not None:
        headers["Horarium-Fire"] = shared_id("fire", call.fire_id)
    if call.slot_ms is not None:
        headers["Horarium-Slot"] = instant_text(call.slot_ms)
    if call.callback_token is not None:
        headers["Horarium-Callback-Url"] = callback_url(call, run, public_url)
        headers["Horarium-Callback-Token"] = call.callback_token
    return headers


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


def as_json(value: Any) -> bytes:
    """A body as the bytes of a message."""
    return orjson.dumps(value)
