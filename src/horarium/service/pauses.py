"""The use cases of pauses: stop the clock of a whole workspace and let it go on, and end what has come to its end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import structlog

from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Conflict, HorariumError, Invalid, NotFound, Problem, Unavailable
from horarium.domain.ids import Id, prefixed, random_id
from horarium.domain.pauses import Pause, said
from horarium.domain.schedule import CatchUp, Schedule, ScheduleState
from horarium.domain.tenancy import SERVER_SCOPE, Identity
from horarium.service.clock import Clock
from horarium.service.facts import schedule_facts
from horarium.service.pages import Page, cut
from horarium.service.reads import reads
from horarium.service.schedules import refuse_past_end, resuming
from horarium.service.trail import SERVER, Trail, difference, recording, watched
from horarium.store.base import Store, Tx
from horarium.store.verbs import pauses as verbs
from horarium.store.verbs.changes import change_schedule
from horarium.store.verbs.tenancy import get_workspace, hold_workspace
from horarium.store.verbs.windows import begin_windows, windows_wait
from horarium.times.instants import utc_text

_log = structlog.get_logger(__name__)

# The scope that allows pausing a workspace.
ADMIN = "keys:admin"
# Schedules whose pause has come to its end that are looked for at once, and pauses that are settled at once.
RESUMED_AT_ONCE, SETTLED_AT_ONCE = 50, 100
# A beginning that lies so little in the past (ms) means now: clocks differ, and requests take a while.
CLOCKS_DIFFER_MS = 60_000
# A schedule that cannot be resumed is tried again after this time (ms).
AGAIN_MS = 60_000


@dataclass(frozen=True, slots=True)
class PauseService:
    """What takes a workspace raises NotFound for any but the caller's own, unless the key has workspaces:admin, and
    Forbidden for a key without keys:admin."""

    store: Store
    clock: Clock

    in_force = reads(verbs.pauses_in_force)
    all = reads(verbs.all_pauses)

    async def pause(
        self,
        who: Identity,
        workspace_id: Id,
        note: str | None = None,
        until_ms: int | None = None,
        catch_up: CatchUp | None = None,
        from_ms: int | None = None,
        clears: Collection[str] = (),
    ) -> Pause:
        """Stop the clock of all schedules of a workspace, those that are made meanwhile among them, from now on or from
        `from_ms` on: then it is planned, and needs an end.

        It goes on by itself at `until_ms`, if that is given. `catch_up` says what becomes then of the slots of the
        pause; none of them fires where it is not given. What runs already goes on, and what is fired by hand fires.
        A workspace that is paused gets another note, end or catch-up, as far as they are given, and loses those that
        `clears` names (`note`, `until`, `catch_up`); one that a maintenance window holds gets a pause besides. Raises
        Invalid for an end that is not in the future and for a beginning in the past, and Conflict where the workspace
        has as many pauses as may be.
        """
        await self._require(who, workspace_id)
        now = self.clock.now_ms()
        refuse_past_end(until_ms, now)
        if from_ms is not None and from_ms < now - CLOCKS_DIFFER_MS:
            raise Invalid(Problem("from", "lies in the past: a pause begins now, without from, or later"))
        begins = now if from_ms is None else max(from_ms, now)
        planned = begins > now
        if planned and (until_ms is None or until_ms <= begins):
            raise Invalid(Problem("until", "must be given for a planned pause, and be later than from"))
        trail = Trail(workspace_id, now)
        own, chosen = (random_id(now), workspace_id, None), catch_up or CatchUp.NONE
        new = Pause(*own, begins, until_ms, chosen, note, who.principal_id)
        action = "workspace.pause_planned" if planned else "workspace.paused"

        def told(pause: Pause) -> list[AuditEntry]:
            return [trail.entry(action, "ws", workspace_id, after=_facts(pause))]

        if planned:
            return await self.store.write(recording(verbs.add_pause, told), new)
        verb = recording(_pause, told)
        return await self.store.write(verb, new, note, until_ms, catch_up, clears, now)

    async def take_back(self, who: Identity, workspace_id: Id, pause_id: Id) -> None:
        """Take back a pause that is planned and has not begun. Raises NotFound."""
        await self._require(who, workspace_id)
        now = self.clock.now_ms()
        trail = Trail(workspace_id, now)

        def told(pause: Pause) -> list[AuditEntry]:
            return [trail.entry("workspace.pause_taken_back", "ws", workspace_id, before=_facts(pause))]

        await self.store.write(recording(verbs.drop_planned, told), workspace_id, pause_id, now)

    async def resume(self, who: Identity, workspace_id: Id, catch_up: CatchUp | None = None) -> Pause:
        """Let the clock of a paused workspace go on from now. `catch_up` says what becomes of the slots of the pause;
        None: what was said when it was paused. Raises Conflict (state) where it is not paused."""
        await self._require(who, workspace_id)
        now = self.clock.now_ms()
        trail = Trail(workspace_id, now)

        def told(ended: Pause) -> list[AuditEntry]:
            return [trail.entry("workspace.resumed", "ws", workspace_id, after=_facts(ended))]

        return await self.store.write(recording(_resume, told), workspace_id, catch_up, now)

    async def page(
        self, who: Identity, workspace_id: Id, limit: int, after: tuple[int, Id] | None
    ) -> Page[Pause]:
        """One page of the pauses of a workspace, those that began last first."""
        await self._require(who, workspace_id)
        found = await self.store.read(verbs.list_pauses, workspace_id, limit + 1, after)
        return cut(found, limit, lambda pause: pause.from_ms.to_bytes(8, "big") + pause.id)

    async def resume_due(self) -> bool:
        """Resume schedules whose pauses have come to their end. Whether there may be more of them."""
        now = self.clock.now_ms()
        if await self.store.read(
            windows_wait, now
        ):  # those that begin while nothing is due are seen to hold as well
            await self.store.urgent(begin_windows, now)
        due = await self.store.read(verbs.schedules_to_resume, now, RESUMED_AT_ONCE)
        for workspace_id, schedule_id in due:
            try:
                await self._resume_schedule(workspace_id, schedule_id, now)
            except NotFound:
                await self.store.urgent(verbs.put_off_resumption, workspace_id, schedule_id, now, None)
            except Unavailable:
                raise
            except HorariumError as error:
                _log.warning("not_resumed", schedule=prefixed("sch", schedule_id), error=str(error))
                again_ms = now + AGAIN_MS
                await self.store.urgent(verbs.put_off_resumption, workspace_id, schedule_id, now, again_ms)
        return len(due) == RESUMED_AT_ONCE

    async def settle(self) -> bool:
        """Let releases forget pauses that are over. Whether there may be more of them."""
        found = await self.store.read(verbs.pauses_to_settle, self.clock.now_ms(), SETTLED_AT_ONCE)
        if found:
            await self.store.urgent(verbs.settle_pauses, found)
        return len(found) == SETTLED_AT_ONCE

    async def _resume_schedule(self, workspace_id: Id, schedule_id: Id, now: int) -> None:
        """Resume a schedule whose pause has come to its end, unless somebody else has just changed that."""

        def at_its_end(before: Schedule) -> Schedule:
            until = before.paused_until_ms
            if before.state is not ScheduleState.PAUSED or until is None or until > now:
                return before
            return resuming()(before)

        trail, seen = Trail(workspace_id, now, SERVER), list[Schedule]()

        def told(after: Schedule) -> list[AuditEntry]:
            if not seen or seen[0].state is after.state:
                return []
            said = difference(schedule_facts(seen[0]), schedule_facts(after))
            return [trail.entry("schedule.resumed", "sch", schedule_id, **said)]

        verb = recording(change_schedule, told)
        await self.store.urgent(verb, workspace_id, schedule_id, watched(at_its_end, seen), now)

    async def _require(self, who: Identity, workspace_id: Id) -> None:
        await require_admin(self.store, who, workspace_id)


async def require_admin(store: Store, who: Identity, workspace_id: Id) -> None:
    """Raises Forbidden for a key without keys:admin, and NotFound for a workspace that is not the caller's own, unless
    the key has workspaces:admin."""
    who.require(ADMIN)
    if workspace_id != who.workspace_id:
        if not who.may(SERVER_SCOPE):
            raise NotFound("workspace")
        if await store.read(get_workspace, workspace_id) is None:
            raise NotFound("workspace")


def _facts(pause: Pause) -> dict[str, object]:
    """What the audit log tells of a pause."""
    return {
        "pause": prefixed("pau", pause.id),
        "from": utc_text(pause.from_ms // 1000),
        "until": None if pause.ends_ms is None else utc_text(pause.ends_ms // 1000),
        "catch_up": pause.catch_up.value,
        "note": pause.note,
    }


async def _pause(
    tx: Tx,
    new: Pause,
    note: str | None,
    until_ms: int | None,
    catch_up: CatchUp | None,
    clears: Collection[str],
    now: int,
) -> Pause:
    await hold_workspace(tx, new.workspace_id)
    held = [each for each in await verbs.pauses_in_force(tx, new.workspace_id, now) if each.window_id is None]
    if not held:
        return await verbs.add_pause(tx, new)
    known = held[0]
    changed = replace(
        known,
        note=said("note", note, known.note, clears),
        ends_ms=said("until", until_ms, known.ends_ms, clears),
        catch_up=said("catch_up", catch_up, known.catch_up, clears) or CatchUp.NONE,
    )
    await verbs.change_pause(tx, changed)
    return changed


async def _resume(tx: Tx, workspace_id: Id, catch_up: CatchUp | None, now: int) -> Pause:
    await hold_workspace(tx, workspace_id)
    await begin_windows(tx, now)
    held = await verbs.pauses_in_force(tx, workspace_id, now)
    if not held:
        raise Conflict("the workspace is not paused", "state")
    ended = [
        replace(pause, ends_ms=now, catch_up=pause.catch_up if catch_up is None else catch_up)
        for pause in held
    ]
    for pause in ended:
        await verbs.change_pause(tx, pause)
    return ended[0]
