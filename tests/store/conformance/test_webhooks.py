"""Webhooks are in the hand of one node; what it has sent is noted once, and a node that has lost one notes nothing."""

from dataclasses import replace

import pytest

from horarium.domain.errors import Conflict, NotFound
from horarium.domain.events import EventFilter, quota_near
from horarium.domain.ids import LOWEST_ID, random_id
from horarium.domain.webhooks import Webhook, WebhookState
from horarium.store.base import WEBHOOKS
from horarium.store.figures import DELIVERIES
from horarium.store.verbs import events, nodes, webhooks
from horarium.store.verbs.webhooks import DeliveryRow, Sent
from tests.support.tenant import LEASE, NOON, Node, Tenant


@pytest.fixture
def space(store, tenant):
    store.recording = frozenset((tenant.workspace,))
    return tenant


def hook(tenant, **given):
    made = Webhook(
        random_id(NOON),
        tenant.workspace,
        "hook",
        "https://example.com",
        EventFilter(("fire.*",), {"a": "b"}, (b"s" * 16,)),
        b"sealed",
        WebhookState.ENABLED,
        None,
        0,
        None,
        1,
        tenant.principal,
        NOON,
        NOON,
    )
    return replace(made, **given)


async def make(tenant, **given):
    return await tenant.store.write(webhooks.create_webhook, hook(tenant, **given))


async def tell(tenant, count=1):
    async def tells(tx):
        for _ in range(count):
            tx.tell(quota_near(tenant.workspace, random_id(NOON).hex(), 9, 10, NOON))

    await tenant.store.write(tells)
    await tenant.store.urgent(events.publish, NOON)


def row(webhook, number, state, **given):
    made = DeliveryRow(webhook.id, number, b"e", "quota.near", state, 1, NOON, NOON, None, 200, None)
    return made._replace(**given)


OFF = WebhookState.DISABLED


async def claim(store, node):
    claimed = await store.urgent(webhooks.claim_webhooks, node.id, 10)
    return [await store.read(webhooks.held_webhook, one, 100) for one in claimed]


async def note(store, node, held, position, rows, **given):
    one = Sent(held.webhook.id, held.webhook.workspace_id, held.epoch, position, None, rows, **given)
    return await store.urgent(webhooks.note_sent, node.id, [one], NOON)


async def test_a_webhook_is_stored_as_it_was_given_and_belongs_to_its_workspace(space, store):
    made = await make(space)
    assert await store.read(webhooks.get_webhook, space.workspace, made.id) == made
    assert await store.read(webhooks.list_webhooks, space.workspace, LOWEST_ID, 10) == [made]
    stranger = await Tenant.open(store)
    with pytest.raises(NotFound):
        await store.read(webhooks.get_webhook, stranger.workspace, made.id)
    with pytest.raises(NotFound):
        await store.write(webhooks.delete_webhook, stranger.workspace, made.id, NOON)
    with pytest.raises(NotFound):
        await store.write(webhooks.replay, stranger.workspace, made.id, 0, NOON)
    with pytest.raises(NotFound):
        await store.read(webhooks.list_deliveries, stranger.workspace, made.id, 9, 9)


async def test_a_workspace_has_a_bounded_number_of_webhooks(space, store):
    for _ in range(webhooks.MOST_WEBHOOKS):
        await make(space)
    with pytest.raises(Conflict):
        await make(space)


async def test_a_workspace_is_recorded_while_it_has_a_webhook_or_somebody_reads(space, store):
    assert await store.read(events.recorded_workspaces, NOON) == frozenset()
    made = await make(space)
    assert await store.read(events.recorded_workspaces, NOON) == {space.workspace}
    await store.write(
        webhooks.change_webhook, *(space.workspace, made.id), lambda one: replace(one, state=OFF), NOON
    )
    assert await store.read(events.recorded_workspaces, NOON) == {
        space.workspace
    }  # it may be switched on again
    await store.write(webhooks.delete_webhook, space.workspace, made.id, NOON)
    await store.write(events.want_events, space.workspace, NOON + 5)
    assert await store.read(events.recorded_workspaces, NOON) == {space.workspace}
    assert await store.read(events.recorded_workspaces, NOON + 5) == frozenset()


async def test_a_new_webhook_is_sent_what_happens_from_then_on(space, store):
    await tell(space, 3)
    assert (await make(space)).position == 3


