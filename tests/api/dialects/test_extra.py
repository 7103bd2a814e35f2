"""Our own API stores anything as a target's `extra`. Dialects keep what is theirs in it, and show it all the same."""

from __future__ import annotations

from typing import Any

import pytest

from horarium.domain.ids import prefixed
from tests.api.asking import NOW, ask
from tests.support.house import House

VALUES: list[Any] = [
    None,
    True,
    7,
    7.5,
    "x",
    ["x"],
    {"x": 7},
    [{"id": "x"}],
    [[]],
    {"nodes": 7, "active": "x"},
]
NAMES = ("workflow", "labels", "variations", "variation_selection_mode", "variation_pin_field")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_a_target_is_listed_and_shown_by_every_api_whatever_its_extra_holds(name, value):
    async with House.open(NOW) as house:
        agents = f"/v1/workspaces/{prefixed('ws', house.first.workspace_id)}/agents"
        for kind, lists in (("workflow", "/api/v1/workflows"), ("agent", agents)):
            await house.target(kind, key=kind)
            await ask(house, "PATCH", f"/targets/{kind}", {"extra": {name: value}})
            for path in (lists, f"{lists}/{kind}"):
                answer = await house.client.get(path)
                assert answer.status_code == 200, answer.text
        for path in ("/api/v1/workflows/workflow/execute", "/horarium/v1/targets/agent/disable"):
            assert (await house.client.post(path)).status_code == 200
        await house.work()
        assert (await house.client.get("/api/v1/executions")).json()["total"] == 1


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_a_workflow_of_our_own_api_sent_back_stays_as_it_is(value):
    async with House.open(NOW) as house:
        await house.target("workflow", key="w")
        await ask(house, "PATCH", "/targets/w", {"extra": {"workflow": value, "mine": 1}})
        before = await ask(house, "GET", "/targets/w")
        shown = (await house.client.get("/api/v1/workflows/w")).json()
        house.clock.now += 60_000
        answer = await house.client.put("/api/v1/workflows/w", json=shown)
        assert (answer.status_code, answer.json()) == (200, shown)
        assert await ask(house, "GET", "/targets/w") == before
