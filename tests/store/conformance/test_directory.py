"""Items of the directory are put, read, listed and taken away within their workspace, and read as audiences."""

import json

import pytest

from horarium.domain.directory import KINDS
from horarium.store.verbs import directory
from tests.support.tenant import DAY, NOON, Tenant

USERS = [("u1", "a@x.com", "Ann", "admin"), ("u2", "b@x.com", "Ben", "member"), ("u3", None, "Cid", "admin")]
CONTACTS = [("c1", "lead", "l@x.com", "Lea", None), ("c2", "lead", None, "Leo", '{"plan":"gold"}')]
DEALS = [
    ("d1", "Old", "open", "10", "p1", "s1", "u1", NOON - DAY),
    ("d2", "New", "open", "20", "p1", "s2", "u2", NOON),
    ("d3", "Won", "won", "30", "p2", "s1", None, NOON - DAY),
]
TASKS = [
    ("t1", "Late", "open", NOON - 1, "u1", "d1", None),
    ("t2", "Soon", "open", NOON + 1, "u1", None, "c1"),
    ("t3", "Someday", "open", None, "u1", None, None),
    ("t4", "Done", "done", NOON - 1, "u2", None, None),
    ("t5", "Nobody's", "open", NOON - 1, None, None, None),
    ("t6", "Theirs", "open", NOON + 1, "u9", None, None),
]


async def put(tenant, kind, items, now=NOON):
    return await tenant.store.write(directory.put_items, tenant.workspace, kind, items, now)


async def listed(tenant, kind, after="", limit=100):
    rows = await tenant.store.read(directory.list_items, tenant.workspace, kind, after, limit)
    return [row["id"] for row in rows]


async def audience(tenant, kind, after="", limit=100, **params):
    """The ids on a page of an audience. Where it is the whole audience, it is counted as well, up to a number."""
    given = {"workspace_id": tenant.workspace} | params
    rows = await tenant.store.read(directory.audience_page, kind, after, limit, given)
    for most in (1, 2, limit) if not after else ():
        assert await counted(tenant, kind, most, **params) == min(most, len(rows))
    return [row["id"] for row in rows]


async def counted(tenant, kind, most=100, **params):
    given = {"workspace_id": tenant.workspace} | params
    return await tenant.store.read(directory.count_audience, kind, most, given)


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_each_kind_is_put_read_and_taken_away_by_its_columns(tenant, store, kind):
    columns = KINDS[kind].columns
    numbers = {"due", "last_change", "position"}
    item = ("it", *(7 if name in numbers else f"the {name}" for name in columns))
    assert await put(tenant, kind, [item]) == 1
    row = await store.read(directory.get_item, tenant.workspace, kind, "it")
    assert tuple(row[name] for name in ("id", *columns, "updated_ms")) == (*item, NOON)
    assert await store.write(directory.delete_item, tenant.workspace, kind, "it")
    assert await store.read(directory.get_item, tenant.workspace, kind, "it") is None
    assert not await store.write(directory.delete_item, tenant.workspace, kind, "it")


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_each_column_that_changes_is_written_and_what_stays_as_it_is_is_not(tenant, store, kind):
    columns = KINDS[kind].columns
    numbers = {"due", "last_change", "position"}
    item = {name: 7 if name in numbers else f"the {name}" for name in columns}
    await put(tenant, kind, [("it", *item.values())])
    for now, name in enumerate(columns, NOON + 1):
        item[name] = 8 if name in numbers else "another"
        for _ in range(2):
            await put(tenant, kind, [("it", *item.values())], now)
        await put(tenant, kind, [("it", *item.values())], now + DAY)
        row = await store.read(directory.get_item, tenant.workspace, kind, "it")
        assert dict(row) == {"workspace_id": tenant.workspace, "id": "it", **item, "updated_ms": now}


async def test_what_is_put_again_takes_the_place_of_what_was_there(tenant, store):
    await put(tenant, "users", USERS)
    again = [("u2", "new@x.com", "Benedict", "owner")]
    assert await put(tenant, "users", again, NOON + 1) == 1
    row = await store.read(directory.get_item, tenant.workspace, "users", "u2")
    assert (row["email"], row["role"], row["updated_ms"]) == ("new@x.com", "owner", NOON + 1)
    assert await listed(tenant, "users") == ["u1", "u2", "u3"]


async def test_of_one_id_put_twice_at_once_the_last_counts(tenant, store):
    assert await put(tenant, "users", [USERS[0], ("u1", None, "Anna", "member")]) == 2
    row = await store.read(directory.get_item, tenant.workspace, "users", "u1")
    assert (row["full_name"], row["role"]) == ("Anna", "member")


async def test_putting_nothing_is_nothing(tenant):
    assert await put(tenant, "users", []) == 0
    assert await listed(tenant, "users") == []


