"""Resources as this dialect writes them. What is absent is left out; nothing is null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from horarium.api.dialects.cadenya.values import BUNDLE_LABEL, wanted_of
from horarium.api.fields import instant_text
from horarium.domain.ids import Id, prefixed, run_id
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Schedule, ScheduleState
from horarium.domain.target import Target, TargetState
from horarium.domain.tenancy import Principal, PrincipalType, Workspace
from horarium.domain.variations import MODE, WEIGHTED, Variation, variations_of

WORKSPACE, AGENT, SCHEDULE, OBJECTIVE, PROFILE, ACCOUNT = "ws", "agent", "as", "obj", "profile", "account"
SKIPPED = "previous objective still running"
_STATES = {ScheduleState.PAUSED: "PAUSED", ScheduleState.ARCHIVED: "ARCHIVED"}
_TYPES = {
    PrincipalType.PERSON: "PROFILE_TYPE_USER",
    PrincipalType.SERVICE: "PROFILE_TYPE_API_KEY",
    PrincipalType.SYSTEM: "PROFILE_TYPE_SYSTEM",
}
Makers = Mapping[Id, Principal]


def account_id(workspace_id: Id) -> str:
    """Each workspace is an account of its own: nothing is shared between tenants."""
    return prefixed(ACCOUNT, workspace_id)


def metadata_of(
    prefix: str,
    an_id: Id,
    workspace_id: Id,
    name: str,
    made_by: Id,
    created_ms: int,
    external_id: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The metadata of a named resource of a workspace."""
    labels = dict(labels or {})
    found = {
        "id": prefixed(prefix, an_id),
        "accountId": account_id(workspace_id),
        "workspaceId": prefixed(WORKSPACE, workspace_id),
        "name": name,
        "externalId": external_id or "",
        "labels": labels,
        "profileId": prefixed(PROFILE, made_by),
        "createdAt": instant_text(created_ms),
    }
    return found | ({"bundleKey": labels[BUNDLE_LABEL]} if BUNDLE_LABEL in labels else {})


def schedule_json(schedule: Schedule, makers: Makers | None) -> dict[str, Any]:
    """A schedule; without `makers`, its info holds the number of fires alone."""
    status = _STATES.get(schedule.state, "ACTIVE")
    metadata = metadata_of(
        SCHEDULE,
        schedule.id,
        schedule.workspace_id,
        schedule.name,
        schedule.created_by,
        schedule.created_ms,
        schedule.key,
        schedule.labels,
    )
    return {
        "metadata": metadata | {"updatedAt": instant_text(schedule.updated_ms)},
        "spec": _spec(schedule, status),
        "state": f"STATE_{status}",
        "info": _info(schedule, makers),
    }


def _spec(schedule: Schedule, status: str) -> dict[str, Any]:
    wanted = wanted_of(schedule)
    allow = wanted.overlap is Overlap.ALLOW
    found: dict[str, Any] = {
        "initialMessage": wanted.message,
        "firstUserMessage": wanted.message,
        "schedule": {**wanted.rules, "timezone": wanted.timezone},
        "overlapPolicy": "OVERLAP_POLICY_ALLOW" if allow else "OVERLAP_POLICY_SKIP",
        "status": f"AGENT_SCHEDULE_STATUS_{status}",
    }
    if wanted.data is not None:
        found |= {"data": wanted.data, "firstUserMessageData": wanted.data}
    if wanted.system_data is not None:
        found["systemPromptData"] = wanted.system_data
    return found | ({"variationId": wanted.variation} if wanted.variation else {})


def _info(schedule: Schedule, makers: Makers | None) -> dict[str, Any]:
    progress = schedule.progress
    found: dict[str, Any] = {"totalFires": progress.fires}
    if makers is None:
        return found
    if schedule.created_by in makers:
        found["createdBy"] = profile_json(makers[schedule.created_by])
    if progress.last_fired_ms is not None:
        found["lastFireAt"] = instant_text(progress.last_fired_ms)
    if progress.last_fire_id is not None:
        found["lastObjectiveId"] = prefixed(OBJECTIVE, run_id(progress.last_fire_id))
    if progress.last_skip_ms is not None:
        found |= {"lastSkippedAt": instant_text(progress.last_skip_ms), "lastSkipReason": SKIPPED}
    if progress.next_slot is not None and schedule.state is ScheduleState.ACTIVE:
        found["nextFireAt"] = instant_text(progress.next_slot)
    return found


