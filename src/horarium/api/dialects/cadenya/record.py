"""The record of cadenya: all that the rest of the server knows of it."""

from functools import partial

from horarium.api.dialects.cadenya import errors, routes
from horarium.api.dialects.cadenya.account import schemas as account
from horarium.api.dialects.cadenya.agents import schemas as agents
from horarium.api.dialects.cadenya.grammar import GRAMMAR
from horarium.api.dialects.cadenya.objectives import schemas as objectives
from horarium.api.dialects.cadenya.schedules import schemas as schedules
from horarium.api.dialects.cadenya.schedules import wire
from horarium.api.dialects.cadenya.schemas import SHARED
from horarium.api.dialects.cadenya.wire import NAME, SCHEDULE
from horarium.api.kit import Dialect
from horarium.domain.ids import from_prefixed, prefixed

DIALECT = Dialect(
    name=NAME,
    title="Agent schedules",
    description="Schedules of agents; each fire creates an objective. Mounted at /v1.",
    bases=("/v1",),
    splits_path=True,
    grammar=GRAMMAR,
    id_text=partial(prefixed, SCHEDULE),
    id_of=partial(from_prefixed, SCHEDULE),
    schemas={**SHARED, **schedules.SCHEMAS, **objectives.SCHEMAS, **agents.SCHEMAS, **account.SCHEMAS},
    security={"key": {"type": "http", "scheme": "bearer"}},
    failure="Status",
    parse=wire.parse,
    edited=wire.edited,
    show=wire.show,
    render=errors.render,
    routes=routes.routes,
)
