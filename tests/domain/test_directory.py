"""One item of the directory is read from what a caller sent, or the first thing wrong with it is named."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from horarium.domain.directory import CUSTOM_FIELDS_LIMIT, ID_LIMIT, KINDS, TEXT_LIMIT, read_item

NOON = 1_772_366_400_000


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


def test_a_field_left_out_gets_its_default() -> None:
    assert read_item(KINDS["deals"], {"id": "1"}, NOON)[0] == (
        "1",
        None,
        "open",
        None,
        None,
        None,
        None,
        NOON,
    )
    assert read_item(KINDS["tasks"], {"id": "1", "due": None}, NOON)[0] == (
        "1",
        None,
        "open",
        None,
        None,
        None,
        None,
    )


def test_the_name_of_a_field_goes_before_its_aliases() -> None:
    row, _ = read_item(KINDS["tasks"], {"id": "1", "assignee_id": "alias", "assignee": "name"}, NOON)
    assert row is not None
    assert row[4] == "name"


def test_the_limits_are_those_that_are_declared() -> None:
    assert read_item(KINDS["users"], {"id": "x" * ID_LIMIT, "role": "r" * TEXT_LIMIT}, NOON)[1] is None
    fits = "x" * (CUSTOM_FIELDS_LIMIT - len('{"note":""}'))
    assert read_item(KINDS["contacts"], {"id": "1", "note": fits}, NOON)[1] is None
    _, problem = read_item(KINDS["contacts"], {"id": "1", "note": fits + "x"}, NOON)
    assert problem is not None
    assert problem.code == "too_long"


def test_custom_fields_are_kept_beside_and_inside_their_object() -> None:
    row, _ = read_item(KINDS["contacts"], {"id": "1", "a": 1, "custom_fields": {"b": [2]}}, NOON)
    assert row is not None
    assert orjson.loads(row[-1]) == {"a": 1, "b": [2]}
    assert read_item(KINDS["users"], {"id": "1", "a": 1}, NOON)[0] == ("1", None, None, None)
    _, problem = read_item(KINDS["contacts"], {"id": "1", "a": "\0"}, NOON)
    assert problem is not None
    assert problem.field == "custom_fields"
