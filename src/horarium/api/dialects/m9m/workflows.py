"""Workflows: targets of that kind, with the product's own description of them kept beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from horarium.api.dialects.m9m.wire import Json
from horarium.api.kit import Fields
from horarium.api.kit.writing import reference_to, utc_text
from horarium.domain.errors import Invalid, NotFound, Problem
from horarium.domain.target import Target, TargetKind, TargetState
from horarium.domain.tenancy import Identity
from horarium.service.checks import key_problems
from horarium.service.targets import TargetDraft, TargetService, draft_of

RUNNER = "m9m-runner"
"""Key of the target whose executor workflows get that come without one."""
NO_EXECUTOR = (
    "nothing says how this workflow is executed: give it an executor, or make a target with the key "
    f"{RUNNER} whose executor such workflows get"
)
_NOWHERE = {"url": "https://no-executor.invalid/"}
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
"""What the product says of a workflow beyond its name: kept and shown, not interpreted."""


async def create(who: Identity, targets: TargetService, body: Mapping[str, Any]) -> Json:
    """Make a workflow; its body, with the secret that its executor signs with, if it does: shown this once.

    Raises Invalid, Conflict, Forbidden.
    """
    fields = Fields(body)
    name = fields.text("name", required=True, most=200)
    key, description = fields.text("id", most=200), fields.text("description")
    executor, parts = _executor(fields), _parts(fields)
    if key is not None:
        fields.problems += key_problems("id", key)
    fields.done()
    chosen = executor or await _runner(who, targets)
    kind, config = chosen or ("http", _NOWHERE)
    extra = {"workflow": parts, "executable": chosen is not None}
    draft = TargetDraft(
        TargetKind.WORKFLOW, name or "", kind, config, key=key, description=description, extra=extra
    )
    made = await targets.create(who, draft)
    if chosen is None:
        return body_of(await targets.set_enabled(who, made.target.id, False, NO_EXECUTOR))
    if executor is None or made.signing_secret is None:
        return body_of(made.target)  # the runner's secret is not the caller's to see
    return {**body_of(made.target), "signingSecret": made.signing_secret}


async def change(who: Identity, targets: TargetService, known: Target, body: Mapping[str, Any]) -> Target:
    """Change a workflow; what is left out is kept. Raises Invalid, Conflict, Forbidden."""
    fields = Fields(body)
    name, description = fields.text("name", most=200), fields.text("description")
    executor, parts = _executor(fields), _parts(fields)
    if "name" in fields and not (name or "").strip():
        fields.wrong("name", "must not be empty", "required")
    fields.done()

    def changed(before: Target) -> TargetDraft:
        draft = draft_of(before)
        extra = {**before.extra, "workflow": {**before.extra.get("workflow", {}), **parts}}
        if executor is not None:
            draft = replace(draft, executor=executor[0], config=executor[1])
            # Switched off for want of an executor only; what was switched off otherwise stays so.
            wanting = not before.extra.get("executable", True)
            draft, extra = replace(draft, enabled=draft.enabled or wanting), {**extra, "executable": True}
        return replace(
            draft,
            name=draft.name if name is None else name,
            description=draft.description if description is None else description,
            extra=extra,
        )

    return await targets.change(who, known.id, changed)


async def find(who: Identity, targets: TargetService, reference: str) -> Target:
    """A workflow by id, key or number. Raises NotFound."""
    return await targets.resolve(who.workspace_id, reference, (TargetKind.WORKFLOW,))


def body_of(target: Target) -> Json:
    parts: Json = target.extra.get("workflow", {})
    shown: Json = {
        "nodes": [],
        "connections": {},
        **parts,
        "id": reference_to(target),
        "name": target.name,
        "description": target.description,
        "active": parts.get("active", True) and target.state is TargetState.ENABLED,
        "executor": {"type": target.executor, **target.config},
        "createdAt": utc_text(target.created_ms),
        "updatedAt": utc_text(target.updated_ms),
    }
    if not target.extra.get("executable", True):
        shown["executor"] = None
    return shown


def input_items(body: Any) -> list[Any]:
    """The items that a run by hand is given: an array, or an object with `inputData`; one empty item where
    there is none."""
    if isinstance(body, dict):
        fields = Fields(body)
        body = fields.items("inputData")
        fields.done()
    if body is not None and not isinstance(body, list):
        words = "must be an array of items, or an object with inputData"
        raise Invalid(Problem("inputData", words, "type"))
    return body or [{"json": {}}]


def _executor(fields: Fields) -> tuple[str, Json] | None:
    """(type, configuration) as given."""
    given = fields.object("executor")
    if given is None:
        return None
    inner = Fields(given, "executor", fields.problems)
    kind = inner.text("type", required=True)
    return kind or "", {name: value for name, value in inner.body.items() if name != "type"}


def _parts(fields: Fields) -> Json:
    found = {name: fields.value(name, *expected) for name, expected in _PARTS.items()}
    return {name: value for name, value in found.items() if value is not None}


async def _runner(who: Identity, targets: TargetService) -> tuple[str, Json] | None:
    """The executor that this workspace has chosen for workflows that come without one."""
    try:
        runner = await targets.resolve(who.workspace_id, RUNNER)
    except NotFound:
        return None
    who.require_target(runner.id, runner.name)
    return runner.executor, targets.config_of(runner)
