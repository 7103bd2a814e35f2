"""A person is erased from everything that a workspace holds, and from nothing of another workspace.

Values are planted in every place that is searched. Afterwards no row of any table has one, and once the database is
compacted no file of it has.
"""

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from horarium.domain.actions import Action, ActionKind, ActionState, Taker
from horarium.domain.audit import Actor, AuditEntry, Verifier, content_of
from horarium.domain.erasures import ERASED, Erasure, ErasureState, Person, Place
from horarium.domain.errors import Conflict, NotFound
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import Id, random_id
from horarium.domain.overlap import Overlap
from horarium.domain.pauses import Pause
from horarium.domain.run import RunState
from horarium.domain.schedule import CatchUp, OverlapScope, Policies, ScheduleState
from horarium.domain.target import Completion
from horarium.domain.tenancy import Principal, PrincipalType
from horarium.domain.webhooks import EventFilter, Webhook, WebhookState
from horarium.domain.windows import Window
from horarium.service.trail import Trail
from horarium.store.base import WEBHOOKS
from horarium.store.compact import compact
from horarium.store.postgres import PostgresStore
from horarium.store.rows import AudienceText, NewWatched
from horarium.store.verbs import (
    actions,
    audit,
    directory,
    erased_runs,
    erasing,
    erasures,
    fanout,
    idempotency,
    pauses,
    runs,
    tenancy,
    watching,
    webhooks,
    windows,
)
from horarium.store.verbs.events import EventRow
from horarium.store.verbs.runs import CallbackAnswer
from horarium.times import Timing
from tests.store.conformance.test_callbacks import accepted
from tests.support.raw import select
from tests.support.sqlite_schema import open_store
from tests.support.tenant import HOUR, MINUTE, NOON, SUCCEEDED, Node, Tenant

PERSON, ADDRESS, NAME, PHONE = (
    "person-7f3a",
    "ann.planted@example.com",
    "Annabel Planted",
    "+49 555 0199 7733",
)
PLANTED = (PERSON, ADDRESS, NAME, PHONE)
NOW = NOON + MINUTE
ALLOW = Policies(overlap=Overlap.ALLOW)


async def begin(store, tenant, person=PERSON, values=(PHONE,)):
    new = random_id(NOW)
    whom = Person(person).with_values(values)
    made = Erasure(new, tenant.workspace, b"s" * 16, b"h" * 32, tenant.principal, NOW, NOW, whom)
    return await store.write(erasures.begin_erasure, made)


def telling(workspace: Id):
    trail = Trail(workspace, NOW)
    return lambda count: trail.entry("audit.erased", "ws", workspace, entries=count)


async def carry_on(store, erasure, now=NOW):
    """Do the steps of an erasure to its end, or until it waits."""
    while True:
        await store.urgent(audit.link_pending, now)
        erasure = await store.write(erasures.erase_piece, erasure.id, now, telling)
        if erasure.state is ErasureState.DONE or erasure.look_ms is not None:
            return await store.read(erasures.get_erasure, erasure.workspace_id, erasure.id)


async def reading(store, tenant, policies=ALLOW, **given):
    """A schedule that has fired, and the task of reading its audience."""
    (schedule,) = await tenant.schedules(
        1, policies=policies, audience={"type": "users", "filter": {}}, **given
    )
    await tenant.release(NOW)
    node = await Node.start(store, NOW)
    (task,) = await store.urgent(fanout.claim_fanout_tasks, node.id, NOW, 10, 10, {})
    return schedule, task


async def fire_for(store, tenant, *people, policies=ALLOW, **given):
    """Let a schedule fire for rows with these keys; the runs by key."""
    (schedule,) = await tenant.schedules(
        1, policies=policies, audience={"type": "users", "filter": {}}, **given
    )
    await tenant.release(NOW)
    node = await Node.start(store, NOW)
    (task,) = await store.urgent(fanout.claim_fanout_tasks, node.id, NOW, 10, 10, {})
    rows = [AudienceText(key, f'{{"id":"{key}","mail":"{ADDRESS}","phone":"{PHONE}"}}') for key in people]
    await store.write(fanout.write_chunk, task, fanout.prepare(task, rows, True), None, len(rows), True, NOW)
    return schedule, node


async def a_webhook(store, tenant):
    made = Webhook(
        random_id(NOW),
        tenant.workspace,
        "hook",
        "https://example.com",
        EventFilter(),
        b"",
        WebhookState.ENABLED,
        None,
        0,
        None,
        1,
        tenant.principal,
        NOW,
        NOW,
    )
    return await store.write(webhooks.create_webhook, made)


async def failed_delivery(tx, webhook, error):
    told = webhooks.DeliveryRow(
        webhook.id, 1, random_id(NOW), "run.failed", "failed", 3, NOW, NOW, None, 500, error, None
    )
    await tx.many("note_deliveries", [told])


