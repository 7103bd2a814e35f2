"""autessa: events that run an agent, a tool or a write to a table, by AWS expressions."""

from horarium.api.dialects.autessa import errors, routes, schemas, wire
from horarium.api.kit import Dialect
from horarium.times.grammar import Grammar, aws_text, refuse_object

DIALECT = Dialect(
    name=wire.NAME,
    title="Scheduled Events",
    description="Recurring or one-time events that run an agent, a tool or a table write. "
    "Mounted at /clients/scheduled-events.",
    bases=("/clients/scheduled-events",),
    keys=("bearer", "raw"),
    grammar=Grammar(aws_text, refuse_object),
    schemas=schemas.SCHEMAS,
    security={"key": {"type": "apiKey", "in": "header", "name": "Authorization"}},
    failure="Errors",
    parse=wire.parse,
    edited=wire.edited,
    show=wire.show,
    render=errors.render,
    routes=routes.routes,
)
