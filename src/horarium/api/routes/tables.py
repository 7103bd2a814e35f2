"""Routes of embedded tables: callers create and read them, and targets with the `sql` executor write to them."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from starlette.requests import Request

from horarium.api.fields import Query
from horarium.api.models import Body, schema_of, validated
from horarium.api.routes.base import Routes
from horarium.api.web import Answer, Api, json_answer
from horarium.domain.tenancy import Identity
from horarium.executors.options import ExecutorOptions
from horarium.executors.sql import create_table, describe_table, list_tables, read_rows
from horarium.executors.sql.tables import MAX_COLUMNS, MAX_ROWS
from horarium.service.services import Services


class TableBody(Body):
    """A table without a primary key gets a column `id` that counts up."""

    database: str = Field(description="a name that you choose; the database is made with its first table")
    table: str
    columns: list[dict[str, Any]] = Field(
        max_length=MAX_COLUMNS,
        description="name, type (integer, number, text, boolean, timestamp, json), primary_key, nullable",
    )


class TableRoutes(Routes):
    def _options(self) -> ExecutorOptions:
        return ExecutorOptions(data_dir=self.services.settings.data)

    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "targets:write")
        body: TableBody = validated(TableBody, await self.body(request))
        made = await create_table(self._options(), who.workspace_id, body.database, body.table, body.columns)
        return json_answer(201, made)

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        return json_answer(200, {"items": await list_tables(self._options(), who.workspace_id)})

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        return json_answer(200, await describe_table(self._options(), *self._named(request, who)))

    async def rows(self, request: Request) -> Answer:
        who = await self.who(request, "targets:read")
        query = Query(request)
        limit, after = query.number("limit", 100, 1, MAX_ROWS), query.number("after", 0, 0, 999_999_999)
        query.done()
        named = self._named(request, who)
        return json_answer(200, await read_rows(self._options(), *named, limit=limit, after=after))

    def _named(self, request: Request, who: Identity) -> tuple[bytes, str, str]:
        return who.workspace_id, request.path_params["database"], request.path_params["table"]


def add_routes(api: Api, services: Services) -> None:
    routes, tag, table = TableRoutes(services), "tables", "/tables/{database}/{table}"
    body = schema_of(TableBody)
    api.add("POST", "/tables", routes.create, "Make an embedded table", tag=tag, status=201, body=body)
    api.add("GET", "/tables", routes.list, "List embedded tables", tag=tag)
    api.add("GET", table, routes.get, "Describe an embedded table", tag=tag)
    paged = {"limit": f"how many; 100, at most {MAX_ROWS}", "after": "next of the page before"}
    api.add("GET", f"{table}/rows", routes.rows, "Rows, in the order they were made", tag=tag, query=paged)
