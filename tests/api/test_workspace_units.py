"""A workspace as a unit over the API: erasing a person, deleting and having back, exporting, and acting in it."""

import asyncio
import json
from collections import Counter, defaultdict

import pytest

from horarium.domain.directory import KINDS
from horarium.domain.errors import NotFound
from horarium.domain.execution import Outcome, Verdict
from horarium.domain.ids import prefixed
from horarium.domain.tenancy import SCOPES
from horarium.service.turns import Turns
from horarium.store.verbs.events import publish
from tests.api.asking import BASE, NOW, ask, fields, scheduled
from tests.support.house import House, client_of

PERSON = {"person": "u42", "values": ["ann@example.com"]}
ITEM = {"id": "u42", "email": "ann@example.com", "full_name": "Ann Planted"}
DAY_MS = 86_400_000


@pytest.fixture
async def house():
    async with House.open(NOW) as made:
        yield made


async def everything(house):
    """All that the lists of the API show of a workspace."""
    texts = []
    for path in (
        "/schedules", "/runs?include=input,row", "/fires", "/ledger", "/directory/users", "/directory/tasks",
        "/directory/contacts", "/principals", "/keys", "/audit", "/events", "/actions", "/erasures",
        "/workspaces/current/pauses",
    ):  # fmt: skip
        texts.append(json.dumps(await ask(house, "GET", path)))
    return "\n".join(texts)


async def test_an_erased_person_is_unreadable_through_every_list_when_the_answer_comes(house):
    await house.client.put(f"{BASE}/directory/users", json=[ITEM])
    await house.client.put(
        f"{BASE}/directory/tasks", json=[{"id": "t", "title": "Ann Planted", "assignee": "u42"}]
    )
    await scheduled(
        house, input={"user": "u42"}, labels={"customer": "u42"}, description="for ann@example.com"
    )
    await ask(house, "POST", "/workspaces/current/pause", {"note": "Ann Planted asked"})
    before = await everything(house)
    assert all(text in before for text in ("u42", "ann@example.com", "Ann Planted"))
    erased = await ask(house, "POST", "/erasures", PERSON)
    assert erased["state"] == "done"
    after = await everything(house)
    assert [text for text in ("u42", "ann@example.com", "Ann Planted") if text in after] == []
    assert (await ask(house, "GET", f"/erasures/{erased['id']}"))["counts"]["schedules"] >= 1
    (entry,) = (await ask(house, "GET", "/audit?action=person.erased"))["items"]
    assert entry["after"] == {"id": erased["id"]}


async def test_an_erased_person_is_unreadable_where_a_value_is_an_id_and_where_a_text_looks_like_json(house):
    others = {"id": "second", "email": "ann@example.com", "full_name": "Ann Planted", "role": "owner"}
    await house.client.put(f"{BASE}/directory/users", json=[others, {"id": "ann@example.com", "role": "b"}])
    await house.client.put(f"{BASE}/directory/contacts", json=[{"id": "ann@example.com"}])
    await house.client.put(
        f"{BASE}/directory/tasks", json=[{"id": "t", "title": "x", "assignee": "ann@example.com"}]
    )
    await ask(
        house,
        "POST",
        "/principals",
        {"type": "person", "name": "Ann Planted", "email": "ann@example.com"},
        201,
    )
    schedule = await scheduled(
        house,
        name="[u42] digest",
        description="{u42} note",
        audience={"type": "users", "filter": {"roles": ["owner", "b"]}},
    )
    await ask(house, "POST", f"/schedules/{schedule['id']}/fire-now", None, 201)
    await house.resolve()
    before = await everything(house)
    assert all(text in before for text in ("u42", "ann@example.com", "Ann Planted"))
    await ask(house, "POST", "/erasures", {"person": "u42", "values": ["ann@example.com", "Ann Planted"]})
    after = await everything(house)
    assert [text for text in ("u42", "ann@example.com", "Ann Planted") if text in after] == []


