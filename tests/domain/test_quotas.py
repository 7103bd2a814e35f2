"""Quotas and weight of a workspace: what is stored, what is refused."""

from dataclasses import replace

import pytest

from horarium.domain.quotas import (
    DEFAULT,
    LARGEST,
    changed_quotas,
    quota_problems,
    quotas_from_text,
    quotas_to_text,
    weight_problems,
)


def test_only_quotas_that_differ_from_the_defaults_are_stored():
    assert quotas_to_text(DEFAULT) == "{}"
    more = replace(DEFAULT, schedules=5)
    assert quotas_to_text(more) == '{"schedules": 5}'
    assert quotas_from_text('{"schedules": 5}') == more
    assert quotas_from_text('{"schedules": 5, "of_a_newer_program": 1}') == more


def test_null_sets_a_quota_back_to_its_default():
    changed = changed_quotas(replace(DEFAULT, schedules=5, targets=6), {"schedules": None, "bulk_lines": 7})
    assert changed == replace(DEFAULT, targets=6, bulk_lines=7)


@pytest.mark.parametrize(
    ("name", "value"),
    [("schedules", -1), ("smallest_period", 0), ("targets", LARGEST + 1), ("targets", "many"), ("targets", True),
     ("targets", 1.5), ("colour", 1)],
)  # fmt: skip
def test_a_quota_is_a_known_name_and_a_whole_number_in_its_range(name, value):
    (problem,) = quota_problems({name: value})
    assert problem.field == f"quotas.{name}"


def test_an_unknown_quota_is_answered_with_the_nearest():
    (near, far) = quota_problems({"schedule": 1, "colour": 1})
    assert near.message == "is not a quota; did you mean schedules?"
    assert far.message.startswith("is not a quota; the quotas are schedules, ")


def test_very_many_names_are_one_problem():
    (problem,) = quota_problems({f"x{n}": n for n in range(100_000)})
    assert problem.field == "quotas"


def test_a_weight_is_from_1_to_100():
    assert [list(weight_problems(weight)) for weight in (None, 1.0, 2.5, 100.0)] == [[], [], [], []]
    assert all(list(weight_problems(weight)) for weight in (0.5, 101.0, -1.0))
