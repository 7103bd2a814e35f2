"""The form of audiences, their filters and their rows."""

import orjson
import pytest

from horarium.domain.audience import (
    AUDIENCE_TYPES,
    LIST_LIMIT,
    MOST_MEMBERS,
    ROW_KEY_LIMIT,
    ROW_SIZE_LIMIT,
    AudienceQuery,
    AudienceRow,
    OpenFault,
    SourceFault,
    audience_problems,
    filter_problems,
    key_fault,
    repeated_key,
    row_text,
)
from horarium.domain.json_text import DEEPEST


@pytest.mark.parametrize(
    "audience",
    [{"type": "contacts"}, {"type": "mine", "filter": None}, {"type": "users", "filter": {"x": 1}}],
)
def test_an_audience_has_a_type_and_perhaps_a_filter(audience):
    assert audience_problems(audience) == []


@pytest.mark.parametrize(
    ("audience", "problems"),
    [
        (None, [("audience", "type")]),
        ("contacts", [("audience", "type")]),
        ([], [("audience", "type")]),
        ({}, [("audience.type", "required")]),
        ({"type": ""}, [("audience.type", "type")]),
        ({"type": 7}, [("audience.type", "type")]),
        ({"type": "us\0ers"}, [("audience.type", "type")]),
        ({"type": "users", "filter": []}, [("audience.filter", "type")]),
        ({"type": "users", "filters": {}}, [("audience.filters", "unknown")]),
        (
            {"filter": 1, "x": 1},
            [("audience.type", "required"), ("audience.filter", "type"), ("audience.x", "unknown")],
        ),
    ],
)
def test_everything_that_is_wrong_with_an_audience_is_named(audience, problems):
    assert [(problem.field, problem.code) for problem in audience_problems(audience)] == problems


def test_fields_of_an_audience_are_named_as_the_caller_calls_it():
    assert audience_problems({}, "recipients")[0].field == "recipients.type"


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("users", {"roles": ["admin"], "user_ids": []}),
        ("tasks_by_assignee", {"include_overdue_only": False, "max_tasks_per_user": 1}),
        ("contacts", {"contact_type": "lead", "has_email": True, "limit": 1_000_000_000}),
        ("deals", {"stale_days": 0, "stage_ids": ["a"], "limit": 1}),
        ("deals", {"stale_days": 1_000_000_000, "limit": None}),
        ("users", {"roles": ["x"] * LIST_LIMIT}),
        *((kind, dict.fromkeys(keys)) for kind, keys in AUDIENCE_TYPES.items()),
    ],
)
def test_a_filter_takes_what_its_type_has_and_null_for_left_out(kind, given):
    assert filter_problems(kind, given) == []


@pytest.mark.parametrize(
    ("kind", "given", "code"),
    [
        ("users", {"roles": "admin"}, "type"),
        ("users", {"roles": [""]}, "type"),
        ("users", {"roles": ["x"] * (LIST_LIMIT + 1)}, "type"),
        ("users", {"limit": 1}, "unknown"),
        ("tasks_by_assignee", {"include_overdue_only": 1}, "type"),
        ("tasks_by_assignee", {"max_tasks_per_user": 0}, "type"),
        ("contacts", {"has_email": "yes"}, "type"),
        ("contacts", {"limit": True}, "type"),
        ("contacts", {"limit": 1_000_000_001}, "type"),
        ("deals", {"stale_days": -1}, "type"),
        ("deals", {"stale_days": 1.5}, "type"),
    ],
)
def test_a_wrong_filter_is_named(kind, given, code):
    (problem,) = filter_problems(kind, given)
    assert (problem.field, problem.code) == (f"audience.filter.{next(iter(given))}", code)


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("users", {"roles": ["x"] * (LIST_LIMIT + 1)}, "has 10001 entries; at most 10000 are allowed"),
        (
            "users",
            {"roles": ["a", 1]},
            'must be an array of texts without NUL characters, such as ["a", "b"]',
        ),
        ("tasks_by_assignee", {"max_tasks_per_user": 0}, "must be a whole number of at least 1"),
        ("deals", {"stale_days": -1}, "must be a whole number of at least 0"),
        ("deals", {"stale_days": False}, "must be a whole number of at least 0"),
        ("deals", {"stale_days": 1_000_000_001}, "must be a whole number of at least 0"),
        ("contacts", {"contact_type": ""}, "must be a text and not empty, without NUL characters"),
        ("contacts", {"contact_type": 1}, "must be a text and not empty, without NUL characters"),
        ("contacts", {"has_email": 0}, "must be true or false"),
        ("contacts", {"limits": 1}, "is not a filter of contacts; did you mean limit?"),
    ],
)
def test_what_is_wrong_with_a_filter_is_told_in_words(kind, given, words):
    assert [problem.message for problem in filter_problems(kind, given)] == [words]