async def test_only_one_node_has_a_webhook_and_another_gets_it_when_that_one_is_gone(space, store):
    made = await make(space)
    first, second = await Node.start(store), await Node.start(store)
    (held,) = await claim(store, first)
    assert await claim(store, second) == []
    assert await store.read(webhooks.webhooks_of, first.id) == ({made.id: held.epoch}, False)
    await store.urgent(nodes.heartbeat, second.id, NOON + LEASE, LEASE)
    await store.urgent(nodes.free_lapsed, NOON + LEASE + 1, second.id)
    (again,) = await claim(store, second)
    assert again.epoch > held.epoch
    assert await note(store, first, held, 5, []) == [made.id]
    assert await note(store, second, again, 5, []) == []


async def test_of_a_webhook_that_is_lost_nothing_is_noted_and_nothing_is_counted_or_told(space, store):
    made, kept = await make(space), await make(space)
    await tell(space, 3)
    first, second = await Node.start(store), await Node.start(store)
    held = {one.webhook.id: one for one in await claim(store, first)}
    lost = held[made.id]
    await store.write(
        webhooks.change_webhook, space.workspace, made.id, lambda one: replace(one, name="x"), NOON
    )
    await claim(store, second)
    before = store.figures.of(DELIVERIES)
    sent = [
        Sent(made.id, space.workspace, lost.epoch, 2, NOON, [row(made, 1, "failed")], "gone"),
        Sent(
            kept.id,
            space.workspace,
            held[kept.id].epoch,
            2,
            None,
            [
                row(kept, 1, "waiting", attempts=7),
                row(kept, 2, "delivered", attempts=3),
                row(kept, 3, "waiting", attempts=0),
            ],
        ),
    ]
    assert await store.urgent(webhooks.note_sent, first.id, sent, NOON) == [made.id]
    counted = {state: count - before.get(state, 0) for state, count in store.figures.of(DELIVERIES).items()}
    assert {state: count for state, count in counted.items() if count} == {"waiting": 2, "delivered": 1}
    of_lost = store.read(webhooks.list_deliveries, space.workspace, made.id, 100, 10)
    assert await of_lost == []
    stands = await store.read(webhooks.get_webhook, space.workspace, made.id)
    assert (stands.state, stands.position, stands.failing_since_ms) == (WebhookState.ENABLED, 0, None)
    assert len(await store.read(webhooks.list_deliveries, space.workspace, kept.id, 100, 10)) == 3


async def test_what_waits_is_handed_on_with_what_need_not_be_sent_any_more(space, store):
    made = await make(space)
    await tell(space, 4)
    node = await Node.start(store)
    (held,) = await claim(store, node)
    rows = [
        row(made, 1, "waiting", due_ms=NOON + 9, status=500, error="no"),
        row(made, 2, "delivered"),
        row(made, 4, "delivered"),
    ]
    await note(store, node, held, 2, rows)
    await store.urgent(nodes.stop, node.id, NOON)
    (again,) = await claim(store, await Node.start(store))
    assert again.webhook.position == 2
    assert [(one.event.number, one.attempts, one.due_ms) for one in again.waiting] == [(1, 1, NOON + 9)]
    assert again.beyond == {4}


async def test_what_waits_is_handed_on_with_the_time_of_its_first_attempt_and_since_when_it_is_refused(
    space, store
):
    made = await make(space)
    await tell(space, 1)
    node = await Node.start(store)
    (held,) = await claim(store, node)
    await note(store, node, held, 1, [row(made, 1, "waiting", attempts=0)])
    tried = row(made, 1, "waiting", attempts=2, first_ms=NOON + 5, due_ms=NOON + 9, refused_ms=NOON + 7)
    await note(store, node, held, 1, [tried])
    await store.urgent(nodes.stop, node.id, NOON)
    (again,) = await claim(store, await Node.start(store))
    (one,) = again.waiting
    assert (one.attempts, one.first_ms, one.refused_ms) == (2, NOON + 5, NOON + 7)


