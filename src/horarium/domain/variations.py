"""Variations of an agent: several ways of doing the same work, one of which is chosen for each run.

They are kept in the target's `extra`: `variations`, a list of {"id", "name", "weight", "spec"}, and
`variation_selection_mode`, one of MODES; and `variation_pin_field`, the name of the member of a run's input that may
name the variation to use. An agent without variations has a single default one, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from horarium.domain.ids import Id, derived_id, id_time, prefixed

WEIGHTED, RANDOM, FIRST = "weighted", "random", "first"
MODES = (WEIGHTED, RANDOM, FIRST)
LIST = "variations"
MODE = "variation_selection_mode"
PIN_FIELD = "variation_pin_field"


@dataclass(frozen=True, slots=True)
class Variation:
    """One of them; `spec` is what the executor is told of it, free in form."""

    id: str
    name: str
    weight: float = 1.0
    spec: Mapping[str, Any] = field(default_factory=dict)


def variations_of(extra: Mapping[str, Any], target_id: Id) -> Sequence[Variation]:
    """The variations in a target's `extra`, at least one. What cannot be read as one is passed over."""
    found = []
    listed = extra.get(LIST)
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("id"), str):
            spec = one.get("spec")
            found.append(
                Variation(
                    one["id"],
                    str(one.get("name") or one["id"]),
                    _weight(one.get("weight", 1.0)),
                    spec if isinstance(spec, Mapping) else {},
                )
            )
    return found or [Variation(default_id(target_id), "Default")]


def has_variations(extra: Mapping[str, Any]) -> bool:
    """Whether an agent was given any."""
    return bool(extra.get(LIST))


def default_id(target_id: Id) -> str:
    """The id of the one variation of an agent that was given none."""
    return prefixed("variation", derived_id(id_time(target_id), target_id, b"variation"))


def choose(extra: Mapping[str, Any], target_id: Id, run: Id, given: Any) -> Variation:
    """The variation of one run: the one that its input pins, else by the agent's mode.

    The draw is a hash of the run's id, so all attempts of a run get the same, and anybody can tell which.
    """
    among = variations_of(extra, target_id)
    pin_field = extra.get(PIN_FIELD)
    pinned = given.get(pin_field) if isinstance(given, Mapping) else None
    for one in among:
        if one.id == pinned:
            return one
    mode = extra.get(MODE, WEIGHTED)
    if mode == FIRST or len(among) == 1:
        return among[0]
    weights = [1.0 if mode == RANDOM else one.weight for one in among]
    drawn = int.from_bytes(blake2b(run, digest_size=8).digest(), "big") / 2**64 * sum(weights)
    for one, weight in zip(among, weights, strict=True):
        drawn -= weight
        if drawn < 0:
            return one
    return among[0]


def told(one: Variation) -> dict[str, Any]:
    """What an executor is told of the chosen variation."""
    return {"id": one.id, "name": one.name, "spec": dict(one.spec)}


def _weight(given: Any) -> float:
    good = isinstance(given, int | float) and not isinstance(given, bool) and given >= 0
    return float(given) if good else 1.0
