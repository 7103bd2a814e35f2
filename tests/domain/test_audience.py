"""The form of audiences, their filters and their rows."""

import pytest

from horarium.domain.audience import (
    AUDIENCE_TYPES,
    LIST_LIMIT,
    ROW_KEY_LIMIT,
    AudienceRow,
    audience_problems,
    filter_problems,
    key_fault,
    repeated_key,
)


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


def test_a_row_needs_a_key_that_can_be_stored():
    assert key_fault("k" * ROW_KEY_LIMIT) is None
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
