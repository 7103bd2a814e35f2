"""How much a statement looks at does not grow with rows that it does not want: those of other workspaces and schedules,
and those that are over. SQLite tells it by the steps of its machine."""

from contextlib import closing

import pytest

from horarium.domain.ids import fire_id, run_id
from horarium.store.sqlite.connection import connect
from horarium.store.sqlite.transaction import SqliteTx, drive
from horarium.store.statements import load
from horarium.store.verbs.fire_failures import failed_rows
from horarium.store.verbs.runs import replay_run
from tests.support.sqlite_schema import fill_memory

HERE, OTHER = b"here" * 4, b"away" * 4
ONE = b"one." * 4
NOW, SOON, WAITING = 1_000_000, 2_000_000, 1 << 62
# By how many steps a statement may take more beside MANY rows than beside FEW.
FEW, MANY, SLACK = 8, 512, 256


def number(of):
    return of.to_bytes(16, "big")


def rows(table, **given):
    """A function that stores so many rows in a table. What is given is a value, or makes one of a row's number."""

    def store(connection, count):
        columns = {
            name: b"" if kind == "BYTEA" else "" if kind == "TEXT" else 0
            for _, name, kind, required, default, _ in connection.execute(f"PRAGMA table_info({table})")
            if required and default is None
        } | given
        connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            (
                [value(each) if callable(value) else value for value in columns.values()]
                for each in range(count)
            ),
        )

    return store


def steps_while(stores, count, act):
    """How many steps something takes beside so many rows."""
    steps = 0

    def step():
        nonlocal steps
        steps += 1
        return 0

    with closing(connect(":memory:", durable=False)) as connection:
        fill_memory(connection)
        connection.execute("PRAGMA foreign_keys=OFF")
        for store in stores:
            store(connection, count)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.set_progress_handler(step, 1)
        act(connection)
    return steps


def steps_of(stores, statement, given, count):
    """How many steps a statement takes beside so many rows, with the checks of what refers to those that it deletes."""
    text, values = load("sqlite")[statement].sqlite_text(given)
    return steps_while(stores, count, lambda connection: connection.execute(text, values).fetchall())


def steps_of_verb(stores, count, verb, *args):
    """How many steps a verb takes beside so many rows."""
    return steps_while(
        stores, count, lambda connection: drive(verb(SqliteTx(connection, load("sqlite")), *args))
    )


def assert_steady(stores, statement, given):
    few, many = (steps_of(stores, statement, given, count) for count in (FEW, MANY))
    assert many <= few + SLACK


def one(table, **given):
    """A function that stores one such row, whatever else there is."""
    return lambda connection, _: rows(table, **given)(connection, 1)


SCHEDULE = [
    one("schedules", id=ONE, workspace_id=HERE),
    one("versions", schedule_id=ONE),
    one("cursors", place=-1, schedule_id=ONE, workspace_id=HERE, next_due=SOON),
    one("workspaces", id=HERE),
    one("workspace_usage", workspace_id=HERE, most_schedules=9, most_hourly=9),
]
OVER = {"id": number, "from_ms": lambda each: each, "ends_ms": lambda each: each + 1}
PAUSES_OVER = [
    rows("pauses", **OVER, workspace_id=HERE, schedule_id=ONE, settled=1),
    rows("pauses", **{**OVER, "id": lambda each: number(each + MANY)}, workspace_id=HERE, settled=1),
]
# Schedules of a workspace were paused and resumed while the workspace was paused.
RESUMED_WHILE_HELD = [
    rows("pauses", **OVER, workspace_id=OTHER, schedule_id=number, settled=0),
    rows("cursors", place=int, schedule_id=number, workspace_id=OTHER, next_due=WAITING),
    lambda connection, _: rows("pauses", id=lambda _: HERE, workspace_id=OTHER, settled=0)(connection, 1),
]
OWN = {"workspace_id": HERE, "schedule_id": ONE}


@pytest.mark.parametrize(
    ("statement", "given"),
    [
        ("what_rules", {"now": NOW}),
        ("ruling_pauses", {}),
        ("ruling_pauses_of_schedules", {"ids": [ONE]}),
        ("pauses_in_force", {"workspace_id": HERE, "now": NOW}),
        ("count_ruling_pauses", {"workspace_id": HERE}),
        ("anything_holds", {"workspace_id": HERE, "ids": [ONE]}),
        ("pauses_ahead", {"workspace_id": HERE, "ids": [ONE], "now": NOW}),
        ("get_schedule_and_held", {"workspace_id": HERE, "id": ONE}),
        ("take_for_new_schedules", {"workspace_id": HERE, "schedules": 1, "hourly": 1}),
        ("pauses_to_settle", {"before": NOW, "due": WAITING, "limit": 100}),
        ("beginning_of_pause", OWN),
        ("end_pause_of_schedule", {**OWN, "ends_ms": NOW, "catch_up": "skip", "settled": 1}),
        ("note_pause_of_schedule", {**OWN, "note": "later"}),
    ],
)
def test_pauses_that_are_settled_cost_nothing(statement, given):
    """Each release and each look at a schedule read all that had ever been paused."""
    assert_steady([*SCHEDULE, *PAUSES_OVER], statement, given)


