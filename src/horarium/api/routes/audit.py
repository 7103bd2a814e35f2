"""The audit log: its entries, its chain, and the erasure of persons from it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import Query
from horarium.api.models import ErasureBody, schema_of, validated
from horarium.api.queries import subject_in
from horarium.api.routes.base import CURSOR, LIMIT, TOTAL, Routes, cursor_of
from horarium.api.web import Answer, Api, StreamedAnswer, json_answer
from horarium.domain.audit import Link, LinkedEntry
from horarium.domain.errors import Invalid, Problem, Unavailable
from horarium.domain.ids import from_prefixed, id_time
from horarium.domain.listings import AuditListing
from horarium.domain.tenancy import Identity
from horarium.service.audit import ERASE, READ
from horarium.service.services import Services
from horarium.service.totals import beside
from horarium.store.verbs.audit import Chain
from horarium.times import Rounding

NDJSON = b"application/x-ndjson"


class AuditRoutes(Routes):
    async def list(self, request: Request) -> Answer:
        who = await self.who(request, READ)
        query = Query(request)
        listing = AuditListing(
            who.workspace_id,
            query.limit(),
            cursor_of(request, newest_first=True),
            action=query.text("action"),
            subject=subject_in(query),
            principal_id=query.id("principal", "prn"),
            request=query.text("request"),
            since_ms=query.instant("since", Rounding.UP),
            until_ms=query.instant("until", Rounding.UP),
        )
        wants_total = query.flag("total")
        query.done()
        found = await self.services.audit.page(who, listing)
        total = None
        if wants_total:
            count = partial(self.services.totals.audit, listing)
            total = await beside(found, listing.limit, query.text("cursor") is None, count)
        return json_answer(200, show.page(found, show.audit_entry, total))

    async def export(self, request: Request) -> Answer:
        who = await self.who(request, READ)
        query = Query(request)
        proof = query.flag("proof")
        since, until = query.instant("since", Rounding.UP), query.instant("until", Rounding.UP)
        if proof and (since is not None or until is not None):
            query.wrong("proof", "proves the whole chain, so it cannot be given together with since or until")
        query.done()
        chain = await self.services.audit.chain(who)
        lines = self._proof(who, chain) if proof else self._entries(who, chain, since or 0, until)
        return StreamedAnswer(200, lines, NDJSON)

    async def erase(self, request: Request) -> Answer:
        who = await self.who(request, ERASE)
        body = validated(ErasureBody, await self.body(request))
        principal = from_prefixed("prn", body.principal)
        if principal is None:
            raise Invalid(
                Problem("principal", "must be the id of a principal, such as prn_01J...", "unknown")
            )
        return json_answer(200, {"erased": await self.services.audit.erase(who, principal)})

    async def _entries(
        self, who: Identity, chain: Chain, since: int, until: int | None
    ) -> AsyncIterator[bytes]:
        """The entries that are not erased, oldest first."""
        async for _, entries in self.services.audit.links(who, chain):
            within = [
                entry
                for entry in entries
                if entry.content is not None
                and since <= id_time(entry.id)
                and (until is None or id_time(entry.id) < until)
            ]
            yield b"".join(_line(show.audit_entry(entry)) for entry in within)

    async def _proof(self, who: Identity, chain: Chain) -> AsyncIterator[bytes]:
        """All that is needed to verify the chain without this server: its ends, and every link with its entries. It is
        broken off where something of it was erased or deleted meanwhile, because it would not verify."""
        yield _line(
            {
                "workspace": who.workspace_id.hex(),
                "anchor": {"number": chain.anchor.number, "hash": chain.anchor.hash.hex()},
                "last": {"number": chain.number, "hash": chain.hash.hex()},
            }
        )
        async for link, entries in self.services.audit.links(who, chain):
            yield _line(_link(link, entries))
        if await self.services.audit.lost_something(who, chain):
            raise Unavailable("entries of the log were erased or deleted while it was read: ask again")


def _link(link: Link, entries: list[LinkedEntry]) -> dict[str, Any]:
    return {
        "number": link.number,
        "digests": link.entries.hex(),
        "hash": link.hash.hex(),
        "linked_ms": link.linked_ms,
        "entries": [
            [value.hex() if isinstance(value, bytes) else value for value in entry] for entry in entries
        ],
    }


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def add_routes(api: Api, services: Services) -> None:
    routes, tag = AuditRoutes(services), "audit"
    period = {
        "since": "only what was done at or after this time",
        "until": "only what was done before this time",
    }
    filters = {
        "action": "an action such as key.created, or all of one kind: key",
        "subject": "the id of what was changed, such as sch_01J..., or a name such as audience:people",
        "principal": "the id of who did it",
        "request": "the X-Request-Id of the request",
        **period,
        "limit": LIMIT,
        "cursor": CURSOR,
        "total": TOTAL,
    }
    api.add(
        "GET", "/audit", routes.list, "List the audit log, newest first (audit:read)", tag=tag, query=filters
    )
    proof = {"proof": "true: the chain with its hashes, as `horarium audit verify` reads it"}
    words = "The whole audit log as NDJSON, oldest first (audit:read)"
    api.add("GET", "/audit/export", routes.export, words, tag=tag, query={**period, **proof})
    erasure = schema_of(ErasureBody)
    words = "Erase what the audit log says about a principal; the chain still verifies (keys:admin)"
    api.add("POST", "/audit/erase", routes.erase, words, tag=tag, body=erasure)
