"""Uploads to the directory: columns are proposed, mapped, and stored; a file is sent as it is."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from horarium.console.column_mapping import MOST_MAPPED, mapping_in, propose
from horarium.console.forms import Form
from horarium.domain.directory import KINDS
from horarium.service.rates import AUDIENCE, READ
from tests.api.asking import ask
from tests.console.browsing import Person, signed_in
from tests.support.house import House

NOW = "2026-03-01T12:00:00Z"
PLACE = "/audiences/directory/contacts/upload"
CSV = "E-Mail;Full name;Plan\nann@example.com;Ann;gold\nbob@example.com;Bob;\n"
MAPPED = {
    **{"name.0": "E-Mail", "column.0": "id"},
    **{"name.1": "Full name", "column.1": "name"},
    **{"name.2": "Plan", "column.2": "custom:Plan"},
}


async def send_file(
    person: Person, page: str, content: bytes, columns: object, status: int = 200, token: str | None = None
) -> httpx.Response:
    """Send a file as the script of the page does."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    headers = {"content-type": "text/csv", "x-csrf-token": found[1] if token is None else token}
    query = {"columns": columns if isinstance(columns, str) else json.dumps(columns)}
    answer = await person.client.post(f"/console{PLACE}", content=content, headers=headers, params=query)
    assert answer.status_code == status, answer.text[:2000]
    return answer


def test_columns_are_proposed_by_their_names() -> None:
    found = propose(KINDS["contacts"], ["Email", "Contact Type", "Name", "name ", "Shoe size"], [])
    assert [column.field for column in found] == ["id and email", "type", "name", "", "custom:Shoe size"]
    found = propose(KINDS["users"], ["user", "ID", "E-mail address", "Shoe size"], [["a", "1", "b", "c"]])
    assert [column.field for column in found] == ["", "id", "email", ""]
    assert found[1].cells == ["1"]


def test_a_column_without_a_name_and_one_that_is_left_out_stand_for_nothing() -> None:
    last = MOST_MAPPED - 1
    columns = [
        (0, "nr", "id"), (1, "", "name"), (2, "Odd", ""), (3, " ", "name"), (4, "Size", "custom:Size"),
        (last, "Last", "name"), (MOST_MAPPED, "Beyond", "email"),
    ]  # fmt: skip
    fields = [
        pair
        for place, name, field in columns
        for pair in ((f"name.{place}", name), (f"column.{place}", field))
    ]
    assert mapping_in(Form(fields)) == {"nr": "id", "Size": "Size", "Last": "name"}


async def test_a_file_is_no_longer_than_other_files_may_be() -> None:
    async with House.open(NOW, bulk_limit=1_024) as house, signed_in(house) as person:
        page = await person.see(PLACE)
        lines = b"id\n" + b"".join(b"%05d\n" % number for number in range(170))
        whole = lines + b"x" * (1_024 - len(lines))
        await send_file(person, page, whole + b"x", {"id": "id"}, 413)
        assert "171" in (await send_file(person, page, whole, {"id": "id"})).text


async def test_pasted_text_is_mapped_and_stored_without_a_script() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see(PLACE)
        asked = (await person.send(PLACE, page, 200, text=CSV)).text
        assert "What the columns stand for" in asked
        assert "Ann" in asked
        assert (await ask(house, "GET", "/directory/contacts"))["items"] == []
        done = (await person.send(PLACE, page, 200, text=CSV, **MAPPED)).text
        assert "2 contacts stored" in done
        items = (await ask(house, "GET", "/directory/contacts"))["items"]
        assert [(item["id"], item["name"], item["custom_fields"]) for item in items] == [
            ("ann@example.com", "Ann", {"Plan": "gold"}),
            ("bob@example.com", "Bob", {}),
        ]
        shown = await person.see("/audiences/directory/contacts")
        assert "Plan: gold" in shown
        await person.send("/audiences/directory/contacts/delete", shown, id="bob@example.com")
        assert "Bob" not in await person.see("/audiences/directory/contacts")


async def test_what_a_file_holds_is_looked_at_before_it_is_sent() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see(PLACE)
        shown = (await person.send(f"{PLACE}/columns", page, 200, text=CSV)).text
        assert re.findall(r'<option value="([^"]+)" selected>', shown) == [
            "id and email",
            "name",
            "custom:Plan",
        ]
        wrong = (await person.send(f"{PLACE}/columns", page, 200, text="a,a\n1,2\n")).text
        assert "is the name of more than one column" in wrong
        assert "no lines" in (await person.send(f"{PLACE}/columns", page, 200, text="")).text


async def test_a_file_is_stored_as_its_columns_are_mapped() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see(PLACE)
        lines = "".join(f"c{number},Contact {number},x\n" for number in range(2_500))
        answer = await send_file(
            person, page, f"Key,Name,Other\n{lines}".encode(), {"Key": "id", "Name": "name"}
        )
        assert "2\u202f500 contacts stored" in answer.text
        (item,) = (await ask(house, "GET", "/directory/contacts?limit=1"))["items"]
        assert (item["name"], item["custom_fields"]) == ("Contact 0", {})


