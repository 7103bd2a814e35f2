"""Edits, pauses, resumptions, archivings and deletions of schedules.

Every change first accounts for what the schedule owes under its old definition (`release_one`), in the same
transaction. Then the schedule goes on from now. So an edit never fires by itself, and no slot is lost or entered
twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson

from horarium.domain.errors import Conflict
from horarium.domain.fire import SpanReason
from horarium.domain.ids import Id
from horarium.domain.pauses import Closure
from horarium.domain.plan import passed_in
from horarium.domain.quotas import Usage
from horarium.domain.schedule import AfterPause, CatchUp, Schedule, ScheduleState, stored_recurrence
from horarium.store.base import DUE, Duplicate, Tx
from horarium.store.figures import SLOTS
from horarium.store.rows import SpanRow
from horarium.store.verbs.creation import onward, place, texts_of, version_row, write_labels
from horarium.store.verbs.entries import cancel_waiting_fires
from horarium.store.verbs.pauses import (
    begin_of_schedule,
    beginning_of_pause,
    end_of_schedule,
    note_of_schedule,
    ruling,
    with_those_of,
)
from horarium.store.verbs.quotas import take_for_change, tell_if_near
from horarium.store.verbs.release import release_after_pause, release_one
from horarium.store.verbs.schedules import get_schedule
from horarium.store.verbs.targets import refuse_deleted
from horarium.times import busiest_hour, zone_fingerprint

# Takes a schedule as it is and gives it as it shall be; may raise. It must be pure, because it runs in the transaction.
ScheduleChange = Callable[[Schedule], Schedule]


async def change_schedule(
    tx: Tx,
    workspace_id: Id,
    schedule_id: Id,
    change: ScheduleChange,
    now: int,
    expected_version: int | None = None,
    by: Id | None = None,
) -> Schedule:
    """Edit, pause, resume, archive or delete a schedule, and let its clock go on from now (`now`, in milliseconds).

    What it owed is fired or recorded first. The time of a pause becomes one span when the schedule is resumed, or what
    the pause's catch-up makes of its slots; while something else holds the schedule, once that is over. A pause that
    has come to its end ended at that instant, and the clock goes on from there. `by`: the principal who does it.
    Raises NotFound, Conflict (`version`), QuotaReached and whatever `change` raises.
    """
    await get_schedule(tx, workspace_id, schedule_id)  # nothing is touched in another workspace
    await release_one(tx, schedule_id, now)
    before = await get_schedule(tx, workspace_id, schedule_id)
    if expected_version is not None and before.version != expected_version:
        raise Conflict(
            f"the schedule is at version {before.version}, not {expected_version}: read it again",
            "version",
            "version",
        )
    after = _without_pause(change(before))
    if after == before:
        return before
    closure, held = await _ended_pause(tx, before, after, now)
    after = await _move(tx, before, after, now, closure)
    if before.progress.waiting_fires and after.state in (ScheduleState.DELETED, ScheduleState.ARCHIVED):
        error = f"the schedule was {after.state.value} before it could start"
        await cancel_waiting(tx, schedule_id, now, error)
    await _write_change(tx, before, after, now)
    await _write_pause(tx, before, after, now, by, held)
    if closure is not None and after.state is ScheduleState.ACTIVE:
        await release_after_pause(tx, schedule_id, now, closure)
    return await get_schedule(tx, workspace_id, schedule_id) if after.deleted_ms is None else after


def _without_pause(schedule: Schedule) -> Schedule:
    """A schedule as it was changed; one that is not paused has no end of a pause."""
    if schedule.state is ScheduleState.PAUSED or schedule.paused_until_ms is None:
        return schedule
    return replace(schedule, paused_until_ms=None)


def _end_of_pause(before: Schedule, now: int) -> int:
    """When the pause of a schedule ends that is resumed now: at its own end, if that has come."""
    until = before.paused_until_ms
    return now if until is None else min(until, now)


async def _ended_pause(tx: Tx, before: Schedule, after: Schedule, now: int) -> tuple[Closure | None, bool]:
    """The pause that a change ends, where a plan decides about its slots, and whether something else holds the
    schedule: a pause of its workspace, or a maintenance window. Then the plan waits for that to end."""
    resumed = before.state is ScheduleState.PAUSED and after.state is ScheduleState.ACTIVE
    if not resumed or after.definition != before.definition:
        return None, False
    rules = await with_those_of(tx, await ruling(tx, now), [before.id])
    others = rules.closures(before.workspace_id, before.id)
    if after.catch_up_after is CatchUp.NONE and not others:
        return None, False
    since, end = before.progress.accounted_to, _end_of_pause(before, now)
    begun = await beginning_of_pause(tx, before.workspace_id, before.id)
    if begun is not None and any(other.from_ms < begun for other in others):
        since = max(since, begun)  # what was not decided before it is not of this pause
    own = Closure(since, max(since, end), after.catch_up_after, SpanReason.PAUSED)
    return own, any(other.holds_at(now) for other in others)


async def _write_pause(
    tx: Tx, before: Schedule, after: Schedule, now: int, by: Id | None, held: bool
) -> None:
    """Enter the beginning or the end of a pause, or what is new about it. `held`: see `end_of_schedule`."""
    was, is_now = (each.state is ScheduleState.PAUSED for each in (before, after))
    if is_now and not was:
        await begin_of_schedule(tx, after, now, by)
    elif was and not is_now:
        await end_of_schedule(tx, after, _end_of_pause(before, now), held)
    elif is_now and after.note != before.note:
        await note_of_schedule(tx, after)


async def cancel_waiting(tx: Tx, schedule_id: Id, now: int, error: str) -> None:
    """Cancel the fires of a schedule that the overlap policy holds back."""
    await cancel_waiting_fires(tx, schedule_id, now, error)
    await tx.run("forget_waiting", schedule_id=schedule_id)


async def _move(tx: Tx, before: Schedule, after: Schedule, now: int, caught_up: Closure | None) -> Schedule:
    """Account for the time of a pause, and set the clock where the definition or the state has changed."""
    redefined = after.definition != before.definition
    version = before.version + 1 if redefined else before.definition_version
    restarted = before.state is not ScheduleState.ACTIVE and after.state is ScheduleState.ACTIVE
    if not redefined and after.state is before.state:
        return replace(after, definition_version=version)
    from_ms = max(before.progress.accounted_to, now)
    if before.state is ScheduleState.PAUSED and (redefined or after.state is not ScheduleState.PAUSED):
        from_ms = before.progress.accounted_to
        if caught_up is None:
            from_ms = await _account_for_pause(tx, before, after, _end_of_pause(before, now), now)
    elif after.state is not ScheduleState.PAUSED or redefined:
        # Reached but held back by jitter until now; or named while the schedule was completed or archived.
        await _record_passed(tx, before, now, SpanReason.CANCELLED)
    step = onward(after.id, after.definition, after.state, from_ms, after.progress.fires)
    definition = after.definition
    timing, policies = texts_of(definition)
    zone = definition.timing.zone
    await tx.run(
        "move_cursor",
        workspace_id=after.workspace_id,
        schedule_id=after.id,
        version=version,
        timing=timing,
        policies=policies,
        target_id=definition.target_id,
        has_audience=0 if definition.audience is None else 1,
        accounted_to=step.accounted_to
        if after.state is not ScheduleState.PAUSED or redefined
        else before.progress.accounted_to,
        next_slot=step.next_slot,
        next_due=step.next_due,
        zone=zone,
        zone_data=zone_fingerprint(zone),
        pause_after=definition.policies.pause_after_failures,
        forgive=1 if restarted else 0,
    )
    own = after.workspace_id
    new_place = place(after.id, timing, step.next_slot)
    await tx.run("place_cursor", workspace_id=own, schedule_id=after.id, place=new_place)
    await tx.run("zone_schedule", workspace_id=own, id=after.id, zone=zone, zone_data=zone_fingerprint(zone))
    if step.next_due is not None:
        tx.announce(DUE, step.next_due)
    ended = now if step.state is ScheduleState.COMPLETED else None
    return replace(
        after, state=step.state, ended_ms=ended, ended_reason=step.ended_reason, definition_version=version
    )


async def _account_for_pause(tx: Tx, before: Schedule, after: Schedule, end: int, now: int) -> int:
    """Record the slots of a pause up to its end (ms) as one span. The instant (ms) from which the clock goes on.

    A slot at the end that the pause was given is not one of the pause: the schedule fires at it.
    A one-shot that fires after a pause by its policy keeps its slot unaccounted, so that it is due at once,
    unless its time was changed.
    """
    since = before.progress.accounted_to
    fires_late = (
        stored_recurrence(before.definition.timing).one_shot
        and after.definition.policies.after_pause is AfterPause.FIRE
        and after.definition.timing == before.definition.timing
        and after.deleted_ms is None
    )
    if fires_late:
        return since
    if after.state is not ScheduleState.ACTIVE or after.definition != before.definition:
        end = now
    elif end == before.paused_until_ms:
        end -= 1
    await _record_passed(tx, before, end, SpanReason.PAUSED)
    return max(since, end)


async def _record_passed(tx: Tx, schedule: Schedule, upto_ms: int, reason: SpanReason) -> None:
    """Enter the slots that are not accounted for up to an instant as not fired, for a reason or, where the workspace
    was paused, for that one."""
    recurrence = stored_recurrence(schedule.definition.timing)
    closures: list[Closure] = []
    if reason is not SpanReason.PAUSED:
        delay = schedule.definition.policies.delay_of(schedule.id)
        rules = await with_those_of(tx, await ruling(tx, upto_ms), [schedule.id])
        found = rules.closures(schedule.workspace_id, schedule.id)
        closures = [closure.earlier(delay) for closure in found]
    now = max(schedule.progress.accounted_to, upto_ms)
    for passed in passed_in(recurrence, schedule.progress.accounted_to, now, reason, closures):
        row = SpanRow(
            schedule.id,
            passed.first_ms,
            passed.last_ms,
            passed.count,
            passed.reason.value,
            schedule.definition_version,
            now,
            schedule.workspace_id,
        )
        await tx.many("insert_spans", [row])
        tx.count(SLOTS, passed.reason.value, passed.count)


def _kept_catch_up(schedule: Schedule) -> str | None:
    """What is kept of the catch-up of a pause: nothing, once it is over or where it catches up nothing."""
    paused = schedule.state is ScheduleState.PAUSED
    return schedule.catch_up_after.value if paused and schedule.catch_up_after is not CatchUp.NONE else None


async def _write_change(tx: Tx, before: Schedule, after: Schedule, now: int) -> None:
    hourly = await take_for_change(tx, before, after, now)
    if after.definition.target_id != before.definition.target_id:
        await refuse_deleted(tx, [after])
    if after.workspace_id in tx.recording and after.definition != before.definition:
        was = busiest_hour(stored_recurrence(before.definition.timing))
        await tell_if_near(tx, after.workspace_id, Usage(hourly=hourly - was), now)
    if after.definition != before.definition:
        definition = after.definition
        row = version_row(after.id, after.definition_version, definition, texts_of(definition), now)
        await tx.many("insert_versions", [row])
    if after.labels != before.labels:
        await tx.run("delete_labels", workspace_id=after.workspace_id, schedule_id=after.id)
        await write_labels(tx, [after])
    try:
        touched = await tx.run(
            "update_schedule",
            workspace_id=after.workspace_id,
            id=after.id,
            version=before.version,
            owner_id=after.owner_id,
            target_id=after.definition.target_id,
            key=after.key,
            name=after.name,
            description=after.description,
            labels=orjson.dumps(after.labels).decode(),
            extra=orjson.dumps(after.extra).decode(),
            state=after.state.value,
            note=after.note,
            paused_until_ms=after.paused_until_ms,
            catch_up_after=_kept_catch_up(after),
            definition_version=after.definition_version,
            created_by=after.created_by,
            updated_ms=now,
            ended_ms=after.ended_ms,
            ended_reason=after.ended_reason,
            deleted_ms=after.deleted_ms,
            hourly=hourly,
        )
    except Duplicate as error:
        raise Conflict("a schedule with this key exists already", "key_taken", "key") from error
    if touched != 1:
        raise Conflict("the schedule was changed meanwhile: read it again", "version", "version")
