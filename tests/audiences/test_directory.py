"""The four audience types of the directory: which rows each filter selects, pages, and positions."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.audiences import directory
from horarium.audiences.directory import DirectorySource
from horarium.domain.audience import AudienceQuery, AudienceRow
from horarium.domain.schedule import DAY_MS
from tests.support.audience import Stand
from tests.support.tenant import NOON

DAY = "2026-11-%02dT12:00:00Z"

USERS = [
    {"id": "u1", "email": "ada@example.com", "full_name": "Ada", "role": "client_editor"},
    {"id": "u2", "email": "bob@example.com", "full_name": "Bob", "role": "client_viewer"},
    {"id": "u3", "full_name": "Cy", "role": "client_editor"},
    {"id": "u4"},
]
CONTACTS = [
    {
        "id": "c1",
        "type": "lead",
        "email": "l1@example.com",
        "name": "L1",
        "plan": "gold",
        "contact_id": "mine",
    },
    {"id": "c2", "type": "lead", "name": "L2"},
    {"id": "c3", "type": "customer", "email": "k3@example.com", "name": "K3", "custom_fields": {"size": 7}},
    {"id": "c4"},
]
DEALS = [
    {"id": "d1", "name": "One", "status": "open", "value": 1200.5, "pipeline": "p1", "stage": "s1", "owner":
    "u1",
     "last_change": DAY % 1},
    {"id": "d2", "name": "Two", "status": "won", "value": 7, "pipeline": "p1", "stage": "s2", "last_change":
    DAY % 8},
    {"id": "d3", "name": "Three", "status": "open", "pipeline": "p2", "stage": "s3", "last_change": DAY % 9},
    {"id": "d4"},
]  # fmt: skip
TASKS = [
    {
        "id": "t1",
        "title": "Late",
        "status": "open",
        "due": DAY % 20,
        "assignee": "u1",
        "deal": "d1",
        "contact": "c1",
    },
    {"id": "t2", "title": "Soon", "status": "open", "due": DAY % 25, "assignee": "u1"},
    {"id": "t3", "title": "Whenever", "status": "open", "assignee": "u1"},
    {"id": "t4", "title": "Over", "status": "done", "due": DAY % 1, "assignee": "u2"},
    {"id": "t5", "title": "Started", "status": "in_progress", "due": DAY % 23, "assignee": "u3"},
    {"id": "t6", "title": "Nobody's", "status": "open", "due": DAY % 1},
    {"id": "t7", "title": "A stranger's", "status": "open", "due": DAY % 24, "assignee": "x9"},
]


async def resolved(stand: Stand, kind: str, given: dict[str, Any], limit: int = 2) -> list[AudienceRow]:
    """All rows, read in pages of `limit`. Also checks that the count is right."""
    source = DirectorySource(stand.store)
    query = AudienceQuery(stand.tenant.workspace, kind, given, NOON)
    found: list[AudienceRow] = []
    position: str | None = None
    while True:
        page = await source.page(query, position, limit)
        found += page.rows
        position = page.position
        if position is None:
            break
    assert await source.count(query, 1_000) == len(found)
    return found


async def keys(stand: Stand, kind: str, **given: Any) -> str:
    return " ".join(row.key for row in await resolved(stand, kind, given))


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({}, "u1 u2 u3 u4"),
        ({"roles": ["client_editor"]}, "u1 u3"),
        ({"roles": ["client_editor", "client_viewer"]}, "u1 u2 u3"),
        ({"roles": ["nobody"]}, ""),
        ({"roles": []}, ""),
        ({"user_ids": ["u4", "u2", "zz"]}, "u2 u4"),
        ({"roles": ["client_editor"], "user_ids": ["u2", "u3"]}, "u3"),
    ],
)
async def test_users_are_taken_by_role_and_by_id(stand: Stand, given: dict[str, Any], taken: str) -> None:
    await stand.fill("users", USERS)
    assert await keys(stand, "users", **given) == taken


async def test_a_user_comes_with_four_fields(stand: Stand) -> None:
    await stand.fill("users", USERS)
    first, *_, last = await resolved(stand, "users", {})
    assert first.data == {
        "user_id": "u1", "user_email": "ada@example.com", "user_full_name": "Ada", "user_role": "client_editor",
    }  # fmt: skip
    assert last.data == {"user_id": "u4", "user_email": None, "user_full_name": None, "user_role": None}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({}, "c1 c2 c3 c4"),
        ({"contact_type": "lead"}, "c1 c2"),
        ({"has_email": True}, "c1 c3"),
        ({"has_email": False}, "c2 c4"),
        ({"contact_type": "lead", "has_email": True}, "c1"),
        ({"limit": 3}, "c1 c2 c3"),
        ({"limit": 2}, "c1 c2"),
        ({"limit": 500}, "c1 c2 c3 c4"),
        ({"has_email": True, "limit": 1}, "c1"),
        ({"contact_type": "supplier"}, ""),
    ],
)
async def test_contacts_are_taken_by_type_and_email_up_to_a_limit(
    stand: Stand, given: dict[str, Any], taken: str
) -> None:
    await stand.fill("contacts", CONTACTS)
    assert await keys(stand, "contacts", **given) == taken


async def test_a_contact_comes_with_its_custom_fields_which_hide_nothing(stand: Stand) -> None:
    await stand.fill("contacts", CONTACTS)
    first, _, third, _ = await resolved(stand, "contacts", {})
    assert first.data == {
        "contact_id": "c1", "contact_email": "l1@example.com", "contact_name": "L1", "contact_type": "lead",
        "plan": "gold",
    }  # fmt: skip
    assert third.data["size"] == 7


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({}, "d1 d2 d3 d4"),
        ({"status": "open"}, "d1 d3 d4"),
        ({"status": "won"}, "d2"),
        ({"stale_days": 14}, "d1 d2"),
        ({"stale_days": 15}, "d1"),
        ({"stale_days": 0}, "d1 d2 d3 d4"),
        ({"pipeline_id": "p1"}, "d1 d2"),
        ({"stage_ids": ["s2", "s3"]}, "d2 d3"),
        ({"stage_ids": []}, ""),
        ({"limit": 1}, "d1"),
        ({"status": "open", "stale_days": 13, "pipeline_id": "p2", "stage_ids": ["s3"], "limit": 200}, "d3"),
    ],
)
async def test_deals_are_taken_by_each_of_their_filters(
    stand: Stand, given: dict[str, Any], taken: str
) -> None:
    await stand.fill("deals", DEALS)
    assert await keys(stand, "deals", **given) == taken


async def test_a_deal_tells_how_long_it_was_left_alone(stand: Stand) -> None:
    await stand.fill("deals", DEALS)
    first, second, _, fourth = await resolved(stand, "deals", {})
    assert first.data == {
        "deal_id": "d1", "deal_name": "One", "deal_status": "open", "deal_value": 1200.5, "pipeline_id": "p1",
        "stage_id": "s1", "owner_id": "u1", "days_stale": 21,
    }  # fmt: skip
    assert (second.data["deal_value"], second.data["days_stale"]) == (7, 14)
    assert (fourth.data["deal_status"], fourth.data["days_stale"]) == ("open", 0)
    source, earlier = DirectorySource(stand.store), NOON - 30 * DAY_MS  # than all changes
    asked = AudienceQuery(stand.tenant.workspace, "deals", {}, earlier)
    assert {row.data["days_stale"] for row in (await source.page(asked, None, 10)).rows} == {0}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({}, "u1 x9"),
        ({"statuses": ["open"]}, "u1 x9"),
        ({"statuses": ["done"]}, "u2"),
        ({"statuses": ["open", "in_progress"]}, "u1 u3 x9"),
        ({"statuses": []}, ""),
        ({"include_overdue_only": True}, "u1"),
        ({"include_overdue_only": True, "statuses": ["open", "done"]}, "u1 u2"),
        ({"include_overdue_only": False}, "u1 x9"),
    ],
)
async def test_assignees_are_taken_who_have_such_tasks(
    stand: Stand, given: dict[str, Any], taken: str
) -> None:
    await stand.fill("users", USERS)
    await stand.fill("tasks", TASKS)
    assert await keys(stand, "tasks_by_assignee", **given) == taken


async def test_an_assignee_comes_with_tasks_soonest_due_first(stand: Stand) -> None:
    await stand.fill("users", USERS)
    await stand.fill("tasks", TASKS)
    ada, stranger = await resolved(stand, "tasks_by_assignee", {})
    assert {name: value for name, value in ada.data.items() if name != "tasks"} == {
        "user_id": "u1", "user_email": "ada@example.com", "user_full_name": "Ada", "user_role": "client_editor",
        "task_count": 3, "overdue_count": 1,
    }  # fmt: skip
    assert [task["id"] for task in ada.data["tasks"]] == ["t1", "t2", "t3"]
    assert ada.data["tasks"][0] == {
        "id": "t1", "title": "Late", "status": "open", "due_at": "2026-11-20T12:00:00.000Z", "deal_id": "d1",
        "contact_id": "c1",
    }  # fmt: skip
    assert (stranger.data["user_id"], stranger.data["user_email"]) == ("x9", None)


async def test_only_so_many_tasks_are_told_and_all_are_counted(stand: Stand) -> None:
    await stand.fill("users", USERS)
    await stand.fill("tasks", TASKS)
    ada, _ = await resolved(stand, "tasks_by_assignee", {"max_tasks_per_user": 2})
    assert [task["id"] for task in ada.data["tasks"]] == ["t1", "t2"]
    assert ada.data["task_count"] == 3
    (late,) = await resolved(stand, "tasks_by_assignee", {"include_overdue_only": True})
    assert (late.data["task_count"], late.data["overdue_count"], len(late.data["tasks"])) == (1, 1, 1)


async def test_counting_goes_no_further_than_asked(stand: Stand) -> None:
    await stand.fill("contacts", [{"id": f"c{n}"} for n in range(50)])
    source = DirectorySource(stand.store)
    query = AudienceQuery(stand.tenant.workspace, "contacts", {}, NOON)
    assert await source.count(query, 11) == 11


async def test_another_workspace_is_not_in_it(stand: Stand) -> None:
    await stand.fill("users", USERS)
    other = await Stand.open(stand.store)
    assert await keys(other, "users") == ""


async def test_values_of_a_filter_are_only_values(stand: Stand) -> None:
    await stand.fill("contacts", [*CONTACTS, {"id": "c5", "type": "' OR 1=1 --"}])
    assert await keys(stand, "contacts", contact_type="' OR 1=1 --") == "c5"
    assert await keys(stand, "users", roles=["\"]' OR 1=1"]) == ""


async def test_a_position_knows_its_row_and_how_many_came_before_whatever_ids_hold(stand: Stand) -> None:
    await stand.fill("contacts", [{"id": key} for key in ("a:1", "a:2:x", "b", "c")])
    for limit in (1, 2, 3, 4, 5):
        rows = await resolved(stand, "contacts", {"limit": 3}, limit)
        assert [row.key for row in rows] == ["a:1", "a:2:x", "b"]


async def test_pages_of_assignees_and_the_tasks_of_each_are_bounded_whatever_is_asked_for(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (directory.MOST_TASKS, directory.ASSIGNEES_AT_ONCE) == (1_000, 100)
    monkeypatch.setattr(directory, "MOST_TASKS", 2)
    monkeypatch.setattr(directory, "ASSIGNEES_AT_ONCE", 1)
    await stand.fill("users", USERS)
    await stand.fill("tasks", TASKS)
    for given in ({}, {"max_tasks_per_user": 50}):
        query = AudienceQuery(stand.tenant.workspace, "tasks_by_assignee", given, NOON)
        page = await DirectorySource(stand.store).page(query, None, 100)
        assert [row.key for row in page.rows] == ["u1"]
        assert page.position is not None
        assert len(page.rows[0].data["tasks"]) == 2
