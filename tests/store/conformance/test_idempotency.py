"""A request with an idempotency key is done once and answered again."""

import asyncio
from dataclasses import replace

import pytest

from horarium.domain.errors import Conflict, Forbidden, NotFound
from horarium.domain.ids import LOWEST_ID, random_id
from horarium.domain.listings import AuditListing
from horarium.domain.schedule import ScheduleState
from horarium.domain.tenancy import Principal, PrincipalType
from horarium.service.trail import Trail
from horarium.store.figures import name_of
from horarium.store.verbs import audit, idempotency, schedules, tenancy
from horarium.store.verbs.creation import create_schedules
from tests.support.raw import select
from tests.support.tenant import DAY, NOON, Tenant


async def test_a_request_that_comes_again_is_answered_with_what_it_made(tenant, store, other):
    made = [await tenant.schedule() for _ in range(6)]
    new = [replace(one, id=random_id(NOON)) for one in made]
    request = idempotency.Request(tenant.workspace, "schedules", "key", b"h")
    found = await asyncio.gather(
        *(
            (store, other)[n % 2].write(idempotency.create_schedule_once, one, request, NOON)
            for n, one in enumerate(new)
        )
    )
    assert len({one.id for one, _ in found}) == 1
    assert sorted(again for _, again in found) == [False] + [True] * 5
    with pytest.raises(Conflict):
        await store.write(idempotency.create_schedule_once, new[0], replace(request, hash=b"x"), NOON)
    _, again = await store.write(
        idempotency.create_schedule_once, replace(new[0], id=random_id(NOON)), request, NOON + 2 * DAY
    )
    assert not again
    assert await store.write(idempotency.forget_answers, NOON + 3 * DAY, 100) == 1


def test_what_is_done_once_is_counted_under_the_name_of_the_verb(tenant):
    assert name_of(idempotency.once(create_schedules, request(tenant), NOON)) == "create_schedules"


def request(tenant, key="key", body=b"h", scope="schedules"):
    return idempotency.Request(tenant.workspace, scope, key, body)


async def anew(tenant, **given):
    """A schedule that has not been made yet."""
    return replace(await tenant.schedule(), id=random_id(NOON), **given)


async def test_a_key_with_another_body_is_refused_and_makes_nothing(tenant, store):
    first, second = await anew(tenant), await anew(tenant)
    await store.write(idempotency.create_schedule_once, first, request(tenant), NOON)
    with pytest.raises(Conflict) as refused:
        await store.write(idempotency.create_schedule_once, second, request(tenant, body=b"x"), NOON)
    assert (refused.value.reason, refused.value.field) == ("idempotency", "Idempotency-Key")
    with pytest.raises(NotFound):
        await store.read(schedules.get_schedule, tenant.workspace, second.id)


async def test_a_request_that_failed_may_come_again(tenant, store):
    taken = await tenant.schedule(key="taken")
    new = await anew(tenant, key="taken")
    with pytest.raises(Conflict) as refused:
        await store.write(idempotency.create_schedule_once, new, request(tenant), NOON)
    assert refused.value.reason == "key_taken"
    await tenant.change(taken, NOON, key=None)
    assert await store.write(idempotency.create_schedule_once, new, request(tenant), NOON) == (new, False)


async def test_what_a_request_made_is_not_made_again_once_it_is_deleted(tenant, store):
    new = await anew(tenant)
    await store.write(idempotency.create_schedule_once, new, request(tenant), NOON)
    await tenant.change(new, NOON, state=ScheduleState.DELETED, deleted_ms=NOON)
    with pytest.raises(Conflict) as gone:
        await store.write(idempotency.create_schedule_once, await anew(tenant), request(tenant), NOON)
    assert gone.value.reason == "gone"


async def test_the_first_answer_is_given_again_as_it_was_written(tenant, store):
    def written(schedule):
        return b"made " + schedule.id

    first, second = await anew(tenant), await anew(tenant)
    answers = [
        await store.write(idempotency.create_with_answer, new, request(tenant), written, NOON)
        for new in (first, second)
    ]
    assert answers == [b"made " + first.id] * 2
    with pytest.raises(NotFound):
        await store.read(schedules.get_schedule, tenant.workspace, second.id)


async def test_what_a_request_does_is_in_the_audit_log_once_however_often_it_comes(tenant, store):
    fired = await tenant.schedule()
    trail = Trail(tenant.workspace, NOON)
    for _ in range(2):
        made, answered = await anew(tenant), await anew(tenant)
        entries = [
            trail.entry(f"schedule.{what}", "sch", one.id)
            for what, one in (("made", made), ("answered", answered), ("fired", fired))
        ]
        asked = [request(tenant, scope=scope) for scope in ("made", "answered", "fired")]
        await store.write(idempotency.create_schedule_once, made, asked[0], NOON, entries[0])
        await store.write(
            idempotency.create_with_answer, answered, asked[1], lambda _: b"answer", NOON, entries[1]
        )
        await store.write(idempotency.fire_once, fired.id, asked[2], NOON, [].append, entries[2])
    await store.write(audit.link_pending, NOON)
    listed = await store.read(audit.list_entries, AuditListing(tenant.workspace, 100))
    actions = ["schedule.answered", "schedule.fired", "schedule.made"]
    assert sorted(one.action for one in listed if one.action in actions) == actions


