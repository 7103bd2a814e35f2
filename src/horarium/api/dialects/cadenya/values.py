"""A schedule as this dialect speaks of it, between its wire and the core's own form. No rule lives here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from horarium.domain.errors import Conflict
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies, Schedule, ScheduleState
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.service.schedules import ScheduleDraft
from horarium.times import Timing, canonical_spec

DIALECT = "cadenya"
BUNDLE_LABEL = "bundle_key"
MESSAGE, DATA, SYSTEM_DATA = "initialMessage", "data", "systemPromptData"
# The member of a run's input that names the variation to use.
VARIATION_ID = "variationId"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller can say of a schedule.

    `bundle_key` is the one given in a field of its own, which a replacement of the labels leaves alone;
    `labels` holds it as well. `rules` has `calendars` and `intervals`. `data` is None where there is none.
    """

    name: str = ""
    external_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    bundle_key: str | None = None
    message: str = ""
    data: Any = None
    system_data: Any = None
    rules: Mapping[str, Any] = field(default_factory=dict)
    timezone: str = ""
    overlap: Overlap = Overlap.SKIP
    state: ScheduleState = ScheduleState.ACTIVE
    variation: str | None = None


def wanted_of(schedule: Schedule) -> Wanted:
    """A stored schedule in these terms."""
    given = schedule.definition.input if isinstance(schedule.definition.input, Mapping) else {}
    timing = schedule.definition.timing
    state = schedule.state
    return Wanted(
        schedule.name,
        schedule.key,
        dict(schedule.labels),
        schedule.extra.get("bundleKey"),
        str(given.get(MESSAGE, "")),
        given.get(DATA),
        given.get(SYSTEM_DATA),
        rules_of(timing),
        timing.zone,
        schedule.definition.policies.overlap,
        ScheduleState.ACTIVE if state is ScheduleState.COMPLETED else state,
        given.get(VARIATION_ID),
    )


def rules_of(timing: Timing) -> dict[str, Any]:
    """Calendars and intervals of a timing; of one that another API has put in their place, none."""
    if timing.dialect != DIALECT:
        return {}
    rules: dict[str, Any] = json.loads(timing.spec)
    return rules


def draft_of(wanted: Wanted, who: Identity, agent: Target) -> ScheduleDraft:
    """What the core is asked to make."""
    return ScheduleDraft(
        workspace_id=who.workspace_id,
        created_by=who.principal_id,
        name=wanted.name,
        timing=timing_of(wanted),
        target_id=agent.id,
        dialect=DIALECT,
        policies=Policies(overlap=wanted.overlap),
        input=_input(wanted),
        owner_id=agent.id,
        key=wanted.external_id,
        description=wanted.message,
        labels=wanted.labels,
        extra=_extra(wanted),
        state=wanted.state,
    )


def timing_of(wanted: Wanted) -> Timing:
    return Timing(canonical_spec(wanted.rules), DIALECT, wanted.timezone)


def changed(before: Schedule, wanted: Wanted) -> Schedule:
    """A stored schedule as it shall be. Raises Conflict where it is archived and shall not stay so."""
    now = wanted_of(before)
    if before.state is ScheduleState.ARCHIVED and wanted.state is not ScheduleState.ARCHIVED:
        raise Conflict("the schedule is archived, and archived for good", "state", "spec.status")
    definition = before.definition
    if (wanted.rules, wanted.timezone) != (now.rules, now.timezone):
        definition = replace(definition, timing=timing_of(wanted))
    if wanted.overlap is not now.overlap:
        definition = replace(definition, policies=replace(definition.policies, overlap=wanted.overlap))
    said = (wanted.message, wanted.data, wanted.system_data, wanted.variation)
    if said != (now.message, now.data, now.system_data, now.variation):
        definition = replace(definition, input=_input(wanted))
    return replace(
        before,
        name=wanted.name,
        key=wanted.external_id,
        description=wanted.message,
        labels=wanted.labels,
        extra=_extra(wanted),
        definition=definition,
        state=before.state if wanted.state is now.state else wanted.state,
    )


def paused(before: Schedule) -> Schedule:
    return changed(before, replace(wanted_of(before), state=ScheduleState.PAUSED))


def resumed(before: Schedule) -> Schedule:
    """Only a paused one can be resumed: Conflict otherwise."""
    if before.state not in (ScheduleState.PAUSED, ScheduleState.ARCHIVED):
        raise Conflict("the schedule is not paused, so it cannot be resumed", "state", "spec.status")
    return changed(before, replace(wanted_of(before), state=ScheduleState.ACTIVE))


def archived(before: Schedule) -> Schedule:
    return changed(before, replace(wanted_of(before), state=ScheduleState.ARCHIVED))


def _input(wanted: Wanted) -> dict[str, Any]:
    """What the agent's executor receives."""
    given = {
        MESSAGE: wanted.message,
        DATA: wanted.data,
        SYSTEM_DATA: wanted.system_data,
        VARIATION_ID: wanted.variation,
    }
    return {name: value for name, value in given.items() if value is not None}


def _extra(wanted: Wanted) -> dict[str, Any]:
    return {} if wanted.bundle_key is None else {"bundleKey": wanted.bundle_key}


def with_labels(wanted: Wanted, labels: Mapping[str, str]) -> Wanted:
    """All labels replaced; a bundle key that was given in its own field stays, unless they name another."""
    kept = wanted.bundle_key
    if kept is None or labels.get(BUNDLE_LABEL, kept) != kept:
        return replace(wanted, labels=dict(labels), bundle_key=None)
    return replace(wanted, labels={**labels, BUNDLE_LABEL: kept})


def with_bundle(wanted: Wanted, bundle_key: str | None) -> Wanted:
    """The bundle key replaced, in the labels as well."""
    labels = {name: value for name, value in wanted.labels.items() if name != BUNDLE_LABEL}
    if bundle_key is not None:
        labels[BUNDLE_LABEL] = bundle_key
    return replace(wanted, labels=labels, bundle_key=bundle_key)
