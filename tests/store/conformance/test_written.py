"""What statements write beside what they are given, and what an INSERT does where its row is there already."""

import re

import pytest

from horarium.store.statements import load
from tests.store.conformance.test_conditions import CASES, M, _given, _resolved, _set
from tests.store.conformance.test_strangers import Owner, _Undone
from tests.support.all_rows import columns, rows_within

# What a row keeps that is there already.
KEEPS = {
    "extend_event_logs": {"forgotten", "wanted_until_ms"},
    "insert_node": {"name", "roles", "software", "zone_data", "started_ms"},
    "note_deliveries": {"event_id", "type"},
    "insert_untold": {"workspace_id", "target_id", "token_hash", "lease_ms", "handle"},
    "insert_watched": {"workspace_id", "target_id", "token_hash", "lease_ms", "answer"},
    "open_callback": {"workspace_id", "target_id", "handle", "look_ms"},
    "put_source": {"id", "created_ms", "shared_from"},
    "set_audit_heads": {"anchor_number", "anchor_hash"},
    "set_usage_limits": {"schedules", "targets", "hourly"},
    "want_events": {"number", "forgotten"},
}
# What is written that nobody gives.
WRITES = {
    "answer_callback": {"look_ms": 0},
    "answer_watched": {"look_ms": None, "handle": None},
    "cancel_open_runs": {"state": "cancelled"},
    "cancel_waiting_fires": {"state": "cancelled"},
    "close_callbacks": {"answer": "cancelled", "look_ms": 0},
    "complete_schedules": {"state": "completed"},
    "delete_completed": {"state": "deleted"},
    "delete_target": {"secrets": None},
    "disable_target": {"state": "disabled"},
    "empty_handles": {"handle": None},
    "end_mirror_source": {"type": "none"},
    "end_mirror_target": {"executor": "none", "state": "disabled"},
    "erase_audit_entries": {"action": "", "subject": "", "principal_id": None, "salt": None, "content": None},
    "forget_waiting": {"waiting_fires": 0},
    "free_all_runs": {"owner": None, "begun_ms": None, "lost": 2},
    "free_runs_of": {"owner": None, "begun_ms": None, "lost": 2},
    "insert_node": {"stopped_ms": None},
    "leave_deals": {"owner": None},
    "leave_tasks": {"assignee": None},
    "leave_tasks_about": {"contact": None},
    "move_fanout_task": {"attempts": 0},
    "open_callback": {"answer": None},
    "pause_schedule": {"state": "paused"},
    "put_back_runs": {"owner": None, "begun_ms": None},
    "put_off_fanout_task": {"owner": None, "attempts": 2},
    "put_source": {"off_reason": None},
    "replay_deliveries": {"state": "replayed", "due_ms": None},
    "resolve_fire": {"state": "running"},
    "set_webhook_position": {"owner": None},
    "settle_pause": {"settled": 1},
    "still_cursor": {"next_slot": None, "next_due": None},
    "stop_looking": {"look_ms": None, "handle": None},
    "stop_running_of_schedule": {"stop": 1},
    "unmark_workspace": {"deleted_ms": None, "purge_ms": None},
    "update_webhook": {"owner": None},
}
_TABLE = re.compile(r"\b(?:INSERT INTO|UPDATE) (\w+)")


# Those whose rows belong to no workspace.
OF_THE_SERVER = {"next_number", "probe_commit", "set_meta"}
MEETING = sorted(
    name for name, one in load("sqlite").items() if "DO UPDATE" in one.sql and name not in OF_THE_SERVER
)


@pytest.mark.parametrize("name", MEETING)
async def test_an_insert_whose_row_is_there_already_writes_all_but_what_is_to_stay(store, name):
    statement, owner = load(store.flavour)[name], Owner(1, filled=True)
    table = _TABLE.search(statement.sql)[1]
    own = set(re.search(r"ON CONFLICT \(([^)]*)\)", statement.sql)[1].split(", "))
    given, told = {}, {}

    async def verb(tx):
        await owner.enter(tx)
        before = owner.rows[table]
        row = {"lane": before.get("target_id")} | {
            column: value if column in own else another(value) for column, value in before.items()
        }
        given.update({column: row.get(column, 42) for column in statement.columns or statement.parameters})
        if statement.columns:
            await tx.many(name, [tuple(given.values())])
        else:
            await tx.run(name, **given)
        told.update(await only_row(tx, table))
        raise _Undone

    with pytest.raises(_Undone):
        await store.urgent(verb)
    before = owner.rows[table]
    stay = {column for column in given if column in told and told[column] == before[column]} - own
    assert stay == KEEPS.get(name, set()) & given.keys()
    assert all(told[column] == given[column] for column in given.keys() & told.keys() - stay)


def another(value):
    """A value of the same type."""
    if isinstance(value, bytes):
        return M
    return f"{value}~" if isinstance(value, str) else value + 41


async def only_row(tx, table):
    """The one row of a table, by its columns."""
    names = [column.name for column in (await columns(tx))[table]]
    (row,) = [row[1:] for row in await rows_within(tx) if row[0] == table]
    return dict(zip(names, row, strict=True))


@pytest.mark.parametrize("name", WRITES)
async def test_what_nobody_gives_is_written_as_well(store, name):
    statement, owner = load(store.flavour)[name], Owner(1, filled=True)
    table, first = _TABLE.search(statement.sql)[1], CASES.get(name, [{}])[0]
    told = {}

    async def verb(tx):
        await owner.enter(tx)
        for place, value in _resolved(owner, first).items():
            if place[0] != ":":
                await _set(tx, *place.split("."), value)
        given = _given(statement, owner, first, {})
        if load("postgres")[name].columns:
            await tx.many(name, [tuple(given.values())])
        elif "RETURNING" in statement.sql:
            await tx.rows(name, **given)
        else:
            await tx.run(name, **given)
        told.update(await only_row(tx, table))
        raise _Undone

    with pytest.raises(_Undone):
        await store.urgent(verb)
    assert {column: told[column] for column in WRITES[name]} == WRITES[name]