async def plant(store, tenant):
    """Plant the person in every place, as the server itself would write it there."""
    user = (PERSON, ADDRESS, NAME, "owner")
    near = ("near", "near@example.com", f"friend of {NAME}", f"helps {NAME}")
    await store.write(directory.put_items, tenant.workspace, "users", [user, near], NOW)
    contact = ("other", "client", "x@example.com", f"with {NAME}", f'{{"manager":"{PERSON}"}}')
    await store.write(directory.put_items, tenant.workspace, "contacts", [contact], NOW)
    task = ("t1", f"Call {NAME}", "open", None, PERSON, None, PERSON)
    await store.write(directory.put_items, tenant.workspace, "tasks", [task], NOW)
    deal = ("d1", f"Deal of {NAME}", "open", None, None, None, PERSON, NOW)
    await store.write(directory.put_items, tenant.workspace, "deals", [deal], NOW)
    schedule, node = await fire_for(store, tenant, PERSON, "someone-else")
    works = await node.claim(NOW)
    again = Outcome(Verdict.FAILED, error=f"mailbox of {PHONE} is full", retryable=True)
    await node.record([work for work in works if work.run.row_key == PERSON], again, NOW)
    await node.record([work for work in works if work.run.row_key != PERSON], SUCCEEDED, NOW)
    later = NOW + 10 * MINUTE
    failed = Outcome(Verdict.FAILED, error=f"no {ADDRESS}", retryable=False, output={"to": ADDRESS})
    await node.record(await node.claim(later), failed, later)
    named = await tenant.schedule(
        "0 0 1 1 *",
        ALLOW,
        input={"user": PERSON, "mail": ADDRESS},
        labels={"customer": PERSON},
        key=f"of-{ADDRESS}",
        description=f"For {NAME}",
        audience={"type": "users", "filter": {"user_ids": [PERSON]}},
    )
    await tenant.change(named, NOW, note=f"{NAME} asked for it", state=ScheduleState.PAUSED)
    said = f"as {NAME} wishes"
    later, wished = NOW + HOUR, Timing("0 0 1 1 *")
    for whose in (None, named.id):
        window = Window(
            random_id(NOW), tenant.workspace, whose, wished, MINUTE, CatchUp.NONE, later, NOW, said
        )
        await store.write(windows.add_window, window)
    of_all = Pause(random_id(NOW), tenant.workspace, None, later, later + 1, CatchUp.NONE, said)
    await store.write(pauses.write_pauses, [of_all])
    await store.write(failed_delivery, await a_webhook(store, tenant), f"no {ADDRESS}")
    action = Action(
        random_id(NOW),
        tenant.workspace,
        ActionKind.PAUSE,
        {"search": NAME},
        {"note": f"{NAME} asked for it"},
        Taker(tenant.principal, random_id(NOW)),
        NOW,
        NOW,
    )
    await store.write(actions.take_action, action)
    refused = [{"id": "sch_1", "error": f"no {ADDRESS}"}]
    ended = {"state": ActionState.FAILED, "finished_ms": NOW, "error": f"ended by {NAME}"}
    await store.write(actions.move_action, replace(action, problems=refused, **ended))
    trail = Trail(tenant.workspace, NOW)
    said = {"first_ids": [PERSON], "mail": ADDRESS}
    await store.write(audit.record, trail.entry("directory.put", "directory", "users", after=said))
    await store.write(audit.record, trail.entry("schedule.fired", "sch", named.id))
    await store.urgent(audit.link_pending, NOW)
    return schedule, named


async def everything(store) -> list[tuple[str, str]]:
    """(table, row as text) of every row of the database."""
    from tests.support.all_rows import all_rows

    return [(row[0], repr(row)) for row in await all_rows(store)]


def mentions(rows):
    return [
        (table, row[:200])
        for table, row in rows
        if any(value.casefold() in row.casefold() for value in PLANTED)
    ]


async def test_after_an_erasure_no_row_of_any_table_names_the_person(tenant, store):
    await plant(store, tenant)
    before = {table for table, _ in mentions(await everything(store))}
    assert before >= {
        "directory_users",
        "runs",
        "attempts",
        "versions",
        "schedules",
        "labels",
        "audit_entries",
        "actions",
        "pauses",
        "windows",
        "event_deliveries",
    }
    erased = await carry_on(store, await begin(store, tenant))
    assert mentions(await everything(store)) == []
    assert erased.person is None
    assert erased.counts[Place.OWN_RUNS] == 1
    assert {Place.DIRECTORY, Place.SCHEDULES, Place.VERSIONS, Place.AUDIT, Place.RUNS} <= set(erased.counts)


@pytest.mark.parametrize("ended", [True, False])
async def test_no_engine_is_asked_by_the_persons_name_any_more(tenant, store, ended):
    """A handle may name the person, as the URL of a run's state does that is made of the row."""
    target = await tenant.add_target(completion=Completion.WATCH, deadline_ms=HOUR)
    _, node = await fire_for(store, tenant, PERSON, target_id=target)
    (work,) = await node.claim(NOW)
    await node.record([work], Outcome(Verdict.ACCEPTED, handle=f"https://engine/{PERSON}"), NOW)
    if ended:
        ends = [watching.WatchedEnd(work.id, RunState.SUCCEEDED)]
        assert await store.urgent(watching.record_looks, ends, {}, NOW) == [work.id]
        assert "callbacks" not in {table for table, _ in mentions(await everything(store))}
    await carry_on(store, await begin(store, tenant))
    if not ended:  # the engine is told to end it first
        (seen,) = await store.urgent(watching.take_looks, NOW, {target: 9}, NOW + MINUTE)
        assert (seen.handle, seen.answer) == (f"https://engine/{PERSON}", "cancelled")
        await store.urgent(watching.record_tellings, [work.id], {})
    assert mentions(await everything(store)) == []


