"""Promises of the `sql` executor on a real SQLite file and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import derived_id
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql import create_table
from horarium.executors.sql import write as writing
from tests.executors.sql_places import NOW, WORKSPACE, Place, leave, place_of, postgres_place, sqlite_place
from tests.support import postgres

ADA = {"operation": "INSERT", "values": {"name": "Ada", "score": 5}}


@pytest.fixture(params=["sqlite", "postgresql"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    made = await place_of(request.param, tmp_path)
    yield made
    await leave(made)


async def run(place: Place, operation: Any, run: int = 0, **changes: Any) -> Outcome:
    return await place.executor.execute(place.call(operation, run, **changes))


async def test_an_insert_answers_its_key_and_the_guarantee(place: Place) -> None:
    outcome = await run(place, ADA)
    assert outcome == Outcome(
        Verdict.SUCCEEDED,
        output={
            "operation": "INSERT",
            "table": "contacts",
            "affected": 1,
            "primary_key": {"id": 1},
            "guarantee": "exactly-once",
        },
    )
    assert [row[:3] for row in await place.rows()] == [(1, "Ada", 5)]


@pytest.mark.parametrize(("waited_s", "told"), [(7.0, 7_000), (0.9, 0)])
async def test_a_write_says_how_long_it_waited_for_its_database(
    place: Place, monkeypatch: pytest.MonkeyPatch, waited_s: float, told: int
) -> None:
    clock = SimpleNamespace(monotonic=chain([0.0], repeat(waited_s)).__next__)
    monkeypatch.setattr("horarium.executors.sql.executor.time", clock)
    assert (await run(place, ADA)).waited_ms == told


async def test_every_type_arrives_as_it_was_given(place: Place) -> None:
    values = {
        "name": "O'Brien; -- ☃",
        "score": -7,
        "ratio": 0.25,
        "active": True,
        "seen": "2026-03-01T10:30:00+01:00",
        "extra": {"a": [1, None, "'"]},
    }
    assert (await run(place, {"operation": "INSERT", "values": values})).error is None
    _, name, score, ratio, active, seen, extra = (await place.rows())[0]
    assert (name, score, ratio, bool(active)) == ("O'Brien; -- ☃", -7, 0.25, True)
    assert str(seen).startswith("2026-03-01 09:30:00")
    assert json.loads(extra) == {"a": [1, None, "'"]}


async def test_an_update_by_record_touches_that_row_alone(place: Place) -> None:
    for number in range(3):
        await run(place, ADA, number)
    outcome = await run(place, {"operation": "UPDATE", "values": {"score": 9}, "dbRecordId": 2}, 9)
    assert outcome.output == {
        "operation": "UPDATE",
        "table": "contacts",
        "affected": 1,
        "guarantee": "exactly-once",
    }
    assert [row[2] for row in await place.rows()] == [5, 9, 5]


@pytest.mark.parametrize(
    ("where", "touched"),
    [
        ({"name": "b"}, [2]),
        ({"name": "b", "score": 1}, []),
        ([{"column": "score", "operator": ">", "value": 1}], [2, 3]),
        (
            [
                {"column": "score", "operator": ">=", "value": 2},
                {"column": "score", "operator": "<", "value": 3},
            ],
            [2],
        ),
        ([{"column": "score", "operator": "!=", "value": 2}], [1, 3]),
        ([{"column": "score", "operator": "<=", "value": 1}], [1]),
        ([{"column": "name", "operator": "in", "value": ["a", "c"]}], [1, 3]),
        ([{"column": "name", "operator": "like", "value": "%b%"}], [2]),
        ([{"column": "ratio", "operator": "is_null"}], [1, 2, 3, 4]),
        ([{"column": "score", "operator": "is_null", "value": False}], [1, 2, 3]),
        ([{"column": "score", "operator": "is_null", "value": True}], [4]),
    ],
)
async def test_conditions_pick_their_rows(place: Place, where: Any, touched: list[int]) -> None:
    for number, (name, score) in enumerate([("a", 1), ("b", 2), ("c", 3), ("d", None)]):
        await run(place, {"operation": "INSERT", "values": {"name": name, "score": score}}, number)
    operation = {"operation": "UPDATE", "values": {"active": True}, "whereConditions": json.dumps(where)}
    assert (await run(place, operation, 50)).output["affected"] == len(touched)
    assert [row[0] for row in await place.rows() if row[4]] == touched


async def test_record_and_conditions_together_narrow(place: Place) -> None:
    await run(place, ADA, 1)
    operation = {
        "operation": "UPDATE",
        "values": {"score": 0},
        "dbRecordId": 1,
        "whereConditions": '{"name": "Bob"}',
    }
    assert (await run(place, operation, 2)).output["affected"] == 0
    assert (await place.rows())[0][2] == 5


async def test_a_second_attempt_answers_what_the_first_recorded(place: Place) -> None:
    first = await run(place, ADA, 1)
    await run(place, ADA, 2)
    second = await run(place, ADA, 1, attempt=2, now_ms=NOW + 60_000)
    assert second == first
    assert len(await place.rows()) == 2


async def test_a_repeat_is_answered_although_its_row_would_clash_now(place: Place) -> None:
    operation = {"operation": "INSERT", "values": {"id": 7, "name": "Ada"}}
    first = await run(place, operation, 1)
    assert first.output["primary_key"] == {"id": 7}
    assert await run(place, operation, 1) == first
    clash = await run(place, operation, 2)
    assert clash.verdict is Verdict.FAILED
    assert clash.retryable is False
    assert "the database refused the write: " in str(clash.error)


async def test_a_failed_write_leaves_no_marker_behind(place: Place) -> None:
    await run(place, {"operation": "INSERT", "values": {"id": 7, "name": "Ada"}}, 1)
    operation = {"operation": "INSERT", "values": {"id": 7, "name": "Eve"}}
    assert "the database refused the write: " in str((await run(place, operation, 2)).error)
    await place.query("DELETE FROM contacts")
    assert (await run(place, operation, 2)).verdict is Verdict.SUCCEEDED
    assert [row[1] for row in await place.rows()] == ["Eve"]


async def test_racing_attempts_of_one_run_write_once(place: Place) -> None:
    outcomes = await asyncio.gather(*(run(place, ADA, 1, attempt=number) for number in range(1, 9)))
    assert len(await place.rows()) == 1
    # How long each waited for a connection differs.
    assert len({repr(replace(outcome, waited_ms=0)) for outcome in outcomes}) == 1


async def test_racing_executors_of_two_processes_write_once(place: Place) -> None:
    other = Place(type(place.executor)(place.options), place.config, place.secrets, place.options, place.url)
    jobs = [run(each, ADA, number) for number in range(6) for each in (place, other)]
    outcomes = await asyncio.gather(*jobs)
    await other.executor.close()
    assert all(outcome.verdict is Verdict.SUCCEEDED for outcome in outcomes)
    assert len(await place.rows()) == 6


async def test_a_target_that_forbids_the_marker_says_at_least_once(place: Place) -> None:
    plain = place.target(exactly_once=False)
    assert (await run(plain, ADA, 1)).output["guarantee"] == "at-least-once"
    assert (await run(plain, ADA, 1)).output["guarantee"] == "at-least-once"
    assert len(await place.rows()) == 2


async def test_a_column_added_since_is_found(place: Place) -> None:
    await run(place, ADA, 1)
    await place.query("ALTER TABLE contacts ADD COLUMN city text")
    outcome = await run(place, {"operation": "INSERT", "values": {"name": "Eve", "city": "Oslo"}}, 2)
    assert outcome.error is None
    assert (await place.rows())[1][-1] == "Oslo"


async def test_an_operation_is_checked_against_the_table_as_it_is_now(place: Place) -> None:
    await run(place, ADA, 1)
    write = {"operation": "INSERT", "values": {"name": "Eve", "city": "Oslo"}}
    (unknown,) = await place.executor.check_operation(WORKSPACE, place.config, place.secrets, write)
    await place.query("ALTER TABLE contacts ADD COLUMN city text")
    assert "city" in unknown.message + unknown.field
    assert await place.executor.check_operation(WORKSPACE, place.config, place.secrets, write) == []


async def test_a_column_dropped_since_is_told_not_retried(place: Place) -> None:
    await run(place, ADA, 1)
    await place.query("ALTER TABLE contacts DROP COLUMN score")
    outcome = await run(place, ADA, 2)
    assert outcome.verdict is Verdict.FAILED
    assert outcome.retryable is False
    assert "the column 'score' does not exist" in str(outcome.error)


async def test_only_listed_columns_are_written_and_matched(place: Place) -> None:
    narrow = place.target(columns={"write": ["name"], "match": ["name"]})
    assert (await run(narrow, {"operation": "INSERT", "values": {"name": "Ada"}}, 1)).error is None
    refused = await run(narrow, ADA, 2)
    assert str(refused.error).endswith(
        "the column 'score' may not be written through this target; columns that may be written: name"
    )
    unknown = await run(narrow, {"operation": "INSERT", "values": {"name": "A", "nope": 1}}, 4)
    assert str(unknown.error).endswith("the column 'nope' does not exist; columns that may be written: name")
    operation = {"operation": "UPDATE", "values": {"name": "B"}, "whereConditions": '{"score": 5}'}
    assert "the column 'score' may not be matched through this target" in str(
        (await run(narrow, operation, 3)).error
    )


async def test_a_table_that_is_not_there_is_told(place: Place) -> None:
    lost = place.target(table="nothing")
    outcome = await run(lost, ADA)
    assert outcome.error == "there is no table 'nothing' in the database"
    assert outcome.retryable is False
    problems = await lost.executor.check_operation(WORKSPACE, lost.config, lost.secrets, ADA)
    assert [problem.code for problem in problems] == ["unknown"]


async def test_an_operation_is_checked_without_writing(place: Place) -> None:
    operation = {"operation": "INSERT", "values": {"score": "5; DROP TABLE contacts", "nope": 1}}
    problems = await place.executor.check_operation(WORKSPACE, place.config, place.secrets, operation)
    assert {problem.field for problem in problems} == {"values.score", "values.nope"}
    assert await place.executor.check_operation(WORKSPACE, place.config, place.secrets, ADA) == []
    assert await place.rows() == []


async def test_old_markers_are_forgotten_and_fresh_ones_kept(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("horarium.executors.sql.executor.PRUNE_EVERY", 3)
    await run(place, ADA, 1, now_ms=NOW - writing.KEEP_MS - 1)
    await run(place, ADA, 2, now_ms=NOW - writing.KEEP_MS)
    await run(place, ADA, 3)
    await place.executor.close()
    assert sorted(row[1] for row in await place.rows("horarium_writes")) == [NOW - writing.KEEP_MS, NOW]


async def test_old_markers_are_forgotten_again_and_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("horarium.executors.sql.executor.PRUNE_EVERY", 2)
    for number in range(4):
        await run(place, ADA, 2 * number, now_ms=NOW - writing.KEEP_MS - 1)
        await run(place, ADA, 2 * number + 1)
        pruning = place.executor._pruning
        assert pruning is not None
        await pruning
        assert [row[1] for row in await place.rows("horarium_writes")] == [NOW] * (number + 1)


async def test_a_database_stops_a_statement_itself_when_the_time_of_its_attempt_is_over() -> None:
    """If only the server stopped it, it would go on where the server dies."""
    place = await postgres_place()
    await place.query(
        "CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.name := concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'), "
        "current_setting('idle_in_transaction_session_timeout')); RETURN NEW; END $$"
    )
    await place.query("CREATE TRIGGER told BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION told()")
    await run(place, ADA, 1, timeout_ms=7_250)
    await run(place, ADA, 2, timeout_ms=9_000)
    assert [row[1] for row in await place.rows()] == ["7250ms 6525ms 7250ms", "9s 8100ms 9s"]
    await leave(place)


async def test_a_host_closed_since_is_told_and_not_connected_to() -> None:
    place = await postgres_place()
    executor = type(place.executor)(ExecutorOptions())
    outcome = await executor.execute(place.call(ADA))
    assert outcome.retryable is False
    assert "is not among those the operator of this server allows" in str(outcome.error)
    problems = await executor.check_operation(WORKSPACE, place.config, place.secrets, ADA)
    assert [problem.field for problem in problems] == ["connection"]
    await executor.close()
    await leave(place)


async def test_a_lock_held_by_another_ends_with_the_attempt_and_may_be_tried_again(place: Place) -> None:
    await run(place, ADA, 1)
    release = await hold_lock(place)
    try:
        operation = {"operation": "UPDATE", "values": {"score": 1}, "dbRecordId": 1}
        outcome = await run(place, operation, 2, timeout_ms=400)
    finally:
        await release()
    assert outcome.verdict is Verdict.FAILED
    assert outcome.retryable is True
    assert (await place.rows())[0][2] == 5
    assert (await run(place, operation, 2)).output["affected"] == 1


async def test_a_cancelled_attempt_leaves_nothing_running(place: Place) -> None:
    await run(place, ADA, 1)
    release = await hold_lock(place)
    operation = {"operation": "UPDATE", "values": {"score": 1}, "dbRecordId": 1}
    attempt = asyncio.create_task(run(place, operation, 2))
    await asyncio.wait([attempt], timeout=0.2)  # it waits for the lock by now
    attempt.cancel()
    await asyncio.gather(attempt, return_exceptions=True)
    await release()
    assert (await place.rows())[0][2] == 5
    assert (await run(place, operation, 2)).output["affected"] == 1


async def hold_lock(place: Place) -> Any:
    """Another client that locks the row (PostgreSQL) or the file (SQLite) until the answer is awaited."""
    if place.url is None:
        import sqlite3

        connection = sqlite3.connect(place.file, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")

        async def close() -> None:
            connection.close()

        return close
    import asyncpg

    other = await asyncpg.connect(place.url)
    await other.execute("BEGIN")
    await other.execute("SELECT * FROM contacts FOR UPDATE")
    return other.close


async def test_workspaces_do_not_share_a_database_of_the_same_name(tmp_path: Path) -> None:
    place = await sqlite_place(tmp_path)
    other = derived_id(1, b"another workspace")
    outcome = await run(place, ADA, 1, workspace_id=other)
    assert outcome.error == "there is no embedded database 'crm'; create a table in it first"
    await create_table(place.options, other, "crm", "contacts", [{"name": "name", "type": "text"}])
    assert (
        await run(place, {"operation": "INSERT", "values": {"name": "x"}}, 1, workspace_id=other)
    ).error is None
    assert await place.rows() == []
    await leave(place)


async def test_without_leave_to_make_the_marker_the_write_says_at_least_once() -> None:
    place = await postgres_place()
    await place.query("CREATE ROLE clerk LOGIN")
    await place.query("GRANT SELECT, INSERT, UPDATE ON contacts TO clerk")
    assert place.url is not None
    clerk = Place(
        place.executor,
        place.config,
        {"connection": place.url.replace("postgres@", "clerk@")},
        place.options,
        place.url,
    )
    try:
        assert (await run(clerk, ADA, 1)).output["guarantee"] == "at-least-once"
        # Once the operator made the table but did not let the role write to it, it is the same.
        await run(place, ADA, 2)
        await place.executor.close()
        again = Place(
            type(place.executor)(place.options), clerk.config, clerk.secrets, place.options, place.url
        )
        assert (await run(again, ADA, 3)).output["guarantee"] == "at-least-once"
        await again.executor.close()
    finally:
        await place.query("DROP OWNED BY clerk")
        await leave(place)
        postgres.run_sql("DROP ROLE clerk")


async def test_a_database_that_is_not_reached_may_be_tried_again_and_its_password_stays_hidden() -> None:
    place = await postgres_place()
    url = "postgresql://user:s3cret%2Fword@127.0.0.1:1/name"
    options = type(place.options)(sql_allow_loopback=True)
    executor = type(place.executor)(options)
    public, secrets = executor.split({"connection": url, "table": "contacts"})
    assert public["connection"] == "***"
    lost = Place(executor, public, secrets, options)
    outcome = await run(lost, ADA)
    assert outcome.retryable is True
    assert "could not be reached" in str(outcome.error)
    assert "s3cret" not in str(outcome.error)
    problems = await executor.check_operation(WORKSPACE, public, secrets, ADA)
    assert [problem.code for problem in problems] == ["unavailable"]
    await executor.close()
    await leave(place)


async def test_a_wrong_login_is_not_retried() -> None:
    place = await postgres_place()
    assert place.url is not None
    wrong = Place(
        place.executor, place.config, {"connection": place.url.replace("postgres@", "nobody@")}, place.options
    )
    outcome = await run(wrong, ADA)
    assert outcome.retryable is False
    assert outcome.error == 'the database could not be reached: role "nobody" does not exist'
    await leave(place)
