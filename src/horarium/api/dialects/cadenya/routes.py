"""cadenya's routes: those of each resource."""

from __future__ import annotations

from collections.abc import Sequence

from horarium.api.dialects.cadenya.account import routes as account
from horarium.api.dialects.cadenya.agents import routes as agents
from horarium.api.dialects.cadenya.objectives import routes as objectives
from horarium.api.dialects.cadenya.schedules import routes as schedules
from horarium.api.dialects.cadenya.schedules.wire import Facts, Order
from horarium.api.kit import Dialect, Operation
from horarium.service.services import Services


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes of this dialect."""
    resources = (schedules, objectives, agents, account)
    return [operation for resource in resources for operation in resource.routes(dialect, services)]
