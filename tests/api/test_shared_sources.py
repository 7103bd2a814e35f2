"""A source of audiences that is shared is read in another workspace, where nobody sees how it is set up."""

import json

import pytest

from horarium.domain.ids import prefixed
from tests.api.asking import BASE, NOW, ask
from tests.console.browsing import signed_in
from tests.support.house import House
from tests.support.receiver import Answer, Receiver

SECRET = "header-secret-7f3"
PEOPLE = [{"id": "ann", "city": "Rome"}, {"id": "bob", "city": "Oslo"}]


@pytest.fixture
async def receiver():
    async with Receiver() as made:
        made.script("/hidden-path", answer(PEOPLE))
        yield made


@pytest.fixture
async def house():
    async with House.open(NOW) as made:
        yield made


@pytest.fixture
async def other(house):
    return await house.workspace("other")


def answer(rows, status=200):
    return Answer(status, body=json.dumps({"data": rows}).encode())


async def lend(house, url, name="people", **config):
    config = {"url": url, "headers": {"Authorization": f"Bearer {SECRET}"}, **config}
    return await ask(house, "PUT", f"/audiences/{name}", {"type": "http", "config": config})


async def share(house, other, status=201, name="people", named=None, method="PUT"):
    body = None if named is None else {"name": named}
    headers = {"Authorization": f"Bearer {await house.key_with('*', 'workspaces:admin')}"}
    path = f"/audiences/{name}/shares/{prefixed('ws', other.workspace_id)}"
    return await ask(house, method, path, body, status, headers=headers)


async def theirs(house, other, method, path, body=None, status=200):
    return await ask(house, method, path, body, status, headers={"Authorization": f"Bearer {other.key}"})


async def preview(house, other, given=None, status=200, kind="people"):
    body = {"audience": {"type": kind, "filter": given or {}}, "sample": 5}
    return await theirs(house, other, "POST", "/audiences/preview", body, status)


async def scheduled(house, other, url, kind="people", **given):
    hook = {"kind": "tool", "name": "Hook", "key": "hook", "executor": {"type": "http", "url": url}}
    await theirs(house, other, "POST", "/targets", hook, 201)
    body = {
        "name": "s",
        "recurrence": "* * * * *",
        "target": "hook",
        "audience": {"type": kind, "filter": given},
    }
    return await theirs(house, other, "POST", "/schedules", body, 201)


async def what_they_read(house, other):
    """All that the borrower reads, by path: a page that showed something of the lender would show it here."""
    schedules = (await theirs(house, other, "GET", "/schedules"))["items"]
    paths = [
        "/audiences", "/audiences/people", "/audiences/people/shares", "/audit", "/events", "/fires", "/runs",
        "/ledger", "/runs?include=input,row", "/workspaces/current", "/workspaces/current/export", "/targets",
    ]  # fmt: skip
    for schedule in schedules:
        one = f"/schedules/{schedule['id']}"
        paths += [one, f"{one}/versions", f"{one}/preview", f"{one}/ledger", f"{one}/fires"]
        paths += [f"{one}/explain?at=2026-03-01T12:01:00Z", f"{one}/preview?audience=true"]
    found = {}
    for path in paths:
        read = await house.client.get(BASE + path, headers={"Authorization": f"Bearer {other.key}"})
        assert read.status_code in (200, 400, 404), (path, read.text)
        found[path] = read.text
    tried = {"audience": {"type": "people", "filter": {}}}
    sent = await house.client.post(
        f"{BASE}/audiences/preview", json=tried, headers={"Authorization": f"Bearer {other.key}"}
    )
    found["preview"] = sent.text
    async with signed_in(house, other) as person:
        for path in ("/audiences", "/audiences?type=people", "/audit", "/schedules", "/runs", "/"):
            found[f"console {path}"] = await person.see(path)
        for schedule in schedules:
            found["console schedule"] = await person.see(f"/schedules/{schedule['id']}")
    return found


