"""Actions on many schedules or runs over the project's own API: tried, taken, carried on, refused, ended."""

import pytest

from horarium.domain.actions import ActionKind
from horarium.domain.errors import Unavailable
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import prefixed
from horarium.service import actions
from horarium.store.base import Duplicate
from tests.api.asking import BASE, NOW, ask, fields
from tests.api.dialects.speakers import Trustpager
from tests.api.test_lists import another
from tests.api.test_runs import prepared
from tests.support.house import House, client_of


async def states(house):
    found = (await ask(house, "GET", "/schedules?limit=500"))["items"]
    return {one["name"]: one["state"] for one in found}


async def act(house, action, wanted, status=200, of="schedules", **given):
    return await ask(house, "POST", f"/{of}/actions", {"action": action, "filter": wanted, **given}, status)


async def test_a_dry_run_counts_and_shows_and_changes_nothing():
    async with House.open(NOW) as house:
        await prepared(house)
        for number in range(3):
            await another(house, name=f"c1 {number}", labels={"customer": "c1"})
        trial = await act(house, "pause", {"labels": {"customer": "c1"}}, dry_run=True)
        assert (trial["matched"], trial["exact"], len(trial["schedules"])) == (3, True, 3)
        assert set((await states(house)).values()) == {"active"}
        assert (await ask(house, "GET", "/actions"))["items"] == []


async def test_all_of_a_label_are_paused_resumed_relabelled_and_deleted():
    async with House.open(NOW) as house:
        await prepared(house)
        for number in range(3):
            await another(house, name=f"c1 {number}", labels={"customer": "c1"})
        customer = {"labels": {"customer": "c1"}}
        done = await act(house, "pause", customer, note="Holidays")
        assert (done["state"], done["changed"], done["unchanged"], done["refused"]) == ("done", 3, 0, 0)
        assert sorted((await states(house)).values()) == ["active", "paused", "paused", "paused"]
        assert (await act(house, "pause", customer, note="Holidays"))["unchanged"] == 3
        assert (await act(house, "resume", customer))["changed"] == 3
        assert (await act(house, "relabel", customer, labels={"customer": None, "team": "a"}))["changed"] == 3
        assert (await act(house, "delete", customer))["changed"] == 0
        assert (await act(house, "delete", {"labels": {"team": "a"}, "state": "active"}))["changed"] == 3
        assert await states(house) == {"s": "active"}
        entries = (await ask(house, "GET", "/audit"))["items"] if await _linked(house) else []
        told = [one for one in entries if one["action"] == "schedules.paused"]
        assert [one["after"]["count"] for one in told] == [3]
        assert "schedules.action_taken" in {one["action"] for one in entries}


async def _linked(house):
    await house.services.audit.link()
    return True


async def test_a_large_action_goes_on_after_its_answer_and_nothing_twice(monkeypatch):
    monkeypatch.setattr(actions, "BATCH", 2)
    monkeypatch.setattr(actions, "AT_ONCE", 1)
    monkeypatch.setattr(actions, "LOOK", 3)
    async with House.open(NOW) as house:
        await prepared(house)
        for number in range(6):
            await another(house, name=f"{number}", labels={"customer": "c1"})
        taken = await act(house, "fire", {"labels": {"customer": "c1"}}, status=202)
        assert (taken["state"], taken["changed"]) == ("running", 2)
        house.clock.now += 1
        await another(house, name="late", labels={"customer": "c1"})
        while await house.services.actions.step():
            pass
        done = await ask(house, "GET", f"/actions/{taken['id']}")
        assert (done["state"], done["changed"], done["done"]) == ("done", 6, 6)
        fires = (await ask(house, "GET", "/fires"))["items"]
        assert len(fires) == len({fire["schedule"] for fire in fires}) == 6
        assert {fire["slot_at"] for fire in fires} == {
            NOW.replace("Z", ".000Z")
        }  # however long the action takes
        assert not await house.services.actions.step()


