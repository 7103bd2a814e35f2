"""Webhooks, which node has each of them in hand, and what became of the events that were sent.

A webhook is held by (node, epoch), like a fire whose audience is read. A node that has lost one writes nothing of it
any more: what it has sent meanwhile is sent again by its successor, under the same id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.events import Event, webhook_disabled
from horarium.domain.ids import Id
from horarium.domain.webhooks import (
    Delivery,
    Webhook,
    WebhookState,
    filter_from_text,
    filter_to_text,
)
from horarium.store.base import WEBHOOKS, Tx, portable
from horarium.store.figures import DELIVERIES
from horarium.store.verbs.events import event_log
from horarium.store.verbs.tenancy import hold_workspace

# How many webhooks a workspace may have.
MOST_WEBHOOKS = 50


class _StoredWebhook(NamedTuple):
    """The columns of `webhook_columns` in webhooks.sql."""

    id: Id
    workspace_id: Id
    name: str
    url: str
    wanted: str
    secrets: bytes
    state: str
    state_reason: str | None
    position: int
    failing_since_ms: int | None
    version: int
    created_by: Id
    created_ms: int
    updated_ms: int


class ClaimedWebhook(NamedTuple):
    """A webhook that a node has just taken in hand, and the epoch of its claim."""

    webhook: Webhook
    epoch: int


class HeldWebhook(NamedTuple):
    """A webhook that a node has in hand. `waiting` are events that wait to be sent again, and `beyond` the numbers
    after the webhook's position that need not be sent any more."""

    webhook: Webhook
    epoch: int
    waiting: Sequence[WaitingEvent]
    beyond: frozenset[int]


class WaitingEvent(NamedTuple):
    """An event that waits to be sent again. `first_ms`: when it was first sent, or (not sent yet) first had to wait;
    `due_ms` is None where an earlier event of its schedule has to arrive first. `refused_ms`: since when it fails
    although others arrive."""

    event: Event
    attempts: int
    first_ms: int
    due_ms: int | None
    refused_ms: int | None = None


class DeliveryRow(NamedTuple):
    """A delivery as it is written."""

    webhook_id: Id
    number: int
    event_id: Id
    type: str
    state: str
    attempts: int
    first_ms: int
    last_ms: int | None
    due_ms: int | None
    status: int | None
    error: str | None
    refused_ms: int | None = None


class Sent(NamedTuple):
    """What a node has sent of one webhook since it last said so, and where the webhook stands then."""

    webhook_id: Id
    workspace_id: Id
    epoch: int
    position: int
    failing_since_ms: int | None
    rows: Sequence[DeliveryRow]
    disabled: str | None = None


def webhook_from_row(row: Sequence[Any]) -> Webhook:
    """A webhook from a row that has the columns of `webhook_columns`."""
    stored = _StoredWebhook._make(row)
    return Webhook(
        stored.id,
        stored.workspace_id,
        stored.name,
        stored.url,
        filter_from_text(stored.wanted),
        stored.secrets,
        WebhookState(stored.state),
        stored.state_reason,
        stored.position,
        stored.failing_since_ms,
        stored.version,
        stored.created_by,
        stored.created_ms,
        stored.updated_ms,
    )


async def create_webhook(tx: Tx, webhook: Webhook) -> Webhook:
    """Store a webhook, which is sent what happens from now on. Raises Conflict where the workspace has too many."""
    await hold_workspace(tx, webhook.workspace_id)
    (count,) = await tx.row("count_webhooks", workspace_id=webhook.workspace_id)
    if count >= MOST_WEBHOOKS:
        raise Conflict(
            f"the workspace has {count} webhooks, and may have no more: delete one first", "too_many"
        )
    log = await event_log(tx, webhook.workspace_id)
    stored = replace(webhook, position=log.number)
    await tx.run(
        "insert_webhook",
        **_columns(stored),
        workspace_id=stored.workspace_id,
        position=stored.position,
        created_by=stored.created_by,
        created_ms=stored.created_ms,
    )
    tx.announce(WEBHOOKS, webhook.created_ms)
    return stored