async def test_items_are_listed_by_page_in_the_order_of_their_ids(tenant):
    await put(tenant, "users", USERS[::-1])
    assert await listed(tenant, "users", limit=2) == ["u1", "u2"]
    assert await listed(tenant, "users", "u2", 2) == ["u3"]


async def test_users_are_chosen_by_role_and_id(tenant):
    await put(tenant, "users", USERS)
    anybody = {"roles": None, "ids": None}
    admins = {"roles": json.dumps(["admin"]), "ids": None}
    both = {"roles": json.dumps(["admin", "member"]), "ids": json.dumps(["u2", "u3", "u9"])}
    assert await audience(tenant, "users", **anybody) == ["u1", "u2", "u3"]
    assert await audience(tenant, "users", **admins) == ["u1", "u3"]
    assert await audience(tenant, "users", after="u1", limit=1, **admins) == ["u3"]
    assert await audience(tenant, "users", **both) == ["u2", "u3"]


async def test_contacts_are_chosen_by_type_and_by_having_an_address(tenant):
    await put(tenant, "contacts", CONTACTS)
    for has_email, found in ((None, ["c1", "c2"]), (1, ["c1"]), (0, ["c2"])):
        chosen = {"type": "lead", "has_email": has_email}
        assert await audience(tenant, "contacts", **chosen) == found
    assert await audience(tenant, "contacts", type="customer", has_email=None) == []


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, ["d1", "d2", "d3"]),
        ({"status": "open"}, ["d1", "d2"]),
        ({"status": "open", "changed_by": NOON - DAY}, ["d1"]),
        ({"pipeline": "p1", "stages": json.dumps(["s2"])}, ["d2"]),
        ({"stages": json.dumps(["s1"])}, ["d1", "d3"]),
    ],
)
async def test_deals_are_chosen_by_all_that_is_asked(tenant, chosen, found):
    await put(tenant, "deals", DEALS)
    params = dict.fromkeys(("status", "changed_by", "pipeline", "stages")) | chosen
    assert await audience(tenant, "deals", **params) == found


async def assignees(tenant, most=10, overdue=0, after="", limit=10, statuses=("open",)):
    params = {
        "workspace_id": tenant.workspace,
        "statuses": json.dumps(statuses),
        "overdue": overdue,
        "now": NOON,
    }
    found, tasks = await tenant.store.read(
        directory.assignee_page, after, limit, most, params, lambda ids: json.dumps(list(ids))
    )
    return found, [(task["assignee"], task["id"]) for task in tasks]


async def test_tasks_come_by_assignee_the_soonest_due_first(tenant):
    await put(tenant, "users", USERS)
    await put(tenant, "tasks", TASKS)
    found, tasks = await assignees(tenant)
    assert [(row["assignee"], row["task_count"], row["overdue_count"]) for row in found] == [
        ("u1", 3, 1),
        ("u9", 1, 0),
    ]
    assert [row["full_name"] for row in found] == ["Ann", None]
    assert tasks == [("u1", "t1"), ("u1", "t2"), ("u1", "t3"), ("u9", "t6")]


async def test_of_each_assignee_come_no_more_tasks_than_asked(tenant):
    await put(tenant, "tasks", TASKS)
    _, tasks = await assignees(tenant, most=2)
    assert tasks == [("u1", "t1"), ("u1", "t2"), ("u9", "t6")]
    found, tasks = await assignees(tenant, overdue=1)
    assert ([row["assignee"] for row in found], tasks) == (["u1"], [("u1", "t1")])
    found, tasks = await assignees(tenant, after="u1", limit=1)
    assert ([row["assignee"] for row in found], tasks) == (["u9"], [("u9", "t6")])


async def test_a_workspace_reads_writes_and_takes_away_nothing_of_another(tenant, store):
    stranger = await Tenant.open(store)
    await put(tenant, "users", USERS)
    await put(tenant, "tasks", TASKS)
    await put(stranger, "users", [("u1", "theirs@x.com", "Theirs", "admin")])
    row = await store.read(directory.get_item, tenant.workspace, "users", "u1")
    assert row["email"] == "a@x.com"
    assert await store.read(directory.get_item, stranger.workspace, "users", "u2") is None
    assert not await store.write(directory.delete_item, stranger.workspace, "users", "u2")
    assert await store.write(directory.delete_item, stranger.workspace, "users", "u1")
    assert await listed(tenant, "users") == ["u1", "u2", "u3"]
    assert await listed(stranger, "users") == []
    assert await audience(stranger, "users", roles=None, ids=json.dumps(["u1", "u2"])) == []
    assert await counted(stranger, "users", roles=None, ids=None) == 0
    assert await assignees(stranger) == ([], [])


async def test_the_name_of_an_assignee_is_not_borrowed_from_another_workspace(tenant, store):
    stranger = await Tenant.open(store)
    await put(stranger, "users", USERS)
    await put(tenant, "tasks", TASKS)
    found, _ = await assignees(tenant)
    assert [row["full_name"] for row in found] == [None, None]
