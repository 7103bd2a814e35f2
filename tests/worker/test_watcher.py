"""The looks at runs that other engines have, with an engine that the test plays."""

import asyncio
from types import SimpleNamespace

import pytest
import pytest_asyncio
import structlog

from horarium.domain.errors import Unavailable
from horarium.domain.execution import Outcome, Refused, Verdict
from horarium.domain.ids import prefixed, random_id
from horarium.domain.look_shares import NEW, LookTurn, UnderLook
from horarium.domain.target import Completion, Target, TargetKind
from horarium.domain.watching import ELSEWHERE, TROUBLE
from horarium.store.base import CANCELLED, DUE, LOOK, READY
from horarium.store.sqlite.migrate import migrate_sqlite
from horarium.store.vault import Vault, new_key
from horarium.store.verbs import dispatch, runs, shares, watching
from horarium.store.verbs.tenancy import Share
from horarium.worker import watcher as watcher_module
from horarium.worker.watcher import BETWEEN_S, CANCELS_S, TAKEN_MS, WATCH_S, Watcher
from tests.simulation.loop import run_in_virtual_time
from tests.support.inline_store import InlineSqliteStore
from tests.support.tenant import HOUR, MINUTE, NOON, Node, Tenant, states

SECOND = 1_000
NOW = NOON + MINUTE


class Clock:
    def __init__(self):
        self.at = NOW

    def now_ms(self):
        return self.at


class PlayedEngine:
    """Says of each handle what the test has put down, and remembers what it was asked to end."""

    type = "played"

    def __init__(self):
        self.outcomes = {}
        self.cancelled = []
        self.fault = None
        self.asked = 0
        self.in_the_name_of = []
        self.configs = []

    def watchable(self, config):
        return True

    async def watch(self, target, watched):
        self.asked += 1
        self.in_the_name_of.append(target.workspace_id)
        self.configs.append(dict(target.config))
        if self.fault is not None:
            raise self.fault
        return {run.run_id: self.outcomes[run.handle] for run in watched if run.handle in self.outcomes}

    async def cancel(self, target, run):
        if self.fault is not None:
            raise self.fault
        self.cancelled.append(run.handle)


@pytest.fixture
def clock():
    return Clock()


@pytest_asyncio.fixture
async def store(clock):
    made = InlineSqliteStore(clock.now_ms)
    migrate_sqlite(made.connection)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def tenant(store):
    return await Tenant.open(store)


@pytest.fixture
def engine():
    return PlayedEngine()


def clean(text, secrets):
    return text.replace("s3cret", "***")


@pytest.fixture
def looking(store, clock, engine):
    return Watcher(store, clock, {"played": engine}, Vault([new_key()]), clean)


async def watched_target(tenant, executor="played"):
    return await tenant.add_target(
        executor=executor, config={}, completion=Completion.WATCH, deadline_ms=HOUR
    )


async def given_away(tenant, handles, executor="played", target=None):
    target = target or await watched_target(tenant, executor)
    schedules = await tenant.schedules(len(handles), "1 12 * * *", target_id=target)
    await tenant.release(NOW)
    node = await Node.start(tenant.store)
    works = sorted(await node.claim(NOW), key=lambda work: work.run.schedule_id)
    for work, handle in zip(works, handles, strict=True):
        await node.record([work], Outcome(Verdict.ACCEPTED, handle=handle), NOW)
    return sorted(schedules, key=lambda schedule: schedule.id), works


async def look(looking):
    """One turn of looks, until all have ended; when the next run is to be looked at."""
    await looking.begin()
    await looking.ended()
    return await looking.begin()


async def test_runs_end_as_their_engine_says_and_others_are_looked_at_again(
    tenant, store, clock, engine, looking
):
    schedules, _ = await given_away(tenant, ["a", "b", "c"])
    assert await look(looking) == NOW + SECOND
    assert engine.asked == 0
    engine.outcomes = {
        "a": Outcome(Verdict.SUCCEEDED, output={"rows": 3}),
        "b": Outcome(Verdict.FAILED, error="broken there"),
    }
    clock.at += 16 * SECOND
    assert await look(looking) == clock.at + 2 * SECOND
    found = [(await tenant.runs(schedule))[0] for schedule in schedules]
    assert states(found) == ["succeeded", "failed", "running"]
    assert [run.output for run in found] == ['{"rows":3}', None, None]
    assert found[1].error == "broken there"
    assert engine.asked == 1
    assert engine.in_the_name_of == [tenant.workspace]


async def test_a_run_that_is_given_to_its_engine_or_cancelled_wakes_the_looks_without_the_poll(
    tenant, store, looking
):
    waiting = asyncio.create_task(looking._alarm.wait(None, 3_600))
    await asyncio.sleep(0)
    _, (work,) = await given_away(tenant, ["a"])
    await asyncio.wait_for(waiting, 60)
    waiting = asyncio.create_task(looking._alarm.wait(None, 3_600))
    await asyncio.sleep(0)
    await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    await asyncio.wait_for(waiting, 60)


def test_the_looks_hear_of_runs_and_of_cancellations_and_of_nothing_else(looking, monkeypatch):
    rung = []
    monkeypatch.setattr(looking._alarm, "ring", lambda at_ms=0: rung.append(at_ms))
    for topic in (LOOK, CANCELLED, DUE, READY):
        looking._hear(topic, 77)
    assert rung == [77, 0]


