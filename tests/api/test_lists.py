"""Lists of a whole workspace over the project's own API: schedules in any order, runs, fires and the ledger."""

from urllib.parse import urlencode

import pytest

from horarium.domain.execution import Outcome, Verdict
from horarium.domain.labels import label_text
from tests.api.asking import NOW, ask, fields, scheduled
from tests.api.test_runs import prepared
from tests.support.house import House


async def another(house, **given):
    """A schedule of the target that `prepared` has made."""
    return await ask(house, "POST", "/schedules", {"recurrence": "0 9 * * *", "target": "t"} | given, 201)


async def names(house, query):
    return [one["name"] for one in (await ask(house, "GET", f"/schedules?{query}"))["items"]]


async def test_schedules_are_listed_by_name_and_by_when_they_fire_next():
    async with House.open(NOW) as house:
        for name, recurrence, key in (("beta", "0 9 * * *", "c-7/a"), ("Alpha", "0 8 * * *", "c-7/b"),
                                      ("gamma", "0 7 * * *", "d")):  # fmt: skip
            await scheduled(house, name=name, recurrence=recurrence, key=key)
        assert await names(house, "sort=name") == ["Alpha", "beta", "gamma"]
        assert await names(house, "sort=-name") == ["gamma", "beta", "Alpha"]
        assert await names(house, "sort=next_fire") == ["gamma", "Alpha", "beta"]
        assert await names(house, "key_prefix=c-7/&sort=name") == ["Alpha", "beta"]
        assert await names(house, "next_fire_before=2026-03-02T08:30:00Z&sort=name") == ["Alpha", "gamma"]
        first = await ask(house, "GET", "/schedules?sort=name&limit=2")
        rest = await ask(house, "GET", f"/schedules?sort=name&limit=2&cursor={first['next_cursor']}")
        assert [one["name"] for one in rest["items"]] == ["gamma"]
        assert await fields(house, "GET", f"/schedules?cursor={first['next_cursor']}", None) == {"cursor"}
        assert await fields(house, "GET", "/schedules?sort=size&last_state=odd&failing=maybe", None) == {
            "sort", "last_state", "failing",
        }  # fmt: skip


async def test_what_fails_is_found_and_so_is_what_fired_last():
    async with House.open(NOW) as house:
        executor, schedule = await prepared(house)
        await another(house, name="later", recurrence="0 10 * * *")
        executor.answer = Outcome(Verdict.FAILED, error="no", retryable=False)
        await house.move("2026-03-02T09:00:00Z")
        assert await names(house, "failing=true") == ["s"]
        assert await names(house, "failing=false") == ["later"]
        assert await names(house, "last_state=failed") == ["s"]
        assert await names(house, "sort=last_fire") == ["s", "later"]
        assert await names(house, f"created_by={schedule['created_by']}&sort=asc") == ["s", "later"]


LABELS = [{"a:b": "c"}, {"a": "b:c"}, {"a": ""}, {"\\": ":"}, {"\\:": ""}, {"a=b%,_\U0001f600": "%"}]


@pytest.mark.parametrize("labels", LABELS, ids=str)
async def test_whatever_a_label_holds_is_found_by_it(labels):
    async with House.open(NOW) as house:
        await prepared(house)
        for each in LABELS:
            await another(house, name=str(each), labels=each)
        await house.move("2026-03-02T09:00:00Z")
        query = urlencode({"label": label_text(*next(iter(labels.items())))})
        assert await names(house, query) == [str(labels)]
        (schedule,) = (await ask(house, "GET", f"/schedules?{query}"))["items"]
        for place in ("runs", "fires", "ledger"):
            found = (await ask(house, "GET", f"/{place}?{query}"))["items"]
            assert {one["schedule"] for one in found} == {schedule["id"]}, place


