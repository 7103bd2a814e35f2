"""The route of the export: everything that a workspace holds, one line of JSON for each thing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import orjson
from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import instant_or_none
from horarium.api.routes.base import Routes
from horarium.api.routes.directory import shown_source
from horarium.api.routes.events import webhook as shown_webhook
from horarium.api.routes.schedules import NDJSON
from horarium.api.routes.tenancy import workspace_id_in
from horarium.api.web import Answer, Api, StreamedAnswer
from horarium.domain.directory import KINDS
from horarium.domain.errors import NotFound
from horarium.domain.events import EventFilter
from horarium.domain.fire import Fire, FireKind
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id, prefixed
from horarium.domain.listings import (
    AuditListing,
    FireListing,
    LedgerListing,
    RunListing,
    ScheduleListing,
    ScheduleOrder,
    TargetListing,
)
from horarium.domain.schedule import Schedule
from horarium.domain.tenancy import Identity
from horarium.service.pages import Page
from horarium.service.run_search import with_inputs
from horarium.service.services import Services
from horarium.service.turns import Turns


class _Identified(Protocol):
    @property
    def id(self) -> Id: ...


T = TypeVar("T")
Item = TypeVar("Item", bound=_Identified)
Json = Mapping[str, Any]

# An export shows everything, so its key needs every scope that reads something.
NEEDED = (
    "keys:admin",
    "schedules:read",
    "targets:read",
    "runs:read",
    "directory:read",
    "events:read",
    "audit:read",
)
# Things that are read at once.
PIECE = 200


class ExportRoutes(Routes):
    async def export(self, request: Request) -> Answer:
        who = await self.who(request)
        for scope in NEEDED:
            who.require(scope)
        who = await self.services.identities.acting_in(who, workspace_id_in(request, who))
        return StreamedAnswer(200, _lines(Export(self.services, who).things()), NDJSON)


async def _lines(things: AsyncIterator[tuple[str, Json]]) -> AsyncIterator[bytes]:
    turns = Turns()
    async for kind, value in things:
        yield orjson.dumps({"type": kind, "value": value}, option=orjson.OPT_APPEND_NEWLINE)
        await turns.give()


class Export:
    """Everything that a workspace holds, a page at a time, in an order in which nothing refers to what comes later.

    It is read while the workspace goes on: what changes meanwhile may be shown as it was or as it is, and what is
    deleted meanwhile may be missing. Secrets are `***`.
    """

    def __init__(self, services: Services, who: Identity) -> None:
        self.services, self.who, self.own = services, who, who.workspace_id

    async def things(self) -> AsyncIterator[tuple[str, Json]]:
        """(kind, as the API shows it) of each thing."""
        yield "workspace", show.workspace(self.who.workspace)
        for part in (
            self._people(),
            self._targets(),
            self._directory(),
            self._schedules(),
            self._pauses(),
            self._history(),
            self._doings(),
            self._events(),
            self._audit(),
        ):
            async for thing in part:
                yield thing

    async def _people(self) -> AsyncIterator[tuple[str, Json]]:
        tenancy = self.services.tenancy
        async for principal in _by_id(lambda after: tenancy.list_principals(self.who, after, PIECE)):
            with suppress(NotFound):
                granted = [each async for each in self._grants(principal.id)]
                yield "principal", {**show.principal(principal), "grants": granted}
        async for key in _by_id(lambda after: tenancy.list_keys(self.who, after, PIECE)):
            yield "key", show.key(key)

    async def _grants(self, principal: Id) -> AsyncIterator[str]:
        """The targets that a principal may schedule. Raises NotFound."""
        after: Id | None = None
        while True:
            page = await self.services.tenancy.grants_page(self.who, principal, after, PIECE)
            for target in show.grants(page)["targets"]:
                yield target
            after = page.next
            if after is None:
                return

    async def _targets(self) -> AsyncIterator[tuple[str, Json]]:
        async for target in _by_id(
            lambda after: self.services.targets.list(self.who, TargetListing(self.own, PIECE, after))
        ):
            yield "target", show.target(target)
        for source in await self.services.audiences.list_sources(self.own):
            yield "audience_source", shown_source(source)

    async def _directory(self) -> AsyncIterator[tuple[str, Json]]:
        for kind in KINDS:
            after = ""
            while items := await self.services.directory.list(self.own, kind, after, PIECE):
                for item in items:
                    yield f"directory.{kind}", item
                after = items[-1]["id"]

    async def _schedules(self) -> AsyncIterator[tuple[str, Json]]:
        began = self.services.clock.now_ms()
        listing, position = ScheduleListing(self.own, PIECE), None
        while True:
            page = await self.services.searches.schedules(listing, ScheduleOrder.OLDEST, position)
            fires = await self.services.explain.next_fires(self.own, page.items)
            for schedule in page.items:
                yield "schedule", show.schedule(schedule, fires[schedule.id])
                async for version in self._versions(schedule):
                    yield version
            position = page.next
            if position is None:
                break
        after = LOWEST_ID
        while found := await self.services.explain.deleted(self.own, after, PIECE):
            for an_id in found:
                with suppress(NotFound):
                    deleted = await self.services.explain.schedule(self.own, an_id)
                    if (deleted.deleted_ms or 0) >= began:  # it may have been shown as it was
                        continue
                    shown = {
                        **show.schedule(deleted, None),
                        "deleted_at": instant_or_none(deleted.deleted_ms),
                    }
                    yield "deleted_schedule", shown
                    async for version in self._versions(deleted):
                        yield version
            after = found[-1]

    async def _versions(self, schedule: Schedule) -> AsyncIterator[tuple[str, Json]]:
        below, shown = None, {"schedule": prefixed("sch", schedule.id)}
        explain = self.services.explain
        while found := await explain.versions(self.own, schedule.id, PIECE, below):
            for listed in found:
                with suppress(NotFound):
                    version, definition = await explain.version(self.own, schedule.id, listed.number)
                    yield "schedule_version", {**shown, **show.version(version, definition)}
            below = found[-1].number

    async def _pauses(self) -> AsyncIterator[tuple[str, Json]]:
        """Of the workspace and of its schedules: maintenance windows, and pauses with the times of windows."""
        async for window in _pieces(lambda at: self.services.windows.all(self.own, at, PIECE), LOWEST_ID):
            yield "window", show.window(window)
        async for pause in _pieces(lambda at: self.services.pauses.all(self.own, at, PIECE), LOWEST_ID):
            yield "pause", show.pause(pause)

    async def _doings(self) -> AsyncIterator[tuple[str, Json]]:
        """What was done to many at once, and that persons were erased, of whom nothing tells any more."""
        async for action in _pieces(lambda at: self.services.actions.list(self.own, PIECE, at), HIGHEST_ID):
            yield "action", show.action(action)
        async for erasure in _pieces(lambda at: self.services.erasures.list(self.who, PIECE, at), HIGHEST_ID):
            yield "erasure", show.erasure(erasure)

    async def _history(self) -> AsyncIterator[tuple[str, Json]]:
        now, position = self.services.clock.now_ms(), None
        while True:
            listing = LedgerListing(self.own, PIECE, 0, now, position)
            entries = await self.services.searches.entries(listing)
            for entry in entries.items:
                yield "ledger", show.ledger_entry(entry)
            position = entries.next
            if position is None:
                break
        for kind in FireKind:
            if kind is not FireKind.CLOCK:
                async for fire in self._fires(kind):
                    yield "fire", show.fire(fire)
        cursor: Id | None = None
        while True:
            runs = RunListing(self.own, PIECE) if cursor is None else RunListing(self.own, PIECE, cursor)
            page, inputs = await with_inputs(
                self.services, await self.services.searches.runs(runs), by_row=False
            )
            for run in page.items:
                with suppress(NotFound):
                    whole, attempts = await self.services.runs.get(self.own, run.id)
                    yield "run", show.run_in_full(whole, attempts, None, inputs.get(run.id))
            cursor = page.next
            if cursor is None:
                return

    async def _fires(self, kind: FireKind) -> AsyncIterator[Fire]:
        """Those of a kind that has no place in the ledger, which accounts for slots."""
        listing = FireListing(self.own, PIECE, kind=kind)
        while True:
            page = await self.services.searches.fires(listing)
            for fire in page.items:
                yield fire
            if page.next is None:
                return
            listing = replace(listing, cursor=page.next)

    async def _events(self) -> AsyncIterator[tuple[str, Json]]:
        async for webhook in _by_id(lambda after: self.services.webhooks.list(self.who, after, PIECE)):
            yield "webhook", shown_webhook(webhook)
        number: int | None = None
        while True:
            page = await self.services.events.page(self.who, EventFilter(), PIECE, number, oldest_first=True)
            for event in page.items:
                yield "event", orjson.loads(event.content)
            number = page.next
            if number is None:
                return

    async def _audit(self) -> AsyncIterator[tuple[str, Json]]:
        listing = AuditListing(self.own, PIECE)
        while True:
            page = await self.services.audit.page(self.who, listing)
            for entry in page.items:
                yield "audit_entry", show.audit_entry(entry)
            if page.next is None:
                return
            listing = AuditListing(self.own, PIECE, page.next)


async def _by_id(read: Callable[[Id], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """All items of a list in the order of ids."""
    after: Id | None = LOWEST_ID
    while after is not None:
        page = await read(after)
        for item in page.items:
            yield item
        after = page.next


async def _pieces(read: Callable[[Id], Awaitable[Sequence[Item]]], after: Id) -> AsyncIterator[Item]:
    """All that is behind an id, read a piece at a time."""
    while found := await read(after):
        for each in found:
            yield each
        if len(found) < PIECE:
            return
        after = found[-1].id


def add_routes(api: Api, services: Services) -> None:
    words = "Export everything that a workspace holds (NDJSON, a line for each thing; every scope that reads)"
    api.add("GET", "/workspaces/{id}/export", ExportRoutes(services).export, words, tag="workspaces")
