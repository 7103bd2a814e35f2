"""The audit log: who did what, when, and what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import Query
from horarium.api.queries import subject_in
from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.rendering import path_to
from horarium.domain.audit import LinkedEntry
from horarium.domain.ids import HIGHEST_ID, LOWEST_ID, Id, from_prefixed, id_time
from horarium.domain.listings import AuditListing
from horarium.domain.tenancy import Identity
from horarium.service.audit import READ
from horarium.service.pages import cursor_from, cursor_text
from horarium.service.tenancy import ADMIN
from horarium.times import Rounding

PAGE = 50
# Principals whose names a page looks up.
NAMED = 1_000
# Kinds of actions that the filter offers.
KINDS = (
    "schedule", "schedules", "target", "webhook", "run", "key", "principal", "grant", "workspace", "directory",
    "audience", "refused", "audit",
)  # fmt: skip
# The pages of what entries are about, by the prefix of its id.
_PLACES = {
    "sch": "schedules",
    "tgt": "targets",
    "run": "runs",
    "prn": "principals",
    "hook": "events/webhooks",
}


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry as a page shows it: `place` is the page of what it is about, if there is one, and `changes` are the
    fields that differ, each as it was and as it is."""

    at_ms: int
    action: str
    subject: str
    place: str | None
    by: str
    address: str | None
    changes: list[tuple[str, Any, Any]]
    further: Mapping[str, Any]


class AuditPages(Pages):
    async def list(self, request: Request) -> Answer:
        who = await self.who(request, READ)
        query = Query(request)
        given = {name: query.text(name) for name in ("action", "subject", "principal", "since", "until")}
        listing = AuditListing(
            who.workspace_id,
            PAGE,
            HIGHEST_ID if (cursor := query.text("cursor")) is None else cursor_from(cursor),
            action=given["action"],
            subject=subject_in(query),
            principal_id=query.id("principal", "prn"),
            since_ms=query.instant("since", Rounding.UP),
            until_ms=query.instant("until", Rounding.UP),
        )
        query.done()
        found = await self.services.audit.page(who, listing)
        names = await self._names(who)
        return self.page(
            request,
            "audit.html",
            entries=[_shown(entry, names) for entry in found.items],
            given=given,
            filtered=any(given.values()),
            kinds=KINDS,
            first=None if cursor is None else path_to("audit", **given),
            older=None if found.next is None else path_to("audit", **given, cursor=cursor_text(found.next)),
        )

    async def _names(self, who: Identity) -> dict[Id, str]:
        """The names of those who act in the workspace, as far as the key may know them."""
        names = {who.principal_id: who.principal.name}
        if who.may(ADMIN):
            found = await self.services.tenancy.list_principals(who, LOWEST_ID, NAMED)
            names |= {principal.id: principal.name for principal in found.items}
        return names


def _shown(entry: LinkedEntry, names: Mapping[Id, str]) -> ShownEntry:
    told = show.audit_entry(entry)
    prefix, _, _ = str(told["subject"]).partition("_")
    place = path_to(_PLACES[prefix], told["subject"]) if prefix in _PLACES else None
    before, after = told["before"] or {}, told["after"] or {}
    known = ("id", "at", "action", "subject", "by", "before", "after")
    return ShownEntry(
        id_time(entry.id),
        told["action"],
        told["subject"],
        place,
        _who(told["by"]["principal"], names),
        told["by"]["address"],
        [(name, before.get(name), after.get(name)) for name in {**before, **after}],
        {name: value for name, value in told.items() if name not in known},
    )


def _who(principal: str | None, names: Mapping[Id, str]) -> str:
    if principal is None:
        return "the server"
    found: Id | None = from_prefixed("prn", principal)
    return principal if found is None else names.get(found, principal)
