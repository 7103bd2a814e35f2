"""The record of trustpager: all that the rest of the server knows of it."""

from horarium.api.dialects.trustpager import errors, routes, schemas, wire
from horarium.api.dialects.trustpager.grammar import GRAMMAR
from horarium.api.kit import Dialect
from horarium.api.kit.schemas import BEARER

DIALECT = Dialect(
    name=wire.NAME,
    title="Event schedules",
    description="Clock-driven schedules that fire on a cron expression, fan out to a resolved audience, "
    "and trigger one automation run per row.",
    bases=("/functions/v1/api/v1",),
    parts=(("/v1", "event-schedules"), ("/v1", "auto-schedules")),
    grammar=GRAMMAR,
    schemas=schemas.SCHEMAS,
    security=BEARER,
    parse=wire.parse,
    edited=wire.edited,
    show=wire.show,
    render=errors.render,
    routes=routes.routes,
)
