"""The use cases of maintenance windows: pauses that recur, of a whole workspace or of one schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Invalid, NotFound
from horarium.domain.ids import Id, prefixed, random_id
from horarium.domain.plan import slot_after
from horarium.domain.restrictions import Restriction
from horarium.domain.schedule import CatchUp, Schedule
from horarium.domain.tenancy import Identity
from horarium.domain.windows import Window, problems_of, times_from
from horarium.service.clock import Clock
from horarium.service.pauses import require_admin
from horarium.service.reads import reads
from horarium.service.repeats import write_once
from horarium.service.schedules import OF_SCHEDULE, compiled
from horarium.service.trail import Trail, recording
from horarium.store.base import Store, Tx
from horarium.store.verbs import windows as verbs
from horarium.store.verbs.idempotency import Request
from horarium.store.verbs.schedules import get_schedule
from horarium.times import Recurrence, Timing


@dataclass(frozen=True, slots=True)
class WindowDraft:
    """A window to be made, as a caller has described it."""

    timing: Timing
    duration_ms: int
    catch_up: CatchUp = CatchUp.NONE
    note: str | None = None


@dataclass(frozen=True, slots=True)
class WindowService:
    """`schedule_id` is None for windows of a whole workspace. These raise Forbidden for a key without keys:admin, and
    NotFound for any workspace but the caller's own, unless the key has workspaces:admin. Those of schedules raise
    NotFound, and Forbidden for a schedule that the key is not restricted to. To take one back needs a grant on the
    schedule's target."""

    store: Store
    clock: Clock

    all = reads(verbs.all_windows)

    async def make(
        self, who: Identity, workspace_id: Id, schedule_id: Id | None, draft: WindowDraft
    ) -> Window:
        """Make a window. It begins for the first time after now. Raises Invalid, and Conflict (limit) where there are
        as many as may be."""
        return (await self.make_once(who, workspace_id, schedule_id, draft, None))[0]

    async def make_once(
        self,
        who: Identity,
        workspace_id: Id,
        schedule_id: Id | None,
        draft: WindowDraft,
        request: Request | None,
    ) -> tuple[Window, bool]:
        """As `make`, once for a request: the window, and whether the same request made it before. Raises also what
        `write_once` raises."""
        await self._allow(who, workspace_id, schedule_id)
        now = self.clock.now_ms()
        recurrence = _judged(draft, now)
        window = Window(
            random_id(now),
            workspace_id,
            schedule_id,
            draft.timing,
            draft.duration_ms,
            draft.catch_up,
            slot_after(recurrence, now),
            now,
            draft.note,
            who.principal_id,
        )
        told = _telling(Trail(workspace_id, now), "made")

        async def find(an_id: Id) -> Window:
            for known in await self.list(who, workspace_id, schedule_id):
                if known.id == an_id:
                    return known
            raise NotFound("maintenance window")

        verb = recording(_made, told)
        return await write_once(self.store, find, request, now, verb, window, who.restriction)

    def preview(self, draft: WindowDraft, count: int) -> Sequence[tuple[int, int]]:
        """(begin, end) of up to so many times of a window that would be made now. Raises Invalid as `make` does."""
        now = self.clock.now_ms()
        recurrence = _judged(draft, now)
        return times_from(recurrence, slot_after(recurrence, now), draft.duration_ms, count)

    async def list(self, who: Identity, workspace_id: Id, schedule_id: Id | None) -> list[Window]:
        """The windows of a workspace, or of a schedule, the oldest first."""
        await self._allow(who, workspace_id, schedule_id)
        return await self.store.read(_listed, workspace_id, schedule_id)

    async def take_back(
        self, who: Identity, workspace_id: Id, schedule_id: Id | None, window_id: Id
    ) -> Window:
        """Take back a window. If it holds now, it ends now. Raises NotFound."""
        await self._allow(who, workspace_id, schedule_id)
        now = self.clock.now_ms()
        verb = recording(_dropped, _telling(Trail(workspace_id, now), "taken_back"))
        return await self.store.write(verb, who, workspace_id, schedule_id, window_id, now)

    async def _allow(self, who: Identity, workspace_id: Id, schedule_id: Id | None) -> None:
        if schedule_id is None:
            await require_admin(self.store, who, workspace_id)


def _judged(draft: WindowDraft, now_ms: int) -> Recurrence:
    """The recurrence of a window that is made now. Raises Invalid."""
    recurrence = compiled(draft.timing)
    if problems := problems_of(recurrence, draft.duration_ms, now_ms):
        raise Invalid(problems)
    return recurrence


async def _made(tx: Tx, window: Window, within: Restriction) -> Window:
    await _refuse_other(tx, window.workspace_id, window.schedule_id, within)
    return await verbs.add_window(tx, window)


async def _listed(tx: Tx, workspace_id: Id, schedule_id: Id | None) -> list[Window]:
    if schedule_id is not None:
        await get_schedule(tx, workspace_id, schedule_id)
    return await verbs.windows_of(tx, workspace_id, schedule_id)


async def _dropped(
    tx: Tx, who: Identity, workspace_id: Id, schedule_id: Id | None, window_id: Id, now: int
) -> Window:
    schedule = await _refuse_other(tx, workspace_id, schedule_id, who.restriction)
    if schedule is not None:  # it may fire again by this, as by a resumption
        who.require_target(schedule.definition.target_id, OF_SCHEDULE, schedule.labels)
    return await verbs.drop_window(tx, workspace_id, schedule_id, window_id, now)


async def _refuse_other(
    tx: Tx, workspace_id: Id, schedule_id: Id | None, within: Restriction
) -> Schedule | None:
    """The schedule, where one is named. Raises Forbidden for one that is not `within`."""
    if schedule_id is None:
        return None
    schedule = await get_schedule(tx, workspace_id, schedule_id)
    within.refuse_other(schedule.definition.target_id, schedule.labels)
    return schedule


def _telling(trail: Trail, what: str) -> Callable[[Window], list[AuditEntry]]:
    """The entry of the audit log about a window."""

    def told(window: Window) -> list[AuditEntry]:
        prefix, subject = (
            ("ws", window.workspace_id) if window.schedule_id is None else ("sch", window.schedule_id)
        )
        kind = "workspace" if window.schedule_id is None else "schedule"
        side = {"after" if what == "made" else "before": _facts(window)}
        return [trail.entry(f"{kind}.window_{what}", prefix, subject, **side)]

    return told


def _facts(window: Window) -> dict[str, object]:
    """What the audit log tells of a window."""
    return {
        "window": prefixed("win", window.id),
        "recurrence": window.timing.spec,
        "timezone": window.timing.zone,
        "duration_ms": window.duration_ms,
        "catch_up": window.catch_up.value,
        "note": window.note,
    }
