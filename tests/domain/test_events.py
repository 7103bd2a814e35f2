"""What the events of a workspace say, and which of them somebody wants."""

import orjson
import pytest

from horarium.domain.events import (
    LONGEST_ERROR,
    Event,
    EventFilter,
    EventNote,
    EventType,
    NamedSchedule,
    NamedTarget,
    SingleRun,
    audience_failed,
    content_of,
    fire_ended,
    fire_late,
    packed,
    quota_near,
    schedule_ended,
    schedule_ending,
    schedule_paused,
    slots_passed,
    target_disabled,
    target_failing,
    target_recovered,
    type_problem,
    unpacked,
    webhook_disabled,
)
from horarium.domain.fire import Fire, FireKind, FireState, SpanReason
from horarium.domain.ids import id_time, prefixed, random_id

WS, SCH, TGT = random_id(1), random_id(2), random_id(3)
NOON, NOON_TEXT = 1_772_366_400_000, "2026-03-01T12:00:00.000Z"
FIRE = random_id(NOON)

NOTES = [
    (fire_ended(WS, SCH, FIRE, FireState.PARTIAL, NOON + 5), "fire.partial", NOON + 5, (SCH, FIRE, None), {}, NOON),
    (fire_late(WS, SCH, FIRE, 2_500, 1_000, NOON), "fire.late", NOON, (SCH, FIRE, None),
     {"late": 2.5, "objective": 1.0}, NOON),
    (slots_passed(WS, SCH, NOON, NOON + 60_000, 2, SpanReason.MISSED, NOON + 1), "fire.missed", NOON + 1,
     (SCH, None, None), {"first_slot": NOON_TEXT, "last_slot": "2026-03-01T12:01:00.000Z", "slots": 2,
                         "reason": "missed"}, NOON),
    (slots_passed(WS, SCH, NOON, NOON, 1, SpanReason.UNBEGUN, NOON), "fire.skipped", NOON, (SCH, None, None),
     {"first_slot": NOON_TEXT, "last_slot": NOON_TEXT, "slots": 1, "reason": "unbegun"}, NOON),
    (schedule_paused(WS, SCH, 3, "it failed", NOON), "schedule.paused", NOON, (SCH, None, None),
     {"failures_in_row": 3, "reason": "it failed"}, NOON),
    (schedule_ended(WS, SCH, "exhausted", NOON), "schedule.ended", NOON, (SCH, None, None),
     {"reason": "exhausted"}, NOON),
    (schedule_ending(WS, SCH, NOON, NOON - 9), "schedule.ending", NOON - 9, (SCH, None, None),
     {"last_slot": NOON_TEXT}, NOON),
    (target_disabled(WS, TGT, None, NOON), "target.disabled", NOON, (None, None, TGT), {"reason": None}, NOON),
    (target_failing(WS, TGT, NOON), "target.failing", NOON, (None, None, TGT), {"since": NOON_TEXT}, NOON),
    (target_recovered(WS, TGT, NOON, NOON + 9), "target.recovered", NOON + 9, (None, None, TGT),
     {"since": NOON_TEXT}, NOON),
    (audience_failed(WS, SCH, FIRE, "e" * 501, 7, NOON + 9), "audience.failed", NOON + 9, (SCH, FIRE, None),
     {"error": "e" * 500, "rows": 7}, NOON),
    (quota_near(WS, "targets", 9, 10, NOON), "quota.near", NOON, (None, None, None),
     {"quota": "targets", "used": 9, "limit": 10}, NOON),
    (webhook_disabled(WS, TGT, "it is gone", NOON), "webhook.disabled", NOON, (None, None, None),
     {"webhook": prefixed("hook", TGT), "reason": "it is gone"}, NOON),
]  # fmt: skip


@pytest.mark.parametrize(
    ("note", "kind", "at_ms", "about", "said", "id_ms"), NOTES, ids=[kind for _, kind, *_ in NOTES]
)
def test_a_note_says_what_has_happened_when_and_to_what(note, kind, at_ms, about, said, id_ms):
    assert (note.workspace_id, note.type, note.at_ms) == (WS, kind, at_ms)
    assert ((note.schedule_id, note.fire_id, note.target_id), dict(note.said)) == (about, said)
    assert id_time(note.id) == id_ms


def test_what_has_happened_has_an_id_of_its_own_whoever_notes_it_and_is_read_as_it_was_packed():
    notes = [note for note, *_ in NOTES]
    assert len({note.id for note in notes}) == len(notes) - 1  # slots of one beginning are told of once
    assert fire_ended(WS, SCH, FIRE, FireState.FAILED, NOON + 99).id == notes[0].id
    assert quota_near(WS, "schedules", 9, 10, NOON).id != quota_near(WS, "targets", 9, 10, NOON).id
    assert unpacked(WS, packed(notes)) == notes


@pytest.mark.parametrize("reason", SpanReason)
def test_slots_that_a_pause_or_an_edit_has_taken_are_told_to_nobody(reason):
    told = slots_passed(WS, SCH, NOON, NOON, 1, reason, NOON)
    assert (told is None) is (reason not in (SpanReason.SKIPPED, SpanReason.UNBEGUN, SpanReason.MISSED))


