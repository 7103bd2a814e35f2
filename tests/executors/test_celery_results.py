"""What the result backend of Celery holds of a task says how its run ended."""

import orjson
import pytest

from horarium.domain.execution import Verdict
from horarium.executors.engines.celery import outcome_of
from horarium.executors.secrecy import Scrubber

PLAIN = Scrubber(())


def stored(status, result=None):
    return orjson.dumps({"status": status, "result": result})


@pytest.mark.parametrize("status", ["PENDING", "RECEIVED", "STARTED", "RETRY"])
def test_a_task_that_goes_on_has_no_outcome(status):
    assert outcome_of(stored(status), 1_000, PLAIN) is None
    assert outcome_of(b"", 1_000, PLAIN) is None


@pytest.mark.parametrize(
    ("status", "result", "verdict", "error"),
    [
        ("SUCCESS", {"rows": 3}, Verdict.SUCCEEDED, None),
        ("FAILURE", {"exc_type": "ValueError", "exc_message": ["no"]}, Verdict.FAILED,
         "the task failed: ValueError: no"),
        ("REVOKED", {"exc_type": "TaskRevokedError", "exc_message": ["terminated"]}, Verdict.FAILED,
         "the task was revoked: TaskRevokedError: terminated"),
    ],
)  # fmt: skip
def test_a_task_that_is_over_ends_its_run(status, result, verdict, error):
    outcome = outcome_of(stored(status, result), 1_000, PLAIN)
    assert (outcome.verdict, outcome.error) == (verdict, error)


def test_a_result_that_cannot_be_read_ends_the_run_and_says_what_to_do():
    outcome = outcome_of(b"\x80\x04pickled", 1_000, PLAIN)
    assert outcome.verdict is Verdict.FAILED
    assert "result_serializer" in outcome.error
