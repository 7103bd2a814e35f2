"""What an executor is given, what is recorded of what it answers, and how long a run waits for a silent target."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from horarium.domain.execution import Call, Outcome, Verdict
from horarium.domain.fire import FireKind
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.run import Missed, RunMode, RunState
from horarium.domain.schedule import AfterCompletion, OverlapScope, Policies, policies_to_text
from horarium.domain.target import Completion
from horarium.domain.waiting import WaitCause
from horarium.domain.watching import ON_ITS_WAY_MS, SOONEST_MS
from horarium.executors.template import Filling
from horarium.store.rows import ClaimedRun, NewWatched, UntoldEnd
from horarium.store.verbs.dispatch import Ended
from horarium.store.verbs.release_rows import FIRST_EPOCH
from horarium.store.verbs.settle import RunEnd
from horarium.store.verbs.tenancy import Share
from horarium.worker.work import (
    MOST_LOST,
    RunnableTarget,
    asks_for_follow_up,
    call_of,
    cancelled,
    judge,
    obstacle,
    unsent,
    waits_until,
    work_of,
)
from tests.support.workshop import NOON, Workshop

MINUTE = 60_000
ONCE_MORE = Retry(max_attempts=5, initial_ms=1_000)
HOURLY = '{"spec": "0 * * * *", "zone": "Europe/Berlin"}'
VARIATIONS = {
    "variation_pin_field": "way",
    "variations": [
        {"id": "short", "name": "Short", "spec": {"words": 10}},
        {"id": "long", "name": "Long", "spec": {"words": 1_000}},
    ],
}


def claimed(**fields):
    """A run of a schedule with an audience, in which no two fields are alike."""
    run = ClaimedRun(
        id=b"r" * 16,
        workspace_id=b"w" * 16,
        schedule_id=b"s" * 16,
        fire_id=b"f" * 16,
        target_id=b"t" * 16,
        target_version=7,
        row_key="row-9",
        due_ms=NOON + 11,
        slot_ms=NOON,
        attempts=2,
        epoch=FIRST_EPOCH,
        ready_ms=NOON + 13,
        lost=0,
        waited=None,
        schedule_name="nightly",
        timing=HOURLY,
        policies=policies_to_text(Policies(retry=ONCE_MORE)),
        input='{"of": "schedule"}',
        data='{"of": "row"}',
        environment=None,
        single=True,
        granted=True,
        stop=False,
        mode=RunMode.CLOCK,
        fire_kind=FireKind.BACKFILL,
        missed=Missed(3, NOON - 9 * MINUTE, NOON - 2 * MINUTE),
    )
    return run._replace(**fields)


def target(**fields):
    given = {
        "id": b"t" * 16,
        "version": 7,
        "name": "report",
        "executor": "scripted",
        "config": {"url": "u"},
        "secrets": {"key": "k"},
        "completion": Completion.RESPONSE,
        "timeout_ms": 4_000,
        "deadline_ms": 50_000,
        "home_id": b"h" * 16,
    }
    return RunnableTarget(**(given | fields))


def begun(run=None, of=None, at=NOON + 500):
    """Work of which an attempt has begun; with `at=0`, work that has not."""
    work = work_of(run or claimed(), of or target(), {"LANG": "de"})
    work.started_ms = at
    return work


def test_an_executor_is_given_all_that_belongs_to_the_run_of_a_schedule():
    work = begun()
    work.callback_token = "token"
    assert call_of(work, NOON + 500, "https://here") == Call(
        run_id=b"r" * 16,
        workspace_id=b"w" * 16,
        target_id=b"t" * 16,
        target_name="report",
        config={"url": "u"},
        secrets={"key": "k"},
        attempt=3,
        timeout_ms=4_000,
        now_ms=NOON + 500,
        kind=FireKind.BACKFILL,
        schedule_id=b"s" * 16,
        schedule_name="nightly",
        fire_id=b"f" * 16,
        slot_ms=NOON,
        timezone="Europe/Berlin",
        missed=Missed(3, NOON - 9 * MINUTE, NOON - 2 * MINUTE),
        input={"of": "schedule"},
        row_key="row-9",
        row={"of": "row"},
        environment={"LANG": "de"},
        callback_token="token",
        callback_base="https://here",
        due_ms=NOON + 11,
        variation=None,
        watched=False,
        home_id=b"h" * 16,
    )


def test_a_run_without_a_schedule_is_given_its_own_input_and_is_in_utc():
    run = claimed(
        schedule_id=None,
        schedule_name=None,
        fire_id=None,
        slot_ms=None,
        timing=None,
        policies=None,
        input=None,
        row_key="",
        mode=RunMode.MANUAL,
        fire_kind=None,
        missed=None,
        data='{"of": "caller"}',
    )
    call = call_of(begun(run), NOON, "https://here")
    assert (call.input, call.row, call.timezone) == ({"of": "caller"}, None, "UTC")
    assert (call.kind, call.schedule_id, call.slot_ms) == (RunMode.MANUAL, None, None)
    assert (call.callback_token, call.callback_base) == (
        None,
        None,
    )  # a run that no callback ends has no address
    assert call_of(begun(run._replace(data=None)), NOON, None).input is None


@pytest.mark.parametrize(
    ("policies", "timeout_ms"), [(Policies(), 4_000), (Policies(timeout_ms=9_000), 9_000)]
)
def test_the_time_limit_of_a_schedule_goes_before_that_of_its_target(policies, timeout_ms):
    work = begun(claimed(policies=policies_to_text(policies)))
    assert call_of(work, NOON, None).timeout_ms == timeout_ms


def test_an_executor_is_told_that_the_run_is_watched():
    assert call_of(begun(of=target(completion=Completion.WATCH)), NOON, None).watched


@pytest.mark.parametrize(
    ("fields", "variation"),
    [
        ({"input": '{"way": "long"}', "data": '{"way": "short"}'}, ("long", "Long", {"words": 1_000})),
        ({"input": '{"way": "short"}', "data": '{"way": "long"}'}, ("short", "Short", {"words": 10})),
        ({"schedule_id": None, "input": None, "data": '{"way": "long"}'}, ("long", "Long", {"words": 1_000})),
        ({"schedule_id": None, "input": None, "data": '{"way": "short"}'}, ("short", "Short", {"words": 10})),
    ],
)
def test_the_variation_of_an_agent_is_the_one_that_the_input_of_the_run_names(fields, variation):
    call = call_of(begun(claimed(**fields), target(extra=VARIATIONS)), NOON, None)
    assert call.variation == dict(zip(("id", "name", "spec"), variation, strict=True))


@pytest.mark.parametrize(
    ("told", "error", "recorded"),
    [(None, "at 10.0.0.1", "at 10.0.0.1"), (str.upper, "at home", "AT HOME"), (str.upper, None, None)],
)
def test_the_error_of_a_shared_target_is_recorded_as_a_borrower_may_read_it(told, error, recorded):
    work = begun(of=target(told=told))
    ended = judge(work, Outcome(Verdict.FAILED, error=error, retryable=False), NOON + 900)
    assert ended.error == recorded


@pytest.mark.parametrize(
    ("given", "data", "size"), [(None, None, 0), ("12345", None, 5), (None, "12", 2), ("12345", "12", 7)]
)
def test_the_size_of_a_run_is_that_of_its_input_and_of_its_row(given, data, size):
    assert begun(claimed(input=given, data=data)).size == size


@pytest.mark.parametrize(
    ("policies", "asks"),
    [
        (Policies(), False),
        (Policies(overlap=Overlap.ALLOW), False),
        (Policies(overlap=Overlap.BUFFER_ONE), True),
        (Policies(overlap=Overlap.BUFFER_ALL), True),
        (Policies(overlap=Overlap.CANCEL_OTHER), True),
        (Policies(overlap=Overlap.TERMINATE_OTHER), True),
        (Policies(overlap_scope=OverlapScope.ROW), True),
        (Policies(pause_after_failures=1), True),
        (Policies(after_completion=AfterCompletion.DELETE), True),
    ],
)
def test_the_end_of_a_fire_is_looked_at_where_something_may_follow_from_it(policies, asks):
    assert asks_for_follow_up(policies) is asks
    work = begun(claimed(policies=policies_to_text(policies)))
    assert judge(work, Outcome(Verdict.SUCCEEDED), NOON + MINUTE).end.follow_up is asks


@pytest.mark.parametrize(
    ("fields", "disabled", "words"),
    [
        ({}, None, None),
        ({}, "by hand", "the target is disabled: by hand"),
        ({"granted": False}, None, "the maker of the schedule has no grant on its target any more"),
        ({"lost": MOST_LOST}, None, None),
        (
            {"lost": MOST_LOST + 1},
            None,
            "given up: 26 workers had it, and all of them were gone before it ended",
        ),
    ],
)
def test_a_run_fails_unsent_where_it_must_not_be_sent(fields, disabled, words):
    assert obstacle(begun(claimed(**fields), target(disabled=disabled))) == words


def test_what_is_recorded_of_an_attempt_is_its_outcome_and_whose_it_is():
    work = begun()
    work.waited = {WaitCause.PLACE: 1_500}
    ended = judge(work, Outcome(Verdict.SUCCEEDED, output={"n": 1}, status=201), NOON + 900)
    assert ended == Ended(
        RunEnd(
            b"r" * 16,
            b"w" * 16,
            b"f" * 16,
            b"s" * 16,
            RunMode.CLOCK,
            RunState.SUCCEEDED,
            True,
            False,
            "row-9",
        ),
        epoch=FIRST_EPOCH,
        attempt=3,
        started_ms=NOON + 500,
        finished_ms=NOON + 900,
        status=201,
        output='{"n":1}',
        target_id=b"t" * 16,
        waited='{"place":1500}',
        target_version=work.target.version,
    )


def test_a_run_that_is_cancelled_before_it_began_has_spent_no_attempt():
    ended, unbegun = cancelled(begun(), NOON + 900), cancelled(begun(at=0), NOON + 900)
    assert (ended.end.state, ended.error) == (RunState.CANCELLED, "cancelled")
    assert (ended.attempt, ended.started_ms) == (3, NOON + 500)
    assert (unbegun.attempt, unbegun.started_ms) == (2, None)


def test_a_target_that_is_gone_is_recorded_as_gone_and_its_run_is_not_tried_again():
    ended = judge(begun(), Outcome(Verdict.FAILED, error="no", status=410, gone=True), NOON + 900)
    assert (ended.end.state, ended.gone, ended.status) == (RunState.FAILED, True, 410)


@pytest.mark.parametrize(
    ("outcome", "again"),
    [
        (Outcome(Verdict.FAILED, error="no"), True),
        (Outcome(Verdict.FAILED, error="no", retryable=False), False),
        (Outcome(Verdict.FAILED, error="no", gone=True), False),
    ],
)
def test_a_failed_attempt_is_repeated_unless_its_outcome_is_for_good(outcome, again):
    ended = judge(begun(), outcome, NOON + 900)
    assert ended.end.state is (RunState.PENDING if again else RunState.FAILED)
    assert (ended.retry_at is not None) is again


def test_attempts_that_reached_no_engine_go_on_whatever_their_number():
    once = claimed(policies=policies_to_text(Policies(retry=Retry(max_attempts=1))))
    for unreached in (False, True):
        ended = judge(begun(once), Outcome(Verdict.FAILED, error="no", unreached=unreached), NOON + 900)
        assert ended.end.state is (RunState.PENDING if unreached else RunState.FAILED)


@pytest.mark.parametrize(
    ("asked_ms", "then"),
    [(59 * MINUTE, RunState.PENDING), (60 * MINUTE, RunState.FAILED), (61 * MINUTE, RunState.FAILED)],
)
def test_a_run_of_the_clock_is_tried_again_until_the_next_slot_of_its_schedule(asked_ms, then):
    ended = judge(begun(), Outcome(Verdict.FAILED, error="no", retry_after_ms=asked_ms), NOON)
    assert ended.end.state is then
    if then is RunState.FAILED:
        assert ended.error.startswith("no; not tried again after attempt 3 of 5: ")
        assert ended.error.endswith("the next slot of the schedule comes first (retry.until_next_slot)")


def test_why_a_run_is_not_tried_again_is_told_also_where_the_attempt_has_no_error():
    ended = judge(begun(), Outcome(Verdict.FAILED, retry_after_ms=61 * MINUTE), NOON)
    assert ended.error.startswith("not tried again after attempt 3 of 5: ")


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": RunMode.MANUAL},
        {"slot_ms": None},
        {"timing": None},  # the definition that it was released by is forgotten
        {"policies": policies_to_text(Policies(retry=ONCE_MORE, overlap=Overlap.ALLOW))},
        {"policies": policies_to_text(Policies(retry=Retry(max_attempts=5, until_next_slot=False)))},
        {"timing": '{"spec": "x", "dialect": "not-installed"}'},
    ],
)
def test_the_next_slot_ends_no_run_that_does_not_stand_in_its_way(fields):
    outcome = Outcome(Verdict.FAILED, error="no", retry_after_ms=61 * MINUTE)
    ended = judge(begun(claimed(**fields)), outcome, NOON)
    assert (ended.end.state, ended.retry_at) == (RunState.PENDING, NOON + 61 * MINUTE)


def test_a_run_that_was_not_sent_tells_how_long_it_has_waited_and_how_long_its_target_is_silent():
    work = begun(claimed(ready_ms=NOON + 300_000), at=0)
    ended = unsent(work, NOON + 900_000, NOON)
    assert (ended.end.state, ended.attempt, ended.started_ms) == (RunState.FAILED, 2, None)
    assert ended.error == (
        "not sent: the target has not answered for 900 s; "
        "the run waited 600 s for it, as long as its attempts would have taken"
    )
    before = unsent(begun(claimed(ready_ms=NOON - 300_000), at=0), NOON + 900_000, NOON)
    assert before.error.endswith("the run waited 900 s for it, as long as its attempts would have taken")


@pytest.mark.parametrize(
    ("token", "epoch", "open_"),
    [(None, FIRST_EPOCH, False), ("token", FIRST_EPOCH, True), (None, FIRST_EPOCH + 1, True)],
)
def test_a_callback_may_be_open_that_this_worker_or_one_before_it_has_opened(token, epoch, open_):
    work = begun(claimed(epoch=epoch))
    work.callback_token = token
    assert judge(work, Outcome(Verdict.SUCCEEDED), NOON + 900).callback is open_


def test_an_output_is_kept_as_far_as_its_workspace_allows():
    work, outcome = begun(), Outcome(Verdict.SUCCEEDED, output="x" * 100)
    assert judge(work, outcome, NOON).output == f'"{"x" * 100}"'
    work.lane = SimpleNamespace(workspace=SimpleNamespace(share=Share(output_bytes=10)))
    assert judge(work, outcome, NOON).output == f'"{"x" * 10}"'


def test_the_waits_of_all_attempts_are_recorded_together():
    work = begun(claimed(waited='{"retry":2000,"place":10}'))
    assert judge(work, Outcome(Verdict.SUCCEEDED), NOON).waited is None  # what was recorded before stays
    work.waited = {WaitCause.PLACE: 1_500}
    assert judge(work, Outcome(Verdict.SUCCEEDED), NOON).waited == '{"retry":2000,"place":1510}'


def test_a_run_that_an_engine_has_taken_is_looked_at_until_its_deadline():
    taken = Outcome(Verdict.ACCEPTED, handle="job-1")
    ended = judge(begun(of=target(completion=Completion.WATCH)), taken, NOON + 900)
    assert ended.end.state is RunState.RUNNING
    assert ended.watched == NewWatched(
        b"r" * 16, b"w" * 16, b"t" * 16, b"", 3, NOON + 50_500, "job-1", NOON + 900 + SOONEST_MS
    )
    assert judge(begun(), Outcome(Verdict.ACCEPTED), NOON + 900).watched is None  # a callback will end it
    assert (
        judge(begun(), Outcome(Verdict.SUCCEEDED, handle="job-1"), NOON + 900).watched is None
    )  # it has ended


REFUSED = Outcome(Verdict.FAILED, error="no", retryable=False)


@pytest.mark.parametrize(
    ("epoch", "started_ms", "outcome", "told"),
    [
        (FIRST_EPOCH, NOON + 500, None, True),  # it was cancelled while it was on its way
        (FIRST_EPOCH, 0, None, False),  # it was cancelled before it was sent
        (FIRST_EPOCH + 1, 0, None, True),  # a worker before may have sent it
        (FIRST_EPOCH, NOON + 500, REFUSED, False),
        (FIRST_EPOCH + 1, NOON + 500, REFUSED, True),
        (FIRST_EPOCH + 1, NOON + 500, Outcome(Verdict.SUCCEEDED), False),  # it has ended it itself
        (FIRST_EPOCH + 1, NOON + 500, Outcome(Verdict.FAILED, error="no"), False),  # it is tried again
    ],
)
def test_an_engine_is_told_of_the_end_of_a_run_that_it_may_have(epoch, started_ms, outcome, told):
    work = begun(claimed(epoch=epoch), target(completion=Completion.WATCH), started_ms)
    now = NOON + 900
    ended = cancelled(work, now) if outcome is None else judge(work, outcome, now)
    row = (b"r" * 16, b"w" * 16, b"t" * 16, b"", 3, now + ON_ITS_WAY_MS, ended.end.state.value, now)
    assert ended.untold == (UntoldEnd(*row) if told else None)


def test_no_engine_is_told_of_the_end_of_a_run_that_is_not_watched():
    assert cancelled(begun(claimed(epoch=FIRST_EPOCH + 1)), NOON + 900).untold is None


@pytest.mark.parametrize("scheduled", [True, False])
def test_what_is_made_of_a_run_is_that_of_its_input_and_its_row(scheduled):
    long = f'{{"x": "{"y" * 1_000}"}}'
    of = target(filling=Filling.of({"body": "{{ input.x }}" * 100 + "{{ row.x }}" * 50}, {}))
    work = begun(claimed(input=long, data=long, schedule_id=b"s" * 16 if scheduled else None), of)
    assert work.may_make_much
    assert 100_000 <= work.makes() - (50_000 if scheduled else 0) < 103_000
    assert not begun(claimed(input="{}", data=None), of).may_make_much
    assert begun(claimed(input="{}", data=None), replace(of, longest_variation=1_000)).may_make_much
    large = begun(claimed(input="{}", data=None), target(longest_variation=70_000))
    assert (large.may_make_much, large.makes()) == (True, 70_000)
    assert not begun(claimed(input=long), target()).may_make_much


@pytest.mark.parametrize(
    ("ready_ms", "silent_since", "until"), [(0, 60_000, 90_000), (600_000, 60_000, 630_000)]
)
def test_a_run_waits_for_a_silent_target_from_when_it_could_have_been_sent(ready_ms, silent_since, until):
    """One that comes long after the target fell silent waits as long as one that was there before."""
    work = SimpleNamespace(
        id=b"r" * 16,
        policies=Policies(retry=Retry(max_attempts=1, until_next_slot=False)),
        run=SimpleNamespace(attempts=0, due_ms=ready_ms, ready_ms=ready_ms),
        timeout_ms=30_000,
    )
    assert waits_until(work, silent_since) == until


@pytest.mark.parametrize(
    ("retry", "next_slot", "until"),
    [
        (Retry(max_attempts=1, max_elapsed_ms=3_600_000), None, 3_600_000),
        (Retry(max_attempts=1, max_elapsed_ms=3_600_000), 120_000, 120_000),
        (Retry(max_attempts=1, max_elapsed_ms=3_600_000, until_next_slot=False), 120_000, 3_600_000),
        (Retry(max_attempts=1, max_elapsed_ms=0), None, 90_000),  # never less than for any target
    ],
)
def test_for_an_engine_a_run_waits_as_long_as_it_would_be_tried(monkeypatch, retry, next_slot, until):
    monkeypatch.setattr("horarium.worker.work._next_slot", lambda _: next_slot)
    work = SimpleNamespace(
        id=b"r" * 16,
        policies=Policies(retry=retry),
        run=SimpleNamespace(attempts=7, due_ms=0, ready_ms=0),
        timeout_ms=30_000,
    )
    assert waits_until(work, 60_000, unreached=True) == until


@pytest.mark.parametrize(
    ("retryable", "epoch", "told"),
    [(True, FIRST_EPOCH, True), (False, FIRST_EPOCH, False), (False, FIRST_EPOCH + 1, True)],
)
async def test_an_engine_is_told_to_end_a_run_only_where_it_may_have_it(retryable, epoch, told):
    """One that has refused the run for good does not have it, unless a worker before has given it away."""
    shop = await Workshop.open()
    try:
        await shop.schedule("* * * * *", Policies(retry=Retry(max_attempts=1)))
        shop.clock.now = NOON + 60_000
        released = await shop.engine.release(shop.worker.room())
        target = RunnableTarget(shop.target, 1, "t", "scripted", {}, {}, Completion.WATCH, 1_000, 60_000)
        work = work_of(released.claimed[0]._replace(epoch=epoch), target, {})
        work.started_ms = shop.clock.now
        ended = judge(work, Outcome(Verdict.FAILED, error="no", retryable=retryable), shop.clock.now)
        assert (ended.untold is not None) is told
    finally:
        await shop.close()
