"""The audit log: entries are written with their change, linked in order, and show every gap."""

from dataclasses import replace

import pytest

from horarium.domain.audit import (
    ERASED,
    FORGOTTEN,
    SALT_BYTES,
    Actor,
    Anchor,
    AuditEntry,
    Verifier,
    content_of,
    packed,
    unpacked,
)
from horarium.domain.errors import Conflict
from horarium.domain.ids import LOWEST_ID, random_id
from horarium.domain.listings import AuditListing
from horarium.store.verbs import audit, page_bytes
from horarium.store.verbs.creation import create_schedules
from tests.support.interleaved import meeting
from tests.support.raw import select
from tests.support.tenant import DAY, NOON, Tenant


def entry(workspace_id, action="target.changed", subject="tgt:00", at=NOON, principal=None, **said):
    content = content_of(at, action, subject, Actor(principal, None, "192.0.2.1", "req-1"), said)
    return AuditEntry(random_id(at), workspace_id, action, subject, principal, content)


async def write(tenant, *entries):
    for each in entries:
        await tenant.store.write(audit.record, each)


async def verified(tenant, **given):
    """The verifier after it has read the whole chain."""
    chain = await tenant.store.read(audit.chain_of, tenant.workspace)
    verifier = Verifier(tenant.workspace, chain.anchor, **given)
    links = await tenant.store.read(audit.links_after, tenant.workspace, chain.anchor.number, 1_000)
    for link, entries in links:
        verifier.add(link, entries)
    verifier.finish(chain.number)
    return verifier


async def found(tenant, **given):
    return await tenant.store.read(audit.list_entries, AuditListing(tenant.workspace, 100, **given))


async def execute(store, sql, *values):
    """Change the database behind the program's back."""
    if store.flavour == "sqlite":
        store.connection.execute(sql, values)
        return
    for number in range(len(values)):
        sql = sql.replace("?", f"${number + 1}", 1)
    from horarium.store.postgres.connection import connect

    connection = await connect(store.url)
    await connection.execute(sql, *values)
    await connection.close()


def test_packed_entries_come_out_as_they_went_in():
    given = [entry(b"w" * 16, note="a\tb\nc"), entry(b"w" * 16, principal=b"p" * 16)]
    assert list(unpacked(b"w" * 16, packed(given))) == given


async def test_an_entry_is_written_with_its_change_and_not_without_it(tenant, store):
    async def fails(tx):
        tx.record(entry(tenant.workspace))
        raise Conflict("no", "state")

    with pytest.raises(Conflict):
        await store.write(fails)
    assert not await store.read(audit.any_pending)
    await write(tenant, entry(tenant.workspace))
    assert await store.read(audit.any_pending)


async def test_each_entry_has_a_salt_of_its_own(tenant, store):
    async def three(tx):
        for _ in range(3):
            tx.record(entry(tenant.workspace))

    await store.write(three)
    await store.write(audit.link_pending, NOON)
    ((_, entries),) = await store.read(audit.links_after, tenant.workspace, 0, 10)
    salts = {bytes(each.salt) for each in entries}
    assert (len(salts), {len(salt) for salt in salts}) == (3, {SALT_BYTES})


async def test_an_entry_goes_when_its_verb_is_rolled_back_after_writing(tenant, store):
    schedule = await tenant.schedule("0 9 * * *", key="taken")

    async def twice(tx):
        tx.record(entry(tenant.workspace))
        await create_schedules(tx, [replace(schedule, id=random_id(NOON))])

    with pytest.raises(Conflict):
        await store.write(twice)
    assert not await store.read(audit.any_pending)


async def test_linked_entries_are_found_by_what_they_are_about(tenant, store):
    person = random_id(NOON)
    first = entry(tenant.workspace, "key.created", "key:0a", principal=person)
    second = entry(tenant.workspace, "key.revoked", "key:0b", at=NOON + 5)
    await write(tenant, first, second, entry(tenant.workspace, "keychain.made"))
    assert await found(tenant) == []
    assert await store.write(audit.link_pending, NOON) == 3
    assert [each.action for each in await found(tenant, action="key")] == ["key.revoked", "key.created"]
    assert [each.id for each in await found(tenant, action="key.created")] == [first.id]
    assert [each.id for each in await found(tenant, subject="key:0b")] == [second.id]
    assert [each.id for each in await found(tenant, principal_id=person)] == [first.id]
    assert [each.id for each in await found(tenant, since_ms=NOON + 1)] == [second.id]
    assert second.id not in [each.id for each in await found(tenant, until_ms=NOON + 5)]
    assert len(await found(tenant, request="req-1")) == 3
    assert await found(tenant, request="req_1") == []
    assert (await found(tenant, subject="key:0b"))[0].content == second.content.decode()


async def test_another_workspace_sees_nothing_and_has_a_chain_of_its_own(tenant, store):
    other = (await Tenant.open(store)).workspace
    await write(tenant, entry(tenant.workspace), entry(other))
    await store.write(audit.link_pending, NOON)
    assert len(await found(tenant)) == 1
    assert (await store.read(audit.chain_of, other)).number == 1
    assert await store.write(erase, other, tenant.principal, None) == 0


