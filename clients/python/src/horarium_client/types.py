"""The bodies and answers of the API. Generated from docs/openapi.json."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class ActionProblem(TypedDict):
    """
    A refusal.
    """

    error: str
    """
    Why.
    """
    id: str
    """
    The id of the schedule or run.
    """


class Action(TypedDict):
    """
    An action on many schedules or runs, and how far it has come.
    """

    action: Literal["pause", "resume", "delete", "relabel", "retarget", "fire", "cancel", "retry"]
    """
    What is done.
    """
    changed: int
    """
    Of these, those to which it was done.
    """
    done: int
    """
    Schedules or runs that had their turn.
    """
    error: str | None
    """
    Why the action as a whole has failed.
    """
    finished_at: str | None
    """
    When it ended.
    """
    id: str
    """
    The id of the action.
    """
    of: Literal["schedules", "runs"]
    """
    To which things.
    """
    problems: list[ActionProblem]
    """
    The first refusals.
    """
    refused: int
    """
    Of these, those for which it was refused.
    """
    state: Literal["running", "done", "cancelled", "failed"]
    """
    Where it is.
    """
    taken_at: str
    """
    When it was taken. What was made later is left alone.
    """
    taken_by: str
    """
    The principal that took it.
    """
    unchanged: int
    """
    Of these, those that were as wanted already.
    """


class ActionPage(TypedDict):
    """
    A page of actions.
    """

    items: list[Action]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class Attempt(TypedDict):
    """
    One try of a run.
    """

    duration: float
    """
    How long it took, in seconds.
    """
    error: str | None
    """
    Why it failed.
    """
    finished_at: str
    """
    When it ended.
    """
    number: int
    """
    From 1.
    """
    started_at: str
    """
    When it began.
    """
    status: int | None
    """
    The HTTP status of the answer.
    """


class AudienceBody(TypedDict):
    audience: Any
    sample: NotRequired[int]
    """
    how many rows are shown
    """


class AudiencePreviewSampleItem(TypedDict):
    """
    A row.
    """

    data: Any
    """
    What the source says of it.
    """
    key: str
    """
    Its key.
    """


class AudiencePreview(TypedDict):
    """
    How many rows an audience has now.
    """

    count: int | None
    """
    Rows that it has now; null where they cannot be read.
    """
    error: NotRequired[str]
    """
    Why the source cannot be read.
    """
    fault: str | None
    """
    Why a fire would fail on these rows.
    """
    more: bool
    """
    Whether there are more than were counted.
    """
    sample: list[AudiencePreviewSampleItem]
    """
    The first rows; with a schedule none where the key does not have directory:read.
    """


class AudienceSource(TypedDict):
    """
    A source of audiences.
    """

    config: dict[str, Any]
    """
    Its settings. Secrets are shown as ***. Of one that is shared from another workspace, none.
    """
    created_at: str
    """
    When it was made.
    """
    disabled_reason: str | None
    """
    Why it cannot be read, where it is not shared any more.
    """
    id: str
    """
    Its id.
    """
    name: str
    """
    The name by which audiences use it.
    """
    shared_from: str | None
    """
    The source of another workspace that this one is; it is changed there.
    """
    type: str
    """
    sql, http, or one from a plug-in.
    """
    updated_at: str
    """
    When it was changed last.
    """


class AuditEntryBy(TypedDict):
    """
    Who did it.
    """

    address: str | None
    """
    The address that the request came from.
    """
    key: str | None
    """
    The key.
    """
    principal: str | None
    """
    The principal; null: the server itself.
    """
    request: str | None
    """
    The X-Request-Id.
    """


class AuditEntry(TypedDict):
    """
    What somebody has done.
    """

    action: str
    """
    What was done.
    """
    after: dict[str, Any] | None
    """
    The same as they became.
    """
    at: str
    """
    When it was done.
    """
    before: dict[str, Any] | None
    """
    The fields that were changed, as they were.
    """
    by: AuditEntryBy
    """
    Who did it.
    """
    id: str
    """
    The id of the entry.
    """
    subject: str
    """
    To what: an id, or a name such as audience:people.
    """


class AuditLine(TypedDict):
    """
    An entry of the audit log on each line; with proof=true the chain with its hashes.
    """


BackfillBody = TypedDict(
    "BackfillBody",
    {
        "dry_run": NotRequired[bool | None],
        "from": str,
        "to": str,
    },
)


class BackfillPlan(TypedDict):
    """
    What a backfill would fire.
    """

    count: int
    """
    How many slots.
    """
    last_slot_at: str | None
    """
    The last of them.
    """
    slots: list[str]
    """
    The first of them.
    """


class CompleteBody(TypedDict):
    output: NotRequired[Any]
    token: NotRequired[str | None]


class Delivery(TypedDict):
    """
    What became of an event that was sent.
    """

    attempts: int
    """
    How often it was sent.
    """
    error: str | None
    """
    Why it did not arrive.
    """
    event: str
    """
    The event.
    """
    first_at: str
    """
    When it was first sent; where it has not been sent yet, when it first had to wait.
    """
    last_at: str | None
    """
    When it was sent last.
    """
    next_attempt_at: str | None
    """
    When it is sent again.
    """
    state: Literal["delivered", "waiting", "failed", "replayed"]
    """
    What became of it.
    """
    status: int | None
    """
    The HTTP status of the last answer.
    """
    type: Literal[
        "fire.completed",
        "fire.partial",
        "fire.failed",
        "fire.cancelled",
        "fire.skipped",
        "fire.missed",
        "fire.late",
        "schedule.paused",
        "schedule.ending",
        "schedule.ended",
        "target.disabled",
        "target.failing",
        "target.recovered",
        "audience.failed",
        "quota.near",
        "webhook.disabled",
    ]
    """
    Its type.
    """


class DeliveryPage(TypedDict):
    """
    A page of deliveries.
    """

    items: list[Delivery]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class DirectoryItem(TypedDict):
    """
    An item of the directory: whatever its maker has entered.
    """

    id: str
    """
    Its id.
    """


class DirectoryPage(TypedDict):
    """
    A page of items.
    """

    items: list[DirectoryItem]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class Erased(TypedDict):
    """
    What was erased.
    """

    erased: int
    """
    Entries that were erased.
    """


class Erasure(TypedDict):
    """
    The erasure of a person. Whom it erases is not kept.
    """

    by: str
    """
    Who asked for it.
    """
    counts: dict[str, int]
    """
    How many rows were changed, by place.
    """
    created_at: str
    """
    When it was asked for.
    """
    finished_at: str | None
    """
    When it was done.
    """
    hash: str
    """
    SHA-256 of the salt and the person, in hexadecimal: it tells who was erased to who knows.
    """
    id: str
    """
    The id of the erasure.
    """
    place: Literal[
        "spool",
        "own_runs",
        "directory",
        "users",
        "contacts",
        "deals",
        "tasks",
        "pipelines",
        "stages",
        "actions",
        "schedules",
        "versions",
        "runs",
        "fires",
        "targets",
        "principals",
        "keys",
        "answers",
        "events",
        "deliveries",
        "audit",
        "under_way",
    ]
    """
    Where it is; once it is done, where it was last.
    """
    salt: str
    """
    Random bytes in hexadecimal.
    """
    state: Literal["running", "waiting", "done"]
    """
    Once it is done, nothing of the person can be read any more. While it is waiting, all that is stored has been looked at, and runs that were under way may still bring the person back: they are looked at when they are over.
    """
    waits_for: int
    """
    For how many runs, and audiences that are being read, it waits.
    """


class ErasureBody(TypedDict):
    principal: str
    """
    id of a principal, which may have been deleted
    """


class ErasurePage(TypedDict):
    """
    A page of erasures.
    """

    items: list[Erasure]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class EventFire(TypedDict):
    """
    The fire.
    """

    cancelled: NotRequired[int]
    """
    Of these, those that were cancelled.
    """
    due_at: NotRequired[str]
    """
    When it was due: the slot plus the jitter.
    """
    error: NotRequired[str | None]
    """
    Why it failed, of a fire with one run or without an audience.
    """
    failed: NotRequired[int]
    """
    Of these, those that failed.
    """
    finished_at: NotRequired[str | None]
    """
    When it ended.
    """
    fired_at: NotRequired[str]
    """
    When the server acted.
    """
    id: str
    """
    Its id.
    """
    kind: NotRequired[Literal["clock", "manual", "backfill"]]
    """
    Who asked for it.
    """
    runs: NotRequired[int]
    """
    Its runs.
    """
    slot: NotRequired[str]
    """
    Its slot.
    """
    state: NotRequired[
        Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
    ]
    """
    Where it is.
    """
    succeeded: NotRequired[int]
    """
    Of these, those that succeeded.
    """


class EventSchedule(TypedDict):
    """
    The schedule, as it was when the event was told.
    """

    id: str
    """
    Its id.
    """
    key: str | None
    """
    Its key.
    """
    labels: dict[str, str]
    """
    Labels that its maker chose, by name.
    """
    name: str | None
    """
    Its name.
    """


class EventTarget(TypedDict):
    """
    The target.
    """

    id: str
    """
    Its id.
    """
    key: str | None
    """
    Its key.
    """
    name: str | None
    """
    Its name.
    """


class Event(TypedDict):
    """
    Something that has happened.
    """

    at: str
    """
    When it happened.
    """
    details: dict[str, Any]
    """
    What else is to be said, by type; docs/events.md has the members.
    """
    fire: EventFire | None
    """
    The fire.
    """
    id: str
    """
    The id of the event, the same however often it is sent.
    """
    schedule: EventSchedule | None
    """
    The schedule, as it was when the event was told.
    """
    target: EventTarget | None
    """
    The target.
    """
    type: Literal[
        "fire.completed",
        "fire.partial",
        "fire.failed",
        "fire.cancelled",
        "fire.skipped",
        "fire.missed",
        "fire.late",
        "schedule.paused",
        "schedule.ending",
        "schedule.ended",
        "target.disabled",
        "target.failing",
        "target.recovered",
        "audience.failed",
        "quota.near",
        "webhook.disabled",
    ]
    """
    What has happened. `schedule.ending` is told after a slot of the schedule was decided, if one is left then.
    """
    workspace: str
    """
    The workspace.
    """


EventMessage: TypeAlias = str
"""
For each event a message: its id, its type as `event`, and the event itself as `data`. A message with an id alone tells the position while none came.
"""


class ExportLine(TypedDict):
    """
    A thing on each line: its kind as `type`, what the API shows of it as `value`.
    """


class FailBody(TypedDict):
    error: NotRequired[str | None]
    output: NotRequired[Any]
    token: NotRequired[str | None]


class Grants(TypedDict):
    """
    The targets that a principal may schedule.
    """

    next_cursor: str | None
    """
    There are further grants: GET /principals/{id}/grants goes on with it as cursor; null: these are all.
    """
    targets: list[str]
    """
    Ids of targets; * stands for all.
    """


class GrantsBody(TypedDict):
    targets: list[str | int]
    """
    ids, keys or numbers; "*" for all of them
    """


class Health(TypedDict):
    """
    The server lives.
    """

    status: Literal["ok"]
    """
    Always ok.
    """
    tzdata: str
    """
    Its zone data.
    """
    version: str
    """
    Its version.
    """


class HomeOtherApis(TypedDict):
    """
    Where it is described.
    """

    docs: str
    """
    The page for people.
    """
    openapi: str
    """
    The description for programs.
    """


class Home(TypedDict):
    """
    What this server is.
    """

    api: str
    """
    Where this API is.
    """
    docs: str
    """
    The page for people.
    """
    health: str
    """
    Where its health is told.
    """
    name: str
    """
    Its name.
    """
    openapi: str
    """
    The description for programs.
    """
    other_apis: dict[str, HomeOtherApis]
    """
    The other APIs, by name.
    """
    version: str
    """
    Its version.
    """


class ImportProblemError(TypedDict):
    """
    A refused line.
    """

    code: str
    """
    A word for programs.
    """
    field: str
    """
    The field or parameter, as a dotted path; empty where it is the whole.
    """
    line: int
    """
    Its number, from 1.
    """
    message: str
    """
    What is wrong, and what would be right.
    """


class ImportProblemNotStoredItem(TypedDict):
    """
    Lines.
    """

    first_line: int
    """
    The first.
    """
    last_line: int
    """
    The last.
    """


class ImportProblem(TypedDict):
    """
    An import of which lines were refused.
    """

    detail: str
    """
    What happened, in a sentence.
    """
    ended_early: bool
    """
    Whether the rest was not read.
    """
    errors: list[ImportProblemError]
    """
    The refused lines.
    """
    not_stored: list[ImportProblemNotStoredItem]
    """
    Lines that were not stored because another line of their chunk was refused.
    """
    status: int
    """
    The HTTP status.
    """
    stored: int
    """
    Items that were stored.
    """
    title: str
    """
    The kind of error in words.
    """
    type: str
    """
    A name for the kind of error.
    """


class Imported(TypedDict):
    """
    What an import has done.
    """

    stored: int
    """
    Items that were stored.
    """


class Key(TypedDict):
    """
    An API key.
    """

    created_at: str
    """
    When it was made.
    """
    expires_at: str | None
    """
    When it ends.
    """
    hint: str
    """
    How the key begins.
    """
    id: str
    """
    The id of the key.
    """
    labels: dict[str, str]
    """
    The labels that it is restricted to; empty: all.
    """
    last_used_at: str | None
    """
    When it was used last, to some minutes.
    """
    name: str
    """
    The name for people.
    """
    networks: list[str]
    """
    The networks that it is accepted from; empty: all.
    """
    principal: str
    """
    The id of the principal that it belongs to.
    """
    revoked_at: str | None
    """
    When it was revoked.
    """
    scopes: list[str]
    """
    What it may do.
    """
    targets: list[str]
    """
    The targets that it is restricted to; empty: all.
    """


class KeyBody(TypedDict):
    expires_at: NotRequired[str | None]
    labels: NotRequired[dict[str, str] | None]
    """
    the key changes, starts and stops only schedules that carry all of these labels
    """
    name: str
    networks: NotRequired[list[str] | None]
    """
    such as 10.1.0.0/16: the key is accepted only from these
    """
    principal: NotRequired[str | None]
    """
    id of a principal; the caller's own where it is left out
    """
    scopes: list[str]
    targets: NotRequired[list[str | int] | None]
    """
    ids, keys or numbers: the key changes, starts and stops only schedules and runs of these targets
    """


class KeyPage(TypedDict):
    """
    A page of keys.
    """

    items: list[Key]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class LaneThrottled(TypedDict):
    """
    What holds its runs back.
    """

    in_words: str
    """
    The cause in words.
    """
    since: str | None
    """
    Since when.
    """
    why: Literal["place", "limit", "pause", "circuit", "concurrency", "rate", "database", "retry"]
    """
    The cause.
    """


class Lane(TypedDict):
    """
    How the runs of a target stand that are not over.
    """

    limit: int | None
    """
    How many may be under way now, by how the target has behaved.
    """
    oldest_since: str | None
    """
    Since when the oldest of them waits.
    """
    p50: float | None
    """
    The median duration of its attempts, in seconds
    """
    p99: float | None
    """
    The duration that 99 of 100 attempts stay below, in seconds
    """
    parked: int
    """
    Calls that wait for an answer without a place in a worker.
    """
    throttled: LaneThrottled | None
    """
    What holds its runs back.
    """
    under_way: int
    """
    Attempts that are under way.
    """
    waiting: int
    """
    Runs that have not begun.
    """


class ListedScheduleCounts(TypedDict):
    """
    Its fires so far, without those by hand and of backfills.
    """

    failed: int
    """
    Of these, those that failed.
    """
    failures_in_row: int
    """
    Failures since the last success.
    """
    fires: int
    """
    Fires of the clock so far.
    """
    open: int
    """
    Fires that have not ended.
    """
    skipped: int
    """
    Slots that did not fire because of the overlap policy.
    """
    succeeded: int
    """
    Of these, those that succeeded.
    """
    waiting: int
    """
    Fires that wait for earlier ones. With the policy skip one at most.
    """


class MeKey(TypedDict):
    """
    The key.
    """

    id: str
    """
    The id of the key.
    """
    scopes: list[str]
    """
    What it may do.
    """


Metrics: TypeAlias = str
"""
Figures in the text format of Prometheus.
"""


class Missed(TypedDict):
    """
    The missed slots that a fire stands for.
    """

    count: int
    """
    How many.
    """
    first_at: str
    """
    The first.
    """
    last_at: str
    """
    The last.
    """


class NewKey(TypedDict):
    """
    A new key with its text.
    """

    created_at: str
    """
    When it was made.
    """
    expires_at: str | None
    """
    When it ends.
    """
    hint: str
    """
    How the key begins.
    """
    id: str
    """
    The id of the key.
    """
    key: str
    """
    The key itself. It is shown only this once.
    """
    labels: dict[str, str]
    """
    The labels that it is restricted to; empty: all.
    """
    last_used_at: str | None
    """
    When it was used last, to some minutes.
    """
    name: str
    """
    The name for people.
    """
    networks: list[str]
    """
    The networks that it is accepted from; empty: all.
    """
    principal: str
    """
    The id of the principal that it belongs to.
    """
    revoked_at: str | None
    """
    When it was revoked.
    """
    scopes: list[str]
    """
    What it may do.
    """
    targets: list[str]
    """
    The targets that it is restricted to; empty: all.
    """


class NewTargetExecutor(TypedDict):
    """
    How it is run: its type, and the settings of that type. Secrets are shown as ***.
    """

    type: str
    """
    The type of the executor.
    """


class NewTarget(TypedDict):
    """
    A target, with the secret that was made for it.
    """

    completion: Literal["response", "callback", "watch"]
    """
    Whether the answer ends a run, or a later callback.
    """
    created_at: str
    """
    When it was made.
    """
    created_by: str
    """
    The id of the principal that made it.
    """
    deadline: float
    """
    How long a run may wait for its callback, in seconds
    """
    description: str | None
    """
    What it does.
    """
    disabled_reason: str | None
    """
    Why it is off.
    """
    enabled: bool
    """
    Whether its runs are executed.
    """
    executor: NewTargetExecutor
    """
    How it is run: its type, and the settings of that type. Secrets are shown as ***.
    """
    extra: dict[str, Any]
    """
    What callers keep with it.
    """
    id: str
    """
    The id of the target.
    """
    input_schema: dict[str, Any] | None
    """
    A JSON Schema that inputs must satisfy.
    """
    key: str | None
    """
    The key that its maker chose.
    """
    kind: Literal["automation", "workflow", "function", "agent", "tool", "table"]
    """
    What it is.
    """
    max_concurrency: int | None
    """
    Runs that may be under way at once.
    """
    name: str
    """
    The name for people.
    """
    number: int
    """
    A number that is unique on the server.
    """
    rate_per_second: float | None
    """
    Attempts that may begin in a second.
    """
    shared_from: str | None
    """
    The target of another workspace that this one is; it is changed there.
    """
    signing_secret: NotRequired[str]
    """
    The secret that verifies requests. It is shown only this once.
    """
    timeout: float
    """
    How long one attempt may take, in seconds
    """
    updated_at: str
    """
    When it was changed last.
    """
    verification_key: NotRequired[str]
    """
    The public key that verifies requests, where they are signed by Ed25519.
    """
    version: int
    """
    Counts the changes; send it back to change only what you have seen.
    """


class NewWebhook(TypedDict):
    """
    A webhook, with the secret that was made for it.
    """

    created_at: str
    """
    When it was made.
    """
    disabled_reason: str | None
    """
    Why none are sent.
    """
    enabled: bool
    """
    Whether events are sent.
    """
    failing_since: str | None
    """
    Since when nothing that was sent has arrived.
    """
    id: str
    """
    The id of the webhook.
    """
    labels: dict[str, str]
    """
    Only events of schedules that carry these labels are sent.
    """
    name: str
    """
    The name for people.
    """
    schedules: list[str]
    """
    Only events of these schedules are sent; empty: of all.
    """
    signing_secret: NotRequired[str]
    """
    The secret that verifies requests. It is shown only this once.
    """
    types: list[str]
    """
    The types that are sent; empty: all.
    """
    updated_at: str
    """
    When it was changed last.
    """
    url: str
    """
    Where events are sent.
    """
    verification_key: NotRequired[str]
    """
    The public key that verifies requests, where they are signed by Ed25519.
    """
    version: int
    """
    Counts the changes; send it back to change only what you have seen.
    """


class NewWorkspaceQuotas(TypedDict):
    """
    How much it may have and do.
    """

    audience_rows: int
    """
    rows of the audience of one fire
    """
    bulk_lines: int
    """
    lines of one bulk request or import
    """
    concurrency: int
    """
    runs that each worker process has under way at once
    """
    fires_per_hour: int
    """
    slots of all schedules together, each schedule counted with its busiest hour
    """
    input_bytes: int
    """
    bytes of the input that one schedule or one run stores
    """
    output_bytes: int
    """
    bytes of the output that one run stores, if response_limit allows as many
    """
    schedules: int
    """
    schedules that exist at once, completed and archived ones included
    """
    smallest_period: int
    """
    seconds that lie at least between two slots of a schedule
    """
    targets: int
    """
    targets that exist at once
    """


class NewWorkspaceSettings(TypedDict):
    """
    Defaults of the workspace.
    """

    timezone: str
    """
    The time zone of new schedules.
    """


class Occurrence(TypedDict):
    """
    A coming fire.
    """

    at: str
    """
    When it is due.
    """
    local: str
    """
    The local time of its slot.
    """
    note: str
    """
    What a change of the clocks did to it; mostly empty.
    """


Pause = TypedDict(
    "Pause",
    {
        "by": str | None,
        "catch_up": Literal["latest", "all", "none"],
        "from": str,
        "id": str,
        "note": str | None,
        "schedule": str | None,
        "until": str | None,
        "window": str | None,
    },
)


class PauseBody(TypedDict):
    catch_up: NotRequired[Literal["latest", "all", "none"] | None]
    """
    what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets); none where it is not given; slots before a change of what the schedule does are given up. Of something that is paused, null takes away what was said before: then it is none
    """
    note: NotRequired[str | None]
    """
    why. Of something that is paused, null takes away what was said before
    """
    until: NotRequired[str | None]
    """
    when it resumes by itself; without it somebody has to resume it. Of something that is paused, null takes away what was said before
    """
    version: NotRequired[int | None]


class PausePage(TypedDict):
    """
    A page of pauses.
    """

    items: list[Pause]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


PersonBodyValue: TypeAlias = str


class PersonBody(TypedDict):
    person: str
    """
    row key of audiences, or id in the directory
    """
    values: NotRequired[list[PersonBodyValue] | None]
    """
    texts by which the person is known besides, such as an address or a name; a row key or an id that is one of them is the person's as well
    """


class PoliciesRetry(TypedDict):
    """
    How failed attempts are repeated.
    """

    factor: float
    """
    By how much each wait is longer than the one before.
    """
    initial: float
    """
    How long after the first attempt the second begins, in seconds
    """
    max_attempts: int
    """
    Attempts at most, the first one included.
    """
    max_delay: float
    """
    The longest wait, in seconds
    """
    max_elapsed: float | None
    """
    For how long attempts are made, in seconds
    """
    until_next_slot: bool
    """
    Whether retries end when the next slot comes.
    """


class Policies(TypedDict):
    """
    How a schedule behaves, with all defaults.
    """

    after_completion: Literal["keep", "delete"]
    """
    Whether it stays when it is completed.
    """
    after_pause: Literal["skip", "fire"]
    """
    What a one-time schedule does whose slot passed in a pause.
    """
    buffer_limit: int
    """
    Fires that may wait.
    """
    catch_up: Literal["latest", "all", "none"]
    """
    What happens to slots that were missed.
    """
    catch_up_limit: int
    """
    Missed slots that fire at most.
    """
    catch_up_window: float
    """
    How old a missed slot may be to fire, in seconds
    """
    dst_every_hour: Literal["elapsed", "literal"] | None
    """
    Whether every hour means elapsed hours.
    """
    dst_gap: Literal["next_valid", "skip", "shift"] | None
    """
    A local time that the clocks jump over.
    """
    dst_overlap: Literal["first", "last", "both"] | None
    """
    A local time that comes twice.
    """
    grace: float
    """
    How late a slot fires as if it were in time, in seconds
    """
    jitter: float
    """
    Within which time after its slots it fires, always at the same, in seconds
    """
    lateness_objective: float | None
    """
    An event tells of fires that begin so long after they were due, in seconds
    """
    max_fires: int | None
    """
    Fires after which it is completed.
    """
    overlap: Literal["skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow"]
    """
    What happens while an earlier fire has not ended. With skip a slot does not fire; but where the earlier fire has not even begun, the latest slot waits for it.
    """
    overlap_scope: Literal["fire", "row"]
    """
    Whether overlap is looked at by fire or by row.
    """
    pause_after_failures: int | None
    """
    Failures in a row after which it pauses.
    """
    retry: PoliciesRetry
    """
    How failed attempts are repeated.
    """
    timeout: float | None
    """
    How long an attempt may take; null: as the target says, in seconds
    """


class Preview(TypedDict):
    """
    What a schedule will do.
    """

    audience: NotRequired[AudiencePreview]
    in_words: str
    """
    Its recurrence in words.
    """
    next_fires: list[Occurrence]
    """
    The next fires.
    """


class Principal(TypedDict):
    """
    Who acts: a person or a service.
    """

    created_at: str
    """
    When it was made.
    """
    email: str | None
    """
    The address of a person.
    """
    id: str
    """
    The id of the principal.
    """
    name: str
    """
    The name for people.
    """
    type: Literal["person", "service", "system"]
    """
    A person or a service.
    """


class PrincipalBody(TypedDict):
    email: NotRequired[str | None]
    grants: NotRequired[list[str | int] | None]
    """
    targets it may schedule; "*" for all of them
    """
    name: str
    type: NotRequired[Literal["person", "service"]]


class PrincipalPage(TypedDict):
    """
    A page of principals.
    """

    items: list[Principal]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class ProblemEntry(TypedDict):
    """
    One thing that is wrong with a request.
    """

    code: str
    """
    A word for programs.
    """
    field: str
    """
    The field or parameter, as a dotted path; empty where it is the whole.
    """
    message: str
    """
    What is wrong, and what would be right.
    """


class Readiness(TypedDict):
    """
    Whether the server can work.
    """

    detail: NotRequired[str]
    """
    Why it cannot.
    """
    status: str
    """
    ready where it can.
    """


class RecurrenceRecurrence(TypedDict):
    """
    One of these members, or calendars and intervals together. Schedules of other APIs may have others.
    """

    at: NotRequired[str]
    """
    A local time, at which it fires once.
    """
    calendars: NotRequired[list[Any]]
    """
    Fields of dates and times that fire.
    """
    cron: NotRequired[Any]
    """
    A cron expression, or its fields.
    """
    delay: NotRequired[str | float]
    """
    Once, after this length of time.
    """
    every: NotRequired[str | float]
    """
    A length of time, such as 1h30m.
    """
    intervals: NotRequired[list[Any]]
    """
    Lengths of time, with offsets.
    """
    once: NotRequired[str]
    """
    An instant (RFC 3339), at which it fires once.
    """
    rate: NotRequired[str]
    """
    A rate, such as 5 minutes.
    """
    union: NotRequired[list[Any]]
    """
    Several recurrences together.
    """


Recurrence: TypeAlias = str | RecurrenceRecurrence
"""
When it fires: an expression, or an object of one of the kinds below.
"""


class ReplayBody(TypedDict):
    from_event: NotRequired[str | None]
    """
    id of the first event that is sent once more
    """
    since: NotRequired[str | None]
    """
    or: the events that were told at this time or later
    """


class Replayed(TypedDict):
    """
    What is sent once more.
    """

    events: int
    """
    Events that are looked at.
    """


class ResumeBody(TypedDict):
    catch_up: NotRequired[Literal["latest", "all", "none"] | None]
    """
    what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets); where it is not given, as was said when it was paused
    """
    version: NotRequired[int | None]


class RetryBody(TypedDict):
    factor: NotRequired[float | None]
    initial: NotRequired[float | str | None]
    max_attempts: NotRequired[int | None]
    max_delay: NotRequired[float | str | None]
    max_elapsed: NotRequired[float | str | None]
    until_next_slot: NotRequired[bool | None]


class RotatedSecrets(TypedDict):
    """
    What the rotation has done.
    """

    new_key: bool
    """
    Whether a key was made: not where the keys come from the settings.
    """
    resealed: int
    """
    Secrets that were encrypted anew.
    """


class RotationBody(TypedDict):
    overlap: NotRequired[float | str | None]
    """
    how long the old key goes on working
    """


RunFilter = TypedDict(
    "RunFilter",
    {
        "fire": NotRequired[str | None],
        "from": NotRequired[str | None],
        "labels": NotRequired[dict[str, str] | None],
        "row_key": NotRequired[str | None],
        "schedule": NotRequired[str | None],
        "schedule_key": NotRequired[str | None],
        "state": NotRequired[
            Literal["open", "pending", "waiting", "running", "succeeded", "failed", "cancelled"] | None
        ],
        "target": NotRequired[str | int | None],
        "to": NotRequired[str | None],
    },
)


class ScheduleCounts(TypedDict):
    """
    Its fires so far, without those by hand and of backfills.
    """

    failed: int
    """
    Of these, those that failed.
    """
    failures_in_row: int
    """
    Failures since the last success.
    """
    fires: int
    """
    Fires of the clock so far.
    """
    open: int
    """
    Fires that have not ended.
    """
    skipped: int
    """
    Slots that did not fire because of the overlap policy.
    """
    succeeded: int
    """
    Of these, those that succeeded.
    """
    waiting: int
    """
    Fires that wait for earlier ones. With the policy skip one at most.
    """


class Schedule(TypedDict):
    """
    A schedule.
    """

    audience: dict[str, Any] | None
    """
    Who it fires for, where it has an audience.
    """
    counts: ScheduleCounts
    """
    Its fires so far, without those by hand and of backfills.
    """
    created_at: str
    """
    When it was made.
    """
    created_by: str
    """
    The id of the principal that made it.
    """
    description: str | None
    """
    What it is for.
    """
    dialect: str
    """
    The API by which it was made; native is this one.
    """
    dialect_id: str | None
    """
    The id by which the clients of its own API know it; null for native ones.
    """
    end_at: str | None
    """
    The last instant at which it may fire.
    """
    ended_at: str | None
    """
    When it was completed.
    """
    ended_reason: str | None
    """
    Why it was completed.
    """
    id: str
    """
    The id of the schedule.
    """
    in_words: str
    """
    Its recurrence in words.
    """
    input: Any
    """
    What the target is given. Any JSON value.
    """
    key: str | None
    """
    The key that its maker chose.
    """
    labels: dict[str, str]
    """
    Labels that its maker chose, by name.
    """
    last_fire: str | None
    """
    The id of its last fire by the clock.
    """
    last_fire_at: str | None
    """
    When it fired last by the clock.
    """
    last_skip_reason: str | None
    """
    Why it was skipped.
    """
    last_skipped_at: str | None
    """
    The last slot that was skipped.
    """
    last_slot_at: str | None
    """
    The last slot that fired.
    """
    last_state: str | None
    """
    How its last fire by the clock ended, or stands.
    """
    name: str
    """
    The name for people.
    """
    next_fire_at: str | None
    """
    When it fires next: at the first slot that no pause or maintenance window holds back, plus its jitter. Lists are sorted and filtered by the next slot, held back or not.
    """
    next_fires: list[Occurrence]
    """
    Its next fires.
    """
    next_slot_at: str | None
    """
    The next slot.
    """
    note: str | None
    """
    Why it is paused.
    """
    paused_until: str | None
    """
    When it resumes by itself.
    """
    policies: Policies
    recurrence: Recurrence
    start_at: str | None
    """
    The first instant at which it may fire.
    """
    state: Literal["active", "paused", "completed", "archived"]
    """
    Whether it fires.
    """
    target: str
    """
    The id of the target that it runs.
    """
    timezone: str
    """
    An IANA time zone.
    """
    updated_at: str
    """
    When it was changed last.
    """
    version: int
    """
    Counts the changes; send it back to change only what you have seen.
    """


class ScheduleFilter(TypedDict):
    """
    Which schedules; an empty object means all of the workspace.
    """

    created_by: NotRequired[str | None]
    """
    id of a principal
    """
    dialect: NotRequired[str | None]
    failing: NotRequired[bool | None]
    key: NotRequired[str | None]
    key_prefix: NotRequired[str | None]
    labels: NotRequired[dict[str, str] | None]
    last_state: NotRequired[
        Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"] | None
    ]
    next_fire_before: NotRequired[str | None]
    search: NotRequired[str | None]
    state: NotRequired[Literal["active", "paused", "completed", "archived"] | None]
    target: NotRequired[str | int | None]


class SecretRotationBody(TypedDict):
    algorithm: NotRequired[Literal["hmac", "ed25519"]]
    """
    ed25519 signs with a key that never leaves the server; receivers verify with verification_key
    """
    keep_previous: NotRequired[bool]
    overlap: NotRequired[float | str | None]
    """
    how long requests are signed with the old secret too; a day if it is left out, at most 30d
    """


class SentMessageHeader(TypedDict):
    """
    A header.
    """

    name: str
    """
    Its name.
    """
    value: str
    """
    Its value.
    """


class SentMessage(TypedDict):
    """
    A request or its answer without secrets; null for executors that send none, or where none came.
    """

    body: str
    """
    Its body as a text; a long one is cut.
    """
    headers: list[SentMessageHeader]
    """
    Its headers; *** stands for secrets.
    """
    line: str
    """
    What it begins with: method and URL, or the status.
    """


class SentRequest(TypedDict):
    """
    What an attempt of a run has sent. Requests are not stored: it is made once more of what is, and not sent.
    """

    attempt: int
    """
    The number of the attempt, from 1.
    """
    reason: str | None
    """
    Why there is no request to show.
    """
    request: SentMessage | None
    target_changed_at: str | None
    """
    When the target was changed after the attempt began; the request is then of what it is now.
    """


class Share(TypedDict):
    """
    A workspace with which a target is shared.
    """

    created_at: str
    """
    Since when it is there.
    """
    key: str | None
    """
    The key of the target there.
    """
    target: str
    """
    The id of the target there.
    """
    workspace: str
    """
    The workspace that may use the target.
    """


class ShareBody(TypedDict):
    key: NotRequired[str | None]
    """
    the key of the target in the other workspace; its own if left out
    """


class SharePage(TypedDict):
    """
    A page of workspaces with which a target is shared.
    """

    items: list[Share]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class SourceBody(TypedDict):
    config: dict[str, Any]
    type: str


class SourceShare(TypedDict):
    """
    A workspace with which a source of audiences is shared.
    """

    created_at: str
    """
    Since when it is there.
    """
    name: str
    """
    The name of the source there.
    """
    source: str
    """
    The id of the source there.
    """
    workspace: str
    """
    The workspace that may use the source.
    """


class SourceShareBody(TypedDict):
    name: NotRequired[str | None]
    """
    the name of the source in the other workspace; its own if left out
    """


class SourceSharePage(TypedDict):
    """
    A page of workspaces with which a source is shared.
    """

    items: list[SourceShare]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class Span(TypedDict):
    """
    Slots that did not fire.
    """

    count: int
    """
    How many slots these are.
    """
    first_at: str
    """
    The first of these slots.
    """
    last_at: str
    """
    The last of these slots.
    """
    reason: Literal["skipped", "unbegun", "missed", "paused", "workspace_paused", "maintenance", "cancelled"]
    """
    Why these slots did not fire.
    """
    recorded_at: str
    """
    When this was entered.
    """
    schedule: str
    """
    The id of the schedule.
    """
    schedule_version: int
    """
    The version of the definition that named them.
    """


class SpanEntry(TypedDict):
    """
    Slots that did not fire.
    """

    count: int
    """
    How many slots these are.
    """
    entry: Literal["span"]
    """
    Which kind of entry it is.
    """
    first_at: str
    """
    The first of these slots.
    """
    last_at: str
    """
    The last of these slots.
    """
    reason: Literal["skipped", "unbegun", "missed", "paused", "workspace_paused", "maintenance", "cancelled"]
    """
    Why these slots did not fire.
    """
    recorded_at: str
    """
    When this was entered.
    """
    schedule: str
    """
    The id of the schedule.
    """
    schedule_version: int
    """
    The version of the definition that named them.
    """


class TableColumn(TypedDict):
    """
    A column.
    """

    name: str
    """
    Its name.
    """
    nullable: bool
    """
    Whether it may be empty.
    """
    primary_key: bool
    """
    Whether it is part of the primary key.
    """
    type: str
    """
    Its type.
    """


class Table(TypedDict):
    """
    An embedded table.
    """

    columns: list[TableColumn]
    """
    Its columns.
    """
    database: str
    """
    The database.
    """
    table: str
    """
    The table.
    """


class TableBody(TypedDict):
    """
    A table without a primary key gets a column `id` that counts up.
    """

    columns: list[dict[str, Any]]
    """
    name, type (integer, number, text, boolean, timestamp, json), primary_key, nullable
    """
    database: str
    """
    a name that you choose; the database is made with its first table
    """
    table: str


class TableListItem(TypedDict):
    """
    A table.
    """

    database: str
    """
    The database.
    """
    table: str
    """
    The table.
    """


class TableList(TypedDict):
    """
    The embedded tables of a workspace.
    """

    items: list[TableListItem]
    """
    The tables.
    """


class TableRows(TypedDict):
    """
    A page of rows.
    """

    next: int | None
    """
    Send it as after for what follows; null: this is the end.
    """
    rows: list[dict[str, Any]]
    """
    The rows.
    """


class TargetExecutor(TypedDict):
    """
    How it is run: its type, and the settings of that type. Secrets are shown as ***.
    """

    type: str
    """
    The type of the executor.
    """


class Target(TypedDict):
    """
    What schedules run.
    """

    completion: Literal["response", "callback", "watch"]
    """
    Whether the answer ends a run, or a later callback.
    """
    created_at: str
    """
    When it was made.
    """
    created_by: str
    """
    The id of the principal that made it.
    """
    deadline: float
    """
    How long a run may wait for its callback, in seconds
    """
    description: str | None
    """
    What it does.
    """
    disabled_reason: str | None
    """
    Why it is off.
    """
    enabled: bool
    """
    Whether its runs are executed.
    """
    executor: TargetExecutor
    """
    How it is run: its type, and the settings of that type. Secrets are shown as ***.
    """
    extra: dict[str, Any]
    """
    What callers keep with it.
    """
    id: str
    """
    The id of the target.
    """
    input_schema: dict[str, Any] | None
    """
    A JSON Schema that inputs must satisfy.
    """
    key: str | None
    """
    The key that its maker chose.
    """
    kind: Literal["automation", "workflow", "function", "agent", "tool", "table"]
    """
    What it is.
    """
    max_concurrency: int | None
    """
    Runs that may be under way at once.
    """
    name: str
    """
    The name for people.
    """
    number: int
    """
    A number that is unique on the server.
    """
    rate_per_second: float | None
    """
    Attempts that may begin in a second.
    """
    shared_from: str | None
    """
    The target of another workspace that this one is; it is changed there.
    """
    timeout: float
    """
    How long one attempt may take, in seconds
    """
    updated_at: str
    """
    When it was changed last.
    """
    version: int
    """
    Counts the changes; send it back to change only what you have seen.
    """


class TargetBody(TypedDict):
    completion: NotRequired[Literal["response", "callback", "watch"] | None]
    deadline: NotRequired[float | str | None]
    description: NotRequired[str | None]
    enabled: NotRequired[bool | None]
    executor: dict[str, Any]
    """
    an object with type, such as http, and the settings of that type
    """
    extra: NotRequired[dict[str, Any] | None]
    input_schema: NotRequired[dict[str, Any] | None]
    key: NotRequired[str | None]
    kind: Literal["automation", "workflow", "function", "agent", "tool", "table"]
    max_concurrency: NotRequired[int | None]
    name: str
    rate_per_second: NotRequired[float | None]
    timeout: NotRequired[float | str | None]
    version: NotRequired[int | None]
    """
    where it is given: change only what is at this version
    """


class TargetInFullExecutor(TypedDict):
    """
    How it is run: its type, and the settings of that type. Secrets are shown as ***.
    """

    type: str
    """
    The type of the executor.
    """


class TargetInFull(TypedDict):
    """
    A target with how its runs stand.
    """

    completion: Literal["response", "callback", "watch"]
    """
    Whether the answer ends a run, or a later callback.
    """
    created_at: str
    """
    When it was made.
    """
    created_by: str
    """
    The id of the principal that made it.
    """
    deadline: float
    """
    How long a run may wait for its callback, in seconds
    """
    description: str | None
    """
    What it does.
    """
    disabled_reason: str | None
    """
    Why it is off.
    """
    enabled: bool
    """
    Whether its runs are executed.
    """
    executor: TargetInFullExecutor
    """
    How it is run: its type, and the settings of that type. Secrets are shown as ***.
    """
    extra: dict[str, Any]
    """
    What callers keep with it.
    """
    id: str
    """
    The id of the target.
    """
    input_schema: dict[str, Any] | None
    """
    A JSON Schema that inputs must satisfy.
    """
    key: str | None
    """
    The key that its maker chose.
    """
    kind: Literal["automation", "workflow", "function", "agent", "tool", "table"]
    """
    What it is.
    """
    lane: Lane
    max_concurrency: int | None
    """
    Runs that may be under way at once.
    """
    name: str
    """
    The name for people.
    """
    number: int
    """
    A number that is unique on the server.
    """
    rate_per_second: float | None
    """
    Attempts that may begin in a second.
    """
    shared_from: str | None
    """
    The target of another workspace that this one is; it is changed there.
    """
    timeout: float
    """
    How long one attempt may take, in seconds
    """
    updated_at: str
    """
    When it was changed last.
    """
    version: int
    """
    Counts the changes; send it back to change only what you have seen.
    """


class TargetPatch(TypedDict):
    completion: NotRequired[Literal["response", "callback", "watch"] | None]
    deadline: NotRequired[float | str | None]
    description: NotRequired[str | None]
    enabled: NotRequired[bool | None]
    executor: NotRequired[dict[str, Any]]
    """
    an object with type, such as http, and the settings of that type
    """
    extra: NotRequired[dict[str, Any] | None]
    input_schema: NotRequired[dict[str, Any] | None]
    key: NotRequired[str | None]
    kind: NotRequired[Literal["automation", "workflow", "function", "agent", "tool", "table"]]
    max_concurrency: NotRequired[int | None]
    name: NotRequired[str]
    rate_per_second: NotRequired[float | None]
    timeout: NotRequired[float | str | None]
    version: NotRequired[int | None]
    """
    where it is given: change only what is at this version
    """


class TargetTestBody(TypedDict):
    input: NotRequired[Any]
    """
    what the target is given, as the input of a schedule
    """
    row: NotRequired[Any]
    """
    the row of an audience that it is called for, where it is called for one
    """


class Total(TypedDict):
    """
    How many items a list has on all its pages, where total=true asks for it.
    """

    at_least: bool
    """
    Counting stopped there, so that the page is not slow: there may be more.
    """
    count: int
    """
    How many there are; where at_least is true, how many were counted.
    """


class TrialSchedule(TypedDict):
    """
    A schedule.
    """

    id: str
    """
    The id of the schedule.
    """
    key: str | None
    """
    The key that its maker chose.
    """
    name: str
    """
    The name for people.
    """
    state: Literal["active", "paused", "completed", "archived"]
    """
    Whether it fires.
    """


class TriedCall(TypedDict):
    """
    What came of one call by which a target was tried out.
    """

    answer: SentMessage | None
    began_at: str
    """
    When it began.
    """
    error: str | None
    """
    Why it failed.
    """
    outcome: Literal["succeeded", "failed", "accepted"]
    """
    How it ended.
    """
    output: Any
    """
    What the target answered: JSON where it is JSON, else a text.
    """
    request: SentMessage | None
    retryable: bool
    """
    Whether a run would make another attempt after this.
    """
    run: str
    """
    What the target took for the id of a run; no run was stored.
    """
    status: int | None
    """
    The status of the answer, if it has one.
    """
    target: str
    """
    The target.
    """
    took: float
    """
    How long it took, in seconds
    """


Version = TypedDict(
    "Version",
    {
        "audience": dict[str, Any] | None,
        "end_at": str | None,
        "from": str,
        "input": Any,
        "policies": Policies,
        "recurrence": Recurrence,
        "start_at": str | None,
        "target": str,
        "timezone": str,
        "version": int,
    },
)


Waited = TypedDict(
    "Waited",
    {
        "for": dict[str, float],
        "seconds": float,
    },
)


Waiting = TypedDict(
    "Waiting",
    {
        "for": Literal["place", "limit", "pause", "circuit", "concurrency", "rate", "database", "retry"],
        "in_words": str,
    },
)


class Webhook(TypedDict):
    """
    Where events are sent.
    """

    created_at: str
    """
    When it was made.
    """
    disabled_reason: str | None
    """
    Why none are sent.
    """
    enabled: bool
    """
    Whether events are sent.
    """
    failing_since: str | None
    """
    Since when nothing that was sent has arrived.
    """
    id: str
    """
    The id of the webhook.
    """
    labels: dict[str, str]
    """
    Only events of schedules that carry these labels are sent.
    """
    name: str
    """
    The name for people.
    """
    schedules: list[str]
    """
    Only events of these schedules are sent; empty: of all.
    """
    types: list[str]
    """
    The types that are sent; empty: all.
    """
    updated_at: str
    """
    When it was changed last.
    """
    url: str
    """
    Where events are sent.
    """
    version: int
    """
    Counts the changes; send it back to change only what you have seen.
    """


class WebhookBody(TypedDict):
    labels: NotRequired[dict[str, str] | None]
    """
    only events of schedules that carry all of these labels
    """
    name: NotRequired[str | None]
    """
    the name for people; the URL where it is left out
    """
    schedule_keys: NotRequired[list[str] | None]
    """
    keys of schedules that there are, instead of their ids or beside them
    """
    schedules: NotRequired[list[str] | None]
    """
    ids of schedules: only events of these
    """
    types: NotRequired[list[str] | None]
    """
    types of events such as fire.failed, or all of one kind: fire.*; all types where it is empty
    """
    url: str
    """
    where events are sent
    """


class WebhookPage(TypedDict):
    """
    A page of webhooks.
    """

    items: list[Webhook]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class WebhookPatch(TypedDict):
    enabled: NotRequired[bool | None]
    """
    whether events are sent; what has waited meanwhile is sent when it is switched on
    """
    labels: NotRequired[dict[str, str] | None]
    """
    only events of schedules that carry all of these labels
    """
    name: NotRequired[str | None]
    schedule_keys: NotRequired[list[str] | None]
    """
    keys of schedules that there are, instead of their ids or beside them
    """
    schedules: NotRequired[list[str] | None]
    """
    ids of schedules: only events of these
    """
    types: NotRequired[list[str] | None]
    """
    types of events such as fire.failed, or all of one kind: fire.*; all types where it is empty
    """
    url: NotRequired[str | None]
    """
    where events are sent
    """
    version: NotRequired[int | None]


WindowNextItem = TypedDict(
    "WindowNextItem",
    {
        "from": str,
        "until": str,
    },
)


class Window(TypedDict):
    """
    A maintenance window: a pause that recurs.
    """

    by: str | None
    """
    Who made it.
    """
    catch_up: Literal["latest", "all", "none"]
    """
    What becomes of the slots in it when it is over.
    """
    created_at: str
    """
    When it was made.
    """
    duration: float
    """
    How long it holds from each beginning, in seconds., in seconds
    """
    end_at: str | None
    """
    After this instant it does not begin.
    """
    id: str
    """
    The id of the maintenance window.
    """
    in_words: str
    """
    The recurrence in English.
    """
    next: list[WindowNextItem]
    """
    When it holds next.
    """
    note: str | None
    """
    Why.
    """
    recurrence: Recurrence
    schedule: str | None
    """
    The schedule that it holds; null: the whole workspace.
    """
    start_at: str | None
    """
    Before this instant it does not begin.
    """
    timezone: str
    """
    The time zone of the recurrence.
    """


class WindowBody(TypedDict):
    catch_up: NotRequired[Literal["latest", "all", "none"] | None]
    """
    what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets); none where it is not given
    """
    duration: float | str
    """
    how long it holds from each beginning, in elapsed time
    """
    end_at: NotRequired[str | None]
    note: NotRequired[str | None]
    """
    why
    """
    recurrence: str | dict[str, Any]
    start_at: NotRequired[str | None]
    timezone: NotRequired[str | None]


class WindowList(TypedDict):
    """
    The maintenance windows of a workspace or a schedule, all on one page.
    """

    items: list[Window]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class WorkspaceQuotas(TypedDict):
    """
    How much it may have and do.
    """

    audience_rows: int
    """
    rows of the audience of one fire
    """
    bulk_lines: int
    """
    lines of one bulk request or import
    """
    concurrency: int
    """
    runs that each worker process has under way at once
    """
    fires_per_hour: int
    """
    slots of all schedules together, each schedule counted with its busiest hour
    """
    input_bytes: int
    """
    bytes of the input that one schedule or one run stores
    """
    output_bytes: int
    """
    bytes of the output that one run stores, if response_limit allows as many
    """
    schedules: int
    """
    schedules that exist at once, completed and archived ones included
    """
    smallest_period: int
    """
    seconds that lie at least between two slots of a schedule
    """
    targets: int
    """
    targets that exist at once
    """


class WorkspaceSettings(TypedDict):
    """
    Defaults of the workspace.
    """

    timezone: str
    """
    The time zone of new schedules.
    """


class Workspace(TypedDict):
    """
    A tenant.
    """

    allowed_hosts: list[str]
    """
    The hosts that its targets and audiences may reach.
    """
    created_at: str
    """
    When it was made.
    """
    deleted_at: str | None
    """
    When it was deleted.
    """
    id: str
    """
    The id of the workspace.
    """
    name: str
    """
    The name for people.
    """
    purged_at: str | None
    """
    From when on it cannot be had back.
    """
    quotas: WorkspaceQuotas
    """
    How much it may have and do.
    """
    settings: WorkspaceSettings
    """
    Defaults of the workspace.
    """
    slug: str
    """
    Its short name.
    """
    updated_at: str
    """
    When it was changed last.
    """
    version: int
    """
    Counts the changes; send it back to change only what you have seen.
    """
    weight: float
    """
    Its share where workspaces take turns.
    """


class WorkspaceBody(TypedDict):
    allowed_hosts: NotRequired[list[str] | None]
    """
    the hosts that targets and audiences of the workspace may reach, of those that the server allows: names, *.name for all names below one, addresses, networks; * (the default) stands for every host
    """
    name: str
    quotas: NotRequired[dict[str, Any] | None]
    """
    schedules: schedules that exist at once, completed and archived ones included; targets: targets that exist at once; smallest_period: seconds that lie at least between two slots of a schedule; fires_per_hour: slots of all schedules together, each schedule counted with its busiest hour; audience_rows: rows of the audience of one fire; concurrency: runs that each worker process has under way at once; input_bytes: bytes of the input that one schedule or one run stores; output_bytes: bytes of the output that one run stores, if response_limit allows as many; bulk_lines: lines of one bulk request or import
    """
    settings: NotRequired[dict[str, Any] | None]
    """
    timezone: the default of new schedules
    """
    slug: NotRequired[str | None]
    """
    short name in lower case; made from the name where it is left out
    """
    weight: NotRequired[float | None]
    """
    1 to 100: the share of the workspace where workspaces take turns
    """


class WorkspaceInFullQuotas(TypedDict):
    """
    How much it may have and do.
    """

    audience_rows: int
    """
    rows of the audience of one fire
    """
    bulk_lines: int
    """
    lines of one bulk request or import
    """
    concurrency: int
    """
    runs that each worker process has under way at once
    """
    fires_per_hour: int
    """
    slots of all schedules together, each schedule counted with its busiest hour
    """
    input_bytes: int
    """
    bytes of the input that one schedule or one run stores
    """
    output_bytes: int
    """
    bytes of the output that one run stores, if response_limit allows as many
    """
    schedules: int
    """
    schedules that exist at once, completed and archived ones included
    """
    smallest_period: int
    """
    seconds that lie at least between two slots of a schedule
    """
    targets: int
    """
    targets that exist at once
    """


class WorkspaceInFullSettings(TypedDict):
    """
    Defaults of the workspace.
    """

    timezone: str
    """
    The time zone of new schedules.
    """


class WorkspaceInFullUsage(TypedDict):
    """
    What it uses, under the names of the quotas.
    """

    fires_per_hour: int
    """
    How much.
    """
    schedules: int
    """
    How much.
    """
    targets: int
    """
    How much.
    """


class WorkspaceInFull(TypedDict):
    """
    A workspace with what it uses.
    """

    allowed_hosts: list[str]
    """
    The hosts that its targets and audiences may reach.
    """
    created_at: str
    """
    When it was made.
    """
    deleted_at: str | None
    """
    When it was deleted.
    """
    id: str
    """
    The id of the workspace.
    """
    name: str
    """
    The name for people.
    """
    pause: Pause | None
    purged_at: str | None
    """
    From when on it cannot be had back.
    """
    quotas: WorkspaceInFullQuotas
    """
    How much it may have and do.
    """
    settings: WorkspaceInFullSettings
    """
    Defaults of the workspace.
    """
    slug: str
    """
    Its short name.
    """
    updated_at: str
    """
    When it was changed last.
    """
    usage: WorkspaceInFullUsage
    """
    What it uses, under the names of the quotas.
    """
    version: int
    """
    Counts the changes; send it back to change only what you have seen.
    """
    weight: float
    """
    Its share where workspaces take turns.
    """


class WorkspacePage(TypedDict):
    """
    A page of workspaces.
    """

    items: list[Workspace]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class WorkspacePatch(TypedDict):
    allowed_hosts: NotRequired[list[str] | None]
    """
    the hosts that targets and audiences of the workspace may reach, of those that the server allows: names, *.name for all names below one, addresses, networks; * (the default) stands for every host. Needs workspaces:admin
    """
    name: NotRequired[str | None]
    quotas: NotRequired[dict[str, Any] | None]
    """
    schedules: schedules that exist at once, completed and archived ones included; targets: targets that exist at once; smallest_period: seconds that lie at least between two slots of a schedule; fires_per_hour: slots of all schedules together, each schedule counted with its busiest hour; audience_rows: rows of the audience of one fire; concurrency: runs that each worker process has under way at once; input_bytes: bytes of the input that one schedule or one run stores; output_bytes: bytes of the output that one run stores, if response_limit allows as many; bulk_lines: lines of one bulk request or import. Merged; null sets a quota back to its default. Needs workspaces:admin
    """
    settings: NotRequired[dict[str, Any] | None]
    """
    merged; null takes a setting away
    """
    version: NotRequired[int | None]
    weight: NotRequired[float | None]
    """
    1 to 100: the share of the workspace where workspaces take turns. Needs workspaces:admin
    """


WorkspacePauseBody = TypedDict(
    "WorkspacePauseBody",
    {
        "catch_up": NotRequired[Literal["latest", "all", "none"] | None],
        "from": NotRequired[str | None],
        "note": NotRequired[str | None],
        "until": NotRequired[str | None],
    },
)


class WorkspaceResumeBody(TypedDict):
    catch_up: NotRequired[Literal["latest", "all", "none"] | None]
    """
    what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets); where it is not given, as was said when it was paused
    """


class AudienceSourceList(TypedDict):
    """
    The sources of a workspace, all on one page.
    """

    items: list[AudienceSource]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """
    total: NotRequired[Total]


