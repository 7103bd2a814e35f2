"""A node: the real loops of engine and worker, wired as the application wires them, in a process that can die."""

from __future__ import annotations

import asyncio
import contextvars
import traceback
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from horarium.domain.audience import AudienceQuery, AudienceRow, RowPage, SourceFault
from horarium.domain.errors import HorariumError, Unavailable
from horarium.domain.execution import Call, Outcome, Verdict
from horarium.domain.ids import random_id
from horarium.engine import loops
from horarium.engine.acting import act_loop
from horarium.engine.clock import DatabaseClock
from horarium.engine.fanout import FanoutRunner
from horarium.engine.forgetting import forget_loop
from horarium.engine.lease import BEATS, Lease
from horarium.engine.poller import Poller
from horarium.engine.steps import Engine
from horarium.engine.wake import Alarm
from horarium.events.deliverer import Deliverer
from horarium.events.publisher import Publisher
from horarium.executors.output import keep_answer
from horarium.service.actions import ActionService
from horarium.service.audiences import AudienceService
from horarium.service.explain import ExplainService
from horarium.service.pauses import PauseService
from horarium.service.rates import Rates
from horarium.service.runs import RunService
from horarium.service.schedules import ScheduleService
from horarium.store.verbs import nodes as node_verbs
from horarium.times import TZDATA_VERSION
from horarium.worker.worker import Worker
from tests.simulation.events import EventNetwork
from tests.simulation.line import Line
from tests.simulation.loop import NODE

if TYPE_CHECKING:
    from tests.simulation.world import World

HOUSEKEEPING_S = 20.0
DRIFT = 1e-4
"""How much of each second a node's clock may be too slow or too fast, while it cannot follow the database's."""
STOP_S = 3.0
"""What a node that stops gives to its calls to end."""


