"""A target that a server administrator shares is used in another workspace, where nobody sees how it is run."""

import json

import pytest

from horarium.domain.ids import prefixed
from tests.api.asking import BASE, NOW, ask
from tests.console.browsing import signed_in
from tests.support.house import House
from tests.support.receiver import Answer, Reset

HEADER, QUERY, NAMED = "header-secret-7f3", "query-secret-8a1", "named-secret-55c"


@pytest.fixture
async def house():
    async with House.open(NOW) as made:
        yield made


@pytest.fixture
async def other(house):
    return await house.workspace("other")


def executor(url):
    return {
        "type": "http",
        "url": f"{url}?token={QUERY}",
        "headers": {"Authorization": f"Bearer {HEADER}", "X-Named": "{{secrets.NAMED}}"},
        "secrets": {"NAMED": NAMED},
    }


async def lend(house, url):
    body = {"kind": "workflow", "key": "crm", "name": "CRM", "executor": executor(url)}
    return await ask(house, "POST", "/targets", body, 201)


async def share(house, other, status=201, key=None, **options):
    body = None if key is None else {"key": key}
    headers = {"Authorization": f"Bearer {await admin(house)}"}
    path = f"/targets/by-key/crm/shares/{prefixed('ws', other.workspace_id)}"
    return await ask(house, "PUT", path, body, status, **({"headers": headers} | options))


async def admin(house):
    return await house.key_with("*", "workspaces:admin")


async def scheduled(house, other, status=201, **options):
    body = {"name": "s", "recurrence": "* * * * *", "target": "crm"}
    return await theirs(house, other, "POST", "/schedules", body, status, **options)


async def theirs(house, other, method, path, body=None, status=200):
    return await ask(house, method, path, body, status, headers={"Authorization": f"Bearer {other.key}"})


async def test_a_borrower_schedules_a_target_of_which_it_sees_no_secret(house, other, receiver):
    lent = await lend(house, receiver.url("/hook"))
    made = await share(house, other)
    assert (made["workspace"], made["key"]) == (prefixed("ws", other.workspace_id), "crm")
    mirror = await theirs(house, other, "GET", "/targets/crm")
    assert (mirror["id"], mirror["shared_from"], mirror["enabled"]) == (made["target"], lent["id"], True)
    assert (mirror["executor"], mirror["name"]) == ({"type": "http"}, "CRM")
    schedule = await scheduled(house, other)
    await house.move("2026-03-01T12:01:00Z")
    (got,) = receiver.requests
    assert (got.headers["authorization"], got.headers["x-named"]) == (f"Bearer {HEADER}", NAMED)
    assert got.headers["horarium-workspace"] == prefixed("ws", other.workspace_id)
    assert got.headers["horarium-target"] == mirror["id"]
    (run,) = (await theirs(house, other, "GET", f"/runs?schedule={schedule['id']}"))["items"]
    assert run["state"] == "succeeded"
    sent = await theirs(house, other, "GET", f"/runs/{run['id']}/request")
    assert (sent["request"], sent["reason"]) == (
        None,
        "the target is shared from a workspace that does not show it",
    )


@pytest.mark.parametrize(
    "answer", [Answer(500, body=b"no"), Answer(400, body=b"bad"), Answer(410), Reset(), None]
)
async def test_nothing_that_a_borrower_reads_holds_a_secret_or_the_address(house, other, receiver, answer):
    receiver.script("/hidden-path", answer or Answer())
    await lend(house, receiver.url("/hidden-path") if answer else "http://127.0.0.1:1/hidden-path")
    await share(house, other)
    schedule = await scheduled(house, other)
    await house.move("2026-03-01T12:01:00Z")
    assert len(receiver.requests) == (1 if answer else 0)
    (run,) = (await theirs(house, other, "GET", f"/runs?schedule={schedule['id']}"))["items"]
    paths = [
        "/targets", "/targets/crm", "/targets/crm/shares", "/schedules", f"/runs/{run['id']}", "/runs?include=input",
        f"/runs/{run['id']}/request", f"/schedules/{schedule['id']}/ledger",
        "/ledger", "/fires", "/audit", "/events", "/workspaces/current/export",
    ]  # fmt: skip
    for path in paths:
        found = await house.client.get(BASE + path, headers={"Authorization": f"Bearer {other.key}"})
        assert found.status_code == 200, (path, found.text)
        for hidden in (HEADER, QUERY, NAMED, "hidden-path"):
            assert hidden not in found.text, path


