"""How objectives are answered: runs, with what they came from and the conversation so far."""

from __future__ import annotations

from typing import Any

import orjson

from horarium.api.dialects.cadenya.agents import wire as agents
from horarium.api.dialects.cadenya.schedules import wire as schedules
from horarium.api.dialects.cadenya.schedules.inputs import data_shown, message_of_run
from horarium.api.dialects.cadenya.wire import (
    AGENT,
    OBJECTIVE,
    PROFILE,
    SCHEDULE,
    WORKSPACE,
    account_id,
    profile_json,
)
from horarium.api.kit import Around, Json
from horarium.api.kit.writing import instant_text
from horarium.domain.ids import Id, prefixed, ulid
from horarium.domain.objective import Objective, ObjectiveContext
from horarium.domain.schedule import Schedule
from horarium.domain.variations import Variation, choose

_STATES = {
    "pending": "OBJECTIVE_STATE_PENDING",
    "running": "OBJECTIVE_STATE_RUNNING",
    "succeeded": "OBJECTIVE_STATE_FINALIZED",
    "failed": "OBJECTIVE_STATE_FAILED",
    "timed_out": "OBJECTIVE_STATE_TIMED_OUT",
    "cancelled": "OBJECTIVE_STATE_CANCELLED",
}

# The phase that a list is narrowed to, for each state that a query may name. Clients know the last two, which never
# come about here: a list of them is empty.
PHASES: dict[str, str | None] = {
    "OBJECTIVE_STATE_UNSPECIFIED": None,
    **{state: phase for phase, state in _STATES.items()},
    "OBJECTIVE_STATE_WAITING": "waiting",
    "OBJECTIVE_STATE_INTERRUPTING": "interrupting",
}
# Older clients leave out the first word, and one name has changed since.
PHASES |= {name.removeprefix("OBJECTIVE_"): phase for name, phase in PHASES.items()}
PHASES["STATE_COMPLETED"] = "succeeded"


def show(objective: Objective, context: ObjectiveContext, full: bool) -> Json:
    """An objective; `full` adds its info and the makers of what it came from."""
    agent, schedule = context.agents[objective.run.target_id], _schedule_of(objective, context)
    variation = choose(agent.extra, agent.id, objective.run.id, objective.input)
    makers = context.makers if full else {}
    snapshot = schedules.show(schedule, Around({}, makers)) if full else schedules.show_briefly(schedule)
    message = message_of_run(objective.input, variation)
    output = _output_of(objective)
    shown: Json = {
        "metadata": _metadata(objective, prefixed(OBJECTIVE, objective.run.id), schedule.created_by),
        "agentId": prefixed(AGENT, agent.id),
        "agentScheduleId": prefixed(SCHEDULE, schedule.id),
        "variationId": variation.id,
        "configSnapshot": {
            "agent": agents.show(agent, makers),
            "agentVariation": agents.variation_json(agent, variation, {}),
            "agentSchedule": snapshot,
        },
        "state": _STATES[objective.phase],
        "stateMessage": objective.run.error or "",
        "initialMessage": message,
        "firstUserMessage": message,
        "systemPrompt": str(variation.spec.get("systemPromptTemplate", "")),
        "chatHistory": [
            {"role": role, "content": text} for role, text, _ in _conversation(objective, message)
        ],
        "parentObjectiveId": "",
        "secrets": [],
        "memoryCascade": [],
        "pinnedParameters": {},
        **data_shown(objective.input),
    }
    if output is not None:
        shown["output"] = output if isinstance(output, dict) else {"value": output}
    if full and schedule.created_by in context.makers:
        shown["info"] = _info(objective, variation, context)
    return shown


def events(objective: Objective, context: ObjectiveContext) -> list[Json]:
    """The conversation as events, and the one that ended it, oldest first."""
    found: list[tuple[Json, int]] = []
    agent = context.agents[objective.run.target_id]
    variation = choose(agent.extra, agent.id, objective.run.id, objective.input)
    for role, text, at_ms in _conversation(objective, message_of_run(objective.input, variation)):
        if role == "user":
            found.append(({"type": "userMessage", "userMessage": {"content": text}}, at_ms))
        else:
            answer = {"content": text, "toolCalls": []}
            found.append(({"type": "assistantMessage", "assistantMessage": answer}, at_ms))
    if objective.phase in ("failed", "timed_out"):
        wrong = {"type": objective.phase, "message": objective.run.error or "it failed"}
        found.append(({"type": "error", "error": wrong}, _ended_ms(objective)))
    made_by = _schedule_of(objective, context).created_by
    return [_event(objective, made_by, number, data, at_ms) for number, (data, at_ms) in enumerate(found)]


def _schedule_of(objective: Objective, context: ObjectiveContext) -> Schedule:
    return context.schedules[objective.run.schedule_id or b""]


def _output_of(objective: Objective) -> Any:
    """What the agent gave back."""
    return None if objective.run.output is None else orjson.loads(objective.run.output)


def _ended_ms(objective: Objective) -> int:
    return objective.run.finished_ms or objective.run.created_ms


def _metadata(objective: Objective, resource_id: str, made_by: Id) -> Json:
    return {
        "id": resource_id,
        "accountId": account_id(objective.run.workspace_id),
        "workspaceId": prefixed(WORKSPACE, objective.run.workspace_id),
        "externalId": "",
        "labels": {},
        "profileId": prefixed(PROFILE, made_by),
        "createdAt": instant_text(objective.run.created_ms),
    }


def _info(objective: Objective, variation: Variation, context: ObjectiveContext) -> Json:
    agent, schedule = context.agents[objective.run.target_id], _schedule_of(objective, context)
    output = _output_of(objective)
    usage = output.get("usage") if isinstance(output, dict) else None
    tokens = usage if isinstance(usage, dict) else {}
    return {
        "totalEvents": len(_conversation(objective, "")),
        "totalToolCalls": 0,
        "totalInputTokens": _count(tokens.get("input_tokens")),
        "totalOutputTokens": _count(tokens.get("output_tokens")),
        "totalContextWindows": 1,
        "totalIterations": objective.run.attempts,
        "createdBy": profile_json(context.makers[schedule.created_by]),
        "effectiveMemoryCascade": [],
        "agent": agents.show(agent, {})["metadata"],
        "agentVariation": agents.variation_json(agent, variation, {})["metadata"],
        "currentContextWindowId": _context_window(objective),
    }


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _context_window(objective: Objective) -> str:
    return prefixed("window", objective.run.id)


def _conversation(objective: Objective, message: str) -> list[tuple[str, str, int]]:
    """(role, text, when in ms) of the message that it began with, and of the agent's answer."""
    said = [("user", message, objective.run.created_ms)]
    answer = _answer(_output_of(objective))
    if objective.phase == "succeeded" and answer:
        said.append(("assistant", answer, _ended_ms(objective)))
    return said


def _answer(output: Any) -> str:
    """What an agent's output says: the text of a language model's answer, else the output as JSON."""
    if isinstance(output, dict) and isinstance(output.get("answer"), str):
        output = output["answer"]
    if isinstance(output, str):
        return output
    return "" if output is None else orjson.dumps(output).decode()


def _event(objective: Objective, made_by: Id, number: int, data: Json, at_ms: int) -> Json:
    metadata = _metadata(objective, f"event_{ulid(objective.run.id)}_{number}", made_by)
    return {
        "metadata": {**metadata, "createdAt": instant_text(at_ms)},
        "data": data,
        "contextWindowId": _context_window(objective),
    }
