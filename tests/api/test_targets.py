"""The life of a target over the project's own API."""

import json

import pytest

from horarium.api import show
from horarium.api.fields import instant_text
from horarium.domain.ids import from_prefixed
from horarium.domain.lane_report import LaneReport, LaneState
from horarium.domain.waiting import WaitCause
from horarium.store.verbs.lanes import report_lanes
from tests.api.asking import BASE, HOOK, NOW, ask, fields, scheduled
from tests.support.house import House, instant

NIGHTLY = {"kind": "workflow", "key": "nightly", "name": "Nightly", "executor": HOOK}


async def test_a_target_answers_with_id_key_and_number():
    async with House.open(NOW) as house:
        made = await ask(house, "POST", "/targets", NIGHTLY, 201)
        assert made["id"].startswith("tgt_")
        assert (made["key"], made["number"], made["version"], made["enabled"]) == ("nightly", 1, 1, True)
        for reference in (made["id"], "nightly", "1"):
            assert (await ask(house, "GET", f"/targets/{reference}"))["id"] == made["id"]


async def test_numbers_are_unique_on_the_server_and_belong_to_a_workspace():
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        theirs = await house.target("tool", tenant=other)
        mine = await ask(house, "POST", "/targets", NIGHTLY, 201)
        assert mine["number"] == theirs.number + 1
        await ask(house, "GET", f"/targets/{theirs.number}", status=404)


async def test_secrets_are_kept_shown_never_and_sent_back_as_stars():
    async with House.open(NOW) as house:
        executor = HOOK | {"headers": {"Authorization": "Bearer swordfish"}, "secrets": {"TOKEN": "mellon"}}
        made = await ask(house, "POST", "/targets", NIGHTLY | {"executor": executor}, 201)
        assert "swordfish" not in str(made)
        assert made["signing_secret"].startswith("whsec_")
        shown = await ask(house, "GET", "/targets/nightly")
        assert "signing_secret" not in shown
        assert "mellon" not in "".join(house.store.connection.iterdump())
        changed = await ask(house, "PUT", "/targets/nightly", shown | {"name": "New"})
        target = await house.services.targets.get(await house.who(), "nightly")
        secrets = house.services.targets.secrets_of(target)
        assert secrets["headers.Authorization"] == "Bearer swordfish"
        assert secrets["signing_secret"] == made["signing_secret"]
        assert (changed["name"], changed["version"]) == ("New", 2)


SECRET_HOOK = HOOK | {
    "headers": {"Authorization": "Bearer swordfish"},
    "secrets": {"TOKEN": "mellon-1"},
    "body": {"t": "{{ secrets.TOKEN }}"},
}


@pytest.mark.parametrize(
    "url", ["https://evil.example/hook", "http://example.com/hook", "https://example.com:8443/"]
)
async def test_stored_secrets_do_not_follow_a_target_to_another_place(url: str):
    async with House.open(NOW) as house:
        await ask(house, "POST", "/targets", NIGHTLY | {"executor": SECRET_HOOK}, 201)
        shown = await ask(house, "GET", "/targets/nightly")
        asked_again = {"executor.headers.Authorization", "executor.secrets.TOKEN"}
        assert await fields(house, "PATCH", "/targets/nightly", {"executor": {"url": url}}) == asked_again
        moved = shown | {"executor": shown["executor"] | {"url": url}}
        assert await fields(house, "PUT", "/targets/nightly", moved) == asked_again
        by_key = {name: moved[name] for name in ("kind", "name", "executor")}
        assert await fields(house, "PUT", "/targets/by-key/nightly", by_key) == asked_again
        given = {"url": url, "headers": {"Authorization": "Bearer new"}, "secrets": {"TOKEN": "new-1"}}
        await ask(house, "PATCH", "/targets/nightly", {"executor": given})
        target = await house.services.targets.get(await house.who(), "nightly")
        secrets = house.services.targets.secrets_of(target)
        assert (secrets["headers.Authorization"], secrets["secrets.TOKEN"]) == ("Bearer new", "new-1")


async def test_stored_secrets_do_not_follow_a_target_to_another_executor():
    async with House.open(NOW) as house:
        await ask(house, "POST", "/targets", NIGHTLY | {"executor": SECRET_HOOK}, 201)
        executor = {
            "type": "llm",
            "base_url": "https://example.com",
            "model": "m",
            "secrets": {"TOKEN": "***"},
        }
        refused = await fields(house, "PATCH", "/targets/nightly", {"executor": executor})
        assert "executor.secrets.TOKEN" in refused


async def test_what_changes_nothing_makes_no_version():
    async with House.open(NOW) as house:
        await ask(house, "POST", "/targets", NIGHTLY, 201)
        shown = await ask(house, "GET", "/targets/nightly")
        del shown["lane"]  # how its runs stand is told where one target is asked for
        assert await ask(house, "PUT", "/targets/nightly", shown) == shown


