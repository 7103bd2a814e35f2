"""What all resources share: metadata, profiles, labels, and the pages of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from horarium.api.dialects.cadenya.mask import BUNDLE_KEY, LABELS
from horarium.api.dialects.cadenya.mask import NAME as NAME_PATH
from horarium.api.kit import Fields, Json
from horarium.api.kit.writing import instant_text
from horarium.domain.ids import Id, prefixed
from horarium.domain.schedule import Schedule
from horarium.domain.target import Target
from horarium.domain.tenancy import Principal, PrincipalType
from horarium.service.checks import name_problems
from horarium.service.pages import cursor_text

NAME = "cadenya"

# What the ids of each kind of resource begin with.
WORKSPACE, AGENT, SCHEDULE, OBJECTIVE, PROFILE, ACCOUNT = "ws", "agent", "as", "obj", "profile", "account"

# The label that means the same as the field metadata.bundleKey.
BUNDLE_LABEL = "bundle_key"

MOST_LABELS = 64
_TYPES = {
    PrincipalType.PERSON: "PROFILE_TYPE_USER",
    PrincipalType.SERVICE: "PROFILE_TYPE_API_KEY",
    PrincipalType.SYSTEM: "PROFILE_TYPE_SYSTEM",
}

# Principals by id: those who made the resources that are shown.
Makers = Mapping[Id, Principal]


def labels_in(metadata: Fields) -> dict[str, str]:
    """The field `labels`: an object of texts."""
    labels = metadata.object("labels") or {}
    if len(labels) > MOST_LABELS:
        metadata.wrong("labels", f"has {len(labels)} entries; at most {MOST_LABELS} are allowed")
        return {}
    inner = Fields(labels, f"{metadata.path}.labels", metadata.problems)
    found = {}
    for name in labels:
        if not name or len(name) > 200 or not name.isprintable():
            inner.wrong(name[:40], "must be a name of 1 to 200 printable characters")
            continue
        value = inner.value(name, str, "a string", required=True)
        if value is not None and (len(value) > 1000 or "\0" in value):
            inner.wrong(name, "must be a text of at most 1000 characters, without NUL")
        found[name] = value or ""
    return found


def bundle_key_in(metadata: Fields) -> str | None:
    """The field `bundleKey`, which must agree with the label that means the same."""
    found, labels = line_in(metadata, "bundleKey"), metadata.body.get("labels")
    label = labels.get(BUNDLE_LABEL) if isinstance(labels, Mapping) else None
    if found is not None and label not in (None, found):
        metadata.wrong("bundleKey", f"differs from the label {BUNDLE_LABEL}; give one of them")
    return found


def name_in(metadata: Fields, required: bool) -> str | None:
    """The field `name`."""
    name = metadata.text("name", required)
    if name is not None:
        metadata.note(name_problems(NAME_PATH, name))
    return name


class NewLabels(Protocol):
    """The part of an order that is about labels. `replaced` has the paths of the fields that the order replaces."""

    @property
    def replaced(self) -> frozenset[str]: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def bundle_key(self) -> str | None: ...


def labels_after(
    order: NewLabels, known: Mapping[str, str], bundle_key: str | None
) -> tuple[dict[str, str], str | None]:
    """The labels, and the bundle key that was given in its own field; the labels hold that one as well.

    Such a bundle key stays when all labels are replaced, unless the new labels name another.
    """
    labels = dict(known)
    if order.replaced.isdisjoint((LABELS, BUNDLE_KEY)):
        return labels, bundle_key
    if BUNDLE_KEY in order.replaced:
        bundle_key = order.bundle_key
        labels.pop(BUNDLE_LABEL, None)
    if LABELS in order.replaced:
        labels = dict(order.labels)
    if bundle_key is not None and labels.setdefault(BUNDLE_LABEL, bundle_key) != bundle_key:
        bundle_key = None
    return labels, bundle_key


def line_in(fields: Fields, name: str) -> str | None:
    """An optional text of one line; an empty one counts as left out."""
    found = fields.text(name, most=255)
    if found is not None and not found.isprintable():
        fields.wrong(name, "must not contain control characters")
    return found or None


def account_id(workspace_id: Id) -> str:
    """The account of a workspace. Each workspace has its own, because tenants share nothing."""
    return prefixed(ACCOUNT, workspace_id)


def metadata_of(prefix: str, resource: Schedule | Target, labels: Mapping[str, str]) -> Json:
    """The metadata of a named resource of a workspace."""
    bundle = {"bundleKey": labels[BUNDLE_LABEL]} if BUNDLE_LABEL in labels else {}
    return {
        "id": prefixed(prefix, resource.id),
        "accountId": account_id(resource.workspace_id),
        "workspaceId": prefixed(WORKSPACE, resource.workspace_id),
        "name": resource.name,
        "externalId": resource.key or "",
        "labels": dict(labels),
        "profileId": prefixed(PROFILE, resource.created_by),
        "createdAt": instant_text(resource.created_ms),
        **bundle,
    }


def account_metadata(
    resource_id: str, workspace_id: Id, name: str, made_by: Id, created_ms: int, external_id: str = ""
) -> Json:
    """The metadata of what belongs to an account rather than to a workspace."""
    return {
        "id": resource_id,
        "accountId": account_id(workspace_id),
        "name": name,
        "externalId": external_id,
        "labels": {},
        "profileId": prefixed(PROFILE, made_by),
        "createdAt": instant_text(created_ms),
    }


def profile_json(principal: Principal) -> Json:
    """A principal, as a profile. It counts as its own maker."""
    profile_id = prefixed(PROFILE, principal.id)
    return {
        "metadata": account_metadata(
            profile_id, principal.workspace_id, principal.name, principal.id, principal.created_ms
        ),
        "spec": {"type": _TYPES[principal.type], "name": principal.name, "email": principal.email or ""},
    }


def page_json(
    items: Sequence[Json], ids: Sequence[Id], limit: int, total: int | None = None, ended_early: bool = False
) -> Json:
    """A page of a list. `items`, and their `ids`, are up to `limit` and one more; only where that one is there, or the
    store `ended` the page `early` because of its size, the page has a cursor."""
    pagination: Json = {} if total is None else {"total": total}
    if len(items) > limit or (ended_early and ids):
        pagination["nextCursor"] = cursor_text(ids[:limit][-1])
    return {"items": list(items[:limit]), "pagination": pagination}
