"""The life of an agent: made, changed, published, archived, deleted; and what is shown of it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from horarium.executors.signing import signature, signer_of
from tests.api.asking import ask
from tests.api.dialects.cadenya.support import Cadenya, every
from tests.support.house import House
from tests.support.receiver import Receiver

HOOK = "https://example.com/scout"
HTTP = {"type": "http", "url": HOOK, "headers": {"Authorization": "Bearer s3cret", "X-Plain": "a"}}


def at(cadenya: Cadenya, path: str = "") -> str:
    return f"/v1/workspaces/{cadenya.workspace}/agents{path}"


async def made(cadenya: Cadenya, metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    body = {"metadata": {"name": "Scout", "externalId": "scout"} | (metadata or {}), "spec": spec}
    answer = await cadenya.client.post(at(cadenya), json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def patch(cadenya: Cadenya, body: Any, agent: str = "external_id:scout") -> httpx.Response:
    return await cadenya.client.patch(at(cadenya, f"/{agent}"), json=body)


async def verb(cadenya: Cadenya, name: str, agent: str = "external_id:scout") -> httpx.Response:
    return await cadenya.client.post(at(cadenya, f"/{agent}:{name}"))


async def read(cadenya: Cadenya, agent: str = "external_id:scout") -> dict[str, Any]:
    return dict((await cadenya.client.get(at(cadenya, f"/{agent}"))).json())


def states(agent: dict[str, Any]) -> tuple[str, str]:
    return agent["spec"]["status"], agent["state"]


PUBLISHED = ("AGENT_STATUS_PUBLISHED", "STATE_PUBLISHED")
DRAFT = ("AGENT_STATUS_DRAFT", "STATE_DRAFT")
ARCHIVED = ("AGENT_STATUS_ARCHIVED", "STATE_ARCHIVED")


async def test_an_agent_is_changed_by_its_client_and_what_is_left_out_stays(cadenya: Cadenya) -> None:
    first = await made(cadenya, {"labels": {"a": "b"}}, description="Looks around", webhookEventsUrl=HOOK)
    answer = await patch(cadenya, {"metadata": {"name": "Ranger"}, "spec": {"completion": "callback"}})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert changed["metadata"]["name"] == "Ranger"
    assert changed["metadata"]["labels"] == {"a": "b"}
    assert changed["spec"]["completion"] == "callback"
    assert changed["spec"]["description"] == "Looks around"
    assert changed["spec"]["variations"] == first["spec"]["variations"]
    assert states(changed) == PUBLISHED
    assert await read(cadenya, first["metadata"]["id"]) == changed


async def test_a_mask_lists_what_is_replaced_and_clears_what_the_body_leaves_out(cadenya: Cadenya) -> None:
    await made(
        cadenya,
        {"bundleKey": "blue", "labels": {"a": "b"}},
        description="D",
        inputDataSchema={"type": "object"},
        webhookEventsUrl=HOOK,
    )
    mask = "metadata.bundleKey,spec.description,spec.inputDataSchema"
    body = {"metadata": {"name": "not listed"}, "spec": {"description": "E"}, "updateMask": mask}
    changed = (await patch(cadenya, body)).json()
    assert changed["metadata"]["name"] == "Scout"
    assert changed["metadata"]["labels"] == {"a": "b"}
    assert "bundleKey" not in changed["metadata"]
    assert changed["spec"]["description"] == "E"
    assert "inputDataSchema" not in changed["spec"]
    assert cadenya.violations(await patch(cadenya, {"updateMask": "spec.colour"})) == {"updateMask"}


async def test_a_client_that_replaces_the_whole_spec_leaves_alone_what_it_cannot_know(
    cadenya: Cadenya,
) -> None:
    variations = [{"id": "v1", "name": "One", "weight": 2.0, "spec": {}}]
    first = await made(cadenya, executor=HTTP, completion="callback", variations=variations, description="D")
    spec = {"webhookEventsUrl": HOOK, "variationSelectionMode": "VARIATION_SELECTION_MODE_RANDOM"}
    changed = (await patch(cadenya, {"spec": spec, "updateMask": "spec"})).json()
    assert changed["spec"]["description"] == ""
    assert changed["spec"]["variationSelectionMode"] == "VARIATION_SELECTION_MODE_RANDOM"
    for name in ("completion", "variations"):
        assert changed["spec"][name] == first["spec"][name]
    assert changed["spec"]["executor"]["headers"] == {"Authorization": "***", "X-Plain": "a"}


async def test_what_only_this_server_knows_of_an_agent_is_cleared_by_its_own_path(cadenya: Cadenya) -> None:
    variations = [{"id": "v1", "name": "One"}]
    await made(cadenya, executor=HTTP, completion="callback", variations=variations)
    for path, spec in (
        ("spec.completion", {"completion": "response"}),
        ("spec.variations", {"variations": "Default"}),
        ("spec.executor", {"executor": {"type": "none"}}),
    ):
        before = (await read(cadenya))["spec"]
        answer = await patch(cadenya, {"spec": {"description": "not listed"}, "updateMask": path})
        assert answer.status_code == 200, answer.text
        after = answer.json()["spec"]
        for name, value in spec.items():
            shown = after[name][0]["name"] if name == "variations" else after[name]
            assert shown == value
        assert after["description"] == before["description"] == ""


async def test_a_webhook_address_is_the_url_of_an_http_executor(cadenya: Cadenya) -> None:
    await made(cadenya, executor={"type": "http", "url": HOOK, "method": "PUT"})
    assert (await read(cadenya))["spec"]["webhookEventsUrl"] == HOOK
    moved = (await patch(cadenya, {"spec": {"webhookEventsUrl": f"{HOOK}/2"}})).json()
    assert moved["spec"]["executor"]["url"] == moved["spec"]["webhookEventsUrl"] == f"{HOOK}/2"
    assert moved["spec"]["executor"]["method"] == "PUT"
    both = {"spec": {"webhookEventsUrl": HOOK, "executor": {"type": "http", "url": f"{HOOK}/3"}}}
    assert cadenya.violations(await patch(cadenya, both)) == {"spec.webhookEventsUrl"}
    wrong = await patch(cadenya, {"spec": {"webhookEventsUrl": "nowhere"}})
    assert cadenya.violations(wrong) == {"spec.webhookEventsUrl"}
    gone = await patch(cadenya, {"spec": {}, "updateMask": "spec.webhookEventsUrl"})
    assert gone.json()["spec"]["executor"] == {"type": "none"}
    assert states(gone.json()) == DRAFT


async def test_secrets_do_not_follow_an_agent_to_another_host(cadenya: Cadenya) -> None:
    await made(cadenya, executor=HTTP)
    moved = await patch(cadenya, {"spec": {"webhookEventsUrl": "https://elsewhere.example/scout"}})
    assert cadenya.violations(moved) == {"spec.executor.headers.Authorization"}


async def test_the_signing_secret_is_shown_once_and_verifies_what_is_sent(
    cadenya: Cadenya, house: House
) -> None:
    async with Receiver() as receiver:
        agent = await made(cadenya, webhookEventsUrl=receiver.url("/agent"))
        secret = agent["spec"]["webhookEventsHmacSecret"]
        assert secret.startswith("whsec_")
        assert agent["spec"]["executor"]["signing_secret"] == secret
        shown = await read(cadenya)
        assert "webhookEventsHmacSecret" not in shown["spec"]
        assert shown["spec"]["executor"]["signing_secret"] == "***"
        changed = (await patch(cadenya, {"spec": {"description": "E"}})).json()
        assert secret not in str(changed)
        cadenya.agent = agent["metadata"]["id"]
        await cadenya.created(schedule=every("60s"))
        await house.move("2026-03-06T12:01:00Z")
        (sent,) = receiver.requests
        run, stamp = sent.headers["webhook-id"], int(sent.headers["webhook-timestamp"])
        assert sent.headers["webhook-signature"] == signature([signer_of(secret)], run, stamp, sent.body)


async def test_a_draft_that_is_given_a_webhook_address_shows_its_secret_then(cadenya: Cadenya) -> None:
    assert "webhookEventsHmacSecret" not in (await made(cadenya))["spec"]
    given = (await patch(cadenya, {"spec": {"webhookEventsUrl": HOOK}})).json()
    assert given["spec"]["webhookEventsHmacSecret"].startswith("whsec_")
    assert states(given) == DRAFT
    published = (await verb(cadenya, "publish")).json()
    assert states(published) == PUBLISHED
    assert "webhookEventsHmacSecret" not in published["spec"]


async def test_an_agent_is_published_unpublished_archived_and_brought_back(cadenya: Cadenya) -> None:
    assert states(await made(cadenya, webhookEventsUrl=HOOK)) == PUBLISHED
    for name, state in (
        ("unpublish", DRAFT),
        ("unpublish", DRAFT),
        ("publish", PUBLISHED),
        ("publish", PUBLISHED),
        ("archive", ARCHIVED),
        ("archive", ARCHIVED),
        ("unarchive", DRAFT),
        ("publish", PUBLISHED),
    ):
        answer = await verb(cadenya, name)
        assert answer.status_code == 200, answer.text
        assert states(answer.json()) == state
        assert states(await read(cadenya)) == state


async def test_an_archived_agent_is_neither_published_nor_made_a_draft_before_it_is_unarchived(
    cadenya: Cadenya,
) -> None:
    await made(cadenya, webhookEventsUrl=HOOK)
    refused = await verb(cadenya, "unarchive")
    assert (refused.status_code, refused.json()["code"]) == (400, 9)
    await verb(cadenya, "archive")
    for answer in (
        await verb(cadenya, "publish"),
        await verb(cadenya, "unpublish"),
        await patch(cadenya, {"state": "STATE_PUBLISHED"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, 9)
        assert "unarchive" in answer.json()["message"]
    renamed = await patch(cadenya, {"metadata": {"name": "Old"}})
    assert states(renamed.json()) == ARCHIVED


async def test_what_could_not_be_executed_cannot_be_published(cadenya: Cadenya) -> None:
    await made(cadenya)
    refused = await verb(cadenya, "publish")
    assert (refused.status_code, refused.json()["code"]) == (400, 9)
    body = {"metadata": {"name": "Other"}, "spec": {"status": "AGENT_STATUS_PUBLISHED"}}
    assert cadenya.violations(await cadenya.client.post(at(cadenya), json=body)) == {"spec.status"}
    together = {"spec": {"webhookEventsUrl": HOOK, "status": "AGENT_STATUS_PUBLISHED"}}
    assert states((await patch(cadenya, together)).json()) == PUBLISHED


@pytest.mark.parametrize(
    ("verb_before", "message"), [("unpublish", "draft"), ("archive", "archived")], ids=["draft", "archived"]
)
async def test_objectives_of_an_agent_that_is_not_published_fail_and_say_why(
    cadenya: Cadenya, house: House, verb_before: str, message: str
) -> None:
    cadenya.agent = (await made(cadenya, webhookEventsUrl=HOOK))["metadata"]["id"]
    await cadenya.created(schedule=every("60s"))
    await verb(cadenya, verb_before)
    await house.move("2026-03-06T12:01:00Z")
    (objective,) = await cadenya.objectives()
    assert objective["state"] == "OBJECTIVE_STATE_FAILED"
    assert message in objective["stateMessage"]


@pytest.mark.parametrize(
    "given",
    [
        {"spec": {"status": "AGENT_STATUS_ARCHIVED"}},
        {"spec": {"status": "STATE_ARCHIVED"}},
        {"state": "STATE_ARCHIVED"},
        {"spec": {"status": "AGENT_STATUS_ARCHIVED"}, "state": "STATE_ARCHIVED"},
        {"state": "STATE_ARCHIVED", "updateMask": "state"},
        {"state": "STATE_ARCHIVED", "updateMask": "spec.status"},
        {"spec": {"status": "AGENT_STATUS_DRAFT"}, "state": "STATE_ARCHIVED", "updateMask": "state"},
        {"spec": {"status": "AGENT_STATUS_ARCHIVED"}, "state": "STATE_DRAFT", "updateMask": "spec.status"},
    ],
    ids=str,
)
@pytest.mark.parametrize("resource", ["agent", "schedule"])
async def test_the_state_is_read_in_the_spellings_of_both_ages(
    cadenya: Cadenya, given: dict[str, Any], resource: str
) -> None:
    await made(cadenya, webhookEventsUrl=HOOK)
    if resource == "agent":
        answer = await patch(cadenya, given)
    else:
        path = f"/{(await cadenya.created())['metadata']['id']}"
        words = json.dumps(given).replace("AGENT_STATUS", "AGENT_SCHEDULE_STATUS").replace("DRAFT", "PAUSED")
        answer = await cadenya.patch(path, json.loads(words))
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "STATE_ARCHIVED"
    assert answer.json()["spec"]["status"].endswith("_STATUS_ARCHIVED")


async def test_two_spellings_of_the_state_must_agree(cadenya: Cadenya) -> None:
    await made(cadenya, webhookEventsUrl=HOOK)
    body = {"spec": {"status": "AGENT_STATUS_DRAFT"}, "state": "STATE_ARCHIVED"}
    assert cadenya.violations(await patch(cadenya, body)) == {"state"}
    path = f"/{(await cadenya.created())['metadata']['id']}"
    body = {"spec": {"status": "AGENT_SCHEDULE_STATUS_ACTIVE"}, "state": "STATE_PAUSED"}
    assert cadenya.violations(await cadenya.patch(path, body)) == {"state"}


@pytest.mark.parametrize("name", ["state", "status"])
@pytest.mark.parametrize("prefix", ["STATE", "AGENT_STATUS"])
async def test_agents_are_filtered_by_state_in_the_spellings_of_both_ages(
    cadenya: Cadenya, name: str, prefix: str
) -> None:
    for word, of in (("DRAFT", "unpublish"), ("ARCHIVED", "archive")):
        await made(cadenya, {"name": word, "externalId": word}, webhookEventsUrl=HOOK)
        await verb(cadenya, of, f"external_id:{word}")
    for word, expected in (
        ("DRAFT", ["DRAFT"]),
        ("ARCHIVED", ["ARCHIVED"]),
        ("PUBLISHED", ["Agent"]),
        ("UNSPECIFIED", ["ARCHIVED", "DRAFT", "Agent"]),
    ):
        answer = (await cadenya.client.get(at(cadenya), params={name: f"{prefix}_{word}"})).json()
        assert [agent["metadata"]["name"] for agent in answer["items"]] == expected
        assert answer["pagination"]["total"] == len(expected)
    assert cadenya.violations(await cadenya.client.get(at(cadenya), params={name: "ON"})) == {name}


async def test_a_list_is_not_narrowed_to_two_states_that_contradict_each_other(cadenya: Cadenya) -> None:
    both = {"state": "STATE_PUBLISHED", "status": "AGENT_STATUS_PUBLISHED"}
    assert (await cadenya.client.get(at(cadenya), params=both)).status_code == 200
    contradicting = both | {"status": "AGENT_STATUS_DRAFT"}
    answer = await cadenya.client.get(at(cadenya), params=contradicting)
    assert cadenya.violations(answer) == {"status"}


async def test_an_agent_is_deleted_once_no_schedule_needs_it(cadenya: Cadenya) -> None:
    schedule = await cadenya.created()
    path = at(cadenya, f"/{cadenya.agent}")
    held = await cadenya.client.delete(path)
    assert (held.status_code, held.json()["code"]) == (400, 9)
    assert schedule["metadata"]["id"] in held.json()["message"]
    await cadenya.client.delete(f"{cadenya.base}/{schedule['metadata']['id']}")
    assert (await cadenya.client.delete(path)).json() == {}
    for gone in (
        await cadenya.client.get(path),
        await cadenya.client.delete(path),
        await cadenya.client.patch(path, json={}),
        await cadenya.client.post(f"{path}:publish"),
        await cadenya.client.get(f"{path}/variations"),
    ):
        assert (gone.status_code, gone.json()["code"]) == (404, 5)


async def test_variations_are_listed_in_their_order_and_in_pages(cadenya: Cadenya) -> None:
    names = ["One", "Two", "Three", "Four", "Five"]
    await made(cadenya, webhookEventsUrl=HOOK, variations=names)
    path = at(cadenya, "/external_id:scout/variations")
    seen: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(3):
        answer = (await cadenya.client.get(path, params={"limit": 2, "cursor": cursor})).json()
        assert answer["pagination"]["total"] == 5
        seen += answer["items"]
        cursor = answer["pagination"].get("nextCursor", "")
    assert cursor == ""
    assert [variation["metadata"]["name"] for variation in seen] == names
    backwards = (await cadenya.client.get(path, params={"sortOrder": "desc"})).json()["items"]
    assert backwards == seen[::-1]
    assert (await cadenya.client.get(path, params={"sortOrder": "asc"})).json()["items"] == seen
    one = (await cadenya.client.get(f"{path}/{seen[1]['metadata']['id']}")).json()
    assert one["metadata"] == seen[1]["metadata"]
    assert one["info"]["createdBy"]["metadata"]["id"] == one["metadata"]["profileId"]
    missing = await cadenya.client.get(f"{path}/variation_x")
    assert (missing.status_code, missing.json()["code"]) == (404, 5)


async def test_an_agent_is_changed_only_with_the_scope_for_it(cadenya: Cadenya, house: House) -> None:
    headers = {"Authorization": f"Bearer {await house.key_with('targets:read', 'schedules:write')}"}
    path = at(cadenya, f"/{cadenya.agent}")
    for answer in (
        await cadenya.client.patch(path, json={}, headers=headers),
        await cadenya.client.delete(path, headers=headers),
        await cadenya.client.post(f"{path}:archive", headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, 7)


async def test_the_own_api_keeps_an_agent_archived_that_it_does_not_switch_on(cadenya: Cadenya) -> None:
    await made(cadenya, webhookEventsUrl=HOOK)
    await verb(cadenya, "archive")
    own = "/horarium/v1/targets"
    shown = (await cadenya.client.get(f"{own}/scout")).json()
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "it is archived")
    assert [each["id"] for each in (await cadenya.client.get(f"{own}?state=archived")).json()["items"]] == [
        shown["id"]
    ]
    await cadenya.client.put(f"{own}/{shown['id']}", json=shown)
    await cadenya.client.post(f"{own}/{shown['id']}/disable")
    assert states(await read(cadenya)) == ARCHIVED
    await cadenya.client.post(f"{own}/{shown['id']}/enable")
    assert states(await read(cadenya)) == PUBLISHED


async def test_a_bundle_key_is_given_changed_and_taken_away(cadenya: Cadenya) -> None:
    await made(cadenya)
    for given, shown in (({"bundleKey": "b"}, "b"), ({"name": "N"}, "b"), ({"bundleKey": "c"}, "c")):
        answer = await patch(cadenya, {"metadata": given})
        assert answer.status_code == 200, answer.text
        assert (await read(cadenya))["metadata"]["bundleKey"] == shown
    await patch(cadenya, {"updateMask": "metadata.bundleKey", "metadata": {}})
    assert not (await read(cadenya))["metadata"].get("bundleKey")


async def test_a_bundle_key_of_an_agent_outlives_other_labels_unless_they_name_another(
    cadenya: Cadenya, house: House
) -> None:
    await made(cadenya, {"bundleKey": "b1", "labels": {"a": "1"}})
    kept = (await patch(cadenya, {"metadata": {"labels": {"x": "1"}}})).json()["metadata"]
    assert (kept["bundleKey"], kept["labels"]) == ("b1", {"x": "1", "bundle_key": "b1"})
    other = (await patch(cadenya, {"metadata": {"labels": {"bundle_key": "b2"}}})).json()["metadata"]
    assert (other["bundleKey"], other["labels"]) == ("b2", {"bundle_key": "b2"})
    gone = (await patch(cadenya, {"metadata": {"labels": {"x": "2"}}})).json()["metadata"]
    assert ("bundleKey" in gone, gone["labels"]) == (False, {"x": "2"})
    bare = await made(cadenya, {"externalId": "bare"})
    stored = await ask(house, "GET", f"/targets/tgt_{bare['metadata']['id'].removeprefix('agent_')}")
    assert stored["extra"].keys() == {"variations", "variation_pin_field"}


async def test_an_empty_webhook_address_counts_as_left_out(cadenya: Cadenya) -> None:
    first = await made(cadenya, webhookEventsUrl="", description="")
    assert (first["spec"]["executor"], states(first)) == ({"type": "none"}, DRAFT)
    given = (await patch(cadenya, {"spec": {"webhookEventsUrl": HOOK}})).json()
    assert given["spec"]["webhookEventsUrl"] == HOOK
    body = {"metadata": {"name": "N"}, "spec": {"webhookEventsUrl": "", "status": "AGENT_STATUS_PUBLISHED"}}
    assert cadenya.violations(await cadenya.client.post(at(cadenya), json=body)) == {"spec.status"}


async def test_a_webhook_beside_an_executor_must_be_its_address(cadenya: Cadenya) -> None:
    for executor, agrees in (
        ({"type": "http", "url": HOOK}, True),
        ({"type": "http", "url": f"{HOOK}/2"}, False),
        ({"type": "echo", "url": HOOK}, False),
        ({"type": "none"}, True),
    ):
        body = {"metadata": {"name": "N"}, "spec": {"webhookEventsUrl": HOOK, "executor": executor}}
        answer = await cadenya.client.post(at(cadenya), json=body)
        if agrees:
            assert answer.json()["spec"]["webhookEventsUrl"] == HOOK, executor
        else:
            assert cadenya.violations(answer) == {"spec.webhookEventsUrl"}, executor


async def test_a_new_agent_is_in_the_state_that_it_is_given(cadenya: Cadenya) -> None:
    for status, state in (
        ({}, PUBLISHED),
        ({"status": "AGENT_STATUS_UNSPECIFIED"}, PUBLISHED),
        ({"status": "AGENT_STATUS_PUBLISHED"}, PUBLISHED),
        ({"status": "AGENT_STATUS_DRAFT"}, DRAFT),
        ({"status": "AGENT_STATUS_ARCHIVED"}, ARCHIVED),
    ):
        agent = await made(cadenya, {"externalId": None}, webhookEventsUrl=HOOK, **status)
        assert states(agent) == state, status
        assert states(await read(cadenya, agent["metadata"]["id"])) == state


async def test_variations_are_given_as_names_as_objects_or_as_the_default_one(cadenya: Cadenya) -> None:
    spec = {"systemPromptTemplate": "Be brief."}
    given = ["One", {"name": "Two", "weight": 0}, {"id": "three"}, {"id": "4", "name": "Four", "spec": spec}]
    listed = (await made(cadenya, variations=given))["spec"]["variations"]
    assert [(one["name"], one["weight"], one["spec"]) for one in listed] == [
        ("One", 1.0, {}), ("Two", 0.0, {}), ("three", 1.0, {}), ("Four", 1.0, spec),
    ]  # fmt: skip
    assert [one["id"] for one in listed[2:]] == ["three", "4"]
    assert all(one["id"].startswith("variation_") for one in listed[:2])
    twice = {"metadata": {"name": "N"}, "spec": {"variations": [{"id": "a"}, {"id": "a"}]}}
    assert cadenya.violations(await cadenya.client.post(at(cadenya), json=twice)) == {"spec.variations"}
    for default, name in (
        ({"metadata": {"name": "Mine"}, "spec": spec}, "Mine"),
        ({"spec": spec}, "Default"),
    ):
        body = {"metadata": {"name": "N"}, "spec": {}, "defaultVariation": default}
        (one,) = (await cadenya.client.post(at(cadenya), json=body)).json()["spec"]["variations"]
        assert (one["name"], one["weight"], one["spec"]) == (name, 1.0, spec)


async def test_what_the_core_refuses_is_named_as_the_body_names_it(cadenya: Cadenya) -> None:
    other = {"metadata": {"name": "x" * 201}, "spec": {"webhookEventsUrl": HOOK}}
    for body, fields in (
        (other, {"metadata.name"}),
        ({"metadata": {"name": "N"}, "spec": {"webhookEventsUrl": "nowhere"}}, {"spec.webhookEventsUrl"}),
        ({"metadata": {"name": "N"}, "spec": {"executor": {"type": "http"}}}, {"spec.executor.url"}),
        ({"metadata": {"name": "N"}, "spec": {"executor": {"type": "magic"}}}, {"spec.executor.type"}),
        ({"metadata": {"name": "N"}, "spec": {"inputDataSchema": {"type": 7}}}, {"spec.inputDataSchema"}),
        ({"metadata": {"name": "N", "externalId": "12"}, "spec": {}}, {"metadata.externalId"}),
    ):
        found = cadenya.violations(await cadenya.client.post(at(cadenya), json=body))
        assert {field.removesuffix(".type") if "Schema" in field else field for field in found} == fields, (
            body
        )
    await made(cadenya, webhookEventsUrl=HOOK)
    wrong = await patch(cadenya, {"spec": {"webhookEventsUrl": "nowhere"}})
    assert cadenya.violations(wrong) == {"spec.webhookEventsUrl"}
    again = {"metadata": {"name": "N", "externalId": "scout"}, "spec": {}}
    taken = await cadenya.client.post(at(cadenya), json=again)
    assert (taken.status_code, taken.json()["code"]) == (409, 6)
    assert taken.json()["details"][0]["fieldViolations"][0]["field"] == "metadata.externalId"


async def test_a_default_variation_is_read_only_where_variations_are_replaced(cadenya: Cadenya) -> None:
    first = await made(cadenya, variations=["One"])
    for body in ({"defaultVariation": 7}, {"defaultVariation": 7, "updateMask": "spec.description"}):
        changed = await patch(cadenya, body)
        assert changed.status_code == 200, changed.text
        assert changed.json()["spec"]["variations"] == first["spec"]["variations"]
    again = {"defaultVariation": {"metadata": {"name": "Two"}}, "updateMask": "spec.variations"}
    (one,) = (await patch(cadenya, again)).json()["spec"]["variations"]
    assert one["name"] == "Two"
    wrong = {"defaultVariation": 7, "updateMask": "spec.variations"}
    assert cadenya.violations(await patch(cadenya, wrong)) == {"defaultVariation"}


async def test_who_made_agents_is_told_in_a_list_only_where_it_is_asked_for(cadenya: Cadenya) -> None:
    await made(cadenya)
    for query, told in (("", False), ("?includeInfo=false", False), ("?includeInfo=true", True)):
        items = (await cadenya.client.get(at(cadenya) + query)).json()["items"]
        assert all(("createdBy" in one["info"]) is told for one in items), query
        variations = f"{at(cadenya, '/external_id:scout/variations')}{query}"
        (one,) = (await cadenya.client.get(variations)).json()["items"]
        assert ("createdBy" in one["info"]) is told, query


async def test_agents_are_found_by_the_beginning_or_a_part_of_their_names(cadenya: Cadenya) -> None:
    await made(cadenya, {"name": "Night Owl", "externalId": "owl"})
    for query, names in (
        ({"prefix": "night"}, ["Night Owl"]),
        ({"prefix": "owl"}, []),
        ({"query": "OWL"}, ["Night Owl"]),
        ({"query": "nothing"}, []),
        ({"prefix": "", "query": ""}, ["Night Owl", "Agent"]),
        ({"sortOrder": "asc"}, ["Agent", "Night Owl"]),
    ):
        found = (await cadenya.client.get(at(cadenya), params=query)).json()
        assert [one["metadata"]["name"] for one in found["items"]] == names, query
        assert found["pagination"]["total"] == len(names)


async def test_a_workspace_is_named_by_its_id_or_its_slug(cadenya: Cadenya) -> None:
    for name, status in (
        (cadenya.workspace, 200),
        ("external_id:first", 200),
        ("external_id%3Afirst", 200),
        ("first", 404),
        ("external_id:other", 404),
        ("external_id:", 404),
    ):
        answer = await cadenya.client.get(f"/v1/workspaces/{name}/agents")
        assert answer.status_code == status, name


async def test_a_new_agent_needs_metadata_with_a_name(cadenya: Cadenya) -> None:
    for body, missing in (
        ({}, "metadata"),
        ({"metadata": None}, "metadata"),
        ({"metadata": {}}, "metadata.name"),
        ({"metadata": {"name": " "}}, "metadata.name"),
    ):
        assert cadenya.violations(await cadenya.client.post(at(cadenya), json=body)) == {missing}, body


async def test_a_new_agent_has_no_mask(cadenya: Cadenya) -> None:
    body = {"metadata": {"name": "Scout"}, "updateMask": "nonsense", "spec": {"description": "Looks around"}}
    answer = await cadenya.client.post(at(cadenya), json=body)
    assert (answer.status_code, answer.json()["spec"]["description"]) == (200, "Looks around")
