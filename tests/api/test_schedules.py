"""The life of a schedule over the project's own API."""

import json

import pytest

from horarium.store.figures import name_of
from tests.api.asking import BASE, NOW, ask, fields, scheduled
from tests.support.house import House


async def test_an_answer_shows_the_words_and_the_next_fires():
    async with House.open(NOW) as house:
        made = await scheduled(house, recurrence="30 2 * * *", timezone="Europe/Paris")
        assert "02:30" in made["in_words"]
        assert made["next_fires"][0] == {
            "at": "2026-03-02T01:30:00.000Z",
            "local": "2026-03-02T02:30:00+01:00",
            "note": "",
        }
        assert made["next_fire_at"] == "2026-03-02T01:30:00.000Z"
        assert await ask(house, "GET", f"/schedules/{made['id']}") == made


async def test_the_workspace_zone_is_the_default():
    async with House.open(NOW) as house:
        await ask(house, "PATCH", "/workspaces/current", {"settings": {"timezone": "Asia/Tokyo"}})
        assert (await scheduled(house))["timezone"] == "Asia/Tokyo"


@pytest.mark.parametrize("reference", ["id", "key", "number", "number as text"])
async def test_a_target_is_named_by_id_key_or_number(reference):
    async with House.open(NOW) as house:
        target = await house.target("workflow", key="nightly")
        shown = await ask(house, "GET", "/targets/nightly")
        named = {
            "id": shown["id"],
            "key": "nightly",
            "number": target.number,
            "number as text": str(target.number),
        }
        made = await ask(
            house,
            "POST",
            "/schedules",
            {"name": "s", "recurrence": "@daily", "target": named[reference]},
            201,
        )
        assert made["target"] == shown["id"]


async def test_policies_may_stand_inside_or_beside():
    async with House.open(NOW) as house:
        one = await scheduled(house, overlap="allow", jitter="1m", retry={"max_attempts": 7}, max_fires=3)
        nested = {"overlap": "allow", "jitter": 60, "retry": {"max_attempts": 7}, "max_fires": 3}
        two = await scheduled(house, policies=nested)
        assert one["policies"] == two["policies"]
        assert one["policies"]["jitter"] == 60
        assert len(one["next_fires"]) == 3


async def test_what_was_shown_can_be_sent_back():
    async with House.open(NOW) as house:
        made = await scheduled(
            house,
            labels={"team": "blue"},
            input={"deep": [1, {"a": None}]},
            start_at="2026-03-05T00:00:00+01:00",
            end_at="2027-01-01T00:00:00Z",
            catch_up="all",
            grace="1m30s",
            dst_gap="skip",
            key="mine",
            description="why",
        )
        again = await ask(house, "PUT", f"/schedules/{made['id']}", made)
        assert again == made


async def test_a_replacement_takes_back_what_it_leaves_out():
    async with House.open(NOW) as house:
        made = await scheduled(house, overlap="allow", labels={"a": "b"}, description="x")
        body = {"name": "new", "recurrence": "@daily", "target": "t"}
        changed = await ask(house, "PUT", f"/schedules/{made['id']}", body)
        assert (changed["name"], changed["labels"], changed["description"]) == ("new", {}, None)
        assert changed["policies"]["overlap"] == "skip"
        assert changed["version"] == 2


async def test_a_patch_keeps_what_it_leaves_out_and_null_takes_away():
    async with House.open(NOW) as house:
        made = await scheduled(
            house, labels={"a": "1", "b": "2"}, overlap="allow", description="x", input={"n": 1}
        )
        patch = {"labels": {"a": None, "c": "3"}, "description": None, "jitter": 5, "timezone": None}
        changed = await ask(house, "PATCH", f"/schedules/{made['id']}", patch)
        assert changed["labels"] == {"b": "2", "c": "3"}
        assert changed["description"] is None
        assert (changed["policies"]["overlap"], changed["policies"]["jitter"]) == ("allow", 5)
        assert (changed["input"], changed["timezone"]) == ({"n": 1}, "UTC")


