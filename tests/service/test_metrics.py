"""What a server counts, as its metrics show it: every figure under its name, by each of its labels."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from horarium.domain.errors import Unavailable
from horarium.domain.figures import Histogram
from horarium.domain.fire import FireKind, SpanReason
from horarium.domain.ids import LOWEST_ID, Id, prefixed, random_id
from horarium.domain.run import RunState
from horarium.domain.tenancy import SERVER_SCOPE
from horarium.service import metrics
from horarium.service.metrics import REST, Asked, Metrics, gauge
from horarium.store.figures import (
    FIRED,
    FIRES,
    FORGOTTEN_EVENTS,
    FREED,
    RUNS,
    SLOTS,
    TOLD,
    Counted,
    StoreFigures,
)
from horarium.store.verbs.figures import LaneQueue, Present, present
from tests.support.callers import caller
from tests.support.workshop import Hands

NOON = 1_772_366_400_000
OPERATOR = replace(caller(LOWEST_ID, LOWEST_ID), scopes=frozenset({SERVER_SCOPE}))
FIRST, SECOND, THIRD = (random_id(NOON + n) for n in range(3))
# Every figure is another number, so that none can stand in the place of another.
PRESENT = Present(
    lanes=(
        LaneQueue(FIRST, 100, 20, 3, NOON - 5_000),
        LaneQueue(SECOND, 200, 40, 6, NOON - 7_000),
        LaneQueue(THIRD, 50, 10, 1, NOON - 6_000),
    ),
    oldest_due_ms=NOON - 1_500,
    oldest_ready_ms=NOON - 7_000,
    callbacks=11,
    fanouts=12,
    audit_pending=13,
    nodes_alive=14,
    nodes_lapsed=15,
    last_backup_ms=NOON - 90_000,
)


class Counting:
    """A store that has been counted: it holds what the test says, and counts nothing itself."""

    def __init__(self, shared: bool = False, held: Present = PRESENT) -> None:
        self.figures, self.shared, self.held = StoreFigures(), shared, held
        self.owners = dict.fromkeys((FIRST, SECOND, THIRD), LOWEST_ID)

    def waiting(self) -> dict[str, int]:
        return {"engine": 16, "api": 17}

    async def bytes(self) -> int:
        return 18

    async def read(self, verb: Any, *given: Any) -> Any:
        return self.held if verb is present else self.owners


def shown(text: bytes) -> dict[tuple[str, ...], float]:
    """The samples of a text by name and labels, without those of the process."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.name.startswith("horarium_")
    }


async def figures(store: Counting) -> dict[tuple[str, ...], float]:
    counted: Any = store
    return shown(await Metrics(counted, Hands(NOON)).text())


async def by_lane(store: Counting, workspace: Id | None) -> dict[tuple[str, ...], float]:
    counted: Any = store
    return shown(await Metrics(counted, Hands(NOON)).text_by_lane(OPERATOR, workspace))


def of(found: dict[tuple[str, ...], float], name: str) -> dict[tuple[str, ...], float]:
    """The samples of one metric by the values of its labels."""
    return {labels[1:]: value for labels, value in found.items() if labels[0] == name}


async def test_what_is_counted_in_the_database_is_shown_under_its_name() -> None:
    found = await figures(Counting())
    assert of(found, "horarium_queue_runs") == {("waiting",): 350, ("later",): 70, ("claimed",): 10}
    assert of(found, "horarium_nodes") == {("held",): 14, ("lapsed",): 15}
    assert of(found, "horarium_store_queue_length") == {("engine",): 16, ("api",): 17}
    single = {
        "database_up": 1,
        "database_bytes": 18,
        "backup_age_seconds": 90,
        "oldest_due_slot_seconds": 1.5,
        "queue_oldest_seconds": 7,
        "callbacks_pending": 11,
        "fanouts_under_way": 12,
        "audit_pending": 13,
    }
    assert {name: found["horarium_" + name,] for name in single} == single


async def test_a_server_shows_how_its_process_and_its_interpreter_do() -> None:
    counted: Any = Counting()
    families = text_string_to_metric_families((await Metrics(counted, Hands(NOON)).text()).decode())
    names = {family.name for family in families}
    assert names >= {"process_resident_memory_bytes", "python_info", "python_gc_collections"}


