"""Keys that are restricted to targets, labels and networks, through the APIs."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.asking import BASE, HOOK, ask, scheduled
from tests.support.house import House

NOW = "2026-11-23T08:00:00Z"
SCOPES = ["schedules:read", "schedules:write", "schedules:delete", "runs:read", "runs:write", "targets:read",
          "targets:write"]  # fmt: skip


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path) as made:
        yield made


async def key(house: House, status: int = 201, **given: Any) -> Any:
    """A key as answered; by default it may do what a user of schedules does."""
    return await ask(house, "POST", "/keys", {"name": "k", "scopes": SCOPES} | given, status)


def bearer(made: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {made['key']}"}


async def test_a_key_for_some_targets_touches_no_schedule_and_no_run_of_another(house: House) -> None:
    other = await scheduled(house)
    body = {"kind": "workflow", "name": "Mine", "key": "mine", "executor": HOOK}
    mine = await ask(house, "POST", "/targets", body, 201)
    made = await key(house, targets=["mine"])
    assert made["targets"] == [mine["id"]]
    headers, path = bearer(made), f"/schedules/{other['id']}"
    order = {"name": "s", "recurrence": "0 9 * * *"}
    for method, place, sent in (
        ("POST", "/schedules", order | {"target": "t"}),
        ("PATCH", path, {"name": "n"}),
        ("PATCH", path, {"recurrence": "0 10 * * *"}),
        ("PATCH", path, {"target": "mine"}),
        ("POST", f"{path}/pause", {}),
        ("POST", f"{path}/resume", {}),
        ("POST", f"{path}/fire-now", {}),
        ("DELETE", path, None),
        ("PATCH", "/targets/t", {"name": "n"}),
        ("POST", "/targets/t/disable", {}),
        ("DELETE", "/targets/t", None),
        ("POST", "/targets", {"kind": "workflow", "name": "x", "executor": HOOK}),
    ):
        refused = await ask(house, method, place, sent, 403, headers=headers)
        assert "restricted to 1 targets" in refused["detail"], (method, place)
    own = await ask(house, "POST", "/schedules", order | {"target": "mine"}, 201, headers=headers)
    for method, place, sent, status in (
        ("PATCH", "", {"name": "n"}, 200),
        ("POST", "/pause", {}, 200),
        ("POST", "/resume", {}, 200),
        ("POST", "/fire-now", {}, 201),
        ("DELETE", "", None, 204),
    ):
        await ask(house, method, f"/schedules/{own['id']}{place}", sent, status, headers=headers)
    await ask(house, "GET", path, headers=headers)  # what it may read is decided by its scopes
    fire = await ask(house, "POST", f"{path}/fire-now", status=201)
    run = (await ask(house, "GET", f"/runs?fire={fire['id']}"))["items"][0]["id"]
    await ask(house, "POST", f"/runs/{run}/cancel", status=403, headers=headers)


async def test_a_key_for_all_targets_is_restricted_to_none(house: House) -> None:
    other = await scheduled(house)
    for targets in (["*"], ["t", "*"]):
        made = await key(house, targets=targets)
        assert made["targets"] == []
        await ask(house, "POST", f"/schedules/{other['id']}/fire-now", {}, 201, headers=bearer(made))


async def test_a_key_for_some_labels_makes_and_changes_only_schedules_that_carry_them(house: House) -> None:
    red, blue = (
        await scheduled(house, labels={"team": "red"}),
        await scheduled(house, labels={"team": "blue"}),
    )
    headers = bearer(await key(house, labels={"team": "blue"}))
    order = {"name": "s", "recurrence": "0 9 * * *", "target": "t"}
    await ask(house, "POST", "/schedules", order, 403, headers=headers)
    await ask(house, "POST", "/schedules", order | {"labels": {"team": "blue"}}, 201, headers=headers)
    await ask(house, "PATCH", f"/schedules/{red['id']}", {"labels": {"team": "blue"}}, 403, headers=headers)
    await ask(house, "PATCH", f"/schedules/{blue['id']}", {"labels": {"team": "red"}}, 403, headers=headers)
    await ask(house, "POST", f"/schedules/{red['id']}/pause", {}, 403, headers=headers)
    await ask(house, "POST", f"/schedules/{blue['id']}/fire-now", status=201, headers=headers)
    await ask(house, "DELETE", f"/schedules/{blue['id']}", status=204, headers=headers)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/keys", {"name": "k", "scopes": ["schedules:write"]}),
        ("/webhooks", {"url": "https://example.com/events"}),
    ],
)
async def test_labels_by_which_schedules_are_meant_are_no_longer_than_those_of_schedules(
    house: House, path: str, body: dict[str, Any]
) -> None:
    for labels in ({"a": "x" * 201}, {"a" * 201: "x"}):
        refused = await house.client.post(f"{BASE}{path}", json=body | {"labels": labels})
        assert refused.status_code == 400
        assert "at most 200 are allowed" in refused.text
        assert len(refused.content) < 2_000
    made = await house.client.post(f"{BASE}{path}", json=body | {"labels": {"a" * 200: "x" * 200}})
    assert made.status_code == 201


async def test_a_key_for_some_networks_is_accepted_only_from_these(house: House) -> None:
    made = await key(house, networks=["10.0.0.0/8"])
    for address, status in (("10.1.2.3", 200), ("192.0.2.1", 403)):
        transport = httpx.ASGITransport(house.api, client=(address, 5))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://testserver", headers=bearer(made)
        ) as client:
            answer = await client.get(f"{BASE}/me", headers={"X-Forwarded-For": "10.9.9.9"})
            assert answer.status_code == status


async def test_a_restricted_key_makes_no_freer_one_and_keeps_its_restriction_when_replaced(
    house: House,
) -> None:
    near = ["127.0.0.0/8"]
    made = await key(house, scopes=["*"], networks=near)
    headers = bearer(made)
    body = {"name": "k", "scopes": ["runs:read"]}
    inherited = await ask(house, "POST", "/keys", body, 201, headers=headers)
    assert inherited["networks"] == near
    await ask(house, "POST", "/keys", body | {"networks": ["127.1.0.0/16"]}, 201, headers=headers)
    await ask(house, "POST", "/keys", body | {"networks": []}, 403, headers=headers)
    await ask(house, "POST", "/keys", body | {"networks": ["0.0.0.0/0"]}, 403, headers=headers)
    free = await ask(house, "POST", "/keys", body, 201)
    await ask(house, "POST", f"/keys/{free['id']}/rotate", {}, 403, headers=headers)
    rotated = await ask(house, "POST", f"/keys/{inherited['id']}/rotate", {}, 201)
    assert rotated["networks"] == near


async def test_a_key_that_administers_cannot_be_restricted_to_targets_or_labels(house: House) -> None:
    for scopes in (["*"], ["keys:admin"], ["workspaces:admin"]):
        refused = await key(house, 400, scopes=scopes, labels={"a": "b"})
        assert refused["errors"][0]["field"] == "scopes"


async def test_what_is_wrong_with_a_restriction_is_told(house: House) -> None:
    refused = await key(house, 400, targets=["nothing"])
    assert refused["errors"][0]["field"] == "targets"
    refused = await key(house, 400, networks=["ten"])
    assert refused["errors"][0]["field"] == "networks"
