"""The directory and the sources of audiences over HTTP."""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from horarium.api.csv_items import csv_items
from horarium.api.imports import LONGEST, list_items, ndjson_items
from horarium.domain.errors import Invalid, Problem
from tests.api.asking import NOW, ask, fields, scheduled
from tests.support.house import House, client_of

BASE = "/horarium/v1/directory"
AUDIENCES = "/horarium/v1/audiences"


@pytest.fixture
async def house(tmp_path: Any) -> AsyncIterator[House]:
    async with House.open("2026-03-02T08:00:00Z", data=tmp_path) as one:
        yield one


async def test_a_json_list_ndjson_and_csv_are_the_same(house: House) -> None:
    wanted = [{"id": "a", "email": "a@b.c", "full_name": None, "role": "admin"},
              {"id": "b", "email": None, "full_name": 'B, "the" second', "role": None}]  # fmt: skip
    csv = 'id,email,full_name,role\r\na,a@b.c,,admin\r\nb,,"B, ""the"" second",\r\n'
    ndjson = b"\n".join(orjson.dumps(one) for one in wanted)
    for content, kind in (
        (orjson.dumps(wanted), "application/json"), (ndjson, "application/x-ndjson"), (csv.encode(), "text/csv"),
        (ndjson, "text/plain"), (csv.encode(), ""), (b"\xef\xbb\xbf" + csv.encode(), "text/csv"),
    ):  # fmt: skip
        answer = await house.client.put(f"{BASE}/users", content=content, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()) == (200, {"stored": 2}), kind
        assert (await house.client.get(f"{BASE}/users")).json() == {"items": wanted, "next_cursor": None}
        for one in "ab":
            assert (await house.client.delete(f"{BASE}/users/{one}")).status_code == 204


async def test_an_unknown_column_of_contacts_is_a_custom_field(house: House) -> None:
    csv = b'id;type;plan;note\n1;lead;gold;"two\nlines"\n2;lead;;\n'
    answer = await house.client.put(f"{BASE}/contacts", content=csv, headers={"Content-Type": "text/csv"})
    assert answer.json() == {"stored": 2}
    one = (await house.client.get(f"{BASE}/contacts/1")).json()
    assert one["custom_fields"] == {"plan": "gold", "note": "two\nlines"}


async def test_every_refused_line_is_told_and_its_chunk_is_left_out(house: House) -> None:
    lines = [orjson.dumps({"id": str(number)}) for number in range(1_500)]
    lines[2] = b"{nonsense"
    lines[5] = b'{"email": "x"}'
    answer = await house.client.put(f"{BASE}/users", content=b"\n".join(lines))
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    report = answer.json()
    assert [(one["line"], one["field"]) for one in report["errors"]] == [(3, ""), (6, "id")]
    assert report["not_stored"] == [{"first_line": 1, "last_line": 1_000}]
    assert report["stored"] == 500


async def test_items_are_read_as_they_come_and_do_not_pile_up(house: House) -> None:
    class Item(dict[str, Any]):
        """A dictionary that can be seen to be gone."""

    seen: list[weakref.ref[Item]] = []

    async def items() -> AsyncIterator[tuple[int, Any]]:
        for number in range(1, 300):
            assert all(ref() is None for ref in seen[:-1])
            item = Item(id=str(number), notes=None if number % 2 else "x" * 20_000)
            seen.append(weakref.ref(item))
            yield number, item
            del item

    found = await house.services.directory.put(house.first.workspace_id, "contacts", items())
    assert (found.stored, len(found.refused)) == (0, 149)


async def test_it_is_listed_in_pages(house: House) -> None:
    await house.client.put(f"{BASE}/pipelines", json=[{"id": f"p/{n:02}"} for n in range(5)])
    first = (await house.client.get(f"{BASE}/pipelines", params={"limit": 3})).json()
    rest = (
        await house.client.get(f"{BASE}/pipelines", params={"limit": 3, "cursor": first["next_cursor"]})
    ).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [f"p/{n:02}" for n in range(5)]
    assert rest["next_cursor"] is None
    assert (await house.client.get(f"{BASE}/pipelines/p/03")).json()["id"] == "p/03"
    assert (await house.client.get(f"{BASE}/pipelines", params={"cursor": "\u00e9"})).status_code == 400