async def test_handles_that_an_older_version_has_kept_are_taken_from_every_run(tenant, store):
    target = await tenant.add_target(completion=Completion.WATCH, deadline_ms=HOUR)
    _, node = await fire_for(store, tenant, PERSON, "someone-else", target_id=target)
    works = await node.claim(NOW)
    await node.record(works, Outcome(Verdict.ACCEPTED, handle="job"), NOW)
    ends = [watching.WatchedEnd(work.id, RunState.SUCCEEDED) for work in works]
    await store.urgent(watching.record_looks, ends, {}, NOW)

    async def keeps(tx):
        own = tenant.workspace, target, b"", 1, NOW + HOUR, f"of {PERSON}", None
        await tx.many("insert_watched", [NewWatched(work.id, *own) for work in works])

    await store.write(keeps)
    assert "callbacks" in {table for table, _ in mentions(await everything(store))}
    await carry_on(store, await begin(store, tenant))
    assert "callbacks" not in {table for table, _ in mentions(await everything(store))}


async def plant_values(store, tenant):
    """Plant the person where one of its values is a key or an id, and in items of others."""
    users = [("second", ADDRESS, NAME, "owner"), (ADDRESS, "x@example.com", "X", None)]
    await store.write(directory.put_items, tenant.workspace, "users", users, NOW)
    contacts = [(ADDRESS.upper(), None, None, None, None), (f"of {NAME}", None, None, None, None)]
    await store.write(directory.put_items, tenant.workspace, "contacts", contacts, NOW)
    deal = (f"deal-{ADDRESS}", "Big", "open", None, f"line-{ADDRESS}", f"stage-{ADDRESS}", ADDRESS, NOW)
    await store.write(directory.put_items, tenant.workspace, "deals", [deal], NOW)
    task = ("t1", "Call", "open", None, ADDRESS, f"deal-{ADDRESS}", f"of {NAME}")
    await store.write(directory.put_items, tenant.workspace, "tasks", [task], NOW)
    pipelines = [(f"line-{ADDRESS}", f"Pipeline of {NAME}")]
    await store.write(directory.put_items, tenant.workspace, "pipelines", pipelines, NOW)
    stages = [(f"stage-{ADDRESS}", f"Stage of {NAME}", f"line-{ADDRESS}", 1)]
    await store.write(directory.put_items, tenant.workspace, "stages", stages, NOW)
    made = Principal(random_id(NOW), tenant.workspace, PrincipalType.PERSON, NAME, NOW, ADDRESS)
    await store.write(tenancy.create_principal, made, [])


def kinds(found):
    return {table for table, _ in found}


async def test_an_erasure_finds_the_person_where_a_value_is_an_id_in_the_directory(tenant, store):
    await plant_values(store, tenant)
    planted = {"users", "contacts", "deals", "tasks", "pipelines", "stages"}
    assert kinds(mentions(await everything(store))) >= {f"directory_{kind}" for kind in planted} | {
        "principals"
    }
    await carry_on(store, await begin(store, tenant, values=(ADDRESS, NAME)))
    assert mentions(await everything(store)) == []


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("users", (PERSON, ADDRESS, NAME, "owner")),
        ("contacts", (PERSON, "client", ADDRESS, NAME, "{}")),
    ],
)
async def test_an_erasure_finds_all_by_which_the_directory_knows_the_person(tenant, store, kind, item):
    await store.write(directory.put_items, tenant.workspace, kind, [item], NOW)
    for said in (ADDRESS, NAME):
        await tenant.schedule("0 0 1 1 *", ALLOW, input={"of": said}, description=f"for {said}")
    await carry_on(store, await begin(store, tenant, values=()))
    assert mentions(await everything(store)) == []


async def test_items_that_named_the_person_still_refer_to_each_other(tenant, store):
    await plant_values(store, tenant)
    erased = await carry_on(store, await begin(store, tenant, values=(ADDRESS, NAME)))
    (deal,) = await store.read(directory.list_items, tenant.workspace, "deals", "", 9)
    (task,) = await store.read(directory.list_items, tenant.workspace, "tasks", "", 9)
    (pipeline,) = await store.read(directory.list_items, tenant.workspace, "pipelines", "", 9)
    (stage,) = await store.read(directory.list_items, tenant.workspace, "stages", "", 9)
    (contact,) = await store.read(directory.list_items, tenant.workspace, "contacts", "", 9)
    assert (task["deal"], task["contact"], task["assignee"]) == (deal["id"], contact["id"], None)
    assert (deal["pipeline"], deal["stage"], deal["owner"]) == (pipeline["id"], stage["id"], None)
    assert stage["pipeline"] == pipeline["id"]
    (user,) = await store.read(directory.list_items, tenant.workspace, "users", "", 9)
    assert (user["id"], user["email"], user["full_name"], user["role"]) == ("second", ERASED, ERASED, "owner")
    assert erased.counts == {
        "users": 2, "contacts": 2, "deals": 1, "tasks": 1, "pipelines": 1, "stages": 1, "principals": 1
    }  # fmt: skip