async def test_a_chain_continues_over_many_transactions_and_verifies(tenant, store):
    for number in range(5):
        await write(tenant, entry(tenant.workspace, n=number), entry(tenant.workspace, n=-number))
        await store.write(audit.link_pending, NOON + number, 1)
    while await store.write(audit.link_pending, NOON, 1):
        pass
    verifier = await verified(tenant)
    assert (verifier.problems, verifier.links, verifier.entries) == ([], 10, 10)
    assert (await verified(tenant, expected={10: verifier.hash})).problems == []
    assert len((await verified(tenant, expected={10: b"x" * 32, 11: b"y" * 32})).problems) == 2


async def test_two_nodes_that_link_at_the_same_time_make_one_chain(tenant, store, other):
    import asyncio

    await write(tenant, *[entry(tenant.workspace, n=number) for number in range(40)])
    nodes = [store, other] * 5
    counts = await asyncio.gather(*(node.write(audit.link_pending, NOON, 7) for node in nodes))
    assert sum(counts) == 40
    verifier = await verified(tenant)
    assert (verifier.problems, verifier.entries) == ([], 40)


TAMPERINGS = {
    "changed": "UPDATE audit_entries SET content = replace(content, '192.0.2.1', '192.0.2.9') WHERE action = 'b.c'",
    "refiled": "UPDATE audit_entries SET subject = 'tgt:99' WHERE action = 'b.c'",
    "removed": "DELETE FROM audit_entries WHERE action = 'b.c'",
    "erased without a word": "UPDATE audit_entries SET content = NULL, erased_by = id WHERE action = 'b.c'",
    "link removed": "DELETE FROM audit_links WHERE number = 2",
    "last link removed": "DELETE FROM audit_links WHERE number = 3",
    "beginning cut off": "DELETE FROM audit_links WHERE number = 1",
}


@pytest.mark.parametrize("how", TAMPERINGS)
async def test_whoever_changes_the_log_is_noticed(tenant, store, how):
    for action in ("a.b", "b.c", "c.d"):
        await write(tenant, entry(tenant.workspace, action))
        await store.write(audit.link_pending, NOON)
    assert (await verified(tenant)).problems == []
    await execute(store, TAMPERINGS[how])
    assert (await verified(tenant)).problems


async def test_each_chain_has_the_age_of_its_own_first_link(tenant, store):
    other = await Tenant.open(store)
    for number, one in enumerate((tenant, other)):
        for day in range(2):
            await write(one, entry(one.workspace, n=day))
            await store.write(audit.link_pending, NOON + (10 * number + day) * DAY)
    found = await store.read(audit.oldest_links)
    assert sorted((one.workspace_id, one.linked_ms) for one in found) == sorted(
        [(tenant.workspace, NOON), (other.workspace, NOON + 10 * DAY)]
    )


async def test_a_link_that_was_made_anew_does_not_fit(tenant, store):
    for _ in range(3):
        await write(tenant, entry(tenant.workspace))
        await store.write(audit.link_pending, NOON)
    await execute(store, "UPDATE audit_links SET hash = ? WHERE number = 2", b"x" * 32)
    problems = (await verified(tenant)).problems
    assert problems == ["link 2 does not continue link 1", "link 3 does not continue link 2"]


def erasing(tenant, person, told):
    """The erasure of a person from the log, of which an entry tells."""
    return erase, tenant.workspace, person, told


async def erase(tx, workspace, person, told):
    found = await audit.entries_of_person(tx, workspace, person, LOWEST_ID, 10)
    return (await audit.erase_person(tx, workspace, found.ids, lambda count: told)).erased


async def test_a_person_is_erased_and_the_chain_still_verifies(tenant, store):
    person = random_id(NOON)
    by = entry(tenant.workspace, "target.deleted", principal=person)
    about = entry(tenant.workspace, "grant.added", f"prn:{person.hex()}", targets=["*"])
    await write(tenant, by, about, entry(tenant.workspace))
    await store.write(audit.link_pending, NOON)
    told = entry(tenant.workspace, ERASED, entries=2)
    assert await store.write(*erasing(tenant, person, told)) == 2
    await store.write(audit.link_pending, NOON)
    assert person.hex() not in str(await found(tenant))
    verifier = await verified(tenant)
    assert (verifier.problems, verifier.erased, verifier.entries) == ([], 2, 4)
    await execute(
        store, "UPDATE audit_entries SET content = NULL, erased_by = ? WHERE erased_by IS NULL", told.id
    )
    assert (await verified(tenant)).problems


