"""The filters and the page of lists: what a caller asks for when it lists schedules, targets, agents or objectives.

In all of them None means that the filter is not applied.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id

T = TypeVar("T")


class PageRows(list[T]):
    """The rows of a page as the store found them.

    `ended_early` says that there are more rows, although these are fewer than were asked for: their texts are as
    large as a page may be.
    """

    def __init__(self, rows: Iterable[T] = (), ended_early: bool = False) -> None:
        super().__init__(rows)
        self.ended_early = ended_early


@dataclass(frozen=True, slots=True)
class ScheduleListing:
    """Which schedules to list, and which page of them.

    A page has up to `limit` schedules in order of their ids. It starts after the id `cursor`, or after the
    first `skip` rows. `not_state` keeps schedules in any state but this one. `recurrence` keeps those whose
    recurrence is an object with this one member, or, where it is empty, a text. `prefix` is compared with the
    beginning of the name. `search` is looked for in name, key, description and, with `search_input`, in the
    input; upper and lower case are the same. `key` keeps the one schedule of our own API with this key. Every one
    of `labels` must match.
    """

    workspace_id: Id
    limit: int
    cursor: Id | None = None
    skip: int = 0
    newest_first: bool = True
    dialect: str | None = None
    owner_id: Id | None = None
    target_id: Id | None = None
    state: str | None = None
    not_state: str | None = None
    recurrence: str | None = None
    prefix: str | None = None
    search: str | None = None
    key: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    search_input: bool = True


@dataclass(frozen=True, slots=True)
class TargetListing:
    """Which targets to list, oldest first: up to `limit` after the id `after`, or after the first `skip` rows. `key`
    keeps the one target with this key."""

    workspace_id: Id
    limit: int
    after: Id = LOWEST_ID
    skip: int = 0
    kind: str | None = None
    state: str | None = None
    key: str | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class AgentListing:
    """Which agents to list: up to `limit` after the id `cursor`.

    `prefix` is compared with the beginning of the name and `search` with all of it; upper and lower
    case are the same.
    """

    workspace_id: Id
    limit: int
    cursor: Id | None = None
    newest_first: bool = True
    state: str | None = None
    prefix: str | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectiveListing:
    """Which objectives of a dialect to list: up to `limit` after the id `cursor`. `phase` is one of PHASES."""

    workspace_id: Id
    dialect: str
    limit: int
    cursor: Id | None = None
    newest_first: bool = True
    schedule_id: Id | None = None
    agent_id: Id | None = None
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class AuditListing:
    """Which entries of the audit log to list, newest first: up to `limit` before the id `cursor`.

    `action` keeps the entries of one action, or of all actions of one kind ("key" for "key.created" and others).
    `subject` is written as in AuditEntry. `since_ms` and `until_ms` bound when something was done: until is left out.
    """

    workspace_id: Id
    limit: int
    cursor: Id = HIGHEST_ID
    action: str | None = None
    subject: str | None = None
    principal_id: Id | None = None
    request: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
