"""The audit log over HTTP: who changed what, from where, without secrets; refusals; export, proof and erasure."""

import json
import socket
from dataclasses import replace

import orjson
import pytest

from horarium.cli.audit import _verified
from horarium.cli.failure import Failure
from horarium.domain.errors import Unavailable
from horarium.domain.ids import from_prefixed, prefixed
from horarium.executors import egress
from horarium.service import audit as service
from horarium.store.verbs import audit as verbs
from tests.api.asking import ask
from tests.support.house import House, client_of
from tests.support.interleaved import in_between

NOW = "2026-03-01T12:00:00Z"
BASE = "/horarium/v1"
SECRET = "plantedsecretvalue"


async def entries(house, **query):
    answer = await house.client.get(f"{BASE}/audit", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def actions(house, **query):
    return [entry["action"] for entry in await entries(house, **query)]


async def exported(house, **query):
    answer = await house.client.get(f"{BASE}/audit/export", params=query)
    assert answer.headers["content-type"] == "application/x-ndjson"
    return answer.content.splitlines()


async def a_schedule(house, **given):
    if not (await house.client.get(f"{BASE}/targets/nightly")).is_success:
        await house.target("function", key="nightly")
    body = {"name": "Report", "recurrence": "0 9 * * *", "timezone": "UTC", "target": "nightly", **given}
    answer = await house.client.post(f"{BASE}/schedules", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_an_entry_tells_who_did_what_from_where_and_in_which_request():
    async with House.open(NOW) as house:
        schedule = await a_schedule(house)
        answer = await house.client.patch(
            f"{BASE}/schedules/{schedule}", json={"name": "Digest"}, headers={"X-Request-Id": "trace-7"}
        )
        assert answer.headers["x-request-id"] == "trace-7"
        (entry,) = await entries(house, request="trace-7")
        who = (await house.client.get(f"{BASE}/me")).json()
        assert entry["action"] == "schedule.changed"
        assert (entry["subject"], entry["at"]) == (schedule, "2026-03-01T12:00:00.000Z")
        assert entry["by"] == {
            "principal": who["principal"]["id"], "key": who["key"]["id"], "address": "127.0.0.1", "request": "trace-7",
        }  # fmt: skip
        assert (entry["before"], entry["after"]) == ({"name": "Report"}, {"name": "Digest"})


async def test_what_is_made_together_tells_who_made_it():
    async with House.open(NOW) as house:
        who = (await house.client.get(f"{BASE}/me")).json()
        await house.target("function", key="nightly")
        lines = [{"key": key, "name": key, "recurrence": "@hourly", "target": "nightly"} for key in "ab"]
        body = b"\n".join(map(orjson.dumps, lines))
        assert (await house.client.post(f"{BASE}/schedules/bulk", content=body)).is_success
        (entry,) = await entries(house, action="schedules.created")
        assert entry["by"]["principal"] == who["principal"]["id"]
        made = (await house.client.post(f"{BASE}/workspaces", json={"slug": "acme", "name": "Acme"})).json()
        there = {"Horarium-Workspace": made["id"]}
        log = (await house.client.get(f"{BASE}/audit", headers=there)).json()["items"]
        assert {one["action"]: one["by"]["key"] for one in log} == dict.fromkeys(
            ("workspace.created", "principal.created", "key.created"), who["key"]["id"]
        )


async def test_every_answer_names_its_request_and_a_wild_name_is_not_taken_over():
    async with House.open(NOW) as house:
        first = (await house.client.get(f"{BASE}/me")).headers["x-request-id"]
        second = (await house.client.get("/nowhere")).headers["x-request-id"]
        assert first != second
        wild = await house.client.get(f"{BASE}/me", headers={"X-Request-Id": "a b\tc"})
        assert wild.headers["x-request-id"] not in ("a b\tc", "")


async def test_the_life_of_a_schedule_is_in_the_log():
    async with House.open(NOW) as house:
        schedule = await a_schedule(house)
        path = f"{BASE}/schedules/{schedule}"
        await house.client.post(f"{path}/pause", json={"note": "holiday"})
        await house.client.post(f"{path}/pause")
        await house.client.post(f"{path}/resume")
        await house.client.post(f"{path}/fire-now")
        await house.client.delete(path)
        assert await actions(house, subject=schedule) == [
            "schedule.deleted", "schedule.fired", "schedule.resumed", "schedule.paused", "schedule.created",
        ]  # fmt: skip
        created = (await entries(house, subject=schedule))[-1]
        assert created["after"]["timing"]["spec"] == "0 9 * * *"


async def test_an_edit_that_changes_nothing_leaves_no_entry():
    async with House.open(NOW) as house:
        schedule = await a_schedule(house)
        await house.client.patch(f"{BASE}/schedules/{schedule}", json={"name": "Report"})
        assert await actions(house, subject=schedule) == ["schedule.created"]


async def test_a_bulk_request_leaves_one_entry_that_is_found_for_each_of_its_schedules():
    async with House.open(NOW) as house:
        await house.target("function", key="nightly")
        line = {"name": "Bulk", "recurrence": "0 9 * * *", "timezone": "UTC", "target": "nightly"}
        lines = b"".join(orjson.dumps(line) + b"\n" for _ in range(3))
        answer = await house.client.post(f"{BASE}/schedules/bulk", content=lines)
        ids = [json.loads(each)["id"] for each in answer.text.splitlines()]
        (entry,) = await entries(house, action="schedules.created")
        assert (entry["after"]["count"], entry["after"]["schedules"]) == (3, ids)
        for schedule in ids:
            assert await actions(house, subject=schedule) == ["schedules.created"]


async def test_keys_grants_principals_and_settings_are_in_the_log():
    async with House.open(NOW) as house:
        client = house.client
        target = await house.target("function", key="nightly")
        person = (await client.post(f"{BASE}/principals", json={"name": "Ada", "type": "person"})).json()[
            "id"
        ]
        await client.post(f"{BASE}/principals/{person}/grants", json={"targets": ["nightly"]})
        await client.delete(f"{BASE}/principals/{person}/grants/nightly")
        key = (await client.post(f"{BASE}/keys", json={"name": "k", "scopes": ["runs:read"]})).json()
        new = (await client.post(f"{BASE}/keys/{key['id']}/rotate")).json()
        await client.delete(f"{BASE}/keys/{new['id']}")
        await client.delete(f"{BASE}/principals/{person}")
        await client.patch(f"{BASE}/workspaces/current", json={"settings": {"timezone": "Europe/Paris"}})
        assert (await actions(house))[:8] == [
            "workspace.changed", "principal.deleted", "key.revoked", "key.rotated", "key.created", "grant.removed",
            "grant.added", "principal.created",
        ]  # fmt: skip
        (granted,) = await entries(house, action="grant.added")
        assert (granted["subject"], granted["after"]) == (person, {"targets": [prefixed("tgt", target.id)]})
        (changed,) = await entries(house, action="workspace.changed")
        assert changed["after"] == {"settings": {"timezone": "Europe/Paris"}}
        shown = json.dumps(await entries(house))
        assert key["key"] not in shown
        assert new["key"] not in shown


async def test_no_secret_is_in_the_log():
    async with House.open(NOW) as house:
        headers = {"Authorization": f"Bearer {SECRET}"}
        executor = {
            "type": "http",
            "url": "https://example.com",
            "headers": headers,
            "secrets": {"TOKEN": SECRET},
        }
        body = {"kind": "function", "name": "F", "executor": executor}
        assert (await house.client.put(f"{BASE}/targets/by-key/f", json=body)).status_code == 201
        executor["secrets"] = {"TOKEN": SECRET + "2"}
        assert (await house.client.put(f"{BASE}/targets/by-key/f", json=body)).status_code == 200
        source = {"type": "http", "config": {"url": "https://example.com", "headers": headers}}
        await house.client.put(f"{BASE}/audiences/people", json=source)
        rotated = await house.client.post(f"{BASE}/targets/f/rotate-secret")
        assert SECRET not in json.dumps(await entries(house))
        assert rotated.json().get("signing_secret", "-") not in json.dumps(await entries(house))
        changed = (await entries(house, action="target.changed"))[-1]
        assert changed["secrets_changed"] is True
        assert (await entries(house, subject="audience:people"))[0]["secrets"] == ["headers.Authorization"]


async def test_a_changed_secret_is_noted_and_not_shown_whatever_it_belongs_to():
    async with House.open(NOW) as house:
        schedule = await a_schedule(house)

        def with_other_variables(before):
            return replace(before, definition=replace(before.definition, environment=b"sealed"))

        await house.services.schedules.change(
            await house.who(), from_prefixed("sch", schedule), with_other_variables
        )
        hook = await ask(house, "POST", "/webhooks", {"name": "h", "url": "https://example.com/hook"}, 201)
        await ask(house, "POST", f"/webhooks/{hook['id']}/rotate-secret")
        for action in ("schedule.changed", "webhook.updated"):
            (noted,) = await entries(house, action=action)
            assert noted.get("secrets_changed") is True, action
        await ask(house, "PATCH", f"/schedules/{schedule}", {"name": "other"})
        await ask(house, "PATCH", f"/webhooks/{hook['id']}", {"name": "other"})
        for action in ("schedule.changed", "webhook.updated"):
            assert "secrets_changed" not in (await entries(house, action=action))[0], action
        assert SECRET not in json.dumps(await entries(house))


async def test_what_is_deleted_stays_in_the_log_as_it_was_without_secrets():
    async with House.open(NOW) as house:
        executor = {"type": "http", "url": "https://example.com", "secrets": {"TOKEN": SECRET}}
        body = {"kind": "function", "name": "Gone", "executor": executor}
        target = (await ask(house, "PUT", "/targets/by-key/f", body, 201))["id"]
        headers = {"Authorization": SECRET}
        source = {"type": "http", "config": {"url": "https://example.com", "headers": headers}}
        await ask(house, "PUT", "/audiences/people", source)
        hook = await ask(house, "POST", "/webhooks", {"name": "Gone", "url": "https://example.com/hook"}, 201)
        person = await ask(house, "POST", "/principals", {"name": "Gone", "grants": [target]}, 201)
        body = {"name": "Gone", "principal": person["id"], "scopes": ["runs:read"]}
        key = await ask(house, "POST", "/keys", body, 201)
        schedule = await a_schedule(house)
        await ask(house, "POST", f"/schedules/{schedule}/fire-now", None, 201)
        (run,) = (await ask(house, "GET", "/runs"))["items"]
        await ask(house, "POST", f"/runs/{run['id']}/cancel")
        await house.services.runs.delete(house.first.workspace_id, from_prefixed("run", run["id"]))
        for path in (
            f"/keys/{key['id']}", f"/principals/{person['id']}", f"/webhooks/{hook['id']}", "/audiences/people",
            f"/targets/{target}",
        ):  # fmt: skip
            assert (await house.client.delete(BASE + path)).is_success, path

        async def before(action):
            (entry,) = await entries(house, action=action)
            return entry["before"]

        assert await before("run.deleted") == {
            "target": run["target"], "schedule": schedule, "row_key": "", "state": "cancelled",
        }  # fmt: skip
        assert (await before("principal.deleted"))["grants"] == [target]
        assert (await before("audience.deleted"))["config"]["url"] == "https://example.com"
        for action in ("key.revoked", "principal.deleted", "webhook.deleted", "target.deleted"):
            assert (await before(action))["name"] == "Gone", action
        assert SECRET not in json.dumps(await entries(house))


async def test_a_refusal_by_policy_is_in_the_log_once_a_minute():
    async with House.open(NOW) as house:
        key = await house.key_with("runs:read")
        async with client_of(house.api, key) as weak:
            for after_ms in (0, 1, 59_998, 1):
                house.clock.now += after_ms
                assert (await weak.get(f"{BASE}/keys")).status_code == 403
        second, first = await entries(house, action="refused")
        assert "keys:admin" in first["reason"]
        assert (first["repeated"], second["repeated"]) == (0, 2)


async def test_what_is_refused_to_who_acts_in_another_workspace_is_in_the_log_of_that_one():
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        inside = {"Horarium-Workspace": prefixed("ws", other.workspace_id)}
        async with client_of(house.api, await house.key_with("workspaces:admin")) as weak:
            assert (await weak.get(f"{BASE}/keys", headers=inside)).status_code == 403
        assert await entries(house, action="refused") == []
        await house.services.audit.link()
        seen = (await other.client.get(f"{BASE}/audit?action=refused")).json()["items"]
        assert ["keys:admin" in entry["reason"] for entry in seen] == [True]


async def test_a_key_that_is_used_from_a_wrong_network_is_in_the_log():
    async with House.open(NOW) as house:
        body = {"name": "office", "scopes": ["runs:read"], "networks": ["192.0.2.0/24"]}
        key = (await house.client.post(f"{BASE}/keys", json=body)).json()
        async with client_of(house.api, key["key"]) as thief:
            assert (await thief.get(f"{BASE}/runs")).status_code == 403
        (entry,) = await entries(house, action="refused")
        assert (entry["subject"], entry["by"]["address"]) == (key["id"], "127.0.0.1")
        assert (await entries(house, action="key.created"))[0]["after"]["networks"] == ["192.0.2.0/24"]


async def test_a_quota_that_is_reached_is_in_the_log():
    async with House.open(NOW) as house:
        current = (await house.client.get(f"{BASE}/workspaces/current")).json()["id"]
        await house.client.patch(f"{BASE}/workspaces/{current}", json={"quotas": {"schedules": 1}})
        await a_schedule(house)
        body = {"name": "Two", "recurrence": "0 9 * * *", "timezone": "UTC", "target": "nightly"}
        assert (await house.client.post(f"{BASE}/schedules", json=body)).status_code == 403
        assert "schedules" in (await entries(house, action="refused"))[0]["reason"]
        assert (await entries(house, action="workspace.changed"))[0]["after"]["quotas"]["schedules"] == 1


@pytest.fixture
def inside(monkeypatch):
    """All names lead to an address of an inner network."""
    answer = [(socket.AF_INET, "10.0.0.5", 0)]
    monkeypatch.setattr(egress, "_look_up", lambda name: answer)


A_TABLE = {"table": "t", "columns": {"write": ["a"]}}


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    ("kind", "target", "outgoing"),
    [
        ("function", {"executor": "http", "config": {"url": "http://inside.example/hook"}}, {}),
        (
            "table",
            {
                "executor": "sql",
                "config": {"connection": "postgresql://u:hidden@inside.example/d", **A_TABLE},
            },
            {"sql_hosts": ("inside.example",), "deny_hosts": ("10.0.0.0/8",)},
        ),
    ],
    ids=["http", "sql"],
)
async def test_refused_connections_of_targets_are_in_the_log_once_an_hour(kind, target, outgoing):
    async with House.open(NOW, outgoing=outgoing) as house:
        await house.target(kind, key="nightly", **target)
        path = f"{BASE}/schedules/{await a_schedule(house)}/fire-now"
        for _ in range(3):
            assert (await house.client.post(path)).is_success
            await house.release()
            await house.work()
            await house.services.audit.note_refused_hosts()
            house.clock.now += 1_000
        (first,) = await entries(house, action="refused")
        assert (first["subject"], first["times"]) == ("host:inside.example", 1)
        assert "inside.example" in first["reason"]
        assert "10.0.0.5" not in first["reason"]
        assert "hidden" not in str(first)
        assert first["by"]["key"] is None
        house.clock.now += 3_600_000
        await house.services.audit.note_refused_hosts()
        second, _ = await entries(house, subject="host:inside.example")
        assert second["times"] == 2


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    ("source", "outgoing"),
    [
        ({"type": "http", "config": {"url": "http://inside.example/people"}}, {}),
        (
            {
                "type": "sql",
                "config": {
                    "connection": "postgresql://u:hidden@inside.example/d",
                    "query": "SELECT 1 AS id",
                    "key": "id",
                },
            },
            {"sql_hosts": ("inside.example",), "deny_hosts": ("10.0.0.0/8",)},
        ),
    ],
)
async def test_refused_connections_of_sources_are_in_the_log(source, outgoing):
    async with House.open(NOW, outgoing=outgoing) as house:
        made = await house.client.put(f"{BASE}/audiences/people", json=source)
        assert made.is_success, made.text
        for _ in range(3):
            seen = await house.client.post(f"{BASE}/audiences/preview", json={"audience": {"type": "people"}})
            assert not seen.is_success or seen.json().get("error"), seen.text
        await house.services.audit.note_refused_hosts()
        (entry,) = await entries(house, action="refused")
        assert (entry["subject"], entry["times"]) == ("host:inside.example", 3)
        assert "hidden" not in str(entry)


