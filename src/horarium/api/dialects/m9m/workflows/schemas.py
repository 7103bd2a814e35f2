"""The schemas of workflows."""

from __future__ import annotations

from horarium.api.dialects.m9m.schemas import ITEMS, page_of
from horarium.api.kit.schemas import FLAG, INSTANT, TEXT, Schema, object_of, or_null

_PARTS: dict[str, Schema] = {
    "active": FLAG,
    "nodes": {"type": "array"},
    "connections": {"type": "object"},
    "settings": {"type": "object"},
    "staticData": {"type": "object"},
    "pinData": {"type": "object"},
    "tags": {"type": "array"},
    "versionId": TEXT,
    "isArchived": FLAG,
}
_EXECUTOR: Schema = {
    "type": "object",
    "properties": {"type": {"type": "string", "minLength": 1}},
    "required": ["type"],
    "description": "how the workflow is executed: the type of an executor, and what that type wants",
    "examples": [{"type": "http", "url": "https://example.com/hook"}],
}
_FLOW: dict[str, Schema] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": or_null({**TEXT, "maxLength": 10_000}),
    "executor": or_null(_EXECUTOR),
    **{name: or_null(schema) for name, schema in _PARTS.items()},
}
_WORKFLOW: dict[str, Schema] = {
    "id": TEXT,
    "name": TEXT,
    "description": or_null(TEXT),
    **_PARTS,
    "executor": {"type": ["object", "null"]},
    "signingSecret": {**TEXT, "description": "in the answer to its making only"},
    "createdAt": INSTANT,
    "updatedAt": INSTANT,
}

SCHEMAS: dict[str, Schema] = {
    "Workflow": object_of(_WORKFLOW, "id name active nodes connections executor createdAt updatedAt"),
    "Workflows": page_of("Workflow", "workflows"),
    "NewWorkflow": object_of(
        {"id": or_null({"type": "string", "minLength": 1, "maxLength": 200}), **_FLOW}, "name"
    ),
    "WorkflowChange": object_of({**_FLOW, "name": or_null(_FLOW["name"])}),
    "Items": {"anyOf": [{"type": ["array", "null"]}, object_of({"inputData": or_null(ITEMS)})]},
}
