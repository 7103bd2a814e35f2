"""The fields of an agent that a body can replace."""

from __future__ import annotations

from horarium.api.dialects.cadenya.mask import METADATA, STATE, STATUS, FieldPaths

DESCRIPTION, EXECUTOR, WEBHOOK = "spec.description", "spec.executor", "spec.webhookEventsUrl"
COMPLETION, SCHEMA = "spec.completion", "spec.inputDataSchema"
VARIATIONS, MODE = "spec.variations", "spec.variationSelectionMode"

PATHS = FieldPaths(
    [*METADATA, DESCRIPTION, EXECUTOR, WEBHOOK, COMPLETION, SCHEMA, VARIATIONS, MODE, STATUS], {STATE: STATUS}
)

# What only this server knows of an agent. The product's clients do not send it back when they replace a whole spec,
# so it is cleared only where a mask names it by its own path.
OWN = frozenset([EXECUTOR, COMPLETION, VARIATIONS])
