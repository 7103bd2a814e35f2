"""Objectives as this dialect writes them: runs, with what they came from and the conversation so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from horarium.api.dialects.cadenya.render import (
    AGENT,
    OBJECTIVE,
    PROFILE,
    SCHEDULE,
    WORKSPACE,
    account_id,
    agent_json,
    profile_json,
    schedule_json,
    variation_json,
)
from horarium.api.dialects.cadenya.values import DATA, MESSAGE, SYSTEM_DATA
from horarium.api.fields import instant_text
from horarium.domain.ids import Id, prefixed, ulid
from horarium.domain.objective import Objective, ObjectiveContext
from horarium.domain.variations import Variation, choose

STATES = {
    "pending": "OBJECTIVE_STATE_PENDING",
    "running": "OBJECTIVE_STATE_RUNNING",
    "succeeded": "OBJECTIVE_STATE_FINALIZED",
    "failed": "OBJECTIVE_STATE_FAILED",
    "timed_out": "OBJECTIVE_STATE_TIMED_OUT",
    "cancelled": "OBJECTIVE_STATE_CANCELLED",
}
PHASES = {state: phase for phase, state in STATES.items()}


def objective_json(one: Objective, around: ObjectiveContext, full: bool) -> dict[str, Any]:
    """An objective; `full` adds its info and the makers of what it came from."""
    agent = around.agents[one.run.target_id]
    schedule = around.schedules[one.run.schedule_id or b""]
    makers = around.makers if full else None
    variation = choose(agent.extra, agent.id, one.run.id, one.input)
    given = one.input if isinstance(one.input, Mapping) else {}
    message = str(given.get(MESSAGE, ""))
    found: dict[str, Any] = {
        "metadata": _metadata(one, prefixed(OBJECTIVE, one.run.id), prefixed(PROFILE, schedule.created_by)),
        "agentId": prefixed(AGENT, agent.id),
        "agentScheduleId": prefixed(SCHEDULE, schedule.id),
        "variationId": variation.id,
        "configSnapshot": {
            "agent": agent_json(agent, makers),
            "agentVariation": variation_json(agent, variation),
            "agentSchedule": schedule_json(schedule, makers),
        },
        "state": STATES[one.phase],
        "stateMessage": one.run.error or "",
        "initialMessage": message,
        "firstUserMessage": message,
        "systemPrompt": str(variation.spec.get("systemPromptTemplate", "")),
        "chatHistory": [{"role": role, "content": text} for role, text, _ in _said(one, message)],
        "parentObjectiveId": "",
        "secrets": [],
        "memoryCascade": [],
        "pinnedParameters": {},
    }
    if given.get(DATA) is not None:
        found |= {"data": given[DATA], "firstUserMessageData": given[DATA]}
    if given.get(SYSTEM_DATA) is not None:
        found["systemPromptData"] = given[SYSTEM_DATA]
    output = output_of(one)
    if output is not None:
        found["output"] = output if isinstance(output, dict) else {"value": output}
    if full and schedule.created_by in around.makers:
        found["info"] = _info(one, found, variation, around)
    return found


def output_of(one: Objective) -> Any:
    """What the agent gave back."""
    return None if one.run.output is None else orjson.loads(one.run.output)


def _metadata(one: Objective, an_id: str, made_by: str) -> dict[str, Any]:
    return {
        "id": an_id,
        "accountId": account_id(one.run.workspace_id),
        "workspaceId": prefixed(WORKSPACE, one.run.workspace_id),
        "externalId": "",
        "labels": {},
        "profileId": made_by,
        "createdAt": instant_text(one.run.created_ms),
    }


def _info(
    one: Objective, objective: dict[str, Any], variation: Variation, around: ObjectiveContext
) -> dict[str, Any]:
    agent, schedule = around.agents[one.run.target_id], around.schedules[one.run.schedule_id or b""]
    output = output_of(one)
    usage = output.get("usage") if isinstance(output, dict) else None
    tokens = usage if isinstance(usage, dict) else {}
    return {
        "totalEvents": len(objective["chatHistory"]),
        "totalToolCalls": 0,
        "totalInputTokens": _count(tokens.get("input_tokens")),
        "totalOutputTokens": _count(tokens.get("output_tokens")),
        "totalContextWindows": 1,
        "totalIterations": one.run.attempts,
        "createdBy": profile_json(around.makers[schedule.created_by]),
        "effectiveMemoryCascade": [],
        "agent": agent_json(agent, None)["metadata"],
        "agentVariation": variation_json(agent, variation)["metadata"],
        "currentContextWindowId": _window(one),
    }


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _window(one: Objective) -> str:
    return prefixed("window", one.run.id)


def _said(one: Objective, message: str) -> list[tuple[str, str, int]]:
    """(role, text, when) of the conversation: the message it began with, then the agent's answer."""
    said = [("user", message, one.run.created_ms)]
    answer = _answer(output_of(one))
    if one.phase == "succeeded" and answer:
        said.append(("assistant", answer, one.run.finished_ms or one.run.created_ms))
    return said


def _answer(output: Any) -> str:
    """What an agent's output says: the text of a language model's answer, else the output as JSON."""
    if isinstance(output, dict) and isinstance(output.get("answer"), str):
        output = output["answer"]
    if isinstance(output, str):
        return output
    return "" if output is None else orjson.dumps(output).decode()


def events_json(one: Objective, around: ObjectiveContext) -> list[dict[str, Any]]:
    """The conversation as events, and the one that ended it, oldest first."""
    given = one.input if isinstance(one.input, Mapping) else {}
    schedule = around.schedules[one.run.schedule_id or b""]
    found: list[tuple[dict[str, Any], int]] = []
    for role, text, at in _said(one, str(given.get(MESSAGE, ""))):
        if role == "user":
            found.append(({"type": "userMessage", "userMessage": {"content": text}}, at))
        else:
            said = {"content": text, "toolCalls": []}
            found.append(({"type": "assistantMessage", "assistantMessage": said}, at))
    if one.phase in ("failed", "timed_out"):
        wrong = {"type": one.phase, "message": one.run.error or "it failed"}
        found.append(({"type": "error", "error": wrong}, one.run.finished_ms or one.run.created_ms))
    return [_event(one, schedule.created_by, number, data, at) for number, (data, at) in enumerate(found)]


def _event(one: Objective, made_by: Id, number: int, data: dict[str, Any], at_ms: int) -> dict[str, Any]:
    named = _metadata(one, f"event_{ulid(one.run.id)}_{number}", prefixed(PROFILE, made_by))
    return {
        "metadata": named | {"createdAt": instant_text(at_ms)},
        "data": data,
        "contextWindowId": _window(one),
    }
