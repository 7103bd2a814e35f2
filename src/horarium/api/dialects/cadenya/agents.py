"""Agents: how one is made from a body, and how it is executed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from horarium.api.dialects.cadenya.reading import bundle_in, labels_in
from horarium.api.dialects.cadenya.values import VARIATION_ID
from horarium.api.kit import Fields
from horarium.domain.errors import Invalid
from horarium.domain.ids import prefixed, random_id
from horarium.domain.target import Completion, TargetKind
from horarium.domain.variations import FIRST, LIST, MODE, PIN_FIELD, RANDOM, WEIGHTED
from horarium.service.targets import NO_EXECUTOR, TargetDraft

MODES = {
    "VARIATION_SELECTION_MODE_UNSPECIFIED": WEIGHTED,
    "VARIATION_SELECTION_MODE_WEIGHTED": WEIGHTED,
    "VARIATION_SELECTION_MODE_RANDOM": RANDOM,
    "VARIATION_SELECTION_MODE_FIRST": FIRST,
    WEIGHTED: WEIGHTED,
    RANDOM: RANDOM,
    FIRST: FIRST,
}
MOST_VARIATIONS = 50


def agent_draft(body: Mapping[str, Any], now_ms: int) -> TargetDraft:
    """The target that an agent's body describes. Raises Invalid with every problem that can be seen here.

    `spec.executor` says how it is executed: an object of the project's own API, {"type": "http", ...}. An
    agent without one, but with `spec.webhookEventsUrl`, is called there; one with neither is a draft: kept,
    but not executed until it is given an executor.
    """
    whole = Fields(body)
    metadata, spec = whole.inner("metadata", required=True), whole.inner("spec")
    name = metadata.text("name", required="metadata" in whole)
    key = metadata.text("externalId", most=200) or None
    labels = {**labels_in(metadata), **bundle_in(metadata)}
    executor, config = _executor(spec)
    mode = spec.choice("variationSelectionMode", tuple(MODES))
    draft = TargetDraft(
        TargetKind.AGENT,
        name or "",
        executor,
        config,
        key=key,
        description=spec.text("description") or None,
        completion=Completion(spec.choice("completion", tuple(Completion)) or Completion.RESPONSE),
        input_schema=spec.object("inputDataSchema"),
        extra={
            "labels": labels,
            LIST: _variations(whole, spec, now_ms),
            MODE: MODES[mode or WEIGHTED],
            PIN_FIELD: VARIATION_ID,
        },
        enabled=executor != NO_EXECUTOR,
    )
    whole.done()
    return draft


def _executor(spec: Fields) -> tuple[str, dict[str, Any]]:
    url = spec.text("webhookEventsUrl")
    if "executor" in spec:
        given = spec.object("executor") or {}
        kind = spec.inner("executor").text("type", required=bool(given))
        return kind or "", {name: value for name, value in given.items() if name != "type"}
    return ("http", {"url": url}) if url else (NO_EXECUTOR, {})


def _variations(whole: Fields, spec: Fields, now_ms: int) -> list[dict[str, Any]]:
    """Those listed in the spec, else the default one that a client of the product sends beside it."""
    listed = spec.items("variations") or []
    if len(listed) > MOST_VARIATIONS:
        spec.wrong("variations", f"has {len(listed)} entries; at most {MOST_VARIATIONS} are taken")
        return []
    found = [_variation(spec, f"variations[{i}]", one, now_ms) for i, one in enumerate(listed)]
    ids = [one["id"] for one in found]
    if len(set(ids)) < len(ids):
        spec.wrong("variations", "has two of one id")
    if not found:
        given = whole.inner("defaultVariation")
        named = given.inner("metadata").text("name", most=200) or "Default"
        details = given.object("spec") or {}
        found = [_stored(_new_id(now_ms), named, 1.0, details)]
    return found


def _variation(spec: Fields, field: str, given: Any, now_ms: int) -> dict[str, Any]:
    if isinstance(given, str) and given:
        given = {"name": given}
    if not isinstance(given, dict):
        spec.wrong(field, "must be an object with name, and if wanted id, weight and spec", "type")
        return _stored("", "", 1.0, {})
    one = Fields(given, f"spec.{field}", spec.problems)
    weight = one.value("weight", (int, float), "a number")
    if weight is not None and not 0 <= weight <= 1_000_000:
        one.wrong("weight", "must be from 0 to 1000000")
    an_id = one.text("id", most=100) or _new_id(now_ms)
    name = one.text("name", required="id" not in one, most=200) or an_id
    return _stored(an_id, name, 1.0 if weight is None else float(weight), one.object("spec") or {})


def _stored(an_id: str, name: str, weight: float, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": an_id, "name": name, "weight": weight, "spec": dict(spec)}


def _new_id(now_ms: int) -> str:
    return prefixed("variation", random_id(now_ms))


def on_the_wire(error: Invalid) -> Invalid:
    """What the core found wrong with an agent, under the names that fields have here."""
    names = {"name": "metadata.name", "key": "metadata.externalId", "input_schema": "spec.inputDataSchema"}
    problems = []
    for one in error.problems:
        first, dot, rest = one.field.partition(".")
        problems.append(type(one)(names.get(first, f"spec.{first}") + dot + rest, one.message, one.code))
    return Invalid(problems)
