"""A key that is revoked through one node is refused by the others without their asking the database again."""

import asyncio

import pytest

from horarium.domain.errors import Unauthorized
from horarium.service.identity import IdentityService
from horarium.service.tenancy import bootstrap
from horarium.store.base import ACCESS
from horarium.store.verbs import tenancy
from tests.support.poolers import opened
from tests.support.postgres import drop_database, migrated_database
from tests.support.tenant import NOON


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
