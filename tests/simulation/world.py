"""A world in one process: nodes, the database they share, the network, users and faults, all in simulated time."""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import structlog

from horarium.domain.errors import Conflict
from horarium.domain.ids import Id, derived_id, id_time, random_id
from horarium.domain.pauses import WHEN_RESUMED
from horarium.domain.places import surplus
from horarium.domain.tenancy import EVERY_TARGET, Identity
from horarium.store.base import DUE
from horarium.store.vault import Vault, new_key
from horarium.store.verbs import audiences
from tests.simulation.events import Arrival, events_left, furnish_events
from tests.simulation.faults import STRIKES, Silence, recovery_s
from tests.simulation.loop import VirtualLoop
from tests.simulation.node import Node
from tests.simulation.receiver import Receiver
from tests.simulation.script import Event, Script, TargetPlan
from tests.simulation.trail import Note, Trail
from tests.simulation.users import Users
from tests.support.all_fires import ALL_FIRES
from tests.support.callers import caller
from tests.support.inline_store import InlineSqliteStore
from tests.support.sqlite_schema import fill_memory

REQUEST_S = 10.0
CALM_S = 12.0
"""What is waited after everything has healed, beyond the lease: clocks are followed, the overdue has fired."""
DRAIN_S = 900.0
SHARES_S = 0.5
"""How often it is noted which nodes have nothing to begin."""
LEAST_GIVEN = 2
LOOK_AT_LAG_S = 0.05
"""No callback takes time here, so nodes look less often how late the event loop is: it made two of five steps."""
SETTLE_S = 180.0
"""More than the longest time limit of a target."""


