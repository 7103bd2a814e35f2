"""What the bodies of agents mean, what an order makes of an agent, and how agents are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from horarium.api.dialects.cadenya.agents import paths
from horarium.api.dialects.cadenya.agents.paths import PATHS
from horarium.api.dialects.cadenya.mask import EXTERNAL_ID, NAME, STATUS
from horarium.api.dialects.cadenya.schedules.inputs import VARIATION_ID
from horarium.api.dialects.cadenya.states import StateNames
from horarium.api.dialects.cadenya.wire import (
    AGENT,
    SCHEDULE,
    Makers,
    bundle_key_in,
    labels_after,
    labels_in,
    metadata_of,
    name_in,
    profile_json,
)
from horarium.api.kit import Fields, Json
from horarium.api.kit.writing import instant_text
from horarium.domain.errors import Conflict, InUse, Invalid, Problem
from horarium.domain.ids import prefixed, random_id
from horarium.domain.target import Completion, Target, TargetKind, TargetState
from horarium.domain.variations import (
    FIRST,
    LIST,
    MODE,
    MODES,
    MOST_VARIATIONS,
    PIN_FIELD,
    RANDOM,
    WEIGHTED,
    Variation,
    variations_of,
)
from horarium.service.targets import NO_EXECUTOR, SIGNING, WITHOUT_EXECUTOR, TargetDraft, draft_of

_MODES = {
    "VARIATION_SELECTION_MODE_UNSPECIFIED": WEIGHTED,
    "VARIATION_SELECTION_MODE_WEIGHTED": WEIGHTED,
    "VARIATION_SELECTION_MODE_RANDOM": RANDOM,
    "VARIATION_SELECTION_MODE_FIRST": FIRST,
    WEIGHTED: WEIGHTED,
    RANDOM: RANDOM,
    FIRST: FIRST,
}

STATES = StateNames(
    "AGENT_STATUS",
    {"DRAFT": TargetState.DISABLED, "PUBLISHED": TargetState.ENABLED, "ARCHIVED": TargetState.ARCHIVED},
)

# Why the objectives of an agent fail that is not published.
_OFF_REASONS = {
    TargetState.DISABLED: "it is a draft: publish it first",
    TargetState.ARCHIVED: "it is archived",
}


@dataclass(frozen=True, slots=True)
class AgentOrder:
    """What a body asks for. `replaced` holds the paths of the fields that it replaces; every other field is kept.

    A replaced field that is None is cleared. `executor` is the type of the executor and its configuration. `state` is
    the state to bring the agent to, None to leave it. With `unarchives`, the agent has to be an archived one.
    """

    replaced: frozenset[str] = frozenset()
    name: str | None = None
    external_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    bundle_key: str | None = None
    description: str | None = None
    executor: tuple[str, Json] | None = None
    webhook: str | None = None
    completion: Completion = Completion.RESPONSE
    input_schema: Json | None = None
    variations: list[Json] = field(default_factory=list)
    mode: str = WEIGHTED
    state: TargetState | None = None
    unarchives: bool = False


# What the verbs ask for, which have no body.
VERBS: Mapping[str, AgentOrder] = {
    "publish": AgentOrder(state=TargetState.ENABLED),
    "unpublish": AgentOrder(state=TargetState.DISABLED),
    "archive": AgentOrder(state=TargetState.ARCHIVED),
    "unarchive": AgentOrder(state=TargetState.DISABLED, unarchives=True),
}


# What a body asks for.


def parse(fields: Fields, new: bool, now_ms: int) -> AgentOrder:
    """The order in a body. What is wrong is noted in the fields. A new agent has every field replaced.

    `spec.executor` says how the agent is executed: an object of the project's own API, {"type": "http", ...}. An
    agent without one, but with `spec.webhookEventsUrl`, is called there. One with neither is a draft: it is kept,
    but not executed until it is given an executor.
    """
    listed = () if new else PATHS.read(fields)
    if fields.problems:
        return AgentOrder()
    metadata = fields.inner("metadata", required=True) if new else PATHS.part(fields, "metadata", listed)
    spec, beside = PATHS.part(fields, "spec", listed), PATHS.beside(fields, listed)
    held = PATHS.held_in(metadata, spec, beside)
    unlisted = {path for path in paths.OWN - held if path not in listed}
    replaced = PATHS.every if new else (PATHS.at(listed) - unlisted) or held
    webhook = spec.text("webhookEventsUrl") or None
    order = AgentOrder(
        replaced,
        name_in(metadata, NAME in replaced and (not new or "metadata" in fields)),
        metadata.text("externalId", most=200) or None,
        labels_in(metadata),
        bundle_key_in(metadata),
        spec.text("description") or None,
        _executor(spec, webhook),
        webhook,
        Completion(spec.choice("completion", tuple(Completion)) or Completion.RESPONSE),
        spec.object("inputDataSchema"),
        _variations(fields, spec, now_ms) if paths.VARIATIONS in replaced else [],
        _MODES[spec.choice("variationSelectionMode", tuple(_MODES)) or WEIGHTED],
        STATES.read(spec, beside),
    )
    if new and order.state is TargetState.ENABLED and order.executor is None and webhook is None:
        spec.wrong(
            "status",
            "cannot be PUBLISHED: the agent could not be executed, because it has neither webhookEventsUrl nor "
            "executor; give one of them, or leave it a draft",
        )
    return order


def _executor(spec: Fields, webhook: str | None) -> tuple[str, Json] | None:
    """The type of the executor and its configuration. The address of a webhook beside it must be the same one."""
    given = spec.object("executor")
    if given is None:
        return None
    kind = spec.inner("executor").text("type", required=True) or ""
    if kind == NO_EXECUTOR:
        return None
    if kind and webhook is not None and (kind, given.get("url")) != ("http", webhook):
        spec.wrong(
            "webhookEventsUrl", "is another way to give an executor of type http; it differs from executor"
        )
    return kind, {name: value for name, value in given.items() if name != "type"}


def _variations(fields: Fields, spec: Fields, now_ms: int) -> list[Json]:
    """Those listed in the spec, else the default one that a client of the product sends beside it."""
    listed = spec.items("variations") or []
    if len(listed) > MOST_VARIATIONS:
        spec.wrong("variations", f"has {len(listed)} entries; at most {MOST_VARIATIONS} are allowed")
        return []
    found = [_variation(spec, f"variations[{i}]", given, now_ms) for i, given in enumerate(listed)]
    if len({variation["id"] for variation in found}) < len(found):
        spec.wrong("variations", "has two entries with the same id")
    if found:
        return found
    default = fields.inner("defaultVariation")
    name = default.inner("metadata").text("name", most=200) or "Default"
    return [_stored(_new_id(now_ms), name, 1.0, default.object("spec") or {})]


def _variation(spec: Fields, place: str, given: Any, now_ms: int) -> Json:
    """One of the list: an object, or a name alone."""
    if isinstance(given, str) and given:
        given = {"name": given}
    if not isinstance(given, dict):
        spec.wrong(place, "must be an object with name, and if wanted id, weight and spec", "type")
        return _stored("", "", 1.0, {})
    entry = Fields(given, f"spec.{place}", spec.problems)
    weight = entry.value("weight", (int, float), "a number")
    if weight is not None and not 0 <= weight <= 1_000_000:
        entry.wrong("weight", "must be from 0 to 1000000")
    variation_id = entry.text("id", most=100) or _new_id(now_ms)
    name = entry.text("name", required="id" not in entry, most=200) or variation_id
    return _stored(variation_id, name, 1.0 if weight is None else float(weight), entry.object("spec") or {})


def _stored(variation_id: str, name: str, weight: float, spec: Mapping[str, Any]) -> Json:
    """A variation in the form in which targets keep it."""
    return {"id": variation_id, "name": name, "weight": weight, "spec": dict(spec)}


def _new_id(now_ms: int) -> str:
    return prefixed("variation", random_id(now_ms))


# What an order makes of an agent.


def draft(order: AgentOrder) -> TargetDraft:
    """A new agent. Without a state in the order it is published, if it has an executor."""
    blank = TargetDraft(TargetKind.AGENT, "", NO_EXECUTOR, {}, extra={PIN_FIELD: VARIATION_ID})
    made = _with_fields(blank, order)
    state = TargetState.DISABLED if made.executor == NO_EXECUTOR else TargetState.ENABLED
    return _in_state(made, order.state or state)


def edited(before: Target, order: AgentOrder) -> TargetDraft:
    """An agent as an order wants it: what it does not replace is kept. Raises Conflict where it may not be brought to
    the state that the order asks for. One that loses its executor becomes a draft."""
    if order.variations == _variations_shown(before):  # also where they are shown, but are not stored
        order = replace(order, replaced=order.replaced - {paths.VARIATIONS})
    after = _with_fields(draft_of(before), order)
    if order.unarchives and before.state is not TargetState.ARCHIVED:
        raise Conflict("the agent is not archived, so it cannot be unarchived", "state", STATUS)
    state = before.state if order.state is None else order.state
    if before.state is TargetState.ARCHIVED is not state and not order.unarchives:
        raise Conflict("the agent is archived; unarchive it first", "state", STATUS)
    if after.executor == NO_EXECUTOR and state is TargetState.ENABLED:
        if order.state is TargetState.ENABLED:
            words = "the agent cannot be executed, so it cannot be published: give it webhookEventsUrl or executor"
            raise Conflict(words, "state", STATUS)
        state = TargetState.DISABLED
    return after if state is before.state else _in_state(after, state)


def _in_state(known: TargetDraft, state: TargetState) -> TargetDraft:
    if state is TargetState.ENABLED:
        return replace(known, enabled=True)
    reason = _OFF_REASONS[state]
    if state is TargetState.DISABLED and known.executor == NO_EXECUTOR:
        reason = WITHOUT_EXECUTOR
    return replace(known, enabled=False, archived=state is TargetState.ARCHIVED, off_reason=reason)


def _with_fields(known: TargetDraft, order: AgentOrder) -> TargetDraft:
    """An agent with the fields that an order replaces, in the state that it is in."""
    executor, config = _execution(known, order)
    changes: Mapping[str, tuple[str, Any]] = {
        NAME: ("name", order.name),
        EXTERNAL_ID: ("key", order.external_id),
        paths.DESCRIPTION: ("description", order.description),
        paths.COMPLETION: ("completion", order.completion),
        paths.SCHEMA: ("input_schema", order.input_schema),
    }
    wanted = {name: value for path, (name, value) in changes.items() if path in order.replaced}
    if (known.description or None) == order.description:
        wanted.pop("description", None)
    return replace(known, executor=executor, config=config, extra=_extra(known.extra, order), **wanted)


def _execution(known: TargetDraft, order: AgentOrder) -> tuple[str, Mapping[str, Any]]:
    """The type of the executor and its configuration. The address of a webhook is the `url` of an http executor; where
    it alone is replaced, the rest of the configuration stays."""
    called = known.executor == "http"
    if paths.EXECUTOR in order.replaced and order.executor is not None:
        return order.executor
    if paths.WEBHOOK in order.replaced and order.webhook is not None:
        return "http", {**(known.config if called else {}), "url": order.webhook}
    cleared = paths.EXECUTOR in order.replaced or (paths.WEBHOOK in order.replaced and called)
    return (NO_EXECUTOR, {}) if cleared else (known.executor, known.config)


def _extra(known: Mapping[str, Any], order: AgentOrder) -> dict[str, Any]:
    """What is kept for this dialect alone. Labels and a mode that are shown, but are not stored, stay so where they are
    sent back."""
    extra = dict(known)
    given = known.get("bundleKey")
    labels, bundle_key = labels_after(order, labels_of(known), given if isinstance(given, str) else None)
    if labels != labels_of(known):
        extra["labels"] = labels
    if bundle_key is not None or isinstance(given, str):
        extra["bundleKey"] = bundle_key
    if paths.VARIATIONS in order.replaced:
        extra |= {LIST: order.variations, PIN_FIELD: VARIATION_ID}
    if paths.MODE in order.replaced and order.mode != _mode_of(known):
        extra[MODE] = order.mode
    return extra


_NAMES = {"name": "metadata.name", "key": "metadata.externalId", "input_schema": "spec.inputDataSchema"}


def renamed(error: Invalid, order: AgentOrder) -> Invalid:
    """What the use case found wrong with an agent, under the names that fields have in the body of an order."""
    return Invalid(replace(problem, field=_renamed(problem, order)) for problem in error.problems)


def _renamed(problem: Problem, order: AgentOrder) -> str:
    if problem.field == "executor.url" and order.executor is None and order.webhook is not None:
        return paths.WEBHOOK
    first, dot, rest = problem.field.partition(".")
    return _NAMES.get(first, f"spec.{first}") + dot + rest


def in_use(error: InUse) -> Conflict:
    """The refusal to delete an agent, with the ids that schedules have here."""
    holders = error.told(lambda schedule: prefixed(SCHEDULE, schedule))
    return Conflict(holders.replace("this target", "this agent"), "state")


# How an agent is answered.


def show(agent: Target, makers: Makers, signing_secret: str | None = None) -> Json:
    """An agent. `executor` shows how it is executed, with *** for its secrets.

    `signing_secret` is shown where it was made just now: in the executor, and under the name that older clients know.
    """
    variations = _variations_shown(agent)
    mode = _mode_of(agent.extra).upper()
    spec: Json = {
        "description": agent.description or "",
        "variationSelectionMode": f"VARIATION_SELECTION_MODE_{mode}",
        "executor": {"type": agent.executor, **agent.config},
        "completion": agent.completion.value,
        "variations": variations,
        "status": STATES.status(agent.state),
    }
    if agent.executor == "http" and agent.shared_from is None:
        spec["webhookEventsUrl"] = agent.config["url"]
    if agent.input_schema is not None:
        spec["inputDataSchema"] = dict(agent.input_schema)
    if signing_secret is not None:
        spec["executor"][SIGNING] = spec["webhookEventsHmacSecret"] = signing_secret
    info: Json = {"variationCount": len(variations)}
    if agent.created_by in makers:
        info["createdBy"] = profile_json(makers[agent.created_by])
    return {
        "metadata": {**_metadata(agent), "updatedAt": instant_text(agent.updated_ms)},
        "spec": spec,
        "state": STATES.state(agent.state),
        "info": info,
    }


def _mode_of(extra: Mapping[str, Any]) -> str:
    mode = extra.get(MODE)
    return mode if mode in MODES else WEIGHTED


def _variations_shown(agent: Target) -> list[Json]:
    return [
        _stored(variation.id, variation.name, variation.weight, variation.spec)
        for variation in variations_of(agent.extra, agent.id)
    ]


def variation_json(agent: Target, variation: Variation, makers: Makers) -> Json:
    """One of an agent's variations. It counts as made by the maker of the agent."""
    made_by = {"createdBy": profile_json(makers[agent.created_by])} if agent.created_by in makers else {}
    named = {"id": variation.id, "name": variation.name, "externalId": "", "labels": {}}
    return {
        "metadata": {**_metadata(agent), **named},
        "spec": {"description": "", **variation.spec},
        "info": {
            "toolCount": 0,
            "toolSetCount": 0,
            "subAgentCount": 0,
            "score": 0,
            "feedbackCount": 0,
            "memoryLayerCount": 0,
            "effectiveToolCount": 0,
            "agentPoolCount": 0,
            "assignmentMetadata": {},
            **made_by,
        },
    }


def _metadata(agent: Target) -> Json:
    return metadata_of(AGENT, agent, labels_of(agent.extra))


def labels_of(extra: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels of an agent, which are kept in the `extra` of its target."""
    labels = extra.get("labels")
    known = labels if isinstance(labels, Mapping) else {}
    return {name: value for name, value in known.items() if isinstance(value, str)}
