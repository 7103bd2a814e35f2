"""The audience source `directory`: reads users, assignees with their tasks, contacts and deals from our own store.

It reads page by page in the order of keys. A position is the text `taken:id`: the number of rows returned so far,
because a filter's `limit` counts the rows of all pages, and the id of the last row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import orjson

from horarium.audiences.registry import AudienceOptions
from horarium.domain.audience import (
    AUDIENCE_TYPES,
    AudienceQuery,
    AudienceRow,
    RowPage,
    SourceFault,
    filter_problems,
)
from horarium.domain.errors import Problem
from horarium.domain.schedule import DAY_MS
from horarium.store.base import Store
from horarium.store.verbs import directory as verbs
from horarium.times.instants import utc_text

# The most tasks that are listed for one assignee. A filter can only ask for fewer.
MOST_TASKS = 1_000

# The most assignees in one page. It is smaller than other pages, because each assignee comes with tasks.
ASSIGNEES_AT_ONCE = 100

# The `limit` of a filter that sets none.
_UNBOUNDED = 1 << 53


def make(options: AudienceOptions) -> DirectorySource:
    """Makes the source. The entry point names this function."""
    return DirectorySource(options.store)


class DirectorySource:
    """Reads audiences from the directory. One instance serves the whole process."""

    type = "directory"
    paged: Literal[True] = True
    distinct = True

    def __init__(self, store: Store) -> None:
        self._store = store

    def check(self, config: Mapping[str, Any]) -> Sequence[Problem]:
        """The directory has nothing to configure, so every field is a problem."""
        return [Problem("", "must be empty: the directory has nothing to configure")] if config else []

    def split(self, config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The configuration unchanged, because it has no secrets."""
        return dict(config), {}

    def check_filter(self, query: AudienceQuery) -> Sequence[Problem]:
        """All problems of a filter. Their fields are relative to the filter."""
        return filter_problems(query.type, query.filter, "")

    async def count(self, query: AudienceQuery, most: int) -> int:
        """The number of rows, counted up to `most`. Raises SourceFault for an unknown type of audience."""
        params = _params(query)
        bound = min(most, query.filter.get("limit", most))
        return await self._store.read(verbs.count_audience, _statement(query), bound, params)

    async def page(self, query: AudienceQuery, position: str | None, limit: int) -> RowPage:
        """At most `limit` rows after a position. Raises SourceFault for an unknown type of audience."""
        taken, after = _read_position(position)
        left = query.filter.get("limit", _UNBOUNDED) - taken
        wanted = min(limit, left, ASSIGNEES_AT_ONCE if query.type == "tasks_by_assignee" else limit)
        rows = await self._rows(query, after, wanted)
        over = len(rows) < wanted or wanted == left
        return RowPage(rows, None if over else f"{taken + len(rows)}:{rows[-1].key}")

    async def close(self) -> None:
        """Does nothing, because the store belongs to the server."""

    async def _rows(self, query: AudienceQuery, after: str, limit: int) -> list[AudienceRow]:
        params = _params(query)
        if query.type == "tasks_by_assignee":
            most = min(query.filter.get("max_tasks_per_user", MOST_TASKS), MOST_TASKS)
            assignees, tasks = await self._store.read(verbs.assignee_page, after, limit, most, params, _array)
            return _assignee_rows(assignees, tasks)
        found = await self._store.read(verbs.audience_page, query.type, after, limit, params)
        match query.type:
            case "users":
                return [AudienceRow(row["id"], _user(row["id"], row)) for row in found]
            case "contacts":
                return [AudienceRow(row["id"], _contact(row)) for row in found]
            case _:
                return [AudienceRow(row["id"], _deal(row, query.now_ms)) for row in found]


def _statement(query: AudienceQuery) -> str:
    """The name by which the store knows the statement that counts an audience."""
    return "assignees" if query.type == "tasks_by_assignee" else query.type


def _params(query: AudienceQuery) -> dict[str, Any]:
    """The filter as parameters of the statements. A condition that the filter leaves out is None and has no effect."""
    given, common = query.filter, {"workspace_id": query.workspace_id}
    match query.type:
        case "users":
            return common | {"roles": _array(given.get("roles")), "ids": _array(given.get("user_ids"))}
        case "tasks_by_assignee":
            overdue = 1 if given.get("include_overdue_only") else 0
            statuses = _array(given.get("statuses", ["open"]))
            return common | {"statuses": statuses, "overdue": overdue, "now": query.now_ms}
        case "contacts":
            has_email = given.get("has_email")
            flag = None if has_email is None else int(has_email)
            return common | {"type": given.get("contact_type"), "has_email": flag}
        case "deals":
            days = given.get("stale_days")
            return common | {
                "status": given.get("status"),
                "changed_by": None if days is None else query.now_ms - days * DAY_MS,
                "pipeline": given.get("pipeline_id"),
                "stages": _array(given.get("stage_ids")),
            }
    raise SourceFault(
        f"the directory has no audience {query.type!r}; the audiences are {', '.join(AUDIENCE_TYPES)}", True
    )


def _array(texts: Sequence[str] | None) -> str | None:
    return None if texts is None else orjson.dumps(list(texts)).decode()


def _read_position(position: str | None) -> tuple[int, str]:
    if position is None:
        return 0, ""
    taken, _, after = position.partition(":")
    return int(taken), after


def _user(user_id: str, row: Any) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "user_email": row["email"],
        "user_full_name": row["full_name"],
        "user_role": row["role"],
    }


def _contact(row: Any) -> dict[str, Any]:
    own = {
        "contact_id": row["id"],
        "contact_email": row["email"],
        "contact_name": row["name"],
        "contact_type": row["type"],
    }
    return own if row["custom"] is None else {**own, **orjson.loads(row["custom"]), **own}


def _deal(row: Any, now_ms: int) -> dict[str, Any]:
    return {
        "deal_id": row["id"],
        "deal_name": row["name"],
        "deal_status": row["status"],
        "deal_value": None if row["value"] is None else orjson.loads(row["value"]),
        "pipeline_id": row["pipeline"],
        "stage_id": row["stage"],
        "owner_id": row["owner"],
        "days_stale": max(0, now_ms - row["last_change"]) // DAY_MS,
    }


def _assignee_rows(assignees: Sequence[Any], tasks: Sequence[Any]) -> list[AudienceRow]:
    tasks_of: dict[str, list[dict[str, Any]]] = {row["assignee"]: [] for row in assignees}
    for task in tasks:
        tasks_of[task["assignee"]].append(_task(task))
    return [
        AudienceRow(
            row["assignee"],
            {
                **_user(row["assignee"], row),
                "task_count": int(row["task_count"]),
                "overdue_count": int(row["overdue_count"]),
                "tasks": tasks_of[row["assignee"]],
            },
        )
        for row in assignees
    ]


def _task(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "title": row["title"],
        "status": row["status"],
        "due_at": None if row["due"] is None else f"{utc_text(row['due'] // 1000)[:-1]}.000Z",
        "deal_id": row["deal"],
        "contact_id": row["contact"],
    }