async def test_runs_are_found_by_time_label_and_row_with_what_they_were_given():
    async with House.open(NOW) as house:
        await prepared(house)
        labels = {"customer": "c1"}
        await ask(
            house, "PUT", "/directory/users", [{"id": "u1", "name": "Ann"}, {"id": "u2", "name": "Bob"}]
        )
        await another(
            house, name="rows", labels=labels, audience={"type": "users", "filter": {}}, input={"n": 1}
        )
        await house.move("2026-03-02T09:00:00Z")
        await house.move("2026-03-03T09:00:00Z")

        async def found(query):
            return (await ask(house, "GET", f"/runs?{query}"))["items"]

        assert len(await found("label=customer:c1")) == 4
        assert len(await found("from=2026-03-03T00:00:00Z")) == 3
        assert len(await found("to=2026-03-02T23:00:00Z&label=customer:c1")) == 2
        mine = await found("row_key=u1&include=input,row")
        assert [(run["row_key"], run["input"], run["row"] is not None) for run in mine] == [
            ("u1", {"n": 1}, True)
        ] * 2
        assert "input" not in (await found("row_key=u1"))[0]
        whole = await ask(house, "GET", f"/runs/{mine[0]['id']}")
        assert (whole["input"], whole["row"]) == ({"n": 1}, mine[0]["row"])
        first = await ask(house, "GET", "/runs?row_key=u2&limit=1")
        rest = await ask(house, "GET", f"/runs?row_key=u2&limit=5&cursor={first['next_cursor']}")
        assert len({run["id"] for run in (*first["items"], *rest["items"])}) == 2
        # The place in a list is none in another one.
        of_all = await ask(house, "GET", "/runs?limit=1")
        assert await fields(house, "GET", f"/runs?cursor={first['next_cursor']}", None) == {"cursor"}
        assert await fields(house, "GET", f"/runs?row_key=u2&cursor={of_all['next_cursor']}", None) == {
            "cursor"
        }
        assert await fields(house, "GET", "/runs?label=x&include=all&from=soon", None) == {
            "label",
            "include",
            "from",
        }


async def test_what_was_missed_last_night_is_one_question():
    async with House.open(NOW) as house:
        _, schedule = await prepared(house)
        await another(house, name="hourly", recurrence="0 * * * *", catch_up="none", labels={"team": "a"})
        await house.move("2026-03-02T09:00:10Z")
        (missed,) = (await ask(house, "GET", "/ledger?reason=missed&from=2026-03-01T22:00:00Z"))["items"]
        assert (missed["entry"], missed["reason"], missed["last_at"]) == (
            "span",
            "missed",
            "2026-03-02T08:00:00.000Z",
        )
        entries = (await ask(house, "GET", "/ledger"))["items"]
        assert [entry["entry"] for entry in entries] == ["fire", "fire", "span"]
        assert len((await ask(house, "GET", "/ledger?entry=fire&label=team:a"))["items"]) == 1
        assert (
            len((await ask(house, "GET", f"/fires?schedule={schedule['id']}&state=completed"))["items"]) == 1
        )
        assert (await ask(house, "GET", "/fires?target=nobody"))["items"] == []
        assert await fields(house, "GET", "/ledger?reason=missed&entry=fire", None) == {"reason"}


@pytest.mark.parametrize("path", ["/schedules", "/runs", "/fires", "/ledger"])
async def test_another_workspace_lists_nothing_of_it(path):
    async with House.open(NOW) as house:
        await prepared(house)
        await house.move("2026-03-02T09:00:00Z")
        other = await house.workspace("other")
        assert (await ask(house, "GET", path))["items"] != []
        answer = await other.client.get(f"/horarium/v1{path}")
        assert answer.json()["items"] == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_the_ledger_of_a_schedule_is_read_on_from_where_a_page_ended_and_has_each_slot_once(limit):
    async with House.open(NOW) as house:
        await prepared(house)
        made = await another(house, name="hourly", recurrence="0 * * * *", catch_up="none")
        for hour in ("13:00:00", "14:00:00", "17:30:00", "18:00:00"):
            await house.move(f"2026-03-01T{hour}Z")
        entries, start = [], NOW
        while start is not None:
            page = await ask(house, "GET", f"/schedules/{made['id']}/ledger?from={start}&limit={limit}")
            entries += page["items"]
            start = page["next_from"]
            assert len(entries) <= 4
        assert [(entry.get("slot_at") or entry["first_at"])[11:16] for entry in entries] == [
            "13:00", "14:00", "15:00", "18:00",
        ]  # fmt: skip