async def test_a_node_lets_go_of_what_it_has_by_the_store_alone_and_of_nothing_that_was_taken_since(
    space, store
):
    for _ in range(3):
        await make(space)
    one, two = await Node.start(store), await Node.start(store)
    held = {each.webhook.id: each.epoch for each in await claim(store, one)}
    first, second, third = sorted(held)
    await store.urgent(webhooks.let_go, two.id, held)
    assert await store.read(webhooks.webhooks_of, one.id) == (held, False)
    await store.urgent(webhooks.let_go, one.id, {first: held[first], second: held[second] - 1})
    assert await store.read(webhooks.webhooks_of, one.id) == (
        {second: held[second], third: held[third]},
        True,
    )
    assert [each.webhook.id for each in await claim(store, two)] == [first]
    assert await store.read(webhooks.webhooks_of, two.id) == ({first: held[first] + 2}, False)


async def test_a_change_takes_a_webhook_from_the_node_that_has_it(space, store):
    made = await make(space)
    node = await Node.start(store)
    (held,) = await claim(store, node)
    await store.write(
        webhooks.change_webhook,
        space.workspace,
        made.id,
        lambda one: replace(one, url="https://other"),
        NOON,
        1,
    )
    assert await note(store, node, held, 1, []) == [made.id]
    (again,) = await claim(store, node)
    assert again.webhook.url == "https://other"
    with pytest.raises(Conflict):
        await store.write(webhooks.change_webhook, space.workspace, made.id, lambda one: one, NOON, 1)


async def test_a_webhook_that_is_enabled_is_announced_so_that_nothing_waits_for_a_poll(space, store):
    made = await make(space, state=WebhookState.DISABLED)
    heard = []
    store.listen(lambda topic, at: heard.append((topic, at)))
    own = space.workspace, made.id
    await store.write(
        webhooks.change_webhook, *own, lambda one: replace(one, state=WebhookState.ENABLED), NOON + 5
    )
    assert (WEBHOOKS, NOON + 5) in heard


async def test_a_disabled_webhook_is_sent_nothing_and_an_event_tells_of_it(space, store):
    made = await make(space)
    node = await Node.start(store)
    (held,) = await claim(store, node)
    await note(store, node, held, 0, [], disabled="nothing has arrived")
    assert await claim(store, node) == []
    found = await store.read(webhooks.get_webhook, space.workspace, made.id)
    assert (found.state, found.state_reason) == ("disabled", "nothing has arrived")
    await store.urgent(events.publish, NOON)
    (event,) = await store.read(events.events_after, space.workspace, 0, 10)
    assert event.type == "webhook.disabled"


async def test_a_replay_sends_again_what_came_after_a_number(space, store):
    made = await make(space)
    await tell(space, 4)
    node = await Node.start(store)
    (held,) = await claim(store, node)
    await note(store, node, held, 4, [row(made, number, "delivered") for number in (1, 2, 3, 4)])
    assert await store.write(webhooks.replay, space.workspace, made.id, 2, NOON) == 2
    (again,) = await claim(store, node)
    assert (again.webhook.position, again.beyond) == (2, frozenset())
    listed = await store.read(webhooks.list_deliveries, space.workspace, made.id, 99, 10)
    assert [(one.number, one.state) for one in listed] == [
        (4, "replayed"),
        (3, "replayed"),
        (2, "delivered"),
        (1, "delivered"),
    ]
    await note(store, node, again, 4, [row(made, 3, "delivered"), row(made, 4, "failed")])
    only = await store.read(webhooks.list_deliveries, space.workspace, made.id, 99, 10, "failed")
    assert [one.number for one in only] == [4]


async def test_a_long_replay_is_marked_piece_by_piece_and_loses_nothing_where_it_ends_in_between(
    space, store
):
    """200,000 deliveries were marked in one transaction."""
    made = await make(space)
    await tell(space, 6)
    node = await Node.start(store)
    (held,) = await claim(store, node)
    rows = [row(made, n, "delivered") for n in (1, 2, 4, 5, 6)]
    await note(store, node, held, 6, [*rows, row(made, 3, "waiting", due_ms=NOON + 9)])
    own = space.workspace, made.id, 1
    marked = [await store.write(webhooks.mark_replayed, *own, 2)]
    await store.urgent(nodes.stop, node.id, NOON)
    node = await Node.start(store)
    (between,) = await claim(store, node)
    assert [one.event.number for one in between.waiting] == [3]
    assert (between.webhook.position, between.beyond) == (6, frozenset())
    for _ in range(2):
        marked.append(await store.write(webhooks.mark_replayed, *own, 2, marked[-1]))
    assert marked == [3, 5, 5]
    assert await store.write(webhooks.replay, *own, NOON, marked[-1]) == 5
    (again,) = await claim(store, node)
    assert (again.webhook.position, again.beyond, again.waiting) == (1, frozenset(), [])
    listed = await store.read(webhooks.list_deliveries, space.workspace, made.id, 99, 10)
    assert [one.state for one in listed] == ["replayed"] * 5 + ["delivered"]


