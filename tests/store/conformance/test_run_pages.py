"""Pages of runs, fires and the ledger of a workspace hold what looking at everything finds."""

import itertools
from dataclasses import replace

import pytest

from horarium.domain.fire import Fire, FireKind, FireState, SpanReason
from horarium.domain.ids import HIGHEST_ID
from horarium.domain.listings import Counted, FireListing, LedgerListing, RunListing
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import CatchUp, Policies
from horarium.store.verbs import fanout, ledger, manual, run_lists, run_pages, runs
from horarium.store.verbs.run_pages import (
    count_fires_within,
    count_runs_within,
    find_entries,
    find_fires,
    find_runs,
)
from tests.store.conformance.test_fanout import texts
from tests.support.tenant import FAILED, HOUR, MINUTE, NOON, SUCCEEDED, Node, Tenant

ALLOW = Policies(overlap=Overlap.ALLOW)


async def crowd(tenant):
    """A workspace with runs and fires of all kinds, and slots that did not fire; (schedules, another target)."""
    store, node, other = tenant.store, await Node.start(tenant.store), await tenant.add_target()
    plain = await tenant.schedule(policies=ALLOW, labels={"team": "a", "all": "1"})
    labelled = await tenant.schedule(policies=ALLOW, target_id=other, labels={"team": "b", "all": "1"})
    of_rows = await tenant.schedule(policies=ALLOW, labels={"team": "a"}, audience={"type": "users"})
    skips = await tenant.schedule("*/2 * * * *", labels={"all": "1"})
    waits = await tenant.schedule("*/3 * * * *", Policies(overlap=Overlap.BUFFER_ALL))
    for minute in range(1, 7):
        now = NOON + minute * MINUTE
        await tenant.release(now)
        for task in await store.urgent(fanout.claim_fanout_tasks, node.id, now, 10, 10, {}):
            distinct = minute % 2 == 0
            rows = fanout.prepare(task, texts("r1", "r2", f"m{minute}"), distinct)
            await store.write(fanout.write_chunk, task, rows, None, 3, True, now)
        works = await node.claim(now)
        ending = sorted((work for work in works if work.run.schedule_id not in (skips.id, waits.id)), key=_id)
        await node.record(ending[::3], FAILED, now)
        await node.record(ending[1::3], SUCCEEDED, now)
    await store.write(fire_now, tenant.workspace, labelled.id, NOON + 2 * MINUTE)
    listed = await store.read(run_lists.list_runs, tenant.workspace, 1_000, schedule_id=of_rows.id)
    over = [run for run in listed if run.state.final]
    for run in over[:2]:
        await store.write(runs.replay_run, tenant.workspace, run.id, NOON + HOUR)
    (still, *_) = await store.read(run_lists.list_runs, tenant.workspace, 10, state="open")
    await store.write(runs.cancel_run, tenant.workspace, still.id, NOON + 7 * MINUTE)
    late = await tenant.schedule(policies=Policies(catch_up=CatchUp.NONE), labels={"team": "b"})
    await tenant.release(NOON + 10 * MINUTE)
    return (plain, labelled, of_rows, skips, waits, late), other


def _id(work):
    return work.id


async def fire_now(tx, workspace, schedule_id, now):
    from horarium.store.verbs.schedules import get_schedule

    schedule = await get_schedule(tx, workspace, schedule_id)
    await manual.fire_by_hand(tx, schedule, FireKind.MANUAL, now, "again", now)


async def pages_of(store, find, listing, scan, position="cursor"):
    pages = []
    while True:
        pages.append(await store.read(find, listing, scan))
        assert len(pages[-1]) <= listing.limit
        if pages[-1].reached is None:
            return pages
        listing = replace(listing, **{position: pages[-1].reached})
        assert len(pages) < 200


async def all_pages(store, find, listing, scan, position="cursor"):
    return [one for page in await pages_of(store, find, listing, scan, position) for one in page]


