"""Runs from the outside: read, ended, repeated, started, and finished by their targets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from horarium.domain.errors import Conflict, Forbidden, Invalid, NotFound
from horarium.domain.execution import Call, Outcome, Verdict
from horarium.domain.ids import Id, prefixed, random_id
from horarium.domain.run import Run, RunState
from horarium.service.runs import RunService
from horarium.store.base import Duplicate
from tests.support.callers import caller
from tests.support.workshop import NOON, Workshop

MINUTE = 60_000
STRANGER = random_id(NOON)


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Workshop]:
    opened = await Workshop.open()
    yield opened
    await opened.close()


async def a_run(shop: Workshop, answer: Any = None) -> Run:
    """The run of a fire, executed with `answer`; open where that is None."""
    if answer is not None:
        shop.executor.answer = answer
    schedule = await shop.schedule("0 0 1 1 *")
    await shop.schedules.fire_now(shop.who, schedule.id)
    if answer is not None:
        await shop.tick(shop.clock.now)
    (run,) = await shop.runs.list(shop.workspace, 10, schedule_id=schedule.id)
    return run


DONE = Outcome(Verdict.SUCCEEDED, output={"n": 1})
BROKEN = Outcome(Verdict.FAILED, error="no", retryable=False)
ALL: dict[str, Callable[[RunService, Id, Id], Awaitable[Any]]] = {
    "get": lambda service, workspace, run: service.get(workspace, run),
    "cancel": lambda service, workspace, run: service.cancel(workspace, run),
    "retry": lambda service, workspace, run: service.retry(caller(workspace, STRANGER), run),
    "delete": lambda service, workspace, run: service.delete(workspace, run),
}


@pytest.mark.parametrize("answer", [None, DONE], ids=["open", "ended"])
@pytest.mark.parametrize("do", ALL.values(), ids=ALL)
async def test_another_workspace_does_not_find_a_run_and_leaves_it_as_it_was(
    shop: Workshop, do: Any, answer: Any
) -> None:
    run = await a_run(shop, answer)
    for workspace, an_id in ((STRANGER, run.id), (shop.workspace, random_id(NOON))):
        with pytest.raises(NotFound):
            await do(shop.runs, workspace, an_id)
    assert (await shop.runs.get(shop.workspace, run.id))[0] == run
    assert await shop.runs.count(shop.workspace) == 1


async def test_another_workspace_lists_and_counts_nothing(shop: Workshop) -> None:
    run = await a_run(shop)
    assert await shop.runs.list(STRANGER, 10) == []
    assert await shop.runs.list(STRANGER, 10, schedule_id=run.schedule_id) == []
    assert await shop.runs.count(STRANGER) == 0
    assert await shop.runs.count(STRANGER, run.schedule_id) == 0


async def test_a_run_is_read_with_its_attempts(shop: Workshop) -> None:
    run = await a_run(shop, BROKEN)
    found, attempts = await shop.runs.get(shop.workspace, run.id)
    assert (found.state, found.error) == (RunState.FAILED, "no")
    assert [(attempt.number, attempt.error) for attempt in attempts] == [(1, "no")]


async def test_an_open_run_is_cancelled_once(shop: Workshop) -> None:
    run = await a_run(shop)
    assert (await shop.runs.cancel(shop.workspace, run.id)).state is RunState.CANCELLED
    with pytest.raises(Conflict):
        await shop.runs.cancel(shop.workspace, run.id)


async def test_an_open_run_is_neither_repeated_nor_deleted(shop: Workshop) -> None:
    run = await a_run(shop)
    for attempt in (shop.runs.retry(shop.who, run.id), shop.runs.delete(shop.workspace, run.id)):
        with pytest.raises(Conflict) as caught:
            await attempt
        assert caught.value.reason == "state"


async def test_a_run_that_has_ended_is_repeated_as_a_run_of_its_own(shop: Workshop) -> None:
    run = await a_run(shop, BROKEN)
    again = await shop.runs.retry(shop.who, run.id)
    assert again.id != run.id
    assert (again.generation, again.fire_id, again.state) == (1, run.fire_id, RunState.PENDING)
    assert (await shop.runs.get(shop.workspace, run.id))[0] == run


@pytest.mark.parametrize("scheduled", [True, False], ids=["of a fire", "without schedule"])
async def test_a_run_can_be_repeated_again_at_the_same_moment(shop: Workshop, scheduled: bool) -> None:
    if scheduled:
        run = await a_run(shop, BROKEN)
    else:
        shop.executor.answer = BROKEN
        run = await shop.runs.start(shop.who, shop.target, None)
        await shop.tick(shop.clock.now)
    again = [await shop.runs.retry(shop.who, run.id) for _ in range(3)]
    assert len({run.id, *(each.id for each in again)}) == 4
    assert {each.state for each in again} == {RunState.PENDING}


async def test_a_run_that_is_repeated_by_too_many_at_once_is_a_conflict(shop: Workshop) -> None:
    run = await a_run(shop, BROKEN)

    async def taken(*_: Any) -> Any:
        raise Duplicate("runs.id")

    shop.runs.store.write = taken  # type: ignore[assignment]
    with pytest.raises(Conflict, match="at the same moment"):
        await shop.runs.retry(shop.who, run.id)


async def test_a_run_that_has_ended_can_be_deleted(shop: Workshop) -> None:
    run = await a_run(shop, DONE)
    await shop.runs.delete(shop.workspace, run.id)
    with pytest.raises(NotFound):
        await shop.runs.get(shop.workspace, run.id)


async def test_a_target_is_run_without_a_schedule(shop: Workshop) -> None:
    run = await shop.runs.start(shop.who, shop.target, {"n": 5})
    assert (run.schedule_id, run.fire_id, run.mode.value) == (None, None, "manual")
    await shop.tick(NOON)
    (call,) = shop.executor.calls
    assert (call.input, call.schedule_id) == ({"n": 5}, None)
    assert (await shop.runs.get(shop.workspace, run.id))[0].state is RunState.SUCCEEDED
    nothing = await shop.runs.start(shop.who, shop.target, None)
    assert nothing.data is None


async def test_another_workspaces_target_is_not_run(shop: Workshop) -> None:
    for workspace, target in ((STRANGER, shop.target), (shop.workspace, random_id(NOON))):
        with pytest.raises(NotFound):
            await shop.runs.start(caller(workspace, shop.principal), target, None)
    assert await shop.tick(NOON) == 0
    assert shop.executor.calls == []


async def called_back(shop: Workshop) -> tuple[Run, str]:
    """A run that its target has accepted, and the token by which it may finish it."""
    tokens: list[str] = []

    def accept(call: Call) -> Outcome:
        tokens.append(call.callback_token or "")
        return Outcome(Verdict.ACCEPTED, status=202)

    shop.executor.answer = accept
    target = shop.make_target(completion="callback")
    schedule = await shop.schedule("* * * * *", target_id=target)
    await shop.tick(shop.clock.now + MINUTE)
    (run, *_) = await shop.runs.list(shop.workspace, 10, schedule_id=schedule.id)
    return run, tokens[-1]


async def test_a_target_finishes_its_run_with_the_token(shop: Workshop) -> None:
    run, token = await called_back(shop)
    assert run.state is RunState.RUNNING
    done = await shop.runs.complete(run.id, token, {"sum": 3})
    assert (done.state, done.output) == (RunState.SUCCEEDED, '{"sum":3}')
    assert await shop.runs.complete(run.id, token) == done
    for late in (shop.runs.fail(run.id, token), shop.runs.heartbeat(run.id, token)):
        with pytest.raises(Conflict):
            await late


async def test_a_target_says_why_its_run_failed(shop: Workshop) -> None:
    run, token = await called_back(shop)
    failed = await shop.runs.fail(run.id, token, "out of paper")
    assert (failed.state, failed.error) == (RunState.FAILED, "out of paper")
    other, token = await called_back(shop)
    assert (await shop.runs.fail(other.id, token)).error == "the target reported a failure"


@pytest.mark.parametrize("of", ["target", "schedule"])
async def test_what_a_target_reports_is_kept_without_secrets(shop: Workshop, of: str) -> None:
    run, token = await called_back(shop)
    for name, table, column, where, owner in (
        ("target", "targets", "secrets", "id", run.target_id),
        ("schedule", "versions", "environment", "schedule_id", run.schedule_id),
    ):
        assert owner is not None
        sealed = shop.runs.vault.seal({"TOKEN": f"secret of the {name}"}, owner)
        shop.store.connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where} = ?", (sealed, owner))
    said = f"secret of the {of}"
    done = await shop.runs.fail(run.id, token, f"it said {said}", {"said": said, "token": token})
    assert said not in f"{done.error} {done.output}"
    assert token not in str(done.output)
    assert "it said" in str(done.error)


async def test_a_heartbeat_moves_the_deadline(shop: Workshop) -> None:
    run, token = await called_back(shop)

    def deadline() -> int:
        return int(shop.rows("SELECT deadline_ms FROM callbacks WHERE run_id = ?", run.id)[0][0])

    before = deadline()
    shop.clock.now += 30_000
    assert (await shop.runs.heartbeat(run.id, token)).state is RunState.RUNNING
    assert deadline() == before + 30_000


async def test_without_the_token_nothing_is_finished(shop: Workshop) -> None:
    run, token = await called_back(shop)
    other, _ = await called_back(shop)
    for an_id, presented in (
        (run.id, ""),
        (run.id, token + "x"),
        (other.id, token),
        (random_id(NOON), token),
    ):
        for attempt in (
            shop.runs.complete(an_id, presented),
            shop.runs.fail(an_id, presented),
            shop.runs.heartbeat(an_id, presented),
        ):
            with pytest.raises(NotFound):
                await attempt
    assert (await shop.runs.get(shop.workspace, run.id))[0].state is RunState.RUNNING


async def test_a_run_is_started_and_retried_only_with_a_grant_on_its_target(shop: Workshop) -> None:
    run, without = await a_run(shop, DONE), caller(shop.workspace, shop.principal, ())
    for attempt in (shop.runs.retry(without, run.id), shop.runs.start(without, shop.target, None)):
        with pytest.raises(Forbidden):
            await attempt
    assert len(await shop.runs.list(shop.workspace, 10)) == 1


@pytest.mark.parametrize(
    ("error", "output", "kept"), [(None, None, None), ("no", None, None), (None, {"n": 1}, '{"n":1}'), ("no", 0, "0")]
)  # fmt: skip
async def test_a_run_whose_target_reports_no_output_has_none(
    shop: Workshop, error: str | None, output: Any, kept: str | None
) -> None:
    run, token = await called_back(shop)
    assert (await shop.runs.fail(run.id, token, error, output)).output == kept
    run, token = await called_back(shop)
    assert (await shop.runs.complete(run.id, token, output)).output == kept


async def test_a_failure_that_a_target_reports_is_in_the_log_once(shop: Workshop) -> None:
    run, token = await called_back(shop)
    with capture_logs() as lines:
        for later_ms in (0, 1, 60_000):
            shop.clock.now += later_ms
            await shop.runs.fail(run.id, token, "no")
    told = [line for line in lines if line["event"] == "run_failed"]
    assert [(line["run"], line["failure"], line["attempt"]) for line in told] == [
        (prefixed("run", run.id), "reported", 1)
    ]


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600"])
@pytest.mark.parametrize(("size", "fits"), [(18, True), (22, True), (26, False)])
async def test_the_input_of_a_run_by_hand_is_as_large_as_the_quota_allows_and_no_larger(
    shop: Workshop, size: int, fits: bool, letter: str
) -> None:
    """Its size is counted in bytes, of which a letter may have four."""
    who = shop.who
    who = replace(who, workspace=replace(who.workspace, quotas=replace(who.workspace.quotas, input_bytes=22)))
    given = letter * ((size - 2) // len(letter.encode()))
    if fits:
        run = await shop.runs.start(who, shop.target, given)
        assert len((run.data or "").encode()) == size
    else:
        with pytest.raises(Invalid, match="too large"):
            await shop.runs.start(who, shop.target, given)
