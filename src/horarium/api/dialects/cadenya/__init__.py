"""cadenya: schedules of agents, each of whose fires creates an objective."""

from horarium.api.dialects.cadenya import errors, routes
from horarium.api.dialects.cadenya.account import schemas as account
from horarium.api.dialects.cadenya.agents import schemas as agents
from horarium.api.dialects.cadenya.objectives import schemas as objectives
from horarium.api.dialects.cadenya.schedules import schemas as schedules
from horarium.api.dialects.cadenya.schedules import wire
from horarium.api.dialects.cadenya.schemas import SHARED
from horarium.api.dialects.cadenya.wire import NAME
from horarium.api.kit import Dialect
from horarium.times.grammar import Grammar, refuse_text, wall_clock_object

DIALECT = Dialect(
    name=NAME,
    title="Agent schedules",
    description="Schedules of agents; each fire creates an objective. Mounted at /v1.",
    bases=("/v1",),
    splits_path=True,
    grammar=Grammar(refuse_text, wall_clock_object),
    schemas={**SHARED, **schedules.SCHEMAS, **objectives.SCHEMAS, **agents.SCHEMAS, **account.SCHEMAS},
    security={"key": {"type": "http", "scheme": "bearer"}},
    failure="Status",
    parse=wire.parse,
    edited=wire.edited,
    show=wire.show,
    render=errors.render,
    routes=routes.routes,
)
