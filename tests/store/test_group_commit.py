"""Schedules made at the same time by several requests: one transaction, and each its own answer."""

import asyncio
from dataclasses import replace

import pytest
import pytest_asyncio

from horarium.domain.errors import Conflict, Invalid, NotFound, Problem, QuotaReached, Unavailable
from horarium.domain.ids import random_id
from horarium.domain.listings import ScheduleListing
from horarium.store.base import CommitUnknown
from horarium.store.group_commit import MAX_ITEMS, GroupCommit, GroupCommits
from horarium.store.sqlite.migrate import migrate_sqlite
from horarium.store.verbs.creation import create_schedules
from horarium.store.verbs.schedule_lists import list_schedules
from horarium.store.verbs.targets import delete_target
from tests.support.inline_store import InlineSqliteStore
from tests.support.tenant import NOON, Tenant


class Counting:
    """A store that counts its transactions, and fails as often as it is told to."""

    def __init__(self, store, failures=0):
        self._store, self._failures = store, failures
        self.sizes = []

    async def write(self, take):
        schedules = take()
        self.sizes.append(len(schedules))
        await asyncio.sleep(0)
        if len(self.sizes) <= self._failures:
            raise Unavailable("the database is away")
        return await self._store.write(create_schedules, schedules)


@pytest_asyncio.fixture
async def tenant():
    store = InlineSqliteStore(lambda: NOON)
    migrate_sqlite(store.connection)
    yield await Tenant.open(store)
    await store.close()


@pytest_asyncio.fixture
async def drafts(tenant):
    """Makes schedules that are stored nowhere yet."""
    first = await tenant.schedule()

    def some(count, **given):
        return [replace(first, id=random_id(NOON), **given) for _ in range(count)]

    return some


async def answers(group, schedules):
    return await asyncio.gather(*(group.submit(one) for one in schedules), return_exceptions=True)


async def stored(tenant, schedules):
    known = await tenant.store.read(list_schedules, ScheduleListing(tenant.workspace, 100))
    return [one.id in {other.id for other in known} for one in schedules]


async def test_what_comes_while_one_is_written_shares_a_transaction(tenant, drafts):
    store = Counting(tenant.store)
    made = drafts(10)
    assert await answers(GroupCommit(store.write), made) == [set()] * 10
    assert store.sizes == [10]
    assert all(await stored(tenant, made))


async def test_each_gets_what_the_verb_returned_for_all_that_were_written_with_it():
    async def write(take):
        items = take()
        if 3 in items and len(items) > 1:
            raise Conflict("not together")
        return sum(items)

    assert await answers(GroupCommit(write), [1, 2, 3, 4]) == [3, 3, 3, 4]


async def test_a_database_that_writes_one_at_a_time_has_the_next_ready_and_it_takes_whoever_comes_before_it_begins():
    begin, taken = [asyncio.Event() for _ in range(3)], []
    begun = iter(begin)

    async def write(take):
        await next(begun).wait()
        taken.append((take(), take()))  # the same ones where it begins anew
        await asyncio.sleep(0)
        return sum(taken[-1][0])

    group = GroupCommit(write, ahead=True)
    asked = [asyncio.create_task(group.submit(one)) for one in (1, 2)]
    await turns()
    begin[0].set()
    await turns(2)
    asked += [asyncio.create_task(group.submit(one)) for one in (3, 4)]
    begin[1].set()
    assert await asyncio.gather(*asked) == [3, 3, 7, 7]
    assert taken == [([1, 2], [1, 2]), ([3, 4], [3, 4])]


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("ahead", [False, True])
async def test_while_one_is_written_the_next_is_asked_for_only_where_that_is_wanted(ahead):
    asked, go = [], asyncio.Event()

    async def write(take):
        asked.append(take())
        await go.wait()

    group = GroupCommit(write, ahead)
    waiting = [asyncio.create_task(group.submit(1))]
    await turns()
    waiting.append(asyncio.create_task(group.submit(2)))
    await turns()
    assert asked == ([[1], [2]] if ahead else [[1]])
    go.set()
    await asyncio.gather(*waiting)
    assert asked == [[1], [2]]


async def test_a_database_that_is_away_before_a_half_is_written_is_told_to_all_who_wait():
    async def write(take):
        if len(take()) > 1:
            raise Conflict("not together")
        raise Unavailable("the database is away")

    assert [type(one) for one in await answers(GroupCommit(write), [1, 2, 3])] == [Unavailable] * 3


async def test_one_that_clashes_takes_no_other_with_it(tenant, drafts):
    await tenant.schedule(key="taken")
    made = [*drafts(2), *drafts(1, key="taken"), *drafts(2)]
    found = await answers(GroupCommit(Counting(tenant.store).write), made)
    assert isinstance(found.pop(2), Conflict)
    assert found == [set()] * 4
    assert await stored(tenant, made) == [True, True, False, True, True]


@pytest.mark.parametrize("others", [0, 2])
async def test_one_whose_target_has_just_been_deleted_takes_no_stranger_with_it(tenant, drafts, others):
    """Neither those of its transaction nor those that wait for the next one."""
    stranger = await Tenant.open(tenant.store)
    (gone,) = drafts(1, workspace_id=stranger.workspace)
    made = [gone, *drafts(others)]
    await tenant.store.write(delete_target, stranger.workspace, stranger.target, NOON)
    gone = replace(gone, definition=replace(gone.definition, target_id=stranger.target))
    group = GroupCommit(Counting(tenant.store).write)
    first = asyncio.create_task(answers(group, [gone, *made[1:]]))
    await turns(2)
    waiting = drafts(1)
    found = [*await answers(group, waiting), *await first]
    assert isinstance(found.pop(1), NotFound)
    assert found == [set()] * (1 + others)
    assert await stored(tenant, [*waiting, *made]) == [True, False, *[True] * others]


