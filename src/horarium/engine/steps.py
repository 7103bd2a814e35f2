"""The steps of the engine. Each does one piece of work and returns whether there may be more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id
from horarium.domain.places import UNBOUNDED, LaneRoom
from horarium.engine.figures import EngineFigures
from horarium.service.clock import Clock
from horarium.service.failure_log import FailureLog
from horarium.store.base import Duplicate, Store
from horarium.store.verbs import idempotency, meta, quotas, upkeep
from horarium.store.verbs import nodes as node_verbs
from horarium.store.verbs import release as release_verbs
from horarium.store.verbs import runs as run_verbs
from horarium.store.verbs.release import Released
from horarium.times import TZDATA_VERSION

_log = structlog.get_logger(__name__)

# Schedules in one release. A herd shares its plans and its flush within a batch: 4,000 at once go half as
# fast again as 1,000, and hold the writer for a tenth of a second.
RELEASE_BATCH = 4_096
# How many when nothing came before: the first runs of a herd are on their way while the others are released, and what
# other workspaces have due in the same second does not wait for much of the herd.
FIRST_BATCH = 128
# How long a release should take while other workspaces have schedules due, and the least that one takes then.
SHARED_RELEASE_MS = 50
LEAST_BATCH = 256
UPKEEP_BATCH = 500
# The class of the failure of a run that its target has not finished before its deadline.
NOT_FINISHED = "not_finished"
# How long a node's connection may be away: it connects again within a fraction of this, unless it was killed.
SILENT_MS = 1_500
DAY_MS = 86_400_000


def next_batch(batch: int, released: Released, took_ms: float) -> int:
    """How many schedules the next release takes at most, after one of up to `batch` schedules that took so long.

    A large batch is cheaper for each schedule. But where other workspaces have schedules due, or soon will, theirs wait
    for the end of the batch.
    """
    if not released.full:
        return FIRST_BATCH
    if released.ahead:
        return batch
    if not released.shared:
        return RELEASE_BATCH
    return min(RELEASE_BATCH, max(LEAST_BATCH, int(batch * SHARED_RELEASE_MS / max(took_ms, 1.0))))


@dataclass(frozen=True, slots=True)
class Engine:
    """What the steps work on. `node` is the id of this process among the nodes, `retention_ms` how long history is
    kept (0: for ever)."""

    store: Store
    clock: Clock
    node: Id
    retention_ms: int = 0
    # Since when each other node is not connected any more; None while it is. Of one that was never seen to be
    # (a pooler between it and the database hides its name) the lease alone tells.
    silent_since: dict[Id, int | None] = field(default_factory=dict)
    figures: EngineFigures = field(default_factory=EngineFigures)
    failures: FailureLog = field(default_factory=FailureLog)
    # Up to which run and which fire history has been deleted in this round.
    forgotten_to: list[Id] = field(default_factory=lambda: [LOWEST_ID, LOWEST_ID])

    async def release(
        self,
        room: int,
        batch: int = RELEASE_BATCH,
        lane_room: LaneRoom = UNBOUNDED,
        few_first: bool = False,
    ) -> Released:
        """Fire what is due, up to one batch; runs up to `room` are claimed at birth for this node's worker.
        `few_first`: whether workspaces with few schedules due go alone, ahead of the others."""
        what = self.clock.now_ms(), batch, self.node, room
        try:
            return await self.store.urgent(
                release_verbs.release, *what, lane_room=lane_room, few_first=few_first
            )
        except Duplicate:
            return await self.store.urgent(
                release_verbs.release, *what, careful=True, lane_room=lane_room, few_first=few_first
            )

    async def earliest_due(self) -> int | None:
        """When the next schedule is due (ms), or None."""
        return await self.store.read(release_verbs.earliest_due)

    async def recover(self) -> bool:
        """Free the runs of nodes whose lease has lapsed, or whose connection has been gone for SILENT_MS.

        All in one go, and there is never more at once: what a living node claims again meanwhile (every lease has
        lapsed when the clock leaps forward) must not be taken from it in circles.
        """
        now = self.clock.now_ms()
        others = await self.store.urgent(node_verbs.others, self.node, now)
        self._note_silence(others.connected, now)
        gone = [
            node
            for node, since in self.silent_since.items()
            if since is not None and now - since >= SILENT_MS
        ]
        if gone or others.lapsed:
            await self.store.urgent(node_verbs.free_lapsed, now, self.node, gone)
        return False

    def _note_silence(self, nodes: Mapping[Id, bool], now: int) -> None:
        for node in self.silent_since.keys() - nodes.keys():
            del self.silent_since[node]
        for node, connected in nodes.items():
            if connected:
                self.silent_since[node] = None
            elif node in self.silent_since and self.silent_since[node] is None:
                self.silent_since[node] = now

    async def expire(self) -> bool:
        """Fail the runs whose target has not finished them in time."""
        now = self.clock.now_ms()
        ended = await self.store.urgent(run_verbs.expire_callbacks, now, UPKEEP_BATCH)
        for callback in ended:
            self.failures.failed(
                now,
                callback.run_id,
                callback.workspace_id,
                callback.target_id,
                failure=NOT_FINISHED,
                attempt=callback.attempt,
                schedule_id=callback.schedule_id,
                fire_id=callback.fire_id,
            )
        return len(ended) == UPKEEP_BATCH

    async def tell_failures(self) -> bool:
        """Write how many lines of failed runs were left out of the log, at the end of each period."""
        self.failures.flush(self.clock.now_ms())
        return False

    async def unstick(self) -> bool:
        """Start waiting fires of schedules that have no open fire, a piece of the schedules at a time. Always False."""
        after = LOWEST_ID
        while True:
            _, after = await self.store.urgent(upkeep.unstick, self.clock.now_ms(), UPKEEP_BATCH, after)
            if after == LOWEST_ID:
                return False

    async def rezone(self) -> bool:
        """Compute again where the data of a time zone have changed: the next slots of schedules, and when windows begin
        next, one batch of each. A node with older data than another node does not."""
        highest = await self.store.urgent(meta.raise_zone_data, TZDATA_VERSION)
        if highest != TZDATA_VERSION:
            _log.warning("older_zone_data", ours=TZDATA_VERSION, highest=highest, consequence="does not plan")
            return False
        return await self.store.urgent(upkeep.rezone, self.clock.now_ms(), UPKEEP_BATCH) == UPKEEP_BATCH

    async def forget(self) -> bool:
        """Delete answers to requests of more than a day ago, one batch. Add up what the engine has deleted since the
        last time."""
        before = self.clock.now_ms() - idempotency.KEPT_MS
        forgotten = await self.store.write(idempotency.forget_answers, before, UPKEEP_BATCH)
        await self.store.write(quotas.settle_all_freed, UPKEEP_BATCH)
        return forgotten > 0

    async def forget_history(self, limit: int) -> int:
        """Delete up to `limit` each of the fires, runs, spans and pauses that are beyond the retention time, a piece
        further each time. `limit` or more while there may be more."""
        if not self.retention_ms:
            return 0
        before = self.clock.now_ms() - self.retention_ms
        found, *looked_to = await self.store.write(upkeep.forget, before, limit, *self.forgotten_to)
        all_seen = looked_to == [HIGHEST_ID, HIGHEST_ID]
        self.forgotten_to[:] = [LOWEST_ID, LOWEST_ID] if all_seen else looked_to
        self.figures.forgot(found, more=found >= limit)
        return found if all_seen else max(found, limit)

    async def give_back_space(self) -> bool:
        """Make the database file smaller by a piece where much of it is empty. Whether it was."""
        return await self.store.write(upkeep.give_back_space)
