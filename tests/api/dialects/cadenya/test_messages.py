"""A schedule without a message of its own: what stands in for it, and what the agent is asked then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.dialects.cadenya.support import Cadenya, at_nine, every
from tests.support.house import House
from tests.support.receiver import Receiver

GREETING = {"firstUserMessageTemplate": "Good evening"}
ONE = [{"id": "one", "name": "One", "spec": GREETING}]
ONE_OF_TWO = [*ONE, {"id": "two", "name": "Two", "spec": {"firstUserMessageTemplate": " "}}]


def without_message(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "Daily"}, "spec": {"schedule": at_nine(), **spec}}


@pytest.mark.parametrize(
    ("variations", "spec"),
    [
        (None, {"systemPromptData": {"tone": "dry"}}),
        (None, {"systemPromptData": {}, "initialMessage": ""}),
        (ONE, {}),
        (ONE, {"firstUserMessage": ""}),
        (ONE_OF_TWO, {"variationId": "one"}),
    ],
)
async def test_a_message_may_be_left_out_where_something_stands_in_for_it(
    cadenya: Cadenya, variations: Any, spec: dict[str, Any]
) -> None:
    await cadenya.use_agent(variations=variations)
    answer = await cadenya.post("", without_message(**spec))
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["spec"]["initialMessage"] == shown["spec"]["firstUserMessage"] == ""
    again = await cadenya.patch(f"/{shown['metadata']['id']}", shown)
    assert again.status_code == 200, again.text
    assert again.json()["spec"] == shown["spec"]


@pytest.mark.parametrize(
    ("variations", "spec"),
    [(None, {}), (ONE_OF_TWO, {}), (ONE_OF_TWO, {"variationId": "two"}), (None, {"data": {}})],
)
async def test_a_message_is_required_where_nothing_stands_in_for_it(
    cadenya: Cadenya, variations: Any, spec: dict[str, Any]
) -> None:
    await cadenya.use_agent(variations=variations)
    assert cadenya.violations(await cadenya.post("", without_message(**spec))) == {"spec.initialMessage"}


async def test_what_stands_in_for_a_message_cannot_be_taken_away(cadenya: Cadenya) -> None:
    made = (await cadenya.post("", without_message(systemPromptData={"a": 1}))).json()
    path = f"/{made['metadata']['id']}"
    mask = "spec.systemPromptData"
    assert cadenya.violations(await cadenya.patch(path, {"updateMask": mask})) == {"spec.initialMessage"}
    both = {"updateMask": f"{mask},spec.firstUserMessage", "spec": {"firstUserMessage": "Hi"}}
    changed = (await cadenya.patch(path, both)).json()
    assert (changed["spec"]["initialMessage"], "systemPromptData" in changed["spec"]) == ("Hi", False)
    assert cadenya.violations(await cadenya.patch(path, {"spec": {"initialMessage": ""}})) == {
        "spec.initialMessage"
    }


async def test_a_schedule_without_a_message_moves_to_no_variation_that_has_none(cadenya: Cadenya) -> None:
    await cadenya.use_agent(variations=ONE_OF_TWO)
    made = (await cadenya.post("", without_message(variationId="one"))).json()
    path = f"/{made['metadata']['id']}"
    moved = {"variationId": "two"}
    assert cadenya.violations(await cadenya.patch(path, {"spec": moved})) == {"spec.initialMessage"}
    changed = await cadenya.patch(path, {"spec": {**moved, "initialMessage": "Hi"}})
    assert changed.json()["spec"]["variationId"] == "two"


async def test_an_objective_without_a_message_begins_with_that_of_its_variation(
    cadenya: Cadenya, house: House
) -> None:
    async with Receiver() as receiver:
        await cadenya.use_agent(executor={"type": "http", "url": receiver.url("/agent")}, variations=ONE)
        await cadenya.post("", without_message(schedule=every("60s"), data={"n": 1}))
        await house.move("2026-03-06T12:01:00Z")
        sent = receiver.requests[0].json()
    assert sent["input"] == {"initialMessage": "", "data": {"n": 1}}
    assert sent["variation"]["spec"] == GREETING
    (objective,) = await cadenya.objectives()
    assert objective["initialMessage"] == objective["firstUserMessage"] == "Good evening"
    assert objective["chatHistory"][0] == {"role": "user", "content": "Good evening"}
    path = f"/v1/workspaces/{cadenya.workspace}/objectives/{objective['metadata']['id']}/events"
    events = (await cadenya.client.get(path)).json()["items"]
    assert events[0]["data"]["userMessage"] == {"content": "Good evening"}
