"""The record of uranus: all that the rest of the server knows of it."""

from functools import partial

from horarium.api.dialects.uranus import errors, routes, schemas, wire
from horarium.api.dialects.uranus.grammar import GRAMMAR
from horarium.api.kit import Dialect
from horarium.api.kit.schemas import BEARER
from horarium.api.kit.writing import dashed, undashed

DIALECT = Dialect(
    name=wire.NAME,
    title="uranus schedules",
    description="One-time, delayed and cron schedules of an agent.",
    bases=("/api/agents",),
    splits_path=True,
    # The header by which the proxy before the original says who asks.
    keys=("bearer", "cf-access-jwt-assertion"),
    grammar=GRAMMAR,
    id_text=partial(dashed, "schedule"),
    id_of=partial(undashed, "schedule"),
    schemas=schemas.SCHEMAS,
    security={
        **BEARER,
        "assertion": {"type": "apiKey", "in": "header", "name": "CF-Access-JWT-Assertion"},
    },
    parse=wire.parse,
    edited=wire.edited,
    show=wire.show,
    render=errors.render,
    routes=routes.routes,
)
