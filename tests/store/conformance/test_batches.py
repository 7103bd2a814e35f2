"""What a batch does to unlike schedules is what one step for each of them would do.

Two workspaces hold the same schedules. What happens to those of one is done in batches, as the engine and the workers
do it; what happens to those of its twin is done one by one, schedule after schedule in a random order. After every step
both must look the same: schedules, fires, runs and spans.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import pytest

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.fire import FireKind
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.schedule import (
    AfterCompletion,
    CatchUp,
    OverlapScope,
    Policies,
    Schedule,
    ScheduleState,
)
from horarium.service.schedules import ScheduleDraft, schedule_of
from horarium.store.rows import AudienceText, BegunRun
from horarium.store.verbs import dispatch, fanout, ledger, release, runs
from horarium.store.verbs.creation import create_schedules
from horarium.store.verbs.dispatch import LeaseLost
from horarium.store.verbs.fanout import FanoutLost
from horarium.store.verbs.manual import fire_by_hand
from horarium.times import Timing, jitter_ms
from horarium.worker.work import Work, judge
from tests.support.tenant import DAY, FAILED, MINUTE, NOON, SUCCEEDED, TRY_AGAIN, Node, Tenant

# How many random histories `make test` looks at; each has its seed as its name.
HISTORIES = int(os.environ.get("HISTORIES", "4"))
STEPS = 40
# A delay of some milliseconds makes some schedules of a batch due and others not yet.
JITTER_MS = 4
AUDIENCE = {"type": "directory", "of": "users"}
OUTCOMES = (SUCCEEDED, SUCCEEDED, FAILED, TRY_AGAIN, Outcome(Verdict.SUCCEEDED, output={"n": 1}))
# What differs between twins by its nature.
_OWN = {"id", "workspace_id", "schedule_id", "fire_id", "target_id", "last_fire_id", "created_by", "name"}


def look_of(thing: Any) -> tuple[tuple[str, Any], ...]:
    """What is known of a fire, a run, a span or a schedule's progress, but for what differs between twins."""
    names = (field.name for field in fields(thing) if field.name not in _OWN)
    return tuple((name, getattr(thing, name)) for name in names)


async def known(tenant: Tenant, schedule: Schedule) -> Schedule | None:
    """A schedule as it is now; None where it was deleted."""
    try:
        return await tenant.again(schedule)
    except NotFound:
        return None


async def look(tenant: Tenant, schedule: Schedule) -> dict[str, Any]:
    now = await known(tenant, schedule)
    if now is None:
        return {"state": None}
    shown: dict[str, Any] = {
        "progress": look_of(now.progress),
        "state": (now.state, now.version, now.definition_version, now.ended_reason),
        # Two failures at once are told as two, and one after the other pauses a schedule at the first.
        "note": re.sub(r"\d+", "some", now.note or ""),
    }
    for name, found in (
        ("fires", await tenant.fires(schedule)),
        ("runs", await tenant.runs(schedule)),
        ("spans", await tenant.spans(schedule)),
    ):
        shown[name] = sorted(map(look_of, found), key=repr)
    return shown


def policies(chance: random.Random) -> Policies:
    return Policies(
        overlap=chance.choice([*Overlap, Overlap.ALLOW, Overlap.ALLOW]),
        overlap_scope=chance.choice([OverlapScope.FIRE, OverlapScope.FIRE, OverlapScope.ROW]),
        buffer_limit=chance.choice([1, 2, 100]),
        catch_up=chance.choice([*CatchUp]),
        catch_up_window_ms=chance.choice([2 * MINUTE, DAY]),
        catch_up_limit=chance.choice([1, 2, 100]),
        grace_ms=chance.choice([0, 1, MINUTE]),
        jitter_ms=chance.choice([0, JITTER_MS]),
        max_fires=chance.choice([None, None, 1, 3]),
        pause_after_failures=chance.choice([None, None, 1, 2]),
        after_completion=chance.choice([AfterCompletion.KEEP, AfterCompletion.DELETE]),
        retry=Retry(max_attempts=chance.choice([1, 2, 3]), initial_ms=chance.choice([0, 1, MINUTE])),
    )


def scheduled(tenant: Tenant, timing: Timing, chosen: Policies, audience: Any) -> Schedule:
    draft = ScheduleDraft(
        tenant.workspace,
        tenant.principal,
        "Schedule",
        timing,
        tenant.target,
        policies=chosen,
        audience=audience,
    )
    return schedule_of(draft, NOON)