class AuditPage(TypedDict):
    """
    A page of the audit log.
    """

    items: list[AuditEntry]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """
    total: NotRequired[Total]


class BulkLine(TypedDict):
    """
    The answer to one line of a bulk request.
    """

    detail: NotRequired[str]
    """
    Why the line is refused; absent otherwise.
    """
    errors: NotRequired[list[ProblemEntry]]
    """
    Every problem of a refused line; absent otherwise.
    """
    id: NotRequired[str]
    """
    The id of the schedule; absent where the line is refused.
    """
    key: NotRequired[str | None]
    """
    Its key; absent where the line is refused.
    """
    line: int
    """
    The number of the line, from 1.
    """
    next_fire_at: NotRequired[str | None]
    """
    When it fires next; absent where the line is refused.
    """
    result: Literal["created", "updated", "unchanged", "refused"]
    """
    What has become of it.
    """
    status: int
    """
    The status that the line would have alone.
    """


class EventPage(TypedDict):
    """
    A page of events.
    """

    items: list[Event]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """
    total: NotRequired[Total]


class Fire(TypedDict):
    """
    What was started for a slot, by hand, or by a backfill.
    """

    audience_size: int | None
    """
    Rows of its audience.
    """
    cancelled: int
    """
    Runs that were cancelled.
    """
    due_at: str
    """
    The slot plus the schedule's jitter.
    """
    error: str | None
    """
    Why it failed: its audience could not be read, or its only run failed without one. With an audience each run has its own error.
    """
    failed: int
    """
    Runs that failed.
    """
    finished_at: str | None
    """
    When it ended.
    """
    fired_at: str
    """
    When it began.
    """
    id: str
    """
    The id of the fire.
    """
    kind: Literal["clock", "manual", "backfill"]
    """
    Who began it.
    """
    missed: Missed | None
    runs: int
    """
    Runs that were made.
    """
    schedule: str
    """
    The id of its schedule.
    """
    schedule_version: int
    """
    The version of the definition by which it fired.
    """
    slot_at: str
    """
    Its slot.
    """
    state: Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
    """
    How it stands.
    """
    succeeded: int
    """
    Runs that succeeded.
    """


