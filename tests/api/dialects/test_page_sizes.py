"""How many entries a list answers when it is not told how many."""

from __future__ import annotations

from tests.api.dialects.speakers import Cadenya, M9m, Uranus
from tests.support.house import House
from tests.support.receiver import Receiver


async def test_m9m_answers_all_of_them_and_counts_them(house: House, receiver: Receiver) -> None:
    speaker = await M9m.open(house, house.first, receiver)
    for number in range(101):
        body = speaker.order | {"cronExpression": f"{number % 60} {number // 60} * * *"}
        assert (await speaker.client.post(speaker._at(), json=body)).status_code == 201
        await house.target("workflow", key=f"w{number}", name=f"W{number:03}")
        run = await speaker.client.post(f"{speaker.base}/workflows/w{number}/execute")
        assert run.status_code == 200
    for name, count in (("schedules", 101), ("workflows", 102), ("executions", 101)):
        found = (await speaker.client.get(f"{speaker.base}/{name}")).json()
        assert (len(found["data"]), found["total"]) == (count, count), name
        assert found.get("limit", 10_000) == 10_000
        assert found.get("offset", 0) == 0
        ids = [one["id"] for one in found["data"]]
        part = (await speaker.client.get(f"{speaker.base}/{name}?offset=99&limit=100")).json()
        assert ([one["id"] for one in part["data"]], part["total"]) == (ids[99:], count), name
        beyond = (await speaker.client.get(f"{speaker.base}/{name}?offset={count}")).json()
        assert (beyond["data"], beyond["total"]) == ([], count), name


async def test_the_history_of_an_m9m_schedule_has_its_latest_20_fires(
    house: House, receiver: Receiver
) -> None:
    speaker = await M9m.open(house, house.first, receiver)
    body = speaker.order | {"cronExpression": "0 * * * *"}
    made = (await speaker.client.post(speaker._at(), json=body)).json()["id"]
    for hour in range(21):
        await house.move(f"2026-11-24T{hour:02}:00:00Z")
    history = (await speaker.client.get(f"{speaker._at(made)}/history")).json()
    assert (len(history["data"]), history["total"], history["successCount"]) == (20, 21, 21)
    assert history["data"][0]["scheduledTime"] == "2026-11-24T20:00:00+00:00"
    everything = (await speaker.client.get(f"{speaker._at(made)}/history?limit=100")).json()
    assert len(everything["data"]) == len(everything["executions"]) == 21


async def test_uranus_answers_all_of_them(house: House, receiver: Receiver) -> None:
    speaker = await Uranus.open(house, house.first, receiver)
    for _ in range(101):
        await speaker.create()
    assert len(await speaker.listed()) == 101


async def test_cadenya_answers_50_and_at_most_100(house: House, receiver: Receiver) -> None:
    speaker = await Cadenya.open(house, house.first, receiver)
    for _ in range(101):
        assert (await speaker.client.post(speaker._at(), json=speaker.order)).status_code == 200
        await house.target("agent")
    agents = f"{speaker.base}/workspaces/{speaker.workspace}/agents"
    for path, count in ((speaker._at(), 101), (agents, 102)):
        for query, shown in (("", 50), ("?limit=0", 50), ("?limit=51", 51), ("?limit=101", 100)):
            found = (await speaker.client.get(f"{path}{query}")).json()
            assert (len(found["items"]), found["pagination"]["total"]) == (shown, count), (path, query)
            assert found["pagination"]["nextCursor"]
