"""A rule about a value holds in every use case that takes it, and not only in the one that is used most."""

from dataclasses import replace

import pytest

from horarium.domain.errors import Conflict, Forbidden, Invalid
from horarium.domain.events import EventFilter
from horarium.domain.ids import from_prefixed, random_id
from horarium.domain.json_text import DEEPEST_PART
from horarium.domain.restrictions import Restriction
from horarium.domain.schedule import CatchUp
from horarium.domain.target import TargetKind
from horarium.service.schedules import retargeting
from horarium.service.targets import TargetDraft
from tests.api.asking import ask, scheduled
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
HOUR = 3_600_000
URL = "https://example.com/hook"
BAD_NAME = "a\nb"
# What is wrong with a workspace, and the field that is named.
OF_WORKSPACES = (
    ({"name": BAD_NAME}, "name"),
    ({"settings": {"colour": "red"}}, "settings.colour"),
    ({"quotas": {"nothing": 1}}, "quotas.nothing"),
    ({"weight": 0.0}, "weight"),
    ({"allowed_hosts": [""]}, "allowed_hosts"),
)


def named(refused):
    return {problem.field for problem in refused.value.problems}


def nested(levels):
    value = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(("given", "field"), OF_WORKSPACES)
async def test_a_workspace_is_judged_when_it_is_made_and_when_it_is_changed(given, field):
    async with House.open(NOW) as house:
        who, tenancy = await house.who(), house.services.tenancy
        with pytest.raises(Invalid) as refused:
            await tenancy.create_workspace(who, **{"name": "new", **given})
        assert any(found.startswith(field) for found in named(refused))
        with pytest.raises(Invalid) as refused:
            await tenancy.update_workspace(who, who.workspace_id, **given)
        assert any(found.startswith(field) for found in named(refused))


async def test_a_name_with_a_line_break_is_refused_wherever_something_is_named():
    async with House.open(NOW) as house:
        who, services = await house.who(), house.services
        hook = (await services.webhooks.create(who, URL, "hook", EventFilter())).webhook
        target = await house.target("tool", executor="echo", config={})
        draft = TargetDraft(TargetKind.TOOL, BAD_NAME, "echo", {})
        for asking in (
            services.tenancy.create_key(who, BAD_NAME, ["runs:read"]),
            services.tenancy.create_principal(who, BAD_NAME),
            services.webhooks.create(who, URL, BAD_NAME, EventFilter()),
            services.webhooks.change(who, hook.id, lambda before: replace(before, name=BAD_NAME)),
            services.targets.create(who, draft),
            services.targets.replace(who, target.id, draft),
        ):  # fmt: skip
            with pytest.raises(Invalid) as refused:
                await asking
            assert named(refused) == {"name"}


async def test_a_target_that_there_is_not_is_named_by_no_grant_and_no_key():
    async with House.open(NOW) as house:
        who, tenancy = await house.who(), house.services.tenancy
        other = await house.workspace("other")
        foreign = await house.target("tool", tenant=other, executor="echo", config={})
        principal = await tenancy.create_principal(who, "p")
        for target in (foreign.id, random_id(house.clock.now)):
            for asking in (
                tenancy.create_principal(who, "q", granted=[target]),
                tenancy.add_grants(who, principal.id, [target]),
                tenancy.create_key(who, "k", ["runs:read"], restriction=Restriction(targets=(target,))),
            ):
                with pytest.raises(Invalid):
                    await asking


@pytest.mark.parametrize("part", ["extra", "config", "input_schema"])
async def test_what_is_nested_too_deeply_is_kept_with_no_target(part):
    async with House.open(NOW) as house:
        given = {"config": {}, part: nested(DEEPEST_PART + 1)}
        with pytest.raises(Invalid) as refused:
            await house.services.targets.create(
                await house.who(), TargetDraft(TargetKind.TOOL, "T", "echo", **given)
            )
        assert {"config": "executor"}.get(part, part) in named(refused)


@pytest.mark.parametrize("part", ["input", "row"])
async def test_what_is_nested_too_deeply_is_tried_at_no_target(part):
    async with House.open(NOW) as house:
        target = await house.target("tool", executor="echo", config={})
        given = {"input": None, "row": None, part: nested(DEEPEST_PART + 1)}
        with pytest.raises(Invalid) as refused:
            await house.services.tried_calls.call(await house.who(), target.id, given["input"], given["row"])
        assert named(refused) == {part}