async def test_an_action_can_be_ended_where_it_stands(monkeypatch):
    monkeypatch.setattr(actions, "BATCH", 1)
    monkeypatch.setattr(actions, "AT_ONCE", 1)
    async with House.open(NOW) as house:
        await prepared(house)
        await another(house, name="a")
        taken = await act(house, "pause", {}, status=202)
        ended = await ask(house, "POST", f"/actions/{taken['id']}/cancel")
        assert (ended["state"], ended["changed"]) == ("cancelled", 1)
        assert not await house.services.actions.step()
        assert sorted((await states(house)).values()) == ["active", "paused"]


async def test_what_a_rule_refuses_is_told_and_the_rest_is_done():
    async with House.open(NOW) as house:
        await prepared(house)
        await another(house, name="once", recurrence={"once": "2026-03-01T13:00:00Z"})
        await house.move("2026-03-01T13:00:00Z")
        done = await act(house, "pause", {})
        assert (done["changed"], done["refused"]) == (1, 1)
        assert "completed" in done["problems"][0]["error"]


async def test_failed_runs_are_retried_and_open_ones_cancelled():
    async with House.open(NOW) as house:
        executor, _ = await prepared(house)
        await another(house, name="b")
        executor.answer = Outcome(Verdict.FAILED, error="no", retryable=False)
        await house.move("2026-03-02T09:00:00Z")
        house.clock.now += 1
        assert (await act(house, "retry", {}, of="runs", dry_run=True))["matched"] == 2
        assert (await act(house, "retry", {"from": "2026-03-02T00:00:00Z"}, of="runs"))["changed"] == 2
        house.clock.now += 1
        assert (await act(house, "cancel", {"target": "t"}, of="runs"))["changed"] == 2
        found = (await ask(house, "GET", "/runs"))["items"]
        assert sorted((run["mode"], run["state"]) for run in found) == [
            ("clock", "failed"), ("clock", "failed"), ("retry", "cancelled"), ("retry", "cancelled"),
        ]  # fmt: skip


async def test_a_key_does_in_bulk_what_it_may_do_one_by_one():
    async with House.open(NOW) as house:
        await prepared(house)
        await another(house, name="mine", labels={"customer": "c1"})
        own = {"name": "k", "scopes": ["schedules:write", "schedules:read"], "labels": {"customer": "c1"}}
        key = (await ask(house, "POST", "/keys", own, 201))["key"]
        async with client_of(house.api, key) as client:
            body = {"action": "pause", "filter": {}}
            done = (await client.post(f"{BASE}/schedules/actions", json=body)).json()
            assert (done["changed"], done["refused"]) == (1, 1)
            body = {"action": "delete", "filter": {}}
            assert (await client.post(f"{BASE}/schedules/actions", json=body)).status_code == 403
        assert await states(house) == {"s": "active", "mine": "paused"}


async def test_an_action_runs_nothing_again_without_a_grant_on_its_target():
    async with House.open(NOW) as house:
        executor, _ = await prepared(house)
        executor.answer = Outcome(Verdict.FAILED, error="no", retryable=False)
        await house.move("2026-03-02T09:00:00Z")
        house.clock.now += 1
        nobody = await ask(house, "POST", "/principals", {"name": "nobody"}, 201)
        scopes = ["runs:read", "runs:write"]
        body = {"name": "k", "scopes": scopes, "principal": nobody["id"]}
        headers = {"Authorization": f"Bearer {(await ask(house, 'POST', '/keys', body, 201))['key']}"}
        body = {"action": "retry", "filter": {}}
        done = await ask(house, "POST", "/runs/actions", body, headers=headers)
        assert (done["changed"], done["refused"]) == (0, 1)
        assert "grant" in done["problems"][0]["error"]
        assert [run["mode"] for run in (await ask(house, "GET", "/runs"))["items"]] == ["clock"]