class FireEntry(TypedDict):
    """
    A slot that fired.
    """

    audience_size: int | None
    """
    Rows of its audience.
    """
    cancelled: int
    """
    Runs that were cancelled.
    """
    due_at: str
    """
    The slot plus the schedule's jitter.
    """
    entry: Literal["fire"]
    """
    Which kind of entry it is.
    """
    error: str | None
    """
    Why it failed: its audience could not be read, or its only run failed without one. With an audience each run has its own error.
    """
    failed: int
    """
    Runs that failed.
    """
    finished_at: str | None
    """
    When it ended.
    """
    fired_at: str
    """
    When it began.
    """
    id: str
    """
    The id of the fire.
    """
    kind: Literal["clock", "manual", "backfill"]
    """
    Who began it.
    """
    missed: Missed | None
    runs: int
    """
    Runs that were made.
    """
    schedule: str
    """
    The id of its schedule.
    """
    schedule_version: int
    """
    The version of the definition by which it fired.
    """
    slot_at: str
    """
    Its slot.
    """
    state: Literal["waiting", "resolving", "running", "completed", "partial", "failed", "cancelled"]
    """
    How it stands.
    """
    succeeded: int
    """
    Runs that succeeded.
    """


class FirePage(TypedDict):
    """
    A page of fires.
    """

    items: list[Fire]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """
    total: NotRequired[Total]


LedgerItems: TypeAlias = FireEntry | SpanEntry


class Ledger(TypedDict):
    """
    Every slot of a schedule once.
    """

    accounted_to: str | None
    """
    Up to here every slot has its entry.
    """
    items: list[LedgerItems]
    """
    The entries, by slot.
    """
    next_from: str | None
    """
    Send it as from for what follows; null: this is the end.
    """


LedgerPageItems: TypeAlias = FireEntry | SpanEntry


class LedgerPage(TypedDict):
    """
    A page of the entries of a workspace.
    """

    items: list[LedgerPageItems]
    """
    The entries, the latest slot first.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


