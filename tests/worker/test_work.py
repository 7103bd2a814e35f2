"""How long a run waits for a target that is silent."""

from types import SimpleNamespace

import pytest

from horarium.domain.retry import Retry
from horarium.domain.schedule import Policies
from horarium.worker.work import waits_until


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