def profile_json(who: Principal) -> dict[str, Any]:
    """A principal, as a profile."""
    named = prefixed(PROFILE, who.id)
    metadata = _account_metadata(named, who.workspace_id, who.name, named, who.created_ms)
    return {
        "metadata": metadata,
        "spec": {"type": _TYPES[who.type], "name": who.name, "email": who.email or ""},
    }


def _account_metadata(
    an_id: str, workspace_id: Id, name: str, made_by: str, created_ms: int, external_id: str = ""
) -> dict[str, Any]:
    """The metadata of what belongs to an account rather than to a workspace."""
    return {
        "id": an_id,
        "accountId": account_id(workspace_id),
        "name": name,
        "externalId": external_id,
        "labels": {},
        "profileId": made_by,
        "createdAt": instant_text(created_ms),
    }


def workspace_metadata(one: Workspace, caller: Principal) -> dict[str, Any]:
    named, made_by = prefixed(WORKSPACE, one.id), prefixed(PROFILE, caller.id)
    return _account_metadata(named, one.id, one.name, made_by, one.created_ms, one.slug)


def workspace_json(one: Workspace, caller: Principal) -> dict[str, Any]:
    """A workspace; who made it is not known, so the caller stands in."""
    return {
        "metadata": workspace_metadata(one, caller),
        "spec": {"description": ""},
        "status": "STATUS_ENABLED",
    }


def account_json(one: Workspace, caller: Principal) -> dict[str, Any]:
    named, made_by = account_id(one.id), prefixed(PROFILE, caller.id)
    return {
        "metadata": _account_metadata(named, one.id, one.name, made_by, one.created_ms, one.slug),
        "spec": {
            "description": "",
            "domain": "",
            "billingEmail": "",
            "workspaces": [workspace_json(one, caller)],
        },
        "info": {"webhookEventsHmacSecret": "", "challengeToken": ""},
    }


def agent_json(agent: Target, makers: Makers | None) -> dict[str, Any]:
    """An agent. `executor` shows how it is executed, with *** for its secrets."""
    variations = variations_of(agent.extra, agent.id)
    mode = str(agent.extra.get(MODE, WEIGHTED)).upper()
    spec: dict[str, Any] = {
        "description": agent.description or "",
        "variationSelectionMode": f"VARIATION_SELECTION_MODE_{mode}",
        "executor": {"type": agent.executor, **agent.config},
        "completion": agent.completion.value,
        "variations": [
            {"id": one.id, "name": one.name, "weight": one.weight, "spec": dict(one.spec)}
            for one in variations
        ],
    }
    if agent.input_schema is not None:
        spec["inputDataSchema"] = dict(agent.input_schema)
    info: dict[str, Any] = {"variationCount": len(variations)}
    if makers is not None and agent.created_by in makers:
        info["createdBy"] = profile_json(makers[agent.created_by])
    published = agent.state is TargetState.ENABLED
    return {
        "metadata": _agent_metadata(agent) | {"updatedAt": instant_text(agent.updated_ms)},
        "spec": spec,
        "state": "STATE_PUBLISHED" if published else "STATE_DRAFT",
        "info": info,
    }


def _agent_metadata(agent: Target) -> dict[str, Any]:
    labels = agent.extra.get("labels")
    return metadata_of(
        AGENT,
        agent.id,
        agent.workspace_id,
        agent.name,
        agent.created_by,
        agent.created_ms,
        agent.key,
        labels if isinstance(labels, Mapping) else None,
    )


def variation_json(agent: Target, one: Variation) -> dict[str, Any]:
    """One of an agent's variations."""
    return {
        "metadata": _agent_metadata(agent) | {"id": one.id, "name": one.name, "externalId": "", "labels": {}},
        "spec": {"description": "", **one.spec},
        "info": {
            "toolCount": 0,
            "toolSetCount": 0,
            "subAgentCount": 0,
            "score": 0,
            "feedbackCount": 0,
            "memoryLayerCount": 0,
            "effectiveToolCount": 0,
            "agentPoolCount": 0,
            "assignmentMetadata": {},
        },
    }
