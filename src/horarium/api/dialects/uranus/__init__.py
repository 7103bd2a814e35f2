"""uranus: one-time, delayed and cron schedules of an agent, which call back a workflow or a function."""

from horarium.api.dialects.uranus import errors, routes, schemas, wire
from horarium.api.kit import Dialect
from horarium.api.kit.schemas import BEARER
from horarium.times.grammar import Grammar, cron_text

DIALECT = Dialect(
    name=wire.NAME,
    title="uranus schedules",
    description="One-time, delayed and cron schedules of an agent.",
    bases=("/api/agents",),
    splits_path=True,
    grammar=Grammar(cron_text(macros=False), wire.once_or_delay),
    schemas=schemas.SCHEMAS,
    security=BEARER,
    parse=wire.parse,
    edited=wire.edited,
    show=wire.show,
    render=errors.render,
    routes=routes.routes,
)
