"""Nothing is stuck, stale or kept for ever."""

import pytest

from horarium.domain.errors import NotFound, Unavailable
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID
from horarium.domain.overlap import Overlap
from horarium.domain.schedule import Policies, ScheduleState
from horarium.store.rows import CursorMove, DueCursor, StaleCursor, ZoneInUse
from horarium.store.verbs import dispatch, ledger, meta, nodes, runs, upkeep
from horarium.times import Timing, zone_fingerprint
from tests.support.raw import select
from tests.support.tenant import ACCEPTED, DAY, HOUR, MINUTE, NOON, TRY_AGAIN, Node, states

ALLOW = Policies(overlap=Overlap.ALLOW)


async def test_history_beyond_retention_goes_and_the_rest_stays(tenant, store):
    schedule = await tenant.schedule("0 * * * *", ALLOW)
    node = await Node.start(store)
    for n in range(1, 6):
        await tenant.release(NOON + n * HOUR)
        await node.work(NOON + n * HOUR)
    assert (await store.write(upkeep.forget, NOON + 3 * HOUR, 100)).found == 2
    assert len(await tenant.fires(schedule)) == len(await tenant.runs(schedule)) == 3
    assert (await store.write(upkeep.forget, NOON + 3 * HOUR, 100)).found == 0


async def test_what_is_still_open_is_kept_however_old(tenant, store):
    schedule = await tenant.schedule(policies=ALLOW)
    await tenant.release(NOON + MINUTE)
    assert (await store.write(upkeep.forget, NOON + 100 * DAY, 100)).found == 0
    assert len(await tenant.runs(schedule)) == 1


async def test_an_old_slot_that_ended_lately_is_kept(tenant, store):
    schedule = await tenant.schedule(policies=ALLOW)
    await tenant.release(NOON + MINUTE)
    await (await Node.start(store)).work(NOON + 9 * DAY)
    await store.write(upkeep.forget, NOON + 8 * DAY, 100)
    assert len(await tenant.fires(schedule)) == 1


async def test_attempts_and_spans_go_with_what_they_belong_to(tenant, store):
    schedule = await tenant.schedule()
    node = await Node.start(store)
    await tenant.release(NOON + MINUTE)
    (run,) = await node.work(NOON + MINUTE, TRY_AGAIN)
    await tenant.release(NOON + 2 * MINUTE)
    await node.work(NOON + HOUR)
    await store.write(upkeep.forget, NOON + DAY, 100)
    assert await tenant.spans(schedule) == []
    with pytest.raises(NotFound):
        await store.read(runs.get_run, tenant.workspace, run)

    async def attempts(tx):
        return await tx.rows("attempts_of_run", run_id=run)

    assert list(await store.read(attempts)) == []


async def test_forgetting_goes_by_batches(tenant, store):
    await tenant.schedules(7, policies=ALLOW)
    await tenant.release(NOON + MINUTE)
    await (await Node.start(store)).work(NOON + MINUTE)
    counts = [(await store.write(upkeep.forget, NOON + DAY, 3)).found for _ in range(4)]
    assert counts == [3, 3, 1, 0]


async def test_a_run_that_was_tried_very_often_goes_after_its_attempts_piece_by_piece(
    tenant, store, monkeypatch
):
    monkeypatch.setattr(upkeep, "MOST_ATTEMPTS", 2)
    await tenant.schedules(2, policies=ALLOW)
    await tenant.release(NOON + MINUTE)
    runs_ = await (await Node.start(store)).work(NOON + MINUTE)

    async def try_often(tx):
        await tx.many("insert_attempts", [(runs_[0], 100 + n, NOON, NOON, 500, None) for n in range(5)])

    await store.write(try_often)
    left, at = [], (LOWEST_ID, LOWEST_ID)
    for _ in range(3):
        found, *at = await store.write(upkeep.forget, NOON + DAY, 3, *at)
        counts = [await select(store, f"SELECT count(*) FROM {table}") for table in ("attempts", "runs")]
        left.append((found, *(count for ((count,),) in counts)))
    assert left == [(3, 3, 2), (3, 1, 2), (2, 0, 0)]