@pytest.mark.parametrize("part", ["input", "audience"])
async def test_what_is_nested_too_deeply_is_kept_with_no_schedule(part):
    async with House.open(NOW) as house:
        made, deep = await scheduled(house), nested(DEEPEST_PART + 1)
        await ask(
            house, "PUT", "/audiences/crm", {"type": "http", "config": {"url": "https://example.com/x"}}
        )
        value = {"type": "crm", "filter": deep} if part == "audience" else deep
        body = {"name": "N", "recurrence": "0 9 * * *", "target": made["target"], part: value}
        for verb, path, given in (
            ("POST", "/schedules", body),
            ("PATCH", f"/schedules/{made['id']}", {part: value}),
        ):
            refused = await ask(house, verb, path, given, 400)
            words = f"is nested more than {DEEPEST_PART} levels deep"
            assert (part, words) in {(one["field"], one["message"]) for one in refused["errors"]}, verb


async def test_the_variables_of_a_schedule_go_with_it_to_no_other_target():
    async with House.open(NOW) as house:
        made = await scheduled(house)
        other, who = await house.target("tool", executor="echo", config={}, key="other"), await house.who()
        schedule = from_prefixed("sch", made["id"])

        def changed(**given):
            return lambda before: replace(before, definition=replace(before.definition, **given))

        change = house.services.schedules.change
        await change(who, schedule, changed(environment=b"sealed"))
        with pytest.raises(Invalid) as refused:
            await change(who, schedule, changed(target_id=other.id))
        assert named(refused) == {"target"}
        with pytest.raises(Invalid):
            retargeting(other)(await house.services.schedules.get(who.workspace_id, schedule))
        await change(who, schedule, changed(target_id=other.id, environment=b"given for the other"))


@pytest.mark.parametrize(
    ("sooner", "allowed"),
    [
        ({"until_ms": 1}, False),
        ({"catch_up": CatchUp.LATEST}, False),
        ({"until_ms": 3}, True),
        ({"catch_up": CatchUp.NONE}, True),
        ({"note": "why"}, True),
    ],
)
async def test_a_pause_lets_more_fire_only_by_who_might_resume_the_schedule(sooner, allowed):
    async with House.open(NOW) as house:
        schedule = from_prefixed("sch", (await scheduled(house))["id"])
        who, schedules, later = await house.who(), house.services.schedules, house.clock.now + HOUR
        stranger = replace(who, granted=frozenset())
        given = sooner | (
            {"until_ms": later + (sooner["until_ms"] - 2) * 1_000} if "until_ms" in sooner else {}
        )
        await schedules.pause(stranger, schedule, until_ms=later)  # one that is not paused yet
        if allowed:
            await schedules.pause(stranger, schedule, **given)
        else:
            before = await schedules.get(who.workspace_id, schedule)
            with pytest.raises(Forbidden):
                await schedules.pause(stranger, schedule, **given)
            assert await schedules.get(who.workspace_id, schedule) == before
        await schedules.pause(who, schedule, **given)


async def test_a_pause_without_an_end_gets_one_only_by_who_might_resume_the_schedule():
    async with House.open(NOW) as house:
        schedule = from_prefixed("sch", (await scheduled(house, paused=True))["id"])
        who, schedules = await house.who(), house.services.schedules
        with pytest.raises(Forbidden):
            await schedules.pause(
                replace(who, granted=frozenset()), schedule, until_ms=house.clock.now + HOUR
            )
        await schedules.pause(who, schedule, until_ms=house.clock.now + HOUR)


async def test_rows_of_an_audience_are_shown_with_a_schedule_only_to_who_may_read_directories():
    async with House.open(NOW) as house:
        await house.client.put(
            "/horarium/v1/directory/contacts",
            content='{"id": "c1", "email": "ann@example.com", "type": "lead"}',
            headers={"content-type": "application/x-ndjson"},
        )
        made = await scheduled(house, audience={"type": "contacts", "filter": {"has_email": True}})
        paths = [f"/schedules/{made['id']}/{look}" for look in ("preview", "explain?at=2026-03-02T09:00:00Z")]
        for scopes, rows in ((["schedules:read"], 0), (["schedules:read", "directory:read"], 1)):
            headers = {"Authorization": f"Bearer {await house.key_with(*scopes)}"}
            for path in paths:
                shown = (await ask(house, "GET", path, headers=headers))["audience"]
                assert (shown["count"], len(shown["sample"])) == (1, rows), path


