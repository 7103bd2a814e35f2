"""What executors are told and answer."""

import pytest

from horarium.domain.execution import Call, TimeIsUp, Unsent, Verdict, broke_down

WORKSPACE, HOME = b"w" * 16, b"h" * 16


@pytest.mark.parametrize(("home", "reaches"), [(None, WORKSPACE), (HOME, HOME)])
def test_what_is_shared_reaches_the_hosts_of_its_lender(home, reaches):
    call = Call(b"r", WORKSPACE, b"t", "crm", {}, {}, 1, 1_000, 0, home_id=home)
    assert call.reaching_id == reaches


@pytest.mark.parametrize(
    ("ms", "words"), [(1_000, "1 s"), (1_500, "1.5 s"), (1, "0.001 s"), (90_000, "90 s")]
)
def test_an_error_of_a_time_limit_says_how_long_that_was(ms, words):
    assert TimeIsUp.ANY.after(ms) == f"no answer within {words}"


@pytest.mark.parametrize(
    ("error", "unsent"),
    [
        *((f"{words}: and more", True) for words in Unsent),
        (None, False),
        ("", False),
        ("HTTP 500: given up", False),
    ],
)
def test_an_error_tells_by_its_beginning_that_nothing_was_sent(error, unsent):
    assert Unsent.says(error) is unsent


def test_an_executor_that_breaks_down_fails_its_run_and_tells_no_secrets():
    for error, words in ((None, "it did not tell what came of the run"), (KeyError("secret"), "KeyError")):
        outcome = broke_down(error)
        assert (outcome.verdict, outcome.error) == (Verdict.FAILED, f"the executor broke down: {words}")
        assert outcome.retryable
