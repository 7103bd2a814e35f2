"""What all nodes of a database agree on; and schedules whose dialect is not installed: they are found at the start."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from horarium.domain.errors import Unavailable
from horarium.domain.schedule import ScheduleState
from horarium.store.verbs import meta
from horarium.times import grammar, register_grammar
from horarium.times.timing import compile_timing
from tests.support.tenant import MINUTE, NOON

OURS, WITH_ACME = ("native",), ("native", "acme")


@pytest.fixture
def acme(monkeypatch):
    """A dialect that is installed until the test takes it away."""
    monkeypatch.setattr(grammar, "_grammars", dict(grammar._grammars))
    register_grammar("acme", grammar.Grammar(grammar.cron_text(macros=False), grammar.refuse_object))

    def remove():
        grammar._grammars.pop("acme", None)
        grammar.parse_spec.cache_clear()
        compile_timing.cache_clear()

    yield remove
    remove()


async def missing(store, installed):
    return await store.write(meta.schedules_without_dialect, installed)


async def test_schedules_of_a_dialect_that_is_gone_are_counted(tenant, store, acme):
    assert await missing(store, WITH_ACME) == {}
    await tenant.schedules(2, dialect="acme")
    await tenant.schedule()
    assert await missing(store, OURS) == {"acme": 2}
    assert await missing(store, OURS) == {"acme": 2}
    assert await missing(store, WITH_ACME) == {}


async def test_a_dialect_without_schedules_may_go(tenant, store, acme):
    await missing(store, WITH_ACME)
    deleted = await tenant.schedule(dialect="acme")
    await tenant.change(deleted, NOON, state=ScheduleState.DELETED, deleted_ms=NOON)
    assert await missing(store, OURS) == {}


async def test_a_dialect_is_missed_that_another_server_has_used_since(tenant, store, acme):
    await missing(store, WITH_ACME)
    assert await missing(store, OURS) == {}
    await tenant.schedule(dialect="acme")
    assert await missing(store, OURS) == {"acme": 1}


async def test_where_no_dialect_is_remembered_the_schedules_are_counted(tenant, store, acme):
    await tenant.schedule(dialect="acme")
    assert await missing(store, OURS) == {"acme": 1}


async def test_the_schedules_are_not_counted_while_nothing_is_missing(tenant, store):
    async def asked(tx):
        found = []
        rows = tx.rows

        async def noted(name, **params):
            found.append(name)
            return await rows(name, **params)

        tx.rows = noted
        try:
            await meta.schedules_without_dialect(tx, OURS)
        finally:
            tx.rows = rows
        return found

    await missing(store, OURS)
    assert await store.write(asked) == ["meta_names"]


async def test_who_lacks_a_dialect_leaves_its_schedules_to_others(tenant, store, acme):
    schedule = await tenant.schedule()
    timing = replace(schedule.definition.timing, dialect="acme")
    await tenant.redefine(schedule, NOON, timing=timing)
    acme()
    for step in (tenant.release(NOON + MINUTE), tenant.change(schedule, NOON + MINUTE, name="other")):
        with pytest.raises(Unavailable, match="the dialect 'acme' is not installed here"):
            await step
    assert (await tenant.again(schedule)).progress.fires == 0
    register_grammar("acme", grammar.Grammar(grammar.cron_text(macros=False), grammar.refuse_object))
    assert (await tenant.release(NOON + MINUTE)).fires == 1


async def test_the_first_node_says_which_key_seals_until_a_rotation(store, other):
    assert await store.read(meta.agreed_vault) is None
    assert await store.write(meta.agree_on_vault, "first") == "first"
    assert await other.write(meta.agree_on_vault, "second") == "first"
    await other.write(meta.rotate_vault, "second")
    assert await store.write(meta.agree_on_vault, "first") == await store.read(meta.agreed_vault) == "second"


async def test_the_version_of_the_zone_data_only_rises_even_from_two_nodes(store, other):
    versions = ["2025b", "2026a", "2025c", "2024z"]
    await asyncio.gather(
        *((store, other)[n % 2].write(meta.raise_zone_data, version) for n, version in enumerate(versions))
    )
    assert await store.write(meta.raise_zone_data, "2025z") == "2026a"
    assert await store.write(meta.raise_zone_data, "2026b") == "2026b"


async def test_a_copy_that_was_not_finished_is_known_by_its_mark(store):
    assert await store.write(meta.is_complete)

    async def begin(tx):
        await tx.run("add_meta", name=meta.COPYING, value="1")

    await store.write(begin)
    assert not await store.write(meta.is_complete)


async def test_when_the_newest_backup_was_made_is_known_once_there_is_one(store):
    assert await store.read(meta.last_backup_ms) is None
    for made in (NOON, NOON + MINUTE):
        await store.write(meta.note_backup, made)
        assert await store.read(meta.last_backup_ms) == made
