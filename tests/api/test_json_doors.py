"""Whatever JSON is accepted at any door can be listed and shown afterwards; what could not be kept is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from horarium.domain.json_text import DEEPEST
from tests.api.asking import BASE, HOOK, NOW, ask, fields, scheduled
from tests.support.house import House
from tests.support.receiver import Answer, Receiver

BIG = "123456789012345678901234567890"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with House.open(NOW, data=tmp_path) as made:
        yield made


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def refused(answer: Any, field: str) -> None:
    assert answer.status_code == 400, answer.text
    assert field in {problem["field"] for problem in answer.json()["errors"]}, answer.text


ORDER = '{"name": "s", "recurrence": "@daily", "target": "t", "input": %s}'


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (f'{{"a": {BIG}}}', "input.a"),
        ('{"a": [1, 18446744073709551616]}', "input.a.1"),
        ('{"a": 1, "a": 2}', "input.a"),
        ('{"a": 1e999}', ""),
        ('{"a": NaN}', ""),
        ("[" * 101 + "]" * 101, ""),
    ],
)
async def test_an_input_that_could_not_be_kept_is_refused(house: House, given: str, field: str) -> None:
    await scheduled(house)
    refused(await house.client.post(f"{BASE}/schedules", content=ORDER % given), field)
    line = await house.client.post(f"{BASE}/schedules/bulk", content=ORDER % given)
    assert line.json()["status"] == 400
    assert line.json()["errors"][0]["field"] == field


async def test_whole_numbers_of_64_bits_are_exact(house: House) -> None:
    await scheduled(house)
    given = '{"a": 18446744073709551615, "b": -9223372036854775808}'
    made = await house.client.post(f"{BASE}/schedules", content=ORDER % given)
    assert made.json()["input"] == {"a": (1 << 64) - 1, "b": -(1 << 63)}


JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"


def _items(form: str, item: str) -> bytes:
    return (f"[{item}]" if form == JSON else item).encode()


@pytest.mark.parametrize("form", [JSON, NDJSON])
@pytest.mark.parametrize(
    ("kind", "item", "field"),
    [
        ("deals", '{"id": "d", "value": 18446744073709551616}', "value"),
        ("stages", '{"id": "s", "position": 18446744073709551616}', "position"),
        ("stages", '{"id": "s", "position": 9007199254740993}', "position"),
        ("deals", '{"id": "d", "value": 1e999}', ""),
        ("contacts", '{"id": "c", "score": 1e999}', ""),
        ("contacts", '{"id": "c", "email": 1e999}', ""),
        ("contacts", f'{{"id": "c", "score": {BIG}}}', "score"),
        ("contacts", f'{{"id": "c", "custom_fields": {{"score": [{BIG}]}}}}', "custom_fields.score.0"),
        ("contacts", '{"id": "c", "x": 1, "x": 2}', "x"),
        ("contacts", f'{{"id": {BIG}}}', "id"),
        ("contacts", '{"id": "c", "deep": %s}' % ("[" * 251 + "]" * 251), ""),
    ],
)
async def test_an_item_that_could_not_be_kept_is_refused_in_every_form(
    house: House, form: str, kind: str, item: str, field: str
) -> None:
    answer = await house.client.put(
        f"{BASE}/directory/{kind}", content=_items(form, item), headers={"Content-Type": form}
    )
    assert answer.status_code == 400, answer.text
    assert [line["field"] for line in answer.json()["errors"]] == [field]
    assert answer.json()["stored"] == 0


@pytest.mark.parametrize("value", ["1e999", "-1e999", "NaN", "Infinity", "18446744073709551616", "inf"])
async def test_a_number_that_could_not_be_kept_is_refused_in_csv(house: House, value: str) -> None:
    content = f"id,value\nd,{value}\n"
    answer = await house.client.put(f"{BASE}/directory/deals", content=content, headers={"Content-Type": CSV})
    assert [line["field"] for line in answer.json()["errors"]] == ["value"]


async def test_after_an_element_that_could_not_be_kept_the_list_is_read_on(house: House) -> None:
    content = '[{"id": "a", "value": 1e999}, {"id": "b", "id": "c"}, {"id": "d", "value": 5}, {"id": ""}]'
    answer = await house.client.put(f"{BASE}/directory/deals", content=content)
    assert [line["line"] for line in answer.json()["errors"]] == [1, 2, 4]


async def test_the_deepest_item_can_be_listed(house: House) -> None:
    item = {"id": "c", "deep": nested(DEEPEST - 1)}
    assert (await ask(house, "PUT", "/directory/contacts", [item]))["stored"] == 1
    listed = await ask(house, "GET", "/directory/contacts")
    assert listed["items"][0]["custom_fields"]["deep"] == item["deep"]
    seen = await ask(house, "POST", "/audiences/preview", {"audience": {"type": "contacts"}})
    assert seen["sample"][0]["data"]["deep"] == item["deep"]
    assert seen["fault"] is None


@pytest.mark.parametrize("levels", [DEEPEST, DEEPEST + 1, 252, 253, 254, 600])
async def test_an_answer_of_any_depth_can_be_shown_in_every_list(
    house: House, receiver: Receiver, levels: int
) -> None:
    text = "[" * levels + "]" * levels
    receiver.script("/deep", Answer(200, text.encode()))
    target = {"kind": "workflow", "name": "W", "executor": {"type": "http", "url": receiver.url("/deep")}}
    made = await ask(house, "PUT", "/targets/by-key/w", target, 201)
    order = {"name": "s", "recurrence": "@daily", "target": made["id"]}
    schedule = await ask(house, "POST", "/schedules", order, 201)
    await ask(house, "POST", f"/schedules/{schedule['id']}/fire-now", status=201)
    await house.work()
    run = (await ask(house, "GET", "/runs"))["items"][0]
    shown = await ask(house, "GET", f"/runs/{run['id']}")
    assert (shown["output"] == text) == (levels > DEEPEST)
    for base in ("/api/v1/executions", "/api/v1/workflows"):
        answer = await house.client.get(base)
        assert answer.status_code == 200, answer.text


async def test_a_targets_answer_keeps_all_digits(house: House, receiver: Receiver) -> None:
    receiver.script("/ids", Answer(200, b'{"id": %s, "id": %s}' % (b"1", BIG.encode())))
    target = {"kind": "workflow", "name": "W", "executor": {"type": "http", "url": receiver.url("/ids")}}
    await ask(house, "PUT", "/targets/by-key/w", target, 201)
    schedule = await ask(
        house, "POST", "/schedules", {"name": "s", "recurrence": "@daily", "target": "w"}, 201
    )
    await ask(house, "POST", f"/schedules/{schedule['id']}/fire-now", status=201)
    await house.work()
    run = (await ask(house, "GET", "/runs"))["items"][0]
    assert (await ask(house, "GET", f"/runs/{run['id']}"))["output"] == {"id": BIG}


async def test_fields_of_a_target_that_could_not_be_kept_are_refused(house: House) -> None:
    executor = {**HOOK, "headers": {"X-Id": "a"}}
    body = {"kind": "workflow", "name": "T", "executor": executor, "timeout": 1 << 64}
    assert "timeout" in await fields(house, "POST", "/targets", body)


@pytest.mark.parametrize(
    ("rows", "count", "keys", "fault"),
    [
        (f'[{{"id": {BIG}}}, {{"id": 9007199254740993}}]', 2, [BIG, "9007199254740993"], None),
        ('[{"id": "a"}, {"id": "b"}, {"id": "a"}]', 3, ["a", "b", "a"], "has the row key 'a' twice"),
        ('[{"id": "a"}, {"name": "b"}]', 2, ["a", ""], "has a row without a key"),
        ('[{"id": 1.0}, {"id": true}]', 2, ["", ""], "has a row without a key"),
        (f'[{{"id": "{"k" * 501}"}}]', 1, ["k" * 501], "longer than"),
    ],
)
async def test_a_preview_keeps_all_digits_of_ids_and_says_why_a_fire_would_fail(
    house: House, receiver: Receiver, rows: str, count: int, keys: list[str], fault: str | None
) -> None:
    receiver.script("/rows", *[Answer(200, f'{{"data": {rows}, "next_cursor": null}}'.encode())] * 2)
    source = {"type": "http", "config": {"url": receiver.url("/rows")}}
    await ask(house, "PUT", "/audiences/crm", source)
    audience = {"type": "crm", "filter": {}}
    seen = await ask(house, "POST", "/audiences/preview", {"audience": audience, "sample": 5})
    assert (seen["count"], [row["key"] for row in seen["sample"]]) == (count, keys)
    assert fault in seen["fault"] if fault else seen["fault"] is None
    schedule = await scheduled(house, audience=audience)
    fired = await ask(house, "POST", f"/schedules/{schedule['id']}/fire-now", status=201)
    await house.resolve()
    after = await ask(house, "GET", f"/fires/{fired['id']}")
    assert (after["state"] == "failed") == (fault is not None), after


async def test_rows_that_are_too_deep_are_refused_when_they_are_read(
    house: House, receiver: Receiver
) -> None:
    text = f'{{"data": [{{"id": "a", "deep": {"[" * DEEPEST}{"]" * DEEPEST}}}], "next_cursor": null}}'
    receiver.script("/rows", Answer(200, text.encode()))
    await ask(house, "PUT", "/audiences/crm", {"type": "http", "config": {"url": receiver.url("/rows")}})
    asked = {"audience": {"type": "crm", "filter": {}}, "sample": 5}
    answer = await ask(house, "POST", "/audiences/preview", asked, 503)
    assert "nested more than" in answer["detail"]
