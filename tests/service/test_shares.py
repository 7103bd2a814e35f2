"""What workspaces get where they take turns."""

from horarium.service.shares import Shares
from horarium.store.verbs.tenancy import Share
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"


async def test_a_changed_weight_counts_from_the_next_refresh_on():
    async with House.open(NOW) as house:
        shares, tenancy, who = Shares(house.store), house.services.tenancy, await house.who()
        other = await house.workspace("other")
        await shares.refresh()
        assert shares.of(who.workspace_id) == Share(weight=1.0)
        await tenancy.update_workspace(who, who.workspace_id, weight=3, quotas={"concurrency": 8})
        assert shares.of(who.workspace_id) == Share(weight=1.0)
        await shares.refresh()
        assert shares.of(who.workspace_id) == Share(3.0, 8)
        assert shares.of(other.workspace_id) == Share()
