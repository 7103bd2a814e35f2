"""Lists of large texts: an API with cursors ends its page early; the others answer everything, in parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from horarium.api.kit import parts
from horarium.store.verbs import page_bytes
from tests.api.dialects.speakers import Autessa, Cadenya, M9m, Speaker, Trustpager, Uranus
from tests.support.house import House
from tests.support.receiver import Receiver

NOW = "2026-11-23T08:00:00Z"
Json = dict[str, Any]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with House.open(NOW) as made:
        yield made


@pytest.fixture
def a_row_fills_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_bytes, "PAGE_BYTES", -1)


async def with_three(house: House, receiver: Receiver, kind: type[Speaker]) -> Speaker:
    """A caller with three schedules, and three targets of its kind."""
    speaker = await kind.open(house, house.first, receiver)
    for key in ("second", "third"):
        await house.target(kind.kind, key=key)
    for _ in range(3):
        house.clock.now += 1_000
        await speaker.create()
    return speaker


async def pages(
    client: httpx.AsyncClient, path: str, rows: str, cursor_in: tuple[str, str]
) -> list[list[Any]]:
    """The ids on each page of a list, which is followed by its cursor."""
    found: list[list[Any]] = []
    given: dict[str, str] = {}
    while True:
        answer = await client.get(path, params=given)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found.append([row.get("id") or row["metadata"]["id"] for row in page[rows]])
        cursor = (page.get(cursor_in[0]) or {}).get(cursor_in[1]) if cursor_in[0] else page.get(cursor_in[1])
        if not cursor:
            return found
        given = {"cursor": cursor, "after": cursor}
        if path.startswith("/horarium/"):  # our own API refuses the name that it does not know
            del given["after"]


def lists(speaker: Speaker) -> list[tuple[str, str, tuple[str, str]]]:
    """(path, member with the rows, where the cursor stands) of the lists of an API with cursors."""
    own = [
        (f"/horarium/v1/{name}", "items", ("", "next_cursor")) for name in ("schedules", "runs", "targets")
    ]
    if isinstance(speaker, Cadenya):
        within = f"/v1/workspaces/{speaker.workspace}"
        paths = (f"{within}/agents/cadenya-agent/schedules", f"{within}/objectives", f"{within}/agents")
        return [(path, "items", ("pagination", "nextCursor")) for path in paths] + own
    return [(f"{speaker.base}/event-schedules", "data", ("pagination", "next_cursor"))]


@pytest.mark.usefixtures("a_row_fills_a_page")
@pytest.mark.parametrize("kind", [Cadenya, Trustpager])
async def test_a_page_ends_early_and_its_cursor_goes_on(
    house: House, receiver: Receiver, kind: type[Speaker], monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = await with_three(house, receiver, kind)
    early = [await pages(speaker.client, *which) for which in lists(speaker)]
    monkeypatch.undo()
    for found, which in zip(early, lists(speaker), strict=True):
        assert [len(page) for page in found] == [1, 1, 1]
        (everything,) = await pages(speaker.client, *which)
        assert [row for (row,) in found] == everything


@pytest.mark.parametrize("many", [(page_bytes, "PAGE_BYTES", -1), (parts, "PIECE", 1), (parts, "PIECE", 2)])
@pytest.mark.parametrize("kind", [M9m, Uranus, Autessa])
async def test_a_list_without_cursor_says_the_same_in_parts(
    house: House, receiver: Receiver, kind: type[Speaker], many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = await with_three(house, receiver, kind)
    base = speaker.base
    of_m9m = ("schedules", "executions", "workflows")
    asked = {
        M9m: [f"{base}/{name}{query}" for name in of_m9m for query in ("", "?offset=1&limit=2", "?limit=1")],
        Uranus: [f"{base}/secretary/schedules{query}" for query in ("", "?offset=1&limit=1", "?offset=1")],
        Autessa: [f"{base}/all"],
    }[kind]
    method = "POST" if kind is Autessa else "GET"
    whole = [await speaker.client.request(method, path) for path in asked]
    monkeypatch.setattr(*many)
    for before, path in zip(whole, asked, strict=True):
        in_parts = await speaker.client.request(method, path)
        assert (in_parts.status_code, in_parts.headers["content-type"]) == (200, "application/json")
        assert in_parts.text == before.text
        rows = len(next(iter(before.json().values())))
        assert rows > 1 or "content-length" in in_parts.headers
        assert rows < 3 or "content-length" not in in_parts.headers


FILTERS = (
    "schedules?enabled=true",
    "schedules?enabled=false",
    "schedules?workflowId=second",
    "schedules?search=other",
    "workflows?search=other",
    "executions?workflowId=second",
    "executions?status=completed",
    "executions?status=running&workflowId=second",
)


@pytest.mark.parametrize("many", [(page_bytes, "PAGE_BYTES", -1), (parts, "PIECE", 1), (parts, "PIECE", 2)])
async def test_each_part_of_a_list_of_m9m_is_narrowed_as_the_whole(
    house: House, receiver: Receiver, many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = await M9m.open(house, house.first, receiver)
    function = await house.target("function", key="fn", name="Other function")
    for key in ("second", "third"):
        await house.target("workflow", receiver.url("/run"), key=key, name=f"Other {key}")
    for number in range(8):
        house.clock.now += 1_000
        workflow = ("second", "m9m-workflow", "third")[number % 3]
        body = {"workflowId": workflow, "cronExpression": f"{number} 9 * * *", "enabled": number % 2 == 0}
        assert (await speaker.client.post(speaker._at(), json=body)).status_code == 201
        await speaker.client.post(f"{speaker.base}/workflows/{workflow}/execute")
        await house.services.runs.start(await house.who(), function.id, None)
        if number < 5:
            await house.work()
    whole = [(await speaker.client.get(f"{speaker.base}/{path}")).json() for path in FILTERS]
    assert [found["total"] for found in whole] == [4, 4, 3, 5, 2, 3, 5, 1]
    monkeypatch.setattr(*many)
    for before, path in zip(whole, FILTERS, strict=True):
        assert (await speaker.client.get(f"{speaker.base}/{path}")).json() == before, path
        assert len(before["data"]) == before["total"], path
