"""Workflows: targets of that kind, with the product's own description of them kept beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from horarium.api.kit import Fields, Json
from horarium.api.kit.writing import reference_to, utc_text
from horarium.domain.target import Target, TargetKind, TargetState
from horarium.service.checks import key_problems
from horarium.service.targets import NO_EXECUTOR, TargetDraft, draft_of

# The key of the target whose executor workflows get that come without one.
RUNNER = "m9m-runner"

# Why the runs of a workflow without an executor fail.
NOT_EXECUTABLE = (
    "nothing says how this workflow is executed: give it an executor, or make a target with the key "
    f"{RUNNER} whose executor such workflows get"
)

# What the product says of a workflow beyond its name: kept and shown, not interpreted.
_PARTS: Mapping[str, tuple[type, str]] = {
    "active": (bool, "true or false"),
    "nodes": (list, "an array"),
    "connections": (dict, "an object"),
    "settings": (dict, "an object"),
    "staticData": (dict, "an object"),
    "pinData": (dict, "an object"),
    "tags": (list, "an array"),
    "versionId": (str, "a string"),
    "isArchived": (bool, "true or false"),
}


@dataclass(frozen=True, slots=True)
class Executor:
    """How a workflow is executed: the type of an executor and its configuration."""

    type: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WorkflowOrder:
    """A workflow as a body asks for it; None is left out. `parts` holds those of _PARTS that are given."""

    name: str | None
    key: str | None
    description: str | None
    executor: Executor | None
    parts: Mapping[str, Any]


def parse(fields: Fields, new: bool) -> WorkflowOrder:
    """The order in a body. Only a new workflow has a key that the caller chooses."""
    key = fields.text("id", most=200) if new else None
    if key is not None:
        fields.note(key_problems("id", key))
    found = {name: fields.value(name, *expected) for name, expected in _PARTS.items()}
    return WorkflowOrder(
        name=fields.text("name", required=new or "name" in fields, most=200),
        key=key,
        description=fields.text("description"),
        executor=_executor(fields),
        parts={name: value for name, value in found.items() if value is not None},
    )


def _executor(fields: Fields) -> Executor | None:
    given = fields.object("executor")
    if given is None:
        return None
    inner = Fields(given, "executor", fields.problems)
    config = {name: value for name, value in inner.body.items() if name != "type"}
    return Executor(inner.text("type", required=True) or "", config)


def draft(name: str, order: WorkflowOrder, executor: Executor | None) -> TargetDraft:
    """A new workflow. Without an executor it is switched off until it gets one."""
    return TargetDraft(
        TargetKind.WORKFLOW,
        name,
        NO_EXECUTOR if executor is None else executor.type,
        {} if executor is None else executor.config,
        key=order.key,
        description=order.description,
        extra={"workflow": order.parts},
        enabled=executor is not None,
        off_reason=NOT_EXECUTABLE if executor is None else None,
    )


def edited(before: Target, order: WorkflowOrder) -> TargetDraft:
    """A workflow as an order wants it: what is left out is kept."""
    known, shown = draft_of(before), show(before)
    # What is sent back as it was shown stays as it is: defaults are shown, but not stored.
    parts = {name: value for name, value in order.parts.items() if value != shown.get(name)}
    after = replace(
        known,
        name=known.name if order.name is None else order.name,
        description=known.description if order.description is None else order.description,
        extra={**before.extra, "workflow": {**_parts(before), **parts}} if parts else before.extra,
    )
    if order.executor is None:
        return after
    # An executor switches a workflow on that had none; one that was switched off otherwise stays off.
    enabled = known.enabled or before.executor == NO_EXECUTOR
    return replace(after, executor=order.executor.type, config=order.executor.config, enabled=enabled)


def _parts(target: Target) -> Json:
    """The parts of a workflow that are stored. Our own API lets anything be stored as `extra`: what is no part, or has
    another type, is left out."""
    stored = target.extra.get("workflow")
    if not isinstance(stored, Mapping):
        return {}
    return {name: stored[name] for name, (kind, _) in _PARTS.items() if isinstance(stored.get(name), kind)}


def show(target: Target) -> Json:
    """A workflow as it is answered."""
    parts = _parts(target)
    executor = None if target.executor == NO_EXECUTOR else {"type": target.executor, **target.config}
    return {
        "nodes": [],
        "connections": {},
        **parts,
        "id": reference_to(target),
        "name": target.name,
        "description": target.description,
        "active": parts.get("active", True) and target.state is TargetState.ENABLED,
        "executor": executor,
        "createdAt": utc_text(target.created_ms),
        "updatedAt": utc_text(target.updated_ms),
    }


def parse_items(body: Any) -> list[Any]:
    """The items that a run by hand is given: an array, or an object with `inputData`; one empty item where there is
    none. Raises Invalid."""
    if isinstance(body, list):
        return body or [{"json": {}}]
    fields = Fields(body if isinstance(body, dict) else {})
    items = fields.items("inputData")
    if body is not None and not isinstance(body, dict):
        fields.wrong("inputData", "must be an array of items, or an object with inputData", "type")
    fields.done()
    return items or [{"json": {}}]