async def test_runs_of_a_row_whose_key_is_a_value_are_the_persons_own(tenant, store):
    per_row = Policies(overlap=Overlap.SKIP, overlap_scope=OverlapScope.ROW)
    schedule, _ = await fire_for(store, tenant, ADDRESS, f"of {ADDRESS}", "someone-else", policies=per_row)
    assert "row_locks" in kinds(mentions(await everything(store)))
    await carry_on(store, await begin(store, tenant, values=(ADDRESS, PHONE)))
    assert mentions(await everything(store)) == []
    states = {run.row_key: run.state for run in await tenant.runs(schedule)}
    pending = RunState.PENDING
    assert states == {ERASED: RunState.CANCELLED, f"of {ERASED}": pending, "someone-else": pending}


async def test_rows_that_wait_for_their_runs_lose_the_person(tenant, store):
    _, task = await reading(store, tenant)
    rows = [
        AudienceText(key, f'{{"id":"{key}","manager":"{ADDRESS}"}}')
        for key in (PERSON, ADDRESS, f"of {NAME}", "other")
    ]
    await store.write(fanout.write_spool, task, 1, rows, 4)
    await carry_on(store, await begin(store, tenant, values=(ADDRESS, NAME)))
    assert kinds(mentions(await everything(store))) == {"erasures"}  # the audience is still being read
    left = await store.read(fanout.spooled_page, task.fire_id, 0, 10)
    assert [row.key for row in left][1:] == ["other"]
    assert left[1].data == f'{{"id":"other","manager":"{ERASED}"}}'


def sentence(address=ADDRESS):
    return Outcome(Verdict.FAILED, error=f"no such user {address}", retryable=False)


@pytest.mark.parametrize("piece", [erasing.PIECE, 1])
@pytest.mark.parametrize("later_first", [False, True])
async def test_an_erasure_waits_for_runs_that_were_under_way_and_looks_at_them_again(
    tenant, store, monkeypatch, piece, later_first
):
    monkeypatch.setattr(erasing, "PIECE", piece)
    schedule, node = await fire_for(store, tenant, "other", "another")
    works = sorted(await node.claim(NOW), key=lambda work: work.id, reverse=later_first)
    waiting = await carry_on(store, await begin(store, tenant, values=(ADDRESS, PHONE)))
    assert (waiting.state, waiting.place, waiting.waits_for) == (ErasureState.WAITING, Place.UNDER_WAY, 2)
    assert kinds(mentions(await everything(store))) == {"erasures"}
    await node.record(works[:1], sentence(), NOW)

    async def is_repeated(tx):
        request = idempotency.Request(tenant.workspace, "create", "k", b"h" * 16)
        await idempotency.claim(tx, request, f'{{"error":"{ADDRESS}"}}'.encode(), NOW)

    await store.write(is_repeated)
    assert kinds(mentions(await everything(store))) >= {"runs", "answers"}
    assert (
        await store.write(erasures.erase_piece, None, NOW, telling) is None
    )  # it is not looked at all the time
    later = NOW + MINUTE
    waiting = await carry_on(store, waiting, later)
    assert (waiting.state, waiting.waits_for) == (ErasureState.WAITING, 1)
    assert kinds(mentions(await everything(store))) == {"erasures"}
    await node.record(works[1:], sentence(), later)
    done = await carry_on(store, waiting, later + MINUTE)
    assert (done.state, done.person, done.waits_for) == (ErasureState.DONE, None, 0)
    assert mentions(await everything(store)) == []
    assert {run.error for run in await tenant.runs(schedule)} == {f"no such user {ERASED}"}


async def test_an_erasure_waits_for_no_run_that_nobody_has_in_hand(tenant, store):
    await fire_for(store, tenant, "other")
    done = await carry_on(store, await begin(store, tenant, values=(ADDRESS, PHONE)))
    assert done.state is ErasureState.DONE


async def test_an_erasure_waits_for_callbacks_until_they_have_come(tenant, store):
    schedule, _, work = await accepted(tenant)
    waiting = await carry_on(store, await begin(store, tenant, values=(ADDRESS,)))
    assert waiting.waits_for == 1
    said = CallbackAnswer(RunState.SUCCEEDED, f'{{"sent":"{ADDRESS}"}}')
    await store.write(runs.answer_callback, work.id, "token", said, NOW)
    done = await carry_on(store, waiting, NOW + MINUTE)
    assert done.state is ErasureState.DONE
    assert mentions(await everything(store)) == []
    (run,) = await tenant.runs(schedule)
    assert run.output == f'{{"sent":"{ERASED}"}}'