async def test_while_no_run_is_to_be_looked_at_yet_the_database_is_asked_for_the_next_time_alone(
    tenant, store, clock, looking, monkeypatch
):
    await given_away(tenant, ["a"])
    asked, read = [], store.read

    async def reading(verb, *args, **kwargs):
        asked.append(verb)
        return await read(verb, *args, **kwargs)

    monkeypatch.setattr(store, "read", reading)
    for at, verbs in (
        (NOW + SECOND - 1, [watching.earliest_look]),
        (NOW + SECOND, [watching.earliest_look, watching.targets_to_look_at]),
    ):
        asked.clear()
        clock.at = at
        await looking.begin()
        assert asked[:2] == verbs
    await looking.ended()


@pytest.mark.parametrize(("targets", "again"), [(1, False), (2, True), (3, True)])
async def test_where_a_turn_has_seen_as_many_targets_as_it_may_the_next_one_follows_at_once(
    tenant, store, clock, looking, monkeypatch, targets, again
):
    monkeypatch.setattr(watcher_module, "MOST_TARGETS", 2)
    for _ in range(targets):
        await given_away(tenant, ["a"])
    clock.at += 2 * SECOND
    assert (await looking.begin() == clock.at) is again
    await looking.ended()


async def test_the_end_of_a_look_begins_the_next_turn_without_the_poll(tenant, store, clock):
    """The runs of a target wait until the look at others of it has ended."""
    silent = Silent()
    looking = Watcher(store, clock, {"silent": silent}, Vault([new_key()]), clean, poll_s=3_600.0)
    await given_away(tenant, ["s"] * 12, executor="silent")  # the first look is at ten
    clock.at += 2 * SECOND
    loop = asyncio.create_task(looking.loop())
    async with asyncio.timeout(60):
        while silent.asked < 10:
            await asyncio.sleep(0)
        silent.back.set()
        while silent.asked < 12:
            await asyncio.sleep(0)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


async def test_while_looks_are_under_way_it_is_known_of_each_target_whose_it_is_and_how_many_they_are(
    tenant, store, clock, engine, looking
):
    other = await Tenant.open(store)
    some, others = await watched_target(tenant), await watched_target(other)
    await given_away(tenant, ["a"], target=some)
    await given_away(other, ["b", "c", "d"], target=others)
    clock.at += 8 * SECOND
    await looking.begin()
    assert looking._under_look == {
        some: UnderLook(tenant.workspace, 1),
        others: UnderLook(other.workspace, 3),
    }
    # Until then no other node takes them, unless this one takes longer than looks may take.
    assert await store.read(watching.earliest_look) == clock.at + TAKEN_MS
    assert 1_000 * (WATCH_S + CANCELS_S) < TAKEN_MS
    await looking.ended()
    assert looking._under_look == {}


async def test_each_turn_of_looks_begins_behind_the_target_of_the_last_one_and_when_that_has_said(
    tenant, store, clock, looking, monkeypatch
):
    asked, judged, ends = [], [], iter((b"b", b"d", b"a"))
    read = store.read

    async def noted(verb, *given):
        if verb is watching.targets_to_look_at:
            asked.append(given[0])
        return await read(verb, *given)

    def turn(targets, now, under_look, standings, after):
        judged.append(after)
        return LookTurn({}, next(ends), clock.at + 7_000)

    await given_away(tenant, ["a"])
    clock.at += 8 * SECOND
    monkeypatch.setattr(store, "read", noted)
    monkeypatch.setattr(watcher_module, "turn_of_looks", turn)
    for _ in range(3):
        assert await looking.begin() == clock.at + 7_000  # what is due already is under look elsewhere
    assert asked == judged == [dispatch.BEFORE_ALL, b"b", b"d"]
    monkeypatch.undo()


async def test_between_two_turns_the_looks_wait_until_they_are_woken(looking, monkeypatch):
    begun, woken = [], asyncio.Event()

    async def begin():
        begun.append(True)

    async def wait(due_ms, poll_s):
        await woken.wait()
        woken.clear()

    monkeypatch.setattr(looking, "begin", begin)
    monkeypatch.setattr(looking._alarm, "wait", wait)
    monkeypatch.setattr(watcher_module, "BETWEEN_S", 0.0)
    monkeypatch.setattr(watcher_module, "BETWEEN_TIMES", 0)
    loop = asyncio.create_task(looking.loop())
    for turn in (1, 2, 3):
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(begun) == turn
        woken.set()
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


def test_while_the_database_is_away_it_is_asked_for_looks_twice_a_second_and_each_try_is_told_in_the_log():
    begun = []

    async def story():
        loop = asyncio.get_running_loop()
        store = SimpleNamespace(listen=lambda hear: None)
        looking = Watcher(store, Clock(), {}, Vault([new_key()]), clean, poll_s=5.0)

        async def begin():
            begun.append(round(loop.time(), 2))
            if len(begun) < 4:
                raise Unavailable("the database is away")

        looking.begin = begin
        going = asyncio.create_task(looking.loop())
        await asyncio.sleep(6)
        going.cancel()

    with structlog.testing.capture_logs() as lines:
        run_in_virtual_time(story())
    assert begun == [0.0, 0.5, 1.0, 1.5]
    told = {"log_level": "warning", "event": "looks_failed", "error": "the database is away"}
    assert lines == [told] * 3


async def test_a_node_that_has_lost_its_lease_looks_at_nothing_until_it_has_one_again(
    tenant, store, clock, engine, monkeypatch
):
    monkeypatch.setattr(watcher_module, "BETWEEN_S", 0.0)
    held = False
    looking = Watcher(
        store, clock, {"played": engine}, Vault([new_key()]), clean, poll_s=0.0, may_work=lambda: held
    )
    await given_away(tenant, ["a"])
    clock.at += 2 * SECOND
    loop = asyncio.create_task(looking.loop())
    for _ in range(50):
        await asyncio.sleep(0)
    assert engine.asked == 0
    held = True
    async with asyncio.timeout(20):
        while not engine.asked:
            await asyncio.sleep(0)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


