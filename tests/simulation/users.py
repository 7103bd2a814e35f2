"""What people do with their schedules while all this happens, and what they were told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from horarium.domain.actions import ActionKind
from horarium.domain.errors import Conflict, HorariumError, Invalid, NotFound, Unavailable
from horarium.domain.ids import Id, derived_id
from horarium.domain.plan import slot_after
from horarium.domain.schedule import Definition, Schedule, ScheduleState
from horarium.domain.windows import Window
from horarium.service.explain import upcoming
from horarium.service.schedules import ScheduleDraft
from horarium.store.base import Duplicate
from horarium.store.verbs import windows
from horarium.times import Timing, compile_timing

if TYPE_CHECKING:
    from tests.simulation.node import Node
    from tests.simulation.script import Event
    from tests.simulation.world import World

TRIES = 6


@dataclass(frozen=True, slots=True)
class Told:
    """What a user asked for and was told: `done`, `refused` (by a rule), or `unknown` (no answer came)."""

    at: float
    act: str
    schedule_id: Id
    result: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A preview as it was shown: slots (ms), and the version of the schedule's definition it was made from. What was to
    hold slots back: pauses (from, end), and windows (timing, duration in ms, next beginning)."""

    schedule_id: Id
    version: int
    from_ms: int
    slots: tuple[int, ...]
    pauses: tuple[tuple[int, int | None], ...] = ()
    windows: tuple[tuple[dict[str, Any], int, int | None], ...] = ()


