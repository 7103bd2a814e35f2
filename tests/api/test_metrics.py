"""Who may see which metrics, and that each server counts for itself."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from horarium.api.figures import limit_of
from horarium.domain.errors import Invalid, NotFound, Problem, QuotaReached, RateLimited, TooLarge
from horarium.domain.ids import prefixed
from horarium.store.verbs.meta import note_backup
from tests.api.asking import BASE, NOW, ask
from tests.support.house import House, client_of


async def samples(house, path="/metrics", **headers):
    async with client_of(house.api) as client:
        answer = await client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def scheduled(house):
    """A target with one run in the queue."""
    target = await house.target("function", "https://example.com/hook")
    body = {"name": "s", "recurrence": "* * * * *", "target": prefixed("tgt", target.id)}
    await ask(house, "POST", "/schedules", body, 201)
    house.clock.now += 60_000
    await house.engine.release(0)
    return prefixed("tgt", target.id), prefixed("ws", house.first.workspace_id)


async def test_what_anybody_may_see_names_no_tenant():
    async with House.open(NOW) as house:
        target, workspace = await scheduled(house)
        async with client_of(house.api) as client:
            text = (await client.get("/metrics")).text
        assert 'horarium_queue_runs{state="waiting"} 1.0' in text
        for secret in (target, workspace, "example.com"):
            assert secret not in text


async def test_figures_by_target_need_a_key_of_the_whole_server():
    async with House.open(NOW) as house:
        target, workspace = await scheduled(house)
        mine = {"authorization": f"Bearer {house.key}"}
        found = await samples(house, "/metrics?workspace=*", **mine)
        assert found["horarium_lane_queue_runs", "waiting", target, workspace] == 1
        other = await house.workspace("other")
        found = await samples(house, f"/metrics?workspace={prefixed('ws', other.workspace_id)}", **mine)
        assert not any(target in name for name in found)
        async with client_of(house.api) as client:
            assert (await client.get("/metrics?workspace=*")).status_code == 401
            wrong = await client.get("/metrics?workspace=all", headers=mine)
            assert wrong.status_code == 400
            assert "is neither * nor an id" in wrong.text
            made = await ask(house, "POST", "/keys", {"name": "app", "scopes": ["runs:read"]}, 201)
            few = {"authorization": f"Bearer {made['key']}"}
            assert (await client.get("/metrics?workspace=*", headers=few)).status_code == 403


async def test_servers_in_one_process_count_for_themselves():
    async with House.open(NOW) as one, House.open(NOW) as two:
        await scheduled(one)
        assert (await samples(one))["horarium_slots_total", "fired", ""] == 1
        assert (await samples(two))["horarium_slots_total", "fired", ""] == 0


async def test_requests_and_the_limits_that_they_hit_are_counted():
    async with House.open(NOW, rate_limit=3.0) as house:
        for _ in range(5):
            await house.client.get("/horarium/v1/schedules")
        await house.client.get("/nowhere")
        found = await samples(house)
        assert found["horarium_limits_hit_total", "rate"] == 2
        assert found["horarium_http_requests_total", "GET", "429"] == 2
        assert found["horarium_http_requests_total", "GET", "404"] == 1
        assert found["horarium_http_request_seconds_count",] == 6


async def test_a_database_that_is_away_does_not_hide_the_other_figures(monkeypatch):
    from horarium.domain.errors import Unavailable

    async def away(*_):
        raise Unavailable("away")

    async with House.open(NOW) as house:
        await scheduled(house)
        monkeypatch.setattr(house.store, "read", away)
        found = await samples(house)
        assert found["horarium_database_up",] == 0
        assert found["horarium_slots_total", "fired", ""] == 1
        assert ("horarium_queue_runs", "waiting") not in found


async def test_ages_are_those_of_the_moment_that_was_read(monkeypatch):
    """What was read is given again for a second, in which a slot may fall due that is entered at once."""
    monkeypatch.setattr("horarium.service.metrics.KEPT_S", -1.0)
    monkeypatch.setattr("horarium.service.metrics.PRESENT_KEPT_S", 60.0)
    async with House.open(NOW) as house:
        await scheduled(house)
        assert (await samples(house))["horarium_oldest_due_slot_seconds",] == 0
        house.clock.now += 60_500
        assert (await samples(house))["horarium_oldest_due_slot_seconds",] == 0


@pytest.mark.parametrize("base", ["", BASE])
async def test_the_metrics_are_described_by_the_type_that_they_are_answered_with(base: str) -> None:
    async with House.open(NOW) as house:
        page = (await house.client.get(f"{BASE}/openapi.json")).json()
        answer = await house.client.get(f"{base}/metrics")
        answered = answer.headers["content-type"].partition(";")[0]
        assert (
            list(page["paths"]["/metrics"]["get"]["responses"]["200"]["content"])
            == [answered]
            == ["text/plain"]
        )


async def test_the_age_of_the_newest_backup_is_shown_where_one_is_known():
    async with House.open(NOW) as house:
        assert ("horarium_backup_age_seconds",) not in await samples(house)
        await house.services.store.write(note_backup, house.clock.now - 90_000)
    async with House.open(NOW) as house:
        await house.services.store.write(note_backup, house.clock.now - 90_000)
        assert (await samples(house))["horarium_backup_age_seconds",] == 90


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        (RateLimited("slowly", 5), "rate"),
        (QuotaReached("schedules", 1, "ws_1"), "quota"),
        (Invalid([Problem("a", "is wrong", "type"), Problem("input", "is too large", "quota")]), "quota"),
        (Invalid(Problem("a", "is wrong", "type")), None),
        (TooLarge("much"), "size"),
        (NotFound("schedule"), None),
        (ValueError(), None),
    ],
)
def test_each_limit_that_a_request_hits_is_counted_as_what_it_is(error, limit):
    assert limit_of(error) == limit
