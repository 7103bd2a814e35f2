"""The product's own client, unchanged, against the running server; it decodes every answer strictly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cadenya import Cadenya as Client
from cadenya import types
from cadenya._core import APIError, RequestOptions
from cadenya._webhooks import verify_webhook

from tests.api.dialects.cadenya.support import Cadenya, at_nine, every
from tests.support.house import House
from tests.support.receiver import Receiver
from tests.support.served import served

Use = Callable[[Callable[[Client], Any]], Any]


@pytest.fixture
async def use(house: House, cadenya: Cadenya) -> AsyncIterator[Use]:
    """Runs a function of the client on a thread, while this loop serves."""
    async with served(house) as url:
        client = Client(api_key=house.key, base_url=url, workspace_id=cadenya.workspace)

        async def run(what: Callable[[Client], Any]) -> Any:
            return await asyncio.to_thread(what, client)

        yield run
        client.close()


async def test_it_finds_its_way(use: Use, cadenya: Cadenya) -> None:
    me: types.WhoamiResponse = await use(lambda client: client.profiles.whoami())
    assert me.profile.spec.type == "PROFILE_TYPE_API_KEY"
    assert me.default_workspace is not None
    assert me.default_workspace.id == cadenya.workspace
    account: types.Account = await use(lambda client: client.accounts.retrieve())
    assert account.metadata.id == me.profile.metadata.account_id
    assert [one.metadata.id for one in account.spec.workspaces] == [cadenya.workspace]
    found = await use(lambda client: list(client.workspaces.list()))
    assert cadenya.workspace in [one.metadata.id for one in found]


async def test_it_makes_and_lists_agents(use: Use) -> None:
    made: types.Agent = await use(
        lambda client: client.agents.create(
            metadata={"name": "Scout", "external_id": "scout", "labels": {"a": "b"}},
            spec={"description": "looks around", "webhook_events_url": "https://example.com/scout"},
            default_variation={
                "metadata": {"name": "Brief"},
                "spec": {"system_prompt_template": "Be brief."},
            },
        )
    )
    assert made.state == "STATE_PUBLISHED"
    assert made.info.variation_count == 1
    assert made.metadata.labels == {"a": "b"}
    again: types.Agent = await use(lambda client: client.agents.retrieve("external_id:scout"))
    assert again.metadata.id == made.metadata.id
    names = await use(lambda client: [one.metadata.name for one in client.agents.list(limit=1)])
    assert names == ["Scout", "Agent"]


async def test_the_whole_life_of_an_agent(use: Use) -> None:
    def life(client: Client) -> None:
        agents = client.agents
        made = agents.create(
            metadata={"name": "Scout"},
            spec={"webhook_events_url": "https://example.com/scout"},
            default_variation={"metadata": {"name": "Brief"}, "spec": {"description": "Says little"}},
        )
        agent = made.metadata.id
        changed = agents.update(
            agent,
            metadata={"name": "Ranger", "external_id": "ranger"},
            spec={"description": "walks", "webhook_events_url": "https://example.com/ranger"},
            update_mask="metadata,spec.description,spec.webhookEventsUrl",
        )
        assert (changed.metadata.name, changed.spec.description) == ("Ranger", "walks")
        assert changed.spec.webhook_events_url == "https://example.com/ranger"
        assert agents.retrieve("external_id:ranger") == changed
        (variation,) = list(agents.variations.list(agent, include_info=True))
        assert (variation.metadata.name, variation.spec.description) == ("Brief", "Says little")
        assert agents.variations.retrieve(agent, variation.metadata.id).spec == variation.spec
        assert agents.unpublish(agent).state == "STATE_DRAFT"
        assert agents.publish(agent).state == "STATE_PUBLISHED"
        assert agents.archive(agent).state == "STATE_ARCHIVED"
        archived = list(agents.list(state="STATE_ARCHIVED"))
        assert [each.metadata.id for each in archived] == [agent]
        with pytest.raises(APIError) as refused:
            agents.publish(agent)
        assert (refused.value.status_code, refused.value.code) == (400, 9)
        assert agents.unarchive(agent).state == "STATE_DRAFT"
        agents.delete(agent)
        with pytest.raises(APIError) as gone:
            agents.retrieve(agent)
        assert (gone.value.status_code, gone.value.code) == (404, 5)

    await use(life)


async def test_it_verifies_what_an_agent_is_sent_with_the_secret_that_was_shown_once(
    use: Use, cadenya: Cadenya, house: House
) -> None:
    async with Receiver() as receiver:
        body = {"metadata": {"name": "Scout"}, "spec": {"webhookEventsUrl": receiver.url("/agent")}}
        path = f"/v1/workspaces/{cadenya.workspace}/agents"
        made = (await cadenya.client.post(path, json=body)).json()
        cadenya.agent = made["metadata"]["id"]
        await cadenya.created(schedule=every("60s"))
        await house.move("2026-03-06T12:01:00Z")
        (sent,) = receiver.requests
    years = 3_000_000_000  # the clock of the house is not that of the client
    verify_webhook(
        made["spec"]["webhookEventsHmacSecret"],
        sent.body,
        dict(sent.headers.items()),
        tolerance_seconds=years,
    )


async def test_the_whole_life_of_a_schedule(use: Use, cadenya: Cadenya) -> None:
    agent = cadenya.agent

    def life(client: Client) -> None:
        schedules = client.agents.schedules
        made = schedules.create(
            agent,
            metadata={"name": "Daily", "external_id": "a/b c", "labels": {"team": "blue"}},
            spec={
                "first_user_message": "Hi",
                "first_user_message_data": {"n": 1},
                "system_prompt_data": {"tone": "dry"},
                "schedule": at_nine(),
                "overlap_policy": "OVERLAP_POLICY_ALLOW",
            },
        )
        assert made.state == "STATE_ACTIVE"
        assert made.spec.first_user_message == "Hi"
        assert made.spec.first_user_message_data == {"n": 1}
        assert made.spec.system_prompt_data == {"tone": "dry"}
        assert made.info.next_fire_at == datetime(2026, 3, 6, 14, tzinfo=UTC)
        assert made.info.created_by is not None
        assert schedules.retrieve(agent, "external_id:a/b c") == made
        changed = schedules.update(
            agent,
            made.metadata.id,
            update_mask="spec.overlapPolicy,metadata.name",
            metadata={"name": "Nightly"},
            spec={"schedule": {}, "overlap_policy": "OVERLAP_POLICY_SKIP"},
        )
        assert changed.metadata.name == "Nightly"
        assert changed.spec.schedule == made.spec.schedule
        assert schedules.pause(agent, made.metadata.id).state == "STATE_PAUSED"
        assert schedules.resume(agent, "external_id:a/b c").state == "STATE_ACTIVE"
        assert schedules.archive(agent, made.metadata.id).state == "STATE_ARCHIVED"
        schedules.delete(agent, made.metadata.id)
        with pytest.raises(APIError) as gone:
            schedules.retrieve(agent, made.metadata.id)
        assert (gone.value.status_code, gone.value.code) == (404, 5)

    await use(life)


async def test_it_walks_all_pages(use: Use, cadenya: Cadenya) -> None:
    for number in range(7):
        cadenya.house.clock.now += 1
        await cadenya.created({"name": f"s{number}", "labels": {"n": str(number % 2)}})

    def walk(client: Client) -> tuple[list[str], list[str]]:
        page = client.agents.schedules.list(cadenya.agent, limit=3, sort_order="asc", include_info=True)
        labelled = client.agents.schedules.list(cadenya.agent, labels="n=1", prefix="S")
        return [one.metadata.name for one in page], [one.metadata.name for one in labelled]

    everything, labelled = await use(walk)
    assert everything == [f"s{number}" for number in range(7)]
    assert labelled == ["s5", "s3", "s1"]


async def test_it_reads_objectives(use: Use, cadenya: Cadenya, house: House) -> None:
    made = await cadenya.created(schedule=every("60s"), data={"n": 1})
    house.clock.now += 60_000
    await house.release()

    def look(client: Client) -> None:
        (one,) = list(client.objectives.list(agent_schedule_id=made["metadata"]["id"], include_info=True))
        assert one.state == "OBJECTIVE_STATE_PENDING"
        assert one.first_user_message == "Good morning"
        assert one.config_snapshot.agent_schedule is not None
        assert one.config_snapshot.agent_schedule.metadata.id == made["metadata"]["id"]
        assert one.info is not None
        assert one.info.agent.id == cadenya.agent
        assert client.objectives.retrieve(one.metadata.id).metadata == one.metadata
        (event,) = list(client.objectives.list_events(one.metadata.id))
        assert event.data.user_message.content == "Good morning"

    await use(look)


async def test_errors_are_typed_and_a_hopeless_conflict_is_not_tried_again(
    use: Use, cadenya: Cadenya
) -> None:
    await cadenya.created({"name": "n", "externalId": "taken"})

    def provoke(client: Client) -> None:
        schedules = client.agents.schedules
        with pytest.raises(APIError) as wrong:
            schedules.create(cadenya.agent, metadata={"name": "n"}, spec={"schedule": {}})
        assert (wrong.value.status_code, wrong.value.code) == (400, 3)
        assert wrong.value.details is not None
        fields = {one["field"] for one in wrong.value.details[0]["fieldViolations"]}
        assert fields == {"spec.initialMessage", "spec.schedule", "spec.schedule.timezone"}
        with pytest.raises(APIError) as taken:
            schedules.create(
                cadenya.agent,
                metadata={"name": "n", "external_id": "taken"},
                spec={"schedule": at_nine(), "first_user_message": "Hi"},
                request_options=RequestOptions(max_retries=0),
            )
        assert (taken.value.status_code, taken.value.code) == (409, 6)

    await use(provoke)
