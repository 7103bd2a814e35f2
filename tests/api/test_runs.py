"""Runs over the project's own API: read, cancelled, run again, finished by their targets."""

import asyncio

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import prefixed
from horarium.store.rows import BegunRun
from horarium.store.verbs import dispatch
from tests.api.asking import BASE, NOW, ask
from tests.support.house import House, client_of, instant
from tests.support.postgres import drop_database, migrated_database


class Told:
    """An executor that answers as told, and remembers the calls. Its field `secret` is one."""

    type = "told"

    def __init__(self):
        self.calls, self.answer = [], Outcome(Verdict.SUCCEEDED, output={"done": True})

    def check(self, config):
        return []

    def split(self, config):
        secrets = {"secret": config["secret"]} if "secret" in config else {}
        return {**config, **dict.fromkeys(secrets, "***")}, secrets

    async def execute(self, call):
        self.calls.append(call)
        return self.answer

    async def close(self):
        pass


async def prepared(house, **given):
    """A told executor, and a schedule that runs it."""
    executor = Told()
    house.services.executors["told"] = executor
    body = {"kind": "function", "name": "T", "key": "t", "executor": {"type": "told"}} | given
    await ask(house, "POST", "/targets", body, 201)
    schedule = {"name": "s", "recurrence": "0 9 * * *", "target": "t", "retry": {"max_attempts": 1}}
    return executor, await ask(house, "POST", "/schedules", schedule, 201)


async def the_run(house):
    (run,) = (await ask(house, "GET", "/runs"))["items"]
    return await ask(house, "GET", f"/runs/{run['id']}")


async def test_a_run_is_shown_with_its_attempts_and_output():
    async with House.open(NOW) as house:
        _, schedule = await prepared(house)
        await house.move("2026-03-02T09:00:00Z")
        run = await the_run(house)
        assert (run["state"], run["attempts"], run["output"]) == ("succeeded", 1, {"done": True})
        assert (run["schedule"], run["slot_at"]) == (schedule["id"], "2026-03-02T09:00:00.000Z")
        assert [one["number"] for one in run["history"]] == [1]


async def test_runs_are_filtered():
    async with House.open(NOW) as house:
        _, schedule = await prepared(house)
        await house.move("2026-03-02T09:00:00Z")
        run = await the_run(house)
        for query in (f"schedule={schedule['id']}", f"fire={run['fire']}", "target=t", "state=succeeded"):
            assert len((await ask(house, "GET", f"/runs?{query}"))["items"]) == 1
        for query in ("state=failed", "target=nobody"):
            assert (await ask(house, "GET", f"/runs?{query}"))["items"] == []
        await ask(house, "GET", "/runs?fire=x&state=odd", status=400)


async def test_a_waiting_run_can_be_cancelled_and_a_failed_one_run_again():
    async with House.open(NOW) as house:
        executor, _ = await prepared(house)
        executor.answer = Outcome(Verdict.FAILED, error="no", retryable=False)
        await house.move("2026-03-02T09:00:00Z")
        run = await the_run(house)
        assert (run["state"], run["error"]) == ("failed", "no")
        again = await ask(house, "POST", f"/runs/{run['id']}/retry", status=201)
        assert (again["state"], again["mode"], again["generation"]) == ("pending", "retry", 1)
        cancelled = await ask(house, "POST", f"/runs/{again['id']}/cancel")
        assert cancelled["state"] == "cancelled"
        await ask(house, "POST", f"/runs/{again['id']}/cancel", status=409)


async def test_what_is_under_way_and_what_waits_are_listed_apart():
    async with House.open(NOW) as house:
        await prepared(house)
        house.clock.now = instant("2026-03-02T09:00:00Z")
        await house.release()
        await house.worker._claim_step()

        async def listed(state):
            return [run["state"] for run in (await ask(house, "GET", f"/runs?state={state}"))["items"]]

        assert (await listed("waiting"), await listed("running")) == (["pending"], [])
        words = {"for": "place", "in_words": "the workers are busy with other runs"}
        assert (await the_run(house))["waiting"] == words
        (work,) = house.worker._holding.values()
        begun = BegunRun(work.id, house.worker._node, work.epoch, house.clock.now)
        await house.services.store.urgent(dispatch.mark_begun, [begun])
        assert (await listed("waiting"), await listed("running")) == ([], ["running"])
        run = await the_run(house)
        assert (run["started_at"], run["waited"], run["waiting"]) == ("2026-03-02T09:00:00.000Z", None, None)


async def test_a_run_that_waited_says_for_what():
    async with House.open(NOW) as house:
        await prepared(house)
        house.clock.now = instant("2026-03-02T09:00:00Z")
        await house.release()
        house.clock.now += 4_500
        await house.work()
        assert (await the_run(house))["waited"] == {"seconds": 4.5, "for": {"place": 4.5}}