async def test_an_erasure_waits_for_audiences_that_are_being_read(tenant, store):
    schedule, task = await reading(store, tenant)
    waiting = await carry_on(store, await begin(store, tenant, values=(ADDRESS,)))
    assert waiting.waits_for == 1
    rows = [AudienceText(key, f'{{"id":"{key}","mail":"{ADDRESS}"}}') for key in (PERSON, "other")]
    await store.write(fanout.write_chunk, task, fanout.prepare(task, rows, True), None, 2, True, NOW)
    done = await carry_on(store, waiting, NOW + MINUTE)
    assert done.state is ErasureState.DONE
    assert mentions(await everything(store)) == []
    states = {run.row_key: run.state for run in await tenant.runs(schedule)}
    assert states == {ERASED: RunState.CANCELLED, "other": RunState.PENDING}


async def test_an_erasure_that_waits_for_runs_and_audiences_waits_for_both(tenant, store):
    _, node = await fire_for(store, tenant, "other")
    (work,) = await node.claim(NOW)
    _, task = await reading(store, tenant)
    waiting = await carry_on(store, await begin(store, tenant, values=(ADDRESS, PHONE)))
    assert waiting.waits_for == 2
    waiting = await carry_on(store, waiting, NOW + MINUTE)
    assert (waiting.state, waiting.place, waiting.waits_for) == (ErasureState.WAITING, Place.UNDER_WAY, 2)
    await node.record([work], sentence(), NOW + MINUTE)
    waiting = await carry_on(store, waiting, NOW + 9 * MINUTE)
    assert (waiting.state, waiting.waits_for) == (ErasureState.WAITING, 1)
    rows = [AudienceText("third", f'{{"id":"third","mail":"{ADDRESS}"}}')]
    await store.write(fanout.write_chunk, task, fanout.prepare(task, rows, True), None, 1, True, NOW)
    done = await carry_on(store, waiting, NOW + 99 * MINUTE)
    assert done.state is ErasureState.DONE
    assert mentions(await everything(store)) == []


async def test_an_erasure_that_waits_for_as_many_runs_as_it_may_goes_on_with_others_as_they_end(
    tenant, store, monkeypatch
):
    monkeypatch.setattr(erasing, "PIECE", 2)
    monkeypatch.setattr(erased_runs, "MOST_AWAITED", 2)
    _, node = await fire_for(store, tenant, *map(str, range(5)))
    works = await node.claim(NOW)
    erasure = await carry_on(store, await begin(store, tenant, values=(ADDRESS, PHONE)))
    assert (erasure.state, erasure.place, erasure.waits_for) == (ErasureState.RUNNING, Place.RUNS, 2)
    now = NOW
    for work in works:
        now += MINUTE
        await node.record([work], sentence(), now)
        erasure = await carry_on(store, erasure, now + MINUTE)
        assert erasure.waits_for <= 2
    assert erasure.state is ErasureState.DONE
    assert mentions(await everything(store)) == []


async def test_large_runs_are_looked_at_in_steps_that_hold_nobody_up(tenant, store, monkeypatch):
    monkeypatch.setattr(erasing, "PIECE_BYTES", 100)
    _, node = await fire_for(store, tenant, *map(str, range(6)))
    works = await node.claim(NOW)
    await node.record(works[:3], sentence(), NOW)
    erasure, steps = await begin(store, tenant, values=(ADDRESS, PHONE)), 0
    while erasure.look_ms is None:
        steps += erasure.place is Place.RUNS
        erasure = await store.write(erasures.erase_piece, erasure.id, NOW, telling)
    assert steps == 6
    await node.record(works[3:], sentence(), NOW)
    seen = []
    while erasure.state is not ErasureState.DONE:
        erasure = await store.write(erasures.erase_piece, erasure.id, NOW + MINUTE, telling)
        seen.append((await store.read(erasures.get_erasure, tenant.workspace, erasure.id)).waits_for)
    assert seen[:3] == [2, 1, 0]
    assert mentions(await everything(store)) == []


async def test_large_inputs_are_looked_at_in_steps_that_hold_nobody_up(tenant, store, monkeypatch):
    monkeypatch.setattr(erasing, "PIECE_BYTES", 100)
    made = [await tenant.schedule("0 0 1 1 *", input={"mail": ADDRESS, "text": "x" * 90}) for _ in range(3)]
    await tenant.redefine(made[1], NOW, input={"mail": ADDRESS, "more": "y" * 90})
    erasure, steps = await begin(store, tenant, values=(ADDRESS,)), 0
    while erasure.state is not ErasureState.DONE:
        steps += erasure.place is Place.VERSIONS
        erasure = await store.write(erasures.erase_piece, erasure.id, NOW, telling)
    assert (steps, erasure.counts[Place.VERSIONS]) == (4, 4)
    assert mentions(await everything(store)) == []


async def plant_large(store, tenant, count):
    """Plant so many large rows in each place that may have such, each with the person's address."""
    text = f"{ADDRESS} {'x' * 100}"
    _, task = await reading(store, tenant)
    rows = [AudienceText(f"k{n}", f'{{"id":"k{n}","mail":"{text}"}}') for n in range(count)]
    await store.write(fanout.write_spool, task, 1, rows, count)
    contacts = [(f"c{n}", "client", None, None, f'{{"mail":"{text}"}}') for n in range(count)]
    await store.write(directory.put_items, tenant.workspace, "contacts", contacts, NOW)
    await tenant.schedules(count - 1, "0 0 1 1 *", description=text)  # and the one that is being read
    trail = Trail(tenant.workspace, NOW)

    async def writes(tx):
        for n in range(count):
            request = idempotency.Request(tenant.workspace, "create", f"k{n}", b"h" * 16)
            await idempotency.claim(tx, request, f'{{"name":"{text}"}}'.encode(), NOW)
            tx.record(trail.entry("directory.put", "directory", "users", after={"mail": text}))
            row = EventRow(
                tenant.workspace,
                n + 1,
                random_id(NOW),
                "schedule.created",
                None,
                NOW,
                NOW,
                f'{{"a":"{text}"}}',
            )
            await tx.many("insert_events", [row])

    await store.write(writes)
    await store.urgent(audit.link_pending, NOW)