class ListedSchedule(TypedDict):
    """
    A schedule as lists show it.
    """

    audience: dict[str, Any] | None
    """
    Who it fires for, where it has an audience.
    """
    counts: ListedScheduleCounts
    """
    Its fires so far, without those by hand and of backfills.
    """
    created_at: str
    """
    When it was made.
    """
    created_by: str
    """
    The id of the principal that made it.
    """
    description: str | None
    """
    What it is for.
    """
    dialect: str
    """
    The API by which it was made; native is this one.
    """
    dialect_id: str | None
    """
    The id by which the clients of its own API know it; null for native ones.
    """
    end_at: str | None
    """
    The last instant at which it may fire.
    """
    ended_at: str | None
    """
    When it was completed.
    """
    ended_reason: str | None
    """
    Why it was completed.
    """
    id: str
    """
    The id of the schedule.
    """
    input: Any
    """
    What the target is given. Any JSON value.
    """
    key: str | None
    """
    The key that its maker chose.
    """
    labels: dict[str, str]
    """
    Labels that its maker chose, by name.
    """
    last_fire: str | None
    """
    The id of its last fire by the clock.
    """
    last_fire_at: str | None
    """
    When it fired last by the clock.
    """
    last_skip_reason: str | None
    """
    Why it was skipped.
    """
    last_skipped_at: str | None
    """
    The last slot that was skipped.
    """
    last_slot_at: str | None
    """
    The last slot that fired.
    """
    last_state: str | None
    """
    How its last fire by the clock ended, or stands.
    """
    name: str
    """
    The name for people.
    """
    next_fire_at: str | None
    """
    When it fires next: at the first slot that no pause or maintenance window holds back, plus its jitter. Lists are sorted and filtered by the next slot, held back or not.
    """
    next_slot_at: str | None
    """
    The next slot.
    """
    note: str | None
    """
    Why it is paused.
    """
    paused_until: str | None
    """
    When it resumes by itself.
    """
    policies: Policies
    recurrence: Recurrence
    start_at: str | None
    """
    The first instant at which it may fire.
    """
    state: Literal["active", "paused", "completed", "archived"]
    """
    Whether it fires.
    """
    target: str
    """
    The id of the target that it runs.
    """
    timezone: str
    """
    An IANA time zone.
    """
    updated_at: str
    """
    When it was changed last.
    """
    version: int
    """
    Counts the changes; send it back to change only what you have seen.
    """