async def test_a_borrower_fires_for_rows_of_a_source_of_which_it_sees_nothing_else(house, other, receiver):
    lent = await lend(house, receiver.url("/hidden-path"))
    made = await share(house, other)
    assert (made["workspace"], made["name"]) == (prefixed("ws", other.workspace_id), "people")
    mirror = await theirs(house, other, "GET", "/audiences/people")
    assert (mirror["id"], mirror["shared_from"]) == (made["source"], lent["id"])
    assert (mirror["type"], mirror["config"], mirror["disabled_reason"]) == ("http", {}, None)
    seen = await preview(house, other, {"city": "Rome"})
    assert (seen["count"], [row["key"] for row in seen["sample"]]) == (2, ["ann", "bob"])
    await scheduled(house, other, receiver.url("/hook"))
    await house.move("2026-03-01T12:01:00Z")
    runs = (await theirs(house, other, "GET", "/runs?include=row"))["items"]
    assert sorted(run["row"]["city"] for run in runs) == ["Oslo", "Rome"]
    asked = [one for one in receiver.requests if one.path == "/hidden-path"]
    assert {one.headers["authorization"] for one in asked} == {f"Bearer {SECRET}"}
    assert {one.headers["horarium-workspace"] for one in asked} == {prefixed("ws", other.workspace_id)}
    assert json.loads(asked[0].body)["filter"] == {"city": "Rome"}
    for path, text in (await what_they_read(house, other)).items():
        assert SECRET not in text, path
        assert "hidden-path" not in text, path


FAILING = {
    "a status": ({}, answer([], 503), "the endpoint answered 503, not 200"),
    "what is no list": ({"rows": "hidden.rows"}, answer([]), "the endpoint's answer has no list where one"),
    "a refused host": (
        {"url": "http://host.hidden.example/x"},
        None,
        "its endpoint may not be reached from this",
    ),
    "nobody there": ({"url": "http://127.0.0.1:1/hidden-path"}, None, "the endpoint: could not connect"),
}


@pytest.mark.parametrize("fault", FAILING)
async def test_a_borrower_is_told_what_went_wrong_and_not_where(house, other, receiver, fault):
    config, said, words = FAILING[fault]
    if said is not None:
        receiver.script("/hidden-path", said)
    await lend(house, receiver.url("/hidden-path"))
    await share(house, other)
    await scheduled(house, other, receiver.url("/hook"))
    body = {"url": receiver.url("/hidden-path"), "headers": {"Authorization": f"Bearer {SECRET}"}, **config}
    await house.services.audiences.put_source(await house.who(), "people", "http", body)
    if fault == "a refused host":
        await allow(house, house.first, "x.example")
    await house.move("2026-03-01T12:01:00Z")
    for _ in range(3):  # the pauses after which it is asked again
        house.clock.now += 30_000
        await house.resolve()
    (fire,) = (await theirs(house, other, "GET", "/fires?state=failed"))["items"][-1:]
    assert fire["error"].startswith(f"the shared source 'people' failed: {words}")
    for path, text in (await what_they_read(house, other)).items():
        for hidden in (SECRET, "hidden-path", "hidden.", ".hidden", "127.0.0.1:1/"):
            assert hidden not in text, path


async def allow(house, tenant, *hosts):
    headers = {"Authorization": f"Bearer {await house.key_with('*', 'workspaces:admin')}"}
    path = f"/workspaces/{prefixed('ws', tenant.workspace_id)}"
    await ask(house, "PATCH", path, {"allowed_hosts": list(hosts)}, headers=headers)


async def test_the_hosts_that_count_are_the_lenders_and_its_log_tells_of_a_refused_one(
    house, other, receiver
):
    await lend(house, receiver.url("/hidden-path"))
    await share(house, other)
    await allow(house, other, "x.example")
    assert (await preview(house, other))["count"] == 2
    await allow(house, house.first, "x.example")
    assert "may not be reached" in (await preview(house, other, status=503))["detail"]
    await house.services.audit.note_refused_hosts()
    (noted,) = (await ask(house, "GET", "/audit?action=refused"))["items"]
    assert noted["subject"] == "host:127.0.0.1"
    assert (await theirs(house, other, "GET", "/audit?action=refused"))["items"] == []