@pytest.mark.parametrize(("took_s", "rest_s"), [(0.0, BETWEEN_S), (0.004, BETWEEN_S), (0.5, 2.0)])
async def test_between_two_turns_the_looks_rest_for_four_times_as_long_as_the_search_for_runs_took(
    looking, monkeypatch, took_s, rest_s
):
    loop, now, rested = asyncio.get_running_loop(), 1_000.0, []

    async def begin():
        nonlocal now
        now += took_s

    async def sleep(seconds):
        rested.append(seconds)
        raise asyncio.CancelledError

    monkeypatch.setattr(looking, "begin", begin)
    with monkeypatch.context() as patched:
        patched.setattr(loop, "time", lambda: now)
        patched.setattr(asyncio, "sleep", sleep)
        with pytest.raises(asyncio.CancelledError):
            await looking.loop()
    assert rested == [pytest.approx(rest_s)]


@pytest.mark.parametrize("away", ["looks", "cancellations"])
async def test_an_engine_that_answers_to_one_of_two_things_is_there_and_asked_as_always(
    tenant, store, clock, away
):
    class HalfAway(PlayedEngine):
        async def watch(self, target, watched):
            self.asked += len(watched)
            if away == "looks":
                raise OSError("no answer")
            return {watched[0].run_id: Refused("not found")} | {
                run.run_id: OSError("no answer") for run in watched[1:]
            }

        async def cancel(self, target, run):
            self.asked += 1
            if away == "cancellations":
                raise OSError("no answer")

    engine = HalfAway()
    looking = Watcher(store, clock, {"played": engine}, Vault([new_key()]), clean)
    _, works = await given_away(tenant, ["s"] * 4)
    for work in works[::2]:
        await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    clock.at += 2 * SECOND
    await looking.begin()
    await looking.ended()
    (standing,) = looking._standings.values()
    assert standing == NEW.after(True, clock.at)


async def test_of_cancellations_that_fail_the_log_tells_how_many_there_are(tenant, store, clock):
    class Stubborn(PlayedEngine):
        async def cancel(self, target, run):
            if run.handle == "b":
                raise OSError("this one cannot be ended")

    looking = Watcher(store, clock, {"played": Stubborn()}, Vault([new_key()]), clean)
    _, works = await given_away(tenant, ["a", "b", "c"])
    for work in works:
        await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    clock.at += 8 * SECOND
    with structlog.testing.capture_logs() as logs:
        await look(looking)
    told = [(line["runs"], line["error"]) for line in logs if line["event"] == "runs_not_cancelled_there"]
    assert told == [(1, "this one cannot be ended")]


async def test_a_run_shows_why_looks_at_it_fail_until_one_succeeds(tenant, store, clock, engine, looking):
    (schedule,), _ = await given_away(tenant, ["a"])

    async def shown():
        await look(looking)
        (run,) = await tenant.runs(schedule)
        clock.at += 61 * SECOND
        return run.state, run.error

    clock.at += SECOND
    engine.fault = OSError("there is no stream of s3cret")
    told = ("running", "the last look at the engine failed: there is no stream of ***")
    assert await shown() == told

    assert await shown() == told
    engine.fault = ZeroDivisionError("s3cret")
    assert await shown() == (
        "running",
        "the last look at the engine failed: the executor broke down (ZeroDivisionError)",
    )
    engine.fault = TimeoutError()
    assert await shown() == ("running", "the last look at the engine failed: no answer")
    engine.fault = None
    assert await shown() == ("running", None)
    assert await shown() == ("running", None)
    engine.outcomes = {"a": Outcome(Verdict.SUCCEEDED)}
    assert await shown() == ("succeeded", None)


async def test_a_run_whose_target_was_deleted_says_so_where_looks_fail(tenant, store, clock, engine, looking):
    """The engine may not know anybody without the secrets that were deleted with the target."""
    target = await watched_target(tenant)
    (schedule,), _ = await given_away(tenant, ["a"], target=target)
    store.connection.execute("UPDATE targets SET deleted_ms = ? WHERE id = ?", (NOW, target))
    clock.at += SECOND
    engine.fault = Refused("no such user")
    await look(looking)
    (run,) = await tenant.runs(schedule)
    assert run.error == TROUBLE + "no such user (the target was deleted, and its secrets with it)"
    engine.fault, engine.outcomes = None, {"a": Outcome(Verdict.SUCCEEDED)}
    clock.at += SECOND
    await look(looking)
    assert states(await tenant.runs(schedule)) == ["succeeded"]


async def test_a_run_that_ends_by_its_deadline_says_why_nothing_was_known_of_it(
    tenant, store, clock, engine, looking
):
    (schedule,), _ = await given_away(tenant, ["a"])
    clock.at += SECOND
    engine.fault = OSError("stream not found")
    await look(looking)
    clock.at += 2 * HOUR
    assert await store.write(runs.expire_callbacks, clock.at, 10)
    (run,) = await tenant.runs(schedule)
    assert run.error == (
        "the target did not finish the run before its deadline; the last look at the engine failed: stream not found"
    )


