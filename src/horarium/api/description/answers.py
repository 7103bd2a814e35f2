"""The schemas of what our own API answers, by the names that they have among the components of the description."""

from __future__ import annotations

from dataclasses import fields

from horarium.api.description.shapes import (
    Schema,
    an_id,
    anything,
    choice,
    flag,
    free,
    instant,
    length,
    many,
    number,
    or_null,
    ref,
    text,
    texts_by_name,
    thing,
    whole,
)
from horarium.domain.actions import ActionKind, ActionState
from horarium.domain.erasures import ErasureState, Place
from horarium.domain.events import EventType
from horarium.domain.execution import Verdict
from horarium.domain.fire import FireKind, FireState, SpanReason
from horarium.domain.overlap import Overlap
from horarium.domain.quotas import QUOTAS
from horarium.domain.retry import Retry
from horarium.domain.run import RunMode, RunState
from horarium.domain.schedule import (
    AfterCompletion,
    AfterPause,
    CatchUp,
    OverlapScope,
    ScheduleState,
)
from horarium.domain.target import Completion, TargetKind
from horarium.domain.tenancy import PrincipalType
from horarium.domain.waiting import WaitCause
from horarium.domain.webhooks import DeliveryState

_VERDICTS = (
    "fired", "waiting", "skipped", "missed", "paused", "cancelled", "due", "upcoming", "no_slot", "before_creation",
    "ended", "workspace_paused", "maintenance",
)  # fmt: skip
_VERSION = whole("Counts the changes; send it back to change only what you have seen.", 3)
_MADE = {
    "created_at": instant("When it was made."),
    "updated_at": instant("When it was changed last."),
}
_LABELS = texts_by_name("Labels that its maker chose, by name.")

RECURRENCE: Schema = {
    "description": "When it fires: an expression, or an object of one of the kinds below.",
    "anyOf": [
        {
            "type": "string",
            "description": (
                "cron with 5 or 6 fields, a macro such as @daily, @every 5m, rate(5 minutes), cron(...), at(...)"
            ),
            "examples": ["0 9 * * 1-5", "@daily", "@every 5m", "rate(5 minutes)"],
        },
        {
            "type": "object",
            "description": (
                "One of these members, or calendars and intervals together. Schedules of other APIs may have others."
            ),
            "properties": {
                "cron": {"description": "A cron expression, or its fields."},
                "rate": {"type": "string", "description": "A rate, such as 5 minutes."},
                "every": {"type": ["string", "number"], "description": "A length of time, such as 1h30m."},
                "at": {"type": "string", "description": "A local time, at which it fires once."},
                "once": {"type": "string", "description": "An instant (RFC 3339), at which it fires once."},
                "delay": {"type": ["string", "number"], "description": "Once, after this length of time."},
                "union": {"type": "array", "items": {}, "description": "Several recurrences together."},
                "calendars": {
                    "type": "array",
                    "description": "Fields of dates and times that fire.",
                    "items": {},
                },
                "intervals": {
                    "type": "array",
                    "description": "Lengths of time, with offsets.",
                    "items": {},
                },
            },
            "additionalProperties": True,
            "examples": [
                {"every": "1h30m"},
                {"once": "2030-01-01T09:00:00Z"},
                {"union": ["0 9 * * *", "@hourly"]},
            ],
        },
    ],
}

_PROBLEM_ENTRY = thing(
    "One thing that is wrong with a request.",
    {
        "field": text(
            "The field or parameter, as a dotted path; empty where it is the whole.",
            "policies.retry.max_attempts",
        ),
        "message": text("What is wrong, and what would be right.", "is required"),
        "code": text("A word for programs.", "required"),
    },
)
_PROBLEM = {
    "type": text("A name for the kind of error.", "urn:horarium:problem:invalid"),
    "title": text("The kind of error in words.", "The request cannot be accepted"),
    "status": whole("The HTTP status.", 400),
    "detail": text("What happened, in a sentence.", "name: is required"),
    "errors": many(ref("ProblemEntry"), "Every problem that was found."),
}

