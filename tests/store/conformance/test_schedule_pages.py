"""Pages of schedules, in every order and by every filter, hold what looking at all schedules finds."""

import itertools
from dataclasses import replace

import pytest

from horarium.domain.ids import HIGHEST_ID
from horarium.domain.listings import ScheduleListing, ScheduleOrder
from horarium.domain.schedule import NO_OWNER, Policies, ScheduleState
from horarium.store.verbs import schedule_pages
from horarium.store.verbs.schedule_lists import list_schedules
from horarium.store.verbs.schedule_pages import count_schedules_within, find_schedules, matching_ids
from tests.support.tenant import FAILED, HOUR, MINUTE, NOON, SUCCEEDED, Node, Tenant

NAMES = ("beta", "Alpha", "ärger", "alpha", "Zoo", "alpha 2")
LABELS = (("team", "a"), ("all", "1"))
SOON = NOON + 2 * HOUR


async def crowd(tenant):
    """Schedules in all states, some due at the same instant, some that have fired, well and badly, and some deleted."""
    node, other = await Node.start(tenant.store), await tenant.add_target()
    made = []
    for number in range(18):
        made.append(
            await tenant.schedule(
                ("* * * * *", "0 * * * *", "0 0 * * *")[number % 3],
                now=NOON + number,
                key=f"{('daily', 'weekly')[number % 2]}-{number}" if number % 3 else None,
                owner_id=NO_OWNER,
                target_id=(tenant.target, other)[number % 2],
                labels=dict((LABELS, LABELS[1:], LABELS[:1])[number % 3]),
                paused=number % 5 == 0,
                description=f"number {number}",
            )
        )
        await tenant.change(made[-1], NOON + number, name=NAMES[number % 6])
    for minute, outcome in ((1, FAILED), (2, FAILED), (3, SUCCEEDED)):
        await tenant.release(NOON + minute * MINUTE)
        works = await node.claim(NOON + minute * MINUTE)
        await node.record(works[::2], outcome, NOON + minute * MINUTE)
        await node.record(works[1::2], FAILED, NOON + minute * MINUTE)
        await tenant.change(made[3 * minute], NOON + minute * MINUTE + 1, state=ScheduleState.PAUSED)
    waits = await tenant.schedule("*/2 * * * *", audience={"type": "users"}, now=NOON + 50)
    await tenant.release(NOON + 4 * MINUTE)
    gone = await tenant.schedule(labels=dict(LABELS), key="daily-gone", owner_id=NO_OWNER)
    await tenant.change(gone, NOON, state=ScheduleState.DELETED, deleted_ms=NOON)
    return other, waits


def order_of(order, schedule):
    progress = schedule.progress
    match order:
        case ScheduleOrder.NAME | ScheduleOrder.NAME_DOWN:
            called = "".join(letter.lower() if letter.isascii() else letter for letter in schedule.name)
            return (called.encode(), schedule.id)
        case ScheduleOrder.NEXT_FIRE:
            return (progress.next_due is None, progress.next_due or 0, schedule.id)
        case ScheduleOrder.LAST_FIRE:
            return (progress.last_fire_id is not None, progress.last_fire_id or schedule.id)
    return (schedule.id,)