async def test_an_action_is_followed_and_ended_by_whoever_may_take_it(monkeypatch):
    monkeypatch.setattr(actions, "BATCH", 1)
    monkeypatch.setattr(actions, "AT_ONCE", 0)
    async with House.open(NOW) as house:
        await prepared(house)
        taken = {
            of: (await act(house, action, {}, status=202, of=of))["id"]
            for of, action in (("schedules", "pause"), ("runs", "retry"))
        }
        for mine, other in (("schedules", "runs"), ("runs", "schedules")):
            async with client_of(house.api, await house.key_with(f"{mine}:read")) as reader:
                listed = (await reader.get(f"{BASE}/actions")).json()["items"]
                assert [one["id"] for one in listed] == [taken[mine]]
                assert (await reader.get(f"{BASE}/actions/{taken[mine]}")).status_code == 200
                assert (await reader.get(f"{BASE}/actions/{taken[other]}")).status_code == 403
                assert (await reader.post(f"{BASE}/actions/{taken[mine]}/cancel")).status_code == 403
        for mine, other in (("schedules", "runs"), ("runs", "schedules")):
            async with client_of(house.api, await house.key_with(f"{mine}:write")) as writer:
                assert (await writer.get(f"{BASE}/actions")).status_code == 403
                if other == "runs":
                    assert (await writer.post(f"{BASE}/actions/{taken[other]}/cancel")).status_code == 403
                ended = await writer.post(f"{BASE}/actions/{taken[mine]}/cancel")
                assert (ended.status_code, ended.json()["state"]) == (200, "cancelled")


@pytest.mark.parametrize("things", ["schedules", "runs"])
async def test_what_an_action_would_be_done_to_is_shown_only_to_who_may_read_it(things):
    async with House.open(NOW) as house:
        await prepared(house)
        body = {"action": "pause" if things == "schedules" else "cancel", "filter": {}, "dry_run": True}
        for scopes, status in (([f"{things}:write"], 403), ([f"{things}:write", f"{things}:read"], 200)):
            async with client_of(house.api, await house.key_with(*scopes)) as client:
                assert (await client.post(f"{BASE}/{things}/actions", json=body)).status_code == status


@pytest.mark.parametrize(
    ("restriction", "status"),
    [({"targets": ["t"]}, 403), ({"labels": {"customer": "c1"}}, 403), ({"networks": ["127.0.0.0/8"]}, 200)],
)
async def test_a_key_for_some_schedules_ends_no_action_on_others(monkeypatch, restriction, status):
    monkeypatch.setattr(actions, "BATCH", 1)
    monkeypatch.setattr(actions, "AT_ONCE", 0)
    async with House.open(NOW) as house:
        await prepared(house)
        taken = await act(house, "pause", {}, status=202)
        scopes = ["schedules:read", "schedules:write"]
        key = (await ask(house, "POST", "/keys", {"name": "k", "scopes": scopes, **restriction}, 201))["key"]
        async with client_of(house.api, key) as client:
            assert (await client.post(f"{BASE}/actions/{taken['id']}/cancel")).status_code == status
            if status == 403:  # its own it may end
                body = {"action": "pause", "filter": {}}
                own = (await client.post(f"{BASE}/schedules/actions", json=body)).json()
                assert (await client.post(f"{BASE}/actions/{own['id']}/cancel")).status_code == 200


async def test_an_action_whose_key_is_revoked_goes_no_further(monkeypatch):
    monkeypatch.setattr(actions, "BATCH", 1)
    monkeypatch.setattr(actions, "AT_ONCE", 1)
    async with House.open(NOW) as house:
        await prepared(house)
        await another(house, name="a")
        made = await ask(house, "POST", "/keys", {"name": "k", "scopes": ["schedules:write"]}, 201)
        async with client_of(house.api, made["key"]) as client:
            answer = await client.post(f"{BASE}/schedules/actions", json={"action": "pause", "filter": {}})
        await ask(house, "DELETE", f"/keys/{made['id']}")
        while await house.services.actions.step():
            pass
        ended = await ask(house, "GET", f"/actions/{answer.json()['id']}")
        assert (ended["state"], ended["changed"]) == ("failed", 1)
        assert "revoked" in ended["error"]


async def test_an_action_goes_no_further_once_its_key_has_expired(monkeypatch):
    monkeypatch.setattr(actions, "BATCH", 1)
    monkeypatch.setattr(actions, "AT_ONCE", 1)
    async with House.open(NOW) as house:
        await prepared(house)
        await another(house, name="a")
        own = {"name": "k", "scopes": ["schedules:write"], "expires_at": "2026-03-01T12:01:00Z"}
        made = await ask(house, "POST", "/keys", own, 201)
        async with client_of(house.api, made["key"]) as client:
            answer = await client.post(f"{BASE}/schedules/actions", json={"action": "pause", "filter": {}})
        house.clock.now += 60_000
        while await house.services.actions.step():
            pass
        ended = await ask(house, "GET", f"/actions/{answer.json()['id']}")
        assert (ended["state"], ended["changed"]) == ("failed", 1)
        assert "expired" in ended["error"]


