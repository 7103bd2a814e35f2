"""Finds schedules and targets by what a person types into the command palette."""

from __future__ import annotations

import orjson
from starlette.requests import Request

from horarium.api.fields import Query
from horarium.api.web import JSON, Answer
from horarium.console.base import Pages
from horarium.console.rendering import HEADERS, path_to
from horarium.console.words import shortened
from horarium.domain.ids import prefixed
from horarium.domain.listings import ScheduleListing, TargetListing

# Schedules and targets that are shown, and the fewest characters that are searched for.
MOST, SHORTEST = 8, 2


class FindPages(Pages):
    async def find(self, request: Request) -> Answer:
        """The schedules and targets whose name, key or description has the text, as JSON for the palette's script."""
        who = await self.who(request)
        query = Query(request)
        text = (query.text("q") or "").strip()
        query.done()
        items: list[dict[str, str]] = []
        if len(text) >= SHORTEST:
            if who.may("schedules:read"):
                listing = ScheduleListing(who.workspace_id, MOST, search=text, search_input=False)
                items += [
                    _item(schedule.name, "schedule", path_to("schedules", prefixed("sch", schedule.id)))
                    for schedule in await self.services.schedules.list(listing)
                ]
            if who.may("targets:read"):
                targets = await self.services.targets.list(
                    who, TargetListing(who.workspace_id, MOST, search=text)
                )
                items += [
                    _item(target.name, "target", path_to("targets", prefixed("tgt", target.id)))
                    for target in targets.items
                ]
        return Answer(200, orjson.dumps({"items": items}), JSON, HEADERS)


def _item(name: str, kind: str, path: str) -> dict[str, str]:
    return {"text": shortened(name, 80), "kind": kind, "path": path}