_RETRY = {
    "max_attempts": whole("Attempts at most, the first one included.", 3),
    "initial": length("How long after the first attempt the second begins", 10),
    "factor": number("By how much each wait is longer than the one before.", 2),
    "max_delay": length("The longest wait", 3600),
    "max_elapsed": or_null(length("For how long attempts are made", 86400)),
    "until_next_slot": flag("Whether retries end when the next slot comes."),
}
_COUNTS = {
    "fires": whole("Fires of the clock so far.", 12),
    "succeeded": whole("Of these, those that succeeded."),
    "failed": whole("Of these, those that failed."),
    "skipped": whole("Slots that did not fire because of the overlap policy."),
    "open": whole("Fires that have not ended."),
    "waiting": whole("Fires that wait for earlier ones. With the policy skip one at most."),
    "failures_in_row": whole("Failures since the last success."),
}
_SCHEDULE = {
    "id": an_id("sch", "The id of the schedule."),
    "key": or_null(text("The key that its maker chose.", "customer-7/digest")),
    "name": text("The name for people.", "Digest"),
    "description": or_null(text("What it is for.")),
    "state": choice("Whether it fires.", (s for s in ScheduleState if s is not ScheduleState.DELETED)),
    "dialect": text("The API by which it was made; native is this one.", "native"),
    "recurrence": ref("Recurrence"),
    "timezone": text("An IANA time zone.", "Europe/Paris"),
    "start_at": or_null(instant("The first instant at which it may fire.")),
    "end_at": or_null(instant("The last instant at which it may fire.")),
    "target": an_id("tgt", "The id of the target that it runs."),
    "input": anything("What the target is given. Any JSON value."),
    "audience": or_null(free("Who it fires for, where it has an audience.")),
    "labels": _LABELS,
    "policies": ref("Policies"),
    "next_slot_at": or_null(instant("The next slot.")),
    "next_fire_at": or_null(
        instant(
            "When it fires next: at the first slot that no pause or maintenance window holds back, plus its jitter. "
            "Lists are sorted and filtered by the next slot, held back or not."
        )
    ),
    "last_slot_at": or_null(instant("The last slot that fired.")),
    "last_fire_at": or_null(instant("When it fired last by the clock.")),
    "last_fire": or_null(an_id("fire", "The id of its last fire by the clock.")),
    "last_state": or_null(text("How its last fire by the clock ended, or stands.", "completed")),
    "last_skipped_at": or_null(instant("The last slot that was skipped.")),
    "last_skip_reason": or_null(text("Why it was skipped.")),
    "counts": thing("Its fires so far, without those by hand and of backfills.", _COUNTS),
    "note": or_null(text("Why it is paused.")),
    "paused_until": or_null(instant("When it resumes by itself.")),
    "ended_at": or_null(instant("When it was completed.")),
    "ended_reason": or_null(text("Why it was completed.", "exhausted")),
    "version": _VERSION,
    "created_by": an_id("prn", "The id of the principal that made it."),
    **_MADE,
    "dialect_id": or_null(text("The id by which the clients of its own API know it; null for native ones.")),
}
_LISTED_VERSION = {
    "version": whole("Its number; entries of the ledger name it as schedule_version.", 1),
    "from": instant("From when on it ruled."),
    "recurrence": ref("Recurrence"),
    "timezone": text("An IANA time zone.", "Europe/Paris"),
}
_WHOLE_VERSION = {
    **_LISTED_VERSION,
    **{name: _SCHEDULE[name] for name in ("start_at", "end_at", "target", "input", "audience", "policies")},
}
_OCCURRENCE = {
    "at": instant("When it is due."),
    "local": text("The local time of its slot.", "2026-03-08T10:00:00+01:00"),
    "note": text("What a change of the clocks did to it; mostly empty."),
}
_FIRE = {
    "id": an_id("fire", "The id of the fire."),
    "schedule": an_id("sch", "The id of its schedule."),
    "kind": choice("Who began it.", FireKind),
    "state": choice("How it stands.", FireState),
    "slot_at": instant("Its slot."),
    "due_at": instant("The slot plus the schedule's jitter."),
    "fired_at": instant("When it began."),
    "finished_at": or_null(instant("When it ended.")),
    "schedule_version": whole("The version of the definition by which it fired.", 1),
    "missed": or_null(ref("Missed")),
    "audience_size": or_null(whole("Rows of its audience.")),
    "runs": whole("Runs that were made.", 1),
    "succeeded": whole("Runs that succeeded.", 1),
    "failed": whole("Runs that failed."),
    "cancelled": whole("Runs that were cancelled."),
    "error": or_null(
        text(
            "Why it failed: its audience could not be read, or its only run failed without one. With an audience each "
            "run has its own error."
        )
    ),
}
_SPAN = {
    "schedule": an_id("sch", "The id of the schedule."),
    "reason": choice("Why these slots did not fire.", SpanReason),
    "first_at": instant("The first of these slots."),
    "last_at": instant("The last of these slots."),
    "count": whole("How many slots these are.", 24),
    "schedule_version": whole("The version of the definition that named them.", 1),
    "recorded_at": instant("When this was entered."),
}
_PAUSE = {
    "id": an_id("pau", "The id of the pause."),
    "schedule": or_null(an_id("sch", "The schedule that was paused; null: the whole workspace.")),
    "from": instant("Since when it holds."),
    "until": or_null(instant("When it ends, or ended; null: when somebody resumes.")),
    "catch_up": choice("What becomes of its slots when it is over.", CatchUp),
    "note": or_null(text("Why.")),
    "by": or_null(an_id("prn", "Who paused; null: the server itself.")),
    "window": or_null(an_id("win", "The maintenance window that this is one of the times of.")),
}
_WINDOW = {
    "id": an_id("win", "The id of the maintenance window."),
    "schedule": or_null(an_id("sch", "The schedule that it holds; null: the whole workspace.")),
    "recurrence": ref("Recurrence"),
    "timezone": text("The time zone of the recurrence.", "Europe/Paris"),
    "start_at": or_null(instant("Before this instant it does not begin.")),
    "end_at": or_null(instant("After this instant it does not begin.")),
    "duration": length("How long it holds from each beginning, in seconds.", 7200.0),
    "in_words": text("The recurrence in English."),
    "catch_up": choice("What becomes of the slots in it when it is over.", CatchUp),
    "note": or_null(text("Why.")),
    "next": many(
        thing(
            "A time of the window.", {"from": instant("When it begins."), "until": instant("When it ends.")}
        ),
        "When it holds next.",
    ),
    "by": or_null(an_id("prn", "Who made it.")),
    "created_at": instant("When it was made."),
}
_ERASURE = {
    "id": an_id("ers", "The id of the erasure."),
    "state": choice(
        "Once it is done, nothing of the person can be read any more. While it is waiting, all that is stored has been"
        " looked at, and runs that were under way may still bring the person back: they are looked at when they are"
        " over.",
        ErasureState,
    ),
    "place": choice("Where it is; once it is done, where it was last.", Place),
    "waits_for": whole("For how many runs, and audiences that are being read, it waits.", 0),
    "counts": {
        "type": "object",
        "description": "How many rows were changed, by place.",
        "additionalProperties": {"type": "integer"},
    },
    "salt": text("Random bytes in hexadecimal.", "5f0c"),
    "hash": text(
        "SHA-256 of the salt and the person, in hexadecimal: it tells who was erased to who knows.", "9a1e"
    ),
    "by": an_id("prn", "Who asked for it."),
    "created_at": instant("When it was asked for."),
    "finished_at": or_null(instant("When it was done.")),
}
_RUN = {
    "id": an_id("run", "The id of the run. It is the idempotency key of all of its deliveries."),
    "schedule": or_null(an_id("sch", "The id of its schedule.")),
    "fire": or_null(an_id("fire", "The id of its fire.")),
    "target": an_id("tgt", "The id of the target that is run."),
    "mode": choice("Who began it.", RunMode),
    "state": choice("How it stands.", RunState),
    "row_key": text("The key of its row of the audience; empty without an audience."),
    "generation": whole("0, or how often its row was run again.", 0),
    "slot_at": or_null(instant("The slot of its fire.")),
    "due_at": instant("When it was due."),
    "created_at": instant("When it was made."),
    "started_at": or_null(
        instant("When its first attempt began; once it has ended, when its last attempt began.")
    ),
    "finished_at": or_null(instant("When it ended.")),
    "next_attempt_at": or_null(instant("When its next attempt begins.")),
    "attempts": whole("Attempts so far.", 1),
    "waiting": or_null(ref("Waiting")),
    "waited": or_null(ref("Waited")),
    "status": or_null(whole("The HTTP status of the last answer.", 200)),
    "error": or_null(text("Why the last attempt failed.")),
    "output": anything("What the target has answered. Any JSON value."),
}
_ACTION = {
    "id": an_id("act", "The id of the action."),
    "action": choice("What is done.", ActionKind),
    "of": choice("To which things.", ("schedules", "runs")),
    "state": choice("Where it is.", ActionState),
    "done": whole("Schedules or runs that had their turn.", 120),
    "changed": whole("Of these, those to which it was done.", 118),
    "unchanged": whole("Of these, those that were as wanted already.", 1),
    "refused": whole("Of these, those for which it was refused.", 1),
    "problems": many(
        thing("A refusal.", {"id": text("The id of the schedule or run."), "error": text("Why.")}),
        "The first refusals.",
    ),
    "error": or_null(text("Why the action as a whole has failed.")),
    "taken_by": an_id("prn", "The principal that took it."),
    "taken_at": instant("When it was taken. What was made later is left alone."),
    "finished_at": or_null(instant("When it ended.")),
}
_GIVEN = {
    "input": anything("What its schedule gives the target, or what was given for this run. Any JSON value."),
    "row": anything("What the audience said of its row; null without an audience."),
}
_ENTRY: Schema = {
    "oneOf": [ref("FireEntry"), ref("SpanEntry")],
    "discriminator": {
        "propertyName": "entry",
        "mapping": {"fire": ref("FireEntry")["$ref"], "span": ref("SpanEntry")["$ref"]},
    },
}
_TARGET = {
    "id": an_id("tgt", "The id of the target."),
    "number": whole("A number that is unique on the server.", 12),
    "key": or_null(text("The key that its maker chose.", "report")),
    "kind": choice("What it is.", TargetKind),
    "name": text("The name for people.", "Report"),
    "description": or_null(text("What it does.")),
    "executor": {
        **thing("How it is run: its type, and the settings of that type. Secrets are shown as ***.",
                {"type": text("The type of the executor.", "http")}),
        "additionalProperties": True,
    },
    "completion": choice("Whether the answer ends a run, or a later callback.", Completion),
    "timeout": length("How long one attempt may take", 30),
    "deadline": length("How long a run may wait for its callback", 86400),
    "max_concurrency": or_null(whole("Runs that may be under way at once.", 10)),
    "rate_per_second": or_null(number("Attempts that may begin in a second.", 5)),
    "input_schema": or_null(free("A JSON Schema that inputs must satisfy.")),
    "extra": free("What callers keep with it."),
    "enabled": flag("Whether its runs are executed."),
    "disabled_reason": or_null(text("Why it is off.")),
    "shared_from": or_null(an_id("tgt", "The target of another workspace that this one is; it is changed there.")),
    "version": _VERSION,
    "created_by": an_id("prn", "The id of the principal that made it."),
    **_MADE,
}  # fmt: skip
_LANE = {
    "waiting": whole("Runs that have not begun.", 0),
    "oldest_since": or_null(instant("Since when the oldest of them waits.")),
    "under_way": whole("Attempts that are under way.", 1),
    "limit": or_null(whole("How many may be under way now, by how the target has behaved.")),
    "parked": whole("Calls that wait for an answer without a place in a worker.", 0),
    "p50": or_null(length("The median duration of its attempts", 0.2)),
    "p99": or_null(length("The duration that 99 of 100 attempts stay below", 1.5)),
    "throttled": or_null(
        thing(
            "What holds its runs back.",
            {
                "why": choice("The cause.", WaitCause),
                "since": or_null(instant("Since when.")),
                "in_words": text("The cause in words."),
            },
        )
    ),
}
_WORKSPACE = {
    "id": an_id("ws", "The id of the workspace."),
    "slug": text("Its short name.", "acme"),
    "name": text("The name for people.", "Acme"),
    "settings": {
        **thing("Defaults of the workspace.", {"timezone": text("The time zone of new schedules.", "UTC")}),
        "additionalProperties": True,
    },
    "quotas": thing(
        "How much it may have and do.",
        {name: whole(quota.metadata["words"]) for name, quota in QUOTAS.items()},
    ),
    "weight": number("Its share where workspaces take turns.", 1),
    "allowed_hosts": many({"type": "string"}, "The hosts that its targets and audiences may reach."),
    "version": _VERSION,
    "deleted_at": or_null(instant("When it was deleted.")),
    "purged_at": or_null(instant("From when on it cannot be had back.")),
    **_MADE,
}
_PRINCIPAL = {
    "id": an_id("prn", "The id of the principal."),
    "type": choice("A person or a service.", PrincipalType),
    "name": text("The name for people.", "Reports"),
    "email": or_null(text("The address of a person.", "ann@example.com")),
    "created_at": instant("When it was made."),
}
_KEY = {
    "id": an_id("key", "The id of the key."),
    "name": text("The name for people.", "Reports"),
    "hint": text("How the key begins.", "hor_abcd"),
    "principal": an_id("prn", "The id of the principal that it belongs to."),
    "scopes": many({"type": "string"}, "What it may do."),
    "created_at": instant("When it was made."),
    "expires_at": or_null(instant("When it ends.")),
    "last_used_at": or_null(instant("When it was used last, to some minutes.")),
    "revoked_at": or_null(instant("When it was revoked.")),
    "targets": many({"type": "string"}, "The targets that it is restricted to; empty: all."),
    "labels": texts_by_name("The labels that it is restricted to; empty: all."),
    "networks": many({"type": "string"}, "The networks that it is accepted from; empty: all."),
}
_GRANTS = {
    "targets": many({"type": "string"}, "Ids of targets; * stands for all."),
    "next_cursor": or_null(
        text(
            "There are further grants: GET /principals/{id}/grants goes on with it as cursor; null: these are all."
        )
    ),
}
_AUDIENCE = {
    "count": or_null(whole("Rows that it has now; null where they cannot be read.", 42)),
    "more": flag("Whether there are more than were counted."),
    "sample": many(
        thing("A row.", {"key": text("Its key."), "data": anything("What the source says of it.")}),
        "The first rows; with a schedule none where the key does not have directory:read.",
    ),
    "fault": or_null(text("Why a fire would fail on these rows.")),
    "error": text("Why the source cannot be read."),
}
_TABLE = {
    "database": text("The database.", "crm"),
    "table": text("The table.", "people"),
    "columns": many(
        thing(
            "A column.",
            {
                "name": text("Its name.", "email"),
                "type": text("Its type.", "text"),
                "nullable": flag("Whether it may be empty."),
                "primary_key": flag("Whether it is part of the primary key."),
            },
        ),
        "Its columns.",
    ),
}
_SOURCE = {
    "id": an_id("src", "Its id."),
    "name": text("The name by which audiences use it.", "people"),
    "type": text("sql, http, or one from a plug-in.", "sql"),
    "config": free(
        "Its settings. Secrets are shown as ***. Of one that is shared from another workspace, none."
    ),
    "shared_from": or_null(
        an_id("src", "The source of another workspace that this one is; it is changed there.")
    ),
    "disabled_reason": or_null(text("Why it cannot be read, where it is not shared any more.")),
    **_MADE,
}
_PAGES = {
    "docs": text("The page for people.", "/horarium/v1/docs"),
    "openapi": text("The description for programs.", "/horarium/v1/openapi.json"),
}
_POLICIES = {
    "overlap": choice(
        "What happens while an earlier fire has not ended. With skip a slot does not fire; but where the earlier fire "
        "has not even begun, the latest slot waits for it.",
        Overlap,
    ),
    "overlap_scope": choice("Whether overlap is looked at by fire or by row.", OverlapScope),
    "buffer_limit": whole("Fires that may wait.", 100),
    "catch_up": choice("What happens to slots that were missed.", CatchUp),
    "catch_up_window": length("How old a missed slot may be to fire", 3600),
    "catch_up_limit": whole("Missed slots that fire at most."),
    "grace": length("How late a slot fires as if it were in time", 60),
    "jitter": length("Within which time after its slots it fires, always at the same", 0),
    "max_fires": or_null(whole("Fires after which it is completed.")),
    "after_pause": choice("What a one-time schedule does whose slot passed in a pause.", AfterPause),
    "after_completion": choice("Whether it stays when it is completed.", AfterCompletion),
    "pause_after_failures": or_null(whole("Failures in a row after which it pauses.")),
    "retry": thing("How failed attempts are repeated.", _RETRY),
    "timeout": or_null(length("How long an attempt may take; null: as the target says", 30)),
    "lateness_objective": or_null(
        length("An event tells of fires that begin so long after they were due", 30)
    ),
    "dst_gap": or_null(choice("A local time that the clocks jump over.", ("next_valid", "skip", "shift"))),
    "dst_overlap": or_null(choice("A local time that comes twice.", ("first", "last", "both"))),
    "dst_every_hour": or_null(choice("Whether every hour means elapsed hours.", ("elapsed", "literal"))),
}
_EVENT = {
    "id": an_id("evt", "The id of the event, the same however often it is sent."),
    "type": choice(
        "What has happened. `schedule.ending` is told after a slot of the schedule was decided, if one is left then.",
        EventType,
    ),
    "at": instant("When it happened."),
    "workspace": an_id("ws", "The workspace."),
    "schedule": or_null(
        thing(
            "The schedule, as it was when the event was told.",
            {
                "id": an_id("sch", "Its id."),
                "key": or_null(text("Its key.")),
                "name": or_null(text("Its name.")),
                "labels": _LABELS,
            },
        )
    ),
    "target": or_null(
        thing(
            "The target.",
            {
                "id": an_id("tgt", "Its id."),
                "key": or_null(text("Its key.")),
                "name": or_null(text("Its name.")),
            },
        )
    ),
    "fire": or_null(
        {
            **thing(
                "The fire.",
                {
                    "id": an_id("fire", "Its id."),
                    "kind": choice("Who asked for it.", FireKind),
                    "state": choice("Where it is.", FireState),
                    "slot": instant("Its slot."),
                    "due_at": instant("When it was due: the slot plus the jitter."),
                    "fired_at": instant("When the server acted."),
                    "finished_at": or_null(instant("When it ended.")),
                    "runs": whole("Its runs."),
                    "succeeded": whole("Of these, those that succeeded."),
                    "failed": whole("Of these, those that failed."),
                    "cancelled": whole("Of these, those that were cancelled."),
                    "error": or_null(text("Why it failed, of a fire with one run or without an audience.")),
                },
                (
                    "kind",
                    "state",
                    "slot",
                    "due_at",
                    "fired_at",
                    "finished_at",
                    "runs",
                    "succeeded",
                    "failed",
                    "cancelled",
                    "error",
                ),
            ),
        }
    ),
    "details": free("What else is to be said, by type; docs/events.md has the members."),
}
_WEBHOOK = {
    "id": an_id("hook", "The id of the webhook."),
    "name": text("The name for people."),
    "url": text("Where events are sent.", "https://example.com/hooks/horarium"),
    "types": many({"type": "string"}, "The types that are sent; empty: all."),
    "labels": texts_by_name("Only events of schedules that carry these labels are sent."),
    "schedules": many({"type": "string"}, "Only events of these schedules are sent; empty: of all."),
    "enabled": flag("Whether events are sent."),
    "disabled_reason": or_null(text("Why none are sent.")),
    "failing_since": or_null(instant("Since when nothing that was sent has arrived.")),
    "version": _VERSION,
    **_MADE,
}
_DELIVERY = {
    "event": an_id("evt", "The event."),
    "type": choice("Its type.", EventType),
    "state": choice("What became of it.", DeliveryState),
    "attempts": whole("How often it was sent.", 1),
    "first_at": instant("When it was first sent; where it has not been sent yet, when it first had to wait."),
    "last_at": or_null(instant("When it was sent last.")),
    "next_attempt_at": or_null(instant("When it is sent again.")),
    "status": or_null(whole("The HTTP status of the last answer.", 200)),
    "error": or_null(text("Why it did not arrive.")),
}
_LINE = {
    "line": whole("The number of the line, from 1.", 1),
    "status": whole("The status that the line would have alone.", 201),
    "result": choice("What has become of it.", ("created", "updated", "unchanged", "refused")),
    "id": an_id("sch", "The id of the schedule; absent where the line is refused."),
    "key": or_null(text("Its key; absent where the line is refused.")),
    "next_fire_at": or_null(instant("When it fires next; absent where the line is refused.")),
    "detail": text("Why the line is refused; absent otherwise."),
    "errors": many(ref("ProblemEntry"), "Every problem of a refused line; absent otherwise."),
}
if set(_RETRY) != {field.name.removesuffix("_ms") for field in fields(Retry)}:
    raise TypeError("the description of the retry policy has other fields than the policy")