async def test_an_action_does_nothing_more_in_a_workspace_that_is_deleted(monkeypatch):
    monkeypatch.setattr(actions, "BATCH", 1)
    monkeypatch.setattr(actions, "AT_ONCE", 1)
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        target = {"kind": "function", "name": "T", "executor": {"type": "echo"}}
        await other.client.put(f"{BASE}/targets/by-key/t", json=target)
        for name in ("a", "b", "c"):
            schedule = {"name": name, "recurrence": "0 9 * * *", "target": "t"}
            assert (await other.client.post(f"{BASE}/schedules", json=schedule)).status_code == 201
        taken = await other.client.post(f"{BASE}/schedules/actions", json={"action": "delete", "filter": {}})
        path = f"/workspaces/{prefixed('ws', other.workspace_id)}"
        await house.client.delete(f"{BASE}{path}?days=7")
        while await house.services.actions.step():
            pass
        await ask(house, "POST", f"{path}/undelete")
        assert len((await other.client.get(f"{BASE}/schedules")).json()["items"]) == 2
        ended = (await other.client.get(f"{BASE}/actions/{taken.json()['id']}")).json()
        assert (ended["state"], ended["changed"]) == ("failed", 1)
        assert "deleted" in ended["error"]


async def test_a_schedule_is_given_no_more_labels_by_an_action_than_it_may_have():
    async with House.open(NOW) as house:
        await prepared(house)
        for first in (0, 20):
            labels = {f"x{number}": "1" for number in range(first, first + 20)}
            assert (await act(house, "relabel", {}, labels=labels))["changed"] == 1
        labels = {f"x{number}": "1" for number in range(40, 51)}
        done = await act(house, "relabel", {}, labels=labels)
        assert (done["changed"], done["refused"]) == (0, 1)
        assert "51 labels; at most 50" in done["problems"][0]["error"]
        labels = labels | {"x0": None}
        assert (await act(house, "relabel", {}, labels=labels))["changed"] == 1
        (made,) = (await ask(house, "GET", "/schedules"))["items"]
        assert len(made["labels"]) == 50
        shown = await ask(house, "GET", f"/schedules/{made['id']}")
        await ask(house, "PUT", f"/schedules/{made['id']}", shown)


async def test_schedules_are_paused_until_an_instant_and_catch_up_as_the_action_says():
    async with House.open(NOW) as house:
        _, made = await prepared(house)
        path = f"/schedules/{made['id']}"
        until = "2026-03-04T12:00:00Z"
        await act(house, "pause", {}, until=until, catch_up="latest", note="stock-taking")
        paused = await ask(house, "GET", path)
        assert (paused["state"], paused["paused_until"][:19]) == ("paused", until[:19])
        await house.move(until)
        await house.services.pauses.resume_due()
        await house.move("2026-03-04T12:00:01Z")
        fires = (await ask(house, "GET", f"{path}/fires"))["items"]
        assert [fire["slot_at"][:10] for fire in fires] == ["2026-03-04"]
        await act(house, "pause", {})
        await house.move("2026-03-06T12:00:00Z")
        await act(house, "resume", {}, catch_up="latest")
        await house.move("2026-03-06T12:00:01Z")
        fires = (await ask(house, "GET", f"{path}/fires"))["items"]
        assert [fire["slot_at"][:10] for fire in fires] == ["2026-03-06", "2026-03-04"]


async def test_an_action_takes_away_the_end_of_pauses_by_null_and_leaves_their_notes():
    async with House.open(NOW) as house:
        _, made = await prepared(house)
        await act(house, "pause", {}, until="2026-03-04T12:00:00Z", note="stock-taking")
        await act(house, "pause", {}, until=None)
        paused = await ask(house, "GET", f"/schedules/{made['id']}")
        assert (paused["state"], paused["paused_until"], paused["note"]) == ("paused", None, "stock-taking")