def full_but_the_last(items, limit):
    """How many of some items are on each of their pages."""
    return [limit] * (items // limit) + [items % limit] * (items % limit > 0)


async def counted(store, count, listing, scan):
    """How many items a listing has, counted step by step, each of which looks at some of them."""
    total = 0
    for _ in range(100):
        step = await store.read(count, listing, scan)
        total += step.count
        if step.reached is None:
            return total
        listing = replace(listing, cursor=step.reached)
    raise AssertionError("it does not end")


@pytest.mark.parametrize(("few", "scan"), [(500, 10_000), (0, 5), (1, 3)])
async def test_every_filter_of_runs_finds_what_looking_at_all_finds(tenant, store, monkeypatch, few, scan):
    bounds = ("ROW_FIRES", "ROW_IDS", "MOST_COUNTED", "LABELLED")
    for name, value in (("FEW_SCHEDULES", few), *((name, scan) for name in bounds)):
        monkeypatch.setattr(run_pages, name, value)
    monkeypatch.setattr(run_lists, "NEARBY", scan)
    monkeypatch.setattr(run_lists, "NEARBY_FOR_EACH", 0)
    monkeypatch.setattr(run_lists, "AROUND", scan)
    schedules, other = await crowd(tenant)
    await crowd(await Tenant.open(store))
    everything = await store.read(run_lists.list_runs, tenant.workspace, 1_000)
    labels = {schedule.id: schedule.labels for schedule in schedules}
    fire = next(run.fire_id for run in everything if run.row_key)
    times = {"from_ms": NOON + 2 * MINUTE, "to_ms": NOON + 4 * MINUTE}
    filters = {
        "label": ({"labels": (("all", "1"),)}, lambda run: labels[run.schedule_id].get("all") == "1"),
        "labels": (
            {"labels": (("all", "1"), ("team", "a"))},
            lambda run: labels[run.schedule_id] == {"all": "1", "team": "a"},
        ),
        "no_label": ({"labels": (("all", "2"),)}, lambda run: False),
        "target": ({"target_id": other}, lambda run: run.target_id == other),
        "schedule": ({"schedule_id": schedules[2].id}, lambda run: run.schedule_id == schedules[2].id),
        "fire": ({"fire_id": fire}, lambda run: run.fire_id == fire),
        "row": ({"row_key": "r1"}, lambda run: run.row_key == "r1"),
        "other_row": ({"row_key": "m3"}, lambda run: run.row_key == "m3"),
        "no_row": ({"row_key": "zebra"}, lambda run: False),
        "times": (times, lambda run: NOON + 2 * MINUTE <= (run.slot_ms or 0) <= NOON + 4 * MINUTE),
        "before": ({"made_before_ms": NOON + HOUR}, lambda run: run.created_ms < NOON + HOUR),
        **{
            state: ({"state": state}, lambda run, state=state: run.state.value == state)
            for state in ("pending", "succeeded", "failed", "cancelled")
        },
        "open": ({"state": "open"}, lambda run: not run.state.final),
    }  # fmt: skip
    some = (
        "label",
        "labels",
        "target",
        "schedule",
        "row",
        "times",
        "failed",
        "pending",
        "succeeded",
        "before",
    )
    chosen = [
        (),
        *((name,) for name in filters),
        *(
            pair
            for pair in itertools.combinations(some, 2)
            if not filters[pair[0]][0].keys() & filters[pair[1]][0].keys()
        ),
        ("label", "times", "failed"),
    ]
    for names in chosen:
        given = {key: value for name in names for key, value in filters[name][0].items()}
        expected = [run for run in everything if all(filters[name][1](run) for name in names)]
        if "row_key" in given:
            expected.sort(key=lambda run: (run.fire_id, run.id), reverse=True)
        found = await all_pages(store, find_runs, RunListing(tenant.workspace, 3, **given), scan)
        assert [run.id for run in found] == [run.id for run in expected], names
        if "made_before_ms" not in given:
            listing = RunListing(tenant.workspace, 3, **given)
            assert await counted(store, count_runs_within, listing, scan) == len(expected), names


@pytest.mark.parametrize("scan", [10_000, 3])
async def test_every_filter_of_fires_finds_what_looking_at_all_finds(tenant, store, monkeypatch, scan):
    monkeypatch.setattr(run_pages, "ROW_FIRES", scan)
    schedules, other = await crowd(tenant)
    await crowd(await Tenant.open(store))
    labels = {schedule.id: schedule.labels for schedule in schedules}
    everything = []
    for schedule in schedules:
        everything += await store.read(ledger.list_fires, tenant.workspace, schedule.id, 1_000)
    everything.sort(key=lambda fire: fire.id, reverse=True)
    assert {fire.state for fire in everything} >= {
        FireState.WAITING, FireState.RUNNING, FireState.COMPLETED, FireState.FAILED,
    }  # fmt: skip
    times = {"from_ms": NOON + 2 * MINUTE, "to_ms": NOON + 4 * MINUTE}
    filters = {
        "label": ({"labels": (("all", "1"),)}, lambda fire: labels[fire.schedule_id].get("all") == "1"),
        "target": ({"target_id": other}, lambda fire: fire.schedule_id == schedules[1].id),
        "schedule": ({"schedule_id": schedules[0].id}, lambda fire: fire.schedule_id == schedules[0].id),
        "manual": ({"kind": FireKind.MANUAL}, lambda fire: fire.kind is FireKind.MANUAL),
        "times": (times, lambda fire: NOON + 2 * MINUTE <= fire.slot_ms <= NOON + 4 * MINUTE),
        **{
            state.value: ({"state": state.value}, lambda fire, state=state: fire.state is state)
            for state in FireState
        },
    }
    chosen = [(), *((name,) for name in filters), *itertools.product(("label", "times"), ("running", "failed")),
              ("schedule", "times"), ("target", "failed"), ("manual", "running")]  # fmt: skip
    for names in chosen:
        given = {key: value for name in names for key, value in filters[name][0].items()}
        expected = [fire for fire in everything if all(filters[name][1](fire) for name in names)]
        found = await all_pages(store, find_fires, FireListing(tenant.workspace, 3, **given), scan)
        assert [fire.id for fire in found] == [fire.id for fire in expected], names
        listing = FireListing(tenant.workspace, 3, **given)
        assert await counted(store, count_fires_within, listing, scan) == len(expected), names


def entry_of(entry):
    """What tells entries apart, and where they stand: the last slot."""
    if isinstance(entry, Fire):
        return (entry.slot_ms, entry.schedule_id, "fire")
    return (entry.last_ms, entry.schedule_id, entry.reason.value, entry.first_ms)


@pytest.mark.parametrize("scan", [10_000, 3])
async def test_the_ledger_of_a_workspace_has_what_those_of_its_schedules_have(tenant, store, scan):
    schedules, _ = await crowd(tenant)
    await crowd(await Tenant.open(store))
    fires, spans = [], []
    for schedule in schedules:
        found = await store.read(ledger.entries_between, tenant.workspace, schedule.id, 0, NOON * 2, 1_000)
        fires += found[0]
        spans += found[1]
    assert SpanReason.MISSED in {span.reason for span in spans}
    assert any(span.reason.by_overlap for span in spans)
    whole = {"from_ms": 0, "to_ms": NOON + HOUR}
    part = {"from_ms": NOON + 3 * MINUTE, "to_ms": NOON + 5 * MINUTE}
    label = {"labels": (("all", "1"),)}
    labelled = {schedule.id for schedule in schedules if schedule.labels.get("all")}
    for given, expected in (
        (whole, [*fires, *spans]),
        ({**whole, "fires": False}, spans),
        ({**whole, "spans": False}, fires),
        (
            {**whole, "fires": False, "reason": SpanReason.MISSED},
            [span for span in spans if span.reason is SpanReason.MISSED],
        ),
        ({**whole, **label}, [one for one in (*fires, *spans) if one.schedule_id in labelled]),
        (
            part,
            [
                *(one for one in fires if part["from_ms"] <= one.slot_ms <= part["to_ms"]),
                *(one for one in spans if one.last_ms >= part["from_ms"] and one.first_ms <= part["to_ms"]),
            ],
        ),
    ):
        found = await all_pages(
            store, find_entries, LedgerListing(tenant.workspace, 3, **given), scan, position="position"
        )
        assert sorted(map(entry_of, found)) == sorted(map(entry_of, expected)), given
        slots = [entry_of(entry)[0] for entry in found]
        assert slots == sorted(slots, reverse=True)


async def test_positions_that_nobody_was_given_are_answered_with_a_page(tenant, store):
    await crowd(tenant)
    for position in (b"\xff" * 25, b"\0" * 25, b"f" * 25, HIGHEST_ID + b"e" * 9):
        listing = LedgerListing(tenant.workspace, 3, 0, NOON * 2, position)
        assert len(await store.read(find_entries, listing, 100)) <= 3


async def test_the_runs_of_a_row_in_one_fire_are_found_one_by_one(tenant, store):
    """It was run again twice, and each page ends within the fire."""
    node, schedule = (
        await Node.start(store),
        await tenant.schedule(policies=ALLOW, audience={"type": "users"}),
    )
    for minute in (1, 2):
        now = NOON + minute * MINUTE
        await tenant.release(now)
        (task,) = await store.urgent(fanout.claim_fanout_tasks, node.id, now, 10, 10, {})
        await store.write(
            fanout.write_chunk, task, fanout.prepare(task, texts("r1", "r2"), True), None, 2, True, now
        )
        await node.work(now)
    (latest,) = [
        run for run in await tenant.runs(schedule) if run.row_key == "r1" and run.slot_ms == NOON + 2 * MINUTE
    ]
    for again in (1, 2):
        await store.write(runs.replay_run, tenant.workspace, latest.id, NOON + HOUR + again)
        await node.work(NOON + HOUR + again)
    every = [run for run in await tenant.runs(schedule) if run.row_key == "r1"]
    every.sort(key=lambda run: (run.fire_id, run.id), reverse=True)
    assert len(every) == 4
    for limit in (1, 2, 3, 4):
        pages = await pages_of(store, find_runs, RunListing(tenant.workspace, limit, row_key="r1"), 100)
        assert [run.id for page in pages for run in page] == [run.id for run in every]
        assert [len(page) for page in pages if page] == full_but_the_last(4, limit)
    one_fire = RunListing(tenant.workspace, 9, row_key="r1", fire_id=latest.fire_id)
    assert [run.id for run in await store.read(find_runs, one_fire, 100)] == [run.id for run in every[:3]]


@pytest.mark.parametrize("find", [find_runs, find_fires])
@pytest.mark.parametrize("count", [2, 3, 4, 6])
async def test_a_page_is_full_where_there_is_enough_and_the_last_one_says_so(
    tenant, store, monkeypatch, find, count
):
    monkeypatch.setattr(run_pages, "ROW_FIRES", 1)
    await tenant.schedules(count, "1 12 * * *")
    await tenant.release(NOON + MINUTE)
    kind = RunListing if find is find_runs else FireListing
    for given in (
        {},
        {"target_id": tenant.target},
        {"state": "running" if find is find_fires else "pending"},
    ):
        pages = await pages_of(store, find, kind(tenant.workspace, 3, **given), 1_000)
        assert [len(page) for page in pages] == full_but_the_last(count, 3)


@pytest.mark.parametrize("given", [{}, {"spans": False}, {"fires": False}])
@pytest.mark.parametrize("count", [2, 3, 4, 6])
async def test_a_page_of_the_ledger_is_full_where_there_is_enough(tenant, store, given, count):
    await tenant.schedules(count, policies=Policies(catch_up=CatchUp.NONE, grace_ms=MINUTE))
    await tenant.release(NOON + 3 * MINUTE)
    listing = LedgerListing(tenant.workspace, 3, 0, NOON + HOUR, **given)
    pages = await pages_of(store, find_entries, listing, 1_000, "position")
    entries = len(await store.read(find_entries, replace(listing, limit=99), 1_000))
    assert entries >= count
    assert [len(page) for page in pages] == full_but_the_last(entries, 3)


@pytest.mark.parametrize(
    ("find", "count", "kind", "given"),
    [
        (find_runs, count_runs_within, RunListing, {"state": "succeeded"}),
        (find_runs, count_runs_within, RunListing, {"state": "succeeded", "of_schedule": True}),
        (find_runs, count_runs_within, RunListing, {"state": "failed", "labels": (("team", "z"),)}),
        (find_fires, count_fires_within, FireListing, {"state": "completed"}),
        (find_fires, count_fires_within, FireListing, {"state": "completed", "of_schedule": True}),
        (find_fires, count_fires_within, FireListing, {"state": "failed", "labels": (("team", "z"),)}),
        (find_entries, None, LedgerListing, {"labels": (("team", "z"),)}),
        (find_entries, None, LedgerListing, {"labels": (("team", "z"),), "fires": False}),
    ],
)
async def test_a_page_that_finds_nothing_in_the_rows_that_it_may_look_at_ends_there(
    tenant, store, find, count, kind, given
):
    schedule = await tenant.schedule(policies=replace(ALLOW, catch_up=CatchUp.NONE))
    node, wanted = await Node.start(store), dict(given)
    for minute in range(1, 10):
        if minute % 2:  # the slot of every other minute is missed
            await tenant.release(NOON + minute * MINUTE)
        else:
            await tenant.release(NOON + minute * MINUTE + MINUTE - 1)
        if given.get("state") == "failed":
            await node.work(NOON + minute * MINUTE, FAILED)
    of = {"schedule_id": schedule.id} if wanted.pop("of_schedule", False) else {}
    span = (0, NOON * 2) if kind is LedgerListing else ()
    listing = kind(tenant.workspace, 3, *span, **of, **wanted)
    page = await store.read(find, listing, 2)
    assert (list(page), page.reached is None) == ([], False)
    assert (await store.read(find, listing, 100)).reached is None
    if count is not None:
        step = await store.read(count, listing, 2)
        assert (step.count, step.reached is None) == (0, False)
        assert await store.read(count, listing, 100) == Counted(0, None)