def _columns(webhook: Webhook) -> dict[str, Any]:
    """The parameters that making and changing a webhook have in common."""
    return {
        "id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "wanted": filter_to_text(webhook.wanted),
        "secrets": webhook.sealed,
        "state": webhook.state.value,
        "state_reason": webhook.state_reason,
        "updated_ms": webhook.updated_ms,
    }


async def get_webhook(tx: Tx, workspace_id: Id, webhook_id: Id) -> Webhook:
    """A webhook of a workspace. Raises NotFound."""
    row = await tx.row("get_webhook", id=webhook_id, workspace_id=workspace_id)
    if row is None:
        raise NotFound("webhook")
    return webhook_from_row(row)


async def _held(tx: Tx, workspace_id: Id, webhook_id: Id) -> Webhook:
    """A webhook that nobody else changes or takes until this transaction ends. Raises NotFound."""
    await tx.row("hold_webhook", id=webhook_id, workspace_id=workspace_id)
    return await get_webhook(tx, workspace_id, webhook_id)


async def list_webhooks(tx: Tx, workspace_id: Id, cursor: Id, limit: int) -> list[Webhook]:
    """Webhooks of a workspace, oldest first."""
    rows = await tx.rows("list_webhooks", workspace_id=workspace_id, cursor=cursor, limit=limit)
    return [webhook_from_row(row) for row in rows]


async def change_webhook(
    tx: Tx,
    workspace_id: Id,
    webhook_id: Id,
    change: Callable[[Webhook], Webhook],
    now: int,
    expected_version: int | None = None,
) -> Webhook:
    """Change a webhook by a pure function. Raises NotFound, Conflict (version), and what `change` raises."""
    before = await _held(tx, workspace_id, webhook_id)
    _expect(before, expected_version)
    after = change(before)
    if after == before:
        return before
    after = replace(after, updated_ms=now)
    await tx.run(
        "update_webhook",
        **_columns(after),
        workspace_id=workspace_id,
        failing_since_ms=after.failing_since_ms,
    )
    tx.announce(WEBHOOKS, now)
    return replace(after, version=before.version + 1)


def _expect(webhook: Webhook, version: int | None) -> None:
    if version is not None and webhook.version != version:
        raise Conflict(
            f"the webhook is at version {webhook.version}, not {version}: read it again", "version", "version"
        )


async def delete_some_deliveries(
    tx: Tx, workspace_id: Id, webhook_id: Id, limit: int, expected_version: int | None = None
) -> int:
    """Delete up to `limit` of the first deliveries of a webhook that is about to be deleted; how many. Raises NotFound,
    Conflict (version)."""
    _expect(await _held(tx, workspace_id, webhook_id), expected_version)
    return await tx.run("delete_some_deliveries", id=webhook_id, limit=limit)


async def delete_webhook(
    tx: Tx, workspace_id: Id, webhook_id: Id, now: int, expected_version: int | None = None
) -> Webhook:
    """Delete a webhook with the rest of its deliveries; the webhook as it was. Raises NotFound, Conflict (version)."""
    webhook = await _held(tx, workspace_id, webhook_id)
    _expect(webhook, expected_version)
    await tx.run("delete_webhook", id=webhook_id, workspace_id=workspace_id)
    await tx.run("delete_deliveries", id=webhook_id)
    tx.announce(WEBHOOKS, now)
    return webhook


async def mark_replayed(
    tx: Tx, workspace_id: Id, webhook_id: Id, after: int, limit: int, marked_to: int | None = None
) -> int:
    """Mark up to `limit` deliveries as those of events that are about to be sent again, behind those that were marked
    before; up to which number all are. The same number where fewer are left, which `replay` marks. Raises NotFound.

    A replay that ends here has no effect but these marks.
    """
    webhook = await _held(tx, workspace_id, webhook_id)
    if marked_to is None:
        marked_to = min(max(after, (await event_log(tx, workspace_id)).forgotten), webhook.position)
    end = await tx.row("end_of_some_deliveries", id=webhook_id, after=marked_to, skip=limit - 1)
    if end is None:
        return marked_to
    await tx.run("mark_some_replayed", id=webhook_id, after=marked_to, upto=end[0])
    return int(end[0])


