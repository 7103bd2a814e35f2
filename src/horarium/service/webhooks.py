"""The use cases of webhooks: make, change and delete them, rotate their secrets, see and repeat what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from horarium.domain.audit import AuditEntry
from horarium.domain.errors import Invalid, Problem
from horarium.domain.events import EventFilter, type_problem
from horarium.domain.ids import Id, prefixed, random_id
from horarium.domain.restrictions import MOST_NAMED
from horarium.domain.tenancy import Identity
from horarium.domain.webhooks import Delivery, EventPost, Webhook, WebhookState
from horarium.service.checks import label_problems, name_problems
from horarium.service.clock import Clock
from horarium.service.pages import Page, cut
from horarium.service.rates import REPLAYED_EVENT, Rates
from horarium.service.recording import Recording
from horarium.service.repeats import write_once
from horarium.service.targets import OVERLAP_MS, end_of_overlap
from horarium.service.trail import Trail, difference, noting, recording, watched
from horarium.store.base import Store
from horarium.store.vault import Vault
from horarium.store.verbs import events as event_verbs
from horarium.store.verbs import webhooks as verbs
from horarium.store.verbs.idempotency import Request

LONGEST_URL = 2_000
SECRETS = "signing_secrets"
# Why a webhook is off that somebody has switched off.
SWITCHED_OFF = "disabled by request"
# So many deliveries of a webhook that is deleted go in one transaction: it may have a million.
DELETED_AT_ONCE = 5_000
# So many are marked in one transaction to be sent again.
MARKED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook with the secret that was made for it, which is shown only this once; or with the public key that its
    receiver needs instead."""

    webhook: Webhook
    signing_secret: str | None
    verification_key: str | None = None


def signing_secrets(vault: Vault, webhook: Webhook) -> list[str]:
    """The secrets that sign what is sent to a webhook, the newest first."""
    return list(vault.open(webhook.sealed, webhook.id)[SECRETS])