async def test_an_erasure_is_done_once_runs_that_were_under_way_are_over_and_looked_at(house, monkeypatch):
    await ask(house, "POST", "/webhooks", {"url": "https://example.com/hook"}, 201)
    await house.services.recording.refresh()
    called, answers = asyncio.Event(), asyncio.Event()

    async def execute(self, call):
        called.set()
        await answers.wait()
        return Outcome(Verdict.FAILED, error="no such user ann@example.com", retryable=False)

    monkeypatch.setattr(type(house.services.executors["http"]), "execute", execute)
    schedule = await scheduled(house, input={"email": "ann@example.com"})
    await ask(house, "POST", f"/schedules/{schedule['id']}/fire-now", None, 201)
    work = house.begin_work()
    await called.wait()
    erased = await ask(house, "POST", "/erasures", PERSON, 202)
    assert (erased["state"], erased["waits_for"]) == ("waiting", 1)
    answers.set()
    await work
    while await house.store.urgent(publish, house.clock.now):
        continue
    assert "ann@example.com" in await everything(house)
    house.clock.now += 60_000
    while await house.services.erasures.step():
        continue
    erased = await ask(house, "GET", f"/erasures/{erased['id']}")
    assert (erased["state"], erased["waits_for"]) == ("done", 0)
    after = await everything(house)
    assert "no such user [erased]" in after
    assert "ann@example.com" not in after


async def test_an_erasure_repeated_after_a_restore_erases_what_has_come_back(house):
    first = await ask(house, "POST", "/erasures", PERSON)
    await scheduled(house, input={"user": "u42"})  # as in a backup from before
    again = await ask(house, "POST", "/erasures", PERSON)
    assert first["id"] != again["id"]
    assert "u42" not in await everything(house)


async def test_an_erasure_that_would_match_by_accident_is_refused(house):
    assert await fields(house, "POST", "/erasures", {"person": "u", "values": ["ab"]}) == {"values"}
    assert await fields(house, "POST", "/erasures", {"person": ""}) == {"person"}
    key = await house.key_with("runs:read")
    await ask(house, "POST", "/erasures", PERSON, 403, headers={"Authorization": f"Bearer {key}"})


async def test_a_deleted_workspace_opens_to_none_of_its_keys_until_it_is_had_back(house):
    made = await ask(house, "POST", "/workspaces", {"name": "Acme"}, 201)
    headers = {"Authorization": f"Bearer {made['admin_key']['key']}"}
    path = f"/workspaces/{made['id']}"
    await ask(house, "GET", "/me", headers=headers)
    deleted = await ask(house, "DELETE", f"{path}?days=3")
    assert deleted["purged_at"] == "2026-03-04T12:00:00.000Z"
    await ask(house, "GET", "/me", status=401, headers=headers)
    await ask(house, "GET", path, status=404)
    (waiting,) = (await ask(house, "GET", "/workspaces?deleted=true"))["items"]
    assert waiting["id"] == made["id"]
    back = await ask(house, "POST", f"{path}/undelete")
    assert (back["deleted_at"], back["purged_at"]) == (None, None)
    await ask(house, "GET", "/me", headers=headers)
    await ask(house, "POST", f"{path}/undelete", status=404)
    actions = [one["action"] for one in (await ask(house, "GET", "/audit?action=workspace"))["items"]]
    assert actions[:2] == ["workspace.undeleted", "workspace.deleted"]


async def test_when_its_time_has_come_a_deleted_workspace_is_gone_and_its_name_is_free(house):
    made = await ask(house, "POST", "/workspaces", {"name": "Acme", "slug": "acme"}, 201)
    await ask(house, "DELETE", f"/workspaces/{made['id']}?days=1")
    assert not await house.services.purges.step()
    house.clock.now += DAY_MS
    while await house.services.purges.step():
        pass
    await ask(house, "POST", f"/workspaces/{made['id']}/undelete", status=404)
    await ask(house, "POST", "/workspaces", {"name": "Acme", "slug": "acme"}, 201)


async def test_nobody_deletes_the_workspace_of_the_key_and_only_who_has_the_server(house):
    await ask(house, "DELETE", "/workspaces/current", status=409)
    other = await house.workspace("other")
    key = await house.key_with("*")
    path = f"/workspaces/{prefixed('ws', other.workspace_id)}"
    for method, verb in (("DELETE", ""), ("POST", "/undelete")):
        await ask(house, method, path + verb, status=403, headers={"Authorization": f"Bearer {key}"})