async def test_a_database_that_is_away_is_told_to_each_and_asked_again_by_the_next(tenant, drafts):
    group = GroupCommit(Counting(tenant.store, failures=1).write)
    assert [type(one) for one in await answers(group, drafts(3))] == [Unavailable] * 3
    assert await answers(group, drafts(3)) == [set()] * 3


async def test_of_many_that_clash_each_is_told_and_the_rest_are_made(tenant, drafts):
    store = Counting(tenant.store)
    await tenant.schedule(key="taken")
    made = [*drafts(7), *drafts(1, key="taken"), *drafts(8)]
    found = await answers(GroupCommit(store.write), made)
    assert [type(one) for one in found].count(Conflict) == 1
    assert len(store.sizes) == 9  # halved, not one by one
    assert (await stored(tenant, made)).count(True) == 15


@pytest.mark.parametrize("steps", [1, 2])
async def test_nobody_is_left_waiting_when_the_node_ends(tenant, drafts, steps):
    group = GroupCommit(Counting(tenant.store).write)
    asked = [asyncio.create_task(group.submit(one)) for one in drafts(3)]
    for _ in range(steps):  # before the writing begins, and after
        await asyncio.sleep(0)
    for task in group._tasks:
        task.cancel()
    done, waiting = await asyncio.wait(asked, timeout=5)
    assert (len(done), len(waiting)) == (3, 0)


async def test_whoever_has_gone_leaves_the_others_alone(tenant, drafts):
    store = Counting(tenant.store)
    group = GroupCommit(store.write)
    made = drafts(4)
    asked = [asyncio.create_task(group.submit(one)) for one in made[:1]]
    await asyncio.sleep(0)
    asked += [asyncio.create_task(group.submit(one)) for one in made[1:]]
    await asyncio.sleep(0)
    asked[2].cancel()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in found] == [set, set, asyncio.CancelledError, set]
    assert store.sizes == [1, 2]
    assert await stored(tenant, made) == [True, True, False, True]


async def test_a_transaction_takes_so_many_at_most_and_in_their_order():
    sizes = []

    async def write(take):
        items = take()
        sizes.append((len(items), items[0], items[-1]))

    await answers(GroupCommit(write), range(MAX_ITEMS + 2))
    assert sizes == [(500, 0, 499), (2, 500, 501)]


@pytest.mark.parametrize(
    "error",
    [
        Conflict("taken"),
        Invalid(Problem("name", "is wrong", "value")),
        NotFound("target"),
        QuotaReached("schedules", 1, "ws"),
    ],
)
async def test_what_is_wrong_with_one_is_told_to_that_one_alone(error):
    async def write(take):
        if 3 in (items := take()):
            raise error
        return items

    found = await answers(GroupCommit(write), [1, 2, 3, 4])
    assert found == [[1, 2], [1, 2], error, [4]]


async def test_a_commit_of_which_nobody_knows_is_told_to_those_whose_it_was_and_the_next_are_written():
    asked, go = [], asyncio.Event()

    async def write(take):
        asked.append(take())
        await go.wait()
        if len(asked) == 1:
            raise CommitUnknown
        return "done"

    group = GroupCommit(write)
    first = asyncio.create_task(group.submit(1))
    await turns()
    second = asyncio.create_task(group.submit(2))
    await turns()
    go.set()
    found = await asyncio.gather(first, second, return_exceptions=True)
    assert isinstance(found[0], CommitUnknown)
    assert (found[1], asked) == ("done", [[1], [2]])


async def test_one_that_is_given_up_while_it_is_written_keeps_no_answer_from_the_others():
    go = asyncio.Event()

    async def write(take):
        items = take()
        await go.wait()
        return items

    group = GroupCommit(write)
    asked = [asyncio.create_task(group.submit(one)) for one in (1, 2, 3)]
    await turns()
    asked[0].cancel()
    go.set()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [[1, 2, 3]] * 2


@pytest.mark.parametrize("ahead", [False, True])
async def test_items_of_different_verbs_are_not_mixed_and_each_verb_is_asked_ahead_or_not(ahead):
    asked, go = [], asyncio.Event()

    async def write(verb, take):
        asked.append((verb, take()))
        await go.wait()
        return verb

    groups = GroupCommits(write, ahead)
    waiting = []
    for item in (1, 2):
        waiting += [asyncio.create_task(groups.submit(verb, item)) for verb in ("make", "change")]
        await turns()
    assert asked == [("make", [1]), ("change", [1]), *([("make", [2]), ("change", [2])] if ahead else [])]
    go.set()
    assert await asyncio.gather(*waiting) == ["make", "change"] * 2


async def test_a_database_that_is_away_before_the_items_are_taken_is_told_to_who_waits_and_asked_again_by_the_next():
    """As where not even a transaction can be begun."""

    async def write(take):
        raise Unavailable("no transaction can be begun")

    group = GroupCommit(write)
    async with asyncio.timeout(5):
        for _ in range(2):
            told = await answers(group, ["one", "two"])
            assert [str(error) for error in told] == ["no transaction can be begun"] * 2
