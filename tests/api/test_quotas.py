"""Quotas as callers see them: shown with what is used, and refused in the envelope of each API."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from horarium.domain.errors import Invalid
from horarium.domain.execution import Outcome, Verdict
from tests.api.asking import BASE, ask, scheduled
from tests.api.dialects.speakers import SPEAKERS, Speaker
from tests.api.test_runs import prepared, the_run
from tests.support.house import House
from tests.support.receiver import Receiver

NOW = "2026-11-23T08:00:00Z"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path) as made:
        yield made


async def allow(house: House, **quotas: int) -> None:
    await ask(house, "PATCH", "/workspaces/current", {"quotas": quotas})


@pytest.mark.parametrize("kind", SPEAKERS, ids=lambda kind: kind.dialect)
async def test_a_refusal_names_the_quota_its_value_and_the_way_to_raise_it_in_each_envelope(
    house: House, receiver: Receiver, kind: type[Speaker]
) -> None:
    speaker = await kind.open(house, house.first, receiver)
    await allow(house, schedules=0)
    answers: list[httpx.Response] = []

    async def note(answer: httpx.Response) -> None:
        await answer.aread()
        answers.append(answer)

    speaker.client.event_hooks["response"].append(note)
    with pytest.raises(AssertionError):
        await speaker.create()
    assert answers[-1].status_code == 403, answers[-1].text
    said = speaker.envelope(answers[-1])
    assert "the quota schedules of this workspace is 0" in said
    assert "--quota schedules=NUMBER" in said


async def test_a_workspace_shows_its_quotas_and_what_it_uses_of_them(house: House) -> None:
    await scheduled(house)
    shown = await ask(house, "GET", "/workspaces/current")
    assert shown["quotas"]["schedules"] == 1_000_000
    assert shown["usage"] == {"schedules": 1, "targets": 1, "fires_per_hour": 1}


async def test_the_own_api_gives_the_quota_a_code_of_its_own(house: House) -> None:
    await scheduled(house)
    await allow(house, targets=1)
    body = {"kind": "workflow", "name": "T", "executor": {"type": "http", "url": "https://example.com"}}
    refused = await ask(house, "POST", "/targets", body, 403)
    assert (refused["type"], refused["errors"][0]["code"]) == ("urn:horarium:problem:quota", "quota:targets")


async def test_a_bulk_request_ends_with_the_line_beyond_the_quota(house: House) -> None:
    await scheduled(house)
    await allow(house, bulk_lines=2)
    line = json.dumps({"name": "s", "recurrence": "0 9 * * *", "target": "t"})
    answer = await house.client.post(f"{BASE}/schedules/bulk", content="\n".join([line] * 4))
    ends = [json.loads(text) for text in answer.text.splitlines()]
    assert [(end["line"], end["status"]) for end in ends] == [(1, 201), (2, 201), (3, 413)]
    assert "the quota bulk_lines of this workspace is 2" in ends[2]["detail"]


async def test_lines_of_a_bulk_request_beyond_the_quota_for_schedules_are_refused_one_by_one(
    house: House,
) -> None:
    await scheduled(house)
    await allow(house, schedules=3)
    line = json.dumps({"name": "s", "recurrence": "0 9 * * *", "target": "t"})
    answer = await house.client.post(f"{BASE}/schedules/bulk", content="\n".join([line] * 4))
    assert [json.loads(text)["status"] for text in answer.text.splitlines()] == [201, 201, 403, 403]


async def test_an_import_ends_with_the_item_beyond_the_quota(house: House) -> None:
    await allow(house, bulk_lines=2)
    people = [{"id": f"u{n}"} for n in range(4)]
    refused = await ask(house, "PUT", "/directory/users", people, 400)
    assert [(one["line"], one["code"]) for one in refused["errors"]] == [(3, "quota")]


@pytest.mark.parametrize(
    ("method", "path", "line"),
    [
        ("POST", "/schedules/bulk", {"name": "s", "recurrence": "0 9 * * *", "target": "t"}),
        ("PUT", "/directory/users", {"id": "u"}),
    ],
)
async def test_a_quota_of_lines_that_is_lowered_while_they_are_sent_refuses_more_of_them(
    house: House, method: str, path: str, line: dict[str, str]
) -> None:
    await scheduled(house)

    async def lines() -> AsyncIterator[bytes]:
        for number in range(6):
            yield json.dumps(line | {"id": f"u{number}"} if "id" in line else line).encode() + b"\n"
            if number == 2:
                await allow(house, bulk_lines=1)

    headers = {"Content-Type": "application/x-ndjson"}
    answer = await house.client.request(method, BASE + path, content=lines(), headers=headers)
    assert "the quota bulk_lines of this workspace is 1" in answer.text
    things = await ask(house, "GET", path.removesuffix("/bulk"))
    assert len(things["items"]) == (
        4 if path.endswith("bulk") else 0
    )  # items are stored together or not at all


async def test_the_input_of_a_run_is_bounded_as_that_of_a_schedule(house: House) -> None:
    target = await house.target("workflow")
    await allow(house, input_bytes=20)
    with pytest.raises(Invalid, match="the quota input_bytes of this workspace is 20"):
        await house.services.runs.start(await house.who(), target.id, "x" * 20)


async def test_an_audience_beyond_the_quota_ends_its_fire_with_the_reason(house: House) -> None:
    await ask(house, "PUT", "/directory/users", [{"id": f"u{n}"} for n in range(3)])
    made = await scheduled(house, audience={"type": "users"})
    await allow(house, audience_rows=2)
    fire = await ask(house, "POST", f"/schedules/{made['id']}/fire-now", status=201)
    await house.resolve()
    ended = await ask(house, "GET", f"/fires/{fire['id']}")
    assert ended["state"] == "failed"
    assert "the quota audience_rows of this workspace is 2" in ended["error"]


async def test_the_output_of_a_callback_is_cut_at_the_quota() -> None:
    async with House.open("2026-03-01T12:00:00Z") as house:
        executor, _ = await prepared(house, completion="callback")
        executor.answer = Outcome(Verdict.ACCEPTED)
        await allow(house, output_bytes=8)
        await house.move("2026-03-02T09:00:00Z")
        run, token = await the_run(house), executor.calls[0].callback_token
        body = {"output": "x" * 100, "token": token}
        answer = await house.client.post(f"{BASE}/runs/{run['id']}/complete", json=body)
        assert answer.json()["output"] == '"xxxxxxx'