async def test_an_edit_of_other_things_moves_no_rate():
    async with House.open(NOW) as house:
        made = await scheduled(house, recurrence={"every": "1h"})
        house.clock.now += 600_000
        changed = await ask(house, "PATCH", f"/schedules/{made['id']}", {"name": "other"})
        assert changed["next_fire_at"] == made["next_fire_at"]
        changed = await ask(house, "PATCH", f"/schedules/{made['id']}", {"recurrence": {"every": "2h"}})
        assert changed["next_fire_at"] == "2026-03-01T14:10:00.000Z"


async def test_versions_guard_against_lost_updates():
    async with House.open(NOW) as house:
        made = await scheduled(house)
        path = f"/schedules/{made['id']}"
        await ask(house, "PATCH", path, {"name": "one", "version": 1})
        assert await fields(house, "PATCH", path, {"name": "two", "version": 1}, 409) == {"version"}
        assert await fields(house, "PATCH", path, {"name": "two"}, 409, headers={"If-Match": '"1"'}) == {
            "version"
        }
        answer = await house.client.patch(BASE + path, json={"name": "two"}, headers={"If-Match": '"2"'})
        assert answer.headers["etag"] == '"3"'
        assert await fields(house, "DELETE", path, None, 409, headers={"If-Match": '"2"'}) == {"version"}


async def test_put_by_key_makes_and_then_replaces():
    async with House.open(NOW) as house:
        await scheduled(house)
        body = {"name": "one", "recurrence": "@daily", "target": "t"}
        made = await ask(house, "PUT", "/schedules/by-key/team%2Fa", body, 201)
        assert made["key"] == "team/a"
        again = await ask(house, "PUT", "/schedules/by-key/team%2Fa", body | {"name": "two"})
        assert (again["id"], again["name"]) == (made["id"], "two")


async def test_a_key_is_taken_once_and_free_after_deletion():
    async with House.open(NOW) as house:
        made = await scheduled(house, key="k")
        body = {"name": "s", "recurrence": "@daily", "target": "t", "key": "k"}
        assert await fields(house, "POST", "/schedules", body, 409) == {"key"}
        await ask(house, "DELETE", f"/schedules/{made['id']}", status=204)
        await ask(house, "POST", "/schedules", body, 201)
        await ask(house, "GET", f"/schedules/{made['id']}", status=404)


async def test_the_same_request_makes_one_schedule():
    async with House.open(NOW) as house:
        await scheduled(house)
        body, once = {"name": "s", "recurrence": "@daily", "target": "t"}, {"Idempotency-Key": "abc"}
        first = await ask(house, "POST", "/schedules", body, 201, headers=once)
        answer = await house.client.post(f"{BASE}/schedules", json=body, headers=once)
        assert answer.json()["id"] == first["id"]
        assert answer.headers["idempotent-replayed"] == "true"
        other = body | {"name": "other"}
        assert await fields(house, "POST", "/schedules", other, 409, headers=once) == {"Idempotency-Key"}
        house.clock.now += 86_400_001
        later = await ask(house, "POST", "/schedules", other, 201, headers=once)
        assert later["id"] != first["id"]


async def test_pause_keeps_a_note_and_resume_takes_the_clock_up_again():
    async with House.open(NOW) as house:
        made = await scheduled(house)
        path = f"/schedules/{made['id']}"
        paused = await ask(house, "POST", f"{path}/pause", {"note": "holiday"})
        assert (paused["state"], paused["note"], paused["next_fires"]) == ("paused", "holiday", [])
        resumed = await ask(house, "POST", f"{path}/resume")
        assert (resumed["state"], resumed["note"], len(resumed["next_fires"])) == ("active", None, 5)


