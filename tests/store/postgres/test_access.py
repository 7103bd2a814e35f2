"""What is taken away through one node is taken away at the others, without their asking the database again: a key is
refused there, and what they have in hand follows."""

import asyncio

import pytest

from horarium.domain.errors import Unauthorized
from horarium.service.identity import IdentityService
from horarium.service.tenancy import bootstrap
from horarium.store.base import ACCESS, GRANTS, TARGETS
from horarium.store.verbs import targets, tenancy
from tests.support.poolers import opened
from tests.support.postgres import drop_database, migrated_database
from tests.support.tenant import NOON, Tenant


class StoppedClock:
    """No time passes, so nothing that is remembered ever becomes too old."""

    def now_ms(self):
        return NOON


async def test_a_revoked_key_ends_on_other_nodes_when_they_are_told(tmp_path):
    url = await migrated_database("access")
    ours, theirs = await opened(url), await opened(url)
    try:
        key = await bootstrap(ours, NOON, tmp_path / "key")
        identities, told = IdentityService(theirs, StoppedClock()), asyncio.Event()

        def heard(topic, at):
            if topic == ACCESS:
                identities.forget()
                told.set()

        theirs.listen(heard)
        who = await identities.resolve(key)
        await ours.write(tenancy.revoke_key, who.workspace_id, who.key_id, NOON)
        async with asyncio.timeout(10):
            await told.wait()
        with pytest.raises(Unauthorized):
            await identities.resolve(key)
    finally:
        await ours.close()
        await theirs.close()
        drop_database(url)


async def test_other_nodes_are_told_of_targets_that_change_and_of_grants_that_are_taken_away():
    url = await migrated_database("access")
    ours, theirs = await opened(url), await opened(url)
    try:
        tenant, told = await Tenant.open(ours), {TARGETS: asyncio.Event(), GRANTS: asyncio.Event()}
        theirs.listen(lambda topic, at: told[topic].set() if topic in told else None)
        await ours.write(targets.follow, tenant.workspace, tenant.target, NOON)
        await ours.write(tenancy.remove_grant, tenant.workspace, tenant.principal, tenant.target)
        async with asyncio.timeout(10):
            await asyncio.gather(*(event.wait() for event in told.values()))
    finally:
        await ours.close()
        await theirs.close()
        drop_database(url)