async def test_a_pause_by_an_action_is_judged_as_a_single_one():
    async with House.open(NOW) as house:
        await prepared(house)
        path, body = "/schedules/actions", {"action": "pause", "filter": {}}
        assert await fields(house, "POST", path, body | {"until": NOW}) == {"until"}
        assert await fields(house, "POST", path, body | {"catch_up": "some"}) == {"catch_up"}
        for name, value in (("until", "2026-03-04T12:00:00Z"), ("catch_up", "all")):
            fire = {"action": "fire", "filter": {}, name: value}
            assert await fields(house, "POST", path, fire) == {name}


async def test_a_filter_of_an_action_is_judged_as_a_filter_of_a_list():
    async with House.open(NOW) as house:
        await prepared(house)
        for value in ("m9", ""):
            body = {"action": "pause", "filter": {"dialect": value}, "dry_run": True}
            assert await fields(house, "POST", "/schedules/actions", body) == {"filter.dialect"}
        trial = await act(house, "pause", {"dialect": "native"}, dry_run=True)
        assert trial["matched"] == len((await ask(house, "GET", "/schedules?dialect=native"))["items"]) == 1
        for wanted in ({"schedule": "nonsense"}, {"schedule": "sch_x", "schedule_key": "mine"}):
            body = {"action": "cancel", "filter": wanted}
            assert await fields(house, "POST", "/runs/actions", body) == {
                f"filter.{[*wanted][-1]}", *(["filter.schedule"] if len(wanted) > 1 else [])
            }  # fmt: skip


async def test_what_an_action_on_runs_would_be_done_to_can_be_listed_by_the_same_filter():
    async with House.open(NOW) as house:
        await prepared(house)
        mine = await another(house, name="mine", key="customer-7/digest")
        for schedule in (mine, await another(house, name="other", key="other")):
            await ask(house, "POST", f"/schedules/{schedule['id']}/fire-now", status=201)
        house.clock.now += 1
        for wanted, query, count in (
            ({}, "state=open", 2),
            ({"schedule_key": "customer-7/digest"}, "state=open&schedule_key=customer-7/digest", 1),
            ({"schedule": mine["id"]}, f"state=open&schedule={mine['id']}", 1),
            ({"schedule_key": "nobody"}, "state=open&schedule_key=nobody", 0),
        ):
            trial = await act(house, "cancel", wanted, of="runs", dry_run=True)
            listed = await ask(house, "GET", f"/runs?{query}&total=true")
            assert trial["matched"] == len(listed["items"]) == listed["total"]["count"] == count, wanted
        both = f"/runs?schedule={mine['id']}&schedule_key=x"
        assert await fields(house, "GET", both, None) == {"schedule_key"}
        for path in ("/fires", "/ledger"):
            found = await ask(house, "GET", f"{path}?schedule_key=customer-7/digest")
            assert {one["schedule"] for one in found["items"]} <= {mine["id"]}


async def test_runs_are_cancelled_by_the_id_that_their_schedule_has_in_its_dialect(receiver):
    async with House.open(NOW) as house:
        speaker = await Trustpager.open(house, house.first, receiver)
        await speaker.create()
        made = speaker.schedule
        found = (await ask(house, "GET", "/schedules?dialect=trustpager"))["items"]
        assert [one["dialect_id"] for one in found] == [made]
        trial = await act(house, "cancel", {"schedule": made}, of="runs", dry_run=True)
        assert trial["matched"] == 0
        await ask(house, "POST", f"/schedules/{made}/fire-now", status=201)
        await house.resolve()
        house.clock.now += 1
        assert (await act(house, "cancel", {"schedule": made}, of="runs"))["changed"] == 1


