"""Makes schedules of the domain from bodies, and bodies from schedules, which partial changes start from.

A body is judged as a whole (its shape, recurrence, zone and target), and every problem is told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, TypeVar

import orjson

from horarium.api import show
from horarium.api.models import (
    NO_VERSION_YET,
    PAUSING,
    POLICY_FIELDS,
    PolicyBody,
    PreviewBody,
    ScheduleBody,
    WindowBody,
    catch_up_in,
    read,
)
from horarium.domain.errors import Invalid, NotFound, Problem
from horarium.domain.ids import Id, prefixed
from horarium.domain.overlap import Overlap
from horarium.domain.retry import Retry
from horarium.domain.same_json import is_same_json
from horarium.domain.schedule import (
    AfterCompletion,
    AfterPause,
    CatchUp,
    Definition,
    OverlapScope,
    Policies,
    Schedule,
    ScheduleState,
)
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.service.checks import key_problems, label_problems, name_problems, text_problems
from horarium.service.schedules import ScheduleDraft, anchor_at, recurrence_problems
from horarium.service.services import Services
from horarium.service.windows import WindowDraft
from horarium.times import RecurrenceError, Timing, canonical_spec, compile_timing, kept, timing_bytes

Json = dict[str, Any]
Shape = TypeVar("Shape", ScheduleBody, PreviewBody)
_ENUMS: Mapping[str, Callable[[str], Any]] = {
    "overlap": Overlap,
    "overlap_scope": OverlapScope,
    "catch_up": CatchUp,
    "after_pause": AfterPause,
    "after_completion": AfterCompletion,
}
_DURATIONS = (
    "catch_up_window",
    "grace",
    "jitter",
    "timeout",
    "initial",
    "max_delay",
    "max_elapsed",
    "lateness_objective",
)
_CLOCK_CHANGES = ("dst_gap", "dst_overlap", "dst_every_hour")
_TEXTS: Mapping[str, Callable[[str, str], Iterable[Problem]]] = {
    "name": name_problems,
    "description": text_problems,
    "key": key_problems,
}
# Every schedule has these, so null in a partial change means that they are left out.
_NEEDED = ("name", "recurrence", "timezone", "target")
_STANDARD = Policies()


async def schedule_draft(who: Identity, services: Services, raw: Json, now_ms: int) -> ScheduleDraft:
    """A new schedule. Raises Invalid with every problem, and Forbidden without a grant on the target."""
    raw, flat = gathered(raw)
    target, unknown = await _target(who, services, raw)
    unreadable = await _audience(who, services, raw)
    body, misshapen = _shaped(ScheduleBody, raw, flat)
    timing, untimely = _timing(raw, body, None, who.workspace.timezone, now_ms)
    problems = [*unknown, *unreadable, *misshapen, *untimely, *_details(body, raw, services, target)]
    if version_in(raw) is not None:
        problems.append(NO_VERSION_YET)
    if timing is not None and compile_timing(timing).next_after(now_ms // 1000) is None:
        problems.append(_never(timing, now_ms))
    if problems or body is None or timing is None or target is None:
        raise Invalid(problems)
    who.require_target(target.id, target.name, body.labels)
    return ScheduleDraft(
        who.workspace_id,
        who.principal_id,
        body.name,
        timing,
        target.id,
        policies=policies_of(body.policies),
        input=body.input,
        audience=body.audience,
        key=body.key,
        description=body.description,
        labels=body.labels or {},
        paused=bool(body.paused),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """An edit of a stored schedule, applied in the transaction that stores it, and the version it is for.

    The edit raises Invalid where the whole that it makes cannot be accepted.
    """

    edit: Callable[[Schedule], Schedule]
    version: int | None


async def replacement(who: Identity, services: Services, schedule_id: Id, raw: Json) -> Change:
    """The edit that makes a stored schedule as a body says. Raises Invalid with every problem, and NotFound.

    Whether the caller has a grant is checked where the edit is carried out.
    """
    target, problems = await _target(who, services, raw)
    if unreadable := await _audience(who, services, raw):
        known = await services.schedules.get(who.workspace_id, schedule_id)
        problems += [] if is_same_json(raw["audience"], known.definition.audience) else unreadable
    now_ms = services.clock.now_ms()
    if problems:
        known = await services.schedules.get(who.workspace_id, schedule_id)
        raise Invalid([*problems, *_further(known, raw, services, now_ms)])
    return Change(lambda before: edited(before, raw, target, target, services, now_ms), version_in(raw))


async def patch(
    who: Identity, services: Services, schedule_id: Id, raw: Json, whole: Collection[str] = ()
) -> Change:
    """As `replacement`, for a JSON merge patch: fields that are left out are kept, and null removes a field. Those of
    `whole` are not merged: what they hold now stands in the patch as it is to be."""
    raw, _ = gathered(raw)
    known = await services.schedules.get(who.workspace_id, schedule_id)
    given, problems = await _target(who, services, raw)
    wanted = _changed(_as_body(known), {"audience": raw.get("audience")}, whole)
    unreadable = await _audience(who, services, wanted)
    if unreadable and not is_same_json(wanted["audience"], known.definition.audience):
        problems += unreadable
    kept = {name: value for name, value in raw.items() if value is not None or name not in _NEEDED}
    now_ms = services.clock.now_ms()
    if problems:
        raise Invalid([*problems, *_further(known, _changed(_as_body(known), kept, whole), services, now_ms)])
    judge = given
    if given is None and "input" in raw:
        judge = await services.targets.resolve(who.workspace_id, prefixed("tgt", known.definition.target_id))

    def edit(before: Schedule) -> Schedule:
        return edited(before, _changed(_as_body(before), kept, whole), given, judge, services, now_ms)

    return Change(edit, version_in(raw))


def _changed(known: Json, raw: Json, whole: Collection[str]) -> Json:
    """A body after a merge patch, in which the fields of `whole` replace what was there."""
    found = patched(known, {name: value for name, value in raw.items() if name not in whole})
    return found | {name: value for name, value in raw.items() if name in whole}


def version_in(raw: Json) -> int | None:
    """The version that a body says its change is for; None where it says none, or no whole number."""
    given = raw.get("version")
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def edited(
    before: Schedule, raw: Json, target: Target | None, judge: Target | None, services: Services, now_ms: int
) -> Schedule:
    """A schedule as a complete body says. Raises Invalid.

    With `target` None it keeps its target. The input must satisfy the schema of `judge`, if one of the two changes.
    """
    raw, fixed = ScheduleBody.shown.apart(raw, show.schedule(before, None))
    raw, flat = gathered(raw)
    # Labels that stay as they are stay, whatever another API has allowed.
    labels_stay = raw.get("labels") == dict(before.labels)
    if labels_stay:
        raw = {name: value for name, value in raw.items() if name != "labels"}
    body, misshapen = _shaped(ScheduleBody, raw, flat)
    timing, untimely = _timing(raw, body, before, before.definition.timing.zone, now_ms)
    details = _details(body, raw, services, judge, before.definition)
    problems = [*fixed, *_pausing(body, before), *misshapen, *untimely, *details]
    if problems or body is None or timing is None:
        raise Invalid(problems)
    if timing != before.definition.timing and compile_timing(timing).next_after(now_ms // 1000) is None:
        raise Invalid(_never(timing, now_ms))
    definition = replace(
        before.definition,
        timing=timing,
        policies=policies_of(body.policies),
        target_id=before.definition.target_id if target is None else target.id,
        input=body.input,
        audience=body.audience,
    )
    # A schedule that was completed becomes active again when its definition is changed.
    woken = before.state is ScheduleState.COMPLETED and definition != before.definition
    return replace(
        before,
        name=body.name,
        description=body.description,
        labels=before.labels if labels_stay else body.labels or {},
        key=body.key,
        definition=definition,
        state=ScheduleState.ACTIVE if woken else before.state,
    )


def _further(known: Schedule, raw: Json, services: Services, now_ms: int) -> list[Problem]:
    """What is wrong with a complete body besides its target and its audience."""
    try:
        edited(known, raw, None, None, services, now_ms)
    except Invalid as error:
        return list(error.problems)
    return []


def _pausing(body: ScheduleBody | None, before: Schedule) -> list[Problem]:
    """The problem of a body that would pause or resume a stored schedule."""
    if body is None or body.paused in (None, before.state is ScheduleState.PAUSED):
        return []
    return [Problem("paused", f"{PAUSING}, not here; leave it out, or send what is stored", "read_only")]


def preview_timing(
    who: Identity, raw: Json, now_ms: int, before: Schedule | None = None, whole: Collection[str] = ()
) -> tuple[Timing, PreviewBody]:
    """The timing of a schedule that is not stored; or, with `before`, that of a stored one after a change by `raw`, as
    `patch` makes it. Raises Invalid.
    """
    raw, flat = gathered(raw)
    if before is not None:
        known = _as_body(before)
        raw = _changed({name: known[name] for name in PreviewBody.model_fields if name in known}, raw, whole)
    body, misshapen = _shaped(PreviewBody, raw, flat)
    timing, untimely = _timing(raw, body, before, who.workspace.timezone, now_ms)
    problems = [*misshapen, *untimely]
    if problems or body is None or timing is None:
        raise Invalid(problems)
    return timing, body


def window_draft(who: Identity, raw: Json, now_ms: int) -> WindowDraft:
    """A new maintenance window. Raises Invalid."""
    body, misshapen = read(WindowBody, raw)
    timing, untimely = _timing(raw, body, None, who.workspace.timezone, now_ms)
    problems = [*misshapen, *untimely]
    if problems or body is None or timing is None:
        raise Invalid(problems)
    return WindowDraft(timing, body.duration, catch_up_in(body) or CatchUp.NONE, body.note)


def gathered(raw: Json) -> tuple[Json, frozenset[str]]:
    """The body with all policies under `policies`, and the names of the policies that stood beside it."""
    flat = raw.keys() & POLICY_FIELDS
    if not flat:
        return raw, frozenset()
    nested = raw.get("policies")
    if nested is not None and not isinstance(nested, dict):
        return raw, frozenset()
    twice = [name for name in flat if name in (nested or {}) and (nested or {})[name] != raw[name]]
    if twice:
        words = "is given beside the recurrence and in policies, with different values; send it once"
        raise Invalid([Problem(name, words, "conflict") for name in sorted(twice)])
    rest = {name: value for name, value in raw.items() if name not in flat}
    rest["policies"] = {**(nested or {}), **{name: raw[name] for name in raw if name in flat}}
    return rest, frozenset(flat)


def patched(before: Json, change: Json) -> Json:
    """As `merged`, for bodies. A field that is sent exactly as it is stored stays so: the nulls in it are what has been
    shown, and take nothing away."""
    same = {
        name
        for name, value in change.items()
        if isinstance(value, dict)
        and isinstance(before.get(name), dict)
        and is_same_json(value, before[name])
    }
    found: Json = merged(before, {name: value for name, value in change.items() if name not in same})
    return found


def merged(before: Any, change: Any) -> Any:
    """Merge a patch as RFC 7396 says: objects are merged, null removes a member, and any other value replaces it.

    The result may share parts with both.
    """
    # Where no null could stand, an object that meets no other is taken as it is: it may have very many members.
    return _merged(before, change, b"null" not in orjson.dumps(change))


def _merged(before: Any, change: Any, without_null: bool) -> Any:
    if not isinstance(change, dict) or (without_null and not isinstance(before, dict)):
        return change
    found = dict(before) if isinstance(before, dict) else {}
    for name, value in change.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, dict):
            found[name] = _merged(found.get(name), value, without_null)
        else:
            found[name] = value
    return found


def policies_of(body: PolicyBody | None) -> Policies:
    """The policies of a body with defaults filled in. Equal policies are the same object."""
    if body is None:
        return _STANDARD
    return _interned(_with(_STANDARD, body.model_dump(exclude_none=True, exclude=set(_CLOCK_CHANGES))))


# Bytes of timings that are kept in memory, to have one object for equal ones.
SHARED_BYTES = 8 * 1024 * 1024


@lru_cache(maxsize=4096)
def _interned(policies: Policies) -> Policies:
    return policies


def _with(standard: Policies, given: Json) -> Policies:
    changes = {
        name: _ENUMS[name](value) if name in _ENUMS else value for name, value in _in_ms(given).items()
    }
    if "retry" in changes:
        changes["retry"] = Retry(**{**_plain(standard.retry), **_in_ms(changes["retry"])})
    return replace(standard, **changes)


def _plain(retry: Retry) -> Json:
    return {field.name: getattr(retry, field.name) for field in fields(retry)}


def _in_ms(given: Json) -> Json:
    return {f"{name}_ms" if name in _DURATIONS else name: value for name, value in given.items()}


def _as_body(schedule: Schedule) -> Json:
    """The body that would leave a schedule as it is."""
    shown = show.schedule(schedule, None)
    return {name: shown[name] for name in ScheduleBody.model_fields if name in shown and name != "version"}


def _shaped(model: type[Shape], raw: Json, flat: frozenset[str]) -> tuple[Shape | None, list[Problem]]:
    """The body in the shape of a model, and what is wrong with its shape. None where it has another shape."""
    body, problems = read(model, raw, POLICY_FIELDS)
    return body, _unnested(problems, flat)


def _unnested(found: list[Problem], flat: frozenset[str]) -> list[Problem]:
    """Problems with the names of policies as the caller wrote them: with or without `policies.` before them."""
    return [
        replace(problem, field=problem.field.removeprefix("policies."))
        if problem.field.removeprefix("policies.").partition(".")[0] in flat
        else problem
        for problem in found
    ]


def _timing(
    raw: Json,
    body: ScheduleBody | PreviewBody | WindowBody | None,
    before: Schedule | None,
    default_zone: str,
    now_ms: int,
) -> tuple[Timing | None, list[Problem]]:
    """The timing of a body, or what is wrong with it. It is checked even if other parts of the body are wrong."""
    given, zone = raw.get("recurrence"), raw.get("timezone")
    if not isinstance(given, str | dict):
        return None, []  # it is reported by the body's shape
    known = before.definition.timing if before is not None else None
    changes = (
        {name: getattr(body.policies, name) for name in _CLOCK_CHANGES} if body and body.policies else {}
    )
    try:
        spec = canonical_spec(given)
        timing = _one_object(
            Timing(
                spec=spec,
                dialect=known.dialect if known else "native",
                zone=zone if isinstance(zone, str) else default_zone,
                anchor=_anchor(spec, known, now_ms),
                start=None if body is None or body.start_at is None else body.start_at // 1000,
                end=None if body is None or body.end_at is None else body.end_at // 1000,
                **changes,
            )
        )
        compile_timing(timing)
        return timing, []
    except RecurrenceError as error:
        return None, [
            replace(problem, field={"start": "start_at", "end": "end_at"}.get(problem.field, problem.field))
            for problem in recurrence_problems(error)
        ]


@kept(SHARED_BYTES, lambda question, timing: timing_bytes(question[0]))
def _one_object(timing: Timing) -> Timing:
    """The same object for equal timings, so that caches find it without comparing all of its fields."""
    return timing


def _anchor(spec: str, known: Timing | None, now_ms: int) -> int:
    """Where elapsed time is counted from: the last change of the recurrence, or else the creation of the schedule."""
    if known is not None and known.spec == spec:
        return known.anchor
    try:
        return anchor_at(spec, known.dialect if known else "native", now_ms)
    except RecurrenceError:  # it is reported when the timing is compiled, together with all other problems
        return 0


def _never(timing: Timing, now_ms: int) -> Problem:
    endless = compile_timing(replace(timing, end=None))
    if timing.end is not None and endless.next_after(now_ms // 1000) is not None:
        return Problem(
            "end_at",
            "would end the schedule before it ever fires: it has no slot between now and then",
            "never",
        )
    return Problem("recurrence", "would never fire: it has no slot in the future", "never")


def _details(
    body: ScheduleBody | None,
    raw: Json,
    services: Services,
    target: Target | None,
    before: Definition | None = None,
) -> list[Problem]:
    """What is wrong with the texts, the labels and the input; of a body in another shape, with the texts alone."""
    problems: list[Problem] = []
    for name, judged in _TEXTS.items():
        if isinstance(raw.get(name), str):
            problems += judged(name, raw[name])
    if body is None:
        return problems
    problems += label_problems(body.labels or {})
    if target is not None:
        problems += services.targets.check_input(target, body.input, before=before)
    return problems


async def _audience(who: Identity, services: Services, raw: Json) -> list[Problem]:
    """What is wrong with the audience of a body. One that is not an object is reported by the body's shape."""
    given = raw.get("audience")
    return await services.audiences.problems(who.workspace_id, given) if isinstance(given, dict) else []


async def _target(who: Identity, services: Services, raw: Json) -> tuple[Target | None, list[Problem]]:
    """The target that a body names, or the problem with it."""
    reference = raw.get("target")
    if isinstance(reference, bool) or not isinstance(reference, str | int) or reference == "":
        return None, []  # it is reported by the body's shape
    try:
        return await services.targets.resolve(who.workspace_id, reference), []
    except NotFound:
        words = f"{str(reference)[:80]!r} does not exist in this workspace: give the id, key or number of a target"
        return None, [Problem("target", words, "unknown")]