async def test_a_run_is_looked_at_once_more_just_before_its_deadline(tenant, store, clock, engine, looking):
    """What has ended at its engine in time does not fail because the next look would have come too late."""
    (schedule,), _ = await given_away(tenant, ["a"])
    deadline = NOW + HOUR
    clock.at = deadline - 30 * SECOND
    assert await look(looking) == deadline - 2 * SECOND
    engine.outcomes = {"a": Outcome(Verdict.SUCCEEDED)}
    clock.at = deadline - 2 * SECOND
    assert await look(looking) is None
    assert states(await tenant.runs(schedule)) == ["succeeded"]


@pytest.mark.parametrize("fault", [OSError("away"), RuntimeError("a fault of the executor"), TimeoutError()])
async def test_an_engine_that_cannot_be_asked_is_asked_again_and_ends_nothing(
    tenant, store, clock, engine, looking, fault
):
    (schedule,), _ = await given_away(tenant, ["a"])
    engine.fault = fault
    clock.at += 8 * SECOND
    assert await look(looking) == clock.at + SECOND
    assert states(await tenant.runs(schedule)) == ["running"]
    engine.fault, engine.outcomes = None, {"a": Outcome(Verdict.SUCCEEDED)}
    clock.at += SECOND
    assert await look(looking) is None
    assert states(await tenant.runs(schedule)) == ["succeeded"]


async def test_runs_of_a_shared_target_are_looked_at_in_the_name_of_the_workspace_that_shares_it(
    tenant, store, clock, engine, looking
):
    lender = await Tenant.open(store)
    await given_away(tenant, ["a"], target=await shared_target(lender, tenant))
    clock.at += 8 * SECOND
    await look(looking)
    assert engine.in_the_name_of == [lender.workspace]


async def shared_target(lender, tenant):
    """A watched target that one workspace has and another may use; its id for the other one."""
    lent = await watched_target(lender)
    own = tenant.workspace, TargetKind.TOOL, "?", "played", {}, tenant.principal
    mirror = Target(random_id(NOON), *own, NOON, NOON, shared_from=lent)
    shared, _ = await tenant.store.write(shares.share, shares.TARGETS, lender.workspace, lent, mirror, None)
    return shared.mirror_id


@pytest.mark.parametrize("borrowed", [True, False])
async def test_what_an_engine_says_of_a_run_of_a_shared_target_is_shown_without_the_places_that_it_names(
    tenant, store, clock, engine, looking, borrowed
):
    target = await (shared_target(await Tenant.open(store), tenant) if borrowed else watched_target(tenant))
    (schedule,), _ = await given_away(tenant, ["a"], target=target)
    there, shown = "http://10.1.2.3:7233/x", "***" if borrowed else "http://10.1.2.3:7233/x"
    for found, error in (
        (OSError(f"no answer from {there}"), f"{TROUBLE}no answer from {shown}"),
        (Outcome(Verdict.FAILED, error=f"{there} has ended it"), f"{shown} has ended it"),
    ):
        engine.outcomes = {"a": found}
        clock.at += 16 * SECOND
        await look(looking)
        assert (await tenant.runs(schedule))[0].error == error
    assert states(await tenant.runs(schedule)) == ["failed"]


async def test_an_engine_that_is_silent_holds_up_no_other(tenant, store, clock, engine, monkeypatch):
    monkeypatch.setattr(watcher_module, "WATCH_S", 0.01)

    class Silent(PlayedEngine):
        async def watch(self, target, watched):
            await asyncio.Event().wait()

    looking = Watcher(store, clock, {"played": engine, "silent": Silent()}, Vault([new_key()]), clean)
    await given_away(tenant, ["s"], executor="silent")
    (schedule,), _ = await given_away(tenant, ["a"])
    engine.outcomes = {"a": Outcome(Verdict.SUCCEEDED)}
    clock.at += 2 * SECOND
    await look(looking)
    assert states(await tenant.runs(schedule)) == ["succeeded"]


class Silent(PlayedEngine):
    """Answers to nothing, until it is back."""

    def __init__(self):
        super().__init__()
        self.back = asyncio.Event()

    async def watch(self, target, watched):
        self.asked += len(watched)
        await self.back.wait()
        return await super().watch(target, watched)

    async def cancel(self, target, run):
        self.asked += 1
        await self.back.wait()
        await super().cancel(target, run)


async def turns(looking, clock, seconds):
    """A turn of looks each second, none of which is waited for."""
    for _ in range(seconds):
        async with asyncio.timeout(10):
            await looking.begin()
        for _ in range(20):
            await asyncio.sleep(0)
        clock.at += SECOND


async def test_however_many_runs_a_silent_engine_has_those_of_other_workspaces_are_looked_at_meanwhile(
    tenant, store, clock, engine
):
    silent = Silent()
    looking = Watcher(store, clock, {"played": engine, "silent": silent}, Vault([new_key()]), clean)
    await given_away(tenant, ["s"] * 600, executor="silent")
    others = await Tenant.open(store)
    (schedule,), _ = await given_away(others, ["a"])
    engine.outcomes = {"a": Outcome(Verdict.SUCCEEDED)}
    clock.at += 2 * SECOND
    await turns(looking, clock, 3)
    assert states(await others.runs(schedule)) == ["succeeded"]
    assert silent.asked <= 100  # and no more as long as these have no answer
    silent.back.set()
    await looking.ended()