async def test_the_figures_of_further_processes_stand_beside_the_first_ones_and_the_databases_once() -> None:
    counted: Any = Counting()
    first = Metrics(counted, Hands(NOON))
    first.add_by_lane(lambda workspace: [gauge("horarium_lane", "Of a lane.", 5)])
    other: Any = Counting()
    other.figures.take([Counted(RUNS, "succeeded", 7)], 0)
    further, asks = Metrics(other, Hands(NOON)), []
    further.add(lambda: [gauge("horarium_only_there", "Of one part.", 3)])
    further.add_by_lane(lambda workspace: [gauge("horarium_lane", "Of a lane.", 6)])

    async def ask(asked: Asked) -> dict[int, list[Metric]]:
        asks.append(asked)
        return {2: further.of_process(asked)}

    first.further = ask
    found = shown(await first.text())
    assert of(found, "horarium_runs_ended_total") == {
        (process, state.value): 7 if (process, state) == ("2", RunState.SUCCEEDED) else 0
        for process in ("1", "2")
        for state in RunState
        if state.final
    }
    assert of(found, "horarium_only_there") == {("2",): 3}
    assert of(found, "horarium_database_up") == {(): 1}
    assert shown(await first.text()) == found
    lanes = shown(await first.text_by_lane(OPERATOR, FIRST))
    assert of(lanes, "horarium_lane") == {("1",): 5, ("2",): 6}
    assert asks == [Asked(), Asked(by_lane=True, workspace_id=FIRST)]


def test_a_histogram_of_milliseconds_is_shown_in_seconds() -> None:
    lateness = Histogram((5.0, 2_500.0))
    for value, times in ((4.0, 3), (2_500.0, 2), (9_000.0, 1)):
        lateness.add(value, times)
    found = {
        (sample.name, sample.labels.get("le")): sample.value
        for sample in metrics.histogram("late_seconds", "How late.", lateness).samples
    }
    assert found == {
        ("late_seconds_bucket", "0.005"): 3,
        ("late_seconds_bucket", "2.5"): 5,
        ("late_seconds_bucket", "+Inf"): 6,
        ("late_seconds_count", None): 6,
        ("late_seconds_sum", None): 14.012,
    }


async def test_where_nothing_is_due_or_queued_ages_are_none_and_no_backup_has_no_age() -> None:
    idle = replace(PRESENT, lanes=(), oldest_due_ms=None, oldest_ready_ms=None, last_backup_ms=None)
    found = await figures(Counting(held=idle))
    assert found["horarium_oldest_due_slot_seconds",] == 0
    assert found["horarium_queue_oldest_seconds",] == 0
    assert ("horarium_backup_age_seconds",) not in found


async def test_what_has_not_happened_yet_is_shown_as_none_by_each_kind_and_by_no_other() -> None:
    found = await figures(Counting())
    assert of(found, "horarium_fires_asked_for_total") == {(kind,): 0 for kind in ("manual", "backfill")}
    assert of(found, "horarium_runs_ended_total") == {
        (state,): 0 for state in ("succeeded", "failed", "cancelled")
    }
    assert of(found, "horarium_slots_total") == {
        ("fired", ""): 0,
        **{("passed", reason.value): 0 for reason in SpanReason},
    }


async def test_what_transactions_have_done_is_shown_under_its_name() -> None:
    store = Counting()
    done = {
        (SLOTS, FIRED): 1,
        (SLOTS, SpanReason.SKIPPED.value): 2,
        (FIRES, FireKind.MANUAL.value): 3,
        (FIRES, FireKind.BACKFILL.value): 4,
        (RUNS, RunState.FAILED.value): 5,
        (RUNS, RunState.SUCCEEDED.value): 6,
        (TOLD, "a"): 7,
        (TOLD, "b"): 10,
        (FORGOTTEN_EVENTS, "a"): 8,
        (FREED, "a"): 9,
    }
    store.figures.take((Counted(figure, which, times) for (figure, which), times in done.items()), 0)
    store.figures.refused = 19
    for seconds in (0.5, 0.25):
        store.figures.took("release", seconds)
    found = await figures(store)
    expected = {
        ("slots_total", "fired", ""): 1,
        ("slots_total", "passed", "skipped"): 2,
        ("fires_asked_for_total", "manual"): 3,
        ("fires_asked_for_total", "backfill"): 4,
        ("runs_ended_total", "failed"): 5,
        ("runs_ended_total", "succeeded"): 6,
        ("events_recorded_total",): 17,
        ("events_deleted_total",): 8,
        ("runs_recovered_total",): 9,
        ("store_refused_total",): 19,
        ("store_verb_seconds_count", "release"): 2,
        ("store_verb_seconds_sum", "release"): 0.75,
    }
    assert {(name, *labels): found["horarium_" + name, *labels] for name, *labels in expected} == expected