async def test_a_patch_reaches_into_the_executor():
    async with House.open(NOW) as house:
        await ask(house, "POST", "/targets", NIGHTLY | {"max_concurrency": 3}, 201)
        patch = {"executor": {"url": "https://example.com/new"}, "max_concurrency": None, "name": None}
        changed = await ask(house, "PATCH", "/targets/nightly", patch)
        assert changed["executor"]["url"] == "https://example.com/new"
        assert (changed["executor"]["type"], changed["max_concurrency"]) == ("http", None)
        assert changed["name"] == "Nightly"


async def test_put_by_key_makes_and_then_replaces():
    async with House.open(NOW) as house:
        body = {"kind": "tool", "name": "One", "executor": HOOK}
        made = await ask(house, "PUT", "/targets/by-key/a%2Fb", body, 201)
        again = await ask(house, "PUT", "/targets/by-key/a%2Fb", body | {"name": "Two"})
        assert (again["id"], again["key"], again["name"]) == (made["id"], "a/b", "Two")


async def test_a_signing_secret_is_replaced_while_the_old_one_still_signs():
    async with House.open(NOW) as house:
        made = await ask(house, "POST", "/targets", NIGHTLY, 201)
        new = await ask(house, "POST", "/targets/nightly/rotate-secret")
        target = await house.services.targets.get(await house.who(), "nightly")
        kept = house.services.targets.secrets_of(target)["signing_secret"]
        assert kept[0] == new["signing_secret"]
        assert kept[1].startswith(f"{made['signing_secret']};until=")
        last = await ask(house, "POST", "/targets/nightly/rotate-secret", {"keep_previous": False})
        target = await house.services.targets.get(await house.who(), "nightly")
        assert house.services.targets.secrets_of(target)["signing_secret"] == [last["signing_secret"]]


async def test_the_end_of_an_old_signing_secret_is_chosen_and_bounded():
    async with House.open(NOW) as house:
        await ask(house, "POST", "/targets", NIGHTLY, 201)
        await ask(house, "POST", "/targets/nightly/rotate-secret", {"overlap": "1h"})
        target = await house.services.targets.get(await house.who(), "nightly")
        kept = house.services.targets.secrets_of(target)["signing_secret"]
        assert instant(kept[1].partition(";until=")[2]) == house.clock.now + 3_600_000
        await ask(house, "POST", "/targets/nightly/rotate-secret", {"overlap": "31d"}, 400)


async def test_receivers_of_ed25519_signatures_get_a_public_key_and_the_private_one_never_leaves():
    async with House.open(NOW) as house:
        await ask(house, "POST", "/targets", NIGHTLY, 201)
        made = await ask(house, "POST", "/targets/nightly/rotate-secret", {"algorithm": "ed25519"})
        assert made["verification_key"].startswith("whpk_")
        assert "signing_secret" not in made
        shown = await ask(house, "GET", "/targets/nightly")
        assert shown["executor"]["verification_keys"] == [made["verification_key"]]
        assert "whsk_" not in json.dumps([made, shown])
        # What is read can be sent back, and a key that somebody writes there is not taken over.
        body = {"executor": {**shown["executor"], "verification_keys": ["whpk_forged"]}}
        changed = await ask(house, "PATCH", "/targets/nightly", body)
        assert changed["executor"]["verification_keys"] == [made["verification_key"]]
        await ask(house, "POST", "/targets/nightly/rotate-secret", {"keep_previous": False})
        assert "verification_keys" not in (await ask(house, "GET", "/targets/nightly"))["executor"]


async def test_a_target_that_schedules_need_is_not_deleted():
    async with House.open(NOW) as house:
        made = await scheduled(house, name="The report")
        refused = await ask(house, "DELETE", "/targets/t", status=409)
        assert "The report" in refused["detail"]
        await ask(house, "DELETE", f"/schedules/{made['id']}", status=204)
        await ask(house, "DELETE", "/targets/t", status=204)
        await ask(house, "GET", "/targets/t", status=404)


async def test_a_deleted_target_is_not_scheduled_any_more():
    async with House.open(NOW) as house:
        made = await scheduled(house)
        await ask(house, "DELETE", f"/schedules/{made['id']}", status=204)
        await ask(house, "DELETE", "/targets/t", status=204)
        body = {"name": "s", "recurrence": "@daily", "target": "t"}
        assert await fields(house, "POST", "/schedules", body) == {"target"}


