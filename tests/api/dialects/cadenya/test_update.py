"""Updates: with a mask only what it lists, without one whatever is there."""

from __future__ import annotations

import time
from typing import Any

import pytest

from horarium.api.dialects.cadenya.schedules.mask import PATHS
from horarium.api.kit import Fields
from horarium.domain.json_text import DEEPEST_PART
from tests.api.dialects.cadenya.support import Cadenya, at_nine, every


@pytest.fixture
async def made(cadenya: Cadenya) -> dict[str, Any]:
    metadata = {"name": "Daily", "externalId": "daily", "labels": {"team": "blue"}}
    return await cadenya.created(metadata, data={"a": 1}, overlapPolicy="OVERLAP_POLICY_ALLOW")


async def test_an_empty_update_changes_nothing(cadenya: Cadenya, made: dict[str, Any]) -> None:
    path = f"{cadenya.base}/{made['metadata']['id']}"
    for answer in (await cadenya.client.patch(path, json={}), await cadenya.client.patch(path)):
        assert answer.status_code == 200
        assert answer.json() == made


async def test_without_a_mask_each_present_field_is_replaced_whole(
    cadenya: Cadenya, made: dict[str, Any]
) -> None:
    body = {"metadata": {"labels": {"x": "1"}}, "spec": {"schedule": every("3600s"), "data": None}}
    changed = (await cadenya.patch("/external_id:daily", body)).json()
    assert changed["metadata"]["labels"] == {"x": "1"}
    assert changed["metadata"]["name"] == "Daily"
    assert changed["spec"]["schedule"] == every("3600s")
    assert changed["spec"]["data"] == {"a": 1}
    assert changed["spec"]["overlapPolicy"] == "OVERLAP_POLICY_ALLOW"


async def test_with_a_mask_only_its_paths_are_read_and_validated(
    cadenya: Cadenya, made: dict[str, Any]
) -> None:
    dummies = {"initialMessage": "", "schedule": {}, "overlapPolicy": "OVERLAP_POLICY_SKIP"}
    body = {"updateMask": "spec.overlapPolicy", "metadata": {"name": ""}, "spec": dummies}
    changed = (await cadenya.patch("/external_id:daily", body)).json()
    assert changed["spec"] == made["spec"] | {"overlapPolicy": "OVERLAP_POLICY_SKIP"}
    assert changed["metadata"]["name"] == "Daily"


async def test_a_listed_field_that_is_left_out_is_cleared(cadenya: Cadenya, made: dict[str, Any]) -> None:
    mask = "metadata.externalId, metadata.labels,spec.data,spec.overlapPolicy"
    changed = (await cadenya.patch("/external_id:daily", {"updateMask": mask})).json()
    assert changed["metadata"]["externalId"] == ""
    assert changed["metadata"]["labels"] == {}
    assert "data" not in changed["spec"]
    assert changed["spec"]["overlapPolicy"] == "OVERLAP_POLICY_SKIP"
    refused = await cadenya.patch(f"/{made['metadata']['id']}", {"updateMask": "metadata.name"})
    assert cadenya.violations(refused) == {"metadata.name"}


@pytest.mark.parametrize("mask", ["spec.initialMessage", "spec.firstUserMessage"])
@pytest.mark.parametrize("field", ["initialMessage", "firstUserMessage"])
async def test_either_spelling_works_in_mask_and_body(
    cadenya: Cadenya, made: dict[str, Any], mask: str, field: str
) -> None:
    body = {"updateMask": mask, "spec": {field: "Hello"}}
    assert (await cadenya.patch("/external_id:daily", body)).json()["spec"]["initialMessage"] == "Hello"


async def test_a_dummy_in_the_other_spelling_does_not_matter(cadenya: Cadenya, made: dict[str, Any]) -> None:
    spec = {"initialMessage": "dummy", "firstUserMessage": "Hello"}
    body = {"updateMask": "spec.firstUserMessage", "spec": spec}
    assert (await cadenya.patch("/external_id:daily", body)).json()["spec"]["initialMessage"] == "Hello"