ListedVersion = TypedDict(
    "ListedVersion",
    {
        "from": str,
        "recurrence": Recurrence,
        "timezone": str,
        "version": int,
    },
)


class Me(TypedDict):
    """
    Who the key belongs to.
    """

    key: MeKey
    """
    The key.
    """
    next_cursor: str | None
    """
    There are further grants: GET /principals/{id}/grants goes on with it as cursor; null: these are all.
    """
    principal: Principal
    targets: list[str]
    """
    Ids of targets; * stands for all.
    """
    workspace: Workspace


class NewWorkspace(TypedDict):
    """
    A workspace with its first principal and key.
    """

    admin: Principal
    admin_key: NewKey
    allowed_hosts: list[str]
    """
    The hosts that its targets and audiences may reach.
    """
    created_at: str
    """
    When it was made.
    """
    deleted_at: str | None
    """
    When it was deleted.
    """
    id: str
    """
    The id of the workspace.
    """
    name: str
    """
    The name for people.
    """
    purged_at: str | None
    """
    From when on it cannot be had back.
    """
    quotas: NewWorkspaceQuotas
    """
    How much it may have and do.
    """
    settings: NewWorkspaceSettings
    """
    Defaults of the workspace.
    """
    slug: str
    """
    Its short name.
    """
    updated_at: str
    """
    When it was changed last.
    """
    version: int
    """
    Counts the changes; send it back to change only what you have seen.
    """
    weight: float
    """
    Its share where workspaces take turns.
    """


