"""A page of a list ends early where its texts are large, and the next page goes on where it ended."""

import orjson
import pytest

from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, random_id
from horarium.domain.listings import (
    AgentListing,
    AuditListing,
    ObjectiveListing,
    ScheduleListing,
    ScheduleOrder,
    TargetListing,
)
from horarium.domain.target import TargetKind
from horarium.store.verbs import (
    audit,
    objectives,
    page_bytes,
    run_lists,
    runs,
    schedule_lists,
    schedule_pages,
    targets,
)
from horarium.store.verbs.page_bytes import PageRoom
from tests.store.conformance.test_audit import entry, write
from tests.store.conformance.test_objectives import ran
from tests.support.tenant import MINUTE, NOON

LARGE = "ä" * 4_500
SIZE = len(orjson.dumps(LARGE))


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    """A page holds two large texts, and not a third."""
    monkeypatch.setattr(page_bytes, "PAGE_BYTES", 3 * SIZE - 1)


async def pages(read, id_of):
    """All pages of a list, each a list of rows; `read` takes the cursor of the page."""
    found, cursor = [], None
    while True:
        page = await read(cursor)
        found.append(list(page))
        if not page.ended_early:
            return found
        assert page
        cursor = id_of(page[-1])


def test_the_first_row_of_a_page_is_there_however_large_it_is():
    assert PageRoom(10).take([99, 1]) == 1
    assert PageRoom(10).take([1, 99]) == 1
    assert PageRoom(10).take([4, 6]) == 2
    assert PageRoom(10).take([]) == 0


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("at_once", [2, 10_000])
async def test_pages_of_large_schedules_end_early_and_miss_none(
    tenant, store, monkeypatch, newest_first, at_once
):
    monkeypatch.setattr(schedule_lists, "_AT_ONCE", at_once)
    inputs = [LARGE, 1, LARGE, LARGE, None, {"x": LARGE}, 2, LARGE]
    made = [await tenant.schedule(now=NOON + n, input=given) for n, given in enumerate(inputs)]
    if newest_first:
        made.reverse()

    async def read(cursor):
        listing = ScheduleListing(tenant.workspace, 100, cursor, newest_first=newest_first)
        return await store.read(schedule_lists.list_schedules, listing)

    found = await pages(read, lambda schedule: schedule.id)
    assert [row for page in found for row in page] == [await tenant.again(schedule) for schedule in made]
    assert 2 < len(found) < len(made)
    for page in found:
        assert sum(len(orjson.dumps(row.definition.input)) for row in page) < 3 * SIZE


@pytest.mark.parametrize("order", ScheduleOrder)
async def test_pages_of_large_schedules_in_any_order_end_early_and_miss_none(tenant, store, order):
    inputs = [LARGE, 1, LARGE, LARGE, None, {"x": LARGE}, 2, LARGE]
    made = [await tenant.schedule(now=NOON + n, input=given) for n, given in enumerate(inputs)]
    listing, position, found, early = ScheduleListing(tenant.workspace, 100), None, [], 0
    while True:
        page = await store.read(schedule_pages.find_schedules, listing, order, position)
        assert sum(len(orjson.dumps(row.definition.input)) for row in page) < 3 * SIZE
        found += [row.id for row in page]
        early, position = early + page.ended_early, page.reached
        if position is None:
            break
    assert sorted(found) == sorted(schedule.id for schedule in made)
    assert early > 1


async def test_large_audiences_and_descriptions_count_as_well(tenant, store):
    audience = {"source": "users", "query": {"note": LARGE}, "key": "id"}
    for given in ({"audience": audience}, {"description": LARGE}, {"extra": {"config": LARGE}}):
        await tenant.schedule(**given)
    listing = ScheduleListing(tenant.workspace, 100)
    page = await store.read(schedule_lists.list_schedules, listing)
    assert (len(page), page.ended_early) == (2, True)


@pytest.mark.parametrize("state", [None, "open", "cancelled"])
@pytest.mark.parametrize("of_target", [False, True])
async def test_pages_of_large_runs_end_early_and_miss_none(tenant, store, state, of_target):
    made = []
    for n, given in enumerate([LARGE, 1, LARGE, LARGE, 2, LARGE]):
        data, now = orjson.dumps(given).decode(), NOON + n
        made.append(
            await store.write(runs.run_target, tenant.workspace, tenant.target, random_id(now), data, now)
        )
        if state == "cancelled":
            made[-1] = await store.write(runs.cancel_run, tenant.workspace, made[-1].id, now)

    async def read(cursor):
        target = tenant.target if of_target else None
        return await store.read(
            run_lists.list_runs, tenant.workspace, 100, cursor, state=state, target_id=target
        )

    found = await pages(read, lambda run: run.id)
    assert [row for page in found for row in page] == made[::-1]
    assert [sum(len(run.data) > 4_000 for run in page) for page in found] == [2, 2]