async def test_a_part_of_the_schedule_can_be_replaced_alone(cadenya: Cadenya, made: dict[str, Any]) -> None:
    body = {"updateMask": "spec.schedule.timezone", "spec": {"schedule": {"timezone": "Europe/Paris"}}}
    changed = (await cadenya.patch("/external_id:daily", body)).json()
    assert changed["spec"]["schedule"] == at_nine("Europe/Paris")
    assert changed["info"]["nextFireAt"] == "2026-03-07T08:00:00.000Z"


@pytest.mark.parametrize("mask", ["name", "spec.initial_message", "info.totalFires", "states", "*"])
async def test_an_unknown_path_is_refused(cadenya: Cadenya, made: dict[str, Any], mask: str) -> None:
    answer = await cadenya.patch("/external_id:daily", {"updateMask": f"metadata.name,{mask}"})
    assert cadenya.violations(answer) == {"updateMask"}


async def test_the_mask_is_tolerated_as_a_query_parameter(cadenya: Cadenya, made: dict[str, Any]) -> None:
    path = f"{cadenya.base}/external_id:daily?updateMask=metadata.name"
    answer = await cadenya.client.patch(path, json={"metadata": {"name": "New", "labels": {}}})
    assert answer.json()["metadata"]["name"] == "New"
    assert answer.json()["metadata"]["labels"] == {"team": "blue"}


async def test_the_mask_of_the_body_counts_before_that_of_the_query(
    cadenya: Cadenya, made: dict[str, Any]
) -> None:
    path = f"{cadenya.base}/external_id:daily?updateMask=metadata.name"
    for given, changed in (("", "metadata"), (None, "metadata"), ("spec.overlapPolicy", "spec")):
        before = (await cadenya.get("/external_id:daily")).json()
        other = "SKIP" if before["spec"]["overlapPolicy"].endswith("ALLOW") else "ALLOW"
        body = {
            "updateMask": given,
            "metadata": {"name": f"{before['metadata']['name']}+"},
            "spec": {"overlapPolicy": f"OVERLAP_POLICY_{other}"},
        }
        after = (await cadenya.client.patch(path, json=body)).json()
        assert (after["metadata"]["name"] != before["metadata"]["name"]) is (changed == "metadata"), given
        assert (after["spec"] != before["spec"]) is (changed == "spec"), given


async def test_a_whole_group_can_be_listed(cadenya: Cadenya, made: dict[str, Any]) -> None:
    body = {"updateMask": "spec", "spec": {"initialMessage": "Hello", "schedule": at_nine()}}
    changed = (await cadenya.patch("/external_id:daily", body)).json()
    assert "data" not in changed["spec"]
    assert changed["spec"]["overlapPolicy"] == "OVERLAP_POLICY_SKIP"
    refused = await cadenya.patch("/external_id:daily", {"updateMask": "spec", "spec": {}})
    assert cadenya.violations(refused) == {
        "spec.initialMessage",
        "spec.schedule",
        "spec.schedule.timezone",
    }


async def test_status_unspecified_changes_nothing(cadenya: Cadenya, made: dict[str, Any]) -> None:
    await cadenya.post("/external_id:daily:pause")
    body = {"spec": {"status": "AGENT_SCHEDULE_STATUS_UNSPECIFIED"}}
    assert (await cadenya.patch("/external_id:daily", body)).json()["state"] == "STATE_PAUSED"
    body = {"spec": {"status": "AGENT_SCHEDULE_STATUS_ACTIVE"}}
    assert (await cadenya.patch("/external_id:daily", body)).json()["state"] == "STATE_ACTIVE"


async def test_the_bundle_key_of_either_age_is_one_thing(cadenya: Cadenya) -> None:
    older = await cadenya.created({"name": "older", "bundleKey": "b1", "externalId": "older"})
    assert older["metadata"]["bundleKey"] == "b1"
    assert older["metadata"]["labels"] == {"bundle_key": "b1"}
    newer = await cadenya.created({"name": "newer", "labels": {"bundle_key": "b1"}, "externalId": "newer"})
    assert newer["metadata"]["bundleKey"] == "b1"
    found = (await cadenya.get("", bundleKey="b1")).json()
    assert found["pagination"]["total"] == 2
    labels = {"metadata": {"labels": {"x": "1"}}}
    kept = (await cadenya.patch("/external_id:older", labels)).json()["metadata"]
    assert kept["bundleKey"] == "b1"
    assert kept["labels"] == {"x": "1", "bundle_key": "b1"}
    gone = (await cadenya.patch("/external_id:newer", labels)).json()["metadata"]
    assert "bundleKey" not in gone
    assert gone["labels"] == {"x": "1"}
    cleared = (await cadenya.patch("/external_id:older", {"updateMask": "metadata.bundleKey"})).json()
    assert "bundleKey" not in cleared["metadata"]
    both = {"name": "n", "bundleKey": "b1", "labels": {"bundle_key": "b2"}}
    assert cadenya.violations(await cadenya.post("", cadenya.body(both))) == {"metadata.bundleKey"}


