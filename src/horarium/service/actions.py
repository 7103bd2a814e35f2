"""Actions on all schedules or runs that match a filter: tried out, taken, and carried out in batches.

A batch is one transaction: what it has done and how far the action has come are stored together. Whoever takes an
action does its first batches at once; the engine does the others, a batch of each action in turn. Whether somebody may
do it is decided for each thing as for a single change, by the grants that the principal has at that moment.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from horarium.domain.actions import MOST_PROBLEMS, Action, ActionKind, ActionState, Taker
from horarium.domain.audit import Actor
from horarium.domain.errors import Forbidden, HorariumError, Invalid, Problem, Unavailable
from horarium.domain.fire import FireKind
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id, prefixed, random_id
from horarium.domain.listings import RunListing, ScheduleListing
from horarium.domain.run import Run
from horarium.domain.schedule import MOST_LABELS, CatchUp, Schedule
from horarium.domain.tenancy import Identity, Principal, PrincipalType, Workspace
from horarium.service.clock import Clock
from horarium.service.rates import COUNTED_PAGE, Rates
from horarium.service.reads import reads
from horarium.service.repeats import write_once
from horarium.service.schedules import (
    OF_SCHEDULE,
    deleting,
    granted,
    pausing,
    resuming,
    retargeting,
)
from horarium.service.trail import Trail, acting, noting
from horarium.store.base import Duplicate, Store, Tx
from horarium.store.verbs import actions as verbs
from horarium.store.verbs import runs as run_verbs
from horarium.store.verbs.changes import ScheduleChange, change_schedule
from horarium.store.verbs.entries import hold_schedules
from horarium.store.verbs.idempotency import Request
from horarium.store.verbs.manual import fire_by_hand
from horarium.store.verbs.run_pages import find_runs
from horarium.store.verbs.schedule_pages import matching_ids
from horarium.store.verbs.schedules import get_schedule, schedules_named
from horarium.store.verbs.targets import get_target
from horarium.store.verbs.tenancy import grants_of

T = TypeVar("T")

# Things of one batch, and batches that are done before the answer to the request.
BATCH, AT_ONCE = 20, 5
# Rows that are looked at for a batch, if few of them match.
LOOK = 2_000
# A trial counts so many things at most, for so many seconds at most, and shows so many.
MOST_COUNTED, COUNT_S, SAMPLE = 10_000, 1.0, 10
# Schedules or runs that are counted in one query.
_COUNTED_TOGETHER = 500


@dataclass(frozen=True, slots=True)
class Trial:
    """What an action would be done to. `exact` is False where there are more than were counted."""

    matched: int
    exact: bool
    schedules: Sequence[Schedule] = ()
    runs: Sequence[Run] = ()


class _Refused(Exception):
    """A rule refused the change of one schedule, before anything of it was written."""

    def __init__(self, error: HorariumError) -> None:
        self.error = error
        super().__init__(str(error))


@dataclass(frozen=True, slots=True)
class ActionService:
    """Everything that takes a workspace raises NotFound for what does not exist in it."""

    store: Store
    clock: Clock
    rates: Rates

    get = reads(verbs.get_action)
    list = reads(verbs.list_actions)

    async def seen(self, who: Identity, action_id: Id) -> Action:
        """An action. Raises NotFound, and Forbidden for a key that may not read what the action is done to."""
        return await self._with_scope(who, action_id, "read")

    async def list_seen(self, who: Identity, limit: int, cursor: Id) -> Sequence[Action]:
        """As `list`, only what is done to things that the key may read. Raises Forbidden where it may read none."""
        return await self.list(who.workspace_id, limit, cursor, *_may(who, "read"))

    async def _with_scope(self, who: Identity, action_id: Id, verb: str) -> Action:
        _may(who, verb)
        found = await self.get(who.workspace_id, action_id)
        who.require(f"{found.kind.things}:{verb}")
        return found

    async def try_out(
        self, who: Identity, kind: ActionKind, wanted: Mapping[str, Any], count_s: float = COUNT_S
    ) -> Trial:
        """What an action would be done to now, counted for so many seconds at most. Nothing is changed. The key
        pays for each step as for a page of a list. Raises Forbidden for a key that may not read what it shows."""
        who.require(f"{kind.things}:read")
        workspace_id = who.workspace_id
        action = self._new(workspace_id, kind, wanted, {}, Taker(LOWEST_ID, LOWEST_ID))
        found, position, until = list[Id](), b"", time.monotonic() + count_s
        while True:
            ids, reached = await self.store.read(_next, replace(action, position=position), _COUNTED_TOGETHER)
            self.rates.spend(who, COUNTED_PAGE)
            found += ids
            exact = reached is None and len(found) <= MOST_COUNTED
            if reached is None or len(found) > MOST_COUNTED or time.monotonic() > until:
                break
            position = reached
        matched = min(len(found), MOST_COUNTED)
        if kind.of_runs:
            runs = [
                (await self.store.read(run_verbs.get_run, workspace_id, run))[0] for run in found[:SAMPLE]
            ]
            return Trial(matched, exact, runs=runs)
        schedules = await self.store.read(schedules_named, workspace_id, found[:SAMPLE])
        return Trial(matched, exact, schedules=schedules)

    async def take(
        self, who: Identity, kind: ActionKind, wanted: Mapping[str, Any], given: Mapping[str, Any]
    ) -> Action:
        """Take an action and do its first batches. It is as it stands then: done, or carried on by the engine.

        Raises Conflict where as many are under way in the workspace as may be.
        """
        return (await self.take_once(who, kind, wanted, given, None))[0]

    async def take_once(
        self,
        who: Identity,
        kind: ActionKind,
        wanted: Mapping[str, Any],
        given: Mapping[str, Any],
        request: Request | None,
    ) -> tuple[Action, bool]:
        """As `take`, once for a request: the action as it stands, and whether the same request took it before. Raises
        also what `write_once` raises."""
        by = acting()
        taker = Taker(who.principal_id, who.key_id, by.address, by.request, who.restriction)
        action = self._new(who.workspace_id, kind, wanted, given, taker)
        trail = Trail(who.workspace_id, action.created_ms)
        name = f"{kind.things}.action_taken"
        said = {
            "id": prefixed("act", action.id),
            "action": kind.value,
            "filter": _told(wanted),
            **_told(given),
        }
        entry = trail.entry(name, "ws", who.workspace_id, after=said)

        async def find(an_id: Id) -> Action:
            return await self.get(who.workspace_id, an_id)

        verb = noting(verbs.take_action, entry)
        taken, again = await write_once(self.store, find, request, action.created_ms, verb, action)
        if again:
            return taken, True
        for _ in range(AT_ONCE):
            if not await self.step(action.id):
                break
        return await find(action.id), False

    async def cancel(self, who: Identity, action_id: Id) -> Action:
        """End an action where it stands; what it has done stays done. One that has ended stays as it is.

        Raises Forbidden for a key that may not change what the action is done to, and for one that is restricted to
        less than the key that took it.
        """
        found = await self._with_scope(who, action_id, "write")
        if not replace(who.restriction, networks=()).covers(found.by.restriction):
            raise Forbidden("this key is restricted, and the action was taken by a key that reaches further")
        workspace_id = who.workspace_id
        now = self.clock.now_ms()
        said = {"id": prefixed("act", action_id)}
        entry = Trail(workspace_id, now).entry("action.cancelled", "ws", workspace_id, after=said)
        await self.store.write(noting(_cancel, entry), action_id, now)
        return await self.get(workspace_id, action_id)

    async def step(self, action_id: Id | None = None) -> bool:
        """Do the next batch of an action, or of the one that has waited longest. Whether there may be more to do."""
        for size in (BATCH, 1):
            try:
                return await self.store.write(_do_batch, action_id, self.clock.now_ms(), size)
            except Unavailable:
                raise
            except (HorariumError, Duplicate) as error:
                # It was refused after something was written, so the batch is undone and its things are done one by one.
                refusal = str(error)
        return await self.store.write(_pass_over_one, action_id, self.clock.now_ms(), refusal)

    def _new(
        self,
        workspace_id: Id,
        kind: ActionKind,
        wanted: Mapping[str, Any],
        given: Mapping[str, Any],
        by: Taker,
    ) -> Action:
        now = self.clock.now_ms()
        kept = {name: value for name, value in wanted.items() if value is not None}
        return Action(random_id(now), workspace_id, kind, kept, given, by, now, now)


def _may(who: Identity, verb: str) -> tuple[bool, bool]:
    """Whether a key may read or change runs, and schedules. Raises Forbidden where it may neither."""
    of_runs, of_schedules = who.may(f"runs:{verb}"), who.may(f"schedules:{verb}")
    if not of_runs:
        who.require(f"schedules:{verb}")
    return of_runs, of_schedules


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as an entry of the audit log has them."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}


async def _next(tx: Tx, action: Action, limit: int, holds: bool = False) -> tuple[list[Id], bytes | None]:
    """The next things of an action, and the position after them (None: these are the last). With `holds` their
    schedules are held, all at once: one by one, each would be waited for with what those before it have locked."""
    if action.kind.of_runs:
        listing = RunListing(
            action.workspace_id,
            limit,
            action.position or HIGHEST_ID,
            made_before_ms=action.created_ms,
            **action.filter,
        )
        page = await find_runs(tx, listing, LOOK)
        if holds:
            await hold_schedules(tx, [run.schedule_id for run in page])
        return [run.id for run in page], page.reached
    asked = ScheduleListing(
        action.workspace_id, limit, made_upto_ms=action.created_ms, window=LOOK, **action.filter
    )
    walk = await matching_ids(tx, asked, action.position or LOWEST_ID)
    found = [schedule for _, schedule in walk.found]
    if holds:
        await hold_schedules(tx, found)
    return found, walk.reached


async def _do_batch(tx: Tx, action_id: Id | None, now: int, size: int) -> bool:
    """One batch of an action, with its entry in the audit log; False where there is no more of it."""
    action = await verbs.hold_action(tx, action_id)
    if action is None:
        return False
    refusal = (await verbs.standing_of_taker(tx, action)).refusal(now)
    if refusal is not None:
        await verbs.move_action(tx, _ended(action, ActionState.FAILED, now, refusal))
        return True
    allowed = frozenset(await grants_of(tx, action.by.principal_id))
    ids, reached = await _next(tx, action, size, holds=True)
    do = await _doing(tx, action, allowed, now)
    done, unchanged, problems = list[Id](), 0, list[tuple[Id, str]]()
    for an_id in ids:
        try:
            if await do(tx, an_id):
                done.append(an_id)
            else:
                unchanged += 1
        except _Refused as refused:
            problems.append((an_id, str(refused.error)))
    if done:
        prefix = "run" if action.kind.of_runs else "sch"
        said = {"action": prefixed("act", action.id), "count": len(done)}
        said["runs" if prefix == "run" else "schedules"] = [prefixed(prefix, each) for each in done]
        by = Actor(action.by.principal_id, action.by.key_id, action.by.address, action.by.request)
        trail = Trail(action.workspace_id, now, by)
        tx.record(trail.entry(action.kind.done, "ws", action.workspace_id, after=said))
    await verbs.move_action(tx, _moved(action, len(done), unchanged, problems, reached, now))
    return reached is not None


def _moved(
    action: Action,
    changed: int,
    unchanged: int,
    problems: Sequence[tuple[Id, str]],
    reached: bytes | None,
    now: int,
) -> Action:
    prefix = "run" if action.kind.of_runs else "sch"
    told = [{"id": prefixed(prefix, an_id), "error": words} for an_id, words in problems]
    moved = replace(
        action,
        updated_ms=max(now, action.updated_ms + 1),
        position=action.position if reached is None else reached,
        changed=action.changed + changed,
        unchanged=action.unchanged + unchanged,
        refused=action.refused + len(problems),
        problems=[*action.problems, *told][:MOST_PROBLEMS],
    )
    return moved if reached is not None else _ended(moved, ActionState.DONE, now)


def _ended(action: Action, state: ActionState, now: int, error: str | None = None) -> Action:
    return replace(action, state=state, finished_ms=now, error=error)


async def _cancel(tx: Tx, action_id: Id, now: int) -> None:
    action = await verbs.hold_action(tx, action_id)
    if action is not None:
        await verbs.move_action(tx, _ended(action, ActionState.CANCELLED, now))


async def _pass_over_one(tx: Tx, action_id: Id | None, now: int, words: str) -> bool:
    """Go on behind the next thing of an action, which could not be done."""
    action = await verbs.hold_action(tx, action_id)
    if action is None:
        return False
    ids, reached = await _next(tx, action, 1)
    await verbs.move_action(tx, _moved(action, 0, 0, [(an_id, words) for an_id in ids], reached, now))
    return reached is not None


# Does an action to one thing; whether that changed it. Raises _Refused.
_Do = Callable[[Tx, Id], Awaitable[bool]]


async def _doing(tx: Tx, action: Action, allowed: frozenset[Id], now: int) -> _Do:
    """What an action does to each of its things."""
    who = Identity(
        Workspace(action.workspace_id, "", "", 0, 0),
        Principal(
            action.by.principal_id, action.workspace_id, PrincipalType.SERVICE, "who took this action", 0
        ),
        action.by.key_id,
        frozenset(),
        allowed,
        restriction=action.by.restriction,
    )

    async def fire(tx: Tx, schedule_id: Id) -> bool:
        schedule = await get_schedule(tx, action.workspace_id, schedule_id)
        _ruled(lambda: who.require_target(schedule.definition.target_id, OF_SCHEDULE, schedule.labels))
        request = f"action {action.id.hex()}"
        await fire_by_hand(tx, schedule, FireKind.MANUAL, action.created_ms, request, now)
        return True

    async def cancel(tx: Tx, run_id: Id) -> bool:
        run, _ = await run_verbs.get_run(tx, action.workspace_id, run_id)
        if run.state.final:
            return False
        _ruled(lambda: who.restriction.refuse_other(run.target_id, {}))
        await run_verbs.cancel_run(tx, action.workspace_id, run_id, now)
        return True

    async def retry(tx: Tx, run_id: Id) -> bool:
        run, _ = await run_verbs.get_run(tx, action.workspace_id, run_id)
        if not run.state.final:
            return False
        _ruled(lambda: who.require_target(run.target_id, "of this run"))
        await run_verbs.replay_run(tx, action.workspace_id, run_id, now)
        return True

    match action.kind:
        case ActionKind.FIRE:
            return fire
        case ActionKind.CANCEL:
            return cancel
        case ActionKind.RETRY:
            return retry
    change = await _change_of(tx, action, who, now)

    async def edit(tx: Tx, schedule_id: Id) -> bool:
        before = list[Schedule]()

        def checked(schedule: Schedule) -> Schedule:
            before[:] = [schedule]
            return _ruled(lambda: change(schedule))

        after = await change_schedule(
            tx, action.workspace_id, schedule_id, checked, now, by=action.by.principal_id
        )
        return after != before[0]

    return edit


async def _change_of(tx: Tx, action: Action, who: Identity, now: int) -> ScheduleChange:
    given, within = action.given, action.by.restriction
    said = given.get("catch_up")
    catch_up = None if said is None else CatchUp(said)
    match action.kind:
        case ActionKind.PAUSE:
            clears = given.get("clears", "").split()
            return pausing(who, given.get("note"), given.get("until_ms"), catch_up, clears)
        case ActionKind.RESUME:
            return granted(who, resuming(catch_up))
        case ActionKind.RELABEL:
            labels: Mapping[str, str | None] = given["labels"]
            return granted(who, lambda before: _relabelled(before, labels))
        case ActionKind.RETARGET:
            return granted(who, retargeting(await get_target(tx, action.workspace_id, given["target_id"])))
    return deleting(now, within)


def _relabelled(before: Schedule, labels: Mapping[str, str | None]) -> Schedule:
    """A schedule with some labels set, and without those that are None. Raises Invalid for more than it may have."""
    merged = {**before.labels, **labels}
    after = {name: value for name, value in merged.items() if value is not None}
    if len(after) > max(MOST_LABELS, len(before.labels)):
        words = f"it would have {len(after)} labels; at most {MOST_LABELS} are allowed"
        raise Invalid(Problem("labels", words))
    return replace(before, labels=after)


def _ruled(decide: Callable[[], T]) -> T:
    """What a rule gives. Raises _Refused where it raises an error."""
    try:
        return decide()
    except HorariumError as error:
        raise _Refused(error) from error
