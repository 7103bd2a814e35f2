"""Embedded tables over the project's own API."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.support.house import House, client_of

BASE = "/horarium/v1/tables"
BODY = {
    "database": "crm",
    "table": "people",
    "columns": [{"name": "name", "type": "text", "nullable": False}, {"name": "score", "type": "integer"}],
}


async def test_a_table_is_made_described_listed_and_written_to(tmp_path: Path) -> None:
    async with House.open("2026-03-01T12:00:00Z", data=tmp_path) as house:
        made = await house.client.post(BASE, json=BODY)
        assert made.status_code == 201
        assert [one["name"] for one in made.json()["columns"]] == ["id", "name", "score"]
        assert (await house.client.get(f"{BASE}/crm/people")).json() == made.json()
        listed = (await house.client.get(BASE)).json()
        assert listed == {"items": [{"database": "crm", "table": "people"}]}
        executor = {"database": "crm", "table": "people"}
        target = await house.target("table", executor="sql", config=executor)
        insert = {"operation": "INSERT", "values": {"name": "Ada", "score": 1}}
        await house.services.runs.start(await house.who(), target.id, insert)
        await house.work()
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert files
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        rows = (await house.client.get(f"{BASE}/crm/people/rows")).json()
        assert rows["rows"] == [{"id": 1, "name": "Ada", "score": 1}]


async def test_what_is_wrong_is_told_and_others_see_nothing(tmp_path: Path) -> None:
    async with House.open("2026-03-01T12:00:00Z", data=tmp_path) as house:
        assert (await house.client.post(BASE, json=BODY)).status_code == 201
        assert (await house.client.post(BASE, json=BODY)).status_code == 409
        wrong = await house.client.post(BASE, json={"database": "../x", "table": "t", "columns": []})
        assert wrong.status_code == 400
        assert {one["field"] for one in wrong.json()["errors"]} == {"database", "columns"}
        other = await house.workspace("other")
        assert (await other.client.get(f"{BASE}/crm/people")).status_code == 404
        assert (await other.client.get(BASE)).json() == {"items": []}
        async with client_of(house.api, await house.key_with("runs:read")) as client:
            assert (await client.get(BASE)).status_code == 403