FILTERS = {
    "label": ({"labels": LABELS[1:]}, lambda one: one.labels.get("all") == "1"),
    "label_twice": ({"labels": LABELS[1:] * 2}, lambda one: one.labels.get("all") == "1"),
    "labels": ({"labels": LABELS}, lambda one: dict(LABELS).items() <= one.labels.items()),
    "state": ({"state": "paused"}, lambda one: one.state is ScheduleState.PAUSED),
    "search": ({"search": "ALPHA"}, lambda one: "alpha" in one.name.lower()),
    "search_beyond_ascii": ({"search": "ÄRG"}, lambda one: "ärg" in one.name.lower()),
    "search_in_key": ({"search": "AILY-1"}, lambda one: "aily-1" in (one.key or "")),
    "search_in_description": ({"search": "Number 1"}, lambda one: "number 1" in (one.description or "")),
    "key": ({"key": "daily-2"}, lambda one: one.key == "daily-2"),
    "key_prefix": ({"key_prefix": "daily-"}, lambda one: (one.key or "").startswith("daily-")),
    "no_such_prefix": ({"key_prefix": "DAILY-"}, lambda one: False),
    "next_before": ({"next_before_ms": SOON}, lambda one: (one.progress.next_due or SOON) < SOON),
    "last_state": ({"last_state": "failed"}, lambda one: one.progress.last_state == "failed"),
    "failing": ({"failing": True}, lambda one: one.progress.failures_in_row > 0),
    "not_failing": ({"failing": False}, lambda one: one.progress.failures_in_row == 0),
    "made_upto": ({"made_upto_ms": NOON + 7}, lambda one: one.created_ms <= NOON + 7),
    "dialect": ({"dialect": "native"}, lambda one: True),
}


async def pages_of(store, listing, order):
    pages, position = [], None
    while True:
        pages.append(await store.read(find_schedules, listing, order, position))
        assert len(pages[-1]) <= listing.limit
        position = pages[-1].reached
        if position is None:
            return pages
        assert len(pages) < 300


async def all_pages(store, listing, order, window):
    """The items of all pages, and the totals that the pages have told."""
    pages = await pages_of(store, replace(listing, window=window), order)
    return [one for page in pages for one in page], [page.total for page in pages]


async def counted(store, listing, scan):
    """How many schedules a listing has, counted step by step, each of which looks at some of them."""
    total, position = 0, None
    for _ in range(100):
        step = await store.read(count_schedules_within, listing, position, scan)
        assert step.count <= scan + 1 or step.reached is None
        total, position = total + step.count, step.reached
        if position is None:
            return total
    raise AssertionError("it does not end")


@pytest.mark.parametrize(("few", "window"), [(1_000, 1_000), (0, 3), (9, 7)])
async def test_every_order_and_filter_finds_what_looking_at_all_schedules_finds(
    tenant, store, monkeypatch, few, window
):
    monkeypatch.setattr(schedule_pages, "FEW", few)
    if few == 0:  # no page looks at all fires
        monkeypatch.setattr(schedule_pages, "RUNS_FOR_EACH", 2)
    await crowd(await Tenant.open(store))
    other, _ = await crowd(tenant)
    everything = await store.read(list_schedules, ScheduleListing(tenant.workspace, 1_000))
    assert len(everything) == 19
    filters = {
        **FILTERS,
        "target": ({"target_id": other}, lambda one: one.definition.target_id == other),
        "created_by": ({"created_by": tenant.principal}, lambda one: True),
        "nobody": ({"created_by": HIGHEST_ID}, lambda one: False),
    }
    names = [(), *((name,) for name in filters), ("label", "failing"), ("target", "state", "search"),
             ("key_prefix", "label"), ("next_before", "target"), ("failing", "last_state", "labels")]  # fmt: skip
    known = set()
    for chosen, order in itertools.product(names, ScheduleOrder):
        given = {key: value for name in chosen for key, value in filters[name][0].items()}
        expected = [one for one in everything if all(filters[name][1](one) for name in chosen)]
        expected.sort(key=lambda one: order_of(order, one), reverse=order.descending)
        listing = ScheduleListing(tenant.workspace, 4, **given)
        found, totals = await all_pages(store, listing, order, window)
        assert [one.id for one in found] == [one.id for one in expected], (chosen, order)
        if order is ScheduleOrder.OLDEST:
            assert await counted(store, listing, window) == len(expected), chosen
        known |= {total == len(expected) for total in totals if total is not None}
    assert known == {True}  # what one filter leaves is counted where all of it is looked at