def _page(name: str, words: str) -> Schema:
    return thing(words, _paged(name))


def _counted_page(name: str, words: str) -> Schema:
    """A page of a list that tells its total where it is asked to."""
    return thing(words, {**_paged(name), "total": ref("Total")}, ("total",))


def _paged(name: str) -> dict[str, Schema]:
    return {
        "items": many(ref(name), "The items of this page."),
        "next_cursor": or_null(text("Send it as cursor for the next page; null: this is the last.")),
    }


COMPONENTS: dict[str, Schema] = {
    "Problem": thing("An error (RFC 9457).", {**_PROBLEM, "request_id": text("Where the log has more.")},
                     ("request_id",)),
    "ProblemEntry": _PROBLEM_ENTRY,
    "Total": thing(
        "How many items a list has on all its pages, where total=true asks for it.",
        {
            "count": whole("How many there are; where at_least is true, how many were counted.", 120),
            "at_least": flag("Counting stopped there, so that the page is not slow: there may be more."),
        },
    ),
    "ImportProblem": thing(
        "An import of which lines were refused.",
        {
            **_PROBLEM,
            "errors": many(
                thing("A refused line.", {"line": whole("Its number, from 1."), **_PROBLEM_ENTRY["properties"]}),
                "The refused lines.",
            ),
            "stored": whole("Items that were stored."),
            "not_stored": many(
                thing("Lines.", {"first_line": whole("The first."), "last_line": whole("The last.")}),
                "Lines that were not stored because another line of their chunk was refused.",
            ),
            "ended_early": flag("Whether the rest was not read."),
        },
    ),
    "Recurrence": RECURRENCE,
    "Policies": thing("How a schedule behaves, with all defaults.", _POLICIES),
    "ListedSchedule": thing("A schedule as lists show it.", _SCHEDULE),
    "Schedule": thing(
        "A schedule.",
        {
            **_SCHEDULE,
            "in_words": text("Its recurrence in words.", "At 09:00, every day, UTC time"),
            "next_fires": many(ref("Occurrence"), "Its next fires."),
        },
    ),
    "SchedulePage": _counted_page("ListedSchedule", "A page of schedules."),
    "BulkLine": thing("The answer to one line of a bulk request.", _LINE,
                      ("id", "key", "next_fire_at", "detail", "errors")),
    "Occurrence": thing("A coming fire.", _OCCURRENCE),
    "Preview": thing(
        "What a schedule will do.",
        {
            "in_words": text("Its recurrence in words.", "At 09:00, every day, UTC time"),
            "next_fires": many(ref("Occurrence"), "The next fires."),
            "audience": ref("AudiencePreview"),
        },
        ("audience",),
    ),
    "Explanation": thing(
        "Why an instant fired, or did not.",
        {
            "at": instant("The instant."),
            "local": text("The same in the schedule's time zone.", "2026-03-08T10:00:00+01:00"),
            "verdict": choice("The answer for programs.", _VERDICTS),
            "sentence": text("The answer for people."),
            "in_words": text("The recurrence that was in force."),
            "schedule_version": or_null(whole("The version of the definition that was in force.")),
            "fire": or_null(ref("Fire")),
            "span": or_null(ref("Span")),
            "pause": or_null(ref("Pause")),
            "previous_slot_at": or_null(instant("The slot before.")),
            "next_slot_at": or_null(instant("The slot after.")),
            "audience": ref("AudiencePreview"),
        },
        ("audience",),
    ),
    "Missed": thing(
        "The missed slots that a fire stands for.",
        {"count": whole("How many.", 3), "first_at": instant("The first."), "last_at": instant("The last.")},
    ),
    "Fire": thing("What was started for a slot, by hand, or by a backfill.", _FIRE),
    "FirePage": _counted_page("Fire", "A page of fires."),
    "Backfill": thing(
        "The fires of a backfill.",
        {"count": whole("How many."), "items": many(ref("Fire"), "The fires, by slot.")},
    ),
    "BackfillPlan": thing(
        "What a backfill would fire.",
        {
            "count": whole("How many slots.", 24),
            "slots": many(instant("A slot."), "The first of them."),
            "last_slot_at": or_null(instant("The last of them.")),
        },
    ),
    "ListedVersion": thing("A version of a schedule's definition as lists show it.", _LISTED_VERSION),
    "VersionPage": _page("ListedVersion", "A page of versions."),
    "Version": thing("A version of a schedule's definition.", _WHOLE_VERSION),
    "Span": thing("Slots that did not fire.", _SPAN),
    "FireEntry": thing("A slot that fired.", {"entry": choice("Which kind of entry it is.", ("fire",)), **_FIRE}),
    "SpanEntry": thing(
        "Slots that did not fire.", {"entry": choice("Which kind of entry it is.", ("span",)), **_SPAN}
    ),
    "Ledger": thing(
        "Every slot of a schedule once.",
        {
            "items": many(_ENTRY, "The entries, by slot."),
            "next_from": or_null(instant("Send it as from for what follows; null: this is the end.")),
            "accounted_to": or_null(instant("Up to here every slot has its entry.")),
        },
    ),
    "LedgerPage": thing(
        "A page of the entries of a workspace.",
        {
            "items": many(_ENTRY, "The entries, the latest slot first."),
            "next_cursor": or_null(text("Send it as cursor for the next page; null: this is the last.")),
        },
    ),
    "Action": thing("An action on many schedules or runs, and how far it has come.", _ACTION),
    "ActionPage": _page("Action", "A page of actions."),
    "Trial": thing(
        "What an action would be done to.",
        {
            "action": choice("What would be done.", ActionKind),
            "dry_run": flag("Always true."),
            "matched": whole("How many schedules or runs match.", 120),
            "exact": flag("Whether that is all of them; otherwise there are more."),
            "schedules": many(
                thing(
                    "A schedule.",
                    {name: _SCHEDULE[name] for name in ("id", "key", "name", "state")},
                ),
                "The first of the schedules.",
            ),
            "runs": many(ref("Run"), "The first of the runs."),
        },
    ),
    "ActionOrTrial": {
        "description": "The action, or, with dry_run, what it would be done to.",
        "anyOf": [ref("Action"), ref("Trial")],
    },
    "Waiting": thing(
        "What a run waits for.", {"for": choice("The cause.", WaitCause), "in_words": text("The cause in words.")}
    ),
    "Waited": thing(
        "For what a run has waited.",
        {
            "seconds": length("In all"),
            "for": {
                "type": "object",
                "description": "Seconds by cause.",
                "additionalProperties": {"type": "number"},
            },
        },
    ),
    "Run": thing("One execution of a target.", {**_RUN, **_GIVEN}, _GIVEN),
    "RunPage": _counted_page("Run", "A page of runs."),
    "Attempt": thing(
        "One try of a run.",
        {
            "number": whole("From 1.", 1),
            "started_at": instant("When it began."),
            "finished_at": instant("When it ended."),
            "duration": number("How long it took, in seconds.", 0.25),
            "status": or_null(whole("The HTTP status of the answer.", 200)),
            "error": or_null(text("Why it failed.")),
        },
    ),
    "RunInFull": thing(
        "A run with its attempts, and with what it was given.",
        {**_RUN, **_GIVEN, "history": many(ref("Attempt"), "Its attempts, oldest first.")},
    ),
    "Target": thing("What schedules run.", _TARGET),
    "TargetPage": _counted_page("Target", "A page of targets."),
    "Share": thing(
        "A workspace with which a target is shared.",
        {
            "workspace": an_id("ws", "The workspace that may use the target."),
            "target": an_id("tgt", "The id of the target there."),
            "key": or_null(text("The key of the target there.", "report")),
            "created_at": instant("Since when it is there."),
        },
    ),
    "SharePage": _page("Share", "A page of workspaces with which a target is shared."),
    "SourceShare": thing(
        "A workspace with which a source of audiences is shared.",
        {
            "workspace": an_id("ws", "The workspace that may use the source."),
            "source": an_id("src", "The id of the source there."),
            "name": text("The name of the source there.", "people"),
            "created_at": instant("Since when it is there."),
        },
    ),
    "SourceSharePage": _page("SourceShare", "A page of workspaces with which a source is shared."),
    "Lane": thing("How the runs of a target stand that are not over.", _LANE),
    "TargetInFull": thing("A target with how its runs stand.", {**_TARGET, "lane": ref("Lane")}),
    "NewTarget": thing(
        "A target, with the secret that was made for it.",
        {
            **_TARGET,
            "signing_secret": text("The secret that verifies requests. It is shown only this once."),
            "verification_key": text("The public key that verifies requests, where they are signed by Ed25519."),
        },
        ("signing_secret", "verification_key"),
    ),
    "TriedCall": thing(
        "What came of one call by which a target was tried out.",
        {
            "target": an_id("tgt", "The target."),
            "run": an_id("run", "What the target took for the id of a run; no run was stored."),
            "outcome": choice("How it ended.", Verdict),
            "status": or_null(whole("The status of the answer, if it has one.", 200)),
            "error": or_null(text("Why it failed.", "the target answered 500 Internal Server Error")),
            "output": anything("What the target answered: JSON where it is JSON, else a text."),
            "retryable": flag("Whether a run would make another attempt after this."),
            "began_at": instant("When it began."),
            "took": length("How long it took", 0.12),
            "request": or_null(ref("SentMessage")),
            "answer": or_null(ref("SentMessage")),
        },
    ),
    "SentRequest": thing(
        "What an attempt of a run has sent. Requests are not stored: it is made once more of what is, and not sent.",
        {
            "attempt": whole("The number of the attempt, from 1.", 1),
            "request": or_null(ref("SentMessage")),
            "reason": or_null(text("Why there is no request to show.", "nothing was sent")),
            "target_changed_at": or_null(
                instant("When the target was changed after the attempt began; the request is then of what it is now.")
            ),
        },
    ),
    "SentMessage": thing(
        "A request or its answer without secrets; null for executors that send none, or where none came.",
        {
            "line": text("What it begins with: method and URL, or the status.", "POST https://example.com/hook"),
            "headers": many(
                thing("A header.", {"name": text("Its name.", "content-type"), "value": text("Its value.")}),
                "Its headers; *** stands for secrets.",
            ),
            "body": text("Its body as a text; a long one is cut.", '{"ok": true}'),
        },
    ),
    "Table": thing("An embedded table.", _TABLE),
    "TableList": thing(
        "The embedded tables of a workspace.",
        {
            "items": many(
                thing("A table.", {name: _TABLE[name] for name in ("database", "table")}), "The tables."
            )
        },
    ),
    "TableRows": thing(
        "A page of rows.",
        {
            "rows": many(free("A row, by column."), "The rows."),
            "next": or_null(whole("Send it as after for what follows; null: this is the end.")),
        },
    ),
    "RotatedSecrets": thing(
        "What the rotation has done.",
        {
            "new_key": flag("Whether a key was made: not where the keys come from the settings."),
            "resealed": whole("Secrets that were encrypted anew."),
        },
    ),
    "Imported": thing("What an import has done.", {"stored": whole("Items that were stored.")}),
    "DirectoryItem": {
        **thing("An item of the directory: whatever its maker has entered.", {"id": text("Its id.", "u1")}),
        "additionalProperties": True,
    },
    "DirectoryPage": _page("DirectoryItem", "A page of items."),
    "AudiencePreview": thing("How many rows an audience has now.", _AUDIENCE, ("error",)),
    "AudienceSource": thing("A source of audiences.", _SOURCE),
    "AudienceSourceList": _counted_page("AudienceSource", "The sources of a workspace, all on one page."),
    "Workspace": thing("A tenant.", _WORKSPACE),
    "WorkspacePage": _page("Workspace", "A page of workspaces."),
    "WorkspaceInFull": thing(
        "A workspace with what it uses.",
        {
            **_WORKSPACE,
            "usage": thing(
                "What it uses, under the names of the quotas.",
                {name: whole("How much.") for name in ("schedules", "targets", "fires_per_hour")},
            ),
            "pause": or_null(ref("Pause")),
        },
    ),
    "Erasure": thing("The erasure of a person. Whom it erases is not kept.", _ERASURE),
    "ErasurePage": _page("Erasure", "A page of erasures."),
    "Pause": thing("A time in which the clock of a workspace or a schedule stands still.", _PAUSE),
    "Window": thing("A maintenance window: a pause that recurs.", _WINDOW),
    "WindowList": _page("Window", "The maintenance windows of a workspace or a schedule, all on one page."),
    "PausePage": _page("Pause", "A page of pauses."),
    "NewWorkspace": thing(
        "A workspace with its first principal and key.",
        {**_WORKSPACE, "admin": ref("Principal"), "admin_key": ref("NewKey")},
    ),
    "Me": thing(
        "Who the key belongs to.",
        {
            "workspace": ref("Workspace"),
            "principal": ref("Principal"),
            "key": thing("The key.", {name: _KEY[name] for name in ("id", "scopes")}),
            **_GRANTS,
        },
    ),
    "Principal": thing("Who acts: a person or a service.", _PRINCIPAL),
    "PrincipalPage": _page("Principal", "A page of principals."),
    "Grants": thing("The targets that a principal may schedule.", _GRANTS),
    "Key": thing("An API key.", _KEY),
    "KeyPage": _page("Key", "A page of keys."),
    "NewKey": thing(
        "A new key with its text.", {**_KEY, "key": text("The key itself. It is shown only this once.")}
    ),
    "Event": thing("Something that has happened.", _EVENT),
    "EventPage": _counted_page("Event", "A page of events."),
    "Webhook": thing("Where events are sent.", _WEBHOOK),
    "WebhookPage": _page("Webhook", "A page of webhooks."),
    "NewWebhook": thing(
        "A webhook, with the secret that was made for it.",
        {
            **_WEBHOOK,
            "signing_secret": text("The secret that verifies requests. It is shown only this once."),
            "verification_key": text("The public key that verifies requests, where they are signed by Ed25519."),
        },
        ("signing_secret", "verification_key"),
    ),
    "Replayed": thing("What is sent once more.", {"events": whole("Events that are looked at.", 12)}),
    "Delivery": thing("What became of an event that was sent.", _DELIVERY),
    "DeliveryPage": _page("Delivery", "A page of deliveries."),
    "AuditEntry": {
        **thing(
            "What somebody has done.",
            {
                "id": an_id("aud", "The id of the entry."),
                "at": instant("When it was done."),
                "action": text("What was done.", "schedule.created"),
                "subject": text("To what: an id, or a name such as audience:people."),
                "by": thing(
                    "Who did it.",
                    {
                        "principal": or_null(an_id("prn", "The principal; null: the server itself.")),
                        "key": or_null(an_id("key", "The key.")),
                        "address": or_null(text("The address that the request came from.")),
                        "request": or_null(text("The X-Request-Id.")),
                    },
                ),
                "before": or_null(free("The fields that were changed, as they were.")),
                "after": or_null(free("The same as they became.")),
            },
        ),
        "additionalProperties": True,
    },
    "AuditPage": _counted_page("AuditEntry", "A page of the audit log."),
    "Erased": thing("What was erased.", {"erased": whole("Entries that were erased.")}),
    "Health": thing(
        "The server lives.",
        {"status": choice("Always ok.", ("ok",)), "version": text("Its version."), "tzdata": text("Its zone data.")},
    ),
    "Readiness": {
        **thing(
            "Whether the server can work.",
            {"status": text("ready where it can.", "ready"), "detail": text("Why it cannot.")},
            ("detail",),
        ),
        "additionalProperties": True,
    },
    "Home": thing(
        "What this server is.",
        {
            "name": text("Its name.", "Horarium"),
            "version": text("Its version.", "0.1.0"),
            "api": text("Where this API is.", "/horarium/v1"),
            **_PAGES,
            "health": text("Where its health is told.", "/healthz"),
            "other_apis": {
                "type": "object",
                "description": "The other APIs, by name.",
                "additionalProperties": thing("Where it is described.", _PAGES),
            },
        },
    ),
}  # fmt: skip