async def test_targets_are_switched_off_and_on():
    async with House.open(NOW) as house:
        await ask(house, "POST", "/targets", NIGHTLY, 201)
        off = await ask(house, "POST", "/targets/nightly/disable")
        assert (off["enabled"], off["disabled_reason"]) == (False, "disabled by request")
        on = await ask(house, "POST", "/targets/nightly/enable")
        assert (on["enabled"], on["disabled_reason"]) == (True, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "robot"}, "kind"),
        ({"name": ""}, "name"),
        ({"key": "12"}, "key"),
        ({"key": "tgt_1"}, "key"),
        ({"executor": {}}, "executor.type"),
        ({"executor": {"type": "pigeon"}}, "executor.type"),
        ({"executor": {"type": "http"}}, "executor.url"),
        ({"executor": {"type": "http", "url": "http://10.0.0.1/"}}, "executor.url"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": "2d"}, "timeout"),
        ({"deadline": "31d"}, "deadline"),
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"rate_per_second": -1}, "rate_per_second"),
        ({"input_schema": {"type": "x"}}, "input_schema.type"),
        ({"completion": "later"}, "completion"),
    ],
)
async def test_a_bad_field_is_named(change, field):
    async with House.open(NOW) as house:
        assert field in await fields(house, "POST", "/targets", NIGHTLY | change)
        assert (await ask(house, "GET", "/targets"))["items"] == []


async def test_targets_are_listed_by_kind_and_search_in_pages():
    async with House.open(NOW) as house:
        for kind in ("tool", "agent", "tool"):
            await house.target(kind)
        assert len((await ask(house, "GET", "/targets?kind=tool&search=TOO"))["items"]) == 2
        first = await ask(house, "GET", "/targets?limit=2")
        rest = await ask(house, "GET", f"/targets?limit=2&cursor={first['next_cursor']}")
        assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)


async def test_a_version_passed_is_a_conflict():
    async with House.open(NOW) as house:
        await ask(house, "POST", "/targets", NIGHTLY, 201)
        await ask(house, "PATCH", "/targets/nightly", {"name": "B", "version": 1})
        assert await fields(house, "PATCH", "/targets/nightly", {"name": "C", "version": 1}, 409) == {
            "version"
        }
        answer = await house.client.delete(f"{BASE}/targets/nightly", headers={"If-Match": '"1"'})
        assert answer.status_code == 409
        for verb in ("disable", "enable"):
            path = f"{BASE}/targets/nightly/{verb}"
            assert (await house.client.post(path, headers={"If-Match": '"1"'})).status_code == 409, verb


async def test_a_target_is_shown_with_how_its_runs_stand():
    async with House.open(NOW) as house:
        made = await ask(house, "POST", "/targets", NIGHTLY, 201)
        plain = (await ask(house, "GET", f"/targets/{made['id']}"))["lane"]
        assert (plain["waiting"], plain["under_way"], plain["throttled"]) == (0, 0, None)
        now = house.clock.now
        report = LaneReport(6, 5, 5, 12, now - 9_000, 20_000, 30_000, WaitCause.CIRCUIT, now - 8_000)
        target = from_prefixed("tgt", made["id"])
        await house.services.store.urgent(report_lanes, house.worker._node, now, {target: report})
        lane = (await ask(house, "GET", f"/targets/{made['id']}"))["lane"]
        assert (lane["limit"], lane["under_way"], lane["parked"]) == (6, 5, 5)
        assert (lane["p50"], lane["p99"]) == (20, 30)
        assert lane["throttled"] == {
            "why": "circuit",
            "since": instant_text(now - 8_000),
            "in_words": "its target has not answered for a while and is only probed",
        }


@pytest.mark.parametrize(("in_queue", "in_workers", "shown"), [(2, 5, 5), (5, 2, 5), (3, 3, 3)])
def test_as_many_runs_of_a_lane_are_under_way_as_either_the_queue_or_its_workers_know_of(
    in_queue, in_workers, shown
):
    report = LaneReport(9, in_workers, 0, 0)
    assert show.lane(LaneState(1, in_queue, None, report))["under_way"] == shown


async def test_a_target_is_sent_back_as_it_is_now_and_not_as_it_was_remembered(monkeypatch):
    async with House.open(NOW) as house:
        made = await ask(house, "POST", "/targets", NIGHTLY, 201)
        await scheduled(house, target="nightly")  # from now on it is remembered
        with monkeypatch.context() as elsewhere:  # another node switches it off
            elsewhere.setattr(type(house.services.targets), "forget", lambda self: None)
            await ask(house, "POST", f"/targets/{made['id']}/disable")
        for method, path in (("PUT", "nightly"), ("PATCH", "nightly"), ("PUT", "by-key/nightly")):
            stored = await ask(house, "GET", "/targets/nightly")
            assert stored["disabled_reason"] == "disabled by request"
            with monkeypatch.context() as elsewhere:
                elsewhere.setattr(type(house.services.targets), "forget", lambda self: None)
                assert (await ask(house, method, f"/targets/{path}", stored))["version"] == stored["version"]
