"""Webhooks: where events are sent, their secrets, what became of each event, and what is sent once more."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from starlette.requests import Request

from horarium.api.fields import Query, path_id
from horarium.api.queries import number_in
from horarium.api.web import Answer
from horarium.console.base import Pages, action_in
from horarium.console.event_words import TYPES
from horarium.console.forms import Form, form_status, labels_in, labels_text, placed
from horarium.console.rendering import path_to, redirect
from horarium.domain.errors import Conflict, Invalid, NotFound, Problem
from horarium.domain.events import EventFilter
from horarium.domain.ids import LOWEST_ID, Id, from_prefixed, prefixed
from horarium.domain.tenancy import Identity
from horarium.domain.webhooks import DeliveryState, Webhook
from horarium.service.pages import number_cursor
from horarium.times import InstantError, Rounding
from horarium.times.instants import milliseconds_of

# A workspace has at most so many webhooks as one page shows.
PAGE, DELIVERIES = 50, 50
# Schedules of a filter whose names a page looks up.
NAMED = 10
STATES = tuple(state.value for state in DeliveryState)
# For how long the old secret signs too after a rotation, in seconds; an empty text stands for not at all.
OVERLAPS = (("86400", "1 day"), ("3600", "1 hour"), ("604800", "7 days"), ("", "not at all"))
_FIELDS = frozenset(("url", "name", "types", "labels", "schedules"))


class WebhookPages(Pages):
    async def list(self, request: Request) -> Answer:
        who = await self.who(request, "events:read")
        found = await self.services.webhooks.list(who, LOWEST_ID, PAGE)
        return self.page(request, "webhooks.html", webhooks=found.items)

    async def show(self, request: Request) -> Answer:
        """One webhook with what became of the events that were sent to it, the latest first."""
        who = await self.who(request, "events:read")
        webhook = await self._named(who, request)
        query = Query(request)
        state, cursor = query.choice("state", STATES), query.text("cursor")
        query.done()
        found = await self.services.webhooks.deliveries(
            who, webhook.id, number_in(request) or 1 << 62, DELIVERIES + 1, state
        )
        place = _place(webhook)
        goes_on = len(found) > DELIVERIES
        older = (
            path_to(*place, state=state, cursor=number_cursor(found[DELIVERIES - 1].number))
            if goes_on
            else None
        )
        return self.page(
            request,
            "webhook.html",
            webhook=webhook,
            deliveries=found[:DELIVERIES],
            schedules=await self._named_schedules(who, webhook.wanted),
            state=state,
            states=STATES,
            older=older,
            first=None if cursor is None else path_to(*place, state=state),
        )

    async def new(self, request: Request) -> Answer:
        await self.who(request, "events:write")
        return self._form(request, Form([("types", "fire.failed"), ("types", "schedule.paused")]))

    async def create(self, request: Request) -> Answer:
        """Make a webhook. Its secret is shown on the page that answers, and never again."""
        who, form = await self.sent(request, "events:write")
        try:
            wanted = _wanted(form)
            made = await self.services.webhooks.create(who, form.text("url"), form.given("name"), wanted)
        except (Invalid, Conflict) as error:
            return self._form(request, form, error)
        return self.page(request, "webhook_made.html", 201, made=made, rotated=False)

    async def edit(self, request: Request) -> Answer:
        who = await self.who(request, "events:write")
        webhook = await self._named(who, request)
        return self._form(request, _as_form(webhook), webhook=webhook)

    async def save(self, request: Request) -> Answer:
        """Change what the form shows, if nobody else has changed the webhook since it was opened."""
        who, form = await self.sent(request, "events:write")
        webhook = await self._named(who, request)
        version = form.text("version")
        try:
            wanted = _wanted(form)

            def changed(before: Webhook) -> Webhook:
                name = form.given("name") or before.name
                return replace(before, name=name, url=form.text("url"), wanted=wanted)

            seen = int(version) if version.isdecimal() and len(version) <= 18 else None
            await self.services.webhooks.change(who, webhook.id, changed, version=seen)
        except (Invalid, Conflict) as error:
            return self._form(request, form, error, webhook)
        return redirect(path_to(*_place(webhook), done="saved"))

    async def switch(self, request: Request) -> Answer:
        """Switch a webhook on or off."""
        action = action_in(request, ("enable", "disable"))
        who, _ = await self.sent(request, "events:write")
        webhook = await self._named(who, request)
        await self.services.webhooks.change(who, webhook.id, lambda before: before, action == "enable")
        return redirect(path_to(*_place(webhook), done=f"webhook-{action}d"))

    async def ask_to_rotate(self, request: Request) -> Answer:
        who = await self.who(request, "events:write")
        webhook = await self._named(who, request)
        return self.page(request, "webhook_rotate.html", webhook=webhook, overlaps=OVERLAPS)

    async def rotate(self, request: Request) -> Answer:
        """Give a webhook a new secret, which is shown on the page that answers."""
        who, form = await self.sent(request, "events:write")
        webhook = await self._named(who, request)
        given = form.text("overlap")
        if given not in dict(OVERLAPS):
            raise Invalid(Problem("overlap", "must be one of the list"))
        made = await self.services.webhooks.rotate_secret(
            who, webhook.id, int(given) * 1000 if given else None, form.text("algorithm") == "ed25519"
        )
        return self.page(request, "webhook_made.html", made=made, rotated=True)

    async def ask_to_replay(self, request: Request) -> Answer:
        who = await self.who(request, "events:write")
        webhook = await self._named(who, request)
        event = request.query_params.get("from", "")[:60]
        return self._replay_form(request, webhook, {"from": event})

    async def replay(self, request: Request) -> Answer:
        """Send the events from one on, or from an instant on, once more."""
        who, form = await self.sent(request, "events:write")
        webhook = await self._named(who, request)
        try:
            event_id, since_ms = _from(form.text("from"))
            count = await self.services.webhooks.replay(who, webhook.id, event_id, since_ms)
        except Invalid as error:
            return self._replay_form(request, webhook, form.fields, error.problems[0].message)
        return self.page(request, "webhook_replayed.html", webhook=webhook, count=count)

    async def ask_to_delete(self, request: Request) -> Answer:
        who = await self.who(request, "events:write")
        webhook = await self._named(who, request)
        place = path_to(*_place(webhook))
        return self.ask(
            request,
            f"Delete {webhook.name}",
            "Nothing is sent to it any more, and what is known of what was sent is forgotten. This cannot be undone.",
            f"{place}/delete",
            "Delete",
            place,
        )

    async def delete(self, request: Request) -> Answer:
        who, _ = await self.sent(request, "events:write")
        await self.services.webhooks.delete(who, path_id(request, "hook", "webhook"))
        return redirect(path_to("events", "webhooks", done="removed"))

    def _form(
        self,
        request: Request,
        form: Form,
        error: Invalid | Conflict | None = None,
        webhook: Webhook | None = None,
    ) -> Answer:
        problems, others = placed(error, _FIELDS)
        return self.page(
            request,
            "webhook_form.html",
            form_status(error),
            form=form,
            problems=problems,
            others=others,
            webhook=webhook,
            types=[(each, _type_words(each)) for each in TYPES],
            back=path_to("events", "webhooks") if webhook is None else path_to(*_place(webhook)),
        )

    def _replay_form(
        self, request: Request, webhook: Webhook, given: dict[str, str], wrong: str | None = None
    ) -> Answer:
        status = 200 if wrong is None else 400
        return self.page(request, "webhook_replay.html", status, webhook=webhook, given=given, wrong=wrong)

    async def _named(self, who: Identity, request: Request) -> Webhook:
        """The webhook that a path names. Raises NotFound."""
        return await self.services.webhooks.get(who, path_id(request, "hook", "webhook"))

    async def _named_schedules(self, who: Identity, wanted: EventFilter) -> Sequence[tuple[str, str]]:
        """The ids and names of the schedules that a filter names: the first of them, where the key may see them."""
        shown = []
        for schedule_id in wanted.schedules[:NAMED] if who.may("schedules:read") else ():
            with suppress(NotFound):
                schedule = await self.services.explain.schedule(who.workspace_id, schedule_id)
                shown.append((prefixed("sch", schedule_id), schedule.name))
        return shown


def _place(webhook: Webhook) -> tuple[str, str, str]:
    return "events", "webhooks", prefixed("hook", webhook.id)


def _type_words(kind: str) -> str:
    return f"{kind} (all of them)" if kind.endswith("*") else kind


def _wanted(form: Form) -> EventFilter:
    """The filter of a form. Raises Invalid."""
    ids, problems = list[Id](), list[Problem]()
    for text in form.lines("schedules"):
        found = from_prefixed("sch", text)
        if found is None:
            problems.append(Problem("schedules", f"{text[:60]!r} is not an id such as sch_01J...", "unknown"))
        else:
            ids.append(found)
    try:
        labels = labels_in(form, "labels")
    except Invalid as error:
        labels, problems = {}, [*problems, *error.problems]
    if problems:
        raise Invalid(problems)
    return EventFilter(tuple(form.texts("types")), labels, tuple(ids))


def _as_form(webhook: Webhook) -> Form:
    wanted = webhook.wanted
    return Form(
        [
            ("name", webhook.name),
            ("url", webhook.url),
            ("labels", labels_text(wanted.labels)),
            ("schedules", "\n".join(prefixed("sch", each) for each in wanted.schedules)),
            ("version", str(webhook.version)),
            *(("types", kind) for kind in wanted.types),
        ]
    )


def _from(text: str) -> tuple[Id | None, int | None]:
    """Where a replay begins: an event by its id, or an instant (ms). Raises Invalid."""
    event_id = from_prefixed("evt", text)
    if event_id is not None:
        return event_id, None
    try:
        return None, milliseconds_of(text, Rounding.UP)
    except InstantError:
        words = "write the id of an event such as evt_01J…, or an instant such as 2026-03-08T09:00:00Z"
        raise Invalid(Problem("from", words)) from None