@pytest.mark.parametrize("newest_first", [True, False])
async def test_pages_of_large_objectives_end_early_and_miss_none(tenant, store, newest_first):
    schedule = await ran(tenant, times=4, input=LARGE)
    expected = sorted((run.id for run in await tenant.runs(schedule)), reverse=newest_first)

    async def read(cursor):
        listing = ObjectiveListing(tenant.workspace, "cadenya", 100, cursor, newest_first)
        page, context, total = await store.read(objectives.list_objectives, listing)
        assert (total, set(context.schedules)) == (4, {schedule.id})
        return page

    found = await pages(read, lambda objective: objective.run.id)
    assert [len(page) for page in found] == [1, 1, 1, 1]
    assert [objective.run.id for page in found for objective in page] == expected
    assert all(objective.input == LARGE for page in found for objective in page)


@pytest.mark.parametrize("of_agents", [False, True])
async def test_pages_of_large_targets_end_early_and_miss_none(tenant, store, of_agents):
    text = "x" * SIZE
    given = [{"config": {"url": text}}, {"extra": {"x": text}}, {}, {"input_schema": {"title": text}}]
    made = [
        await tenant.add_target(NOON + n, kind=TargetKind.AGENT, **large) for n, large in enumerate(given)
    ]

    async def read(cursor):
        if of_agents:
            listing = AgentListing(tenant.workspace, 100, cursor, newest_first=False)
            return (await store.read(objectives.list_agents, listing))[0]
        listing = TargetListing(tenant.workspace, 100, cursor or LOWEST_ID, kind="agent")
        return await store.read(targets.list_targets, listing)

    found = await pages(read, lambda target: target.id)
    assert [target.id for page in found for target in page] == made
    assert len(found) == 2
    for target in (target for page in found for target in page):
        assert target == await store.read(targets.get_target, tenant.workspace, target.id)


async def test_pages_of_large_audit_entries_end_early_and_miss_none(tenant, store):
    said = [LARGE, "", LARGE, LARGE]
    made = [entry(tenant.workspace, at=NOON + n, after=text) for n, text in enumerate(said)]
    await write(tenant, *made)
    await store.write(audit.link_pending, NOON)

    async def read(cursor):
        listing = AuditListing(tenant.workspace, 100, cursor or HIGHEST_ID, action="target")
        return await store.read(audit.list_entries, listing)

    found = await pages(read, lambda linked: linked.id)
    assert [linked.content for page in found for linked in page] == [
        each.content.decode() for each in reversed(made)
    ]
    assert len(found) == 2


async def test_a_page_of_small_texts_needs_no_second_query(tenant, store):
    await tenant.schedules(3, input={"to": "a"})
    await tenant.add_target(kind=TargetKind.WORKFLOW)
    await tenant.release(NOON + MINUTE)
    asked = []

    async def counted(tx, verb, *given):
        class Counting:
            async def rows(self, statement, **params):
                asked.append(statement)
                return await tx.rows(statement, **params)

        return await verb(Counting(), *given)

    schedules = await store.read(
        counted, schedule_lists.list_schedules, ScheduleListing(tenant.workspace, 10)
    )
    found = await store.read(counted, run_lists.list_runs, tenant.workspace, 10)
    assert (len(schedules), len(found)) == (3, 3)
    assert asked == ["schedules_by_workspace_desc", "schedules_listed", "list_runs"]


async def test_a_large_row_that_is_deleted_while_a_page_is_read_is_left_out_of_it():
    async def read(ids):
        return [(one, "whole") for one in ids if one != b"gone"]

    listed = [
        (b"small", "text", 4),
        (b"gone", None, page_bytes.LARGE + 1),
        (b"large", None, page_bytes.LARGE + 1),
    ]
    page = await page_bytes.whole_page(listed, read)
    assert (list(page), page.ended_early) == ([(b"small", "text"), (b"large", "whole")], False)