class PolicyBody(TypedDict):
    """
    How a schedule behaves. A policy that is left out has its default. Policies may also stand beside the recurrence
    instead of in `policies`.
    """

    after_completion: NotRequired[Literal["keep", "delete"] | None]
    after_pause: NotRequired[Literal["skip", "fire"] | None]
    buffer_limit: NotRequired[int | None]
    catch_up: NotRequired[Literal["latest", "all", "none"] | None]
    catch_up_limit: NotRequired[int | None]
    catch_up_window: NotRequired[float | str | None]
    dst_every_hour: NotRequired[Literal["elapsed", "literal"] | None]
    dst_gap: NotRequired[Literal["next_valid", "skip", "shift"] | None]
    dst_overlap: NotRequired[Literal["first", "last", "both"] | None]
    grace: NotRequired[float | str | None]
    jitter: NotRequired[float | str | None]
    lateness_objective: NotRequired[float | str | None]
    """
    an event tells of fires that begin later than this after they were due
    """
    max_fires: NotRequired[int | None]
    overlap: NotRequired[
        Literal["skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow"] | None
    ]
    overlap_scope: NotRequired[Literal["fire", "row"] | None]
    pause_after_failures: NotRequired[int | None]
    retry: NotRequired[RetryBody | None]
    timeout: NotRequired[float | str | None]


