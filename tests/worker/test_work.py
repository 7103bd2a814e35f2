"""What is stored of an output."""

from types import SimpleNamespace

import pytest

from horarium.store.verbs.tenancy import Share
from horarium.worker.work import _kept


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
