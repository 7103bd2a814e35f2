"""The routes about the caller: who asks, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request

from horarium.api.dialects.cadenya.account import wire
from horarium.api.dialects.cadenya.handlers import CadenyaHandlers
from horarium.api.dialects.cadenya.schedules.wire import Facts, Order
from horarium.api.dialects.cadenya.schemas import PAGE_QUERY
from horarium.api.dialects.cadenya.wire import page_json
from horarium.api.kit import Dialect, Operation, Query
from horarium.api.web import Answer, json_answer
from horarium.domain.ids import LOWEST_ID
from horarium.service.services import Services


def routes(dialect: Dialect[Order, Facts], services: Services) -> Sequence[Operation]:
    """The routes about the caller."""
    of = Account(dialect, services)
    reading = partial(Operation, "GET", tag="account")
    return (
        reading("/whoami", of.whoami, "Who the key belongs to", answer="Whoami"),
        reading("/account", of.account, "The account", answer="Account"),
        reading("/workspaces", of.workspaces, "List workspaces", answer="Workspaces", query=PAGE_QUERY),
    )


class Account(CadenyaHandlers):
    """The caller, and what belongs to it."""

    async def whoami(self, request: Request) -> Answer:
        return json_answer(200, wire.whoami(await self.who(request)))

    async def account(self, request: Request) -> Answer:
        who = await self.who(request)
        return json_answer(200, wire.account(who.workspace, who.principal))

    async def workspaces(self, request: Request) -> Answer:
        who = await self.who(request)
        page = self.page(who, Query(request))
        found = await self.services.tenancy.list_workspaces(who, page.cursor or LOWEST_ID, page.limit + 1)
        items = [wire.workspace_json(workspace, who.principal) for workspace in found.items]
        return json_answer(200, page_json(items, [workspace.id for workspace in found.items], page.limit))
