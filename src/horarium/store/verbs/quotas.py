"""The quotas of workspaces: what each workspace has is counted in one row, in the transaction that adds or removes it.

Of transactions that add at the same time, the second waits for the first: so the counts are right on both databases,
and nothing is counted by reading schedules. The engine only notes what it deletes, in rows of their own. They are added
up now and then, and before a quota refuses anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from horarium.domain.errors import Invalid, Problem, QuotaReached
from horarium.domain.events import quota_near
from horarium.domain.ids import Id, prefixed
from horarium.domain.quotas import DEFAULT, Quotas, Usage, quotas_from_text
from horarium.domain.schedule import Definition, Schedule, stored_recurrence
from horarium.store.base import Tx, portable
from horarium.times import busiest_hour, smallest_gap

# The share of a quota from which on a workspace is told that it is near.
NEAR = 0.9


class Taken(NamedTuple):
    """What is learned of a workspace where something is added: its quotas, and whether a pause or a maintenance window
    holds back slots of all its schedules, now or later."""

    quotas: Quotas
    held: bool


async def take(tx: Tx, workspace_id: Id, more: Usage) -> Taken:
    """Count what is added to a workspace; less than nothing is taken away.

    Raises QuotaReached where a quota stands against it; nothing has been written then.
    """
    taken = await _take(tx, workspace_id, more)
    if taken is None and await settle_freed(tx, workspace_id):
        taken = await _take(tx, workspace_id, more)
    if taken is None:
        raise _reached(
            workspace_id, await get_usage(tx, workspace_id), await _quotas_of(tx, workspace_id), more
        )
    return taken


async def _take(tx: Tx, workspace_id: Id, more: Usage) -> Taken | None:
    row = await tx.row("take_quota", workspace_id=workspace_id, **more._asdict())
    return None if row is None else Taken(quotas_from_text(row[0]), bool(row[1]))


async def _quotas_of(tx: Tx, workspace_id: Id) -> Quotas:
    row = await tx.row("get_quotas", workspace_id=workspace_id)
    return DEFAULT if row is None else quotas_from_text(row[0])


def _reached(workspace_id: Id, has: Usage, quotas: Quotas, more: Usage) -> QuotaReached:
    """The error for the first quota that stands against it."""
    for name, most, sum_of in (
        ("schedules", quotas.schedules, has.schedules + more.schedules),
        ("targets", quotas.targets, has.targets + more.targets),
        ("fires_per_hour", quotas.fires_per_hour, has.hourly + more.hourly),
    ):
        if sum_of > most:
            return QuotaReached(name, most, prefixed("ws", workspace_id))
    return QuotaReached("schedules", quotas.schedules, prefixed("ws", workspace_id))


async def take_for_schedules(tx: Tx, schedules: Sequence[Schedule]) -> tuple[list[int], set[Id]]:
    """Count new schedules in their workspaces; of each, how many slots its busiest hour has, and which of the
    workspaces are held as `Taken` says.

    Raises QuotaReached, and Invalid where a definition is beyond a quota.
    """
    busiest = [busiest_hour(stored_recurrence(schedule.definition.timing)) for schedule in schedules]
    added: dict[Id, list[int]] = {}
    for schedule, hourly in zip(schedules, busiest, strict=True):
        added.setdefault(schedule.workspace_id, []).append(hourly)
    taken = {
        workspace: await _take_for_new(tx, workspace, len(hours), sum(hours))
        for workspace, hours in sorted(added.items())  # in one order, so that no two wait for each other
    }
    for schedule in schedules:
        quotas = taken[schedule.workspace_id].quotas
        refuse_definition(schedule.workspace_id, schedule.definition, quotas, schedule.created_ms)
    return busiest, {workspace for workspace, found in taken.items() if found.held}


async def tell_if_near(tx: Tx, workspace_id: Id, added: Usage, now: int) -> None:
    """Note an event for each quota of which a workspace has come to have NEAR or more by what was added just now."""
    has, quotas = await get_usage(tx, workspace_id), await _quotas_of(tx, workspace_id)
    for name, most, used, more in (
        ("schedules", quotas.schedules, has.schedules, added.schedules),
        ("targets", quotas.targets, has.targets, added.targets),
        ("fires_per_hour", quotas.fires_per_hour, has.hourly, added.hourly),
    ):
        if used - more < NEAR * most <= used:
            tx.tell(quota_near(workspace_id, name, used, most, now))


async def _take_for_new(tx: Tx, workspace_id: Id, count: int, hourly: int) -> Taken:
    row = await tx.row("take_for_new_schedules", workspace_id=workspace_id, schedules=count, hourly=hourly)
    if row is not None:
        return Taken(DEFAULT, bool(row[0]))  # the default in what a definition is bounded by
    return await take(tx, workspace_id, Usage(schedules=count, hourly=hourly))


async def take_for_change(tx: Tx, before: Schedule, after: Schedule, now: int) -> int:
    """Count what a change of a schedule adds or takes away; how many slots its busiest hour has then.

    Raises QuotaReached, and Invalid where a changed definition is beyond a quota.
    """
    hourly = busiest_hour(stored_recurrence(after.definition.timing))
    if after.deleted_ms is not None:
        was = busiest_hour(stored_recurrence(before.definition.timing))
        await take(tx, before.workspace_id, Usage(schedules=-1, hourly=-was))
    elif after.definition != before.definition:
        was = busiest_hour(stored_recurrence(before.definition.timing))
        taken = await take(tx, before.workspace_id, Usage(hourly=hourly - was))
        refuse_definition(before.workspace_id, after.definition, taken.quotas, now)
    return hourly


def refuse_definition(workspace_id: Id, definition: Definition, quotas: Quotas, now: int) -> None:
    """Raises Invalid for a definition whose period is too short or whose input is too large. `now` in ms."""
    smallest, most = quotas.smallest_period, quotas.input_bytes
    if smallest > 1:  # no two slots are nearer than a second
        gap = smallest_gap(stored_recurrence(definition.timing), now // 1000)
        if gap is not None and gap < smallest:
            reached = QuotaReached("smallest_period", smallest, prefixed("ws", workspace_id))
            raise Invalid(Problem("recurrence", f"has slots that are {gap} s apart: {reached}", "quota"))
    if definition.input is not None and len(orjson.dumps(definition.input)) > most:
        reached = QuotaReached("input_bytes", most, prefixed("ws", workspace_id))
        raise Invalid(Problem("input", f"is too large: {reached}", "quota"))


async def free(tx: Tx, schedules: Sequence[Id]) -> None:
    """Note that completed schedules are about to be deleted by the engine."""
    await tx.run("free_schedules", ids=list(schedules))


async def settle_freed(tx: Tx, workspace_id: Id) -> bool:
    """Add up what the engine has deleted in a workspace; whether there was anything."""
    freed = await tx.rows("take_freed", workspace_id=workspace_id)
    if not freed:
        return False
    schedules, hourly = sum(row[0] for row in freed), sum(row[1] for row in freed)
    await _take(tx, workspace_id, Usage(schedules=-schedules, hourly=-hourly))
    return True


@portable
async def settle_all_freed(tx: Tx, limit: int) -> int:
    """The same for up to `limit` workspaces; how many."""
    found = sorted(row[0] for row in await tx.rows("workspaces_with_freed", limit=limit))
    for workspace_id in found:
        await settle_freed(tx, workspace_id)
    return len(found)


async def get_usage(tx: Tx, workspace_id: Id) -> Usage:
    """What a workspace has, without what the engine has deleted just now."""
    row = await tx.row("get_usage", workspace_id=workspace_id)
    if row is None:
        return Usage()
    freed: Iterable[tuple[int, int]] = await tx.rows("get_freed", workspace_id=workspace_id)
    has = Usage._make(row)
    for schedules, hourly in freed:
        has = has._replace(schedules=has.schedules - schedules, hourly=has.hourly - hourly)
    return has


async def set_limits(tx: Tx, workspace_id: Id, quotas: Quotas) -> None:
    """Make quotas count from now on."""
    await tx.run(
        "set_usage_limits",
        workspace_id=workspace_id,
        most_schedules=quotas.schedules,
        most_targets=quotas.targets,
        most_hourly=quotas.fires_per_hour,
        strict=int(
            (quotas.smallest_period, quotas.input_bytes) != (DEFAULT.smallest_period, DEFAULT.input_bytes)
        ),
    )
