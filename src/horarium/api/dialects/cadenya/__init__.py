"""The cadenya dialect: schedules of agents, each of whose fires creates an objective."""

from horarium.api.dialects.cadenya.errors import render
from horarium.api.dialects.cadenya.routes import make
from horarium.api.dialects.cadenya.schemas import SCHEMAS
from horarium.api.kit.unmoved import UnmovedDialect
from horarium.times.grammar import Grammar, refuse_text, wall_clock_object

DIALECT = UnmovedDialect(
    name="cadenya",
    bases=("/v1",),
    grammar=Grammar(refuse_text, wall_clock_object),
    schemas=SCHEMAS,
    security={},
    render=render,
    make=make,
)
