"""The versions of a schedule's definition, and the dry run of a backfill."""

from __future__ import annotations

from tests.api.asking import NOW, ask, fields, scheduled
from tests.support.house import House


async def test_each_change_of_the_definition_is_a_version_and_a_change_of_the_name_is_none() -> None:
    async with House.open(NOW) as house:
        made = await scheduled(house, key="k", recurrence="0 9 * * *", input={"a": 1})
        place = f"/schedules/{made['id']}"
        await ask(house, "PATCH", place, {"name": "other"})
        await ask(house, "PATCH", place, {"recurrence": {"every": "1h"}, "timezone": "Europe/Paris"})
        await ask(house, "PATCH", place, {"input": None, "policies": {"overlap": "allow"}})
        found = await ask(house, "GET", f"{place}/versions")
        assert [(item["version"], item["recurrence"], item["timezone"]) for item in found["items"]] == [
            (4, {"every": "1h"}, "Europe/Paris"),
            (3, {"every": "1h"}, "Europe/Paris"),
            (1, "0 9 * * *", "UTC"),
        ]
        first = await ask(house, "GET", "/schedules/by-key/k/versions/1")
        assert (first["input"], first["policies"]["overlap"]) == ({"a": 1}, "skip")
        assert first["target"] == made["target"]
        page = await ask(house, "GET", f"{place}/versions?limit=2")
        rest = await ask(house, "GET", f"{place}/versions?cursor={page['next_cursor']}")
        assert [item["version"] for item in rest["items"]] == [1]
        assert rest["next_cursor"] is None


async def test_versions_stay_when_the_schedule_is_deleted_and_are_of_its_workspace() -> None:
    async with House.open(NOW) as house:
        made = await scheduled(house)
        place = f"/schedules/{made['id']}"
        await ask(house, "DELETE", place, status=204)
        assert (await ask(house, "GET", f"{place}/versions/1"))["version"] == 1
        for number in ("0", "2", "x", "9" * 30):
            await ask(house, "GET", f"{place}/versions/{number}", status=404)
        assert await fields(house, "GET", f"{place}/versions?cursor=x", None) == {"cursor"}
        other = {"authorization": f"Bearer {(await house.workspace('other')).key}"}
        for path in (f"{place}/versions", f"{place}/versions/1"):
            await ask(house, "GET", path, status=404, headers=other)


async def test_the_dry_run_of_a_backfill_names_its_slots_and_fires_nothing() -> None:
    async with House.open(NOW) as house:
        made = await scheduled(house, recurrence="0 * * * *")
        place = f"/schedules/{made['id']}"
        body = {"from": "2026-02-01T00:00:00Z", "to": "2026-02-10T00:00:00Z", "dry_run": True}
        plan = await ask(house, "POST", f"{place}/backfill", body)
        assert (plan["count"], len(plan["slots"])) == (217, 100)
        assert plan["slots"][0] == "2026-02-01T00:00:00.000Z"
        assert plan["last_slot_at"] == "2026-02-10T00:00:00.000Z"
        assert (await ask(house, "GET", f"{place}/fires"))["items"] == []
        late = {**body, "to": "2027-01-01T00:00:00Z"}
        assert await fields(house, "POST", f"{place}/backfill", late) == {"to"}
        empty = {**body, "to": "2026-02-01T00:00:00Z", "from": "2026-01-31T23:30:00Z"}
        assert (await ask(house, "POST", f"{place}/backfill", empty))["count"] == 1
