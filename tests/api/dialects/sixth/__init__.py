"""sundial: a dialect of this test alone, which no file of the server knows. Timers that call a function once a day."""

from horarium.api.kit import Dialect
from horarium.api.kit.schemas import BEARER
from horarium.times.grammar import Grammar, refuse_object
from tests.api.dialects.sixth import errors, routes, schemas, wire

DIALECT = Dialect(
    name=wire.NAME,
    title="Sundial",
    description="Timers that call a function once a day.",
    bases=("/sundial",),
    grammar=Grammar(wire.time_of_day, refuse_object),
    schemas=schemas.SCHEMAS,
    security=BEARER,
    parse=wire.parse,
    edited=wire.edited,
    show=wire.show,
    render=errors.render,
    routes=routes.routes,
)