async def test_what_a_target_sends_home_is_hidden_from_a_borrower(house, other, receiver):
    told = {"echo": f"you sent Bearer {HEADER} and {NAMED}"}
    receiver.script("/hook", Answer(200, body=json.dumps(told).encode()))
    await lend(house, receiver.url("/hook"))
    await share(house, other)
    await scheduled(house, other)
    await house.move("2026-03-01T12:01:00Z")
    (run,) = (await theirs(house, other, "GET", "/runs"))["items"]
    whole = await theirs(house, other, "GET", f"/runs/{run['id']}")
    assert whole["output"]["echo"].startswith("you sent ")
    assert HEADER not in str(whole)
    assert NAMED not in str(whole)


async def test_a_borrower_changes_nothing_of_a_shared_target_and_may_give_it_back(house, other, receiver):
    await lend(house, receiver.url("/hook"))
    await share(house, other)
    shown = await theirs(house, other, "GET", "/targets/crm")
    own = {"kind": "workflow", "name": "Mine", "executor": {"type": "http", "url": receiver.url("/mine")}}
    for method, path, body in (
        ("PUT", "/targets/crm", own),
        ("PUT", "/targets/by-key/crm", own),
        (
            "PATCH",
            "/targets/crm",
            {"executor": {**executor(receiver.url("/mine")), "url": receiver.url("/x")}},
        ),
        ("PATCH", "/targets/crm", {"name": "Mine"}),
        ("POST", "/targets/crm/disable", None),
        ("POST", "/targets/crm/rotate-secret", {}),
        ("POST", "/targets/crm/test", {"input": {}}),
    ):
        found = await theirs(house, other, method, path, body, 409)
        assert "shared from another workspace" in found["detail"], (method, path)
    assert await theirs(house, other, "GET", "/targets/crm") == shown
    assert receiver.requests == []
    await theirs(house, other, "DELETE", "/targets/crm", None, 204)
    assert (await ask(house, "GET", "/targets/crm/shares"))["items"] == []


async def test_a_grant_is_needed_for_a_shared_target_as_for_any_other(house, other, receiver):
    await lend(house, receiver.url("/hook"))
    await share(house, other)
    ben = await theirs(house, other, "POST", "/principals", {"name": "Ben", "type": "person"}, 201)
    key = await theirs(
        house, other, "POST", "/keys", {"name": "k", "scopes": ["*"], "principal": ben["id"]}, 201
    )
    headers = {"Authorization": f"Bearer {key['key']}"}
    body = {"name": "s", "recurrence": "* * * * *", "target": "crm"}
    await ask(house, "POST", "/schedules", body, 403, headers=headers)
    await theirs(house, other, "POST", f"/principals/{ben['id']}/grants", {"targets": ["crm"]})
    await ask(house, "POST", "/schedules", body, 201, headers=headers)


async def test_only_a_key_of_the_whole_server_shares(house, other, receiver):
    await lend(house, receiver.url("/hook"))
    place = f"/targets/crm/shares/{prefixed('ws', other.workspace_id)}"
    lender = {"Authorization": f"Bearer {await house.key_with('*')}"}
    for method in ("PUT", "DELETE"):
        await ask(house, method, place, None, 403, headers=lender)
        borrower = {"Authorization": f"Bearer {await house.key_with('*', tenant=other)}"}
        await ask(house, method, place, None, 403, headers=borrower)
        await theirs(house, other, method, place, None, 404)  # it has no such target, whatever its key may do
    only_server = {"Authorization": f"Bearer {await house.key_with('workspaces:admin')}"}
    await ask(house, "PUT", place, None, 403, headers=only_server)
    assert (await theirs(house, other, "GET", "/targets"))["items"] == []


async def test_what_cannot_be_shared_is_said(house, other, receiver):
    lent = await lend(house, receiver.url("/hook"))
    headers = {"Authorization": f"Bearer {await admin(house)}"}

    async def put(target, workspace, status, body=None):
        path = f"/targets/{target}/shares/{workspace}"
        return await ask(house, "PUT", path, body, status, headers=headers)

    there = prefixed("ws", other.workspace_id)
    own = await put("crm", prefixed("ws", house.first.workspace_id), 400)
    assert own["errors"][0]["field"] == "workspace"
    await put("crm", "ws_00000000000000000000000000", 404)
    await put("crm", "nobody", 404)
    await put("nothing", there, 404)
    await put("crm", there, 400, {"key": "no key at all!\n"})
    await theirs(house, other, "POST", "/targets", {"kind": "tool", "name": "x", "key": "crm",
                 "executor": {"type": "http", "url": receiver.url("/")}}, 201)  # fmt: skip
    assert "'crm' exists already" in (await put(lent["id"], there, 409))["detail"]
    assert (await put(lent["id"], there, 201, {"key": "lent-crm"}))["key"] == "lent-crm"
    assert (await put(lent["id"], there, 200))["key"] == "lent-crm"


