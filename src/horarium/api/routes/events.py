"""Routes of events: the log of a workspace, the same as a stream, and the webhooks that events are sent to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from horarium.api import show
from horarium.api.fields import Problems, Query, instant_or_none, instant_text, path_id
from horarium.api.models import (
    ReplayBody,
    SecretRotationBody,
    WebhookBody,
    WebhookPatch,
    changed_body,
    schema_of,
    validated,
)
from horarium.api.routes.base import (
    CURSOR,
    IF_MATCH,
    LIMIT,
    Routes,
    cursor_of,
    etag,
    expected_version,
)
from horarium.api.web import Answer, Api, empty_answer, json_answer
from horarium.domain.errors import HorariumError, Invalid, Problem
from horarium.domain.events import Event, EventFilter, type_problem
from horarium.domain.ids import Id, from_prefixed, prefixed
from horarium.domain.webhooks import Delivery, DeliveryState, Webhook
from horarium.service.pages import cursor_from, cursor_text
from horarium.service.services import Services
from horarium.service.targets import OVERLAP_MS
from horarium.service.webhooks import MOST_NAMED, NewSecret, filter_problems
from horarium.times import Rounding

STREAM = "text/event-stream"
# How often something is sent to those who follow although nothing has happened, so that both sides know that the
# connection lives. Their key is checked again then.
BEAT_S = 15.0
# After so long a client that was disconnected comes back (ms).
RETRY_MS = 2_000
ORDERS = ("newest", "oldest")


class EventRoutes(Routes):
    async def list(self, request: Request) -> Answer:
        """A page of events; or all that come from now on, if the caller accepts a stream."""
        who = await self.who(request, "events:read")
        streamed = STREAM in request.headers.get("accept", "")
        query = Query(request)
        wanted = _filter(query)
        after = query.text("after")
        limit, order = query.limit(), query.choice("order", ORDERS)
        since = query.instant("since", Rounding.UP)
        after_id = None if streamed else query.id("after", "evt")
        for name in ("limit", "order", "since", "cursor"):
            if streamed and query.text(name) is not None:
                query.wrong(name, "has no meaning for a stream; leave it out")
        query.done()
        if streamed:
            last = request.headers.get("last-event-id") or after
            number = await self.services.events.follow_from(who, last)
            found = self.services.events.follow(who.workspace_id, wanted, number, BEAT_S)
            return EventStream(self, request, found)
        page = await self.services.events.page(
            who, wanted, limit, _number(request), since, after_id, order == "oldest"
        )
        shown = {
            "items": [orjson.loads(event.content) for event in page.items],
            "next_cursor": None if page.next is None else _cursor(page.next),
        }
        return json_answer(200, shown)

    async def get(self, request: Request) -> Answer:
        who = await self.who(request, "events:read")
        event = await self.services.events.get(who, path_id(request, "evt", "event"))
        return Answer(200, event.content.encode())


class EventStream(Answer):
    """Events as they come, as server-sent events. It ends when the caller goes, when the caller's key does not allow it
    any more, and when the server stops."""

    __slots__ = ("_found", "_request", "_routes")

    def __init__(self, routes: Routes, request: Request, found: AsyncGenerator[list[Event]]) -> None:
        super().__init__(200)
        self._routes, self._request, self._found = routes, request, found
        self.headers = [
            (b"content-type", STREAM.encode()),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        if scope["method"] != "HEAD":
            sending = asyncio.ensure_future(self._send(send))
            gone = asyncio.ensure_future(_until_gone(receive))
            try:
                await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, gone):
                    task.cancel()
                await asyncio.gather(sending, gone, return_exceptions=True)
        else:
            await self._found.aclose()
        await send({"type": "http.response.body", "body": b""})

    async def _send(self, send: Send) -> None:
        async def piece(body: bytes) -> None:
            await send({"type": "http.response.body", "body": body, "more_body": True})

        async with aclosing(self._found):
            await piece(b"retry: %d\n\n" % RETRY_MS)
            async for events in self._found:
                if events:
                    await piece(b"".join(map(_message, events)))
                    continue
                try:
                    await self._routes.who(self._request, "events:read")
                except HorariumError:
                    return
                await piece(b":\n\n")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _message(event: Event) -> bytes:
    an_id = prefixed("evt", event.id)
    return f"id: {an_id}\nevent: {event.type}\ndata: {event.content}\n\n".encode()


class WebhookRoutes(Routes):
    async def create(self, request: Request) -> Answer:
        who = await self.who(request, "events:write")
        body = validated(WebhookBody, await self.body(request))
        wanted = _wanted(body.types, body.labels, body.schedules)
        made = await self.services.webhooks.create(who, body.url, body.name, wanted)
        return json_answer(201, _with_secret(made))

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
        wanted = _wanted(body.types, body.labels, body.schedules)

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
        return json_answer(200, _with_secret(made))

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
            who, _hook(request), _number(request) or 1 << 62, limit + 1, state
        )
        items = found[:limit]
        shown = {
            "items": [_delivery(one) for one in items],
            "next_cursor": _cursor(items[-1].number) if len(found) > limit else None,
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


def _wanted(
    types: list[str] | None, labels: Mapping[str, str] | None, schedules: list[str] | None
) -> EventFilter:
    """The filter in a body. Raises Invalid for what is no id of a schedule."""
    problems, ids = Problems(), []
    for text in (schedules or ())[: MOST_NAMED + 1]:
        found = from_prefixed("sch", text)
        if found is None:
            problems.wrong("schedules", f"{text[:60]!r} is not an id such as sch_01J...", "unknown")
        else:
            ids.append(found)
    problems.done()
    return EventFilter(tuple(types or ()), dict(labels or {}), tuple(ids))


def _filter(query: Query) -> EventFilter:
    """The filter in query parameters."""
    kind, labels = query.text("type"), {}
    if kind is not None and (wrong := type_problem(kind)) is not None:
        query.wrong("type", wrong)
    for text in query.texts("label"):
        name, sign, value = text.partition(":")
        if not sign:
            query.wrong("label", f"{text[:60]!r} is not written name:value")
        labels[name] = value
    schedule_id = query.id("schedule", "sch")
    wanted = EventFilter(
        () if kind is None else (kind,), labels, () if schedule_id is None else (schedule_id,)
    )
    for problem in filter_problems(wanted):
        if problem.field == "labels":
            query.wrong("label", problem.message)
    return wanted


def _number(request: Request) -> int | None:
    """The number in a cursor. Raises Invalid for a text that is no cursor."""
    given = request.query_params.get("cursor")
    return None if not given else int.from_bytes(cursor_from(given)) & (1 << 62) - 1


def _cursor(number: int) -> str:
    return cursor_text(number.to_bytes(16))


def add_routes(api: Api, services: Services) -> None:
    events, hooks = EventRoutes(services), WebhookRoutes(services)
    tag = "events"
    filters = {
        "type": "a type such as fire.failed, or all of one kind: fire.*",
        "label": "name:value; only events of schedules that carry it; several must all be there",
        "schedule": "id of a schedule",
        "since": "only events told at or after this time",
        "after": "id of an event: only what came after it",
        "order": "newest (the default) or oldest first",
        "limit": LIMIT,
        "cursor": CURSOR,
    }
    words = "List events; with Accept: text/event-stream all that come from now on (events:read)"
    last = {"Last-Event-ID": "of a stream: the id of the last event that was seen; it goes on after that"}
    api.add("GET", "/events", events.list, words, tag=tag, query=filters, headers=last)
    api.add("GET", "/events/{id}", events.get, "Get an event (events:read)", tag=tag)
    tag = "webhooks"
    made, changed = schema_of(WebhookBody), schema_of(WebhookPatch)
    match = {"If-Match": IF_MATCH}
    paged = {"limit": LIMIT, "cursor": CURSOR}
    one = "/webhooks/{id}"
    api.add(
        "POST", "/webhooks", hooks.create, "Make a webhook (events:write)", tag=tag, status=201, body=made
    )
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