@dataclass(frozen=True, slots=True)
class WebhookService:
    """All of it raises Forbidden if the key lacks the scope events:read or events:write."""

    store: Store
    vault: Vault
    clock: Clock
    post: EventPost
    recording: Recording
    rates: Rates

    async def create(self, who: Identity, url: str, name: str | None, wanted: EventFilter) -> NewSecret:
        """Make a webhook, which is sent what happens from now on. Raises Invalid, and Conflict for one too many."""
        return (await self.create_once(who, url, name, wanted, None))[0]

    async def create_once(
        self, who: Identity, url: str, name: str | None, wanted: EventFilter, request: Request | None
    ) -> tuple[NewSecret, bool]:
        """As `create`, once for a request: the webhook, and whether the same request made it before. Then it has its
        secret only while nobody has changed it. Raises also what `write_once` raises."""
        self._may_write(who)
        problems = [*self._problems(who.workspace_id, url, name, wanted)]
        if problems:
            raise Invalid(problems)
        now = self.clock.now_ms()
        new, secret = random_id(now), self.post.new_secret()
        webhook = Webhook(
            new,
            who.workspace_id,
            name or url[:200],
            url,
            wanted,
            self.vault.seal({SECRETS: [secret]}, new),
            WebhookState.ENABLED,
            None,
            0,
            None,
            1,
            who.principal_id,
            now,
            now,
        )
        entry = Trail(who.workspace_id, now).entry("webhook.created", "hook", new, after=_facts(webhook))

        async def find(an_id: Id) -> Webhook:
            return await self.store.read(verbs.get_webhook, who.workspace_id, an_id)

        verb = noting(verbs.create_webhook, entry)
        stored, again = await write_once(self.store, find, request, now, verb, webhook)
        await self.recording.refresh()
        if not again:
            return NewSecret(stored, secret), False
        unchanged = stored.version == webhook.version
        return NewSecret(stored, signing_secrets(self.vault, stored)[0] if unchanged else None), True

    async def get(self, who: Identity, webhook_id: Id) -> Webhook:
        """A webhook. Raises NotFound."""
        who.require("events:read")
        return await self.store.read(verbs.get_webhook, who.workspace_id, webhook_id)

    async def list(self, who: Identity, cursor: Id, limit: int) -> Page[Webhook]:
        """One page of webhooks, oldest first."""
        who.require("events:read")
        found = await self.store.read(verbs.list_webhooks, who.workspace_id, cursor, limit + 1)
        return cut(found, limit, lambda webhook: webhook.id)

    async def change(
        self,
        who: Identity,
        webhook_id: Id,
        change: Callable[[Webhook], Webhook],
        enabled: bool | None = None,
        version: int | None = None,
    ) -> Webhook:
        """Change a webhook by a pure function, and switch it on or off. One that is switched on is sent what has
        waited, as far as the events are kept. Raises NotFound, Invalid, Conflict (version)."""
        self._may_write(who)

        def changed(before: Webhook) -> Webhook:
            after = change(before)
            problems = [*self._problems(who.workspace_id, after.url, after.name, after.wanted)]
            if problems:
                raise Invalid(problems)
            if enabled is None or enabled is (before.state is WebhookState.ENABLED):
                return after
            if enabled:
                return replace(after, state=WebhookState.ENABLED, state_reason=None, failing_since_ms=None)
            return replace(after, state=WebhookState.DISABLED, state_reason=SWITCHED_OFF)

        return await self._store_change(who, webhook_id, changed, version)

    async def rotate_secret(
        self,
        who: Identity,
        webhook_id: Id,
        overlap_ms: int | None = OVERLAP_MS,
        ed25519: bool = False,
        version: int | None = None,
    ) -> NewSecret:
        """Make a new signing secret. Events are signed with the old one too for `overlap_ms` (None: not any more)."""
        self._may_write(who)
        ends = end_of_overlap(self.clock.now_ms(), overlap_ms)
        made: list[NewSecret] = []

        def rotated(before: Webhook) -> Webhook:
            rotation = self.post.rotated(signing_secrets(self.vault, before), ed25519, ends)
            sealed = self.vault.seal({SECRETS: list(rotation.secrets)}, before.id)
            public = rotation.verification_keys[0] if rotation.shown is None else None
            made[:] = [NewSecret(before, rotation.shown, public)]
            return replace(before, sealed=sealed)

        stored = await self._store_change(who, webhook_id, rotated, version)
        return replace(made[0], webhook=stored)

    async def delete(self, who: Identity, webhook_id: Id, version: int | None = None) -> None:
        """Delete a webhook with what is known of what was sent to it. Raises NotFound, Conflict (version)."""
        self._may_write(who)
        now = self.clock.now_ms()
        trail = Trail(who.workspace_id, now)
        verb = recording(
            verbs.delete_webhook,
            lambda gone: [trail.entry("webhook.deleted", "hook", webhook_id, before=_facts(gone))],
        )
        deleted = DELETED_AT_ONCE
        while deleted == DELETED_AT_ONCE:
            deleted = await self.store.write(
                verbs.delete_some_deliveries, who.workspace_id, webhook_id, DELETED_AT_ONCE, version
            )
        await self.store.write(verb, who.workspace_id, webhook_id, now, version)
        await self.recording.refresh()

    async def replay(
        self, who: Identity, webhook_id: Id, from_event: Id | None = None, from_ms: int | None = None
    ) -> int:
        """Send the events from one on, or from an instant (ms) on, once more, in their order and under their ids; how
        many are looked at. The key pays for each of them. Raises NotFound, Invalid for neither or both."""
        self._may_write(who)
        if (from_event is None) is (from_ms is None):
            raise Invalid(
                Problem("from_event", "give either from_event, the id of an event, or since, an instant")
            )
        if from_event is not None:
            event = await self.store.read(event_verbs.get_event, who.workspace_id, from_event)
            after = event.number - 1
        else:
            after = await self.store.read(event_verbs.number_before, who.workspace_id, from_ms or 0)
        now = self.clock.now_ms()
        said = {"event": None if from_event is None else prefixed("evt", from_event), "from_ms": from_ms}
        entry = Trail(who.workspace_id, now).entry("webhook.replayed", "hook", webhook_id, after=said)
        own = who.workspace_id, webhook_id, after
        before, marked_to = None, await self.store.write(verbs.mark_replayed, *own, MARKED_AT_ONCE)
        while marked_to != before:
            before = marked_to
            marked_to = await self.store.write(verbs.mark_replayed, *own, MARKED_AT_ONCE, before)
        count = await self.store.write(noting(verbs.replay, entry), *own, now, marked_to)
        self.rates.spend(who, count * REPLAYED_EVENT)
        return count

    async def deliveries(
        self, who: Identity, webhook_id: Id, before: int, limit: int, state: str | None = None
    ) -> Sequence[Delivery]:
        """What became of the events that were sent to a webhook, the latest first. Raises NotFound."""
        who.require("events:read")
        return await self.store.read(
            verbs.list_deliveries, who.workspace_id, webhook_id, before, limit, state
        )

    def _may_write(self, who: Identity) -> None:
        who.require("events:write")
        who.restriction.refuse_beyond()  # a webhook hears of more than a key is restricted to

    def _problems(
        self, workspace_id: Id, url: str, name: str | None, wanted: EventFilter
    ) -> Iterator[Problem]:
        if len(url) > LONGEST_URL:
            yield Problem("url", f"must be at most {LONGEST_URL} characters", "too_long")
        else:
            yield from self.post.problems(workspace_id, url)
        if name is not None:
            yield from name_problems("name", name)
        yield from filter_problems(wanted)
        yield from label_problems(wanted.labels)

    async def _store_change(
        self, who: Identity, webhook_id: Id, change: Callable[[Webhook], Webhook], version: int | None
    ) -> Webhook:
        now = self.clock.now_ms()
        trail, seen = Trail(who.workspace_id, now), list[Webhook]()
        verb = recording(verbs.change_webhook, lambda after: _entries(trail, seen[0], after))
        return await self.store.write(verb, who.workspace_id, webhook_id, watched(change, seen), now, version)


def filter_problems(wanted: EventFilter) -> Iterator[Problem]:
    """What is wrong with a filter."""
    for field, given in (
        ("types", wanted.types),
        ("labels", wanted.labels),
        ("schedules", wanted.schedules),
    ):
        if len(given) > MOST_NAMED:
            yield Problem(field, f"names {len(given)}; at most {MOST_NAMED} are allowed", "too_many")
    for kind in wanted.types[:MOST_NAMED]:
        wrong = type_problem(kind)
        if wrong is not None:
            yield Problem("types", wrong, "unknown")


def _facts(webhook: Webhook) -> Mapping[str, Any]:
    """What the audit log says of a webhook."""
    return {
        "name": webhook.name,
        "url": webhook.url,
        "types": list(webhook.wanted.types),
        "labels": dict(webhook.wanted.labels),
        "schedules": [prefixed("sch", one) for one in webhook.wanted.schedules],
        "state": webhook.state.value,
    }


def _entries(trail: Trail, before: Webhook, after: Webhook) -> Sequence[AuditEntry]:
    if after is before:
        return ()
    said: dict[str, Any] = difference(dict(_facts(before)), dict(_facts(after)))
    if after.sealed != before.sealed:
        said["secrets_changed"] = True
    return (trail.entry("webhook.updated", "hook", after.id, **said),)