async def test_a_refusal_in_a_dialect_is_in_the_log_too():
    async with House.open(NOW) as house:
        async with client_of(house.api, await house.key_with("runs:read")) as weak:
            assert (await weak.post("/api/v1/schedules", json={})).status_code == 403
        assert await actions(house, action="refused") == ["refused"]


async def test_reading_needs_the_scope_and_shows_only_the_own_workspace():
    async with House.open(NOW) as house:
        other = await house.workspace("other")
        await a_schedule(house)
        seen = (await other.client.get(f"{BASE}/audit")).json()["items"]
        assert all(entry["action"] != "schedule.created" for entry in seen)
        async with client_of(house.api, await house.key_with("schedules:read")) as weak:
            for path in ("/audit", "/audit/export", "/audit/export?proof=true"):
                assert (await weak.get(f"{BASE}{path}")).status_code == 403
            assert (await weak.post(f"{BASE}/audit/erase", json={"principal": "prn_0"})).status_code in (
                400,
                403,
            )
        async with client_of(house.api, await house.key_with("audit:read")) as reader:
            assert (await reader.get(f"{BASE}/audit")).status_code == 200
            person = (await house.client.get(f"{BASE}/me")).json()["principal"]["id"]
            assert (await reader.post(f"{BASE}/audit/erase", json={"principal": person})).status_code == 403