async def test_runs_of_what_is_not_shared_any_more_fail_and_say_so(house, other, receiver):
    await lend(house, receiver.url("/hook"))
    made = await share(house, other)
    schedule = await scheduled(house, other)
    await house.move("2026-03-01T12:01:00Z")
    headers = {"Authorization": f"Bearer {await admin(house)}"}
    place = f"/targets/crm/shares/{made['workspace']}"
    await ask(house, "DELETE", place, None, 204, headers=headers)
    await ask(house, "DELETE", place, None, 404, headers=headers)
    await house.move("2026-03-01T12:02:00Z")
    assert len(receiver.requests) == 1
    (run, _) = (await theirs(house, other, "GET", f"/runs?schedule={schedule['id']}"))["items"]
    assert run["state"] == "failed"
    assert "not shared with this workspace any more" in run["error"]
    target = await theirs(house, other, "GET", "/targets/crm")
    assert (target["enabled"], target["disabled_reason"]) == (
        False,
        "it is not shared with this workspace any more",
    )
    await ask(house, "PUT", place, None, 201, headers=headers)
    await house.move("2026-03-01T12:03:00Z")
    assert len(receiver.requests) == 2


async def test_an_edit_of_the_lender_counts_for_the_next_run_of_a_borrower(house, other, receiver):
    await lend(house, receiver.url("/hook"))
    await share(house, other)
    await scheduled(house, other)
    await house.move("2026-03-01T12:01:00Z")
    change = {
        "executor": {
            "type": "http",
            "url": receiver.url("/new"),
            "headers": {"Authorization": "Bearer other"},
        }
    }
    await ask(house, "PATCH", "/targets/crm", change)
    await house.move("2026-03-01T12:02:00Z")
    assert [(one.path, one.headers["authorization"]) for one in receiver.requests] == [
        ("/hook", f"Bearer {HEADER}"),
        ("/new", "Bearer other"),
    ]
    await ask(house, "POST", "/targets/crm/disable")
    await house.move("2026-03-01T12:03:00Z")
    assert len(receiver.requests) == 2
    assert (await theirs(house, other, "GET", "/runs?limit=1"))["items"][0]["state"] == "failed"


async def test_both_audit_logs_tell_of_a_share(house, other, receiver):
    await lend(house, receiver.url("/hook"))
    made = await share(house, other)
    await share(house, other, 200)
    here = (await ask(house, "GET", "/audit"))["items"]
    there = (await theirs(house, other, "GET", "/audit"))["items"]
    (own,) = [one for one in here if one["action"] == "target.shared"]
    assert own["after"] == {"workspace": made["workspace"], "target": made["target"]}
    assert len([one for one in there if one["action"] == "target.received"]) == 1


@pytest.mark.parametrize("kind", ["agent", "workflow", "tool", "function", "automation", "table"])
async def test_the_other_apis_and_the_console_show_no_more_of_a_shared_target(house, other, receiver, kind):
    body = {"kind": kind, "key": "crm", "name": "CRM", "executor": executor(receiver.url("/hidden-path"))}
    await ask(house, "POST", "/targets", body, 201)
    made = await share(house, other)
    cadenya = f"/v1/workspaces/{prefixed('ws', other.workspace_id)}/agents"
    places = [cadenya, "/api/v1/workflows"]
    if kind == "agent":
        places.append(f"{cadenya}/external_id:crm")
    if kind == "workflow":
        places.append("/api/v1/workflows/crm")
    for place in places:
        found = await other.client.get(place)
        assert found.status_code == 200, (place, found.text)
        hides(found.text)
    assert "CRM" in found.text or kind not in ("agent", "workflow")
    changed = await other.client.patch(f"{cadenya}/external_id:crm", json={"metadata": {"name": "Mine"}})
    assert changed.status_code == (400 if kind == "agent" else 404), changed.text
    async with signed_in(house, other) as person:
        page = await person.see(f"/targets/{made['target']}")
        assert "It is shared from another workspace" in page
        assert "Test call" not in page
        for path in ("/targets", f"/targets/{made['target']}", f"/targets/{made['target']}/test"):
            hides(await person.see(path))