async def test_what_is_wrong_with_an_action_is_told():
    async with House.open(NOW) as house:
        await prepared(house)
        path = "/schedules/actions"
        assert await fields(house, "POST", path, {"action": "pause"}) == {"filter"}
        assert await fields(house, "POST", path, {"action": "stop", "filter": {"label": "x"}}) == {
            "action", "filter.label",
        }  # fmt: skip
        assert await fields(house, "POST", path, {"action": "relabel", "filter": {}}) == {"labels"}
        assert await fields(house, "POST", path, {"action": "retarget", "filter": {}, "target": "x"}) == {
            "target"
        }
        assert await fields(house, "POST", path, {"action": "fire", "filter": {"target": "x"}}) == {
            "filter.target"
        }
        for name, value, wrong in (
            ("note", "", "fire"), ("note", "x", "resume"), ("until", "2026-04-01T00:00:00Z", "resume"),
            ("catch_up", "all", "fire"), ("labels", {}, "pause"), ("target", "t", "delete"),
        ):  # fmt: skip
            body = {"action": wrong, "filter": {}, name: value}
            assert await fields(house, "POST", path, body) == {name}, body
        other = await house.workspace("other")
        taken = await act(house, "pause", {})
        answer = await other.client.get(f"{BASE}/actions/{taken['id']}")
        assert answer.status_code == 404


async def test_a_workspace_has_some_actions_under_way_and_no_more(monkeypatch):
    monkeypatch.setattr(actions, "AT_ONCE", 0)
    async with House.open(NOW) as house:
        await prepared(house)
        for _ in range(10):
            await act(house, "pause", {}, status=202)
        await act(house, "pause", {}, status=409)


async def test_schedules_are_given_another_target():
    async with House.open(NOW) as house:
        await prepared(house)
        new = {"kind": "function", "name": "N", "key": "n", "executor": {"type": "told"},
               "input_schema": {"type": "object"}}  # fmt: skip
        await ask(house, "POST", "/targets", new, 201)
        await another(house, name="fits", input={"a": 1})
        done = await act(house, "retarget", {"target": "t"}, target="n")
        assert (done["changed"], done["refused"]) == (1, 1)
        assert len((await ask(house, "GET", "/schedules?target=n"))["items"]) == 1


async def test_schedules_are_not_given_a_target_without_a_grant_on_it():
    async with House.open(NOW) as house:
        await prepared(house)
        await ask(
            house,
            "POST",
            "/targets",
            {"kind": "function", "name": "N", "key": "n", "executor": {"type": "told"}},
            201,
        )
        person = await ask(house, "POST", "/principals", {"name": "p", "grants": ["t"]}, 201)
        body = {"name": "k", "scopes": ["schedules:write"], "principal": person["id"]}
        key = (await ask(house, "POST", "/keys", body, 201))["key"]
        async with client_of(house.api, key) as client:
            for target, status in (("n", 403), ("t", 200)):
                body = {"action": "retarget", "filter": {"target": "t"}, "target": target}
                answer = await client.post(f"{BASE}/schedules/actions", json=body)
                assert answer.status_code == status, answer.text


async def test_a_key_for_some_targets_ends_no_run_of_another_by_an_action():
    async with House.open(NOW) as house:
        await prepared(house)
        mine = {"kind": "function", "name": "M", "key": "m", "executor": {"type": "told"}}
        await ask(house, "POST", "/targets", mine, 201)
        schedules = {one: (await another(house, name=one, target=one))["id"] for one in ("t", "m")}
        for schedule in schedules.values():
            await ask(house, "POST", f"/schedules/{schedule}/fire-now", status=201)
        house.clock.now += 1
        own = {"name": "k", "scopes": ["runs:write", "runs:read"], "targets": ["m"]}
        key = (await ask(house, "POST", "/keys", own, 201))["key"]
        async with client_of(house.api, key) as client:
            body = {"action": "cancel", "filter": {"state": "open"}}
            done = (await client.post(f"{BASE}/runs/actions", json=body)).json()
        assert (done["changed"], done["refused"]) == (1, 1)
        found = (await ask(house, "GET", "/runs"))["items"]
        assert {run["schedule"]: run["state"] for run in found} == {
            schedules["t"]: "pending", schedules["m"]: "cancelled",
        }  # fmt: skip


# Of which schedules and runs an action makes something, by its kind.
STATE = {ActionKind.RESUME: "paused", ActionKind.CANCEL: "open", ActionKind.RETRY: "failed"}
# Stopping, deleting, relabelling and cancelling need no grant.
NEED_NO_GRANT = {ActionKind.PAUSE, ActionKind.DELETE, ActionKind.RELABEL, ActionKind.CANCEL}