class World:
    """Made of a script, played by `play`; then looked at by the checker."""

    def __init__(self, script: Script) -> None:
        self.script, self.profile = script, script.profile
        self._streams: dict[str, Random] = {}
        self.loop = VirtualLoop(self.random("loop"), self.profile.early)
        self.loop.set_exception_handler(self._unhandled)
        self._context = contextvars.copy_context()
        self.jump_ms = self.set_back_ms = 0
        self.latency = self.profile.latency
        self.skipped_s = 0.0
        self.healed = self.over = False
        self.counts: Counter[str] = Counter()
        self.found: list[str] = []
        self.disturbances: list[tuple[float, float, str]] = []
        self.silences: list[Silence] = []
        self.stops: list[tuple[float, str]] = []
        self.left_in_hand: list[str] = []
        self.unshared: list[tuple[float, float, str]] = []
        self.armed: list[dict[str, Any]] = []
        self._asking: list[asyncio.Task[None]] = []
        self.nodes: list[Node] = []
        self.past: list[Node] = []
        self._lives: Counter[int] = Counter()
        self.store = InlineSqliteStore(self.db_ms)
        fill_memory(self.store.connection)
        self.trail = Trail(self.store.connection, self.loop.time, self.db_ms)
        self.store.listen(self._broadcast)
        self._committing: Node | None = None
        self.snapshot: tuple[sqlite3.Connection, int] | None = None
        self.arrivals: list[Arrival] = []
        self.lost_notes: list[Note] = []
        self.overdue: list[str] = []
        self.undrained: list[str] = []
        self.vault = Vault([new_key()])
        self.receiver = Receiver(self)
        self.users = Users(self)

    def play(self) -> World:
        """Let everything of the script happen, heal, drain; the same script is the same world."""
        urandom, token = self.random("ids").randbytes, self.random("tokens")
        with (
            patch("horarium.domain.ids.os", SimpleNamespace(urandom=urandom)),
            patch("horarium.domain.ids._random_pieces", deque()),
            patch("horarium.domain.ids._latest", [0, 0]),
            patch(
                "horarium.worker.attempts.secrets",
                SimpleNamespace(token_urlsafe=lambda n: token.randbytes(n).hex()),
            ),
            patch("horarium.worker.worker.LOOK_AT_LAG_S", LOOK_AT_LAG_S),
            patch("horarium.engine.lease.time", SimpleNamespace(monotonic=self.loop.time)),
            structlog.testing.capture_logs(),
        ):
            self._furnish()
            try:
                self.loop.run_until_complete(self._play())
            finally:
                self._tidy()
        return self

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        """Close its databases."""
        self.store.connection.close()
        if self.snapshot is not None:
            self.snapshot[0].close()

    # Time, chance and bookkeeping

    def db_ms(self) -> int:
        """The clock of the database."""
        return int(self.loop.time() * 1000 + 1e-6) + self.profile.start_ms + self.jump_ms

    def random(self, name: str) -> Random:
        """A stream of chance of its own for each purpose."""
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = Random(f"{self.script.seed} {name}")
        return stream

    def chance(self, name: str, probability: float) -> bool:
        return probability > 0 and not self.healed and self.random(name).random() < probability

    def count(self, kind: str) -> None:
        self.counts[kind] += 1

    def fault_found(self, words: str) -> None:
        if not self.over:
            self.found.append(words)

    def disturb(self, kind: str, args: dict[str, Any]) -> None:
        now = self.loop.time()
        self.disturbances.append((now, now + recovery_s(kind, args, self.profile.lease), kind))
        self.count(kind)

    def later(self, seconds: float, act: Callable[[], Any]) -> None:
        """Call something after a while, in nobody's process."""
        self.loop.call_later(seconds, act, context=self._context)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self.loop.create_task(work, context=self._context.copy())

    def _unhandled(self, loop: Any, context: dict[str, Any]) -> None:
        if not self.over:
            self.fault_found(f"{context.get('message')}: {context.get('exception')!r}")

    # The database

    async def commit(
        self, node: Node, name: str, verb: Callable[..., Awaitable[Any]], args: Any, kwargs: Any
    ) -> Any:
        """Run a verb whole, at this instant."""
        if self.over:
            raise asyncio.CancelledError
        self._committing = node
        self.trail.begin()
        answer = await self.store.write(verb, *args, **kwargs)
        self.trail.keep(node.name, name)
        return answer

    async def look(self, verb: Callable[..., Awaitable[Any]], args: Any, kwargs: Any) -> Any:
        """Run a verb that changes nothing, at this instant."""
        if self.over:
            raise asyncio.CancelledError
        return await self.store.read(verb, *args, **kwargs)

    def _broadcast(self, topic: str, at_ms: int) -> None:
        """What a commit announced: at once within the process, a little later and not always to others."""
        for node in self.nodes:
            if node is self._committing:
                for signal in node.line.signals:
                    signal(topic, at_ms)
            elif node.cut is None and not self.chance("signals", 0.02):
                delay = self.random("signals").random() * 0.005
                self.loop.call_later(delay, _signal, node, topic, at_ms, context=node._context)

    def _furnish(self) -> None:
        """The workspaces, their targets and sources of audiences."""
        now = self.db_ms()
        write = self.store.connection.execute
        self.workspaces = [random_id(now) for _ in range(self.profile.workspaces)]
        self.principals = [random_id(now) for _ in range(self.profile.workspaces)]
        for number, (workspace, principal) in enumerate(zip(self.workspaces, self.principals, strict=True)):
            name = f"w{number}"
            write(
                "INSERT INTO workspaces (id, slug, name, settings, version, created_ms, updated_ms) "
                "VALUES (?, ?, ?, '{}', 1, ?, ?)",
                (workspace, name, name, now, now),
            )
            write("INSERT INTO workspace_usage VALUES (?, 0, 0, 0, 10000, 10000, 100000000, 0)", (workspace,))
            write(
                "INSERT INTO principals VALUES (?, ?, 'service', 'p', NULL, ?, NULL)",
                (principal, workspace, now),
            )
            write("INSERT INTO grants VALUES (?, ?, ?, ?)", (principal, EVERY_TARGET, workspace, now))
        if self.profile.events:
            furnish_events(self)
        self.targets = [self._target(number, plan, now) for number, plan in enumerate(self.script.targets)]
        self._plans = dict(zip(self.targets, self.script.targets, strict=True))
        made = {event.args["schedule"] for event in self.script.events if event.kind == "create"}
        used = {event.args.get("schedule", 0) for event in self.script.events}
        self.schedule_ids = {n: derived_id(now, b"schedule", bytes([n])) for n in made | used}

    def _target(self, number: int, plan: TargetPlan, now: int) -> Id:
        row = {
            "id": random_id(now),
            "workspace_id": self.workspaces[plan.workspace],
            "number": number,
            "kind": "function",
            "name": "target",
            "executor": "simulated",
            "config": "{}",
            "completion": "callback" if plan.callback else "response",
            "timeout_ms": int(plan.timeout_s * 1000),
            "deadline_ms": int(plan.deadline_s * 1000),
            "max_concurrency": plan.max_concurrency,
            "rate_per_second": plan.rate,
            "extra": "{}",
            "state": "enabled",
            "version": 1,
            "created_by": self.principals[plan.workspace],
            "created_ms": now,
            "updated_ms": now,
        }
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        self.store.connection.execute(f"INSERT INTO targets ({names}) VALUES ({marks})", row)
        return bytes(row["id"])

    def target_plan(self, target: Id) -> TargetPlan:
        return self._plans[target]

    def workspace_of(self, schedule: int) -> int | None:
        """The number of the workspace of the target of a schedule of the script."""
        for event in self.script.events:
            if event.kind == "create" and event.args["schedule"] == schedule:
                return self.script.targets[event.args["target"]].workspace
        return None

    def silent(self, target: Id) -> bool:
        """Whether a target answers nothing now."""
        now = self.loop.time()
        return any(one.target == target and one.since <= now < one.until for one in self.silences)

    async def _sources(self) -> None:
        for workspace in self.workspaces:
            for kind in ("paged", "spooled"):
                now = self.db_ms()
                source = audiences.StoredSource(workspace, kind, random_id(now), kind, {}, now, now)
                await self.store.write(audiences.put_source, source, now)

    # Nodes

    def boot(self, place: int) -> None:
        """A new life at a place."""
        if self.over:
            return
        self._lives[place] += 1
        node = Node(self, place, self._lives[place])
        self.past += [one for one in self.nodes if one.place == place]
        self.nodes = [one for one in self.nodes if one.place != place] + [node]
        node.start()

    def node_at(self, place: int) -> Node | None:
        return next((one for one in self.nodes if one.place == place and not one.dead), None)

    def reboot_later(self, node: Node, seconds: float, kind: str = "crash") -> None:
        """The process dies at this instant and is started again after a while."""
        if node.dead or self.over:
            return
        node.dead = True
        self.disturb(kind, {"down": seconds})
        self.later(seconds, lambda: self._boot_again(node))

    def _boot_again(self, node: Node) -> None:
        """Start what is dead, unless it was started meanwhile: one place never has two processes."""
        if node in self.nodes:
            self.boot(node.place)

    def freeze(self, node: Node, seconds: float) -> None:
        if node.frozen or node.dead:
            return
        node.frozen = True
        self.disturb("freeze", {"seconds": seconds})
        self.later(seconds, lambda: self._thaw(node))

    def _thaw(self, node: Node) -> None:
        if node.frozen and not node.dead:
            node.frozen = False
            self.loop.resume(node.held)

    def armed_at(self, node: Node, point: str, verb: str) -> tuple[str, float] | None:
        """The armed fault that strikes here, if one does; each strikes once."""
        if self.over:
            raise asyncio.CancelledError
        for fault in self.armed:
            if (fault["node"], fault["point"]) == (node.place, point) and fault["verb"] in (None, verb):
                self.armed.remove(fault)
                self.count(f"{fault['what']} {point} {'a call' if point in ('send', 'answer') else 'commit'}")
                if fault["what"] == "fail":
                    self.disturb("fail", {})
                return fault["what"], fault["down"]
        return None

    async def request(self, act: Callable[[Node], Awaitable[Any]]) -> Any:
        """Ask some node from outside. Raises TimeoutError where no answer comes."""
        able = [node for node in self.nodes if node.answers]
        if not able:
            raise TimeoutError
        node = self.random("requests").choice(sorted(able, key=lambda one: one.place))
        answer: asyncio.Future[Any] = self.loop.create_future()
        answer.add_done_callback(lambda one: one.cancelled() or one.exception())

        async def serve() -> None:
            try:
                value = await act(node)
            except Exception as error:
                if not answer.done():
                    answer.set_exception(error)
            else:
                if not answer.done():
                    answer.set_result(value)

        node.spawn(serve())
        async with asyncio.timeout(REQUEST_S):
            return await answer

    # The play

    async def _play(self) -> None:
        await self._sources()
        for place in range(self.profile.nodes):
            self.boot(place)
        for event in self.script.events:
            self.later(event.at, lambda one=event: self._happen(one))
        if self.profile.nodes > 1:
            self.spawn(self._watch_shares())
        await asyncio.sleep(self.profile.duration)
        self._heal()
        await self._answer_users()
        self._resume_everything()
        await asyncio.sleep(self.profile.lease + CALM_S)
        self.overdue = self._find_overdue()
        await self._pause_everything()
        await self._drain()
        await self._settle()

    async def _watch_shares(self) -> None:
        """Note how long a node has had nothing to begin while another had more in hand than it began."""
        idle: dict[Node, float] = {}
        rich: dict[Node, float] = {}
        begun: dict[Node, int] = {}
        while True:
            now = self.loop.time()
            for times in (idle, rich):
                for gone in times.keys() - set(self.nodes):
                    del times[gone]
            for node in self.nodes:
                begins = node.begun - begun.get(node, 0)
                begun[node] = node.begun
                nothing_came = begins == 0 and node.worker._lanes.idle()
                _since(idle, node, now, node.answers and node.may_work and nothing_came)
                _since(rich, node, now, node.answers and surplus(node.unbegun, begins) >= LEAST_GIVEN)
            able = {
                node: since for node, since in idle.items() if any(node.could_begin_of(one) for one in rich)
            }
            if able:
                since = max(min(able.values()), min(rich.values()))
                name = min(able, key=able.__getitem__).name
                self.unshared.append((since, now, f"{name} had nothing to begin"))
            await asyncio.sleep(SHARES_S)

    def _happen(self, event: Event) -> None:
        if event.kind.startswith("fault_"):
            if self.healed:  # a script may name faults for later than its play lasts
                return
            STRIKES[event.kind](self, dict(event.args))
        else:
            self._asking.append(self.spawn(self._user(event)))

    async def _answer_users(self) -> None:
        """What users have asked for is done, also by a node that was frozen meanwhile and heard of it before."""
        await asyncio.sleep(REQUEST_S)
        for asking in self._asking:
            await asking

    async def _user(self, event: Event) -> None:
        try:
            await self.users.act(event)
        except Exception as error:  # whatever is not an answer that users may be given
            self.fault_found(f"{event.kind}: {error!r}")

    def _heal(self) -> None:
        """No fault from here on; what is dead comes back as its supervisor starts it."""
        self.healed = True
        self.armed.clear()
        self.latency = min(self.latency, 0.003)
        if self.set_back_ms:  # a clock that was set back is set right
            self.disturb("clock forward", {})
            self.jump_ms -= self.set_back_ms
        # An operator lifts the limits of targets: how fast a backlog of thousands goes is not what is asked here.
        self.store.connection.execute(
            "UPDATE targets SET rate_per_second = NULL, max_concurrency = NULL, version = version + 1"
        )
        for silence in self.silences:
            silence.until = min(silence.until, self.loop.time())
        for node in self.nodes:
            node.cut, node.storm = None, (0.0, 0.0)
            if node.frozen:
                self._thaw(node)
            if node.dead:
                self._boot_again(node)

    def _resume_everything(self) -> None:
        """An operator resumes what is paused as a whole, where its end is still to come. No window begins any more."""
        self.trail.begin()
        self.store.connection.execute("DELETE FROM windows")
        self.store.connection.execute(
            "UPDATE pauses SET ends_ms = max(from_ms, ?) WHERE settled = 0 AND COALESCE(ends_ms, ?) > ?",
            (self.db_ms(), self.db_ms() + 1, self.db_ms()),
        )
        self.trail.keep("operator", "resume")
        # Nodes see it with their next look, or before where they hear of it.
        self._broadcast(DUE, self.db_ms())
        now = self.loop.time()
        self.disturbances.append((now, now + self.profile.poll, "resumed by the operator"))

    def who(self, workspace: int) -> Identity:
        """The principal of a workspace, who has a grant on every target."""
        return caller(self.workspaces[workspace], self.principals[workspace])

    def _find_overdue(self) -> list[str]:
        rows = self.store.connection.execute(
            "SELECT hex(schedule_id), next_due FROM cursors WHERE next_due < ?", (self.db_ms() - 2_000,)
        )
        late = [f"schedule {row[0]} has been due since {row[1]}, and it is {self.db_ms()}" for row in rows]
        # Nothing is paused any more since everything has healed.
        rows = self.store.connection.execute(
            "SELECT hex(schedule_id) FROM cursors WHERE next_due = ?", (WHEN_RESUMED,)
        )
        return [*late, *(f"waits for the end of a pause that is over: schedule {row[0]}" for row in rows)]

    async def _pause_everything(self) -> None:
        """So that no new slot comes while what has begun is brought to its end."""
        self.store.connection.execute("UPDATE schedules SET paused_until_ms = NULL")
        rows = self.store.connection.execute("SELECT id, workspace_id FROM schedules WHERE state = 'active'")
        for schedule_id, workspace in rows.fetchall():
            try:
                await self.request(
                    lambda node, w=workspace, s=schedule_id: node.schedules.pause(caller(w, w), s)
                )
            except Exception as error:
                due = self.store.connection.execute(
                    "SELECT COALESCE(next_due, ?) FROM schedules LEFT JOIN cursors ON schedule_id = id "
                    "WHERE id = ? AND state = 'active'",
                    (WHEN_RESUMED, schedule_id),
                ).fetchone()
                # A schedule whose last slot is due now is refused as completed, and its next release completes it.
                ends_now = due is not None and isinstance(error, Conflict) and due[0] <= self.db_ms()
                if due is not None and not ends_now:
                    self.fault_found(f"a schedule could not be paused after healing: {error!r}")

    async def _drain(self) -> None:
        """Until nothing is left, or nothing has become less for DRAIN_S: a thousand rows at a target that hangs take
        two workers their time."""
        least, until = len(self._left()) + 1, 0.0
        while left := self._left():
            if len(left) < least:
                least, until = len(left), self.loop.time() + DRAIN_S
            elif self.loop.time() > until:
                break
            await asyncio.sleep(2.0)
        self.undrained = left

    async def _settle(self) -> None:
        """Until no worker has anything in hand: it hears within a poll that a run of its own was ended by another, and
        what was sent for that may go on until its time limit."""
        until = self.loop.time() + SETTLE_S
        while self.loop.time() < until:
            self.left_in_hand = [words for node in self.nodes for words in node.left_in_hand()]
            if not self.left_in_hand:
                break
            await asyncio.sleep(1.0)

    def _left(self) -> list[str]:
        found = []
        for what, sql in (
            ("open run", "SELECT hex(id), state FROM runs WHERE state IN ('pending', 'running')"),
            (
                "open fire",
                f"SELECT hex(id), state FROM {ALL_FIRES} WHERE state IN ('waiting', 'resolving', 'running')",
            ),
            ("action under way", "SELECT hex(id), kind FROM actions WHERE finished_ms IS NULL"),
            ("row left in ready", "SELECT hex(run_id), owner IS NULL FROM ready"),
            ("row left in fanouts", "SELECT hex(fire_id), owner IS NULL FROM fanouts"),
            ("row left in row_locks", "SELECT hex(run_id), row_key FROM row_locks"),
        ):
            found += [f"{what} {row[0]} ({row[1]})" for row in self.store.connection.execute(sql)]
        return [*found, *events_left(self)] if self.profile.events else found

    def _tidy(self) -> None:
        """End every task, also those of the dead, so that nothing is left lying about."""
        self.over = True
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        for node in [*self.nodes, *self.past]:
            node.dead = node.frozen = False
            self.loop.resume(node.held)
        left = asyncio.all_tasks(self.loop)
        for _ in range(20):
            if not left:
                break
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.wait(left, timeout=1.0))
            left = asyncio.all_tasks(self.loop)
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


def _since(times: dict[Node, float], node: Node, now: float, holds: bool) -> None:
    """Keep since when something holds of a node."""
    if holds:
        times.setdefault(node, now)
    else:
        times.pop(node, None)


def _signal(node: Node, topic: str, at_ms: int) -> None:
    for signal in node.line.signals:
        signal(topic, at_ms)


__all__ = ["World", "id_time"]
