"""The record of autessa: all that the rest of the server knows of it."""

from functools import partial

from horarium.api.dialects.autessa import errors, routes, schemas, wire
from horarium.api.dialects.autessa.grammar import GRAMMAR
from horarium.api.kit import Dialect
from horarium.domain.ids import from_prefixed

DIALECT = Dialect(
    name=wire.NAME,
    title="Scheduled Events",
    description="Recurring or one-time events that run an agent, a tool or a table write. "
    "Mounted at /clients/scheduled-events.",
    bases=("/clients/scheduled-events",),
    keys=("bearer", "raw"),
    grammar=GRAMMAR,
    id_text=wire.event_id,
    id_of=partial(from_prefixed, wire.EVENT),
    schemas=schemas.SCHEMAS,
    security={"key": {"type": "apiKey", "in": "header", "name": "Authorization"}},
    failure="Errors",
    parse=wire.parse,
    edited=wire.edited,
    show=wire.show,
    render=errors.render,
    routes=routes.routes,
)