async def test_addresses_that_are_the_ids_are_stored_as_addresses_too() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see(PLACE)
        proposed = (await person.send(f"{PLACE}/columns", page, 200, text=CSV)).text
        (both,) = re.findall(r'<option value="(id[^"]*)" selected>', proposed)
        file = b"Mail,id and email\nann@example.com,x\n"
        await send_file(person, page, file, {"Mail": both, "id and email": "id and email"})
        (item,) = (await ask(house, "GET", "/directory/contacts"))["items"]
        assert (item["id"], item["email"]) == ("ann@example.com", "ann@example.com")
        assert item["custom_fields"] == {"id and email": "x"}
        pasted = {"name.0": "Mail", "column.0": both}
        await person.send(PLACE, page, 200, text="Mail\nbob@example.com\n", **pasted)
        assert (await ask(house, "GET", "/directory/contacts/bob@example.com"))["email"] == "bob@example.com"
        twice = await send_file(person, page, b"Mail,Other\na,b\n", {"Mail": both, "Other": "email"}, 400)
        assert "is what more than one column stands for" in twice.text


async def test_refused_lines_are_told_with_what_was_not_stored() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see(PLACE)
        answer = await send_file(person, page, b"id,name\na,Ann\n,Bob\n", {"id": "id", "name": "name"}, 400)
        assert "0 stored, 1 line refused" in answer.text
        assert "lines 2 to 3" in answer.text


async def test_a_mapping_without_an_id_or_with_a_field_twice_is_refused() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see(PLACE)
        for columns, words in (
            ({"a": "name"}, "one of the columns must stand for it"),
            ({"a": "id", "b": "id"}, "more than one column stands for"),
            ("[]", "must be a JSON object"),
            ("{", "must be a JSON object"),
        ):
            assert words in (await send_file(person, page, b"a,b\n1,2\n", columns, 400)).text
        answer = await person.send(
            PLACE, page, 400, text="a,b\n1,2\n", **{"name.0": "a", "column.0": "", "column.1": "name"}
        )
        assert "must stand for it" in answer.text


async def test_a_file_from_another_page_or_without_the_scope_is_refused() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        page = await person.see(PLACE)
        await send_file(person, page, b"id\na\n", {"id": "id"}, 403, token="")
        await send_file(person, page, b"id\na\n", {"id": "id"}, 403, token="other")
        person.client.headers["origin"] = "https://evil.example"
        await send_file(person, page, b"id\na\n", {"id": "id"}, 403)
        async with signed_in(house, key=await house.key_with("directory:read")) as reader:
            await reader.see(PLACE, 403)
            page = await reader.see("/audiences/directory/contacts")
            assert "Upload" not in page
            await send_file(reader, page, b"id\na\n", {"id": "id"}, 403)


async def test_an_audience_is_tried_out() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        await send_file(
            person, await person.see(PLACE), b"id,name\na,Ann\nb,Bob\n", {"id": "id", "name": "name"}
        )
        page = await person.see("/audiences?type=contacts")
        assert "<b>2</b> rows now" in page
        assert "is not JSON" in await person.see("/audiences?type=contacts&filter={")
        assert "is not a filter of contacts" in await person.see('/audiences?type=contacts&filter={"x":1}')
        assert "neither an audience type" in await person.see("/audiences?type=nothing")
        await person.see("/audiences/directory/nothing", 404)
        await person.see("/audiences/directory/contacts?cursor=_w", 400)


async def test_an_audience_that_is_tried_out_costs_as_much_of_the_rate_limit_as_in_the_api() -> None:
    async with House.open(NOW) as house, signed_in(house) as person:
        house.services.rates.limit = 1_000.0
        await person.see("/audiences")
        who = await house.who()
        allowance = house.services.rates.allowance(who)
        assert allowance is not None
        before = allowance.left
        await person.see("/audiences?type=contacts")
        assert before - allowance.left == READ + AUDIENCE


async def test_the_items_of_a_kind_are_shown_over_pages_each_of_them_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("horarium.console.audiences.PAGE", 2)
    async with House.open(NOW) as house, signed_in(house) as person:
        rows = "".join(f"c{number},Contact{number}\n" for number in range(5))
        columns = {"id": "id", "name": "name"}
        await send_file(person, await person.see(PLACE), f"id,name\n{rows}".encode(), columns)
        place, seen = "/audiences/directory/contacts", list[str]()
        for _ in range(3):
            page = await person.see(place)
            seen += re.findall(r"Contact\d", page)
            found = re.search(r'href="/console(/audiences/directory/contacts\?cursor=[^"]+)"', page)
            place = found[1] if found else ""
        assert (place, seen) == ("", [f"Contact{number}" for number in range(5)])