class PreviewBody(TypedDict):
    after: NotRequired[str | None]
    """
    where to begin; now
    """
    count: NotRequired[int | None]
    end_at: NotRequired[str | None]
    policies: NotRequired[PolicyBody | None]
    recurrence: str | dict[str, Any]
    start_at: NotRequired[str | None]
    timezone: NotRequired[str | None]


class Problem(TypedDict):
    """
    An error (RFC 9457).
    """

    detail: str
    """
    What happened, in a sentence.
    """
    errors: list[ProblemEntry]
    """
    Every problem that was found.
    """
    request_id: NotRequired[str]
    """
    Where the log has more.
    """
    status: int
    """
    The HTTP status.
    """
    title: str
    """
    The kind of error in words.
    """
    type: str
    """
    A name for the kind of error.
    """


class Run(TypedDict):
    """
    One execution of a target.
    """

    attempts: int
    """
    Attempts so far.
    """
    created_at: str
    """
    When it was made.
    """
    due_at: str
    """
    When it was due.
    """
    error: str | None
    """
    Why the last attempt failed.
    """
    finished_at: str | None
    """
    When it ended.
    """
    fire: str | None
    """
    The id of its fire.
    """
    generation: int
    """
    0, or how often its row was run again.
    """
    id: str
    """
    The id of the run. It is the idempotency key of all of its deliveries.
    """
    input: NotRequired[Any]
    """
    What its schedule gives the target, or what was given for this run. Any JSON value.
    """
    mode: Literal["clock", "manual", "backfill", "retry"]
    """
    Who began it.
    """
    next_attempt_at: str | None
    """
    When its next attempt begins.
    """
    output: Any
    """
    What the target has answered. Any JSON value.
    """
    row: NotRequired[Any]
    """
    What the audience said of its row; null without an audience.
    """
    row_key: str
    """
    The key of its row of the audience; empty without an audience.
    """
    schedule: str | None
    """
    The id of its schedule.
    """
    slot_at: str | None
    """
    The slot of its fire.
    """
    started_at: str | None
    """
    When its first attempt began; once it has ended, when its last attempt began.
    """
    state: Literal["pending", "running", "succeeded", "failed", "cancelled"]
    """
    How it stands.
    """
    status: int | None
    """
    The HTTP status of the last answer.
    """
    target: str
    """
    The id of the target that is run.
    """
    waited: Waited | None
    waiting: Waiting | None