class Node:
    """One life of one process. `place` is its number among the nodes; the next life at that place is another Node."""

    def __init__(self, world: World, place: int, life: int) -> None:
        self.world, self.place = world, place
        self.name = f"node{place}.{life}"
        self.dead = self.frozen = self.ready = self.stopping = False
        self.held: list[asyncio.Handle] = []
        self.begun = 0
        self.cut: str | None = None
        self.storm = (0.0, 0.0)
        self.line = Line(world, self)
        self._context = contextvars.copy_context()
        self._context.run(NODE.set, self)
        self.tasks: set[asyncio.Task[Any]] = set()
        random = world.random("clocks")
        self._offset_ms = random.randrange(10**9)
        self._drift = 0.0
        if not world.profile.exact_clocks:
            self._offset_ms += random.random()
            self._drift = random.uniform(-DRIFT, DRIFT)
        self.clock = DatabaseClock(self._monotonic_ns)
        self.id = random_id(world.db_ms())
        store, clock = self.line, self.clock
        self.schedules = ScheduleService(store, clock, Rates(clock))
        self.runs = RunService(store, clock, world.vault, keep_answer)
        self.explain = ExplainService(store, clock)
        self.actions = ActionService(store, clock, Rates(clock))
        self.pauses = PauseService(store, clock)
        sources = {"paged": Pages(world, self), "spooled": Spooled(world, self)}
        self.audiences = AudienceService(store, world.vault, sources, clock)
        self.worker = Worker(
            store,
            clock,
            self.id,
            {"simulated": Sender(world, self)},
            world.vault,
            world.profile.concurrency,
            "http://callback",
            world.profile.poll,
            lambda: self.may_work,
        )
        self.lease: SimulatedLease | None = None

    @property
    def may_work(self) -> bool:
        return self.lease is None or self.lease.held

    def _monotonic_ns(self) -> int:
        return int((self.world.loop.time() * (1 + self._drift) * 1000 + self._offset_ms) * 1_000_000)

    @property
    def answers(self) -> bool:
        return self.ready and not (self.dead or self.frozen or self.stopping)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start something within this process."""
        task = self.world.loop.create_task(work, context=self._context.copy())
        self.tasks.add(task)
        return task

    def start(self) -> None:
        self.spawn(self._boot())

    async def _boot(self) -> None:
        """As `app.open_server` and `app._start` do; a process that cannot start is started again by its supervisor."""
        world, lease_ms = self.world, int(self.world.profile.lease * 1000)
        try:
            await self.clock.sample(self.line)
            now = self.clock.now_ms()
            me = node_verbs.NodeRow(self.id, self.name, "all", "1", TZDATA_VERSION, now, now, now + lease_ms)
            await self.line.urgent(node_verbs.register, me, world.profile.alone)
        except HorariumError:
            world.reboot_later(self, 1.0)
            return
        if not world.profile.alone:
            self.lease = SimulatedLease(self, me)
            self._watch(self.spawn(self.lease.beat_on()))
        else:
            self._watch(self.spawn(loops.heartbeat_loop(self.line, self.clock, self.id, lease_ms)))
        alarm = Alarm(self.clock)
        loops.ring_on_due(self.line, alarm)
        engine = Engine(self.line, self.clock, self.id)
        poller = Poller(self.line, self.clock)
        fan_out = FanoutRunner(self.line, self.clock, self.id, self.audiences, world.profile.poll)
        poll = world.profile.poll
        for task in self.worker.loops():
            self._watch(task)
        for loop in (
            loops.clock_loop(self.clock, self.line, alarm),
            loops.upkeep_loop([self.worker.find_strays], poll),
            fan_out.loop(),
            loops.release_loop(
                engine,
                alarm,
                self.worker,
                poll,
                lambda: self.clock.uncertain or not self.may_work,
                world.random("trouble").random,
            ),
            loops.upkeep_loop([engine.recover, poller.look], world.profile.upkeep),
            loops.told_loop([engine.expire], poller.told["callbacks"]),
            loops.told_loop([engine.unstick], poller.told["waiting_fires"]),
            loops.told_loop([self.pauses.resume_due], poller.told["pauses"]),
            loops.upkeep_loop(
                [engine.rezone, engine.forget, fan_out.tidy, self.pauses.settle], HOUSEKEEPING_S
            ),
            forget_loop(engine, alarm, HOUSEKEEPING_S),
            act_loop(self.actions, alarm, poller.told["actions"]),
        ):
            self._watch(self.spawn(loop))
        if world.profile.events:
            post: Any = EventNetwork(world, self)
            deliverer = Deliverer(self.line, self.clock, self.id, world.vault, post, lambda: self.may_work)
            publisher = Publisher(self.line, self.clock, poller.told["events"])
            for loop in (publisher.loop(), deliverer.loop()):
                self._watch(self.spawn(loop))
        self.ready = True

    @property
    def unbegun(self) -> int:
        """How many runs wait for their turn here, of lanes that nothing holds back."""
        return sum(len(lane.queue) for lane in self.worker._lanes._quick())

    def could_begin_of(self, other: Node) -> bool:
        """Whether this node could take of what waits at another one: it may have learned that the targets are slow."""
        room = self.worker.lane_room()
        return any(
            lane.queue and room.of(lane.id, lane.workspace.id) > 0 for lane in other.worker._lanes._quick()
        )

    def left_in_hand(self) -> list[str]:
        """What the worker counts as taken or under way, in words; nothing where everything was given back."""
        worker, lanes = self.worker, self.worker._lanes
        counts = {
            "runs": len(worker._holding),
            "bytes": worker._bytes,
            "places": lanes.busy,
            "waiting calls": lanes.waiting,
            "queued runs": lanes.queued,
        }
        for lane in lanes:
            for name in ("busy", "waiting", "probes", "in_hand"):
                counts[f"{name} of a lane"] = counts.get(f"{name} of a lane", 0) + abs(getattr(lane, name))
            for name in ("busy", "waiting"):
                load = abs(getattr(lane.workspace, name))
                counts[f"{name} of a workspace"] = counts.get(f"{name} of a workspace", 0) + load
        return [f"{self.name} still counts {count} {what}" for what, count in counts.items() if count]

    def _watch(self, task: asyncio.Task[Any]) -> None:
        """A loop that ends by a fault takes the process down: a finding of the simulation."""

        def ended(task: asyncio.Task[Any]) -> None:
            error = None if task.cancelled() else task.exception()
            if error is not None and not self.dead:
                self.world.fault_found("".join(traceback.format_exception(error)))
                self.world.reboot_later(self, 1.0)

        self.tasks.add(task)
        task.add_done_callback(ended)

    async def meet(self, point: str, verb: str = "") -> None:
        """A place at which an armed fault may strike."""
        what = self.world.armed_at(self, point, verb)
        if what is None:
            return
        kind, seconds = what
        if kind == "crash":
            self.world.reboot_later(self, seconds)
            await asyncio.Future()  # nothing of this process runs any more
        elif kind == "freeze":
            self.world.freeze(self, seconds)
            await asyncio.sleep(0)  # goes on when it thaws
        else:
            raise Unavailable("the connection broke")

    async def stop(self) -> None:
        """SIGTERM: drain, hand back, say goodbye."""
        self.stopping = True
        self.world.stops.append((self.world.loop.time(), self.name))
        try:
            await self.worker.drain(STOP_S)
            await self.line.urgent(node_verbs.stop, self.id, self.clock.now_ms())
        except HorariumError:
            pass


class SimulatedLease(Lease):
    """The lease of a node among others: its real beat, on a task in place of a thread and a connection of its own."""

    def __init__(self, node: Node, entry: node_verbs.NodeRow) -> None:
        loop, lease_s = node.world.loop, node.world.profile.lease
        self._node, self._lease_s, self._loop = entry, lease_s, loop
        self._on_lapse = node.worker.look_again
        self._until, self._pulse = loop.time() + lease_s, loop.time()
        self._connection: Any = _Connection(node.line)

    async def beat_on(self) -> None:
        while True:
            self._pulse = (
                self._loop.time()
            )  # whether the event loop moves: here it is frozen together with this
            try:
                async with asyncio.timeout(self._lease_s / 2):
                    await self._beat(self._connection)
            except (HorariumError, TimeoutError):
                pass
            await asyncio.sleep(self._lease_s / BEATS)


class _Connection:
    """What a lease asks of its connection."""

    def __init__(self, line: Line) -> None:
        self.now_ms, self.run = line.now_ms, line.urgent


class Sender:
    """The executor: sends a call over the network and waits for the answer."""

    type = "simulated"
    waits_on_network = True

    def __init__(self, world: World, node: Node) -> None:
        self._world, self._node = world, node

    def check(self, config: Any) -> list[Any]:
        return []

    def split(self, config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return dict(config), {}

    async def execute(self, call: Call) -> Outcome:
        self._node.begun += 1
        await self._node.meet("send")
        answer = self._world.receiver.send(call, self._node)
        try:
            async with asyncio.timeout(call.timeout_ms / 1000):
                outcome = await answer
        except TimeoutError:
            return Outcome(Verdict.FAILED, error="no answer in time")
        await self._node.meet("answer")
        return outcome

    async def close(self) -> None:
        pass


class Pages:
    """A source that pages by key; now and then it fails, for a moment or until the fire ends."""

    type = "paged"
    paged = distinct = True

    def __init__(self, world: World, node: Node) -> None:
        self._world, self._node = world, node

    def check(self, config: Any) -> list[Any]:
        return []

    def split(self, config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return dict(config), {}

    def check_filter(self, query: AudienceQuery) -> list[Any]:
        return []

    async def _travel(self) -> None:
        await self._node.meet("send")
        if self._world.profile.delay:
            await asyncio.sleep(self._world.random("source").random() * self._world.profile.delay)
        if self._world.chance("source", 0.0 if self._world.profile.calm else 0.03):
            self._world.count("audience source failed")
            raise SourceFault("the source is away")

    async def count(self, query: AudienceQuery, most: int) -> int:
        await self._travel()
        return min(most, int(query.filter["rows"]))

    async def page(self, query: AudienceQuery, position: str | None, limit: int) -> RowPage:
        await self._travel()
        first, rows = int(position or 0), int(query.filter["rows"])
        until = min(rows, first + min(limit, 50))
        return RowPage([row(n) for n in range(first, until)], None if until == rows else str(until))

    async def close(self) -> None:
        pass


class Spooled(Pages):
    """A source that only runs once through."""

    type = "spooled"
    paged = distinct = False

    async def rows(self, query: AudienceQuery) -> Any:
        rows = int(query.filter["rows"])
        for first in range(0, rows, 50):
            await self._travel()
            yield [row(n) for n in range(first, min(rows, first + 50))]


def row(number: int) -> AudienceRow:
    return AudienceRow(f"row{number:04d}", {"number": number})