@pytest.mark.parametrize("restriction", [{"targets": ["mine"]}, {"labels": {"team": "blue"}}])
async def test_a_restricted_key_changes_no_source_from_which_other_schedules_take_rows(restriction):
    async with House.open(NOW) as house:
        await house.target("tool", executor="echo", config={}, key="mine")
        source = {"type": "http", "config": {"url": "https://example.com/x"}}
        await ask(house, "PUT", "/audiences/crm", source)
        scopes = ["directory:read", "directory:write"]
        key = await ask(house, "POST", "/keys", {"name": "k", "scopes": scopes, **restriction}, 201)
        headers = {"Authorization": f"Bearer {key['key']}"}
        other = {"type": "http", "config": {"url": "https://example.net/x"}}
        await ask(house, "PUT", "/audiences/crm", other, 403, headers=headers)
        await ask(house, "PUT", "/audiences/new", other, 403, headers=headers)
        await ask(house, "DELETE", "/audiences/crm", None, 403, headers=headers)
        (left,) = (await ask(house, "GET", "/audiences", headers=headers))["items"]
        assert left["config"] == source["config"]


async def test_a_webhook_is_changed_rotated_and_deleted_only_at_the_version_that_was_seen():
    async with House.open(NOW) as house:
        who, webhooks = await house.who(), house.services.webhooks
        hook = (await webhooks.create(who, URL, "hook", EventFilter())).webhook
        for asking in (
            webhooks.change(who, hook.id, lambda before: replace(before, name="other"), version=7),
            webhooks.rotate_secret(who, hook.id, version=7),
            webhooks.delete(who, hook.id, version=7),
        ):
            with pytest.raises(Conflict):
                await asking
        assert await webhooks.get(who, hook.id) == hook


@pytest.mark.parametrize("restriction", [{"targets": ["mine"]}, {"labels": {"team": "blue"}}])
async def test_a_restricted_key_makes_and_takes_back_no_window_of_another_schedule(restriction):
    async with House.open(NOW) as house:
        made = await scheduled(house, labels={"team": "red"})
        await house.target("tool", executor="echo", config={}, key="mine")
        path, body = f"/schedules/{made['id']}/windows", {"recurrence": "0 2 * * *", "duration": "2h"}
        window = await ask(house, "POST", path, body, 201)
        scopes = ["schedules:read", "schedules:write"]
        key = await ask(house, "POST", "/keys", {"name": "k", "scopes": scopes, **restriction}, 201)
        headers = {"Authorization": f"Bearer {key['key']}"}
        await ask(house, "POST", path, body, 403, headers=headers)
        await ask(house, "DELETE", f"{path}/{window['id']}", None, 403, headers=headers)
        assert len((await ask(house, "GET", path))["items"]) == 1


async def test_targets_with_a_key_are_listed_by_every_filter_as_others_are():
    async with House.open(NOW) as house:
        await house.target("tool", executor="echo", config={}, key="t", name="Tool")
        await house.target("agent", executor="echo", config={}, key="gone")
        await ask(house, "DELETE", "/targets/gone", status=204)
        for query, count in (
            ("key=t", 1), ("key=t&kind=tool", 1), ("key=t&kind=agent", 0), ("key=t&state=disabled", 0),
            ("key=t&search=tool", 1), ("key=t&search=agent", 0), ("key=gone", 0), ("kind=agent", 0), ("", 1),
        ):  # fmt: skip
            page = await ask(house, "GET", f"/targets?total=true&{query}")
            assert (len(page["items"]), page["total"]["count"]) == (count, count), query


async def test_with_whom_a_thing_is_shared_is_read_in_pages_that_name_each_workspace_once():
    async with House.open(NOW) as house:
        await house.target("tool", executor="echo", config={}, key="t")
        await ask(
            house, "PUT", "/audiences/crm", {"type": "http", "config": {"url": "https://example.com/x"}}
        )
        others = []
        for name in ("one", "two", "three"):
            tenant = await house.workspace(name)
            others.append((await tenant.client.get("/horarium/v1/me")).json()["workspace"]["id"])
        for thing in ("/targets/t", "/audiences/crm"):
            for other in others:
                await ask(house, "PUT", f"{thing}/shares/{other}", {}, 201)
            found, cursor = [], ""
            while cursor is not None:
                page = await ask(house, "GET", f"{thing}/shares?limit=1{cursor and f'&cursor={cursor}'}")
                found += [one["workspace"] for one in page["items"]]
                cursor = page["next_cursor"]
                assert len(found) <= 3
            assert sorted(found) == sorted(others), thing