async def test_a_filter_sets_nothing_that_the_lender_has_set_in_the_url(house, other, receiver):
    await lend(house, receiver.url("/hidden-path?tenant=ours&token=t0ken"), method="GET")
    await share(house, other)
    assert (await preview(house, other, {"city": "Rome"}))["count"] == 2
    assert receiver.requests[-1].query == "tenant=ours&token=t0ken&city=Rome&limit=500"
    for name in ("tenant", "TENANT", "tenant[]", " tenant"):
        refused = await preview(house, other, {name: "theirs"}, 400)
        assert "is set by the source itself" in refused["errors"][0]["message"]
    await scheduled(house, other, receiver.url("/hook"), region="south")
    await lend(house, receiver.url("/hidden-path?region=north"), method="GET")
    await house.move("2026-03-01T12:01:00Z")
    (fire,) = (await theirs(house, other, "GET", "/fires"))["items"]
    assert "the filter 'region' is set by the source itself" in fire["error"]


async def test_what_an_endpoint_sends_back_of_its_secrets_is_hidden_from_a_borrower(house, other, receiver):
    receiver.script("/hidden-path", answer([{"id": "ann", "echo": {"sent": [f"Bearer {SECRET}"]}}]))
    await lend(house, receiver.url("/hidden-path"))
    await share(house, other)
    (row,) = (await preview(house, other))["sample"]
    assert row["data"] == {"id": "ann", "echo": {"sent": ["***"]}}


async def test_a_query_reads_for_the_workspace_that_asks(tmp_path):
    async with House.open(NOW, data=tmp_path) as house:
        other = await house.workspace("other")
        columns = [{"name": "person", "type": "text"}, {"name": "owner", "type": "text"}]
        await ask(house, "POST", "/tables", {"database": "crm", "table": "people", "columns": columns}, 201)
        into = {"kind": "table", "name": "T", "key": "t",
                "executor": {"type": "sql", "database": "crm", "table": "people"}}  # fmt: skip
        await ask(house, "POST", "/targets", into, 201)
        for row, owner in (("ann", other.workspace_id), ("bob", house.first.workspace_id)):
            given = {"operation": "INSERT", "values": {"person": row, "owner": prefixed("ws", owner)}}
            await ask(house, "POST", "/targets/t/test", {"input": given})
        query = "SELECT person AS id FROM people WHERE owner = :horarium_workspace"
        config = {"database": "crm", "query": query, "key": "id"}
        await ask(house, "PUT", "/audiences/people", {"type": "sql", "config": config})
        await share(house, other)
        assert [row["key"] for row in (await preview(house, other))["sample"]] == ["ann"]
        own = await ask(house, "POST", "/audiences/preview", {"audience": {"type": "people"}, "sample": 5})
        assert [row["key"] for row in own["sample"]] == ["bob"]
        there = prefixed("ws", house.first.workspace_id)
        refused = await preview(house, other, {"horarium_workspace": there}, 400)
        assert refused["errors"][0]["field"] == "audience.filter.horarium_workspace"
        config["query"] = "SELECT id FROM hidden_table"
        await ask(house, "PUT", "/audiences/people", {"type": "sql", "config": config})
        assert (await preview(house, other, status=503))["detail"].endswith("failed: the query failed")


async def test_a_borrower_changes_nothing_of_a_shared_source_and_may_give_it_back(house, other, receiver):
    await lend(house, receiver.url("/hidden-path"))
    await share(house, other)
    shown = await theirs(house, other, "GET", "/audiences/people")
    for body in ({"type": "http", "config": {"url": receiver.url("/mine")}}, shown):
        found = await theirs(house, other, "PUT", "/audiences/people", body, 409)
        assert "shared from another workspace" in found["detail"]
    await theirs(house, other, "PUT", f"/audiences/people/shares/{prefixed('ws', house.first.workspace_id)}",
                 None, 409)  # fmt: skip
    assert await theirs(house, other, "GET", "/audiences/people") == shown
    await theirs(house, other, "DELETE", "/audiences/people", None, 204)
    assert (await ask(house, "GET", "/audiences/people/shares"))["items"] == []
    await share(house, other)


