"""Which rows of the directory each audience takes, page by page: chapters of `resolved.txt`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from horarium.audiences.directory import ASSIGNEES_AT_ONCE, DirectorySource, make
from horarium.audiences.registry import AudienceOptions
from horarium.domain.audience import AUDIENCE_TYPES, AudienceQuery, SourceFault
from horarium.executors.options import ExecutorOptions
from tests.audiences.resolved_world import World
from tests.audiences.test_directory import CONTACTS, DEALS, TASKS, USERS
from tests.support.audience import Stand, opened_store
from tests.support.config_walk import EVERY_KIND, MISSING
from tests.support.kept_page import briefly
from tests.support.tenant import NOON

LISTS: Sequence[Any] = (["a"] * 10_000, ["a"] * 10_001, ["a", 1], ["a\0"], [""])
# The filters of each audience: each of its keys, at values that choose differently and at its bounds.
FILTERS: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "users": {
        "roles": (["client_editor"], ["client_editor", "client_viewer"], ["nobody"], []),
        "user_ids": (["u4", "u2", "zz"], []),
    },
    "tasks_by_assignee": {
        "statuses": (["open"], ["done"], ["open", "in_progress", "done"], []),
        "include_overdue_only": (True, False),
        "max_tasks_per_user": (1, 2, 1_000, 1_001, 10**9),
    },
    "contacts": {
        "contact_type": ("lead", "customer", "supplier"),
        "has_email": (True, False),
        "limit": (1, 2, 3, 4, 5, 10**9),
    },
    "deals": {
        "status": ("open", "won", "lost"),
        "stale_days": (0, 1, 14, 15, 16, 21, 10**9),
        "pipeline_id": ("p1", "p3"),
        "stage_ids": (["s1"], ["s1", "s3"], []),
        "limit": (1, 4, 5),
    },
}
WRONG: Mapping[str, Sequence[Any]] = {"lists": LISTS, "numbers": (10**9, 10**9 + 1)}
_LATER = {"id": "d5", "name": "Five", "status": "lost", "last_change": "2026-11-30T12:00:00Z"}
_ITEMS = {"users": USERS, "contacts": CONTACTS, "deals": [*DEALS, _LATER], "tasks": TASKS}


async def chapters(world: World) -> list[str]:
    """The rows, and what wrong filters are told. Returns the keys of filters that are missing here."""
    async with opened_store("sqlite", world.folder) as store:
        stand = await Stand.open(store)
        for kind, items in _ITEMS.items():
            await stand.fill(kind, items)
        source = make(AudienceOptions(store, ExecutorOptions()))
        for kind, filters in FILTERS.items():
            world.page.chapter(f"directory: {kind}")
            await _told(world, source, stand, kind, {}, (1, 2, 3, 100))
            for name, values in filters.items():
                for value in values:
                    await _told(world, source, stand, kind, {name: value}, (2,))
            whole = {name: values[0] for name, values in filters.items()}
            await _told(world, source, stand, kind, whole, (2,))
        await _many(world, source, stand)
        world.page.chapter("directory: what is told")
        world.page.problems(source.check({}))
        world.page.problems(source.check({"a": 1}))
        try:
            await source.page(AudienceQuery(stand.tenant.workspace, "nobody", {}, NOON), None, 1)
        except SourceFault as error:
            world.page.say(f"{error}; for good: {error.lasting}; abroad: {error.abroad}")
        _wrong(world, source)
    known = {f"{kind}.{name}" for kind, checks in AUDIENCE_TYPES.items() for name in checks}
    return sorted(known ^ {f"{kind}.{name}" for kind, filters in FILTERS.items() for name in filters})


async def _told(
    world: World,
    source: DirectorySource,
    stand: Stand,
    kind: str,
    given: Mapping[str, Any],
    limits: Sequence[int],
) -> None:
    world.page.case(f"{kind} {briefly(given)}")
    query = AudienceQuery(stand.tenant.workspace, kind, given, NOON)
    for limit in limits:
        position: str | None = None
        told: list[str] = []
        for _ in range(20):
            page = await source.page(query, position, limit)
            if limit == limits[-1]:
                world.rows(list(page.rows))
            told.append(f"{len(page.rows)} to {page.position}")
            position = page.position
            if position is None:
                break
        world.page.say(f"pages of {limit}: {', '.join(told)}")
    world.page.say(f"counted: {[await source.count(query, most) for most in (1, 2, 3, 1_000)]}")


async def _many(world: World, source: DirectorySource, stand: Stand) -> None:
    """More than a page of assignees, and more tasks than are listed."""
    count = ASSIGNEES_AT_ONCE + 1
    await stand.fill("users", [{"id": f"w{number:04}"} for number in range(count)])
    await stand.fill(
        "tasks",
        [{"id": f"y{n:04}", "title": "T", "status": "many", "assignee": f"w{n:04}"} for n in range(count)],
    )
    await stand.fill(
        "tasks",
        [{"id": f"z{n:04}", "title": "T", "status": "most", "assignee": "w0000"} for n in range(1_001)],
    )
    world.page.chapter("directory: many")
    for most in (ASSIGNEES_AT_ONCE - 1, ASSIGNEES_AT_ONCE, ASSIGNEES_AT_ONCE + 1):
        query = AudienceQuery(stand.tenant.workspace, "tasks_by_assignee", {"statuses": ["many"]}, NOON)
        page = await source.page(query, None, most)
        world.page.say(f"a page of {most} has {len(page.rows)} to {page.position}")
    for most in (None, 999, 1_000, 1_001):
        given = {"statuses": ["most"], **({} if most is None else {"max_tasks_per_user": most})}
        page = await source.page(
            AudienceQuery(stand.tenant.workspace, "tasks_by_assignee", given, NOON), None, 5
        )
        row = page.rows[0]
        world.page.say(
            f"of {row.data['task_count']} tasks {len(row.data['tasks'])} are listed, with at most {most}"
        )


def _wrong(world: World, source: DirectorySource) -> None:
    """What each key of a filter is told, at values of every kind and at its bounds."""
    for kind, checks in AUDIENCE_TYPES.items():
        for name in checks:
            world.page.case(f"{kind}: {name}")
            said: dict[str, list[str]] = {}
            for value in (*EVERY_KIND, *LISTS, *WRONG["numbers"]):
                given = {} if value is MISSING else {name: value}
                found = source.check_filter(AudienceQuery(bytes(16), kind, given, NOON))
                words = "; ".join(f"{one.field} [{one.code}] {one.message}" for one in found) or "right"
                said.setdefault(words, []).append("missing" if value is MISSING else briefly(value))
            for words, values in said.items():
                world.page.say(f"{', '.join(values)}: {words}")
        world.page.problems(
            source.check_filter(AudienceQuery(bytes(16), kind, {"nothing": 1, "role": 1}, NOON))
        )