@pytest.mark.parametrize("kind", ActionKind)
@pytest.mark.parametrize("lacks", ["a grant", "the target", "the label"])
async def test_no_action_does_what_its_key_may_not_do_to_a_single_thing(kind, lacks):
    """It is taken as by a route that has looked at nothing but its scope."""
    async with House.open(NOW) as house:
        executor, _ = await prepared(house)
        new = await house.target("function", executor="told", config={}, key="n")
        executor.answer = Outcome(Verdict.FAILED, error="no", retryable=False)
        schedule = await another(house, name="a", labels={"team": "a"})
        await house.move("2026-03-02T09:00:00Z")
        await ask(house, "POST", f"/schedules/{schedule['id']}/fire-now", status=201)
        if kind is ActionKind.RESUME:
            await ask(house, "POST", f"/schedules/{schedule['id']}/pause")
        house.clock.now += 1
        body = {"name": "k", "scopes": ["schedules:write", "schedules:delete", "runs:write"]}
        if lacks == "a grant":
            body["principal"] = (await ask(house, "POST", "/principals", {"name": "p"}, 201))["id"]
        else:
            body |= {"targets": ["n"]} if lacks == "the target" else {"labels": {"team": "b"}}
        key = (await ask(house, "POST", "/keys", body, 201))["key"]
        wanted = {"state": STATE[kind]} if kind in STATE else {"labels": (("team", "a"),)}
        given = {ActionKind.RELABEL: {"labels": {"team": "b"}}, ActionKind.RETARGET: {"target_id": new.id}}
        who = await house.services.identities.resolve(key)
        done = await house.services.actions.take(who, kind, wanted, given.get(kind, {}))
        assert done.changed + done.refused > 0
        if lacks == "a grant" and kind in NEED_NO_GRANT:
            assert done.refused == 0, done
        else:
            assert done.changed == 0, done


async def test_of_what_an_action_could_not_do_the_first_are_told(monkeypatch):
    """However many batches it takes, and however many more are refused."""
    monkeypatch.setattr(actions, "BATCH", 1)
    monkeypatch.setattr(actions, "MOST_PROBLEMS", 2)
    async with House.open(NOW) as house:
        await prepared(house)
        made = [
            await another(house, name=f"once {number}", recurrence={"once": "2026-03-01T13:00:00Z"})
            for number in range(4)
        ]
        await house.move("2026-03-01T13:00:00Z")
        done = await act(house, "pause", {"state": "completed"})
        assert done["refused"] == 4
        assert [one["id"] for one in done["problems"]] == [one["id"] for one in made[:2]]


@pytest.mark.parametrize(("seconds", "matched", "exact"), [(60, 5, True), (-1, 2, False)])
async def test_what_an_action_would_be_done_to_is_counted_for_some_time_and_no_longer(
    monkeypatch, seconds, matched, exact
):
    monkeypatch.setattr(actions, "_COUNTED_TOGETHER", 2)
    async with House.open(NOW) as house:
        await prepared(house)
        for number in range(4):
            await another(house, name=str(number))
        trial = await house.services.actions.try_out(await house.who(), ActionKind.PAUSE, {}, seconds)
        assert (trial.matched, trial.exact, len(trial.schedules)) == (matched, exact, matched)


@pytest.mark.parametrize(("most", "matched", "exact"), [(4, 4, False), (5, 5, True), (6, 5, True)])
async def test_of_what_an_action_would_be_done_to_so_many_are_counted_and_the_first_are_shown(
    monkeypatch, most, matched, exact
):
    monkeypatch.setattr(actions, "MOST_COUNTED", most)
    monkeypatch.setattr(actions, "SAMPLE", 2)
    async with House.open(NOW) as house:
        await prepared(house)
        for number in range(4):
            await another(house, name=str(number))
        trial = await act(house, "pause", {}, dry_run=True)
        assert (trial["matched"], trial["exact"], len(trial["schedules"])) == (matched, exact, 2)


