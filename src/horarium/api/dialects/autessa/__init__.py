"""The autessa dialect: events that run an agent, a tool or a write to a table, by AWS expressions."""

from horarium.api.dialects.autessa.errors import render
from horarium.api.dialects.autessa.routes import make
from horarium.api.dialects.autessa.schemas import SCHEMAS
from horarium.api.kit.unmoved import UnmovedDialect
from horarium.times.grammar import Grammar, aws_text, refuse_object

DIALECT = UnmovedDialect(
    name="autessa",
    bases=("/clients/scheduled-events",),
    grammar=Grammar(aws_text, refuse_object),
    schemas=SCHEMAS,
    security={},
    render=render,
    make=make,
)
