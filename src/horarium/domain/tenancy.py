"""Workspaces, the principals in them, their keys and what these allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from horarium.domain.errors import Forbidden
from horarium.domain.ids import Id

EVERY_SCOPE = "*"
"""Every scope within the workspace; not the server-wide ones."""
SERVER_SCOPE = "workspaces:admin"
"""May make workspaces and see all of them."""
SCOPES = (
    "schedules:read",
    "schedules:write",
    "schedules:delete",
    "targets:read",
    "targets:write",
    "runs:read",
    "runs:write",
    "directory:read",
    "directory:write",
    "keys:admin",
    SERVER_SCOPE,
    EVERY_SCOPE,
)

EVERY_TARGET: Id = bytes(16)
"""Stands for all targets, present and future, in a principal's grants."""

KEY_PREFIX = "hor_"


class PrincipalType(StrEnum):
    PERSON = "person"
    SERVICE = "service"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant. `settings` may hold `timezone` (the default of new schedules where a dialect has one)."""

    id: Id
    slug: str
    name: str
    created_ms: int
    updated_ms: int
    version: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def timezone(self) -> str:
        """The zone of schedules that name none, in the dialects that let them."""
        return str(self.settings.get("timezone", "UTC"))


@dataclass(frozen=True, slots=True)
class Principal:
    id: Id
    workspace_id: Id
    type: PrincipalType
    name: str
    created_ms: int
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as stored: never the key itself, only its last four characters as a hint."""

    id: Id
    workspace_id: Id
    principal_id: Id
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_ms: int
    expires_ms: int | None = None
    last_used_ms: int | None = None
    revoked_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from, and what it may do. Everything downstream is given one of these.

    `granted` holds the targets that the principal may schedule, or EVERY_TARGET.
    """

    workspace: Workspace
    principal: Principal
    key_id: Id
    scopes: frozenset[str]
    granted: frozenset[Id]

    @property
    def workspace_id(self) -> Id:
        return self.workspace.id

    @property
    def principal_id(self) -> Id:
        return self.principal.id

    def may(self, scope: str) -> bool:
        """Whether the key carries a scope; `*` carries all but the server-wide one."""
        return scope in self.scopes or (EVERY_SCOPE in self.scopes and scope != SERVER_SCOPE)

    def require(self, scope: str) -> None:
        """Raises Forbidden where the key lacks a scope."""
        if not self.may(scope):
            raise Forbidden(f"this key lacks the scope {scope}; it has {_listed(self.scopes)}", scope)

    def may_schedule(self, target_id: Id) -> bool:
        """Whether the principal holds a grant on a target."""
        return EVERY_TARGET in self.granted or target_id in self.granted

    def require_target(self, target_id: Id, name: str) -> None:
        """Raises Forbidden where the principal holds no grant on a target."""
        if not self.may_schedule(target_id):
            raise Forbidden(
                f"{self.principal.name} holds no grant on the target {name}; an administrator can give it"
            )


def key_hash(presented: str) -> bytes:
    """What is stored of a key. Keys are long and random, so one round of a fast hash hides them well."""
    return sha256(presented.encode("utf-8", "surrogatepass")).digest()


def key_hint(key: str) -> str:
    """The last four characters: enough to recognise a key, useless to guess it."""
    return key[-4:]


def _listed(scopes: Iterable[str]) -> str:
    return ", ".join(sorted(scopes)) or "none"