async def test_only_a_key_of_the_whole_server_shares(house, other, receiver):
    await lend(house, receiver.url("/hidden-path"))
    place = f"/audiences/people/shares/{prefixed('ws', other.workspace_id)}"
    for method in ("PUT", "DELETE"):
        for scopes in (("*",), ("workspaces:admin",)):
            headers = {"Authorization": f"Bearer {await house.key_with(*scopes)}"}
            await ask(house, method, place, None, 403, headers=headers)
        await theirs(house, other, method, place, None, 404)  # it has no such source, whatever its key may do
    assert (await theirs(house, other, "GET", "/audiences"))["items"] == []


async def test_what_cannot_be_shared_is_said(house, other, receiver):
    await lend(house, receiver.url("/hidden-path"))
    await share(house, house.first, 400)
    await share(house, other, 400, named="No name!")
    await share(house, other, 404, name="nothing")
    nobody = type(other)(b"\0" * 16, "", None)
    await share(house, nobody, 404)
    own = {"type": "http", "config": {"url": receiver.url("/own")}}
    await theirs(house, other, "PUT", "/audiences/people", own)
    assert "'people' exists already" in (await share(house, other, 409))["detail"]
    assert (await share(house, other, named="lent"))["name"] == "lent"
    assert (await share(house, other, 200))["name"] == "lent"
    assert "'people' exists already" in (await share(house, other, 409, named="people"))["detail"]
    in_use = await ask(house, "DELETE", "/audiences/people", None, 409)
    assert "is shared with other workspaces" in in_use["detail"]


async def test_fires_for_a_source_that_is_not_shared_any_more_fail_and_say_so(house, other, receiver):
    await lend(house, receiver.url("/hidden-path"))
    await share(house, other)
    schedule = await scheduled(house, other, receiver.url("/hook"))
    await share(house, other, 204, method="DELETE")
    await share(house, other, 404, method="DELETE")
    await house.move("2026-03-01T12:01:00Z")
    (fire,) = (await theirs(house, other, "GET", "/fires"))["items"]
    words = "the source 'people' cannot be read: it is not shared with this workspace any more"
    assert (fire["state"], fire["error"]) == ("failed", words)
    source = await theirs(house, other, "GET", "/audiences/people")
    assert source["disabled_reason"] == "it is not shared with this workspace any more"
    assert words in (await preview(house, other, status=400))["errors"][0]["message"]
    async with signed_in(house, other) as person:
        for path in ("/audiences", f"/schedules/{schedule['id']}"):
            assert "not shared with this workspace any more" in await person.see(path), path
    assert (await theirs(house, other, "PATCH", f"/schedules/{schedule['id']}", {"name": "t"}))["name"] == "t"
    await share(house, other)
    await house.move("2026-03-01T12:02:00Z")
    assert len((await theirs(house, other, "GET", "/runs"))["items"]) == 2


async def test_an_edit_of_the_lender_counts_for_the_next_fire_of_a_borrower(house, other, receiver):
    await lend(house, receiver.url("/hidden-path"))
    await share(house, other)
    receiver.script("/new", answer([{"id": "cid"}]))
    await lend(house, receiver.url("/new"))
    assert [row["key"] for row in (await preview(house, other))["sample"]] == ["cid"]


async def test_both_audit_logs_tell_of_a_share(house, other, receiver):
    await lend(house, receiver.url("/hidden-path"))
    made = await share(house, other, named="lent")
    await share(house, other, 200)
    await share(house, other, 204, method="DELETE")
    here = {one["action"]: one for one in (await ask(house, "GET", "/audit"))["items"]}
    there = {one["action"]: one for one in (await theirs(house, other, "GET", "/audit"))["items"]}
    assert here["audience.shared"]["after"] == {"workspace": made["workspace"], "source": "lent"}
    assert here["audience.unshared"]["subject"] == "audience:people"
    assert there["audience.received"]["subject"] == "audience:lent"
    assert there["audience.withdrawn"]["before"] == {"key": "lent"}
