"""What the bodies of agents mean, and how agents are written in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from horarium.api.dialects.cadenya.schedules.inputs import VARIATION_ID
from horarium.api.dialects.cadenya.wire import (
    AGENT,
    BUNDLE_LABEL,
    Makers,
    labels_in,
    line_in,
    metadata_of,
    profile_json,
)
from horarium.api.kit import Fields, Json
from horarium.api.kit.writing import instant_text
from horarium.domain.errors import Invalid, Problem
from horarium.domain.ids import prefixed, random_id
from horarium.domain.target import Completion, Target, TargetKind, TargetState
from horarium.domain.variations import (
    FIRST,
    LIST,
    MODE,
    MODES,
    PIN_FIELD,
    RANDOM,
    WEIGHTED,
    Variation,
    variations_of,
)
from horarium.service.targets import NO_EXECUTOR, TargetDraft

_MODES = {
    "VARIATION_SELECTION_MODE_UNSPECIFIED": WEIGHTED,
    "VARIATION_SELECTION_MODE_WEIGHTED": WEIGHTED,
    "VARIATION_SELECTION_MODE_RANDOM": RANDOM,
    "VARIATION_SELECTION_MODE_FIRST": FIRST,
    WEIGHTED: WEIGHTED,
    RANDOM: RANDOM,
    FIRST: FIRST,
}

# The state that a list is narrowed to, for each state that a query may name.
STATES = {
    "STATE_UNSPECIFIED": None,
    "STATE_DRAFT": TargetState.DISABLED.value,
    "STATE_PUBLISHED": TargetState.ENABLED.value,
    "STATE_ARCHIVED": "archived",
}
MOST_VARIATIONS = 50


def parse(fields: Fields, now_ms: int) -> TargetDraft:
    """The target that a body describes. What is wrong is noted in the fields.

    `spec.executor` says how the agent is executed: an object of the project's own API, {"type": "http", ...}. An
    agent without one, but with `spec.webhookEventsUrl`, is called there. One with neither is a draft: it is kept,
    but not executed until it is given an executor.
    """
    metadata, spec = fields.inner("metadata", required=True), fields.inner("spec")
    executor, config = _executor(spec)
    labels, bundle_key = labels_in(metadata), line_in(metadata, "bundleKey")
    if bundle_key is not None:
        labels[BUNDLE_LABEL] = bundle_key
    return TargetDraft(
        TargetKind.AGENT,
        metadata.text("name", required="metadata" in fields) or "",
        executor,
        config,
        key=metadata.text("externalId", most=200) or None,
        description=spec.text("description") or None,
        completion=Completion(spec.choice("completion", tuple(Completion)) or Completion.RESPONSE),
        input_schema=spec.object("inputDataSchema"),
        extra={
            "labels": labels,
            LIST: _variations(fields, spec, now_ms),
            MODE: _MODES[spec.choice("variationSelectionMode", tuple(_MODES)) or WEIGHTED],
            PIN_FIELD: VARIATION_ID,
        },
        enabled=executor != NO_EXECUTOR,
    )


def _executor(spec: Fields) -> tuple[str, Json]:
    """The type of the executor, and its configuration."""
    url = spec.text("webhookEventsUrl")
    if "executor" in spec:
        given = spec.object("executor") or {}
        kind = spec.inner("executor").text("type", required=bool(given))
        return kind or "", {name: value for name, value in given.items() if name != "type"}
    return ("http", {"url": url}) if url else (NO_EXECUTOR, {})


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


_NAMES = {"name": "metadata.name", "key": "metadata.externalId", "input_schema": "spec.inputDataSchema"}


def renamed(error: Invalid) -> Invalid:
    """What the use case found wrong with an agent, under the names that fields have here."""
    return Invalid(replace(problem, field=_renamed(problem)) for problem in error.problems)


def _renamed(problem: Problem) -> str:
    first, dot, rest = problem.field.partition(".")
    return _NAMES.get(first, f"spec.{first}") + dot + rest


def show(agent: Target, makers: Makers) -> Json:
    """An agent. `executor` shows how it is executed, with *** for its secrets."""
    variations = variations_of(agent.extra, agent.id)
    stored = agent.extra.get(MODE)
    mode = (stored if stored in MODES else WEIGHTED).upper()
    spec: Json = {
        "description": agent.description or "",
        "variationSelectionMode": f"VARIATION_SELECTION_MODE_{mode}",
        "executor": {"type": agent.executor, **agent.config},
        "completion": agent.completion.value,
        "variations": [
            _stored(variation.id, variation.name, variation.weight, variation.spec)
            for variation in variations
        ],
    }
    if agent.input_schema is not None:
        spec["inputDataSchema"] = dict(agent.input_schema)
    info: Json = {"variationCount": len(variations)}
    if agent.created_by in makers:
        info["createdBy"] = profile_json(makers[agent.created_by])
    return {
        "metadata": {**_metadata(agent), "updatedAt": instant_text(agent.updated_ms)},
        "spec": spec,
        "state": "STATE_PUBLISHED" if agent.state is TargetState.ENABLED else "STATE_DRAFT",
        "info": info,
    }


def variation_json(agent: Target, variation: Variation) -> Json:
    """One of an agent's variations."""
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
        },
    }


def _metadata(agent: Target) -> Json:
    labels = agent.extra.get("labels")
    return metadata_of(AGENT, agent, labels if isinstance(labels, Mapping) else {})