@pytest.mark.parametrize(("shared", "database"), [(False, "sqlite"), (True, "postgresql")])
async def test_the_versions_name_the_database(shared: bool, database: str) -> None:
    (labels,) = of(await figures(Counting(shared)), "horarium_info")
    assert labels[0] == database


async def test_figures_by_lane_are_those_of_the_lane_and_the_longest_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "MOST_LANES", 1)
    found = await by_lane(Counting(), LOWEST_ID)
    longest = prefixed("tgt", SECOND), prefixed("ws", LOWEST_ID)
    assert of(found, "horarium_lane_queue_runs") == {
        **{(state, *longest): runs for state, runs in (("waiting", 200), ("later", 40), ("claimed", 6))},
        **{(state, REST, REST): runs for state, runs in (("waiting", 150), ("later", 30), ("claimed", 4))},
    }
    assert of(found, "horarium_lane_queue_oldest_seconds") == {longest: 7, (REST, REST): 6}


async def test_the_rest_of_the_lanes_is_shown_for_all_workspaces_even_where_there_is_none() -> None:
    rest = {(state, REST, REST): 0.0 for state in ("waiting", "later", "claimed")}
    assert rest.items() <= of(await by_lane(Counting(), None), "horarium_lane_queue_runs").items()
    of_one = of(await by_lane(Counting(), LOWEST_ID), "horarium_lane_queue_runs")
    assert not rest.keys() & of_one.keys()


async def test_lanes_of_other_workspaces_and_of_deleted_targets_are_left_out() -> None:
    store = Counting()
    store.owners = {FIRST: LOWEST_ID, SECOND: random_id(NOON)}
    found = of(await by_lane(store, LOWEST_ID), "horarium_lane_queue_oldest_seconds")
    assert found == {(prefixed("tgt", FIRST), prefixed("ws", LOWEST_ID)): 5}
    assert len(of(await by_lane(store, None), "horarium_lane_queue_oldest_seconds")) == 3


async def test_what_was_read_is_given_again_for_a_second_and_the_whole_text_for_a_quarter_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = SimpleNamespace(at=100.0)
    monkeypatch.setattr(metrics.time, "monotonic", lambda: now.at)
    store: Any = Counting()
    made = Metrics(store, Hands(NOON))
    seen = []
    for at, number in ((100.0, 1), (100.2, 2), (100.9, 3), (101.2, 4), (101.6, 5)):
        now.at, store.held, store.figures.refused = at, replace(PRESENT, callbacks=number), number
        found = shown(await made.text())
        seen.append((found["horarium_callbacks_pending",], found["horarium_store_refused_total",]))
    assert seen == [(1, 1), (1, 1), (1, 3), (4, 4), (4, 5)]


async def test_what_a_database_said_before_it_went_away_is_not_shown_as_if_it_were_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = SimpleNamespace(at=100.0)
    monkeypatch.setattr(metrics.time, "monotonic", lambda: now.at)
    store: Any = Counting()
    made = Metrics(store, Hands(NOON))

    async def away(*_: Any) -> Any:
        raise Unavailable("away")

    seen = []
    for read in (store.read, away, store.read):
        now.at, store.read = now.at + 10, read
        found = shown(await made.text())
        seen.append((found["horarium_database_up",], found.get(("horarium_callbacks_pending",))))
    assert seen == [(1, 11), (0, None), (1, 11)]
