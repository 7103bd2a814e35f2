"""The directory is put in streams: by id, whole chunks or nothing of them, every refused line told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from horarium.domain.directory import KINDS, read_item
from horarium.domain.errors import NotFound
from horarium.service.directory import CHUNK, REFUSED_LIMIT, Imported
from tests.support.audience import Stand
from tests.support.tenant import NOON


async def put(stand: Stand, kind: str, items: Iterable[Any]) -> Imported:
    async def numbered() -> AsyncIterator[tuple[int, Any]]:
        for pair in enumerate(items, 1):
            yield pair

    return await stand.directory.put(stand.tenant.workspace, kind, numbered())


async def test_what_is_put_can_be_read_and_put_again(stand: Stand) -> None:
    given: dict[str, dict[str, Any]] = {
        "users": {"id": "1", "email": "a@b.c", "full_name": "A", "role": "admin"},
        "contacts": {"id": "1", "type": "lead", "email": None, "name": "N", "custom_fields": {"a": [1, {"b": None}]}},
        "deals": {"id": "1", "name": "D", "status": "won", "value": 12.75, "pipeline": "p", "stage": "s", "owner": "o",
                  "last_change": "2026-01-02T03:04:05Z"},
        "tasks": {"id": "1", "title": "T", "status": "open", "due": "2026-01-02T03:04:05Z", "assignee": "u",
                  "deal": "d", "contact": "c"},
        "pipelines": {"id": "1", "name": "P"},
        "stages": {"id": "1", "name": "S", "pipeline": "1", "position": 2},
    }  # fmt: skip
    assert set(given) == set(KINDS)
    for kind, item in given.items():
        for _ in range(2):
            assert (await put(stand, kind, [item])).stored == 1
            assert await stand.directory.get(stand.tenant.workspace, kind, "1") == item


async def test_an_item_replaces_the_one_with_its_id(stand: Stand) -> None:
    await put(stand, "users", [{"id": "1", "role": "a", "email": "x@y.z"}, {"id": "1", "role": "b"}])
    assert await stand.directory.get(stand.tenant.workspace, "users", "1") == {
        "id": "1", "email": None, "full_name": None, "role": "b",
    }  # fmt: skip


async def test_a_refused_line_keeps_its_chunk_out_and_no_other(stand: Stand) -> None:
    items: list[Any] = [{"id": str(number)} for number in range(3 * CHUNK)]
    items[CHUNK + 4] = {"name": "no id"}
    items[CHUNK + 9] = "text"
    found = await put(stand, "contacts", items)
    assert found.stored == 2 * CHUNK
    assert [(one.line, one.problem.field) for one in found.refused] == [(CHUNK + 5, "id"), (CHUNK + 10, "")]
    assert found.left_out == [(CHUNK + 1, 2 * CHUNK)]
    with pytest.raises(NotFound):
        await stand.directory.get(stand.tenant.workspace, "contacts", str(CHUNK + 1))
    assert await stand.directory.get(stand.tenant.workspace, "contacts", str(2 * CHUNK))


async def test_a_file_of_another_kind_is_not_read_to_its_end(stand: Stand) -> None:
    found = await put(stand, "contacts", ("nothing" for _ in range(10 * REFUSED_LIMIT)))
    assert found.ended_early
    assert len(found.refused) == REFUSED_LIMIT


async def test_lists_are_in_the_order_of_ids(stand: Stand) -> None:
    await put(stand, "users", [{"id": one} for one in ("c", "a", "b")])
    first = await stand.directory.list(stand.tenant.workspace, "users", "", 2)
    assert [one["id"] for one in first] == ["a", "b"]
    rest = await stand.directory.list(stand.tenant.workspace, "users", "b", 2)
    assert [one["id"] for one in rest] == ["c"]


async def test_deleting_is_once(stand: Stand) -> None:
    await put(stand, "users", [{"id": "a"}])
    await stand.directory.delete(stand.tenant.workspace, "users", "a")
    with pytest.raises(NotFound):
        await stand.directory.delete(stand.tenant.workspace, "users", "a")
    with pytest.raises(NotFound):
        await stand.directory.get(stand.tenant.workspace, "cats", "a")


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("users", {}, "id"),
        ("users", {"id": ""}, "id"),
        ("users", {"id": True}, "id"),
        ("users", {"id": "x" * 201}, "id"),
        ("users", {"id": "a\0"}, "id"),
        ("users", {"id": "1", "email": []}, "email"),
        ("users", {"id": "1", "full_name": "x" * 2_001}, "full_name"),
        ("deals", {"id": "1", "value": "much"}, "value"),
        ("deals", {"id": "1", "value": True}, "value"),
        ("deals", {"id": "1", "last_change": "yesterday"}, "last_change"),
        ("deals", {"id": "1", "updated_at": "2026-01-01T00:00:00"}, "updated_at"),
        ("tasks", {"id": "1", "due_at": 5}, "due_at"),
        ("stages", {"id": "1", "position": 1.5}, "position"),
        ("contacts", {"id": "1", "custom_fields": []}, "custom_fields"),
        ("contacts", {"id": "1", "note": "x" * 20_000}, "custom_fields"),
    ],
)
def test_what_is_wrong_with_an_item_is_told_by_field(kind: str, given: dict[str, Any], field: str) -> None:
    row, problem = read_item(KINDS[kind], given, NOON)
    assert row is None
    assert problem is not None
    assert problem.field == field


def test_names_and_texts_are_taken_as_people_write_them() -> None:
    row, _ = read_item(KINDS["deals"], {"id": 7, "value": "12.50", "pipeline_id": "p", "status": ""}, NOON)
    assert row == ("7", None, "open", "12.5", "p", None, None, NOON)
    row, _ = read_item(
        KINDS["tasks"], {"id": "t", "assignee_id": "u", "due_at": "1970-01-01T01:00:00+01:00"}, NOON
    )
    assert row == ("t", None, "open", 0, "u", None, None)
