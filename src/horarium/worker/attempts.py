"""The attempts of a worker: each takes the next run from the lanes, calls its executor, and says what is recorded."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

import structlog

from horarium.domain.errors import HorariumError, Unavailable
from horarium.domain.execution import Call, Executor, Outcome, TakesMany, TimeIsUp, Verdict, broke_down
from horarium.domain.ids import Id
from horarium.domain.target import Completion
from horarium.domain.waiting import NOTED_FROM_MS, WaitCause, added
from horarium.service.breakdowns import places_of
from horarium.service.clock import Clock
from horarium.store.base import Store
from horarium.store.verbs import dispatch
from horarium.store.verbs.dispatch import Ended, OpenCallback
from horarium.worker.lanes import Lanes
from horarium.worker.recorder import Recorder
from horarium.worker.work import Together, Work, call_of, cancelled, judge, obstacle

if TYPE_CHECKING:
    from horarium.worker.tracing import Tracing

_log = structlog.get_logger(__name__)

# Attempts that an executor which takes many is given at once. They are made without a pause in the event loop, for some
# 50 us each.
MOST_TOGETHER = 32
# How long an attempt may wait for its time in a worker's hands.
LONG_EARLY_MS = 1_000
# How long to wait before the store is asked again.
TROUBLE_S = 0.5


def _broken_down(work: Work, error: BaseException | None) -> Outcome:
    """The outcome of an attempt in which the executor itself has failed, and a line in the log. `error` is None where
    it said nothing."""
    _log.error("executor_failed", executor=work.target.executor, places=places_of(error))
    return broke_down(error)


class Attempts:
    """The attempts of one worker. `forget`: takes a run out of the worker's hands of which nothing is recorded; the
    other arguments are the worker's."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        node: Id,
        executors: Mapping[str, Executor],
        lanes: Lanes,
        recorder: Recorder,
        forget: Callable[[Work], None],
        callback_base: str | None,
        may_work: Callable[[], bool],
        tracing: Tracing | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._node = node
        self._executors = executors
        self._many = {
            name: executor for name, executor in executors.items() if isinstance(executor, TakesMany)
        }
        self._lanes = lanes
        self._recorder = recorder
        self._forget = forget
        self._callback_base = callback_base
        self._may_work = may_work
        self._tracing = tracing
        # The runs under way, in the order in which they began, each with its task.
        self.doing: dict[Id, asyncio.Task[None]] = {}

    def start(self, takers: asyncio.TaskGroup, places: int) -> None:
        """Start a taker for each place, as tasks of a group. A fault of one ends them all."""
        self._takers = takers
        for _ in range(places):
            takers.create_task(self._take_turns())

    def replace_taker(self, together: Together | None) -> None:
        """Have another taker in place of one whose attempt was parked: one for all attempts that it has."""
        if together is not None:
            if together.replaced:
                return
            together.replaced = True
        self._takers.create_task(self._take_turns())

    def stop(self, work: Work) -> None:
        """End an attempt, or what would have become one. What is recorded of it is said by `_ended_by_us`."""
        if work.stopped:
            return
        work.stopped = True
        task, together = self.doing.get(work.id), work.together
        if together is not None:
            self._end_one(work, together, self._ended_by_us(work))
            if not together.left:
                together.broken_off = True
                together.task.cancel()
        elif task is not None:
            task.cancel()
        elif not work.begun:
            self._recorder.add(cancelled(work, self._clock.now_ms()))

    async def _take_turns(self) -> None:
        """One taker: one attempt after the other, or some together. It ends with an attempt that was parked, because
        another taker has its place by then."""
        task, parked = asyncio.current_task(), False
        assert task is not None
        while not (parked or task.cancelling()):  # an executor may have kept to itself that the worker ends
            work = await self._lanes.get()
            if self._goes_with_others(work, self._clock.now_ms()):
                parked = await self._attempt_together(work)
            else:
                parked = await self._attempt_alone(work)
            del work  # or an idle taker would keep the run and its target's configuration in memory

    async def _attempt_alone(self, work: Work) -> bool:
        """One attempt, until it has ended; whether it was parked."""
        task = asyncio.current_task()
        assert task is not None
        if work.parked:
            self.replace_taker(None)
        self.doing[work.id] = task
        work.begun = True
        try:
            ended = await self._attempt(work)
        except asyncio.CancelledError:
            if not work.stopped:
                raise
            task.uncancel()
            ended = self._ended_by_us(work)
        else:
            if work.stopped and task.cancelling():  # the target's code swallowed the cancellation
                task.uncancel()
        finally:
            if self.doing.get(work.id) is task:
                del self.doing[work.id]
            parked = work.parked
            self._lanes.end(work)
        if ended is not None:
            self._recorder.add(ended)
        return parked

    def _goes_with_others(self, work: Work, now: int) -> bool:
        """Whether an attempt can be one of many that its executor is given at once: nothing has to be waited for or
        written before it."""
        target = work.target
        return (
            target.executor in self._many
            and target.completion != Completion.CALLBACK
            and work.run.due_ms <= now
        )

    async def _attempt_together(self, first: Work) -> bool:
        """The attempt of a run, and of those behind it that go to the same executor, until all have ended; whether one
        of them was parked."""
        task, kind, now = asyncio.current_task(), first.target.executor, self._clock.now_ms()
        assert task is not None

        def alike(work: Work) -> bool:
            return work.target.executor == kind and self._goes_with_others(work, now)

        works = [first, *self._lanes.more(alike, MOST_TOGETHER - 1)]
        together = Together(task, len(works))
        for work in works:
            self.doing[work.id] = task
            work.begun, work.together = True, together
            if work.parked:
                self.replace_taker(together)
        wrong: BaseException | None = None
        try:
            await self._submit(kind, works, together, now)
        except (Exception, asyncio.CancelledError) as error:
            wrong = error
        if together.broken_off:  # whatever the executor has made of the cancellation
            task.uncancel()
        try:
            if isinstance(wrong, asyncio.CancelledError) and task.cancelling():
                self._end_untold(works, together, lambda work: None)
                raise wrong
            self._end_untold(works, together, lambda work: self._judged(work, _broken_down(work, wrong)))
            return together.replaced
        finally:
            # Its traceback has this frame, so both would keep the runs until garbage is collected.
            wrong = None

    async def _submit(self, kind: str, works: Sequence[Work], together: Together, now: int) -> None:
        """Give runs to an executor that takes many, and end each when it tells what came of it."""
        calls, sent = list[Call](), list[Work]()
        for work in works:
            if not self._may_work():  # somebody else may have it by now: what we cannot be sure of we leave
                self._forget(work)
                self._end_one(work, together, None)
                continue
            hindered = self._begin(work, now)
            if hindered is not None:
                self._end_one(work, together, hindered)
                continue
            try:
                calls.append(self._call(work, now))
            except Exception as error:
                self._end_one(work, together, self._judged(work, _broken_down(work, error)))
            else:
                sent.append(work)

        def tell(number: int, outcome: Outcome) -> None:
            work = sent[number]
            if work.together is together:  # we have not ended it meanwhile
                self._end_one(work, together, self._judged(work, outcome))

        if calls:
            await self._many[kind].submit_many(calls, tell)

    def _end_untold(
        self, works: Sequence[Work], together: Together, ended: Callable[[Work], Ended | None]
    ) -> None:
        for work in works:
            if work.together is together:
                self._end_one(work, together, ended(work))

    def _end_one(self, work: Work, together: Together, ended: Ended | None) -> None:
        """End one of several attempts that were made together. `ended` is None where nothing is recorded of it."""
        work.together = None
        together.left -= 1
        if self.doing.get(work.id) is together.task:
            del self.doing[work.id]
        self._lanes.end(work)
        self._lanes.wake()
        if ended is not None:
            self._recorder.add(ended)

    async def _attempt(self, work: Work) -> Ended | None:
        """One attempt, from the check of the clock to the outcome; None where the run is not ours any more."""
        now = self._clock.now_ms()
        early = work.run.due_ms - now
        if early > LONG_EARLY_MS:
            await self._put_off(work)
            return None
        if early > 0:
            await asyncio.sleep(early / 1000)
            return await self._attempt(work)
        if not self._may_work():  # somebody else may have it by now: what we cannot be sure of we leave
            self._forget(work)
            return None
        hindered = self._begin(work, now)
        if hindered is not None:
            return hindered
        if work.target.completion == Completion.CALLBACK and not await self._open_callback(work, now):
            self._forget(work)
            return None
        executor = self._executors.get(work.target.executor)
        if executor is None:
            words = f"this server has no executor {work.target.executor!r}: install its plug-in"
            return self._judged(work, Outcome(Verdict.FAILED, error=words, retryable=False))
        try:
            outcome = await executor.execute(self._call(work, now))
        except (Exception, asyncio.CancelledError) as error:
            # A fault of the executor's own must end this run, not the worker.
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            outcome = _broken_down(work, error)
        return self._judged(work, outcome)

    def _begin(self, work: Work, now: int) -> Ended | None:
        """Begin an attempt; what is recorded of it where it must not be made."""
        work.started_ms = now
        if now - work.run.ready_ms >= NOTED_FROM_MS and work.lane is not None:
            work.waited = self._lanes.waits(work.lane, now - work.run.ready_ms)
        hindrance = obstacle(work)
        if hindrance is None:
            return None
        ended = judge(work, Outcome(Verdict.FAILED, error=hindrance, retryable=False), now)
        work.started_ms = 0  # it was counted, and is not sent
        return ended

    def _judged(self, work: Work, outcome: Outcome) -> Ended:
        """What is recorded of an attempt whose executor has told what came of it."""
        work.outcome = outcome
        if outcome.waited_ms:
            work.waited = added(work.waited or {}, {WaitCause.DATABASE: outcome.waited_ms})
        return judge(work, outcome, self._clock.now_ms())

    async def _put_off(self, work: Work) -> None:
        """Hand back a run whose time is far off since the clock went back: nobody waits for it in place of others."""
        try:
            held, now = [(work.id, work.epoch)], self._clock.now_ms()
            await self._store.urgent(dispatch.hand_back, self._node, held, now, work.run.due_ms)
        except HorariumError as error:
            _log.warning("run_not_put_off", error=str(error))  # found as a stray then
        self._forget(work)

    def _call(self, work: Work, now: int) -> Call:
        """What the executor is given."""
        if not work.run.attempts:
            self._lanes.figures.sent.add(max(0, now - work.run.due_ms))
        call = call_of(work, now, self._callback_base)
        if self._tracing is not None:
            call.traceparent = self._tracing.traceparent(work.id, work.epoch, work.attempt)
        return call

    async def _open_callback(self, work: Work, now: int) -> bool:
        work.callback_token = secrets.token_urlsafe(32)
        callback = OpenCallback(
            work.id,
            work.epoch,
            work.run.workspace_id,
            work.target.id,
            work.attempt,
            sha256(work.callback_token.encode()).digest(),
            now,
            now + work.target.deadline_ms,
            work.target.deadline_ms,
        )
        while True:
            try:
                await self._store.urgent(dispatch.open_callback, self._node, callback)
                return True
            except dispatch.LeaseLost:
                return False
            except Unavailable as error:  # asking twice is the same as once; the lease tells when to give up
                _log.warning("callback_not_opened", error=str(error))
                await asyncio.sleep(TROUBLE_S)

    def _ended_by_us(self, work: Work) -> Ended:
        now = self._clock.now_ms()
        if work.overran:
            words = TimeIsUp.ANY.after(work.timeout_ms)
            work.outcome = Outcome(Verdict.FAILED, error=words)
            return judge(work, work.outcome, now)
        return cancelled(work, now)