async def test_labels_that_name_another_bundle_key_win_over_the_one_given_before(cadenya: Cadenya) -> None:
    await cadenya.created({"name": "n", "bundleKey": "b1", "externalId": "n"})
    other = {"metadata": {"labels": {"bundle_key": "b2"}}}
    changed = (await cadenya.patch("/external_id:n", other)).json()["metadata"]
    assert (changed["bundleKey"], changed["labels"]) == ("b2", {"bundle_key": "b2"})


async def test_an_edit_does_not_fire_and_an_archived_one_can_be_renamed(
    cadenya: Cadenya, made: dict[str, Any]
) -> None:
    await cadenya.patch("/external_id:daily", {"spec": {"schedule": every("60s")}})
    assert await cadenya.house.release() == 0
    await cadenya.post("/external_id:daily:archive")
    renamed = await cadenya.patch("/external_id:daily", {"metadata": {"name": "Old"}})
    assert renamed.json()["metadata"]["name"] == "Old"
    assert renamed.json()["state"] == "STATE_ARCHIVED"
    whole = await cadenya.patch("/external_id:daily", {**renamed.json(), "metadata": {"name": "Older"}})
    assert (whole.json()["metadata"]["name"], whole.json()["state"]) == ("Older", "STATE_ARCHIVED")


async def test_a_mask_that_repeats_its_paths_counts_each_once() -> None:
    body = {"updateMask": "spec,metadata,spec.status," * 300, "spec": {"data": 1}, "metadata": {"name": "N"}}
    changed = PATHS.changes(Fields(body), {"metadata": {"name": "N", "externalId": ""}, "spec": {"data": 2}})
    assert changed.body["updateMask"] == "spec.data,metadata.externalId"


@pytest.mark.parametrize("mask", ["spec," * 100_000, 5, ["spec"], "spec.nothing"])
async def test_a_wrong_mask_is_refused_by_its_name(cadenya: Cadenya, made: dict[str, Any], mask: Any) -> None:
    assert cadenya.violations(await cadenya.patch("/external_id:daily", {"updateMask": mask})) == {
        "updateMask"
    }


async def test_what_is_in_the_mask_and_as_it_is_shown_is_left_alone(
    cadenya: Cadenya, made: dict[str, Any]
) -> None:
    spec = {name: value for name, value in made["spec"].items() if name != "firstUserMessageData"}
    body = {"updateMask": "spec,metadata", **made, "spec": {**spec, "data": {"a": 2}}}
    changed = (await cadenya.patch("/external_id:daily", body)).json()
    assert changed["spec"] == {**made["spec"], "data": {"a": 2}, "firstUserMessageData": {"a": 2}}


@pytest.mark.parametrize("name", ["data", "firstUserMessageData", "systemPromptData"])
async def test_an_input_that_is_too_deep_is_refused_under_the_name_it_has_here(
    cadenya: Cadenya, made: dict[str, Any], name: str
) -> None:
    deep: Any = {}
    for _ in range(DEEPEST_PART):
        deep = {"a": deep}
    assert cadenya.violations(await cadenya.patch("/external_id:daily", {"spec": {name: deep}})) == {
        f"spec.{name}"
    }


def test_names_that_mean_nothing_here_cost_an_update_little() -> None:
    body = {"spec": {f"k{number}": 1 for number in range(95_000)} | {"status": "x"}}
    taken = []
    for _ in range(3):
        begun = time.thread_time()
        left = PATHS.changes(Fields(body), {"spec": {"status": "x", "data": {}}}).body
        taken.append(time.thread_time() - begun)
    assert len(left["spec"]) == 95_000  # the status is as it is shown
    assert min(taken) < 0.3