class Twins:
    """Schedules in two workspaces, and two nodes of which each has a hand in one of these."""

    def __init__(self, together: Tenant, apart: Tenant, node: Node, chance: random.Random) -> None:
        self.together, self.apart, self.node, self.chance = together, apart, node, chance
        self.pairs: list[tuple[Schedule, Schedule]] = []
        self.now = NOON
        # Claimed runs by what they stand for, those of a batch and their twins.
        self.held: dict[Any, tuple[Work, Work]] = {}

    @property
    def store(self) -> Any:
        return self.together.store

    async def make(self) -> None:
        for _ in range(self.chance.randint(3, 9)):
            spec = self.chance.choice(["* * * * *", "* * * * *", "*/2 * * * *", "0-3,30 * * * *"])
            timing = Timing(spec, zone="UTC", anchor=NOON // 1000)
            chosen = policies(self.chance)
            audience = AUDIENCE if self.chance.random() < 0.3 else None
            one, twin = (
                scheduled(tenant, timing, chosen, audience) for tenant in (self.together, self.apart)
            )
            while jitter_ms(twin.id, JITTER_MS) != jitter_ms(one.id, JITTER_MS):
                twin = scheduled(self.apart, timing, chosen, audience)
            self.pairs.append((one, twin))
        await self.store.write(create_schedules, [one for one, _ in self.pairs])
        for _, twin in self.pairs:
            await self.store.write(create_schedules, [twin])

    def _shuffled(self, things: Sequence[Any]) -> list[Any]:
        return self.chance.sample(list(things), len(things))

    async def tick(self) -> None:
        """Time passes, to just before, at or just after a minute, and everything due is released."""
        minutes = self.chance.choice([0, 1, 1, 1, 2, 4])
        at = self.now - self.now % MINUTE + minutes * MINUTE + self.chance.randint(-1, JITTER_MS)
        self.now = max(self.now + 1, at)
        for _, twin in self._shuffled(self.pairs):
            await self.store.urgent(release.release_one, twin.id, self.now)
        limit = self.chance.choice([2, 5, 1_000])
        while (await self.together.release(self.now, limit)).schedules:
            pass

    async def change(self) -> None:
        one, twin = self.chance.choice(self.pairs)
        chosen, wanted = policies(self.chance), self.chance.choice(["policies", "input", "state"])
        self.now += 1
        for tenant, schedule in ((self.together, one), (self.apart, twin)):
            before = await known(tenant, schedule)
            if before is None:
                continue
            if wanted == "state":
                flipped = {
                    ScheduleState.ACTIVE: ScheduleState.PAUSED,
                    ScheduleState.PAUSED: ScheduleState.ACTIVE,
                }
                if before.state not in flipped:
                    continue
                await tenant.change(schedule, self.now, state=flipped[before.state])
            elif wanted == "policies":
                kept = replace(chosen, jitter_ms=before.definition.policies.jitter_ms)
                await tenant.redefine(schedule, self.now, policies=kept)
            else:
                await tenant.redefine(schedule, self.now, input={"at": self.now})

    async def fire(self) -> None:
        one, twin = self.chance.choice(self.pairs)
        self.now += 1
        for tenant, schedule in ((self.together, one), (self.apart, twin)):
            there = await known(tenant, schedule)
            if there is not None:
                await self.store.write(fire_by_hand, there, FireKind.MANUAL, self.now, "by hand", self.now)

    async def fan_out(self) -> None:
        """Audiences are read: in one piece for the batch, row by row for the twins."""
        tasks = await self.store.urgent(fanout.claim_fanout_tasks, self.node.id, self.now, 1_000, 1_000, {})
        sizes: dict[Any, int] = {}
        index = self._index()
        for task in sorted(tasks, key=lambda task: task.workspace_id == self.apart.workspace):
            fire = await self.store.read(ledger.get_fire, task.workspace_id, task.fire_id)
            what = (index[task.schedule_id], fire.slot_ms, fire.kind)
            keys = [f"row {n}" for n in range(sizes.setdefault(what, self.chance.randint(0, 3)))]
            step = 1 if task.workspace_id == self.apart.workspace else max(1, len(keys))
            pieces = [keys[n : n + step] for n in range(0, len(keys), step)] or [[]]
            for number, piece in enumerate(pieces):
                texts = [AudienceText(key, f'{{"key":"{key}"}}') for key in piece]
                last = number == len(pieces) - 1
                try:
                    task = await self.store.write(
                        fanout.write_chunk,
                        task,
                        fanout.prepare(task, texts, True),
                        piece[-1] if piece else None,
                        len(keys),
                        last,
                        self.now,
                    )
                except FanoutLost:  # the fire was ended meanwhile, and its twin's as well
                    break

    def _index(self) -> dict[bytes, int]:
        return {schedule.id: number for number, pair in enumerate(self.pairs) for schedule in pair}

    async def claim(self) -> None:
        works = await self.node.claim(self.now)
        if self.chance.random() < 0.7:
            begun = [BegunRun(work.id, self.node.id, work.epoch, self.now) for work in works]
            await self.store.urgent(dispatch.mark_begun, begun)
        index = self._index()
        found: dict[Any, dict[bool, Work]] = {}
        for work in works:
            run = work.run
            what = (index[run.schedule_id], run.slot_ms, run.row_key, run.fire_kind, run.mode, work.epoch)
            found.setdefault(what, {})[run.workspace_id == self.apart.workspace] = work
        for what, pair in found.items():
            assert set(pair) == {False, True}, f"only one of the twins was claimed: {what}"
            self.held[what] = (pair[False], pair[True])

    async def record(self) -> None:
        """Some of the claimed runs have ended; also such as were taken away from their node."""
        chosen = self._shuffled(sorted(self.held))[: self.chance.randint(1, 12)]
        batch, single = list[Any](), list[Any]()
        for what in chosen:
            outcome = self.chance.choice(OUTCOMES)
            one, twin = self.held.pop(what)
            one.started_ms = twin.started_ms = one.started_ms or self.now
            judged = judge(one, outcome, self.now)
            batch.append(judged)
            # A chance that is drawn by the run's id decides when the next attempt is made: the twin's is the same.
            end = replace(judge(twin, outcome, self.now).end, state=judged.end.state)
            single.append(replace(judged, end=end, epoch=twin.epoch, target_id=twin.target.id))
        refused = await self._tell(batch)
        late: set[int] = set()
        index = self._index()
        # Fires with an audience end in the order in which they began, whatever the order of their rows.
        order = sorted(
            range(len(batch)), key=lambda n: b"" if batch[n].end.single else batch[n].end.fire_id or b""
        )
        for schedule in self._shuffled(range(len(self.pairs))):
            for number in order:
                attempt = single[number]
                if index[attempt.end.schedule_id] == schedule and await self._tell([attempt]):
                    late.add(number)
        assert {attempt.end.run_id for number, attempt in enumerate(batch) if number in late} == set(refused)

    async def _tell(self, ended: Sequence[Any]) -> list[bytes]:
        """As a worker does: the usual way, and the careful one where a lease was lost."""
        if not ended:
            return []
        try:
            return await self.node.tell(ended, self.now)
        except LeaseLost:
            return await self.node.tell(ended, self.now, careful=True)

    async def hand_back(self) -> None:
        """Runs go back to the queue and are claimed again; what their node says of the first time comes too late."""
        chosen = self._shuffled(sorted(self.held))[: self.chance.randint(1, 4)]
        pairs = [self.held[what] for what in chosen]
        await self.store.urgent(
            dispatch.hand_back, self.node.id, [(work.id, work.epoch) for work, _ in pairs], self.now
        )
        for _, work in self._shuffled(pairs):
            await self.store.urgent(dispatch.hand_back, self.node.id, [(work.id, work.epoch)], self.now)
        await self.claim()

    async def cancel(self) -> None:
        if not self.held:
            return
        self.now += 1
        works = self.held[self.chance.choice(sorted(self.held))]
        answers = []
        for tenant, work in zip((self.together, self.apart), works, strict=True):
            try:
                run = await self.store.urgent(runs.cancel_run, tenant.workspace, work.id, self.now)
                answers.append(run.state)
            except Conflict as error:
                answers.append(str(error))
        assert answers[0] == answers[1]

    async def compare(self, done: Sequence[str]) -> None:
        for number, (one, twin) in enumerate(self.pairs):
            batch, single = await look(self.together, one), await look(self.apart, twin)
            for name in batch:
                assert batch[name] == single.get(name), f"schedule {number}, {name}, after {', '.join(done)}"


@pytest.mark.parametrize("seed", range(1, HISTORIES + 1))
async def test_a_batch_does_what_one_by_one_would_do(store, seed):
    chance = random.Random(seed)
    together, apart = await Tenant.open(store), await Tenant.open(store)
    twins = Twins(together, apart, await Node.start(store), chance)
    await twins.make()
    steps = [twins.tick] * 5 + [twins.claim] * 4 + [twins.record] * 4 + [twins.fan_out] * 2
    steps += [twins.change, twins.fire, twins.hand_back, twins.cancel]
    done: list[str] = []
    for _ in range(STEPS):
        step = chance.choice(steps)
        done.append(step.__name__)
        await step()
        await twins.compare(done)
    assert [fire for one, _ in twins.pairs for fire in await together.fires(one)]
