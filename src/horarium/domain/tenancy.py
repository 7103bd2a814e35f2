"""Workspaces, the principals in them, and the API keys of these with what they allow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from horarium.domain.errors import Forbidden
from horarium.domain.host_lists import EVERY_HOST
from horarium.domain.ids import Id
from horarium.domain.quotas import DEFAULT, Quotas
from horarium.domain.restrictions import UNRESTRICTED, Restriction

# All scopes within the workspace. It does not include SERVER_SCOPE.
EVERY_SCOPE = "*"
# Allows creating workspaces and seeing all of them.
SERVER_SCOPE = "workspaces:admin"
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
    "events:read",
    "events:write",
    "audit:read",
    "keys:admin",
    SERVER_SCOPE,
    EVERY_SCOPE,
)

# Stands for all targets of the workspace, also future ones, in the grants of a principal.
EVERY_TARGET: Id = bytes(16)

# The beginning of every API key.
KEY_PREFIX = "hor_"


class PrincipalType(StrEnum):
    """What a principal is. `system` is the server itself; callers cannot create such a principal."""

    PERSON = "person"
    SERVICE = "service"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant. Times are milliseconds since the epoch.

    `settings` may hold `timezone`, the zone of new schedules in dialects that do not require one. `quotas` bound what
    the workspace may have and do. `weight` (1 to 100) is its share where workspaces take turns: one with the weight 3
    gets three times as much as one with the weight 1. `allowed_hosts` are the hosts that its targets and audiences may
    reach, of those that the server allows; `*` stands for all of them. A workspace changes its settings itself;
    quotas, weight and hosts are changed with a key of the whole server. One that was deleted at `deleted_ms` is purged
    from `purge_ms` on, and can be had back until then.
    """

    id: Id
    slug: str
    name: str
    created_ms: int
    updated_ms: int
    version: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    quotas: Quotas = DEFAULT
    weight: float = 1.0
    allowed_hosts: tuple[str, ...] = (EVERY_HOST,)
    deleted_ms: int | None = None
    purge_ms: int | None = None

    @property
    def timezone(self) -> str:
        """The zone of schedules that do not name one, in dialects that allow this."""
        return str(self.settings.get("timezone", "UTC"))


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts in a workspace: a person or a service. `created_ms` is milliseconds since the epoch."""

    id: Id
    workspace_id: Id
    type: PrincipalType
    name: str
    created_ms: int
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as the store keeps it. Times are milliseconds since the epoch.

    The text of the key is not stored. `hint` has its last four characters, so that people can
    tell their keys apart.
    """

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
    restriction: Restriction = UNRESTRICTED


@dataclass(slots=True)
class Identity:
    """Who makes a request, and what the request may do. Every use case that needs permission takes one.

    `scopes` are those of the key. `granted` holds the ids of the targets that the principal
    may schedule, or EVERY_TARGET. `key_expires_ms` is when the key ends, if it does. `restriction` is what
    the key is restricted to. Each request has one of its own, which follows what changes while it goes on.
    """

    workspace: Workspace
    principal: Principal
    key_id: Id
    scopes: frozenset[str]
    granted: frozenset[Id]
    key_expires_ms: int | None = None
    restriction: Restriction = UNRESTRICTED

    @property
    def workspace_id(self) -> Id:
        """The workspace that the request is about."""
        return self.workspace.id

    @property
    def principal_id(self) -> Id:
        """The principal who makes the request."""
        return self.principal.id

    def another(self) -> Identity:
        """One that is the same by now. Each request makes one: `replace` takes four times as long."""
        return Identity(
            self.workspace,
            self.principal,
            self.key_id,
            self.scopes,
            self.granted,
            self.key_expires_ms,
            self.restriction,
        )

    def follow(self, now: Identity) -> None:
        """Be what the key is by now: grants, the end of the key and the workspace may have changed."""
        for name in self.__slots__:
            setattr(self, name, getattr(now, name))

    def may(self, scope: str) -> bool:
        """Whether the key has a scope. `*` includes every scope but the server-wide one."""
        return scope in self.scopes or (EVERY_SCOPE in self.scopes and scope != SERVER_SCOPE)

    def require(self, scope: str) -> None:
        """Raises Forbidden if the key does not have a scope."""
        if not self.may(scope):
            raise Forbidden(f"this key lacks the scope {scope}; it has {_listed(self.scopes)}", scope)

    def has_grant(self, target_id: Id) -> bool:
        """Whether the principal has a grant on a target."""
        return EVERY_TARGET in self.granted or target_id in self.granted

    def may_schedule(self, target_id: Id, labels: Mapping[str, str] | None = None) -> bool:
        """Whether the principal has a grant on a target, and the key may schedule it with these labels."""
        return self.has_grant(target_id) and self.restriction.allows(target_id, labels or {})

    def require_target(self, target_id: Id, name: str, labels: Mapping[str, str] | None = None) -> None:
        """Raises Forbidden if the principal does not have a grant on a target, or the key is restricted to others.

        `name` names the target in the error; `labels` are those of the schedule.
        """
        self.restriction.refuse_other(target_id, labels or {})
        if not self.has_grant(target_id):
            raise Forbidden(
                f"{self.principal.name} has no grant on the target {name}; an administrator can give one"
            )


_KEY = re.compile(rf"{KEY_PREFIX}[A-Za-z0-9_-]{{32,124}}")


def is_key(text: str) -> bool:
    """Whether a text is long enough for a key, and has the form of one."""
    return _KEY.fullmatch(text) is not None


def key_hash(presented: str) -> bytes:
    """The hash by which a key is stored and found (32 bytes). Keys are long and random, so one round of a fast hash is
    enough to hide them."""
    return sha256(presented.encode("utf-8", "surrogatepass")).digest()


def key_hint(key: str) -> str:
    """The last four characters of a key: enough to recognise it, too little to guess it."""
    return key[-4:]


def _listed(scopes: Iterable[str]) -> str:
    return ", ".join(sorted(scopes)) or "none"