@pytest.mark.parametrize("order", ScheduleOrder)
async def test_a_page_tells_how_many_schedules_there_are_where_it_has_put_all_of_them_in_order(
    tenant, store, order
):
    await tenant.schedules(3)
    listing = ScheduleListing(tenant.workspace, 2, target_id=tenant.target)
    page = await store.read(find_schedules, listing, order)
    in_order_anyway = order in (ScheduleOrder.NEWEST, ScheduleOrder.OLDEST)
    assert (len(page), page.total) == (2, None if in_order_anyway else 3)


async def test_ids_for_an_action_are_found_by_ascending_ids(tenant, store, monkeypatch):
    monkeypatch.setattr(schedule_pages, "FEW", 3)
    await crowd(tenant)
    everything = await store.read(
        list_schedules, ScheduleListing(tenant.workspace, 1_000, newest_first=False)
    )
    listing = ScheduleListing(tenant.workspace, 4, labels=LABELS[1:], window=5)
    found, position = [], b""
    while position is not None:
        walk = await store.read(matching_ids, listing, position or bytes(16))
        found += [schedule for _, schedule in walk.found]
        position = walk.reached
    assert found == [one.id for one in everything if one.labels.get("all") == "1"]


async def test_positions_that_nobody_was_given_are_answered_with_a_page(tenant, store):
    await crowd(tenant)
    for order in ScheduleOrder:
        for position in (
            b"d" + b"\xff" * 24,
            b"z" + bytes(16),
            b"x" * 17,
            b"\xff" * 16,
            b"f" * 17,
            b"\0" * 25,
        ):
            page = await store.read(find_schedules, ScheduleListing(tenant.workspace, 4), order, position)
            assert len(page) <= 4


async def test_a_schedule_that_moves_while_it_is_paged_through_hides_no_other(tenant, store):
    """It fires between two pages: those that do not move are each seen once."""
    steady = {(await tenant.schedule("0 0 * * *", now=NOON + number)).id for number in range(9)}
    await tenant.schedule("* * * * *", now=NOON)
    first = await store.read(find_schedules, ScheduleListing(tenant.workspace, 4), ScheduleOrder.NEXT_FIRE)
    await tenant.release(NOON + MINUTE)
    seen = [one.id for one in first]
    position = first.reached
    while position is not None:
        page = await store.read(
            find_schedules, ScheduleListing(tenant.workspace, 4), ScheduleOrder.NEXT_FIRE, position
        )
        seen += [one.id for one in page]
        position = page.reached
    assert sorted(one for one in seen if one in steady) == sorted(steady)


async def nothing(store, tenant, order, window, position=None):
    """A page of a filter by which nothing is found: how far it has looked."""
    listing = ScheduleListing(tenant.workspace, 4, search="no such words", window=window)
    page = await store.read(find_schedules, listing, order, position)
    assert page == []
    return page.reached


async def test_a_page_looks_at_as_many_schedules_as_were_asked_for_and_says_how_far_it_has_come(
    tenant, store
):
    made = sorted(one.id for one in await tenant.schedules(7, "0 0 1 1 *"))
    for order, ids in ((ScheduleOrder.OLDEST, made), (ScheduleOrder.NEWEST, made[::-1])):
        for window in (1, 3, 6):
            assert await nothing(store, tenant, order, window) == ids[window - 1]
            assert await nothing(store, tenant, order, 3, ids[window - 1]) == (
                None if window > 4 else ids[window + 2]
            )
        assert await nothing(store, tenant, order, 8) is None