async def test_a_fire_by_hand_is_one_for_its_request_until_its_answer_is_kept(tenant, store):
    schedule = await tenant.schedule()
    asked = request(tenant, scope="fire")
    allow = [].append
    first = await store.write(idempotency.fire_once, schedule.id, asked, NOON, allow)
    again = await store.write(idempotency.fire_once, schedule.id, asked, NOON + 5, allow)
    assert again == first
    assert len(await tenant.fires(schedule)) == 1
    kept = [
        await store.write(idempotency.keep_answer, asked, first.id, answer) for answer in (b"first", b"other")
    ]
    assert kept == [b"first", b"first"]
    assert await store.write(idempotency.fire_once, schedule.id, asked, NOON + 5, allow) == b"first"


async def test_who_may_not_fire_leaves_no_trace_of_the_request(tenant, store):
    schedule = await tenant.schedule()

    def refuse(_):
        raise Forbidden("no")

    with pytest.raises(Forbidden):
        await store.write(idempotency.fire_once, schedule.id, request(tenant), NOON, refuse)
    assert await tenant.fires(schedule) == []
    assert await select(store, "SELECT scope FROM answers") == []


async def test_a_key_means_one_request_for_a_day_and_scopes_do_not_meet(tenant, store):
    claims = [
        await store.write(idempotency.claim, request(tenant, scope=scope), subject, at)
        for scope, subject, at in (
            ("a", b"1", NOON),
            ("b", b"2", NOON),
            ("a", b"3", NOON + idempotency.KEPT_MS),
            ("a", b"4", NOON + idempotency.KEPT_MS + 1),
        )
    ]
    assert claims == [None, None, b"1", None]


async def test_only_old_requests_are_forgotten(tenant, store):
    for number in range(3):
        await store.write(idempotency.claim, request(tenant, key=f"{number}"), b"s", NOON + number)
    assert await store.write(idempotency.forget_answers, NOON + 2, 1) == 1
    assert await store.write(idempotency.forget_answers, NOON + 2, 100) == 1
    assert await store.write(idempotency.claim, request(tenant, key="2"), b"other", NOON + 3) == b"s"


async def test_the_same_key_in_another_workspace_is_another_request(tenant, store):
    stranger = await Tenant.open(store)
    ours, theirs = await anew(tenant), await anew(stranger)
    await store.write(idempotency.create_schedule_once, ours, request(tenant), NOON)
    made = await store.write(idempotency.create_schedule_once, theirs, request(stranger, body=b"x"), NOON)
    assert made == (theirs, False)
    assert await store.write(idempotency.keep_answer, request(stranger), theirs.id, b"kept") == b"kept"
    found, again = await store.write(idempotency.create_schedule_once, ours, request(tenant), NOON)
    assert (found.id, again) == (ours.id, True)


async def test_no_request_fires_a_schedule_of_another_workspace(tenant, store):
    stranger = await Tenant.open(store)
    schedule = await tenant.schedule()
    with pytest.raises(NotFound):
        await store.write(idempotency.fire_once, schedule.id, request(stranger), NOON, [].append)
    assert await tenant.fires(schedule) == []


async def test_what_a_request_makes_is_made_once_by_however_many_nodes_it_reaches(tenant, store, other):
    def asked(body=b"h"):
        principal = Principal(random_id(NOON), tenant.workspace, PrincipalType.SERVICE, "p", NOON)
        verb = idempotency.once(
            tenancy.create_principal, request(tenant, body=body, scope="principals"), NOON
        )
        return verb, principal, ()

    made = await asyncio.gather(*((store, other)[n % 2].write(*asked()) for n in range(6)))
    (first,) = (one for one in made if isinstance(one, Principal))
    assert [one for one in made if one is not first] == [idempotency.MadeBefore(first.id)] * 5
    with pytest.raises(Conflict) as refused:
        await store.write(*asked(b"x"))
    assert refused.value.reason == "idempotency"
    known = await store.read(tenancy.list_principals, tenant.workspace, LOWEST_ID, 10)
    assert {one.id for one in known} == {tenant.principal, first.id}


async def test_a_request_whose_change_failed_is_not_remembered(tenant, store):
    async def fails(tx, principal, granted):
        await tenancy.create_principal(tx, principal, granted)
        raise NotFound("target")

    principal = Principal(random_id(NOON), tenant.workspace, PrincipalType.SERVICE, "p", NOON)
    with pytest.raises(NotFound):
        await store.write(idempotency.once(fails, request(tenant), NOON), principal, ())
    verb = idempotency.once(tenancy.create_principal, request(tenant), NOON)
    assert await store.write(verb, principal, ()) == principal


async def test_an_answer_to_a_request_that_was_forgotten_meanwhile_is_given_and_not_kept(tenant, store):
    first = await anew(tenant)
    await store.write(idempotency.create_schedule_once, first, request(tenant), NOON)
    assert await store.write(idempotency.forget_answers, NOON + DAY, 100) == 1
    for answer in (b"one", b"another"):
        assert await store.write(idempotency.keep_answer, request(tenant), first.id, answer) == answer


async def test_few_bytes_of_answers_are_forgotten_at_once_and_one_answer_at_least(tenant, store):
    """200 answers of a megabyte held SQLite's writer for 5 s."""

    async def answer(tx):
        for n, size in enumerate((300_000, 300_000, 2_000_000, 300_000)):
            place = {"workspace_id": tenant.workspace, "scope": "s", "key": f"key {n}"}
            await tx.run("claim_answer", **place, request_hash=b"h", subject=b"x" * size, now=NOON + n)

    await store.write(answer)
    assert [await store.write(idempotency.forget_answers, NOON + 9, 100) for _ in range(4)] == [2, 1, 1, 0]
