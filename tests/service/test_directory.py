"""The directory is put in streams: by id, whole chunks or nothing of them, every refused line told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from horarium.api import show
from horarium.domain.directory import KINDS
from horarium.domain.errors import NotFound
from horarium.domain.ids import random_id
from horarium.domain.listings import AuditListing
from horarium.service.audit import AuditService
from horarium.service.directory import CHUNK, REFUSED_LIMIT, Imported
from horarium.store.verbs.audit import list_entries
from tests.support.audience import FLAVOURS, Stand, opened_store
from tests.support.tenant import NOON


@pytest.fixture(params=FLAVOURS)
async def stand(request: Any, tmp_path: Any) -> AsyncIterator[Stand]:
    """A stand over each database."""
    async with opened_store(request.param, tmp_path) as store:
        yield await Stand.open(store)


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


async def test_another_workspace_has_a_directory_of_its_own(stand: Stand) -> None:
    await put(stand, "users", [{"id": "a", "role": "admin"}])
    stranger = random_id(NOON)
    assert await stand.directory.list(stranger, "users", "", 10) == []
    for attempt in (
        stand.directory.get(stranger, "users", "a"),
        stand.directory.delete(stranger, "users", "a"),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert (await stand.directory.get(stand.tenant.workspace, "users", "a"))["role"] == "admin"


async def test_a_kind_that_does_not_exist_is_not_found(stand: Stand) -> None:
    for attempt in (
        put(stand, "cats", [{"id": "1"}]),
        stand.directory.list(stand.tenant.workspace, "cats", "", 10),
        stand.directory.delete(stand.tenant.workspace, "cats", "1"),
    ):
        with pytest.raises(NotFound, match="cats"):
            await attempt


async def test_an_entry_of_the_audit_log_counts_what_was_stored_and_names_few_of_it(stand: Stand) -> None:
    await put(stand, "users", [{"id": f"u{number}"} for number in range(25)])
    audit = AuditService(stand.store, stand.directory.clock)
    await audit.link()
    listing = AuditListing(stand.tenant.workspace, 1, action="directory.put")
    (entry,) = await stand.store.read(list_entries, listing)
    said = show.audit_entry(entry)
    assert (said["subject"], said["after"]["count"]) == ("directory:users", 25)
    assert said["after"]["first_ids"] == [f"u{number}" for number in range(20)]