@pytest.mark.parametrize("over", [False, True], ids=["looks", "cancellations"])
async def test_of_an_engine_that_was_silent_one_run_is_looked_at_until_it_answers(
    tenant, store, clock, monkeypatch, over
):
    for limit in ("WATCH_S", "CANCEL_S"):
        monkeypatch.setattr(watcher_module, limit, 0.0)
    silent = Silent()
    looking = Watcher(store, clock, {"silent": silent}, Vault([new_key()]), clean)
    _, works = await given_away(tenant, ["s"] * 40, executor="silent")
    for work in works if over else ():
        await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    clock.at += 2 * SECOND
    asked = []
    for _ in range(4):
        silent.asked = 0
        await turns(looking, clock, 1)
        await looking.ended()
        asked.append(silent.asked)
    assert asked[0] > 1
    assert max(asked[1:]) == 1


@pytest.mark.parametrize("over", [False, True], ids=["looks", "cancellations"])
async def test_an_engine_that_answers_with_refusals_is_there_and_asked_as_always(tenant, store, clock, over):
    """Runs that were deleted there must not hold up those that it knows."""

    class Refusing(PlayedEngine):
        async def watch(self, target, watched):
            self.asked += len(watched)
            return {run.run_id: Refused("not found") for run in watched}

        async def cancel(self, target, run):
            self.asked += 1
            raise Refused("not allowed")

    refusing = Refusing()
    looking = Watcher(store, clock, {"played": refusing}, Vault([new_key()]), clean)
    _, works = await given_away(tenant, ["s"] * 40)
    for work in works if over else ():
        await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    clock.at += 2 * SECOND
    asked = []
    for _ in range(3):
        refusing.asked = 0
        await looking.begin()
        await looking.ended()
        asked.append(refusing.asked)
    assert asked == [10, 20, 10]


@pytest.mark.parametrize("fault", [OSError("no such job"), KeyError("result"), TimeoutError()])
async def test_a_look_that_fails_is_that_of_its_own_run_alone(tenant, store, clock, engine, looking, fault):
    schedules, _ = await given_away(tenant, ["a", "b", "c"])
    engine.outcomes = {
        "a": Outcome(Verdict.SUCCEEDED),
        "b": fault,
        "c": Outcome(Verdict.FAILED, error="broken there"),
    }
    clock.at += 8 * SECOND
    assert await look(looking) == clock.at + SECOND
    assert states([(await tenant.runs(one))[0] for one in schedules]) == ["succeeded", "running", "failed"]


async def test_a_cancellation_that_fails_holds_up_neither_others_nor_what_has_ended(
    tenant, store, clock, engine, looking
):
    class Stubborn(PlayedEngine):
        async def cancel(self, target, run):
            if run.handle == "b":
                raise RuntimeError("this one cannot be ended")
            await super().cancel(target, run)

    stubborn = Stubborn()
    stubborn.outcomes = {"a": Outcome(Verdict.SUCCEEDED)}
    looking = Watcher(store, clock, {"played": stubborn}, Vault([new_key()]), clean)
    schedules, works = await given_away(tenant, ["a", "b", "c"])
    for work in works[1:]:
        await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    clock.at += 8 * SECOND
    assert await look(looking) == clock.at + SECOND
    assert stubborn.cancelled == ["c"]
    assert states([(await tenant.runs(one))[0] for one in schedules]) == [
        "succeeded",
        "cancelled",
        "cancelled",
    ]


async def test_an_end_that_an_engine_does_not_take_in_time_holds_up_no_other(
    tenant, store, clock, monkeypatch
):
    assert SECOND * (watcher_module.WATCH_S + watcher_module.CANCELS_S) < watcher_module.TAKEN_MS
    monkeypatch.setattr(watcher_module, "CANCELS_AT_ONCE", 1)
    monkeypatch.setattr(watcher_module, "CANCEL_S", 0.01)
    monkeypatch.setattr(watcher_module, "CANCELS_S", 0.9)
    hanging = []

    class Hanging(PlayedEngine):
        async def cancel(self, target, run):
            if not hanging:
                hanging.append(run.handle)
                await asyncio.Event().wait()
            await super().cancel(target, run)

    engine = Hanging()
    looking = Watcher(store, clock, {"played": engine}, Vault([new_key()]), clean)
    _, works = await given_away(tenant, ["a", "b"])
    for work in works:
        await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    await look(looking)
    assert sorted([*hanging, *engine.cancelled]) == ["a", "b"]


async def test_a_target_that_cannot_be_read_holds_up_no_other(tenant, store, clock, engine, looking):
    broken = await watched_target(tenant)
    await given_away(tenant, ["b"], target=broken)
    store.connection.execute("UPDATE targets SET config = 'no JSON' WHERE id = ?", (broken,))
    (schedule,), _ = await given_away(tenant, ["a"])
    engine.outcomes = {"a": Outcome(Verdict.SUCCEEDED)}
    clock.at += 8 * SECOND
    await look(looking)
    assert states(await tenant.runs(schedule)) == ["succeeded"]


async def test_an_output_that_is_hardly_json_ends_its_run_with_what_can_be_kept(
    tenant, store, clock, engine, looking
):
    schedules, _ = await given_away(tenant, ["a", "b"])
    engine.outcomes = {
        "a": Outcome(Verdict.SUCCEEDED, output={"digits": 10**30}),
        "b": Outcome(Verdict.SUCCEEDED, output=3),
    }
    clock.at += 8 * SECOND
    await look(looking)
    assert states([(await tenant.runs(one))[0] for one in schedules]) == ["succeeded", "succeeded"]