@pytest.mark.parametrize("refused", ["s", "0", "1", "3"])
async def test_one_thing_that_the_store_refuses_leaves_the_others_of_its_batch_done(monkeypatch, refused):
    """Its batch is undone, and the things of it are done one by one: so no other is passed over with it."""
    async with House.open(NOW) as house:
        await prepared(house)
        for number in range(4):
            await another(house, name=str(number))
        real = actions.change_schedule

        async def refuses_one(tx, workspace_id, schedule_id, change, *given, **more):
            changed = await real(tx, workspace_id, schedule_id, change, *given, **more)
            if changed.name == refused:
                raise Duplicate("schedules")
            return changed

        monkeypatch.setattr(actions, "change_schedule", refuses_one)
        done = await act(house, "pause", {})
        assert (done["state"], done["changed"], done["refused"]) == ("done", 4, 1)
        found = await states(house)
        assert {name for name, state in found.items() if state == "active"} == {refused}


async def test_an_action_whose_database_is_away_goes_on_later_and_passes_nothing_over(monkeypatch):
    monkeypatch.setattr(actions, "AT_ONCE", 0)
    async with House.open(NOW) as house:
        await prepared(house)
        await another(house, name="a")
        taken = await act(house, "pause", {}, 202)
        troubles = iter([Unavailable("away")])
        real = house.store.write

        async def write(verb, *given):
            for trouble in troubles:
                raise trouble
            return await real(verb, *given)

        monkeypatch.setattr(house.store, "write", write)
        with pytest.raises(Unavailable):
            await house.services.actions.step()
        assert not await house.services.actions.step()
        done = await ask(house, "GET", f"/actions/{taken['id']}")
        assert (done["state"], done["changed"], done["refused"], done["problems"]) == ("done", 2, 0, [])


async def test_actions_take_turns_also_within_a_millisecond(monkeypatch):
    monkeypatch.setattr(actions, "BATCH", 1)
    monkeypatch.setattr(actions, "AT_ONCE", 1)
    async with House.open(NOW) as house:
        await prepared(house)
        for number in range(6):
            await another(house, name=str(number), labels={"half": "a" if number % 2 else "b"})
        taken = [(await act(house, "pause", {"labels": {"half": half}}, 202))["id"] for half in ("a", "b")]
        for done in ([2, 1], [2, 2], [3, 2], [3, 3]):
            await house.services.actions.step()
            found = [await ask(house, "GET", f"/actions/{each}") for each in taken]
            assert sorted((one["changed"] for one in found), reverse=True) == done


async def test_an_action_that_may_not_go_on_leaves_the_turn_to_the_next_one(monkeypatch):
    monkeypatch.setattr(actions, "BATCH", 1)
    monkeypatch.setattr(actions, "AT_ONCE", 1)
    async with House.open(NOW) as house:
        await prepared(house)
        await another(house, name="a")
        made = await ask(house, "POST", "/keys", {"name": "k", "scopes": ["schedules:write"]}, 201)
        async with client_of(house.api, made["key"]) as client:
            await client.post(f"{BASE}/schedules/actions", json={"action": "pause", "filter": {}})
        waiting = await act(house, "resume", {}, 202)
        await ask(house, "DELETE", f"/keys/{made['id']}")
        more = []
        while not more or more[-1]:
            more.append(await house.services.actions.step())
        assert (await ask(house, "GET", f"/actions/{waiting['id']}"))["state"] == "done"
        assert more[0] is True


async def test_a_schedule_that_has_more_labels_than_it_may_be_given_keeps_as_many(monkeypatch):
    async with House.open(NOW) as house:
        await prepared(house)
        await act(house, "relabel", {}, labels={f"x{number}": "1" for number in range(20)})
        monkeypatch.setattr(actions, "MOST_LABELS", 10)  # another API has let it have them
        assert (await act(house, "relabel", {}, labels={"x0": "2"}))["changed"] == 1
        assert (await act(house, "relabel", {}, labels={"x0": None, "y": "1"}))["changed"] == 1
        assert (await act(house, "relabel", {}, labels={"z": "1"}))["refused"] == 1
        (made,) = (await ask(house, "GET", "/schedules"))["items"]
        assert len(made["labels"]) == 20
