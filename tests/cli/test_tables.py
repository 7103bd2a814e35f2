"""What the tables of lists tell: of each thing one line, with what people look for there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from horarium.cli import (
    actions,
    audit,
    events,
    keys,
    main,
    persons,
    runs,
    schedules,
    sources,
    targets,
    windows,
)
from horarium.cli import workspaces as spaces
from horarium.cli.output import Column, show_list, show_one, table

FIRST, SECOND, THIRD, FOURTH = (f"2026-03-01T12:00:0{n}.000Z" for n in range(4))
# Columns, a thing as the API shows it, and its line.
TABLES: dict[str, tuple[Sequence[Column], dict[str, Any], str]] = {
    "runs": (
        runs.COLUMNS,
        {"id": "run_1", "state": "failed", "slot_at": FIRST, "started_at": SECOND, "finished_at": THIRD,
         "attempts": 3, "error": "refused"},
        "run_1 failed 2026-03-01 12:00:00 2026-03-01 12:00:01 2026-03-01 12:00:02 3 refused",
    ),
    "fires": (
        schedules.FIRES,
        {"id": "fire_1", "kind": "clock", "slot_at": FIRST, "fired_at": SECOND, "state": "partial", "runs": 9,
         "failed": 2},
        "fire_1 clock 2026-03-01 12:00:00 2026-03-01 12:00:01 partial 9 2",
    ),
    "fires of the ledger": (
        schedules.LEDGER,
        {"slot_at": FIRST, "state": "failed", "fired_at": SECOND, "error": "refused"},
        "2026-03-01 12:00:00 1 failed 2026-03-01 12:00:01 refused",
    ),
    "spans of the ledger": (
        schedules.LEDGER,
        {"first_at": FIRST, "last_at": SECOND, "count": 4, "reason": "missed"},
        "2026-03-01 12:00:00 2026-03-01 12:00:01 4 missed",
    ),
    "schedules": (
        schedules.COLUMNS,
        {"id": "sch_1", "name": "Report", "state": "active", "recurrence": "@daily", "timezone": "Europe/Paris",
         "next_fire_at": FIRST, "last_state": "failed", "counts": {"fires": 7}},
        "sch_1 Report active @daily Europe/Paris 2026-03-01 12:00:00 failed 7",
    ),
    "next fires": (
        schedules.NEXT,
        {"at": FIRST, "local": "13:00", "note": "moved"},
        "2026-03-01 12:00:00 13:00 moved",
    ),
    "targets": (
        targets.COLUMNS,
        {"id": "tgt_1", "number": 5, "key": "night", "kind": "function", "name": "Night",
         "executor": {"type": "http"}, "enabled": False},
        "tgt_1 5 night function Night http no",
    ),
    "shares of targets": (
        targets.SHARES,
        {"workspace": "ws_2", "target": "tgt_2", "key": "k", "created_at": FIRST},
        "ws_2 tgt_2 k 2026-03-01 12:00:00",
    ),
    "actions": (
        actions.COLUMNS,
        {"id": "act_1", "action": "pause", "of": "schedules", "state": "done", "changed": 8, "refused": 1,
         "taken_at": FIRST, "finished_at": SECOND},
        "act_1 pause schedules done 8 1 2026-03-01 12:00:00 2026-03-01 12:00:01",
    ),
    "the audit log": (
        audit.COLUMNS,
        {"at": FIRST, "action": "key.created", "subject": "key_1",
         "by": {"principal": "prn_1", "address": "10.0.0.1"}, "after": "x"},
        "2026-03-01 12:00:00 key.created key_1 prn_1 10.0.0.1 x",
    ),
    "what the server did, in the audit log": (
        audit.COLUMNS,
        {"at": FIRST, "action": "schedule.resumed", "subject": "sch_1", "by": {"principal": None, "address": None}},
        "2026-03-01 12:00:00 schedule.resumed sch_1 the server",
    ),
    "events": (
        events.COLUMNS,
        {"at": FIRST, "type": "fire.failed", "schedule": {"key": None, "name": "Report", "id": "sch_1"},
         "target": {"key": "night", "name": "Night", "id": "tgt_1"}, "id": "evt_1"},
        "2026-03-01 12:00:00 fire.failed Report night evt_1",
    ),
    "events of what has neither key nor name": (
        events.COLUMNS,
        {"at": FIRST, "type": "fire.failed", "schedule": {"key": None, "name": None, "id": "sch_1"}, "target": None,
         "id": "evt_1"},
        "2026-03-01 12:00:00 fire.failed sch_1 evt_1",
    ),
    "webhooks": (
        events.WEBHOOK_COLUMNS,
        {"id": "hook_1", "url": "https://a/b", "types": ["fire.*", "target.*"], "enabled": False,
         "disabled_reason": "gone", "failing_since": FIRST},
        "hook_1 https://a/b fire.*, target.* gone 2026-03-01 12:00:00",
    ),
    "webhooks that want everything": (
        events.WEBHOOK_COLUMNS,
        {"id": "hook_1", "url": "https://a/b", "types": [], "enabled": True},
        "hook_1 https://a/b all enabled",
    ),
    "deliveries": (
        events.DELIVERY_COLUMNS,
        {"last_at": FIRST, "type": "fire.failed", "state": "waiting", "attempts": 2, "status": 500,
         "error": "500", "event": "evt_1"},
        "2026-03-01 12:00:00 fire.failed waiting 2 500 500 evt_1",
    ),
    "keys": (
        keys.COLUMNS,
        {"id": "key_1", "name": "k", "hint": "abcd", "scopes": ["runs:read", "runs:write"], "last_used_at": FIRST,
         "expires_at": SECOND, "revoked_at": THIRD},
        "key_1 k abcd runs:read, runs:write 2026-03-01 12:00:00 2026-03-01 12:00:01 2026-03-01 12:00:02",
    ),
    "erasures": (
        persons.COLUMNS,
        {"id": "era_1", "state": "running", "place": "runs", "waits_for": 3, "created_at": FIRST,
         "finished_at": SECOND},
        "era_1 running runs 3 2026-03-01 12:00:00 2026-03-01 12:00:01",
    ),
    "sources": (
        sources.COLUMNS,
        {"name": "crm", "type": "sql", "shared_from": "ws_2", "disabled_reason": "gone", "updated_at": FIRST},
        "crm sql ws_2 gone 2026-03-01 12:00:00",
    ),
    "shares of sources": (
        sources.SHARES,
        {"workspace": "ws_2", "name": "crm", "created_at": FIRST},
        "ws_2 crm 2026-03-01 12:00:00",
    ),
    "maintenance windows": (
        windows.WINDOWS,
        {"id": "win_1", "in_words": "daily", "timezone": "UTC", "duration": 3600, "catch_up": "latest",
         "note": "backup"},
        "win_1 daily UTC 3600 latest backup",
    ),
    "workspaces": (
        spaces.COLUMNS,
        {"id": "ws_1", "slug": "acme", "name": "Acme", "weight": 2.0, "created_at": FIRST},
        "ws_1 acme Acme 2.0 2026-03-01 12:00:00",
    ),
    "pauses": (
        spaces.PAUSES,
        {"id": "pau_1", "from": FIRST, "until": FOURTH, "catch_up": "none", "note": "holidays"},
        "pau_1 2026-03-01 12:00:00 2026-03-01 12:00:03 none holidays",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("columns", "thing", "line"), TABLES.values(), ids=TABLES)
def test_a_table_tells_what_people_look_for(
    capsys: pytest.CaptureFixture[str], columns: Sequence[Column], thing: dict[str, Any], line: str
) -> None:
    show_list([thing], columns, as_json=False)
    _, shown = capsys.readouterr().out.splitlines()
    assert " ".join(shown.split()) == line


def test_a_long_cell_stays_on_its_line_where_no_terminal_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    long = "a long word " * 400
    table(["ERROR", "ID"], [[long, "x"]])
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["ID", "x"]


def test_a_long_list_stands_below_itself_and_the_members_of_a_long_object_share_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fires = [{"at": f"2026-03-0{day}T09:00:00.000Z", "note": "second pass"} for day in (1, 2)]
    policies = {f"policy_{number}": "a value of it" for number in range(1, 6)}
    show_one({"short": {"a": 1}, "policies": {**policies, "fires": fires}, "next_fires": fires}, False)
    assert capsys.readouterr().out.splitlines() == [
        'short       {"a": 1}',
        'policies    policy_1: "a value of it", policy_2: "a value of it", policy_3: "a value of it"',
        '            policy_4: "a value of it", policy_5: "a value of it"',
        "            fires:",
        '              {"at": "2026-03-01T09:00:00.000Z", "note": "second pass"}',
        '              {"at": "2026-03-02T09:00:00.000Z", "note": "second pass"}',
        'next_fires  {"at": "2026-03-01T09:00:00.000Z", "note": "second pass"}',
        '            {"at": "2026-03-02T09:00:00.000Z", "note": "second pass"}',
    ]


@pytest.mark.parametrize("given", [["a long item"] * 20, {f"name {number}": "x" for number in range(20)}])
def test_what_users_have_given_is_shown_as_json_that_can_be_sent_again(
    given: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    show_one({"input": given}, as_json=False)
    assert json.loads(capsys.readouterr().out.removeprefix("input  ")) == given


MOVING = "a\x1b[2Jb\rc\x9b31md\u202ee\x07"
MOVED = "a\\u001b[2Jb\\rc\\u009b31md\\u202ee\\u0007"


def test_what_others_have_written_moves_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    thing = {"name": MOVING, "error": f"one\n\ttwo {MOVING}", "input": {MOVING: [MOVING]}}
    show_list([thing], (("NAME", "name"), ("INPUT", "input")), as_json=False)
    show_one(thing, as_json=False)
    table(["NAME"], [[MOVING]])
    with pytest.raises(SystemExit):
        main._leave(f"no {MOVING}", 1)
    told = capsys.readouterr()
    assert told.out.count(MOVED) >= 6
    assert f"one\n\ttwo {MOVED}" in told.out
    assert told.err == f"horarium: no {MOVED}\n"
    assert not set(told.out) & set(MOVING) - set(MOVED)


def test_json_for_programs_keeps_every_character_as_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    thing = {"name": MOVING, "others": "\u00e9 \u00a0 \u200d \U0001f600"}
    for show, expected in (
        (lambda: show_one(thing, True), thing),
        (lambda: show_list([thing], (), True), [thing]),
    ):
        show()
        told = capsys.readouterr().out
        assert json.loads(told) == expected
        assert "\x9b" not in told
        assert thing["others"] in told
