"""The record of m9m: all that the rest of the server knows of it."""

from collections.abc import Sequence
from functools import partial

from horarium.api.dialects.m9m import errors, schemas
from horarium.api.dialects.m9m.executions import routes as execution_routes
from horarium.api.dialects.m9m.executions import schemas as execution_schemas
from horarium.api.dialects.m9m.grammar import GRAMMAR
from horarium.api.dialects.m9m.schedules import routes as schedule_routes
from horarium.api.dialects.m9m.schedules import schemas as schedule_schemas
from horarium.api.dialects.m9m.schedules import wire
from horarium.api.dialects.m9m.schedules.wire import Facts, Order
from horarium.api.dialects.m9m.workflows import routes as workflow_routes
from horarium.api.dialects.m9m.workflows import schemas as workflow_schemas
from horarium.api.kit import Dialect, Operation
from horarium.api.kit.writing import dashed, undashed
from horarium.service.services import Services


def _routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of all three resources."""
    return (
        *schedule_routes.routes(dialect, services),
        *workflow_routes.routes(dialect, services),
        *execution_routes.routes(dialect, services),
    )


DIALECT = Dialect(
    name=wire.NAME,
    title="m9m schedules",
    description="Cron schedules that execute workflows.",
    bases=("/api/v1",),
    splits_path=True,
    keys=("x-api-key", "bearer"),
    grammar=GRAMMAR,
    id_text=partial(dashed, "sched"),
    id_of=partial(undashed, "sched"),
    schemas={
        **schedule_schemas.SCHEMAS,
        **workflow_schemas.SCHEMAS,
        **execution_schemas.SCHEMAS,
        **schemas.SCHEMAS,
    },
    security=schemas.SECURITY,
    parse=wire.parse,
    edited=wire.edited,
    show=wire.show,
    render=errors.render,
    routes=_routes,
)
