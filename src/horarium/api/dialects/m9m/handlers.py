"""What m9m's handlers share: the workflow that a request is about, and the window of a list."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from horarium.api.dialects.m9m.schedules.wire import Facts, Order
from horarium.api.kit import Handlers, Json, Query, segment
from horarium.api.kit.parts import Pieces, object_in_parts
from horarium.api.web import JSON, Answer, StreamedAnswer, json_answer
from horarium.domain.ids import Id
from horarium.domain.target import Target, TargetKind
from horarium.domain.tenancy import Identity

# How many entries a list without a limit answers.
MOST = 10_000


class WorkflowHandlers(Handlers[Order, Facts]):
    """Handlers whose requests name workflows."""

    async def workflow(self, who: Identity, reference: str) -> Target:
        """A workflow by id, key or number. Raises NotFound."""
        return await self.services.targets.resolve(who.workspace_id, reference, (TargetKind.WORKFLOW,))

    async def workflow_in_path(self, who: Identity, request: Request) -> Target:
        """The workflow that a path names. Raises NotFound."""
        return await self.workflow(who, segment(request, "id"))

    async def workflow_id(self, who: Identity, reference: str | None) -> Id | None:
        """The id of the workflow that a list is filtered by; None without a filter. Raises NotFound."""
        return None if reference is None else (await self.workflow(who, reference)).id


def window(query: Query) -> tuple[int, int]:
    """(offset, limit) of a list."""
    return query.number("offset", 0, 0, 999_999_999), query.number("limit", MOST, 1, 100)


def page(name: str, rows: Sequence[Json], total: int, offset: int, limit: int) -> Answer:
    """A page of a list. It carries the rows under two names: `data`, and the one that the product's web page reads."""
    return json_answer(200, {"data": rows, name: rows, "total": total, "offset": offset, "limit": limit})


def page_in_parts(name: str, pieces: Pieces, total: int, offset: int, limit: int) -> Answer:
    """As `page`, of rows that are read a piece at a time because their texts are large."""
    lists, window = {"data": pieces, name: pieces}, {"total": total, "offset": offset, "limit": limit}
    return StreamedAnswer(200, object_in_parts(lists, window), JSON)