async def test_lists_are_in_pages_and_bounded_by_time():
    async with House.open(NOW) as house:
        for number in range(5):
            house.clock.now += 1_000
            await a_schedule(house, name=f"S{number}")
        page = (await house.client.get(f"{BASE}/audit", params={"action": "schedule", "limit": 2})).json()
        rest = (
            await house.client.get(
                f"{BASE}/audit", params={"action": "schedule", "cursor": page["next_cursor"]}
            )
        ).json()
        names = [entry["after"]["name"] for entry in [*page["items"], *rest["items"]]]
        assert names == ["S4", "S3", "S2", "S1", "S0"]
        within = {"since": "2026-03-01T12:00:02Z", "until": "2026-03-01T12:00:04Z", "action": "schedule"}
        assert [entry["after"]["name"] for entry in await entries(house, **within)] == ["S2", "S1"]
        lines = await exported(house, since=within["since"], until=within["until"])
        assert [json.loads(line)["after"]["name"] for line in lines] == ["S1", "S2"]
        assert (await house.client.get(f"{BASE}/audit", params={"subject": "nonsense"})).status_code == 400


async def test_a_proof_verifies_without_the_server_and_notices_a_change():
    async with House.open(NOW) as house:
        for _ in range(3):
            await a_schedule(house)
            await entries(house)
        lines = await exported(house, proof="true")
        verifier = _verified(lines, {})
        assert (verifier.problems, verifier.links) == ([], len(lines) - 1)
        assert _verified(lines[:-1], {}).problems
        assert _verified([line.replace(b"127.0.0.1", b"127.0.0.2") for line in lines], {}).problems
        with pytest.raises(Failure):
            _verified([b"{}"], {})


