"""Errors say what they carry, and stay small whatever is refused."""

import pickle
from collections.abc import Iterator

import pytest

from horarium.domain.errors import (
    LONGEST_FIELD,
    LONGEST_MESSAGE,
    MOST_PROBLEMS,
    Conflict,
    FurtherProblems,
    HorariumError,
    InUse,
    Invalid,
    NotFound,
    Problem,
    QuotaReached,
    RateLimited,
    Unavailable,
    told,
)


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
    assert str(NotFound("run", "x", "ids look like run_01")) == "run 'x' not found: ids look like run_01"
    assert str(NotFound("run", hint="ids look like run_01")) == "run not found: ids look like run_01"


def test_a_hundred_problems_are_told_and_how_many_more_there_are() -> None:
    problems = [Problem(f"f{n}", "is wrong") for n in range(1_250)]
    error = Invalid(problems)
    assert error.problems[:-1] == tuple(problems[:MOST_PROBLEMS])
    assert error.problems[-1] == FurtherProblems("", "1150 more problems are not listed", "more", 1150)
    assert str(error).endswith("1150 more problems are not listed")


def test_what_was_cut_once_is_still_counted_when_it_is_told_with_more() -> None:
    problem = Problem("", "is wrong")
    first = Invalid([problem] * 150)
    assert told(first.problems) == first.problems
    again = Invalid([*first.problems, problem])
    assert (len(again.problems), again.problems[-1].message) == (
        MOST_PROBLEMS + 1,
        "51 more problems are not listed",
    )
    assert Invalid([problem] * 101).problems[-1].message == "1 more problem is not listed"


def test_few_problems_are_told_as_they_are() -> None:
    problems = [Problem("x" * LONGEST_FIELD, "y" * LONGEST_MESSAGE, "value")] * MOST_PROBLEMS
    assert told(problems) == tuple(problems)


def test_very_many_problems_are_counted_and_not_kept() -> None:
    alive = 0

    class Counted(Problem):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def found() -> Iterator[Problem]:
        nonlocal alive
        for _ in range(5_000):
            alive += 1
            assert alive <= MOST_PROBLEMS + 2
            yield Counted("scopes", "is not a scope")

    assert "4900 more" in str(Invalid(found()))


def test_what_the_request_itself_brings_in_is_cut() -> None:
    error = Invalid(Problem("x" * 1_000_000, "y" * 1_000_000, "unknown"))
    (problem,) = error.problems
    assert (len(problem.field), len(problem.message), problem.code) == (
        LONGEST_FIELD,
        LONGEST_MESSAGE,
        "unknown",
    )
    assert problem.message.endswith("y...")
    assert len(str(NotFound("schedule", "z" * 1_000_000))) < 300


@pytest.mark.parametrize(
    "error",
    [
        Invalid([Problem("recurrence.minute", "must be 0 to 59"), Problem("", "is too much", "more")]),
        NotFound("schedule", "sch_1"),
        Conflict("a schedule with this key exists already", "key_taken", "key"),
        QuotaReached("schedules", 10, "ws_1"),
        Unavailable("the store is closing"),
    ],
)
def test_an_error_that_comes_from_another_process_is_the_same(error: HorariumError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_a_limit_of_requests_says_its_words_alone():
    found = RateLimited("too many requests", 5)
    assert (str(found), found.retry_after_ms) == ("too many requests", 5)


@pytest.mark.parametrize(("more", "others"), [(False, ""), (True, " and others")])
def test_a_target_that_is_in_use_tells_by_which_schedules(more, others):
    found = InUse([(bytes(16), "nightly"), (bytes(16), "daily")], more)
    words = f"schedules still use this target: 'nightly' (1), 'daily' (1){others}; delete them first"
    assert found.told(lambda _: "1") == words
