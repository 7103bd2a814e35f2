"""Variations of an agent: several ways of doing the same work. One of them is chosen for each run.

They are kept in the `extra` of the target: `variations` is a list of {"id", "name", "weight",
"spec"}, `variation_selection_mode` is one of MODES, and `variation_pin_field` is the name of the
member of a run's input that may name the variation to use. An agent without variations has a single
default one, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from horarium.domain.ids import Id, derived_id, id_time, prefixed

# How the variation of a run is chosen: at random by weight, at random with equal chances, or
# always the first.
WEIGHTED, RANDOM, FIRST = "weighted", "random", "first"
MODES = (WEIGHTED, RANDOM, FIRST)
# The names under which a target's `extra` holds the variations, the mode and the name of the
# pinning input member.
LIST = "variations"
MODE = "variation_selection_mode"
PIN_FIELD = "variation_pin_field"
# How many variations a target has at most.
MOST_VARIATIONS = 50


@dataclass(frozen=True, slots=True)
class Variation:
    """One variation. `spec` is passed to the executor as it is; its form is free. `weight` is at least 0."""

    id: str
    name: str
    weight: float = 1.0
    spec: Mapping[str, Any] = field(default_factory=dict)


def variations_of(extra: Mapping[str, Any], target_id: Id) -> Sequence[Variation]:
    """The variations in the `extra` of a target, or its single default one. Entries in another form are ignored, and so
    are those behind the first MOST_VARIATIONS: whoever writes `extra` itself may list very many, and each run chooses
    anew."""
    listed = extra.get(LIST)
    entries = listed[:MOST_VARIATIONS] if isinstance(listed, list) else []
    found = [_variation(entry) for entry in entries if isinstance(entry, Mapping)]
    return [variation for variation in found if variation is not None] or [
        Variation(default_id(target_id), "Default")
    ]


def _variation(entry: Mapping[str, Any]) -> Variation | None:
    an_id, spec = entry.get("id"), entry.get("spec")
    if not isinstance(an_id, str):
        return None
    name = str(entry.get("name") or an_id)
    return Variation(
        an_id, name, _weight(entry.get("weight", 1.0)), spec if isinstance(spec, Mapping) else {}
    )


def has_variations(extra: Mapping[str, Any]) -> bool:
    """Whether the target was given variations."""
    return bool(extra.get(LIST))


def longest_variation(extra: Mapping[str, Any], target_id: Id) -> int:
    """Bytes, roughly, of the largest variation that a run of a target may be given."""
    if not has_variations(extra):
        return 0
    return max(len(orjson.dumps(dict(one.spec))) for one in variations_of(extra, target_id))


def default_id(target_id: Id) -> str:
    """The id of the default variation of an agent that was given none. It is always the same for one target."""
    return prefixed("variation", derived_id(id_time(target_id), target_id, b"variation"))


def choose(extra: Mapping[str, Any], target_id: Id, run: Id, given: Any) -> Variation:
    """The variation of one run: the one that the run's input `given` names, otherwise one by the agent's mode.

    The random draw is a hash of the run's id. So all attempts of a run get the same variation, and it can
    be computed again later.
    """
    variations = variations_of(extra, target_id)
    pin_field = extra.get(PIN_FIELD)
    pinned = given.get(pin_field) if isinstance(given, Mapping) and isinstance(pin_field, str) else None
    for variation in variations:
        if variation.id == pinned:
            return variation
    mode = extra.get(MODE, WEIGHTED)
    if mode == FIRST or len(variations) == 1:
        return variations[0]
    weights = [1.0 if mode == RANDOM else variation.weight for variation in variations]
    drawn = int.from_bytes(blake2b(run, digest_size=8).digest(), "big") / 2**64 * sum(weights)
    for variation, weight in zip(variations, weights, strict=True):
        drawn -= weight
        if drawn < 0:
            return variation
    return variations[0]


def first_message(variation: Variation) -> str:
    """The message that a variation has for runs whose input has none; empty where it has none."""
    text = variation.spec.get("firstUserMessageTemplate")
    return text if isinstance(text, str) and text.strip() else ""


def variation_facts(variation: Variation) -> dict[str, Any]:
    """What an executor is told of the chosen variation: {"id", "name", "spec"}."""
    return {"id": variation.id, "name": variation.name, "spec": dict(variation.spec)}


def _weight(given: Any) -> float:
    good = isinstance(given, int | float) and not isinstance(given, bool) and given >= 0
    return float(given) if good else 1.0
