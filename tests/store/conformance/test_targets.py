"""Targets have ids, keys and numbers, and stay while something needs them."""

import asyncio
from dataclasses import replace

import pytest

from horarium.domain.errors import Conflict, InUse, NotFound
from horarium.domain.ids import prefixed, ulid, uuid_text
from horarium.domain.target import Completion, TargetState
from horarium.store.verbs import events, targets, tenancy
from tests.support.tenant import NOON, Tenant


async def test_targets_made_at_once_have_numbers_of_their_own(tenant, store, other):
    second = Tenant(other, tenant.workspace, tenant.principal)
    made = await asyncio.gather(*(one.add_target() for one in (tenant, second) * 5))
    found = [await store.read(targets.get_target, tenant.workspace, one) for one in made]
    assert len({one.number for one in found}) == 10


async def test_a_target_is_found_by_id_key_and_number(tenant, store):
    made = await tenant.add_target(key="mail")
    number = (await store.read(targets.get_target, tenant.workspace, made)).number
    for reference in ("mail", number, str(number)):
        assert (await store.read(targets.find_target, tenant.workspace, reference)).id == made
    stranger = await Tenant.open(store)
    for reference in ("mail", number):
        assert await store.read(targets.find_target, stranger.workspace, reference) is None
    with pytest.raises(Conflict) as taken:
        await tenant.add_target(key="mail")
    assert taken.value.reason == "key_taken"


async def test_a_target_in_use_is_not_deleted(tenant, store):
    await tenant.schedule()
    with pytest.raises(Conflict) as used:
        await store.write(targets.delete_target, tenant.workspace, tenant.target, NOON)
    assert used.value.reason == "in_use"
    unused = await tenant.add_target()
    await store.write(targets.delete_target, tenant.workspace, unused, NOON)
    with pytest.raises(NotFound):
        await store.read(targets.get_target, tenant.workspace, unused)


async def test_targets_are_listed_by_page_and_search(tenant, store):
    for name in ("Mail 100%", "mail_two", "other", "\u0130Z\u03a3"):
        await tenant.add_target(name=name)
    for search, count in (("MAIL", 2), ("100%", 1), ("l_t", 1), ("%", 1), ("\u0130Z\u03a3", 1), (None, 5)):
        listing = targets.TargetListing(tenant.workspace, 10, search=search)
        assert len(await store.read(targets.list_targets, listing)) == count
        assert await store.read(targets.count_targets, listing) == count


async def rename(store, workspace, target, name, expected=None, **given):
    return await store.write(
        targets.change_target,
        workspace,
        target,
        lambda before: replace(before, name=name, **given),
        NOON + 5,
        expected,
    )


async def test_a_target_is_read_as_it_was_made(tenant, store):
    given = {
        "key": "mail", "description": "d", "config": {"url": "https://x.com/%"}, "sealed": b"\x00s",
        "completion": Completion.CALLBACK, "timeout_ms": 5, "deadline_ms": 6, "max_concurrency": 7,
        "rate_per_second": 0.5, "input_schema": {"type": "object"}, "extra": {"a": [1, None]},
    }  # fmt: skip
    made = await tenant.add_target(**given)
    found = await store.read(targets.get_target, tenant.workspace, made)
    assert {name: getattr(found, name) for name in given} == given
    assert (found.version, found.created_by, found.state) == (1, tenant.principal, "enabled")


async def test_a_change_counts_the_version_and_one_that_changes_nothing_does_not(tenant, store):
    first = await rename(store, tenant.workspace, tenant.target, "New")
    assert (first.name, first.version, first.updated_ms) == ("New", 2, NOON + 5)
    assert await store.read(targets.get_target, tenant.workspace, tenant.target) == first
    assert (await rename(store, tenant.workspace, tenant.target, "New")).version == 2


async def test_a_change_of_an_outdated_version_is_refused(tenant, store):
    await rename(store, tenant.workspace, tenant.target, "New", 1)
    for attempt in (
        rename(store, tenant.workspace, tenant.target, "Other", 1),
        store.write(targets.delete_target, tenant.workspace, tenant.target, NOON, 1),
    ):
        with pytest.raises(Conflict) as refused:
            await attempt
        assert refused.value.reason == "version"
    assert (await store.read(targets.get_target, tenant.workspace, tenant.target)).name == "New"


async def test_a_key_is_not_taken_from_another_target(tenant, store):
    await tenant.add_target(key="mail")
    with pytest.raises(Conflict) as refused:
        await rename(store, tenant.workspace, tenant.target, "New", key="mail")
    assert refused.value.reason == "key_taken"


