"""Whoever makes something at the same time, through whatever node, never gets beyond a bound together."""

import asyncio

import pytest

from horarium.domain.audience import StoredSource
from horarium.domain.erasures import Erasure, Person
from horarium.domain.errors import Conflict, Invalid
from horarium.domain.ids import random_id
from horarium.domain.pauses import Pause
from horarium.domain.schedule import CatchUp
from horarium.domain.windows import Window
from horarium.store.verbs import actions, audiences, erasures, pauses, shares, webhooks, windows
from horarium.times import Timing
from tests.store.conformance.test_actions import an_action
from tests.store.conformance.test_audiences import source
from tests.store.conformance.test_shares import mirror_of
from tests.store.conformance.test_webhooks import hook
from tests.support.tenant import HOUR, NOON, Tenant

AT_ONCE = 8


async def an_action_on_many(tenant):
    return actions.take_action, an_action(tenant, id=random_id(NOON))


async def an_erasure(tenant):
    new = random_id(NOON)
    return erasures.begin_erasure, Erasure(
        new, tenant.workspace, b"salt", b"hash", tenant.principal, NOON, NOON, Person("u42")
    )


async def a_planned_pause(tenant):
    own = random_id(NOON), tenant.workspace, None
    return pauses.add_pause, Pause(*own, NOON + HOUR, NOON + 2 * HOUR, CatchUp.NONE)


def a_window(tenant, schedule_id):
    own = random_id(NOON), tenant.workspace, schedule_id
    return windows.add_window, Window(*own, Timing("0 3 * * *"), HOUR, CatchUp.NONE, NOON + HOUR, NOON)


async def a_window_of_a_workspace(tenant):
    return a_window(tenant, None)


async def a_window_of_a_schedule(tenant):
    return a_window(tenant, b"s" * 16)


async def a_webhook(tenant):
    return webhooks.create_webhook, hook(tenant, id=random_id(NOON))


async def a_source(tenant):
    return audiences.replace_source, None, source(tenant, f"s{random_id(NOON).hex()}"), NOON


async def a_target_that_is_shared(tenant):
    """Another target each time: those of one target wait for it anyway."""
    lent = await tenant.add_target()
    return (
        shares.share,
        shares.TARGETS,
        tenant.workspace,
        lent,
        mirror_of(tenant, lent, tenant.borrower, None),
    )


async def a_source_that_is_shared(tenant):
    made = await tenant.store.write(audiences.put_source, source(tenant, f"s{random_id(NOON).hex()}"), NOON)
    borrower, new = tenant.borrower.workspace, random_id(NOON)
    mirror = StoredSource(borrower, f"s{new.hex()}", new, "?", {}, NOON, NOON, shared_from=made.id)
    return shares.share, shares.SOURCES, tenant.workspace, made.id, mirror


@pytest.mark.parametrize(
    ("one", "bound"),
    [
        (an_action_on_many, (actions, "MOST_OPEN")),
        (an_erasure, (erasures, "MOST_OPEN")),
        (a_planned_pause, (pauses, "MOST_RULING")),
        (a_window_of_a_workspace, (windows, "MOST_OF_WORKSPACE")),
        (a_window_of_a_schedule, (windows, "MOST_OF_SCHEDULE")),
        (a_webhook, (webhooks, "MOST_WEBHOOKS")),
        (a_source, (audiences, "MOST_SOURCES")),
        (a_target_that_is_shared, (shares, "MOST_SHARES")),
        (a_source_that_is_shared, (shares, "MOST_SHARES")),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
async def test_what_is_made_at_the_same_time_never_goes_beyond_a_bound(
    tenant, store, other, monkeypatch, one, bound
):
    monkeypatch.setattr(*bound, 3)
    tenant.borrower = await Tenant.open(store)
    made = [await one(tenant) for _ in range(AT_ONCE)]
    if one is a_source:
        made = [(*given, 3) for given in made]
    ends = await asyncio.gather(
        *((store, other)[number % 2].write(*given) for number, given in enumerate(made)),
        return_exceptions=True,
    )
    refused = [end for end in ends if isinstance(end, Conflict | Invalid)]
    assert [end for end in ends if isinstance(end, Exception) and end not in refused] == []
    assert len(refused) == AT_ONCE - 3
