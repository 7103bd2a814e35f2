"""What open pages are told as it happens, by server-sent events: Now, the progress of a fire, and events.

However many pages follow, what they show is read once for all of them (`feeds.py`). Messages are `changed`, upon which
a page asks for its parts anew, `figures` with the counts of a fire, and `rows` with lines for the list of events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

import orjson
from jinja2 import Environment
from starlette.requests import Request

from horarium.api.fields import Query, path_id
from horarium.api.kit.registry import Dialects
from horarium.api.queries import event_filter_in
from horarium.api.server_sent import BEAT_S, ServerSent
from horarium.api.web import Answer
from horarium.console.base import Pages
from horarium.console.event_words import shown_event
from horarium.console.feeds import Feeds, News
from horarium.console.rendering import STRICT, render
from horarium.console.words import number
from horarium.domain.events import EventFilter
from horarium.domain.fire import Fire
from horarium.domain.ids import Id
from horarium.service.events import Growth
from horarium.service.services import Services

# Seconds between two looks at what a workspace does now, at a fire, and at the events of a workspace.
NOW_S, FIRE_S, EVENTS_S = 2.0, 1.0, 1.0
# The latest runs whose change is a change of the first page, and the events that are read at once.
LATEST, MOST_ROWS = 8, 20
CHANGED = b"event: changed\ndata:\n\n"
_BEAT, _NOTHING = b"", b":\n\n"
_COUNTS = ("runs", "succeeded", "failed", "cancelled")


class LivePages(Pages):
    def __init__(self, services: Services, dialects: Dialects, templates: Environment) -> None:
        super().__init__(services, dialects, templates)
        self.feeds = Feeds(services.settings.event_streams)

    async def now(self, request: Request) -> Answer:
        """Says when what the first page shows has changed."""
        who = await self.who(request, "runs:read")
        sees_schedules = who.may("schedules:read")
        read = partial(self._pulse, who.workspace_id, sees_schedules)
        return self._follow(request, "runs:read", who.workspace_id, ("now", sees_schedules), read, _changed)

    async def fire(self, request: Request) -> Answer:
        """Tells how far a fire is."""
        who = await self.who(request, "runs:read")
        fire_id = path_id(request, "fire", "fire")
        await self.services.schedules.fire(who.workspace_id, fire_id)
        read = partial(self._progress, who.workspace_id, fire_id)
        return self._follow(request, "runs:read", who.workspace_id, ("fire", fire_id), read, _figures)

    async def events(self, request: Request) -> Answer:
        """Lines for the list of events as they come, of those that match its filters."""
        who = await self.who(request, "events:read")
        query = Query(request)
        wanted = event_filter_in(query, query.id("schedule", "sch"), empty_labels=True)
        query.done()
        number = await self.services.events.follow_from(who, None)
        read = partial(self.services.events.newest, who.workspace_id, number, MOST_ROWS, EVENTS_S, BEAT_S)
        shown = partial(_rows, self.templates, wanted)
        return self._follow(request, "events:read", who.workspace_id, "events", read, shown)

    def _follow(
        self,
        request: Request,
        scope: str,
        workspace_id: Id,
        topic: Any,
        read: Callable[[], AsyncGenerator[Any]],
        shown: Callable[[Any], bytes],
    ) -> Answer:
        found = _messages(self.feeds.follow(workspace_id, topic, read), shown)
        return ServerSent(found, lambda: self.who(request, scope), STRICT)

    async def _pulse(self, workspace_id: Id, sees_schedules: bool) -> AsyncGenerator[Any]:
        """True whenever the latest runs or the next fire are others than before, None as a sign of life."""

        async def look() -> Any:
            runs = await self.services.runs.list(workspace_id, LATEST)
            seen = [(run.id, run.state, run.attempts) for run in runs]
            due = await self.services.overview.due_next(workspace_id, 1) if sees_schedules else []
            return seen, [(schedule.id, schedule.progress.next_due) for schedule in due]

        first = True
        async for found in self._looks(NOW_S, look):
            if not first:
                yield None if found is None else True
            first = False

    async def _progress(self, workspace_id: Id, fire_id: Id) -> AsyncGenerator[Fire | None]:
        """A fire whenever its counts have changed, until it has ended; None as a sign of life."""

        async def look() -> Any:
            fire = await self.services.schedules.fire(workspace_id, fire_id)
            return (fire.state, *(getattr(fire, name) for name in _COUNTS)), fire

        async for found in self._looks(FIRE_S, look):
            yield None if found is None else found[1]
            if found is not None and found[1].state.final:
                return

    async def _looks(self, seconds: float, look: Callable[[], Any]) -> AsyncGenerator[Any]:
        """What a look finds whenever it differs from what it found before, and None as a sign of life."""
        loop = asyncio.get_running_loop()
        known, beat = object(), loop.time() + BEAT_S
        while not self.services.events.closed:
            found = await look()
            if found != known:
                known, beat = found, loop.time() + BEAT_S
                yield found
            elif loop.time() >= beat:
                beat = loop.time() + BEAT_S
                yield None
            await asyncio.sleep(seconds)


async def _messages(found: AsyncGenerator[News], shown: Callable[[Any], bytes]) -> AsyncGenerator[bytes]:
    """News as messages. After an empty one the caller's key is checked, so one is sent for each sign of life."""
    async with aclosing(found):
        async for news in found:
            if news.missed:
                yield CHANGED
            else:
                yield _BEAT if news.what is None else shown(news.what)


def _changed(_: Any) -> bytes:
    return CHANGED


def _figures(fire: Fire) -> bytes:
    told: dict[str, Any] = {name: number(getattr(fire, name)) for name in _COUNTS}
    told |= {
        "all": fire.runs,
        "ended": fire.succeeded + fire.failed + fire.cancelled,
        "final": fire.state.final,
    }
    return b"event: figures\ndata: %s\n\n" % orjson.dumps(told)


def _rows(templates: Environment, wanted: EventFilter, growth: Growth) -> bytes:
    """The lines of new events. Where more have come than were read, the page asks for all of its list anew."""
    if not growth.count:
        return _BEAT
    if growth.count > len(growth.newest):
        return CHANGED
    events = [shown_event(event) for event in growth.newest if wanted.wants(event)]
    if not events:
        return _NOTHING
    html = render(templates, "event_rows.html", {"events": events})
    return b"event: rows\ndata: %s\n\n" % " ".join(html.split("\n")).encode("utf-8", "replace")