async def test_of_runs_with_large_texts_few_are_forgotten_at_once(tenant, store):
    """A piece has a hundred runs at least, and an output may have 16 MB."""
    await tenant.schedules(20, policies=ALLOW)
    await tenant.release(NOON + MINUTE)
    large = f'"{"x" * 200_000}"'
    runs_ = await select(store, "SELECT id FROM runs")

    async def end(tx):
        ended = [(run, "succeeded", NOON, NOON, 1, 200, large, None, None) for (run,) in runs_]
        await tx.many("finish_runs", ended)

    await store.write(end)
    found, *at = await store.write(upkeep.forget, NOON + DAY, 10)
    assert (found, len(await select(store, "SELECT id FROM runs"))) == (3, 17)
    while at != [HIGHEST_ID, HIGHEST_ID]:
        _, *at = await store.write(upkeep.forget, NOON + DAY, 10, *at)
    assert list(await select(store, "SELECT id FROM runs")) == []


async def test_what_is_old_and_goes_on_is_passed_over_a_piece_at_a_time(tenant, store, monkeypatch):
    """All of it was read for each piece that was deleted behind it."""
    monkeypatch.setattr(upkeep, "LOOKED_AT", 4)
    await tenant.schedules(7, policies=ALLOW)
    await tenant.release(NOON + MINUTE)
    *opened, last = sorted(run for (run,) in await select(store, "SELECT id FROM runs"))

    async def end(tx):
        await tx.many("finish_runs", [(last, "succeeded", NOON, NOON, 1, 200, None, None, None)])

    await store.write(end)
    found = await store.write(upkeep.forget, NOON + DAY, 1)
    assert found == upkeep.Forgotten(0, opened[3], HIGHEST_ID)
    found = await store.write(upkeep.forget, NOON + DAY, 1, found.runs, found.fires)
    assert (found.found, found.fires) == (1, HIGHEST_ID)
    assert [run for (run,) in await select(store, "SELECT id FROM runs ORDER BY id")] == opened


async def test_nodes_long_gone_are_forgotten(store):
    node = await Node.start(store)
    await store.urgent(nodes.stop, node.id, NOON)
    await store.write(upkeep.forget, NOON, 10)
    assert len(await select(store, "SELECT id FROM nodes")) == 1
    await store.write(upkeep.forget, NOON + 1, 10)
    assert await select(store, "SELECT id FROM nodes") == []


async def stale(store, zone="UTC"):
    async def verb(tx):
        rows = await tx.rows(
            "schedules_of_stale_zone", zone=zone, zone_data=zone_fingerprint(zone), limit=100
        )
        moved = [(row["schedule_id"], row["accounted_to"], 1000, 1000, "old") for row in rows]
        await tx.many("rezone_cursors", moved)
        await tx.many("rezone_schedules", [(row[0], "old") for row in moved])

    await store.write(verb)


async def test_schedules_of_a_zone_with_new_data_are_computed_anew(tenant, store):
    schedule = await tenant.schedule("0 * * * *", Policies(jitter_ms=MINUTE))
    await stale(store)
    assert (await tenant.again(schedule)).progress.next_due == 1000
    assert await store.write(upkeep.rezone, NOON, 10) == 1
    assert (await tenant.again(schedule)).progress == schedule.progress
    assert await store.write(upkeep.rezone, NOON, 10) == 0


async def test_schedules_of_all_zones_with_new_data_are_computed_anew_in_pieces(tenant, store):
    zones = "UTC", "Europe/Berlin", "Asia/Tokyo"
    made = [await tenant.schedule("0 * * * *", zone=zone) for zone in zones for _ in range(2)]
    for zone in zones:
        await stale(store, zone)
    assert [await store.write(upkeep.rezone, NOON, 4) for _ in range(3)] == [4, 2, 0]
    assert [(await tenant.again(one)).progress for one in made] == [one.progress for one in made]


async def test_a_schedule_that_is_given_another_zone_is_found_by_the_data_of_that(tenant, store):
    schedule = await tenant.schedule("0 * * * *")
    await tenant.redefine(schedule, NOON + 1, timing=Timing("0 * * * *", zone="Europe/Berlin"))

    async def zones(tx):
        return [tuple(row) for row in await tx.rows("zones_in_use")]

    assert await store.read(zones) == [("Europe/Berlin", zone_fingerprint("Europe/Berlin"))]