async def test_what_is_not_there_is_not_found(house: House) -> None:
    assert (await house.client.get(f"{BASE}/cats")).status_code == 404
    assert (await house.client.put(f"{BASE}/cats", json=[{"id": "1"}])).status_code == 404
    assert (await house.client.get(f"{BASE}/users/none")).status_code == 404
    assert (await house.client.delete(f"{BASE}/users/none")).status_code == 404
    log = (await house.client.get("/horarium/v1/audit", params={"action": "directory.deleted"})).json()
    assert log["items"] == []  # nothing was deleted


async def test_scopes_and_workspaces_are_kept_apart(house: House) -> None:
    await house.client.put(f"{BASE}/users", json=[{"id": "1"}])
    other = await house.workspace("other")
    assert (await other.client.get(f"{BASE}/users")).json()["items"] == []
    reader = client_of(house.api, await house.key_with("directory:read"))
    assert (await reader.get(f"{BASE}/users/1")).status_code == 200
    assert (await reader.put(f"{BASE}/users", json=[{"id": "2"}])).status_code == 403
    assert (await reader.delete(f"{BASE}/users/1")).status_code == 403
    writer = client_of(house.api, await house.key_with("directory:write"))
    assert (await writer.get(f"{BASE}/users")).status_code == 403


async def test_a_source_is_kept_with_its_secrets_hidden(house: House) -> None:
    config = {"url": "http://127.0.0.1:9/rows", "headers": {"Authorization": "Bearer secret-word"}}
    made = await house.client.put(f"{AUDIENCES}/crm", json={"type": "http", "config": config})
    assert made.status_code == 200
    for answer in (made, await house.client.get(f"{AUDIENCES}/crm"), await house.client.get(AUDIENCES)):
        assert "secret-word" not in answer.text
        assert "***" in answer.text
    shown = made.json()["config"]
    assert (
        await house.client.put(f"{AUDIENCES}/crm", json={"type": "http", "config": shown})
    ).status_code == 200
    _, ask = await house.services.audiences.open(house.first.workspace_id, {"type": "crm"}, house.clock.now)
    assert ask.config["headers"] == {"Authorization": "Bearer secret-word"}
    assert (await house.client.delete(f"{AUDIENCES}/crm")).status_code == 204
    assert (await house.client.get(f"{AUDIENCES}/crm")).status_code == 404


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("crm", {}, "type"),
        ("crm", {"type": "http"}, "config"),
        ("crm", {"type": "ldap", "config": {}}, "type"),
        ("crm", {"type": "directory", "config": {}}, "type"),
        ("Crm", {"type": "http", "config": {"url": "http://127.0.0.1/"}}, "name"),
        ("crm", {"type": "http", "config": {}}, "config.url"),
        ("crm", {"type": "http", "config": {"url": "http://10.0.0.1/"}}, "config.url"),
        ("crm", {"type": "http", "config": {"url": "http://127.0.0.1/", "page_size": 0}}, "config.page_size"),
        ("crm", {"type": "http", "config": {"url": "http://127.0.0.1/", "headers": {"A": "b\n"}}}, "config.headers.A"),
        ("crm", {"type": "sql", "config": {"database": "d", "query": "DELETE FROM x", "key": "id"}}, "config.query"),
        ("crm", {"type": "sql", "config": {"database": "d", "query": "SELECT 1; SELECT 2", "key": "id"}},
         "config.query"),
        ("crm", {"type": "sql", "config": {"database": "d", "query": "SELECT 1"}}, "config.key"),
        ("crm", {"type": "sql", "config": {"query": "SELECT 1", "key": "id"}}, "config.connection"),
        ("crm", {"type": "sql", "config": {"connection": "postgresql://u:p@db.example.com/x", "query": "SELECT 1",
                                           "key": "id"}}, "config.connection"),
    ],
)  # fmt: skip
async def test_a_source_that_cannot_be_is_refused(
    house: House, name: str, body: dict[str, Any], field: str
) -> None:
    answer = await house.client.put(f"{AUDIENCES}/{name}", json=body)
    assert answer.status_code == 400
    assert field in [one["field"] for one in answer.json()["errors"]]


async def test_previews_and_explanations_count_the_audience(house: House) -> None:
    await house.client.put(f"{BASE}/contacts", json=[{"id": str(n), "type": "lead"} for n in range(12)])
    audience = {"type": "contacts", "filter": {"contact_type": "lead"}}
    seen = (await house.client.post(f"{AUDIENCES}/preview", json={"audience": audience, "sample": 2})).json()
    assert (seen["count"], seen["more"], [row["key"] for row in seen["sample"]]) == (12, False, ["0", "1"])
    await house.target("automation", key="digest")
    body = {"name": "x", "recurrence": "0 9 * * *", "target": "digest", "audience": audience}
    made = (await house.client.post("/horarium/v1/schedules", json=body)).json()
    url = f"/horarium/v1/schedules/{made['id']}"
    shown = (await house.client.get(f"{url}/preview")).json()
    assert (shown["audience"]["count"], len(shown["audience"]["sample"])) == (12, 5)
    shown = (await house.client.get(f"{url}/explain", params={"at": "2026-03-02T09:00:00Z"})).json()
    assert (shown["verdict"], shown["audience"]["count"]) == ("upcoming", 12)


