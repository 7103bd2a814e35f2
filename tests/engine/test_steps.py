"""Each step says whether there may be more, so that its loop neither leaves work undone nor turns for ever, and
asks the store for what is due by the clock."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from horarium.domain.ids import HIGHEST_ID, LOWEST_ID
from horarium.domain.places import LaneRoom
from horarium.engine.steps import UPKEEP_BATCH, Engine
from horarium.service.failure_log import LINES_OF_TARGET, PERIOD_MS
from horarium.store.base import Duplicate
from horarium.store.verbs import idempotency, meta, quotas, upkeep
from horarium.store.verbs import release as release_verbs
from horarium.store.verbs import runs as run_verbs
from horarium.times import TZDATA_VERSION
from tests.support.house import HandClock

NOW = 1_000_000
RUN, WORKSPACE, TARGET = b"r" * 16, b"w" * 16, b"t" * 16
CALLBACK = SimpleNamespace(
    run_id=RUN, workspace_id=WORKSPACE, target_id=TARGET, attempt=1, schedule_id=None, fire_id=None
)


class Answers:
    """A store that answers each verb as told, by its last argument where that is told, and notes what it was asked."""

    def __init__(self, answers: dict[Any, Any]) -> None:
        self.answers, self.asked = answers, []

    async def write(self, verb: Any, *given: Any) -> Any:
        self.asked.append((verb, *given))
        return self.answers.get((verb, *given[-1:]), self.answers.get(verb))

    urgent = write


def engine_on(answers: dict[Any, Any], now: int = NOW, **settings: Any) -> Engine:
    return Engine(Answers(answers), HandClock(now), b"me", **settings)


@pytest.mark.parametrize(
    ("found", "more"), [(0, False), (1, False), (UPKEEP_BATCH - 1, False), (UPKEEP_BATCH, True)]
)
async def test_there_may_be_more_where_a_batch_was_full(found, more):
    engine = engine_on(
        {
            run_verbs.expire_callbacks: [CALLBACK] * found,
            meta.raise_zone_data: TZDATA_VERSION,
            upkeep.rezone: found,
        }
    )
    with capture_logs():
        assert [await engine.expire(), await engine.rezone()] == [more] * 2
    assert engine.store.asked == [
        (run_verbs.expire_callbacks, NOW, UPKEEP_BATCH),
        (meta.raise_zone_data, TZDATA_VERSION),
        (upkeep.rezone, NOW, UPKEEP_BATCH),
    ]


@pytest.mark.parametrize(("found", "more"), [(0, False), (1, True), (UPKEEP_BATCH, True)])
async def test_of_large_answers_few_are_forgotten_at_once_so_there_may_be_more_while_it_is_any(found, more):
    engine = engine_on({idempotency.forget_answers: found})
    assert await engine.forget() is more
    assert engine.store.asked == [
        (idempotency.forget_answers, NOW - 86_400_000, UPKEEP_BATCH),
        (quotas.settle_all_freed, UPKEEP_BATCH),
    ]


async def test_waiting_fires_are_looked_for_until_no_piece_is_left():
    engine = engine_on(
        {(upkeep.unstick, LOWEST_ID): (0, b"there"), (upkeep.unstick, b"there"): (1, LOWEST_ID)}
    )
    assert await engine.unstick() is False
    assert engine.store.asked == [
        (upkeep.unstick, NOW, UPKEEP_BATCH, LOWEST_ID),
        (upkeep.unstick, NOW, UPKEEP_BATCH, b"there"),
    ]


async def test_a_node_with_older_zone_data_than_another_plans_nothing_and_is_done():
    engine = engine_on({meta.raise_zone_data: "9999z", upkeep.rezone: UPKEEP_BATCH})
    with capture_logs() as lines:
        assert await engine.rezone() is False
    assert [verb for verb, *_ in engine.store.asked] == [meta.raise_zone_data]
    assert [(line["event"], line["highest"]) for line in lines] == [("older_zone_data", "9999z")]


async def test_lines_of_failed_runs_that_were_left_out_are_told_of_when_their_minute_is_over():
    """Also where no other run fails any more."""
    engine = engine_on({run_verbs.expire_callbacks: [CALLBACK] * (LINES_OF_TARGET + 2)})
    told = []
    for later_ms in (0, PERIOD_MS - 1, PERIOD_MS):
        engine.clock.now = NOW + later_ms
        with capture_logs() as lines:
            await engine.expire()
            assert await engine.tell_failures() is False
        told.append([line["runs"] for line in lines if line["event"] == "failed_runs_left_out"])
        engine.store.answers = {run_verbs.expire_callbacks: []}
    assert told == [[], [], [2]]


async def test_where_not_all_history_was_looked_at_the_next_piece_goes_on_behind_it():
    """Of what is old and goes on there may be so much that a piece deletes nothing."""
    engine = engine_on({upkeep.forget: upkeep.Forgotten(0, b"there", HIGHEST_ID)}, retention_ms=1_000)
    assert [await engine.forget_history(5), await engine.forget_history(5)] == [5, 5]
    engine.store.answers = {upkeep.forget: upkeep.Forgotten(0, HIGHEST_ID, HIGHEST_ID)}
    assert [await engine.forget_history(5), await engine.forget_history(5)] == [0, 0]
    begun, behind = (LOWEST_ID, LOWEST_ID), (b"there", HIGHEST_ID)
    assert [tuple(asked[3:]) for asked in engine.store.asked] == [begun, behind, behind, begun]


async def test_without_a_retention_time_no_history_is_deleted():
    engine = engine_on({upkeep.forget: 5})
    assert await engine.forget_history(5) == 0
    assert engine.store.asked == []


@pytest.mark.parametrize(("found", "behind"), [(4, False), (5, True)])
async def test_history_is_deleted_up_to_the_retention_time_before_now_and_counted(found, behind):
    forgotten = upkeep.Forgotten(found, HIGHEST_ID, HIGHEST_ID)
    engine = engine_on({upkeep.forget: forgotten}, retention_ms=1_000)
    assert [await engine.forget_history(5), await engine.forget_history(5)] == [found, found]
    assert engine.store.asked == [(upkeep.forget, NOW - 1_000, 5, LOWEST_ID, LOWEST_ID)] * 2
    assert engine.figures.forgotten == 2 * found
    assert (engine.figures.behind_since is not None) is behind


async def test_a_release_that_meets_fires_which_are_there_already_is_repeated_with_care_and_is_else_the_same():
    asked = []

    class Refuses:
        async def urgent(self, verb: Any, *given: Any, **named: Any) -> Any:
            asked.append((verb, given, named))
            if len(asked) == 1:
                raise Duplicate("fires")
            return "released"

    engine = Engine(Refuses(), HandClock(NOW), b"me")
    room = LaneRoom({}, 3)
    assert await engine.release(5, 7, room, few_first=True) == "released"
    same = {"lane_room": room, "few_first": True}
    given = (NOW, 7, b"me", 5)
    assert asked == [
        (release_verbs.release, given, same),
        (release_verbs.release, given, {**same, "careful": True}),
    ]
