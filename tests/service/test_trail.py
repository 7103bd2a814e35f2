"""Every use case that changes something writes an audit entry: none can be forgotten in a later change."""

import ast
from dataclasses import fields, replace
from pathlib import Path

import pytest

import horarium.service
from horarium.domain.audit import Actor
from horarium.domain.ids import random_id
from horarium.domain.schedule import CatchUp, ScheduleState
from horarium.domain.target import Target, TargetKind, TargetState
from horarium.service.facts import schedule_facts, target_action
from horarium.service.schedules import ScheduleDraft, schedule_of
from horarium.service.trail import SERVER, Trail, act_as, acting, difference, recording
from horarium.times import Timing

# What use cases write without an entry, and why.
SILENT = {
    "_change": "its verb is wrapped before the call",
    "_create_distinct": "records the entry that it is given",
    "_fire_now": "records the entry that it is given",
    "_do_batch": "records an entry about what the batch has done",
    "_pass_over_one": "changes nothing but how far an action has come",
    "verbs.create_schedule_once": "records the entry that it is given",
    "verbs.create_with_answer": "records the entry that it is given",
    "verbs.fire_once": "records the entry that it is given",
    "once(verb, request, now)": "its verb is wrapped before the call of `write_once`",
    "verbs.keep_answer": "the answer to a request that was recorded",
    "verbs.answer_callback": "a target reports how a run went: the run itself tells it",
    "readiness.probe_commit": "a row that tells whether anything can be committed",
    "touch_keys": "when keys were last used",
    "meta.rotate_vault": "part of a rotation, which is recorded",
    "verbs.reseal": "part of a rotation, which is recorded",
    "record": "the entry itself",
    "verbs.record": "the entry itself",
    "verbs.delete_some_deliveries": "the deletion of the webhook follows, and is recorded",
    "verbs.mark_replayed": "the replay follows, and is recorded",
    "verbs.erase_person": "records the entry that it is given a way to make",
    "verbs.forget_links": "records the entry that it is given a way to make",
    "verbs.want_events": "somebody reads events, so that they are recorded: nothing is changed for anybody",
    "verbs.link_pending": "chains what was recorded",
    "verbs.erase_piece": "a step of what was recorded; it tells of entries that it erases",
    "publish": "makes events of what was noted",
    "verbs.purge_piece": "a step of a deletion that was recorded in another workspace",
    "verbs.put_off_resumption": "a schedule is resumed later, which is recorded then",
    "begin_windows": "the time of a window that was made, and recorded, begins",
    "verbs.settle_pauses": "what is over is not asked for any more: nothing is changed for anybody",
}


def writes():
    """(module, what is written) for every call of `store.write`, `store.write_grouped` and `write_once` in the use
    cases."""
    folder = Path(horarium.service.__file__).parent
    for path in sorted(folder.glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "write_once":
                yield path.name, ast.unparse(call.args[4])
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            of_a_store = "store" in ast.unparse(call.func.value)
            if of_a_store and call.func.attr in ("write", "write_grouped", "urgent"):
                yield path.name, ast.unparse(call.args[0])


def test_every_write_of_a_use_case_is_recorded():
    found = list(writes())
    assert len(found) > 30
    for module, written in found:
        recorded = written.startswith(("recording(", "noting(")) or written in ("verb", "create_recorded")
        assert recorded or written in SILENT, f"{module} writes {written} without an audit entry"


def test_a_verb_that_is_called_so_is_a_recorded_one():
    folder = Path(horarium.service.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "verb":
                assert ast.unparse(node.value).startswith(("recording(", "noting("))


def test_a_trail_keeps_who_acts_when_it_is_made():
    assert acting() == SERVER
    act_as(Actor(b"p" * 16, None, "192.0.2.1", "req"))
    trail = Trail(b"w" * 16, 5)
    act_as(SERVER)
    entry = trail.entry("target.changed", "tgt", b"t" * 16)
    assert (entry.principal_id, entry.subject) == (b"p" * 16, f"tgt:{(b't' * 16).hex()}")


def test_a_trail_of_the_server_is_the_servers_whoever_is_acting():
    act_as(Actor(b"p" * 16, None, "192.0.2.1", "req"))
    trail = Trail(b"w" * 16, 5, SERVER)
    act_as(SERVER)
    assert trail.entry("audit.erased", "ws", b"w" * 16).principal_id is None


def test_a_difference_has_the_fields_that_differ():
    assert difference({"a": 1, "b": 2}, {"b": 3, "c": None}) == {
        "before": {"a": 1, "b": 2},
        "after": {"a": None, "b": 3},
    }


async def test_a_trail_is_not_made_within_a_verb_where_nobody_is_known_to_act():
    """SQLite runs verbs in a thread of its own, so the entry would tell of the server."""

    async def verb(tx):
        return "made"

    act_as(Actor(b"p" * 16))
    with pytest.raises(RuntimeError, match="before the verb"):
        await recording(verb, lambda _: [Trail(b"w" * 16, 0).entry("a", "ws", b"w" * 16)])(None)
    assert acting() == Actor(b"p" * 16)
    act_as(SERVER)


# What an edit of a schedule may change without an entry in the log, and why.
NOT_FACTS = {
    "id": "never changes",
    "workspace_id": "never changes",
    "created_ms": "never changes",
    "created_by": "never changes",
    "owner_id": "never changes",
    "progress": "how far the clock has come",
    "version": "every edit counts it",
    "definition_version": "every edit of the definition counts it",
    "updated_ms": "the time of the entry",
    "ended_ms": "the time of the entry that has the state",
    "ended_reason": "the state has changed too",
    "deleted_ms": "the time of the entry that has the state",
}


def test_every_field_of_a_schedule_that_an_edit_may_change_is_among_its_facts():
    timing, target = Timing("0 9 * * *"), random_id(0)
    schedule = schedule_of(ScheduleDraft(random_id(0), random_id(0), "s", timing, target), 0)
    definition = schedule.definition
    changed = {
        "dialect": "other", "name": "other", "state": ScheduleState.PAUSED, "key": "k", "description": "d",
        "labels": {"a": "b"}, "extra": {"a": 1}, "note": "n", "paused_until_ms": 1, "catch_up_after": CatchUp.ALL,
        "definition": replace(definition, target_id=random_id(0)),
    }  # fmt: skip
    assert {one.name for one in fields(schedule)} == changed.keys() | NOT_FACTS.keys()
    before = schedule_facts(schedule)
    for name, value in changed.items():
        assert schedule_facts(replace(schedule, **{name: value})) != before, name
    of_definition = {
        "timing": replace(timing, spec="0 8 * * *"), "policies": replace(definition.policies, grace_ms=1),
        "target_id": random_id(0), "input": 1, "audience": {"type": "contacts"},
    }  # fmt: skip
    assert {one.name for one in fields(definition)} == of_definition.keys() | {"environment"}  # a secret
    for name, value in of_definition.items():
        edited = replace(schedule, definition=replace(definition, **{name: value}))
        assert schedule_facts(edited) != before, name


@pytest.mark.parametrize("before", [TargetState.ENABLED, TargetState.DISABLED])
@pytest.mark.parametrize(
    ("after", "done"), [(TargetState.ENABLED, "enabled"), (TargetState.DISABLED, "disabled")]
)
def test_the_log_says_what_an_edit_did_to_a_target(before, after, done):
    an_id, by = random_id(0), random_id(0)
    target = Target(an_id, an_id, TargetKind.WORKFLOW, "t", "http", {}, by, 0, 0, state=before)
    edited = replace(target, name="other", state=after)
    assert target_action(target, edited) == f"target.{'changed' if before is after else done}"
