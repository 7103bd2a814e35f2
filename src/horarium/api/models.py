"""The bodies that our own API accepts. An unknown field, or a value of a wrong type, is an error."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from horarium.api.fields import Duration, End, FirstSlot, LastSlot, Recurrence, Reference
from horarium.api.unknown import SET_BY_SERVER, ReadOnly, read_only, unknown_fields
from horarium.domain.erasures import LONGEST_ID, LONGEST_VALUE, MOST_VALUES
from horarium.domain.errors import Invalid, Problem
from horarium.domain.host_lists import MOST_HOSTS
from horarium.domain.quotas import QUOTAS
from horarium.domain.restrictions import MOST_NAMED
from horarium.domain.schedule import MOST_LABELS, CatchUp
from horarium.service.audiences import SAMPLE_LIMIT

B = TypeVar("B", bound="Body")
# The elements of lists are checked one by one, so their number is limited, as is that of labels (MOST_LABELS).
MOST_GRANTS = 1_000
MOST_SCOPES = 100
# How many rows a preview of an audience shows where the request does not say.
SAMPLE = 5


def _few_labels(value: Any) -> Any:
    if isinstance(value, dict) and len(value) > MOST_LABELS:
        words = f"holds {len(value)} labels; at most {MOST_LABELS} are allowed"
        raise PydanticCustomError("labels", words)
    return value


Labels = Annotated[dict[str, str], BeforeValidator(_few_labels)]


class Body(BaseModel):
    """Names that are not fields are refused by `unknown_fields`, with words from these three:

    `hints` are the words for a name that is often sent by mistake, `meant` the field that such a name means (both
    written as `near_names.plain` writes names), and `shown` the fields that only answers have.
    """

    model_config = ConfigDict(strict=True, extra="ignore")
    hints: ClassVar[Mapping[str, str]] = {}
    meant: ClassVar[Mapping[str, str]] = {}
    shown: ClassVar[ReadOnly] = read_only((), ())


_QUOTAS = "; ".join(f"{name}: {quota.metadata['words']}" for name, quota in QUOTAS.items())
_WEIGHT = "1 to 100: the share of the workspace where workspaces take turns"
_HOSTS = (
    "the hosts that targets and audiences of the workspace may reach, of those that the server allows: names, "
    "*.name for all names below one, addresses, networks; * (the default) stands for every host"
)


class WorkspaceBody(Body):
    name: str
    slug: str | None = Field(
        None, description="short name in lower case; made from the name where it is left out"
    )
    settings: dict[str, Any] | None = Field(None, description="timezone: the default of new schedules")
    quotas: dict[str, Any] | None = Field(None, description=_QUOTAS)
    weight: float | None = Field(None, description=_WEIGHT)
    allowed_hosts: list[str] | None = Field(None, max_length=MOST_HOSTS, description=_HOSTS)


class WorkspacePatch(Body):
    shown = read_only(
        ("id", "slug", "created_at"), ("updated_at", "usage", "pause", "deleted_at", "purged_at")
    )

    name: str | None = None
    settings: dict[str, Any] | None = Field(None, description="merged; null takes a setting away")
    quotas: dict[str, Any] | None = Field(
        None, description=f"{_QUOTAS}. Merged; null sets a quota back to its default. Needs workspaces:admin"
    )
    weight: float | None = Field(None, description=f"{_WEIGHT}. Needs workspaces:admin")
    allowed_hosts: list[str] | None = Field(
        None, max_length=MOST_HOSTS, description=f"{_HOSTS}. Needs workspaces:admin"
    )
    version: int | None = None


class PrincipalBody(Body):
    name: str
    type: Literal["person", "service"] = "service"
    email: str | None = None
    grants: list[Reference] | None = Field(
        None, max_length=MOST_GRANTS, description='targets it may schedule; "*" for all of them'
    )


_KEYS_WORKSPACE = (
    "is not known: a key belongs to the workspace of the key that makes it; use a key of that workspace"
)


class KeyBody(Body):
    hints = dict.fromkeys(("workspace", "workspaceid", "tenant", "tenantid"), _KEYS_WORKSPACE)

    name: str
    scopes: list[str] = Field(max_length=MOST_SCOPES)
    principal: str | None = Field(
        None, description="id of a principal; the caller's own where it is left out"
    )
    expires_at: End | None = None
    targets: list[Reference] | None = Field(
        None,
        max_length=MOST_NAMED,
        description="ids, keys or numbers: the key changes, starts and stops only schedules and runs of these targets",
    )
    labels: Labels | None = Field(
        None, description="the key changes, starts and stops only schedules that carry all of these labels"
    )
    networks: list[str] | None = Field(
        None, max_length=MOST_NAMED, description="such as 10.1.0.0/16: the key is accepted only from these"
    )


class RotationBody(Body):
    overlap: Duration | None = Field(None, description="how long the old key goes on working")


class GrantsBody(Body):
    shown = read_only((), ("next_cursor",))

    targets: list[Reference] = Field(
        max_length=MOST_GRANTS, description='ids, keys or numbers; "*" for all of them'
    )


class ErasureBody(Body):
    principal: str = Field(description="id of a principal, which may have been deleted")


class TargetBody(Body):
    meant = {
        "url": "executor.url",
        "headers": "executor.headers",
        "method": "executor.method",
        "signingsecret": "executor.signing_secret",
        "secrets": "executor.secrets",
        "type": "kind, or executor.type",
        "concurrency": "max_concurrency",
    }
    shown = read_only(
        {
            **dict.fromkeys(("id", "number", "created_by", "created_at"), "cannot be changed; leave it out"),
            "disabled_reason": SET_BY_SERVER,
        },
        ("updated_at", "lane", "shared_from"),
    )

    kind: Literal["automation", "workflow", "function", "agent", "tool", "table"]
    name: str
    executor: dict[str, Any] = Field(
        description="an object with type, such as http, and the settings of that type"
    )
    key: str | None = None
    description: str | None = None
    completion: Literal["response", "callback", "watch"] | None = None
    timeout: Duration | None = None
    deadline: Duration | None = None
    max_concurrency: int | None = None
    rate_per_second: float | None = None
    input_schema: dict[str, Any] | None = None
    extra: dict[str, Any] | None = None
    enabled: bool | None = None
    version: int | None = Field(None, description="where it is given: change only what is at this version")


class ShareBody(Body):
    key: str | None = Field(
        None, description="the key of the target in the other workspace; its own if left out"
    )


class SourceShareBody(Body):
    name: str | None = Field(
        None, description="the name of the source in the other workspace; its own if left out"
    )


class SecretRotationBody(Body):
    keep_previous: bool = True
    overlap: Duration | None = Field(
        None,
        description="how long requests are signed with the old secret too; a day if it is left out, at most 30d",
    )
    algorithm: Literal["hmac", "ed25519"] = Field(
        "hmac",
        description="ed25519 signs with a key that never leaves the server; receivers verify with verification_key",
    )


class TargetTestBody(Body):
    input: Any = Field(None, description="what the target is given, as the input of a schedule")
    row: Any = Field(
        None, description="the row of an audience that it is called for, where it is called for one"
    )


# What other schedulers call the number of attempts.
_RETRIES = dict.fromkeys(("attempts", "retries", "maxattempts", "maxretries"), "retry.max_attempts")


class RetryBody(Body):
    meant = dict.fromkeys(("retries", "maxretries", "count"), "max_attempts")

    max_attempts: int | None = Field(None, ge=1, le=1000)
    initial: Duration | None = None
    factor: float | None = Field(None, ge=1, le=100)
    max_delay: Duration | None = None
    max_elapsed: Duration | None = None
    until_next_slot: bool | None = None


class PolicyBody(Body):
    """How a schedule behaves. A policy that is left out has its default. Policies may also stand beside the recurrence
    instead of in `policies`."""

    meant = _RETRIES

    overlap: (
        Literal["skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow"] | None
    ) = None
    overlap_scope: Literal["fire", "row"] | None = None
    buffer_limit: int | None = Field(None, ge=1, le=10_000)
    catch_up: Literal["latest", "all", "none"] | None = None
    catch_up_window: Duration | None = None
    catch_up_limit: int | None = Field(None, ge=1, le=10_000)
    grace: Duration | None = None
    jitter: Duration | None = None
    max_fires: int | None = Field(None, ge=1, le=1 << 53)
    after_pause: Literal["skip", "fire"] | None = None
    after_completion: Literal["keep", "delete"] | None = None
    pause_after_failures: int | None = Field(None, ge=1, le=1_000_000)
    retry: RetryBody | None = None
    timeout: Duration | None = None
    lateness_objective: Duration | None = Field(
        None, description="an event tells of fires that begin later than this after they were due"
    )
    dst_gap: Literal["next_valid", "skip", "shift"] | None = None
    dst_overlap: Literal["first", "last", "both"] | None = None
    dst_every_hour: Literal["elapsed", "literal"] | None = None


# What a recurrence and a time zone are called elsewhere.
_TIMING = {
    **dict.fromkeys(
        (
            "cron",
            "crontab",
            "cronexpression",
            "expression",
            "schedule",
            "scheduleexpression",
            "interval",
            "every",
        ),
        "recurrence",
    ),
    **dict.fromkeys(("tz", "zone"), "timezone"),
}
PAUSING = "is changed by POST /schedules/{id}/pause and POST /schedules/{id}/resume"


class ScheduleBody(Body):
    hints = {
        **dict.fromkeys(
            ("enabled", "disabled", "active", "isactive"),
            f"is not known: whether a schedule fires {PAUSING}; a new one with paused: true is made paused",
        ),
        "state": f"{PAUSING}; a new schedule with paused: true is made paused",
        "note": "is set by POST /schedules/{id}/pause",
    }
    meant = {
        **_TIMING,
        **{name: f"policies.{field}" for name, field in _RETRIES.items()},
        **dict.fromkeys(("payload", "data", "body", "params", "parameters"), "input"),
        **dict.fromkeys(("tags", "metadata"), "labels"),
        **dict.fromkeys(("maxruns", "runs", "limit"), "max_fires"),
    }
    shown = read_only(
        {
            **dict.fromkeys(("id", "dialect", "created_by", "created_at"), "cannot be changed; leave it out"),
            "state": f"{PAUSING}, not here; leave it out, or send what is stored",
            **dict.fromkeys(
                ("note", "paused_until"),
                "is set by POST /schedules/{id}/pause, not here; leave it out, or send what is stored",
            ),
        },
        (
            "dialect_id",
            "in_words",
            "next_fires",
            "next_slot_at",
            "next_fire_at",
            "last_slot_at",
            "last_fire_at",
            "last_fire",
            "last_state",
            "last_skipped_at",
            "last_skip_reason",
            "counts",
            "ended_at",
            "ended_reason",
            "updated_at",
        ),
    )

    name: str
    recurrence: Recurrence
    target: Reference
    timezone: str | None = None
    input: Any = None
    labels: Labels | None = None
    key: str | None = None
    description: str | None = None
    start_at: FirstSlot | None = None
    end_at: LastSlot | None = None
    audience: dict[str, Any] | None = None
    policies: PolicyBody | None = None
    paused: bool | None = Field(None, description="only when it is made: off the clock until it is resumed")
    version: int | None = Field(None, description="where it is given: change only what is at this version")


# What is only made now is at no version that a caller may have seen.
NO_VERSION_YET = Problem("version", SET_BY_SERVER, "unknown")


class PreviewBody(Body):
    meant = _TIMING

    recurrence: Recurrence
    timezone: str | None = None
    start_at: FirstSlot | None = None
    end_at: LastSlot | None = None
    policies: PolicyBody | None = None
    after: LastSlot | None = Field(None, description="where to begin; now")
    count: int | None = Field(None, ge=1, le=1000)


class SourceBody(Body):
    shown = read_only(("name",), ("id", "created_at", "updated_at", "shared_from", "disabled_reason"))

    type: str = Field(examples=["sql", "http"])
    config: dict[str, Any]


class AudienceBody(Body):
    audience: Any = Field(examples=[{"type": "contacts", "filter": {"has_email": True}}])
    sample: int = Field(SAMPLE, ge=0, le=SAMPLE_LIMIT, description="how many rows are shown")


AFTERWARDS = (
    "what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets)"
)
# What is said of it where a pause begins.
_UNLESS_CHANGED = "slots before a change of what the schedule does are given up"
_NOTE = Field(None, max_length=10_000, description="why")
_CLEARS = "Of something that is paused, null takes away what was said before"
AfterwardsBody = Literal["none", "latest", "all"] | None


class _PauseBody(Body):
    note: str | None = Field(None, max_length=10_000, description=f"why. {_CLEARS}")
    until: FirstSlot | None = Field(
        None, description=f"when it resumes by itself; without it somebody has to resume it. {_CLEARS}"
    )
    catch_up: AfterwardsBody = Field(
        None,
        description=f"{AFTERWARDS}; none where it is not given; {_UNLESS_CHANGED}. {_CLEARS}: then it is none",
    )


class WorkspacePauseBody(_PauseBody):
    from_: FirstSlot | None = Field(
        None,
        alias="from",
        description="when it begins, which is not in the past; now, if it is not given. A planned one needs until",
    )


class WindowBody(Body):
    meant = {**_TIMING, **dict.fromkeys(("length", "lasts", "until"), "duration")}
    policies: ClassVar[None] = None

    recurrence: Recurrence
    duration: Duration = Field(description="how long it holds from each beginning, in elapsed time")
    timezone: str | None = None
    start_at: FirstSlot | None = None
    end_at: LastSlot | None = None
    note: str | None = _NOTE
    catch_up: AfterwardsBody = Field(None, description=f"{AFTERWARDS}; none where it is not given")


class WorkspaceResumeBody(Body):
    catch_up: AfterwardsBody = Field(
        None, description=f"{AFTERWARDS}; where it is not given, as was said when it was paused"
    )


class HasCatchUp(Protocol):
    """A body that may say what becomes of the slots of a pause."""

    @property
    def catch_up(self) -> str | None: ...


def catch_up_in(body: HasCatchUp) -> CatchUp | None:
    """What a body says of the slots of a pause."""
    return None if body.catch_up is None else CatchUp(body.catch_up)


def cleared_in(body: Body) -> frozenset[str]:
    """What a body takes away from a pause, by saying null."""
    given = body.model_fields_set & {"note", "until", "catch_up"}
    return frozenset(name for name in given if getattr(body, name) is None)


class PauseBody(_PauseBody):
    version: int | None = None


class ResumeBody(WorkspaceResumeBody):
    version: int | None = None


class PersonBody(Body):
    person: str = Field(max_length=LONGEST_ID, description="row key of audiences, or id in the directory")
    values: list[Annotated[str, Field(max_length=LONGEST_VALUE)]] | None = Field(
        None,
        max_length=MOST_VALUES,
        description="texts by which the person is known besides, such as an address or a name; a row key or an id that"
        " is one of them is the person's as well",
    )


class BackfillBody(Body):
    from_: FirstSlot = Field(alias="from")
    to: LastSlot
    dry_run: bool | None = Field(None, description="true: nothing fires, and the answer says what would")


class CompleteBody(Body):
    output: Any = None
    token: str | None = None


class FailBody(Body):
    error: str | None = Field(None, max_length=10_000)
    output: Any = None
    token: str | None = None


# In their order, in which refusals list them.
POLICY_FIELDS = tuple(PolicyBody.model_fields)


def validated(model: type[B], value: Mapping[str, Any]) -> B:
    """A body as a model. Raises Invalid with every problem."""
    found, problems = read(model, value)
    if found is None or problems:
        raise Invalid(problems)
    return found


def read(
    model: type[B], value: Mapping[str, Any], elsewhere: Collection[str] = ()
) -> tuple[B | None, list[Problem]]:
    """A body as a model, and what is wrong with it; `elsewhere` as for `unknown_fields`."""
    problems = unknown_fields(model, value, elsewhere=elsewhere)
    try:
        return model.model_validate(value), problems
    except ValidationError as error:
        return None, [*problems, *model_problems(error, model)]


_TYPES = "types of events such as fire.failed, or all of one kind: fire.*; all types where it is empty"
_ON_LABELS = "only events of schedules that carry all of these labels"
_ON_SCHEDULES = "ids of schedules: only events of these"
_ON_KEYS = "keys of schedules that there are, instead of their ids or beside them"


class WebhookBody(Body):
    meant = {**dict.fromkeys(("events", "type", "eventtypes"), "types"), "endpoint": "url"}

    url: str = Field(description="where events are sent")
    name: str | None = Field(None, description="the name for people; the URL where it is left out")
    types: list[str] | None = Field(None, max_length=MOST_NAMED, description=_TYPES)
    labels: Labels | None = Field(None, description=_ON_LABELS)
    schedules: list[str] | None = Field(None, max_length=MOST_NAMED, description=_ON_SCHEDULES)
    schedule_keys: list[str] | None = Field(None, max_length=MOST_NAMED, description=_ON_KEYS)


class WebhookPatch(Body):
    shown = read_only(("id", "created_at"), ("updated_at", "disabled_reason", "failing_since"))

    url: str | None = Field(None, description="where events are sent")
    name: str | None = None
    types: list[str] | None = Field(None, max_length=MOST_NAMED, description=_TYPES)
    labels: Labels | None = Field(None, description=_ON_LABELS)
    schedules: list[str] | None = Field(None, max_length=MOST_NAMED, description=_ON_SCHEDULES)
    schedule_keys: list[str] | None = Field(None, max_length=MOST_NAMED, description=_ON_KEYS)
    enabled: bool | None = Field(
        None, description="whether events are sent; what has waited meanwhile is sent when it is switched on"
    )
    version: int | None = None


class ReplayBody(Body):
    from_event: str | None = Field(None, description="id of the first event that is sent once more")
    since: End | None = Field(None, description="or: the events that were told at this time or later")


def changed_body(model: type[Body], value: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a change without the fields that only answers have, which may be sent back as they are stored.

    Raises Invalid for one that would have to change what is stored.
    """
    rest, problems = model.shown.apart(value, stored)
    if problems:
        raise Invalid([*problems, *unknown_fields(model, rest)])
    return rest