async def test_of_large_entries_few_are_erased_at_once(tenant, store, monkeypatch):
    monkeypatch.setattr(page_bytes, "DELETED_BYTES", 2_000)
    person = random_id(NOON)
    await write(tenant, *(entry(tenant.workspace, principal=person, text="x" * 900) for _ in range(7)))
    await store.write(audit.link_pending, NOON)
    found = await store.read(audit.entries_of_person, tenant.workspace, person, LOWEST_ID, 10)
    ids, seen = found.ids, []
    while ids:
        told = entry(tenant.workspace, ERASED, entries=min(2, len(ids)))
        done = await store.write(audit.erase_person, tenant.workspace, ids, lambda count, told=told: told)
        assert done.erased == done.seen
        seen.append(done.seen)
        ids = ids[done.seen :]
    assert seen == [2, 2, 2, 1]


def forgetting(tenant, days, limit):
    """The deletion of links from before so many days, which tells of itself."""

    def told(last, entries):
        return entry(tenant.workspace, FORGOTTEN, upto=last.number, hash=last.hash.hex(), entries=entries)

    return audit.forget_links, tenant.workspace, NOON + days * DAY, limit, told


async def test_of_links_with_many_entries_or_large_ones_few_are_deleted_at_once(tenant, store):
    """500 links of 400 entries held SQLite's writer for 2.6 s."""
    for size, count in ((10, 700), (10, 700), (600_000, 1), (600_000, 1), (10, 1)):
        for _ in range(count):
            await write(tenant, entry(tenant.workspace, text="x" * size))
        while await store.write(audit.link_pending, NOON) == audit.LINKED_AT_ONCE:
            pass
    pieces = []
    while deleted := await store.write(*forgetting(tenant, 1, 500)):
        pieces.append(deleted)
    assert pieces == [3, 2, 1, 1]
    await store.write(audit.link_pending, NOON + 2 * DAY)
    assert (await verified(tenant)).problems == []


async def test_old_entries_are_deleted_and_the_rest_still_verifies(tenant, store):
    for number in range(6):
        await write(tenant, entry(tenant.workspace, n=number))
        await store.write(audit.link_pending, NOON + number * DAY)
    assert (await store.read(audit.oldest_links))[0].linked_ms == NOON
    links = [link for link, _ in await store.read(audit.links_after, tenant.workspace, 0, 10)]
    assert await store.write(*forgetting(tenant, 3, 10)) == 3
    await store.write(audit.link_pending, NOON + 6 * DAY)
    assert (await store.read(audit.chain_of, tenant.workspace)).anchor == Anchor(3, links[2].hash)
    verifier = await verified(tenant)
    assert (verifier.problems, verifier.links) == ([], 4)
    assert await store.write(*forgetting(tenant, 3, 10)) == 0
    assert not await store.read(audit.any_pending)
    for table in ("audit_links", "audit_entries"):
        assert await select(store, f"SELECT count(*) FROM {table}") == [(4,)]
    assert (await store.read(audit.oldest_links))[0].linked_ms == NOON + 3 * DAY
    await execute(store, "UPDATE audit_chains SET anchor_number = 4, anchor_hash = ?", b"x" * 32)
    assert (await verified(tenant)).problems


async def test_two_nodes_that_delete_old_entries_at_the_same_time_leave_one_beginning(tenant, store, other):
    """The second goes on where the first has ended: if it deleted the same links, the chain would begin before links
    that are gone."""
    for number in range(6):
        await write(tenant, entry(tenant.workspace, n=number))
        await store.write(audit.link_pending, NOON + number * DAY)
    first, second = (store, forgetting(tenant, 4, 2)), (other, forgetting(tenant, 4, 2))
    assert await meeting(first, second) == [2, 2]
    await store.write(audit.link_pending, NOON + 6 * DAY)
    assert (await store.read(audit.chain_of, tenant.workspace)).anchor.number == 4
    assert (await verified(tenant)).problems == []


async def test_two_that_erase_one_person_at_the_same_time_tell_of_what_each_has_erased(tenant, store, other):
    person = random_id(NOON)
    await write(tenant, *(entry(tenant.workspace, principal=person) for _ in range(2)))
    await store.write(audit.link_pending, NOON)
    erase = erasing(tenant, person, entry(tenant.workspace, ERASED, entries=2))
    assert await meeting((store, erase), (other, erase)) == [2, 0]
    await store.write(audit.link_pending, NOON)
    verifier = await verified(tenant)
    assert (verifier.problems, verifier.erased) == ([], 2)


async def test_an_erasure_of_which_a_part_was_deleted_since_still_verifies(tenant, store):
    person = random_id(NOON)
    for number in range(2):
        await write(tenant, entry(tenant.workspace, principal=person))
        await store.write(audit.link_pending, NOON + number * DAY)
    await store.write(*erasing(tenant, person, entry(tenant.workspace, ERASED, entries=2)))
    await store.write(audit.link_pending, NOON + 2 * DAY)
    assert await store.write(*forgetting(tenant, 1, 10)) == 1
    await store.write(audit.link_pending, NOON + 3 * DAY)
    verifier = await verified(tenant)
    assert (verifier.problems, verifier.erased) == ([], 1)
