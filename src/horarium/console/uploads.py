"""Uploads to the directory: a CSV file whose columns are mapped by the person who uploads it.

A script reads the beginning of the file, shows what its columns may stand for, and then sends the file as it is, so
that it need not fit into memory and its progress can be shown. Without a script the text is pasted into the form.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping

import orjson
from starlette.requests import Request

from horarium.api.bodies import read_chunks
from horarium.api.csv_items import csv_beginning, csv_items
from horarium.api.imports import LONGEST, Numbered, within_quota
from horarium.api.web import Answer
from horarium.console.audiences import WRITE
from horarium.console.base import Pages, visitor_of
from horarium.console.column_mapping import (
    MOST_MAPPED,
    Column,
    as_chosen,
    choices,
    mapping_in,
    parted,
    propose,
)
from horarium.console.forms import refuse_foreign
from horarium.console.rendering import path_to
from horarium.domain.directory import Kind
from horarium.domain.errors import Forbidden, HorariumError, Invalid, Problem
from horarium.domain.tenancy import Identity
from horarium.service.directory import Imported, kind_of
from horarium.service.turns import Turns

# Records of a file that are shown before it is uploaded, and refused lines that are shown after it.
SAMPLE, REFUSED = 5, 50
# The header that carries the token of the session where the body is a file.
TOKEN_HEADER = "x-csrf-token"  # noqa: S105


class UploadPages(Pages):
    async def new(self, request: Request) -> Answer:
        await self.who(request, WRITE)
        return self._form(request, _kind(request), "", None)

    async def columns(self, request: Request) -> Answer:
        """What the columns of a file may stand for, by its beginning, for the script of the page."""
        _, form = await self.sent(request, WRITE)
        kind = _kind(request)
        try:
            columns, wrong = await _columns(kind, form.text("text")), None
        except Invalid as error:
            columns, wrong = None, _said(error)
        return self.page(request, "columns.html", kind=kind, columns=columns, wrong=wrong, choices=choices)

    async def upload(self, request: Request) -> Answer:
        """Store what was sent: a file, as the script sends it, or the form with pasted text. Text whose columns are
        not mapped yet is answered by the form that maps them."""
        kind = _kind(request)
        if request.headers.get("content-type", "").startswith("text/csv"):
            return await self._file(request, kind)
        who, form = await self.sent(request, WRITE)
        text, mapping = form.text("text"), mapping_in(form)
        try:
            columns = await _columns(kind, text)
        except Invalid as error:
            return self._form(request, kind, text, None, _said(error), 400)
        if "column.0" not in form.fields:
            return self._form(request, kind, text, columns)
        chosen = as_chosen(columns, mapping)
        return await self._stored(request, who, kind, _one(text.encode()), mapping, (text, chosen))

    async def _file(self, request: Request, kind: Kind) -> Answer:
        refuse_foreign(request, self.services.settings.public_url)
        who = await self.who(request, WRITE)
        if not visitor_of(request).session.knows(request.headers.get(TOKEN_HEADER, "")):
            raise Forbidden(
                "this page belongs to another session; open it again, and send the file from there"
            )
        mapping = _mapping_in(request.query_params.get("columns", ""))
        return await self._stored(
            request, who, kind, read_chunks(request, self.services.settings.bulk_limit), mapping
        )

    async def _stored(
        self,
        request: Request,
        who: Identity,
        kind: Kind,
        chunks: AsyncIterator[bytes],
        mapping: Mapping[str, str],
        pasted: tuple[str, list[Column]] | None = None,
    ) -> Answer:
        """Store the records of a CSV text, and show what became of them."""
        try:
            fields, both = parted(mapping)
            records = csv_items(chunks, LONGEST, fields)
            records = _with_email(records) if both else records
            items = within_quota(self.services, who, _in_turns(records))
            found = await self.services.directory.put(who.workspace_id, kind.name, items)
        except Invalid as error:
            text, columns = pasted or ("", None)
            return self._form(request, kind, text, columns, _said(error), 400)
        return self.page(
            request,
            "uploaded.html",
            400 if found.refused else 200,
            kind=kind,
            found=found,
            shown=found.refused[:REFUSED],
            nothing=_nothing(found),
        )

    def _form(
        self,
        request: Request,
        kind: Kind,
        text: str,
        columns: list[Column] | None,
        wrong: str | None = None,
        status: int = 200,
    ) -> Answer:
        return self.page(
            request,
            "upload.html",
            status,
            kind=kind,
            text=text,
            columns=columns,
            wrong=wrong,
            choices=choices,
            place=path_to("audiences", "directory", kind.name, "upload"),
        )


def _kind(request: Request) -> Kind:
    return kind_of(str(request.path_params["kind"]))


async def _columns(kind: Kind, text: str) -> list[Column]:
    """The columns of a CSV text. Raises Invalid."""
    begun = await csv_beginning(text.encode(), LONGEST, SAMPLE)
    if len(begun.names) > MOST_MAPPED:
        words = f"has {len(begun.names)} columns; the console maps {MOST_MAPPED}. The API takes more"
        raise Invalid(Problem("", words))
    return propose(kind, begun.names, begun.rows)


def _mapping_in(text: str) -> dict[str, str]:
    """What the columns of a file stand for, as the script says it: JSON with a field for each column that is not left
    out. Raises Invalid."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(field, str) for field in found.values()):
        raise Invalid(Problem("columns", "must be a JSON object with a field for each column"))
    return found


async def _with_email(
    records: AsyncIterator[tuple[int, dict[str, str] | Problem]],
) -> AsyncGenerator[tuple[int, dict[str, str] | Problem], None]:
    """Records whose id is their email too."""
    async for number, record in records:
        if isinstance(record, dict) and "id" in record:
            record["email"] = record["id"]
        yield number, record


async def _one(text: bytes) -> AsyncIterator[bytes]:
    yield text


async def _in_turns(items: Numbered) -> Numbered:
    """The items, with turns for others between them."""
    turns = Turns()
    async for item in items:
        yield item
        await turns.give()


def _said(error: HorariumError) -> str:
    if isinstance(error, Invalid):
        return "; ".join(f"{problem.field} {problem.message}".strip() for problem in error.problems[:5])
    return str(error)


def _nothing(found: Imported) -> bool:
    """Whether there was nothing to store."""
    return not found.stored and not found.refused