def hides(text):
    for hidden in (HEADER, QUERY, NAMED, "hidden-path"):
        assert hidden not in text


async def test_embedded_tables_are_each_workspaces_own(tmp_path):
    async with House.open(NOW, data=tmp_path) as house:
        other = await house.workspace("other")
        table = {"database": "crm", "table": "visits", "columns": [{"name": "who", "type": "text"}]}
        await ask(house, "POST", "/tables", table, 201)
        embedded = {"type": "sql", "database": "crm", "table": "visits"}
        own = {"kind": "table", "name": "Visits", "key": "crm", "executor": embedded}
        await ask(house, "POST", "/targets", own, 201)
        assert "each workspace's own" in (await share(house, other, 409))["detail"]
        await ask(house, "PUT", "/targets/crm", {**own, "executor": {"type": "echo"}})
        await share(house, other)
        refused = await ask(house, "PUT", "/targets/crm", own, 409)
        assert "each workspace's own" in refused["detail"]


async def test_the_hosts_that_count_are_the_lenders_and_only_the_lender_reads_of_a_refused_one(
    house, other, receiver
):
    await lend(house, "http://127.0.0.1:1/hidden-path")
    await share(house, other)
    own = prefixed("ws", house.first.workspace_id)
    await ask(
        house,
        "PATCH",
        f"/workspaces/{own}",
        {"allowed_hosts": ["allowed.example"]},
        headers={"Authorization": f"Bearer {await admin(house)}"},
    )
    schedule = await scheduled(house, other)
    await house.move("2026-03-01T12:01:00Z")
    (run,) = (await theirs(house, other, "GET", f"/runs?schedule={schedule['id']}"))["items"]
    assert run["error"] == "refused: *** is not among the hosts that this workspace may reach (allowed_hosts)"
    await house.services.audit.note_refused_hosts()
    (noted,) = (await ask(house, "GET", "/audit?action=refused"))["items"]
    assert noted["subject"] == "host:127.0.0.1"
    assert (await theirs(house, other, "GET", "/audit?action=refused"))["items"] == []


async def test_a_target_that_is_gone_is_off_everywhere_until_its_lender_switches_it_on(
    house, other, receiver
):
    receiver.script("/hook", Answer(410))
    await lend(house, receiver.url("/hook"))
    await share(house, other)
    body = {"name": "s", "recurrence": "* * * * *", "target": "crm"}
    await ask(house, "POST", "/schedules", body, 201)
    await house.move("2026-03-01T12:01:00Z")
    off = await theirs(house, other, "GET", "/targets/crm")
    assert (off["enabled"], off["disabled_reason"]) == (False, "it is switched off where it is shared from")
    await ask(house, "POST", "/targets/crm/enable")
    assert (await theirs(house, other, "GET", "/targets/crm"))["enabled"]


async def test_a_borrower_that_is_told_gone_switches_off_no_target_but_its_own_mirror(house, other, receiver):
    receiver.script("/hook", Answer(410))
    await lend(house, receiver.url("/hook"))
    await share(house, other)
    await scheduled(house, other)
    await house.move("2026-03-01T12:01:00Z")
    off = await theirs(house, other, "GET", "/targets/crm")
    assert (off["enabled"], off["disabled_reason"]) == (False, "the target answered 410 Gone")
    assert (await ask(house, "GET", "/targets/crm"))["enabled"]
    await share(house, other, 200)
    assert (await theirs(house, other, "GET", "/targets/crm"))["enabled"]


async def test_what_is_shared_and_what_is_not_any_more_is_known_at_once(house, other, receiver):
    """Targets are remembered for a moment where schedules name them."""
    await lend(house, receiver.url("/hook"))
    made = await share(house, other)

    async def remembered():
        found = await house.services.targets.resolve(other.workspace_id, "crm")
        return found.executor, found.state.value

    assert await remembered() == ("http", "enabled")
    headers = {"Authorization": f"Bearer {await admin(house)}"}
    place = f"/targets/crm/shares/{made['workspace']}"
    await ask(house, "DELETE", place, None, 204, headers=headers)
    assert await remembered() == ("none", "disabled")
    await ask(house, "PUT", place, None, 201, headers=headers)
    assert await remembered() == ("http", "enabled")
