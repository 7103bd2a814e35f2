"""m9m: cron schedules that execute workflows."""

from horarium.api.dialects.m9m.errors import render
from horarium.api.dialects.m9m.routes import make
from horarium.api.dialects.m9m.schemas import SCHEMAS
from horarium.api.kit.unmoved import UnmovedDialect
from horarium.times.grammar import Grammar, cron_text, refuse_object

DIALECT = UnmovedDialect(
    name="m9m",
    bases=("/api/v1",),
    grammar=Grammar(cron_text(macros=True), refuse_object),
    schemas=SCHEMAS,
    security={},
    render=render,
    make=make,
)