async def test_new_zone_data_wakes_no_paused_schedule(tenant, store):
    schedule = await tenant.schedule("0 * * * *")
    await stale(store)
    await tenant.change(schedule, NOON + 1, state=ScheduleState.PAUSED)
    await store.write(upkeep.rezone, NOON + 2, 10)
    assert (await tenant.again(schedule)).progress.next_due is None


class Told:
    """A transaction in which some statements answer as they would have a moment ago."""

    def __init__(self, tx, answers):
        self._tx, self._answers = tx, answers

    def __getattr__(self, name):
        return getattr(self._tx, name)

    async def rows(self, statement, **params):
        return self._answers.get(statement) or await self._tx.rows(statement, **params)


async def test_a_one_shot_that_is_paused_while_it_is_computed_anew_stays_paused(tenant, store):
    """It was active when the stale ones were looked for, and paused when its cursor could be locked."""
    schedule = await tenant.schedule('{"once":"2026-11-22T13:00:00Z"}')
    await tenant.change(schedule, NOON + 1, state=ScheduleState.PAUSED)

    async def as_seen(tx):
        cursor = DueCursor._make(await tx.row("due_schedule", schedule_id=schedule.id))
        own = schedule.id, tenant.workspace, 1
        seen = StaleCursor(
            *own, cursor.accounted_to, None, 0, NOON + HOUR, None, cursor.timing, cursor.policies
        )
        answers = {"zones_in_use": [ZoneInUse("UTC", "old")], "schedules_of_stale_zone": [seen]}
        return await upkeep.rezone(Told(tx, answers), NOON + 2, 10)

    assert await store.write(as_seen) == 1
    progress = (await tenant.again(schedule)).progress
    assert (progress.next_slot, progress.next_due) == (NOON + HOUR, None)


async def test_a_stale_next_slot_neither_fires_early_nor_loses_a_slot(tenant, store):
    schedule = await tenant.schedule("0 * * * *")
    await stale(store)
    await tenant.release(NOON + 1)
    assert await tenant.fires(schedule) == []
    assert (await tenant.again(schedule)).progress.next_slot == NOON + HOUR
    await tenant.release(NOON + HOUR)
    fires, _ = await store.read(ledger.entries_between, tenant.workspace, schedule.id, 0, NOON * 2, 9)
    assert [fire.slot_ms for fire in fires] == [NOON + HOUR]


async def test_a_node_with_older_zone_data_does_not_plan(tenant, store):
    schedule = await tenant.schedule("0 * * * *")
    await store.write(meta.raise_zone_data, "9999a")
    await tenant.release(NOON + HOUR)  # computed from what we have: nobody has told otherwise
    await stale(store)
    await tenant.schedule(zone="Europe/Berlin", now=NOON)  # one whose zone is up to date changes nothing
    with pytest.raises(Unavailable, match="9999a"):
        await tenant.release(NOON + 2 * HOUR)
    assert len(await tenant.fires(schedule)) == 1


async def test_a_local_reading_that_new_zone_data_name_once_more_does_not_fire_again(tenant, store):
    """The last fire and the slot after it were named by data an hour ahead of what holds now."""
    schedule = await tenant.schedule("0 13 * * *", ALLOW)
    await tenant.release(NOON + HOUR)

    async def as_by_older_data(tx):
        row = (schedule.id, NOON, NOON + DAY, NOON + DAY, "old")
        place = (await tx.row("due_schedule", schedule_id=schedule.id))["place"]
        await tx.many("rezone_cursors", [row])
        await tx.many("rezone_schedules", [(schedule.id, "old")])
        move = CursorMove(place, schedule.id, bytes(16), NOON, NOON + DAY, NOON + DAY, last_slot=NOON)
        await tx.many("move_cursors", [move])

    await store.write(as_by_older_data)
    assert await store.write(upkeep.rezone, NOON + 1, 10) == 1
    assert (await tenant.again(schedule)).progress.next_slot == NOON + HOUR + DAY
    _, spans = await store.read(ledger.entries_between, tenant.workspace, schedule.id, NOON, NOON + DAY, 9)
    assert [(span.first_ms, span.count, span.reason) for span in spans] == [(NOON + HOUR, 1, "cancelled")]


