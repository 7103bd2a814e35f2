"""What a client is told of itself, of its account and of its workspaces."""

from __future__ import annotations

from typing import Any

from horarium.domain.ids import prefixed
from horarium.domain.tenancy import PrincipalType
from tests.api.dialects.cadenya.support import Cadenya
from tests.support.house import House, Tenant, client_of

AT = "2026-03-06T12:00:00.000Z"


def metadata(house: House, an_id: str, name: str, profile: str, slug: str = "") -> dict[str, Any]:
    return {
        "id": an_id,
        "accountId": prefixed("account", house.first.workspace_id),
        "name": name,
        "externalId": slug,
        "labels": {},
        "profileId": profile,
        "createdAt": AT,
    }


async def test_a_client_is_told_who_it_is(house: House) -> None:
    who = await house.who()
    for kind, email, shown in (
        (PrincipalType.PERSON, "ada@example.com", "PROFILE_TYPE_USER"),
        (PrincipalType.SERVICE, None, "PROFILE_TYPE_API_KEY"),
    ):
        made = await house.services.tenancy.create_principal(who, "Ada", kind, email)
        key = await house.services.tenancy.create_key(who, "k", ["runs:read"], made.id)
        profile, workspace = prefixed("profile", made.id), prefixed("ws", house.first.workspace_id)
        at_home = metadata(house, workspace, "first", profile, "first")
        async with client_of(house.api, key.text) as client:
            assert (await client.get("/v1/whoami")).json() == {
                "profile": {
                    "metadata": metadata(house, profile, "Ada", profile),
                    "spec": {"type": shown, "name": "Ada", "email": email or ""},
                },
                "defaultWorkspace": at_home,
            }
            account = (await client.get("/v1/account")).json()
            listed = (await client.get("/v1/workspaces")).json()
        one = {"metadata": at_home, "spec": {"description": ""}, "status": "STATUS_ENABLED"}
        assert account == {
            "metadata": metadata(
                house, prefixed("account", house.first.workspace_id), "first", profile, "first"
            ),
            "spec": {"description": "", "domain": "", "billingEmail": "", "workspaces": [one]},
            "info": {"webhookEventsHmacSecret": "", "challengeToken": ""},
        }
        assert listed == {"items": [one], "pagination": {}}


async def test_workspaces_are_listed_in_pages(house: House, cadenya: Cadenya) -> None:
    tenants: list[Tenant] = [house.first, *[await house.workspace(f"w{number}") for number in range(4)]]
    expected = {prefixed("ws", tenant.workspace_id) for tenant in tenants}
    seen: list[str] = []
    cursor, pages = "", 0
    while True:
        answer = (await cadenya.client.get("/v1/workspaces", params={"limit": 2, "cursor": cursor})).json()
        assert answer["items"]
        seen += [one["metadata"]["id"] for one in answer["items"]]
        pages += 1
        cursor = answer["pagination"].get("nextCursor", "")
        if not cursor:
            break
    assert (set(seen), len(seen), pages) == (expected, 5, 3)
    wrong = await cadenya.client.get("/v1/workspaces", params={"limit": "x", "cursor": "x"})
    assert cadenya.violations(wrong) == {"limit", "cursor"}