async def test_a_replay_from_a_late_event_passes_nothing_that_was_not_sent_yet(space, store):
    made = await make(space)
    await tell(space, 4)
    assert await store.write(webhooks.replay, space.workspace, made.id, 3, NOON) == 4
    (held,) = await claim(store, await Node.start(store))
    assert held.webhook.position == 0


async def test_a_replay_begins_behind_the_events_that_are_deleted(space, store):
    made = await make(space)
    await tell(space, 2)
    while await store.write(events.forget_events, NOON + 1, 10):
        pass
    await tell(space, 2)
    node = await Node.start(store)
    (held,) = await claim(store, node)
    await note(store, node, held, 4, [])
    assert await store.write(webhooks.replay, space.workspace, made.id, 0, NOON) == 2
    assert (await store.read(webhooks.get_webhook, space.workspace, made.id)).position == 2


async def test_what_is_deleted_with_old_events_are_their_deliveries_too(space, store):
    made = await make(space)
    await tell(space, 2)
    node = await Node.start(store)
    (held,) = await claim(store, node)
    await note(store, node, held, 2, [row(made, 1, "delivered"), row(made, 2, "waiting")])
    while await store.write(events.forget_events, NOON + 1, 10):
        pass
    assert await store.read(webhooks.list_deliveries, space.workspace, made.id, 99, 10) == []


async def test_what_waits_is_never_an_event_of_another_workspace_with_the_same_number(store, tenant):
    other = await Tenant.open(store)
    store.recording = frozenset((tenant.workspace, other.workspace))
    made = await make(tenant)
    for one in (other, tenant):
        await tell(one, 2)
    node = await Node.start(store)
    (held,) = await claim(store, node)
    await note(store, node, held, 2, [row(made, number, "waiting", due_ms=NOON + 9) for number in (1, 2)])
    await store.urgent(nodes.stop, node.id, NOON)
    (again,) = await claim(store, await Node.start(store))
    own = await store.read(events.events_after, tenant.workspace, 0, 10)
    assert [one.event for one in again.waiting] == own
    assert len(own) == 2


async def test_a_webhook_is_changed_by_who_has_read_its_latest_version(space, store):
    made = await make(space)

    async def change(expected=None, **what):
        return await store.write(
            webhooks.change_webhook,
            space.workspace,
            made.id,
            lambda one: replace(one, **what),
            NOON + 5,
            expected,
        )

    assert await change() == made  # nothing is new
    after = await change(1, name="other", failing_since_ms=NOON)
    assert (after.name, after.version, after.updated_ms, after.failing_since_ms) == (
        "other",
        2,
        NOON + 5,
        NOON,
    )
    assert await store.read(webhooks.get_webhook, space.workspace, made.id) == after
    for outdated in (1, 3):
        with pytest.raises(Conflict) as refused:
            await change(outdated, name="third")
        assert refused.value.reason == "version"
        with pytest.raises(Conflict):
            await store.write(webhooks.delete_webhook, space.workspace, made.id, NOON, outdated)
    assert await store.write(webhooks.delete_webhook, space.workspace, made.id, NOON, 2) == after


@pytest.mark.parametrize(("after", "position", "again"), [(0, 0, 4), (3, 3, 1), (4, 4, 0), (9, 4, 0)])
async def test_events_are_sent_again_from_a_number_on(space, store, after, position, again):
    made = await make(space)
    await tell(space, 4)
    node = await Node.start(store)
    (held,) = await claim(store, node)
    await note(store, node, held, 4, [row(made, n, "delivered") for n in (1, 2, 3, 4)])
    await store.urgent(nodes.stop, node.id, NOON)
    assert await store.write(webhooks.replay, space.workspace, made.id, after, NOON) == again
    assert (await store.read(webhooks.get_webhook, space.workspace, made.id)).position == position