@pytest.mark.parametrize("order", ScheduleOrder)
@pytest.mark.parametrize("count", [3, 4, 5, 8])
async def test_a_page_is_full_where_there_is_enough_and_the_last_one_says_so(
    tenant, store, monkeypatch, order, count
):
    monkeypatch.setattr(schedule_pages, "FEW", 0)
    made = await tenant.schedules(count, "0 0 1 1 *", labels={"a": "1"})
    listing = ScheduleListing(tenant.workspace, 4, labels=(("a", "1"),))
    pages = await pages_of(store, listing, order)
    assert sorted(one.id for page in pages for one in page) == sorted(one.id for one in made)
    sizes = [len(page) for page in pages if page]
    assert sizes == [4] * (count // 4) + [count % 4] * (count % 4 > 0)
    two_lists = order in (ScheduleOrder.NEXT_FIRE, ScheduleOrder.LAST_FIRE)  # one of them has nothing
    assert len(pages) == len(sizes) + two_lists


@pytest.mark.parametrize("given", ["key", "key_prefix", "next_before", "failing"])
async def test_what_a_filter_leaves_few_of_is_on_one_page_however_little_is_looked_at_for_others(
    tenant, store, given
):
    await crowd(tenant)
    filters, matches = FILTERS[given]
    for order in ScheduleOrder:
        listing = ScheduleListing(tenant.workspace, 50, window=1, **filters)
        (page,) = await pages_of(store, listing, order)
        everything = await store.read(list_schedules, ScheduleListing(tenant.workspace, 50))
        assert {one.id for one in page} == {one.id for one in everything if matches(one)}


async def test_no_empty_page_follows_what_is_due_soon(tenant, store, monkeypatch):
    monkeypatch.setattr(schedule_pages, "FEW", 0)
    await crowd(tenant)
    listing = ScheduleListing(tenant.workspace, 50, next_before_ms=SOON, window=1_000)
    (page,) = await pages_of(store, listing, ScheduleOrder.NEXT_FIRE)
    assert len(list(page)) > 3


async def test_a_window_of_due_schedules_may_end_between_two_instants_or_within_one(
    tenant, store, monkeypatch
):
    monkeypatch.setattr(schedule_pages, "FEW", 0)
    expected = []
    for minute, count in ((1, 3), (2, 1), (3, 4), (4, 2), (5, 5)):
        expected += sorted(one.id for one in await tenant.schedules(count, f"{minute} 12 * * *"))
    for window in range(1, 8):
        found, _ = await all_pages(
            store, ScheduleListing(tenant.workspace, 4), ScheduleOrder.NEXT_FIRE, window
        )
        assert [one.id for one in found] == expected, window


async def test_of_a_herd_at_one_instant_each_is_found_by_a_filter_as_well(tenant, store, monkeypatch):
    """The place of the last page goes on within that instant, by ids."""
    monkeypatch.setattr(schedule_pages, "FEW", 0)
    made = [await tenant.schedule("1 12 * * *", labels={"a": str(number % 2)}) for number in range(9)]
    later = await tenant.schedule("2 12 * * *", labels={"a": "1"})
    for label in "01":
        wanted = sorted(one.id for one in made if one.labels["a"] == label) + [later.id] * (label == "1")
        listing = ScheduleListing(tenant.workspace, 2, labels=(("a", label),))
        for window in (2, 3, 9):
            found, _ = await all_pages(store, listing, ScheduleOrder.NEXT_FIRE, window)
            assert [one.id for one in found] == wanted, (label, window)


async def test_what_is_left_of_a_count_does_not_begin_anew_where_few_are_left_by_then(tenant, store):
    made = sorted([(await tenant.schedule(labels={"a": "1"})).id for _ in range(5)])
    listing = ScheduleListing(tenant.workspace, 4, labels=(("a", "1"),))
    assert (await store.read(count_schedules_within, listing, made[1], 100)).count == 3


async def test_a_page_by_the_next_fire_goes_on_with_what_is_due_a_millisecond_later(
    tenant, store, monkeypatch
):
    monkeypatch.setattr(schedule_pages, "FEW", 0)
    made = [await tenant.schedule("1 12 * * *", Policies(jitter_ms=2)) for _ in range(24)]
    expected = [one.id for one in sorted(made, key=lambda one: (one.progress.next_due, one.id))]
    assert len({one.progress.next_due for one in made}) == 2
    for window in (3, 12, 23):
        listing = ScheduleListing(tenant.workspace, 30)
        found, _ = await all_pages(store, listing, ScheduleOrder.NEXT_FIRE, window)
        assert [one.id for one in found] == expected