async def test_large_texts_of_every_place_are_looked_at_in_steps_that_hold_nobody_up(
    tenant, store, monkeypatch
):
    monkeypatch.setattr(erasing, "PIECE_BYTES", 100)
    await plant_large(store, tenant, 3)
    erasure, steps = await begin(store, tenant, values=(ADDRESS,)), Counter[Place]()
    while erasure.state is not ErasureState.DONE and erasure.look_ms is None:
        steps[erasure.place] += 1
        erasure = await store.write(erasures.erase_piece, erasure.id, NOW, telling)
    places = (Place.SPOOL, Place.CONTACTS, Place.SCHEDULES, Place.ANSWERS, Place.EVENTS, Place.AUDIT)
    assert {place: steps[place] for place in places} == dict.fromkeys(places, 3)
    assert kinds(mentions(await everything(store))) == {"erasures"}  # the audience is still being read


async def test_texts_that_fit_are_looked_at_in_one_step(tenant, store):
    await plant_large(store, tenant, 3)
    erasure, seen = await begin(store, tenant, values=(ADDRESS,)), list[Place]()
    while erasure.state is not ErasureState.DONE and erasure.look_ms is None:
        seen.append(erasure.place)
        erasure = await store.write(erasures.erase_piece, erasure.id, NOW, telling)
    assert len(seen) == len(set(seen))


async def test_what_waits_is_bounded_like_what_is_under_way(tenant, store, monkeypatch):
    monkeypatch.setattr(erasures, "MOST_WAITING", 1)
    _, node = await fire_for(store, tenant, "other")
    await node.claim(NOW)
    waiting = await carry_on(store, await begin(store, tenant))
    assert waiting.state is ErasureState.WAITING
    with pytest.raises(Conflict, match="wait for runs that are under way"):
        await begin(store, tenant)


async def test_answers_that_are_kept_to_be_given_again_lose_the_person(tenant, store):
    async def keeps(tx):
        for key, subject in (("k1", f'{{"name":"for {ADDRESS}"}}'.encode()), (f"for {ADDRESS}", b"i" * 16)):
            request = idempotency.Request(tenant.workspace, "create", key, b"h" * 16)
            assert await idempotency.claim(tx, request, subject, NOW) is None

    await store.write(keeps)
    erasure = await carry_on(store, await begin(store, tenant, values=(ADDRESS,)))
    assert erasure.counts[Place.ANSWERS] == 2
    (kept,) = await select(store, "SELECT key, subject FROM answers")
    assert (kept[0], bytes(kept[1])) == ("k1", f'{{"name":"for {ERASED}"}}'.encode())


async def test_nodes_let_go_of_webhooks_whose_events_have_changed(tenant, store):
    node = await Node.start(store, NOW)
    for one in (tenant, other := await Tenant.open(store)):
        await a_webhook(store, one)
    held = await store.urgent(webhooks.claim_webhooks, node.id, 10)
    assert len(held) == 2
    await carry_on(store, await begin(store, tenant, values=(ADDRESS,)))
    assert len((await store.read(webhooks.webhooks_of, node.id))[0]) == 2  # nothing was changed
    for one in (tenant, other):
        content = f'{{"name":"{ADDRESS}"}}'
        row = EventRow(one.workspace, 1, random_id(NOW), "schedule.created", None, NOW, NOW, content)
        await store.write(insert_events, row)
    heard = []
    store.listen(lambda topic, at: heard.append(topic))
    await carry_on(store, await begin(store, tenant, values=(ADDRESS,)))
    assert WEBHOOKS in heard
    still, _ = await store.read(webhooks.webhooks_of, node.id)
    assert set(still) == {one.webhook.id for one in held if one.webhook.workspace_id == other.workspace}
    (again,) = await store.urgent(webhooks.claim_webhooks, node.id, 10)
    (before,) = (one for one in held if one.webhook.id == again.webhook.id)
    assert again.epoch > before.epoch + 1  # what is sent under the old claim is not recorded any more


async def insert_events(tx, row):
    await tx.many("insert_events", [row])


async def test_what_is_about_others_stays(tenant, store):
    schedule, named = await plant(store, tenant)
    await carry_on(store, await begin(store, tenant))
    keys = sorted(run.row_key for run in await tenant.runs(schedule))
    assert keys == [ERASED, "someone-else"]
    (other,) = [run for run in await tenant.runs(schedule) if run.row_key == "someone-else"]
    assert other.state is RunState.SUCCEEDED
    after = await tenant.again(named)
    assert after.definition.input == {"user": ERASED, "mail": ERASED}
    assert (after.labels, after.name) == ({"customer": ERASED}, "Schedule")
    assert after.key.startswith("erased-")