async def test_a_slot_that_new_zone_data_name_earlier_is_not_taken_for_the_last_one_and_fires(tenant, store):
    """The last fire and the slot after it were named by data an hour behind what holds now."""
    schedule = await tenant.schedule("0 12 * * *", ALLOW)

    async def as_by_older_data(tx):
        fired, after = NOON + HOUR, NOON + HOUR + DAY
        place = (await tx.row("due_schedule", schedule_id=schedule.id))["place"]
        move = CursorMove(place, schedule.id, bytes(16), fired, after, after, last_slot=fired)
        await tx.many("move_cursors", [move])
        await tx.many("rezone_cursors", [(schedule.id, fired, after, after, "old")])
        await tx.many("rezone_schedules", [(schedule.id, "old")])

    await store.write(as_by_older_data)
    assert await store.write(upkeep.rezone, NOON + 2 * HOUR, 10) == 1
    assert (await tenant.again(schedule)).progress.next_slot == NOON + DAY
    assert await tenant.spans(schedule) == []


async def test_a_reading_for_which_a_slot_waits_does_not_fire_again_either(tenant, store):
    schedule = await tenant.schedule("0 13 * * *")
    await tenant.release(NOON + HOUR)
    await tenant.release(NOON + HOUR + DAY)
    assert states(await tenant.fires(schedule)) == ["running", "waiting"]

    async def as_by_older_data(tx):
        row = (schedule.id, NOON + DAY, NOON + 2 * DAY, NOON + 2 * DAY, "old")
        await tx.many("rezone_cursors", [row])
        await tx.many("rezone_schedules", [(schedule.id, "old")])

    await store.write(as_by_older_data)
    assert await store.write(upkeep.rezone, NOON + DAY + 1, 10) == 1
    assert (await tenant.again(schedule)).progress.next_slot == NOON + HOUR + 2 * DAY
    assert [span.reason for span in await tenant.spans(schedule)] == ["cancelled"]


async def test_a_database_of_which_little_is_empty_is_left_as_it_is(tenant, store):
    await tenant.schedule()
    assert await store.write(upkeep.give_back_space) is False


async def test_what_was_awaited_of_a_run_goes_with_it(tenant, store):
    target = await tenant.callback_target()
    await tenant.schedule("1 12 * * *", target_id=target)
    await tenant.release(NOON + MINUTE)
    node = await Node.start(store)
    (work,) = await node.claim(NOON + MINUTE)
    await store.urgent(
        dispatch.open_callback,
        node.id,
        dispatch.OpenCallback(
            work.id, work.epoch, tenant.workspace, target, 1, b"h" * 32, NOON + MINUTE, NOON + HOUR, MINUTE
        ),
    )
    await node.record([work], ACCEPTED, NOON + MINUTE)
    await store.write(runs.cancel_run, tenant.workspace, work.id, NOON + 2 * MINUTE)
    assert len(await select(store, "SELECT run_id FROM callbacks")) == 1
    await store.write(upkeep.forget, NOON + 2 * MINUTE, 10)
    assert len(await select(store, "SELECT run_id FROM callbacks")) == 1
    await store.write(upkeep.forget, NOON + DAY, 10)
    assert await select(store, "SELECT run_id FROM callbacks") == []


@pytest.mark.parametrize(
    ("spare", "pages", "gives"),
    [
        (2_048, 100, False),
        (2_049, 100, True),
        (10_000, 80_000, False),  # an eighth stays free
        (10_001, 80_000, True),
        (10_001, 80_008, False),
    ],
)
async def test_space_is_given_back_where_much_of_the_file_is_empty(spare, pages, gives):
    class Pages:
        """A transaction on a file of so many pages."""

        given_back = 0

        async def row(self, statement):
            assert statement == "spare_pages"
            return spare, pages

        async def rows(self, statement):
            assert statement == "give_back_pages"
            self.given_back += 1

    tx = Pages()
    assert await upkeep.give_back_space(tx) is gives
    assert tx.given_back == gives
