"""The schemas of the OpenAPI page that the resources share."""

from __future__ import annotations

from collections.abc import Mapping

from horarium.api.kit.schemas import FLAG, INSTANT, TEXT, Schema, list_of, object_of, ref

WHOLE: Schema = {"type": "integer"}
LABELS: Schema = {"type": "object", "additionalProperties": TEXT}
ANY_OBJECT: Schema = {"type": "object"}

PAGE_QUERY: Mapping[str, Schema] = {
    "limit": {"type": "integer", "minimum": 0},
    "cursor": TEXT,
    "sortOrder": {"type": "string", "enum": ["asc", "desc"]},
    "includeInfo": FLAG,
}

# The metadata that a body may hold, and the metadata that is answered.
GIVEN_METADATA: Mapping[str, Schema] = {
    "name": TEXT,
    "externalId": TEXT,
    "labels": LABELS,
    "bundleKey": {"type": "string", "description": "also the label bundle_key"},
}
METADATA: Mapping[str, Schema] = {
    "id": TEXT,
    "accountId": TEXT,
    "workspaceId": TEXT,
    "profileId": TEXT,
    "createdAt": INSTANT,
    "updatedAt": INSTANT,
    **GIVEN_METADATA,
}
_ALWAYS = "id accountId name externalId labels profileId createdAt"


def words(prefix: str, *names: str) -> Schema:
    """One of a few words that begin with the same prefix: STATE_ACTIVE, STATE_PAUSED."""
    return {"type": "string", "enum": [f"{prefix}_{name}" for name in names]}


def page_of(name: str) -> Schema:
    """A page of a list of resources."""
    return object_of({"items": list_of(name), "pagination": ref("Page")}, "items pagination")


SHARED: Mapping[str, Schema] = {
    "Nothing": {"type": "object", "maxProperties": 0},
    "Status": object_of(
        {"code": WHOLE, "message": TEXT, "details": list_of(ANY_OBJECT)}, "code message details"
    ),
    "Page": object_of({"nextCursor": {"type": "string", "minLength": 1}, "total": WHOLE}),
    "Metadata": object_of(METADATA, f"{_ALWAYS} workspaceId"),
    "AccountMetadata": object_of(
        {name: schema for name, schema in METADATA.items() if name != "workspaceId"}, _ALWAYS
    ),
    "Profile": object_of(
        {
            "metadata": ref("AccountMetadata"),
            "spec": object_of(
                {"type": words("PROFILE_TYPE", "USER", "API_KEY", "SYSTEM"), "name": TEXT, "email": TEXT},
                "type name email",
            ),
        },
        "metadata spec",
    ),
}
