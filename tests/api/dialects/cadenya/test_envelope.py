"""Whatever goes wrong, it leaves in this dialect's own envelope; and the page that describes it all."""

from __future__ import annotations

import pytest

from tests.api.dialects.cadenya.support import NOW, Cadenya
from tests.support.house import House, client_of


async def test_every_kind_of_failure_is_a_status(cadenya: Cadenya) -> None:
    client, base = cadenya.client, cadenya.base
    headers = {"Authorization": "Bearer hor_wrong"}
    for answer, status, code in (
        (await client.get("/v1/nowhere"), 404, 5),
        (await client.put(base, json={}), 405, 12),
        (await client.post(base, content=b"{"), 400, 3),
        (await client.post(base, content=b"[]"), 400, 3),
        (await client.post(base, content=b""), 400, 3),
        (await client.post(base, json={"metadata": 1, "spec": []}), 400, 3),
        (await client.get(base, headers=headers), 401, 16),
        (await client.get("/v1/whoami", headers={"Authorization": "nothing"}), 401, 16),
        (await client.post(f"{base}/as_x:explode"), 405, 12),
    ):
        body = answer.json()
        assert (answer.status_code, body["code"]) == (status, code), (answer.url, body)
        assert isinstance(body["message"], str)
        assert isinstance(body["details"], list)


async def test_a_body_that_is_too_large_is_refused() -> None:
    async with House.open(NOW, body_limit=2000) as house:
        cadenya = Cadenya(house)
        await cadenya.use_agent()
        answer = await cadenya.post("", cadenya.body(initialMessage="x" * 3000))
        assert answer.status_code == 413
        assert answer.json()["code"] == 3


async def test_a_target_without_a_grant_cannot_be_scheduled(cadenya: Cadenya) -> None:
    services, who = cadenya.house.services, await cadenya.house.who()
    other = await services.tenancy.create_principal(who, "other")
    issued = await services.tenancy.create_key(who, "k", ["*"], other.id)
    async with client_of(cadenya.house.api, issued.text) as client:
        answer = await client.post(cadenya.base, json=cadenya.body())
    assert answer.status_code == 403
    assert answer.json()["code"] == 7


async def test_a_body_without_content_type_is_json(cadenya: Cadenya) -> None:
    content = b'{"metadata": {"name": "n"}, "spec": {"initialMessage": "m", "schedule": {"timezone": "UTC"}}}'
    answer = await cadenya.client.post(cadenya.base, content=content)
    assert cadenya.violations(answer) == {"spec.schedule"}


@pytest.mark.parametrize("path", ["/v1/openapi.json"])
async def test_it_publishes_its_page(cadenya: Cadenya, path: str) -> None:
    page = (await cadenya.client.get(path)).json()
    verb = "/workspaces/{workspaceId}/agents/{agentId}/schedules/{id}:pause"
    assert [one["name"] for one in page["paths"][verb]["post"]["parameters"]] == [
        "workspaceId",
        "agentId",
        "id",
    ]