async def test_of_an_output_that_is_larger_than_its_workspace_may_store_the_beginning_is_stored(
    store, clock, engine, tenant
):
    other = await Tenant.open(store)
    shares_of = {tenant.workspace: Share(output_bytes=9)}
    looking = Watcher(
        store,
        clock,
        {"played": engine},
        Vault([new_key()]),
        clean,
        share_of=lambda workspace: shares_of.get(workspace, Share()),
    )
    small, _ = await given_away(tenant, ["fits", "list", "text"])
    usual, _ = await given_away(other, ["other"])
    engine.outcomes = {
        "fits": Outcome(Verdict.SUCCEEDED, output=[1, 2, 3, 4]),
        "list": Outcome(Verdict.SUCCEEDED, output=[1, 2, 3, 4, 5]),
        "text": Outcome(Verdict.FAILED, output="a long text", error="broken there"),
        "other": Outcome(Verdict.SUCCEEDED, output=[1, 2, 3, 4, 5]),
    }
    clock.at += 16 * SECOND
    await look(looking)
    assert [(await tenant.runs(one))[0].output for one in small] == [
        "[1,2,3,4]",
        '"[1,2,3,4,"',
        '"a long te"',
    ]
    assert [(await other.runs(one))[0].output for one in usual] == ["[1,2,3,4,5]"]


async def test_the_loop_ends_its_looks_with_itself(tenant, store, clock, monkeypatch):
    monkeypatch.setattr(watcher_module, "WATCH_S", 3_600.0)

    class SlowToEnd(Silent):
        ended = False

        async def watch(self, target, watched):
            try:
                return await super().watch(target, watched)
            finally:
                for _ in range(5):  # it closes a connection
                    await asyncio.sleep(0)
                self.ended = True

    silent = SlowToEnd()
    looking = Watcher(store, clock, {"silent": silent}, Vault([new_key()]), clean)
    await given_away(tenant, ["s"], executor="silent")
    clock.at += 2 * SECOND
    loop = asyncio.create_task(looking.loop())
    while not silent.asked:
        await asyncio.sleep(0)
    loop.cancel()
    async with asyncio.timeout(30):
        await asyncio.gather(loop, return_exceptions=True)
    assert silent.ended
    assert not looking._looks


async def test_failures_that_the_log_has_not_told_yet_are_told_after_each_turn(clock, looking):
    told = []
    looking._failures = SimpleNamespace(flush=told.append)
    loop = asyncio.create_task(looking.loop())
    async with asyncio.timeout(30):
        while not told:
            await asyncio.sleep(0)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    assert told == [clock.at]


def test_of_how_many_targets_it_is_known_how_they_stand_has_a_bound(looking, monkeypatch):
    monkeypatch.setattr(watcher_module, "MOST_KNOWN", 3)
    known = []
    for target in (b"a", b"b", b"c", b"a", b"d", b"e"):
        looking._note_standing(target, False)
        known.append(len(looking._standings))
    assert known == [1, 2, 3, 3, 1, 2]


async def test_an_engine_at_which_our_own_looks_break_down_is_asked_as_one_that_is_silent(
    tenant, clock, engine, looking, monkeypatch
):
    async def broken(*args):
        raise LookupError("a fault of our own")

    target = await watched_target(tenant)
    await given_away(tenant, ["a", "b"], target=target)
    clock.at += 8 * SECOND
    monkeypatch.setattr(looking, "_ask", broken)
    with structlog.testing.capture_logs() as lines:
        await looking.begin()
        await looking.ended()
    told = {"event": "looks_broke_down", "target": target.hex(), "runs": 2, "exc_info": True}
    assert lines == [{"log_level": "error", **told}]
    assert [*looking._standings.values()] == [NEW.after(False, clock.at)]


async def test_a_look_whose_outcome_cannot_be_recorded_begins_the_next_turn_too(
    tenant, store, clock, engine, looking, monkeypatch
):
    rung = []

    async def away(*args, **kwargs):
        raise Unavailable("the database is away")

    target = await watched_target(tenant)
    await given_away(tenant, ["a", "b"], target=target)
    clock.at += 8 * SECOND
    monkeypatch.setattr(looking, "_record", away)
    monkeypatch.setattr(looking._alarm, "ring", lambda at_ms=0: rung.append(at_ms))
    with structlog.testing.capture_logs() as lines:
        await looking.begin()
        await looking.ended()
    told = {"event": "looks_not_recorded", "target": target.hex(), "runs": 2, "error": "the database is away"}
    assert lines == [{"log_level": "warning", **told}]
    assert rung == [0]
    assert looking._standings == {}  # that the database is away says nothing of the engine


def edited(store, target, at_ms, times=1):
    store.connection.execute(
        "UPDATE targets SET version = version + ?, updated_ms = ? WHERE id = ?", (times, at_ms, target)
    )


async def test_a_run_is_not_ended_by_an_engine_that_does_not_know_it_where_the_target_was_edited_since(
    tenant, store, clock, engine, looking
):
    """The target may lead elsewhere now, and the run goes on where it is."""
    target = await watched_target(tenant)
    (schedule,), _ = await given_away(tenant, ["a"], target=target)
    engine.outcomes = {"a": Outcome(Verdict.FAILED, error="not known any more", unknown=True)}
    clock.at += 8 * SECOND
    edited(store, target, clock.at)
    await look(looking)
    (run,) = await tenant.runs(schedule)
    assert (run.state, run.error) == ("running", TROUBLE + ELSEWHERE)
    engine.outcomes = {"a": Outcome(Verdict.SUCCEEDED)}
    clock.at += MINUTE
    await look(looking)
    assert states(await tenant.runs(schedule)) == ["succeeded"]