@pytest.mark.parametrize(
    "audience",
    [None, 7, {}, {"type": 7}, {"type": "cats"}, {"type": "users", "filter": []}, {"type": "users", "limit": 1},
     {"type": "users", "filter": {"limit": 1}}],
)  # fmt: skip
async def test_an_audience_that_cannot_be_is_refused(house: House, audience: Any) -> None:
    answer = await house.client.post(f"{AUDIENCES}/preview", json={"audience": audience})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith("audience")


async def pieces(text: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
async def test_a_list_is_read_wherever_its_pieces_break(size: int) -> None:
    items = [{"id": 'é"\\]', "n": -12.5e3, "deep": [{"x": [1, 2, {}]}, None]}, {}, 17, "a,b", [1], True]
    for indent in (None, orjson.OPT_INDENT_2):
        text = orjson.dumps(items, option=indent)
        assert [one async for one in list_items(pieces(text, size))] == list(enumerate(items, 1))
    assert [one async for one in list_items(pieces(b" [ ] ", size))] == []


@pytest.mark.parametrize(
    "text", [b'[{"id": 1}', b'[{"id": 1}, {"id"]', b'[{"id": 1}] x', b'[{"id": 1} {"id": 2}]', b"[NaN]"]
)
async def test_a_list_that_breaks_off_says_where(text: bytes) -> None:
    found = [one async for one in list_items(pieces(text, 5))]
    assert isinstance(found[-1][1], Problem)


async def test_csv_tells_lines_that_do_not_fit() -> None:
    async def lines(text: str) -> AsyncIterator[list[bytes]]:
        yield text.encode().split(b"\n")

    text = b'id,a\n1,"x\ny"\n2\n\n3,z\n4,"open'
    found = [one async for one in csv_items(pieces(text, 5), LONGEST)]
    assert found[0] == (2, {"id": "1", "a": "x\ny"})
    assert found[1][0] == 4
    assert isinstance(found[1][1], Problem)
    assert found[2] == (6, {"id": "3", "a": "z"})
    assert isinstance(found[3][1], Problem)
    with pytest.raises(Invalid):
        _ = [one async for one in csv_items(pieces(b"name\nx", 5), LONGEST)]
    assert [n async for n, _ in ndjson_items(lines('{"a":1}\n\n{"a":2}'))] == [1, 3]


async def test_stored_secrets_do_not_follow_a_source_to_another_place():
    async with House.open(NOW) as house:
        crm = {"url": "https://crm.example.com/a", "headers": {"Authorization": "Bearer swordfish"}}
        await ask(house, "PUT", "/audiences/crm", {"type": "http", "config": crm})
        shown = (await ask(house, "GET", "/audiences/crm"))["config"]
        for url in ("https://evil.example/a", "http://crm.example.com/a", "https://crm.example.com:444/a"):
            body = {"type": "http", "config": shown | {"url": url}}
            assert await fields(house, "PUT", "/audiences/crm", body) == {"config.headers.Authorization"}
        await ask(house, "PUT", "/audiences/crm", {"type": "http", "config": shown | {"page_size": 7}})
        base = {"query": "SELECT 1 AS id", "key": "id", "connection": "***"}
        assert await fields(house, "PUT", "/audiences/crm", {"type": "sql", "config": base}) == {
            "config.connection"
        }


async def test_what_an_audience_has_now_is_told_of_slots_that_may_still_fire_alone(house: House) -> None:
    await ask(house, "PUT", "/directory/users", [{"id": "a"}])
    made = await scheduled(house, audience={"type": "users", "filter": {}})
    ahead, behind = "2026-03-03T09:00:00Z", "2026-03-02T09:00:00Z"
    await house.move(behind)
    explained = f"/schedules/{made['id']}/explain?at="
    assert (await ask(house, "GET", explained + ahead))["audience"]["count"] == 1
    assert "audience" not in await ask(house, "GET", explained + behind)
    await ask(house, "DELETE", f"/schedules/{made['id']}", status=204)
    for at in (ahead, behind):
        assert "audience" not in await ask(house, "GET", explained + at)
