"""Every filter of a list of schedules finds what looking at all schedules finds, by whichever way it goes."""

import itertools
import time

import pytest

from horarium.domain.listings import ScheduleListing
from horarium.domain.schedule import NO_OWNER, ScheduleState
from horarium.service.schedules import ScheduleDraft, schedule_of
from horarium.store.verbs import schedule_lists
from horarium.store.verbs.creation import create_schedules
from horarium.times import Timing
from tests.support.tenant import NOON, Tenant

LABELS = (("team", "a"), ("team", "b"), ("tea", "ma"), ("all", "1"), ("TEAM", "a"), ("none", "x"))


async def crowd(tenant):
    """Schedules of two dialects, two owners and two targets, with labels in all mixtures; (targets, owners)."""
    targets = (tenant.target, await tenant.add_target())
    owners = [await tenant.add_target() for _ in range(2)]
    for n in range(24):
        labels = dict(label for place, label in enumerate(LABELS[:5]) if (n >> place) % 2 or place == 3)
        await tenant.schedule(
            now=NOON + n,
            target_id=targets[n % 2],
            owner_id=owners[n // 2 % 2],
            dialect=("native", "uranus")[n // 4 % 2],
            labels=labels,
            description=f"Nummer {n} Grün",
            input={"n": n, "to": "Straße"},
            paused=n % 5 == 0,
        )
    gone = await tenant.schedule(target_id=targets[0], owner_id=owners[0], labels=dict(LABELS[:4]))
    await tenant.change(gone, NOON, state=ScheduleState.DELETED, deleted_ms=NOON)
    return targets, owners


def matches(schedule, listing):
    text = f"{schedule.name} {schedule.description} {schedule.definition.input}".lower()
    return (
        all(schedule.labels.get(name) == value for name, value in listing.labels)
        and listing.dialect in (None, schedule.dialect)
        and listing.owner_id in (None, schedule.owner_id)
        and listing.target_id in (None, schedule.definition.target_id)
        and listing.state in (None, schedule.state.value)
        and schedule.state.value != listing.not_state
        and (listing.search is None or listing.search.lower() in text)
    )


@pytest.mark.parametrize("frequent", [1, 1_000])
async def test_every_filter_finds_what_looking_at_all_schedules_finds(tenant, store, monkeypatch, frequent):
    monkeypatch.setattr(schedule_lists, "FREQUENT", frequent)
    monkeypatch.setattr(schedule_lists, "_AT_ONCE", 7)
    await crowd(await Tenant.open(store))
    targets, owners = await crowd(tenant)
    listed = schedule_lists.list_schedules
    everything = await store.read(listed, ScheduleListing(tenant.workspace, 1_000))
    assert len(everything) == 24
    labels = [
        *itertools.chain.from_iterable(itertools.combinations(LABELS, size) for size in (0, 1, 2)),
        LABELS[2:5],
    ]
    further = (
        {}, {"state": "paused"}, {"not_state": "paused"}, {"search": "GRÜN"}, {"search": "straße"}, {"search": "zebra"},
    )  # fmt: skip
    found_by = itertools.product(
        labels, (None, targets[1]), (None, owners[0]), (None, "native", "uranus"), further
    )
    for number, (names, target, owner, dialect, given) in enumerate(found_by):
        newest = number % 2 == 0
        listing = ScheduleListing(
            tenant.workspace, 1_000, labels=names, target_id=target, owner_id=owner, dialect=dialect,
            newest_first=newest, **given,
        )  # fmt: skip
        expected = [schedule for schedule in everything if matches(schedule, listing)][:: 1 if newest else -1]
        assert await store.read(listed, listing) == expected, listing
        if number % 7 == 0:
            assert await store.read(schedule_lists.count_schedules, listing) == len(expected), listing
            rest = ScheduleListing(
                tenant.workspace, 2, labels=names, target_id=target, owner_id=owner, dialect=dialect,
                newest_first=newest, skip=1, cursor=expected[0].id if expected else None, **given,
            )  # fmt: skip
            assert await store.read(listed, rest) == expected[2:4], listing


@pytest.mark.parametrize(
    ("recurrence", "found"),
    [("once", ["once"]), ("delay", ["delay"]), ("", ["cron"]), (None, ["cron", "delay", "once"])],
)
async def test_schedules_are_found_by_the_kind_of_their_recurrence(tenant, store, recurrence, found):
    specs = {"once": '{"once":"2030-01-01T00:00:00Z"}', "delay": '{"delay":3600}', "cron": "0 9 * * *"}
    for name, spec in specs.items():
        timing = Timing(spec, dialect="uranus", anchor=NOON // 1000)
        draft = ScheduleDraft(tenant.workspace, tenant.principal, name, timing, target_id=tenant.target)
        await store.write(create_schedules, [schedule_of(draft, NOON)])
    listing = ScheduleListing(tenant.workspace, 10, recurrence=recurrence)
    listed = await store.read(schedule_lists.list_schedules, listing)
    assert sorted(schedule.name for schedule in listed) == found
    assert await store.read(schedule_lists.count_schedules, listing) == len(found)


@pytest.mark.parametrize("where", ["name", "key", "description", "input"])
@pytest.mark.parametrize("stored", ["ÜBERSICHT", "Übersicht", "übersicht"])
async def test_a_search_takes_capital_letters_of_any_language_for_small_ones(tenant, store, where, stored):
    made = await tenant.schedule(**{"input": {"for": stored}} if where == "input" else {})
    await tenant.schedule(description="UBERSICHT", input={"for": "ubersicht"})
    if where != "input":
        await tenant.change(made, NOON, **{where: stored})
    if where == "description":  # it may be long, and long ones are searched in another way
        await tenant.schedule(description="Uber " * 300)
        await tenant.change(made, NOON, description=f"{'Uber ' * 300}{stored}")
    for asked in ("übersicht", "ÜBER"):
        listing = ScheduleListing(tenant.workspace, 10, search=asked, search_input=where == "input")
        assert [one.id for one in await store.read(schedule_lists.list_schedules, listing)] == [made.id]


# A final sigma, and letters that become two, or stay, as the database is made.
@pytest.mark.parametrize(
    "stored", ["\u03a6\u03a9\u03a3", "\u0130STANBUL", "STRA\u1e9eE", "\u01c4", 'a"b\\c%_']
)
@pytest.mark.parametrize("before", ["x", "x" * 1_000], ids=["short", "long"])
@pytest.mark.parametrize("where", ["name", "key", "description", "input"])
async def test_what_is_searched_for_as_it_is_written_is_found(tenant, store, where, stored, before):
    before = "x" if where in ("name", "key") else before
    made = await tenant.schedule(**{"input": {"for": f"{before}{stored}"}} if where == "input" else {})
    if where != "input":
        await tenant.change(made, NOON, **{where: f"{before}{stored}"})
    listing = ScheduleListing(tenant.workspace, 10, search=stored, search_input=where == "input")
    assert [one.id for one in await store.read(schedule_lists.list_schedules, listing)] == [made.id]
    if where == "name":
        listing = ScheduleListing(tenant.workspace, 10, prefix=f"x{stored}")
        assert [one.id for one in await store.read(schedule_lists.list_schedules, listing)] == [made.id]


@pytest.mark.parametrize("before", ["", "x" * 1_000], ids=["short", "long"])
@pytest.mark.parametrize(
    "asked", ['say "hi"', "two\nlines", "back\\slash", '"n":7', "SAY", "lines, b(a)*[.]"]
)
async def test_a_search_finds_what_an_input_says_and_how_it_is_stored(tenant, store, asked, before):
    text = f'{before} say "hi" in two\nlines, back\\slash, lines, b(a)*[.]'
    made = await tenant.schedule(input={"text": text, "n": 7})
    await tenant.schedule(input={"text": f"{before} something else"})
    listing = ScheduleListing(tenant.workspace, 10, search=asked)
    assert [one.id for one in await store.read(schedule_lists.list_schedules, listing)] == [made.id]


async def test_a_search_for_a_text_that_repeats_itself_holds_nobody_up_where_an_input_does_so_too(
    tenant, store
):
    """LIKE took 3.5 s for each megabyte, of one of the two threads in which all read."""
    await tenant.schedule(input={"text": "a" * 2_000_000}, description="a" * 10_000)
    begun = time.monotonic()
    for asked in ("a" * 1_999 + "b", "b" + "a" * 1_999, '"' + "a" * 1_998 + "b"):
        listing = ScheduleListing(tenant.workspace, 10, search=asked)
        assert await store.read(schedule_lists.list_schedules, listing) == []
    assert time.monotonic() - begun < 5


async def test_a_key_finds_the_one_schedule_of_our_own_api_that_has_it(tenant, store):
    mine = await tenant.schedule(key="k", labels={"a": "1"}, owner_id=NO_OWNER)
    await tenant.schedule(key="k2", owner_id=NO_OWNER)
    await tenant.schedule(key="k", dialect="cadenya", owner_id=await tenant.add_target())
    other = await Tenant.open(store)
    await other.schedule(key="k", owner_id=NO_OWNER)
    for newest_first in (True, False):
        listing = ScheduleListing(tenant.workspace, 10, key="k", newest_first=newest_first)
        assert [found.id for found in await store.read(schedule_lists.list_schedules, listing)] == [mine.id]
        assert await store.read(schedule_lists.count_schedules, listing) == 1
    for labels, count in (((("a", "1"), ("a", "1")), 1), ((("a", "2"),), 0)):
        listing = ScheduleListing(tenant.workspace, 10, key="k", labels=labels)
        assert await store.read(schedule_lists.count_schedules, listing) == count
    await tenant.change(mine, NOON, state=ScheduleState.DELETED, deleted_ms=NOON)
    listing = ScheduleListing(tenant.workspace, 10, key="k")
    assert await store.read(schedule_lists.list_schedules, listing) == []


async def test_a_list_has_schedules_of_every_form_of_recurrence_unless_it_asks_for_one(tenant, store):
    made = [await tenant.schedule(spec) for spec in ('{"every":"5m"}', "* * * * *")]
    for newest_first in (True, False):
        listing = ScheduleListing(tenant.workspace, 10, newest_first=newest_first)
        found = await store.read(schedule_lists.list_schedules, listing)
        assert {one.id for one in found} == {one.id for one in made}
        assert await store.read(schedule_lists.count_schedules, listing) == 2