async def test_a_proof_has_what_was_done_just_before_it_was_asked_for():
    async with House.open(NOW) as house:
        who = await house.who()
        before = (await house.services.audit.chain(who)).number
        await a_schedule(house)
        assert (await house.services.audit.chain(who)).number > before


async def test_a_person_is_erased_and_the_proof_still_verifies():
    async with House.open(NOW) as house:
        made = await house.client.post(
            f"{BASE}/principals", json={"name": "Ada Lovelace", "type": "person", "email": "ada@example.com"}
        )
        person = made.json()["id"]
        body = {"name": "hers", "scopes": ["schedules:write"], "principal": person}
        assert (await house.client.post(f"{BASE}/keys", json=body)).status_code in (201, 403)
        answer = await house.client.post(f"{BASE}/audit/erase", json={"principal": person})
        assert answer.json() == {"erased": 1}
        lines = await exported(house, proof="true")
        assert b"Lovelace" not in b"".join(lines)
        verifier = _verified(lines, {})
        assert (verifier.problems, verifier.erased) == ([], 1)
        assert (await house.client.post(f"{BASE}/audit/erase", json={"principal": person})).json() == {
            "erased": 0
        }
        assert (await actions(house))[0] == "audit.erased"


@pytest.mark.parametrize("how", ["erased", "deleted", "neither"])
async def test_a_proof_that_would_not_verify_because_something_goes_while_it_is_read_is_broken_off(
    monkeypatch, how
):
    monkeypatch.setattr(service, "LINKS_AT_ONCE", 1)
    async with House.open(NOW) as house:
        for name in ("first", "second"):
            await a_schedule(house, name=name)
            await entries(house)
        who, log = await house.who(), house.services.audit
        house.clock.now += 10 * 86_400_000

        async def meanwhile():
            if how == "erased":
                await log.erase(who, who.principal_id)
            elif how == "deleted":
                await log.forget(house.clock.now - 86_400_000)
            else:
                await a_schedule(house, name="third")

        in_between(monkeypatch, house.store, verbs.links_after, meanwhile)
        if how == "neither":
            assert _verified(await exported(house, proof="true"), {}).problems == []
            return
        with pytest.raises(Unavailable, match="ask again"):
            await exported(house, proof="true")
        assert _verified(await exported(house, proof="true"), {}).problems == []