async def test_a_key_that_does_not_name_the_person_stays_where_something_else_of_the_schedule_does(
    tenant, store
):
    (made,) = await tenant.schedules(1, key="nightly", description=f"for {ADDRESS}")
    await carry_on(store, await begin(store, tenant, values=(ADDRESS,)))
    after = await tenant.again(made)
    assert (after.key, after.description) == ("nightly", f"for {ERASED}")


async def test_all_entries_of_the_audit_log_are_looked_at_however_few_a_step_takes(
    tenant, store, monkeypatch
):
    monkeypatch.setattr(erasing, "PIECE", 1)
    for whom in ("somebody else", *[ADDRESS] * 4):
        said = {"note": whom}
        content = content_of(NOW, "test.noted", "ws", Actor(None, None, None, None), said)
        noted = AuditEntry(random_id(NOW), tenant.workspace, "test.noted", "ws", None, content)
        await store.write(audit.record, noted)
    erasure = await begin(store, tenant, values=(ADDRESS,))
    for _ in range(100):
        await store.urgent(audit.link_pending, NOW)
        erasure = await store.write(erasures.erase_piece, erasure.id, NOW, telling)
        if erasure.state is ErasureState.DONE:
            break
    assert (erasure.state, erasure.counts[Place.AUDIT]) == (ErasureState.DONE, 4)
    assert mentions(await everything(store)) == []


def test_a_step_takes_as_many_texts_as_have_no_more_bytes_than_it_may():
    most = erasing.PIECE_BYTES
    assert [erasing.fitting(sizes) for sizes in ([most - 1, 1, 1], [most], [most + 1, 1], [])] == [2, 1, 1, 1]


async def test_what_a_workspace_says_of_itself_stays_and_a_name_that_was_changed_before_is_gone(
    tenant, store
):
    rename = partial(replace, name=f"Of {ADDRESS}")
    named = await store.write(tenancy.change_workspace, tenant.workspace, rename, NOW)
    await carry_on(store, await begin(store, tenant, values=(ADDRESS,)))
    kept = await store.read(tenancy.get_workspace, tenant.workspace)
    assert (kept.name, kept.slug, kept.settings) == (named.name, named.slug, named.settings)
    await store.write(tenancy.change_workspace, tenant.workspace, partial(replace, name="One"), NOW)
    said = {"before": {"name": named.name}, "after": {"name": "One"}}
    entry = Trail(tenant.workspace, NOW).entry("workspace.changed", "ws", tenant.workspace, **said)
    await store.write(audit.record, entry)
    await carry_on(store, await begin(store, tenant, values=(ADDRESS,)))
    assert mentions(await everything(store)) == []


async def test_an_erasure_leaves_other_workspaces_alone(tenant, store):
    other = await Tenant.open(store)
    await store.write(directory.put_items, other.workspace, "users", [(PERSON, ADDRESS, NAME, None)], NOW)
    theirs = await other.schedule("0 0 1 1 *", input={"user": PERSON})
    await carry_on(store, await begin(store, tenant))
    assert (await other.again(theirs)).definition.input == {"user": PERSON}
    assert await store.read(directory.get_item, other.workspace, "users", PERSON) is not None


async def test_the_chain_of_the_audit_log_still_verifies(tenant, store):
    await plant(store, tenant)
    await carry_on(store, await begin(store, tenant))
    await store.urgent(audit.link_pending, NOW)
    chain = await store.read(audit.chain_of, tenant.workspace)
    verifier = Verifier(tenant.workspace, chain.anchor)
    for link, entries in await store.read(audit.links_after, tenant.workspace, 0, 100):
        verifier.add(link, entries)
    verifier.finish(chain.number)
    assert verifier.problems == []
    assert verifier.erased >= 1


async def test_runs_of_the_person_that_are_open_are_cancelled(tenant, store):
    schedule, _ = await fire_for(store, tenant, PERSON, "someone-else")
    await carry_on(store, await begin(store, tenant))
    states = {run.row_key: run.state for run in await tenant.runs(schedule)}
    assert states == {ERASED: RunState.CANCELLED, "someone-else": RunState.PENDING}
    assert await select(store, "SELECT count(*) FROM ready") == [(1,)]


async def test_an_erasure_that_is_interrupted_goes_on_where_it_stood(tenant, store, monkeypatch):
    monkeypatch.setattr(erasing, "PIECE", 2)
    monkeypatch.setattr(erasing, "SMALL_PIECE", 2)
    await tenant.schedules(5, "0 0 1 1 *", input={"user": PERSON})
    begun = await begin(store, tenant)
    seen = []
    while (moved := await store.write(erasures.erase_piece, None, NOW, telling)) is not None:
        seen.append((moved.place, bool(moved.position)))
    assert (Place.VERSIONS, True) in seen
    done = await store.read(erasures.get_erasure, tenant.workspace, begun.id)
    assert (done.state, done.counts[Place.VERSIONS]) == (ErasureState.DONE, 5)


