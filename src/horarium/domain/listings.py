"""The filters and the page of lists: what a caller asks for when it lists schedules, targets, agents or objectives.

In all of them None means that the filter is not applied.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from horarium.domain.fire import FireKind, SpanReason
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id

T = TypeVar("T")


class PageRows(list[T]):
    """The rows of a page as the store found them.

    `ended_early` says that there are more rows, although these are fewer than were asked for: their texts are as
    large as a page may be. `reached` is the position from which the next page goes on, in lists that tell it; None
    where there is no next page. `total` is how many rows all pages have together, where finding this one has told it.
    """

    def __init__(
        self, rows: Iterable[T] = (), ended_early: bool = False, reached: bytes | None = None
    ) -> None:
        super().__init__(rows)
        self.ended_early, self.reached = ended_early, reached
        self.total: int | None = None


# Totals of lists are exact up to this number.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Counted:
    """How many items of a list a step has counted, and the position from which the next step goes on; None where
    nothing is left to be counted."""

    count: int
    reached: bytes | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """How many items a list has on all its pages. `at_least`: counting stopped there, and there may be more."""

    count: int
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class ScheduleListing:
    """Which schedules to list, and which page of them.

    A page has up to `limit` schedules in order of their ids. It starts after the id `cursor`, or after the
    first `skip` rows. `not_state` keeps schedules in any state but this one. `recurrence` keeps those whose
    recurrence is an object with this one member, or, where it is empty, a text. `prefix` is compared with the
    beginning of the name. `search` is looked for in name, key, description and, with `search_input`, in the
    input; upper and lower case are the same. `key` keeps the one schedule of our own API with this key, `key_prefix`
    those whose key begins so. Every one of `labels` must match. `created_by` is a principal. `next_before_ms` keeps
    what fires next before an instant, `last_state` those whose last fire ended or stands so, and `failing` those
    whose latest fires failed (True), or did not (False). `made_upto_ms` leaves out what was made after an instant.
    `window` is how many schedules are looked at together, where not all of them are.
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
    key_prefix: str | None = None
    created_by: Id | None = None
    next_before_ms: int | None = None
    last_state: str | None = None
    failing: bool | None = None
    made_upto_ms: int | None = None
    window: int = 1_000

    @property
    def by_progress(self) -> bool:
        """Whether it matters how far a schedule is."""
        return (self.next_before_ms, self.last_state, self.failing) != (None, None, None)

    @property
    def unfiltered(self) -> bool:
        """Whether it leaves out nothing of the workspace."""
        plain = replace(self, limit=0, cursor=None, skip=0, newest_first=True)
        return replace(plain, window=0, search_input=True) == ScheduleListing(self.workspace_id, 0, window=0)


class ScheduleOrder(StrEnum):
    """In which order schedules are listed. Names are compared without regard to upper and lower case."""

    NEWEST = "desc"
    OLDEST = "asc"
    NAME = "name"
    NAME_DOWN = "-name"
    # The soonest first; those without a next fire come last.
    NEXT_FIRE = "next_fire"
    # By the last slot that fired, the latest first; those that have never fired come last.
    LAST_FIRE = "last_fire"

    @property
    def descending(self) -> bool:
        """Whether what is higher comes first."""
        return self in (ScheduleOrder.NEWEST, ScheduleOrder.NAME_DOWN, ScheduleOrder.LAST_FIRE)


@dataclass(frozen=True, slots=True)
class RunListing:
    """Which runs of a workspace to list, the latest first: up to `limit` with lower ids than `cursor`.

    `state` is one that runs are shown with, or `open` for runs that are not over. Every one of `labels` must be on
    the run's schedule. `row_key` is the key of a row of an audience; with it, runs are in the order of their fires,
    and `cursor` is the id of a fire followed by that of a run. `from_ms` and `to_ms` bound the instant that the run
    stands for, both included: the slot of its fire, or when it was asked for. `made_before_ms` leaves out runs
    that were made at that instant or later.
    """

    workspace_id: Id
    limit: int
    cursor: Id = HIGHEST_ID
    schedule_id: Id | None = None
    fire_id: Id | None = None
    target_id: Id | None = None
    state: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    row_key: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    made_before_ms: int | None = None

    @property
    def filtered(self) -> bool:
        """Whether runs are looked at that may not match."""
        return bool(self.target_id or self.state or self.labels or self.fire_id)


@dataclass(frozen=True, slots=True)
class FireListing:
    """Which fires of a workspace to list, the latest slot first: up to `limit` with lower ids than `cursor`. The
    filters are as those of RunListing; `state` is a FireState."""

    workspace_id: Id
    limit: int
    cursor: Id = HIGHEST_ID
    schedule_id: Id | None = None
    target_id: Id | None = None
    kind: FireKind | None = None
    state: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    from_ms: int | None = None
    to_ms: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerListing:
    """Which entries of the ledger of a workspace to list, the latest first: up to `limit` after a `position`.

    `fires` and `spans` say which of the two are listed. `reason` keeps the spans with this reason. Slots from
    `from_ms` to `to_ms` count, both included; a span is listed if one of its slots may be among them.
    """

    workspace_id: Id
    limit: int
    from_ms: int
    to_ms: int
    position: bytes | None = None
    fires: bool = True
    spans: bool = True
    reason: SpanReason | None = None
    schedule_id: Id | None = None
    labels: tuple[tuple[str, str], ...] = ()


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
