"""What is stored of an output, and how long a run waits for a target that is silent."""

from types import SimpleNamespace

import pytest

from horarium.domain.retry import Retry
from horarium.domain.schedule import Policies
from horarium.store.verbs.tenancy import Share
from horarium.worker.work import _kept, waits_until


def work_of(most):
    """As much of a run in hand as an output's size depends on."""
    return SimpleNamespace(lane=SimpleNamespace(workspace=SimpleNamespace(share=Share(output_bytes=most))))


@pytest.mark.parametrize(
    ("output", "kept"),
    [
        (None, None),
        ([1, 2], "[1,2]"),
        ([1, 2, 3, 4, 5], '"[1,2,3,4"'),
        ("a long text", '"a long t"'),
        ("ééééé", '"éééé"'),
    ],
)
def test_an_output_beyond_the_quota_is_stored_as_the_beginning_of_a_text(output, kept):
    assert _kept(work_of(8), output) == kept


@pytest.mark.parametrize(
    ("ready_ms", "silent_since", "until"), [(0, 60_000, 90_000), (600_000, 60_000, 630_000)]
)
def test_a_run_waits_for_a_silent_target_from_when_it_could_have_been_sent(ready_ms, silent_since, until):
    """One that comes long after the target fell silent waits as long as one that was there before."""
    work = SimpleNamespace(
        id=b"r" * 16,
        policies=Policies(retry=Retry(max_attempts=1, until_next_slot=False)),
        run=SimpleNamespace(attempts=0, due_ms=ready_ms, ready_ms=ready_ms),
        timeout_ms=30_000,
    )
    assert waits_until(work, silent_since) == until
