"""Errors say what they carry."""

from horarium.domain.errors import Invalid, NotFound, Problem


def test_an_invalid_request_names_every_problem_with_its_field():
    problems = [Problem("name", "must not be empty"), Problem("", "must be an object")]
    error = Invalid(iter(problems))
    assert error.problems == tuple(problems)
    assert str(error) == "name: must not be empty; must be an object"


def test_a_single_problem_needs_no_list():
    assert Invalid(Problem("a", "b")).problems == (Problem("a", "b"),)


def test_what_is_not_found_is_named_as_it_was_given():
    assert str(NotFound("target", "nightly")) == "target 'nightly' not found"
    assert str(NotFound("run")) == "run not found"