async def test_runs_are_looked_at_by_what_their_target_says_now(tenant, store, clock, engine, looking):
    """A watcher that has looked at runs of a target before does not go on with what the target said then."""
    target = await watched_target(tenant)
    await given_away(tenant, ["a"], target=target)
    for token in ("old", "new"):
        store.connection.execute(
            "UPDATE targets SET config = ?, version = version + 1 WHERE id = ?",
            (f'{{"token":"{token}"}}', target),
        )
        clock.at += MINUTE
        await look(looking)
    assert engine.configs == [{"token": "old"}, {"token": "new"}]


async def test_nor_where_it_was_edited_while_the_run_waited_in_the_hands_of_a_worker(
    tenant, store, clock, engine, looking
):
    """Which gives it to where the target led when it took the run."""
    target = await watched_target(tenant)
    (schedule,) = await tenant.schedules(1, "1 12 * * *", target_id=target)
    await tenant.release(NOW)
    node = await Node.start(store)
    works = await node.claim(NOW)
    edited_ms, clock.at = NOW + 10 * SECOND, NOW + 20 * SECOND
    edited(store, target, edited_ms)
    await node.record(works, Outcome(Verdict.ACCEPTED, handle="a"), clock.at)
    engine.outcomes = {"a": Outcome(Verdict.FAILED, error="not known any more", unknown=True)}
    clock.at += 8 * SECOND
    await look(looking)
    (run,) = await tenant.runs(schedule)
    assert (run.started_ms, run.state, run.error) == (NOW + 20 * SECOND, "running", TROUBLE + ELSEWHERE)


@pytest.mark.parametrize(
    ("edits", "ago"), [(1, MINUTE), (0, SECOND)], ids=["edited long before", "made just before, never edited"]
)
async def test_a_run_that_its_engine_does_not_know_any_more_has_failed_where_the_target_is_as_it_was(
    tenant, store, clock, engine, looking, edits, ago
):
    """A target that was never edited leads nowhere else, however short a time ago it was made."""
    target = await watched_target(tenant)
    edited(store, target, NOW - ago, edits)
    (schedule,), _ = await given_away(tenant, ["a"], target=target)
    engine.outcomes = {"a": Outcome(Verdict.FAILED, error="not known any more", unknown=True)}
    clock.at += 8 * SECOND
    await look(looking)
    assert states(await tenant.runs(schedule)) == ["failed"]


async def test_the_engine_is_told_to_end_a_run_that_was_cancelled(tenant, store, clock, engine, looking):
    (schedule,), (work,) = await given_away(tenant, ["a"])
    await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    engine.fault = OSError("away")
    assert await look(looking) == NOW + SECOND
    assert engine.cancelled == []
    engine.fault = None
    clock.at += SECOND
    assert await look(looking) is None
    assert engine.cancelled == ["a"]
    assert engine.asked == 0
    assert states(await tenant.runs(schedule)) == ["cancelled"]


async def test_an_engine_that_refuses_to_end_a_run_is_told_ever_more_rarely_and_for_a_week(
    tenant, store, clock, engine, looking
):
    """However far away the deadline of the run is."""
    _, (work,) = await given_away(tenant, ["a"])
    await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    engine.fault = OSError("not allowed")
    clock.at += 10 * MINUTE
    assert await look(looking) == clock.at + MINUTE
    clock.at = NOW + 7 * 24 * HOUR
    assert await look(looking) is None


class NamingEngine(PlayedEngine):
    """Knows each run by its id alone."""

    def handle_of(self, run_id):
        return run_id.hex()


async def on_its_way(tenant, executor="played"):
    """A run that a worker has, and that is cancelled before its engine has told anything of it."""
    await tenant.schedules(1, "1 12 * * *", target_id=await watched_target(tenant, executor))
    await tenant.release(NOW)
    (work,) = await (await Node.start(tenant.store)).claim(NOW)
    await tenant.store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    return work


async def test_a_run_that_was_cancelled_on_its_way_is_cancelled_at_its_engine_at_once_and_when_it_must_be_there(
    tenant, store, clock
):
    engine = NamingEngine()
    looking = Watcher(store, clock, {"played": engine}, Vault([new_key()]), clean)
    work = await on_its_way(tenant)
    assert await look(looking) == NOW + MINUTE
    assert engine.cancelled == [work.id.hex()]
    clock.at += MINUTE
    assert await look(looking) is None
    assert engine.cancelled == [work.id.hex()] * 2


async def test_an_engine_that_is_away_is_told_of_a_run_when_it_is_back_and_not_for_ever(tenant, store, clock):
    engine = NamingEngine()
    looking = Watcher(store, clock, {"played": engine}, Vault([new_key()]), clean)
    work = await on_its_way(tenant)
    engine.fault = OSError("away")
    clock.at += HOUR
    assert await look(looking) == clock.at + MINUTE
    clock.at += MINUTE
    engine.fault = None
    assert await look(looking) is None
    assert engine.cancelled == [work.id.hex()]
    await on_its_way(tenant)
    engine.fault = OSError("away")
    clock.at += 8 * 24 * HOUR
    assert await look(looking) is None


async def test_where_a_run_is_not_known_by_its_id_there_is_nothing_to_tell(
    tenant, store, clock, engine, looking
):
    await on_its_way(tenant)
    await look(looking)
    clock.at += MINUTE
    assert await look(looking) is None
    assert engine.cancelled == []


async def test_runs_whose_executor_is_not_installed_here_stay_as_they_are(tenant, store, clock, looking):
    (schedule,), _ = await given_away(tenant, ["a"], executor="elsewhere")
    clock.at += SECOND
    assert await look(looking) == clock.at + SECOND
    assert states(await tenant.runs(schedule)) == ["running"]
    assert await store.read(watching.earliest_look) == clock.at + SECOND