def shown(note, schedule=None, target=None, fire=None, run=None):
    return orjson.loads(content_of(note, schedule, target, fire, run))


SCHEDULE = NamedSchedule(SCH, "nightly", "Nightly", '{"team":"blue"}', TGT)
TARGET = NamedTarget(TGT, "crm", "CRM")


def test_an_event_names_its_schedule_and_target_also_once_these_are_deleted():
    ended = shown(schedule_ended(WS, SCH, "exhausted", NOON), SCHEDULE, TARGET)
    assert ended["schedule"] == {
        "id": prefixed("sch", SCH), "key": "nightly", "name": "Nightly", "labels": {"team": "blue"}
    }  # fmt: skip
    assert ended["target"] == {"id": prefixed("tgt", TGT), "key": "crm", "name": "CRM"}
    assert (ended["at"], ended["workspace"], ended["fire"]) == (NOON_TEXT, prefixed("ws", WS), None)
    assert ended["details"] == {"reason": "exhausted"}
    gone = shown(schedule_ended(WS, SCH, "exhausted", NOON))
    assert gone["schedule"] == {"id": prefixed("sch", SCH), "key": None, "name": None, "labels": {}}
    assert gone["target"] is None
    off = shown(target_disabled(WS, TGT, "gone", NOON))
    assert (off["schedule"], off["target"]) == (None, {"id": prefixed("tgt", TGT), "key": None, "name": None})


FINISHED = Fire(FIRE, WS, SCH, 1, FireKind.CLOCK, NOON, NOON + 1_000, FireState.PARTIAL, NOON + 2_000, NOON + 3_000,
                runs=6, succeeded=3, failed=2, cancelled=1, error="x" * (LONGEST_ERROR + 1))  # fmt: skip


def test_an_event_of_a_fire_says_how_it_went_and_the_error_of_its_only_run_before_its_own():
    note = fire_ended(WS, SCH, FIRE, FireState.PARTIAL, NOON)
    assert shown(note)["fire"] == {"id": prefixed("fire", FIRE)}
    assert shown(note, fire=FINISHED)["fire"] == {
        "id": prefixed("fire", FIRE),
        "kind": "clock",
        "state": "partial",
        "slot": NOON_TEXT,
        "due_at": "2026-03-01T12:00:01.000Z",
        "fired_at": "2026-03-01T12:00:02.000Z",
        "finished_at": "2026-03-01T12:00:03.000Z",
        "runs": 6,
        "succeeded": 3,
        "failed": 2,
        "cancelled": 1,
        "error": "x" * LONGEST_ERROR,
    }
    refused, succeeded = SingleRun(FIRE, "refused", None, None, None), SingleRun(FIRE, None, 200, 1, None)
    assert shown(note, fire=FINISHED, run=refused)["fire"]["error"] == "refused"
    assert shown(note, fire=FINISHED, run=succeeded)["fire"]["error"] == "x" * LONGEST_ERROR


def event(kind, schedule=SCH):
    return Event(1, b"e" * 16, kind, schedule, 0, 0, '{"schedule":{"labels":{"a":"1"}}}')


@pytest.mark.parametrize(
    ("wanted", "kind", "wants"),
    [
        (EventFilter(), "fire.failed", True),
        (EventFilter(("fire.failed",)), "fire.failed", True),
        (EventFilter(("fire.failed",)), "fire.partial", False),
        (EventFilter(("quota.near", "fire.*")), "fire.partial", True),
        (EventFilter(("fire.*",)), "schedule.ended", False),
        (EventFilter(("fire.*",)), "fires.ended", False),
        (EventFilter(("*",)), "schedule.ended", True),
        (EventFilter(("fire",)), "fire.failed", False),
        (EventFilter(schedules=(TGT, SCH)), "fire.failed", True),
        (EventFilter(schedules=(TGT,)), "fire.failed", False),
        (EventFilter(("fire.*",), {"a": "1"}, (SCH,)), "fire.failed", True),
        (EventFilter(("fire.*",), {"a": "2"}, (SCH,)), "fire.failed", False),
        (EventFilter(("fire.late",), {"a": "1"}, (SCH,)), "fire.failed", False),
        (EventFilter(("fire.*",), {"a": "1"}, (TGT,)), "fire.failed", False),
    ],
)
def test_an_event_is_wanted_that_fits_every_part_of_a_filter(wanted, kind, wants):
    assert wanted.wants(event(kind)) is wants


@pytest.mark.parametrize(
    ("text", "fine"),
    [("*", True), ("fire.*", True), ("quota.*", True), ("fire.late", True), ("fire", False), ("fire.", False),
     ("fir.*", False), ("fire.*.*", False), ("fire.l*", False), ("", False), (".*", False)],
)  # fmt: skip
def test_a_type_in_a_filter_is_one_that_there_is_or_all_of_one_kind(text, fine):
    assert (type_problem(text) is None) is fine
    assert all(type_problem(kind) is None for kind in EventType)


def test_a_note_about_nothing_in_particular_is_packed_too():
    note = EventNote(WS, FIRE, EventType.QUOTA_NEAR, NOON, said={"quota": "targets"})
    assert unpacked(WS, packed([note])) == [note]