async def test_an_unsaved_schedule_can_be_previewed():
    async with House.open(NOW) as house:
        body = {
            "recurrence": "30 2 * * *",
            "timezone": "America/New_York",
            "after": "2026-03-07T12:00:00Z",
            "count": 2,
        }
        found = await ask(house, "POST", "/schedules/preview", body)
        assert [one["at"] for one in found["next_fires"]] == [
            "2026-03-08T07:00:00.000Z",
            "2026-03-09T06:30:00.000Z",
        ]
        assert "jump" in found["next_fires"][0]["note"]
        for most in (1, 3):
            found = await ask(house, "POST", "/schedules/preview", body | {"policies": {"max_fires": most}})
            assert len(found["next_fires"]) == min(most, 2)
        assert (await ask(house, "GET", "/schedules"))["items"] == []


async def test_fire_now_twice_is_two_fires_unless_it_is_one_request():
    async with House.open(NOW) as house:
        made = await scheduled(house)
        path = f"/schedules/{made['id']}/fire-now"
        ids = [(await ask(house, "POST", path, status=201))["id"] for _ in range(2)]
        once = {"Idempotency-Key": "x"}
        ids += [(await ask(house, "POST", path, status=201, headers=once))["id"] for _ in range(2)]
        assert len(set(ids)) == 3
        assert (await ask(house, "GET", f"/schedules/{made['id']}"))["next_fire_at"] == made["next_fire_at"]


async def test_a_backfill_fires_past_slots_once():
    async with House.open(NOW) as house:
        made = await scheduled(house)
        body = {"from": "2026-02-25T00:00:00Z", "to": "2026-02-28T00:00:00Z"}
        found = await ask(house, "POST", f"/schedules/{made['id']}/backfill", body, 201)
        assert [one["slot_at"][:10] for one in found["items"]] == ["2026-02-25", "2026-02-26", "2026-02-27"]
        await ask(house, "POST", f"/schedules/{made['id']}/backfill", body, 201)
        fires = await ask(house, "GET", f"/schedules/{made['id']}/fires?kind=backfill")
        assert len(fires["items"]) == 3
        future = {"from": NOW, "to": "2027-01-01T00:00:00Z"}
        assert await fields(house, "POST", f"/schedules/{made['id']}/backfill", future) == {"to"}


async def test_the_ledger_and_the_explanation_account_for_a_slot():
    async with House.open(NOW) as house:
        made = await scheduled(house)
        await house.release()
        house.clock.now += 86_400_000
        await house.release()
        path = f"/schedules/{made['id']}"
        (entry,) = (await ask(house, "GET", f"{path}/ledger"))["items"]
        assert (entry["entry"], entry["slot_at"]) == ("fire", "2026-03-02T09:00:00.000Z")
        told = await ask(house, "GET", f"{path}/explain?at=2026-03-02T10:00:00%2B01:00")
        assert (told["verdict"], told["fire"]["id"]) == ("fired", entry["id"])
        assert (await ask(house, "GET", f"{path}/explain?at=2026-03-02T10:00:00Z"))["verdict"] == "no_slot"
        assert await fields(house, "GET", f"{path}/explain", None) == {"at"}
        assert await ask(house, "GET", f"/fires/{entry['id']}") == {
            k: entry[k] for k in entry if k != "entry"
        }


async def test_lists_are_filtered_searched_and_paged():
    async with House.open(NOW) as house:
        for n in range(5):
            house.clock.now += 1_000
            await scheduled(house, name=f"Report {n}", labels={"odd": str(n % 2), "all": "yes"})
        first = await ask(house, "GET", "/schedules?limit=2")
        assert [one["name"] for one in first["items"]] == ["Report 4", "Report 3"]
        rest = await ask(house, "GET", f"/schedules?limit=10&cursor={first['next_cursor']}")
        assert ([one["name"] for one in rest["items"]], rest["next_cursor"]) == (
            ["Report 2", "Report 1", "Report 0"],
            None,
        )
        odd = await ask(house, "GET", "/schedules?label=odd:1&label=all:yes&sort=asc")
        assert [one["name"] for one in odd["items"]] == ["Report 1", "Report 3"]
        assert len((await ask(house, "GET", "/schedules?search=report 3"))["items"]) == 1
        assert len((await ask(house, "GET", "/schedules?target=t&state=active&dialect=native"))["items"]) == 5
        assert (await ask(house, "GET", "/schedules?state=paused"))["items"] == []