async def test_the_engine_of_a_cancelled_run_is_told_later_where_its_executor_is_not_installed_here(
    tenant, store, clock, looking
):
    _, (work,) = await given_away(tenant, ["a"], executor="elsewhere")
    await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    clock.at += SECOND
    assert await look(looking) == clock.at + SECOND


async def test_an_engine_that_has_told_how_it_names_a_run_is_told_of_it_by_that_name(tenant, store, clock):
    engine = NamingEngine()
    looking = Watcher(store, clock, {"played": engine}, Vault([new_key()]), clean)
    _, (work,) = await given_away(tenant, ["its own name"])
    await store.write(runs.cancel_run, tenant.workspace, work.id, NOW)
    await look(looking)
    assert engine.cancelled == ["its own name"]


async def test_a_run_that_failed_at_its_engine_is_a_line_in_the_log_and_one_that_ended_elsewhere_is_none(
    tenant, store, clock, engine, looking
):
    target = await shared_target(await Tenant.open(store), tenant)
    _, works = await given_away(tenant, ["a", "b", "c"], target=target)
    engine.outcomes = {
        "a": Outcome(Verdict.FAILED, error="broken there"),
        "b": Outcome(Verdict.SUCCEEDED),
        "c": Outcome(Verdict.FAILED, error="broken there"),
    }
    clock.at += 8 * SECOND
    urgent = store.urgent

    async def somebody_else_recorded_one(verb, *args, **kwargs):
        ended = await urgent(verb, *args, **kwargs)
        return {*ended} - {works[2].id} if verb is watching.record_looks else ended

    store.urgent = somebody_else_recorded_one
    with structlog.testing.capture_logs() as logs:
        await look(looking)
    del store.urgent
    line = {
        "workspace": prefixed("ws", tenant.workspace),
        "schedule": None,
        "fire": None,
        "run": prefixed("run", works[0].id),
        "target": prefixed("tgt", target),
        "attempt": 1,
        "failure": "engine",
        "status": None,
    }
    assert logs == [{"log_level": "warning", "event": "run_failed"} | line]


async def test_what_a_run_said_of_itself_stays_while_looks_at_it_succeed(
    tenant, store, clock, engine, looking
):
    (schedule,), (work,) = await given_away(tenant, ["a"])
    for stored, shown in ((TROUBLE + "no answer", None), ("it said so", "it said so")):
        store.connection.execute("UPDATE runs SET error = ? WHERE id = ?", (stored, work.id))
        clock.at += 16 * SECOND
        await look(looking)
        assert (await tenant.runs(schedule))[0].error == shown


@pytest.mark.parametrize("first", ["a", "b"])
async def test_of_looks_that_failed_together_the_log_tells_the_fault_that_nobody_expects(
    tenant, clock, engine, looking, first
):
    await given_away(tenant, ["a", "b", "c"])
    faults = {"a": OSError("away"), "b": KeyError("result"), "c": TimeoutError()}
    engine.outcomes = dict(sorted(faults.items(), reverse=first == "b"))
    clock.at += 16 * SECOND
    with structlog.testing.capture_logs() as logged:
        await look(looking)
    (entry,) = [one for one in logged if one["event"] == "runs_not_looked_at"]
    assert (entry["error"], entry["runs"], entry["executor"]) == ("'result'", 3, "played")
    assert entry["places"].endswith("KeyError")


async def test_of_what_an_executor_gives_in_place_of_an_outcome_the_log_tells_the_type_alone(
    tenant, clock, engine, looking
):
    await given_away(tenant, ["a", "b"])
    engine.outcomes = {"a": "what a customer has written", "b": "what a customer has written"}
    clock.at += 16 * SECOND
    with structlog.testing.capture_logs() as logged:
        await look(looking)
    line = {"event": "runs_not_looked_at", "target": "Target", "executor": "played", "runs": 2}
    assert logged == [{"log_level": "warning", "error": "str", "places": "TypeError"} | line]


@pytest.mark.parametrize(("later_s", "in_time"), [(-0.1, True), (0.1, False)])
def test_an_engine_may_take_ten_seconds_to_show_runs_and_five_to_end_one(later_s, in_time):
    run = SimpleNamespace(run_id=b"r", handle="a")

    class Slow(PlayedEngine):
        async def watch(self, target, watched):
            await asyncio.sleep(10 + later_s)
            return {b"r": Outcome(Verdict.SUCCEEDED)}

        async def cancel(self, target, run):
            await asyncio.sleep(5 + later_s)

    async def story():
        store = SimpleNamespace(listen=lambda hear: None)
        looking, slow = Watcher(store, Clock(), {}, Vault([new_key()]), clean), Slow()
        target = SimpleNamespace(name="t", executor="played", secrets={})
        return [
            *(await looking._watch(slow, None, target, [run])).values(),
            *await looking._tell(slow, None, target, [run]),
        ]

    with structlog.testing.capture_logs():
        seen, told = run_in_virtual_time(story())
    assert (isinstance(seen, Outcome), told is None) == (in_time, in_time)


@pytest.mark.parametrize("failing", [TimeoutError, RuntimeError])
async def test_what_an_engine_says_is_logged_without_secrets(tenant, clock, engine, looking, failing):
    await given_away(tenant, ["a"])
    engine.fault = failing("it said s3cret")
    clock.at += 16 * SECOND
    with structlog.testing.capture_logs() as logged:
        await look(looking)
    (entry,) = [one for one in logged if one["event"] == "runs_not_looked_at"]
    assert entry["error"] == "it said ***"
    assert "s3cret" not in str(entry)
    assert (entry["places"] is None) == (failing is TimeoutError)
