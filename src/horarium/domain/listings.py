"""What a list may be asked for: the filters of schedules, targets, agents and objectives."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.domain.ids import LOWEST_ID, Id


@dataclass(frozen=True, slots=True)
class ScheduleListing:
    """What to list: None means any. `newest_first` with `cursor` the last id seen; or `skip` rows from the
    start.

    `not_state` takes all states but one; `extra` is a (name, text) of what the schedule's dialect keeps in
    `extra`.
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
    extra: tuple[str, str] | None = None
    prefix: str | None = None
    search: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    search_input: bool = True
    """Whether `search` looks into the input as well, beside name, key and description."""


@dataclass(frozen=True, slots=True)
class TargetListing:
    """What to list, oldest first: None means any. From beyond `after`, or `skip` from the start."""

    workspace_id: Id
    limit: int
    after: Id = LOWEST_ID
    skip: int = 0
    kind: str | None = None
    state: str | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class AgentListing:
    """What to list: None means any; `prefix` and `search` in any case. From beyond `cursor`."""

    workspace_id: Id
    limit: int
    cursor: Id | None = None
    newest_first: bool = True
    state: str | None = None
    prefix: str | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectiveListing:
    """What to list: None means any. From beyond `cursor`."""

    workspace_id: Id
    dialect: str
    limit: int
    cursor: Id | None = None
    newest_first: bool = True
    schedule_id: Id | None = None
    agent_id: Id | None = None
    phase: str | None = None