@pytest.mark.parametrize(
    ("statement", "given"),
    [
        ("what_rules", {"now": NOW}),
        ("ruling_pauses", {}),
        ("waiting_for_own_resumption", {"due": WAITING, "now": NOW, "limit": 10}),
        ("pauses_in_force", {"workspace_id": HERE, "now": NOW}),
        ("anything_holds", {"workspace_id": HERE, "ids": [ONE]}),
        ("concerned_by_own_pause", {"schedule_id": ONE, "ends_ms": NOW, "due": WAITING}),
    ],
)
def test_pauses_of_schedules_that_a_pause_of_their_workspace_holds_cost_others_nothing(statement, given):
    assert_steady([*SCHEDULE, *RESUMED_WHILE_HELD], statement, given)


def test_whether_pauses_can_be_settled_is_asked_of_each_schedule_by_itself():
    """Each was looked for among all that wait for the end of the pause: 20,000 held SQLite's writer for minutes."""
    given = {"before": NOW, "due": WAITING, "limit": 100}
    few, many = (steps_of(RESUMED_WHILE_HELD, "pauses_to_settle", given, count) for count in (FEW, MANY))
    assert many < few * MANY // FEW * 2


@pytest.mark.parametrize(
    ("statement", "given", "stores"),
    [
        pytest.param(*each, id=f"{each[0]}, {what}")
        for what, *each in [
            (
                "beside links of an old chain",
                "oldest_audit_links",
                {},
                [
                    one("audit_chains", workspace_id=HERE),
                    rows("audit_links", workspace_id=HERE, number=lambda each: each + 1),
                ],
            ),
            (
                "beside young links",
                "old_audit_links",
                {"workspace_id": HERE, "before_ms": 3, "limit": 5},
                [rows("audit_links", workspace_id=HERE, number=int, linked_ms=int)],
            ),
            (
                "beside spans of before",
                "spans_between",
                {**OWN, "from_ms": 9_000, "to_ms": 9_999, "limit": 100},
                [*SCHEDULE, rows("spans", schedule_id=ONE, first_ms=lambda each: 2 * each, last_ms=int)],
            ),
            (
                "beside other schedules",
                "schedules_that_need",
                {"workspace_id": HERE, "target_id": OTHER, "limit": 5},
                [rows("schedules", id=number, workspace_id=HERE, target_id=ONE, state="active")],
            ),
            (
                "beside other schedules",
                "same_definition_schedules",
                {"workspace_id": HERE, "dialect": "m9m", "target_id": OTHER, "timing": "%", "bytes": 1},
                [rows("schedules", id=number, workspace_id=HERE, target_id=ONE, dialect="m9m")],
            ),
            (
                "beside tasks of others",
                "tasks_of_assignees",
                {
                    "workspace_id": HERE,
                    "assignees": '["ada"]',
                    "statuses": '["open"]',
                    "overdue": 0,
                    "now": NOW,
                    "most": 5,
                },
                [rows("directory_tasks", workspace_id=HERE, id=str, status="open", assignee="ben")],
            ),
            (
                "beside versions further on",
                "sizes_of_versions",
                {"workspace_id": HERE, "after": ONE, "number": 2, "limit": 5},
                [*SCHEDULE, rows("versions", schedule_id=ONE, version=lambda each: each + 1)],
            ),
            (
                "beside deliveries further on",
                "texts_of_deliveries",
                {"workspace_id": HERE, "after": ONE, "number": 2, "limit": 5},
                [
                    one("webhooks", id=ONE, workspace_id=HERE),
                    rows("event_deliveries", webhook_id=ONE, number=lambda each: each + 1, error="no"),
                ],
            ),
            (
                "beside rows of an audience",
                "orphans_in_spool",
                {"limit": 100},
                [one("fanouts", fire_id=ONE), rows("spool", fire_id=ONE, number=int, row_key=str)],
            ),
            (
                "beside windows to come",
                "windows_begun",
                {"now": NOW},
                [rows("windows", id=number, next_ms=SOON)],
            ),
            (
                "beside audiences that wait",
                "open_fanout_tasks",
                {"now": NOW, "share": 2, "limit": 2},
                [one("workspaces", id=HERE), rows("fanouts", fire_id=number, workspace_id=HERE, due_ms=int)],
            ),
            (
                "beside audiences of other schedules",
                "fanout_tasks_of_schedule",
                {"schedule_id": ONE},
                [rows("fanouts", fire_id=number, workspace_id=HERE, schedule_id=number)],
            ),
            (
                "beside schedules whose fires wait",
                "pending_upkeep",
                {"now": NOW, "after": b"", "piece": 5},
                [rows("cursors", place=int, schedule_id=number, waiting_fires=1, open_fires=1)],
            ),
            (
                "beside schedules whose fires wait",
                "stuck_waiting",
                {"after": b"", "piece": 5, "limit": 5},
                [rows("cursors", place=int, schedule_id=number, waiting_fires=1, open_fires=1)],
            ),
            (
                "beside other workspaces",
                "pending_upkeep",
                {"now": NOW, "after": b"", "piece": 5},
                [rows("workspaces", id=number, slug=str)],
            ),
            (
                "beside other workspaces",
                "next_to_purge",
                {"now": NOW},
                [rows("workspaces", id=number, slug=str)],
            ),
            (
                "beside other principals' keys",
                "live_scopes",
                {"workspace_id": HERE, "principal_id": ONE},
                [rows("keys", id=number, hash=number, workspace_id=HERE, principal_id=number)],
            ),
            (
                "beside other principals' keys",
                "revoke_keys_of_principal",
                {"workspace_id": HERE, "principal_id": ONE, "now": NOW},
                [rows("keys", id=number, hash=number, workspace_id=HERE, principal_id=number)],
            ),
            (
                "beside grants on other targets",
                "delete_grants_on_target",
                {"workspace_id": HERE, "target_id": ONE},
                [rows("grants", principal_id=number, workspace_id=HERE, target_id=number)],
            ),
            *(
                (
                    "beside what others have",
                    statement,
                    {"workspace_id": HERE, "limit": 5},
                    [
                        rows("grants", principal_id=number, workspace_id=OTHER, target_id=number),
                        rows("keys", id=number, hash=number, workspace_id=OTHER, principal_id=number),
                        rows("targets", id=number, number=int, workspace_id=OTHER, shared_from=number),
                        one("principals", id=ONE, workspace_id=HERE),
                    ],
                )
                for statement in (
                    "purge_grants",
                    "purge_keys",
                    "purge_keys_elsewhere",
                    "purge_principals",
                    "purge_mirrors",
                )
            ),
            (
                "beside old runs that go on",
                "old_runs",
                {"after": b"", "before": b"\xff", "before_ms": NOW, "limit": 5},
                [rows("runs", id=number)],
            ),
            (
                "beside a queue",
                "earliest_ready",
                {},
                [rows("ready", run_id=number, due_ms=int)],
            ),
            (
                "beside fires of before",
                "fire_totals",
                {**OWN, "most": 5},
                [rows("runs", id=number, workspace_id=HERE, schedule_id=ONE, slot_ms=1)],
            ),
            (
                "beside runs of before",
                "average_run",
                {**OWN, "most": 5},
                [rows("runs", id=number, workspace_id=HERE, schedule_id=ONE, slot_ms=1)],
            ),
        ]
    ],
)
def test_a_statement_looks_at_nothing_that_it_does_not_want(statement, given, stores):
    assert_steady(stores, statement, given)


FIRE = fire_id(ONE, "clock", NOW)


@pytest.mark.parametrize(
    ("verb", "given"), [(replay_run, (run_id(FIRE, "0"), NOW)), (failed_rows, (FIRE, 10))]
)
def test_rows_are_run_again_without_a_look_at_the_other_rows_of_their_fire(verb, given):
    """A fire may have millions of rows, and what looked at all of them held SQLite's writer for each that ran again."""
    own = {"workspace_id": HERE, "schedule_id": ONE, "fire_id": FIRE, "finished_ms": NOW}
    ended = {"state": "succeeded", "mode": "clock", "target_id": ONE}
    stores = [
        *SCHEDULE,
        one("targets", id=ONE, workspace_id=HERE),
        one("fires", id=FIRE, workspace_id=HERE, schedule_id=ONE, kind="clock", state="completed"),
        rows("runs", **own, **ended, row_key=str, id=lambda row: run_id(FIRE, str(row))),
    ]
    few, many = (steps_of_verb(stores, count, verb, HERE, *given) for count in (FEW, MANY))
    assert many <= few + SLACK