async def replay(tx: Tx, workspace_id: Id, webhook_id: Id, after: int, now: int, marked_to: int = 0) -> int:
    """Send the events after a number again, in their order; the number of the last event there is. `marked_to`: up to
    which number `mark_replayed` has marked them. Raises NotFound."""
    webhook = await _held(tx, workspace_id, webhook_id)
    log = await event_log(tx, workspace_id)
    position = min(max(after, log.forgotten), webhook.position)
    await tx.run("replay_waiting", id=webhook_id, after=position)
    await tx.run("replay_deliveries", id=webhook_id, after=max(position, marked_to))
    await tx.run("set_webhook_position", id=webhook_id, position=position)
    tx.announce(WEBHOOKS, now)
    return log.number - position


async def list_deliveries(
    tx: Tx, workspace_id: Id, webhook_id: Id, before: int, limit: int, state: str | None = None
) -> list[Delivery]:
    """What became of the events that were sent to a webhook, the latest first. Raises NotFound."""
    await get_webhook(tx, workspace_id, webhook_id)
    rows = await tx.rows("list_deliveries", id=webhook_id, before=before, limit=limit, state=state)
    return [Delivery._make(row) for row in rows]


@portable
async def claim_webhooks(tx: Tx, node: Id, limit: int) -> list[ClaimedWebhook]:
    """Take up to `limit` webhooks that no node has in hand."""
    found = []
    for *columns, epoch in await tx.rows("free_webhooks", limit=limit):
        webhook = webhook_from_row(columns)
        if await tx.run("take_webhook", id=webhook.id, node=node, epoch=epoch) == 1:
            found.append(ClaimedWebhook(webhook, epoch + 1))
    return found


async def held_webhook(tx: Tx, claimed: ClaimedWebhook, waiting: int) -> HeldWebhook:
    """A claimed webhook with up to `waiting` of its events that wait, and the numbers that need not be sent.

    It is read apart from the claim, since after the replay of a long log very many numbers are looked at. Whoever
    changes the webhook meanwhile takes it away from the node.
    """
    webhook, epoch = claimed
    again = await tx.rows(
        "waiting_deliveries", id=webhook.id, workspace_id=webhook.workspace_id, limit=waiting
    )
    beyond = await tx.rows("numbers_beyond", id=webhook.id, position=webhook.position)
    return HeldWebhook(webhook, epoch, [_waiting(row) for row in again], frozenset(row[0] for row in beyond))


def _waiting(row: Sequence[Any]) -> WaitingEvent:
    number, attempts, first_ms, due_ms, refused_ms, *event = row
    return WaitingEvent(Event(number, *event), attempts, first_ms, due_ms, refused_ms)


async def webhooks_of(tx: Tx, node: Id) -> tuple[dict[Id, int], bool]:
    """The webhooks that a node has in hand by the store, each with its epoch, and whether there are some that no node
    has in hand."""
    rows = await tx.rows("webhooks_of_node", node=node)
    ours = {webhook_id: epoch for webhook_id, epoch in rows if webhook_id is not None}
    return ours, len(ours) < len(rows)


@portable
async def let_go(tx: Tx, node: Id, webhooks: Mapping[Id, int]) -> None:
    """Free webhooks, each with its epoch, that a node has in hand by the store and knows nothing of."""
    for webhook_id, epoch in sorted(webhooks.items()):
        await tx.run("free_webhook", id=webhook_id, node=node, epoch=epoch)


@portable
async def note_sent(tx: Tx, node: Id, sent: Sequence[Sent], now: int) -> list[Id]:
    """Note what a node has sent; the webhooks that it has lost, of which nothing is noted."""
    lost: list[Id] = []
    for one in sorted(sent):
        moved = await tx.run(
            "move_webhook",
            id=one.webhook_id,
            node=node,
            epoch=one.epoch,
            position=one.position,
            failing_since_ms=one.failing_since_ms,
        )
        if moved != 1:
            lost.append(one.webhook_id)
            continue
        if one.rows:
            await tx.many("note_deliveries", one.rows)
        for row in one.rows:
            tx.count(DELIVERIES, row.state, 1)
        if one.disabled is not None:
            await tx.run(
                "disable_webhook", id=one.webhook_id, node=node, epoch=one.epoch, reason=one.disabled, now=now
            )
            tx.tell(webhook_disabled(one.workspace_id, one.webhook_id, one.disabled, now))
    return lost