async def test_old_entries_go_and_the_proof_begins_where_they_ended():
    async with House.open(NOW) as house:
        await a_schedule(house)
        await entries(house)
        house.clock.now += 10 * 86_400_000
        await a_schedule(house, name="Later")
        await entries(house)
        await house.services.audit.forget(house.clock.now - 86_400_000)
        told = (await entries(house))[0]
        assert (told["action"], told["entries"]) == ("audit.forgotten", 2)
        assert await actions(house) == ["audit.forgotten", "schedule.created"]
        verifier = _verified(await exported(house, proof="true"), {})
        assert verifier.problems == []
        assert verifier.anchor.number > 0


async def test_entries_that_name_schedules_of_other_things_are_shown_as_they_were_written():
    """The ids of schedules that were created together are kept in a shorter form than those a webhook is for."""
    async with House.open(NOW) as house:
        made = await a_schedule(house)
        wanted = {"url": "https://example.com/hook", "schedules": [made]}
        assert (await house.client.post(f"{BASE}/webhooks", json=wanted)).status_code == 201
        (entry,) = await entries(house, action="webhook.created")
        assert entry["after"]["schedules"] == [made]
        assert len(await exported(house)) > 1


async def test_what_an_entry_is_about_finds_the_entry():
    async with House.open(NOW) as house:
        await a_schedule(house)
        made = (
            await house.client.post(f"{BASE}/principals", json={"type": "service", "name": "robot"})
        ).json()
        await house.client.post(f"{BASE}/principals/{made['id']}/grants", json={"targets": ["*"]})
        await house.client.patch(f"{BASE}/workspaces/current", json={"name": "Another"})
        await ask(house, "POST", "/webhooks", {"url": "https://example.com/hook"}, 201)
        await ask(house, "PUT", "/directory/users", [{"id": "u", "name": "Ann"}])
        await ask(
            house,
            "PUT",
            "/audiences/people",
            {"type": "http", "config": {"url": "https://e.com", "key": "id"}},
        )
        every = await entries(house)
        subjects = {entry["subject"] for entry in every}
        assert {subject.partition("_")[0] for subject in subjects} >= {"sch", "tgt", "prn", "ws", "hook"}
        for subject in subjects:
            found = await entries(house, subject=subject)
            assert found == [entry for entry in every if entry["subject"] == subject], subject
