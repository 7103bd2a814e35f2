"""What a run becomes on its way to an engine: the body of a message or the argument of a task, and who it is for."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import structlog

from horarium.domain.errors import Problem
from horarium.domain.execution import Call, Outcome, Refused, TimeIsUp, Verdict
from horarium.domain.ids import Id, prefixed
from horarium.executors.context import (
    add_identity,
    context_of,
    run_text,
    template_values,
)
from horarium.executors.egress import AddressRefused
from horarium.executors.engines.bounds import TooLong
from horarium.executors.limits import Limit, Limits, OutOfTime
from horarium.executors.output import error_text, keep_value
from horarium.executors.secrecy import Scrubber, named_secrets, reveal, run_scrubber, secret_names
from horarium.executors.template import Render, check_template, compile_value
from horarium.service.breakdowns import is_of_library, places_of

_log = structlog.get_logger(__name__)


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


def check_whole(config: Mapping[str, Any], field: str, least: int, most: int) -> list[Problem]:
    """What is wrong with a field that holds a whole number."""
    value = config.get(field)
    if value is None or (type(value) is int and least <= value <= most):
        return []
    return [Problem(field, f"must be a whole number from {least} to {most}")]


def check_choice(config: Mapping[str, Any], field: str, choices: Collection[str]) -> list[Problem]:
    """What is wrong with a field that holds one of a few texts."""
    if config.get(field) is None or config[field] in choices:
        return []
    return [Problem(field, f"must be one of {', '.join(choices)}")]


class CompiledArguments:
    """The `args` and `kwargs` of a configuration: templates of what a function is called with. Without both, its only
    argument is the run's whole context."""

    def __init__(self, public: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        config = reveal(public, secrets)
        self._named = named_secrets(config)
        given = {"args": config.get("args", []), "kwargs": config.get("kwargs", {})}
        self._render = compile_value(given) if "args" in config or "kwargs" in config else None

    def of(self, call: Call, public_url: str | None) -> tuple[list[Any], dict[str, Any]]:
        """The arguments by position and by name, as JSON values. Raises TemplateError."""
        context = context_of(call, run_text(call.run_id), public_url)
        if self._render is None:
            return [context], {}
        made = self._render(template_values(call, context, self._named))
        return made["args"], made["kwargs"]


def check_arguments(config: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the templates `args` and `kwargs`."""
    problems: list[Problem] = []
    names = secret_names(config)
    if not isinstance(config.get("args", []), list):
        problems.append(Problem("args", "must be a list: the arguments by position", "type"))
    elif "args" in config:
        problems += check_template(config["args"], "args", names)
    if not isinstance(config.get("kwargs", {}), Mapping):
        problems.append(Problem("kwargs", "must be an object: the arguments by name", "type"))
    elif "kwargs" in config:
        problems += check_template(config["kwargs"], "kwargs", names)
    return problems


def identity_of(call: Call, public_url: str | None) -> dict[str, str]:
    """What tells a message's receiver whose run it is about: the headers of `add_identity`, with plain names."""
    headers: dict[str, str] = {}
    add_identity(headers, call, run_text(call.run_id), public_url)
    return {str(name): value for name, value in headers.items()}


class EngineRefused(Refused):
    """A refusal by one of these engines."""


# Reasons for which a server could not be reached.
BROKE = "the connection broke"
NO_HANDSHAKE = "the TLS handshake failed: the server's certificate or protocol was not accepted"


class NotUnderstood(OSError):
    """A server has answered something at which its client library broke down."""

    def __init__(self) -> None:
        super().__init__("what it answers cannot be understood")


def understood(error: Exception) -> Exception:
    """An error that arose while a server was asked: NotUnderstood in place of one of a client library that nobody
    expects. Others stay as they are, and so do faults of our own."""
    if isinstance(error, KEPT_AWAY) or not is_of_library(error):
        return error
    found = NotUnderstood()
    found.__cause__ = error
    return found


@contextmanager
def asking(workspace_id: Id) -> Iterator[None]:
    """A block in which servers are asked for a workspace. Raises NotUnderstood where a client library breaks down in
    it, with a line in the log, and OSError where a library says that it was cancelled and nobody has cancelled it."""
    task = asyncio.current_task()
    asked = 0 if task is None else task.cancelling()
    try:
        yield
    except asyncio.CancelledError as error:
        if task is None or task.cancelling() > asked:
            raise
        raise OSError(BROKE) from error
    except Exception as error:
        found = understood(error)
        if found is error:
            raise
        workspace = prefixed("ws", workspace_id)
        _log.warning("engine_not_understood", workspace=workspace, places=places_of(error))
        raise found from error


def refusal_in(error: BaseException | None) -> AddressRefused | None:
    """The refusal of an address that an error of a library was caused by."""
    while error is not None and not isinstance(error, AddressRefused):
        error = error.__cause__ or error.__context__
    return error


def reason_of(error: BaseException) -> str:
    """Why a server could not be reached, by an error of a library or of the system. Their own words contain
    addresses."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TooLong):
            return str(cause)
        if isinstance(cause, TimeoutError):
            return "no answer"
        if isinstance(cause, ssl.SSLError):
            return NO_HANDSHAKE
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower() if cause.errno > 0 else "its name could not be looked up"
        cause = cause.__cause__ or cause.__context__
    return BROKE


# The time limits of what is given away in an event loop.
_LIMITS: WeakKeyDictionary[asyncio.AbstractEventLoop, Limits] = WeakKeyDictionary()


def _limits() -> Limits:
    loop = asyncio.get_running_loop()
    found = _LIMITS.get(loop)
    if found is None:
        found = _LIMITS[loop] = Limits()
    return found


def time_limit(timeout_ms: int) -> Limit:
    """Limits the time of the block of the current task that it is entered with. Raises OutOfTime there."""
    return _limits().of(timeout_ms / 1000)


# What can keep a run from its engine: `not_taken` makes an outcome of it.
KEPT_AWAY = (OutOfTime, ImportError, OSError)


async def handed_over(call: Call, give: Callable[[], Awaitable[Outcome]], extra: str) -> Outcome:
    """What `give` makes of a run, within the run's time. What keeps a run from its engine becomes a failed outcome.
    `extra` is the extra that brings the client library."""
    try:
        with time_limit(call.timeout_ms):
            return await give()
    except KEPT_AWAY as error:
        return not_taken(call, error, extra)


def not_taken(call: Call, error: BaseException, extra: str) -> Outcome:
    """The outcome of a run that one of KEPT_AWAY kept from its engine: an engine that is away or silent has not been
    reached."""
    match error:
        case OutOfTime() | TimeoutError():
            return failed(call, TimeIsUp.ENGINE.after(call.timeout_ms), unreached=True)
        case ImportError():
            words = f"this server lacks the client library of the engine: pip install 'horarium[{extra}]'"
            return failed(call, words, retryable=False)
        case AddressRefused():
            return failed(call, f"the engine could not be reached: {error}", retryable=False)
        case EngineRefused():
            return failed(call, f"the engine refused the run: {error}")
    return failed(call, f"the engine could not be reached: {error}", unreached=True)


def failed(call: Call, error: str, *, retryable: bool = True, unreached: bool = False) -> Outcome:
    """The outcome of a run that the engine did not take."""
    words = error_text(error, run_scrubber(call))
    return Outcome(Verdict.FAILED, error=words, retryable=retryable, unreached=unreached)


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
