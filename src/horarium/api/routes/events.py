"""Routes of events: the log of a workspace, the same as a stream, and the webhooks that events are sent to."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request

from horarium.api import show
from horarium.api.fields import Problems, Query, instant_or_none, instant_text, path_id
from horarium.api.kit.registry import Dialects
from horarium.api.models import (
    ReplayBody,
    SecretRotationBody,
    WebhookBody,
    WebhookPatch,
    changed_body,
    schema_of,
    validated,
)
from horarium.api.queries import event_filter_in, number_in
from horarium.api.routes.base import (
    CURSOR,
    IF_MATCH,
    LIMIT,
    ONCE,
    TOTAL,
    Routes,
    cursor_of,
    etag,
    expected_version,
    replayed,
)
from horarium.api.schedule_ids import KEY_FILTER, KEY_FILTER_WORDS, NATIVE, ScheduleIds
from horarium.api.server_sent import BEAT_S, STREAM, ServerSent
from horarium.api.web import Answer, Api, empty_answer, json_answer
from horarium.domain.errors import Invalid, Problem
from horarium.domain.events import Event, EventFilter
from horarium.domain.ids import Id, from_prefixed, prefixed
from horarium.domain.tenancy import Identity
from horarium.domain.webhooks import Delivery, DeliveryState, Webhook
from horarium.service.checks import KEY_LIMIT, name_problems
from horarium.service.events import Heard
from horarium.service.pages import Page, number_cursor
from horarium.service.services import Services
from horarium.service.targets import OVERLAP_MS
from horarium.service.totals import beside
from horarium.service.webhooks import NewSecret
from horarium.times import Rounding

ORDERS = ("newest", "oldest")


class EventRoutes(Routes):
    def __init__(self, services: Services, ids: ScheduleIds) -> None:
        super().__init__(services)
        self.ids = ids

    async def list(self, request: Request) -> Answer:
        """A page of events; or all that come from now on, if the caller accepts a stream."""
        who = await self.who(request, "events:read")
        streamed = STREAM in request.headers.get("accept", "")
        query = Query(request)
        wanted = event_filter_in(query, await self.ids.in_query(who, query, "schedule"))
        after = query.text("after")
        limit, order = query.limit(), query.choice("order", ORDERS)
        since = query.instant("since", Rounding.UP)
        after_id = None if streamed else query.id("after", "evt")
        wants_total = query.flag("total")
        for name in ("limit", "order", "since", "cursor", "total"):
            if streamed and query.text(name) is not None:
                query.wrong(name, "has no meaning for a stream; leave it out")
        query.done()
        if streamed:
            last = request.headers.get("last-event-id") or after
            number = await self.services.events.follow_from(who, last)
            mark = await self.services.events.mark()
            found = self.services.events.follow(who.workspace_id, wanted, number, BEAT_S)
            return ServerSent(_messages(found, mark), lambda: self.who(request, "events:read"))
        page = await self.services.events.page(
            who, wanted, limit, number_in(request), since, after_id, order == "oldest"
        )
        shown: dict[str, Any] = {
            "items": [orjson.loads(event.content) for event in page.items],
            "next_cursor": None if page.next is None else number_cursor(page.next),
        }
        if wants_total:
            as_page = Page(page.items, None if page.next is None else b"")
            count = partial(self.services.events.total, who, wanted, since, after_id)
            counted = await beside(as_page, limit, query.text("cursor") is None, count)
            shown["total"] = show.total(counted, len(page.items))
        return json_answer(200, shown)

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "events:read")
        event = await self.services.events.get(who, path_id(request, "evt", "event"))
        return Answer(200, event.content.encode())


async def _messages(found: AsyncGenerator[Heard], mark: int) -> AsyncGenerator[bytes]:
    """Events as server-sent messages; an empty one for each time in which none came. After that comes one without an
    event, whose id is the position to go on from, where it is not known: it is kept when the last event is not."""
    told = -1
    async with aclosing(found):
        async for heard in found:
            yield b"".join(map(_message, heard.events))
            if not heard.events and heard.upto != told:
                told = heard.upto
                yield f"id: {number_cursor(told, mark)}\n\n".encode()


def _message(event: Event) -> bytes:
    an_id = prefixed("evt", event.id)
    return f"id: {an_id}\nevent: {event.type}\ndata: {event.content}\n\n".encode()


class WebhookRoutes(Routes):
    async def _wanted(self, who: Identity, body: WebhookBody | WebhookPatch) -> EventFilter:
        """The filter in a body. Raises Invalid for what is no id and for what is no key of a schedule."""
        problems, ids = Problems(), list[Id]()
        for text in body.schedules or ():
            found = from_prefixed("sch", text)
            if found is None:
                problems.wrong("schedules", f"{text[:60]!r} is not an id such as sch_01J...", "unknown")
            else:
                ids.append(found)
        keys = list(dict.fromkeys(body.schedule_keys or ()))
        for key in keys:
            problems += name_problems("schedule_keys", key, KEY_LIMIT)
        problems.done()
        known = await self.services.schedules.with_keys(who.workspace_id, NATIVE, keys) if keys else {}
        for key in keys:
            if key in known:
                ids.append(known[key].id)
            else:
                words = f"{key[:80]!r} does not exist in this workspace"
                problems.wrong("schedule_keys", words, "unknown")
        problems.done()
        return EventFilter(tuple(body.types or ()), dict(body.labels or {}), tuple(dict.fromkeys(ids)))

    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "events:write")
        raw, repeated = await self.body_once(request, who, "POST /webhooks")
        body = validated(WebhookBody, raw)
        wanted = await self._wanted(who, body)
        made, again = await self.services.webhooks.create_once(who, body.url, body.name, wanted, repeated)
        return json_answer(201, _with_secret(made), headers=etag(made.webhook.version) | replayed(again))

    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "events:read")
        query = Query(request)
        limit, after = query.limit(), cursor_of(request)
        query.done()
        return json_answer(200, show.page(await self.services.webhooks.list(who, after, limit), webhook))

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "events:read")
        found = await self.services.webhooks.get(who, _hook(request))
        return json_answer(200, webhook(found), headers=etag(found.version))

    async def update(self, request: Request) -> Answer:
        who = await self.who(request, "events:write")
        given = await self.body(request)
        if any(name in WebhookPatch.shown for name in given):
            known = await self.services.webhooks.get(who, _hook(request))
            given = changed_body(WebhookPatch, given, webhook(known))
        body = validated(WebhookPatch, given)
        set_fields = body.model_fields_set
        if body.schedule_keys is not None:
            set_fields = set_fields | {"schedules"}
        wanted = await self._wanted(who, body)

        def changed(before: Webhook) -> Webhook:
            filters = {
                name: getattr(wanted, name) for name in ("types", "labels", "schedules") if name in set_fields
            }
            return replace(
                before,
                name=before.name if body.name is None else body.name,
                url=before.url if body.url is None else body.url,
                wanted=replace(before.wanted, **filters),
            )

        version = expected_version(request, body.version)
        found = await self.services.webhooks.change(who, _hook(request), changed, body.enabled, version)
        return json_answer(200, webhook(found), headers=etag(found.version))

    async def delete(self, request: Request) -> Answer:
        who = await self.who(request, "events:write")
        await self.services.webhooks.delete(who, _hook(request), expected_version(request))
        return empty_answer()

    async def rotate(self, request: Request) -> Answer:
        who = await self.who(request, "events:write")
        body = validated(SecretRotationBody, await self.body_or_nothing(request))
        overlap = OVERLAP_MS if body.overlap is None else body.overlap
        made = await self.services.webhooks.rotate_secret(
            who,
            _hook(request),
            overlap if body.keep_previous else None,
            body.algorithm == "ed25519",
            expected_version(request),
        )
        return json_answer(200, _with_secret(made), headers=etag(made.webhook.version))

    async def replay(self, request: Request) -> Answer:
        who = await self.who(request, "events:write")
        body = validated(ReplayBody, await self.body(request))
        event_id = None if body.from_event is None else from_prefixed("evt", body.from_event)
        if body.from_event is not None and event_id is None:
            raise Invalid(Problem("from_event", "must be the id of an event, such as evt_01J...", "unknown"))
        count = await self.services.webhooks.replay(who, _hook(request), event_id, body.since)
        return json_answer(200, {"events": count})

    async def deliveries(self, request: Request) -> Answer:
        who = await self.who(request, "events:read")
        query = Query(request)
        limit, state = query.limit(), query.choice("state", tuple(DeliveryState))
        query.done()
        found = await self.services.webhooks.deliveries(
            who, _hook(request), number_in(request) or 1 << 62, limit + 1, state
        )
        items = found[:limit]
        shown = {
            "items": [_delivery(one) for one in items],
            "next_cursor": number_cursor(items[-1].number) if len(found) > limit else None,
        }
        return json_answer(200, shown)


def webhook(found: Webhook) -> dict[str, Any]:
    """A webhook as it is shown, without its secrets."""
    return {
        "id": prefixed("hook", found.id),
        "name": found.name,
        "url": found.url,
        "types": list(found.wanted.types),
        "labels": dict(found.wanted.labels),
        "schedules": [prefixed("sch", one) for one in found.wanted.schedules],
        "enabled": found.state == "enabled",
        "disabled_reason": found.state_reason,
        "failing_since": instant_or_none(found.failing_since_ms),
        "version": found.version,
        "created_at": instant_text(found.created_ms),
        "updated_at": instant_text(found.updated_ms),
    }


def _with_secret(made: NewSecret) -> dict[str, Any]:
    shown = webhook(made.webhook)
    if made.signing_secret is not None:
        shown["signing_secret"] = made.signing_secret
    if made.verification_key is not None:
        shown["verification_key"] = made.verification_key
    return shown


def _delivery(one: Delivery) -> dict[str, Any]:
    return {
        "event": prefixed("evt", one.event_id),
        "type": one.type,
        "state": one.state,
        "attempts": one.attempts,
        "first_at": instant_text(one.first_ms),
        "last_at": instant_or_none(one.last_ms),
        "next_attempt_at": instant_or_none(one.due_ms),
        "status": one.status,
        "error": one.error,
    }


def _hook(request: Request) -> Id:
    return path_id(request, "hook", "webhook")


def add_routes(api: Api, services: Services, dialects: Dialects) -> None:
    events, hooks = EventRoutes(services, ScheduleIds(services, dialects)), WebhookRoutes(services)
    tag = "events"
    filters = {
        "type": "a type such as fire.failed, or all of one kind: fire.*",
        "label": "name:value; only events of schedules that carry it; several must all be there",
        "schedule": "id of a schedule",
        KEY_FILTER: KEY_FILTER_WORDS,
        "since": "only events told at or after this time",
        "after": "id of an event: only what came after it",
        "order": "newest (the default) or oldest first",
        "limit": LIMIT,
        "cursor": CURSOR,
        "total": TOTAL,
    }
    words = "List events; with Accept: text/event-stream all that come from now on (events:read)"
    last = {
        "Last-Event-ID": "of a stream: the last id that it has told, of an event or a position; it goes on after that"
    }
    api.add("GET", "/events", events.list, words, tag=tag, query=filters, headers=last)
    api.add("GET", "/events/{id}", events.get, "Get an event (events:read)", tag=tag)
    tag = "webhooks"
    made, changed = schema_of(WebhookBody), schema_of(WebhookPatch)
    match = {"If-Match": IF_MATCH}
    paged = {"limit": LIMIT, "cursor": CURSOR}
    one = "/webhooks/{id}"
    words = "Make a webhook (events:write)"
    api.add("POST", "/webhooks", hooks.create, words, tag=tag, status=201, body=made, headers=ONCE)
    api.add("GET", "/webhooks", hooks.list, "List webhooks (events:read)", tag=tag, query=paged)
    api.add("GET", one, hooks.get, "Get a webhook (events:read)", tag=tag)
    words = "Change a webhook, or switch it on or off (events:write)"
    api.add("PATCH", one, hooks.update, words, tag=tag, body=changed, headers=match)
    api.add(
        "DELETE", one, hooks.delete, "Delete a webhook (events:write)", tag=tag, status=204, headers=match
    )
    api.add(
        "POST",
        f"{one}/rotate-secret",
        hooks.rotate,
        "Give a webhook another signing secret (events:write)",
        tag=tag,
        body=schema_of(SecretRotationBody),
        optional_body=True,
        headers=match,
    )
    api.add(
        "POST",
        f"{one}/replay",
        hooks.replay,
        "Send events once more, from one on or from an instant on (events:write)",
        tag=tag,
        body=schema_of(ReplayBody),
    )
    states = {"state": f"one of {', '.join(DeliveryState)}", **paged}
    words = "List what became of the events that were sent, the latest first (events:read)"
    api.add("GET", f"{one}/deliveries", hooks.deliveries, words, tag=tag, query=states)
