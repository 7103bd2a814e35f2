"""Lists say how many items they have on all pages: exactly, or that there are at least so many."""

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.service import totals
from horarium.store.verbs import events
from tests.api.asking import NOW, ask, fields
from tests.api.test_lists import another
from tests.api.test_runs import prepared
from tests.support.house import House
from tests.support.postgres import drop_database, migrated_database

LISTS = {
    "/schedules": (
        "", "state=paused", "state=active", "label=team:a", "label=team:a&label=size:s", "label=team:none",
        "target=t", "target=u",  "search=LATER", "key=k-1", "key_prefix=k-", "failing=true",
        "last_state=failed", "next_fire_before=2026-03-04T12:00:00Z", "dialect=m9m", "search=s&sort=name",
    ),
    "/runs": (
        "", "state=failed", "state=succeeded", "state=pending", "state=waiting", "label=team:a", "target=t",
        "target=nobody", "row_key=u1", "from=2026-03-03T00:00:00Z", "to=2026-03-02T23:00:00Z", "target=t&state=failed",
        "label=team:a&from=2026-03-03T00:00:00Z", "{schedule}", "{schedule}&state=failed", "{fire}",
    ),
    "/fires": (
        "", "state=failed", "state=completed", "state=running", "state=partial", "kind=clock", "kind=manual",
        "label=team:a", "target=t", "target=nobody", "from=2026-03-03T00:00:00Z", "{schedule}",
    ),
    "/targets": ("", "kind=function", "state=disabled", "search=U", "key=t"),
    "/audit": ("", "action=schedule", "action=target.created", "since=2026-03-02T00:00:00Z", "subject={schedule_id}"),
    "/events": ("", "type=fire.completed", "type=webhook.disabled", "since=2026-03-02T00:00:00Z", "order=oldest"),
}  # fmt: skip


async def world(house):
    """Schedules with and without an audience that have fired and failed; what the queries name."""
    executor, first = await prepared(house)
    await ask(
        house,
        "POST",
        "/targets",
        {"kind": "tool", "name": "U", "key": "u", "executor": {"type": "told"}},
        201,
    )
    await ask(house, "POST", "/targets/u/disable")
    await ask(house, "PUT", "/audiences/crm", {"type": "http", "config": {"url": "https://example.com/x"}})
    await ask(house, "GET", "/events")
    people = [{"id": f"u{number}", "name": "Ann"} for number in range(5)]
    await ask(house, "PUT", "/directory/users", people)
    rows = {"type": "users", "filter": {}}
    await another(house, name="rows", labels={"team": "a", "size": "s"}, audience=rows, key="k-1")
    await another(house, name="later", labels={"team": "a"}, recurrence="0 10 * * *", key="k-2")
    paused = await another(house, name="paused", target="u", recurrence="30 9 * * *")
    await house.move("2026-03-02T11:00:00Z")
    await ask(house, "POST", f"/schedules/{paused['id']}/pause")
    executor.answer = Outcome(Verdict.FAILED, error="no", retryable=False)
    await house.move("2026-03-03T09:00:00Z")
    executor.answer = Outcome(Verdict.SUCCEEDED)
    await house.move("2026-03-03T11:00:00Z")
    await ask(house, "POST", f"/schedules/{first['id']}/fire-now", None, 201)
    while await house.store.urgent(events.publish, house.clock.now):
        pass
    fire = (await ask(house, "GET", "/fires?label=team:a"))["items"][-1]
    return {"schedule": f"schedule={first['id']}", "schedule_id": first["id"], "fire": f"fire={fire['id']}"}


async def on_all_pages(house, path, query):
    count, cursor = 0, None
    while True:
        page = await ask(house, "GET", f"{path}?{query}&limit=3" + (f"&cursor={cursor}" if cursor else ""))
        count += len(page["items"])
        assert "total" not in page
        cursor = page["next_cursor"]
        if cursor is None:
            return count


@pytest.fixture(params=["sqlite", "postgres"])
async def house(request):
    database = await migrated_database("totals") if request.param == "postgres" else None
    async with House.open(NOW, database) as made:
        yield made
    if database is not None:
        drop_database(database)


@pytest.mark.parametrize("few", [1_000, 0])
async def test_a_total_is_what_all_pages_hold(house, few, monkeypatch):
    monkeypatch.setattr(totals, "FIRST_LOOK", 3)  # so that there are several steps
    monkeypatch.setattr(totals, "LARGEST_LOOK", 3)
    monkeypatch.setattr(totals, "LEAST_LOOK", 1)
    monkeypatch.setattr(totals, "COUNT_S", 60)
    monkeypatch.setattr("horarium.store.verbs.schedule_pages.FEW", few)
    monkeypatch.setattr("horarium.store.verbs.run_pages.FEW_SCHEDULES", few)
    given = await world(house)
    seen = {}
    for path, queries in LISTS.items():
        for query in queries:  # each is counted as its pages are
            query = query.format(**given)
            expected = await on_all_pages(house, path, query)
            first = await ask(house, "GET", f"{path}?{query}&total=true&limit=1")
            assert first["total"] == {"count": expected, "at_least": False}, (path, query)
            if (cursor := first["next_cursor"]) is not None:
                rest = await ask(house, "GET", f"{path}?{query}&total=true&cursor={cursor}")
                assert (len(rest["items"]), rest["total"]) == (expected - 1, first["total"]), (path, query)
            seen[path] = max(seen.get(path, 0), expected)
    assert {path for path, most in seen.items() if most < 4} == {"/targets"}
    assert (await ask(house, "GET", "/audiences?total=true"))["total"] == {"count": 1, "at_least": False}
    own = f"/schedules/{given['schedule_id']}/fires"
    assert (await ask(house, "GET", f"{own}?total=true"))["total"]["count"] == await on_all_pages(
        house, own, ""
    )
    kind = f"{own}?total=true&kind=manual"
    assert (await ask(house, "GET", kind))["total"] == {"count": 1, "at_least": False}


async def test_a_total_says_where_it_has_stopped(house, monkeypatch):
    await world(house)
    monkeypatch.setattr(totals, "FIRST_LOOK", 2)
    monkeypatch.setattr(totals, "COUNT_S", 0)
    page = await ask(house, "GET", "/runs?total=true&limit=5")
    assert page["total"] == {"count": 5, "at_least": True}  # the page shows more than were counted
    assert (await ask(house, "GET", "/schedules?total=true"))["total"] == {"count": 4, "at_least": False}
    monkeypatch.setattr(totals, "COUNT_S", 60)
    monkeypatch.setattr(totals, "MOST_COUNTED", 3)
    assert (await ask(house, "GET", "/fires?total=true&limit=1"))["total"] == {"count": 3, "at_least": True}


async def test_a_total_is_true_or_false_and_not_for_a_stream(house):
    assert await fields(house, "GET", "/runs?total=many", None) == {"total"}
    assert (await ask(house, "GET", "/runs?total=true"))["total"] == {"count": 0, "at_least": False}
    headers = {"Accept": "text/event-stream"}
    assert await fields(house, "GET", "/events?total=true", None, headers=headers) == {"total"}