async def test_a_deleted_target_keeps_its_name_and_loses_its_secrets_and_grants(tenant, store):
    made = await tenant.add_target(name="Old", sealed=b"s")
    await store.write(targets.delete_target, tenant.workspace, made, NOON)
    named = await store.read(targets.targets_named, tenant.workspace, [made])
    assert (named[made].name, named[made].sealed) == ("Old", None)
    assert made not in await store.read(tenancy.grants_of, tenant.principal)
    assert await store.read(targets.existing_targets, tenant.workspace, [made, tenant.target]) == {
        tenant.target
    }


async def test_a_target_of_another_workspace_is_neither_read_nor_changed_nor_deleted(tenant, store):
    stranger = await Tenant.open(store)
    ours = await store.read(targets.get_target, tenant.workspace, tenant.target)
    for attempt in (
        store.read(targets.get_target, stranger.workspace, tenant.target),
        rename(store, stranger.workspace, tenant.target, "Theirs"),
        store.write(targets.delete_target, stranger.workspace, tenant.target, NOON),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await store.read(targets.existing_targets, stranger.workspace, [tenant.target]) == set()
    assert await store.read(targets.targets_named, stranger.workspace, [tenant.target]) == {}
    assert await store.read(targets.get_target, tenant.workspace, tenant.target) == ours


async def test_what_is_no_reference_to_a_target_finds_none(tenant, store):
    made = await tenant.add_target(key="7" * 20)
    by_number = await store.read(targets.get_target, tenant.workspace, made)
    assert await store.read(targets.find_target, tenant.workspace, prefixed("tgt", made)) == by_number
    assert await store.read(targets.find_target, tenant.workspace, prefixed("agent", made)) == by_number
    assert await store.read(targets.find_target, tenant.workspace, uuid_text(made)) == by_number
    assert await store.read(targets.find_target, tenant.workspace, f"000{by_number.number}") == by_number
    for reference in (
        "",
        "_" + ulid(made),
        ulid(made),
        "tgt_",
        "7" * 20,
        "9" * 19,
        "0",
        0,
        -1,
        1 << 63,
        "a\0",
        "\u0661",
    ):
        assert await store.read(targets.find_target, tenant.workspace, reference) is None, reference


@pytest.mark.parametrize(
    ("kinds", "found"), [(None, True), ({"automation"}, True), ({"agent", "tool"}, False), (set(), False)]
)
async def test_a_target_is_found_among_the_kinds_that_are_asked_for(tenant, store, kinds, found):
    target = await store.read(targets.find_target, tenant.workspace, prefixed("tgt", tenant.target), kinds)
    assert (target is not None) is found


async def test_a_target_is_found_by_its_key_alone_where_that_is_asked_for(tenant, store):
    made = await tenant.add_target(key="7")
    assert (await store.read(targets.target_with_key, tenant.workspace, "7")).id == made
    for key in ("8", "", "a\0", prefixed("tgt", made)):
        with pytest.raises(NotFound):
            await store.read(targets.target_with_key, tenant.workspace, key)


async def test_a_target_to_which_schedules_of_another_target_belong_is_not_deleted(tenant, store):
    owner = await tenant.add_target()
    schedule = await tenant.schedule(owner_id=owner)
    with pytest.raises(InUse) as refused:
        await store.write(targets.delete_target, tenant.workspace, owner, NOON)
    assert [one[0] for one in refused.value.holders] == [schedule.id]


@pytest.mark.parametrize("holders", [targets.NAMED - 1, targets.NAMED, targets.NAMED + 1])
async def test_of_the_schedules_that_hold_a_target_some_are_named_and_whether_there_are_more(
    tenant, store, holders
):
    await tenant.schedules(holders, "0 0 1 1 *")
    with pytest.raises(InUse) as refused:
        await store.write(targets.delete_target, tenant.workspace, tenant.target, NOON)
    assert (len(refused.value.holders), refused.value.more) == (min(holders, 5), holders > 5)


async def test_who_makes_a_target_may_schedule_it(tenant, store):
    made = await tenant.add_target()
    assert made in await store.read(tenancy.grants_of, tenant.principal)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [("enabled", "disabled", True), ("enabled", "archived", True), ("disabled", "archived", False),
     ("disabled", "enabled", False), ("enabled", "enabled", False)],
)  # fmt: skip
async def test_a_target_that_is_switched_off_is_told_of_once(tenant, store, before, after, told):
    target = await tenant.add_target(state=TargetState(before))
    heard = []
    for recorded in (False, True):
        store.recording = frozenset((tenant.workspace,) if recorded else ())
        await store.write(
            targets.change_target, tenant.workspace, target,
            lambda one: replace(one, name=f"{one.name}!", state=TargetState(after), state_reason="so"), NOON,
        )  # fmt: skip
        if not recorded:
            await store.write(
                targets.change_target,
                tenant.workspace,
                target,
                lambda one: replace(one, state=TargetState(before)),
                NOON,
            )
    while await store.urgent(events.publish, NOON):
        pass
    heard = [one.type for one in await store.read(events.events_after, tenant.workspace, 0, 9)]
    assert heard == ["target.disabled"] * told
