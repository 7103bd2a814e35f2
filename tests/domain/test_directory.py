"""One item of the directory is read from what a caller sent, or the first thing wrong with it is named."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from horarium.domain.directory import CUSTOM_FIELDS_LIMIT, ID_LIMIT, KINDS, TEXT_LIMIT, Kind, read_item
from horarium.domain.errors import Problem

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


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (1, 1), ("1", 1), (0, 0), (-7, -7), ("-7", -7), ("", None), (None, None),
        (999_999_999_999_999, 999_999_999_999_999), (-99_999_999_999_999, -99_999_999_999_999),
    ],
)  # fmt: skip
def test_a_place_is_a_whole_number_of_at_most_fifteen_characters(given: Any, kept: int | None) -> None:
    assert read_item(KINDS["stages"], {"id": "1", "position": given}, NOON)[0] == ("1", None, None, kept)


@pytest.mark.parametrize("given", [1.5, "1.5", "x", True, 10**15, -(10**14), "1e3", [], "--1", "1-"])
def test_a_place_that_is_no_such_number_is_refused(given: Any) -> None:
    row, problem = read_item(KINDS["stages"], {"id": "1", "position": given}, NOON)
    assert (row, problem) == (None, Problem("position", "must be a whole number of up to 15 digits", "type"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (12.5, "12.5"),
        ("12.50", "12.5"),
        (" 7 ", "7"),
        (0, "0"),
        ("", None),
        (None, None),
        (2**64 - 1, str(2**64 - 1)),
    ],
)
def test_a_number_is_kept_as_json(given: Any, kept: str | None) -> None:
    row, _ = read_item(KINDS["deals"], {"id": "1", "value": given}, NOON)
    assert row is not None
    assert row[3] == kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("much", "must be a number"),
        (True, "must be a number"),
        ("true", "must be a number"),
        ([], "must be a number"),
        ("18446744073709551616", "must be a whole number from"),
        ("\ud800", "must be a number"),
    ],
)
def test_what_is_no_number_or_could_not_be_kept_is_refused(given: Any, words: str) -> None:
    row, problem = read_item(KINDS["deals"], {"id": "1", "value": given}, NOON)
    assert row is None
    assert problem is not None
    assert problem.message.startswith(words)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("x" * TEXT_LIMIT, "x" * TEXT_LIMIT), (5, "5"), (1.5, "1.5"), ("", None), (None, None), ("ä", "ä")],
)
def test_a_text_may_be_sent_as_a_number(given: Any, kept: str | None) -> None:
    assert read_item(KINDS["pipelines"], {"id": "1", "name": given}, NOON)[0] == ("1", kept)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (True, "must be a text"),
        ([], "must be a text"),
        ("x" * (TEXT_LIMIT + 1), "must be at most 2000 characters without NUL"),
        ("a\0", "must be at most 2000 characters without NUL"),
        ("\ud800", "must be at most 2000 characters without NUL"),
        ("a\udfff", "must be at most 2000 characters without NUL"),
    ],
)
def test_a_text_that_could_not_be_stored_is_refused(given: Any, words: str) -> None:
    assert read_item(KINDS["pipelines"], {"id": "1", "name": given}, NOON) == (
        None,
        Problem("name", words, "type"),
    )


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_names_another_item_and_a_status_are_no_longer_than_an_id(kind: Kind) -> None:
    """They stand in indexes, and PostgreSQL refuses an entry of more than 2,704 bytes."""
    named = {"status", "pipeline", "stage", "owner", "assignee", "deal", "contact"}
    for field in kind.fields:
        for longer in (0, 1):
            _, problem = read_item(kind, {"id": "1", field.name: "\U0001f600" * (ID_LIMIT + longer)}, NOON)
            too_long = problem is not None and problem.message.startswith("must be at most 200 characters")
            assert too_long is (field.name in named and longer == 1)


@pytest.mark.parametrize("given", ["\ud7ff", "\ue000", "-"])
def test_a_text_may_hold_every_character_that_can_be_stored(given: str) -> None:
    assert read_item(KINDS["pipelines"], {"id": given, "name": given}, NOON)[0] == (given, given)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([], Problem("", "must be an object", "type")),
        ({"id": 1.5}, Problem("id", "is required and must be a text and not empty", "required")),
        ({"id": "x" * (ID_LIMIT + 1)}, Problem("id", "must be at most 200 characters without NUL")),
        ({"id": "\udfff"}, Problem("id", "must be at most 200 characters without NUL")),
        ({"id": "1", "a": {1}}, Problem("custom_fields", "holds something that is not JSON", "type")),
        ({"id": "1", "custom_fields": {"a": "\0"}}, Problem("custom_fields", "must not contain NUL")),
        ({"id": "1", "type": [], "email": []}, Problem("type", "must be a text", "type")),
    ],
)
def test_the_first_thing_that_is_wrong_with_an_item_is_told_in_words(given: Any, problem: Problem) -> None:
    assert read_item(KINDS["contacts"], given, NOON) == (None, problem)


@pytest.mark.parametrize(
    ("given", "custom"),
    [
        ({}, None),
        ({"custom_fields": {}}, None),
        ({"custom_fields": None, "a": None}, {"a": None}),
        ({"a": 1, "custom_fields": {"a": 2}}, {"a": 2}),
        ({"type": "x", "contact_type": "y"}, {"contact_type": "y"}),
        ({"contact_type": "y"}, None),
    ],
)
def test_what_is_no_field_of_a_contact_is_a_custom_one(given: dict[str, Any], custom: Any) -> None:
    row, _ = read_item(KINDS["contacts"], {"id": "1", **given}, NOON)
    assert row is not None
    assert (None if row[-1] is None else orjson.loads(row[-1])) == custom


def test_the_columns_of_a_kind_are_its_fields_and_the_custom_ones() -> None:
    assert KINDS["contacts"].columns == ("type", "email", "name", "custom")
    assert KINDS["users"].columns == ("email", "full_name", "role")


def test_custom_fields_are_kept_beside_and_inside_their_object() -> None:
    row, _ = read_item(KINDS["contacts"], {"id": "1", "a": 1, "custom_fields": {"b": [2]}}, NOON)
    assert row is not None
    assert orjson.loads(row[-1]) == {"a": 1, "b": [2]}
    assert read_item(KINDS["users"], {"id": "1", "a": 1}, NOON)[0] == ("1", None, None, None)
    _, problem = read_item(KINDS["contacts"], {"id": "1", "a": "\0"}, NOON)
    assert problem is not None
    assert problem.field == "custom_fields"