class RunActionBody(TypedDict):
    action: Literal["cancel", "retry"]
    dry_run: NotRequired[bool]
    """
    count and show what would be concerned, and change nothing
    """
    filter: RunFilter


class RunInFull(TypedDict):
    """
    A run with its attempts, and with what it was given.
    """

    attempts: int
    """
    Attempts so far.
    """
    created_at: str
    """
    When it was made.
    """
    due_at: str
    """
    When it was due.
    """
    error: str | None
    """
    Why the last attempt failed.
    """
    finished_at: str | None
    """
    When it ended.
    """
    fire: str | None
    """
    The id of its fire.
    """
    generation: int
    """
    0, or how often its row was run again.
    """
    history: list[Attempt]
    """
    Its attempts, oldest first.
    """
    id: str
    """
    The id of the run. It is the idempotency key of all of its deliveries.
    """
    input: Any
    """
    What its schedule gives the target, or what was given for this run. Any JSON value.
    """
    mode: Literal["clock", "manual", "backfill", "retry"]
    """
    Who began it.
    """
    next_attempt_at: str | None
    """
    When its next attempt begins.
    """
    output: Any
    """
    What the target has answered. Any JSON value.
    """
    row: Any
    """
    What the audience said of its row; null without an audience.
    """
    row_key: str
    """
    The key of its row of the audience; empty without an audience.
    """
    schedule: str | None
    """
    The id of its schedule.
    """
    slot_at: str | None
    """
    The slot of its fire.
    """
    started_at: str | None
    """
    When its first attempt began; once it has ended, when its last attempt began.
    """
    state: Literal["pending", "running", "succeeded", "failed", "cancelled"]
    """
    How it stands.
    """
    status: int | None
    """
    The HTTP status of the last answer.
    """
    target: str
    """
    The id of the target that is run.
    """
    waited: Waited | None
    waiting: Waiting | None


class RunPage(TypedDict):
    """
    A page of runs.
    """

    items: list[Run]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """
    total: NotRequired[Total]


class ScheduleActionBody(TypedDict):
    action: Literal["pause", "resume", "delete", "relabel", "retarget", "fire"]
    catch_up: NotRequired[Literal["latest", "all", "none"] | None]
    """
    for pause and resume: what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets); left out, as each schedule's own pause says, or none
    """
    dry_run: NotRequired[bool]
    """
    count and show what would be concerned, and change nothing
    """
    filter: ScheduleFilter
    labels: NotRequired[dict[str, str | None] | None]
    """
    for relabel: set where they have a value, taken away where it is null
    """
    note: NotRequired[str | None]
    """
    for pause: why; null takes it away
    """
    target: NotRequired[str | int | None]
    """
    for retarget
    """
    until: NotRequired[str | None]
    """
    for pause: when they resume by themselves; null: not
    """


class ScheduleBody(TypedDict):
    audience: NotRequired[dict[str, Any] | None]
    description: NotRequired[str | None]
    end_at: NotRequired[str | None]
    input: NotRequired[Any]
    key: NotRequired[str | None]
    labels: NotRequired[dict[str, str] | None]
    name: str
    paused: NotRequired[bool | None]
    """
    only when it is made: off the clock until it is resumed
    """
    policies: NotRequired[PolicyBody | None]
    recurrence: str | dict[str, Any]
    start_at: NotRequired[str | None]
    target: str | int
    """
    the id, the key or the number of a target
    """
    timezone: NotRequired[str | None]
    version: NotRequired[int | None]
    """
    where it is given: change only what is at this version
    """


class SchedulePage(TypedDict):
    """
    A page of schedules.
    """

    items: list[ListedSchedule]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """
    total: NotRequired[Total]


class SchedulePatch(TypedDict):
    audience: NotRequired[dict[str, Any] | None]
    description: NotRequired[str | None]
    end_at: NotRequired[str | None]
    input: NotRequired[Any]
    key: NotRequired[str | None]
    labels: NotRequired[dict[str, str] | None]
    name: NotRequired[str]
    paused: NotRequired[bool | None]
    """
    only when it is made: off the clock until it is resumed
    """
    policies: NotRequired[PolicyBody | None]
    recurrence: NotRequired[str | dict[str, Any]]
    start_at: NotRequired[str | None]
    target: NotRequired[str | int]
    """
    the id, the key or the number of a target
    """
    timezone: NotRequired[str | None]
    version: NotRequired[int | None]
    """
    where it is given: change only what is at this version
    """


class TargetPage(TypedDict):
    """
    A page of targets.
    """

    items: list[Target]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """
    total: NotRequired[Total]


class Trial(TypedDict):
    """
    What an action would be done to.
    """

    action: Literal["pause", "resume", "delete", "relabel", "retarget", "fire", "cancel", "retry"]
    """
    What would be done.
    """
    dry_run: bool
    """
    Always true.
    """
    exact: bool
    """
    Whether that is all of them; otherwise there are more.
    """
    matched: int
    """
    How many schedules or runs match.
    """
    runs: list[Run]
    """
    The first of the runs.
    """
    schedules: list[TrialSchedule]
    """
    The first of the schedules.
    """


class VersionPage(TypedDict):
    """
    A page of versions.
    """

    items: list[ListedVersion]
    """
    The items of this page.
    """
    next_cursor: str | None
    """
    Send it as cursor for the next page; null: this is the last.
    """


ActionOrTrial: TypeAlias = Action | Trial
"""
The action, or, with dry_run, what it would be done to.
"""


class Backfill(TypedDict):
    """
    The fires of a backfill.
    """

    count: int
    """
    How many.
    """
    items: list[Fire]
    """
    The fires, by slot.
    """


class Explanation(TypedDict):
    """
    Why an instant fired, or did not.
    """

    at: str
    """
    The instant.
    """
    audience: NotRequired[AudiencePreview]
    fire: Fire | None
    in_words: str
    """
    The recurrence that was in force.
    """
    local: str
    """
    The same in the schedule's time zone.
    """
    next_slot_at: str | None
    """
    The slot after.
    """
    pause: Pause | None
    previous_slot_at: str | None
    """
    The slot before.
    """
    schedule_version: int | None
    """
    The version of the definition that was in force.
    """
    sentence: str
    """
    The answer for people.
    """
    span: Span | None
    verdict: Literal[
        "fired",
        "waiting",
        "skipped",
        "missed",
        "paused",
        "cancelled",
        "due",
        "upcoming",
        "no_slot",
        "before_creation",
        "ended",
        "workspace_paused",
        "maintenance",
    ]
    """
    The answer for programs.
    """
