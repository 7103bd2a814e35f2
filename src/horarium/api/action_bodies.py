"""The bodies of actions on many schedules or runs. Their filters have the names that the parameters of lists have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from horarium.api.fields import End, FirstSlot, LastSlot, Reference
from horarium.api.models import AFTERWARDS, AfterwardsBody, Body, Labels
from horarium.api.schedule_ids import KEY_FILTER_WORDS
from horarium.domain.schedule import MOST_LABELS

_STATES = Literal["active", "paused", "completed", "archived"]
_RUN_STATES = Literal["open", "pending", "waiting", "running", "succeeded", "failed", "cancelled"]
_FIRE_STATES = Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
_TRIED = "count and show what would be concerned, and change nothing"
NewLabels = Annotated[dict[str, str | None], Field(max_length=MOST_LABELS)]


class ScheduleFilter(Body):
    """Which schedules; an empty object means all of the workspace."""

    labels: Labels | None = None
    target: Reference | None = None
    state: _STATES | None = None
    dialect: str | None = None
    search: str | None = Field(None, max_length=2_000)
    key: str | None = None
    key_prefix: str | None = None
    created_by: str | None = Field(None, description="id of a principal")
    next_fire_before: End | None = None
    last_state: _FIRE_STATES | None = None
    failing: bool | None = None


class RunFilter(Body):
    """Which runs. Without a state, `cancel` is for those that are open, and `retry` for those that failed."""

    labels: Labels | None = Field(None, description="those of the schedule")
    target: Reference | None = None
    schedule: str | None = Field(None, description="id of a schedule")
    schedule_key: str | None = Field(None, description=KEY_FILTER_WORDS)
    fire: str | None = Field(None, description="id of a fire")
    state: _RUN_STATES | None = None
    row_key: str | None = None
    from_: FirstSlot | None = Field(None, alias="from")
    to: LastSlot | None = None


class ScheduleActionBody(Body):
    action: Literal["pause", "resume", "delete", "relabel", "retarget", "fire"]
    filter: ScheduleFilter
    dry_run: bool = Field(False, description=_TRIED)
    note: str | None = Field(None, max_length=10_000, description="for pause: why; null takes it away")
    until: FirstSlot | None = Field(None, description="for pause: when they resume by themselves; null: not")
    catch_up: AfterwardsBody = Field(
        None,
        description=f"for pause and resume: {AFTERWARDS}; left out, as each schedule's own pause says, or none",
    )
    labels: NewLabels | None = Field(
        None, description="for relabel: set where they have a value, taken away where it is null"
    )
    target: Reference | None = Field(None, description="for retarget")


class RunActionBody(Body):
    action: Literal["cancel", "retry"]
    filter: RunFilter
    dry_run: bool = Field(False, description=_TRIED)
