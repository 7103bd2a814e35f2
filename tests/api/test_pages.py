"""The OpenAPI page, the health routes, and who one is."""

import re

from horarium.domain.ids import from_prefixed, prefixed, random_id
from horarium.service.pages import MOST
from horarium.store.verbs import tenancy
from tests.api.asking import BASE, NOW, ask
from tests.support.house import House, client_of


async def test_the_openapi_page_names_every_route_and_holds_together():
    async with House.open(NOW) as house:
        page = await ask(house, "GET", "/openapi.json")
        assert {"/schedules", "/schedules/{id}", "/targets/{ref}", "/runs/{id}/complete"} <= page[
            "paths"
        ].keys()
        assert page["components"]["securitySchemes"][next(iter(page["security"][0]))]["scheme"] == "bearer"
        create = page["paths"]["/schedules"]["post"]
        body = create["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert "recurrence" in page["components"]["schemas"][body]["properties"]
        wanted = {
            part.partition('"')[0] for part in str(page).replace("'", '"').split("#/components/schemas/")[1:]
        }
        assert wanted <= page["components"]["schemas"].keys()


async def test_the_page_loads_nothing_from_elsewhere():
    async with House.open(NOW) as house, client_of(house.api) as client:
        page = (await client.get(f"{BASE}/docs")).text
        named = re.findall(r"""(?:src|href|url)[=:]\s*["']([^"']+)""", page)
        assert len(named) == 4
        for url in named:
            found = await client.get(url)
            assert url.startswith(BASE)
            assert (found.status_code, len(found.content) > 1_000) == (200, True)


async def test_health_needs_no_key_and_tells_the_zone_data():
    async with House.open(NOW) as house, client_of(house.api) as client:
        for base in ("", BASE):
            found = (await client.get(f"{base}/healthz")).json()
            assert found["status"] == "ok"
            assert found["tzdata"][:2] == "20"
            assert (await client.get(f"{base}/readyz")).json() == {"status": "ready"}
        figures = (await client.get("/metrics")).text
        assert "python_info" in figures
        assert 'horarium_slots_total{outcome="fired",reason=""} 0.0' in figures


async def test_one_sees_who_one_is():
    async with House.open(NOW) as house:
        found = await ask(house, "GET", "/me")
        assert found["workspace"]["slug"] == "first"
        assert found["targets"] == ["*"]


async def test_keys_are_shown_once_listed_with_a_hint_and_revoked():
    async with House.open(NOW) as house:
        made = await ask(house, "POST", "/keys", {"name": "app", "scopes": ["runs:read"]}, 201)
        assert made["key"].startswith("hor_")
        listed = (await ask(house, "GET", "/keys"))["items"]
        assert made["hint"] == made["key"][-4:]
        assert made["key"] not in str(listed)
        assert (await ask(house, "DELETE", f"/keys/{made['id']}"))["revoked_at"] is not None
        async with client_of(house.api, made["key"]) as client:
            assert (await client.get(f"{BASE}/me")).status_code == 401


async def test_a_principal_is_made_granted_and_removed():
    async with House.open(NOW) as house:
        await house.target("tool", key="hammer")
        bob = await ask(house, "POST", "/principals", {"name": "Bob", "grants": ["hammer"]}, 201)
        path = f"/principals/{bob['id']}"
        assert len((await ask(house, "GET", f"{path}/grants"))["targets"]) == 1
        assert "*" in (await ask(house, "POST", f"{path}/grants", {"targets": ["*"]}))["targets"]
        await ask(house, "DELETE", f"{path}/grants/hammer", status=204)
        assert (await ask(house, "GET", f"{path}/grants"))["targets"] == ["*"]
        await ask(house, "DELETE", path, status=204)
        await ask(house, "GET", path, status=404)


async def test_grants_are_listed_in_pages_that_begin_with_the_grant_on_all_targets():
    async with House.open(NOW) as house:
        keys = [f"t{number}" for number in range(5)]
        ids = [prefixed("tgt", (await house.target("tool", key=key)).id) for key in keys]
        bob = await ask(house, "POST", "/principals", {"name": "Bob", "grants": ["*", *keys]}, 201)
        path, seen, cursor = f"/principals/{bob['id']}/grants?limit=2", [], ""
        for _ in range(3):
            page = await ask(house, "GET", f"{path}&cursor={cursor}")
            assert len(page["targets"]) == 2
            seen += page["targets"]
            cursor = page["next_cursor"]
        assert (seen[0], sorted(seen[1:]), cursor) == ("*", sorted(ids), None)
        await ask(house, "GET", f"{path}&cursor=x", status=400)


async def test_of_very_many_grants_an_answer_shows_a_page():
    async with House.open(NOW) as house:
        number = MOST + 5
        me = await ask(house, "GET", "/me")
        principal = from_prefixed("prn", me["principal"]["id"])
        await house.store.write(
            tenancy.add_grants, house.first.workspace_id, principal, [random_id(n) for n in range(number)], 0
        )
        house.services.identities.forget()
        shown = await ask(house, "GET", "/me")
        added = await ask(house, "POST", f"/principals/{me['principal']['id']}/grants", {"targets": ["*"]})
        for answer in (shown, added):
            assert len(answer["targets"]) == MOST
            path = f"/principals/{me['principal']['id']}/grants?limit={MOST}&cursor={answer['next_cursor']}"
            rest = await ask(house, "GET", path)
            assert (len(rest["targets"]), rest["next_cursor"]) == (number + 1 - MOST, None)


async def test_a_workspace_is_made_with_a_key_that_sees_it_alone():
    async with House.open(NOW) as house:
        made = await ask(house, "POST", "/workspaces", {"name": "Acme"}, 201)
        assert len((await ask(house, "GET", "/workspaces"))["items"]) == 2
        async with client_of(house.api, made["admin_key"]["key"]) as client:
            found = (await client.get(f"{BASE}/workspaces")).json()["items"]
            assert [one["slug"] for one in found] == ["acme"]