async def lines(house, path, **options):
    answer = await house.client.get(BASE + path, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_an_export_has_everything_once_and_no_secret(house):
    await house.client.put(f"{BASE}/directory/users", json=[ITEM])
    made = await scheduled(house, input={"n": 1})
    fire = await ask(house, "POST", f"/schedules/{made['id']}/fire-now", status=201)
    await ask(house, "POST", "/webhooks", {"url": "https://example.com/hook"}, 201)
    found = await lines(house, "/workspaces/current/export")
    kinds = {line["type"] for line in found}
    assert kinds >= {
        "workspace", "principal", "key", "target", "directory.users", "schedule", "schedule_version", "run",
        "webhook", "audit_entry",
    }  # fmt: skip
    ids = [line["value"]["id"] for line in found if "id" in line["value"]]
    assert len(ids) == len(set(ids))
    (run,) = [line["value"] for line in found if line["type"] == "run"]
    assert (run["fire"], run["input"]) == (fire["id"], {"n": 1})
    assert house.key not in json.dumps(found)


async def furnished(house):
    """A workspace with three or more of everything that an export has."""
    for kind in KINDS:
        await ask(house, "PUT", f"/directory/{kind}", [{"id": f"{kind}-{number}"} for number in range(3)])
    window = {"recurrence": "0 2 * * *", "duration": "2h"}
    act = {"action": "relabel", "filter": {"key": "none"}, "labels": {"seen": "yes"}}
    for number in range(3):
        made = await scheduled(house, name=f"s{number}", recurrence="* * * * *")
        path = f"/schedules/{made['id']}"
        for hour in range(2):
            await ask(house, "PATCH", path, {"recurrence": f"* {hour} * * *"})
        await ask(house, "POST", f"{path}/windows", window, 201)
        await ask(house, "POST", f"{path}/pause", {"note": f"{number}"})
        await ask(house, "POST", f"{path}/resume")
        await ask(house, "POST", f"{path}/fire-now", status=201)
        await ask(house, "POST", "/schedules/actions", act)
        await ask(house, "POST", "/erasures", {"person": f"nobody-{number}"})
        target = {"kind": "workflow", "name": "T", "executor": {"type": "http", "url": "https://example.com"}}
        granted = await ask(house, "POST", "/targets", target, 201)
        person = await ask(house, "POST", "/principals", {"name": f"p{number}"}, 201)
        await ask(house, "POST", f"/principals/{person['id']}/grants", {"targets": [granted["id"]]})
        await ask(house, "POST", "/keys", {"name": f"k{number}", "scopes": ["schedules:read"]}, 201)
        await ask(house, "POST", "/webhooks", {"url": "https://example.com/hook"}, 201)
        source = {"type": "http", "config": {"url": "https://example.com/rows"}}
        await ask(house, "PUT", f"/audiences/source{number}", source)
    await scheduled(house, name="often", recurrence="* * * * *")
    for minute in (1, 2, 3):
        await house.move(f"2026-03-01T12:0{minute}:00Z")
    while await house.store.urgent(publish, house.clock.now):
        pass


async def test_an_export_says_the_same_however_many_pages_it_is_read_in(house, monkeypatch):
    await furnished(house)
    told = []
    for piece in (200, 1, 2, 3):
        monkeypatch.setattr("horarium.api.routes.exports.PIECE", piece)
        told.append(await lines(house, "/workspaces/current/export"))
    whole, *in_pieces = told
    for found in in_pieces:
        assert found == whole
    counted = Counter(line["type"] for line in whole)
    assert counted.pop("workspace") == 1
    assert counted.keys() >= {
        "principal", "key", "target", "audience_source", *(f"directory.{kind}" for kind in KINDS), "schedule",
        "schedule_version", "window", "pause", "ledger", "run", "action", "erasure", "webhook", "event",
        "audit_entry",
    }  # fmt: skip
    assert min(counted.values()) >= 3, counted
    versions = Counter(line["value"]["schedule"] for line in whole if line["type"] == "schedule_version")
    assert sorted(versions.values()) == [1, 3, 3, 3]
    granted = [len(line["value"]["grants"]) for line in whole if line["type"] == "principal"]
    assert sorted(granted) == [1, 1, 1, 5]  # who makes a target may use it


async def test_an_export_has_fires_that_are_in_no_ledger_and_what_deleted_schedules_were(house):
    """Fires by hand and of backfills account for no slot. What is left of a deleted schedule, its ledger and its runs,
    refers to its definitions."""
    await ask(house, "PUT", "/directory/users", [ITEM])
    kept = await scheduled(house, name="kept", audience={"type": "users"})
    gone = await scheduled(house, name="gone", recurrence="* * * * *", input={"n": 1})
    by_hand = await ask(house, "POST", f"/schedules/{kept['id']}/fire-now", status=201)
    period = {"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"}
    filled = (await ask(house, "POST", f"/schedules/{kept['id']}/backfill", period, 201))["items"]
    await house.move("2026-03-01T12:01:00Z")
    await ask(house, "PATCH", f"/schedules/{gone['id']}", {"input": {"n": 2}})
    await ask(house, "DELETE", f"/schedules/{gone['id']}", status=204)
    house.clock.now += 1_000
    found = defaultdict(list)
    for line in await lines(house, "/workspaces/current/export"):
        found[line["type"]].append(line["value"])
    assert [fire["id"] for fire in found["fire"]] == [by_hand["id"], *(one["id"] for one in filled)]
    (deleted,) = found["deleted_schedule"]
    assert (deleted["id"], deleted["name"]) == (gone["id"], "gone")
    assert deleted["deleted_at"] == "2026-03-01T12:01:00.000Z"
    of_gone = [one["input"] for one in found["schedule_version"] if one["schedule"] == gone["id"]]
    assert of_gone == [{"n": 2}, {"n": 1}]
    shown = {one["id"] for one in (*found["schedule"], *found["deleted_schedule"])}
    referred = {
        one["schedule"] for kind in ("ledger", "fire", "run", "schedule_version") for one in found[kind]
    }
    assert referred == shown == {kept["id"], gone["id"]}


async def test_an_export_goes_on_where_something_is_deleted_while_it_is_read(house, monkeypatch):
    """It broke off: runs whose time is over are deleted all the time."""
    await furnished(house)
    whole = Counter(line["type"] for line in await lines(house, "/workspaces/current/export"))
    services = house.services

    def gone_at_second(service, name):
        ask_it, asked = getattr(type(service), name), Counter()

        async def answered(self, *given, **named):
            asked["times"] += 1
            if asked["times"] == 2:
                raise NotFound("it")
            return await ask_it(self, *given, **named)

        monkeypatch.setattr(type(service), name, answered)

    for service, name in (
        (services.runs, "get"),
        (services.explain, "version"),
        (services.tenancy, "grants_page"),
    ):
        gone_at_second(service, name)
    found = Counter(line["type"] for line in await lines(house, "/workspaces/current/export"))
    assert whole - found == {"run": 1, "schedule_version": 1, "principal": 1}


async def test_an_export_has_all_grants_of_a_principal(house, monkeypatch):
    monkeypatch.setattr("horarium.api.routes.exports.PIECE", 2)
    target = {"kind": "workflow", "name": "T", "executor": {"type": "http", "url": "https://example.com"}}
    targets = [(await ask(house, "POST", "/targets", target, 201))["id"] for _ in range(5)]
    person = await ask(house, "POST", "/principals", {"name": "p", "grants": targets}, 201)
    found = await lines(house, "/workspaces/current/export")
    (granted,) = [one["value"]["grants"] for one in found if one["value"].get("id") == person["id"]]
    assert sorted(granted) == sorted(targets)


async def test_others_have_their_turn_within_an_export(house, monkeypatch):
    given = Counter()

    class Counted(Turns):
        async def give(self):
            given["turns"] += 1

    monkeypatch.setattr("horarium.api.routes.exports.Turns", Counted)
    found = await lines(house, "/workspaces/current/export")
    assert given["turns"] == len(found) > 1


async def test_a_server_administrator_exports_another_workspace_and_nothing_of_their_own(house):
    await scheduled(house)
    other = await house.workspace("other")
    named = prefixed("ws", other.workspace_id)
    found = await lines(house, f"/workspaces/{named}/export")
    assert [line["value"]["id"] for line in found if line["type"] == "workspace"] == [named]
    assert {line["type"] for line in found} == {"workspace", "principal", "key"}


READING = [scope for scope in SCOPES if scope.endswith(":read")]


@pytest.mark.parametrize("missing", ["keys:admin", *READING])
async def test_an_export_needs_every_scope_that_reads(house, missing):
    every = ["keys:admin", *READING]
    for scopes, status in ((every, 200), ([scope for scope in every if scope != missing], 403)):
        headers = {"Authorization": f"Bearer {await house.key_with(*scopes)}"}
        answer = await house.client.get(f"{BASE}/workspaces/current/export", headers=headers)
        assert answer.status_code == status


async def test_a_server_administrator_acts_in_a_workspace_and_its_log_tells_who_it_was(house):
    made = await ask(house, "POST", "/workspaces", {"name": "Acme"}, 201)
    inside = {"Horarium-Workspace": made["id"]}
    me = await ask(house, "GET", "/me", headers=inside)
    assert me["workspace"]["id"] == made["id"]
    target = {
        "kind": "workflow",
        "name": "T",
        "key": "t",
        "executor": {"type": "http", "url": "https://example.com"},
    }
    await ask(house, "POST", "/targets", target, 201, headers=inside)
    order = {"name": "s", "recurrence": "0 9 * * *", "target": "t"}
    schedule = await ask(house, "POST", "/schedules", order, 201, headers=inside)
    await ask(house, "GET", f"/schedules/{schedule['id']}", status=404)
    async with client_of(house.api, made["admin_key"]["key"]) as theirs:
        assert (await theirs.get(f"{BASE}/schedules/{schedule['id']}")).status_code == 200
        log = (await theirs.get(f"{BASE}/audit?action=schedule.created")).json()["items"]
    mine = await ask(house, "GET", "/me")
    assert [entry["by"]["principal"] for entry in log] == [mine["principal"]["id"]]


async def test_a_server_administrator_makes_a_key_for_a_principal_of_a_workspace(house):
    made = await ask(house, "POST", "/workspaces", {"name": "Acme"}, 201)
    inside = {"Horarium-Workspace": made["id"]}
    body = {"name": "lost", "scopes": ["*"]}
    assert await fields(house, "POST", "/keys", body, headers=inside) == {"principal"}
    key = await ask(house, "POST", "/keys", {**body, "principal": made["admin"]["id"]}, 201, headers=inside)
    async with client_of(house.api, key["key"]) as theirs:
        assert (await theirs.get(f"{BASE}/me")).json()["workspace"]["id"] == made["id"]


async def test_only_a_server_administrator_acts_elsewhere(house):
    other = await house.workspace("other")
    elsewhere = {"Horarium-Workspace": prefixed("ws", other.workspace_id)}
    key = await house.key_with("*")
    answer = await house.client.get(f"{BASE}/me", headers={**elsewhere, "Authorization": f"Bearer {key}"})
    assert answer.status_code == 403
    nowhere = {"Horarium-Workspace": prefixed("ws", bytes(16))}
    assert await fields(house, "GET", "/me", None, headers=nowhere) == {"Horarium-Workspace"}
    assert await fields(house, "GET", "/me", None, headers={"Horarium-Workspace": "x"}) == {
        "Horarium-Workspace"
    }
    me = (await ask(house, "GET", "/me"))["workspace"]["id"]
    own = {"Horarium-Workspace": me, "Authorization": f"Bearer {key}"}
    assert (await ask(house, "GET", "/me", headers=own))["workspace"]["id"] == me


async def test_an_export_has_pauses_windows_actions_and_erasures_and_says_nothing_of_whom(house):
    schedule = await scheduled(house)
    window = {"recurrence": "0 2 * * *", "duration": "2h"}
    made = await ask(house, "POST", f"/schedules/{schedule['id']}/windows", window, 201)
    await ask(house, "POST", "/workspaces/current/pause", {"note": "repairs"})
    await ask(house, "POST", f"/schedules/{schedule['id']}/pause", {"note": "holidays"})
    act = {"action": "relabel", "filter": {"state": "paused"}, "labels": {"seen": "yes"}}
    taken = await ask(house, "POST", "/schedules/actions", act)
    erased = await ask(house, "POST", "/erasures", PERSON)
    answer = await house.client.get(f"{BASE}/workspaces/current/export")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    found = {kind: [line["value"] for line in lines if line["type"] == kind] for kind in ("window", "pause")}
    assert [each["id"] for each in found["window"]] == [made["id"]]
    assert sorted(each["note"] for each in found["pause"]) == ["holidays", "repairs"]
    assert [line["value"]["id"] for line in lines if line["type"] == "action"] == [taken["id"]]
    assert [line["value"]["id"] for line in lines if line["type"] == "erasure"] == [erased["id"]]
    assert "u42" not in answer.text


async def test_the_note_of_a_window_does_not_keep_an_erased_person(house):
    window = {"recurrence": "0 2 * * *", "duration": "2h", "note": "for ann@example.com"}
    await ask(house, "POST", "/workspaces/current/windows", window, 201)
    await ask(house, "POST", "/erasures", PERSON)
    (found,) = (await ask(house, "GET", "/workspaces/current/windows"))["items"]
    assert found["note"] == "for [erased]"
