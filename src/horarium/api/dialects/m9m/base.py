"""What m9m's handlers share: who asks, the body, the workflow that something is about."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from horarium.api.dialects.m9m import workflows
from horarium.api.fields import Query
from horarium.api.kit import authenticate, read_json, segment
from horarium.domain.errors import NotFound
from horarium.domain.ids import Id
from horarium.domain.target import Target
from horarium.domain.tenancy import Identity
from horarium.service.services import Services

MOST = 10_000
"""How many a list without a limit answers."""
# The id that a filter is given where its workflow does not exist: no target has it, so the list is empty.
NO_WORKFLOW: Id = bytes(16)


class Handlers:
    """They hold nothing but the services."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def who(self, request: Request, scope: str) -> Identity:
        return await authenticate(request, self.services, ("x-api-key", "bearer"), scope)

    async def body(self, request: Request) -> dict[str, Any]:
        return await read_json(request, self.services.settings.body_limit)

    async def workflow(self, who: Identity, request: Request) -> Target:
        """The workflow in the path. Raises NotFound."""
        return await workflows.find(who, self.services.targets, segment(request, "id"))

    async def about(self, who: Identity, reference: str | None) -> Id | None:
        """The workflow that a list is about; one that is not there has nothing."""
        if reference is None:
            return None
        try:
            return (await workflows.find(who, self.services.targets, reference)).id
        except NotFound:
            return NO_WORKFLOW


def window(query: Query) -> tuple[int, int]:
    """(offset, limit) of a list."""
    return query.number("offset", 0, 0, 999_999_999), query.number("limit", MOST, 1, 100)