async def test_as_many_erasures_as_may_be_are_under_way_and_no_more(tenant, store):
    for _ in range(erasures.MOST_OPEN):
        await begin(store, tenant)
    with pytest.raises(Conflict):
        await begin(store, tenant)
    other = await Tenant.open(store)
    begun = await begin(store, other)
    with pytest.raises(NotFound):
        await store.read(erasures.get_erasure, tenant.workspace, begun.id)
    assert len(await store.read(erasures.list_erasures, other.workspace, 10, b"\xff" * 16)) == 1


async def test_files_of_a_compacted_database_have_nothing_of_an_erased_person(flavour, tmp_path):
    """Log archives and backups aside; PostgreSQL's write-ahead log is one of these."""
    if flavour == "sqlite":
        url = f"sqlite:///{tmp_path / 'horarium.db'}"
        store = open_store(tmp_path / "horarium.db")
        files = lambda: [*tmp_path.iterdir()]  # noqa: E731
    else:
        from tests.support.postgres import direct_address, migrated_database, name_in, run_sql, server

        pooled_or_not = await migrated_database("erased")
        url = direct_address(name_in(pooled_or_not))  # compacting needs one
        store = await PostgresStore.open(pooled_or_not)
        (number,) = (await select(store, "SELECT oid FROM pg_database WHERE datname = current_database()"))[0]
        base = Path(server().pgdata) / "base" / str(number)
        files = lambda: [*base.iterdir()]  # noqa: E731
    tenant = await Tenant.open(store)
    await plant(store, tenant)
    await carry_on(store, await begin(store, tenant))
    await store.close()
    assert await compact(url) == []
    if flavour == "postgres":
        run_sql("CHECKPOINT")
    content = {file.name: file.read_bytes() for file in files() if file.is_file()}
    assert sum(map(len, content.values())) > 100_000
    hits = [
        (name, value)
        for name, found in content.items()
        for value in (*PLANTED, ADDRESS.upper())
        if value.encode() in found
    ]
    assert hits == []


async def test_a_piece_is_that_of_the_erasure_that_was_asked_for(tenant, store):
    first, second = await begin(store, tenant), await begin(store, tenant, "somebody-else", ())
    moved = await store.write(erasures.erase_piece, second.id, NOW + 5, telling)
    assert (moved.id, moved.place, moved.updated_ms) == (second.id, Place.OWN_RUNS, NOW + 5)
    assert (await store.read(erasures.get_erasure, tenant.workspace, first.id)).place is Place.SPOOL
    any_piece = await store.write(erasures.erase_piece, None, NOW + 6, telling)
    assert any_piece.id == first.id
    assert await store.write(erasures.erase_piece, random_id(NOW), NOW + 6, telling) is None
    for now, updated in (
        (NOW + 5, NOW + 6),
        (NOW, NOW + 7),
        (NOW + 9, NOW + 9),
    ):  # each is later than the one before
        moved = await store.write(erasures.erase_piece, second.id, now, telling)
        assert moved.updated_ms == updated


async def test_what_was_erased_of_rows_that_wait_is_counted(tenant, store):
    _, task = await reading(store, tenant)
    rows = [
        AudienceText(key, f'{{"of":"{of}"}}')
        for key, of in ((PERSON, "x"), ("a", PERSON), ("b", "y"), ("c", PERSON))
    ]
    await store.write(fanout.write_spool, task, 1, rows, 4)
    erasure = await begin(store, tenant)
    moved = await store.write(erasures.erase_piece, erasure.id, NOW, telling)
    assert moved.counts == {"spool": 3}
    left = await store.read(fanout.spooled_page, task.fire_id, 0, 10)
    assert [(row.key, PERSON in row.data) for row in left] == [("a", False), ("b", False), ("c", False)]


async def test_rows_of_others_whose_texts_name_the_person_stay_locked_for_their_runs(tenant, store):
    per_row = Policies(overlap=Overlap.SKIP, overlap_scope=OverlapScope.ROW)
    await fire_for(store, tenant, "other", f"of {ADDRESS}", policies=per_row)
    await carry_on(store, await begin(store, tenant, values=(ADDRESS, PHONE)))
    assert [key for (key,) in await select(store, "SELECT row_key FROM row_locks")] == ["other"]


@pytest.mark.parametrize("at_once", [1, 9])
async def test_what_repeats_the_end_of_a_run_loses_the_person_while_others_are_still_under_way(
    tenant, store, monkeypatch, at_once
):
    _, node = await fire_for(store, tenant, "one", "two", "three")
    works = await node.claim(NOW)
    waiting = await carry_on(store, await begin(store, tenant, values=(ADDRESS, PHONE)))
    assert waiting.waits_for == 3
    monkeypatch.setattr(erasing, "PIECE", at_once)
    await node.record(works[:1], sentence(), NOW)
    row = EventRow(
        tenant.workspace, 1, random_id(NOW), "run.failed", None, NOW, NOW, f'{{"error":"{ADDRESS}"}}'
    )
    await store.write(insert_events, row)
    waiting = await carry_on(store, waiting, NOW + MINUTE)
    assert (waiting.state, waiting.waits_for) == (ErasureState.WAITING, 2)
    assert kinds(mentions(await everything(store))) == {"erasures"}