class Users:
    def __init__(self, world: World) -> None:
        self._world = world
        self.told: list[Told] = []
        self.shown: list[Shown] = []
        # By id, the timing of maintenance windows, how long they hold (ms), and when they were made.
        self.windows: dict[Id, tuple[dict[str, Any], int, int]] = {}

    async def act(self, event: Event) -> None:
        """Do what an event says, again where no answer came and the event says that one tries again."""
        index = event.args["schedule"]
        schedule_id, workspace = self._world.schedule_ids[index], self._world.workspace_of(index)
        if workspace is None:
            return
        doing = getattr(self, f"_{event.kind}")

        async def once(node: Node) -> Any:
            return await doing(node, workspace, schedule_id, event.args)

        again = event.kind in ("create", "fire_now") or event.args.get("again", False)
        result, value = await self._try(once, TRIES if again else 1)
        self.told.append(Told(self._world.loop.time(), event.kind, schedule_id, result, value))

    async def _try(self, once: Callable[[Node], Awaitable[Any]], tries: int) -> tuple[str, Any]:
        for _ in range(tries):
            try:
                return "done", await self._world.request(once)
            except (TimeoutError, Unavailable):
                await asyncio.sleep(1.0)
            except (NotFound, Conflict, Invalid) as error:
                return "refused", str(error)
        return "unknown", None

    async def _create(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        world = self._world
        audience = args["audience"] and {"type": args["audience"], "filter": {"rows": args["rows"]}}
        draft = ScheduleDraft(
            world.workspaces[workspace],
            world.principals[workspace],
            f"schedule {args['schedule']}",
            Timing(**args["timing"]),
            world.targets[args["target"]],
            policies=args["policies"],
            audience=audience,
            paused=args["paused"],
            id=schedule_id,
        )
        await node.schedules.create(draft)

    async def _pause(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        await node.schedules.pause(
            self._world.who(workspace),
            schedule_id,
            until_ms=_until(node, args),
            catch_up=args.get("catch_up"),
        )

    async def _resume(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        who = self._world.who(workspace)
        await node.schedules.resume(who, schedule_id, catch_up=args.get("catch_up"))

    async def _pause_all(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        """The whole workspace, for good or until an instant."""
        mine, note = self._world.workspaces[workspace], "repairs"
        until_ms = _until(node, args)
        await node.pauses.pause(self._world.who(workspace), mine, note, until_ms, args["catch_up"])
        self._world.count("workspace paused")

    async def _resume_all(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        mine = self._world.workspaces[workspace]
        await node.pauses.resume(self._world.who(workspace), mine, args["catch_up"])
        self._world.count("workspace resumed")

    async def _window(
        self, node: Node, workspace: int, schedule_id: Id, args: Any, of: Id | None = None
    ) -> None:
        now = node.clock.now_ms()
        timing, length = Timing(**args["timing"]), args["seconds"] * 1000
        begin = slot_after(compile_timing(timing), now)
        own = self._world.workspaces[workspace], of
        # Asked again without an answer, it is the same window.
        an_id = derived_id(0, str(args["number"]).encode(), schedule_id)
        before = self.windows.get(an_id)
        self.windows[an_id] = args["timing"], length, now
        window = Window(an_id, *own, timing, length, args["catch_up"], begin, now, "backup")
        try:
            await node.line.write(windows.add_window, window)
        except Duplicate:  # the time before it was made, and no answer came
            if before is not None:
                self.windows[an_id] = before
            return
        self._world.count("maintenance windows")

    async def _own_window(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        await self._window(node, workspace, schedule_id, args, schedule_id)

    async def _drop_window(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        mine, now = self._world.workspaces[workspace], node.clock.now_ms()
        for window in await node.line.read(windows.all_windows, mine, b"", 10):
            await node.line.write(windows.drop_window, mine, window.schedule_id, window.id, now)

    async def _archive(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        await node.schedules.change(
            self._world.who(workspace),
            schedule_id,
            lambda before: replace(before, state=ScheduleState.ARCHIVED),
        )

    async def _delete(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        await node.schedules.delete(self._world.workspaces[workspace], schedule_id)

    async def _rename(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        await node.schedules.change(
            self._world.who(workspace), schedule_id, lambda one: replace(one, name="another name")
        )

    async def _edit_timing(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        await self._redefine(node, workspace, schedule_id, {"timing": Timing(**args["timing"])})

    async def _edit_policies(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        await self._redefine(node, workspace, schedule_id, {"policies": args["policies"]})

    async def _redefine(self, node: Node, workspace: int, schedule_id: Id, changed: dict[str, Any]) -> None:
        def change(before: Schedule) -> Schedule:
            definition: Definition = replace(before.definition, **changed)
            return replace(before, definition=definition)

        await node.schedules.change(self._world.who(workspace), schedule_id, change)

    async def _fire_now(
        self, node: Node, workspace: int, schedule_id: Id, args: Any
    ) -> tuple[Id, str | None]:
        request = f"request {args['number']}" if args["again"] else None
        fire = await node.schedules.fire_now(self._world.who(workspace), schedule_id, request)
        return fire.id, request

    async def _backfill(
        self, node: Node, workspace: int, schedule_id: Id, args: Any
    ) -> tuple[int, int, list[int]]:
        upto = node.clock.now_ms()
        since = upto - args["seconds"] * 1000
        fires = await node.schedules.backfill(self._world.who(workspace), schedule_id, since, upto)
        return since, upto, [fire.slot_ms for fire in fires]

    async def _cancel(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> Id | None:
        mine = self._world.workspaces[workspace]
        found = await node.runs.list(mine, 20, schedule_id=schedule_id, state="open")
        if not found:
            return None
        return (await node.runs.cancel(mine, found[args["number"] % len(found)].id)).id

    async def _replay(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> Id | None:
        mine = self._world.workspaces[workspace]
        found = await node.runs.list(mine, 20, schedule_id=schedule_id)
        if not found:
            return None
        return (await node.runs.retry(self._world.who(workspace), found[args["number"] % len(found)].id)).id

    async def _act(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> Id:
        """Something is done to all schedules, or to all runs, of a workspace at once."""
        kind = ActionKind(args["action"])
        wanted = {"state": "failed" if kind is ActionKind.RETRY else "open"} if kind.of_runs else {}
        given = {"labels": {"seen": str(args["number"])}} if kind is ActionKind.RELABEL else {}
        return (await node.actions.take(self._world.who(workspace), kind, wanted, given)).id

    async def _trespass(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        """Another workspace tries its luck; whatever it is given is a finding."""
        stranger = (workspace + 1) % len(self._world.workspaces)
        other = self._world.workspaces[stranger]
        runs = await node.runs.list(self._world.workspaces[workspace], 1, schedule_id=schedule_id)
        attempts = [
            lambda: node.schedules.get(other, schedule_id),
            lambda: node.schedules.pause(self._world.who(stranger), schedule_id),
            lambda: node.schedules.fire_now(self._world.who(stranger), schedule_id),
            lambda: node.schedules.delete(other, schedule_id),
            lambda: node.explain.explain(other, schedule_id, node.clock.now_ms()),
            *(lambda run=run: node.runs.cancel(other, run.id) for run in runs),
            *(lambda run=run: node.runs.retry(self._world.who(stranger), run.id) for run in runs),
        ]
        for attempt in attempts:
            try:
                await attempt()
            except NotFound:
                continue
            except HorariumError:
                raise
            self._world.fault_found("a workspace reached what belongs to another")

    async def _preview(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> None:
        schedule = await node.schedules.get(self._world.workspaces[workspace], schedule_id)
        since = schedule.progress.accounted_to
        holds = await node.explain.holds(schedule.workspace_id, schedule_id)
        slots = tuple(one.instant * 1000 for one in upcoming(schedule, since, 8, holds).occurrences)
        pauses = tuple((pause.from_ms, pause.ends_ms) for pause in holds.pauses)
        windows = tuple((self.windows[each.id][0], each.duration_ms, each.next_ms) for each in holds.windows)
        if schedule.state is ScheduleState.PAUSED and schedule.paused_until_ms is not None:
            since = max(since, schedule.paused_until_ms - 1)  # it goes on then
        shown = Shown(schedule_id, schedule.definition_version, since, slots, pauses, windows)
        self.shown.append(shown)

    async def _explain(self, node: Node, workspace: int, schedule_id: Id, args: Any) -> str:
        at = node.clock.now_ms() - args["number"] * 7_000
        return (await node.explain.explain(self._world.workspaces[workspace], schedule_id, at)).verdict


def _until(node: Node, args: Any) -> int | None:
    """When a pause of so many seconds ends, in whole seconds as the API has it."""
    seconds = args.get("seconds")
    return None if seconds is None else (node.clock.now_ms() // 1000 + seconds) * 1000
