"""What the result backend of Celery holds of a task says how its run ended."""

import orjson
import pytest

from horarium.domain.execution import Verdict
from horarium.executors.engines.celery import _most_read, outcome_of
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


def large(status: bytes, result: bytes) -> bytes:
    return b'{"status": "%b", "result": %b, "traceback": "%b"}' % (status, result, b"x" * 100_000)


def test_of_a_result_that_is_too_large_the_beginning_is_kept_without_secrets():
    outcome = outcome_of(large(b"SUCCESS", b'{"word": "sesame-1", "rows": 3}'), 30, Scrubber(["sesame-1"]))
    assert outcome.verdict is Verdict.SUCCEEDED
    assert outcome.output == '{"word": "***", "rows": 3}, "'[: len(outcome.output)]
    assert "sesame" not in outcome.output
    failed = outcome_of(large(b"FAILURE", b'{"exc_type": "ValueError"}'), 30, PLAIN)
    assert failed.verdict is Verdict.FAILED
    assert failed.error.startswith('the task failed: {"exc_type": "ValueError"}')
    assert outcome_of(large(b"STARTED", b"null"), 30, PLAIN) is None


def test_a_large_result_that_does_not_begin_with_its_status_shows_why_nothing_is_known():
    with pytest.raises(OSError, match="does not begin with its status"):
        outcome_of(b'{"result": "%b", "status": "SUCCESS"}' % (b"x" * 100_000), 30, PLAIN)


@pytest.mark.parametrize(("more", "output"), [(-1, {"rows": 3}), (0, {"rows": 3}), (1, '{"rows":3}')])
def test_a_result_is_whole_up_to_as_many_bytes_as_are_read(more, output):
    whole = orjson.dumps({"status": "SUCCESS", "result": {"rows": 3}, "traceback": ""})
    padded = whole.replace(b'""', b'"' + b"x" * (_most_read(10) + more - len(whole)) + b'"')
    assert len(padded) == _most_read(10) + more
    assert outcome_of(padded, 10, PLAIN).output == output