@pytest.mark.parametrize("place", ["header", "body"])
async def test_a_target_finishes_its_run_with_the_token_of_the_attempt(place):
    async with House.open(NOW) as house:
        executor, _ = await prepared(house, completion="callback")
        executor.answer = Outcome(Verdict.ACCEPTED)
        await house.move("2026-03-02T09:00:00Z")
        run, token = await the_run(house), executor.calls[0].callback_token
        assert run["state"] == "running"
        path = f"{BASE}/runs/{run['id']}"
        async with client_of(house.api) as client:
            sent = {"headers": {"Authorization": f"Bearer {token}"}} if place == "header" else {}
            body = {"output": 42} if place == "header" else {"output": 42, "token": token}
            assert (await client.post(f"{path}/heartbeat", json=body, **sent)).status_code == 200
            answer = await client.post(f"{path}/complete", json=body, **sent)
            assert (answer.status_code, answer.json()["state"], answer.json()["output"]) == (
                200,
                "succeeded",
                42,
            )
            assert (await client.post(f"{path}/complete", json=body, **sent)).status_code == 200
            assert (await client.post(f"{path}/fail", json=body, **sent)).status_code == 409


async def test_a_wrong_token_finds_no_run_and_none_is_unauthorized():
    async with House.open(NOW) as house:
        executor, _ = await prepared(house, completion="callback")
        executor.answer = Outcome(Verdict.ACCEPTED)
        await house.move("2026-03-02T09:00:00Z")
        run = await the_run(house)
        async with client_of(house.api) as client:
            path = f"{BASE}/runs/{run['id']}/complete"
            assert (await client.post(path, json={"token": "guess"})).status_code == 404
            assert (await client.post(path, json={"token": "\u00fc"})).status_code == 404
            assert (await client.post(path)).status_code == 401
        assert (await the_run(house))["state"] == "running"


@pytest.mark.parametrize("verb", ["complete", "fail"])
async def test_a_callback_neither_stores_nor_shows_a_secret_of_its_target(verb):
    async with House.open(NOW) as house:
        given = {"completion": "callback", "executor": {"type": "told", "secret": "Bearer swordfish-1"}}
        executor, _ = await prepared(house, **given)
        executor.answer = Outcome(Verdict.ACCEPTED)
        await house.move("2026-03-02T09:00:00Z")
        run, token = await the_run(house), executor.calls[0].callback_token
        said = {
            "output": {"swordfish-1": ["x Bearer swordfish-1", token]},
            "error": f"swordfish-1 and {token}",
        }
        async with client_of(house.api) as client:
            body = said if verb == "fail" else {"output": said["output"]}
            bearer = {"Authorization": f"Bearer {token}"}
            answer = await client.post(f"{BASE}/runs/{run['id']}/{verb}", json=body, headers=bearer)
        assert answer.status_code == 200
        stored = str(await the_run(house)) + "".join(house.store.connection.iterdump())
        for hidden in ("swordfish-1", token):
            assert hidden not in answer.text + stored
        assert (await the_run(house))["output"] == {"***": ["x ***", "***"]}


@pytest.mark.parametrize("verb", ["complete", "fail"])
async def test_a_callback_keeps_no_more_of_an_output_than_an_answer_does(verb):
    async with House.open(NOW, response_limit=1_000) as house:
        executor, _ = await prepared(house, completion="callback")
        executor.answer = Outcome(Verdict.ACCEPTED)
        await house.move("2026-03-02T09:00:00Z")
        run, token = await the_run(house), executor.calls[0].callback_token
        body = {"token": token, "output": ["x" * 100_000]} | (
            {"error": "y" * 2_500} if verb == "fail" else {}
        )
        async with client_of(house.api) as client:
            answer = await client.post(f"{BASE}/runs/{run['id']}/{verb}", json=body)
        assert answer.status_code == 200
        ended = await the_run(house)
        assert ended["output"] == '["' + "x" * 998
        assert len(ended["error"] or "") <= 2_003


async def test_a_run_repeated_by_many_at_once_on_postgresql_is_repeated_for_each():
    url = await migrated_database("retries")
    try:
        async with House.open(NOW, postgres=url) as house:
            target = await house.target("workflow", "http://127.0.0.1:1/", key="t")
            run = await house.services.runs.start(await house.who(), target.id, None)
            await house.services.runs.cancel(house.first.workspace_id, run.id)
            path = f"{BASE}/runs/{prefixed('run', run.id)}/retry"
            answers = await asyncio.gather(*(house.client.post(path) for _ in range(8)))
            assert [answer.status_code for answer in answers] == [201] * 8
            assert len({answer.json()["id"] for answer in answers}) == 8
    finally:
        drop_database(url)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_callback_may_write_the_scheme_as_it_likes(scheme):
    async with House.open(NOW) as house:
        executor, _ = await prepared(house, completion="callback", executor={"type": "told", "secret": "s"})
        executor.answer = Outcome(Verdict.ACCEPTED)
        await house.move("2026-03-02T09:00:00Z")
        run, token = await the_run(house), executor.calls[0].callback_token
        async with client_of(house.api) as client:
            headers = {"Authorization": f"{scheme} {token}"}
            answer = await client.post(f"{BASE}/runs/{run['id']}/complete", json={}, headers=headers)
        assert answer.status_code == 200, answer.text