def model_problems(error: ValidationError, model: type[Body]) -> list[Problem]:
    """The errors that pydantic found, as problems of the domain."""
    return [_problem(found, model) for found in error.errors(include_url=False, include_input=False)]


def _problem(found: Any, model: type[Body]) -> Problem:
    field = ".".join(str(part) for part in found["loc"])
    kind: str = found["type"]
    if kind == "missing":
        return Problem(field, f"is required{_what_it_would_be(field, model)}", "required")
    words: str = found["msg"]
    for begin, instead in _WORDS:
        words = words.replace(begin, instead)
    return Problem(field, words, "type" if kind.endswith("_type") else "value")


def _what_it_would_be(field: str, model: type[Body]) -> str:
    """What a field that is missing would be, as far as the model tells: the end of a sentence."""
    about = schema_of(model)["properties"].get(field, {})
    if "enum" in about:
        return f": one of {', '.join(about['enum'])}"
    if "description" in about:
        return f": {about['description']}"
    if about.get("format") == "date-time":
        return ", such as 2026-03-08T09:00:00Z"
    example = about.get("examples", [None])[0]
    return f", such as {example}" if isinstance(example, str) else ""


_WORDS = (
    ("Input should be a valid dictionary", "must be an object"),
    ("Input should be a valid list", "must be an array"),
    ("Input should be a valid boolean", "must be true or false"),
    ("Input should be a valid integer", "must be a whole number"),
    ("Input should be a valid", "must be a"),
    ("Input should be", "must be"),
    ("String should have", "must have"),
    ("List should have", "must have"),
    (" after validation, not ", ", not "),
)


@cache
def schema_of(model: type[Body]) -> dict[str, Any]:
    """The JSON schema of a model, for the OpenAPI page."""
    return model.model_json_schema(ref_template="#/components/schemas/{model}")