def test_as_many_members_as_may_be_are_told_one_by_one_and_one_more_as_one_problem():
    many = {f"k{n}": 1 for n in range(MOST_MEMBERS)}
    assert len(filter_problems("users", many)) == MOST_MEMBERS
    assert len(filter_problems("users", {**many, "x": 1})) == 1
    assert len(audience_problems(many)) == MOST_MEMBERS + 1  # and its type is missing
    assert len(audience_problems({**many, "x": 1})) == 1


def padded(size):
    """A row whose data take so many bytes of JSON."""
    return AudienceRow("k", {"a": "x" * (size - len('{"a":""}'))})


def nested(levels):
    """A row whose data have so many levels."""
    data = 1
    for _ in range(levels - 1):
        data = [data]
    return AudienceRow("k", {"a": data})


@pytest.mark.parametrize(
    "row", [padded(ROW_SIZE_LIMIT), nested(DEEPEST), AudienceRow("k" * ROW_KEY_LIMIT, {})]
)
def test_a_row_is_written_as_json_up_to_the_limits(row):
    assert orjson.loads(row_text(row)) == row.data


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (padded(ROW_SIZE_LIMIT + 1), "the row 'k' is larger than 262144 bytes"),
        (nested(DEEPEST + 1), "the row 'k' is nested more than 100 levels deep"),
        (AudienceRow("k", {"a": {1}}), "the row 'k' is not JSON"),
        (AudienceRow("", {}), "the audience has a row without a key"),
    ],
)
def test_a_row_that_cannot_become_a_run_is_a_fault_that_lasts(row, words):
    with pytest.raises(SourceFault, match=words) as caught:
        row_text(row)
    assert caught.value.lasting
    assert caught.value.abroad is None


def test_only_an_open_fault_is_told_to_a_workspace_that_borrows_the_source():
    assert (OpenFault("too many").abroad, OpenFault("too many").lasting) == ("too many", False)
    assert OpenFault("too many", True).lasting
    assert SourceFault("no route to db.internal").abroad is None
    assert not SourceFault("no route").lasting


@pytest.mark.parametrize(("asked_by", "whose"), [(None, b"w"), (b"b", b"b")])
def test_an_audience_is_that_of_the_workspace_that_asks_for_it(asked_by, whose):
    assert AudienceQuery(b"w", "users", {}, 0, asked_by=asked_by).audience_of == whose


@pytest.mark.parametrize("key", ["\ud7ff", "\ue000", "k"])
def test_a_key_may_hold_every_character_that_can_be_stored(key):
    assert key_fault(key) is None


def test_a_row_needs_a_key_that_can_be_stored():
    assert key_fault("k" * ROW_KEY_LIMIT) is None
    assert key_fault("a\udfff") is not None
    for key in ("", "k" * (ROW_KEY_LIMIT + 1), "a\0", "\ud800", None, 7):
        assert key_fault(key) is not None, repr(key)


def test_a_key_that_comes_twice_is_found():
    assert repeated_key([AudienceRow("a", {}), AudienceRow("b", {})]) is None
    assert repeated_key([AudienceRow("a", {}), AudienceRow("b", {}), AudienceRow("a", {"n": 1})]) == "a"


def test_very_many_members_are_one_problem():
    many = {f"k{n}": 1 for n in range(50_000)}
    (problem,) = audience_problems(many)
    assert (problem.field, "50000 members" in problem.message) == ("audience", True)
    (problem,) = filter_problems("users", many)
    assert (problem.field, "roles, user_ids" in problem.message) == ("audience.filter", True)


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("users", {"roles": ["admin", "\0"]}, "roles"),
        ("users", {"user_ids": ["a\0b"]}, "user_ids"),
        ("tasks_by_assignee", {"statuses": ["\0"]}, "statuses"),
        ("contacts", {"contact_type": "\0"}, "contact_type"),
        ("deals", {"status": "a\0"}, "status"),
        ("deals", {"pipeline_id": "\0"}, "pipeline_id"),
        ("deals", {"stage_ids": ["\0"]}, "stage_ids"),
    ],
)
def test_a_filter_that_a_database_could_not_look_for_is_refused_by_name(kind, given, field):
    """PostgreSQL has no NUL characters: what was stored with one could not be previewed or fired."""
    (problem,) = filter_problems(kind, given)
    assert problem.field == f"audience.filter.{field}"
    assert "without NUL characters" in problem.message