async def test_an_input_must_satisfy_the_targets_schema_on_create_and_on_patch():
    async with House.open(NOW) as house:
        await house.target("workflow", key="strict", input_schema={"type": "object", "required": ["n"]})
        body = {"name": "s", "recurrence": "@daily", "target": "strict"}
        assert await fields(house, "POST", "/schedules", body | {"input": {}}) == {"input"}
        made = await ask(house, "POST", "/schedules", body | {"input": {"n": 1}}, 201)
        assert await fields(house, "PATCH", f"/schedules/{made['id']}", {"input": {"n": None}}) == {"input"}


async def test_a_target_without_a_grant_is_forbidden():
    async with House.open(NOW) as house:
        await house.target("workflow", key="t")
        who = await house.who()
        bob = await house.services.tenancy.create_principal(who, "Bob")
        key = await house.services.tenancy.create_key(who, "bob", ["schedules:write"], bob.id)
        house.client.headers["Authorization"] = f"Bearer {key.text}"
        body = {"name": "s", "recurrence": "@daily", "target": "t"}
        assert "Bob" in (await ask(house, "POST", "/schedules", body, 403))["detail"]


async def test_bulk_answers_each_line_in_order():
    async with House.open(NOW) as house:
        await scheduled(house, key="taken")
        good = {"name": "s", "recurrence": "@daily", "target": "t"}
        lines = [json.dumps(good | {"key": f"k{n}"}) for n in range(600)]
        lines[3], lines[5], lines[7] = (
            '{"name": ',
            json.dumps(good | {"key": "taken"}),
            json.dumps(good | {"name": 1}),
        )
        lines[9] = ""
        answer = await house.client.post(f"{BASE}/schedules/bulk", content="\n".join(lines))
        assert answer.status_code == 200
        told = [json.loads(line) for line in answer.text.splitlines()]
        assert [one["line"] for one in told] == [n for n in range(1, 601) if n != 10]
        by_line = {one["line"]: one for one in told}
        assert [by_line[n]["status"] for n in (1, 4, 6, 8, 600)] == [201, 400, 409, 400, 201]
        assert by_line[8]["errors"][0]["field"] == "name"
        found = await ask(house, "GET", f"/schedules/{by_line[600]['id']}")
        assert found["key"] == "k599"


async def test_bulk_tells_how_far_it_came_when_it_is_too_large():
    async with House.open(NOW, bulk_limit=2_000) as house:
        await scheduled(house)
        line = json.dumps({"name": "s", "recurrence": "@daily", "target": "t"}) + "\n"

        async def body():
            for _ in range(100):
                yield line.encode()

        answer = await house.client.post(f"{BASE}/schedules/bulk", content=body())
        *made, last = [json.loads(one) for one in answer.text.splitlines()]
        assert last["status"] == 413
        assert {one["status"] for one in made} == {201}
        assert len((await ask(house, "GET", "/schedules?limit=100"))["items"]) == len(made) + 1


@pytest.mark.parametrize("body", [b"", b"\n", b" \n\r\n"])
async def test_a_bulk_request_without_lines_is_answered_by_no_lines(body: bytes) -> None:
    async with House.open(NOW) as house:
        answer = await house.client.post(f"{BASE}/schedules/bulk", content=body)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"] == "application/x-ndjson"


async def test_one_schedule_is_shown_by_look_ups_alone(monkeypatch):
    """SQLite hands other reads to a thread, which takes longer than the look-ups that one schedule needs."""
    async with House.open(NOW) as house:
        made = await scheduled(house, key="k")
        read, others = house.store.read, set[str]()

        def noted(verb, *args, **kwargs):
            if not getattr(verb, "point", False):
                others.add(name_of(verb))
            return read(verb, *args, **kwargs)

        monkeypatch.setattr(house.store, "read", noted)
        for path in (f"/schedules/{made['id']}", "/schedules/by-key/k"):
            await ask(house, "GET", path)
        await scheduled(house, key="another")
        assert others == set()
        await ask(house, "GET", "/schedules")
        assert others != set()
